//! The filter against what seed 002 and the facts say.

mod oracle;
mod properties;

use serde_json::{Value as Json, json};

use super::{Entry, PrefixFilter, PrefixMatch, Subject, Verdict};
use crate::model::{Network, PrefixAction, Tree};

/// The plain evaluator: one entry after the other.
fn plainly(entries: &[Entry], mode: PrefixMatch, route: Network) -> Verdict {
    let decides = |entry: &Entry| match entry.subject {
        Subject::Any => true,
        Subject::Within { network, ge, le } => {
            network.is_v6() == route.is_v6() && network.covers(route) && length_matches(network, ge, le, mode, route)
        }
    };
    match entries.iter().position(decides) {
        Some(position) => Verdict::Entry { position, action: entries[position].action },
        None => Verdict::End,
    }
}

/// The table of the module's essay, row by row.
fn length_matches(network: Network, ge: Option<u8>, le: Option<u8>, mode: PrefixMatch, route: Network) -> bool {
    let (length, own) = (route.length(), network.length());
    match (mode, ge, le) {
        (_, None, None) => length == own,
        (PrefixMatch::MaskLength, None, Some(le)) => length <= le,
        (PrefixMatch::MaskLength, Some(ge), None) => ge <= length,
        (PrefixMatch::MaskLength, Some(ge), Some(le)) => ge <= length && length <= le,
        (PrefixMatch::SubnetSize, None, Some(le)) => length == own || le <= length,
        (PrefixMatch::SubnetSize, Some(ge), None) => length <= ge,
        (PrefixMatch::SubnetSize, Some(ge), Some(le)) => (length == own || le <= length) && length <= ge,
    }
}

fn route(text: &str) -> Network {
    text.parse().unwrap()
}

fn filter(prefixes: &Json, mode: PrefixMatch) -> PrefixFilter {
    PrefixFilter::of_list(&Tree::from(&json!({ "prefixes": prefixes })), mode).unwrap()
}

fn permits(position: usize) -> Verdict {
    Verdict::Entry { position, action: PrefixAction::Permit }
}

fn denies(position: usize) -> Verdict {
    Verdict::Entry { position, action: PrefixAction::Deny }
}

#[test]
fn the_example_of_the_seed_in_both_readings() {
    let prefixes = json!([{"network": "10.0.0.0/8", "action": "PERMIT", "le": 26}]);
    let (masks, sizes) = (filter(&prefixes, PrefixMatch::MaskLength), filter(&prefixes, PrefixMatch::SubnetSize));
    for (text, by_mask, by_size) in [
        ("10.0.0.0/8", permits(0), permits(0)),
        ("10.1.0.0/16", permits(0), Verdict::End),
        ("10.1.2.0/25", permits(0), Verdict::End),
        ("10.1.2.0/26", permits(0), permits(0)),
        ("10.1.2.0/27", Verdict::End, permits(0)),
        ("10.1.2.3/32", Verdict::End, permits(0)),
        ("11.0.0.0/26", Verdict::End, Verdict::End),
        ("0.0.0.0/0", Verdict::End, Verdict::End),
    ] {
        assert_eq!(masks.judge(route(text)), by_mask, "{text} by mask_length");
        assert_eq!(sizes.judge(route(text)), by_size, "{text} by subnet_size");
    }
}

#[test]
fn the_first_entry_that_matches_decides() {
    let list = filter(
        &json!([
            {"network": "10.1.0.0/16", "action": "DENY", "le": 32},
            {"network": "10.0.0.0/8", "action": "PERMIT", "le": 24},
            {"network": "10.1.1.0/24", "action": "PERMIT"},
            {"network": "2001:db8::/32", "action": "PERMIT", "ge": 48, "le": 64},
            {"network": "ANY", "action": "DENY"},
            {"network": "192.0.2.0/24", "action": "PERMIT"},
        ]),
        PrefixMatch::MaskLength,
    );
    for (text, verdict) in [
        ("10.1.1.0/24", denies(0)),
        ("10.2.0.0/16", permits(1)),
        ("10.2.0.0/25", denies(4)),
        ("2001:db8:1::/48", permits(3)),
        ("2001:db8::/32", denies(4)),
        ("192.0.2.0/24", denies(4)),
        ("::/0", denies(4)),
    ] {
        assert_eq!(list.judge(route(text)), verdict, "{text}");
    }
}

