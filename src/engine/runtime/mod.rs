//! The engine in operation: what is declared, executed from moment to moment.
//!
//! | module | what it holds |
//! |---|---|
//! | `journal` | what has changed since the state was settled last |
//! | `machine` | the course of events from one moment to a later one |
//! | `agenda` | when what changes by itself next |
//! | `traffic` | what flows send, and what is counted of it |
//! | `capture` | the copies that taps have made, packet by packet |
//! | `view` | the engine at one moment |
//! | `ask` | questions about running things, and their answers |
//! | `documents` | the API's answers about a session, and those about a flow |
//!
//! Nothing runs in the background: every process of Terraform lives for seconds. The
//! state at a moment follows from the last settled state, from what was declared and
//! reset since, and from the moment. [`Engine::runtime`] computes it.

mod agenda;
mod ask;
mod capture;
mod documents;
pub(super) mod journal;
mod machine;
#[cfg(test)]
mod tests;
mod traffic;
mod view;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use ask::{Answer, Question, TraceAnswer, TraceRequest};
pub use capture::{Capture, CaptureOf, CaptureRequest, CapturedCopy};
pub use documents::{flow_statistics, service_summary, session_statistics, session_status, tap_statistics};
pub use machine::Runtime;
pub use traffic::{FlowCounters, TapCounters, Traffic, TunnelCounters};
pub use view::EngineView;

use capture::Recorder;

use super::bgp::NeighborRecord;
use super::negotiation::SessionRecord;
use super::prefix_filter::PrefixMatch;
use super::store::{StoreError, StoreExt, Transaction, View};
use super::topology::Topology;
use super::{Engine, Moment, Refusal};
use crate::model::{Kind, POLICY_BASED_SESSION, PolicyPath, ROUTE_BASED_SESSION, Tree};
use journal::Past;

/// A journal of so many entries is settled by who has read it.
const LONG: usize = 100;

/// The state at the moment it was settled last, as it is stored.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Settled {
    at: i64,
    sessions: BTreeMap<String, SessionRecord>,
    neighbors: BTreeMap<String, NeighborRecord>,
    traffic: Traffic,
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
        let past = self.store.read(|view| journal::read(view))?;
        let (last, length) = (past.last, past.events.len());
        let runtime = replay(past, now, self.prefix_match);
        if length >= LONG && !self.looks_on {
            // The next one need not let all of that happen again. What somebody has written
            // meanwhile stays in the journal, and this state is forgotten then.
            let settled = runtime.settled();
            self.store.write(move |tx| journal::settle_unless_changed(tx, &settled, last))?;
        }
        Ok(runtime)
    }

    /// The engine as it can be looked at, with what is `planned` to be declared at `now`.
    pub fn view(&self, now: Moment, when: When, planned: &[Planned]) -> Result<EngineView, Refusal> {
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
        let (path, mode) = (path.clone(), self.prefix_match);
        Ok(self.store.write(move |tx| {
            if journal::note_reset(tx, now, &path)? { settle(tx, now, mode) } else { Ok::<_, StoreError>(()) }
        })?)
    }
}

/// Settles the journal: stores the state at `now`, from which the next one follows.
pub(super) fn settle(tx: &mut dyn Transaction, now: Moment, mode: PrefixMatch) -> Result<(), StoreError> {
    let past = journal::read(&*tx as &dyn View)?;
    journal::settle(tx, &replay(past, now, mode).settled())
}

/// Lets everything happen that the past knows of, up to `now`.
fn replay(past: Past, now: Moment, mode: PrefixMatch) -> Runtime {
    replayed(past, now, mode, None).1
}

/// The same with somebody who looks on, and the moment with which it begins.
fn replayed(past: Past, now: Moment, mode: PrefixMatch, recorder: Option<Recorder>) -> (Moment, Runtime) {
    let Past { settled, declared, events, last: _ } = past;
    // An engine that an earlier release has written has no settled state: what it
    // declares begins with the first thing that happens.
    let begin = || Settled { at: events.first().map_or(now, |(at, _)| *at).0, ..Settled::default() };
    let settled = settled.unwrap_or_else(begin);
    let topology = Topology::of(declared.iter().map(|(kind, path, tree)| (*kind, path, tree)), mode);
    let begin = Moment(settled.at);
    let mut runtime = Runtime::restore(settled, topology).watched_by(recorder);
    for (at, event) in events {
        runtime.meet(at, event);
    }
    runtime.advance(now);
    (begin, runtime)
}
