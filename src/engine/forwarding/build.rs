//! What is declared and what is the case now becomes tables.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::ops::Range;

use super::atlas::{Claim, Draft, InSegment, number};
use super::explain::Explain;
use super::rules::{Pairs, Part, Rule, Rules};
use super::tunnels::{Far, Session, Tunnel, blocked, underlay};
use super::{Forwarding, Inputs, RouteSource};
use crate::engine::bgp::{BgpPath, Rib};
use crate::engine::topology::{FarEnd, Peer as DeclaredPeer, PolicyRule, SessionKind, Topology};
use crate::model::{Network, PolicyPath};

/// A gateway: a tier-0 with what is connected to it, or a tier-1 that has none.
pub(super) struct Gateway {
    /// The tier-0 gateway; none for a tier-1 gateway on its own.
    pub tier0: Option<PolicyPath>,
    /// Which of all rules are its own.
    pub rules: Range<u32>,
}

/// A tier-1 gateway.
pub(super) struct Tier1 {
    pub path: PolicyPath,
    pub gateway: u32,
}

/// A segment.
pub(super) struct Segment {
    pub path: PolicyPath,
    pub tier1: u32,
    pub is_up: bool,
}

/// A subnet of a segment.
pub(super) struct Subnet {
    pub network: Network,
    pub segment: u32,
}

/// A segment port.
pub(super) struct Port {
    pub path: PolicyPath,
    pub is_up: bool,
}

/// A simulated peer.
pub(super) struct Peer {
    pub path: PolicyPath,
    /// Its number among gateways and peers.
    pub node: u32,
    /// The traffic it protects: its own side, and the gateway's; empty: what its
    /// sessions say.
    pub selectors: Vec<(Network, Network)>,
    /// The sessions whose far end it is.
    pub sessions: Vec<u32>,
}

/// How a gateway or a peer gets to a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Hop {
    /// It is there: the address is its own, or that of a tier-1 gateway below it.
    Own { tier1: Option<u32> },
    /// The network is a segment's.
    Subnet(InSegment),
    /// The network is that of a session's tunnel interface.
    Interface { session: u32 },
    /// By one of several next hops.
    Group(u32),
    /// What is sent there is discarded.
    Discard,
    /// It lies behind this peer.
    Behind,
}

/// Next hops that are equally good.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Group {
    pub next_hops: Vec<NextHop>,
    /// Those among which packets are spread: the ones whose session is up, or all when
    /// none is.
    pub used: Vec<u32>,
}

/// A next hop.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct NextHop {
    pub address: Option<IpAddr>,
    pub session: u32,
    pub neighbor: Option<PolicyPath>,
}

/// Networks that no router forwards to (RFC 1122 section 3.2.1.3, RFC 4291 section
/// 2.4), as far as the model takes them for no interface's, and whether nobody's routes
/// can change that. Link-local ones of IPv4 are where VMware Cloud on AWS has the
/// addresses of tunnels.
const UNROUTABLE: [(&str, bool); 9] = [
    ("0.0.0.0/8", true),
    ("127.0.0.0/8", true),
    ("169.254.0.0/16", false),
    ("224.0.0.0/4", true),
    ("255.255.255.255/32", true),
    ("::/128", true),
    ("::1/128", true),
    ("fe80::/10", true),
    ("ff00::/8", true),
];

/// Tables in the making.
struct Builder<'a> {
    inputs: &'a Inputs<'a>,
    topology: &'a Topology,
    draft: Draft,
    gateways: Vec<Gateway>,
    gateway_numbers: HashMap<String, u32>,
    tier1s: Vec<Tier1>,
    segments: Vec<Segment>,
    subnets: Vec<Subnet>,
    ports: Vec<Port>,
    peers: Vec<Peer>,
    sessions: Vec<Session>,
    session_numbers: HashMap<&'a PolicyPath, u32>,
    hops: Numbers<Hop>,
    groups: Numbers<Group>,
}

/// Values and their numbers.
struct Numbers<T> {
    values: Vec<T>,
    numbers: HashMap<T, u32>,
}

impl<T> Default for Numbers<T> {
    fn default() -> Self {
        Self { values: Vec::new(), numbers: HashMap::new() }
    }
}

impl<T: Clone + Eq + std::hash::Hash> Numbers<T> {
    fn of(&mut self, value: T) -> u32 {
        let next = number(self.values.len());
        *self.numbers.entry(value).or_insert_with_key(|value| {
            self.values.push(value.clone());
            next
        })
    }
}

