//! The diagram of an engine's view.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::diagram::{Card, Diagram, Link, Region, Site, State, Tier1};
use crate::cli::words;
use crate::engine::EngineView;
use crate::engine::bgp::Exchange;
use crate::engine::negotiation::{DownReason, IkeState, SessionState, TunnelState};
use crate::engine::topology::{self, FarEnd, Segment, Session, SessionKind};
use crate::model::{Network, PolicyPath};

/// Up to so many sessions there is room for all that is to be said of each.
const FEW_SESSIONS: usize = 8;
/// Networks that are named of a peer, or of a segment; of the others their number is told.
const NETWORKS_OF_FEW: usize = 4;
/// The same where there are many sessions.
const NETWORKS_OF_MANY: usize = 1;

/// The state of a BGP neighbor in which routes are exchanged (RFC 4271 section 8.2.2).
const ESTABLISHED: &str = "ESTABLISHED";

/// The diagram of `view`.
pub fn diagram(view: &EngineView) -> Diagram {
    let survey = Survey::of(view);
    let gateways = view.topology.sessions.values().filter(|session| !session.is_of_tier1()).map(Session::gateway);
    let above = view.topology.tier1s.values().filter_map(|tier1| Some(tier1.tier0.as_ref()?.to_string()));
    let instances =
        view.topology.bgp.keys().filter_map(|path| Some(format!("/infra/tier-0s/{}", path.within("tier-0s")?)));
    let tier0s: BTreeSet<String> = gateways.chain(above).chain(instances).collect();
    let mut regions: Vec<_> = tier0s.iter().map(|tier0| survey.region(tier0)).collect();
    let alone = survey.tier1s(None);
    if !alone.is_empty() {
        regions.push(Region { tier1s: alone, sites: survey.sites(None), ..Region::default() });
    }
    Diagram { summary: survey.summary(), regions }
}

/// A view, and what has been gathered of it.
struct Survey<'a> {
    view: &'a EngineView,
    /// The networks that BGP neighbors teach through a session.
    learned: BTreeMap<&'a PolicyPath, BTreeSet<Network>>,
}

impl<'a> Survey<'a> {
    fn of(view: &'a EngineView) -> Self {
        let mut learned: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for route in view.ribs().neighbors.values().flat_map(Exchange::accepted) {
            learned.entry(&route.path.session).or_default().insert(route.network);
        }
        Self { view, learned }
    }

    /// Whether there is room for all that is to be said of a session.
    fn has_room(&self) -> bool {
        self.view.topology.sessions.len() <= FEW_SESSIONS
    }

    /// How many networks of one object are named.
    fn networks(&self) -> usize {
        if self.has_room() { NETWORKS_OF_FEW } else { NETWORKS_OF_MANY }
    }

    /// `5 sessions: 3 UP, 2 DOWN; 4 BGP neighbors: 3 ESTABLISHED`.
    fn summary(&self) -> String {
        let states: Vec<_> = self.view.topology.sessions.values().map(|it| self.state(it).0).collect();
        let of_each = State::ALL.iter().filter_map(|state| {
            let count = states.iter().filter(|it| *it == state).count();
            (count > 0).then(|| format!("{count} {}", state.word()))
        });
        let neighbors = self.view.topology.neighbors.keys();
        let established = neighbors.clone().filter(|path| self.neighbor(path) == ESTABLISHED).count();
        match (states.len(), neighbors.len()) {
            (0, _) => "no sessions".to_owned(),
            (sessions, 0) => format!("{}: {}", count(sessions, "session"), of_each.collect::<Vec<_>>().join(", ")),
            (sessions, neighbors) => format!(
                "{}: {}; {}: {established} {ESTABLISHED}",
                count(sessions, "session"),
                of_each.collect::<Vec<_>>().join(", "),
                count(neighbors, "BGP neighbor"),
            ),
        }
    }

