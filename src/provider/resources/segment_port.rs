//! `vpn_segment_port`.

use super::SEGMENTS;
use crate::model::SEGMENT_PORT;
use crate::provider::face::{Face, Parent};

/// Segment ports.
pub static FACE: Face = Face {
    kind: &SEGMENT_PORT,
    parent: Some(Parent::new("segment_path", "The path of the segment.")),
    subcategory: SEGMENTS,
};