/// The tables for `inputs`.
pub(super) fn build(inputs: &Inputs<'_>) -> Forwarding {
    let mut builder = Builder {
        inputs,
        topology: inputs.topology,
        draft: Draft::default(),
        gateways: Vec::new(),
        gateway_numbers: HashMap::new(),
        tier1s: Vec::new(),
        segments: Vec::new(),
        subnets: Vec::new(),
        ports: Vec::new(),
        peers: Vec::new(),
        sessions: Vec::new(),
        session_numbers: HashMap::new(),
        hops: Numbers::default(),
        groups: Numbers::default(),
    };
    builder.nodes();
    builder.sessions();
    builder.own_addresses();
    builder.segments();
    builder.unroutable();
    let rules = builder.rules();
    builder.ribs();
    builder.peers();
    builder.finish(rules)
}

impl<'a> Builder<'a> {
    /// Numbers gateways, tier-1 gateways and peers.
    fn nodes(&mut self) {
        let topology = self.topology;
        let mut tier0s: BTreeSet<String> = topology.tier1s.values().flatten().map(ToString::to_string).collect();
        tier0s.extend(topology.sessions.values().map(super::super::topology::Session::gateway));
        tier0s.extend(self.inputs.ribs.keys().cloned());
        for tier0 in tier0s {
            let path = PolicyPath::parse(&tier0).ok();
            self.gateway_numbers.insert(tier0, number(self.gateways.len()));
            self.gateways.push(Gateway { tier0: path, rules: 0..0 });
        }
        let above = |path: &PolicyPath| {
            path.within("tier-1s").and_then(|id| PolicyPath::parse(&format!("/infra/tier-1s/{id}")).ok())
        };
        let mut tier1s: BTreeSet<PolicyPath> =
            topology.segments.keys().chain(topology.ports.keys()).filter_map(above).collect();
        tier1s.extend(topology.tier1s.keys().cloned());
        for path in tier1s {
            let tier0 = topology.tier1s.get(&path).and_then(Option::as_ref);
            let gateway = match tier0.and_then(|tier0| self.gateway_numbers.get(tier0.as_str())) {
                Some(gateway) => *gateway,
                None => {
                    self.gateways.push(Gateway { tier0: None, rules: 0..0 });
                    number(self.gateways.len() - 1)
                }
            };
            self.tier1s.push(Tier1 { path, gateway });
        }
        for (path, peer) in &topology.peers {
            let node = number(self.gateways.len() + self.peers.len());
            let selectors = peer.selectors.clone();
            self.peers.push(Peer { path: path.clone(), node, selectors, sessions: Vec::new() });
        }
    }

    fn sessions(&mut self) {
        let topology = self.topology;
        self.session_numbers = topology.sessions.keys().zip(0..).collect();
        let peers: HashMap<&PolicyPath, u32> = topology.peers.keys().zip(0..).collect();
        for (path, declared) in &topology.sessions {
            let wired = topology.wired(path);
            let state = self.inputs.sessions.get(path);
            let far_end = topology.far_end(declared);
            let far = match &far_end {
                FarEnd::Nobody => Far::Nobody,
                FarEnd::Peer(peer) => peers.get(&peer.path).map_or(Far::Nobody, |peer| Far::Peer(*peer)),
                FarEnd::Session(other) => {
                    self.session_numbers.get(&other.session.path).map_or(Far::Nobody, |other| Far::Session(*other))
                }
            };
            if let Far::Peer(peer) = far {
                self.peers[peer as usize].sessions.push(number(self.sessions.len()));
            }
            let underlay = underlay(topology, declared, &far_end);
            let addresses = match &declared.kind {
                SessionKind::RouteBased { addresses, .. } => addresses.iter().map(|(own, _)| *own).collect(),
                SessionKind::PolicyBased { .. } => Vec::new(),
            };
            let is_service_enabled = wired.as_ref().is_none_or(|wired| wired.service_enabled);
            let tunnels = state.map_or(&[][..], |state| &state.tunnels);
            self.sessions.push(Session {
                path: path.clone(),
                gateway: self.gateway_numbers.get(&declared.gateway()).copied().unwrap_or_default(),
                far,
                underlay,
                df_policy: wired.map_or(crate::model::DfPolicy::Copy, |wired| wired.tunnel.df_policy),
                clamping: declared.clamping,
                addresses,
                is_route_based: declared.is_route_based(),
                blocked: blocked(declared, is_service_enabled, state),
                tunnels: tunnels.iter().map(|tunnel| Tunnel::new(tunnel, &underlay)).collect(),
            });
        }
    }

