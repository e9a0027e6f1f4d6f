//! The engine in operation: what is declared, executed from moment to moment.
//!
//! | module | what it holds |
//! |---|---|
//! | `journal` | what has changed since the state was settled last |
//! | `kept` | the course of events, kept from one question to the next |
//! | `machine` | the course of events from one moment to a later one |
//! | `agenda` | when what changes by itself next |
//! | `traffic` | what flows send, and what is counted of it |
//! | `capture` | the copies that taps have made, packet by packet |
//! | `live_traces` | live traces look at what flows send |
//! | `view` | the engine at one moment |
//! | `ask` | questions about running things, and their answers |
//! | `documents` | the API's answers about a session, and those about a flow |
//!
//! Nothing runs in the background: every process of Terraform lives for seconds. The
//! state at a moment follows from the last settled state, from what was declared and
//! reset since, and from the moment. [`Engine::runtime`] computes it. Who asks again gets on
//! from where the last question was answered.

mod agenda;
mod ask;
mod capture;
mod documents;
pub(super) mod journal;
mod kept;
mod live_traces;
mod machine;
#[cfg(test)]
mod tests;
mod traffic;
mod view;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use ask::{Answer, Question, TraceAnswer, TraceRequest, Unseen};
pub use capture::{Capture, CaptureOf, CaptureRequest, CapturedCopy, Rest};
pub use documents::{flow_statistics, service_summary, session_statistics, session_status, tap_statistics};
pub use machine::Runtime;
pub use traffic::{FlowCounters, TapCounters, Traffic, TunnelCounters};
pub use view::EngineView;

use capture::Recorder;
pub(super) use kept::Kept;

use super::bgp::NeighborRecord;
use super::fabric;
use super::live_trace::TraceRecord;
use super::negotiation::SessionRecord;
use super::prefix_filter::PrefixMatch;
use super::store::{StoreError, StoreExt, View};
use super::topology::Topology;
use super::{Engine, Moment, Refusal};
use crate::model::{Kind, POLICY_BASED_SESSION, PolicyPath, ROUTE_BASED_SESSION, Tree};
use journal::Past;

/// The state at the moment it was settled last, as it is stored.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Settled {
    at: i64,
    sessions: BTreeMap<String, SessionRecord>,
    neighbors: BTreeMap<String, NeighborRecord>,
    traffic: Traffic,
    #[serde(default)]
    live_traces: BTreeMap<String, TraceRecord>,
    #[serde(default, skip_serializing_if = "fabric::Stored::is_empty")]
    fabric: fabric::Stored,
}

/// Which moment is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Now.
    Current,
    /// Once everything that is under way has come to rest: what has to be negotiated is,
    /// or has failed. In a view of the engine, sessions that wait for traffic have had
    /// some, and are open if they can be; [`Engine::trace`] opens those that its packet
    /// meets.
    Settled,
}

/// What is going to be declared at a path: an object of a kind, or none any more.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The path.
    pub path: PolicyPath,
    /// The kind and the document; none for an object that goes.
    pub declared: Option<(&'static Kind, Tree)>,
}

impl Runtime {
    /// A world that nobody stores, in operation since `since`: what somebody else holds, as
    /// far as it has been read.
    pub fn of_world<'a>(
        objects: impl IntoIterator<Item = (&'static Kind, &'a PolicyPath, &'a Tree)>,
        mode: PrefixMatch,
        since: Moment,
        now: Moment,
    ) -> Self {
        let topology = Topology::of(objects, mode);
        let mut runtime = Self::restore(Settled { at: since.0, ..Settled::default() }, topology);
        runtime.advance(now);
        runtime
    }

    /// The engine as it can be looked at, at the moment that `when` says.
    pub fn seen(mut self, when: When) -> EngineView {
        if when == When::Settled {
            self.settle_down();
            self.wake_all();
            self.settle_down();
        }
        self.view()
    }
}

impl Engine {
    /// The engine in operation at `now`.
    pub fn runtime(&self, now: Moment) -> Result<Runtime, Refusal> {
        Ok(self.course.at(self, now, Runtime::clone)?)
    }

    /// Settles the journal if it `is_due`: stores the state that it leads to, from which the
    /// next one follows. What led to it has been committed; should this fail, the next one
    /// tries again.
    pub(super) fn settle_if(&self, is_due: bool, now: Moment) {
        if !is_due {
            return;
        }
        self.take_in_before_settling(now);
        if let Err(error) = self.course.settle(self, now) {
            tracing::warn!(%error, "the journal could not be settled");
        }
    }

    /// The engine as it can be looked at, with what is `planned` to be declared at `now`.
    pub fn view(&self, now: Moment, when: When, planned: &[Planned]) -> Result<EngineView, Refusal> {
        if when == When::Current && planned.is_empty() {
            return Ok(self.course.at(self, now, Runtime::view)?);
        }
        let mut runtime = self.runtime(now)?;
        runtime.declare_all(planned);
        Ok(runtime.seen(when))
    }

    /// Sets the statistics of the session at `path` to zero.
    pub fn reset_statistics(&self, path: &PolicyPath, now: Moment) -> Result<(), Refusal> {
        let kind = self.get(path, super::Reveal::Public)?.kind();
        if *kind != ROUTE_BASED_SESSION && *kind != POLICY_BASED_SESSION {
            return Err(Refusal::InvalidPath(path.to_string()));
        }
        let path = path.clone();
        let is_due = self.store.write(move |tx| journal::note_reset(tx, now, &path))?;
        self.settle_if(is_due, now);
        Ok(())
    }
}

/// What came of letting happen again all that a journal knows of.
struct Replayed {
    /// The moment with which it begins.
    begin: Moment,
    /// The state at the moment of the last of it; at `now` if nothing has happened yet.
    runtime: Runtime,
    /// How many entries that were.
    length: usize,
    /// The number of the last one.
    last: u64,
}

/// Lets all happen again that the journal of `view` knows of, while `recorder` looks on.
fn replay(
    view: &(impl View + ?Sized),
    now: Moment,
    mode: PrefixMatch,
    recorder: Option<Recorder>,
) -> Result<Replayed, StoreError> {
    let mut topology = Topology::of([], mode);
    let Past { settled, events, last } = journal::read(view, |kind, path, tree| topology.put(kind, path, tree))?;
    // An engine that an earlier release has written has no settled state: what it
    // declares begins with the first thing that happens.
    let begin = || Settled { at: events.first().map_or(now, |(at, _)| *at).0, ..Settled::default() };
    let settled = settled.unwrap_or_else(begin);
    let begin = Moment(settled.at);
    let mut runtime = Runtime::restore(settled, topology).watched_by(recorder);
    let length = events.len();
    for (at, event) in events {
        runtime.meet(at, event);
    }
    Ok(Replayed { begin, runtime, length, last })
}
