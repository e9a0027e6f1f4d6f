//! Simulated peers: the far ends of VPN sessions, on the embedded engine. What is
//! not said of one, it does as the session expects.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::enumeration::words;
use super::field::{Default, Field, Record, Shape};
use super::ike_profile::{DhGroup, Digest, IkeEncryption, IkeVersion, default_digest, digest_fits_ciphers, is_aead};
use super::kind::Kind;
use super::network::Network;
use super::problem::{Place, Problem};
use super::reading::canonical;
use super::rule::{Facts, belongs_to_an_interface, has_no_space_around, refuse};
use super::session::is_v6;
use super::tree::Tree;
use super::tunnel_profile::EspEncryption;

words! {
    /// Where a route comes from (RFC 4271, section 5.1.1).
    pub enum RouteOrigin {
        /// From within the peer's network.
        Igp = "IGP",
        /// From EGP.
        Egp = "EGP",
        /// From elsewhere, such as a redistributed static route.
        Incomplete = "INCOMPLETE",
    }
}

/// Bytes of a packet that every link has to carry (RFC 791), and the longest packet.
const PATH_MTUS: Shape = Shape::Int(576, 65_535);

static IKE_PROPOSAL: Record = Record {
    doc: "Algorithms for IKE that the peer takes together.",
    fields: &[
        Field::required(
            "encryption_algorithms",
            Shape::List(&Shape::Enum(&IkeEncryption::WORDS), 1, 5),
            "Ciphers, the preferred one first.",
        ),
        Field::optional(
            "digest_algorithms",
            Shape::List(&Shape::Enum(&Digest::WORDS), 0, 4),
            "Digests for integrity, the preferred one first. GCM ciphers take none.",
        )
        .or(Default::Derived(default_digest, "`[]` with GCM ciphers only, `[\"SHA2_256\"]` otherwise")),
        Field::optional(
            "dh_groups",
            Shape::List(&Shape::Enum(&DhGroup::WORDS), 1, 8),
            "Diffie-Hellman groups, the preferred one first.",
        )
        .or(Default::Texts(&["GROUP14"])),
    ],
    rules: &[digest_fits_ciphers],
};

static ESP_PROPOSAL: Record = Record {
    doc: "Algorithms for tunnels that the peer takes together.",
    fields: &[
        Field::required(
            "encryption_algorithms",
            Shape::List(&Shape::Enum(&EspEncryption::WORDS), 1, 9),
            "Ciphers, the preferred one first.",
        ),
        Field::optional(
            "digest_algorithms",
            Shape::List(&Shape::Enum(&Digest::WORDS), 0, 4),
            "Digests for integrity, the preferred one first. GCM and GMAC ciphers take none.",
        )
        .or(Default::Derived(default_digest, "`[]` with GCM and GMAC ciphers only, `[\"SHA2_256\"]` otherwise")),
        Field::optional(
            "dh_groups",
            Shape::List(&Shape::Enum(&DhGroup::WORDS), 0, 8),
            "Diffie-Hellman groups for perfect forward secrecy, the preferred one first. Without any the peer does \
             without it.",
        ),
    ],
    rules: &[digest_fits_ciphers],
};

static TRAFFIC_SELECTOR: Record = Record {
    doc: "Traffic that the peer protects.",
    fields: &[
        Field::required("local", Shape::Network, "The network on the peer's side, in CIDR form."),
        Field::required("remote", Shape::Network, "The network on the gateway's side, in CIDR form."),
    ],
    rules: &[sides_are_of_one_family],
};

fn sides_are_of_one_family(selector: &Facts<'_>) -> Vec<Problem> {
    match (selector.text("local"), selector.text("remote")) {
        (Some(local), Some(remote)) if is_v6(Some(local)) != is_v6(Some(remote)) => vec![refuse(
            "remote",
            format!("{remote} is not of the same IP version as {local}"),
            "A packet's source and destination are of one IP version. Give networks of the same.",
        )],
        _ => Vec::new(),
    }
}

static ROUTE: Record = Record {
    doc: "A network the peer's BGP speaker announces. It lies behind the peer.",
    fields: &[
        Field::required("network", Shape::Network, "The network, in CIDR form."),
        Field::optional(
            "as_path",
            Shape::List(&Shape::AsNumber, 0, 255),
            "The AS numbers beyond the peer's own, the nearest first.",
        ),
        Field::optional("origin", Shape::Enum(&RouteOrigin::WORDS), "Where the peer has the route from.")
            .or(Default::Text("IGP")),
        Field::optional("med", Shape::Int(0, 4_294_967_295), "The multi-exit discriminator: the lower, the better.")
            .or(Default::Int(0)),
        Field::optional(
            "local_preference",
            Shape::Int(0, 4_294_967_295),
            "The local preference, the higher the better. Only a peer of the gateway's own AS sends it.",
        )
        .or(Default::Int(100)),
        Field::optional(
            "next_hop",
            Shape::Address,
            "The next hop that is announced. Unset, it is the speaker's own address.",
        ),
    ],
    rules: &[next_hop_is_usable, network_can_be_routed],
};

