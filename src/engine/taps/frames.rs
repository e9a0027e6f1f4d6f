//! Copies as the frames that arrive where they are delivered, and as a capture file.
//!
//! A simulated packet has no content. It is given one that tools can follow: numbers that
//! count in its headers, checksums that are right, and a payload that counts through all
//! bytes.

use std::collections::HashMap;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use etherparse::{
    EtherType, Ethernet2Header, IcmpEchoHeader, Icmpv4Header, Icmpv4Type, Icmpv6Header, Icmpv6Type, IpFragOffset,
    IpNumber, Ipv4Header, Ipv6FragmentHeader, Ipv6Header, SingleVlanHeader, TcpHeader, UdpHeader, VlanId,
};
use xxhash_rust::xxh3::xxh3_64;

use crate::engine::forwarding::{Copied, CopyTo, protocol};
use crate::engine::pcap::{Link, Writer};
use crate::engine::runtime::CapturedCopy;
use crate::engine::topology::{FiveTuple, Port, Topology};
use crate::model::{MirrorType, PolicyPath, TapDirection};

/// A MAC address.
pub type Mac = [u8; 6];

/// The MAC address of gateways in their segments: the one that NSX gives distributed
/// routers.
pub const GATEWAY: Mac = [0x02, 0x50, 0x56, 0x56, 0x44, 0x52];
/// What MAC addresses begin with that are not declared: `base_mac` of Neutron.
const BASE_MAC: [u8; 3] = [0xfa, 0x16, 0x3e];
/// The ends of tunnels to the outside. The hosts below the network are not modelled, so the
/// addresses are of the networks for examples (RFC 5737, RFC 3849).
pub const HOSTS: (Ipv4Addr, Ipv6Addr) = (Ipv4Addr::new(192, 0, 2, 1), Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1));
/// The hops that wrapped copies may go.
const OUTER_HOPS: u8 = 64;
/// GRE (IANA "Assigned Internet Protocol Numbers").
const GRE: u8 = 47;
/// The window of every TCP segment.
const WINDOW: u16 = 65_535;
/// Ethernet within GRE (RFC 1701).
const TRANSPARENT_ETHERNET: u16 = 0x6558;
/// ERSPAN version 1, type II, within GRE (draft-foschiano-erspan-03, section 4.2).
const ERSPAN: u16 = 0x88be;
/// Flags of GRE: a key, a sequence number (RFC 2890).
const WITH_KEY: u16 = 0x2000;
const WITH_NUMBER: u16 = 0x1000;

/// The flag of a VXLAN header that says that there is an identifier (RFC 7348).
const VXLAN_FLAG: u8 = 0x08;
/// A VXLAN header (RFC 7348).
const VXLAN_HEADER: usize = 8;

/// How a packet is on the fabric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnFabric {
    /// Who sends the frame.
    pub from: Mac,
    /// The device that it is for.
    pub to: Mac,
    /// The VXLAN that it is in.
    pub vxlan: Option<Vxlan>,
}

/// A VXLAN that a packet is in (RFC 7348).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vxlan {
    /// The packet outside: from VTEP to VTEP.
    pub outer: FiveTuple,
    /// The VXLAN network identifier.
    pub vnid: u32,
    /// How many hops the packet outside may still go.
    pub time_to_live: u8,
    /// The MAC addresses within, of the source and the destination.
    pub macs: (Mac, Mac),
}

/// What frames are made with.
pub struct Frames<'a> {
    /// The ports and MAC addresses of workloads, by their addresses.
    workloads: HashMap<IpAddr, (&'a Port, Mac)>,
    /// How many copies each mirror has sent.
    sent: HashMap<&'a str, u32>,
}

impl<'a> Frames<'a> {
    /// Frames between the workloads of `topology`.
    pub fn of(topology: &'a Topology) -> Self {
        let bindings =
            topology.ports.values().flat_map(|port| port.bindings.iter().map(move |binding| (port, binding)));
        let workload = |(port, binding): (&'a Port, &'a crate::engine::topology::Binding)| {
            let made_up = || port.id.as_deref().map_or_else(|| of_host(binding.address), of_port);
            (binding.address, (port, binding.mac.as_deref().and_then(mac).unwrap_or_else(made_up)))
        };
        Self { workloads: bindings.map(workload).collect(), sent: HashMap::new() }
    }

