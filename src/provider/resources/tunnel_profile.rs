//! `vpn_tunnel_profile`.

use super::VPN;
use crate::model::TUNNEL_PROFILE;
use crate::provider::face::Face;

/// Tunnel profiles.
pub static FACE: Face = Face { kind: &TUNNEL_PROFILE, parent: None, subcategory: VPN };
