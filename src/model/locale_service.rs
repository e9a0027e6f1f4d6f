//! Locale services: where the services of a gateway run, and what its BGP neighbors are
//! told of.

use super::enumeration::words;
use super::field::{Default, Field, Record, Shape};
use super::kind::{Kind, below_locale_services};
use super::problem::{Place, Problem};
use super::rule::{Facts, refuse};
use super::tree::Tree;

words! {
    /// Sorts of networks that a tier-0 gateway tells its neighbors of.
    pub enum RedistributionType {
        /// Static routes.
        Tier0Static = "TIER0_STATIC",
        /// All networks of the gateway's own interfaces and segments.
        Tier0Connected = "TIER0_CONNECTED",
        /// Networks of its uplinks.
        Tier0ExternalInterface = "TIER0_EXTERNAL_INTERFACE",
        /// Networks of its own segments.
        Tier0Segment = "TIER0_SEGMENT",
        /// Networks of its links to tier-1 gateways.
        Tier0RouterLink = "TIER0_ROUTER_LINK",
        /// Networks of its service interfaces.
        Tier0ServiceInterface = "TIER0_SERVICE_INTERFACE",
        /// Addresses of its loopback interfaces.
        Tier0LoopbackInterface = "TIER0_LOOPBACK_INTERFACE",
        /// Listeners of its DNS forwarder.
        Tier0DnsForwarderIp = "TIER0_DNS_FORWARDER_IP",
        /// Addresses of its local endpoints.
        Tier0IpsecLocalIp = "TIER0_IPSEC_LOCAL_IP",
        /// Addresses of its NAT rules.
        Tier0Nat = "TIER0_NAT",
        /// Addresses of its EVPN tunnel endpoints.
        Tier0EvpnTepIp = "TIER0_EVPN_TEP_IP",
        /// Static routes of tier-1 gateways.
        Tier1Static = "TIER1_STATIC",
        /// All networks of interfaces and segments of tier-1 gateways.
        Tier1Connected = "TIER1_CONNECTED",
        /// Networks of segments of tier-1 gateways.
        Tier1Segment = "TIER1_SEGMENT",
        /// Networks of service interfaces of tier-1 gateways.
        Tier1ServiceInterface = "TIER1_SERVICE_INTERFACE",
        /// Addresses of NAT rules of tier-1 gateways.
        Tier1Nat = "TIER1_NAT",
        /// Virtual servers of load balancers.
        Tier1LbVip = "TIER1_LB_VIP",
        /// Addresses that load balancers send from.
        Tier1LbSnat = "TIER1_LB_SNAT",
        /// Listeners of DNS forwarders of tier-1 gateways.
        Tier1DnsForwarderIp = "TIER1_DNS_FORWARDER_IP",
        /// Addresses of local endpoints of tier-1 gateways.
        Tier1IpsecLocalEndpoint = "TIER1_IPSEC_LOCAL_ENDPOINT",
    }
}

words! {
    /// Whom a rule of redistribution tells.
    pub enum RedistributionDestination {
        /// BGP neighbors.
        Bgp = "BGP",
        /// OSPF neighbors.
        Ospf = "OSPF",
    }
}

static REDISTRIBUTION_RULE: Record = Record {
    doc: "A rule of which networks neighbors are told of.",
    fields: &[
        Field::optional("name", Shape::Text(1, 255), "Its name."),
        Field::required(
            "route_redistribution_types",
            Shape::Set(&Shape::Enum(&RedistributionType::WORDS), 0, usize::MAX),
            "The sorts of networks.",
        ),
        Field::optional(
            "destinations",
            Shape::Set(&Shape::Enum(&RedistributionDestination::WORDS), 0, usize::MAX),
            "Who is told; unset, BGP neighbors.",
        ),
        Field::optional(
            "route_map_path",
            Shape::Path(&["route_map"]),
            "The path of a route map that the networks have to pass.",
        ),
    ],
    rules: &[],
};

static REDISTRIBUTION: Record = Record {
    doc: "Which networks of its own a tier-0 gateway tells its neighbors of.",
    fields: &[
        Field::optional("bgp_enabled", Shape::Bool, "Whether BGP neighbors are told.").or(Default::Bool(true)),
        Field::optional("ospf_enabled", Shape::Bool, "Whether OSPF neighbors are told.").or(Default::Bool(false)),
        Field::optional(
            "redistribution_rules",
            Shape::Records(&REDISTRIBUTION_RULE, 0, usize::MAX),
            "Which networks; without a rule, none.",
        )
        .singular("redistribution_rule"),
    ],
    rules: &[],
};

