//! `vpn_policy_based_session`.

use super::{SERVICE_PATH, VPN};
use crate::model::POLICY_BASED_SESSION;
use crate::provider::face::{Face, Parent};

/// Policy-based VPN sessions.
pub static FACE: Face =
    Face { kind: &POLICY_BASED_SESSION, parent: Some(Parent::new("service_path", SERVICE_PATH)), subcategory: VPN };
