//! The rules of policy-based sessions and the bypass rules of services: which of them
//! is the first that matches.
//!
//! The rules of a gateway lie one after the other in the order in which they are
//! tried: bypass rules, then those of policy-based sessions, then those of sessions
//! that are disabled. The place of an address knows the set of rules that have it on
//! one side, so that the rules that match a packet are what two sets have in common.

use std::ops::Range;

use super::atlas::number;
use crate::engine::topology::PolicyRule;
use crate::model::Network;

/// A rule.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub declared: PolicyRule,
    /// The service it belongs to: a position among those of all gateways.
    pub service: u32,
    pub part: Part,
}

/// What a rule is for.
#[derive(Clone, Debug)]
pub(super) enum Part {
    /// It keeps packets out of the policy-based sessions of its service.
    Bypass,
    /// It puts packets into a session.
    Protect {
        session: u32,
        /// Whether its session and its service are enabled.
        is_enabled: bool,
        tunnels: Pairs,
    },
}

/// The tunnels of a rule: one for each pair of networks.
#[derive(Clone, Debug, Default)]
pub(super) struct Pairs {
    locals: Vec<Network>,
    remotes: Vec<Network>,
    /// For each local network, for each remote network, the tunnel's position among
    /// those of the session.
    grid: Vec<Option<u32>>,
}

impl Pairs {
    /// Of tunnels with their positions and networks, local and remote.
    pub fn new(tunnels: impl Iterator<Item = (u32, Network, Network)> + Clone) -> Self {
        let side = |of: fn(&(u32, Network, Network)) -> Network| {
            let mut networks: Vec<_> = tunnels.clone().map(|tunnel| of(&tunnel)).collect();
            networks.sort();
            networks.dedup();
            networks
        };
        let (locals, remotes) = (side(|it| it.1), side(|it| it.2));
        let mut grid = vec![None; locals.len() * remotes.len()];
        for (position, local, remote) in tunnels {
            if let (Ok(row), Ok(column)) = (locals.binary_search(&local), remotes.binary_search(&remote)) {
                grid[row * remotes.len() + column].get_or_insert(position);
            }
        }
        Self { locals, remotes, grid }
    }

    /// The tunnels between a local and a remote address.
    pub fn between(&self, local: std::net::IpAddr, remote: std::net::IpAddr) -> impl Iterator<Item = u32> {
        let rows = self.locals.iter().enumerate().filter(move |(_, network)| network.holds(local));
        rows.flat_map(move |(row, _)| {
            let columns = self.remotes.iter().enumerate().filter(move |(_, network)| network.holds(remote));
            columns.filter_map(move |(column, _)| self.grid[row * self.remotes.len() + column])
        })
    }
}

/// All rules, those of one gateway together.
#[derive(Default)]
pub(super) struct Rules {
    pub rules: Vec<Rule>,
    sources: Sets,
    destinations: Sets,
}

/// Which rules take a packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Choice {
    /// The first bypass rule that matches.
    pub bypass: Option<u32>,
    /// The first rule of a session that matches and is not bypassed.
    pub rule: Option<u32>,
}

impl Rules {
    /// With the sets of rules that places refer to.
    pub fn new(rules: Vec<Rule>, sources: &[Vec<u64>], destinations: &[Vec<u64>]) -> Self {
        Self { rules, sources: Sets::new(sources), destinations: Sets::new(destinations) }
    }

    /// The rules that have one address among their sources and another among their
    /// destinations, given by the sets of their places, in the order they are tried.
    #[inline]
    pub fn matching(&self, sources: u32, destinations: u32) -> impl Iterator<Item = u32> {
        Common::new(&self.sources, sources, &self.destinations, destinations)
    }

    /// Which of a gateway's `own` rules take a packet.
    #[inline]
    pub fn choose(&self, own: &Range<u32>, sources: u32, destinations: u32) -> Choice {
        let mut choice = Choice::default();
        let own = |rule: &u32| own.contains(rule);
        for matching in self.matching(sources, destinations).filter(own) {
            let rule = &self.rules[matching as usize];
            match rule.part {
                Part::Bypass => _ = choice.bypass.get_or_insert(matching),
                Part::Protect { .. } => {
                    let bypasses = |other: u32| {
                        let other = &self.rules[other as usize];
                        matches!(other.part, Part::Bypass) && other.service == rule.service
                    };
                    let is_bypassed =
                        choice.bypass.is_some() && self.matching(sources, destinations).filter(own).any(bypasses);
                    if !is_bypassed {
                        choice.rule = Some(matching);
                        break;
                    }
                }
            }
        }
        choice
    }
}

/// Sets of rules as bits, without the words before the first and after the last bit.
#[derive(Default)]
struct Sets {
    words: Vec<u64>,
    spans: Vec<Span>,
}

/// Which words of a set there are.
#[derive(Clone, Copy, Default)]
struct Span {
    first: u32,
    end: u32,
    /// Where the first of them is.
    at: u32,
}

impl Sets {
    fn new(sets: &[Vec<u64>]) -> Self {
        let mut this = Self::default();
        for set in sets {
            let first = set.iter().position(|word| *word != 0).unwrap_or(0);
            let end = set.iter().rposition(|word| *word != 0).map_or(first, |last| last + 1);
            this.spans.push(Span { first: number(first), end: number(end), at: number(this.words.len()) });
            this.words.extend(&set[first..end]);
        }
        this
    }
}

/// The rules that are in two sets, in order.
struct Common<'a> {
    /// What is left of the words of both.
    words: std::iter::Zip<std::slice::Iter<'a, u64>, std::slice::Iter<'a, u64>>,
    /// What is left of the present word.
    word: u64,
    /// The number of the first rule of the present word, plus 64.
    next: u32,
}

impl<'a> Common<'a> {
    #[inline]
    fn new(these: &'a Sets, this: u32, those: &'a Sets, that: u32) -> Self {
        let (this, that) = (these.spans[this as usize], those.spans[that as usize]);
        let first = this.first.max(that.first);
        let end = this.end.min(that.end).max(first);
        let words = |sets: &'a Sets, span: Span| {
            let begin = span.at + first.saturating_sub(span.first).min(span.end - span.first);
            let words = &sets.words[begin as usize..];
            words[..words.len().min((end - first) as usize)].iter()
        };
        Self { words: words(these, this).zip(words(those, that)), word: 0, next: first * 64 }
    }
}

impl Iterator for Common<'_> {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        while self.word == 0 {
            let (this, that) = self.words.next()?;
            self.word = this & that;
            self.next += 64;
        }
        let bit = self.word.trailing_zeros();
        self.word &= self.word - 1;
        Some(self.next - 64 + bit)
    }
}
