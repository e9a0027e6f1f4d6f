//! The engine at one moment: what is declared, how sessions and neighbors are, and
//! which routes are used.
//!
//! This is a stand-in with the interface of the real one: sessions are up where a
//! reachable peer is declared, neighbors are established where their session is up,
//! and forwarding knows the way from a segment to a segment or through a tunnel.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::bgp::{BgpPath, Rib};
use super::esp::{Encapsulation, IpVersion, Proposal};
use super::forwarding::{Because, Disposition, DropReason, Event, Node, Packet, RouteSource, Step, Trace};
use super::negotiation::{DownReason, EspSa, IkeState, SessionState, Tunnel, TunnelState};
use super::prefix_filter::PrefixMatch;
use super::topology::{FarEnd, Peer, Segment, Session, SessionKind, Topology, Wired};
use super::{Engine, Moment, Refusal, Reveal};
use crate::model::{DfPolicy, Network, PolicyPath, RouteOrigin};

/// Which states a view shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Those of the moment.
    Current,
    /// Those that everything comes to when it is left alone.
    Settled,
}

/// The engine at one moment.
#[derive(Clone, Debug)]
pub struct EngineView {
    /// The moment.
    pub now: Moment,
    /// What is declared.
    pub topology: Topology,
    /// The sessions' states.
    pub sessions: BTreeMap<PolicyPath, SessionState>,
    /// The BGP neighbors' states.
    pub neighbors: BTreeMap<PolicyPath, NeighborSummary>,
    /// The routes that are used, by the path of the tier-0 gateway.
    pub ribs: BTreeMap<String, Rib>,
}

/// A BGP neighbor at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeighborSummary {
    /// Its state (RFC 4271 section 8.2.2), such as `ESTABLISHED`.
    pub state: &'static str,
    /// How many of its routes are used.
    pub learned: usize,
}

impl Engine {
    /// The engine as it is at `now`, or as it comes to be.
    pub fn view(&self, now: Moment, _when: When) -> Result<EngineView, Refusal> {
        let objects = self.all(Reveal::Secrets)?;
        let documents: Vec<_> = objects.iter().map(|object| (object.kind(), object.path(), object.tree())).collect();
        let documents = documents.iter().map(|(kind, path, tree)| (*kind, *path, tree));
        Ok(EngineView::of(Topology::of(documents, PrefixMatch::default()), now))
    }
}

impl EngineView {
    /// The view of what is declared.
    pub fn of(topology: Topology, now: Moment) -> Self {
        let state = |session: &Session| (session.path.clone(), session_state(&topology, session, now));
        let sessions: BTreeMap<_, _> = topology.sessions.values().map(state).collect();
        let mut ribs: BTreeMap<String, Rib> = BTreeMap::new();
        let mut neighbors = BTreeMap::new();
        for neighbor in topology.neighbors.values() {
            let session = topology.session_of(neighbor).map(|(session, _)| session);
            let is_up = |session: &&Session| sessions.get(&session.path).is_some_and(SessionState::is_up);
            let learned = session.filter(is_up).and_then(|session| {
                let FarEnd::Peer(peer) = topology.far_end(session) else { return None };
                let rib = ribs.entry(neighbor.gateway()).or_default();
                let routes = &peer.bgp.as_ref()?.routes;
                for route in routes {
                    rib.routes.entry(route.network).or_default().push(BgpPath {
                        neighbor: neighbor.path.clone(),
                        session: session.path.clone(),
                        next_hop: neighbor.address,
                        as_path: vec![neighbor.remote_as],
                        origin: RouteOrigin::Igp,
                        med: 0,
                        local_preference: 100,
                        weight: 0,
                        is_internal: false,
                        is_stale: false,
                    });
                }
                Some(routes.len())
            });
            let state = if learned.is_some() { "ESTABLISHED" } else { "ACTIVE" };
            let summary = NeighborSummary { state, learned: learned.unwrap_or_default() };
            neighbors.insert(neighbor.path.clone(), summary);
        }
        Self { now, topology, sessions, neighbors, ribs }
    }

    /// The way of `packet`, step by step.
    pub fn trace(&self, packet: &Packet) -> Trace {
        let mut trace = Trace {
            packet: packet.clone(),
            steps: Vec::new(),
            disposition: Disposition::Dropped,
            drop_reason: None,
            session: None,
            effective_mtu: None,
            effective_mss: None,
            latency: 0,
        };
        self.walk(packet, &mut trace);
        trace
    }

    /// The way of the packet of `size` bytes that answers the one of `trace`; none when
    /// that one did not arrive.
    pub fn trace_answer(&self, trace: &Trace, size: usize) -> Option<Trace> {
        (trace.disposition != Disposition::Dropped).then(|| self.trace(&trace.packet.answer(size, 64)))
    }

