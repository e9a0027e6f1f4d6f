//! `vpn_tap_mirror`.

use super::TAPS;
use crate::model::TAP_MIRROR;
use crate::provider::face::Face;

/// Tap mirrors.
pub static FACE: Face = Face { kind: &TAP_MIRROR, parent: None, subcategory: TAPS };