/// Where the interfaces of tier-0 gateways lie.
const INTERFACES: &[&str] = &["/infra/tier-0s/*/locale-services/*/interfaces/"];
/// Where clusters of edge nodes lie.
const EDGE_CLUSTERS: &[&str] = &["/infra/sites/*/enforcement-points/*/edge-clusters/"];
/// Where edge nodes lie.
const EDGE_NODES: &[&str] = &["/infra/sites/*/enforcement-points/*/edge-clusters/*/edge-nodes/"];
/// Where BFD profiles lie.
const BFD_PROFILES: &[&str] = &["/infra/bfd-profiles/"];

static VIP_SUBNET: Record = Record {
    doc: "Addresses with the length of their prefix.",
    fields: &[
        Field::required("ip_addresses", Shape::List(&Shape::Address, 1, 1), "The address."),
        Field::required("prefix_len", Shape::Int(1, 128), "The length of the prefix."),
    ],
    rules: &[],
};

static HA_VIP: Record = Record {
    doc: "An address that goes over to the standby edge node.",
    fields: &[
        Field::optional("enabled", Shape::Bool, "Whether it is in use.").or(Default::Bool(true)),
        Field::required(
            "external_interface_paths",
            Shape::List(&Shape::ForeignPath(INTERFACES), 2, usize::MAX),
            "The paths of the uplinks that share the address.",
        ),
        Field::required("vip_subnets", Shape::Records(&VIP_SUBNET, 1, 2), "The address.").singular("vip_subnet"),
    ],
    rules: &[],
};

/// BGP is a tier-0 gateway's, and a tier-1 gateway has at most two edge nodes.
fn fits_the_gateway(service: &Facts<'_>) -> Vec<Problem> {
    if !service.parent.is_some_and(|parent| parent.starts_with("/infra/tier-1s/")) {
        return Vec::new();
    }
    let hint = "A tier-1 gateway runs no BGP. Set it in a locale service of a tier-0 gateway.";
    let fields = ["route_redistribution_config", "route_redistribution_types", "ha_vip_configs"];
    let is_none = |field: &str| matches!(service.record.get(field), Tree::List(items) if items.is_empty());
    let stray = fields.into_iter().filter(|field| service.set(field) && !is_none(field));
    let mut problems: Vec<_> =
        stray.map(|field| refuse(field, format!("{field} cannot be used below a tier-1 gateway"), hint)).collect();
    if service.items("preferred_edge_paths").len() > 2 {
        let at = Place::default().field("preferred_edge_paths");
        let hint = "Name the one that forwards and the standby.";
        problems.push(Problem::refused(at, "A tier-1 gateway has at most two edge nodes", hint));
    }
    problems
}

/// Where a gateway's services run.
pub static LOCALE_SERVICE: Kind = Kind {
    name: "locale_service",
    title: "locale service",
    resource_type: "LocaleServices",
    places: below_locale_services!(),
    record: &Record {
        doc: "A locale service of a gateway.",
        fields: &[
            Field::optional(
                "edge_cluster_path",
                Shape::ForeignPath(EDGE_CLUSTERS),
                "The path of the cluster of edge nodes that the gateway's services run on.",
            ),
            Field::optional(
                "preferred_edge_paths",
                Shape::List(&Shape::ForeignPath(EDGE_NODES), 0, usize::MAX),
                "The paths of the edge nodes that are preferred, in order.",
            ),
            Field::optional(
                "bfd_profile_path",
                Shape::ForeignPath(BFD_PROFILES),
                "The path of the BFD profile of static routes.",
            ),
            Field::optional(
                "route_redistribution_config",
                Shape::Record(&REDISTRIBUTION),
                "Which networks of its own the gateway tells its neighbors of; without it, of none.",
            ),
            Field::optional(
                "route_redistribution_types",
                Shape::Set(&Shape::Enum(&RedistributionType::WORDS), 0, usize::MAX),
                "The sorts of networks that BGP neighbors are told of, where there is no \
                 `route_redistribution_config`.",
            )
            .deprecated("Use `route_redistribution_config` instead."),
            Field::optional(
                "ha_vip_configs",
                Shape::Records(&HA_VIP, 0, usize::MAX),
                "Addresses that go over to the standby edge node.",
            )
            .singular("ha_vip_config"),
        ],
        rules: &[fits_the_gateway],
    },
    default_parent: None,
};
