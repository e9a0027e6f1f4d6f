//! Networks, subnets and ports, as Neutron has them. The engine holds none by itself: a
//! network is a segment seen from there, a subnet one of the segment's, and a port a
//! segment port.

use super::field::{Default, Field, Presence, Record, Shape};
use super::kind::Kind;
use super::network::Network;
use super::neutron::STATUS;
use super::problem::Problem;
use super::rule::{Facts, refuse};

/// What Neutron tells of the history of an object.
const CREATED_AT: Field = Field::read_only("created_at", Shape::Text(0, 0), "When it was created.");
const UPDATED_AT: Field = Field::read_only("updated_at", Shape::Text(0, 0), "When it was last changed.");
const REVISION_NUMBER: Field =
    Field::read_only("revision_number", Shape::Int(0, i64::MAX), "How often the segment or the port was changed.");

const ADMIN_STATE_UP: Field =
    Field::optional("admin_state_up", Shape::Bool, "Whether it is in operation.").or(Default::Bool(true));

/// The tags of an object, which have addresses of their own.
const TAGS: Field = Field::read_only(
    "tags",
    Shape::List(&Shape::Text(1, 255), 0, usize::MAX),
    "Labels, by which lists can be narrowed; they are changed at the address of the object and `/tags`.",
);

/// The network that a subnet or a port is of.
const NETWORK_ID: Field =
    Field::required("network_id", Shape::NeutronId("networks"), "The UUID of the network it is of.").fixed();

fn is_nobody_elses(network: &Facts<'_>) -> Vec<Problem> {
    let what = "networks of the engine are not shared between projects";
    let is_shared = network.bool("shared") == Some(true);
    is_shared.then(|| refuse("shared", what, "Leave it out.")).into_iter().collect()
}

fn is_not_external(network: &Facts<'_>) -> Vec<Problem> {
    let what = "networks of the engine are not external: what is outside is behind simulated peers";
    let is_external = network.bool("router:external") == Some(true);
    is_external.then(|| refuse("router:external", what, "Leave it out.")).into_iter().collect()
}

/// Networks.
pub static NETWORK: Kind = Kind {
    name: "network",
    title: "network",
    resource_type: "Network",
    places: &[&["v2.0", "networks", "*"]],
    record: &Record {
        doc: "A segment, as Neutron shows it.",
        fields: &[
            ADMIN_STATE_UP,
            Field::optional(
                "port_security_enabled",
                Shape::Bool,
                "Whether ports of it that do not say have port security.",
            )
            .or(Default::Bool(true)),
            Field::optional("shared", Shape::Bool, "Whether other projects may use it: no.").or(Default::Bool(false)),
            Field::optional("router:external", Shape::Bool, "Whether it leads outside: no.")
                .or(Default::Bool(false))
                .fixed(),
            Field::read_only("subnets", Shape::List(&Shape::NeutronId("subnets"), 0, usize::MAX), "Its subnets."),
            TAGS,
            STATUS,
            CREATED_AT,
            UPDATED_AT,
            REVISION_NUMBER,
        ],
        rules: &[is_nobody_elses, is_not_external],
    },
    default_parent: None,
};

static POOL: Record = Record {
    doc: "Addresses that ports are given.",
    fields: &[
        Field::required("start", Shape::Address, "The first address."),
        Field::required("end", Shape::Address, "The last address."),
    ],
    rules: &[],
};

static HOST_ROUTE: Record = Record {
    doc: "A route that workloads are told of.",
    fields: &[
        Field::required("destination", Shape::Network, "Where it leads."),
        Field::required("nexthop", Shape::Address, "The next hop."),
    ],
    rules: &[],
};

fn has_no_host_routes(subnet: &Facts<'_>) -> Vec<Problem> {
    let what = "workloads of the engine have no routes of their own";
    let has_some = !subnet.items("host_routes").is_empty();
    has_some.then(|| refuse("host_routes", what, "Leave it out.")).into_iter().collect()
}

