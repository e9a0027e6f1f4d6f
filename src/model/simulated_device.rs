//! Simulated devices: the switches and routers of a fabric, and the hosts attached to them,
//! on the embedded engine.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::enumeration::words;
use super::field::{Default, Field, Record, Shape};
use super::hold::{Hold, Use};
use super::kind::Kind;
use super::network::Network;
use super::problem::{Place, Problem};
use super::rule::{Facts, belongs_to_an_interface, refuse};
use super::tree::Tree;

words! {
    /// Which clock a device stamps packets with (seed 004, table 8).
    pub enum ClockType {
        /// The precision time protocol (IEEE 1588).
        Ptp = "PTP",
        /// The clock of the line card's processor.
        Lcpu = "LCPU",
        /// The network time protocol.
        Ntp = "NTP",
    }
}

/// Megabits per second of a line.
pub(super) const SPEED: Field = Field::optional(
    "speed",
    Shape::Int(1, 1_600_000),
    "How much it carries in each direction, in megabits per second. What is more is dropped before it.",
)
.or(Default::Int(10_000));
/// How long a packet is under way on a line.
pub(super) const LATENCY: Field = Field::optional(
    "latency",
    Shape::Int(0, 60_000_000),
    "Microseconds that a packet takes from one end to the other.",
)
.or(Default::Int(5));
/// Whether a line is in operation.
pub(super) const UP: Field = Field::optional("up", Shape::Bool, "Whether it is in operation.").or(Default::Bool(true));

/// The name of an interface, or of a LAG: `xe-0/0/18.0`.
const INTERFACE_NAME: Shape = Shape::Text(1, 64);
/// The first number of a counter: 2^53 - 1 is the largest that JSON numbers are sure to hold.
const COUNT: Shape = Shape::Int(0, 9_007_199_254_740_991);
/// Packets or bytes in a second.
const RATE: Shape = Shape::Int(0, 1_000_000_000_000);

static COUNTERS: Record = Record {
    doc: "What the interface has counted before the engine counts on it: its counters go on from here.",
    fields: &[
        Field::optional("tx_ucpkts", COUNT, "Unicast packets sent (`TX_UCPKTS`).").or(Default::Int(0)),
        Field::optional("rx_ucpkts", COUNT, "Unicast packets received (`RX_UCPKTS`).").or(Default::Int(0)),
        Field::optional("tx_bcpkts", COUNT, "Broadcast packets sent (`TX_BCPKTS`).").or(Default::Int(0)),
        Field::optional("rx_bcpkts", COUNT, "Broadcast packets received (`RX_BCPKTS`).").or(Default::Int(0)),
        Field::optional("tx_mcpkts", COUNT, "Multicast packets sent (`TX_MCPKTS`).").or(Default::Int(0)),
        Field::optional("rx_mcpkts", COUNT, "Multicast packets received (`RX_MCPKTS`).").or(Default::Int(0)),
        Field::optional("tx_crcerror", COUNT, "CRC errors while sending (`TX_CRCERROR`).").or(Default::Int(0)),
        Field::optional("rx_crcerror", COUNT, "CRC errors while receiving (`RX_CRCERROR`).").or(Default::Int(0)),
        Field::optional("tx_droppkt", COUNT, "Packets dropped in the queues to it (`TX_DROPPKT`).").or(Default::Int(0)),
        Field::optional("rx_droppkt", COUNT, "Packets dropped after it (`RX_DROPPKT`).").or(Default::Int(0)),
        Field::optional("tx_bytes", COUNT, "Bytes sent (`TX_BYTES`).").or(Default::Int(0)),
        Field::optional("rx_bytes", COUNT, "Bytes received (`RX_BYTES`).").or(Default::Int(0)),
    ],
    rules: &[],
};

static BACKGROUND: Record = Record {
    doc: "Unicast traffic of the interface besides that of simulated flows.",
    fields: &[
        Field::optional("tx_pps", RATE, "Packets sent in a second.").or(Default::Int(0)),
        Field::optional("rx_pps", RATE, "Packets received in a second.").or(Default::Int(0)),
        Field::optional("tx_bw", RATE, "Bytes sent in a second.").or(Default::Int(0)),
        Field::optional("rx_bw", RATE, "Bytes received in a second.").or(Default::Int(0)),
    ],
    rules: &[],
};

