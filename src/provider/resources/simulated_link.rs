//! `vpn_simulated_link`.

use super::SIMULATION;
use crate::model::SIMULATED_LINK;
use crate::provider::face::Face;

/// Simulated links.
pub static FACE: Face = Face { kind: &SIMULATED_LINK, parent: None, subcategory: SIMULATION };
