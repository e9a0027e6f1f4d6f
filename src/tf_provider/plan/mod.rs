//! From configuration and prior state to planned state.
//!
//! The rules, for each attribute of a block, the first that applies:
//!
//! 1. Write-only: null.
//! 2. Configured: as configured, or as it was if [`Attribute::same`] calls that the
//!    same in another spelling.
//! 3. Not configured, with a default: the default, compared in the same way.
//! 4. Not configured and computed: what it was, as long as nothing else in the
//!    block changes. In a block that is new or changes it is unknown, unless
//!    [`Attribute::keep_prior`] says it stays.
//! 5. Otherwise null.
//!
//! A nested block is compared with the prior block at the same position of a list,
//! under the same key of a map, or with the one of a set that it most plausibly
//! was (see [`sets`]). A change in a nested block is a change of the blocks around
//! it, and not of its siblings.
//!
//! Nothing changed means: the planned value is the prior value, to the letter.
//! Everything takes time linear in the size of the configuration and the state.

mod sets;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::path::Path;
use super::place::Place;
use super::schema::{Attribute, Block, NestedBlock, Nesting, Replace, Schema};
use super::value::{Value, ValueSet};

/// What the schema alone says of a change.
pub struct Proposal {
    /// The state to come; what the provider fills in is unknown.
    pub planned: Value,
    /// The changed attributes that make Terraform replace the object.
    pub replace: Vec<Path>,
}

/// Plans a creation (`prior` is `None`) or an update.
pub fn propose(schema: &Schema, config: &Value, prior: Option<&Value>) -> Proposal {
    let prior = prior.filter(|prior| !prior.is_null());
    let mut walk = Planner { replace: prior.map(|_| Vec::new()) };
    let planned = walk.block(&schema.block, &Place::root(), config, prior).value;
    Proposal { planned, replace: walk.replace.unwrap_or_default() }
}

struct Planner {
    /// What makes Terraform replace the object; `None` while there is none yet.
    replace: Option<Vec<Path>>,
}

/// A planned value, and whether it differs from the prior one.
struct Planned {
    value: Value,
    changed: bool,
}

/// What the rules make of an attribute before it is known whether its block changes.
enum Settled {
    /// This, whatever happens around it.
    Value(Value),
    /// Up to the provider if the block changes.
    Computed,
}

/// Two known, set values that are equal or that the attribute calls the same.
fn equivalent(attribute: &Attribute, prior: &Value, wanted: &Value) -> bool {
    prior == wanted
        || attribute.same.as_ref().is_some_and(|same| {
            !prior.is_null()
                && !wanted.is_null()
                && prior.is_wholly_known()
                && wanted.is_wholly_known()
                && same(prior, wanted)
        })
}

/// What the configuration asks for: its own value, or the default.
fn wanted(attribute: &Attribute, config: &Value) -> Settled {
    if attribute.write_only {
        return Settled::Value(Value::Null);
    }
    let configured = config.get(&attribute.name);
    if !configured.is_null() {
        return Settled::Value(configured.clone());
    }
    match attribute.default.as_ref().and_then(|default| default(config)) {
        Some(default) => Settled::Value(default),
        None if attribute.is_computed() => Settled::Computed,
        None => Settled::Value(Value::Null),
    }
}

impl Planner {
    fn block(&mut self, block: &Block, place: &Place, config: &Value, prior: Option<&Value>) -> Planned {
        let mut values = BTreeMap::new();
        let mut computed = Vec::new();
        let mut changed = prior.is_none();
        for attribute in &block.attributes {
            let before = prior.map_or(&Value::Null, |prior| prior.get(&attribute.name));
            let value = match wanted(attribute, config) {
                Settled::Value(wanted) if equivalent(attribute, before, &wanted) => before.clone(),
                Settled::Value(wanted) => {
                    changed = true;
                    wanted
                }
                Settled::Computed => {
                    computed.push(attribute);
                    before.clone()
                }
            };
            values.insert(attribute.name.clone(), value);
        }
        for nested in &block.blocks {
            let before = prior.map_or(&Value::Null, |prior| prior.get(&nested.name));
            let planned = self.nested(nested, &place.child(&nested.name), config.get(&nested.name), before);
            changed |= planned.changed;
            values.insert(nested.name.clone(), planned.value);
        }
        if changed {
            for attribute in computed.into_iter().filter(|attribute| !attribute.keep_prior || prior.is_none()) {
                values.insert(attribute.name.clone(), Value::unknown());
            }
        }
        let value = Value::Map(values);
        self.attribute_replacements(block, place, prior, &value);
        Planned { value, changed }
    }

    fn nested(&mut self, nested: &NestedBlock, place: &Place, config: &Value, prior: &Value) -> Planned {
        let planned = if config.is_unknown() {
            // A dynamic block over something unknown: Terraform allows no other answer.
            Planned { value: config.clone(), changed: true }
        } else {
            match nested.nesting {
                Nesting::Single => self.single(nested, place, config, prior),
                Nesting::List => self.list(nested, place, config, prior),
                Nesting::Map => self.map(nested, place, config, prior),
                Nesting::Set => self.set(nested, place, config, prior),
            }
        };
        if planned.changed {
            self.replacement(&nested.replace, place, prior, &planned.value);
        }
        planned
    }

