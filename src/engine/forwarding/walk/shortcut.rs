//! The way that most packets go, at one glance: from a segment into a tunnel to a peer
//! that has the destination, or nowhere. It decides as the walk from node to node does,
//! and leaves everything else to that.

use super::{Hop, Ix, Origin, Role, small};
use crate::engine::forwarding::rules::Choice;
use crate::engine::forwarding::tunnels::Tunnel;
use crate::engine::forwarding::{Crossing, Decision, Disposition, DropReason, Forwarding, Packet, ecmp};

/// A packet that may go so many hops gets through a tier-1 gateway, a tier-0 gateway and
/// a peer.
const HOPS: u8 = 4;

/// What becomes of a packet, if it is one of the many.
#[inline]
pub(super) fn decide(of: &Forwarding, packet: &Packet, role: Role) -> Option<Decision> {
    let (from, to) = (of.atlas.place(packet.source), of.atlas.place(packet.destination));
    let Origin::Segment { place, is_routed: true } = from.origin else { return None };
    let is_port_up = place.port.is_none_or(|port| of.ports[port.get() as usize].is_up);
    // What is a gateway's own or connected to one is somebody's, and no peer's.
    let is_outside = matches!(to.origin, Origin::Unknown | Origin::Peers { .. });
    if !(is_port_up && is_outside && packet.time_to_live >= HOPS) {
        return None;
    }
    let gateway = of.segments[place.segment as usize].open_to?.get();
    let choice = if from.sources.may_meet(to.destinations) {
        let own = &of.gateways[gateway as usize].rules;
        of.rules.choose(own, || of.atlas.sets.common(from.sources, to.destinations))
    } else {
        Choice::default()
    };
    let tunnel = if let Some(rule) = choice.rule.map(Ix::get) {
        if !of.rules.parts[rule as usize].is_enabled {
            return None;
        }
        of.tunnel_of(rule, packet.source, packet.destination)
    } else {
        match of.atlas.hop(to, gateway) {
            Some(Hop::Group(group)) => {
                let group = &of.groups[group as usize];
                let used = ecmp::choose(&group.used, packet)?;
                let routed = || of.sessions.routed(used.session, packet.source, packet.destination);
                used.tunnel.map_or_else(routed, Ix::get)
            }
            None => return Some(nowhere()),
            Some(_) => return None,
        }
    };
    let through = &of.sessions.tunnels[tunnel as usize];
    let (Ok(wrap), Some(peer)) = (through.takes, through.open_peer) else { return None };
    if packet.size > wrap.fits as usize || of.atlas.hop(to, peer.get()) != Some(Hop::Behind) {
        return None;
    }
    let version = packet.version();
    let mss = wrap.segment(version);
    let clamp = through.clamp(version, role == Role::Opening).map_or(mss, u32::from);
    Some(Decision {
        disposition: Disposition::DeliveredToPeer,
        drop_reason: None,
        session: Some(through.session),
        crossings: [Some(crossing(through, packet.size, wrap.encapsulation.outer_size(packet.size))), None],
        effective_mtu: Some(wrap.fits),
        effective_mss: Some(mss.min(clamp)),
        latency: through.latency,
    })
}

/// The packet enters the tunnel whole, and comes out.
fn crossing(through: &Tunnel, size: usize, outer_size: usize) -> Crossing {
    Crossing {
        session: through.session,
        tunnel: through.position,
        is_outward: true,
        arrives: true,
        packets: 1,
        inner_bytes: small(size),
        outer_bytes: small(outer_size),
    }
}

const fn nowhere() -> Decision {
    Decision {
        disposition: Disposition::Dropped,
        drop_reason: Some(DropReason::NoRoute),
        session: None,
        crossings: [None; 2],
        effective_mtu: None,
        effective_mss: None,
        latency: 0,
    }
}
