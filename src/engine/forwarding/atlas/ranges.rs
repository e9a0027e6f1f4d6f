//! A function over all addresses, made ready for many look-ups.
//!
//! Networks that lie within each other become ranges that do not overlap, sorted by
//! their first address. A table over the part of the address space in which ranges
//! begin, with about as many entries as there are ranges, leads from the upper bits of an
//! address to its value, to the few ranges that begin in that part, or, where many do,
//! to a table of that part alone. So a few networks take a few bytes, a million of them
//! a few megabytes, and wherever they crowd a look-up takes two or three steps. It is
//! the idea of DXR (Zec, Rizzo and Mikuc, "Towards a Billion Routing Lookups per Second
//! in Software", 2012) with the levels of a level-compressed trie (Nilsson and Karlsson,
//! "IP-Address Lookup Using LC-Tries", 1999).

use std::ops::Range;

use super::key::Key;
use super::small;

/// A table has at most two to the power of so many entries.
const MOST_BITS: u32 = 21;
/// So many ranges are searched one by one: they share a cache line.
const SEARCHED: usize = 4;

/// Where the value changes: a first address, and the value from there on.
pub(in crate::engine::forwarding) type Step<K> = (K, u32);

/// A value for every address.
#[derive(Clone, Debug)]
pub(in crate::engine::forwarding) struct Ranges<K> {
    /// Sorted; the first begins at the lowest address.
    steps: Vec<Step<K>>,
    tables: Vec<Table<K>>,
    entries: Vec<Entry>,
}

/// A table over a part of the address space: an entry for what lies below it, and one
/// for each chunk of it.
#[derive(Clone, Copy, Debug)]
struct Table<K> {
    /// The first address of the first chunk.
    base: K,
    /// A chunk has two to the power of so many addresses.
    shift: u32,
    /// The number of the last chunk, to which also belongs what lies above it.
    last: u32,
    /// Where the entries are.
    at: u32,
}

#[derive(Clone, Copy, Debug)]
enum Entry {
    /// The value of all addresses.
    Value(u32),
    /// The position of the range that the first address belongs to. At most three more
    /// begin here.
    Search(u32),
    /// Another table.
    Table(u32),
}

impl<K: Key> Ranges<K> {
    /// The function with these steps, which are sorted and begin at the lowest address.
    pub fn new(mut steps: Vec<Step<K>>) -> Self {
        steps.shrink_to_fit();
        let all = 1..steps.len();
        let mut this = Self { steps, tables: Vec::new(), entries: Vec::new() };
        this.table(all);
        this.entries.shrink_to_fit();
        this
    }

    /// The value at `address`.
    #[inline]
    pub fn at(&self, address: K) -> u32 {
        let mut table = &self.tables[0];
        loop {
            let chunk = address.steps(table.base, table.shift).min(table.last as usize);
            let entry = table.at as usize + chunk + usize::from(table.base <= address);
            match self.entries[entry] {
                Entry::Value(value) => return value,
                Entry::Search(begin) => return self.search(begin as usize, address),
                Entry::Table(other) => table = &self.tables[other as usize],
            }
        }
    }

    /// The value of the last range from `begin` on that begins at `address` or before,
    /// without a jump that depends on the address.
    #[inline]
    fn search(&self, begin: usize, address: K) -> u32 {
        let end = self.steps.len().min(begin + SEARCHED);
        let more = self.steps[begin + 1..end].iter().map(|(start, _)| usize::from(*start <= address));
        self.steps[begin + more.sum::<usize>()].1
    }

    /// A table over where the ranges at these positions begin.
    fn table(&mut self, ranges: Range<usize>) -> u32 {
        let number = self.tables.len();
        let at = self.entries.len();
        let below = self.steps.get(ranges.start.saturating_sub(1)).map_or(0, |(_, value)| *value);
        let (base, last) = match (self.steps.get(ranges.start), self.steps[..ranges.end].last()) {
            (Some(first), Some(last)) => (first.0, last.0),
            _ => (K::default(), K::default()),
        };
        let wanted = (usize::BITS - ranges.len().leading_zeros()).min(MOST_BITS);
        let shift = last.distance_bits(base).saturating_sub(wanted);
        let last = last.steps(base, shift);
        self.tables.push(Table { base, shift, last: small(last), at: small(at) });
        self.entries.resize(at + last + 2, Entry::Value(below));
        let mut next = ranges.start;
        for chunk in 0..=last {
            let begin = next;
            while next < ranges.end && self.steps[next].0.steps(base, shift) == chunk {
                next += 1;
            }
            self.entries[at + chunk + 1] = self.entry(begin..next, base, shift);
        }
        small(number)
    }

    /// The entry for a chunk in which the ranges at these positions begin.
    fn entry(&mut self, ranges: Range<usize>, base: K, shift: u32) -> Entry {
        let before = ranges.start.saturating_sub(1);
        let value = |position: usize| self.steps.get(position).map_or(0, |(_, value)| *value);
        match ranges.len() {
            0 => Entry::Value(value(before)),
            1 if self.steps[ranges.start].0.is_step(base, shift) => Entry::Value(value(ranges.start)),
            few if few < SEARCHED => Entry::Search(small(before)),
            _ => Entry::Table(self.table(ranges)),
        }
    }
}
