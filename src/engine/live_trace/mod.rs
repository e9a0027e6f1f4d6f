//! Live traces: what becomes of the packets that really pass a port or a tunnel (seed 000;
//! facts: "NSX LiveTrace").
//!
//! | module | what it holds |
//! |---|---|
//! | `filter`, [`plain`] | which packets are looked at: field by field, and as a text |
//! | [`session`] | what a live trace has seen, and how far it is |
//! | `pick` | the first packets of many flows, without looking at the others |
//! | [`observation`] | what a component tells of a packet |
//! | `observe` | the way of a packet as components tell it |
//! | `reasons` | why packets are dropped, in the API's words |
//! | `counts` | how often packets were seen where |
//! | [`documents`] | the API's answers |
//! | `actions` | what is done, in the words of the manager API |
//! | `request` | a request of the manager API as a live trace |
//! | `engine` | restarting, captures, and removing what is over |
//!
//! A live trace has nothing of its own to say of a packet: every observation is made of a step
//! of [forwarding](super::forwarding). The course of events shows it the ways that flows
//! take, as long as nothing changes; it counts by arithmetic, and keeps no more packets than
//! it samples.

pub mod documents;
pub mod observation;
pub mod plain;
pub mod session;

mod actions;
mod counts;
mod engine;
mod filter;
mod observe;
mod pick;
mod reasons;
mod request;
#[cfg(test)]
mod tests;

pub(super) use engine::Captured;
pub use engine::REMOVED_AFTER;
pub use filter::TraceFilter;
pub use observe::enters;
pub use request::of_manager;
pub use session::{Leg, TraceRecord};

use serde::{Deserialize, Serialize};

/// Which way packets go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Direction {
    /// They enter at the source.
    Forward,
    /// They enter at the destination.
    Backward,
}

impl Direction {
    /// Both of them.
    pub const BOTH: [Self; 2] = [Self::Forward, Self::Backward];

    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Forward => "FORWARD",
            Self::Backward => "BACKWARD",
        }
    }

    /// The direction that `word` stands for.
    pub fn parse(word: &str) -> Option<Self> {
        Self::BOTH.into_iter().find(|direction| direction.word() == word)
    }
}
