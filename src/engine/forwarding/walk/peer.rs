//! What a peer does with a packet.

use super::gateway::matched;
use super::local::connected;
use super::{Arrival, At, Disposition, DropReason, Event, Hop, Record, RouteSource, Walk, Where};
use crate::engine::forwarding::index::Ix;
use crate::model::Network;

/// How a peer sends a packet to a gateway.
enum Egress {
    /// By a rule of one of its sessions, with the sides exchanged.
    Rule { rule: u32, session: u32 },
    /// By a route it learned.
    Group(u32),
    /// The destination is in a tunnel.
    Interface { session: u32 },
    /// By what it protects.
    Selector { session: u32, network: Network },
    /// Not at all.
    Nowhere,
}

impl<R: Record> Walk<'_, R> {
    pub(super) fn at_peer(&mut self, peer: u32, by: Arrival) -> At {
        let (of, packet) = (self.of, self.packet);
        let here = Where::Peer(peer);
        let declared = &of.peers[peer as usize];
        if !self.visited.visit(declared.node) {
            return self.lost(here, Some(&declared.path), DropReason::Loop);
        }
        let hop = self.hop(declared.node);
        if matches!(hop, Some(Hop::Own)) {
            return self.accepted(here);
        }
        if self.is_unroutable(hop) {
            return self.lost(here, None, DropReason::UnroutableDestination);
        }
        if by != Arrival::Own
            && let Err(lost) = self.hop_less(here)
        {
            return lost;
        }
        // What came out of a tunnel is delivered if it can be; what comes from behind is
        // tried with the tunnels first, since a peer that has everything behind it has the
        // gateway's networks there too.
        let came_by = if let Arrival::Tunnel(session) = by { Some(session) } else { None };
        if came_by.is_some() && hop == Some(Hop::Behind) {
            return self.delivered_behind(peer);
        }
        match self.egress(peer, came_by) {
            Egress::Nowhere if hop == Some(Hop::Behind) => self.delivered_behind(peer),
            Egress::Nowhere if came_by.is_some() || self.lacks_a_route_only(peer) => {
                // A peer that says what it protects would not use the route.
                let routes_decide = declared.selectors.is_empty();
                self.lost_because(here, Some(&declared.path), DropReason::PeerNoRoute, || {
                    routes_decide.then(|| of.why_peer_has_no_route(peer, packet.destination)).flatten()
                })
            }
            Egress::Nowhere => self.lost(here, Some(&declared.path), DropReason::PeerNoTunnel),
            through => self.through(peer, &through),
        }
    }

    /// Whether `peer` could send into a tunnel that is up, if it knew of the network: routes
    /// choose its traffic, and not selectors.
    fn lacks_a_route_only(&self, peer: u32) -> bool {
        let declared = &self.of.peers[peer as usize];
        let takes_anything =
            |session: &u32| self.of.sessions.is_up(*session) && self.of.sessions.is_route_based(*session);
        declared.selectors.is_empty() && declared.sessions.iter().any(takes_anything)
    }

    fn delivered_behind(&mut self, peer: u32) -> At {
        let (of, packet) = (self.of, self.packet);
        let declared = &of.peers[peer as usize];
        let here = Where::Peer(peer);
        self.step(here, Some(&declared.path), || {
            let (network, by) = Self::route(of, declared.node, packet);
            connected(network, by)
        });
        self.step(here, Some(&declared.path), || Event::Delivered {
            network: Self::route(of, declared.node, packet).0,
            port: None,
        });
        self.ends(Disposition::DeliveredToPeer)
    }

    /// How `peer` sends the packet: by its sessions' rules, then by its routes, then by
    /// what it protects. A peer that says what it protects sends nothing else. What came
    /// by a session goes back to it by a route only, never because its rules are wide.
    fn egress(&self, peer: u32, came_by: Option<u32>) -> Egress {
        let (of, packet) = (self.of, self.packet);
        let declared = &of.peers[peer as usize];
        let protects = |(own, other): &&(Network, Network)| own.holds(packet.source) && other.holds(packet.destination);
        let selector = declared.selectors.iter().find(protects);
        if selector.is_none() && !declared.selectors.is_empty() {
            return Egress::Nowhere;
        }
        let mut disabled = None;
        for rule in of.atlas.sets.common(self.to.sources, self.from.destinations) {
            let part = of.rules.parts[rule as usize];
            let own = |session: &u32| declared.sessions.contains(session) && Some(*session) != came_by;
            let Some(session) = part.session.map(Ix::get).filter(own) else { continue };
            if part.is_enabled {
                return Egress::Rule { rule, session };
            }
            disabled.get_or_insert(Egress::Rule { rule, session });
        }
        match self.hop(declared.node) {
            Some(Hop::Group(group)) => return Egress::Group(group),
            Some(Hop::Interface { session }) => return Egress::Interface { session },
            _ => {}
        }
        let sessions = || declared.sessions.iter().copied().filter(|session| Some(*session) != came_by);
        let up = sessions().find(|session| of.sessions.is_up(*session));
        match (selector, up.or_else(|| sessions().next())) {
            (Some((_, network)), Some(session)) => Egress::Selector { session, network: *network },
            _ => disabled.unwrap_or(Egress::Nowhere),
        }
    }

    /// Whether `peer` has a tunnel that takes the packet.
    pub(super) fn has_tunnel(&self, peer: u32) -> bool {
        let (of, packet) = (self.of, self.packet);
        let takes = |tunnel: u32| of.sessions.tunnels[tunnel as usize].takes.is_ok();
        let routed = |session: u32| takes(of.sessions.routed(session, packet.destination, packet.source));
        match self.egress(peer, None) {
            Egress::Rule { rule, .. } => takes(of.tunnel_of(rule, packet.destination, packet.source)),
            Egress::Group(group) => of.groups[group as usize].next_hops.iter().any(|next_hop| routed(next_hop.session)),
            Egress::Interface { session } | Egress::Selector { session, .. } => routed(session),
            Egress::Nowhere => false,
        }
    }

    fn through(&mut self, peer: u32, egress: &Egress) -> At {
        let (of, packet) = (self.of, self.packet);
        let here = Where::Peer(peer);
        let node = of.peers[peer as usize].node;
        let path = |session: u32| Some(&of.sessions.all[session as usize].path);
        let session = match *egress {
            Egress::Rule { rule, session } => {
                self.step(here, path(session), || {
                    let rule = &of.rules.details[rule as usize];
                    from_the_far_side(matched(rule, false, packet.destination, packet.source))
                });
                return self.inward(peer, of.tunnel_of(rule, packet.destination, packet.source));
            }
            Egress::Group(group) => self.next_hop(here, node, group),
            Egress::Interface { session } => {
                self.step(here, path(session), || {
                    let (network, by) = Self::route(of, node, packet);
                    connected(network, by)
                });
                session
            }
            Egress::Selector { session, network } => {
                self.step(here, path(session), || connected(network, RouteSource::Static));
                session
            }
            Egress::Nowhere => return self.lost(here, None, DropReason::PeerNoTunnel),
        };
        self.inward(peer, of.sessions.routed(session, packet.destination, packet.source))
    }
}

/// A match as the far end sees it, whose rule has the sides exchanged.
fn from_the_far_side(matched: Event) -> Event {
    match matched {
        Event::Matched { rule, sequence_number, is_bypass, source, destination } => {
            Event::Matched { rule, sequence_number, is_bypass, source: destination, destination: source }
        }
        other => other,
    }
}
