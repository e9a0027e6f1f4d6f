//! Sets of rules as bits, and what two of them have in common.

use super::small;

/// All sets, one after the other, each without the words before its first and after
/// its last bit.
#[derive(Default)]
pub(in crate::engine::forwarding) struct Sets {
    words: Vec<u64>,
}

/// Where a set is.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::engine::forwarding) struct Set {
    /// The number of its first word in the whole set.
    first: u32,
    /// The number of the word after its last.
    end: u32,
    /// Where its first word is kept.
    at: u32,
}

impl Set {
    /// The numbers of the words that both sets have, and of the word after them.
    #[inline]
    fn overlap(self, that: Self) -> (u32, u32) {
        (self.first.max(that.first), self.end.min(that.end))
    }

    /// Whether the sets may have something in common.
    #[inline]
    pub fn may_meet(self, that: Self) -> bool {
        let (first, end) = self.overlap(that);
        first < end
    }
}

impl Sets {
    /// Keeps a set of which all words are given.
    pub fn keep(&mut self, set: &[u64]) -> Set {
        let first = set.iter().position(|word| *word != 0).unwrap_or(0);
        let end = set.iter().rposition(|word| *word != 0).map_or(first, |last| last + 1);
        let at = small(self.words.len());
        self.words.extend(&set[first..end]);
        Set { first: small(first), end: small(end), at }
    }

    /// What is in both sets, in order.
    #[inline]
    pub fn common(&self, this: Set, that: Set) -> Common<'_> {
        let (first, end) = this.overlap(that);
        Common { sets: self, this, that, word: 0, next: first, end }
    }
}

/// The numbers that are in two sets.
pub(in crate::engine::forwarding) struct Common<'a> {
    sets: &'a Sets,
    this: Set,
    that: Set,
    /// What is left of the present word.
    word: u64,
    /// The number of the word after the present one.
    next: u32,
    end: u32,
}

impl Iterator for Common<'_> {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        while self.word == 0 {
            if self.next >= self.end {
                return None;
            }
            let word = |set: Set| self.sets.words[(set.at + self.next - set.first) as usize];
            self.word = word(self.this) & word(self.that);
            self.next += 1;
        }
        let bit = self.word.trailing_zeros();
        self.word &= self.word - 1;
        Some((self.next - 1) * 64 + bit)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn words(set: &BTreeSet<u32>) -> Vec<u64> {
        let mut words = vec![0; 5];
        for bit in set {
            words[*bit as usize / 64] |= 1 << (bit % 64);
        }
        words
    }

    proptest! {
        #[test]
        fn what_two_sets_have_in_common_is_their_intersection(
            this in proptest::collection::btree_set(0_u32..320, 0..40),
            that in proptest::collection::btree_set(0_u32..320, 0..40),
        ) {
            let mut sets = Sets::default();
            let (one, other) = (sets.keep(&words(&this)), sets.keep(&words(&that)));
            let common: Vec<u32> = sets.common(one, other).collect();
            let expected: Vec<u32> = this.intersection(&that).copied().collect();
            prop_assert_eq!(common, expected);
        }
    }
}
