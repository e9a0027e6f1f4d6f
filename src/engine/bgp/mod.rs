//! BGP over the tunnels (RFC 4271): whether neighbors are established, what they
//! teach and learn, and which routes are used.
//!
//! | module | what it holds |
//! |---|---|
//! | `route` | routes and the table of those that are used |

mod route;

pub use route::{BgpPath, Rib};
