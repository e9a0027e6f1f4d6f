//! What is declared, as negotiation, routing and forwarding see it: typed values, and
//! who belongs to whom.
//!
//! | module | what it holds |
//! |---|---|
//! | `vpn` | services, endpoints, profiles, sessions |
//! | `gateways` | tier-1 gateways and what they advertise, what locale services redistribute |
//! | `routing` | segments, ports, BGP instances and neighbors |
//! | `world` | simulated peers and flows |
//! | `live_trace` | live traces: where packets enter, and what is done with them |
//! | `fabric` | simulated devices and links, and what compute agents collect |
//! | `taps` | tap services, tap flows and tap mirrors |
//! | `read` | typed values out of documents |
//!
//! A [`Topology`] is one moment's declarations. It knows no time and no state.
//! Documents that Terraform plans may hold values that are not known yet; an object
//! whose essential values are not is left out, and named in [`Topology::unknown`].

mod fabric;
mod gateways;
mod live_trace;
mod read;
mod routing;
mod taps;
mod vpn;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

pub use fabric::{
    Before, Collection, Device, EcmpGroup, FiveTuple, Guest, Host, Interface, Line, Link, NextHop, Tunnel, VXLAN_PORT,
};
pub use gateways::{LocaleService, OwnNetwork, Tier1};
pub use live_trace::{Action, Entrance, LiveTrace, Watched};
pub use routing::{Bfd, BgpInstance, Binding, Neighbor, Port, RouteFiltering, Segment};
pub use taps::{TapFlow, TapMirror, TapService};
pub use vpn::{
    Credential, DpdProfile, EspAlgorithms, IkeAlgorithms, IkeProfile, LocalEndpoint, MssClamping, PolicyRule, Session,
    SessionKind, TunnelProfile, VpnService,
};
pub use world::{Flow, Peer, Speaker, SpeakerRoute};

use super::Moment;
use super::prefix_filter::{PrefixFilter, PrefixMatch};
use crate::model::{
    BGP_CONFIG, BGP_NEIGHBOR, DPD_PROFILE, FLOW_TRACE, IKE_PROFILE, Kind, LIVE_TRACE, LOCAL_ENDPOINT, LOCALE_SERVICE,
    Network, POLICY_BASED_SESSION, PREFIX_LIST, PolicyPath, ROUTE_BASED_SESSION, SEGMENT, SEGMENT_PORT,
    SIMULATED_DEVICE, SIMULATED_FLOW, SIMULATED_LINK, SIMULATED_PEER, TAP_FLOW, TAP_MIRROR, TAP_SERVICE, TIER_0,
    TIER_1, TUNNEL_PROFILE, TUNNEL_TRACE, Tree, VPN_SERVICE,
};

/// Milliseconds between two gateways of one engine, one way: they are in one data center.
pub const LATENCY_BETWEEN_GATEWAYS: u32 = 1;

/// Kinds whose objects live traces name by their UUIDs. A port knows its own.
static NAMED_BY_UUID: [&Kind; 5] = [&TIER_0, &TIER_1, &SEGMENT, &ROUTE_BASED_SESSION, &POLICY_BASED_SESSION];

