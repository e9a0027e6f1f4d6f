//! `vpn_prefix_list`.

use super::ROUTING;
use crate::model::PREFIX_LIST;
use crate::provider::face::{Face, Parent};

/// Prefix lists.
pub static FACE: Face = Face {
    kind: &PREFIX_LIST,
    parent: Some(Parent::new(
        "gateway_path",
        "The path of the tier-0 gateway, or `/infra/routing-config` for a list that gateways share.",
    )),
    subcategory: ROUTING,
};
