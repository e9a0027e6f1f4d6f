//! `vpn_segment`.

use super::SEGMENTS;
use crate::model::SEGMENT;
use crate::provider::face::{Face, Parent};

/// Segments.
pub static FACE: Face = Face {
    kind: &SEGMENT,
    parent: Some(Parent {
        attribute: "connectivity_path",
        doc: "The path of the gateway the segment is connected to: a tier-1 gateway, or with `flexible` a tier-0 gateway as \
              well, or `\"\"` for none.",
        or_flexible: true,
    }),
    subcategory: SEGMENTS,
};
