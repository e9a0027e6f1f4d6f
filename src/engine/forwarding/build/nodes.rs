//! Gateways, peers and sessions, and which addresses are their own.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;

use super::Builder;
use crate::engine::forwarding::RouteSource::Connected;
use crate::engine::forwarding::atlas::Claim;
use crate::engine::forwarding::index::{Ix, small};
use crate::engine::forwarding::tables::{Gateway, Hop, Peer, Tier};
use crate::engine::forwarding::tunnels::{Far, Known};
use crate::engine::topology::{FarEnd, Session, SessionKind};
use crate::model::{AdvertisementType, DfPolicy, Network, PolicyPath};

impl Builder<'_> {
    /// Tier-0 gateways, then tier-1 gateways.
    pub(super) fn gateways(&mut self) {
        let topology = self.topology;
        let mut paths: BTreeSet<PolicyPath> = topology.tier1s.keys().cloned().collect();
        paths.extend(topology.tier1s.values().filter_map(|tier1| tier1.tier0.clone()));
        paths.extend(topology.segments.values().filter_map(|segment| segment.gateway.clone()));
        let with_vpn = topology.sessions.keys().chain(topology.services.keys()).chain(topology.endpoints.keys());
        paths.extend(with_vpn.filter_map(PolicyPath::gateway));
        paths.extend(self.inputs.ribs.keys().filter_map(|gateway| PolicyPath::parse(gateway).ok()));
        let (tier1s, tier0s): (Vec<_>, Vec<_>) = paths.into_iter().partition(PolicyPath::is_of_tier1);
        for path in tier0s {
            self.gateway(path, Tier::Zero);
        }
        for path in tier1s {
            let above = topology.tier1s.get(&path).and_then(|tier1| tier1.tier0.as_ref());
            let above = above.and_then(|tier0| self.gateway_numbers.get(tier0.as_str()).copied());
            self.gateway(path, Tier::One(above));
        }
    }

    fn gateway(&mut self, path: PolicyPath, tier: Tier) {
        self.gateway_numbers.insert(path.to_string(), small(self.gateways.len()));
        self.gateways.push(Gateway { path, tier, rules: 0..0 });
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
        for segment in topology.segments.values().filter(|segment| segment.is_routed) {
            let Some(gateway) = segment.gateway.as_ref().and_then(|gateway| self.gateway_of(gateway)) else { continue };
            for (address, network) in &segment.subnets {
                self.own(gateway, *address, AdvertisementType::Connected, *network);
            }
        }
        for (path, endpoint) in &topology.endpoints {
            if let Some(gateway) = self.gateway_of(path) {
                let address = endpoint.address;
                self.own(gateway, address, AdvertisementType::IpsecLocalEndpoint, address.into());
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
            self.own_alone(gateway, *address);
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

    /// An address of a gateway in `network`. The tier-0 gateway above knows it if it is told
    /// of the network.
    fn own(&mut self, gateway: u32, address: IpAddr, of: AdvertisementType, network: Network) {
        self.own_alone(gateway, address);
        if let Some(tier0) = self.told(gateway, of, network) {
            self.way(address.into(), tier0, Connected, Hop::Below(gateway));
        }
    }

    /// An address of a gateway that no other one is told of.
    fn own_alone(&mut self, gateway: u32, address: IpAddr) {
        self.draft.claim(address.into(), Claim::Gateway(gateway));
        self.way(address.into(), gateway, Connected, Hop::Own);
    }

    /// The tier-0 gateway that is told of a network of `gateway`, if that is a tier-1 gateway
    /// and tells one.
    pub(super) fn told(&self, gateway: u32, of: AdvertisementType, network: Network) -> Option<u32> {
        let Gateway { path, tier: Tier::One(above), .. } = &self.gateways[gateway as usize] else { return None };
        let declared = self.topology.tier1s.get(path)?;
        above.filter(|_| declared.advertises(of, network))
    }

    fn own_of_peer(&mut self, peer: u32, address: IpAddr) {
        let node = self.peers[peer as usize].node;
        self.draft.claim(address.into(), Claim::Peer(peer));
        self.way(address.into(), node, Connected, Hop::Own);
    }
}
