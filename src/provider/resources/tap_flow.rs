//! `vpn_tap_flow`.

use super::TAPS;
use crate::model::TAP_FLOW;
use crate::provider::face::Face;

/// Tap flows.
pub static FACE: Face = Face { kind: &TAP_FLOW, parent: None, subcategory: TAPS };
