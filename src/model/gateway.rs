//! Gateways: what segments, VPN services and routes belong to. On VMware Cloud on AWS
//! they exist from the start; on-premises users create them.

use super::enumeration::words;
use super::field::{Default, Field, Record, Shape};
use super::kind::Kind;
use super::network::Network;
use super::problem::{Place, Problem};
use super::rule::Facts;
use super::tree::Tree;

words! {
    /// How the edge nodes of a gateway share its work.
    pub enum HaMode {
        /// All of them forward.
        ActiveActive = "ACTIVE_ACTIVE",
        /// One forwards, and the other takes over when it fails.
        ActiveStandby = "ACTIVE_STANDBY",
    }
}

words! {
    /// What becomes of an edge node that comes back after a failure.
    pub enum FailoverMode {
        /// The preferred one takes over again.
        Preemptive = "PREEMPTIVE",
        /// It stays the standby.
        NonPreemptive = "NON_PREEMPTIVE",
    }
}

words! {
    /// What a tier-1 gateway tells its tier-0 gateway of.
    pub enum AdvertisementType {
        /// Static routes.
        StaticRoutes = "TIER1_STATIC_ROUTES",
        /// Networks of segments and service interfaces.
        Connected = "TIER1_CONNECTED",
        /// Addresses of NAT rules.
        Nat = "TIER1_NAT",
        /// Virtual servers of load balancers.
        LbVip = "TIER1_LB_VIP",
        /// Addresses that load balancers send from.
        LbSnat = "TIER1_LB_SNAT",
        /// Listeners of DNS forwarders.
        DnsForwarderIp = "TIER1_DNS_FORWARDER_IP",
        /// Addresses of local endpoints.
        IpsecLocalEndpoint = "TIER1_IPSEC_LOCAL_ENDPOINT",
    }
}

words! {
    /// Whether the networks that a rule matches are advertised.
    pub enum AdvertisementAction {
        /// They are.
        Permit = "PERMIT",
        /// They are not.
        Deny = "DENY",
    }
}

words! {
    /// Which networks the subnets of a rule stand for.
    pub enum PrefixOperator {
        /// Themselves and all within them.
        GreaterOrEqual = "GE",
        /// Themselves.
        Equal = "EQ",
    }
}

words! {
    /// What room a tier-1 gateway is given on its edge nodes.
    pub enum PoolAllocation {
        /// For routing.
        Routing = "ROUTING",
        /// For a small load balancer.
        LbSmall = "LB_SMALL",
        /// For a medium load balancer.
        LbMedium = "LB_MEDIUM",
        /// For a large load balancer.
        LbLarge = "LB_LARGE",
        /// For an extra large load balancer.
        LbXlarge = "LB_XLARGE",
    }
}

words! {
    /// What a tier-1 gateway is meant for.
    pub enum Tier1Type {
        /// It is connected to a tier-0 gateway and routes.
        Routed = "ROUTED",
        /// It is connected to none.
        Isolated = "ISOLATED",
        /// It is connected to a tier-0 gateway and translates addresses.
        Natted = "NATTED",
    }
}

words! {
    /// Whether a gateway is connected.
    pub enum Connectivity {
        /// It is.
        On = "ON",
        /// It is not.
        Off = "OFF",
    }
}

/// Why fields of a Global Manager are refused.
const GLOBAL: &str = "It exists on a Global Manager only.";

const IPV6_PROFILES: &[&str] = &["/infra/ipv6-ndra-profiles/", "/infra/ipv6-dad-profiles/"];
/// Where DHCP configurations lie.
pub(super) const DHCP_CONFIGS: &[&str] = &["/infra/dhcp-relay-configs/", "/infra/dhcp-server-configs/"];
const QOS_PROFILES: &[&str] = &["/infra/gateway-qos-profiles/"];

/// The fields that both sorts of gateways have.
const fn fields() -> [Field; 8] {
    [
        Field::optional(
            "failover_mode",
            Shape::Enum(&FailoverMode::WORDS),
            "What becomes of an edge node that comes back after a failure. `ACTIVE_STANDBY` only.",
        )
        .or(Default::Text("NON_PREEMPTIVE")),
        Field::optional("arp_limit", Shape::Int(5_000, 50_000), "How many ARP entries an edge node keeps."),
        Field::optional("disable_firewall", Shape::Bool, "Whether the gateway has no firewall.")
            .or(Default::Bool(false)),
        Field::optional("default_rule_logging", Shape::Bool, "Whether the firewall's default rule is logged.")
            .deprecated("Change the logging of the firewall rule instead."),
        Field::optional("force_whitelisting", Shape::Bool, "Whether what no firewall rule allows is dropped.")
            .deprecated("Change the action of the firewall rule instead."),
        Field::optional(
            "ipv6_profile_paths",
            Shape::List(&Shape::ForeignPath(IPV6_PROFILES), 0, 2),
            "The paths of the profiles for IPv6 router advertisements and duplicate address detection.",
        ),
        Field::optional(
            "dhcp_config_paths",
            Shape::List(&Shape::ForeignPath(DHCP_CONFIGS), 0, 1),
            "The path of the DHCP configuration for segments.",
        ),
        Field::unavailable("federation_config", GLOBAL),
    ]
}

