//! Gateways, peers and sessions, and which addresses are their own.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use super::Builder;
use crate::engine::forwarding::RouteSource::Connected;
use crate::engine::forwarding::atlas::Claim;
use crate::engine::forwarding::index::{Ix, small};
use crate::engine::forwarding::tables::{Gateway, Hop, Peer, Tier1};
use crate::engine::forwarding::tunnels::{Far, Known};
use crate::engine::topology::{FarEnd, Session, SessionKind};
use crate::model::{DfPolicy, PolicyPath};

impl Builder<'_> {
    /// Tier-0 gateways, and the tier-1 gateways below each; one that is below none is a
    /// gateway by itself.
    pub(super) fn gateways(&mut self) {
        let topology = self.topology;
        let mut tier0s: BTreeSet<String> = topology.tier1s.values().flatten().map(ToString::to_string).collect();
        tier0s.extend(topology.sessions.values().map(Session::gateway));
        tier0s.extend(self.inputs.ribs.keys().cloned());
        for tier0 in tier0s {
            let path = PolicyPath::parse(&tier0).ok();
            self.gateway_numbers.insert(tier0, small(self.gateways.len()));
            self.gateways.push(Gateway { tier0: path, rules: 0..0 });
        }
        let mut tier1s: BTreeSet<PolicyPath> = topology.segments.keys().filter_map(tier1_above).collect();
        tier1s.extend(topology.tier1s.keys().cloned());
        for path in tier1s {
            let tier0 = topology.tier1s.get(&path).and_then(Option::as_ref);
            let gateway = tier0.and_then(|tier0| self.gateway_numbers.get(tier0.as_str())).copied();
            let gateway = gateway.unwrap_or_else(|| {
                self.gateways.push(Gateway { tier0: None, rules: 0..0 });
                small(self.gateways.len() - 1)
            });
            self.tier1s.push(Tier1 { path, gateway });
        }
    }

    pub(super) fn peers(&mut self) {
        for (path, peer) in &self.topology.peers {
            let node = small(self.gateways.len() + self.peers.len());
            let selectors = peer.selectors.clone();
            self.peers.push(Peer { path: path.clone(), node, selectors, sessions: Vec::new() });
        }
    }

    pub(super) fn sessions(&mut self) {
        let topology = self.topology;
        let peers: HashMap<&PolicyPath, u32> = topology.peers.keys().zip(0..).collect();
        for (number, (path, declared)) in (0..).zip(&topology.sessions) {
            let wired = topology.wired(path);
            let far_end = topology.far_end(declared);
            let far = match &far_end {
                FarEnd::Nobody => None,
                FarEnd::Peer(peer) => peers.get(&peer.path).map(|peer| Far::Peer(*peer)),
                FarEnd::Session(other) => self.session_numbers.get(&other.session.path).map(|it| Far::Session(*it)),
            };
            let mut open_peer = None;
            if let (Some(Far::Peer(peer)), FarEnd::Peer(declared)) = (far, &far_end) {
                let peer = &mut self.peers[peer as usize];
                peer.sessions.push(number);
                open_peer = (declared.reachable && peer.selectors.is_empty()).then(|| Ix::new(peer.node));
            }
            let addresses = match &declared.kind {
                SessionKind::RouteBased { addresses, .. } => addresses.iter().map(|(own, _)| *own).collect(),
                SessionKind::PolicyBased { .. } => Vec::new(),
            };
            let known = Known {
                declared,
                gateway: self.gateway_of(path).unwrap_or_default(),
                far: far.unwrap_or(Far::Nobody),
                open_peer,
                is_service_enabled: wired.as_ref().is_none_or(|wired| wired.service_enabled),
                df_policy: wired.map_or(DfPolicy::Copy, |wired| wired.tunnel.df_policy),
                state: self.inputs.sessions.get(path),
            };
            self.sessions.add(topology, &known, &far_end, addresses);
        }
    }

    /// Addresses of gateways, and of gateways and peers in tunnels, with the networks
    /// there.
    pub(super) fn own_addresses(&mut self) {
        let topology = self.topology;
        let tier1s: HashMap<PolicyPath, u32> = self.tier1s.iter().map(|tier1| tier1.path.clone()).zip(0..).collect();
        for segment in topology.segments.values().filter(|segment| segment.is_routed) {
            let Some(&tier1) = tier1_above(&segment.path).and_then(|path| tier1s.get(&path)) else { continue };
            let gateway = self.tier1s[tier1 as usize].gateway;
            for (address, _) in &segment.subnets {
                self.own(gateway, Some(Ix::new(tier1)), *address);
            }
        }
        for (path, endpoint) in &topology.endpoints {
            if let Some(gateway) = self.gateway_of(path) {
                self.own(gateway, None, endpoint.address);
            }
        }
        for (number, declared) in (0..).zip(topology.sessions.values()) {
            self.interface(number, declared);
        }
        for (number, declared) in (0..).zip(topology.peers.values()) {
            let speaker = declared.bgp.as_ref().and_then(|speaker| speaker.address);
            for address in declared.tunnel_addresses.iter().copied().chain(speaker) {
                self.own_of_peer(number, address);
            }
        }
    }

    /// The tunnel interface of a route-based session, and the peer's end of it.
    fn interface(&mut self, number: u32, declared: &Session) {
        let SessionKind::RouteBased { addresses, .. } = &declared.kind else { return };
        let (gateway, far) = self.sessions.ends(number);
        let peer = if let Far::Peer(peer) = far { Some(peer) } else { None };
        for (address, network) in addresses {
            self.own(gateway, None, *address);
            let nodes = [Some(gateway), peer.map(|peer| self.peers[peer as usize].node)];
            for node in nodes.into_iter().flatten() {
                self.way(*network, node, Connected, Hop::Interface { session: number });
            }
        }
        if let Some(peer) = peer {
            for address in self.topology.far_tunnel_addresses(declared) {
                self.own_of_peer(peer, address);
            }
        }
    }

    fn own(&mut self, gateway: u32, tier1: Option<Ix>, address: IpAddr) {
        self.draft.claim(address.into(), Claim::Gateway { gateway, tier1 });
        self.way(address.into(), gateway, Connected, Hop::Own { tier1 });
    }

    fn own_of_peer(&mut self, peer: u32, address: IpAddr) {
        let node = self.peers[peer as usize].node;
        self.draft.claim(address.into(), Claim::Peer(peer));
        self.way(address.into(), node, Connected, Hop::Own { tier1: None });
    }
}

/// The tier-1 gateway that a segment is below.
pub(super) fn tier1_above(segment: &PolicyPath) -> Option<PolicyPath> {
    PolicyPath::parse(&format!("/infra/tier-1s/{}", segment.within("tier-1s")?)).ok()
}
