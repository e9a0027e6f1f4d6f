//! The world around the SDDC: simulated peers and flows.

use std::net::{IpAddr, Ipv4Addr};

use super::read::Doc;
use super::routing::{Bfd, bfd};
use super::vpn::{Credential, EspAlgorithms, IkeAlgorithms, esp_algorithms, ike_algorithms};
use crate::engine::Moment;
use crate::model::timestamp::Timestamp;
use crate::model::{AsNumber, FlowProtocol, IkeVersion, Network, PolicyPath, RouteOrigin, Tree};

/// A simulated peer. What it does not say is none here: it does as the session
/// expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its policy path.
    pub path: PolicyPath,
    /// The name people see.
    pub display_name: String,
    /// Where it is reached.
    pub address: IpAddr,
    /// How it identifies itself.
    pub id: String,
    /// How the gateway has to identify itself; none: anyhow.
    pub remote_id: Option<String>,
    /// How it proves who it is, and the gateway has to.
    pub credential: Credential,
    /// The versions of IKE it speaks.
    pub ike_version: Option<IkeVersion>,
    /// What it takes for IKE, in order; empty: what the session offers.
    pub ike_proposals: Vec<IkeAlgorithms>,
    /// Seconds an IKE SA lives.
    pub ike_life_time: Option<u32>,
    /// What it takes for tunnels, in order; empty: what the session offers.
    pub esp_proposals: Vec<EspAlgorithms>,
    /// Seconds a tunnel's security association lives.
    pub tunnel_life_time: Option<u32>,
    /// The traffic it protects: its own side, and the gateway's; empty: what the
    /// session says.
    pub selectors: Vec<(Network, Network)>,
    /// Its addresses in tunnels.
    pub tunnel_addresses: Vec<IpAddr>,
    /// Whether it opens sessions itself; none: unless the gateway waits for traffic.
    pub initiates: Option<bool>,
    /// Networks behind it, besides those it announces; none: as its sessions say.
    pub networks: Option<Vec<Network>>,
    /// Its BGP speaker.
    pub bgp: Option<Speaker>,
    /// Milliseconds to it, one way.
    pub latency: u32,
    /// The largest packet that reaches it.
    pub path_mtu: usize,
    /// Whether packets reach it.
    pub reachable: bool,
    /// Whether it is behind NAT.
    pub behind_nat: bool,
}

impl Peer {
    /// The networks behind it, besides those it announces: those it declares, or else its own sides of its
    /// traffic selectors, or else the `destinations` of its policy-based sessions.
    pub fn behind<D: Iterator<Item = Network>>(&self, destinations: impl FnOnce() -> D) -> Vec<Network> {
        match (&self.networks, &self.selectors[..]) {
            (Some(networks), _) => networks.clone(),
            (None, []) => destinations().collect(),
            (None, selectors) => selectors.iter().map(|(own, _)| *own).collect(),
        }
    }
}

/// The BGP speaker of a simulated peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Speaker {
    /// Its AS; none: the one that is expected.
    pub as_number: Option<AsNumber>,
    /// Its BGP identifier.
    pub router_id: Option<Ipv4Addr>,
    /// Its address; none: the peer's in the tunnel.
    pub address: Option<IpAddr>,
    /// The key of the connection.
    pub password: Option<String>,
    /// Seconds between keepalives.
    pub keep_alive_time: u32,
    /// Seconds without a message after which the gateway is taken for dead.
    pub hold_down_time: u32,
    /// Whether it runs.
    pub running: bool,
    /// Whether it learns routes with its own AS in their path.
    pub allow_as_in: bool,
    /// What it announces.
    pub routes: Vec<SpeakerRoute>,
    /// The prefix list that routes must pass which it learns.
    pub inbound: Option<PolicyPath>,
    /// The prefix list that routes must pass which it announces.
    pub outbound: Option<PolicyPath>,
    /// Seconds its routes are kept while it restarts, if it announces graceful
    /// restart.
    pub restart_time: Option<u32>,
    /// BFD, if it runs.
    pub bfd: Option<Bfd>,
}

/// A route that a simulated peer announces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpeakerRoute {
    /// The network.
    pub network: Network,
    /// The AS numbers beyond its own.
    pub as_path: Vec<AsNumber>,
    /// Where it has the route from.
    pub origin: RouteOrigin,
    /// The multi-exit discriminator.
    pub med: u32,
    /// The local preference, between speakers of one AS.
    pub local_preference: u32,
    /// The next hop; none: the speaker's address.
    pub next_hop: Option<IpAddr>,
}

/// A simulated flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Its policy path.
    pub path: PolicyPath,
    /// Who sends.
    pub source: IpAddr,
    /// To whom.
    pub destination: IpAddr,
    /// What the packets carry.
    pub protocol: FlowProtocol,
    /// The port it sends from.
    pub source_port: u16,
    /// The port it sends to.
    pub destination_port: u16,
    /// How many packets each second.
    pub packets_per_second: u32,
    /// Bytes of each packet.
    pub packet_size: usize,
    /// Bytes of each answer; none: there is none.
    pub reply_packet_size: Option<usize>,
    /// Whether packets must not be fragmented.
    pub dont_fragment: bool,
    /// How many hops packets may go.
    pub time_to_live: u8,
    /// When it starts to send.
    pub start: Moment,
    /// When it stops.
    pub stop: Option<Moment>,
}

