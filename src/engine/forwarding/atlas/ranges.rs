//! A function over all addresses, made ready for many look-ups.
//!
//! Networks that lie within each other become ranges that do not overlap, sorted by
//! their first address. A table over the part of the address space in which ranges
//! begin leads from the upper bits of an address to its value, or to a block with the
//! few ranges that begin in that chunk, or, where many do, to a table of that chunk
//! alone. So a few networks take a few bytes, and wherever they crowd a look-up takes
//! two or three steps.
//!
//! What a look-up costs in a table of a million networks is waiting for memory. Blocks
//! are therefore small: two bytes for where a range begins within its chunk and two for
//! its value, as DXR has them (Zec, Rizzo and Mikuc, "Towards a Billion Routing Lookups
//! per Second in Software", 2012). Tables within tables are those of a level-compressed
//! trie (Nilsson and Karlsson, "IP-Address Lookup Using LC-Tries", 1999).

use std::hint::select_unpredictable;
use std::ops::Range;

use super::key::Key;
use super::small;

/// So many ranges may begin in a block.
const LARGEST_BLOCK: usize = 64;
/// Where more ranges begin, a table has two to the power of [`SPARSE_BITS`] fewer
/// chunks than ranges, so that it fits the cache; otherwise it has two to the power of
/// [`DENSE_BITS`] more, so that most lead to a value.
const MANY: usize = 1 << 16;
const SPARSE_BITS: u32 = 4;
const DENSE_BITS: u32 = 3;
/// The lower half of a value.
const LOW: u32 = 0xffff;
/// Bits of a position within a chunk.
const POSITION_BITS: u32 = 16;

/// Where the value changes: a first address, and the value from there on.
pub(in crate::engine::forwarding) type Step<K> = (K, u32);

/// A value for every address.
#[derive(Clone, Debug)]
pub(in crate::engine::forwarding) struct Ranges<K> {
    tables: Vec<Table<K>>,
    entries: Vec<Entry>,
    /// For each block: how many ranges begin in it, where they do, the value before
    /// them, their values.
    blocks: Vec<u16>,
    /// How many elements of a block a value takes: one, or two, the lower half first.
    width: usize,
}

/// A table over a part of the address space: an entry for what lies below it, one for
/// each chunk of it, and one for what lies above.
#[derive(Clone, Copy, Debug)]
struct Table<K> {
    /// The first address of the first chunk.
    base: K,
    /// A chunk has two to the power of so many addresses.
    shift: u32,
    /// How many chunks there are.
    chunks: u32,
    /// Where the entries are.
    at: u32,
}

/// What a table leads to, in four bytes.
#[derive(Clone, Copy, Debug)]
struct Entry(u32);

/// What an [`Entry`] says.
#[derive(Clone, Copy, Debug)]
enum Leads {
    /// The value of all addresses.
    Value(u32),
    /// Where a block begins.
    Block(u32),
    /// Another table.
    Table(u32),
}

impl Entry {
    /// The two lowest bits tell which it is.
    const fn new(leads: Leads) -> Self {
        Self(match leads {
            Leads::Value(value) => value << 2,
            Leads::Block(begin) => begin << 2 | 1,
            Leads::Table(table) => table << 2 | 2,
        })
    }

    #[inline]
    const fn leads(self) -> Leads {
        match self.0 & 3 {
            0 => Leads::Value(self.0 >> 2),
            1 => Leads::Block(self.0 >> 2),
            _ => Leads::Table(self.0 >> 2),
        }
    }
}

impl<K: Key> Ranges<K> {
    /// The function with these steps, which are sorted and begin at the lowest address.
    pub fn new(steps: &[Step<K>]) -> Self {
        let is_narrow = steps.iter().all(|(_, value)| u16::try_from(*value).is_ok());
        let width = if is_narrow { 1 } else { 2 };
        let mut this = Self { tables: Vec::new(), entries: Vec::new(), blocks: Vec::new(), width };
        this.table(steps, 1..steps.len());
        this.entries.shrink_to_fit();
        this.blocks.shrink_to_fit();
        this
    }

    /// The value at `address`.
    #[inline]
    pub fn at(&self, address: K) -> u32 {
        let mut table = &self.tables[0];
        loop {
            let chunk = address.steps(table.base, table.shift).min(table.chunks as usize);
            let entry = table.at as usize + chunk + usize::from(table.base <= address);
            match self.entries[entry].leads() {
                Leads::Value(value) => return value,
                Leads::Block(begin) => return self.in_block(begin as usize, position(address, table)),
                Leads::Table(other) => table = &self.tables[other as usize],
            }
        }
    }