/// Networks of addresses that no packet is routed to by unicast: BGP speakers leave routes to
/// them aside (RFC 4271, section 6.3; RFC 6890).
fn network_can_be_routed(route: &Facts<'_>) -> Vec<Problem> {
    let Some(network) = route.text("network").and_then(|text| text.parse::<Network>().ok()) else { return Vec::new() };
    let what = match network.first() {
        _ if network.length() < 4 => return Vec::new(),
        first if first.is_multicast() => "multicast",
        first if network.length() >= 8 && first.is_loopback() => "loopback",
        IpAddr::V4(first) if network.length() >= 16 && first.is_link_local() => "link-local",
        IpAddr::V6(first) if network.length() >= 10 && first.is_unicast_link_local() => "link-local",
        _ => return Vec::new(),
    };
    vec![refuse(
        "network",
        format!("{network} holds {what} addresses only"),
        "No speaker uses a route to them. Leave it out.",
    )]
}

fn next_hop_is_usable(route: &Facts<'_>) -> Vec<Problem> {
    let (network, next_hop) = (route.text("network"), route.text("next_hop"));
    // IPv6 next hops of IPv4 routes (RFC 8950) are not announced.
    let other = match (network, next_hop) {
        (Some(network), Some(next_hop)) if is_v6(Some(network)) != is_v6(Some(next_hop)) => Some(refuse(
            "next_hop",
            format!("{next_hop} is not of the same IP version as {network}"),
            "Give an address of the route's IP version, or leave it out for the speaker's own.",
        )),
        _ => None,
    };
    belongs_to_an_interface(Place::default().field("next_hop"), next_hop).into_iter().chain(other).collect()
}

static GRACEFUL_RESTART: Record = Record {
    doc: "Graceful restart (RFC 4724) of the peer's BGP speaker.",
    fields: &[
        Field::optional("enabled", Shape::Bool, "Whether the peer announces that it can restart gracefully.")
            .or(Default::Bool(true)),
        Field::optional("restart_time", Shape::Int(1, 4_095), "Seconds its routes are kept while it restarts.")
            .or(Default::Int(120)),
    ],
    rules: &[],
};

static BFD: Record = Record {
    doc: "Bidirectional forwarding detection (RFC 5880) of the peer's BGP speaker.",
    fields: &[
        Field::optional("enabled", Shape::Bool, "Whether BFD runs.").or(Default::Bool(true)),
        Field::optional("interval", Shape::Int(50, 60_000), "Milliseconds between control packets.")
            .or(Default::Int(500)),
        Field::optional(
            "multiple",
            Shape::Int(2, 16),
            "How many packets in a row are missed before the gateway is taken for dead.",
        )
        .or(Default::Int(3)),
    ],
    rules: &[],
};

const FILTERS: Shape = Shape::List(&Shape::Path(&["prefix_list"]), 0, 1);

static SPEAKER: Record = Record {
    doc: "The peer's BGP speaker.",
    fields: &[
        Field::optional("as_number", Shape::AsNumber, "The peer's AS number. Unset, it is the one the gateway's BGP neighbor expects."),
        Field::optional("router_id", Shape::Address, "The BGP identifier, an IPv4 address. Unset, it is the peer's address in the tunnel."),
        Field::optional(
            "address",
            Shape::Address,
            "The speaker's address. Unset, it is the peer's address in the tunnel; another one needs a neighbor with a \
             `maximum_hop_limit` above 1.",
        ),
        Field::optional("password", Shape::Text(0, 32), "The key of the connection (TCP MD5, RFC 2385). `\"\"` is no password.").secret(),
        Field::optional("keep_alive_time", Shape::Int(1, 65_535), "Seconds between keepalive messages.").or(Default::Int(60)),
        Field::optional("hold_down_time", Shape::Int(3, 65_535), "Seconds without a message after which the gateway is taken for dead. Both speakers use the smaller of their two.")
            .or(Default::Int(180)),
        Field::optional("running", Shape::Bool, "Whether the speaker runs. Set to `false`, it stops without a word, as in a crash, and its routes are kept if graceful restart allows it.").or(Default::Bool(true)),
        Field::optional("allow_as_in", Shape::Bool, "Whether the peer learns routes although their AS path holds its own AS.")
            .or(Default::Bool(false)),
        Field::optional("routes", Shape::Records(&ROUTE, 0, 1_000_000), "The networks the peer announces.").singular("route"),
        Field::optional("in_route_filters", FILTERS, "The path of the prefix list that routes must pass which the peer learns."),
        Field::optional("out_route_filters", FILTERS, "The path of the prefix list that routes must pass which the peer announces."),
        Field::optional("graceful_restart", Shape::Record(&GRACEFUL_RESTART), "Graceful restart (RFC 4724). Without the block the peer knows nothing of it."),
        Field::optional("bfd", Shape::Record(&BFD), "Bidirectional forwarding detection (RFC 5880). Without the block the peer knows nothing of it."),
    ],
    rules: &[router_id_is_one, speaker_address_is_usable, networks_are_announced_once, speaker_has_no_space_around],
};

