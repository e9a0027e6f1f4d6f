//! Sets of values.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::Value;

/// The elements of a set: distinct, in no order that means anything.
///
/// Equal elements are kept once. An element that is not wholly known may turn out
/// to be anything, so two of those are always two, as in Terraform itself.
///
/// Comparison is by content and takes time linear in the number of elements;
/// looking for one element takes the logarithm of it.
#[derive(Clone, Default)]
pub struct ValueSet(Box<Content>);

#[derive(Clone, Default)]
struct Content {
    /// In the order they were given.
    elements: Vec<Value>,
    /// Hash and position of every element, in the order of the hashes.
    index: Vec<(u64, usize)>,
    /// All hashes added up: the same for any order of the elements.
    sum: u64,
}

fn hash_of(value: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

impl ValueSet {
    /// A set with no elements.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many elements there are.
    pub fn len(&self) -> usize {
        self.0.elements.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.elements.is_empty()
    }

    /// The elements, in the order they were given.
    pub fn iter(&self) -> std::slice::Iter<'_, Value> {
        self.0.elements.iter()
    }

    /// Whether `value` is an element.
    pub fn contains(&self, value: &Value) -> bool {
        let hash = hash_of(value);
        let start = self.0.index.partition_point(|&(other, _)| other < hash);
        self.0.index[start..]
            .iter()
            .take_while(|&&(other, _)| other == hash)
            .any(|&(_, position)| self.0.elements[position] == *value)
    }

    fn from_vec(mut elements: Vec<Value>) -> Self {
        let mut index: Vec<_> =
            elements.iter().enumerate().map(|(position, element)| (hash_of(element), position)).collect();
        index.sort_unstable();
        let mut repeated = vec![false; elements.len()];
        for run in index.chunk_by(|a, b| a.0 == b.0).filter(|run| run.len() > 1) {
            // Unequal elements with one hash are rare: a run is one element,
            // given several times, or several unknowns.
            let mut distinct: Vec<&Value> = Vec::new();
            for &(_, position) in run {
                let element = &elements[position];
                if !element.is_wholly_known() {
                    continue;
                }
                if distinct.contains(&element) {
                    repeated[position] = true;
                } else {
                    distinct.push(element);
                }
            }
        }
        if repeated.contains(&true) {
            let mut position = 0;
            elements.retain(|_| {
                position += 1;
                !repeated[position - 1]
            });
            return Self::from_vec(elements);
        }
        let sum = index.iter().fold(0_u64, |sum, &(hash, _)| sum.wrapping_add(hash));
        Self(Box::new(Content { elements, index, sum }))
    }

    /// Whether two runs of elements with equal hashes hold the same ones.
    fn same_run(&self, run: &[(u64, usize)], other: &Self, other_run: &[(u64, usize)]) -> bool {
        let pair = |a: &(u64, usize), b: &(u64, usize)| self.0.elements[a.1] == other.0.elements[b.1];
        if run.iter().zip(other_run).all(|(a, b)| pair(a, b)) {
            return true;
        }
        let mut rest: Vec<_> = other_run.iter().collect();
        run.iter().all(|a| rest.iter().position(|b| pair(a, b)).map(|at| rest.swap_remove(at)).is_some())
    }
}

impl fmt::Debug for ValueSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self).finish()
    }
}

impl PartialEq for ValueSet {
    fn eq(&self, other: &Self) -> bool {
        if self.len() != other.len() || self.0.sum != other.0.sum {
            return false;
        }
        if !self.0.index.iter().zip(&other.0.index).all(|(a, b)| a.0 == b.0) {
            return false;
        }
        let mut start = 0;
        self.0.index.chunk_by(|a, b| a.0 == b.0).all(|run| {
            let other_run = &other.0.index[start..start + run.len()];
            start += run.len();
            self.same_run(run, other, other_run)
        })
    }
}

impl Eq for ValueSet {}

impl Hash for ValueSet {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.len().hash(state);
        self.0.sum.hash(state);
    }
}

impl FromIterator<Value> for ValueSet {
    fn from_iter<I: IntoIterator<Item = Value>>(values: I) -> Self {
        Self::from_vec(values.into_iter().collect())
    }
}

impl IntoIterator for ValueSet {
    type Item = Value;
    type IntoIter = std::vec::IntoIter<Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.elements.into_iter()
    }
}

impl<'a> IntoIterator for &'a ValueSet {
    type Item = &'a Value;
    type IntoIter = std::slice::Iter<'a, Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::arbitrary::typed_value;
    use super::*;

    fn numbers(values: impl IntoIterator<Item = i64>) -> ValueSet {
        values.into_iter().map(Value::from).collect()
    }

    #[test]
    fn content_counts_and_order_does_not() {
        assert_eq!(numbers([1, 2, 3]), numbers([3, 1, 2]));
        assert_eq!(hash_of(&Value::Set(numbers([1, 2, 3]))), hash_of(&Value::Set(numbers([3, 2, 1]))));
        assert_eq!(numbers([1, 1, 2]), numbers([2, 1]));
        assert_eq!(numbers([1, 1, 2]).len(), 2);
        assert_ne!(numbers([1, 2]), numbers([1, 3]));
        assert_ne!(numbers([1, 2]), numbers([1]));
        let elements: Vec<_> = numbers([3, 1, 3, 2]).into_iter().filter_map(|value| value.as_i64()).collect();
        assert_eq!(elements, [3, 1, 2], "the order given is kept");
    }

    #[test]
    fn unknown_elements_are_not_merged() {
        let unknown = |count| -> ValueSet { (0..count).map(|_| Value::unknown()).collect() };
        assert_eq!(unknown(2).len(), 2);
        assert_eq!(unknown(2), unknown(2));
        assert_ne!(unknown(2), unknown(3));
        assert_eq!(unknown(20_000), unknown(20_000));
    }

    #[test]
    fn values_are_small() {
        assert!(size_of::<Value>() <= 32, "{}", size_of::<Value>());
    }

    #[test]
    fn membership() {
        let set = numbers(0..10_000);
        assert!(set.contains(&Value::from(9_999)));
        assert!(!set.contains(&Value::from(10_000)));
        assert!(!ValueSet::new().contains(&Value::Null));
        assert!(ValueSet::new().is_empty());
    }

    #[test]
    fn ten_thousand_elements_compare() {
        assert_eq!(numbers(0..10_000), numbers((0..10_000).rev()));
        assert_ne!(numbers(0..10_000), numbers(1..10_001));
    }

    proptest! {
        #[test]
        fn permutations_are_equal((mut values, shuffled) in prop::collection::vec(typed_value(true), 0..8)
            .prop_map(|pairs| pairs.into_iter().map(|(_, value)| value).collect::<Vec<_>>())
            .prop_flat_map(|values| (Just(values.clone()), Just(values).prop_shuffle())))
        {
            let (a, b): (ValueSet, ValueSet) = (values.clone().into_iter().collect(), shuffled.into_iter().collect());
            prop_assert_eq!(hash_of(&Value::Set(a.clone())), hash_of(&Value::Set(b.clone())));
            prop_assert_eq!(&a, &b);
            prop_assert!(values.iter().all(|value| a.contains(value)));
            values.push(Value::from("one more"));
            prop_assert_ne!(values.into_iter().collect::<ValueSet>(), b);
        }
    }
}
