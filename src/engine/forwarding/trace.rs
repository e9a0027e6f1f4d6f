//! The way of one packet: typed steps, each with the object that decided it, and one
//! disposition at the end.

use std::net::IpAddr;

use super::{CopyTo, Disposition, DropReason, Packet};
use crate::engine::bgp::KeptOut;
use crate::engine::esp::Encapsulation;
use crate::engine::negotiation::DownReason;
use crate::model::{DfPolicy, Network, PolicyPath, TapDirection};

/// The way of one packet.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// The packet as it was sent.
    pub packet: Packet,
    /// What happened to it, in order.
    pub steps: Vec<Step>,
    /// What became of it.
    pub disposition: Disposition,
    /// Why it was dropped, if it was.
    pub drop_reason: Option<DropReason>,
    /// The session whose tunnel it took, or would have taken first.
    pub session: Option<PolicyPath>,
    /// The largest packet, in bytes, that gets through unfragmented on this way.
    pub effective_mtu: Option<usize>,
    /// The largest TCP segment, in bytes, that gets through on this way, after
    /// clamping.
    pub effective_mss: Option<usize>,
    /// Milliseconds it takes, one way.
    pub latency: u32,
    /// How many hops it could still go in the end.
    pub time_to_live: u8,
}

impl Trace {
    /// Its sizes in bytes in the end: one, or those of its fragments.
    pub fn sizes(&self) -> Vec<usize> {
        let cut = self.steps.iter().rev().find_map(|step| match &step.event {
            Event::Fragmented { sizes, is_inner: true } => Some(sizes.clone()),
            _ => None,
        });
        cut.unwrap_or_else(|| vec![self.packet.size])
    }
}

/// One thing that happens to a packet.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Where it happens.
    pub node: Node,
    /// The object that decided it: a segment, a rule, a neighbor, a session, a peer.
    pub object: Option<PolicyPath>,
    /// What happens.
    pub event: Event,
}

/// Where something happens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Node {
    /// A segment.
    Segment(PolicyPath),
    /// A tier-1 gateway.
    Tier1(PolicyPath),
    /// A tier-0 gateway.
    Tier0(PolicyPath),
    /// The network between the gateway and its peers.
    Underlay,
    /// A simulated peer.
    Peer(PolicyPath),
}

/// What happens to a packet.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// It enters the network.
    Sent {
        /// The network its source lies in.
        network: Option<Network>,
    },
    /// A rule is the first that matches it.
    Matched {
        /// The rule's identifier.
        rule: String,
        /// Its number.
        sequence_number: i64,
        /// Whether it is a rule of the service that keeps the packet out of
        /// policy-based sessions.
        is_bypass: bool,
        /// The source network that matched.
        source: Network,
        /// The destination network that matched.
        destination: Network,
    },
    /// A route is the longest that matches its destination.
    Routed {
        /// The route.
        network: Network,
        /// Where the route comes from.
        by: RouteSource,
        /// The next hops that are equally good; empty for a connected network.
        next_hops: Vec<IpAddr>,
        /// The one that was chosen.
        chosen: Option<IpAddr>,
    },
    /// The MSS of its handshake is lowered.
    Clamped {
        /// What it announced.
        from: u16,
        /// What it announces now.
        to: u16,
    },
    /// It is cut into fragments, which go on together.
    Fragmented {
        /// The sizes of the fragments in bytes.
        sizes: Vec<usize>,
        /// Whether it was the packet in the tunnel that was cut; otherwise the outer
        /// one was.
        is_inner: bool,
    },
    /// It enters a tunnel.
    Encapsulated {
        /// The tunnel's position in the state of the session.
        tunnel: u32,
        /// How it is wrapped.
        by: Encapsulation,
        /// Its size before, in bytes; that of the largest fragment if it was cut.
        inner_size: usize,
        /// Its size after, in bytes, before the outer packet is cut.
        outer_size: usize,
        /// What became of the don't-fragment bit.
        df_policy: DfPolicy,
        /// Between which networks the tunnel is, that on the side of the session's
        /// gateway first.
        selectors: (Network, Network),
    },
    /// It crosses the network between gateway and peer.
    Carried {
        /// From which address.
        from: IpAddr,
        /// To which.
        to: IpAddr,
        /// Milliseconds it takes.
        latency: u32,
        /// The largest packet that gets across, in bytes.
        path_mtu: usize,
    },
    /// It leaves the tunnel.
    Decapsulated {
        /// The tunnel's position in the state of the session.
        tunnel: u32,
        /// Its size again, in bytes; that of the largest fragment if it was cut before
        /// encryption.
        size: usize,
        /// How many hops it may still go.
        time_to_live: u8,
    },
    /// A tap makes a copy of it, which is delivered elsewhere; the packet goes on.
    Copied {
        /// Whether it goes to the port or comes from it.
        direction: TapDirection,
        /// The sizes of the packets that are copied, in bytes: one, or those of its
        /// fragments.
        sizes: Vec<usize>,
        /// How many hops it may still go.
        time_to_live: u8,
        /// Where the copy is delivered to.
        to: CopyTo,
    },
    /// It reached its network.
    Delivered {
        /// The network.
        network: Network,
        /// The port, if one has the destination's address.
        port: Option<PolicyPath>,
    },
    /// It was for this node itself.
    Accepted,
    /// It is dropped.
    Dropped {
        /// Why.
        reason: DropReason,
        /// What there is to know beyond the reason, for people.
        because: Option<Because>,
    },
}

/// Where a route comes from, in the order in which routes of the same length are
/// preferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RouteSource {
    /// The gateway, or the peer, is in the network itself.
    Connected,
    /// Declared at the peer: its networks, or the networks its tunnels protect. Also the
    /// default route of a tier-1 gateway to its tier-0 gateway.
    Static,
    /// A BGP neighbor.
    Bgp,
    /// A summary that is advertised: what nothing else in it matches is discarded.
    Aggregate,
}

/// What there is to know of a drop beyond its reason.
#[derive(Clone, Debug, PartialEq)]
pub enum Because {
    /// The session or the tunnel says why.
    Session(DownReason),
    /// A route-based session is up, and no BGP neighbor teaches routes into it.
    NoNeighbor {
        /// The sessions.
        sessions: Vec<PolicyPath>,
    },
    /// A route-based session of a tier-1 gateway is up. There is no BGP there that could
    /// teach routes into it.
    NoBgp {
        /// The sessions.
        sessions: Vec<PolicyPath>,
    },
    /// A tier-1 gateway has the destination in a segment, and does not tell its tier-0
    /// gateway of it.
    NotAdvertised {
        /// The tier-1 gateway.
        tier1: PolicyPath,
        /// The segment.
        segment: PolicyPath,
    },
    /// Neighbors are there, and are not established.
    NeighborDown {
        /// Each with what is wrong with it.
        neighbors: Vec<(PolicyPath, String)>,
    },
    /// A neighbor has the route, and the gateway does not use it.
    NotLearned {
        /// The neighbor.
        neighbor: PolicyPath,
        /// The route.
        network: Network,
        /// Why not.
        by: KeptOut,
    },
    /// The gateway has the route, and the peer does not use it.
    NotTaught {
        /// The neighbor.
        neighbor: PolicyPath,
        /// The route.
        network: Network,
        /// Why not.
        by: KeptOut,
    },
    /// The destination is in a segment that is connected to nothing.
    Disconnected {
        /// The segment.
        segment: PolicyPath,
    },
    /// A packet of at most so many bytes would get through.
    Fits {
        /// So many bytes.
        mtu: usize,
    },
    /// The receiving end protects other networks.
    Protects(String),
}
