//! What an object has for itself alone: addresses and networks that no other
//! object may have within the same gateway. The sources say which (NSX refuses
//! overlapping interfaces; a BGP instance knows its neighbors by their addresses),
//! and no single object shows it.

use std::net::IpAddr;

use super::bgp_neighbor::BGP_NEIGHBOR;
use super::kind::Kind;
use super::network::{Network, interface_address};
use super::path::PolicyPath;
use super::problem::{Nature, Place, Problem};
use super::route_based_session::{self, ROUTE_BASED_SESSION};
use super::segment::{self, SEGMENT};
use super::simulated_device::{self, SIMULATED_DEVICE};
use super::simulated_link::{self, SIMULATED_LINK};
use super::simulated_peer::SIMULATED_PEER;
use super::tree::Tree;

/// What an address or a network is used as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// The subnet of a session's tunnel interface.
    TunnelSubnet,
    /// The gateway's own address on a tunnel interface.
    TunnelAddress,
    /// The address of a BGP neighbor.
    Neighbor,
    /// The subnet of a segment that the gateway routes.
    SegmentSubnet,
    /// The address at which a simulated peer is reached.
    PeerAddress,
    /// The address of a host of the fabric, or of one of its guests.
    HostAddress,
    /// An end of a link: the scope is the interface, and the network everything.
    Interface,
}

impl Use {
    /// The uses that cannot overlap this one.
    pub fn against(self) -> &'static [Use] {
        match self {
            Self::TunnelSubnet => &[Self::TunnelSubnet],
            Self::TunnelAddress => &[Self::Neighbor],
            Self::Neighbor => &[Self::Neighbor, Self::TunnelAddress],
            Self::SegmentSubnet => &[Self::SegmentSubnet],
            Self::PeerAddress => &[Self::PeerAddress],
            Self::HostAddress => &[Self::HostAddress],
            Self::Interface => &[Self::Interface],
        }
    }
}

/// An address or a network that an object has for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Where it is used: the path of the locale service or of the gateway.
    pub scope: String,
    /// What it is used as.
    pub used_as: Use,
    /// The network; an address is a network of one.
    pub network: Network,
    /// The field that says so.
    pub at: Place,
}

/// What the object of `kind` at `path` that is declared by `tree` has for itself,
/// as far as it is known.
pub fn holds(kind: &Kind, path: &PolicyPath, tree: &Tree) -> Vec<Hold> {
    if *kind == SIMULATED_DEVICE {
        return simulated_device::holds(tree);
    }
    if *kind == SIMULATED_LINK {
        return simulated_link::holds(tree);
    }
    let Some(scope) = scope(path).or_else(|| segment::gateway(kind, tree)) else { return Vec::new() };
    let hold = |used_as, network, at| Hold { scope: scope.clone(), used_as, network, at };
    if *kind == BGP_NEIGHBOR {
        let address: Option<IpAddr> = tree.get("neighbor_address").text().and_then(|text| text.parse().ok());
        let at = Place::default().field("neighbor_address");
        address.map(|address| hold(Use::Neighbor, address.into(), at)).into_iter().collect()
    } else if *kind == SIMULATED_PEER {
        let address: Option<IpAddr> = tree.get("address").text().and_then(|text| text.parse().ok());
        let at = Place::default().field("address");
        address.map(|address| hold(Use::PeerAddress, address.into(), at)).into_iter().collect()
    } else if *kind == ROUTE_BASED_SESSION {
        let subnets = route_based_session::subnets(tree).into_iter();
        subnets
            .flat_map(|(at, address, network)| {
                let own = hold(Use::TunnelAddress, address.into(), at.clone());
                network.map(|network| hold(Use::TunnelSubnet, network, at)).into_iter().chain([own])
            })
            .collect()
    } else if *kind == SEGMENT && segment::is_routed(tree) {
        let subnet = |(position, subnet): (usize, &Tree)| {
            let (_, network) = interface_address(subnet.get("gateway_address").text()?).ok()?;
            let at = Place::default().field("subnets").item(position).field("gateway_address");
            Some(hold(Use::SegmentSubnet, network, at))
        };
        tree.get("subnets").items().iter().enumerate().filter_map(subnet).collect()
    } else {
        Vec::new()
    }
}

