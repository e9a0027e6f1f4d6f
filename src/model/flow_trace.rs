//! Collections of a compute agent (seed 004): it sends probes along the path of a flow, or
//! of a VXLAN tunnel, and keeps what the devices on it answer.

use std::net::{IpAddr, Ipv4Addr};

use super::enumeration::words;
use super::field::{Default, Field, Record, Shape, concat};
use super::kind::Kind;
use super::problem::{Place, Problem, Step};
use super::rule::{Facts, refuse};
use super::tree::Tree;

words! {
    /// The transport of a flow.
    pub enum Transport {
        /// TCP.
        Tcp = "tcp",
        /// UDP.
        Udp = "udp",
    }
}

impl Transport {
    /// Its number (IANA "Assigned Internet Protocol Numbers").
    pub const fn number(self) -> u8 {
        match self {
            Self::Tcp => 6,
            Self::Udp => 17,
        }
    }
}

words! {
    /// How copies are wrapped, by a compute agent.
    pub enum FlowMirrorType {
        /// ERSPAN.
        Erspan = "ERSPAN",
    }
}

words! {
    /// Which packets of a flow are copied.
    pub enum FlowMirrorDirection {
        /// Those that arrive at a device.
        Ingress = "ingress",
    }
}

const PORT: Shape = Shape::Int(1, 65_535);
/// The port of traceroute, which probes have unless another one is given.
const PROBED: Default = Default::Int(33_434);
const MAC: Shape = Shape::Mac;

/// What is collected, and how often.
const COLLECTED: [Field; 10] = [
    Field::optional("sfreq", Shape::Int(1, 86_400), "Seconds from one probe run to the next.").or(Default::Int(1)),
    Field::optional("nhops", Shape::Int(1, 255), "How many hops are probed at most.").or(Default::Int(255)),
    Field::optional("ntry", Shape::Int(1, 255), "How often a hop is tried that does not answer in time.").or(Default::Int(1)),
    Field::optional("timeout", Shape::Int(1, 3_600_000), "Milliseconds in which a hop has to answer.").or(Default::Int(30_000)),
    Field::optional("chksum", Shape::Bool, "Whether probes have checksums. Devices answer when a probe's TTL ends, with or without. The destination answers no TCP without a checksum, so that a run which gets there ends after `timeout` only.").or(Default::Bool(true)),
    Field::optional("bw_ingress", Shape::Bool, "Whether each device counts the packets of the flow that arrive there (`Bandwidth_Counter`, `Bandwidth_ID`).").or(Default::Bool(false)),
    Field::optional("mirror_type", Shape::Enum(&FlowMirrorType::WORDS), "How each device on the path wraps its copies of the packets of the flow. Unset, nothing is mirrored."),
    Field::optional("mirror_dir", Shape::Enum(&FlowMirrorDirection::WORDS), "Which packets are copied. Required with `mirror_type`."),
    Field::optional("mirror_analyzer", Shape::Address, "The IPv4 address that the copies are sent to: that of a host of the fabric, or they are lost. Required with `mirror_type`."),
    Field::optional("originator", Shape::Text(1, 255), "Whose collection it is (the header `Originator`): at the agent's addresses others can neither see, change nor stop it; an admin of the engine can. Unset, it is of all who name no originator.").fixed(),
];

const FLOW: [Field; 5] = [
    Field::required("src", Shape::Address, "The IPv4 address of the source.").fixed(),
    Field::required("dst", Shape::Address, "The IPv4 address of the destination.").fixed(),
    Field::optional("proto", Shape::Enum(&Transport::WORDS), "The transport.").or(Default::Text("udp")).fixed(),
    Field::optional("sport", PORT, "The source port.").or(PROBED).fixed(),
    Field::optional("dport", PORT, "The destination port.").or(PROBED).fixed(),
];

const TUNNEL: [Field; 9] = [
    Field::required("src", Shape::Address, "The IPv4 address of the VTEP at the source.").fixed(),
    Field::required("dst", Shape::Address, "The IPv4 address of the VTEP at the destination.").fixed(),
    Field::required(
        "sport",
        PORT,
        "The source port of the outer UDP header, which the VTEP makes of the packet within.",
    )
    .fixed(),
    Field::required("vnid", Shape::Int(1, 16_777_215), "The VXLAN network identifier.").fixed(),
    Field::required("appsrc", Shape::Address, "The IPv4 address of the application behind the source.").fixed(),
    Field::required("appdst", Shape::Address, "The IPv4 address of the application behind the destination.").fixed(),
    Field::required("appsmac", MAC, "The MAC address of the application behind the source."),
    Field::required("appdmac", MAC, "The MAC address of the application behind the destination."),
    Field::optional("dport", PORT, "The destination port of the application."),
];

static FLOW_FIELDS: [Field; 15] = concat(FLOW, COLLECTED);
static TUNNEL_FIELDS: [Field; 19] = concat(TUNNEL, COLLECTED);

fn addresses_are_v4(trace: &Facts<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for field in ["src", "dst", "appsrc", "appdst", "mirror_analyzer"] {
        let Some(address) = trace.text(field).and_then(|text| text.parse::<IpAddr>().ok()) else { continue };
        let what = match address {
            IpAddr::V6(_) => format!("{address} is no IPv4 address"),
            IpAddr::V4(address) if address.is_unspecified() || address.is_multicast() || address.is_broadcast() => {
                format!("{address} is the address of no host")
            }
            IpAddr::V4(_) => continue,
        };
        problems.push(refuse(field, what, "A compute agent knows the IPv4 addresses of hosts."));
    }
    problems
}

