//! What can be asked of running things: the fields of each answer, declared once for
//! the API's JSON, the data sources and their pages.
//!
//! The names are the API's (seed 002, "Troubleshooting"; nsx-fields.md part B), those
//! of a path trace are this project's own.

mod bgp;
mod fabric;
mod flow;
mod live_trace;
mod packets;
mod path_trace;
mod session;
mod tap;

pub use bgp::RouteDirection;
pub use fabric::statistics;
pub use live_trace::{InvalidationReason, OperationState, RequestStatus};
pub use path_trace::{TcpFlag, TraceDirection, TraceState};

use super::field::{Field, Record, Shape};

/// Something that can be asked.
pub struct Query {
    /// Its name: `session_status`; the data source is named after it.
    pub name: &'static str,
    /// Its name in a sentence, without an article.
    pub title: &'static str,
    /// What is to be said to ask it.
    pub input: &'static Record,
    /// What is answered.
    pub output: &'static Record,
}

/// How a VPN session is.
pub static SESSION_STATUS: Query = Query {
    name: "session_status",
    title: "status of a VPN session",
    input: &session::SESSION_INPUT,
    output: &session::SESSION_STATUS,
};

/// The traffic of a VPN session, tunnel by tunnel.
pub static SESSION_STATISTICS: Query = Query {
    name: "session_statistics",
    title: "statistics of a VPN session",
    input: &session::SESSION_INPUT,
    output: &session::SESSION_STATISTICS,
};

/// How a BGP neighbor is.
pub static BGP_NEIGHBOR_STATUS: Query = Query {
    name: "bgp_neighbor_status",
    title: "status of a BGP neighbor",
    input: &bgp::NEIGHBOR_INPUT,
    output: &bgp::BGP_NEIGHBOR_STATUS,
};

/// The routes of a BGP neighbor.
pub static BGP_ROUTES: Query = Query {
    name: "bgp_routes",
    title: "routes of a BGP neighbor",
    input: &bgp::ROUTES_INPUT,
    output: &bgp::BGP_ROUTES,
};

/// What became of the packets of a simulated flow.
pub static FLOW_STATISTICS: Query = Query {
    name: "flow_statistics",
    title: "statistics of a simulated flow",
    input: &flow::FLOW_INPUT,
    output: &flow::FLOW_STATISTICS,
};

/// What a tap has copied.
pub static TAP_STATISTICS: Query = Query {
    name: "tap_statistics",
    title: "statistics of a tap",
    input: &tap::TAP_INPUT,
    output: &tap::TAP_STATISTICS,
};

/// The packet traces of a region.
pub static PACKET_TRACES: Query = Query {
    name: "packet_traces",
    title: "list of packet traces",
    input: &packets::TRACES_INPUT,
    output: &packets::PACKET_TRACES,
};

/// The summary of a packet of a trace.
pub static PACKET_SUMMARY: Query = Query {
    name: "packet_summary",
    title: "summary of a packet",
    input: &packets::SUMMARY_INPUT,
    output: &packets::PACKET_SUMMARY,
};

/// What became of a live trace.
pub static LIVE_TRACE_RESULT: Query = Query {
    name: "live_trace_result",
    title: "result of a live trace",
    input: &live_trace::LIVE_TRACE_INPUT,
    output: &live_trace::LIVE_TRACE_RESULT,
};

/// What probes have found on the path of a flow.
pub static FLOW_PATH: Query =
    Query { name: "flow_path", title: "path of a flow", input: &fabric::FLOW_PATH_INPUT, output: &fabric::FLOW_PATH };

/// The flows of applications.
pub static APPLICATION_FLOWS: Query = Query {
    name: "application_flows",
    title: "list of application flows",
    input: &fabric::APPLICATION_FLOWS_INPUT,
    output: &fabric::APPLICATION_FLOWS,
};

/// What is collected.
pub static ACTIVE_FLOWS: Query = Query {
    name: "active_flows",
    title: "list of active flows",
    input: &fabric::ACTIVE_FLOWS_INPUT,
    output: &fabric::ACTIVE_FLOWS,
};

/// What happens to a packet.
pub static PATH_TRACE: Query =
    Query { name: "path_trace", title: "path trace", input: &path_trace::TRACE_INPUT, output: &path_trace::PATH_TRACE };

/// A number that is counted or measured.
const COUNT: Shape = Shape::Int(0, i64::MAX);
/// A text of any length.
const TEXT: Shape = Shape::Text(0, usize::MAX);

/// A field of an answer.
const fn told(name: &'static str, shape: Shape, doc: &'static str) -> Field {
    Field::read_only(name, shape, doc)
}