fn router_id_is_one(speaker: &Facts<'_>) -> Vec<Problem> {
    let what = match speaker.text("router_id").and_then(|id| id.parse::<IpAddr>().ok()) {
        Some(IpAddr::V6(id)) => format!("{id} is no IPv4 address"),
        Some(IpAddr::V4(id)) if id.is_unspecified() => format!("{id} is no BGP identifier"),
        _ => return Vec::new(),
    };
    vec![refuse("router_id", what, "A BGP identifier is written as an IPv4 address and is not zero (RFC 6286).")]
}

fn speaker_address_is_usable(speaker: &Facts<'_>) -> Vec<Problem> {
    belongs_to_an_interface(Place::default().field("address"), speaker.text("address")).into_iter().collect()
}

fn networks_are_announced_once(speaker: &Facts<'_>) -> Vec<Problem> {
    let mut seen = BTreeSet::new();
    let routes = speaker.items("routes").iter().enumerate();
    let networks = routes.filter_map(|(position, route)| Some((position, route.get("network").text()?)));
    let again = networks.filter(|(_, network)| !seen.insert(*network));
    again
        .map(|(position, network)| {
            Problem::refused(
                Place::default().field("routes").item(position).field("network"),
                format!("{network} is announced twice"),
                "A speaker announces one route to a network: a second one replaces the first (RFC 4271). Keep one of \
                 them.",
            )
        })
        .collect()
}

fn speaker_has_no_space_around(speaker: &Facts<'_>) -> Vec<Problem> {
    has_no_space_around(speaker, "password").into_iter().collect()
}

fn own_identity(peer: &Tree) -> Tree {
    match (peer.get("certificate_subject"), peer.get("address")) {
        (Tree::Null, Tree::Null) => Tree::Unknown,
        (Tree::Null, address) => canonical(&Shape::Address, address),
        (subject, _) => subject.clone(),
    }
}

fn proves_itself(peer: &Facts<'_>) -> Vec<Problem> {
    if peer.set("psk") && peer.set("certificate_subject") {
        return vec![refuse(
            "certificate_subject",
            "certificate_subject cannot be used with psk",
            "A peer proves who it is by one of them. Remove the other.",
        )];
    }
    if peer.unset("psk") && peer.unset("certificate_subject") {
        return vec![refuse(
            "psk",
            "The peer has nothing to prove itself with",
            "Set psk to the key of its sessions, or certificate_subject to the subject of its certificate.",
        )];
    }
    Vec::new()
}

/// IKEv1 has no proposals with ciphers that authenticate as well (RFC 5282 is for IKEv2).
fn gcm_needs_ike_v2(peer: &Facts<'_>) -> Vec<Problem> {
    if peer.text("ike_version").and_then(IkeVersion::parse) != Some(IkeVersion::V1) {
        return Vec::new();
    }
    let proposals = peer.items("ike_proposals").iter().enumerate();
    let only_gcm = proposals.filter(|(_, proposal)| {
        let ciphers = proposal.get("encryption_algorithms").items();
        !ciphers.is_empty() && ciphers.iter().all(|cipher| cipher.text().is_some_and(is_aead))
    });
    only_gcm
        .map(|(position, _)| {
            Problem::refused(
                Place::default().field("ike_proposals").item(position).field("encryption_algorithms"),
                "GCM ciphers cannot be used with ike_version IKE_V1",
                "IKE uses GCM with version 2 only. Add AES_128 or AES_256, or leave ike_version out.",
            )
        })
        .collect()
}

fn addresses_are_usable(peer: &Facts<'_>) -> Vec<Problem> {
    let own = belongs_to_an_interface(Place::default().field("address"), peer.text("address"));
    let in_tunnels = peer.items("tunnel_addresses").iter().enumerate().filter_map(|(position, address)| {
        belongs_to_an_interface(Place::default().field("tunnel_addresses").item(position), address.text())
    });
    own.into_iter().chain(in_tunnels).collect()
}