fn mirror_is_whole(trace: &Facts<'_>) -> Vec<Problem> {
    let needed = ["mirror_dir", "mirror_analyzer"].into_iter();
    if trace.set("mirror_type") {
        let missing = needed.filter(|field| trace.unset(field));
        missing
            .map(|field| {
                refuse(field, format!("{field} is missing although mirror_type is set"), "Give all three, or none.")
            })
            .collect()
    } else if trace.unset("mirror_type") {
        let stray = needed.filter(|field| trace.set(field));
        stray
            .map(|field| {
                refuse(field, format!("{field} cannot be used without mirror_type"), "Give all three, or none.")
            })
            .collect()
    } else {
        Vec::new()
    }
}

fn ends_differ(trace: &Facts<'_>) -> Vec<Problem> {
    let (source, destination) = (trace.text("src"), trace.text("dst"));
    let same = source.is_some() && source == destination;
    same.then(|| refuse("dst", "dst is the same as src", "There is no path from a host to itself."))
        .into_iter()
        .collect()
}

/// Collections of flows.
pub static FLOW_TRACE: Kind = Kind {
    name: "flow_trace",
    title: "flow trace",
    resource_type: "FlowTrace",
    places: &[&["infra", "flow-traces", "*"]],
    record: &Record {
        doc: "A collection of a compute agent: probes along the path of a flow, at a steady rate, for as long as it exists. \
              What they have found is read with `vpn_flow_path`.",
        fields: &FLOW_FIELDS,
        rules: &[addresses_are_v4, ends_differ, mirror_is_whole],
    },
    default_parent: None,
};

/// Collections of VXLAN tunnels.
pub static TUNNEL_TRACE: Kind = Kind {
    name: "tunnel_trace",
    title: "tunnel trace",
    resource_type: "TunnelTrace",
    places: &[&["infra", "tunnel-traces", "*"]],
    record: &Record {
        doc: "A collection of a compute agent: probes along the path of a VXLAN tunnel between two hosts, at a steady rate, \
              for as long as it exists. What they have found is read with `vpn_flow_path`.",
        fields: &TUNNEL_FIELDS,
        rules: &[addresses_are_v4, ends_differ, mirror_is_whole],
    },
    default_parent: None,
};

/// The fields that tell a collection from all others, in the order in which its id has them.
pub fn identity(kind: &Kind) -> Option<&'static [&'static str]> {
    if *kind == FLOW_TRACE {
        Some(&["src", "dst", "proto", "sport", "dport"])
    } else if *kind == TUNNEL_TRACE {
        Some(&["src", "dst", "sport", "vnid", "appsrc", "appdst"])
    } else {
        None
    }
}

/// The id of an object of `kind` that is declared by `tree`, if it is a collection: what
/// tells it from all others, parted by commas. Not known while part of it is not.
pub fn id(kind: &Kind, tree: &Tree) -> Option<Tree> {
    let parts = identity(kind)?.iter().map(|field| {
        let value = match (tree.get(field), kind.record.field(field)) {
            (Tree::Null, Some(field)) => field.default_for(tree),
            (value, _) => value.clone(),
        };
        match value {
            // Leading zeros and the like have one spelling here as well.
            Tree::Text(text) => Some(text.parse::<Ipv4Addr>().map_or(text, |address| address.to_string())),
            Tree::Number(number) => Some(number.to_string()),
            _ => None,
        }
    });
    let parts: Option<Vec<_>> = parts.collect();
    Some(parts.map_or(Tree::Unknown, |parts| Tree::Text(parts.join(","))))
}

/// What is wrong with `id` for a collection of `kind` that is declared by `tree`: it has the id that
/// its flow makes. Nothing for other objects, and as long as that is not known.
pub fn problem_of_id(kind: &Kind, tree: &Tree, id: &str) -> Option<Problem> {
    let own = self::id(kind, tree)?;
    let own = own.text().filter(|own| *own != id)?;
    let at = Place::default().then(Step::Field("id"));
    Some(Problem::refused(at, format!("{id:?} is not the id of this collection"), format!("Its id is {own}.")))
}

/// What tells a collection of `kind` with this id from all others, as a document.
pub fn of_id(kind: &Kind, id: &str) -> Option<Tree> {
    let names = identity(kind)?;
    let parts: Vec<&str> = id.split(',').collect();
    if parts.len() != names.len() {
        return None;
    }
    let value = |(name, part): (&&'static str, &&str)| {
        let value = match kind.record.field(name)?.shape {
            Shape::Int(least, most) => {
                part.parse::<i64>().ok().filter(|number| (least..=most).contains(number))?.into()
            }
            Shape::Address => Tree::Text(part.parse::<Ipv4Addr>().ok()?.to_string()),
            _ => Tree::Text(Transport::parse(part)?.word().to_owned()),
        };
        Some(((*name).to_owned(), value))
    };
    names.iter().zip(&parts).map(value).collect::<Option<_>>().map(Tree::Object)
}
