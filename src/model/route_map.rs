//! Route maps: what a BGP neighbor may have in place of a prefix list. The engine
//! holds none.

use super::field::Record;
use super::kind::Kind;

/// Route maps.
pub static ROUTE_MAP: Kind = Kind {
    name: "route_map",
    title: "route map",
    resource_type: "Tier0RouteMap",
    places: &[&["infra", "tier-0s", "*", "route-maps", "*"]],
    record: &Record { doc: "A route map of a tier-0 gateway.", fields: &[], rules: &[] },
    default_parent: Some(super::system::TIER_0),
};