static TIER_0_ADVANCED: Record = Record {
    doc: "Rarely needed settings of a tier-0 gateway.",
    fields: &[
        Field::optional("connectivity", Shape::Enum(&Connectivity::WORDS), "Whether the gateway is connected.")
            .or(Default::Text("ON")),
        Field::optional(
            "forwarding_up_timer",
            Shape::Int(0, 300),
            "Seconds the gateway waits before it forwards, once it is up.",
        ),
    ],
    rules: &[],
};

static VRF: Record = Record {
    doc: "What makes a tier-0 gateway a VRF of another one.",
    fields: &[
        Field::required("tier0_path", Shape::Path(&["tier_0"]), "The tier-0 gateway it is a VRF of."),
        Field::optional("evpn_transit_vni", Shape::Int(0, 16_777_215), "The VNI of the VRF's traffic in EVPN."),
        Field::optional("route_distinguisher", Shape::Text(1, 255), "The route distinguisher: `ADDRESS:n` or `AS:n`."),
    ],
    rules: &[],
};

/// The network of the links between a tier-0 gateway and its tier-1 gateways.
const TRANSIT: &[&str] = &["100.64.0.0/16"];

/// The network of the links within a tier-0 gateway, which follows from how many edge
/// nodes forward.
fn internal_transit(gateway: &Tree) -> Tree {
    match gateway.get("ha_mode") {
        Tree::Unknown => Tree::Unknown,
        Tree::Text(mode) if mode == HaMode::ActiveStandby.word() => Tree::List(vec!["169.254.0.0/28".into()]),
        _ => Tree::List(vec!["169.254.0.0/24".into()]),
    }
}

fn internal_links_are_ipv4(gateway: &Facts<'_>) -> Vec<Problem> {
    let field = "internal_transit_subnets";
    let v6 = |(position, subnet): (usize, &Tree)| {
        let network: Network = subnet.text()?.parse().ok()?;
        let at = Place::default().field(field).item(position);
        let hint = "The links within the gateway take IPv4 only.";
        network.is_v6().then(|| Problem::refused(at, format!("{network} is IPv6"), hint))
    };
    gateway.items(field).iter().enumerate().filter_map(v6).collect()
}

fn links_do_not_overlap(gateway: &Facts<'_>) -> Vec<Problem> {
    let mut seen: Vec<Network> = Vec::new();
    let mut problems = Vec::new();
    for field in ["transit_subnets", "internal_transit_subnets"] {
        for (position, subnet) in gateway.items(field).iter().enumerate() {
            let Some(Ok(network)) = subnet.text().map(str::parse::<Network>) else { continue };
            if let Some(other) = seen.iter().find(|other| other.covers(network) || network.covers(**other)) {
                let at = Place::default().field(field).item(position);
                let hint = "Give the links to tier-1 gateways and those within the gateway networks of their own.";
                problems.push(Problem::refused(at, format!("{network} overlaps {other}"), hint));
            }
            seen.push(network);
        }
    }
    problems
}

/// The gateway between the networks inside and the outside.
pub static TIER_0: Kind = Kind {
    name: "tier_0",
    title: "tier-0 gateway",
    resource_type: "Tier0",
    places: &[&["infra", "tier-0s", "*"]],
    record: &Record {
        doc: "A tier-0 gateway.",
        fields: &super::field::concat::<8, 9, 17>(
            fields(),
            [
                Field::optional("ha_mode", Shape::Enum(&HaMode::WORDS), "How the edge nodes share the work.")
                    .or(Default::Text("ACTIVE_ACTIVE")),
                Field::optional(
                    "transit_subnets",
                    Shape::List(&Shape::Network, 0, usize::MAX),
                    "The networks of the links to tier-1 gateways.",
                )
                .or(Default::Texts(TRANSIT)),
                Field::optional(
                    "internal_transit_subnets",
                    Shape::List(&Shape::Network, 0, usize::MAX),
                    "The networks of the links within the gateway.",
                )
                .or(Default::Derived(internal_transit, "`169.254.0.0/24`, or `169.254.0.0/28` with `ACTIVE_STANDBY`")),
                Field::optional(
                    "vrf_transit_subnets",
                    Shape::List(&Shape::Network, 0, usize::MAX),
                    "The networks of the links between VRFs.",
                ),
                Field::optional("vrf_config", Shape::Record(&VRF), "What makes the gateway a VRF of another one."),
                Field::optional(
                    "multi_vrf_inter_sr_routing",
                    Shape::Bool,
                    "Whether the edge nodes exchange the routes of all VRFs over one link.",
                ),
                Field::optional("rd_admin_field", Shape::Address, "The address that route distinguishers are made of."),
                Field::optional("advanced_config", Shape::Record(&TIER_0_ADVANCED), "Rarely needed settings."),
                Field::unavailable("intersite_config", GLOBAL),
            ],
        ),
        rules: &[internal_links_are_ipv4, links_do_not_overlap],
    },
    default_parent: None,
};

