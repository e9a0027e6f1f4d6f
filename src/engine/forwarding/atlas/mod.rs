//! Everything there is to know of an address, in one look-up.
//!
//! | module | what it holds |
//! |---|---|
//! | `key` | addresses and networks as numbers |
//! | `paint` | networks, one within the other, become a function over all addresses |
//! | `ranges` | such a function, made ready for many look-ups |
//! | `sets` | sets of rules, and what two of them have in common |
//! | `sheet` | what is said of the networks of one IP version, and how it is brought together |
//!
//! Segments, routes, the networks behind peers and both sides of every rule are said
//! of networks. Laid over each other they part the address space into ranges, and the
//! addresses of a range differ in nothing: they are in one [`Place`]. There are few
//! places, whatever the number of routes: a million routes to two peers make a
//! handful. So a decision is one look-up for the source and one for the destination,
//! and what follows from them lies in small tables.

mod key;
mod paint;
mod ranges;
mod sets;
mod sheet;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use key::Prefix;
use paint::{Numbered, overlay};
use ranges::Ranges;
use sets::{Set, Sets};
use sheet::{Claimed, Sheet, Side, Via};

use super::RouteSource;
use super::index::{Ix, small};
use super::tables::Hop;
use crate::engine::parallel;
use crate::model::Network;

/// What is known of the addresses of some ranges. It lies in one cache line.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct Place {
    /// Whose they are.
    pub origin: Origin,
    /// The rules that have them among their sources.
    pub sources: Set,
    /// The rules that have them among their destinations.
    pub destinations: Set,
    /// Which of the ways are to them.
    ways: (u32, u32),
}

/// Where in a segment an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct InSegment {
    pub segment: u32,
    /// The subnet, if it lies in one.
    pub subnet: Option<Ix>,
    /// The port that has the address.
    pub port: Option<Ix>,
}

/// Who says that a network is theirs. Of several who say so of one network the first
/// counts; all peers who say so share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Claim {
    /// An address of a gateway.
    Gateway(u32),
    /// Addresses no router forwards to; strictly so, or unless somebody says otherwise.
    Unroutable { is_strict: bool },
    /// A segment whose networks are routed.
    Segment(InSegment),
    /// A peer.
    Peer(u32),
    /// A segment that is connected to nothing.
    Apart(InSegment),
}

/// Whose an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Origin {
    Unknown,
    Gateway(u32),
    Unroutable {
        is_strict: bool,
    },
    Segment {
        place: InSegment,
        is_routed: bool,
    },
    /// Those of a list.
    Peers {
        list: u32,
    },
}

impl Origin {
    /// Whether no peer can have a part of it.
    fn is_strict(self) -> bool {
        match self {
            Self::Gateway(_) => true,
            Self::Unroutable { is_strict } => is_strict,
            Self::Segment { is_routed, .. } => is_routed,
            Self::Unknown | Self::Peers { .. } => false,
        }
    }
}

/// How a gateway or a peer gets to a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Way {
    pub node: u32,
    pub hop: Hop,
}

/// What is said of networks.
#[derive(Default)]
pub(super) struct Draft {
    v4: Sheet<u32>,
    v6: Sheet<u128>,
}

/// Pushes what is said of a network on the sheet of its IP version.
macro_rules! say {
    ($draft:ident.$list:ident, $network:expr, |$prefix:ident| $said:expr) => {{
        let length = $network.length();
        match $network.first() {
            IpAddr::V4(first) => {
                let $prefix = Prefix { first: first.to_bits(), length };
                $draft.v4.$list.push($said);
            }
            IpAddr::V6(first) => {
                let $prefix = Prefix { first: first.to_bits(), length };
                $draft.v6.$list.push($said);
            }
        }
    }};
}

impl Draft {
    /// `network` is somebody's.
    pub fn claim(&mut self, network: Network, claim: Claim) {
        say!(self.claims, network, |prefix| Claimed { prefix, claim });
    }

    /// `rule` has `network` among its sources.
    pub fn source(&mut self, network: Network, rule: u32) {
        say!(self.sources, network, |prefix| Side { prefix, rule });
    }

    /// `rule` has `network` among its destinations.
    pub fn destination(&mut self, network: Network, rule: u32) {
        say!(self.destinations, network, |prefix| Side { prefix, rule });
    }

    /// `node` gets to `network` by the hop at a position of those that
    /// [`Draft::finish`] is given.
    pub fn way(&mut self, network: Network, node: u32, by: RouteSource, hop: u32) {
        say!(self.ways, network, |prefix| Via { prefix, node, by, hop });
    }

