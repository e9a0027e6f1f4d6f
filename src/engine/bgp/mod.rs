//! BGP over the tunnels (RFC 4271): whether neighbors are established, what they
//! teach and learn, and which routes are used.
//!
//! | module | what it holds |
//! |---|---|
//! | `carrier` | what a neighbor's connection runs over: a session |
//! | `speaker` | the speakers at both ends, everything filled in |
//! | `prospect` | whether a connection comes about, or what is in its way |
//! | `obstacle` | why a neighbor is not established, and why it no longer is |
//! | `timing` | how long things take, and when they are tried again |
//! | `connection` | an established connection, until it ends |
//! | `life` | the life of a neighbor, as a small record |
//! | `capability` | what is announced in OPEN messages |
//! | `state` | a neighbor at one moment |
//! | `route` | routes and the table of those that are used |
//! | `talk` | a neighbor that routes are exchanged with |
//! | `learn` | what a gateway learns from a neighbor |
//! | `best_path` | which of several paths are used |
//! | `advertise` | what a gateway advertises to a neighbor |
//! | `ribs` | all routes at one moment |
//! | `unused` | why a route that one side has is not used by the other |
//! | [`documents`] | neighbors and routes as the API shows them |
//!
//! NSX edges run FRR, so that where the RFCs leave a choice, FRR's is taken.

mod advertise;
mod best_path;
mod capability;
mod carrier;
mod connection;
pub mod documents;
mod learn;
mod life;
mod obstacle;
mod prospect;
mod ribs;
mod route;
mod speaker;
mod state;
mod talk;
#[cfg(test)]
mod tests;
mod timing;
mod unused;

pub use advertise::Advertised;
pub use best_path::{MAXIMUM_PATHS, Multipath, Standing, select};
pub use carrier::{Carrier, Surroundings};
pub use learn::{ALLOWED_OWN_AS, Fate, Learned, Lists};
pub use life::{BGP_PORT, NeighborRecord};
pub use obstacle::{Obstacle, Reset};
pub use ribs::{Exchange, Ribs, ribs};
pub use route::{BgpPath, LOCAL_PREFERENCE, OWN_WEIGHT, Rib};
pub use state::{BfdState, ConnectionState, Families, LastReset, NeighborState};
pub use timing::{CONNECT_RETRY, START_DELAY};
pub use unused::{KeptOut, Unused};