    fn way(&mut self, network: Network, node: u32, by: RouteSource, hop: Hop) {
        let is_local = matches!(hop, Hop::Own { .. } | Hop::Subnet(_));
        let hop = self.hops.of(hop);
        self.draft.way(network, node, by, is_local, hop);
    }

    /// Addresses of gateways and of peers' tunnels, and the networks of tunnels.
    fn own_addresses(&mut self) {
        let topology = self.topology;
        for (position, tier1) in (0_u32..).zip(self.tier1s.iter().map(|it| it.gateway).collect::<Vec<_>>()) {
            let path = self.tier1s[position as usize].path.clone();
            let own =
                topology.segments.values().filter(|segment| segment.is_routed && tier1_of(&segment.path) == path.id());
            for (address, _) in own.flat_map(|segment| &segment.subnets) {
                self.own(tier1, Some(position), *address);
            }
        }
        for (path, endpoint) in &topology.endpoints {
            let tier0 = path.within("tier-0s").map(|id| format!("/infra/tier-0s/{id}"));
            if let Some(gateway) = tier0.and_then(|tier0| self.gateway_numbers.get(&tier0).copied()) {
                self.own(gateway, None, endpoint.address);
            }
        }
        for (session, declared) in (0..).zip(topology.sessions.values()) {
            let SessionKind::RouteBased { addresses, .. } = &declared.kind else { continue };
            let Session { gateway, far, .. } = self.sessions[session as usize];
            let peer = if let Far::Peer(peer) = far { Some((peer, self.peers[peer as usize].node)) } else { None };
            for (address, network) in addresses {
                self.own(gateway, None, *address);
                let hop = Hop::Interface { session };
                self.way(*network, gateway, RouteSource::Connected, hop);
                if let Some((_, node)) = peer {
                    self.way(*network, node, RouteSource::Connected, hop);
                }
            }
            for (address, (peer, node)) in
                topology.far_tunnel_addresses(declared).into_iter().filter_map(|it| Some((it, peer?)))
            {
                self.of_peer(peer, node, address);
            }
        }
        for (peer, declared) in (0..).zip(topology.peers.values()) {
            let node = self.peers[peer as usize].node;
            let speaker = declared.bgp.as_ref().and_then(|speaker| speaker.address);
            for address in declared.tunnel_addresses.iter().copied().chain(speaker) {
                self.of_peer(peer, node, address);
            }
        }
    }

    fn own(&mut self, gateway: u32, tier1: Option<u32>, address: IpAddr) {
        self.draft.claim(address.into(), Claim::Gateway { gateway, tier1 });
        self.way(address.into(), gateway, RouteSource::Connected, Hop::Own { tier1 });
    }

    fn of_peer(&mut self, peer: u32, node: u32, address: IpAddr) {
        self.draft.claim(address.into(), Claim::Peer(peer));
        self.way(address.into(), node, RouteSource::Connected, Hop::Own { tier1: None });
    }

    fn segments(&mut self) {
        let topology = self.topology;
        let mut segment_numbers = HashMap::new();
        for (path, declared) in &topology.segments {
            let segment = number(self.segments.len());
            segment_numbers.insert(path.as_str(), segment);
            let tier1 = self.tier1s.iter().position(|tier1| tier1.path.id() == tier1_of(path)).unwrap_or_default();
            self.segments.push(Segment { path: path.clone(), tier1: number(tier1), is_up: declared.is_up });
            for (_, network) in &declared.subnets {
                let subnet = number(self.subnets.len());
                self.subnets.push(Subnet { network: *network, segment });
                self.in_segment(*network, InSegment { segment, subnet: Some(subnet), port: None });
            }
        }
        for (path, declared) in &topology.ports {
            let Some(&segment) = path.as_str().rsplit_once("/ports/").and_then(|(it, _)| segment_numbers.get(it))
            else {
                continue;
            };
            let port = number(self.ports.len());
            self.ports.push(Port { path: path.clone(), is_up: declared.is_up });
            for address in &declared.addresses {
                let holds = |subnet: &Subnet| subnet.segment == segment && subnet.network.holds(*address);
                let subnet = self.subnets.iter().position(holds).map(number);
                self.in_segment((*address).into(), InSegment { segment, subnet, port: Some(port) });
            }
        }
    }

