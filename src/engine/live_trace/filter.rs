//! Which packets a live trace looks at.

use std::net::IpAddr;

use super::plain::{Plain, PlainError};
use crate::engine::forwarding::{Packet, protocol};
use crate::model::{FilterType, Network, TransportProtocol, Tree};

/// A filter of packets.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum TraceFilter {
    /// Every packet passes.
    #[default]
    Everything,
    /// What is set must be so.
    Fields(FieldsFilter),
    /// The conditions of both texts must hold.
    Plain(Vec<Plain>),
    /// A text cannot be read.
    Unreadable(PlainError),
}

/// What the fields of packets must be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldsFilter {
    source: Option<Network>,
    destination: Option<Network>,
    protocol: Option<u8>,
    source_port: Option<u16>,
    destination_port: Option<u16>,
}

impl TraceFilter {
    /// The filter that `tree` declares.
    pub fn of(tree: &Tree) -> Self {
        if tree.is_null() {
            return Self::Everything;
        }
        if tree.get("resource_type").text().and_then(FilterType::parse) == Some(FilterType::Plain) {
            let read = [("basic_filter", false), ("extend_filter", true)]
                .into_iter()
                .filter_map(|(field, is_extended)| Some(Plain::parse(tree.get(field).text()?, is_extended)));
            return read.collect::<Result<_, _>>().map_or_else(Self::Unreadable, Self::Plain);
        }
        let networks = Some(tree.get("network_info")).filter(|it| !it.is_null()).unwrap_or(tree.get("ip_info"));
        let network = |field| networks.get(field).text().and_then(network);
        let transport = tree.get("transport_info");
        let port = |field| transport.get(field).int().and_then(|port| u16::try_from(port).ok());
        Self::Fields(FieldsFilter {
            source: network("src_ip"),
            destination: network("dst_ip"),
            protocol: transport.get("protocol").text().and_then(TransportProtocol::parse).map(number),
            source_port: port("src_port"),
            destination_port: port("dst_port"),
        })
    }

    /// Whether `packet` passes.
    pub fn takes(&self, packet: &Packet) -> bool {
        match self {
            Self::Everything => true,
            Self::Fields(fields) => fields.takes(packet),
            Self::Plain(all) => all.iter().all(|plain| plain.takes(packet)),
            Self::Unreadable(_) => false,
        }
    }
}

impl FieldsFilter {
    fn takes(&self, packet: &Packet) -> bool {
        self.source.is_none_or(|network| network.holds(packet.source))
            && self.destination.is_none_or(|network| network.holds(packet.destination))
            && self.protocol.is_none_or(|protocol| protocol == packet.protocol)
            && self.source_port.is_none_or(|port| port == packet.source_port)
            && self.destination_port.is_none_or(|port| port == packet.destination_port)
    }
}

/// A network, or that of one address.
pub(super) fn network(text: &str) -> Option<Network> {
    text.parse::<IpAddr>().map(Network::from).or_else(|_| text.parse()).ok()
}

/// The number of a protocol (IANA "Assigned Internet Protocol Numbers").
pub(super) const fn number(protocol: TransportProtocol) -> u8 {
    match protocol {
        TransportProtocol::Tcp => protocol::TCP,
        TransportProtocol::Udp => protocol::UDP,
        TransportProtocol::Icmpv4 => protocol::ICMP,
        TransportProtocol::Icmpv6 => protocol::ICMPV6,
        TransportProtocol::Esp => protocol::ESP,
    }
}
