//! `vpn_local_endpoint`.

use super::{SERVICE_PATH, VPN};
use crate::model::LOCAL_ENDPOINT;
use crate::provider::face::{Face, Parent};

/// Local endpoints.
pub static FACE: Face =
    Face { kind: &LOCAL_ENDPOINT, parent: Some(Parent::new("service_path", SERVICE_PATH)), subcategory: VPN };