    /// What becomes of `packet`, without the steps.
    pub fn decide(&self, packet: &Packet) -> (Disposition, Option<DropReason>) {
        match self.choose(packet) {
            Way::Local(_) => (Disposition::DeliveredToSegment, None),
            Way::Tunnel { session, .. } => match self.sessions.get(&session.path) {
                Some(state) if state.tunnels_up().next().is_some() => (Disposition::DeliveredToPeer, None),
                _ => (Disposition::Dropped, Some(DropReason::TunnelDown)),
            },
            Way::None(reason) => (Disposition::Dropped, Some(reason)),
        }
    }

    fn segment_of(&self, address: IpAddr) -> Option<(&Segment, Network)> {
        let holds = |segment: &Segment| segment.subnets.iter().map(|(_, net)| *net).find(|net| net.holds(address));
        self.topology.segments.values().find_map(|segment| Some((segment, holds(segment)?)))
    }

    fn choose(&self, packet: &Packet) -> Way<'_> {
        let from = self.segment_of(packet.source);
        if from.is_none() {
            // What comes from behind a peer.
            let known = self.ribs.values().any(|rib| rib.routes.keys().any(|net| net.holds(packet.source)));
            return match self.segment_of(packet.destination) {
                Some((segment, _)) if known => Way::Local(segment),
                _ => Way::None(DropReason::UnknownSource),
            };
        }
        if let Some((segment, _)) = self.segment_of(packet.destination) {
            return Way::Local(segment);
        }
        for session in self.topology.sessions.values() {
            let SessionKind::PolicyBased { rules } = &session.kind else { continue };
            let any = |nets: &[Network], address| nets.is_empty() || nets.iter().any(|net| net.holds(address));
            let rule = rules
                .iter()
                .find(|rule| any(&rule.sources, packet.source) && any(&rule.destinations, packet.destination));
            if let Some(rule) = rule {
                let network = rule.destinations.iter().copied().find(|net| net.holds(packet.destination));
                let network = network.unwrap_or_else(|| Network::everything(packet.destination));
                return Way::Tunnel { session, network, next_hop: None, rule: Some(&rule.id) };
            }
        }
        let routes = self.ribs.values().flat_map(|rib| rib.routes.iter());
        let best = routes.filter(|(net, _)| net.holds(packet.destination)).max_by_key(|(network, _)| network.length());
        let through = best.and_then(|(network, paths)| {
            let path = paths.first()?;
            let session = self.topology.sessions.get(&path.session)?;
            Some(Way::Tunnel { session, network: *network, next_hop: Some(path.next_hop), rule: None })
        });
        through.unwrap_or(Way::None(DropReason::NoRoute))
    }

    fn walk(&self, packet: &Packet, trace: &mut Trace) {
        let mut step = |node: Node, object: Option<&PolicyPath>, event| {
            trace.steps.push(Step { node, object: object.cloned(), event });
        };
        if let Some((segment, network)) = self.segment_of(packet.source) {
            step(Node::Segment(segment.path.clone()), None, Event::Sent { network: Some(network) });
        }
        let gateway = self.topology.sessions.values().next().map_or_else(String::new, Session::gateway);
        let gateway = PolicyPath::parse(&gateway).unwrap_or_else(|_| trace_gateway());
        let tier0 = Node::Tier0(gateway);
        match self.choose(packet) {
            Way::Local(segment) => {
                let network = self.segment_of(packet.destination).map(|(_, network)| network);
                let network = network.unwrap_or_else(|| packet.destination.into());
                let node = Node::Segment(segment.path.clone());
                step(node, Some(&segment.path), Event::Delivered { network, port: None });
                trace.disposition = Disposition::DeliveredToSegment;
            }
            Way::None(reason) => {
                step(tier0, None, Event::Dropped { reason, because: None });
                trace.drop_reason = Some(reason);
            }
            Way::Tunnel { session, network, next_hop, rule } => {
                trace.session = Some(session.path.clone());
                match (rule, next_hop) {
                    (Some(rule), _) => {
                        let source = packet.source.into();
                        let (rule, destination) = (rule.clone(), network);
                        let event = Event::Matched { rule, sequence_number: 0, is_bypass: false, source, destination };
                        step(tier0.clone(), Some(&session.path), event);
                    }
                    (None, chosen) => {
                        let next_hops = chosen.into_iter().collect();
                        let event = Event::Routed { network, by: RouteSource::Bgp, next_hops, chosen };
                        step(tier0.clone(), Some(&session.path), event);
                    }
                }
                let up = self.sessions.get(&session.path).and_then(|state| {
                    let tunnel = state.tunnels_up().next()?;
                    let TunnelState::Up { sa, .. } = &tunnel.state else { return None };
                    Some((tunnel, sa))
                });
                let (Some((tunnel, sa)), FarEnd::Peer(peer)) = (up, self.topology.far_end(session)) else {
                    let because = Some(Because::Session(DownReason::NoResponse));
                    step(tier0, Some(&session.path), Event::Dropped { reason: DropReason::TunnelDown, because });
                    trace.drop_reason = Some(DropReason::TunnelDown);
                    return;
                };
                let by = Encapsulation {
                    proposal: sa.proposal,
                    outer: IpVersion::of(peer.address),
                    nat_traversal: sa.nat_traversal,
                };
                let event = Event::Encapsulated {
                    by,
                    inner_size: packet.size,
                    outer_size: by.outer_size(packet.size),
                    df_policy: DfPolicy::Copy,
                    selectors: (tunnel.local, tunnel.remote),
                };
                step(tier0, Some(&session.path), event);
                let from = self.topology.endpoints.get(&session.endpoint).map_or(peer.address, |end| end.address);
                let event = Event::Carried { from, to: peer.address, latency: peer.latency, path_mtu: peer.path_mtu };
                step(Node::Underlay, None, event);
                let far = Node::Peer(peer.path.clone());
                step(far.clone(), Some(&peer.path), Event::Decapsulated { size: packet.size });
                step(far, Some(&peer.path), Event::Delivered { network, port: None });
                trace.disposition = Disposition::DeliveredToPeer;
                trace.effective_mtu = by.largest_inner(peer.path_mtu);
                trace.effective_mss = by.effective_mss(peer.path_mtu, packet.version());
                trace.latency = peer.latency;
            }
        }
    }
}

