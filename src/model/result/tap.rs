//! What taps have copied.

use super::super::problem::Problem;
use super::super::rule::{Facts, refuse};
use super::{COUNT, Field, Record, Shape, told};

/// What names the tap that is asked about.
const NAMES: [&str; 3] = ["tap_service_id", "tap_flow_id", "tap_mirror_id"];

/// One tap is asked about. An id that is not known yet is one.
fn one_is_named(input: &Facts<'_>) -> Vec<Problem> {
    let mut given = NAMES.into_iter().filter(|name| !input.record.get(name).is_null());
    match (given.next(), given.next()) {
        (None, _) => {
            let hint = "Give tap_service_id, tap_flow_id or tap_mirror_id.";
            vec![refuse(NAMES[0], "Which tap is meant is not said", hint)]
        }
        (Some(first), Some(second)) => {
            let what = format!("{first} and {second} are two taps");
            vec![refuse(second, what, "Leave one of them out.")]
        }
        (Some(_), None) => Vec::new(),
    }
}

pub(super) static TAP_INPUT: Record = Record {
    doc: "",
    fields: &[
        Field::optional("tap_service_id", Shape::NeutronId("taas/tap_services"), "The id of a tap service."),
        Field::optional("tap_flow_id", Shape::NeutronId("taas/tap_flows"), "The id of a tap flow, instead."),
        Field::optional("tap_mirror_id", Shape::NeutronId("taas/tap_mirrors"), "The id of a tap mirror, instead."),
    ],
    rules: &[one_is_named],
};

/// What a tap has copied.
pub(super) static TAP_STATISTICS: Record = Record {
    doc: "What a tap service, a tap flow or a tap mirror has copied. The engine counts; an OpenStack does not tell.",
    fields: &[
        told("packets_copied", COUNT, "Copies that were delivered."),
        told(
            "bytes_copied",
            COUNT,
            "Their bytes, from the IP header on; those of mirrors without what they are wrapped in.",
        ),
        told("packets_lost", COUNT, "Copies that were made for a port that is down."),
        told("last_update_timestamp", COUNT, "When this was found out, in milliseconds since 1970."),
    ],
    rules: &[],
};
