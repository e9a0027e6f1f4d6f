//! The status of a BGP neighbor, and the routes it exchanges.

use super::session::WAIT_FOR_NEIGHBOR;
use super::{COUNT, Field, Record, Shape, TEXT, told};
use crate::model::enumeration::words;
use crate::model::field::Default;

words! {
    /// Which routes are asked for.
    pub enum RouteDirection {
        /// Those the neighbor taught the gateway, after the filter.
        Learned = "LEARNED",
        /// Those the gateway advertises to the neighbor, after the filter.
        Advertised = "ADVERTISED",
    }
}

const NEIGHBOR_PATH: Field =
    Field::required("neighbor_path", Shape::Path(&["bgp_neighbor"]), "The path of the BGP neighbor.");

pub(super) static NEIGHBOR_INPUT: Record = Record { doc: "", fields: &[NEIGHBOR_PATH, WAIT_FOR_NEIGHBOR], rules: &[] };

pub(super) static ROUTES_INPUT: Record = Record {
    doc: "",
    fields: &[
        NEIGHBOR_PATH,
        Field::optional("direction", Shape::Enum(&RouteDirection::WORDS), "Which routes are asked for.")
            .or(Default::Text("LEARNED")),
        WAIT_FOR_NEIGHBOR,
    ],
    rules: &[],
};

static FAMILY: Record = Record {
    doc: "A family of routes.",
    fields: &[
        told("type", TEXT, "`IPV4_UNICAST` or `IPV6_UNICAST`."),
        told("in_prefix_count", COUNT, "Routes learned from the neighbor."),
        told("out_prefix_count", COUNT, "Routes advertised to the neighbor."),
    ],
    rules: &[],
};

/// An entry of the answer of `…/bgp/neighbors/status`.
pub static BGP_NEIGHBOR_STATUS: Record = Record {
    doc: "How a BGP neighbor is at this moment: the state of the connection, and how many routes are exchanged.",
    fields: &[
        told("source_address", TEXT, "The gateway's address that the neighbor is spoken to from."),
        told("local_port", COUNT, "The gateway's TCP port; 0 without a connection."),
        told("neighbor_address", TEXT, "The neighbor's address."),
        told("remote_port", COUNT, "The neighbor's TCP port; 0 without a connection."),
        told("remote_as_number", TEXT, "The neighbor's AS number."),
        told(
            "connection_state",
            TEXT,
            "`IDLE`, `CONNECT`, `ACTIVE`, `OPEN_SENT`, `OPEN_CONFIRM` or `ESTABLISHED` (RFC 4271, section 8.2.2).",
        ),
        told(
            "reason",
            TEXT,
            "Why the connection is not established, in words; empty while it is. The API has no such field.",
        ),
        told(
            "last_reset",
            TEXT,
            "Why the last connection ended, in words; empty if there was none before. The API has no such field.",
        ),
        told("last_reset_timestamp", COUNT, "When it ended, in milliseconds since 1970; 0 if there was none before."),
        told("bfd_state", TEXT, "`UP` or `DOWN` with BFD; empty without. The API has no such field."),
        told("messages_received", COUNT, "BGP messages received."),
        told("messages_sent", COUNT, "BGP messages sent."),
        told("time_since_established", COUNT, "Seconds since the connection was established; 0 while it is not."),
        told("total_in_prefix_count", COUNT, "Routes learned, of all families."),
        told("total_out_prefix_count", COUNT, "Routes advertised, of all families."),
        told("address_families", Shape::Records(&FAMILY, 0, usize::MAX), "The families of routes that are exchanged."),
        told("connection_drop_count", COUNT, "How often an established connection ended."),
        told("established_connection_count", COUNT, "How often the connection was established."),
        told("hold_time", COUNT, "Seconds without a message after which the neighbor is taken for dead."),
        told("keep_alive_interval", COUNT, "Seconds between keepalive messages."),
        told("graceful_restart_mode", TEXT, "`DISABLE`, `GR_AND_HELPER` or `HELPER_ONLY`."),
        told(
            "announced_capabilities",
            Shape::List(&TEXT, 0, usize::MAX),
            "The capabilities the gateway announced (RFC 5492).",
        ),
        told("negotiated_capability", Shape::List(&TEXT, 0, usize::MAX), "The capabilities that both sides have."),
        told("neighbor_router_id", TEXT, "The neighbor's BGP identifier; `0.0.0.0` while it is not known."),
        told("tier0_path", TEXT, "The path of the tier-0 gateway."),
        told("last_update_timestamp", COUNT, "When this was found out, in milliseconds since 1970."),
    ],
    rules: &[],
};

/// A route, as the API shows it.
pub static BGP_ROUTE: Record = Record {
    doc: "A route.",
    fields: &[
        told("network", TEXT, "The network, in CIDR form."),
        told("next_hop", TEXT, "The address of the next hop."),
        told("local_pref", COUNT, "The local preference."),
        told("weight", COUNT, "The weight."),
        told("med", COUNT, "The multi-exit discriminator."),
        told("as_path", TEXT, "The AS numbers on the way, parted by spaces, the nearest first."),
    ],
    rules: &[],
};

/// The answers of `…/neighbors/ID/routes` and `…/advertised-routes`, of one edge node.
pub static BGP_ROUTES: Record = Record {
    doc: "The routes that a BGP neighbor taught the gateway, or that the gateway advertises to it.",
    fields: &[
        told("source_address", TEXT, "The gateway's address that the neighbor is spoken to from."),
        told("transport_node_id", TEXT, "The UUID of the edge node."),
        told("enforcement_point_path", TEXT, "The path of the enforcement point."),
        told("routes", Shape::Records(&BGP_ROUTE, 0, usize::MAX), "The routes, in the order of their networks."),
    ],
    rules: &[],
};
