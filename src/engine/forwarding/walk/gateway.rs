//! What a gateway does with a packet.

use std::net::IpAddr;

use super::local::connected;
use super::{At, DropReason, Event, Forwarding, Hop, Origin, Record, RouteSource, Walk, Where};
use crate::engine::forwarding::ecmp;
use crate::engine::forwarding::index::Ix;
use crate::engine::forwarding::rules::Detail;
use crate::engine::topology::PolicyRule;
use crate::model::Network;

impl<R: Record> Walk<'_, R> {
    /// At a tier-1 gateway: it knows its segments and its sessions, and the tier-0 gateway
    /// `above` knows the rest.
    pub(super) fn at_tier1(&mut self, gateway: u32, above: Option<u32>, is_own: bool) -> At {
        let of = self.of;
        let here = Where::Gateway(gateway);
        if !self.visited.visit(gateway) {
            return self.lost(here, None, DropReason::Loop);
        }
        let hop = self.hop(gateway);
        if hop == Some(Hop::Own) {
            return self.accepted(here);
        }
        let is_unroutable = |hop| self.is_unroutable(hop);
        if is_unroutable(hop) && above.is_none_or(|tier0| is_unroutable(self.hop(tier0))) {
            return self.lost(here, None, DropReason::UnroutableDestination);
        }
        if !is_own && let Err(lost) = self.hop_less(here) {
            return lost;
        }
        // Its own segments it knows itself, whatever the tier-0 gateway has learned.
        if let Origin::Segment { place, is_routed: true } = self.to.origin
            && of.segments[place.segment as usize].gateway == Some(Ix::new(gateway))
        {
            return self.towards_segment(gateway, place);
        }
        if let Some(tunnel) = self.by_rule(gateway) {
            return self.outward(tunnel);
        }
        if let Some(Hop::Interface { session }) = hop {
            return self.towards_interface(gateway, session);
        }
        self.below = Some(gateway);
        let Some(tier0) = above else { return self.nowhere(gateway) };
        let network = Network::everything(self.packet.destination);
        self.step(here, Some(&of.gateways[tier0 as usize].path), || connected(network, RouteSource::Static));
        At::Gateway { gateway: tier0, is_own: false }
    }

    /// At a tier-0 gateway: what is its own, what is connected, then rules, then routes.
    pub(super) fn at_tier0(&mut self, gateway: u32, is_own: bool) -> At {
        let of = self.of;
        let here = Where::Gateway(gateway);
        if !self.visited.visit(gateway) {
            return self.lost(here, None, DropReason::Loop);
        }
        let hop = self.hop(gateway);
        if hop == Some(Hop::Own) {
            return self.accepted(here);
        }
        if self.is_unroutable(hop) {
            return self.lost(here, None, DropReason::UnroutableDestination);
        }
        if !is_own && let Err(lost) = self.hop_less(here) {
            return lost;
        }
        match hop {
            Some(Hop::Below(tier1)) => {
                let network = self.packet.destination.into();
                let path = &of.gateways[tier1 as usize].path;
                self.step(here, Some(path), || connected(network, RouteSource::Connected));
                self.accepted(Where::Gateway(tier1))
            }
            Some(Hop::Subnet(place)) => self.towards_segment(gateway, place),
            hop => self.towards_outside(gateway, hop),
        }
    }

    /// From the tier-0 gateway into a tunnel: rules before routes.
    fn towards_outside(&mut self, gateway: u32, hop: Option<Hop>) -> At {
        let (of, packet) = (self.of, self.packet);
        let here = Where::Gateway(gateway);
        if let Some(tunnel) = self.by_rule(gateway) {
            return self.outward(tunnel);
        }
        match hop {
            Some(Hop::Interface { session }) => self.towards_interface(gateway, session),
            Some(Hop::Group(group)) => {
                let session = self.next_hop(here, gateway, group);
                self.outward(of.sessions.routed(session, packet.source, packet.destination))
            }
            Some(Hop::Discard) => {
                self.step(here, None, || {
                    let (network, by) = Self::route(of, gateway, packet);
                    connected(network, by)
                });
                self.lost(here, None, DropReason::NullRouted)
            }
            _ => self.nowhere(gateway),
        }
    }

    /// The tunnel into which a rule of a session of `gateway` puts the packet. A disabled
    /// session's rule is as if it were not there, and an explanation when nothing else is.
    fn by_rule(&mut self, gateway: u32) -> Option<u32> {
        let (of, packet) = (self.of, self.packet);
        let here = Where::Gateway(gateway);
        let own = &of.gateways[gateway as usize].rules;
        let matching = || of.atlas.sets.common(self.from.sources, self.to.destinations);
        let choice = of.rules.choose(own, matching);
        if let Some(bypass) = choice.bypass {
            let rule = &of.rules.details[bypass.get() as usize];
            self.step(here, None, || matched(rule, true, packet.source, packet.destination));
        }
        let rule = choice.rule.map(Ix::get)?;
        let part = of.rules.parts[rule as usize];
        let session = part.session.map_or(0, Ix::get);
        if !part.is_enabled {
            self.passed_over = self.passed_over.or(Some((rule, session)));
            return None;
        }
        let detail = &of.rules.details[rule as usize];
        let path = &of.sessions.all[session as usize].path;
        self.step(here, Some(path), || matched(detail, false, packet.source, packet.destination));
        Some(of.tunnel_of(rule, packet.source, packet.destination))
    }

    /// The destination is in the tunnel of a session of `gateway`.
    fn towards_interface(&mut self, gateway: u32, session: u32) -> At {
        let (of, packet) = (self.of, self.packet);
        let path = &of.sessions.all[session as usize].path;
        self.step(Where::Gateway(gateway), Some(path), || {
            let (network, by) = Self::route(of, gateway, packet);
            connected(network, by)
        });
        self.outward(of.sessions.routed(session, packet.source, packet.destination))
    }

    /// Nothing takes the packet, and `gateway` has no route.
    fn nowhere(&mut self, gateway: u32) -> At {
        let (of, packet) = (self.of, self.packet);
        let Some((rule, session)) = self.passed_over else {
            let below = self.below;
            return self.lost_because(Where::Gateway(gateway), None, DropReason::NoRoute, || {
                of.why_no_route(gateway, below, packet.destination)
            });
        };
        let path = &of.sessions.all[session as usize].path;
        let detail = &of.rules.details[rule as usize];
        let at = Where::Gateway(of.sessions.ends(session).0);
        self.step(at, Some(path), || matched(detail, false, packet.source, packet.destination));
        self.outward(of.sessions.all[session as usize].tunnels.end)
    }

    /// The session of the next hop that the packet takes, of a group of them.
    pub(super) fn next_hop(&mut self, at: Where, node: u32, group: u32) -> u32 {
        let (of, packet) = (self.of, self.packet);
        let group = &of.groups[group as usize];
        let used = ecmp::choose(&group.used, packet).map_or(0, |used| used.next_hop);
        let chosen = &group.next_hops[used as usize];
        let session = &of.sessions.all[chosen.session as usize];
        let neighbor = chosen.neighbor.map(|neighbor| &of.neighbors[neighbor.get() as usize]);
        self.step(at, neighbor.or(Some(&session.path)), || {
            let (network, by) = Self::route(of, node, packet);
            let next_hops = group.next_hops.iter().filter_map(|next_hop| next_hop.address).collect();
            Event::Routed { network, by, next_hops, chosen: chosen.address }
        });
        chosen.session
    }
}

impl Forwarding {
    /// The tunnel of a rule for a packet between these addresses.
    pub(super) fn tunnel_of(&self, rule: u32, local: IpAddr, remote: IpAddr) -> u32 {
        let part = self.rules.parts[rule as usize];
        if let Some(only) = part.tunnel {
            return only.get();
        }
        let tunnels = self.rules.details[rule as usize].tunnels.between(local, remote);
        self.sessions.first_up(part.session.map_or(0, Ix::get), tunnels)
    }
}

/// A rule matches, with `near` on its own side and `far` on the other.
pub(super) fn matched(rule: &Detail, is_bypass: bool, near: IpAddr, far: IpAddr) -> Event {
    let PolicyRule { id, sequence_number, sources, destinations, .. } = &rule.declared;
    let side = |networks: &[Network], address: IpAddr| {
        let holding = networks.iter().find(|network| network.holds(address));
        holding.copied().unwrap_or_else(|| Network::everything(address))
    };
    Event::Matched {
        rule: id.clone(),
        sequence_number: *sequence_number,
        is_bypass,
        source: side(sources, near),
        destination: side(destinations, far),
    }
}
