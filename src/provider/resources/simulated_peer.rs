//! `vpn_simulated_peer`.

use super::SIMULATION;
use crate::model::SIMULATED_PEER;
use crate::provider::face::Face;

/// Simulated peers.
pub static FACE: Face = Face { kind: &SIMULATED_PEER, parent: None, subcategory: SIMULATION };
