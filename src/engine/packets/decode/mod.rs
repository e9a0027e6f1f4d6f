//! What is in a packet, as a summary line: one module for each protocol.
//!
//! | module | what it holds |
//! |---|---|
//! | `ip` | IPv4 and IPv6: extension headers, fragments |
//! | `applications` | who speaks over TCP and UDP: the table of ports |
//! | `tcp`, `udp`, `icmp`, `icmpv6`, `gre` | what IP carries; ERSPAN is in GRE |
//! | `esp` | ESP and AH, and ESP over UDP |
//! | `ike` | IKE, both versions |
//! | `bgp`, `dns`, `http`, `ftp`, `telnet`, `drda`, `smc` | applications |
//! | `enterprise_extender`, `vxlan` | what UDP carries |
//! | `arp` | the one protocol that is not in IP |
//!
//! Another protocol is a module with a function `line`, which adds words to the line as far as
//! the bytes go and tells why it goes no further; and a row in `applications`, or an arm in
//! [`by_number`].

mod applications;
mod arp;
mod bgp;
mod dns;
mod drda;
mod enterprise_extender;
mod esp;
mod ftp;
mod gre;
mod http;
mod icmp;
mod icmpv6;
mod ike;
mod ip;
mod smc;
mod tcp;
mod telnet;
mod udp;
mod vxlan;

use std::borrow::Cow;
use std::net::IpAddr;

use etherparse::IpNumber;

use super::bytes::{Bytes, Flaw};
use super::line::Line;
use crate::engine::forwarding::protocol;
use crate::engine::pcap::Frame;
pub use ip::Network;

/// How many packets may lie in one another before nobody looks any further.
const DEEPEST: u8 = 4;
/// IP numbers that the engine itself does not know (IANA "Assigned Internet Protocol Numbers").
const IPV4_IN_IP: u8 = 4;
const IPV6_IN_IP: u8 = 41;
const GRE: u8 = 47;
const ESP: u8 = 50;
const AH: u8 = 51;

/// Types of what Ethernet carries (IANA "IEEE 802 Numbers").
mod ether_type {
    pub const IPV4: u16 = 0x0800;
    pub const ARP: u16 = 0x0806;
    pub const ETHERNET: u16 = 0x6558;
    pub const IPV6: u16 = 0x86dd;
    pub const ERSPAN: u16 = 0x88be;
    pub const ERSPAN_3: u16 = 0x22eb;
    pub const LLDP: u16 = 0x88cc;
    /// Below it the field is a length, and LLC follows (IEEE 802.3).
    pub const LEAST: u16 = 0x0600;
    /// VLAN tags.
    pub const VLANS: [u16; 3] = [0x8100, 0x88a8, 0x9100];
}

/// Where in a packet something is.
#[derive(Clone, Copy, Debug)]
pub struct Layer {
    /// How many packets it lies in.
    depth: u8,
}

impl Layer {
    /// The next packet within; none when nobody looks any further.
    const fn within(self) -> Option<Self> {
        if self.depth < DEEPEST { Some(Self { depth: self.depth + 1 }) } else { None }
    }
}

/// What was found in a frame, beside its line.
#[derive(Clone, Debug)]
pub struct Decoded<'a> {
    /// Source and destination; none where there are no addresses of IP.
    pub ends: Option<(IpAddr, IpAddr)>,
    /// Their ports, of TCP and UDP.
    pub ports: Option<(u16, u16)>,
    /// The name of the protocol.
    pub protocol: Cow<'static, str>,
    /// The bytes of the packet, its IP header included.
    pub length: u32,
    /// What follows the IP header; the whole packet where there is none.
    pub content: &'a [u8],
}

/// The name of a protocol that IP carries: IANA's keyword, or the number where it has none.
fn protocol_name(number: u8) -> Cow<'static, str> {
    IpNumber(number).keyword_str().map_or_else(|| number.to_string().into(), Cow::Borrowed)
}

/// Adds the name of a protocol.
fn name(line: &mut Line, number: u8) {
    line.word(&protocol_name(number));
}