    /// The value at a position of the block that begins at `begin`, without a jump that
    /// depends on the position.
    #[inline]
    fn in_block(&self, begin: usize, position: u16) -> u32 {
        let count = usize::from(self.blocks[begin]);
        let starts = &self.blocks[begin + 1..][..count];
        // How many ranges begin at the position or before it.
        let (mut before, mut rest) = (0, count);
        while rest > 0 {
            let half = rest.div_ceil(2);
            before = select_unpredictable(starts[before + half - 1] <= position, before + half, before);
            rest -= half;
        }
        let at = begin + 1 + count + before * self.width;
        let low = u32::from(self.blocks[at]);
        if self.width == 1 { low } else { u32::from(self.blocks[at + 1]) << u16::BITS | low }
    }

    /// Adds a table over where those of `steps` begin that are at `positions`.
    fn table(&mut self, steps: &[Step<K>], positions: Range<usize>) -> u32 {
        let number = self.tables.len();
        let at = self.entries.len();
        let begins = &steps[positions.clone()];
        let value_before = |position: usize| steps.get(position.wrapping_sub(1)).map_or(0, |(_, value)| *value);
        let (base, last) = match (begins.first(), begins.last()) {
            (Some((first, _)), Some((last, _))) => (*first, *last),
            _ => (K::default(), K::default()),
        };
        let bits = usize::BITS - begins.len().leading_zeros();
        let is_sparse = begins.len() > MANY;
        let wanted = if is_sparse { bits - SPARSE_BITS } else { bits + DENSE_BITS };
        let shift = last.distance_bits(base).saturating_sub(wanted);
        let chunks = last.steps(base, shift) + 1;
        let table = Table { base, shift, chunks: small(chunks), at: small(at) };
        self.tables.push(table);
        let (below, above) = (value_before(positions.start), value_before(positions.end));
        self.entries.push(Entry::new(Leads::Value(below)));
        self.entries.resize(at + chunks + 2, Entry::new(Leads::Value(above)));
        let mut next = positions.start;
        for chunk in 0..chunks {
            let begin = next;
            while next < positions.end && steps[next].0.steps(base, shift) == chunk {
                next += 1;
            }
            self.entries[at + 1 + chunk] = Entry::new(self.chunk(steps, begin..next, &table, is_sparse));
        }
        small(number)
    }

    /// What leads to the value in a chunk of `table` in which those of `steps` begin that
    /// are at `positions`: a block in a sparse table, in others a table of its own, which
    /// takes more memory and less time.
    fn chunk(&mut self, steps: &[Step<K>], positions: Range<usize>, table: &Table<K>, is_sparse: bool) -> Leads {
        let before = steps.get(positions.start.wrapping_sub(1)).map_or(0, |(_, value)| *value);
        let begins = &steps[positions.clone()];
        let fits = |(start, _): &Step<K>| start.is_step(table.base, unit(table.shift));
        match begins {
            [] => Leads::Value(before),
            [(start, value)] if start.is_step(table.base, table.shift) => Leads::Value(*value),
            few if is_sparse && few.len() <= LARGEST_BLOCK && few.iter().all(fits) => {
                let block = small(self.blocks.len());
                self.blocks.push(u16::try_from(few.len()).unwrap_or_default());
                self.blocks.extend(few.iter().map(|(start, _)| position(*start, table)));
                for value in [before].into_iter().chain(few.iter().map(|(_, value)| *value)) {
                    let halves = [value & LOW, value >> u16::BITS].map(|half| u16::try_from(half).unwrap_or_default());
                    self.blocks.extend(&halves[..self.width]);
                }
                Leads::Block(block)
            }
            _ => Leads::Table(self.table(steps, positions)),
        }
    }
}

/// Positions in a chunk are told in units of two to the power of so many addresses.
const fn unit(shift: u32) -> u32 {
    shift.saturating_sub(POSITION_BITS)
}

/// The position of an address in its chunk.
#[inline]
fn position<K: Key>(address: K, table: &Table<K>) -> u16 {
    let steps = address.steps(table.base, unit(table.shift));
    // The bits above the chunk's are not of interest.
    let within = table.shift - unit(table.shift);
    u16::try_from(steps & ((1 << within) - 1)).unwrap_or_default()
}
