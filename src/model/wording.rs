//! Two ways of saying the same: which of them somebody has used.

use super::bgp_neighbor::{self, BGP_NEIGHBOR};
use super::kind::Kind;
use super::tree::Fields;

/// What the `fields` of an object of `kind` declare, in the words of `wanted` where both say
/// the same. A system that is told something in one way may repeat it in another.
#[must_use]
pub fn as_written(kind: &Kind, fields: Fields, wanted: &Fields) -> Fields {
    if *kind == BGP_NEIGHBOR { bgp_neighbor::filters_as_written(fields, wanted) } else { fields }
}