    /// Makes the draft ready for look-ups; there are so many rules.
    pub fn finish(self, rules: usize, hops: Vec<Hop>) -> Atlas {
        let Self { mut v4, mut v6 } = self;
        let size = v4.size() + v6.size();
        let no_rule = vec![0; rules.div_ceil(64)];
        let mut sources = Numbered::starting_with(no_rule.clone());
        let mut destinations = Numbered::starting_with(no_rule);
        let mut origins = Numbered::starting_with(Origin::Unknown);
        let mut lists = Numbered::starting_with(Vec::new());
        let mut ways = Numbered::starting_with(Vec::new());
        // No layer depends on another; the ways are about half of the work.
        let (by_way, [by_origin, by_source, by_destination]) = parallel::join(
            size,
            || (sheet::ways(&mut v4.ways, &mut ways, &hops), sheet::ways(&mut v6.ways, &mut ways, &hops)),
            || {
                [
                    (
                        sheet::origins(&mut v4.claims, &mut origins, &mut lists),
                        sheet::origins(&mut v6.claims, &mut origins, &mut lists),
                    ),
                    (sheet::sides(&mut v4.sources, &mut sources), sheet::sides(&mut v6.sources, &mut sources)),
                    (
                        sheet::sides(&mut v4.destinations, &mut destinations),
                        sheet::sides(&mut v6.destinations, &mut destinations),
                    ),
                ]
            },
        );
        let mut places = Numbered::starting_with([0; 4]);
        let v4_layers = [by_origin.0, by_source.0, by_destination.0, by_way.0];
        let v4_ranges = Ranges::new(&overlay(&v4_layers, &mut places));
        let v6_layers = [by_origin.1, by_source.1, by_destination.1, by_way.1];
        let v6_ranges = Ranges::new(&overlay(&v6_layers, &mut places));
        let mut sets = Sets::default();
        let mut keep = |of: Numbered<Vec<u64>>| of.into_values().iter().map(|set| sets.keep(set)).collect::<Vec<_>>();
        let (sources, destinations) = (keep(sources), keep(destinations));
        let mut laid = Vec::new();
        let mut lay = |list: Vec<Way>| {
            let begin = small(laid.len());
            laid.extend(list);
            (begin, small(laid.len()))
        };
        let spans: Vec<_> = ways.into_values().into_iter().map(&mut lay).collect();
        let origins = origins.into_values();
        let place = |[origin, source, destination, ways]: [u32; 4]| Place {
            origin: origins[origin as usize],
            sources: sources[source as usize],
            destinations: destinations[destination as usize],
            ways: spans[ways as usize],
        };
        let places = places.into_values().into_iter().map(place).collect();
        let lists = lists.into_values();
        Atlas {
            v4: v4_ranges,
            v6: v6_ranges,
            places,
            ways: laid,
            sets,
            lists,
            hops,
            v4_ways: v4.ways,
            v6_ways: v6.ways,
        }
    }
}

/// Everything there is to know of addresses.
pub(super) struct Atlas {
    v4: Ranges<u32>,
    v6: Ranges<u128>,
    places: Vec<Place>,
    ways: Vec<Way>,
    /// The sets of rules of all places.
    pub sets: Sets,
    lists: Vec<Vec<u32>>,
    hops: Vec<Hop>,
    v4_ways: Vec<Via<u32>>,
    v6_ways: Vec<Via<u128>>,
}

impl Atlas {
    /// The place of an address.
    #[inline]
    pub fn place(&self, address: IpAddr) -> &Place {
        let place = match address {
            IpAddr::V4(address) => self.v4.at(address.to_bits()),
            IpAddr::V6(address) => self.v6.at(address.to_bits()),
        };
        &self.places[place as usize]
    }

    /// How `node` gets to a place.
    #[inline]
    pub fn hop(&self, place: &Place, node: u32) -> Option<Hop> {
        let (begin, end) = place.ways;
        self.ways[begin as usize..end as usize].iter().find(|way| way.node == node).map(|way| way.hop)
    }

    /// The peers of a list.
    pub fn peers(&self, list: u32) -> &[u32] {
        &self.lists[list as usize]
    }

    /// The network that decides how `node` gets to `address`, and where that is known
    /// from.
    pub fn longest(&self, node: u32, address: IpAddr) -> Option<(Network, RouteSource)> {
        let (length, by) = match address {
            IpAddr::V4(address) => {
                sheet::longest(&self.v4_ways, &self.hops, node, address.to_bits()).map(|it| (it.0.length, it.1))
            }
            IpAddr::V6(address) => {
                sheet::longest(&self.v6_ways, &self.hops, node, address.to_bits()).map(|it| (it.0.length, it.1))
            }
        }?;
        Some((Network::around(address, length)?, by))
    }
}