#[test]
fn any_is_everything_and_zero_lengths_are_one_family() {
    let any = filter(&json!([{"network": "any"}]), PrefixMatch::SubnetSize);
    let v4 = filter(&json!([{"network": "0.0.0.0/0", "le": 32}]), PrefixMatch::MaskLength);
    let only = filter(&json!([{"network": "0.0.0.0/0"}]), PrefixMatch::MaskLength);
    for (text, in_v4, in_only) in [
        ("0.0.0.0/0", permits(0), permits(0)),
        ("192.0.2.1/32", permits(0), Verdict::End),
        ("::/0", Verdict::End, Verdict::End),
        ("::ffff:192.0.2.1/128", Verdict::End, Verdict::End),
    ] {
        assert_eq!(any.judge(route(text)), permits(0), "{text}");
        assert_eq!(v4.judge(route(text)), in_v4, "{text}");
        assert_eq!(only.judge(route(text)), in_only, "{text}");
    }
}

#[test]
fn no_filter_permits_and_the_end_denies() {
    let list = filter(&json!([{"network": "10.0.0.0/8"}]), PrefixMatch::MaskLength);
    let other = route("10.0.0.0/9");
    assert_eq!(Verdict::of(None, other), Verdict::Unfiltered);
    assert!(Verdict::of(None, other).permits());
    assert_eq!(Verdict::of(Some(&list), other), Verdict::End);
    assert!(!Verdict::End.permits());
    assert_eq!((Verdict::End.position(), Verdict::Unfiltered.position(), denies(3).position()), (None, None, Some(3)));
    assert_eq!(PrefixFilter::default().judge(other), Verdict::End);
}

/// Networks within 10.0.0.0/8, some of them many times.
#[test]
fn a_list_of_ten_thousand_entries_is_judged_like_a_short_one() {
    let entries: Vec<_> = (0_u32..10_000)
        .map(|number| {
            let length = u8::try_from(8 + number * 7 % 25).unwrap();
            let network =
                Network::around((0x0a00_0000 | (number * 7_919 % 65_536) << 8).to_be_bytes().into(), length).unwrap();
            let le = length + u8::try_from(number % 5).unwrap();
            let action = if number % 3 == 0 { PrefixAction::Deny } else { PrefixAction::Permit };
            Entry { subject: Subject::Within { network, ge: None, le: Some(le) }, action }
        })
        .collect();
    for mode in [PrefixMatch::MaskLength, PrefixMatch::SubnetSize] {
        let filter = PrefixFilter::new(&entries, mode);
        let mut matched = 0;
        for number in 0_u32..100 {
            let (bits, length) = (0x0a00_0000 | (number * 104_729), u8::try_from(number % 33).unwrap());
            let route = Network::around(bits.to_be_bytes().into(), length).unwrap();
            assert_eq!(filter.judge(route), plainly(&entries, mode, route), "{route}");
            matched += usize::from(filter.judge(route) != Verdict::End);
        }
        assert!((25..100).contains(&matched), "{matched} matched");
    }
}

#[test]
fn what_is_no_list_is_named() {
    for (list, at) in [
        (json!({}), "prefixes"),
        (json!({"prefixes": [{"network": "10.0.0.0/8"}, {"network": "10.0.0.0"}]}), "prefixes[1].network"),
        (json!({"prefixes": [{}]}), "prefixes[0].network"),
        (json!({"prefixes": [{"network": "ANY", "action": "MAYBE"}]}), "prefixes[0].action"),
        (json!({"prefixes": [{"network": "10.0.0.0/8", "ge": 300}]}), "prefixes[0].ge"),
        (json!({"prefixes": [{"network": "10.0.0.0/8", "le": "8"}]}), "prefixes[0].le"),
    ] {
        let error = PrefixFilter::of_list(&Tree::from(&list), PrefixMatch::MaskLength).unwrap_err();
        assert_eq!(error.at.to_string(), at);
    }
}