/// Decodes a frame: its summary goes into `line`.
pub fn decode<'a>(frame: &Frame<'a>, line: &mut Line) -> Decoded<'a> {
    let (kind, bytes) = frame.content();
    let before = frame.bytes.len() - bytes.len();
    let length = (frame.size as usize).saturating_sub(before);
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    let is_cut = (frame.bytes.len() as u64) < u64::from(frame.size);
    let unknown = |protocol: Cow<'static, str>| Decoded { ends: None, ports: None, protocol, length, content: bytes };
    let (decoded, done) = match kind {
        Some(ether_type::IPV4 | ether_type::IPV6) => match Network::of(kind, bytes, length) {
            Ok(network) => {
                let done = network.line(line, Layer { depth: 0 });
                (Decoded::of(&network), done)
            }
            Err(flaw) => (unknown("UNKNOWN".into()), Err(flaw)),
        },
        Some(ether_type::ARP) => match arp::line(line, bytes) {
            Ok((sender, target)) => {
                (Decoded { ends: Some((sender.into(), target.into())), ..unknown("ARP".into()) }, Ok(()))
            }
            Err(flaw) => (unknown("ARP".into()), Err(flaw)),
        },
        Some(kind) => {
            line.number("Len", length);
            (unknown(ether_name(kind)), Ok(()))
        }
        None if bytes.is_empty() => (unknown("UNKNOWN".into()), Err(Flaw::Short)),
        None => {
            line.number("Link", frame.link.number());
            (unknown("UNKNOWN".into()), Ok(()))
        }
    };
    let is_missing = is_cut && bytes.len() < decoded.length as usize;
    match done {
        Err(Flaw::Short) if !is_cut => line.remark(format_args!("Malformed: too short")),
        Err(Flaw::Malformed(what)) => {
            line.remark(format_args!("Malformed: {what}"));
        }
        _ => {}
    }
    if is_missing || is_cut && done == Err(Flaw::Short) {
        line.remark(format_args!("Truncated"));
    }
    decoded
}

impl<'a> Decoded<'a> {
    fn of(network: &Network<'a>) -> Self {
        Self {
            ends: Some((network.source, network.destination)),
            ports: network.ports(),
            protocol: protocol_name(network.number),
            length: network.length,
            content: network.content,
        }
    }
}

/// The name of what Ethernet carries.
fn ether_name(kind: u16) -> Cow<'static, str> {
    match kind {
        ether_type::LLDP => "LLDP".into(),
        ..ether_type::LEAST => "LLC".into(),
        kind => format!("{kind:#06x}").into(),
    }
}

/// Adds what a packet of IP carries, by its number.
fn by_number(line: &mut Line, number: u8, bytes: &[u8], layer: Layer) -> Result<(), Flaw> {
    match number {
        protocol::ICMP => icmp::line(line, bytes, layer),
        protocol::ICMPV6 => icmpv6::line(line, bytes, layer),
        protocol::TCP => tcp::line(line, bytes, layer),
        protocol::UDP => udp::line(line, bytes, layer),
        GRE => gre::line(line, bytes, layer),
        ESP => esp::line(line, bytes, layer),
        AH => esp::authentication(line, bytes, layer),
        IPV4_IN_IP => inner(line, ether_type::IPV4, bytes, layer),
        IPV6_IN_IP => inner(line, ether_type::IPV6, bytes, layer),
        _ => {
            line.number("Len", bytes.len());
            Ok(())
        }
    }
}

/// Adds a packet that lies in another one, by its `EtherType`: `| 10.0.0.1>10.0.0.2 UDP 53>1024
/// Len=…`.
fn inner(line: &mut Line, kind: u16, bytes: &[u8], layer: Layer) -> Result<(), Flaw> {
    let Some(layer) = layer.within() else {
        line.word("| ...");
        return Ok(());
    };
    match kind {
        ether_type::IPV4 | ether_type::IPV6 => {
            let network = Network::of(Some(kind), bytes, u32::try_from(bytes.len()).unwrap_or(u32::MAX))?;
            ends(line, &network);
            network.line(line, layer)
        }
        ether_type::ARP => {
            line.word("| ARP");
            arp::line(line, bytes).map(|_| ())
        }
        ether_type::ETHERNET => ethernet(line, bytes, layer),
        kind => {
            line.word("|");
            line.word(&ether_name(kind));
            Ok(())
        }
    }
}

/// Adds the two ends of a packet that lies in another one, and its protocol.
fn ends(line: &mut Line, network: &Network<'_>) {
    line.args(format_args!("| {}>{}", network.source, network.destination));
    name(line, network.number);
    if let Some((from, to)) = network.ports() {
        line.args(format_args!("{from}>{to}"));
    }
}

/// Adds an Ethernet frame that lies in a packet.
fn ethernet(line: &mut Line, bytes: &[u8], layer: Layer) -> Result<(), Flaw> {
    let mut bytes = Bytes::new(bytes);
    bytes.skip(12)?;
    let mut kind = bytes.u16()?;
    while ether_type::VLANS.contains(&kind) {
        line.number("Vlan", bytes.u16()? & 0xfff);
        kind = bytes.u16()?;
    }
    inner(line, kind, bytes.rest(), layer)
}

/// Adds which packet an error is about. Only its beginning is there.
fn about(line: &mut Line, kind: u16, bytes: &[u8], layer: Layer) {
    let all = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    if layer.within().is_some()
        && let Ok(network) = Network::of(Some(kind), bytes, all)
    {
        ends(line, &network);
    }
}
