//! The rules of policy-based sessions and the bypass rules of services: which of them
//! is the first that matches.
//!
//! The rules of a gateway lie one after the other in the order in which they are
//! tried: bypass rules, then those of policy-based sessions, then those of sessions
//! that are disabled. The place of an address knows the set of rules that have it on
//! one side, so that the rules that match a packet are what two sets have in common.

use std::net::IpAddr;
use std::ops::Range;

use super::index::Ix;
use crate::engine::topology::PolicyRule;
use crate::model::Network;

/// All rules, those of one gateway together.
#[derive(Default)]
pub(super) struct Rules {
    /// What each is for.
    pub parts: Vec<Part>,
    /// What else is known of each.
    pub details: Vec<Detail>,
}

/// What a rule is for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    /// The service it belongs to: a position among those of all gateways.
    pub service: u32,
    /// The session it puts packets into; a bypass rule keeps them out of those of its
    /// service.
    pub session: Option<Ix>,
    /// Whether its session and its service are enabled.
    pub is_enabled: bool,
    /// Its tunnel, if it has only one, between all that it matches.
    pub tunnel: Option<Ix>,
}

/// What is known of a rule beside what it is for.
#[derive(Clone, Debug)]
pub(super) struct Detail {
    pub declared: PolicyRule,
    pub tunnels: Pairs,
}

/// The tunnels of a rule: one for each pair of networks.
#[derive(Clone, Debug, Default)]
pub(super) struct Pairs {
    locals: Vec<Network>,
    remotes: Vec<Network>,
    /// For each local network, for each remote network, the tunnel.
    grid: Vec<Option<Ix>>,
}

impl Pairs {
    /// Of tunnels with their networks, local and remote.
    pub fn new(tunnels: impl Iterator<Item = (u32, Network, Network)> + Clone) -> Self {
        let side = |of: fn(&(u32, Network, Network)) -> Network| {
            let mut networks: Vec<_> = tunnels.clone().map(|tunnel| of(&tunnel)).collect();
            networks.sort();
            networks.dedup();
            networks
        };
        let (locals, remotes) = (side(|it| it.1), side(|it| it.2));
        let mut grid = vec![None; locals.len() * remotes.len()];
        for (tunnel, local, remote) in tunnels {
            if let (Ok(row), Ok(column)) = (locals.binary_search(&local), remotes.binary_search(&remote)) {
                grid[row * remotes.len() + column].get_or_insert(Ix::new(tunnel));
            }
        }
        Self { locals, remotes, grid }
    }

    /// The tunnel of `rule`, if there is only one, and it is between all that the rule
    /// matches.
    pub fn only(&self, rule: &PolicyRule) -> Option<Ix> {
        let ([local], [remote], [only]) = (&self.locals[..], &self.remotes[..], &self.grid[..]) else { return None };
        let covers = |network: Network, side: &[Network]| match side {
            [] => network.length() == 0,
            side => side.iter().all(|other| network.covers(*other)),
        };
        only.filter(|_| covers(*local, &rule.sources) && covers(*remote, &rule.destinations))
    }

    /// The tunnels between a local and a remote address.
    pub fn between(&self, local: IpAddr, remote: IpAddr) -> impl Iterator<Item = u32> {
        let rows = self.locals.iter().enumerate().filter(move |(_, network)| network.holds(local));
        rows.flat_map(move |(row, _)| {
            let columns = self.remotes.iter().enumerate().filter(move |(_, network)| network.holds(remote));
            columns.filter_map(move |(column, _)| self.grid[row * self.remotes.len() + column].map(Ix::get))
        })
    }
}

/// Which rules take a packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Choice {
    /// The first bypass rule that matches.
    pub bypass: Option<Ix>,
    /// The first rule of a session that matches and is not bypassed.
    pub rule: Option<Ix>,
}

impl Rules {
    /// Which rules take a packet, of those of a gateway and of those that match it.
    #[inline]
    pub fn choose<M: Iterator<Item = u32>>(&self, own: &Range<u32>, matching: impl Fn() -> M) -> Choice {
        let mut choice = Choice::default();
        for rule in matching().filter(|rule| own.contains(rule)) {
            let part = self.parts[rule as usize];
            if part.session.is_none() {
                choice.bypass.get_or_insert(Ix::new(rule));
                continue;
            }
            let bypasses = |other: u32| {
                let other = self.parts[other as usize];
                other.session.is_none() && other.service == part.service
            };
            let is_bypassed = choice.bypass.is_some() && matching().filter(|rule| own.contains(rule)).any(bypasses);
            if !is_bypassed {
                choice.rule = Some(Ix::new(rule));
                break;
            }
        }
        choice
    }
}