static INTERFACE: Record = Record {
    doc: "A logical interface.",
    fields: &[
        Field::required("name", INTERFACE_NAME, "Its name, such as `xe-0/0/18.0`."),
        Field::optional("counters", Shape::Record(&COUNTERS), "What it has counted before."),
        Field::optional("background", Shape::Record(&BACKGROUND), "Traffic besides that of simulated flows."),
    ],
    rules: &[],
};

static LAG: Record = Record {
    doc: "Interfaces that are one link together (aggregated Ethernet): each flow takes one of them by its 5-tuple.",
    fields: &[
        Field::required("name", INTERFACE_NAME, "Its name, such as `ae0.0`."),
        Field::required("members", Shape::List(&INTERFACE_NAME, 1, 64), "The names of its interfaces."),
    ],
    rules: &[],
};

static ECMP_GROUP: Record = Record {
    doc: "Next hops that are equally good. The group whose network is the longest one that holds the destination decides; \
          where none does, all next hops on a shortest path are.",
    fields: &[
        Field::required(
            "destinations",
            Shape::Set(&Shape::Network, 1, 1_000),
            "The networks it leads to, in CIDR form.",
        ),
        Field::required(
            "interfaces",
            Shape::List(&INTERFACE_NAME, 1, 128),
            "The names of the interfaces and LAGs that lead there. One that is down is left out.",
        ),
    ],
    rules: &[],
};

static GUEST: Record = Record {
    doc: "A virtual machine of the host in a VXLAN segment; the host's address is its VTEP.",
    fields: &[
        Field::required("address", Shape::Address, "The address of the virtual machine."),
        Field::required("vnid", Shape::Int(1, 16_777_215), "The VXLAN network identifier."),
        Field::required("mac_address", Shape::Mac, "Its MAC address."),
    ],
    rules: &[],
};

static HOST: Record = Record {
    doc: "A host attached to the device.",
    fields: &[
        Field::required(
            "address",
            Shape::Address,
            "Its address, which no other host of any device has. It is the VTEP of its guests.",
        ),
        Field::required("interface", INTERFACE_NAME, "The name of the interface it is attached to."),
        Field::optional("guests", Shape::Records(&GUEST, 0, 4_096), "Its virtual machines.").singular("guest"),
        SPEED,
        LATENCY,
        UP,
    ],
    rules: &[],
};

/// The element of `list` and, in it, the field.
fn at(list: &'static str, position: usize, field: &'static str) -> Place {
    Place::default().field(list).item(position).field(field)
}

fn names<'a>(device: &Facts<'a>, list: &str) -> Option<Vec<&'a str>> {
    match device.record.get(list) {
        Tree::Unknown => None,
        other => other.items().iter().map(|item| item.get("name").text()).collect(),
    }
}

fn names_are_told_apart(device: &Facts<'_>) -> Vec<Problem> {
    let mut seen = BTreeSet::new();
    let each = ["interfaces", "lags"].into_iter().flat_map(|list| {
        let items = device.items(list).iter().enumerate();
        items.filter_map(move |(position, item)| Some((list, position, item.get("name").text()?)))
    });
    let again = each.filter(|(_, _, name)| !seen.insert(*name));
    again
        .map(|(list, position, name)| {
            let what = format!("{name} is the name of two interfaces");
            Problem::refused(at(list, position, "name"), what, "Give each interface and each LAG a name of its own.")
        })
        .collect()
}

fn members_exist(device: &Facts<'_>) -> Vec<Problem> {
    let Some(interfaces) = names(device, "interfaces") else { return Vec::new() };
    let mut problems = Vec::new();
    let mut taken = BTreeSet::new();
    for (position, lag) in device.items("lags").iter().enumerate() {
        for (member, name) in lag.get("members").items().iter().enumerate() {
            let Some(name) = name.text() else { continue };
            let at = at("lags", position, "members").item(member);
            if !interfaces.contains(&name) {
                let hint = format!("Its interfaces are {}.", listed(&interfaces));
                problems.push(Problem::refused(at, format!("The device has no interface {name}"), hint));
            } else if !taken.insert(name) {
                let what = format!("{name} is a member of a LAG already");
                problems.push(Problem::refused(at, what, "An interface is a member of one LAG, once."));
            }
        }
    }
    problems
}

