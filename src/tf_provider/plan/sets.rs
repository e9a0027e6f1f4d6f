//! Which element of a set of nested blocks was which before.
//!
//! A set gives its elements no names, so the prior element has to be recognised:
//! by everything the configuration sets, where what it leaves to the provider may
//! be anything; and what has changed, by the value of the key attribute if the
//! schema names one.
//!
//! Elements are looked up by a hash of what is set, so the work is linear as long
//! as they are spelled as they were. Only what is left after that, and may be the
//! same in another spelling, is searched for one by one. Elements that leave
//! different attributes to the provider are hashed in groups, one group for each
//! such choice; those that set the most choose first, and who finds none has others
//! move on if they can.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::tf_provider::schema::{Attribute, Block, NestedBlock, Nesting};
use crate::tf_provider::value::Value;

use super::{Settled, equivalent, wanted};

/// For each element of the configuration the position of the prior element it
/// continues, `None` for a new one. No prior element is used twice.
pub(super) fn correlate(nested: &NestedBlock, config: &[&Value], prior: &[&Value]) -> Vec<Option<usize>> {
    let mut search = Search::new(config, prior);
    search.by_content(&nested.block);
    if let Some(key) = nested.key.as_ref().and_then(|key| nested.block.attribute(key)) {
        search.by_key(key);
    }
    search.found
}

/// So many pairs at most are compared one by one where elements may have taken each other's place.
/// Where more is left over, elements have changed.
const MOST_TRIED: usize = 10_000;

struct Search<'a> {
    config: &'a [&'a Value],
    prior: &'a [&'a Value],
    used: Vec<bool>,
    found: Vec<Option<usize>>,
}

impl<'a> Search<'a> {
    fn new(config: &'a [&'a Value], prior: &'a [&'a Value]) -> Self {
        Self { config, prior, used: vec![false; prior.len()], found: vec![None; config.len()] }
    }

    fn pair(&mut self, element: usize, position: usize) {
        self.used[position] = true;
        self.found[element] = Some(position);
    }

    /// Pairs elements by everything the configuration sets.
    fn by_content(&mut self, block: &Block) {
        let mut groups: BTreeMap<Vec<bool>, Vec<Wanted>> = BTreeMap::new();
        for (element, config) in self.config.iter().enumerate() {
            let wanted = Wanted::new(block, element, config);
            if wanted.values.iter().flatten().all(Value::is_wholly_known) {
                groups.entry(wanted.values.iter().map(Option::is_some).collect()).or_default().push(wanted);
            }
        }
        let mut groups: Vec<_> = groups.into_iter().collect();
        groups.sort_by_key(|(set, _)| std::cmp::Reverse(set.iter().filter(|set| **set).count()));
        let spellings = if may_be_spelled_otherwise(block) { &SPELLINGS[..] } else { &SPELLINGS[..1] };
        for (set, group) in &mut groups {
            for spelling in spellings {
                group.retain(|wanted| self.found[wanted.element].is_none());
                if !group.is_empty() {
                    self.group(block, set, group, *spelling);
                }
            }
        }
        self.make_room(block);
    }

    /// Who leaves more to the provider may have taken what only another one fits: lets elements
    /// that found none have others move on.
    fn make_room(&mut self, block: &Block) {
        let alone: Vec<_> = (0..self.config.len()).filter(|element| self.found[*element].is_none()).collect();
        if alone.len().saturating_mul(self.prior.len()) > MOST_TRIED {
            return;
        }
        for element in alone {
            let mut tried = vec![false; self.prior.len()];
            self.place(block, element, &mut tried);
        }
    }

    /// Whether there is a prior element for this one, those that others continue included if
    /// these find another one.
    fn place(&mut self, block: &Block, element: usize, tried: &mut [bool]) -> bool {
        for position in 0..self.prior.len() {
            if tried[position] || !matches(block, self.config[element], self.prior[position]) {
                continue;
            }
            tried[position] = true;
            let holder = self.found.iter().position(|found| *found == Some(position));
            if holder.is_none_or(|holder| self.place(block, holder, tried)) {
                self.pair(element, position);
                return true;
            }
        }
        false
    }

    /// Pairs by key what has not been found yet.
    fn by_key(&mut self, key: &Attribute) {
        let mut positions: HashMap<&Value, VecDeque<usize>> = HashMap::new();
        for (position, element) in self.prior.iter().enumerate().filter(|(position, _)| !self.used[*position]) {
            positions.entry(element.get(&key.name)).or_default().push_back(position);
        }
        let mut spelled_otherwise = Vec::new();
        for (element, config) in self.config.iter().enumerate() {
            match wanted(key, config) {
                Settled::Value(value)
                    if self.found[element].is_none() && !value.is_null() && value.is_wholly_known() =>
                {
                    match positions.get_mut(&value).and_then(VecDeque::pop_front) {
                        Some(position) => self.pair(element, position),
                        None if key.same.is_some() => spelled_otherwise.push((element, value)),
                        None => {}
                    }
                }
                _ => {}
            }
        }
        for (element, value) in spelled_otherwise {
            let mut unused = self.prior.iter().enumerate().filter(|(position, _)| !self.used[*position]);
            if let Some((position, _)) = unused.find(|(_, prior)| equivalent(key, prior.get(&key.name), &value)) {
                self.pair(element, position);
            }
        }
    }

    /// Pairs elements that all set the same attributes.
    fn group(&mut self, block: &Block, set: &[bool], group: &[Wanted], spelling: Spelling) {
        let mut positions: HashMap<u64, VecDeque<usize>> = HashMap::new();
        for (position, prior) in self.prior.iter().enumerate().filter(|(position, _)| !self.used[*position]) {
            let values =
                block.attributes.iter().zip(set).map(|(attribute, set)| set.then(|| prior.get(&attribute.name)));
            positions.entry(hash(block, values, prior, spelling)).or_default().push_back(position);
        }
        for wanted in group {
            let config = self.config[wanted.element];
            let hash = hash(block, wanted.values.iter().map(Option::as_ref), config, spelling);
            let Some(candidates) = positions.get_mut(&hash) else { continue };
            let matching = candidates.iter().position(|&candidate| matches(block, config, self.prior[candidate]));
            if let Some(position) = matching.and_then(|at| candidates.remove(at)) {
                self.pair(wanted.element, position);
            }
        }
    }
}