/// Whether objects of `kind` have something for themselves.
pub fn has_holds(kind: &Kind) -> bool {
    [&BGP_NEIGHBOR, &ROUTE_BASED_SESSION, &SEGMENT, &SIMULATED_PEER, &SIMULATED_DEVICE, &SIMULATED_LINK].contains(&kind)
}

/// What is wrong with `own` while the object at `whose` has `other`; nothing if
/// both can be. IPv6 link-local addresses tell nothing without their interface, and
/// may be anywhere.
pub fn clash(own: &Hold, other: &Hold, whose: &PolicyPath) -> Option<Problem> {
    let overlap = own.network.covers(other.network) || other.network.covers(own.network);
    let opposed = own.scope == other.scope && own.used_as.against().contains(&other.used_as);
    if !overlap || !opposed || is_link_local(own.network) {
        return None;
    }
    let (mine, theirs) = (own.network, other.network);
    let address = mine.first();
    let (what, hint) = match (own.used_as, other.used_as) {
        (Use::TunnelSubnet, _) => (
            format!("{mine} overlaps the tunnel subnet {theirs} of {whose}"),
            "Give each session a subnet of its own. To exchange those of two sessions, first give one of them a free one.",
        ),
        (Use::SegmentSubnet, _) => (
            format!("{mine} overlaps the subnet {theirs} of {whose}"),
            "Give each segment of a gateway a subnet of its own. To exchange those of two segments, first give one of \
             them a free one.",
        ),
        (Use::TunnelAddress, _) => (
            format!("{address} is the address of the BGP neighbor {whose}"),
            "The neighbor is the peer's end of the tunnel. Give the gateway's end another address of the subnet.",
        ),
        (Use::Neighbor, Use::TunnelAddress) => (
            format!("{address} is the gateway's own address on the tunnel interface of {whose}"),
            "The neighbor is the peer's end of the tunnel: give the other address of the subnet.",
        ),
        (Use::PeerAddress, _) => (
            format!("{address} is already the address of the simulated peer {whose}"),
            "There is one peer at an address. To exchange the addresses of two peers, first give one of them a free one.",
        ),
        (Use::HostAddress, _) => (
            format!("{address} is already attached at {whose}"),
            "A host is attached in one place. To exchange the places of two hosts, first give one of them a free address.",
        ),
        (Use::Interface, _) => (
            format!("The link {whose} ends there already"),
            "An interface has one link. To exchange the ends of two links, first give one of them a free interface.",
        ),
        (Use::Neighbor, _) => (
            format!("{address} is already the address of the BGP neighbor {whose}"),
            "There is one neighbor at an address. To exchange the addresses of two neighbors, first give one of them a \
             free one.",
        ),
    };
    Some(Problem::refused(own.at.clone(), what, hint).of(Nature::Taken))
}

/// Where simulated peers are: all sessions send into one network.
const OUTSIDE: &str = "/infra/simulated-peers";

/// The locale service or the tier-1 gateway that the object at `path` lies below.
pub fn scope(path: &PolicyPath) -> Option<String> {
    match (path.within("tier-0s"), path.within("locale-services"), path.within("tier-1s")) {
        (Some(gateway), Some(service), _) => Some(format!("/infra/tier-0s/{gateway}/locale-services/{service}")),
        (_, _, Some(gateway)) => Some(format!("/infra/tier-1s/{gateway}")),
        _ if SIMULATED_PEER.owns(path) => Some(OUTSIDE.to_owned()),
        _ => None,
    }
}

fn is_link_local(network: Network) -> bool {
    matches!(network.first(), IpAddr::V6(address) if address.is_unicast_link_local())
}