fn version_fits(subnet: &Facts<'_>) -> Vec<Problem> {
    let network: Option<Network> = subnet.text("cidr").and_then(|text| text.parse().ok());
    let (Some(network), Some(version)) = (network, subnet.int("ip_version")) else { return Vec::new() };
    let is = if network.is_v6() { 6 } else { 4 };
    let what = format!("{version} is not the version of {network}");
    (version != is).then(|| refuse("ip_version", what, format!("Give {is}."))).into_iter().collect()
}

/// Subnets.
pub static SUBNET: Kind = Kind {
    name: "subnet",
    title: "subnet",
    resource_type: "Subnet",
    places: &[&["v2.0", "subnets", "*"]],
    record: &Record {
        doc: "A subnet of a segment, as Neutron shows it.",
        fields: &[
            NETWORK_ID,
            Field::required("ip_version", Shape::Int(4, 6), "The version of IP: 4 or 6.").fixed(),
            Field::required("cidr", Shape::Network, "The addresses, in CIDR form.").fixed(),
            Field::optional("gateway_ip", Shape::Address, "The gateway's address. Unset, the first one; null, none."),
            Field::optional(
                "allocation_pools",
                Shape::Records(&POOL, 0, 99),
                "The addresses that ports are given. Unset, all but the gateway's.",
            ),
            Field::optional("enable_dhcp", Shape::Bool, "Whether DHCP gives out the addresses of the pools.")
                .or(Default::Bool(true)),
            Field::optional(
                "dns_nameservers",
                Shape::List(&Shape::Address, 0, usize::MAX),
                "The addresses of name servers that workloads are told of.",
            ),
            Field::optional("host_routes", Shape::Records(&HOST_ROUTE, 0, usize::MAX), "Routes for workloads: none."),
            TAGS,
            CREATED_AT,
            UPDATED_AT,
            REVISION_NUMBER,
        ],
        rules: &[version_fits, has_no_host_routes],
    },
    default_parent: None,
};

static FIXED_IP: Record = Record {
    doc: "An address of a port.",
    fields: &[
        Field::optional("subnet_id", Shape::NeutronId("subnets"), "The subnet it is of. Unset, the address tells."),
        Field::optional("ip_address", Shape::Address, "The address. Unset, the next one of the subnet's pools."),
    ],
    rules: &[],
};

fn has_no_security_groups(port: &Facts<'_>) -> Vec<Problem> {
    let what = "the engine has no security groups";
    let has_some = !port.items("security_groups").is_empty();
    has_some.then(|| refuse("security_groups", what, "Leave it out.")).into_iter().collect()
}

/// Ports.
pub static PORT: Kind = Kind {
    name: "port",
    title: "port",
    resource_type: "Port",
    places: &[&["v2.0", "ports", "*"]],
    record: &Record {
        doc: "A segment port, as Neutron shows it.",
        fields: &[
            NETWORK_ID,
            ADMIN_STATE_UP,
            Field::optional("mac_address", Shape::Mac, "The MAC address. Unset, one is made."),
            Field::optional(
                "fixed_ips",
                Shape::Records(&FIXED_IP, 0, 512),
                "The addresses. Unset, one of each IP version that the network has; an empty list is none.",
            ),
            Field::optional("device_id", Shape::Text(0, 255), "What is plugged in, such as the id of a server.")
                .or(Default::Text("")),
            Field::optional("device_owner", Shape::Text(0, 255), "Who uses the port, such as `compute:nova`.")
                .or(Default::Text("")),
            Field::optional(
                "port_security_enabled",
                Shape::Bool,
                "Whether only packets of its own addresses pass. Unset, as the network says.",
            ),
            Field::optional(
                "security_groups",
                Shape::List(&Shape::Text(1, 36), 0, usize::MAX),
                "Security groups: none.",
            ),
            // A port alone can be created with tags.
            Field { presence: Presence::Optional, ..TAGS }.fixed(),
            STATUS,
            CREATED_AT,
            UPDATED_AT,
            REVISION_NUMBER,
        ],
        rules: &[has_no_security_groups],
    },
    default_parent: None,
};
