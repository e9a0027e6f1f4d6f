//! What the tables hold of gateways, segments and peers.

use std::net::IpAddr;
use std::ops::Range;

use super::atlas::InSegment;
use super::index::Ix;
use crate::model::{Network, PolicyPath};

/// A gateway.
pub(super) struct Gateway {
    pub path: PolicyPath,
    pub tier: Tier,
    /// Which of all rules are its own.
    pub rules: Range<u32>,
}

/// Which sort of gateway it is.
#[derive(Clone, Copy)]
pub(super) enum Tier {
    Zero,
    /// With its tier-0 gateway, if it has one.
    One(Option<u32>),
}

/// A segment.
pub(super) struct Segment {
    pub path: PolicyPath,
    /// The gateway it is connected to, if it is.
    pub gateway: Option<Ix>,
    pub is_up: bool,
    /// The tier-0 gateway that all packets get to which leave the segment: it is in
    /// operation, and no session of a tier-1 gateway is on the way.
    pub open_to: Option<Ix>,
}

/// A subnet of a segment.
pub(super) struct Subnet {
    pub network: Network,
    pub segment: u32,
}

/// A segment port.
pub(super) struct Port {
    pub path: PolicyPath,
    pub segment: u32,
    pub is_up: bool,
    /// Which of all taps are its own.
    pub taps: Range<u32>,
    /// The VLANs of its addresses, and the one of all others.
    pub vlans: Vec<(IpAddr, u16)>,
    pub vlan: Option<u16>,
}

/// A simulated peer.
pub(super) struct Peer {
    pub path: PolicyPath,
    /// Its number among gateways and peers.
    pub node: u32,
    /// The traffic it protects: its own side, and the gateway's; empty: what its
    /// sessions say.
    pub selectors: Vec<(Network, Network)>,
    /// The sessions whose far end it is.
    pub sessions: Vec<u32>,
}

/// How a gateway or a peer gets to a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Hop {
    /// It is there: the address is its own.
    Own,
    /// The address is that of a tier-1 gateway below it.
    Below(u32),
    /// The network is a segment's.
    Subnet(InSegment),
    /// The network is that of a session's tunnel interface.
    Interface { session: u32 },
    /// By one of several next hops.
    Group(u32),
    /// What is sent there is discarded.
    Discard,
    /// It lies behind this peer.
    Behind,
}

/// Next hops that are equally good.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub next_hops: Vec<NextHop>,
    /// Those among which packets are spread: the ones whose session is up, or all when
    /// none is.
    pub used: Vec<Used>,
}

/// A next hop that is used.
#[derive(Clone, Copy, Debug)]
pub(super) struct Used {
    /// Its position among the next hops.
    pub next_hop: u32,
    pub session: u32,
    /// The tunnel of the session, if it has only one.
    pub tunnel: Option<Ix>,
}

/// A next hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct NextHop {
    pub address: Option<IpAddr>,
    pub session: u32,
    pub neighbor: Option<Ix>,
}
