//! Forwarding: the way of a packet, from its source to where it is delivered or
//! dropped.
//!
//! | module | what it holds |
//! |---|---|
//! | `packet` | a packet, as far as its way depends on it |
//! | `disposition` | what becomes of packets, and why they are dropped |
//! | `trace` | the way of one packet in typed steps |
//! | `words` | a trace in words |

mod disposition;
mod packet;
mod trace;
mod words;

pub use super::stub::{Decision, Forwarding, Inputs};
pub use disposition::{Disposition, DropReason};
pub use packet::{Packet, protocol};
pub use trace::{Because, Event, Node, RouteSource, Step, Trace};
