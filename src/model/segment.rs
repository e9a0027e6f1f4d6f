//! Segments: the networks of the SDDC's workloads.

use std::net::IpAddr;

use super::enumeration::words;
use super::field::{Default, Field, Record, Shape};
use super::kind::Kind;
use super::network::interface_address;
use super::problem::{Place, Problem};
use super::rule::{Facts, refuse};
use super::tree::Tree;

words! {
    /// How a segment is connected.
    pub enum SegmentType {
        /// To the gateway: its networks are routed.
        Routed = "ROUTED",
        /// To a network outside, by a layer 2 VPN.
        Extended = "EXTENDED",
        /// Both.
        RoutedAndExtended = "ROUTED_AND_EXTENDED",
        /// To nothing.
        Disconnected = "DISCONNECTED",
    }
}

words! {
    /// Whether something is in operation.
    pub enum AdminState {
        /// In operation.
        Up = "UP",
        /// Out of operation.
        Down = "DOWN",
    }
}

words! {
    /// How broadcasts reach the hosts of an overlay segment.
    pub enum ReplicationMode {
        /// By one proxy in each remote subnet.
        Mtep = "MTEP",
        /// By the source to every host.
        Source = "SOURCE",
    }
}

static SUBNET: Record = Record {
    doc: "A network of the segment.",
    fields: &[
        Field::required(
            "gateway_address",
            Shape::InterfaceAddress,
            "The gateway's address with the length of the prefix: `192.168.1.1/24`.",
        ),
        Field::optional(
            "dhcp_ranges",
            Shape::List(&Shape::AddressRange, 0, 99),
            "Addresses that DHCP gives out: `192.168.1.100-192.168.1.200`.",
        ),
        Field::read_only("network", Shape::Network, "The network in CIDR form; it follows from `gateway_address`.")
            .or(Default::Derived(network_of, "")),
    ],
    rules: &[gateway_is_a_host, ranges_lie_in_the_network, ranges_are_free],
};

fn network_of(subnet: &Tree) -> Tree {
    match subnet.get("gateway_address") {
        Tree::Text(text) => interface_address(text).map_or(Tree::Null, |(_, network)| network.to_string().into()),
        other => other.clone(),
    }
}

fn gateway_is_a_host(subnet: &Facts<'_>) -> Vec<Problem> {
    let Some(Ok((address, network))) = subnet.text("gateway_address").map(interface_address) else { return Vec::new() };
    let small = network.length() + 1 >= network.longest();
    let reserved = !small && (address == network.first() || address.is_ipv4() && address == network.last());
    if !reserved {
        return Vec::new();
    }
    let which = if address == network.first() { "network" } else { "broadcast" };
    vec![refuse(
        "gateway_address",
        format!("{address} is the {which} address of {network}"),
        "Give the address of the gateway in the network, such as its first host.",
    )]
}

fn ranges_lie_in_the_network(subnet: &Facts<'_>) -> Vec<Problem> {
    let Some(Ok((_, network))) = subnet.text("gateway_address").map(interface_address) else { return Vec::new() };
    let outside = |range: &str| ends(range).is_some_and(|(first, last)| !network.holds(first) || !network.holds(last));
    subnet
        .items("dhcp_ranges")
        .iter()
        .enumerate()
        .filter_map(|(position, range)| Some((position, range.text().filter(|range| outside(range))?)))
        .map(|(position, range)| {
            let place = Place::default().field("dhcp_ranges").item(position);
            Problem::refused(place, format!("{range} does not lie in {network}"), "Give addresses of the subnet.")
        })
        .collect()
}

/// The addresses of a range, the first and the last.
fn ends(range: &str) -> Option<(IpAddr, IpAddr)> {
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    Some((first.parse().ok()?, last.parse().ok()?))
}

/// No address is given out twice, and the gateway's own is not.
fn ranges_are_free(subnet: &Facts<'_>) -> Vec<Problem> {
    let gateway = subnet.text("gateway_address").and_then(|text| interface_address(text).ok());
    let ranges: Vec<_> = subnet.items("dhcp_ranges").iter().map(|range| ends(range.text()?)).collect();
    let mut problems = Vec::new();
    for (position, range) in ranges.iter().enumerate() {
        let Some((first, last)) = *range else { continue };
        let mut refuse = |what: String, hint: &str| {
            problems.push(Problem::refused(Place::default().field("dhcp_ranges").item(position), what, hint));
        };
        if let Some((address, _)) = gateway.filter(|(address, _)| (first..=last).contains(address)) {
            refuse(format!("{first}-{last} holds the gateway's own address {address}"), "Leave it out of the range.");
        }
        let overlaps = |other: &&(IpAddr, IpAddr)| other.0 <= last && first <= other.1;
        if let Some((from, to)) = ranges[..position].iter().flatten().find(overlaps) {
            refuse(format!("{first}-{last} overlaps {from}-{to}"), "Give out each address once.");
        }
    }
    problems
}

fn subnets_differ_in_version(segment: &Facts<'_>) -> Vec<Problem> {
    let version = |subnet: &Tree| Some(subnet.get("gateway_address").text()?.contains(':'));
    let versions: Option<Vec<_>> = segment.items("subnets").iter().map(version).collect();
    match versions.as_deref() {
        Some([first, second]) if first == second => vec![refuse(
            "subnets",
            "Both subnets of the segment are of the same IP version",
            "Give one subnet, or one IPv4 and one IPv6 subnet.",
        )],
        _ => Vec::new(),
    }
}

/// Segments.
pub static SEGMENT: Kind = Kind {
    name: "segment",
    title: "segment",
    resource_type: "Segment",
    pattern: &["infra", "tier-1s", "*", "segments", "*"],
    record: &Record {
        doc: "A network of the SDDC's workloads, connected to a tier-1 gateway.",
        fields: &[
            Field::optional(
                "subnets",
                Shape::Records(&SUBNET, 0, 2),
                "The networks of the segment: one, or one of each IP version.",
            )
            .singular("subnet"),
            Field::optional("type", Shape::Enum(&SegmentType::WORDS), "How the segment is connected.")
                .or(Default::Text("ROUTED")),
            Field::optional("domain_name", Shape::Text(1, 255), "The DNS domain that workloads are given by DHCP."),
            Field::optional("admin_state", Shape::Enum(&AdminState::WORDS), "Whether the segment is in operation.")
                .or(Default::Text("UP")),
            Field::optional(
                "replication_mode",
                Shape::Enum(&ReplicationMode::WORDS),
                "How broadcasts, unknown unicasts and multicasts reach the hosts of the segment.",
            )
            .or(Default::Text("MTEP")),
        ],
        rules: &[subnets_differ_in_version],
    },
    default_parent: Some(super::system::COMPUTE_GATEWAY),
};
