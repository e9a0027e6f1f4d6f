//! Which path is the best: each step of RFC 4271, section 9.1.2.2, and of FRR, decides
//! between two paths that are equal before it and contradict it after it.

use std::net::Ipv4Addr;

use proptest::prelude::*;

use super::*;
use crate::model::{AsNumber, RouteOrigin};

/// A path and where it is from.
#[derive(Clone, Debug)]
struct Candidate(BgpPath, Standing);

const ALL: Multipath = Multipath { ecmp: true, relax: true };

fn numbers(path: &[u32]) -> Vec<AsNumber> {
    path.iter().map(|number| number.to_string().parse().unwrap()).collect()
}

/// A path through `as_path` from the neighbor `id`, the `id`th oldest.
fn candidate(id: u8, as_path: &[u32]) -> Candidate {
    let address = Ipv4Addr::new(169, 254, 0, id).into();
    let path = BgpPath {
        neighbor: path(&neighbor(&format!("n{id}"))),
        session: path(&session(&format!("s{id}"))),
        next_hop: address,
        as_path: numbers(as_path).into(),
        origin: RouteOrigin::Igp,
        med: 0,
        local_preference: 100,
        weight: 0,
        is_internal: false,
        is_stale: false,
    };
    let as_number = numbers(as_path).first().copied().unwrap_or_else(|| "65000".parse().unwrap());
    let router_id = Ipv4Addr::new(10, 0, 0, id);
    Candidate(path, Standing { since: Some(Moment(i64::from(id))), as_number, router_id, address })
}

impl Candidate {
    fn with(mut self, change: impl FnOnce(&mut BgpPath)) -> Self {
        change(&mut self.0);
        self
    }

    fn from(mut self, change: impl FnOnce(&mut Standing)) -> Self {
        change(&mut self.1);
        self
    }
}

/// The neighbors of the chosen paths, the best first.
fn chosen(candidates: &[Candidate], multipath: Multipath) -> Vec<&str> {
    let paths: Vec<_> = candidates.iter().map(|Candidate(path, standing)| (path, standing)).collect();
    select(&paths, multipath).into_iter().map(|path| path.neighbor.id()).collect()
}

/// `n2` wins although it is worse in all that comes later.
#[test]
fn each_step_goes_before_the_next() {
    let worst = |path: &mut BgpPath| (path.origin, path.med) = (RouteOrigin::Incomplete, 9);
    let long = candidate(2, &[65001, 65002]).with(worst);
    for (what, winner) in [
        ("weight", long.clone().with(|it| (it.weight, it.local_preference) = (1, 1))),
        ("local preference", long.with(|it| it.local_preference = 101)),
    ] {
        assert_eq!(chosen(&[candidate(1, &[65001]), winner], ALL), ["n2"], "{what}");
    }
    let short = candidate(2, &[65001]).with(worst);
    assert_eq!(chosen(&[candidate(1, &[65001, 65002]), short], ALL), ["n2"], "AS path");
    let egp = candidate(1, &[65001]).with(|it| it.origin = RouteOrigin::Egp);
    let igp = candidate(2, &[65001]).with(|it| it.med = 9);
    assert_eq!(chosen(&[egp.clone(), igp], ALL), ["n2"], "origin");
    let incomplete = candidate(2, &[65001]).with(|it| it.origin = RouteOrigin::Incomplete);
    assert_eq!(chosen(&[incomplete, egp], ALL), ["n1"], "EGP goes before INCOMPLETE");
    let internal = |id, as_path: &[u32]| candidate(id, as_path).with(|it| it.is_internal = true);
    let lower = internal(2, &[65001]);
    assert_eq!(chosen(&[candidate(1, &[65001]).with(|it| it.med = 9), lower.clone()], ALL), ["n2"], "MED");
    assert_eq!(chosen(&[internal(1, &[65001]), candidate(2, &[65001])], ALL), ["n2"], "another AS");
}

#[test]
fn a_med_counts_among_paths_through_the_same_neighboring_as_only() {
    let one = candidate(1, &[65001]).with(|it| it.med = 50);
    let two = candidate(2, &[65001]).with(|it| it.med = 10);
    let other = candidate(3, &[65002]).with(|it| it.med = 90);
    assert_eq!(chosen(&[one.clone(), other.clone()], ALL), ["n1", "n3"]);
    assert_eq!(chosen(&[one, two, other], ALL), ["n2", "n3"]);
}

