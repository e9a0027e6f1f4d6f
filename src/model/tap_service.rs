//! Tap services: ports to which copies of other ports' packets are delivered (seed 003).

use super::field::{Field, Record, Shape};
use super::kind::Kind;
use super::neutron::STATUS;

/// Tap services.
pub static TAP_SERVICE: Kind = Kind {
    name: "tap_service",
    title: "tap service",
    resource_type: "TapService",
    places: &[&["v2.0", "taas", "tap_services", "*"]],
    record: &Record {
        doc: "A port to which copies of the packets of other ports are delivered. Which ones, tap flows say.",
        fields: &[
            Field::required(
                "port_id",
                Shape::NeutronId("ports"),
                "The UUID of the port that gets the copies: the `unique_id` of a segment port.",
            )
            .fixed(),
            // In 2015 it was a field of the API that no answer shows; later releases have none.
            Field::optional("network_id", Shape::NeutronId("networks"), "").fixed().unseen(),
            STATUS,
        ],
        rules: &[],
    },
    default_parent: None,
};
