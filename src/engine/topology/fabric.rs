//! The fabric: devices, the links between them, the hosts attached to them, and what a
//! compute agent collects.

use std::net::IpAddr;
use std::sync::Arc;

use super::read::Doc;
use crate::engine::Moment;
use crate::model::{ClockType, FLOW_TRACE, FlowTransport, Kind, Network, PolicyPath, Tree};

/// A device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its policy path.
    pub path: PolicyPath,
    /// The name people see.
    pub name: String,
    /// Its serial number.
    pub serial: String,
    /// The load of its processor, in percent.
    pub cpu: u8,
    /// How much of its memory is in use, in percent.
    pub memory: u8,
    /// Its interfaces, by which the others are told: by their positions.
    pub interfaces: Vec<Interface>,
    /// Its aggregated interfaces.
    pub lags: Vec<Lag>,
    /// Which next hops lead to which networks.
    pub groups: Vec<EcmpGroup>,
    /// The hosts attached to it.
    pub hosts: Vec<Host>,
    /// The clock it stamps packets with.
    pub clock: ClockType,
    /// Milliseconds that its clock is ahead.
    pub clock_offset: i64,
    /// Microseconds it takes to answer a probe.
    pub response_time: u64,
    /// How many of a hundred probes it answers.
    pub answered_probes: u8,
    /// When it was created: its interfaces count other traffic from then on.
    pub since: Moment,
}

impl Device {
    /// Whether one of its interfaces carries other traffic than that of flows.
    pub fn is_busy_in_background(&self) -> bool {
        self.interfaces.iter().any(Interface::is_busy_in_background)
    }
}

impl Interface {
    /// Whether it carries other traffic than that of flows.
    pub fn is_busy_in_background(&self) -> bool {
        [self.sent, self.received].iter().any(|way| way.background_packets + way.background_bytes > 0)
    }
}

/// An interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Its name.
    pub name: String,
    /// What it sends: what it has counted before, and the rate of other traffic.
    pub sent: Before,
    /// What it receives.
    pub received: Before,
}

/// What one direction of an interface begins with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Before {
    /// Unicast packets.
    pub unicast: u64,
    /// Broadcast packets.
    pub broadcast: u64,
    /// Multicast packets.
    pub multicast: u64,
    /// CRC errors.
    pub crc_errors: u64,
    /// Dropped packets.
    pub dropped: u64,
    /// Bytes.
    pub bytes: u64,
    /// Packets of other traffic in a second.
    pub background_packets: u64,
    /// Bytes of other traffic in a second.
    pub background_bytes: u64,
}

/// Interfaces that are one link together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lag {
    /// Its name.
    pub name: String,
    /// The positions of its members.
    pub members: Vec<usize>,
}

/// A next hop of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextHop {
    /// The interface at this position.
    Interface(usize),
    /// The LAG at this position.
    Lag(usize),
}

/// Equally good next hops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EcmpGroup {
    /// Where they lead to.
    pub destinations: Vec<Network>,
    /// They themselves.
    pub next_hops: Vec<NextHop>,
}

/// A host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// Its address.
    pub address: IpAddr,
    /// The position of the interface it is attached to.
    pub interface: usize,
    /// Its virtual machines.
    pub guests: Vec<Guest>,
    /// The line to it.
    pub line: Line,
}

/// A virtual machine in a VXLAN segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guest {
    /// Its address.
    pub address: IpAddr,
    /// The VXLAN network identifier.
    pub vnid: u32,
    /// Its MAC address.
    pub mac: String,
}

/// What a link, or the line to a host, is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Megabits in a second, each way.
    pub speed: u64,
    /// Microseconds, one way.
    pub latency: u64,
    /// Whether it is in operation.
    pub up: bool,
}

/// A link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The devices at its ends, and the names of the interfaces.
    pub ends: [(PolicyPath, String); 2],
    /// What it is like.
    pub line: Line,
}

/// What tells a flow from all others on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FiveTuple {
    /// The source address.
    pub source: IpAddr,
    /// The destination address.
    pub destination: IpAddr,
    /// The IP protocol number.
    pub protocol: u8,
    /// The source port.
    pub source_port: u16,
    /// The destination port.
    pub destination_port: u16,
}

impl FiveTuple {
    /// That of the answers.
    #[must_use]
    pub fn answer(self) -> Self {
        Self {
            source: self.destination,
            destination: self.source,
            source_port: self.destination_port,
            destination_port: self.source_port,
            ..self
        }
    }
}

/// What a compute agent collects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collection {
    /// Its policy path.
    pub path: PolicyPath,
    /// What packets on the path look like, outside.
    pub tuple: FiveTuple,
    /// What is within, if it is a tunnel.
    pub tunnel: Option<Tunnel>,
    /// Whose it is; none: of all who name nobody.
    pub originator: Option<String>,
    /// Since when its parameters are what they are.
    pub since: Moment,
    /// Milliseconds from one run to the next.
    pub interval: i64,
    /// How many hops are probed at most.
    pub hops: usize,
    /// How often a hop is tried.
    pub tries: u32,
    /// Microseconds in which a hop has to answer.
    pub timeout: u64,
    /// Whether probes have checksums.
    pub checksums: bool,
    /// Whether devices count the packets of the flow.
    pub counts: bool,
    /// Where copies of the packets of the flow are sent.
    pub analyzer: Option<IpAddr>,
}

/// A VXLAN tunnel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tunnel {
    /// The VXLAN network identifier.
    pub vnid: u32,
    /// The application's source address.
    pub source: IpAddr,
    /// Its destination address.
    pub destination: IpAddr,
}

