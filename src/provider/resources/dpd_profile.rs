//! `vpn_dpd_profile`.

use super::VPN;
use crate::model::DPD_PROFILE;
use crate::provider::face::Face;

/// DPD profiles.
pub static FACE: Face = Face { kind: &DPD_PROFILE, parent: None, subcategory: VPN };
