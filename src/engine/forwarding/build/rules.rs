//! The rules of policy-based sessions, and bypass rules, in the order in which they
//! are tried.

use std::collections::HashMap;

use super::Builder;
use crate::engine::forwarding::EVERYWHERE;
use crate::engine::forwarding::index::{Ix, small};
use crate::engine::forwarding::rules::{Detail, Pairs, Part, Rules};
use crate::engine::topology::{PolicyRule, SessionKind};
use crate::model::{Network, PolicyPath};

/// Rules are tried gateway by gateway, first those that keep packets out of sessions,
/// then by number; of one number by the path of the session and their identifier.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Order<'a> {
    gateway: u32,
    rank: Rank,
    sequence_number: i64,
    path: &'a PolicyPath,
    id: &'a str,
}

/// Which rules come before which.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Bypass,
    Enabled,
    /// Those of sessions that are disabled: what they match is told only where nothing
    /// else takes the packet.
    Disabled,
}

impl Builder<'_> {
    pub(super) fn rules(&mut self) -> Rules {
        let topology = self.topology;
        let mut ordered = Vec::new();
        let services: HashMap<&str, u32> = topology.services.keys().map(PolicyPath::as_str).zip(0..).collect();
        for (service, (path, declared)) in (0..).zip(&topology.services) {
            let Some(gateway) = self.gateway_of(path) else { continue };
            let part = Part { service, session: None, is_enabled: declared.enabled, tunnel: None };
            for rule in declared.bypass_rules.iter().filter(|rule| rule.enabled) {
                let order = order(gateway, Rank::Bypass, path, rule);
                ordered.push((order, part, Detail { declared: rule.clone(), tunnels: Pairs::default() }));
            }
        }
        for (session, (path, declared)) in (0..).zip(&topology.sessions) {
            let SessionKind::PolicyBased { rules } = &declared.kind else { continue };
            let Some(gateway) = self.gateway_of(path) else { continue };
            let service = services.get(declared.service().as_str()).copied().unwrap_or(u32::MAX);
            let is_enabled = self.sessions.all[session as usize].is_enabled();
            let mut by_rule = self.sessions.tunnels_by_rule(session);
            for rule in rules.iter().filter(|rule| rule.enabled) {
                let tunnels = Pairs::new(by_rule.remove(rule.id.as_str()).unwrap_or_default().into_iter());
                let part = Part { service, session: Some(Ix::new(session)), is_enabled, tunnel: tunnels.only(rule) };
                let rank = if is_enabled { Rank::Enabled } else { Rank::Disabled };
                ordered.push((order(gateway, rank, path, rule), part, Detail { declared: rule.clone(), tunnels }));
            }
        }
        ordered.sort_by(|(one, ..), (other, ..)| one.cmp(other));
        let mut rules = Rules::default();
        for (order, part, detail) in ordered {
            let number = small(rules.parts.len());
            for network in everywhere_if_empty(&detail.declared.sources) {
                self.draft.source(network, number);
            }
            for network in everywhere_if_empty(&detail.declared.destinations) {
                self.draft.destination(network, number);
            }
            let own = &mut self.gateways[order.gateway as usize].rules;
            *own = if own.end == 0 { number..number + 1 } else { own.start..number + 1 };
            rules.parts.push(part);
            rules.details.push(detail);
        }
        rules
    }
}

fn order<'a>(gateway: u32, rank: Rank, path: &'a PolicyPath, rule: &'a PolicyRule) -> Order<'a> {
    Order { gateway, rank, sequence_number: rule.sequence_number, path, id: &rule.id }
}

/// The networks of one side of a rule: all addresses where there are none.
pub(super) fn everywhere_if_empty(networks: &[Network]) -> Vec<Network> {
    if networks.is_empty() { EVERYWHERE.map(Network::everything).to_vec() } else { networks.to_vec() }
}
