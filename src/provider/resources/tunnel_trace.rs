//! `vpn_tunnel_trace`.

use super::TRACES;
use crate::model::TUNNEL_TRACE;
use crate::provider::face::Face;

/// Collections of tunnels.
pub static FACE: Face = Face { kind: &TUNNEL_TRACE, parent: None, subcategory: TRACES };
