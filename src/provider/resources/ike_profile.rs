//! `vpn_ike_profile`.

use super::VPN;
use crate::model::IKE_PROFILE;
use crate::provider::face::Face;

/// IKE profiles.
pub static FACE: Face = Face { kind: &IKE_PROFILE, parent: None, subcategory: VPN };
