//! BGP over the tunnels (RFC 4271): whether neighbors are established, what they
//! teach and learn, and which routes are used.
//!
//! | module | what it holds |
//! |---|---|
//! | `route` | routes and the table of those that are used |

mod route;

pub use super::stub::{
    NeighborRecord, NeighborState, Ribs, Surroundings, advertised_routes, learned_routes, neighbor_status, ribs,
};
pub use route::{BgpPath, Rib};
