//! What became of the packets of a simulated flow.

use super::{COUNT, Field, Record, Shape, TEXT, told};

static DROPS: Record = Record {
    doc: "Packets that were dropped for one reason.",
    fields: &[
        told("reason", TEXT, "The drop reason, as in `vpn_path_trace`."),
        told("packets", COUNT, "How many were."),
    ],
    rules: &[],
};

pub(super) static FLOW_INPUT: Record = Record {
    doc: "",
    fields: &[Field::required("flow_path", Shape::Path(&["simulated_flow"]), "The path of the flow.")],
    rules: &[],
};

/// What became of the packets of a simulated flow.
pub(super) static FLOW_STATISTICS: Record = Record {
    doc: "What became of the packets of a simulated flow, answers included: each that was sent is delivered or dropped.",
    fields: &[
        told("packets_sent", COUNT, "Packets that were sent, answers included."),
        told("packets_delivered", COUNT, "Packets that arrived."),
        told("packets_dropped", COUNT, "Packets that were dropped."),
        told("drops", Shape::Records(&DROPS, 0, usize::MAX), "The packets that were dropped, by reason."),
        told("last_update_timestamp", COUNT, "When this was found out, in milliseconds since 1970."),
    ],
    rules: &[],
};