    fn single(&mut self, nested: &NestedBlock, place: &Place, config: &Value, prior: &Value) -> Planned {
        if config.is_null() {
            self.removed(&nested.block, place, prior);
            return Planned { value: Value::Null, changed: !prior.is_null() };
        }
        self.block(&nested.block, place, config, Some(prior).filter(|prior| !prior.is_null()))
    }

    fn list(&mut self, nested: &NestedBlock, place: &Place, config: &Value, prior: &Value) -> Planned {
        let before = prior.as_list().unwrap_or_default();
        let mut changed = config.elements().len() != before.len();
        let mut values = Vec::with_capacity(config.elements().len());
        for (index, element) in config.elements().enumerate() {
            let planned = self.block(&nested.block, &place.index(index), element, before.get(index));
            changed |= planned.changed;
            values.push(planned.value);
        }
        for (index, element) in before.iter().enumerate().skip(values.len()) {
            self.removed(&nested.block, &place.index(index), element);
        }
        Planned { value: Value::List(values), changed }
    }

    fn map(&mut self, nested: &NestedBlock, place: &Place, config: &Value, prior: &Value) -> Planned {
        let none = BTreeMap::new();
        let wanted = config.as_map().unwrap_or(&none);
        let before = prior.as_map().unwrap_or(&none);
        let mut changed = false;
        let mut values = BTreeMap::new();
        for (key, element) in wanted {
            let planned = self.block(&nested.block, &place.key(key), element, before.get(key));
            changed |= planned.changed;
            values.insert(key.clone(), planned.value);
        }
        for (key, element) in before.iter().filter(|(key, _)| !wanted.contains_key(*key)) {
            changed = true;
            self.removed(&nested.block, &place.key(key), element);
        }
        Planned { value: Value::Map(values), changed }
    }

    fn set(&mut self, nested: &NestedBlock, place: &Place, config: &Value, prior: &Value) -> Planned {
        let inside = place.inside_set();
        let wanted: Vec<&Value> = config.elements().collect();
        let before: Vec<&Value> = prior.elements().collect();
        let pairs = sets::correlate(nested, &wanted, &before);
        let mut changed = wanted.len() != before.len();
        let mut kept = vec![false; before.len()];
        let mut values = Vec::with_capacity(wanted.len());
        for (element, pair) in wanted.into_iter().zip(pairs) {
            if let Some(position) = pair {
                kept[position] = true;
            }
            let planned = self.block(&nested.block, &inside, element, pair.map(|position| before[position]));
            changed |= planned.changed;
            values.push(planned.value);
        }
        for (element, _) in before.iter().zip(kept).filter(|(_, kept)| !kept) {
            self.removed(&nested.block, &inside, element);
        }
        match prior {
            Value::Set(_) if !changed => Planned { value: prior.clone(), changed },
            _ => Planned { value: Value::Set(ValueSet::from_iter(values)), changed },
        }
    }

    /// Looks for replacements in a nested block that is to go.
    fn removed(&mut self, block: &Block, place: &Place, prior: &Value) {
        if prior.is_null() {
            return;
        }
        self.attribute_replacements(block, place, Some(prior), &Value::Null);
        for nested in &block.blocks {
            let (place, before) = (place.child(&nested.name), prior.get(&nested.name));
            let planned = match nested.nesting {
                Nesting::Single => Value::Null,
                Nesting::List => Value::List(Vec::new()),
                Nesting::Map => Value::Map(BTreeMap::new()),
                Nesting::Set => Value::Set(ValueSet::new()),
            };
            // Its elements are removed as well; there is nothing to plan.
            self.nested(nested, &place, &planned, before);
        }
    }

    fn attribute_replacements(&mut self, block: &Block, place: &Place, prior: Option<&Value>, planned: &Value) {
        for attribute in block.attributes.iter().filter(|attribute| !matches!(attribute.replace, Replace::Never)) {
            let before = prior.map_or(&Value::Null, |prior| prior.get(&attribute.name));
            let after = planned.get(&attribute.name);
            if before != after {
                self.replacement(&attribute.replace, &place.child(&attribute.name), before, after);
            }
        }
    }

    /// Notes that a change from `before` to `after` at `path` replaces the object,
    /// if it does.
    fn replacement(&mut self, replace: &Replace, place: &Place, before: &Value, after: &Value) {
        let Some(paths) = &mut self.replace else { return };
        let replaces = match replace {
            Replace::Never => false,
            Replace::Always => true,
            Replace::When(condition) => condition(before, after),
        };
        if replaces && paths.last() != Some(&place.path) {
            paths.push(place.path.clone());
        }
    }
}
