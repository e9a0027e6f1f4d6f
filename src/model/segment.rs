//! Segments: the networks of the SDDC's workloads.

use std::net::IpAddr;

use super::enumeration::words;
use super::field::{Default, Field, Record, Shape};
use super::gateway::{Connectivity, DHCP_CONFIGS};
use super::kind::Kind;
use super::network::{Network, interface_address};
use super::problem::{Place, Problem};
use super::rule::{Facts, belongs_to_an_interface, refuse};
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
            "Addresses that DHCP gives out: `192.168.1.100-192.168.1.200`. They lie in the subnet, leave out the \
             gateway's, and do not overlap.",
        ),
        Field::read_only("network", Shape::Network, "The network in CIDR form; it follows from `gateway_address`.")
            .or(Default::Derived(network_of, "")),
    ],
    rules: &[gateway_is_a_host, ranges_lie_in_the_network, ranges_do_not_overlap],
};

fn network_of(subnet: &Tree) -> Tree {
    match subnet.get("gateway_address") {
        Tree::Text(text) => interface_address(text).map_or(Tree::Null, |(_, network)| network.to_string().into()),
        other => other.clone(),
    }
}

fn gateway_is_a_host(subnet: &Facts<'_>) -> Vec<Problem> {
    let Some(Ok((address, network))) = subnet.text("gateway_address").map(interface_address) else { return Vec::new() };
    let place = Place::default().field("gateway_address");
    if let Some(problem) = belongs_to_an_interface(place, Some(&address.to_string())) {
        return vec![problem];
    }
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

/// The DHCP ranges of a subnet that are known, with their positions, first and
/// last addresses.
fn ranges<'a>(subnet: &Facts<'a>) -> impl Iterator<Item = (usize, &'a str, IpAddr, IpAddr)> {
    subnet.items("dhcp_ranges").iter().enumerate().filter_map(|(position, range)| {
        let text = range.text()?;
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        Some((position, text, first.parse().ok()?, last.parse().ok()?))
    })
}

fn ranges_lie_in_the_network(subnet: &Facts<'_>) -> Vec<Problem> {
    let Some(Ok((gateway, network))) = subnet.text("gateway_address").map(interface_address) else { return Vec::new() };
    ranges(subnet)
        .filter_map(|(position, text, first, last)| {
            let (what, hint) = if !network.holds(first) || !network.holds(last) {
                (format!("{text} does not lie in {network}"), "Give addresses of the subnet.")
            } else if (first..=last).contains(&gateway) {
                let hint = "A workload must not be given the gateway's address: leave it out of the range.";
                (format!("{text} holds the gateway's address {gateway}"), hint)
            } else {
                return None;
            };
            Some(Problem::refused(Place::default().field("dhcp_ranges").item(position), what, hint))
        })
        .collect()
}

fn ranges_do_not_overlap(subnet: &Facts<'_>) -> Vec<Problem> {
    let mut known: Vec<_> = ranges(subnet).collect();
    known.sort_by_key(|&(position, _, first, _)| (first, position));
    let overlap = |pair: &[(usize, &str, IpAddr, IpAddr)]| {
        let [(before, one, _, last), (after, other, first, _)] = *pair else { return None };
        let place = Place::default().field("dhcp_ranges").item(before.max(after));
        let (text, earlier) = if before < after { (other, one) } else { (one, other) };
        let hint = "An address can be given out by one range only. Join the ranges, or part them.";
        (first <= last).then(|| Problem::refused(place, format!("{text} overlaps {earlier}"), hint))
    };
    known.windows(2).filter_map(overlap).collect()
}

fn subnets_do_not_overlap(segment: &Facts<'_>) -> Vec<Problem> {
    let networks: Vec<Option<Network>> = segment
        .items("subnets")
        .iter()
        .map(|subnet| interface_address(subnet.get("gateway_address").text()?).ok().map(|(_, network)| network))
        .collect();
    let mut problems = Vec::new();
    for (position, network) in networks.iter().enumerate() {
        let Some(network) = network else { continue };
        if let Some(other) = networks[..position].iter().flatten().find(|o| o.covers(*network) || network.covers(**o)) {
            problems.push(Problem::refused(
                Place::default().field("subnets").item(position).field("gateway_address"),
                format!("{network} overlaps {other} of the same segment"),
                "Give each subnet of the segment a network of its own.",
            ));
        }
    }
    problems
}

words! {
    /// What becomes of packets whose source is not routed to where they come from.
    pub enum UrpfMode {
        /// They pass.
        None = "NONE",
        /// They are dropped.
        Strict = "STRICT",
    }
}

