//! `vpn_segment`.

use super::SEGMENTS;
use crate::model::SEGMENT;
use crate::provider::face::{Face, Parent};

/// Segments.
pub static FACE: Face = Face {
    kind: &SEGMENT,
    parent: Some(Parent {
        attribute: "connectivity_path",
        doc: "The path of the tier-1 gateway the segment is connected to.",
    }),
    subcategory: SEGMENTS,
};