/// An element of the configuration.
struct Wanted {
    /// Its position.
    element: usize,
    /// For each attribute of the block what it must be; `None` for anything.
    values: Vec<Option<Value>>,
}

impl Wanted {
    fn new(block: &Block, element: usize, config: &Value) -> Self {
        let value = |attribute: &Attribute| match wanted(attribute, config) {
            Settled::Value(value) if !attribute.write_only => Some(value),
            _ => None,
        };
        Self { element, values: block.attributes.iter().map(value).collect() }
    }
}

/// First what did not change at all, then what may be the same in another spelling.
const SPELLINGS: [Spelling; 2] = [Spelling::Exact, Spelling::Any];

/// Which attributes a hash covers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spelling {
    /// Those that may be spelled in several ways, too: finds what did not change.
    Exact,
    /// Only those with one spelling: finds the rest.
    Any,
}

impl Spelling {
    fn covers(self, attribute: &Attribute) -> bool {
        !attribute.write_only && (self == Self::Exact || attribute.same.is_none())
    }
}

/// A hash of `values`, one for each attribute of `block`, and of the blocks nested
/// in `element`. Equal for a configuration and everything it matches (in that
/// spelling).
fn hash<'v>(
    block: &Block,
    values: impl Iterator<Item = Option<&'v Value>>,
    element: &Value,
    spelling: Spelling,
) -> u64 {
    let mut hasher = DefaultHasher::new();
    for (_, value) in block.attributes.iter().zip(values).filter(|(attribute, _)| spelling.covers(attribute)) {
        value.hash(&mut hasher);
    }
    for nested in &block.blocks {
        hash_nested(nested, element.get(&nested.name), spelling, &mut hasher);
    }
    hasher.finish()
}

/// Adds what a configuration cannot leave to the provider in nested blocks.
fn hash_nested(nested: &NestedBlock, value: &Value, spelling: Spelling, hasher: &mut DefaultHasher) {
    let element_hash = |element: &Value| {
        let fixed = |attribute: &Attribute| (!attribute.is_computed()).then(|| element.get(&attribute.name));
        hash(&nested.block, nested.block.attributes.iter().map(fixed), element, spelling)
    };
    match nested.nesting {
        Nesting::Single => (!value.is_null()).then(|| element_hash(value)).hash(hasher),
        Nesting::List => value.elements().map(element_hash).collect::<Vec<_>>().hash(hasher),
        Nesting::Map => {
            for (key, element) in value.as_map().into_iter().flatten() {
                (key, element_hash(element)).hash(hasher);
            }
        }
        Nesting::Set => {
            let sum = value.elements().fold(0_u64, |sum, element| sum.wrapping_add(element_hash(element)));
            (value.elements().len(), sum).hash(hasher);
        }
    }
}

fn may_be_spelled_otherwise(block: &Block) -> bool {
    block.attributes.iter().any(|attribute| attribute.same.is_some())
        || block.blocks.iter().any(|nested| may_be_spelled_otherwise(&nested.block))
}

/// Whether everything `config` sets is in `prior`.
fn matches(block: &Block, config: &Value, prior: &Value) -> bool {
    let attribute_matches = |attribute: &Attribute| match wanted(attribute, config) {
        Settled::Value(value) => equivalent(attribute, prior.get(&attribute.name), &value),
        Settled::Computed => true,
    };
    let nested_matches = |nested: &NestedBlock| {
        let (config, prior) = (config.get(&nested.name), prior.get(&nested.name));
        !config.is_unknown() && blocks_match(nested, config, prior)
    };
    block.attributes.iter().all(attribute_matches) && block.blocks.iter().all(nested_matches)
}

fn blocks_match(nested: &NestedBlock, config: &Value, prior: &Value) -> bool {
    match nested.nesting {
        Nesting::Single => {
            config.is_null() == prior.is_null() && (config.is_null() || matches(&nested.block, config, prior))
        }
        Nesting::List => {
            config.elements().len() == prior.elements().len()
                && config.elements().zip(prior.elements()).all(|(config, prior)| matches(&nested.block, config, prior))
        }
        Nesting::Map => {
            let none = BTreeMap::new();
            let (config, prior) = (config.as_map().unwrap_or(&none), prior.as_map().unwrap_or(&none));
            config.len() == prior.len()
                && config
                    .iter()
                    .all(|(key, config)| prior.get(key).is_some_and(|prior| matches(&nested.block, config, prior)))
        }
        Nesting::Set => {
            let (config, prior): (Vec<_>, Vec<_>) = (config.elements().collect(), prior.elements().collect());
            // Not by key: an element found by its key may still have changed.
            let mut search = Search::new(&config, &prior);
            search.by_content(&nested.block);
            config.len() == prior.len() && search.found.iter().all(Option::is_some)
        }
    }
}
