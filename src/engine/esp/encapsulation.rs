//! The sizes of packets before and after a tunnel.

use std::net::IpAddr;

use super::Proposal;

/// The UDP header of NAT traversal (RFC 3948 section 2.1).
const UDP_HEADER: usize = 8;
/// The security parameters index and the sequence number (RFC 4303 section 2).
const ESP_HEADER: usize = 8;
/// The length of the padding and the next header.
const ESP_TRAILER: usize = 2;
/// A TCP header without options (RFC 9293).
const TCP_HEADER: usize = 20;

/// A version of IP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IpVersion {
    /// IPv4 (RFC 791).
    V4,
    /// IPv6 (RFC 8200).
    V6,
}

impl IpVersion {
    /// The version of an address.
    pub const fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }

    /// The bytes of its header, without options or extension headers.
    pub const fn header(self) -> usize {
        match self {
            Self::V4 => 20,
            Self::V6 => 40,
        }
    }
}

/// How a tunnel wraps packets. Sizes are those of whole IP packets, headers
/// included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Encapsulation {
    /// What protects them.
    pub proposal: Proposal,
    /// Between which addresses they travel.
    pub outer: IpVersion,
    /// Whether they travel in UDP, because there is NAT on the way.
    pub nat_traversal: bool,
}

impl Encapsulation {
    /// The size of the outer packet for an inner packet of `inner` bytes.
    pub const fn outer_size(self, inner: usize) -> usize {
        self.before() + self.filled(inner) + self.proposal.icv()
    }

    /// What the tunnel adds to an inner packet of `inner` bytes.
    pub const fn overhead(self, inner: usize) -> usize {
        self.outer_size(inner) - inner
    }

    /// The padding of an inner packet of `inner` bytes.
    pub const fn padding(self, inner: usize) -> usize {
        self.filled(inner) - inner - ESP_TRAILER
    }

    /// The size of the largest inner packet whose outer packet is no larger than
    /// `mtu`; none where nothing fits.
    pub fn largest_inner(self, mtu: usize) -> Option<usize> {
        let room = mtu.checked_sub(self.before() + self.proposal.icv())?;
        let block = self.proposal.block();
        (room / block * block).checked_sub(ESP_TRAILER)
    }

    /// The most bytes of TCP payload that one outer packet of at most `mtu` bytes
    /// carries, in an inner packet of version `inner` without options. This is what
    /// the MSS in the handshake has to be for segments to fit.
    pub fn effective_mss(self, mtu: usize, inner: IpVersion) -> Option<usize> {
        self.largest_inner(mtu)?.checked_sub(inner.header() + TCP_HEADER)
    }

    /// What stands before the inner packet.
    const fn before(self) -> usize {
        let udp = if self.nat_traversal { UDP_HEADER } else { 0 };
        self.outer.header() + udp + ESP_HEADER + self.proposal.iv()
    }

    /// The inner packet with padding and trailer: whole blocks.
    const fn filled(self, inner: usize) -> usize {
        // Blocks are powers of two: no division is needed.
        let within = self.proposal.block() - 1;
        (inner + ESP_TRAILER + within) & !within
    }
}
