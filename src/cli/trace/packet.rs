//! The packet that the arguments describe. One that is not fully described, or cannot
//! be, is refused: a trace of another packet than was meant helps nobody.

use std::net::IpAddr;

use clap::Args;

use super::fabric::FLOW_TRACE;
use crate::cli::packet_size;
use crate::cli::words::protocol_number;
use crate::engine::esp::IpVersion;
use crate::engine::forwarding::{Packet, protocol};
use crate::model::network::no_interface_has;

/// The port a connection comes from where the user does not say: the first of the
/// dynamic ones (RFC 6335 section 6).
const DYNAMIC_PORT: u16 = 49_152;
/// Bytes of a packet where the user does not say: what a simulated flow sends.
const SIZE: usize = 100;
/// The MTU of Ethernet, from which the MSS of a handshake follows (RFC 894).
const ETHERNET_MTU: u16 = 1_500;
/// A TCP header without options (RFC 9293 section 3.1).
const TCP_HEADER: usize = 20;
/// The headers of UDP (RFC 768) and of an ICMP echo request (RFC 792).
const SHORT_HEADER: usize = 8;
/// The option that holds the MSS (RFC 9293 section 3.2).
const MSS_OPTION: usize = 4;

/// Where the help lists what describes the packet.
const PACKET: &str = "Packet";

/// The packet.
#[derive(Args, Clone, Debug)]
#[allow(clippy::struct_excessive_bools)]
pub struct PacketOptions {
    /// The address the packet comes from
    #[arg(required_unless_present = FLOW_TRACE)]
    source: Option<IpAddr>,
    /// The address the packet goes to
    #[arg(required_unless_present = FLOW_TRACE)]
    destination: Option<IpAddr>,
    /// What it carries: tcp, udp, icmp (ICMPv6 between IPv6 addresses) or an IP protocol number
    #[arg(help_heading = PACKET, long, short, value_name = "tcp|udp|icmp|NUMBER", default_value = "icmp")]
    protocol: String,
    /// The port it comes from [default: 49152 with TCP and UDP]
    #[arg(help_heading = PACKET, long, short = 'S', value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    source_port: Option<u16>,
    /// The port it goes to; TCP and UDP need it
    #[arg(help_heading = PACKET, long, short = 'D', value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    destination_port: Option<u16>,
    /// The bytes of the whole IP packet [default: 100, or those of a bare SYN]
    #[arg(help_heading = PACKET, long, value_name = "BYTES")]
    size: Option<usize>,
    /// Forbid fragmentation (the default with TCP); IPv6 packets are never fragmented on
    /// their way
    #[arg(help_heading = PACKET, long, visible_alias = "df", conflicts_with = "fragment")]
    dont_fragment: bool,
    /// Allow fragmentation (the default but with TCP)
    #[arg(help_heading = PACKET, long, visible_alias = "no-df")]
    fragment: bool,
    /// It opens a TCP connection, and announces the MSS that fits Ethernet
    #[arg(help_heading = PACKET, long)]
    syn: bool,
    /// The MSS that the SYN announces, in bytes
    #[arg(help_heading = PACKET, long, value_name = "BYTES", requires = "syn", value_parser = clap::value_parser!(u16).range(1..))]
    mss: Option<u16>,
    /// How many hops it may go (TTL, hop limit)
    #[arg(help_heading = PACKET, long, value_name = "HOPS", default_value_t = 64, value_parser = clap::value_parser!(u8).range(1..))]
    ttl: u8,
}

impl PacketOptions {
    /// The packet, or why there is no such packet.
    pub fn packet(&self) -> Result<Packet, String> {
        let (Some(source), Some(destination)) = (self.source, self.destination) else {
            return Err("the addresses that the packet comes from and goes to are missing".to_owned());
        };
        if source.is_ipv4() != destination.is_ipv4() {
            return Err(format!("{source} and {destination} are not of one IP version"));
        }
        if let Some(what) = no_interface_has(source) {
            return Err(format!("no packet comes from {source}, {what}"));
        }
        let version = IpVersion::of(source);
        let protocol = self.protocol_number(source)?;
        let has_ports = matches!(protocol, protocol::TCP | protocol::UDP);
        let (source_port, destination_port) = match (has_ports, self.source_port, self.destination_port) {
            (true, source, Some(destination)) => (source.unwrap_or(DYNAMIC_PORT), destination),
            (true, _, None) => return Err("TCP and UDP need --destination-port".to_owned()),
            (false, None, None) => (0, 0),
            (false, ..) => return Err("only TCP and UDP have ports: say which with --protocol".to_owned()),
        };
        if self.syn && protocol != protocol::TCP {
            return Err("--syn needs --protocol tcp".to_owned());
        }
        let header = version.header()
            + match protocol {
                protocol::TCP => TCP_HEADER + if self.syn { MSS_OPTION } else { 0 },
                protocol::UDP | protocol::ICMP | protocol::ICMPV6 => SHORT_HEADER,
                _ => 0,
            };
        let largest = *packet_size::possible(version).end();
        let size = self.size.unwrap_or(if self.syn { header } else { SIZE });
        if !(header..=largest).contains(&size) {
            return Err(format!("a packet of {size} bytes cannot be: with its headers it has {header} to {largest}"));
        }
        Ok(Packet {
            source,
            destination,
            protocol,
            source_port,
            destination_port,
            size,
            dont_fragment: self.dont_fragment || !self.fragment && protocol == protocol::TCP,
            time_to_live: self.ttl,
            handshake_mss: self.syn.then(|| self.mss.unwrap_or(mss_of_ethernet(version))),
        })
    }

    fn protocol_number(&self, source: IpAddr) -> Result<u8, String> {
        match (protocol_number(&self.protocol, source), IpVersion::of(source)) {
            (None, _) => Err(format!("{:?} is no protocol: write tcp, udp, icmp or a number up to 255", self.protocol)),
            (Some(protocol::ICMPV6), IpVersion::V4) => {
                Err("protocol 58 is ICMPv6, and the addresses are IPv4: write icmp".to_owned())
            }
            (Some(protocol::ICMP), IpVersion::V6) => {
                Err("protocol 1 is ICMP for IPv4, and the addresses are IPv6: write icmp".to_owned())
            }
            (Some(number), _) => Ok(number),
        }
    }
}

/// What a host on Ethernet announces: 1,460 bytes in IPv4, 1,440 in IPv6.
fn mss_of_ethernet(version: IpVersion) -> u16 {
    let headers = version.header() + TCP_HEADER;
    ETHERNET_MTU.saturating_sub(u16::try_from(headers).unwrap_or(u16::MAX))
}
