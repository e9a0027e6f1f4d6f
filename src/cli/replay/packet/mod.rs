//! The engine's packet of a frame.

#[cfg(test)]
mod tests;

use std::net::IpAddr;

use etherparse::{LaxNetSlice, TcpOptionElement, TcpSlice, TransportSlice};

use crate::cli::packet_size;
use crate::engine::esp::IpVersion;
use crate::engine::forwarding::{Packet, protocol};
use crate::engine::pcap::{Frame, Skip, skip};

/// The packet that the frame holds, or why it is passed over. A fragment has no
/// ports: only the first one of a packet would have them, and the others would be
/// counted elsewhere.
pub fn packet(frame: &Frame<'_>) -> Result<Packet, Skip> {
    let slices = frame.slices()?;
    let stopped = slices.stop_err.as_ref().map(|(error, _)| skip(error));
    let (mut packet, is_fragment) = match &slices.net {
        Some(LaxNetSlice::Ipv4(ip)) => {
            let header = ip.header();
            // Offloading leaves the length to the network card.
            let size = match header.total_len() {
                0 => rest(frame, header.slice()),
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
                0 => rest(frame, header.slice()),
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
fn rest(frame: &Frame<'_>, header: &[u8]) -> usize {
    let before = header.as_ptr().addr().saturating_sub(frame.bytes.as_ptr().addr());
    (frame.size as usize).saturating_sub(before)
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
