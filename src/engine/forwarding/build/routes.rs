//! What gateways and peers learned, and what lies behind peers.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use foldhash::HashMap;

use super::Builder;
use super::rules::everywhere_if_empty;
use crate::engine::bgp::{BgpPath, Rib};
use crate::engine::forwarding::RouteSource::{Aggregate, Bgp, Static};
use crate::engine::forwarding::atlas::Claim;
use crate::engine::forwarding::index::{Ix, small};
use crate::engine::forwarding::tables::{Group, Hop, NextHop, Used};
use crate::engine::topology::{Peer, SessionKind};
use crate::model::Network;

impl<'a> Builder<'a> {
    /// What gateways learned by BGP, and the summaries they advertise.
    pub(super) fn routes_of_gateways(&mut self) {
        let inputs = self.inputs;
        let mut known = HashMap::default();
        let mut next_hops = Vec::new();
        for (tier0, rib) in inputs.ribs {
            let Rib { routes, discards } = &**rib;
            let Some(gateway) = self.gateway_numbers.get(tier0).copied() else { continue };
            // Of a million routes most have one path, which many share.
            let mut hops: HashMap<*const BgpPath, Option<u32>> = HashMap::default();
            for (network, paths) in routes {
                let mut hop = || {
                    next_hops.clear();
                    next_hops.extend(paths.iter().filter_map(|path| self.next_hop(&mut known, path)));
                    self.group(&next_hops).map(|hop| self.hops.of(hop))
                };
                let hop = match &paths[..] {
                    [only] => *hops.entry(Arc::as_ptr(only)).or_insert_with(hop),
                    _ => hop(),
                };
                if let Some(hop) = hop {
                    self.draft.way(*network, gateway, Bgp, hop);
                }
            }
            for network in discards {
                self.way(*network, gateway, Aggregate, Hop::Discard);
            }
        }
    }

    /// The next hop of a path. Of a million paths most have one that is known: what it was
    /// the last time is kept by its address.
    fn next_hop(
        &mut self,
        known: &mut HashMap<IpAddr, (&'a Arc<BgpPath>, NextHop)>,
        path: &'a Arc<BgpPath>,
    ) -> Option<NextHop> {
        let is_like = |same: &BgpPath| same.session == path.session && same.neighbor == path.neighbor;
        match known.get(&path.next_hop) {
            Some((same, next_hop)) if Arc::ptr_eq(same, path) || is_like(same) => Some(*next_hop),
            _ => {
                let session = *self.session_numbers.get(&path.session)?;
                let neighbor = Some(Ix::new(self.neighbors.of(&path.neighbor)));
                let next_hop = NextHop { address: Some(path.next_hop), session, neighbor };
                known.insert(path.next_hop, (path, next_hop));
                Some(next_hop)
            }
        }
    }

    /// What lies behind peers, and what they learned.
    pub(super) fn routes_of_peers(&mut self) {
        let inputs = self.inputs;
        for (number, (path, declared)) in (0..).zip(&self.topology.peers) {
            let node = self.peers[number as usize].node;
            let behind = self.hops.of(Hop::Behind);
            for network in self.behind(number, declared) {
                self.draft.claim(network, Claim::Peer(number));
                self.draft.way(network, node, Static, behind);
            }
            let mut learned: BTreeMap<Network, Vec<u32>> = BTreeMap::new();
            for (network, session) in inputs.peers.get(path).into_iter().flatten() {
                if let Some(session) = self.session_numbers.get(session) {
                    learned.entry(*network).or_default().push(*session);
                }
            }
            for (network, sessions) in learned {
                let next_hop = |session: u32| {
                    let same_version = |address: &&IpAddr| address.is_ipv6() == network.is_v6();
                    let address = self.sessions.all[session as usize].addresses.iter().find(same_version);
                    NextHop { address: address.copied(), session, neighbor: None }
                };
                if let Some(hop) = self.group(&sessions.into_iter().map(next_hop).collect::<Vec<_>>()) {
                    self.way(network, node, Bgp, hop);
                }
            }
        }
    }

    /// The hop by any of `next_hops`, if there are some.
    fn group(&mut self, next_hops: &[NextHop]) -> Option<Hop> {
        if let Some(hop) = self.group_hops.get(next_hops) {
            return Some(*hop);
        }
        let used = |(NextHop { session, .. }, next_hop): (&NextHop, u32)| Used {
            next_hop,
            session: *session,
            tunnel: self.sessions.all[*session as usize].only,
        };
        let all: Vec<_> = next_hops.iter().zip(0..).map(used).collect();
        let up: Vec<_> = all.iter().filter(|used| self.sessions.is_up(used.session)).copied().collect();
        if all.is_empty() {
            return None;
        }
        let hop = Hop::Group(small(self.groups.len()));
        self.groups.push(Group { next_hops: next_hops.to_vec(), used: if up.is_empty() { all } else { up } });
        self.group_hops.insert(next_hops.to_vec(), hop);
        Some(hop)
    }

    /// The networks behind a peer: those it declares, or else its own sides of what it
    /// protects, or else the destinations of its policy-based sessions; and always what it
    /// announces.
    fn behind(&self, number: u32, declared: &Peer) -> Vec<Network> {
        let mut networks = declared.behind(|| self.destinations(number).into_iter());
        networks.extend(declared.bgp.iter().flat_map(|speaker| &speaker.routes).map(|route| route.network));
        networks
    }

    /// The destinations of the policy-based sessions of a peer.
    fn destinations(&self, peer: u32) -> Vec<Network> {
        let sessions = &self.peers[peer as usize].sessions;
        let declared = sessions
            .iter()
            .filter_map(|session| self.topology.sessions.get(&self.sessions.all[*session as usize].path));
        let rules = declared.flat_map(|session| match &session.kind {
            SessionKind::PolicyBased { rules } => &rules[..],
            SessionKind::RouteBased { .. } => &[],
        });
        rules.filter(|rule| rule.enabled).flat_map(|rule| everywhere_if_empty(&rule.destinations)).collect()
    }
}