    fn in_segment(&mut self, network: Network, place: InSegment) {
        let segment = &self.segments[place.segment as usize];
        let is_routed = self.topology.segments.get(&segment.path).is_some_and(|segment| segment.is_routed);
        self.draft.claim(network, if is_routed { Claim::Segment(place) } else { Claim::Apart(place) });
        let gateway = self.tier1s[segment.tier1 as usize].gateway;
        // A workload whose address is outside of the segment's subnets cannot be reached.
        if is_routed && place.subnet.is_some() {
            self.way(network, gateway, RouteSource::Connected, Hop::Subnet(place));
        }
        let has_broadcast = !network.is_v6() && network.length() + 1 < network.longest();
        if is_routed && has_broadcast {
            self.draft.claim(network.last().into(), Claim::Unroutable { is_strict: true });
        }
    }

    fn unroutable(&mut self) {
        for (network, is_strict) in UNROUTABLE {
            if let Ok(network) = network.parse() {
                self.draft.claim(network, Claim::Unroutable { is_strict });
            }
        }
    }

    /// The rules of all gateways, in the order in which they are tried.
    fn rules(&mut self) -> Vec<Rule> {
        let topology = self.topology;
        let mut rules = Vec::new();
        for (service, (path, declared)) in (0..).zip(&topology.services) {
            let gateway = gateway_of(path, &self.gateway_numbers);
            for rule in declared.bypass_rules.iter().filter(|rule| rule.enabled) {
                rules.push(((gateway, 0, rule.sequence_number, path, rule.id.clone()), service, rule, Part::Bypass));
            }
        }
        let services: HashMap<&str, u32> = topology.services.keys().map(PolicyPath::as_str).zip(0..).collect();
        for (session, (path, declared)) in (0..).zip(&topology.sessions) {
            let SessionKind::PolicyBased { rules: of_session } = &declared.kind else { continue };
            let gateway = gateway_of(path, &self.gateway_numbers);
            let service = services.get(declared.service().as_str()).copied().unwrap_or(u32::MAX);
            let now = &self.sessions[session as usize];
            let is_enabled = now.is_enabled();
            for rule in of_session.iter().filter(|rule| rule.enabled) {
                let of_rule =
                    now.tunnels.iter().zip(0..).filter(|(tunnel, _)| tunnel.rule.as_deref() == Some(&rule.id));
                let tunnels = Pairs::new(of_rule.map(|(tunnel, at)| (at, tunnel.local, tunnel.remote)));
                let order = if is_enabled { 1 } else { 2 };
                let part = Part::Protect { session, is_enabled, tunnels };
                rules.push(((gateway, order, rule.sequence_number, path, rule.id.clone()), service, rule, part));
            }
        }
        rules.sort_by(|one, other| one.0.cmp(&other.0));
        for (rule, ((gateway, ..), _, declared, _)) in (0..).zip(&rules) {
            self.sides(rule, declared);
            let own = &mut self.gateways[*gateway as usize].rules;
            *own = if own.end == 0 { rule..rule + 1 } else { own.start..rule + 1 };
        }
        let finished = |(_, service, declared, part): (_, u32, &PolicyRule, Part)| Rule {
            declared: declared.clone(),
            service,
            part,
        };
        rules.into_iter().map(finished).collect()
    }

    fn sides(&mut self, rule: u32, declared: &PolicyRule) {
        for network in everywhere_if_empty(&declared.sources) {
            self.draft.source(network, rule);
        }
        for network in everywhere_if_empty(&declared.destinations) {
            self.draft.destination(network, rule);
        }
    }

    fn ribs(&mut self) {
        let inputs = self.inputs;
        for (tier0, Rib { routes, discards }) in inputs.ribs {
            let Some(gateway) = self.gateway_numbers.get(tier0).copied() else { continue };
            let mut last: Option<(&Vec<BgpPath>, Hop)> = None;
            for (network, paths) in routes {
                // Many routes in a row have the same paths.
                let hop = match last {
                    Some((same, hop)) if lead_the_same_way(same, paths) => hop,
                    _ => {
                        let known = |path: &BgpPath| {
                            let session = *self.session_numbers.get(&path.session)?;
                            Some(NextHop {
                                address: Some(path.next_hop),
                                session,
                                neighbor: Some(path.neighbor.clone()),
                            })
                        };
                        let Some(hop) = self.group(paths.iter().filter_map(known).collect()) else { continue };
                        last = Some((paths, hop));
                        hop
                    }
                };
                self.way(*network, gateway, RouteSource::Bgp, hop);
            }
            for network in discards {
                self.way(*network, gateway, RouteSource::Aggregate, Hop::Discard);
            }
        }
    }

