//! What holds for every list and every route.

use std::net::IpAddr;
use std::ops::RangeInclusive;

use proptest::prelude::*;

use super::*;

/// Networks that often contain each other: few bits of the address are set.
fn network() -> impl Strategy<Value = Network> {
    let v4 = (0_u32..4, 0_u32..4, 0_u8..=32)
        .prop_map(|(high, low, length)| around((0x0a00_0000 | high << 22 | low << 7).to_be_bytes(), length));
    let v6 = (0_u128..4, 0_u128..4, 0_u8..=128)
        .prop_map(|(high, low, length)| around((0x2001_0db8 << 96 | high << 78 | low << 62).to_be_bytes(), length));
    prop_oneof![v4, v6]
}

fn around<A: Into<IpAddr>>(address: A, length: u8) -> Network {
    Network::around(address.into(), length).unwrap()
}

/// A bound on the length of masks below `network`: one the model takes, or none.
fn bounds(network: Network) -> impl Strategy<Value = (Option<u8>, Option<u8>)> {
    let lengths: RangeInclusive<u8> = network.length()..=network.longest();
    (proptest::option::of(lengths.clone()), proptest::option::of(lengths))
}

fn subject() -> impl Strategy<Value = Subject> {
    let within = network().prop_flat_map(|network| {
        let sane = bounds(network);
        let any = (any::<Option<u8>>(), any::<Option<u8>>());
        prop_oneof![5 => sane.boxed(), 1 => any.boxed()].prop_map(move |(ge, le)| Subject::Within { network, ge, le })
    });
    prop_oneof![15 => within, 1 => Just(Subject::Any)]
}

fn entry() -> impl Strategy<Value = Entry> {
    (subject(), any::<bool>()).prop_map(|(subject, permit)| Entry {
        subject,
        action: if permit { PrefixAction::Permit } else { PrefixAction::Deny },
    })
}

fn mode() -> impl Strategy<Value = PrefixMatch> {
    prop_oneof![Just(PrefixMatch::MaskLength), Just(PrefixMatch::SubnetSize)]
}

/// A network, and a route that lies in it: with the same bits up to its length.
fn network_and_route_within() -> impl Strategy<Value = (Network, Network)> {
    network().prop_flat_map(|network| {
        let longer = network.length()..=network.longest();
        (Just(network), longer).prop_map(|(network, length)| (network, around(network.last(), length)))
    })
}

fn permit(subject: Subject) -> PrefixFilter {
    PrefixFilter::new(&[Entry { subject, action: PrefixAction::Permit }], PrefixMatch::MaskLength)
}

fn within(network: Network, ge: Option<u8>, le: Option<u8>) -> PrefixFilter {
    permit(Subject::Within { network, ge, le })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// (a)
    #[test]
    fn the_filter_and_the_plain_evaluator_agree(
        entries in prop::collection::vec(entry(), 0..24),
        more in prop::collection::vec(0_u8..40, 24),
        routes in prop::collection::vec(network(), 16),
        mode in mode(),
    ) {
        let filter = PrefixFilter::new(&entries, mode);
        let within = entries.iter().zip(&more).flat_map(|(entry, more)| match entry.subject {
            Subject::Within { network, .. } => {
                let longer = network.longest().min(network.length().saturating_add(*more));
                vec![network, around(network.last(), longer)]
            }
            Subject::Any => Vec::new(),
        });
        for route in routes.into_iter().chain(within) {
            prop_assert_eq!(filter.judge(route), plainly(&entries, mode, route), "{}", route);
        }
    }

    /// (b)
    #[test]
    fn without_bounds_only_the_very_network_matches((network, route) in network_and_route_within()) {
        prop_assert_eq!(within(network, None, None).judge(route).permits(), route.length() == network.length());
    }

    /// (c)
    #[test]
    fn more_le_matches_more_and_more_ge_matches_less(
        (network, route) in network_and_route_within(),
        (one, other) in (0_u8..=128, 0_u8..=128),
    ) {
        let (small, large) = (one.min(other), one.max(other));
        let le = |le| within(network, None, Some(le)).judge(route).permits();
        let ge = |ge| within(network, Some(ge), None).judge(route).permits();
        prop_assert!(!le(small) || le(large));
        prop_assert!(!ge(large) || ge(small));
    }

    /// (d)
    #[test]
    fn an_appended_entry_changes_no_earlier_match(
        mut entries in prop::collection::vec(entry(), 0..12),
        last in entry(),
        route in network(),
        mode in mode(),
    ) {
        let before = PrefixFilter::new(&entries, mode).judge(route);
        entries.push(last);
        let after = PrefixFilter::new(&entries, mode).judge(route);
        prop_assert!(after == before || (before == Verdict::End && after.position() == Some(entries.len() - 1)));
    }

    /// (e)
    #[test]
    fn a_last_entry_that_denies_everything_changes_no_action(
        mut entries in prop::collection::vec(entry(), 0..12),
        route in network(),
        mode in mode(),
    ) {
        let before = PrefixFilter::new(&entries, mode).judge(route).action();
        entries.push(Entry { subject: Subject::Any, action: PrefixAction::Deny });
        let after = PrefixFilter::new(&entries, mode).judge(route);
        prop_assert_eq!(after.action(), before);
        prop_assert!(after != Verdict::End);
    }

    /// (f)
    #[test]
    fn an_entry_never_matches_the_other_family(subject in subject(), route in network(), mode in mode()) {
        if let Subject::Within { network, .. } = subject && network.is_v6() != route.is_v6() {
            let filter = PrefixFilter::new(&[Entry { subject, action: PrefixAction::Permit }], mode);
            prop_assert_eq!(filter.judge(route), Verdict::End);
        }
    }

    #[test]
    fn without_a_filter_every_route_passes(route in network()) {
        prop_assert!(Verdict::of(None, route).permits());
    }
}