    /// So many frames of the mirror have been made before.
    pub fn have_sent(&mut self, mirror: &'a PolicyPath, frames: u32) {
        self.sent.insert(mirror.as_str(), frames);
    }

    /// The frames that arrive for a copy: one, or one for each fragment.
    pub fn frames(&mut self, copy: &'a CapturedCopy) -> Vec<Vec<u8>> {
        let framed = |packet: Vec<u8>| match &copy.on_fabric {
            Some(on_fabric) => on_the_fabric(copy, on_fabric, &packet),
            None => self.framed(copy, &packet),
        };
        let inner: Vec<_> = ip_packets(copy).into_iter().map(framed).collect();
        let CopyTo::Remote { address, wrap, tunnel } = &copy.copied.to else { return inner };
        let sent = self.sent.entry(copy.copied.by.as_str()).or_default();
        let mut wrapped = Vec::with_capacity(inner.len());
        for frame in inner {
            wrapped.push(outer(*address, *wrap, *tunnel, *sent, &frame));
            *sent = sent.wrapping_add(1);
        }
        wrapped
    }

    /// An IP packet as a frame of the segment of the port it is copied at.
    fn framed(&self, copy: &CapturedCopy, packet: &[u8]) -> Vec<u8> {
        let (source, destination) = (copy.packet.source, copy.packet.destination);
        let (from, to) = match copy.copied.direction {
            _ if copy.is_local => (self.mac(source), self.mac(destination)),
            TapDirection::In => (GATEWAY, self.mac(destination)),
            TapDirection::Out | TapDirection::Both => (self.mac(source), GATEWAY),
        };
        let own = if copy.copied.direction == TapDirection::In { destination } else { source };
        let vlan = self
            .workloads
            .get(&own)
            .and_then(|(port, _)| port.vlan_of(own))
            .and_then(|vlan| VlanId::try_new(vlan).ok());
        let ether_type = if source.is_ipv4() { EtherType::IPV4 } else { EtherType::IPV6 };
        let outer_type = if vlan.is_some() { EtherType::VLAN_TAGGED_FRAME } else { ether_type };
        let mut frame = Ethernet2Header { source: from, destination: to, ether_type: outer_type }.to_bytes().to_vec();
        if let Some(vlan_id) = vlan {
            let tag = SingleVlanHeader { vlan_id, ether_type, ..SingleVlanHeader::default() };
            frame.extend(tag.to_bytes());
        }
        frame.extend(packet);
        frame
    }

    fn mac(&self, address: IpAddr) -> Mac {
        self.workloads.get(&address).map_or_else(|| of_host(address), |(_, mac)| *mac)
    }
}

/// An IP packet as a frame between two devices of the fabric.
fn on_the_fabric(copy: &CapturedCopy, on_fabric: &OnFabric, packet: &[u8]) -> Vec<u8> {
    let framed = |(source, destination): (Mac, Mac), is_v4: bool, packet: &[u8]| {
        let ether_type = if is_v4 { EtherType::IPV4 } else { EtherType::IPV6 };
        [&Ethernet2Header { source, destination, ether_type }.to_bytes()[..], packet].concat()
    };
    let macs = (on_fabric.from, on_fabric.to);
    let Some(vxlan) = &on_fabric.vxlan else { return framed(macs, copy.packet.source.is_ipv4(), packet) };
    let within = framed(vxlan.macs, copy.packet.source.is_ipv4(), packet);
    let [_, vnid @ ..] = vxlan.vnid.to_be_bytes();
    let header = [&[VXLAN_FLAG, 0, 0, 0][..], &vnid, &[0]].concat();
    let (source_port, destination_port) = (vxlan.outer.source_port, vxlan.outer.destination_port);
    let length = UdpHeader::LEN + header.len() + within.len();
    // There is no checksum outside, as is usual (RFC 7348, section 5).
    let udp =
        UdpHeader { source_port, destination_port, length: u16::try_from(length).unwrap_or(u16::MAX), checksum: 0 };
    let mut content = udp.to_bytes().to_vec();
    content.extend(header);
    content.extend(within);
    let outside = around(vxlan.outer.source, vxlan.outer.destination, IpNumber::UDP, vxlan.time_to_live, &content);
    framed(macs, vxlan.outer.source.is_ipv4(), &outside)
}

