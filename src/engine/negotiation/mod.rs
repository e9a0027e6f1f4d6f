//! Negotiation: whether a session and its tunnels come up, when, and what makes
//! them go down (RFC 7296, RFC 2409, RFC 3706).
//!
//! | module | what it holds |
//! |---|---|
//! | `state` | the state of a session at one moment, and the reasons to be down |

mod state;

pub use super::stub::SessionRecord;
pub use state::{DownReason, EspSa, IkeState, SessionState, Tunnel, TunnelState};
