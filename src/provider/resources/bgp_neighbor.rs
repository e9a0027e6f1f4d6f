//! `vpn_bgp_neighbor`.

use super::ROUTING;
use crate::model::BGP_NEIGHBOR;
use crate::provider::face::{Face, Parent};

/// BGP neighbors.
pub static FACE: Face = Face {
    kind: &BGP_NEIGHBOR,
    parent: Some(Parent::new("bgp_path", "The path of the BGP instance of the tier-0 gateway.")),
    subcategory: ROUTING,
};
