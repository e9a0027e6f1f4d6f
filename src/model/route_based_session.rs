//! Route-based sessions: what the routing table sends into a tunnel interface is
//! protected (seed 002, "IPSec VPN Session (route-based)").

use std::net::IpAddr;

use super::common::{DESCRIPTION, KEPT_OF_AN_INNER_OBJECT, TAGS};
use super::field::{Default, Field, Record, Shape, concat};
use super::kind::{Kind, below_locale_services};
use super::network::Network;
use super::problem::{Place, Problem};
use super::rule::{Facts, belongs_to_an_interface, refuse};
use super::session::{
    self, ipv6_needs_the_current_address, is_v6, key_fits_authentication, key_has_no_space_around,
    peer_is_reachable_from_here, suite_rules_alone,
};
use super::tree::Tree;

/// The network of tunnel interfaces on the tier-0 of VMware Cloud on AWS.
const VMC_TUNNEL_NETWORK: &str = "169.254.0.0/16";

/// The id of a tunnel interface that names none, as the API gives it.
const DEFAULT_INTERFACE_ID: &str = "default-tunnel-interface";

static IP_SUBNET: Record = Record {
    doc: "An address of the interface and its subnet. A /30 or /31 is usual; the other address is the peer's.",
    fields: &[
        Field::required(
            "ip_addresses",
            Shape::List(&Shape::Address, 1, 1),
            "The address of the gateway's end. In an IPv4 subnet larger than a /31 it is neither the first address, \
             which is the network's, nor the last, which is the broadcast address.",
        ),
        Field::required(
            "prefix_length",
            Shape::Int(1, 127),
            "The length of the subnet's prefix in bits: at most 31 for IPv4, 127 for IPv6.",
        ),
    ],
    rules: &[address_is_a_host_of_its_subnet, subnet_is_link_local_on_vmc],
};

/// On the tier-0 of VMware Cloud on AWS, IPv4 tunnel interfaces are link-local,
/// with all of their subnet.
fn subnet_is_link_local_on_vmc(subnet: &Facts<'_>) -> Vec<Problem> {
    let on_vmc = subnet.parent.is_some_and(|parent| parent.starts_with(&format!("{}/", super::system::TIER_0)));
    let address =
        subnet.items("ip_addresses").first().and_then(Tree::text).and_then(|text| text.parse::<IpAddr>().ok());
    let (Some(address), Ok(link_local)) =
        (address.filter(|ip| on_vmc && ip.is_ipv4()), VMC_TUNNEL_NETWORK.parse::<Network>())
    else {
        return Vec::new();
    };
    let hint = "On the tier-0 gateway vmc, tunnel interfaces take addresses of 169.254.0.0/16 (a /30 is usual).";
    if !link_local.holds(address) {
        let place = Place::default().field("ip_addresses").item(0);
        return vec![Problem::refused(place, format!("{address} lies outside {VMC_TUNNEL_NETWORK}"), hint)];
    }
    let length = subnet.int("prefix_length").and_then(|length| u8::try_from(length).ok());
    match length.and_then(|length| Network::around(address, length)) {
        Some(network) if !link_local.covers(network) => {
            vec![refuse("prefix_length", format!("{network} reaches beyond {VMC_TUNNEL_NETWORK}"), hint)]
        }
        _ => Vec::new(),
    }
}

fn address_is_a_host_of_its_subnet(subnet: &Facts<'_>) -> Vec<Problem> {
    let address =
        subnet.items("ip_addresses").first().and_then(Tree::text).and_then(|text| text.parse::<IpAddr>().ok());
    let place = Place::default().field("ip_addresses").item(0);
    if let Some(problem) = belongs_to_an_interface(place.clone(), address.map(|it| it.to_string()).as_deref()) {
        return vec![problem];
    }
    let (Some(address), Some(length)) = (address, subnet.int("prefix_length")) else { return Vec::new() };
    if address.is_ipv4() && length > 31 {
        return vec![refuse(
            "prefix_length",
            format!("prefix_length cannot be {length} for an IPv4 subnet"),
            "It is at most 31: the subnet holds both ends of the tunnel.",
        )];
    }
    let Some(network) = u8::try_from(length).ok().and_then(|length| Network::around(address, length)) else {
        return Vec::new();
    };
    let reserved = address.is_ipv4() && length < 31 && (address == network.first() || address == network.last());
    if !reserved {
        return Vec::new();
    }
    let which = if address == network.first() { "network" } else { "broadcast" };
    vec![Problem::refused(
        place,
        format!("{address} is the {which} address of {network}"),
        "Use an address of a host in the subnet.",
    )]
}

static TUNNEL_INTERFACE: Record = Record {
    doc: "The virtual tunnel interface (VTI): where routes into the tunnel point, and where BGP runs.",
    fields: &INTERFACE_FIELDS,
    rules: &[subnets_differ_in_version],
};