/// An IP packet with this content, which is no fragment and has no number.
fn around(source: IpAddr, destination: IpAddr, protocol: IpNumber, time_to_live: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap_or(u16::MAX);
    let mut bytes = Vec::with_capacity(Ipv6Header::LEN + content.len());
    match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(to)) => {
            if let Ok(mut header) = Ipv4Header::new(length, time_to_live, protocol, source.octets(), to.octets()) {
                header.header_checksum = header.calc_header_checksum();
                bytes.extend(header.to_bytes());
            }
        }
        (source, to) => {
            let octets = |address: IpAddr| match address {
                IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
                IpAddr::V6(address) => address.octets(),
            };
            let header = Ipv6Header {
                payload_length: length,
                next_header: protocol,
                hop_limit: time_to_live,
                source: octets(source),
                destination: octets(to),
                ..Ipv6Header::default()
            };
            bytes.extend(header.to_bytes());
        }
    }
    bytes.extend(content);
    bytes
}

/// The MAC address that a text of the model is.
pub fn mac(text: &str) -> Option<Mac> {
    let bytes: Vec<u8> = text.split(':').map(|byte| u8::from_str_radix(byte, 16).ok()).collect::<Option<_>>()?;
    bytes.try_into().ok()
}

/// The MAC address of the workload at the port with this UUID, where none is declared.
pub fn of_port(uuid: &str) -> Mac {
    made_up(uuid.as_bytes())
}

/// The MAC address of the device of the fabric with this serial number.
pub fn of_device(serial: &str) -> Mac {
    made_up(serial.as_bytes())
}

/// The MAC address of who has this address, and no port.
pub fn of_host(address: IpAddr) -> Mac {
    match address {
        IpAddr::V4(address) => made_up(&address.octets()),
        IpAddr::V6(address) => made_up(&address.octets()),
    }
}

/// A MAC address that is always the same for `name`.
fn made_up(name: &[u8]) -> Mac {
    let mut mac = xxh3_64(name).to_be_bytes();
    mac[..BASE_MAC.len()].copy_from_slice(&BASE_MAC);
    [mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]]
}

/// The IP packets of a copy: one, or the fragments.
fn ip_packets(copy: &CapturedCopy) -> Vec<Vec<u8>> {
    let sizes = &copy.copied.sizes;
    let is_whole = sizes.len() == 1;
    let header = match (copy.packet.source, is_whole) {
        (IpAddr::V4(_), _) => Ipv4Header::MIN_LEN,
        (IpAddr::V6(_), true) => Ipv6Header::LEN,
        (IpAddr::V6(_), false) => Ipv6Header::LEN + Ipv6FragmentHeader::LEN,
    };
    let lengths: Vec<usize> = sizes.iter().map(|size| size.saturating_sub(header)).collect();
    let content = content(copy, lengths.iter().sum());
    let mut packets = Vec::with_capacity(lengths.len());
    let mut begin = 0;
    for length in lengths {
        let end = (begin + length).min(content.len());
        let part = content.get(begin..end).unwrap_or_default();
        let more = end < content.len();
        packets.extend(ip_packet(copy, part, if is_whole { None } else { Some((begin, more)) }));
        begin = end;
    }
    packets
}

