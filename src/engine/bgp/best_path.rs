//! Which of several paths to a network is the best, and which are as good.
//!
//! The steps are those of RFC 4271, section 9.1.2.2, with what FRR puts before and after
//! them (`bgp_path_info_cmp`). At each step the paths that are worse than another one
//! drop out:
//!
//! 1. the highest weight
//! 2. the highest local preference
//! 3. the shortest AS path
//! 4. the lowest origin: IGP, EGP, INCOMPLETE
//! 5. the lowest MED among paths through the same neighboring AS
//! 6. neighbors of other ASes before those of the own one
//! 7. (the cost of the way to the next hop: here that is always one tunnel)
//!
//! Of what is left the best one is the one of the connection that has been established
//! the longest (between ASes only), of the lowest BGP identifier, of the lowest address.
//!
//! With `ecmp` every path is used with it that none of the steps tells from the best one:
//! with `multipath_relax` all of these, and otherwise those from neighbors of the best
//! one's AS (within the own AS: those with the same AS path). As a MED is compared with
//! that of the best one only, and only through the same AS, a path may be used although
//! another one through its own AS has a lower MED. The RFC would have it drop out; FRR
//! uses it, and so does this.
//!
//! As paths drop out of the set as a whole, the order in which they were learned does
//! not matter, save for the step that asks for it.

use std::cmp::Reverse;
use std::net::{IpAddr, Ipv4Addr};

use super::BgpPath;
use crate::engine::Moment;
use crate::model::AsNumber;

/// How many paths are used together (NSX: a tier-0 gateway uses up to eight).
pub const MAXIMUM_PATHS: usize = 8;

/// A neighbor, as far as the choice between paths depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Since when its connection is established; none while it restarts, which counts as
    /// the longest.
    pub since: Option<Moment>,
    /// Its AS.
    pub as_number: AsNumber,
    /// Its BGP identifier.
    pub router_id: Ipv4Addr,
    /// Its address.
    pub address: IpAddr,
}

/// Whether equally good paths are used together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Multipath {
    /// They are.
    pub ecmp: bool,
    /// Even through different ASes.
    pub relax: bool,
}

/// The paths to use of all that lead to one network, the best first.
pub fn select<'a>(paths: &[(&'a BgpPath, &Standing)], multipath: Multipath) -> Vec<&'a BgpPath> {
    if let [(only, _)] = paths {
        return vec![only];
    }
    let mut left = paths.to_vec();
    keep_lowest(&mut left, |(path, _)| grade(path));
    let all = left.clone();
    left.retain(|(path, _)| all.iter().all(|(other, _)| !through_same_as(path, other) || path.med <= other.med));
    keep_lowest(&mut left, |(path, _)| path.is_internal);
    let order = |(path, from): &(&'a BgpPath, &Standing)| {
        let since = if path.is_internal { None } else { from.since };
        (since, from.router_id, from.address, &path.neighbor)
    };
    let Some((best, best_from)) = left.into_iter().min_by_key(order) else { return Vec::new() };

    let is_used = |(path, from): &(&BgpPath, &Standing)| {
        let is_equal = path.is_internal == best.is_internal && (!through_same_as(path, best) || path.med == best.med);
        let goes_with = || {
            if best.is_internal { path.as_path == best.as_path } else { from.as_number == best_from.as_number }
        };
        path.neighbor != best.neighbor && is_equal && (multipath.relax || goes_with())
    };
    let mut others: Vec<_> = if multipath.ecmp { all.into_iter().filter(is_used).collect() } else { Vec::new() };
    others.sort_by_key(order);
    let others = others.into_iter().map(|(path, _)| path);
    std::iter::once(best).chain(others).take(MAXIMUM_PATHS).collect()
}

/// What the steps before the MED compare: the lower, the better.
fn grade(path: &BgpPath) -> impl Ord + use<> {
    (Reverse(path.weight), Reverse(path.local_preference), path.as_path.len(), path.origin)
}

/// Whether the MEDs of two paths can be compared.
fn through_same_as(one: &BgpPath, other: &BgpPath) -> bool {
    one.as_path.first() == other.as_path.first()
}

fn keep_lowest<T, K: Ord>(left: &mut Vec<T>, key: impl Fn(&T) -> K) {
    if let Some(lowest) = left.iter().map(&key).min() {
        left.retain(|it| key(it) == lowest);
    }
}
