//! Which of a packet's two ends is the local one.
//!
//! An address that is declared local is; where that does not tell the ends apart, the direction
//! that the capture notes does (pcapng's flags, a cooked header), and where there is none, this:
//!
//! 1. an address that only one host can have goes before one of many or of none (multicast,
//!    broadcast, unspecified);
//! 2. a private address (RFC 1918, RFC 4193, loopback, link-local) goes before a public one;
//! 3. of two alike the lower one is local, and of the same address the lower port.
//!
//! So all packets of a conversation have the same local end.

use std::cmp::Reverse;
use std::net::IpAddr;

use ipnet::IpNet;

use super::summary::Way;
use crate::engine::pcap::Direction;

/// The addresses that are local.
#[derive(Clone, Debug, Default)]
pub struct Locals(Vec<IpNet>);

impl FromIterator<IpNet> for Locals {
    fn from_iter<T: IntoIterator<Item = IpNet>>(networks: T) -> Self {
        Self(networks.into_iter().collect())
    }
}

impl Locals {
    /// Whether an address is declared local.
    fn has(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Which way a packet goes between these addresses and ports.
    pub fn way(
        &self,
        (source, destination): (IpAddr, IpAddr),
        (from, to): (u16, u16),
        noted: Option<Direction>,
    ) -> Way {
        let declared = (self.has(source), self.has(destination));
        let told = match declared {
            (true, false) => Some(Direction::Sent),
            (false, true) => Some(Direction::Received),
            _ => noted,
        };
        match told {
            Some(Direction::Sent) => Way::Send,
            Some(Direction::Received) => Way::Recv,
            None => {
                let rank = |address, port| (rank(address), Reverse((address, port)));
                if rank(source, from) >= rank(destination, to) { Way::Send } else { Way::Recv }
            }
        }
    }
}

/// How likely an address is a host's own.
const fn rank(address: IpAddr) -> u8 {
    let (is_nobodys, is_private) = match address {
        IpAddr::V4(it) => (
            it.is_unspecified() || it.is_multicast() || it.is_broadcast(),
            it.is_private() || it.is_loopback() || it.is_link_local(),
        ),
        IpAddr::V6(it) => (
            it.is_unspecified() || it.is_multicast(),
            it.is_loopback() || it.is_unique_local() || it.is_unicast_link_local(),
        ),
    };
    match (is_nobodys, is_private) {
        (true, _) => 0,
        (false, false) => 1,
        (false, true) => 2,
    }
}
