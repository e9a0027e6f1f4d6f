//! The way that most packets go, at one glance: from a segment into a tunnel to a peer
//! that has the destination, or nowhere. It decides as the walk from node to node does,
//! and leaves everything else to that.

use super::{Hop, Ix, Origin, Role, small};
use crate::engine::forwarding::tunnels::{Far, Tunnel};
use crate::engine::forwarding::walk::tunnel::TCP_HEADER;
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
    let segment = &of.segments[place.segment as usize];
    if !(segment.is_up && is_port_up && packet.time_to_live >= HOPS) || matches!(to.origin, Origin::Unroutable { .. }) {
        return None;
    }
    let gateway = of.tier1s[segment.tier1 as usize].gateway;
    let hop = of.atlas.hop(to, gateway);
    let own = &of.gateways[gateway as usize];
    if own.tier0.is_none() || matches!(hop, Some(Hop::Own { .. } | Hop::Subnet(_))) {
        return None;
    }
    let choice = of.rules.choose(&own.rules, || of.atlas.sets.common(from.sources, to.destinations));
    let tunnel = match (choice.rule.map(Ix::get), hop) {
        (Some(rule), _) if of.rules.parts[rule as usize].is_enabled => {
            of.tunnel_of(rule, packet.source, packet.destination)
        }
        (None, None) if !matches!(to.origin, Origin::Segment { .. }) => return Some(nowhere()),
        (None, Some(Hop::Group(group))) => {
            let group = &of.groups[group as usize];
            let session = group.next_hops[ecmp::choose(&group.used, packet)? as usize].session;
            of.sessions.routed(session, packet.source, packet.destination)
        }
        _ => return None,
    };
    let through = &of.sessions.tunnels[tunnel as usize];
    let (Ok(wrap), Far::Peer(peer), true) = (through.takes, through.far, through.is_reachable) else { return None };
    let peer = &of.peers[peer as usize];
    let is_there = peer.selectors.is_empty() && of.atlas.hop(to, peer.node) == Some(Hop::Behind);
    if !is_there || packet.size > wrap.fits {
        return None;
    }
    let version = packet.version();
    let mss = small(wrap.fits.saturating_sub(version.header() + TCP_HEADER));
    let clamp = through.clamp(version, role == Role::Opening).map_or(mss, u32::from);
    Some(Decision {
        disposition: Disposition::DeliveredToPeer,
        drop_reason: None,
        session: Some(through.session),
        crossings: [Some(crossing(through, packet.size, wrap.encapsulation.outer_size(packet.size))), None],
        effective_mtu: Some(small(wrap.fits)),
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
