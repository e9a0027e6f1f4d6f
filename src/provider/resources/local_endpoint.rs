//! `vpn_local_endpoint`.

use super::{SERVICE_PATH, VPN};
use crate::model::LOCAL_ENDPOINT;
use crate::provider::face::{Face, Parent};

/// Local endpoints.
pub static FACE: Face = Face {
    kind: &LOCAL_ENDPOINT,
    parent: Some(Parent { attribute: "service_path", doc: SERVICE_PATH }),
    subcategory: VPN,
};
