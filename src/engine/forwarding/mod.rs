//! Forwarding: the way of a packet, from its source to where it is delivered or
//! dropped.
//!
//! | module | what it holds |
//! |---|---|
//! | `packet` | a packet, as far as its way depends on it |
//! | `trace` | the way of one packet in typed steps |
//! | `decision` | what is decided of a packet, in short |
//! | `build` | what is declared and what is the case now becomes tables |
//! | `atlas` | everything there is to know of an address, in one look-up |
//! | `rules` | which rule of policy-based sessions takes a packet |
//! | `tunnels` | sessions and their tunnels: what takes packets, what they become |
//! | `taps` | copies of the packets that go through a port |
//! | `ecmp` | which of several equally good next hops |
//! | `fragments` | cutting packets into fragments |
//! | `tables`, `index` | what the tables hold of gateways, segments and peers, and positions in them |
//! | `walk` | the way itself, from node to node |
//! | `explain` | why there is no route |
//! | `words` | a trace in words |
//!
//! What is decided, in this order:
//!
//! 1. Where the source is: in a segment, the gateway itself, or behind a simulated peer.
//!    The longest network that somebody claims decides; what is connected is never
//!    behind a peer. Of several peers with the network it is the first whose tunnel takes
//!    the packet.
//! 2. Its port and its segment. Within a subnet the packet is delivered without a router.
//! 3. Destinations that are not routed. IPv4 link-local ones are, in the tunnels that
//!    have them.
//! 4. Each router (tier-1 gateway, tier-0 gateway, peer) takes a hop, unless the packet is
//!    the router's own or for it. A tunnel takes none: gateway and peer are neighbors in
//!    it.
//! 5. What is the gateway's own, or connected to it, or to one of its tier-1 gateways that
//!    advertises it, unless a longer route leads elsewhere. A tier-1 gateway delivers to its
//!    own segments whatever the tier-0 gateway has learned. What its own sessions do not
//!    take (6 and the tunnel networks of 7) goes to the tier-0 gateway.
//! 6. Bypass rules, which keep the packet out of the policy-based sessions of their
//!    service, then the rules of policy-based sessions by number, path of the session and
//!    identifier. A disabled session's rules are as if they were not there, and an
//!    explanation where nothing else takes the packet.
//! 7. The longest route: networks of tunnels, BGP, and summaries, whose rest is
//!    discarded. Of several next hops those whose session is up share the flows.
//! 8. The tunnel: whether it takes packets, the MSS of handshakes, sizes (`walk::tunnel`),
//!    the path, what the receiving end protects.
//! 9. The peer: its own addresses and networks, then onwards by its sessions' rules, what
//!    it learned, and what it protects. What came by a session goes back to it by a route
//!    only. A far end that is another session of the engine continues at its gateway.
//!
//! Taps copy what goes through a port that is in operation, from the workload in step 2 and
//! to it at the end. No step looks at them.
//!
//! A packet that is at a gateway or a peer for the second time is in a loop.

mod atlas;
mod build;
mod decision;
mod ecmp;
mod explain;
mod fragments;
mod index;
mod packet;
mod rules;
mod tables;
mod taps;
#[cfg(test)]
mod tests;
mod trace;
mod tunnels;
mod walk;
mod words;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

pub use crate::model::{Disposition, DropReason};
pub use decision::{Crossing, Decision};
pub use packet::{Packet, protocol};
pub use taps::{Copied, CopyMade, CopyTo};
pub use trace::{Because, Event, Node, RouteSource, Step, Trace};
pub use tunnels::UPLINK_MTU;
pub use words::{MOST_NAMED, sum};

use self::atlas::Atlas;
use self::explain::Explain;
use self::rules::Rules;
use self::tables::{Gateway, Group, Peer, Port, Segment, Subnet};
use self::tunnels::Sessions;
use self::walk::Role;
use super::Moment;
use super::bgp::{Rib, Unused};
use super::negotiation::SessionState;
use super::topology::Topology;
use crate::model::{Network, PolicyPath};

