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
//! What is left is equally good, and with `ecmp` used together: all of it with
//! `multipath_relax`, and otherwise, as FRR does, what comes from neighbors of the best
//! one's AS (within the own AS: what has the same AS path). The best one is the one of
//! the connection that has been established the longest (between ASes only), of the
//! lowest BGP identifier, of the lowest address.
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
    keep_lowest(&mut left, |(path, _)| Reverse(path.weight));
    keep_lowest(&mut left, |(path, _)| Reverse(path.local_preference));
    keep_lowest(&mut left, |(path, _)| path.as_path.len());
    keep_lowest(&mut left, |(path, _)| path.origin);
    let all = left.clone();
    left.retain(|(path, _)| {
        let through_same = |(other, _): &&(&BgpPath, _)| other.as_path.first() == path.as_path.first();
        all.iter().filter(through_same).all(|(other, _)| path.med <= other.med)
    });
    keep_lowest(&mut left, |(path, _)| path.is_internal);

    left.sort_by_key(|(path, from)| {
        let since = if path.is_internal { None } else { from.since };
        (since, from.router_id, from.address, &path.neighbor)
    });
    let Some((best, best_from)) = left.first().copied() else { return Vec::new() };
    let is_equal = |(path, from): &(&BgpPath, &Standing)| {
        multipath.relax
            || if best.is_internal { path.as_path == best.as_path } else { from.as_number == best_from.as_number }
    };
    let count = if multipath.ecmp { MAXIMUM_PATHS } else { 1 };
    left.into_iter().filter(is_equal).take(count).map(|(path, _)| path).collect()
}

fn keep_lowest<T, K: Ord>(left: &mut Vec<T>, key: impl Fn(&T) -> K) {
    if let Some(lowest) = left.iter().map(&key).min() {
        left.retain(|it| key(it) == lowest);
    }
}
