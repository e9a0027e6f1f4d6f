//! What is said of the networks of one IP version.

use super::key::{Key, Prefix};
use super::paint::{Numbered, Said, paint};
use super::ranges::Step;
use super::{Claim, Origin, Way};
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

impl<K> Sheet<K> {
    /// How much is said.
    pub fn size(&self) -> usize {
        self.claims.len() + self.sources.len() + self.destinations.len() + self.ways.len()
    }
}

/// In each place whose it is.
pub(super) fn origins<K: Key>(
    claims: &mut [Claimed<K>],
    origins: &mut Numbered<Origin>,
    lists: &mut Numbered<Vec<u32>>,
) -> Vec<Step<K>> {
    claims.sort();
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
pub(super) fn sides<K: Key>(sides: &mut [Side<K>], sets: &mut Numbered<Vec<u64>>) -> Vec<Step<K>> {
    sides.sort();
    paint(sides, 0, |around, same| {
        let mut set = sets.value(around).clone();
        for Side { rule, .. } in same {
            set[*rule as usize / 64] |= 1 << (rule % 64);
        }
        sets.of(&set)
    })
}

/// In each place how each node gets there, by node. The ways are sorted, and those that
/// do not count are gone.
pub(super) fn ways<K: Key>(vias: &mut Vec<Via<K>>, sets: &mut Numbered<Vec<Way>>, hops: &[Hop]) -> Vec<Step<K>> {
    // Long and made of sorted parts.
    vias.sort();
    vias.dedup_by_key(|way| (way.prefix, way.node));
    vias.shrink_to_fit();
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
/// known from. This is the long way; [`super::Ranges`] has the result, and not the network.
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