/// How many hops an answer may go: the recommended default (RFC 1700, "IP time to
/// live parameter").
const TIME_TO_LIVE: u8 = 64;

/// An address of each IP version, to make the network of all addresses of.
const EVERYWHERE: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::UNSPECIFIED)];

/// What forwarding is decided by at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// The moment.
    pub now: Moment,
    /// What is declared.
    pub topology: &'a Topology,
    /// The states of sessions.
    pub sessions: &'a BTreeMap<PolicyPath, SessionState>,
    /// The routes that gateways use, by the path of the tier-0 gateway.
    pub ribs: &'a BTreeMap<String, Arc<Rib>>,
    /// What each simulated peer learned, and by which session it gets there.
    pub peers: &'a BTreeMap<PolicyPath, Vec<(Network, PolicyPath)>>,
    /// What is wrong with the neighbors that are not established.
    pub neighbors_down: &'a BTreeMap<PolicyPath, String>,
    /// Who knows what neighbors and gateways have for each other and do not use: asked only
    /// where a route is missed.
    pub unused: &'a Arc<dyn Unused>,
}

/// The tables by which packets are forwarded at one moment: built once, for many
/// decisions.
pub struct Forwarding {
    atlas: Atlas,
    rules: Rules,
    groups: Vec<Group>,
    /// The neighbors that next hops name.
    neighbors: Vec<PolicyPath>,
    gateways: Vec<Gateway>,
    segments: Vec<Segment>,
    subnets: Vec<Subnet>,
    ports: Vec<Port>,
    taps: Vec<taps::Tap>,
    peers: Vec<Peer>,
    sessions: Sessions,
    explain: Explain,
}

impl Forwarding {
    /// The tables for what is the case.
    pub fn of(inputs: &Inputs<'_>) -> Self {
        build::build(inputs)
    }

    /// What becomes of a packet, in short. A TCP handshake is one that opens a
    /// connection. Nothing is allocated unless the packet is cut into fragments.
    pub fn decide(&self, packet: &Packet) -> Decision {
        walk::decide(self, packet, Role::Opening)
    }

    /// The same for a packet that answers: a TCP handshake answers one that went the
    /// other way.
    pub fn decide_answer(&self, packet: &Packet) -> Decision {
        walk::decide(self, packet, Role::Answering)
    }

    /// What becomes of a packet, in short, and the copies that taps make of it: `each` is
    /// called for every one, in the order in which they are made.
    pub fn decide_copying(&self, packet: &Packet, each: impl FnMut(CopyMade<'_>)) -> Decision {
        walk::decide_copying(self, packet, Role::Opening, each)
    }

    /// What becomes of a packet, step by step.
    pub fn trace(&self, packet: &Packet) -> Trace {
        walk::trace(self, packet, Role::Opening, None)
    }

    /// The same for a packet that answers: a TCP handshake answers one that went the
    /// other way.
    pub fn trace_as_answer(&self, packet: &Packet) -> Trace {
        walk::trace(self, packet, Role::Answering, None)
    }

    /// The way of the answer, of `size` bytes, to the packet whose way `trace` is: its
    /// addresses and ports exchanged. None when there is no answer, since the packet did
    /// not arrive.
    pub fn trace_answer(&self, trace: &Trace, size: usize) -> Option<Trace> {
        if trace.disposition == Disposition::Dropped {
            return None;
        }
        // Several peers may have the network: it is the one who got the packet that answers.
        let peer =
            trace.steps.last().and_then(|step| if let Node::Peer(path) = &step.node { Some(path) } else { None });
        let peer = peer.and_then(|path| self.peers.iter().position(|peer| peer.path == *path)).map(index::small);
        let answer = trace.packet.answer(size, TIME_TO_LIVE);
        Some(walk::trace(self, &answer, Role::Answering, peer))
    }

    /// The path of the session that a [`Decision`] names.
    pub fn session_path(&self, session: u32) -> Option<&PolicyPath> {
        self.sessions.all.get(session as usize).map(|session| &session.path)
    }
}