static ADVERTISEMENT_RULE: Record = Record {
    doc: "A rule of what a tier-1 gateway tells its tier-0 gateway of.",
    fields: &[
        Field::required("name", Shape::Text(1, 255), "Its name."),
        Field::required(
            "action",
            Shape::Enum(&AdvertisementAction::WORDS),
            "Whether the networks that it matches are advertised.",
        ),
        Field::optional(
            "route_advertisement_types",
            Shape::Set(&Shape::Enum(&AdvertisementType::WORDS), 0, usize::MAX),
            "What it matches; unset, all sorts.",
        ),
        Field::optional("subnets", Shape::List(&Shape::Network, 0, usize::MAX), "The networks it matches; unset, all."),
        Field::optional(
            "prefix_operator",
            Shape::Enum(&PrefixOperator::WORDS),
            "Which networks the subnets stand for.",
        )
        .or(Default::Text("GE")),
    ],
    rules: &[],
};

static QOS: Record = Record {
    doc: "The limits of a tier-1 gateway's traffic.",
    fields: &[
        Field::optional(
            "ingress_qos_profile_path",
            Shape::ForeignPath(QOS_PROFILES),
            "The path of the profile for traffic that comes in.",
        ),
        Field::optional(
            "egress_qos_profile_path",
            Shape::ForeignPath(QOS_PROFILES),
            "The path of the profile for traffic that goes out.",
        ),
    ],
    rules: &[],
};

/// A gateway between segments and the tier-0.
pub static TIER_1: Kind = Kind {
    name: "tier_1",
    title: "tier-1 gateway",
    resource_type: "Tier1",
    places: &[&["infra", "tier-1s", "*"]],
    record: &Record {
        doc: "A tier-1 gateway.",
        fields: &super::field::concat::<8, 9, 17>(
            fields(),
            [
                Field::optional("tier0_path", Shape::Path(&["tier_0"]), "The tier-0 gateway it is connected to."),
                Field::optional("ha_mode", Shape::Enum(&HaMode::WORDS), "How the edge nodes share the work.")
                    .or(Default::Text("ACTIVE_STANDBY")),
                Field::optional("type", Shape::Enum(&Tier1Type::WORDS), "What the gateway is meant for."),
                Field::optional(
                    "pool_allocation",
                    Shape::Enum(&PoolAllocation::WORDS),
                    "What room the gateway is given on its edge nodes.",
                )
                .or(Default::Text("ROUTING")),
                Field::optional(
                    "enable_standby_relocation",
                    Shape::Bool,
                    "Whether another edge node becomes the standby when one fails.",
                )
                .or(Default::Bool(false)),
                Field::optional(
                    "route_advertisement_types",
                    Shape::Set(&Shape::Enum(&AdvertisementType::WORDS), 0, usize::MAX),
                    "What the tier-0 gateway is told of, where no rule says.",
                )
                .or(Default::Texts(&["TIER1_IPSEC_LOCAL_ENDPOINT"])),
                Field::optional(
                    "route_advertisement_rules",
                    Shape::Records(&ADVERTISEMENT_RULE, 0, usize::MAX),
                    "What the tier-0 gateway is told of: the first rule that matches a network decides.",
                )
                .singular("route_advertisement_rule"),
                Field::optional("qos_profile", Shape::Record(&QOS), "The limits of the gateway's traffic."),
                Field::unavailable("intersite_config", GLOBAL),
            ],
        ),
        rules: &[names_differ],
    },
    default_parent: None,
};

fn names_differ(gateway: &Facts<'_>) -> Vec<Problem> {
    let field = "route_advertisement_rules";
    let rules = gateway.items(field);
    let again = |(position, rule): (usize, &Tree)| {
        let name = rule.get("name").text()?;
        let at = Place::default().field(field).item(position).field("name");
        let hint = "Give each rule a name of its own.";
        let is_known = rules[..position].iter().any(|other| other.get("name").text() == Some(name));
        is_known.then(|| Problem::refused(at, format!("{name:?} is the name of another rule"), hint))
    };
    rules.iter().enumerate().filter_map(again).collect()
}