/// Whether the gateway routes the networks of a segment. One that is connected to
/// nothing, or only stretched from outside, may have any.
pub(super) fn is_routed(segment: &Tree) -> bool {
    let routed = [SegmentType::Routed, SegmentType::RoutedAndExtended].map(SegmentType::word);
    segment.get("type").text().is_some_and(|kind| routed.contains(&kind))
}

/// The gateway that a segment right below `/infra` is connected to.
pub(super) const CONNECTIVITY_PATH: &str = "connectivity_path";

/// The gateway that `segment` is connected to, as it says itself.
pub(super) fn gateway(kind: &Kind, segment: &Tree) -> Option<String> {
    segment.get(CONNECTIVITY_PATH).text().filter(|_| *kind == SEGMENT).map(str::to_owned)
}

/// Where transport zones lie.
const TRANSPORT_ZONES: &[&str] = &["/infra/sites/*/enforcement-points/*/transport-zones/"];

/// A field of segments that Terraform does not show: its segments lie below their
/// gateway, and on the overlay.
const fn hidden(name: &'static str, shape: Shape) -> Field {
    Field::optional(name, shape, "")
}

static ADVANCED: Record = Record {
    doc: "Rarely needed settings of a segment.",
    fields: &[
        Field::optional("connectivity", Shape::Enum(&Connectivity::WORDS), "Whether the segment is connected.")
            .or(Default::Text("ON")),
        Field::optional("hybrid", Shape::Bool, "Whether the segment has workloads outside of it."),
        Field::optional("local_egress", Shape::Bool, "Whether traffic leaves at the site it comes from."),
        Field::optional("multicast", Shape::Bool, "Whether the segment routes multicasts."),
        Field::optional("inter_router", Shape::Bool, "Whether the segment connects routers."),
        Field::optional(
            "urpf_mode",
            Shape::Enum(&UrpfMode::WORDS),
            "Whether packets are dropped whose source is not routed to the segment.",
        ),
        Field::optional("uplink_teaming_policy_name", Shape::Text(1, 255), "How the uplinks of hosts are used."),
    ],
    rules: &[],
};

/// A segment below a gateway is connected to that one; one right below `/infra` says which.
fn is_connected_to_its_parent(segment: &Facts<'_>) -> Vec<Problem> {
    let gateway = segment.parent.filter(|parent| *parent != "/infra");
    let (Some(parent), Some(said)) = (gateway, segment.text(CONNECTIVITY_PATH)) else { return Vec::new() };
    let hint = "Leave it out: a segment below a gateway is connected to that one. Others lie below /infra/segments.";
    let what = format!("connectivity_path {said} is not the gateway {parent} that the segment lies below");
    if said == parent { Vec::new() } else { vec![refuse(CONNECTIVITY_PATH, what, hint)] }
}

/// A VLAN, or a range of them.
fn vlans_exist(segment: &Facts<'_>) -> Vec<Problem> {
    let is_vlan = |text: &str| text.parse::<u16>().ok().filter(|vlan| *vlan <= 4_094);
    let stray = |(position, vlan): (usize, &Tree)| {
        let text = vlan.text()?;
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let fits = is_vlan(first).zip(is_vlan(last)).is_some_and(|(first, last)| first <= last);
        let at = Place::default().field("vlan_ids").item(position);
        let hint = "Give a VLAN of 0 to 4094, or a range such as 100-200.";
        (!fits).then(|| Problem::refused(at, format!("{text:?} is no VLAN"), hint))
    };
    segment.items("vlan_ids").iter().enumerate().filter_map(stray).collect()
}

/// Segments.
pub static SEGMENT: Kind = Kind {
    name: "segment",
    title: "segment",
    resource_type: "Segment",
    places: &[&["infra", "tier-1s", "*", "segments", "*"], &["infra", "segments", "*"]],
    record: &Record {
        doc: "A network of the SDDC's workloads, connected to a tier-1 gateway.",
        fields: &[
            Field::optional(
                "subnets",
                Shape::Records(&SUBNET, 0, 2),
                "The networks of the segment: usually one, or one of each IP version.",
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
            hidden(CONNECTIVITY_PATH, Shape::Path(&["tier_0", "tier_1"])),
            hidden("transport_zone_path", Shape::ForeignPath(TRANSPORT_ZONES)),
            hidden("vlan_ids", Shape::List(&Shape::Text(1, 9), 0, usize::MAX)),
            hidden("overlay_id", Shape::Int(0, 16_777_215)),
            hidden("dhcp_config_path", Shape::ForeignPath(DHCP_CONFIGS)),
            hidden("advanced_config", Shape::Record(&ADVANCED)),
        ],
        rules: &[subnets_do_not_overlap, is_connected_to_its_parent, vlans_exist],
    },
    default_parent: Some(super::system::COMPUTE_GATEWAY),
};
