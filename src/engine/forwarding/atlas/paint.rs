//! Networks, one within the other, become a function over all addresses.

use foldhash::HashMap;

use super::key::{Key, Prefix};
use super::ranges::Step;
use super::small;

/// What is said of a network.
pub(super) trait Said<K> {
    fn prefix(&self) -> Prefix<K>;
}

/// The function whose value is `nothing` where no network is, and within each network
/// what `color` makes of the value around it and of all that is said of it. `said` is
/// sorted by network.
pub(super) fn paint<K: Key, T: Said<K>>(
    said: &[T],
    nothing: u32,
    mut color: impl FnMut(u32, &[T]) -> u32,
) -> Vec<Step<K>> {
    let mut steps = vec![(K::default(), nothing)];
    // The networks that are begun and not ended, with their last addresses.
    let mut open: Vec<(K, u32)> = Vec::new();
    for same in said.chunk_by(|one, other| one.prefix() == other.prefix()) {
        let prefix = same[0].prefix();
        close(&mut open, &mut steps, nothing, Some(prefix.first));
        let around = open.last().map_or(nothing, |(_, value)| *value);
        let value = color(around, same);
        open.push((prefix.last(), value));
        step(&mut steps, prefix.first, value);
    }
    close(&mut open, &mut steps, nothing, None);
    steps
}

/// Ends the networks that end before `until`, or all.
fn close<K: Key>(open: &mut Vec<(K, u32)>, steps: &mut Vec<Step<K>>, nothing: u32, until: Option<K>) {
    while let Some((last, _)) = open.pop_if(|(last, _)| until.is_none_or(|until| *last < until)) {
        if let Some(next) = last.next() {
            step(steps, next, open.last().map_or(nothing, |(_, value)| *value));
        }
    }
}

/// From `start` on the value is `value`.
fn step<K: Key>(steps: &mut Vec<Step<K>>, start: K, value: u32) {
    steps.pop_if(|(begun, _)| *begun == start);
    if steps.last().is_none_or(|(_, before)| *before != value) {
        steps.push((start, value));
    }
}

/// The function whose value is that of the combination of the values of `layers`;
/// each combination gets a number.
pub(super) fn overlay<K: Key, const N: usize>(
    layers: &[Vec<Step<K>>; N],
    number: &mut Numbered<[u32; N]>,
) -> Vec<Step<K>> {
    let mut at = [0; N];
    let mut steps = Vec::new();
    let mut start = K::default();
    loop {
        step(&mut steps, start, number.of(&std::array::from_fn(|layer| layers[layer][at[layer]].1)));
        let ahead = |layer: usize| layers[layer].get(at[layer] + 1).map(|(start, _)| *start);
        let Some(next) = (0..N).filter_map(ahead).min() else { return steps };
        let moved: [usize; N] = std::array::from_fn(|layer| at[layer] + usize::from(ahead(layer) == Some(next)));
        at = moved;
        start = next;
    }
}

/// Values, each with a number, in the order in which they came first.
pub(in crate::engine::forwarding) struct Numbered<T> {
    numbers: HashMap<T, u32>,
    values: Vec<T>,
    last: u32,
}

impl<T: Clone + Eq + std::hash::Hash> Numbered<T> {
    /// With `first` as the value number 0.
    pub fn starting_with(first: T) -> Self {
        Self { numbers: HashMap::from_iter([(first.clone(), 0)]), values: vec![first], last: 0 }
    }

    /// The number of `value`.
    pub fn of(&mut self, value: &T) -> u32 {
        // What comes once often comes again at once.
        if self.values[self.last as usize] == *value {
            return self.last;
        }
        self.last = self.numbers.get(value).copied().unwrap_or_else(|| {
            let number = small(self.values.len());
            self.values.push(value.clone());
            self.numbers.insert(value.clone(), number);
            number
        });
        self.last
    }

    /// The value of a number.
    pub fn value(&self, number: u32) -> &T {
        &self.values[number as usize]
    }

    /// The values by their numbers.
    pub fn into_values(self) -> Vec<T> {
        self.values
    }
}