/// What is declared at one moment, by policy path.
#[derive(Clone, Debug, Default)]
pub struct Topology {
    /// How the bounds of prefix lists are read.
    pub prefix_match: PrefixMatch,
    /// Tier-1 gateways.
    pub tier1s: BTreeMap<PolicyPath, Tier1>,
    /// Locale services of tier-0 gateways.
    pub locale_services: BTreeMap<PolicyPath, LocaleService>,
    /// VPN services.
    pub services: BTreeMap<PolicyPath, VpnService>,
    /// Local endpoints.
    pub endpoints: BTreeMap<PolicyPath, LocalEndpoint>,
    /// IKE profiles.
    pub ike_profiles: BTreeMap<PolicyPath, IkeProfile>,
    /// Tunnel profiles.
    pub tunnel_profiles: BTreeMap<PolicyPath, TunnelProfile>,
    /// DPD profiles.
    pub dpd_profiles: BTreeMap<PolicyPath, DpdProfile>,
    /// Prefix lists, made ready for many routes.
    pub prefix_lists: BTreeMap<PolicyPath, Arc<PrefixFilter>>,
    /// BGP instances.
    pub bgp: BTreeMap<PolicyPath, BgpInstance>,
    /// BGP neighbors.
    pub neighbors: BTreeMap<PolicyPath, Neighbor>,
    /// VPN sessions.
    pub sessions: BTreeMap<PolicyPath, Session>,
    /// Segments.
    pub segments: BTreeMap<PolicyPath, Segment>,
    /// Segment ports.
    pub ports: BTreeMap<PolicyPath, Port>,
    /// Simulated peers.
    pub peers: BTreeMap<PolicyPath, Peer>,
    /// Simulated flows.
    pub flows: BTreeMap<PolicyPath, Flow>,
    /// Tap services.
    pub tap_services: BTreeMap<PolicyPath, TapService>,
    /// Tap flows.
    pub tap_flows: BTreeMap<PolicyPath, TapFlow>,
    /// Tap mirrors.
    pub tap_mirrors: BTreeMap<PolicyPath, TapMirror>,
    /// Live traces.
    pub live_traces: BTreeMap<PolicyPath, LiveTrace>,
    /// The UUIDs of gateways, segments and sessions, by which other APIs know them; of those
    /// that are only planned there are none.
    pub unique_ids: BTreeMap<PolicyPath, String>,
    /// Simulated devices.
    pub devices: BTreeMap<PolicyPath, Arc<Device>>,
    /// Simulated links.
    pub links: BTreeMap<PolicyPath, Link>,
    /// What compute agents collect.
    pub collections: BTreeMap<PolicyPath, Arc<Collection>>,
    /// Objects that are left out, because too little of them is known.
    pub unknown: BTreeSet<PolicyPath>,
    /// Sessions and simulated peers by the address that is, or should be, at the far end.
    at_address: Addresses,
}

/// Who is looked for by an address.
#[derive(Clone, Debug, Default)]
struct Addresses {
    /// The sessions that have the address for their peer.
    sessions: BTreeMap<IpAddr, BTreeSet<PolicyPath>>,
    /// The simulated peers that are there.
    peers: BTreeMap<IpAddr, BTreeSet<PolicyPath>>,
}

/// Enters `path` at `address`.
fn enter(index: &mut BTreeMap<IpAddr, BTreeSet<PolicyPath>>, address: IpAddr, path: &PolicyPath) {
    index.entry(address).or_default().insert(path.clone());
}

/// Takes `path` out at `address`.
fn take_out(index: &mut BTreeMap<IpAddr, BTreeSet<PolicyPath>>, address: IpAddr, path: &PolicyPath) {
    if let Some(paths) = index.get_mut(&address) {
        paths.remove(path);
        if paths.is_empty() {
            index.remove(&address);
        }
    }
}

/// A session with everything it refers to.
#[derive(Clone, Debug, PartialEq)]
pub struct Wired<'a> {
    /// The session.
    pub session: &'a Session,
    /// Whether its VPN service runs.
    pub service_enabled: bool,
    /// The gateway's end.
    pub endpoint: &'a LocalEndpoint,
    /// Its IKE profile, or that of its suite.
    pub ike: IkeProfile,
    /// Its tunnel profile, or that of its suite.
    pub tunnel: TunnelProfile,
    /// Its DPD profile.
    pub dpd: DpdProfile,
}

