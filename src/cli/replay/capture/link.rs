//! The packet within a frame, by the sort of link it was caught on
//! (<https://www.tcpdump.org/linktypes.html>).

use etherparse::err::ip::LaxHeaderSliceError;
use etherparse::err::packet::SliceError;
use etherparse::{EtherType, LaxSlicedPacket};

use super::packet::Skip;
use super::{Frame, Order};

/// The sort of link a packet was caught on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// BSD loopback: the address family in the byte order of the machine.
    Null,
    /// Ethernet.
    Ethernet,
    /// The IP packet itself.
    Raw,
    /// OpenBSD loopback: the address family in network byte order.
    Loop,
    /// Linux "cooked": of any interface.
    Cooked,
    /// Linux "cooked", second version.
    Cooked2,
    /// Another one, by its number.
    Other(u32),
}

/// The bytes before an Ethernet frame's type: two addresses.
const ETHERNET_TYPE: usize = 12;
/// The bytes before the protocol in a cooked header.
const COOKED_TYPE: usize = 14;
/// The bytes of a cooked header, second version; it begins with the protocol.
const COOKED2_HEADER: usize = 20;
/// The bytes of a loopback header.
const FAMILY: usize = 4;
/// The address families of IP: in BSD, and of IPv6 in NetBSD and Linux, FreeBSD and
/// macOS.
const FAMILIES: [u32; 5] = [2, 10, 24, 28, 30];

impl Link {
    /// The sort of this number.
    pub fn of(number: u32) -> Self {
        match number {
            0 => Self::Null,
            1 => Self::Ethernet,
            // 12 and 14 are what some systems write for 101.
            12 | 14 | 101 | 228 | 229 => Self::Raw,
            108 => Self::Loop,
            113 => Self::Cooked,
            276 => Self::Cooked2,
            other => Self::Other(other),
        }
    }
}

impl<'a> Frame<'a> {
    /// The packet's headers, or why it is not one that can be looked at.
    pub(super) fn slices(&self) -> Result<LaxSlicedPacket<'a>, Skip> {
        let Self { link, bytes, .. } = *self;
        match link {
            Link::Ethernet => by_type(bytes, ETHERNET_TYPE, ETHERNET_TYPE + 2),
            Link::Cooked => by_type(bytes, COOKED_TYPE, COOKED_TYPE + 2),
            Link::Cooked2 => by_type(bytes, 0, COOKED2_HEADER),
            Link::Raw => ip(bytes),
            Link::Null | Link::Loop => {
                let family = |order: Order| order.u32(bytes, 0);
                let families = [family(Order::Little), family(Order::Big)];
                let rest = bytes.get(FAMILY..).ok_or(Skip::Truncated)?;
                let is_ip = families.iter().flatten().any(|family| FAMILIES.contains(family));
                if is_ip { ip(rest) } else { Err(Skip::NotIp) }
            }
            Link::Other(_) => Err(Skip::UnknownLink),
        }
    }
}

/// What is behind the header of a link, by the `EtherType` at `at`. VLAN tags are passed.
fn by_type(bytes: &[u8], at: usize, header: usize) -> Result<LaxSlicedPacket<'_>, Skip> {
    let ether_type = Order::Big.u16(bytes, at).ok_or(Skip::Truncated)?;
    let rest = bytes.get(header..).ok_or(Skip::Truncated)?;
    Ok(LaxSlicedPacket::from_ether_type(EtherType(ether_type), rest))
}

fn ip(bytes: &[u8]) -> Result<LaxSlicedPacket<'_>, Skip> {
    LaxSlicedPacket::from_ip(bytes).map_err(|error| match error {
        LaxHeaderSliceError::Len(_) => Skip::Truncated,
        LaxHeaderSliceError::Content(_) => Skip::Malformed,
    })
}

/// What an error of the headers means for a packet.
pub(super) fn skip(error: &SliceError) -> Skip {
    match error {
        SliceError::Len(_) => Skip::Truncated,
        _ => Skip::Malformed,
    }
}
