//! The engine at one moment, as it can be looked at.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use super::traffic::Traffic;
use crate::engine::Moment;
use crate::engine::bgp::{self, NeighborState, Ribs, Unused};
use crate::engine::fabric;
use crate::engine::forwarding::{Decision, Forwarding, Inputs, Packet, Trace};
use crate::engine::live_trace::TraceRecord;
use crate::engine::negotiation::SessionState;
use crate::engine::topology::Topology;
use crate::model::PolicyPath;

/// The engine at one moment: what is declared, how sessions and neighbors are, which
/// routes are used, and what has been counted.
#[derive(Clone)]
pub struct EngineView {
    /// The moment.
    pub now: Moment,
    /// What is declared.
    pub topology: Arc<Topology>,
    /// How each session is.
    pub sessions: BTreeMap<PolicyPath, SessionState>,
    /// How each BGP neighbor is.
    pub neighbors: BTreeMap<PolicyPath, NeighborState>,
    /// What has been counted.
    pub traffic: Traffic,
    /// What live traces have seen.
    pub live_traces: Arc<BTreeMap<PolicyPath, TraceRecord>>,
    pub(in crate::engine) fabric: fabric::Course,
    ribs: OnceLock<Arc<Ribs>>,
    forwarding: OnceLock<Arc<Forwarding>>,
}

impl EngineView {
    pub(super) fn new(
        now: Moment,
        topology: Arc<Topology>,
        sessions: BTreeMap<PolicyPath, SessionState>,
        neighbors: BTreeMap<PolicyPath, NeighborState>,
        traffic: Traffic,
        live_traces: Arc<BTreeMap<PolicyPath, TraceRecord>>,
        fabric: fabric::Course,
    ) -> Self {
        Self {
            now,
            topology,
            sessions,
            neighbors,
            traffic,
            live_traces,
            fabric,
            ribs: OnceLock::new(),
            forwarding: OnceLock::new(),
        }
    }

    /// The routes: which are learned, used and advertised.
    pub fn ribs(&self) -> &Ribs {
        self.shared_ribs()
    }

    fn shared_ribs(&self) -> &Arc<Ribs> {
        self.ribs.get_or_init(|| Arc::new(bgp::ribs(&self.topology, &self.neighbors, &self.sessions)))
    }

    /// What packets are forwarded by.
    pub fn forwarding(&self) -> &Forwarding {
        self.forwarding.get_or_init(|| Arc::new(self.build_forwarding()))
    }

    fn build_forwarding(&self) -> Forwarding {
        let ribs = self.shared_ribs();
        let down = self.neighbors.iter().filter_map(|(path, state)| {
            let reason = state.reason.as_ref().map(ToString::to_string);
            Some((path.clone(), reason?))
        });
        let unused: Arc<dyn Unused> = ribs.clone();
        Forwarding::of(&Inputs {
            now: self.now,
            topology: &self.topology,
            sessions: &self.sessions,
            ribs: &ribs.gateways,
            peers: &ribs.peers,
            neighbors_down: &down.collect(),
            unused: &unused,
        })
    }

    /// The way of `packet`.
    pub fn trace(&self, packet: &Packet) -> Trace {
        self.forwarding().trace(packet)
    }

    /// The way of a packet of `size` bytes that answers the one whose way is `trace`.
    pub fn trace_answer(&self, trace: &Trace, size: usize) -> Option<Trace> {
        self.forwarding().trace_answer(trace, size)
    }

    /// What becomes of `packet`, in short.
    pub fn decide(&self, packet: &Packet) -> Decision {
        self.forwarding().decide(packet)
    }
}