/// An IP packet with this content: with part of it, which begins at a byte and is followed
/// by more or not.
fn ip_packet(copy: &CapturedCopy, content: &[u8], part: Option<(usize, bool)>) -> Option<Vec<u8>> {
    let packet = &copy.packet;
    let offset = |begin: usize| IpFragOffset::try_new(u16::try_from(begin / 8).unwrap_or(u16::MAX)).unwrap_or_default();
    match (packet.source, packet.destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            let length = u16::try_from(content.len()).ok()?;
            let protocol = IpNumber(packet.protocol);
            let (source, destination) = (source.octets(), destination.octets());
            let mut header = Ipv4Header::new(length, copy.copied.time_to_live, protocol, source, destination).ok()?;
            header.identification = short_number(copy);
            header.dont_fragment = packet.dont_fragment && part.is_none();
            header.more_fragments = part.is_some_and(|(_, more)| more);
            header.fragment_offset = part.map_or_else(IpFragOffset::default, |(begin, _)| offset(begin));
            header.header_checksum = header.calc_header_checksum();
            Some([&header.to_bytes()[..], content].concat())
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            let extension = part.map(|(begin, more_fragments)| Ipv6FragmentHeader {
                next_header: IpNumber(packet.protocol),
                fragment_offset: offset(begin),
                more_fragments,
                identification: number(copy),
            });
            let own = if extension.is_some() { Ipv6FragmentHeader::LEN } else { 0 };
            let header = Ipv6Header {
                payload_length: u16::try_from(content.len() + own).ok()?,
                next_header: if extension.is_some() {
                    IpNumber::IPV6_FRAGMENTATION_HEADER
                } else {
                    IpNumber(packet.protocol)
                },
                hop_limit: copy.copied.time_to_live,
                source: source.octets(),
                destination: destination.octets(),
                ..Ipv6Header::default()
            };
            let mut bytes = header.to_bytes().to_vec();
            bytes.extend(extension.iter().flat_map(Ipv6FragmentHeader::to_bytes));
            bytes.extend(content);
            Some(bytes)
        }
        _ => None,
    }
}

/// The number of a packet, as far as a field of 32 bits holds it.
#[allow(clippy::cast_possible_truncation)]
const fn number(copy: &CapturedCopy) -> u32 {
    copy.number as u32
}

/// The same of 16 bits.
#[allow(clippy::cast_possible_truncation)]
const fn short_number(copy: &CapturedCopy) -> u16 {
    copy.number as u16
}

/// What an IP packet holds, `length` bytes: a header of the transport, and a payload.
fn content(copy: &CapturedCopy, length: usize) -> Vec<u8> {
    let header = match copy.packet.protocol {
        protocol::TCP => TcpHeader::MIN_LEN,
        protocol::UDP => UdpHeader::LEN,
        protocol::ICMP | protocol::ICMPV6 => 8,
        _ => 0,
    };
    let payload: Vec<u8> = (0..=u8::MAX).cycle().take(length.saturating_sub(header)).collect();
    let mut bytes = transport(copy, &payload).unwrap_or_default();
    bytes.extend(payload);
    bytes
}

fn transport(copy: &CapturedCopy, payload: &[u8]) -> Option<Vec<u8>> {
    let packet = &copy.packet;
    let (from, to) = (packet.source_port, packet.destination_port);
    match packet.protocol {
        protocol::TCP => {
            let ip = match packet.source {
                IpAddr::V4(_) => Ipv4Header::MIN_LEN,
                IpAddr::V6(_) => Ipv6Header::LEN,
            };
            let own = u32::try_from(payload.len()).unwrap_or_default();
            let back = copy.size_back.map_or(0, |size| size.saturating_sub(ip + TcpHeader::MIN_LEN));
            let back = u32::try_from(back).unwrap_or_default();
            // Each side has sent as many segments as the other, one more by who opened.
            let heard = number(copy).wrapping_add(u32::from(copy.is_answer));
            let mut header = TcpHeader::new(from, to, number(copy).wrapping_mul(own).wrapping_add(1), WINDOW);
            header.acknowledgment_number = heard.wrapping_mul(back).wrapping_add(1);
            (header.ack, header.psh) = (true, !payload.is_empty());
            header.checksum = match (packet.source, packet.destination) {
                (IpAddr::V4(source), IpAddr::V4(to)) => {
                    header.calc_checksum_ipv4_raw(source.octets(), to.octets(), payload).ok()?
                }
                (IpAddr::V6(source), IpAddr::V6(to)) => {
                    header.calc_checksum_ipv6_raw(source.octets(), to.octets(), payload).ok()?
                }
                _ => return None,
            };
            Some(header.to_bytes().to_vec())
        }
        protocol::UDP => {
            let length = u16::try_from(UdpHeader::LEN + payload.len()).ok()?;
            let mut header = UdpHeader { source_port: from, destination_port: to, length, checksum: 0 };
            header.checksum = match (packet.source, packet.destination) {
                (IpAddr::V4(source), IpAddr::V4(to)) => {
                    header.calc_checksum_ipv4_raw(source.octets(), to.octets(), payload).ok()?
                }
                (IpAddr::V6(source), IpAddr::V6(to)) => {
                    header.calc_checksum_ipv6_raw(source.octets(), to.octets(), payload).ok()?
                }
                _ => return None,
            };
            Some(header.to_bytes().to_vec())
        }
        protocol::ICMP => {
            let echo = echo(copy);
            let what = if copy.is_answer { Icmpv4Type::EchoReply(echo) } else { Icmpv4Type::EchoRequest(echo) };
            Some(Icmpv4Header::with_checksum(what, payload).to_bytes().to_vec())
        }
        protocol::ICMPV6 => {
            let (IpAddr::V6(source), IpAddr::V6(to)) = (packet.source, packet.destination) else { return None };
            let echo = echo(copy);
            let what = if copy.is_answer { Icmpv6Type::EchoReply(echo) } else { Icmpv6Type::EchoRequest(echo) };
            let header = Icmpv6Header::with_checksum(what, source.octets(), to.octets(), payload).ok()?;
            Some(header.to_bytes().to_vec())
        }
        _ => None,
    }
}