enum Way<'a> {
    Local(&'a Segment),
    Tunnel { session: &'a Session, network: Network, next_hop: Option<IpAddr>, rule: Option<&'a String> },
    None(DropReason),
}

fn trace_gateway() -> PolicyPath {
    PolicyPath::parse(crate::model::system::TIER_0).unwrap_or_else(|_| unreachable!("a fixed path"))
}

fn session_state(topology: &Topology, session: &Session, now: Moment) -> SessionState {
    let down = |reason: DownReason| SessionState {
        ike: IkeState::Down { since: now, reason: reason.clone() },
        tunnels: selectors(session)
            .map(|(local, remote, rule)| Tunnel {
                local,
                remote,
                rule,
                state: TunnelState::Down { reason: reason.clone() },
            })
            .collect(),
    };
    let Some(wired) = topology.wired(&session.path) else { return down(DownReason::NoResponse) };
    match topology.far_end(session) {
        _ if !session.enabled => down(DownReason::SessionDisabled),
        FarEnd::Peer(peer) if peer.reachable => up(session, &wired, peer, now),
        FarEnd::Session(_) => IkeState::Negotiating { since: now }.into_state(session),
        _ => down(DownReason::NoResponse),
    }
}

impl IkeState {
    fn into_state(self, session: &Session) -> SessionState {
        let state = || TunnelState::Down { reason: DownReason::Negotiating };
        let tunnels =
            selectors(session).map(|(local, remote, rule)| Tunnel { local, remote, rule, state: state() }).collect();
        SessionState { ike: self, tunnels }
    }
}

fn up(session: &Session, wired: &Wired<'_>, peer: &Peer, since: Moment) -> SessionState {
    let algorithms = &wired.tunnel.algorithms;
    let cipher = algorithms.encryption.first().copied().unwrap_or(crate::model::EspEncryption::AesGcm256);
    let proposal = Proposal::of(cipher, None).or_else(|_| Proposal::of(cipher, algorithms.digests.first().copied()));
    let state = match proposal {
        Ok(proposal) => {
            let sa = EspSa { proposal, nat_traversal: peer.behind_nat, group: algorithms.groups.first().copied() };
            TunnelState::Up { since, sa }
        }
        Err(_) => TunnelState::Down { reason: DownReason::IkeDown },
    };
    let tunnels =
        selectors(session).map(|(local, remote, rule)| Tunnel { local, remote, rule, state: state.clone() }).collect();
    SessionState { ike: IkeState::Up { since }, tunnels }
}

type Selectors = (Network, Network, Option<String>);

fn selectors(session: &Session) -> Box<dyn Iterator<Item = Selectors> + '_> {
    let everything = Network::everything(session.peer_address);
    match &session.kind {
        SessionKind::RouteBased { .. } => Box::new(std::iter::once((everything, everything, None))),
        SessionKind::PolicyBased { rules } => Box::new(rules.iter().flat_map(|rule| {
            rule.sources.iter().flat_map(move |local| {
                rule.destinations.iter().map(move |remote| (*local, *remote, Some(rule.id.clone())))
            })
        })),
    }
}
