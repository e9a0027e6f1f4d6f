//! The way of one packet, from node to node.
//!
//! | module | what it holds |
//! |---|---|
//! | `record` | what is written down on the way: nothing, or every step |
//! | `local` | from the source to its gateway, and from a gateway to a segment |
//! | `gateway` | what a gateway does with a packet |
//! | `peer` | what a peer does with it |
//! | `tunnel` | through a tunnel, from a gateway or to one |
//! | `shortcut` | the way that most packets go, at one glance |
//!
//! The short answer and the long one are the same walk: what is only of interest for
//! the long one is made by closures that the short one does not call.

mod gateway;
mod local;
mod peer;
mod record;
mod shortcut;
mod tunnel;

use self::record::{Copies, Nothing, Record, Steps};
use super::atlas::{InSegment, Origin, Place};
use super::fragments::Load;
use super::index::{Ix, small};
use super::tables::{Gateway, Hop, Tier};
use super::{
    Because, CopyMade, Crossing, Decision, Disposition, DropReason, Event, Forwarding, Node, Packet, RouteSource, Step,
    Trace,
};
use crate::model::{Network, PolicyPath, TapDirection};

/// Whether a packet is of the side that opened the connection, or of the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Opening,
    Answering,
}

/// A node, by its position among those of its kind.
#[derive(Clone, Copy, Debug)]
enum Where {
    Segment(u32),
    Gateway(u32),
    Underlay,
    Peer(u32),
}

/// Where a packet arrives next.
enum At {
    /// At a gateway; perhaps the packet is its own.
    Gateway { gateway: u32, is_own: bool },
    /// At the segment of its destination.
    Segment(InSegment),
    /// At a peer, out of a tunnel, from behind it or as its own.
    Peer { peer: u32, by: Arrival },
    /// Nowhere any more: [`Walk::disposition`] says why.
    End,
}

/// How a packet comes to a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Arrival {
    /// Out of a tunnel of this session.
    Tunnel(u32),
    /// From a network behind it.
    Behind,
    /// It is the peer's own.
    Own,
}

/// A packet on its way.
struct Walk<'a, R> {
    of: &'a Forwarding,
    packet: &'a Packet,
    role: Role,
    from: &'a Place,
    to: &'a Place,
    time_to_live: u8,
    /// What its handshake announces.
    mss: Option<u16>,
    load: Load,
    visited: Visited,
    /// The tier-1 gateway it came from.
    below: Option<u32>,
    /// The first rule that matches it whose session is disabled, and that session.
    passed_over: Option<(u32, u32)>,
    session: Option<Ix>,
    crossings: [Option<Crossing>; 2],
    /// The largest packet and the largest segment so far that get through, if anything
    /// limits them.
    effective_mtu: u32,
    effective_mss: u32,
    latency: u32,
    disposition: Disposition,
    drop_reason: Option<DropReason>,
    record: R,
}

/// Nothing limits it.
const UNLIMITED: u32 = u32::MAX;

/// What becomes of a packet, in short.
pub(super) fn decide(of: &Forwarding, packet: &Packet, role: Role) -> Decision {
    shortcut::decide(of, packet, role).unwrap_or_else(|| {
        let mut walk = Walk::new(of, packet, role, Nothing);
        walk.run(None);
        walk.decision()
    })
}

