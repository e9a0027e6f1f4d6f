//! Gateways, segments, ports, the BGP instances and their neighbors.

use std::net::IpAddr;

use super::read::Doc;
use crate::model::network::interface_address;
use crate::model::{
    AddressFamily, AdminState, AsNumber, AsPathModifier, GracefulRestartMode, Network, PolicyPath, SegmentType, Tree,
};

/// A segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its policy path.
    pub path: PolicyPath,
    /// The name people see.
    pub display_name: String,
    /// The tier-0 or tier-1 gateway it is connected to.
    pub gateway: Option<PolicyPath>,
    /// The gateway's addresses in it, with the subnets.
    pub subnets: Vec<(IpAddr, Network)>,
    /// Whether the gateway routes its subnets.
    pub is_routed: bool,
    /// Whether it is in operation.
    pub is_up: bool,
}

/// A segment port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Its policy path.
    pub path: PolicyPath,
    /// Its UUID, by which Neutron knows it; none while it is only planned.
    pub id: Option<String>,
    /// The addresses of the workload.
    pub addresses: Vec<IpAddr>,
    /// What the workload has for its addresses, where that is declared: MAC address and VLAN.
    pub bindings: Vec<Binding>,
    /// The VLAN of all that the workload sends and gets, unless its address has another.
    pub vlan: Option<u16>,
    /// Whether it is in operation.
    pub is_up: bool,
}

/// An address of a workload, as it is bound to a segment port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The address.
    pub address: IpAddr,
    /// Its MAC address.
    pub mac: Option<String>,
    /// Its VLAN.
    pub vlan: Option<u16>,
}

impl Port {
    /// The VLAN of the packets that the workload sends or gets as `address`; none: they are
    /// not tagged.
    pub fn vlan_of(&self, address: IpAddr) -> Option<u16> {
        let binding = self.bindings.iter().find(|binding| binding.address == address);
        binding.and_then(|binding| binding.vlan).or(self.vlan)
    }
}

/// A BGP instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BgpInstance {
    /// Its policy path.
    pub path: PolicyPath,
    /// The gateway's AS number; without one BGP does not run.
    pub local_as: Option<AsNumber>,
    /// Whether it runs.
    pub enabled: bool,
    /// Whether equally good routes are used together.
    pub ecmp: bool,
    /// Whether equally good routes may have different AS paths of one length.
    pub multipath_relax: bool,
    /// Summaries that are advertised; `true`: the networks within are kept back.
    pub aggregations: Vec<(Network, bool)>,
    /// Seconds stale routes are kept at most.
    pub stale_route_timer: u32,
}

/// Which routes of a family a neighbor exchanges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteFiltering {
    /// Whether any are.
    pub enabled: bool,
    /// The family.
    pub family: AddressFamily,
    /// The prefix list that learned routes must pass.
    pub inbound: Option<PolicyPath>,
    /// The prefix list that advertised routes must pass.
    pub outbound: Option<PolicyPath>,
    /// How many routes may be learned.
    pub maximum_routes: Option<u32>,
}

/// How often a speaker says that it is there, by BFD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bfd {
    /// Milliseconds between packets.
    pub interval: u32,
    /// How many are missed before the other side is taken for dead.
    pub multiple: u32,
}

/// A BGP neighbor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbor {
    /// Its policy path.
    pub path: PolicyPath,
    /// Its address.
    pub address: IpAddr,
    /// The AS it has to be of.
    pub remote_as: AsNumber,
    /// Whether the gateway talks to it.
    pub enabled: bool,
    /// The gateway's addresses it is spoken to from.
    pub source_addresses: Vec<IpAddr>,
    /// The key of the connection.
    pub password: Option<String>,
    /// Seconds between keepalives.
    pub keep_alive_time: u32,
    /// Seconds without a message after which it is taken for dead.
    pub hold_down_time: u32,
    /// How many hops away it may be.
    pub maximum_hop_limit: u8,
    /// Whether routes with the gateway's own AS in their path are learned.
    pub allow_as_in: bool,
    /// What of graceful restart is used.
    pub graceful_restart: GracefulRestartMode,
    /// What is exchanged of each family that is spoken of.
    pub filtering: Vec<RouteFiltering>,
    /// BFD, if it runs.
    pub bfd: Option<Bfd>,
    /// The AS number the gateway shows it, and how that changes AS paths.
    pub local_as: Option<(AsNumber, Option<AsPathModifier>)>,
}

impl Neighbor {
    /// The path of the BGP instance it belongs to.
    pub fn instance(&self) -> String {
        self.path.as_str().rsplit_once("/neighbors/").map_or_else(String::new, |(bgp, _)| bgp.to_owned())
    }

    /// The path of the tier-0 gateway it belongs to.
    pub fn gateway(&self) -> String {
        self.path.within("tier-0s").map_or_else(String::new, |id| format!("/infra/tier-0s/{id}"))
    }

    /// The family of its own address.
    pub fn own_family(&self) -> AddressFamily {
        if self.address.is_ipv4() { AddressFamily::Ipv4 } else { AddressFamily::Ipv6 }
    }