    /// The state of a BGP neighbor, as RFC 4271 names it.
    fn neighbor(&self, path: &PolicyPath) -> &'static str {
        self.view.neighbors.get(path).map_or("UNKNOWN", |neighbor| neighbor.connection.word())
    }

    fn region(&self, tier0: &str) -> Region {
        let id = tier0.rsplit('/').next().unwrap_or_default();
        let instances = self.view.topology.bgp.values().filter(|it| it.path.within("tier-0s") == Some(id));
        let lines = instances.filter(|it| it.enabled).filter_map(|it| Some(format!("AS {}", it.local_as?))).collect();
        Region {
            tier0: Some(Card { sort: "tier-0 gateway", title: id.to_owned(), lines, state: None }),
            tier1s: self.tier1s(Some(tier0)),
            sites: self.sites(Some(tier0)),
        }
    }

    fn tier1s(&self, tier0: Option<&str>) -> Vec<Tier1> {
        let tier1s = self.view.topology.tier1s.iter().filter(|(_, it)| above(it) == tier0);
        let with_segments = tier1s.map(|(path, _)| {
            let segments = self.view.topology.segments.values();
            let own = segments.filter(|it| it.gateway.as_ref() == Some(path));
            let card = Card { sort: "tier-1 gateway", title: path.id().to_owned(), lines: Vec::new(), state: None };
            Tier1 { card, segments: own.map(|segment| self.segment(segment)).collect() }
        });
        with_segments.collect()
    }

    fn segment(&self, segment: &Segment) -> Card {
        let below = format!("{}/ports/", segment.path);
        let ports = self.view.topology.ports.keys().filter(|path| path.as_str().starts_with(&below)).count();
        let networks: BTreeSet<_> = segment.subnets.iter().map(|(_, network)| *network).collect();
        let mut lines = named("", &networks, self.networks());
        lines.extend((ports > 0).then(|| count(ports, "port")));
        let state = match (segment.is_up, segment.is_routed) {
            (_, false) => Some(State::Disabled),
            (false, true) => Some(State::Down),
            (true, true) => None,
        };
        if !segment.is_routed {
            lines.push("not connected to the gateway".to_owned());
        }
        Card { sort: "segment", title: segment.display_name.clone(), lines, state }
    }

    /// The tier-0 gateway to which a session is closest, if there is one.
    fn tier0_of(&self, session: &Session) -> Option<PolicyPath> {
        let gateway = session.path.gateway()?;
        if session.is_of_tier1() { self.view.topology.tier1s.get(&gateway)?.tier0.clone() } else { Some(gateway) }
    }

    /// The sessions of a tier-0 gateway and of the tier-1 gateways below it, or of tier-1
    /// gateways without one, by the peers they lead to.
    fn sites(&self, tier0: Option<&str>) -> Vec<Site> {
        let mut by_peer: BTreeMap<IpAddr, Vec<&Session>> = BTreeMap::new();
        let is_here = |session: &&Session| self.tier0_of(session).as_ref().map(PolicyPath::as_str) == tier0;
        for session in self.view.topology.sessions.values().filter(is_here) {
            by_peer.entry(session.peer_address).or_default().push(session);
        }
        by_peer.into_values().filter_map(|sessions| self.site(&sessions)).collect()
    }

    fn site(&self, sessions: &[&Session]) -> Option<Site> {
        let first = sessions.first()?;
        let networks: BTreeSet<Network> = sessions.iter().flat_map(|session| self.behind(session)).collect();
        let mut lines = vec![first.peer_address.to_string()];
        lines.extend(named("→ ", &networks, self.networks()));
        let (sort, title) = match self.view.topology.far_end(first) {
            FarEnd::Peer(peer) => ("peer", peer.display_name.clone()),
            FarEnd::Session(other) => ("session of this engine", other.session.display_name.clone()),
            FarEnd::Nobody => ("peer", "nobody there".to_owned()),
        };
        let state = match self.view.topology.far_end(first) {
            FarEnd::Peer(peer) if !peer.reachable => {
                lines.push("not reachable".to_owned());
                Some(State::Down)
            }
            FarEnd::Peer(_) | FarEnd::Session(_) => None,
            FarEnd::Nobody => {
                lines.push("no simulated peer has this address".to_owned());
                Some(State::Down)
            }
        };
        let sessions = sessions.iter().map(|session| (self.session(session), self.link(session))).collect();
        Some(Site { sessions, peer: Card { sort, title, lines, state } })
    }

    /// The networks that are reached through a session.
    fn behind(&self, session: &Session) -> Vec<Network> {
        match &session.kind {
            SessionKind::RouteBased { .. } => self.learned.get(&session.path).into_iter().flatten().copied().collect(),
            SessionKind::PolicyBased { rules } => {
                let destinations =
                    || rules.iter().filter(|rule| rule.enabled).flat_map(|rule| rule.destinations.iter().copied());
                match self.view.topology.far_end(session) {
                    FarEnd::Peer(peer) => peer
                        .behind(destinations)
                        .into_iter()
                        .filter(|behind| destinations().any(|it| it.covers(*behind) || behind.covers(it)))
                        .collect(),
                    FarEnd::Session(_) | FarEnd::Nobody => destinations().collect(),
                }
            }
        }
    }

    fn session(&self, session: &Session) -> Card {
        let (state, reason) = self.state(session);
        let from = self.view.topology.endpoints.get(&session.endpoint).map(|endpoint| endpoint.address);
        let kind = match &session.kind {
            SessionKind::RouteBased { addresses, .. } => {
                let own = addresses.iter().map(|(own, network)| format!(", {own}/{}", network.length()));
                format!("route-based{}", own.collect::<String>())
            }
            SessionKind::PolicyBased { rules } => format!("policy-based, {}", count(rules.len(), "rule")),
        };
        let ends = from.map(|from| format!("{from} → {}", session.peer_address));
        let mut lines: Vec<_> = self.has_room().then_some(kind).into_iter().chain(ends).collect();
        let tunnels = self.view.sessions.get(&session.path).into_iter().flat_map(SessionState::tunnels_up);
        let protected = tunnels.filter_map(|tunnel| match &tunnel.state {
            TunnelState::Up { sa, .. } => Some((words::proposal(sa.proposal), sa.nat_traversal)),
            TunnelState::Down { .. } => None,
        });
        let protections: BTreeSet<_> = protected.collect();
        lines.extend(
            protections
                .into_iter()
                .filter(|_| self.has_room())
                .map(|(proposal, nat)| proposal + if nat { " in UDP (NAT)" } else { "" }),
        );
        lines.extend(reason.map(ToString::to_string));
        Card { sort: "session", title: session.display_name.clone(), lines, state: Some(state) }
    }

    /// How a session is, and why it is not up.
    fn state(&self, session: &Session) -> (State, Option<&'a DownReason>) {
        let Some(state) = self.view.sessions.get(&session.path) else { return (State::Down, None) };
        let why = state.why_down();
        let is = match (&state.ike, why) {
            (IkeState::Down { .. }, Some(DownReason::SessionDisabled | DownReason::ServiceDisabled)) => State::Disabled,
            (IkeState::Negotiating { .. }, _) => State::Negotiating,
            (IkeState::Up { .. }, None) => State::Up,
            (IkeState::Up { .. }, Some(_)) if state.tunnels_up().next().is_some() => State::Degraded,
            (IkeState::Down { .. } | IkeState::Up { .. }, _) => State::Down,
        };
        (is, why)
    }

    /// What is between a session and its peer: BGP, or tunnels between networks.
    fn link(&self, session: &Session) -> Link {
        let mut state = self.state(session).0;
        let mut labels: Vec<String> = Vec::new();
        let mut are_established = true;
        for (neighbor, _) in self.view.topology.neighbors_of(session) {
            let connection = self.neighbor(&neighbor.path);
            are_established &= connection == ESTABLISHED;
            labels.push(format!("BGP {connection}"));
        }
        // What goes by routes does not go without them.
        if state == State::Up && session.is_route_based() && (labels.is_empty() || !are_established) {
            state = State::Degraded;
        }
        match &session.kind {
            SessionKind::RouteBased { .. } if session.is_of_tier1() => labels.push("no BGP".to_owned()),
            SessionKind::RouteBased { .. } if labels.is_empty() => labels.push("no BGP neighbor".to_owned()),
            SessionKind::RouteBased { .. } => {
                let learned = self.learned.get(&session.path).map(|learned| count(learned.len(), "prefix"));
                labels.extend(learned.map(|learned| format!("{learned} learned")));
            }
            SessionKind::PolicyBased { .. } => {
                let tunnels = self.view.sessions.get(&session.path);
                let up = tunnels.map_or(0, |state| state.tunnels_up().count());
                let all = tunnels.map_or(0, |state| state.tunnels.len());
                labels.push(if up == all { count(all, "tunnel") } else { format!("{up} of {}", count(all, "tunnel")) });
            }
        }
        Link { labels, state }
    }
}

/// The tier-0 gateway that a tier-1 gateway is connected to.
fn above(tier1: &topology::Tier1) -> Option<&str> {
    tier1.tier0.as_ref().map(PolicyPath::as_str)
}

/// The first `most` networks, each after `mark`, and how many more there are.
fn named(mark: &str, networks: &BTreeSet<Network>, most: usize) -> Vec<String> {
    let mut lines: Vec<_> = networks.iter().take(most).map(|network| format!("{mark}{network}")).collect();
    match (networks.len().saturating_sub(most), lines.as_mut_slice()) {
        (0, _) => {}
        (more, [only]) => *only = format!("{only} and {more} more"),
        (more, _) => lines.push(format!("… and {more} more")),
    }
    lines
}

/// `1 session`, `2 sessions`, `3 prefixes`.
fn count(number: usize, what: &str) -> String {
    match (number, what.ends_with('x')) {
        (1, _) => format!("1 {what}"),
        (number, true) => format!("{number} {what}es"),
        (number, false) => format!("{number} {what}s"),
    }
}
