//! The model's declarations against facts from elsewhere: seed 002, the API's
//! field texts, RFCs.

mod live_trace;
mod properties;
mod rules;
mod simulation;

use serde_json::Value as Json;

use super::problem::Gravity;
use super::{Kind, Tree, read};

/// Where the VPN service lies when it is addressed by its current address.
const CURRENT_SERVICE: &str = "/infra/tier-0s/vmc/ipsec-vpn-services/default";

/// The places of what is refused in `body`.
fn refused(kind: &Kind, body: &Json) -> Vec<String> {
    refused_below(kind, body, kind.default_parent)
}

fn refused_below(kind: &Kind, body: &Json, parent: Option<&str>) -> Vec<String> {
    let problems = read(kind, &Tree::from(body), parent).problems;
    problems
        .iter()
        .filter(|problem| problem.gravity == Gravity::Refused)
        .map(|problem| problem.at.to_string())
        .collect()
}

/// The places of what is accepted in `body` with a warning.
fn warned(kind: &Kind, body: &Json) -> Vec<String> {
    let reading = read(kind, &Tree::from(body), kind.default_parent);
    assert!(reading.is_accepted(), "{body}: {:?}", reading.problems);
    reading.problems.iter().map(|problem| problem.at.to_string()).collect()
}

/// The object that `body` declares, as JSON; it must be acceptable.
fn accepted(kind: &Kind, body: &Json) -> Json {
    let reading = read(kind, &Tree::from(body), kind.default_parent);
    assert!(reading.is_accepted(), "{body}: {:?}", reading.problems);
    reading.tree.to_json()
}
