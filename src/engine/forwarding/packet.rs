//! A packet, as far as its way depends on it.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::engine::esp::IpVersion;

/// IP protocol numbers that are told apart here (IANA "Assigned Internet Protocol
/// Numbers").
pub mod protocol {
    /// ICMP for IPv4.
    pub const ICMP: u8 = 1;
    /// TCP.
    pub const TCP: u8 = 6;
    /// UDP.
    pub const UDP: u8 = 17;
    /// The packets of IPSec tunnels.
    pub const ESP: u8 = 50;
    /// ICMP for IPv6.
    pub const ICMPV6: u8 = 58;
}

/// A packet. Sizes are those of the whole IP packet, headers included.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Packet {
    /// Who sends it.
    pub source: IpAddr,
    /// To whom; of the same IP version.
    pub destination: IpAddr,
    /// The IP protocol number.
    pub protocol: u8,
    /// The source port; 0 where the protocol has none.
    pub source_port: u16,
    /// The destination port; 0 where the protocol has none.
    pub destination_port: u16,
    /// Its size in bytes.
    pub size: usize,
    /// Whether it must not be fragmented. IPv6 packets never are on their way.
    pub dont_fragment: bool,
    /// How many hops it may still go (TTL, hop limit).
    pub time_to_live: u8,
    /// For a TCP handshake (SYN or SYN and ACK): the MSS it announces.
    pub handshake_mss: Option<u16>,
}

/// How many hops packets may go unless somebody says (IANA "IP Parameters", IP time to live).
const TIME_TO_LIVE: u8 = 64;

impl Packet {
    /// A ping of this size, which may be fragmented.
    pub const fn ping(source: IpAddr, destination: IpAddr, size: usize) -> Self {
        Self {
            source,
            destination,
            protocol: if source.is_ipv4() { protocol::ICMP } else { protocol::ICMPV6 },
            source_port: 0,
            destination_port: 0,
            size,
            dont_fragment: false,
            time_to_live: TIME_TO_LIVE,
            handshake_mss: None,
        }
    }

    /// The IP version.
    pub const fn version(&self) -> IpVersion {
        IpVersion::of(self.source)
    }

    /// The five-tuple of the packet that answers this one.
    #[must_use]
    pub fn answer(&self, size: usize, time_to_live: u8) -> Self {
        Self {
            source: self.destination,
            destination: self.source,
            source_port: self.destination_port,
            destination_port: self.source_port,
            size,
            time_to_live,
            ..self.clone()
        }
    }
}
