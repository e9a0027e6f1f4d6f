//! The fabric: switches and routers between hosts, which flows cross and compute agents
//! probe (seed 004).
//!
//! | module | what it holds |
//! |---|---|
//! | `net` | who is connected to whom, and which next hops lead where |
//! | `hash` | which of several next hops a flow takes |
//! | [`way`] | the way of a packet, device by device |
//! | `load` | what flows send over it, and what interfaces count of that |
//! | `copies` | what devices copy for the collections that are mirrored, packet by packet |
//! | `filters` | what devices count of the flows that are collected |
//! | `course` | what has been counted, from one change of the fabric to the next |
//! | `run` | probe runs, by the clock |
//! | [`document`] | the answers of a compute agent |
//! | [`agent`] | starting, changing and stopping collections |
//! | `listed` | the flows of applications that are there |
//! | [`sight`] | the path of a packet, as people are shown it |
//!
//! Between two changes of the fabric everything is arithmetic: the ways are found once, the
//! packets are counted by the rates of their flows, and a probe run is what it would have
//! met at its moment. Probes are not counted: they are a few packets.

pub mod agent;
mod copies;
mod course;
pub mod document;
mod filters;
mod hash;
mod listed;
mod load;
mod net;
mod run;
pub mod sight;
#[cfg(test)]
mod tests;
pub mod way;

pub(super) use agent::active;
pub(super) use copies::Mirrored;
pub(super) use course::{Course, Stored, Touch, touched_by_declared};
pub(super) use document::path_of;
pub use listed::flows;
pub use load::MirrorCounters;
pub(super) use load::{ALL, Outcome};
pub use net::Net;
pub(super) use run::first_run_ends;
pub use way::{Fate, Hop, Way};
