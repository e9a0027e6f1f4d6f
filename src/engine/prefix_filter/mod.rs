//! Prefix lists, evaluated: which routes a BGP neighbor may teach or learn.
//!
//! | module | what it holds |
//! |---|---|
//! | `entry` | an entry of a list, and which lengths of a mask it matches |
//! | `read` | entries out of a stored prefix list |
//! | `compiled` | a list, made ready for many routes |
//!
//! The first entry that matches a route decides, and the end of the list denies.
//! A route passes where there is no list at all. An entry matches networks of its
//! own address family only, those that lie within its network and whose mask has a
//! length that `ge` and `le` allow. `ANY` matches every network of both families.
//!
//! What `ge` and `le` allow depends on how they are read, which is the
//! [`PrefixMatch`]. For `N`, an entry's network, of length `n`, and the longest
//! mask of its family `m` (32 or 128):
//!
//! | entry | `mask_length` | `subnet_size` |
//! |---|---|---|
//! | `N` | `n` | `n` |
//! | `N le L` | `n` to `L` | `n`, and `L` to `m` |
//! | `N ge G` | `G` to `m` | `n` to `G` |
//! | `N ge G le L` | `G` to `L` | `n`, and `L` to `G` |
//! | `ANY` | all | all |
//!
//! `mask_length` is what routers do: FRR (`lib/plist.c`), on which NSX is built,
//! Cisco IOS, and BIRD's prefix sets, with which the tests compare.
//!
//! `subnet_size` is what seed 002 says in words, where the bounds are sizes. With
//! le, "any subnets within the network, that are smaller than or equal to the value
//! of the le key will also match", for 26 "a /26 or smaller (e.g. /32 - /26)". And
//! ge "only matches subnets larger than the specified prefix", for 24 "/24 or larger
//! (/24 - /8)", where /8 is the network itself. So `le` adds the small subnets to
//! the network, and `ge` takes away what is too small. The seed has no example with
//! both; then both hold.
//!
//! A list without entries denies everything here. The model has none: a prefix
//! list needs an entry.

mod compiled;
mod entry;
mod read;
#[cfg(test)]
mod tests;

pub use compiled::PrefixFilter;
pub use entry::{Entry, Subject};
pub use read::Unreadable;

use crate::model::enumeration::words;
use crate::model::{Network, PrefixAction};

words! {
    /// How `ge` and `le` of a prefix list are read.
    pub enum PrefixMatch {
        /// As routers do: they bound the length of the mask. With le 26, networks match up to /26.
        MaskLength = "mask_length",
        /// As sizes: with le 26, subnets match that are a /26 or smaller.
        SubnetSize = "subnet_size",
    }
}

/// What routers and live NSX do.
impl Default for PrefixMatch {
    fn default() -> Self {
        Self::MaskLength
    }
}

/// What becomes of a route, and what decided it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// There is no list, so every route passes.
    Unfiltered,
    /// An entry matched.
    Entry {
        /// The entry's position in the list, from 0.
        position: usize,
        /// What it says.
        action: PrefixAction,
    },
    /// No entry matched: the end of the list denies.
    End,
}

impl Verdict {
    /// What `filter`, if there is one, makes of `route`.
    pub fn of(filter: Option<&PrefixFilter>, route: Network) -> Self {
        filter.map_or(Self::Unfiltered, |filter| filter.judge(route))
    }

    /// What becomes of the route.
    pub const fn action(self) -> PrefixAction {
        match self {
            Self::Unfiltered => PrefixAction::Permit,
            Self::Entry { action, .. } => action,
            Self::End => PrefixAction::Deny,
        }
    }

    /// Whether the route passes.
    pub const fn permits(self) -> bool {
        matches!(self.action(), PrefixAction::Permit)
    }

    /// The position of the entry that decided, if one did.
    pub const fn position(self) -> Option<usize> {
        match self {
            Self::Entry { position, .. } => Some(position),
            Self::Unfiltered | Self::End => None,
        }
    }
}