    /// What is exchanged of `family`: that of the neighbor's own address is, even
    /// where nothing is said of it.
    pub fn filtering(&self, family: AddressFamily) -> Option<RouteFiltering> {
        let said = self.filtering.iter().find(|filtering| filtering.family == family).cloned();
        said.or_else(|| {
            (family == self.own_family()).then_some(RouteFiltering {
                enabled: true,
                family,
                inbound: None,
                outbound: None,
                maximum_routes: None,
            })
        })
    }
}

pub(super) fn segment(path: &PolicyPath, tree: &Tree) -> Segment {
    let doc = Doc(tree);
    let kind = doc.word("type", SegmentType::parse).unwrap_or(SegmentType::Routed);
    let gateway = path.gateway().or_else(|| doc.path("connectivity_path"));
    Segment {
        path: path.clone(),
        display_name: doc.string("display_name").unwrap_or_else(|| path.id().to_owned()),
        subnets: doc
            .items("subnets")
            .filter_map(|subnet| interface_address(subnet.text("gateway_address")?).ok())
            .collect(),
        is_routed: gateway.is_some() && matches!(kind, SegmentType::Routed | SegmentType::RoutedAndExtended),
        gateway,
        is_up: doc.word("admin_state", AdminState::parse) != Some(AdminState::Down),
    }
}

pub(super) fn port(path: &PolicyPath, tree: &Tree) -> Port {
    let doc = Doc(tree);
    Port {
        path: path.clone(),
        id: doc.string("unique_id"),
        addresses: doc.items("address_bindings").filter_map(|binding| binding.address("ip_address")).collect(),
        bindings: doc
            .items("address_bindings")
            .filter_map(|binding| {
                let (mac, vlan) = (binding.string("mac_address"), binding.number("vlan_id"));
                Some(Binding { address: binding.address("ip_address")?, mac, vlan })
            })
            .collect(),
        vlan: doc.get("attachment").number("traffic_tag"),
        is_up: doc.word("admin_state", AdminState::parse) != Some(AdminState::Down),
    }
}

pub(super) fn bgp_instance(path: &PolicyPath, tree: &Tree) -> BgpInstance {
    let doc = Doc(tree);
    let restart = doc.get("graceful_restart_config");
    BgpInstance {
        path: path.clone(),
        local_as: doc.as_number("local_as_num"),
        enabled: doc.bool("enabled", true),
        ecmp: doc.bool("ecmp", true),
        multipath_relax: doc.bool("multipath_relax", true),
        aggregations: doc
            .items("route_aggregations")
            .filter_map(|it| Some((it.parsed("prefix")?, it.bool("summary_only", true))))
            .collect(),
        stale_route_timer: restart.get("timer").number("stale_route_timer").unwrap_or(600),
    }
}

pub(super) fn neighbor(path: &PolicyPath, tree: &Tree) -> Option<Neighbor> {
    let doc = Doc(tree);
    let address = doc.address("neighbor_address")?;
    let own_family = if address.is_ipv4() { AddressFamily::Ipv4 } else { AddressFamily::Ipv6 };
    let mut filtering: Vec<_> = doc
        .items("route_filtering")
        .map(|it| RouteFiltering {
            enabled: it.bool("enabled", true),
            family: it.word("address_family", AddressFamily::parse).unwrap_or(own_family),
            inbound: it.first_path("in_route_filters"),
            outbound: it.first_path("out_route_filters"),
            maximum_routes: it.number("maximum_routes"),
        })
        .collect();
    // The neighbor's own, deprecated filters are those of its family.
    let (inbound, outbound) = (doc.first_path("in_route_filters"), doc.first_path("out_route_filters"));
    match filtering.iter_mut().find(|it| it.family == own_family) {
        Some(own) => {
            own.inbound = own.inbound.take().or(inbound);
            own.outbound = own.outbound.take().or(outbound);
        }
        None if inbound.is_some() || outbound.is_some() => {
            filtering.push(RouteFiltering {
                enabled: true,
                family: own_family,
                inbound,
                outbound,
                maximum_routes: None,
            });
        }
        None => {}
    }
    let local_as = doc.get("neighbor_local_as_config");
    Some(Neighbor {
        path: path.clone(),
        address,
        remote_as: doc.as_number("remote_as_num")?,
        enabled: doc.bool("enabled", true),
        source_addresses: doc.all_parsed("source_addresses"),
        password: doc.string("password").filter(|password| !password.is_empty()),
        keep_alive_time: doc.number("keep_alive_time").unwrap_or(60),
        hold_down_time: doc.number("hold_down_time").unwrap_or(180),
        maximum_hop_limit: doc.number("maximum_hop_limit").unwrap_or(1),
        allow_as_in: doc.bool("allow_as_in", false),
        graceful_restart: doc
            .word("graceful_restart_mode", GracefulRestartMode::parse)
            .unwrap_or(GracefulRestartMode::HelperOnly),
        filtering,
        bfd: bfd(doc.get("bfd"), false),
        local_as: local_as
            .as_number("local_as_num")
            .map(|number| (number, local_as.word("as_path_modifier_type", AsPathModifier::parse))),
    })
}

/// BFD, if the block is there and enabled.
pub(super) fn bfd(doc: Doc<'_>, default: bool) -> Option<Bfd> {
    (!doc.is_null() && doc.bool("enabled", default))
        .then(|| Bfd { interval: doc.number("interval").unwrap_or(500), multiple: doc.number("multiple").unwrap_or(3) })
}
