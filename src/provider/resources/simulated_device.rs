//! `vpn_simulated_device`.

use super::SIMULATION;
use crate::model::SIMULATED_DEVICE;
use crate::provider::face::Face;

/// Simulated devices.
pub static FACE: Face = Face { kind: &SIMULATED_DEVICE, parent: None, subcategory: SIMULATION };