    /// The hop by any of `next_hops`, if there are some.
    fn group(&mut self, next_hops: Vec<NextHop>) -> Option<Hop> {
        let positions = || 0..number(next_hops.len());
        let is_up = |position: &u32| self.sessions[next_hops[*position as usize].session as usize].is_up();
        let up: Vec<u32> = positions().filter(is_up).collect();
        let used = if up.is_empty() { positions().collect() } else { up };
        (!next_hops.is_empty()).then(|| Hop::Group(self.groups.of(Group { next_hops, used })))
    }

    /// What lies behind peers, and what they learned.
    fn peers(&mut self) {
        let inputs = self.inputs;
        for (position, (path, declared)) in (0..).zip(&self.topology.peers) {
            let node = self.peers[position as usize].node;
            for network in
                networks_behind(self.topology, declared, &self.peers[position as usize], &inputs.topology.sessions)
            {
                self.draft.claim(network, Claim::Peer(position));
                self.way(network, node, RouteSource::Static, Hop::Behind);
            }
            let mut learned: BTreeMap<Network, Vec<u32>> = BTreeMap::new();
            for (network, session) in inputs.peers.get(path).into_iter().flatten() {
                if let Some(session) = self.session_numbers.get(session) {
                    learned.entry(*network).or_default().push(*session);
                }
            }
            for (network, sessions) in learned {
                let next_hop = |session: u32| {
                    let same = |address: &&IpAddr| address.is_ipv6() == network.is_v6();
                    let address = self.sessions[session as usize].addresses.iter().find(same).copied();
                    NextHop { address, session, neighbor: None }
                };
                if let Some(hop) = self.group(sessions.into_iter().map(next_hop).collect()) {
                    self.way(network, node, RouteSource::Bgp, hop);
                }
            }
        }
    }

    fn finish(self, rules: Vec<Rule>) -> Forwarding {
        let explain = Explain::new(self.inputs, &self.gateway_numbers, &self.session_numbers, &self.sessions);
        let atlas = self.draft.finish(rules.len());
        Forwarding {
            rules: Rules::new(rules, &atlas.sources, &atlas.destinations),
            atlas,
            hops: self.hops.values,
            groups: self.groups.values,
            gateways: self.gateways,
            tier1s: self.tier1s,
            segments: self.segments,
            subnets: self.subnets,
            ports: self.ports,
            peers: self.peers,
            sessions: self.sessions,
            explain,
        }
    }
}

/// Whether packets go the same way by both: what else is known of the paths does not
/// matter.
fn lead_the_same_way(these: &[BgpPath], those: &[BgpPath]) -> bool {
    let same = |(this, that): (&BgpPath, &BgpPath)| {
        this.next_hop == that.next_hop && this.session == that.session && this.neighbor == that.neighbor
    };
    these.len() == those.len() && these.iter().zip(those).all(same)
}

/// The networks behind a peer: those it declares, or else its own sides of what it
/// protects, or else the destinations of its policy-based sessions; and always what it
/// announces.
fn networks_behind(
    topology: &Topology,
    declared: &DeclaredPeer,
    peer: &Peer,
    sessions: &BTreeMap<PolicyPath, super::super::topology::Session>,
) -> Vec<Network> {
    let _ = topology;
    let mut networks = match (&declared.networks, &declared.selectors[..]) {
        (Some(networks), _) => networks.clone(),
        (None, []) => {
            let own = peer.sessions.iter().filter_map(|session| sessions.values().nth(*session as usize));
            own.filter_map(|session| match &session.kind {
                SessionKind::PolicyBased { rules } => Some(rules),
                SessionKind::RouteBased { .. } => None,
            })
            .flatten()
            .filter(|rule| rule.enabled)
            .flat_map(|rule| everywhere_if_empty(&rule.destinations))
            .collect()
        }
        (None, selectors) => selectors.iter().map(|(own, _)| *own).collect(),
    };
    networks.extend(declared.bgp.iter().flat_map(|speaker| &speaker.routes).map(|route| route.network));
    networks
}

/// The networks of one side of a rule: all addresses where there are none.
fn everywhere_if_empty(networks: &[Network]) -> Vec<Network> {
    if networks.is_empty() { super::EVERYWHERE.map(Network::everything).to_vec() } else { networks.to_vec() }
}

/// The identifier of the tier-1 gateway of a segment.
fn tier1_of(segment: &PolicyPath) -> &str {
    segment.within("tier-1s").unwrap_or_default()
}

/// The number of the gateway that an object belongs to.
fn gateway_of(path: &PolicyPath, numbers: &HashMap<String, u32>) -> u32 {
    let tier0 = path.within("tier-0s").map(|id| format!("/infra/tier-0s/{id}"));
    tier0.and_then(|tier0| numbers.get(&tier0).copied()).unwrap_or_default()
}
