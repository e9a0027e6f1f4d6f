//! Tap flows: which packets of a port a tap service gets copies of (seed 003).

use super::enumeration::words;
use super::field::{Field, Record, Shape};
use super::kind::Kind;
use super::neutron::STATUS;

words! {
    /// Which way packets go, as the workload at the port sees it.
    pub enum TapDirection {
        /// To the port.
        In = "IN",
        /// From the port.
        Out = "OUT",
        /// Both.
        Both = "BOTH",
    }
}

/// Tap flows.
pub static TAP_FLOW: Kind = Kind {
    name: "tap_flow",
    title: "tap flow",
    resource_type: "TapFlow",
    places: &[&["v2.0", "taas", "tap_flows", "*"]],
    record: &Record {
        doc: "The packets of a port of which a tap service gets copies.",
        fields: &[
            Field::required(
                "tap_service_id",
                Shape::NeutronId("taas/tap_services"),
                "The UUID of the tap service that gets the copies.",
            )
            .fixed(),
            Field::required(
                "source_port",
                Shape::NeutronId("ports"),
                "The UUID of the port whose packets are copied: the `unique_id` of a segment port.",
            )
            .fixed(),
            Field::required(
                "direction",
                Shape::Enum(&TapDirection::WORDS),
                "Which packets are copied, as the workload at the port sees them.",
            )
            .fixed(),
            Field::optional(
                "vlan_filter",
                Shape::Vlans,
                "The VLANs whose packets are copied: `10,20-30`. Unset, all packets are, tagged or not.",
            )
            .fixed(),
            STATUS,
        ],
        rules: &[],
    },
    default_parent: None,
};
