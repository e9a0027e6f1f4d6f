//! What is said of the networks of one IP version.

use super::key::{Key, Prefix};
use super::paint::{Numbered, Said, overlay, paint};
use super::ranges::{Ranges, Step};
use super::{Claim, Numbers, Origin, Way};
use crate::engine::forwarding::RouteSource;
use crate::engine::forwarding::tables::Hop;

/// Whose a network is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Claimed<K> {
    pub prefix: Prefix<K>,
    pub claim: Claim,
}

/// A rule has the network on one side.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Side<K> {
    pub prefix: Prefix<K>,
    pub rule: u32,
}

/// How a node gets to the network. Of several ways to one network the first counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Via<K> {
    pub prefix: Prefix<K>,
    pub node: u32,
    pub by: RouteSource,
    pub hop: u32,
}

macro_rules! said_of_prefix {
    ($($said:ident)*) => {$(
        impl<K: Key> Said<K> for $said<K> {
            fn prefix(&self) -> Prefix<K> {
                self.prefix
            }
        }
    )*};
}

said_of_prefix!(Claimed Side Via);

/// What is said of the networks of one IP version.
#[derive(Default)]
pub(super) struct Sheet<K> {
    pub claims: Vec<Claimed<K>>,
    pub sources: Vec<Side<K>>,
    pub destinations: Vec<Side<K>>,
    pub ways: Vec<Via<K>>,
}

impl<K: Key> Sheet<K> {
    /// The places of all addresses, and the ways, sorted.
    pub fn into_ranges(mut self, numbers: &mut Numbers<'_>) -> (Ranges<K>, Vec<Via<K>>) {
        self.claims.sort();
        self.sources.sort();
        self.destinations.sort();
        // Long and made of sorted parts.
        self.ways.sort();
        self.ways.dedup_by_key(|way| (way.prefix, way.node));
        self.ways.shrink_to_fit();
        let layers = [
            origins(&self.claims, &mut numbers.origins, &mut numbers.lists),
            sides(&self.sources, &mut numbers.sources),
            sides(&self.destinations, &mut numbers.destinations),
            ways(&self.ways, &mut numbers.ways, numbers.hops),
        ];
        (Ranges::new(&overlay(&layers, &mut numbers.places)), self.ways)
    }
}

fn origins<K: Key>(
    claims: &[Claimed<K>],
    origins: &mut Numbered<Origin>,
    lists: &mut Numbered<Vec<u32>>,
) -> Vec<Step<K>> {
    let mut list = Vec::new();
    paint(claims, 0, |around, same| {
        let first = same[0].claim;
        // What is connected is never behind a peer, however small the peer's network.
        if matches!(first, Claim::Peer(_) | Claim::Apart(_)) && origins.value(around).is_strict() {
            return around;
        }
        let origin = match first {
            Claim::Gateway(gateway) => Origin::Gateway(gateway),
            Claim::Unroutable { is_strict } => Origin::Unroutable { is_strict },
            Claim::Segment(place) => Origin::Segment { place, is_routed: true },
            Claim::Apart(place) => Origin::Segment { place, is_routed: false },
            Claim::Peer(_) => {
                let peer = |said: &Claimed<K>| if let Claim::Peer(peer) = said.claim { Some(peer) } else { None };
                list.clear();
                list.extend(same.iter().filter_map(peer));
                list.dedup();
                Origin::Peers { list: lists.of(&list) }
            }
        };
        origins.of(&origin)
    })
}

/// In each place the rules that have it on this side, as a set of bits.
fn sides<K: Key>(sides: &[Side<K>], sets: &mut Numbered<Vec<u64>>) -> Vec<Step<K>> {
    paint(sides, 0, |around, same| {
        let mut set = sets.value(around).clone();
        for Side { rule, .. } in same {
            set[*rule as usize / 64] |= 1 << (rule % 64);
        }
        sets.of(&set)
    })
}

/// In each place how each node gets there, by node.
fn ways<K: Key>(vias: &[Via<K>], sets: &mut Numbered<Vec<Way>>, hops: &[Hop]) -> Vec<Step<K>> {
    let mut set = Vec::new();
    paint(vias, 0, |around, same| {
        set.clone_from(sets.value(around));
        for via in same {
            let way = Way { node: via.node, hop: hops[via.hop as usize] };
            match set.binary_search_by_key(&via.node, |way| way.node) {
                Ok(at) if way.hop.overrides(set[at].hop) => set[at] = way,
                Ok(_) => {}
                Err(at) => set.insert(at, way),
            }
        }
        sets.of(&set)
    })
}

impl Hop {
    /// Whether this hop, to a network within that of `around`, comes before it: the longer
    /// network does. A port is no network of the router's: it is found where its subnet is.
    fn overrides(self, around: Self) -> bool {
        match self {
            Self::Subnet(place) if place.port.is_some() => matches!(around, Self::Subnet(_)),
            _ => true,
        }
    }
}

/// The network in `ways` that decides how `node` gets to `address`, and where that is
/// known from. This is the long way; [`Ranges`] has the result, and not the network.
pub(super) fn longest<K: Key>(
    vias: &[Via<K>],
    hops: &[Hop],
    node: u32,
    address: K,
) -> Option<(Prefix<K>, RouteSource)> {
    let lengths = 0..=u8::try_from(K::BITS).unwrap_or(u8::MAX);
    let at = |length| {
        let sought = (Prefix { first: address.first(length), length }, node);
        let at = vias.binary_search_by_key(&sought, |via| (via.prefix, via.node)).ok()?;
        vias.get(at)
    };
    let hop = |via: &Via<K>| hops[via.hop as usize];
    let decides = |around, via| if hop(via).overrides(hop(around)) { via } else { around };
    let deciding = lengths.filter_map(at).reduce(decides)?;
    Some((deciding.prefix, deciding.by))
}
