//! Stand-ins until the branches are merged.
#![allow(missing_docs, unused_variables, clippy::all)]
use super::Moment;
use super::bgp::Rib;
use super::forwarding::*;
use super::negotiation::*;
use super::topology::*;
use crate::model::PolicyPath;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
pub struct Surroundings<'a> {
    pub topology: &'a Topology,
    pub sessions: &'a BTreeMap<PolicyPath, SessionState>,
}
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NeighborRecord;
#[derive(Clone, Debug, PartialEq)]
pub struct NeighborState;
impl NeighborState {
    pub fn is_established(&self) -> bool {
        false
    }
}
pub fn neighbor_status(v: &super::EngineView, p: &PolicyPath) -> Option<serde_json::Value> {
    None
}
pub fn learned_routes(v: &super::EngineView, p: &PolicyPath) -> Option<serde_json::Value> {
    None
}
pub fn advertised_routes(v: &super::EngineView, p: &PolicyPath) -> Option<serde_json::Value> {
    None
}
impl NeighborRecord {
    pub fn begin(n: &Neighbor, a: &Surroundings<'_>, at: Moment) -> Self {
        Self
    }
    pub fn changed(&mut self, n: &Neighbor, a: &Surroundings<'_>, at: Moment) {}
    pub fn next_change(&self, n: &Neighbor, a: &Surroundings<'_>) -> Option<Moment> {
        None
    }
    pub fn advance(&mut self, n: &Neighbor, a: &Surroundings<'_>, to: Moment) {}
    pub fn state(&self, n: &Neighbor, a: &Surroundings<'_>, now: Moment) -> NeighborState {
        NeighborState
    }
    pub fn wants(&self, n: &Neighbor, a: &Surroundings<'_>) -> Option<PolicyPath> {
        None
    }
}
#[derive(Clone, Debug, Default)]
pub struct Ribs {
    pub gateways: BTreeMap<String, Rib>,
}
pub fn ribs(t: &Topology, n: &BTreeMap<PolicyPath, NeighborState>, s: &BTreeMap<PolicyPath, SessionState>) -> Ribs {
    Ribs::default()
}
pub struct Inputs<'a>(&'a Topology);
impl<'a> Inputs<'a> {
    pub fn of(
        t: &'a Topology,
        s: &'a BTreeMap<PolicyPath, SessionState>,
        r: &'a Ribs,
        n: &'a BTreeMap<PolicyPath, NeighborState>,
    ) -> Self {
        Self(t)
    }
}
#[derive(Clone, Debug)]
pub struct Forwarding;
pub struct Decision;
impl Forwarding {
    pub fn of(i: &Inputs<'_>) -> Self {
        Self
    }
    pub fn trace(&self, p: &Packet) -> Trace {
        Trace {
            packet: p.clone(),
            steps: vec![],
            disposition: Disposition::Dropped,
            drop_reason: Some(DropReason::NoRoute),
            session: None,
            effective_mtu: None,
            effective_mss: None,
            latency: 0,
        }
    }
    pub fn trace_answer(&self, t: &Trace, size: usize) -> Option<Trace> {
        None
    }
    pub fn decide(&self, p: &Packet) -> Decision {
        Decision
    }
}