#[test]
fn of_equal_paths_the_oldest_then_the_lowest_identifier_then_the_lowest_address_is_first() {
    let one = ALL;
    let old = candidate(2, &[65001]).from(|it| it.since = Some(Moment(0)));
    assert_eq!(chosen(&[candidate(1, &[65001]), old], one), ["n2", "n1"], "age");
    let same = |id| candidate(id, &[65001]).from(|it| it.since = Some(Moment(0)));
    assert_eq!(chosen(&[same(2), same(1)], one), ["n1", "n2"], "identifier");
    let twin = |id| same(id).from(|it| it.router_id = Ipv4Addr::new(10, 0, 0, 1));
    assert_eq!(chosen(&[twin(2), twin(1)], one), ["n1", "n2"], "address");
    // Age does not count within the own AS.
    let internal = |id: u8| candidate(id, &[65001]).with(|it| it.is_internal = true);
    let young = internal(1).from(|it| it.since = Some(Moment(99)));
    assert_eq!(chosen(&[internal(2), young], one), ["n1", "n2"]);
}

#[test]
fn which_equal_paths_are_used_together() {
    let paths = [candidate(1, &[65001]), candidate(2, &[65002]), candidate(3, &[65001])];
    let multipath = |ecmp, relax| Multipath { ecmp, relax };
    assert_eq!(chosen(&paths, multipath(true, true)), ["n1", "n2", "n3"]);
    assert_eq!(chosen(&paths, multipath(true, false)), ["n1", "n3"], "neighbors of one AS");
    assert_eq!(chosen(&paths, multipath(false, true)), ["n1"]);
    let internal = |id, as_path: &[u32]| {
        candidate(id, as_path).with(|it| it.is_internal = true).from(|it| it.as_number = "65000".parse().unwrap())
    };
    let paths = [internal(1, &[65001]), internal(2, &[65002]), internal(3, &[65001])];
    assert_eq!(chosen(&paths, multipath(true, false)), ["n1", "n3"], "the same AS path");
    let many: Vec<_> = (1..=20).map(|id| candidate(id, &[65001])).collect();
    assert_eq!(chosen(&many, ALL).len(), MAXIMUM_PATHS);
}

fn candidates() -> impl Strategy<Value = Vec<Candidate>> {
    let origin = prop::sample::select(vec![RouteOrigin::Igp, RouteOrigin::Egp, RouteOrigin::Incomplete]);
    let as_path = prop::collection::vec(65_001..65_004_u32, 1..3);
    let one = (as_path, origin, 0..3_u32, 99..102_u32, any::<bool>(), 0..3_i64);
    prop::collection::vec(one, 1..9).prop_map(|all| {
        let make = |(id, (as_path, origin, med, preference, internal, since)): (usize, _)| {
            let as_path: Vec<u32> = as_path;
            candidate(u8::try_from(id).unwrap(), &as_path)
                .with(|it| {
                    (it.origin, it.med, it.local_preference, it.is_internal) = (origin, med, preference, internal);
                })
                .from(|it| it.since = Some(Moment(since)))
        };
        all.into_iter().enumerate().map(make).collect()
    })
}

proptest! {
    #[test]
    fn the_order_in_which_paths_are_learned_does_not_matter(all in candidates(), turn in 0..9_usize) {
        let mut turned = all.clone();
        turned.rotate_left(turn % all.len());
        turned.reverse();
        for (ecmp, relax) in [(true, true), (true, false), (false, false)] {
            let multipath = Multipath { ecmp, relax };
            prop_assert_eq!(chosen(&all, multipath), chosen(&turned, multipath));
        }
    }

    /// What was not chosen may go, and nothing changes, as long as all are of the own AS or
    /// none is. A path of the own AS can take out one of another AS by its MED, and be
    /// taken out by a third: the order of MEDs is not transitive (RFC 4451 section 2.1.4).
    #[test]
    fn only_what_is_chosen_counts(all in candidates(), internal in any::<bool>()) {
        let all: Vec<_> = all.into_iter().map(|it| it.with(|path| path.is_internal = internal)).collect();
        let before = chosen(&all, ALL);
        let rest: Vec<_> = all.iter().filter(|it| before.contains(&it.0.neighbor.id())).cloned().collect();
        prop_assert_eq!(&before, &chosen(&rest, ALL));
        prop_assert!(!before.is_empty());
    }
}
