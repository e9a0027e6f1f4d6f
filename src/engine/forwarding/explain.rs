//! Why there is no route.

use std::collections::HashMap;
use std::net::IpAddr;

use super::tables::Hop;
use super::tunnels::{Far, Sessions};
use super::{Because, Forwarding, Inputs};
use crate::engine::topology::SessionKind;
use crate::model::{Network, PolicyPath};

/// What is known of routes that are not there, by gateway.
pub(super) struct Explain {
    gateways: Vec<Missing>,
}

/// What is known of the routes that a gateway does not have.
#[derive(Clone, Default)]
struct Missing {
    /// Route-based sessions that are up and have no BGP neighbor.
    alone: Vec<u32>,
    /// Neighbors that are not established, with what is wrong and their session.
    down: Vec<(PolicyPath, String, Option<u32>)>,
    /// What neighbors announce, and which list keeps it out.
    filtered: Vec<(PolicyPath, Vec<(Network, PolicyPath)>)>,
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
                of.alone.push(session);
            }
        }
        let mut of = |neighbor: &PolicyPath, tell: &mut dyn FnMut(&mut Missing)| {
            let gateway = topology.neighbors.get(neighbor).and_then(|it| gateways.get(&it.gateway()));
            if let Some(missing) = gateway.and_then(|gateway| missing.get_mut(*gateway as usize)) {
                tell(missing);
            }
        };
        for (neighbor, wrong) in inputs.neighbors_down {
            let declared = topology.neighbors.get(neighbor);
            let session =
                declared.and_then(|it| topology.session_of(it)).and_then(|(it, _)| session_numbers.get(&it.path));
            of(neighbor, &mut |missing| missing.down.push((neighbor.clone(), wrong.clone(), session.copied())));
        }
        for (neighbor, networks) in inputs.filtered {
            of(neighbor, &mut |missing| missing.filtered.push((neighbor.clone(), networks.clone())));
        }
        Self { gateways: missing }
    }
}

impl Forwarding {
    /// Why `gateway` has no route to `destination`, as far as something is known: a list
    /// keeps it out; those who would teach it are not established; nobody was asked to
    /// teach it. What has to do with a peer that has the destination comes first.
    pub(super) fn why_no_route(&self, gateway: u32, destination: IpAddr) -> Option<Because> {
        let missing = self.explain.gateways.get(gateway as usize)?;
        let holding = missing.filtered.iter().flat_map(|(neighbor, networks)| {
            networks.iter().filter(|(network, _)| network.holds(destination)).map(move |it| (neighbor, it))
        });
        if let Some((neighbor, (network, list))) = holding.max_by_key(|(_, (network, _))| network.length()) {
            return Some(Because::Filtered { neighbor: neighbor.clone(), network: *network, list: list.clone() });
        }
        let place = self.atlas.place(destination);
        let leads = |session: u32| match self.sessions.ends(session).1 {
            Far::Peer(peer) => self.atlas.hop(place, self.peers[peer as usize].node) == Some(Hop::Behind),
            Far::Nobody | Far::Session(_) => false,
        };
        let down = |only_leading: bool| {
            let chosen = missing.down.iter().filter(|(_, _, session)| !only_leading || session.is_some_and(leads));
            let neighbors: Vec<_> = chosen.map(|(neighbor, wrong, _)| (neighbor.clone(), wrong.clone())).collect();
            (!neighbors.is_empty()).then_some(Because::NeighborDown { neighbors })
        };
        let alone = |only_leading: bool| {
            let chosen = missing.alone.iter().filter(|session| !only_leading || leads(**session));
            let sessions: Vec<_> = chosen.map(|session| self.sessions.all[*session as usize].path.clone()).collect();
            (!sessions.is_empty()).then_some(Because::NoNeighbor { sessions })
        };
        down(true).or_else(|| alone(true)).or_else(|| down(false)).or_else(|| alone(false))
    }
}