fn key_has_no_space_around(peer: &Facts<'_>) -> Vec<Problem> {
    has_no_space_around(peer, "psk").into_iter().collect()
}

/// Simulated peers.
pub static SIMULATED_PEER: Kind = Kind {
    name: "simulated_peer",
    title: "simulated peer",
    resource_type: "SimulatedPeer",
    places: &[&["infra", "simulated-peers", "*"]],
    record: &Record {
        doc: "The far end of VPN sessions, on the embedded engine only: the sessions whose `peer_address` is its \
              `address` negotiate with it. It has its own algorithms, networks and BGP speaker; one that names only an \
              address and a key takes what the session offers. It exists nowhere else, and shows what a session will do \
              when the real peer is configured like this.",
        fields: &[
            Field::required("address", Shape::Address, "The address at which the peer is reached: the `peer_address` of its sessions."),
            Field::optional("ike_id", Shape::Text(1, 255), "How the peer identifies itself: what its sessions have as `peer_id`.")
                .or(Default::Derived(own_identity, "`certificate_subject` or `address`")),
            Field::optional("remote_id", Shape::Text(1, 255), "How the gateway has to identify itself to the peer: the `local_id` of the local endpoint. Unset, the peer takes any."),
            Field::optional("psk", Shape::Text(0, 128), "The pre-shared key. Required unless the peer has a certificate.").secret(),
            Field::optional("certificate_subject", Shape::Text(1, 255), "The subject's distinguished name of the peer's certificate, with which it proves itself instead of a key."),
            Field::optional("ike_version", Shape::Enum(&IkeVersion::WORDS), "The versions of IKE the peer speaks. Unset, those of the session."),
            Field::optional("ike_proposals", Shape::Records(&IKE_PROPOSAL, 0, 16), "What the peer takes for IKE, the preferred proposal first. Without any, what the session offers.")
                .singular("ike_proposal"),
            Field::optional("ike_sa_life_time", Shape::Int(60, 31_536_000), "How long an IKE SA lives, in seconds. Unset, as long as the session's."),
            Field::optional("esp_proposals", Shape::Records(&ESP_PROPOSAL, 0, 16), "What the peer takes for tunnels, the preferred proposal first. Without any, what the session offers.")
                .singular("esp_proposal"),
            Field::optional("tunnel_sa_life_time", Shape::Int(60, 31_536_000), "How long a tunnel's security association lives, in seconds. Unset, as long as the session's."),
            Field::optional("traffic_selectors", Shape::Records(&TRAFFIC_SELECTOR, 0, 1_000), "The traffic the peer protects. Without any, what the session's rules say, and everything for a route-based session.")
                .singular("traffic_selector"),
            Field::optional("tunnel_addresses", Shape::Set(&Shape::Address, 0, 16), "The peer's addresses in the tunnels of route-based sessions. Unset, those of the gateway's BGP neighbors there, or else the other address of a /30 or /31."),
            Field::optional("initiates", Shape::Bool, "Whether the peer opens sessions itself; otherwise it only answers. Unset, it opens those that the gateway opens as well, or only answers (`INITIATOR`, `RESPOND_ONLY`), and leaves those that wait for traffic (`ON_DEMAND`) to the gateway."),
            Field::optional("networks", Shape::Set(&Shape::Network, 0, 100_000), "Networks behind the peer, besides those its BGP speaker announces. Unset, its own sides of `traffic_selector`, or, without any, the destinations of the rules of its policy-based sessions."),
            Field::optional("bgp", Shape::Record(&SPEAKER), "The peer's BGP speaker. Without the block the peer speaks no BGP."),
            Field::optional("latency", Shape::Int(0, 60_000), "Milliseconds that a packet takes from the gateway to the peer.").or(Default::Int(5)),
            Field::optional("path_mtu", PATH_MTUS, "The largest packet that reaches the peer, in bytes.").or(Default::Int(1_500)),
            Field::optional("reachable", Shape::Bool, "Whether packets reach the peer. Set to `false`, they are lost: the peer is dead, and nobody says so.").or(Default::Bool(true)),
            Field::optional("behind_nat", Shape::Bool, "Whether the peer is behind NAT, so that tunnels go through UDP (NAT traversal, RFC 3948).").or(Default::Bool(false)),
        ],
        rules: &[proves_itself, gcm_needs_ike_v2, addresses_are_usable, key_has_no_space_around],
    },
    default_parent: None,
};