fn groups_lead_somewhere(device: &Facts<'_>) -> Vec<Problem> {
    let (Some(interfaces), Some(lags)) = (names(device, "interfaces"), names(device, "lags")) else {
        return Vec::new();
    };
    let members: Vec<&str> =
        device.items("lags").iter().flat_map(|lag| lag.get("members").items()).filter_map(Tree::text).collect();
    let mut problems = Vec::new();
    let mut networks = BTreeSet::new();
    for (position, group) in device.items("ecmp_groups").iter().enumerate() {
        for (item, network) in group.get("destinations").items().iter().enumerate() {
            let Some(network) = network.text() else { continue };
            if !networks.insert(network) {
                let at = at("ecmp_groups", position, "destinations").item(item);
                let what = format!("{network} is a destination of two groups");
                problems.push(Problem::refused(at, what, "A network has one group of next hops. Join them."));
            }
        }
        let mut seen = BTreeSet::new();
        for (item, name) in group.get("interfaces").items().iter().enumerate() {
            let Some(name) = name.text() else { continue };
            let at = at("ecmp_groups", position, "interfaces").item(item);
            if members.contains(&name) {
                let what = format!("{name} is a member of a LAG");
                problems.push(Problem::refused(at, what, "Give the name of the LAG."));
            } else if !interfaces.contains(&name) && !lags.contains(&name) {
                let hint =
                    format!("There are {}.", listed(&interfaces.iter().chain(&lags).copied().collect::<Vec<_>>()));
                problems.push(Problem::refused(at, format!("The device has no interface or LAG {name}"), hint));
            } else if !seen.insert(name) {
                problems.push(Problem::refused(
                    at,
                    format!("{name} is in the group twice"),
                    "Give each next hop once.",
                ));
            }
        }
    }
    problems
}

fn hosts_are_attached_once(device: &Facts<'_>) -> Vec<Problem> {
    let interfaces = names(device, "interfaces");
    let members: Vec<&str> =
        device.items("lags").iter().flat_map(|lag| lag.get("members").items()).filter_map(Tree::text).collect();
    let mut problems = Vec::new();
    let (mut addresses, mut guests) = (BTreeSet::new(), BTreeSet::new());
    for (position, host) in device.items("hosts").iter().enumerate() {
        if let (Some(name), Some(interfaces)) = (host.get("interface").text(), &interfaces) {
            if members.contains(&name) {
                let what = format!("{name} is a member of a LAG");
                problems.push(Problem::refused(
                    at("hosts", position, "interface"),
                    what,
                    "Hosts are attached to single interfaces.",
                ));
            } else if !interfaces.contains(&name) {
                let hint = format!("Its interfaces are {}.", listed(interfaces));
                let what = format!("The device has no interface {name}");
                problems.push(Problem::refused(at("hosts", position, "interface"), what, hint));
            }
        }
        if let Some(address) = host.get("address").text() {
            problems.extend(belongs_to_an_interface(at("hosts", position, "address"), Some(address)));
            if !addresses.insert(address) {
                let what = format!("{address} is attached twice");
                problems.push(Problem::refused(
                    at("hosts", position, "address"),
                    what,
                    "A host is attached in one place.",
                ));
            }
        }
        for (number, guest) in host.get("guests").items().iter().enumerate() {
            let place = at("hosts", position, "guests").item(number).field("address");
            problems.extend(belongs_to_an_interface(place.clone(), guest.get("address").text()));
            if let (Some(address), Some(vnid)) = (guest.get("address").text(), guest.get("vnid").int())
                && !guests.insert((vnid, address))
            {
                let what = format!("{address} is there twice in VXLAN {vnid}");
                problems.push(Problem::refused(place, what, "An address is that of one virtual machine."));
            }
        }
    }
    problems
}

fn listed(names: &[&str]) -> String {
    match names {
        [] => "none".to_owned(),
        names => names.join(", "),
    }
}

/// What the device at one end of a link has to have: `position` is that of the end.
pub(super) fn has_interface(device: &Tree, name: &str, position: usize) -> Option<Problem> {
    let at = |field| at("ends", position, field);
    if device.get("lags").items().iter().any(|lag| lag.get("name").text() == Some(name)) {
        let what = format!("{name} is a LAG");
        return Some(Problem::refused(
            at("interface"),
            what,
            "Links are between interfaces: give each member of the LAG one.",
        ));
    }
    if device.get("interfaces").has_unknown() {
        return None;
    }
    let mut interfaces = device.get("interfaces").items().iter().filter_map(|item| item.get("name").text());
    if interfaces.any(|other| other == name) {
        let is_host = |host: &&Tree| host.get("interface").text() == Some(name);
        let host = device.get("hosts").items().iter().find(is_host)?;
        let what = format!("{name} is where the host {} is attached", host.get("address").text().unwrap_or_default());
        return Some(Problem::refused(at("interface"), what, "An interface has one other end. Give another one."));
    }
    let what = format!("The device has no interface {name}");
    Some(Problem::refused(at("interface"), what, "Add it to the interfaces of the device, or correct the name."))
}

