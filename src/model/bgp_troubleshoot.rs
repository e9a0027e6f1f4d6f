//! Which diagnostics a BGP instance is to log.

use super::field::{Default, Field, Record, Shape};
use super::kind::Kind;

/// What BGP instances are to log beyond the usual. The engine holds and shows it; the reasons
/// that a log would tell of are told by the diagnosis of a neighbor, always.
pub static BGP_TROUBLESHOOT: Kind = Kind {
    name: "bgp_troubleshoot",
    title: "BGP troubleshooting configuration",
    resource_type: "BgpTroubleshootConfig",
    places: &[&["infra", "tier-0s", "*", "locale-services", "*", "bgp", "troubleshoot"]],
    record: &Record {
        doc: "Which diagnostics the edge nodes of a gateway log for its BGP instance.",
        fields: &[
            Field::optional("bgp_session_diagnostics", Shape::Bool, "Whether the messages of BGP sessions are logged.")
                .or(Default::Bool(false)),
            Field::optional(
                "bfd_control_pkt_diagnostics",
                Shape::Bool,
                "Whether the control packets of BFD (RFC 5880) are logged.",
            )
            .or(Default::Bool(false)),
            Field::optional(
                "system_diagnostics",
                Shape::Bool,
                "Whether the state of the edge nodes is logged: ARP, ping, load.",
            )
            .or(Default::Bool(false)),
        ],
        rules: &[],
    },
    default_parent: None,
};
