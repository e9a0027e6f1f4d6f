//! Why there is no route.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use super::atlas::Origin;
use super::tables::{Hop, Tier};
use super::tunnels::{Far, Sessions};
use super::{Because, Forwarding, Inputs};
use crate::engine::bgp::{KeptOut, Unused};
use crate::engine::topology::SessionKind;
use crate::model::{Network, PolicyPath};

/// What is known of routes that are not there, by gateway.
pub(super) struct Explain {
    gateways: Vec<Missing>,
    /// Who knows what is not used.
    unused: Arc<dyn Unused>,
}

/// What is known of the routes that a gateway does not have.
#[derive(Clone, Default)]
struct Missing {
    /// Whether it is a tier-1 gateway, which runs no BGP.
    is_tier1: bool,
    /// Route-based sessions that are up and have no BGP neighbor.
    alone: Vec<u32>,
    /// Neighbors that are not established, with what is wrong and their session.
    down: Vec<(PolicyPath, String, Option<u32>)>,
    /// All neighbors, with their session.
    neighbors: Vec<(PolicyPath, Option<u32>)>,
}

impl Explain {
    pub fn new(
        inputs: &Inputs<'_>,
        gateways: &HashMap<String, u32>,
        session_numbers: &HashMap<&PolicyPath, u32>,
        sessions: &Sessions,
    ) -> Self {
        let topology = inputs.topology;
        let count = gateways.values().max().map_or(0, |last| *last as usize + 1);
        let mut missing = vec![Missing::default(); count];
        let neighbors: Vec<(u32, IpAddr)> = topology
            .neighbors
            .values()
            .filter_map(|neighbor| Some((*gateways.get(&neighbor.gateway())?, neighbor.address)))
            .collect();
        for (session, declared) in (0..).zip(topology.sessions.values()) {
            let SessionKind::RouteBased { addresses, .. } = &declared.kind else { continue };
            let (own_gateway, _) = sessions.ends(session);
            let has = |(gateway, address): &(u32, IpAddr)| {
                *gateway == own_gateway && addresses.iter().any(|(_, network)| network.holds(*address))
            };
            if sessions.is_up(session)
                && !neighbors.iter().any(has)
                && let Some(of) = missing.get_mut(own_gateway as usize)
            {
                of.is_tier1 = declared.is_of_tier1();
                of.alone.push(session);
            }
        }
        let mut of = |neighbor: &PolicyPath, tell: &mut dyn FnMut(&mut Missing)| {
            let gateway = topology.neighbors.get(neighbor).and_then(|it| gateways.get(&it.gateway()));
            if let Some(missing) = gateway.and_then(|gateway| missing.get_mut(*gateway as usize)) {
                tell(missing);
            }
        };
        let session = |neighbor: &PolicyPath| {
            let (session, _) = topology.session_of(topology.neighbors.get(neighbor)?)?;
            session_numbers.get(&session.path).copied()
        };
        for (neighbor, wrong) in inputs.neighbors_down {
            let session = session(neighbor);
            of(neighbor, &mut |missing| missing.down.push((neighbor.clone(), wrong.clone(), session)));
        }
        for neighbor in topology.neighbors.keys() {
            let session = session(neighbor);
            of(neighbor, &mut |missing| missing.neighbors.push((neighbor.clone(), session)));
        }
        Self { gateways: missing, unused: inputs.unused.clone() }
    }
}

impl Forwarding {
    /// Why `gateway` has no route to `destination`, as far as something is known: its
    /// segment is connected to nothing; a tier-1 gateway does not tell of it; it is not
    /// learned; those who would teach it are not established; nobody was asked to teach it,
    /// or the tier-1 gateway `below`, which the packet comes from, has nobody to ask. What
    /// has to do with a peer that has the destination comes first.
    pub(super) fn why_no_route(&self, gateway: u32, below: Option<u32>, destination: IpAddr) -> Option<Because> {
        if let Origin::Segment { place, is_routed: false } = self.atlas.place(destination).origin {
            let segment = self.segments[place.segment as usize].path.clone();
            return Some(Because::Disconnected { segment });
        }
        let missing = self.explain.gateways.get(gateway as usize)?;
        if let Some(untold) = self.untold(gateway, destination) {
            return Some(untold);
        }
        let place = self.atlas.place(destination);
        let leads = |session: u32| match self.sessions.ends(session).1 {
            Far::Peer(peer) => self.atlas.hop(place, self.peers[peer as usize].node) == Some(Hop::Behind),
            Far::Nobody | Far::Session(_) => false,
        };
        let not_learned = |only_leading: bool| {
            let chosen = missing.neighbors.iter().filter(|(_, session)| !only_leading || session.is_some_and(leads));
            let ask = |neighbor: &PolicyPath| self.explain.unused.not_learned(neighbor, destination);
            let (neighbor, network, by) = longest(chosen.map(|(neighbor, _)| neighbor), ask)?;
            Some(Because::NotLearned { neighbor, network, by })
        };
        let down = |only_leading: bool| {
            let chosen = missing.down.iter().filter(|(_, _, session)| !only_leading || session.is_some_and(leads));
            let neighbors: Vec<_> = chosen.map(|(neighbor, wrong, _)| (neighbor.clone(), wrong.clone())).collect();
            (!neighbors.is_empty()).then_some(Because::NeighborDown { neighbors })
        };
        let below = below.filter(|tier1| *tier1 != gateway);
        let below = below.and_then(|tier1| self.explain.gateways.get(tier1 as usize));
        let alone = |only_leading: bool| {
            let of = |missing: &Missing| self.alone(missing, |session| !only_leading || leads(session));
            of(missing).or_else(|| of(below?))
        };
        let because = |only_leading: bool| {
            not_learned(only_leading).or_else(|| down(only_leading)).or_else(|| alone(only_leading))
        };
        because(true).or_else(|| because(false))
    }