/// The UDP port of VXLAN (RFC 7348, section 5).
pub const VXLAN_PORT: u16 = 4_789;
/// The IP protocol number of UDP.
const UDP: u8 = 17;

pub(super) fn device(path: &PolicyPath, tree: &Tree) -> Option<Arc<Device>> {
    let doc = Doc(tree);
    let interfaces: Vec<Interface> = doc.items("interfaces").map(interface).collect::<Option<_>>()?;
    let position = |name: &str| interfaces.iter().position(|interface| interface.name == name);
    let lag = |lag: Doc<'_>| {
        let members = lag.0.get("members").items().iter().filter_map(|name| position(name.text()?));
        Some(Lag { name: lag.string("name")?, members: members.collect() })
    };
    let lags: Vec<Lag> = doc.items("lags").map(lag).collect::<Option<_>>()?;
    let next_hop = |name: &str| {
        let lag = lags.iter().position(|lag| lag.name == name).map(NextHop::Lag);
        lag.or_else(|| position(name).map(NextHop::Interface))
    };
    let group = |group: Doc<'_>| EcmpGroup {
        destinations: group.all_parsed("destinations"),
        next_hops: group.0.get("interfaces").items().iter().filter_map(|name| next_hop(name.text()?)).collect(),
    };
    let host = |host: Doc<'_>| {
        Some(Host {
            address: host.address("address")?,
            interface: position(host.text("interface")?)?,
            guests: host.items("guests").filter_map(guest).collect(),
            line: line(host),
        })
    };
    Some(Arc::new(Device {
        path: path.clone(),
        name: doc.string("display_name").unwrap_or_else(|| path.id().to_owned()),
        serial: doc.string("serial_number")?,
        cpu: doc.number("cpu_utilization").unwrap_or_default(),
        memory: doc.number("memory_utilization").unwrap_or_default(),
        groups: doc.items("ecmp_groups").map(group).collect(),
        hosts: doc.items("hosts").filter_map(host).collect(),
        clock: doc.word("timestamp_type", ClockType::parse).unwrap_or(ClockType::Ntp),
        clock_offset: doc.number("clock_offset").unwrap_or_default(),
        response_time: doc.number("response_time").unwrap_or(500),
        answered_probes: doc.number("answered_probes").unwrap_or(100),
        since: Moment(doc.number::<i64>("_create_time").unwrap_or_default()),
        interfaces,
        lags,
    }))
}

fn interface(doc: Doc<'_>) -> Option<Interface> {
    let (counters, background) = (doc.get("counters"), doc.get("background"));
    let before = |way: &str| {
        let counted = |name: &str| counters.number(&format!("{way}_{name}")).unwrap_or_default();
        let rate = |name: &str| background.number(&format!("{way}_{name}")).unwrap_or_default();
        Before {
            unicast: counted("ucpkts"),
            broadcast: counted("bcpkts"),
            multicast: counted("mcpkts"),
            crc_errors: counted("crcerror"),
            dropped: counted("droppkt"),
            bytes: counted("bytes"),
            background_packets: rate("pps"),
            background_bytes: rate("bw"),
        }
    };
    Some(Interface { name: doc.string("name")?, sent: before("tx"), received: before("rx") })
}

fn guest(doc: Doc<'_>) -> Option<Guest> {
    Some(Guest {
        address: doc.address("address")?,
        vnid: doc.number("vnid")?,
        mac: doc.string("mac_address").unwrap_or_default(),
    })
}

fn line(doc: Doc<'_>) -> Line {
    Line {
        speed: doc.number("speed").unwrap_or(10_000),
        latency: doc.number("latency").unwrap_or(5),
        up: doc.bool("up", true),
    }
}

pub(super) fn link(tree: &Tree) -> Option<Link> {
    let doc = Doc(tree);
    let end = |end: Doc<'_>| Some((end.path("device_path")?, end.string("interface")?));
    let mut ends = doc.items("ends").map(end);
    Some(Link { ends: [ends.next()??, ends.next()??], line: line(doc) })
}

pub(super) fn collection(kind: &Kind, path: &PolicyPath, tree: &Tree) -> Option<Collection> {
    let doc = Doc(tree);
    let is_flow = *kind == FLOW_TRACE;
    let port = |field| doc.number::<u16>(field);
    let transport = doc.word("proto", FlowTransport::parse).unwrap_or(FlowTransport::Udp);
    let tunnel = || {
        Some(Tunnel { vnid: doc.number("vnid")?, source: doc.address("appsrc")?, destination: doc.address("appdst")? })
    };
    let since = doc.number::<i64>("_last_modified_time").or_else(|| doc.number("_create_time"));
    Some(Collection {
        path: path.clone(),
        tuple: FiveTuple {
            source: doc.address("src")?,
            destination: doc.address("dst")?,
            protocol: if is_flow { transport.number() } else { UDP },
            source_port: port("sport").unwrap_or(33_434),
            destination_port: if is_flow { port("dport").unwrap_or(33_434) } else { VXLAN_PORT },
        },
        tunnel: if is_flow { None } else { Some(tunnel()?) },
        originator: doc.string("originator"),
        since: Moment(since.unwrap_or_default()),
        interval: doc.number::<i64>("sfreq").unwrap_or(1).saturating_mul(1_000).max(1),
        hops: doc.number("nhops").unwrap_or(255),
        tries: doc.number("ntry").unwrap_or(1),
        timeout: doc.number::<u64>("timeout").unwrap_or(30_000).saturating_mul(1_000),
        checksums: doc.bool("chksum", true),
        counts: doc.bool("bw_ingress", false),
        analyzer: doc.text("mirror_type").and(doc.address("mirror_analyzer")),
    })
}
