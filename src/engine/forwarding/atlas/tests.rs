//! The look-ups against looking through everything that was said.

use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::key::Key;
use super::paint::{Said, paint};
use super::*;

#[derive(Clone, Copy, Debug)]
struct Named<K> {
    prefix: Prefix<K>,
    name: u32,
}

impl<K: Key> Said<K> for Named<K> {
    fn prefix(&self) -> Prefix<K> {
        self.prefix
    }
}

/// The name of the longest network that holds the address, each network by itself.
fn longest<K: Key>(said: &[Named<K>], address: K) -> u32 {
    let holding = said.iter().filter(|it| address.first(it.prefix.length) == it.prefix.first);
    holding.max_by_key(|it| it.prefix.length).map_or(0, |it| it.name)
}

fn compare<K: Key + std::fmt::Debug>(networks: &[(K, u8)], addresses: &[K]) -> Result<(), TestCaseError> {
    let mut said: Vec<_> = networks
        .iter()
        .zip(1..)
        .map(|((address, length), name)| Named {
            prefix: Prefix { first: address.first(*length), length: *length },
            name,
        })
        .collect();
    said.sort_by_key(|it| it.prefix);
    said.dedup_by_key(|it| it.prefix);
    let ranges = Ranges::new(&paint(&said, 0, |_, same| same[0].name));
    let edges = said.iter().flat_map(|it| {
        let (first, last) = (it.prefix.first, it.prefix.last());
        [Some(first), Some(last), last.next()]
    });
    for address in edges.flatten().chain(addresses.iter().copied()) {
        prop_assert_eq!(ranges.at(address), longest(&said, address), "{:?}", address);
    }
    Ok(())
}

/// Networks that crowd in a few places, as those of one site do.
fn crowded_v4() -> impl Strategy<Value = (u32, u8)> {
    let near = prop_oneof![Just(0x0a00_0000_u32), Just(0xc0a8_0000), Just(0xffff_ff00), any::<u32>()];
    (near, 0_u32..0x2000, 0_u8..=32).prop_map(|(near, offset, length)| (near | offset, length))
}

fn crowded_v6() -> impl Strategy<Value = (u128, u8)> {
    let site = u128::from("2001:db8::".parse::<Ipv6Addr>().unwrap());
    let near = prop_oneof![Just(site), Just(site | 1 << 64), Just(u128::MAX << 4), any::<u128>()];
    (near, any::<u64>(), 0_u32..64, 0_u8..=128)
        .prop_map(|(near, offset, shift, length)| (near | u128::from(offset) >> shift, length))
}

proptest! {
    #[test]
    fn a_look_up_finds_the_longest_network(
        networks in proptest::collection::vec(crowded_v4(), 0..200),
        addresses in proptest::collection::vec(any::<u32>(), 20),
    ) {
        compare(&networks, &addresses)?;
    }

    #[test]
    fn a_look_up_finds_the_longest_network_of_ipv6(
        networks in proptest::collection::vec(crowded_v6(), 0..200),
        addresses in proptest::collection::vec(any::<u128>(), 20),
    ) {
        compare(&networks, &addresses)?;
    }
}

#[test]
fn with_nothing_said_every_address_is_the_same() {
    let ranges = Ranges::new(&[(0_u32, 7)]);
    for address in [0, 1, u32::MAX] {
        assert_eq!(ranges.at(address), 7);
    }
}

/// Each network within the one before: none of them is lost, however deep it lies.
#[test]
fn networks_may_lie_within_each_other_as_deep_as_they_can() {
    let networks: Vec<(u128, u8)> = (0..=128).map(|length| (u128::from(Ipv6Addr::LOCALHOST), length)).collect();
    compare(&networks, &[0, 1, 2, 3, u128::MAX]).unwrap();
    let networks: Vec<(u32, u8)> = (0..=32).map(|length| (Ipv4Addr::BROADCAST.to_bits(), length)).collect();
    compare(&networks, &[0, 1, u32::MAX - 1, u32::MAX]).unwrap();
}

#[test]
fn the_longest_network_decides_connected_or_not() {
    let network = |text: &str| text.parse::<Network>().unwrap();
    let local = Hop::Subnet(InSegment { segment: 0, subnet: None, port: None });
    let mut draft = Draft::default();
    draft.way(network("10.0.0.0/8"), 0, RouteSource::Connected, 0);
    draft.way(network("10.1.0.0/16"), 0, RouteSource::Bgp, 1);
    draft.way(network("10.1.0.0/16"), 1, RouteSource::Bgp, 1);
    draft.way(network("10.2.0.0/16"), 0, RouteSource::Connected, 2);
    draft.way(network("11.0.0.0/8"), 0, RouteSource::Aggregate, 3);
    draft.way(network("11.0.0.0/8"), 0, RouteSource::Bgp, 1);
    let atlas = draft.finish(0, vec![local, Hop::Group(0), Hop::Own, Hop::Discard]);
    let way = |node, address: &str| {
        let address = address.parse().unwrap();
        let known = atlas.longest(node, address).map(|(network, by)| (network.to_string(), by));
        (atlas.hop(atlas.place(address), node), known)
    };
    let known = |network: &str, by| Some((network.to_owned(), by));
    assert_eq!(way(0, "10.3.2.3"), (Some(local), known("10.0.0.0/8", RouteSource::Connected)));
    assert_eq!(way(0, "10.1.2.3"), (Some(Hop::Group(0)), known("10.1.0.0/16", RouteSource::Bgp)));
    assert_eq!(way(1, "10.1.2.3"), (Some(Hop::Group(0)), known("10.1.0.0/16", RouteSource::Bgp)));
    assert_eq!(way(0, "10.2.2.3"), (Some(Hop::Own), known("10.2.0.0/16", RouteSource::Connected)));
    assert_eq!(way(0, "11.2.2.3"), (Some(Hop::Group(0)), known("11.0.0.0/8", RouteSource::Bgp)));
    assert_eq!(way(1, "11.2.2.3"), (None, None));
}