const INTERFACE_FIELDS: [Field; 26] = concat(
    [
        Field::optional("id", Shape::Id, "The identifier of the interface.").or(Default::Text(DEFAULT_INTERFACE_ID)),
        Field::optional("display_name", Shape::Text(1, 255), "The name people see.")
            .or(Default::Derived(|interface| or_default(interface, "id"), "the identifier")),
        DESCRIPTION,
        TAGS,
        Field::required(
            "ip_subnets",
            Shape::Records(&IP_SUBNET, 1, 2),
            "The addresses of the interface: one, or one of each IP version. A /30 or /31 is usual, whose other address is \
             the peer's. On the tier-0 gateway `vmc`, IPv4 addresses lie in 169.254.0.0/16.",
        )
        .singular("ip_subnet"),
        Field::read_only("resource_type", Shape::Text(0, 0), "").or(Default::Text("IPSecVpnTunnelInterface")),
    ],
    KEPT_OF_AN_INNER_OBJECT,
);

fn or_default(interface: &Tree, field: &str) -> Tree {
    match interface.get(field) {
        Tree::Null => DEFAULT_INTERFACE_ID.into(),
        value => value.clone(),
    }
}

fn subnets_differ_in_version(interface: &Facts<'_>) -> Vec<Problem> {
    let versions: Vec<_> = addresses(interface.record).map(|(_, address)| address.contains(':')).collect();
    match versions[..] {
        [first, second] if first == second => vec![refuse(
            "ip_subnets",
            "Both subnets of the interface are of the same IP version",
            "Give one subnet, or one IPv4 and one IPv6 subnet.",
        )],
        _ => Vec::new(),
    }
}

/// The known addresses of an interface, with their places.
fn addresses(interface: &Tree) -> impl Iterator<Item = (Place, &str)> {
    interface.get("ip_subnets").items().iter().enumerate().flat_map(|(subnet, value)| {
        value.get("ip_addresses").items().iter().enumerate().filter_map(move |(position, address)| {
            let place = Place::default().field("ip_subnets").item(subnet).field("ip_addresses").item(position);
            Some((place, address.text()?))
        })
    })
}

fn interface_addresses(session: &Tree) -> impl Iterator<Item = (Place, &str)> {
    session.get("tunnel_interfaces").items().iter().enumerate().flat_map(|(position, interface)| {
        let base = Place::default().field("tunnel_interfaces").item(position);
        addresses(interface).map(move |(place, address)| (base.join(&place), address))
    })
}

/// The known addresses of a session's tunnel interfaces, with their places and, if
/// known, their subnets.
pub(super) fn subnets(session: &Tree) -> Vec<(Place, IpAddr, Option<Network>)> {
    let mut found = Vec::new();
    for (position, interface) in session.get("tunnel_interfaces").items().iter().enumerate() {
        let at = Place::default().field("tunnel_interfaces").item(position).field("ip_subnets");
        for (position, subnet) in interface.get("ip_subnets").items().iter().enumerate() {
            let text = subnet.get("ip_addresses").items().first().and_then(Tree::text);
            let Some(address) = text.and_then(|text| text.parse().ok()) else { continue };
            let length = subnet.get("prefix_length").int().and_then(|length| u8::try_from(length).ok());
            let network = length.and_then(|length| Network::around(address, length));
            found.push((at.item(position).field("ip_addresses").item(0), address, network));
        }
    }
    found
}

fn interface_is_reachable_from_here(session: &Facts<'_>) -> Vec<Problem> {
    let v6 = interface_addresses(session.record).find(|(_, address)| is_v6(Some(address)));
    let Some((place, _)) = v6 else { return Vec::new() };
    let problems = ipv6_needs_the_current_address(session, "ip_addresses", true);
    problems.into_iter().map(|problem| Problem { at: place.clone(), ..problem }).collect()
}

const OWN: [Field; 2] = [
    Field::required(
        "tunnel_interfaces",
        Shape::Records(&TUNNEL_INTERFACE, 1, 1),
        "The virtual tunnel interface (VTI): where routes into the tunnel point, and where BGP runs.",
    )
    .singular("tunnel_interface"),
    Field::optional("force_whitelisting", Shape::Bool, "Whether what no firewall rule allows is dropped.")
        .or(Default::Bool(false))
        .deprecated("Change the action of the firewall rule instead."),
];

const FIELDS: [Field; 15] = concat(session::fields(), OWN);

/// Route-based sessions.
pub static ROUTE_BASED_SESSION: Kind = Kind {
    name: "route_based_session",
    title: "route-based VPN session",
    resource_type: "RouteBasedIPSecVpnSession",
    places: below_locale_services!("ipsec-vpn-services", "*", "sessions", "*"),
    record: &Record {
        doc: "An IPSec VPN session whose traffic is chosen by the routing table: what is routed into its tunnel \
              interface is protected. Routes come from BGP with a neighbor in the interface's subnet; the session cannot be \
              deleted before that neighbor.",
        fields: &FIELDS,
        rules: &[
            key_fits_authentication,
            key_has_no_space_around,
            suite_rules_alone,
            peer_is_reachable_from_here,
            interface_is_reachable_from_here,
        ],
    },
    default_parent: Some(super::system::VPN_SERVICE),
};
