//! What an object may become, given what it is.

use super::bgp_config::{self, BGP_CONFIG};
use super::kind::Kind;
use super::problem::Problem;
use super::tree::Tree;

/// What is wrong with `before`, an object of `kind`, becoming `after`, where each
/// alone is right.
pub fn problems(kind: &Kind, before: &Tree, after: &Tree) -> Vec<Problem> {
    if kind.name == BGP_CONFIG.name { bgp_config::distances_change(before, after) } else { Vec::new() }
}
