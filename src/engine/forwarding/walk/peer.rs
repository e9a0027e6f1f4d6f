//! What a peer does with a packet.

use super::gateway::matched;
use super::local::connected;
use super::{Arrival, At, Disposition, DropReason, Event, Hop, Record, RouteSource, Walk, Where};
use crate::engine::forwarding::rules::Part;
use crate::model::Network;

/// How a peer sends a packet to a gateway.
enum Egress {
    /// By a rule of one of its sessions, with the sides exchanged.
    Rule { rule: u32, session: u32, tunnel: Option<u32> },
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
        let of = self.of;
        let here = Where::Peer(peer);
        let declared = &of.peers[peer as usize];
        if !self.visited.visit(declared.node) {
            return self.lost(here, Some(&declared.path), DropReason::Loop);
        }
        let hop = self.hop(declared.node);
        if matches!(hop, Some(Hop::Own { .. })) {
            return self.accepted(here);
        }
        if by != Arrival::Own
            && let Err(lost) = self.hop_less(here)
        {
            return lost;
        }
        if self.is_unroutable(hop) {
            return self.lost(here, None, DropReason::UnroutableDestination);
        }
        // What came out of a tunnel is delivered if it can be; what comes from behind is
        // tried with the tunnels first, since a peer that has everything behind it has the
        // gateway's networks there too.
        if by == Arrival::Tunnel && hop == Some(Hop::Behind) {
            return self.delivered_behind(peer);
        }
        match self.egress(peer) {
            Egress::Nowhere if hop == Some(Hop::Behind) => self.delivered_behind(peer),
            Egress::Nowhere if by == Arrival::Tunnel => self.lost(here, Some(&declared.path), DropReason::PeerNoRoute),
            Egress::Nowhere => self.lost(here, Some(&declared.path), DropReason::PeerNoTunnel),
            through => self.through(peer, &through),
        }
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
        At::End(Disposition::DeliveredToPeer, None)
    }

    /// How `peer` sends the packet: by its sessions' rules, then by its routes, then by
    /// what it protects. A peer that says what it protects sends nothing else.
    fn egress(&self, peer: u32) -> Egress {
        let (of, packet) = (self.of, self.packet);
        let declared = &of.peers[peer as usize];
        let protects = |(own, other): &&(Network, Network)| own.holds(packet.source) && other.holds(packet.destination);
        let selector = declared.selectors.iter().find(protects);
        if selector.is_none() && !declared.selectors.is_empty() {
            return Egress::Nowhere;
        }
        let mut disabled = None;
        for rule in of.rules.matching(self.to.sources, self.from.destinations) {
            let Part::Protect { session, is_enabled, tunnels } = &of.rules.rules[rule as usize].part else { continue };
            if !declared.sessions.contains(session) {
                continue;
            }
            let chosen = || Egress::Rule {
                rule,
                session: *session,
                tunnel: of.sessions[*session as usize].first_up(tunnels.between(packet.destination, packet.source)),
            };
            if *is_enabled {
                return chosen();
            }
            disabled.get_or_insert_with(chosen);
        }
        match self.hop(declared.node) {
            Some(Hop::Group(group)) => return Egress::Group(group),
            Some(Hop::Interface { session }) => return Egress::Interface { session },
            _ => {}
        }
        let sessions = || declared.sessions.iter().copied();
        let up = sessions().find(|session| of.sessions[*session as usize].is_up());
        match (selector, up.or_else(|| sessions().next())) {
            (Some((_, network)), Some(session)) => Egress::Selector { session, network: *network },
            _ => disabled.unwrap_or(Egress::Nowhere),
        }
    }

    /// Whether `peer` has a tunnel that takes the packet.
    pub(super) fn has_tunnel(&self, peer: u32) -> bool {
        let takes = |session: u32, tunnel: Option<u32>| self.of.sessions[session as usize].wrap(tunnel).is_ok();
        let routed = |session: u32| {
            takes(session, self.of.sessions[session as usize].routed(self.packet.destination, self.packet.source))
        };
        match self.egress(peer) {
            Egress::Rule { session, tunnel, .. } => takes(session, tunnel),
            Egress::Group(group) => {
                let group = &self.of.groups[group as usize];
                group.next_hops.iter().any(|next_hop| routed(next_hop.session))
            }
            Egress::Interface { session } | Egress::Selector { session, .. } => routed(session),
            Egress::Nowhere => false,
        }
    }

    fn through(&mut self, peer: u32, egress: &Egress) -> At {
        let (of, packet) = (self.of, self.packet);
        let here = Where::Peer(peer);
        let node = of.peers[peer as usize].node;
        let (session, tunnel) = match egress {
            Egress::Rule { rule, session, tunnel } => {
                self.step(here, Some(&of.sessions[*session as usize].path), || {
                    let rule = &of.rules.rules[*rule as usize];
                    from_the_far_side(matched(rule, packet.destination, packet.source))
                });
                return self.inward(peer, *session, *tunnel);
            }
            Egress::Group(group) => (self.next_hop(here, node, *group), None),
            Egress::Interface { session } => {
                let (network, by) = Self::route(of, node, packet);
                (*session, Some((network, by)))
            }
            Egress::Selector { session, network } => (*session, Some((*network, RouteSource::Static))),
            Egress::Nowhere => return self.lost(here, None, DropReason::PeerNoTunnel),
        };
        if let Some((network, by)) = tunnel {
            self.step(here, Some(&of.sessions[session as usize].path), || connected(network, by));
        }
        let tunnel = of.sessions[session as usize].routed(packet.destination, packet.source);
        self.inward(peer, session, tunnel)
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
