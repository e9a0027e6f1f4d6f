//! The packet within a frame, by the sort of link it was caught on
//! (<https://www.tcpdump.org/linktypes.html>).

use etherparse::err::ip::LaxHeaderSliceError;
use etherparse::err::packet::SliceError;
use etherparse::{EtherType, LaxSlicedPacket};

use super::encapsulation;
use super::{Direction, Frame, Order};

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
    /// PPP, with the framing of HDLC or without.
    Ppp,
    /// A serial line: PPP, or Cisco's HDLC.
    Serial,
    /// PPP over Ethernet, from its own header on.
    PppOverEthernet,
    /// Cisco's HDLC.
    Hdlc,
    /// Frame relay.
    FrameRelay,
    /// Another one, by its number.
    Other(u32),
}

/// The bytes before an Ethernet frame's type: two addresses.
const ETHERNET_TYPE: usize = 12;
/// The bytes before the protocol in a cooked header.
const COOKED_TYPE: usize = 14;
/// The bytes of a cooked header, second version; it begins with the protocol.
const COOKED2_HEADER: usize = 20;
/// Where the packet type is in it.
const COOKED2_PACKET_TYPE: usize = 10;
/// The packet types of cooked headers: to the machine, to all and to many; and by itself.
const COOKED_RECEIVED: [u16; 3] = [0, 1, 2];
const COOKED_SENT: u16 = 4;
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
            9 => Self::Ppp,
            50 => Self::Serial,
            51 => Self::PppOverEthernet,
            104 => Self::Hdlc,
            107 => Self::FrameRelay,
            // 12 and 14 are what some systems write for 101.
            12 | 14 | 101 | 228 | 229 => Self::Raw,
            108 => Self::Loop,
            113 => Self::Cooked,
            276 => Self::Cooked2,
            other => Self::Other(other),
        }
    }

    /// Its number.
    pub const fn number(self) -> u32 {
        match self {
            Self::Null => 0,
            Self::Ethernet => 1,
            Self::Raw => 101,
            Self::Loop => 108,
            Self::Ppp => 9,
            Self::Serial => 50,
            Self::PppOverEthernet => 51,
            Self::Hdlc => 104,
            Self::FrameRelay => 107,
            Self::Cooked => 113,
            Self::Cooked2 => 276,
            Self::Other(number) => number,
        }
    }
}

/// Why a frame is not taken for a packet.
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

impl<'a> Frame<'a> {
    /// The packet's headers, or why it is not one that can be looked at.
    pub fn slices(&self) -> Result<LaxSlicedPacket<'a>, Skip> {
        if self.link == Link::Raw {
            return ip(self.bytes);
        }
        let (kind, bytes) = self.opened()?;
        Ok(LaxSlicedPacket::from_ether_type(EtherType(kind), bytes))
    }

    /// Which way it went: as the file tells, or the header of a cooked link.
    pub fn direction(&self) -> Option<Direction> {
        let packet_type = match self.link {
            Link::Cooked => Order::Big.u16(self.bytes, 0),
            Link::Cooked2 => self.bytes.get(COOKED2_PACKET_TYPE).map(|it| u16::from(*it)),
            _ => None,
        };
        self.direction.or(match packet_type {
            Some(COOKED_SENT) => Some(Direction::Sent),
            Some(to) if COOKED_RECEIVED.contains(&to) => Some(Direction::Received),
            _ => None,
        })
    }

    /// The bytes behind the header of the link, and what they are, as an `EtherType`; none where
    /// that cannot be told. VLAN tags, MPLS labels and `PPPoE` are passed.
    pub fn content(&self) -> (Option<u16>, &'a [u8]) {
        match self.opened() {
            Ok((kind, content)) => (Some(kind), content),
            Err(Skip::Truncated) => (None, &[]),
            Err(_) => (None, self.bytes),
        }
    }

    fn opened(&self) -> Result<(u16, &'a [u8]), Skip> {
        let bytes = self.bytes;
        let (kind, content) = match self.link {
            Link::Ethernet => by_type(bytes, ETHERNET_TYPE, ETHERNET_TYPE + 2),
            Link::Cooked => by_type(bytes, COOKED_TYPE, COOKED_TYPE + 2),
            Link::Cooked2 => by_type(bytes, 0, COOKED2_HEADER),
            Link::Null | Link::Loop => {
                let content = bytes.get(FAMILY..).ok_or(Skip::Truncated)?;
                of_family(bytes).map(|kind| (kind, content)).ok_or(Skip::NotIp)
            }
            Link::Raw if bytes.is_empty() => Err(Skip::Truncated),
            Link::Raw => of_version(bytes).map(|kind| (kind, bytes)).ok_or(Skip::Malformed),
            Link::Ppp => encapsulation::ppp(bytes),
            Link::PppOverEthernet => encapsulation::pppoe(bytes),
            Link::Serial | Link::Hdlc => encapsulation::serial(bytes),
            Link::FrameRelay => encapsulation::frame_relay(bytes),
            Link::Other(_) => Err(Skip::UnknownLink),
        }?;
        Ok(encapsulation::within(kind, content))
    }
}

/// The `EtherType` of a packet by the address family in its loopback header.
fn of_family(bytes: &[u8]) -> Option<u16> {
    let families = [Order::Little, Order::Big].map(|order| order.u32(bytes, 0));
    let family = families.into_iter().flatten().find(|family| FAMILIES.contains(family))?;
    Some(if family == FAMILIES[0] { EtherType::IPV4 } else { EtherType::IPV6 }.0)
}

/// The `EtherType` of a packet by the version it begins with.
pub(super) fn of_version(bytes: &[u8]) -> Option<u16> {
    match bytes.first()? >> 4 {
        4 => Some(EtherType::IPV4.0),
        6 => Some(EtherType::IPV6.0),
        _ => None,
    }
}

/// What is behind the header of a link, by the `EtherType` at `at`.
fn by_type(bytes: &[u8], at: usize, header: usize) -> Result<(u16, &[u8]), Skip> {
    let kind = Order::Big.u16(bytes, at).ok_or(Skip::Truncated)?;
    let content = bytes.get(header..).ok_or(Skip::Truncated)?;
    Ok((kind, content))
}

fn ip(bytes: &[u8]) -> Result<LaxSlicedPacket<'_>, Skip> {
    LaxSlicedPacket::from_ip(bytes).map_err(|error| match error {
        LaxHeaderSliceError::Len(_) => Skip::Truncated,
        LaxHeaderSliceError::Content(_) => Skip::Malformed,
    })
}

/// What an error of the headers means for a frame.
pub fn skip(error: &SliceError) -> Skip {
    match error {
        SliceError::Len(_) => Skip::Truncated,
        _ => Skip::Malformed,
    }
}
