//! `vpn_flow_trace`.

use super::TRACES;
use crate::model::FLOW_TRACE;
use crate::provider::face::Face;

/// Collections of flows.
pub static FACE: Face = Face { kind: &FLOW_TRACE, parent: None, subcategory: TRACES };
