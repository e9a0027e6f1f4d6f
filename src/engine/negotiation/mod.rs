//! Negotiation: whether a session and its tunnels come up, when, and what makes
//! them go down (RFC 7296, RFC 2409, RFC 3706).
//!
//! | module | what it holds |
//! |---|---|
//! | `state` | the state of a session at one moment, and the reasons to be down |
//! | `proposal` | profiles as concrete proposals, and their words |
//! | `selection` | which proposal is chosen |
//! | `party` | the two ends of a session, in one form |
//! | `terms` | what two ends agree on by their profiles |
//! | `negotiate` | whether they agree, and after how many messages they know |
//! | `schedule` | rekeying and probing, as arithmetic on moments |
//! | `established` | a session that is up |
//! | `life` | the record of a session between writes, and what becomes of it by the clock |

mod established;
mod life;
mod negotiate;
mod party;
mod proposal;
mod schedule;
mod selection;
mod state;
mod terms;
#[cfg(test)]
mod tests;

pub use established::Rekeys;
pub use life::SessionRecord;
pub use negotiate::{Chosen, Protocol, Side};
pub use proposal::{EspChoice, EspProposal, IkeChoice, IkeProposal};
pub use selection::{select_esp, select_first_esp, select_ike};
pub use state::{DownReason, EspSa, IkeState, SessionState, Tunnel, TunnelState};
pub use terms::{Agreed, Terms};