/// The port a flow sends from that names none: the first of the dynamic ones
/// (RFC 6335).
const DYNAMIC_PORT: u16 = 49_152;

pub(super) fn peer(path: &PolicyPath, tree: &Tree) -> Option<Peer> {
    let doc = Doc(tree);
    let address = doc.address("address")?;
    let subject = doc.string("certificate_subject");
    let credential = match &subject {
        Some(_) => Credential::Certificate,
        None => Credential::Psk(doc.string("psk").unwrap_or_default()),
    };
    let speaker_doc = doc.get("bgp");
    let networks: Vec<Network> = doc.all_parsed("networks");
    Some(Peer {
        path: path.clone(),
        display_name: doc.string("display_name").unwrap_or_else(|| path.id().to_owned()),
        address,
        id: doc.string("ike_id").or(subject).unwrap_or_else(|| address.to_string()),
        remote_id: doc.string("remote_id"),
        credential,
        ike_version: doc.word("ike_version", IkeVersion::parse),
        ike_proposals: doc.items("ike_proposals").map(ike_algorithms).collect(),
        ike_life_time: doc.number("ike_sa_life_time"),
        esp_proposals: doc.items("esp_proposals").map(esp_algorithms).collect(),
        tunnel_life_time: doc.number("tunnel_sa_life_time"),
        selectors: doc
            .items("traffic_selectors")
            .filter_map(|it| Some((it.parsed("local")?, it.parsed("remote")?)))
            .collect(),
        tunnel_addresses: doc.all_parsed("tunnel_addresses"),
        initiates: doc.0.get("initiates").bool(),
        networks: (!networks.is_empty()).then_some(networks),
        bgp: (!speaker_doc.is_null()).then(|| speaker(speaker_doc)),
        latency: doc.number("latency").unwrap_or(5),
        path_mtu: doc.number("path_mtu").unwrap_or(1_500),
        reachable: doc.bool("reachable", true),
        behind_nat: doc.bool("behind_nat", false),
    })
}

fn speaker(doc: Doc<'_>) -> Speaker {
    let restart = doc.get("graceful_restart");
    let restarts = !restart.is_null() && restart.bool("enabled", true);
    Speaker {
        as_number: doc.as_number("as_number"),
        router_id: doc.parsed("router_id"),
        address: doc.address("address"),
        password: doc.string("password").filter(|password| !password.is_empty()),
        keep_alive_time: doc.number("keep_alive_time").unwrap_or(60),
        hold_down_time: doc.number("hold_down_time").unwrap_or(180),
        running: doc.bool("running", true),
        allow_as_in: doc.bool("allow_as_in", false),
        routes: doc.items("routes").filter_map(speaker_route).collect(),
        inbound: doc.first_path("in_route_filters"),
        outbound: doc.first_path("out_route_filters"),
        restart_time: restarts.then(|| restart.number("restart_time").unwrap_or(120)),
        bfd: bfd(doc.get("bfd"), true),
    }
}

fn speaker_route(doc: Doc<'_>) -> Option<SpeakerRoute> {
    Some(SpeakerRoute {
        network: doc.parsed("network")?,
        as_path: doc.all_parsed("as_path"),
        origin: doc.word("origin", RouteOrigin::parse).unwrap_or(RouteOrigin::Igp),
        med: doc.number("med").unwrap_or(0),
        local_preference: doc.number("local_preference").unwrap_or(100),
        next_hop: doc.address("next_hop"),
    })
}

pub(super) fn flow(path: &PolicyPath, tree: &Tree) -> Option<Flow> {
    let doc = Doc(tree);
    let (source, destination) = (doc.address("source")?, doc.address("destination")?);
    let protocol = doc.word("protocol", FlowProtocol::parse).unwrap_or(FlowProtocol::Udp);
    let time = |field| doc.parsed::<Timestamp>(field).map(|time| Moment(time.0));
    let created = doc.number::<i64>("_create_time").map(Moment);
    let packet_size: usize = doc.number("packet_size").unwrap_or(100);
    let acknowledgement = if source.is_ipv4() { 40 } else { 60 };
    let reply = match protocol {
        FlowProtocol::Tcp => Some(acknowledgement),
        FlowProtocol::Udp => None,
        FlowProtocol::Icmp => Some(packet_size),
    };
    let has_ports = protocol != FlowProtocol::Icmp;
    Some(Flow {
        path: path.clone(),
        source,
        destination,
        protocol,
        source_port: doc.number("source_port").unwrap_or(if has_ports { DYNAMIC_PORT } else { 0 }),
        destination_port: doc.number("destination_port").unwrap_or(0),
        packets_per_second: doc.number("packets_per_second").unwrap_or(1),
        packet_size,
        reply_packet_size: doc.number("reply_packet_size").or(reply),
        dont_fragment: doc.bool("dont_fragment", protocol == FlowProtocol::Tcp),
        time_to_live: doc.number("time_to_live").unwrap_or(64),
        start: time("start_time").or(created).unwrap_or(Moment(0)),
        stop: time("stop_time"),
    })
}
