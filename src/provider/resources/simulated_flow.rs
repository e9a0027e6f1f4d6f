//! `vpn_simulated_flow`.

use super::SIMULATION;
use crate::model::SIMULATED_FLOW;
use crate::provider::face::Face;

/// Simulated flows.
pub static FACE: Face = Face { kind: &SIMULATED_FLOW, parent: None, subcategory: SIMULATION };