    /// The destination is in a segment of a tier-1 gateway below `gateway` that does not tell
    /// of it.
    fn untold(&self, gateway: u32, destination: IpAddr) -> Option<Because> {
        let Origin::Segment { place, is_routed: true } = self.atlas.place(destination).origin else { return None };
        let segment = &self.segments[place.segment as usize];
        let tier1 = &self.gateways[segment.gateway?.get() as usize];
        let is_below = matches!(tier1.tier, Tier::One(Some(above)) if above == gateway);
        is_below.then(|| Because::NotAdvertised { tier1: tier1.path.clone(), segment: segment.path.clone() })
    }

    /// The route-based sessions of a gateway into which nobody teaches routes.
    fn alone(&self, missing: &Missing, which: impl Fn(u32) -> bool) -> Option<Because> {
        let chosen = missing.alone.iter().filter(|session| which(**session));
        let sessions: Vec<_> = chosen.map(|session| self.sessions.all[*session as usize].path.clone()).collect();
        let because = if missing.is_tier1 {
            |sessions| Because::NoBgp { sessions }
        } else {
            |sessions| Because::NoNeighbor { sessions }
        };
        (!sessions.is_empty()).then(|| because(sessions))
    }

    /// Why `peer` has no route to `destination`, as far as something is known: it does not
    /// use what its gateways have for it, BGP is not established with it, or nobody asked
    /// for that.
    pub(super) fn why_peer_has_no_route(&self, peer: u32, destination: IpAddr) -> Option<Because> {
        let sessions = &self.peers[peer as usize].sessions;
        let has = |session: &Option<u32>| session.is_some_and(|session| sessions.contains(&session));
        let gateways = &self.explain.gateways;
        let neighbors = gateways.iter().flat_map(|missing| &missing.neighbors).filter(|(_, session)| has(session));
        let not_taught = |neighbor: &PolicyPath| self.explain.unused.not_taught(neighbor, destination);
        if let Some((neighbor, network, by)) = longest(neighbors.map(|(it, _)| it), not_taught) {
            return Some(Because::NotTaught { neighbor, network, by });
        }
        let down = gateways.iter().flat_map(|missing| &missing.down).filter(|(_, _, session)| has(session));
        let neighbors: Vec<_> = down.map(|(neighbor, wrong, _)| (neighbor.clone(), wrong.clone())).collect();
        if !neighbors.is_empty() {
            return Some(Because::NeighborDown { neighbors });
        }
        let (tier1s, tier0s): (Vec<_>, Vec<_>) = gateways.iter().partition(|missing| missing.is_tier1);
        let alone = |missing: Vec<&Missing>| {
            let all = missing.iter().flat_map(|missing| missing.alone.iter().copied()).collect();
            let is_tier1 = missing.iter().any(|missing| missing.is_tier1);
            self.alone(&Missing { is_tier1, alone: all, ..Missing::default() }, |session| sessions.contains(&session))
        };
        alone(tier0s).or_else(|| alone(tier1s))
    }
}

/// The longest of the routes that are not used, with its neighbor.
fn longest<'a>(
    neighbors: impl Iterator<Item = &'a PolicyPath>,
    unused: impl Fn(&PolicyPath) -> Option<(Network, KeptOut)>,
) -> Option<(PolicyPath, Network, KeptOut)> {
    let routes = neighbors.filter_map(|neighbor| Some((neighbor, unused(neighbor)?)));
    let (neighbor, (network, by)) = routes.max_by_key(|(_, (network, _))| network.length())?;
    Some((neighbor.clone(), network, by))
}
