//! An entry of a prefix list.

use super::PrefixMatch;
use crate::model::{Network, PrefixAction};

/// An entry of a prefix list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Which networks it matches.
    pub subject: Subject,
    /// What becomes of them.
    pub action: PrefixAction,
}

/// Which networks an entry matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// All networks of both families.
    Any,
    /// Networks that lie within one.
    Within {
        /// The network.
        network: Network,
        /// The bound `ge` on the length of their masks.
        ge: Option<u8>,
        /// The bound `le` on the length of their masks.
        le: Option<u8>,
    },
}

/// The lengths of masks an entry matches: those of a range, and perhaps that of
/// the entry's own network. A range that ends before it begins holds none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lengths {
    own: Option<u8>,
    from: u8,
    to: u8,
}

impl Lengths {
    /// The lengths that `ge` and `le` allow below `network`.
    pub(super) fn new(network: Network, ge: Option<u8>, le: Option<u8>, mode: PrefixMatch) -> Self {
        let (own, longest) = (network.length(), network.longest());
        match (mode, ge, le) {
            (_, None, None) => Self { own: Some(own), from: own, to: own },
            (PrefixMatch::MaskLength, ge, le) => {
                Self { own: None, from: ge.unwrap_or(own).max(own), to: le.unwrap_or(longest).min(longest) }
            }
            (PrefixMatch::SubnetSize, ge, le) => {
                let to = ge.unwrap_or(longest).min(longest);
                Self { own: (own <= to).then_some(own), from: le.unwrap_or(own).max(own), to }
            }
        }
    }

    /// Whether it has `length`.
    pub(super) fn has(self, length: u8) -> bool {
        self.own == Some(length) || (self.from..=self.to).contains(&length)
    }

    /// All of them; some may come twice.
    pub(super) fn all(self) -> impl Iterator<Item = u8> {
        self.own.into_iter().chain(self.from..=self.to)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn lengths(network: &str, ge: Option<u8>, le: Option<u8>, mode: PrefixMatch) -> Vec<u8> {
        let lengths = Lengths::new(network.parse().unwrap(), ge, le, mode);
        let all: Vec<_> = (0..=u8::MAX).filter(|length| lengths.has(*length)).collect();
        assert_eq!(lengths.all().collect::<BTreeSet<_>>(), all.iter().copied().collect());
        all
    }

    fn range(from: u8, to: u8) -> Vec<u8> {
        (from..=to).collect()
    }

    #[test]
    fn mask_lengths_are_bounded_as_routers_do() {
        let of = |ge, le| lengths("10.0.0.0/8", ge, le, PrefixMatch::MaskLength);
        assert_eq!(of(None, None), [8]);
        assert_eq!(of(None, Some(26)), range(8, 26));
        assert_eq!(of(Some(24), None), range(24, 32));
        assert_eq!(of(Some(24), Some(26)), range(24, 26));
        assert_eq!(of(Some(8), Some(8)), [8]);
        assert_eq!(of(Some(32), None), [32]);
        let of = |ge, le| lengths("2001:db8::/32", ge, le, PrefixMatch::MaskLength);
        assert_eq!(of(Some(48), None), range(48, 128));
        assert_eq!(of(None, Some(128)), range(32, 128));
    }

    /// The examples of seed 002, and what follows from its words.
    #[test]
    fn subnet_sizes_are_bounded_as_the_seed_says() {
        let of = |ge, le| lengths("10.0.0.0/8", ge, le, PrefixMatch::SubnetSize);
        assert_eq!(of(None, None), [8], "only the exact network");
        let also: Vec<_> = [8].into_iter().chain(26..=32).collect();
        assert_eq!(of(None, Some(26)), also, "/32 - /26 also match");
        assert_eq!(of(Some(24), None), range(8, 24), "/24 - /8");
        let between: Vec<_> = [8].into_iter().chain(24..=26).collect();
        assert_eq!(of(Some(26), Some(24)), between, "no larger than le, no smaller than ge");
        assert_eq!(of(Some(24), Some(26)), [8], "no subnet is at most a /26 and at least a /24");
    }

    /// The model refuses such bounds; still, what lies within a network has no
    /// shorter mask.
    #[test]
    fn lengths_begin_at_the_networks_own() {
        assert_eq!(lengths("10.0.0.0/8", Some(4), Some(9), PrefixMatch::MaskLength), [8, 9]);
        assert_eq!(lengths("10.0.0.0/8", Some(9), Some(4), PrefixMatch::SubnetSize), [8, 9]);
    }

    #[test]
    fn bounds_that_allow_nothing_match_nothing() {
        assert_eq!(lengths("10.0.0.0/8", Some(26), Some(24), PrefixMatch::MaskLength), Vec::<u8>::new());
        assert_eq!(lengths("10.0.0.0/8", None, Some(7), PrefixMatch::MaskLength), Vec::<u8>::new());
        assert_eq!(lengths("10.0.0.0/8", Some(33), None, PrefixMatch::MaskLength), Vec::<u8>::new());
        assert_eq!(lengths("10.0.0.0/8", Some(7), None, PrefixMatch::SubnetSize), Vec::<u8>::new());
    }
}