/// The same, with the copies that taps make of the packet.
pub(super) fn decide_copying(of: &Forwarding, packet: &Packet, role: Role, each: impl FnMut(CopyMade<'_>)) -> Decision {
    let mut walk = Walk::new(of, packet, role, Copies(each));
    if let Some(decision) = shortcut::decide(of, packet, role) {
        // The shortcut begins at a port that is in operation, and ends outside, where none is.
        if let Origin::Segment { place, .. } = walk.from.origin {
            walk.copied(place, TapDirection::Out);
        }
        return decision;
    }
    walk.run(None);
    walk.decision()
}

/// What becomes of a packet, step by step; it starts behind `peer`, or where its source
/// is.
pub(super) fn trace(of: &Forwarding, packet: &Packet, role: Role, peer: Option<u32>) -> Trace {
    let mut walk = Walk::new(of, packet, role, Steps::default());
    walk.run(peer);
    let decision = walk.decision();
    Trace {
        packet: packet.clone(),
        steps: walk.record.0,
        disposition: decision.disposition,
        drop_reason: decision.drop_reason,
        session: decision.session.and_then(|session| of.session_path(session)).cloned(),
        effective_mtu: decision.effective_mtu.map(|mtu| mtu as usize),
        effective_mss: decision.effective_mss.map(|mss| mss as usize),
        latency: decision.latency,
        time_to_live: walk.time_to_live,
    }
}

impl<'a, R: Record> Walk<'a, R> {
    fn new(of: &'a Forwarding, packet: &'a Packet, role: Role, record: R) -> Self {
        Self {
            of,
            packet,
            role,
            from: of.atlas.place(packet.source),
            to: of.atlas.place(packet.destination),
            time_to_live: packet.time_to_live,
            mss: packet.handshake_mss,
            load: Load::whole(packet.size),
            visited: Visited::default(),
            below: None,
            passed_over: None,
            session: None,
            crossings: [None; 2],
            effective_mtu: UNLIMITED,
            effective_mss: UNLIMITED,
            latency: 0,
            disposition: Disposition::Dropped,
            drop_reason: None,
            record,
        }
    }

    fn run(&mut self, peer: Option<u32>) {
        let mut at = match peer {
            Some(peer) => self.start_at_peer(peer),
            None => self.start(),
        };
        loop {
            at = match at {
                At::Gateway { gateway, is_own } => match self.of.gateways[gateway as usize].tier {
                    Tier::Zero => self.at_tier0(gateway, is_own),
                    Tier::One(above) => self.at_tier1(gateway, above, is_own),
                },
                At::Segment(place) => self.at_segment(place),
                At::Peer { peer, by } => self.at_peer(peer, by),
                At::End => return,
            }
        }
    }

    fn decision(&self) -> Decision {
        let limit = |limit: u32| (limit != UNLIMITED).then_some(limit);
        Decision {
            disposition: self.disposition,
            drop_reason: self.drop_reason,
            session: self.session.map(Ix::get),
            crossings: self.crossings,
            effective_mtu: limit(self.effective_mtu),
            effective_mss: limit(self.effective_mss),
            latency: self.latency,
        }
    }

    /// Something happens, by the decision of `object`.
    fn step(&mut self, at: Where, object: Option<&PolicyPath>, event: impl FnOnce() -> Event) {
        let of = self.of;
        self.record.step(|| Step { node: of.node(at), object: object.cloned(), event: event() });
    }

    /// The packet goes through its port at `place`, where taps copy it.
    fn copied(&mut self, place: InSegment, direction: TapDirection) {
        if !R::COPIES {
            return;
        }
        let (of, Some(port)) = (self.of, place.port) else { return };
        let port = &of.ports[port.get() as usize];
        let taps = &of.taps[port.taps.start as usize..port.taps.end as usize];
        if taps.is_empty() {
            return;
        }
        let Packet { source, destination, .. } = self.packet;
        let address = if direction == TapDirection::Out { source } else { destination };
        let vlan = port.vlans.iter().find(|(own, _)| own == address).map(|(_, vlan)| *vlan).or(port.vlan);
        for tap in taps.iter().filter(|tap| tap.wants(direction, vlan)) {
            let (sizes, time_to_live) = (self.load.sizes(), self.time_to_live);
            let copy = CopyMade { by: &tap.by, direction, sizes, time_to_live, to: &tap.to };
            self.record.copy(copy, || of.node(Where::Segment(place.segment)));
        }
    }

    fn lost(&mut self, at: Where, object: Option<&PolicyPath>, reason: DropReason) -> At {
        self.lost_because(at, object, reason, || None)
    }

    fn lost_because(
        &mut self,
        at: Where,
        object: Option<&PolicyPath>,
        reason: DropReason,
        because: impl FnOnce() -> Option<Because>,
    ) -> At {
        self.step(at, object, || Event::Dropped { reason, because: because() });
        self.drop_reason = Some(reason);
        At::End
    }

    fn accepted(&mut self, at: Where) -> At {
        self.step(at, None, || Event::Accepted);
        self.ends(Disposition::Accepted)
    }

    fn ends(&mut self, disposition: Disposition) -> At {
        self.disposition = disposition;
        At::End
    }

    /// A router forwards the packet, which may go one hop less (RFC 1812 section 5.3.1).
    fn hop_less(&mut self, at: Where) -> Result<(), At> {
        if self.time_to_live <= 1 {
            return Err(self.lost(at, None, DropReason::TtlExpired));
        }
        self.time_to_live -= 1;
        Ok(())
    }

    /// How a gateway or a peer gets to the destination.
    fn hop(&self, node: u32) -> Option<Hop> {
        self.of.atlas.hop(self.to, node)
    }

    /// Whether no router forwards to the destination. Link-local addresses of IPv4 are
    /// forwarded to in the tunnels that have them.
    fn is_unroutable(&self, hop: Option<Hop>) -> bool {
        match self.to.origin {
            Origin::Unroutable { is_strict } => is_strict || !matches!(hop, Some(Hop::Interface { .. })),
            _ => false,
        }
    }

    /// The route by which `node` gets to the destination, for the record.
    fn route(of: &Forwarding, node: u32, packet: &Packet) -> (Network, RouteSource) {
        let everything = (Network::everything(packet.destination), RouteSource::Static);
        of.atlas.longest(node, packet.destination).unwrap_or(everything)
    }

    /// The packet goes into a tunnel.
    fn crosses(&mut self, crossing: Crossing) {
        if let Some(free) = self.crossings.iter_mut().find(|crossing| crossing.is_none()) {
            *free = Some(crossing);
        }
    }
}

impl Forwarding {
    fn node(&self, at: Where) -> Node {
        match at {
            Where::Segment(segment) => Node::Segment(self.segments[segment as usize].path.clone()),
            Where::Gateway(gateway) => {
                let Gateway { path, tier, .. } = &self.gateways[gateway as usize];
                match tier {
                    Tier::Zero => Node::Tier0(path.clone()),
                    Tier::One(_) => Node::Tier1(path.clone()),
                }
            }
            Where::Underlay => Node::Underlay,
            Where::Peer(peer) => Node::Peer(self.peers[peer as usize].path.clone()),
        }
    }
}

/// The gateways and peers a packet has been at. Nothing on its way changes what they
/// decide by, so a packet that is at one of them again never gets away.
#[derive(Default)]
struct Visited {
    first: [u32; 6],
    count: usize,
    more: Vec<u32>,
}

impl Visited {
    /// Whether the node is new.
    fn visit(&mut self, node: u32) -> bool {
        let known = &self.first[..self.count.min(self.first.len())];
        if known.contains(&node) || self.more.contains(&node) {
            return false;
        }
        match self.first.get_mut(self.count) {
            Some(free) => *free = node,
            None => self.more.push(node),
        }
        self.count += 1;
        true
    }
}
