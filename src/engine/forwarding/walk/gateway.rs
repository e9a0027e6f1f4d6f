//! What a tier-0 gateway does with a packet.

use std::net::IpAddr;

use super::local::connected;
use super::{At, DropReason, Event, Forwarding, Hop, Record, RouteSource, Walk, Where};
use crate::engine::forwarding::ecmp;
use crate::engine::forwarding::index::Ix;
use crate::engine::forwarding::rules::Detail;
use crate::engine::topology::PolicyRule;
use crate::model::Network;

impl<R: Record> Walk<'_, R> {
    /// At a tier-0 gateway: what is its own, what is connected, then rules, then routes.
    pub(super) fn at_tier0(&mut self, gateway: u32, is_own: bool) -> At {
        let of = self.of;
        let here = Where::Gateway(gateway);
        if !self.visited.visit(gateway) {
            return self.lost(here, None, DropReason::Loop);
        }
        let hop = self.hop(gateway);
        if hop == Some(Hop::Own { tier1: None }) {
            return self.accepted(here);
        }
        if self.is_unroutable(hop) {
            return self.lost(here, None, DropReason::UnroutableDestination);
        }
        if !is_own && let Err(lost) = self.hop_less(here) {
            return lost;
        }
        match hop {
            Some(Hop::Own { tier1: Some(tier1) }) => {
                let network = self.packet.destination.into();
                let tier1 = tier1.get();
                let path = &of.tier1s[tier1 as usize].path;
                self.step(here, Some(path), || connected(network, RouteSource::Connected));
                self.accepted(Where::Tier1(tier1))
            }
            Some(Hop::Subnet(place)) => self.towards_segment(here, place),
            hop => self.towards_outside(gateway, hop),
        }
    }

    /// From the tier-0 gateway into a tunnel: rules before routes.
    fn towards_outside(&mut self, gateway: u32, hop: Option<Hop>) -> At {
        let (of, packet) = (self.of, self.packet);
        let here = Where::Gateway(gateway);
        let own = &of.gateways[gateway as usize].rules;
        let matching = || of.atlas.sets.common(self.from.sources, self.to.destinations);
        let choice = of.rules.choose(own, matching);
        if let Some(bypass) = choice.bypass {
            let rule = &of.rules.details[bypass.get() as usize];
            self.step(here, None, || matched(rule, true, packet.source, packet.destination));
        }
        let mut disabled = None;
        if let Some(rule) = choice.rule.map(Ix::get) {
            let part = of.rules.parts[rule as usize];
            let session = part.session.map_or(0, Ix::get);
            if part.is_enabled {
                let detail = &of.rules.details[rule as usize];
                let path = &of.sessions.all[session as usize].path;
                self.step(here, Some(path), || matched(detail, false, packet.source, packet.destination));
                return self.outward(of.tunnel_of(rule, packet.source, packet.destination));
            }
            // As if it were not there, and an explanation when nothing else is.
            disabled = Some((rule, session));
        }
        match hop {
            Some(Hop::Interface { session }) => {
                let path = &of.sessions.all[session as usize].path;
                self.step(here, Some(path), || {
                    let (network, by) = Self::route(of, gateway, packet);
                    connected(network, by)
                });
                self.outward(of.sessions.routed(session, packet.source, packet.destination))
            }
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
            _ => match disabled {
                Some((rule, session)) => {
                    let path = &of.sessions.all[session as usize].path;
                    let detail = &of.rules.details[rule as usize];
                    self.step(here, Some(path), || matched(detail, false, packet.source, packet.destination));
                    self.outward(of.sessions.all[session as usize].tunnels.end)
                }
                None => {
                    self.lost_because(here, None, DropReason::NoRoute, || of.why_no_route(gateway, packet.destination))
                }
            },
        }
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