/// The addresses of hosts and guests, which no others have.
pub(super) fn holds(tree: &Tree) -> Vec<Hold> {
    let address =
        |item: &Tree| item.get("address").text().and_then(|text| text.parse::<IpAddr>().ok()).map(Network::from);
    let mut found = Vec::new();
    for (position, host) in tree.get("hosts").items().iter().enumerate() {
        let scope = "/infra/simulated-devices".to_owned();
        found.extend(address(host).map(|network| Hold {
            scope,
            used_as: Use::HostAddress,
            network,
            at: at("hosts", position, "address"),
        }));
        for (number, guest) in host.get("guests").items().iter().enumerate() {
            let Some(vnid) = guest.get("vnid").int() else { continue };
            let scope = format!("/infra/simulated-devices/vxlan/{vnid}");
            let at = at("hosts", position, "guests").item(number).field("address");
            found.extend(address(guest).map(|network| Hold { scope, used_as: Use::HostAddress, network, at }));
        }
    }
    found
}

fn has_ends(device: &Facts<'_>) -> Vec<Problem> {
    match device.record.get("interfaces") {
        Tree::List(items) if items.is_empty() => {
            vec![refuse("interfaces", "The device has no interface", "Give it at least one.")]
        }
        _ => Vec::new(),
    }
}

/// Simulated devices.
pub static SIMULATED_DEVICE: Kind = Kind {
    name: "simulated_device",
    title: "simulated device",
    resource_type: "SimulatedDevice",
    places: &[&["infra", "simulated-devices", "*"]],
    record: &Record {
        doc: "A switch or router of a fabric, on the embedded engine only: what flows cross between hosts, hop by hop, and \
              what a compute agent's probes are answered by.",
        fields: &[
            Field::required(
                "serial_number",
                Shape::Text(1, 64),
                "The serial number (`DevSerialID`). With the 5-tuple of a flow it decides which of several next hops the flow takes.",
            ),
            Field::required("interfaces", Shape::Records(&INTERFACE, 0, 1_024), "Its interfaces.")
                .singular("interface"),
            Field::optional("lags", Shape::Records(&LAG, 0, 256), "Its aggregated interfaces.").singular("lag"),
            Field::optional(
                "ecmp_groups",
                Shape::Records(&ECMP_GROUP, 0, 1_000),
                "Which next hops lead to which networks. Without any, packets take the shortest paths.",
            )
            .singular("ecmp_group"),
            Field::optional("hosts", Shape::Records(&HOST, 0, 4_096), "The hosts attached to it.").singular("host"),
            Field::optional(
                "cpu_utilization",
                Shape::Int(0, 100),
                "The load of its processor in percent (`DevCPUUtil`).",
            )
            .or(Default::Int(0)),
            Field::optional(
                "memory_utilization",
                Shape::Int(0, 100),
                "How much of its memory is in use, in percent (`DevMEMUtil`).",
            )
            .or(Default::Int(0)),
            Field::optional("timestamp_type", Shape::Enum(&ClockType::WORDS), "The clock it stamps packets with.")
                .or(Default::Text("NTP")),
            Field::optional(
                "clock_offset",
                Shape::Int(-86_400_000, 86_400_000),
                "Milliseconds that its clock is ahead of the engine's; behind, if negative.",
            )
            .or(Default::Int(0)),
            Field::optional("response_time", Shape::Int(0, 60_000_000), "Microseconds it takes to answer a probe.")
                .or(Default::Int(500)),
            Field::optional(
                "answered_probes",
                Shape::Int(0, 100),
                "How many of a hundred probes it answers. The others are lost.",
            )
            .or(Default::Int(100)),
        ],
        rules: &[has_ends, names_are_told_apart, members_exist, groups_lead_somewhere, hosts_are_attached_once],
    },
    default_parent: None,
};