/// Who is at the address that a session has for its peer.
#[derive(Clone, Debug, PartialEq)]
pub enum FarEnd<'a> {
    /// Nobody that the engine knows of.
    Nobody,
    /// A simulated peer.
    Peer(&'a Peer),
    /// Another session of this engine, whose endpoint is there and whose peer is this
    /// session's endpoint.
    Session(Box<Wired<'a>>),
}

impl Topology {
    /// The topology of objects with their kinds and documents.
    pub fn of<'a>(
        objects: impl IntoIterator<Item = (&'static Kind, &'a PolicyPath, &'a Tree)>,
        prefix_match: PrefixMatch,
    ) -> Self {
        let mut topology = Self { prefix_match, ..Self::default() };
        for (kind, path, tree) in objects {
            topology.put(kind, path, tree);
        }
        topology
    }

    /// Takes the object of `kind` at `path`, declared by `tree`, in place of what was
    /// there.
    pub fn put(&mut self, kind: &'static Kind, path: &PolicyPath, tree: &Tree) {
        self.remove(path);
        let known = self.put_known(kind, path, tree);
        if NAMED_BY_UUID.contains(&kind)
            && let Some(id) = tree.get("unique_id").text()
        {
            self.unique_ids.insert(path.clone(), id.to_owned());
        }
        if !known {
            self.unknown.insert(path.clone());
        }
    }

    /// `false` when too little of it is known.
    fn put_known(&mut self, kind: &'static Kind, path: &PolicyPath, tree: &Tree) -> bool {
        fn keep<T>(map: &mut BTreeMap<PolicyPath, T>, path: &PolicyPath, value: Option<T>) -> bool {
            value.map(|value| map.insert(path.clone(), value)).is_some()
        }
        if *kind == IKE_PROFILE {
            keep(&mut self.ike_profiles, path, Some(IkeProfile::of(tree)))
        } else if *kind == TUNNEL_PROFILE {
            keep(&mut self.tunnel_profiles, path, Some(TunnelProfile::of(tree)))
        } else if *kind == DPD_PROFILE {
            keep(&mut self.dpd_profiles, path, Some(vpn::dpd_profile(tree)))
        } else if *kind == VPN_SERVICE {
            keep(&mut self.services, path, Some(vpn::service(tree)))
        } else if *kind == LOCAL_ENDPOINT {
            keep(&mut self.endpoints, path, vpn::endpoint(tree))
        } else if *kind == ROUTE_BASED_SESSION || *kind == POLICY_BASED_SESSION {
            let session = vpn::session(path, tree, *kind == ROUTE_BASED_SESSION);
            if let Some(session) = &session {
                enter(&mut self.at_address.sessions, session.peer_address, path);
            }
            keep(&mut self.sessions, path, session)
        } else if *kind == PREFIX_LIST {
            let filter = PrefixFilter::of_list(tree, self.prefix_match).ok().map(Arc::new);
            keep(&mut self.prefix_lists, path, filter)
        } else if *kind == BGP_CONFIG {
            keep(&mut self.bgp, path, Some(routing::bgp_instance(path, tree)))
        } else if *kind == BGP_NEIGHBOR {
            keep(&mut self.neighbors, path, routing::neighbor(path, tree))
        } else if *kind == TIER_1 {
            keep(&mut self.tier1s, path, Some(gateways::tier1(tree)))
        } else if *kind == LOCALE_SERVICE {
            keep(&mut self.locale_services, path, Some(gateways::locale_service(tree)))
        } else if *kind == SEGMENT {
            keep(&mut self.segments, path, Some(routing::segment(path, tree)))
        } else if *kind == SEGMENT_PORT {
            keep(&mut self.ports, path, Some(routing::port(path, tree)))
        } else if *kind == SIMULATED_PEER {
            let peer = world::peer(path, tree);
            if let Some(peer) = &peer {
                enter(&mut self.at_address.peers, peer.address, path);
            }
            keep(&mut self.peers, path, peer)
        } else if *kind == SIMULATED_FLOW {
            keep(&mut self.flows, path, world::flow(path, tree))
        } else if *kind == SIMULATED_DEVICE {
            keep(&mut self.devices, path, fabric::device(path, tree))
        } else if *kind == SIMULATED_LINK {
            keep(&mut self.links, path, fabric::link(tree))
        } else if *kind == FLOW_TRACE || *kind == TUNNEL_TRACE {
            keep(&mut self.collections, path, fabric::collection(kind, path, tree).map(Arc::new))
        } else if *kind == TAP_SERVICE {
            keep(&mut self.tap_services, path, taps::service(path, tree))
        } else if *kind == TAP_FLOW {
            keep(&mut self.tap_flows, path, taps::flow(path, tree))
        } else if *kind == TAP_MIRROR {
            keep(&mut self.tap_mirrors, path, taps::mirror(path, tree))
        } else if *kind == LIVE_TRACE {
            keep(&mut self.live_traces, path, live_trace::live_trace(path, tree))
        } else {
            true
        }
    }

    /// Forgets the object at `path`.
    pub fn remove(&mut self, path: &PolicyPath) {
        self.unknown.remove(path);
        self.tier1s.remove(path);
        self.locale_services.remove(path);
        self.services.remove(path);
        self.endpoints.remove(path);
        self.ike_profiles.remove(path);
        self.tunnel_profiles.remove(path);
        self.dpd_profiles.remove(path);
        self.prefix_lists.remove(path);
        self.bgp.remove(path);
        self.neighbors.remove(path);
        if let Some(session) = self.sessions.remove(path) {
            take_out(&mut self.at_address.sessions, session.peer_address, path);
        }
        self.segments.remove(path);
        self.ports.remove(path);
        if let Some(peer) = self.peers.remove(path) {
            take_out(&mut self.at_address.peers, peer.address, path);
        }
        self.flows.remove(path);
        self.tap_services.remove(path);
        self.tap_flows.remove(path);
        self.tap_mirrors.remove(path);
        self.live_traces.remove(path);
        self.unique_ids.remove(path);
        self.devices.remove(path);
        self.links.remove(path);
        self.collections.remove(path);
    }

    /// The session at `path` with everything it refers to; none when that is not all
    /// known.
    pub fn wired(&self, path: &PolicyPath) -> Option<Wired<'_>> {
        let session = self.sessions.get(path)?;
        let (ike, tunnel) = match vpn::suite(session.suite) {
            Some(suite) => suite,
            None => (
                self.ike_profiles.get(session.ike_profile.as_ref()?)?.clone(),
                self.tunnel_profiles.get(session.tunnel_profile.as_ref()?)?.clone(),
            ),
        };
        let service = PolicyPath::parse(&session.service()).ok()?;
        Some(Wired {
            session,
            service_enabled: self.services.get(&service).is_some_and(|service| service.enabled),
            endpoint: self.endpoints.get(&session.endpoint)?,
            ike,
            tunnel,
            dpd: self.dpd_profiles.get(session.dpd_profile.as_ref()?)?.clone(),
        })
    }

    /// When the tap at `path` changes by itself next, after `now`.
    pub fn next_change_of_tap(&self, path: &PolicyPath, now: Moment) -> Option<Moment> {
        let service = self.tap_services.get(path).map(|service| service.life);
        let life = service.or_else(|| self.tap_flows.get(path).map(|flow| flow.life));
        life.and_then(|life| life.next_change(now))
    }

    /// The paths of all taps.
    pub fn taps(&self) -> impl Iterator<Item = &PolicyPath> {
        self.tap_services.keys().chain(self.tap_flows.keys()).chain(self.tap_mirrors.keys())
    }

    /// The name of the object at `path`, if it is a tap.
    pub fn name_of_tap(&self, path: &PolicyPath) -> Option<&str> {
        let service = self.tap_services.get(path).map(|service| &service.name);
        let flow = || self.tap_flows.get(path).map(|flow| &flow.name);
        let mirror = || self.tap_mirrors.get(path).map(|mirror| &mirror.name);
        service.or_else(flow).or_else(mirror).map(String::as_str)
    }

    /// The sessions that have `address` for their peer.
    pub fn sessions_towards(&self, address: IpAddr) -> impl Iterator<Item = &Session> {
        let paths = self.at_address.sessions.get(&address).into_iter().flatten();
        paths.filter_map(|path| self.sessions.get(path))
    }

    /// Who is at the address that `session` has for its peer. A simulated peer comes
    /// before another session.
    pub fn far_end(&self, session: &Session) -> FarEnd<'_> {
        let peers = self.at_address.peers.get(&session.peer_address);
        if let Some(peer) = peers.and_then(|paths| self.peers.get(paths.first()?)) {
            return FarEnd::Peer(peer);
        }
        let Some(own) = self.endpoints.get(&session.endpoint).map(|endpoint| endpoint.address) else {
            return FarEnd::Nobody;
        };
        let is_far = |other: &&Session| {
            let there = self.endpoints.get(&other.endpoint).is_some_and(|it| it.address == session.peer_address);
            other.path != session.path && there
        };
        let other = self.sessions_towards(own).find(is_far).and_then(|other| self.wired(&other.path));
        other.map_or(FarEnd::Nobody, |other| FarEnd::Session(Box::new(other)))
    }

    /// The BGP neighbors whose address lies in a subnet of the tunnel interface of
    /// `session`, with that subnet's own address.
    pub fn neighbors_of<'a>(&'a self, session: &'a Session) -> impl Iterator<Item = (&'a Neighbor, IpAddr)> {
        self.neighbors.values().filter_map(|neighbor| Some((neighbor, own_address_towards(session, neighbor)?)))
    }

    /// The session in whose tunnel subnet `neighbor` is, and the gateway's own address
    /// there.
    pub fn session_of(&self, neighbor: &Neighbor) -> Option<(&Session, IpAddr)> {
        self.sessions.values().find_map(|session| Some((session, own_address_towards(session, neighbor)?)))
    }

    /// The addresses of the far end in the tunnel of `session`: what it says, or the
    /// BGP neighbors there, or the other address of a /30, /31, /126 or /127.
    pub fn far_tunnel_addresses(&self, session: &Session) -> Vec<IpAddr> {
        let SessionKind::RouteBased { addresses, .. } = &session.kind else { return Vec::new() };
        match self.far_end(session) {
            FarEnd::Nobody => return Vec::new(),
            FarEnd::Session(other) => match &other.session.kind {
                SessionKind::RouteBased { addresses, .. } => return addresses.iter().map(|(own, _)| *own).collect(),
                SessionKind::PolicyBased { .. } => return Vec::new(),
            },
            FarEnd::Peer(peer) => {
                let there = |address: &&IpAddr| addresses.iter().any(|(_, network)| network.holds(**address));
                let said: Vec<IpAddr> = peer.tunnel_addresses.iter().filter(there).copied().collect();
                if !said.is_empty() {
                    return said;
                }
            }
        }
        let neighbors: Vec<IpAddr> = self.neighbors_of(session).map(|(neighbor, _)| neighbor.address).collect();
        let other_of_two = |(own, network): &(IpAddr, Network)| {
            if neighbors.iter().any(|address| network.holds(*address)) {
                return None;
            }
            network.other_end(*own)
        };
        let others: Vec<_> = addresses.iter().filter_map(other_of_two).collect();
        neighbors.into_iter().chain(others).collect()
    }
}

/// The gateway's own address in the tunnel subnet of `session` that `neighbor` is in.
fn own_address_towards(session: &Session, neighbor: &Neighbor) -> Option<IpAddr> {
    let SessionKind::RouteBased { addresses, .. } = &session.kind else { return None };
    let (own, _) = addresses.iter().find(|(_, network)| network.holds(neighbor.address))?;
    (session.gateway() == neighbor.gateway()).then_some(*own)
}