/// The identifier is the flow's, the number the packet's.
#[allow(clippy::cast_possible_truncation)]
fn echo(copy: &CapturedCopy) -> IcmpEchoHeader {
    IcmpEchoHeader { id: xxh3_64(copy.flow.as_str().as_bytes()) as u16, seq: short_number(copy) }
}

/// A frame wrapped for the way to a collector.
fn outer(to: IpAddr, wrap: MirrorType, tunnel: u32, sent: u32, frame: &[u8]) -> Vec<u8> {
    let mut gre = Vec::new();
    match wrap {
        MirrorType::Gre => {
            gre.extend(WITH_KEY.to_be_bytes());
            gre.extend(TRANSPARENT_ETHERNET.to_be_bytes());
            gre.extend(tunnel.to_be_bytes());
        }
        MirrorType::ErspanV1 => {
            gre.extend(WITH_NUMBER.to_be_bytes());
            gre.extend(ERSPAN.to_be_bytes());
            gre.extend(sent.to_be_bytes());
            // Version 1, and no VLAN of its own; the session in the last ten bits.
            gre.extend((0x1000_0000 | (tunnel & 0x3ff)).to_be_bytes());
            gre.extend([0; 4]);
        }
    }
    gre.extend(frame);
    let ether_type = if to.is_ipv4() { EtherType::IPV4 } else { EtherType::IPV6 };
    let host = if to.is_ipv4() { IpAddr::V4(HOSTS.0) } else { IpAddr::V6(HOSTS.1) };
    let mut bytes = Ethernet2Header { source: of_host(host), destination: GATEWAY, ether_type }.to_bytes().to_vec();
    bytes.extend(around(host, to, IpNumber(GRE), OUTER_HOPS, &gre));
    bytes
}

/// The most bytes that a copy takes in a capture file, of a packet that is on the fabric or not.
pub fn room(copied: &Copied, on_fabric: Option<&OnFabric>) -> u64 {
    /// The header of a record of the file.
    const RECORD: usize = 16;
    const GRE_AND_ERSPAN: usize = 16;
    let wrapped = match copied.to {
        CopyTo::Service { .. } => 0,
        CopyTo::Remote { .. } => Ethernet2Header::LEN + Ipv6Header::LEN + GRE_AND_ERSPAN,
    };
    let is_in_vxlan = on_fabric.is_some_and(|on_fabric| on_fabric.vxlan.is_some());
    let around = if is_in_vxlan { Ethernet2Header::LEN + Ipv6Header::LEN + UdpHeader::LEN + VXLAN_HEADER } else { 0 };
    let own = RECORD + wrapped + around + Ethernet2Header::LEN + SingleVlanHeader::LEN;
    copied.sizes.iter().map(|size| (own + size) as u64).sum()
}

/// Writes copies as a capture file. Returns how many frames there are.
pub fn write_capture(topology: &Topology, copies: &[CapturedCopy], out: impl Write) -> io::Result<u64> {
    let mut writer = Writer::new(out, Link::Ethernet)?;
    let mut frames = Frames::of(topology);
    let mut written = 0;
    for copy in copies {
        for frame in frames.frames(copy) {
            writer.write(copy.at, u32::try_from(frame.len()).unwrap_or(u32::MAX), &frame)?;
            written += 1;
        }
    }
    writer.finish()?;
    Ok(written)
}
