//! Routes as BGP speakers know them.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use crate::model::{AsNumber, Network, PolicyPath, RouteOrigin};

/// The local preference of a route that came without one (RFC 4271 leaves it to the
/// speaker; FRR, `BGP_DEFAULT_LOCAL_PREF`).
pub const LOCAL_PREFERENCE: u32 = 100;

/// The weight of a route that the gateway has itself (FRR, `BGP_ATTR_DEFAULT_WEIGHT`).
/// Routes of neighbors have none.
pub const OWN_WEIGHT: u32 = 32_768;

/// A path to a network, as it was learned from a neighbor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BgpPath {
    /// The neighbor.
    pub neighbor: PolicyPath,
    /// The session through whose tunnel its next hop is reached.
    pub session: PolicyPath,
    /// The next hop.
    pub next_hop: IpAddr,
    /// The AS numbers on the way, the nearest first. Many routes share them.
    pub as_path: Arc<[AsNumber]>,
    /// Where the route comes from.
    pub origin: RouteOrigin,
    /// The multi-exit discriminator.
    pub med: u32,
    /// The local preference.
    pub local_preference: u32,
    /// The weight: the gateway's own preference, not sent to anybody.
    pub weight: u32,
    /// Whether the neighbor is of the gateway's own AS.
    pub is_internal: bool,
    /// Whether the neighbor is restarting, and the route is kept meanwhile.
    pub is_stale: bool,
}

/// The routes that a gateway uses, by network: for each the equally good paths, the
/// best first. Many routes share a path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rib {
    /// The routes.
    pub routes: BTreeMap<Network, Vec<Arc<BgpPath>>>,
    /// Summaries that the gateway advertises: what falls into one and matches no
    /// route is discarded.
    pub discards: Vec<Network>,
}
