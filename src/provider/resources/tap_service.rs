//! `vpn_tap_service`.

use super::TAPS;
use crate::model::TAP_SERVICE;
use crate::provider::face::Face;

/// Tap services.
pub static FACE: Face = Face { kind: &TAP_SERVICE, parent: None, subcategory: TAPS };
