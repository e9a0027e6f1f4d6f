//! A function over all addresses, made ready for many look-ups.
//!
//! Networks that lie within each other become ranges that do not overlap, sorted by
//! their first address. A look-up is a search among them, and a table of pointers
//! into them by the upper bits of the address leaves only a few to search: DXR, Zec,
//! Rizzo and Mikuc, "Towards a Billion Routing Lookups per Second in Software", 2012.
//! Here the table covers only the part of the address space in which there are
//! ranges, and has as many pointers as there are ranges, so that a few networks take
//! a few bytes.

use super::key::Key;
use super::small;

/// The table has at most two to the power of so many pointers.
const MOST_BITS: u32 = 20;

/// Where the value changes: a first address, and the value from there on.
pub(in crate::engine::forwarding) type Step<K> = (K, u32);

/// A value for every address.
#[derive(Clone, Debug)]
pub(in crate::engine::forwarding) struct Ranges<K> {
    /// Sorted; the first begins at the lowest address.
    steps: Vec<Step<K>>,
    /// The first address of the second range.
    base: K,
    shift: u32,
    /// For each chunk above `base`, and for the one after the last, the last range that
    /// begins before it.
    chunks: Vec<u32>,
}

impl<K: Key> Ranges<K> {
    /// The function with these steps, which are sorted and begin at the lowest address.
    pub fn new(mut steps: Vec<Step<K>>) -> Self {
        steps.shrink_to_fit();
        let (Some(&(base, _)), Some(&(last, _))) = (steps.get(1), steps.last()) else {
            let first = steps.first().copied().unwrap_or_default();
            return Self { steps: vec![first], base: K::default(), shift: 0, chunks: vec![0, 0] };
        };
        let wanted = (usize::BITS - steps.len().leading_zeros()).min(MOST_BITS);
        let shift = last.distance_bits(base).saturating_sub(wanted);
        let count = last.steps(base, shift) + 1;
        let mut chunks = Vec::with_capacity(count + 1);
        let mut range = 0;
        for chunk in 0..=count {
            while steps.get(range + 1).is_some_and(|(start, _)| start.steps(base, shift) < chunk) {
                range += 1;
            }
            chunks.push(small(range));
        }
        Self { steps, base, shift, chunks }
    }

    /// The value at `address`.
    #[inline]
    pub fn at(&self, address: K) -> u32 {
        if address < self.base {
            return self.steps[0].1;
        }
        let chunk = address.steps(self.base, self.shift).min(self.chunks.len() - 2);
        let (mut low, high) = (self.chunks[chunk] as usize, self.chunks[chunk + 1] as usize);
        // The range is among low..=high; those that begin above the address fall away.
        let mut count = high - low + 1;
        while count > 1 {
            let half = count / 2;
            if self.steps[low + half].0 <= address {
                low += half;
            }
            count -= half;
        }
        self.steps[low].1
    }
}
