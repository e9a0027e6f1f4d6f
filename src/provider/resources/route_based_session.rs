//! `vpn_route_based_session`.

use super::{SERVICE_PATH, VPN};
use crate::model::ROUTE_BASED_SESSION;
use crate::provider::face::{Face, Parent};

/// Route-based VPN sessions.
pub static FACE: Face =
    Face { kind: &ROUTE_BASED_SESSION, parent: Some(Parent::new("service_path", SERVICE_PATH)), subcategory: VPN };
