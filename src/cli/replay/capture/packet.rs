//! The engine's packet of a frame.

use std::net::IpAddr;

use etherparse::{LaxNetSlice, TcpOptionElement, TcpSlice, TransportSlice};

use super::Frame;
use super::link::skip;
use crate::cli::packet_size;
use crate::engine::esp::IpVersion;
pub(super) use crate::engine::forwarding::Packet;
use crate::engine::forwarding::protocol;

/// Why a frame is not sent through the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Skip {
    /// It holds no IP packet.
    NotIp,
    /// It was caught on a sort of link that is not read.
    UnknownLink,
    /// Too little of it was kept to tell its headers.
    Truncated,
    /// Its headers contradict themselves.
    Malformed,
    /// It is said to be larger than any IP packet.
    TooLarge,
}

impl Skip {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotIp => "NOT_IP",
            Self::UnknownLink => "UNKNOWN_LINK",
            Self::Truncated => "TRUNCATED",
            Self::Malformed => "MALFORMED",
            Self::TooLarge => "TOO_LARGE",
        }
    }

    /// What it means.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::NotIp => "no IP packet, such as ARP",
            Self::UnknownLink => "caught on a sort of link that is not read",
            Self::Truncated => "too little was kept to tell the headers",
            Self::Malformed => "the headers contradict themselves",
            Self::TooLarge => "said to be larger than any IP packet",
        }
    }
}

impl Frame<'_> {
    /// The packet that the frame holds, or why it is passed over. A fragment has no
    /// ports: only the first one of a packet would have them, and the others would be
    /// counted elsewhere.
    pub fn packet(&self) -> Result<Packet, Skip> {
        let slices = self.slices()?;
        let stopped = slices.stop_err.as_ref().map(|(error, _)| skip(error));
        let (mut packet, is_fragment) = match &slices.net {
            Some(LaxNetSlice::Ipv4(ip)) => {
                let header = ip.header();
                // Offloading leaves the length to the network card.
                let size = match header.total_len() {
                    0 => self.rest(header.slice()),
                    size => usize::from(size),
                };
                possible(size, header.slice(), IpVersion::V4)?;
                let (source, destination) = (header.source_addr().into(), header.destination_addr().into());
                let packet = of(source, destination, ip.payload_ip_number().0, size);
                let packet = Packet { dont_fragment: header.dont_fragment(), time_to_live: header.ttl(), ..packet };
                (packet, ip.is_payload_fragmented())
            }
            Some(LaxNetSlice::Ipv6(ip)) => {
                let header = ip.header();
                let size = match header.payload_length() {
                    0 => self.rest(header.slice()),
                    payload => header.slice().len() + usize::from(payload),
                };
                possible(size, header.slice(), IpVersion::V6)?;
                let (source, destination) = (header.source_addr().into(), header.destination_addr().into());
                let packet = of(source, destination, ip.payload().ip_number.0, size);
                (Packet { time_to_live: header.hop_limit(), ..packet }, ip.is_payload_fragmented())
            }
            Some(LaxNetSlice::Arp(_)) => return Err(Skip::NotIp),
            None => return Err(stopped.unwrap_or(Skip::NotIp)),
        };
        match &slices.transport {
            Some(TransportSlice::Tcp(tcp)) => {
                packet.source_port = tcp.source_port();
                packet.destination_port = tcp.destination_port();
                packet.handshake_mss = announced(tcp);
            }
            Some(TransportSlice::Udp(udp)) => {
                packet.source_port = udp.source_port();
                packet.destination_port = udp.destination_port();
            }
            None if !is_fragment && matches!(packet.protocol, protocol::TCP | protocol::UDP) => {
                return Err(stopped.unwrap_or(Skip::Truncated));
            }
            _ => {}
        }
        Ok(packet)
    }

    /// The bytes on the link from the beginning of `header` on, which lies in the frame.
    fn rest(&self, header: &[u8]) -> usize {
        let before = header.as_ptr().addr().saturating_sub(self.bytes.as_ptr().addr());
        (self.size as usize).saturating_sub(before)
    }
}

/// Refuses a packet that is smaller than its header, or larger than any. Only where the
/// packet does not tell its length, and the capture does, can it be.
fn possible(size: usize, header: &[u8], version: IpVersion) -> Result<(), Skip> {
    if size < header.len() {
        return Err(Skip::Malformed);
    }
    if size > *packet_size::possible(version).end() { Err(Skip::TooLarge) } else { Ok(()) }
}

fn of(source: IpAddr, destination: IpAddr, protocol: u8, size: usize) -> Packet {
    Packet {
        source,
        destination,
        protocol,
        source_port: 0,
        destination_port: 0,
        size,
        dont_fragment: false,
        time_to_live: 0,
        handshake_mss: None,
    }
}

/// The MSS that a handshake announces.
fn announced(tcp: &TcpSlice<'_>) -> Option<u16> {
    if !tcp.syn() {
        return None;
    }
    tcp.options_iterator().flatten().find_map(|option| match option {
        TcpOptionElement::MaximumSegmentSize(size) => Some(size),
        _ => None,
    })
}
