//! What holds for every configuration and every state.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use crate::tf_provider::schema::{Mode, NestedBlock, Nesting};
use crate::tf_provider::value::ValueSet;

use super::*;

/// Every kind of attribute, and every nesting, two levels deep.
fn block(nested: bool) -> Block {
    let block = sample();
    if !nested {
        return block;
    }
    [("list", Nesting::List), ("set", Nesting::Set), ("map", Nesting::Map), ("single", Nesting::Single)]
        .into_iter()
        .fold(block, |outer, (name, nesting)| {
            let inner = sample().with_block(NestedBlock::new("deep", Nesting::Set, sample()));
            outer.with_block(NestedBlock::new(name, nesting, inner))
        })
        .with_block(NestedBlock::new("keyed", Nesting::Set, sample()).keyed("name"))
}

/// A value for each attribute a user may set, few enough for collisions.
fn attributes(block: &Block, stored: bool) -> BoxedStrategy<Vec<(String, Value)>> {
    block
        .attributes
        .iter()
        .map(|attribute| {
            let name = attribute.name.clone();
            let text = prop_oneof![Just("a"), Just("A"), Just("b")].prop_map(Value::from);
            let set = if attribute.ty == Type::Number {
                prop_oneof![Just(1), Just(500)].prop_map(Value::from).boxed()
            } else {
                text.boxed()
            };
            let value = match (attribute.mode, stored) {
                (_, true) if attribute.write_only => Just(NULL).boxed(),
                (Mode::Required, _) | (Mode::Computed, true) => set,
                (Mode::Computed, false) => Just(NULL).boxed(),
                (_, true) => prop_oneof![set, Just(NULL)].boxed(),
                (_, false) => prop_oneof![3 => set, 3 => Just(NULL), 1 => Just(unknown())].boxed(),
            };
            value.prop_map(move |value| (name.clone(), value)).boxed()
        })
        .collect::<Vec<_>>()
        .boxed()
}

/// A configuration of `block`, or a state of it when `stored`.
fn object_of(block: &Block, stored: bool) -> BoxedStrategy<Value> {
    let nested = |nested: &NestedBlock| {
        let name = nested.name.clone();
        let element = object_of(&nested.block, stored);
        let blocks = match nested.nesting {
            Nesting::List => vec(element, 0..3).prop_map(Value::list_of).boxed(),
            Nesting::Set => vec(element, 0..4).prop_map(Value::set_of).boxed(),
            Nesting::Map => btree_map("[a-c]", element, 0..3).prop_map(Value::Map).boxed(),
            Nesting::Single => prop_oneof![element, Just(NULL)].boxed(),
        };
        blocks.prop_map(move |value| (name.clone(), value)).boxed()
    };
    (attributes(block, stored), block.blocks.iter().map(nested).collect::<Vec<_>>())
        .prop_map(|(attributes, blocks)| Value::object(attributes.into_iter().chain(blocks)))
        .boxed()
}

/// `value` with everything unknown decided, each time differently, as a provider
/// that creates objects would. `port` is the one number.
fn fill(value: &Value, counter: &mut i64) -> Value {
    match value {
        Value::List(elements) => Value::List(elements.iter().map(|element| fill(element, counter)).collect()),
        Value::Set(elements) => Value::Set(elements.iter().map(|element| fill(element, counter)).collect()),
        Value::Map(entries) => Value::object(entries.iter().map(|(name, entry)| {
            let filled = match entry {
                Value::Unknown(_) if name == "port" => {
                    *counter += 1;
                    Value::from(*counter + 1000)
                }
                Value::Unknown(_) => {
                    *counter += 1;
                    Value::from(format!("made-{counter}"))
                }
                entry => fill(entry, counter),
            };
            (name.as_str(), filled)
        })),
        other => other.clone(),
    }
}

/// `config` once everything it refers to is known.
fn known(config: &Value) -> Value {
    fill(config, &mut 0)
}

/// `value` with its sets in another order, as Terraform may send them.
fn reordered(value: &Value) -> Value {
    match value {
        Value::List(elements) => Value::List(elements.iter().map(reordered).collect()),
        Value::Set(elements) => {
            let elements: Vec<_> = elements.iter().map(reordered).collect();
            Value::Set(elements.into_iter().rev().collect())
        }
        Value::Map(entries) => Value::object(entries.iter().map(|(name, entry)| (name.as_str(), reordered(entry)))),
        other => other.clone(),
    }
}

/// The state that a provider makes of a plan.
fn carried_out(planned: &Value) -> Value {
    reordered(&fill(planned, &mut 5000))
}

/// Terraform's own check of a plan, as its documentation words it: a provider may
/// plan what is configured, what was there before if something is configured and
/// was there before, or anything where nothing is configured and it computes.
fn acceptable(block: &Block, config: &Value, prior: &Value, planned: &Value) -> Result<(), String> {
    for attribute in &block.attributes {
        let of = |value: &Value| value.get(&attribute.name).clone();
        let (config, prior, planned) = (of(config), of(prior), of(planned));
        let fine = if attribute.write_only {
            planned.is_null()
        } else {
            planned == config
                || (planned == prior && !prior.is_null() && !config.is_null())
                || (config.is_null() && matches!(attribute.mode, Mode::Computed | Mode::OptionalComputed))
        };
        if !fine {
            return Err(format!("{}: {config:?} over {prior:?} planned as {planned:?}", attribute.name));
        }
    }
    for nested in &block.blocks {
        let (config, prior, planned) = (config.get(&nested.name), prior.get(&nested.name), planned.get(&nested.name));
        let inside = |result: Result<(), String>| result.map_err(|error| format!("{}.{error}", nested.name));
        match nested.nesting {
            Nesting::Single if config.is_null() != planned.is_null() => return Err("existence".into()),
            Nesting::Single if config.is_null() => {}
            Nesting::Single => inside(acceptable(&nested.block, config, prior, planned))?,
            Nesting::List => {
                let before = prior.as_list().unwrap_or_default();
                if config.elements().len() != planned.elements().len() {
                    return Err("count".into());
                }
                for (index, (config, planned)) in config.elements().zip(planned.elements()).enumerate() {
                    inside(acceptable(&nested.block, config, before.get(index).unwrap_or(&NULL), planned))?;
                }
            }
            Nesting::Map => {
                let (config, planned) = (config.as_map().unwrap(), planned.as_map().unwrap());
                if !config.keys().eq(planned.keys()) {
                    return Err("keys".into());
                }
                for (key, config) in config {
                    inside(acceptable(&nested.block, config, prior.get(key), &planned[key]))?;
                }
            }
            Nesting::Set if planned.elements().any(Value::is_unknown) => return Err("unknown element".into()),
            Nesting::Set => {}
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn terraform_accepts_every_plan(config in object_of(&block(true), false), prior in object_of(&block(true), true)) {
        let block = block(true);
        for prior in [None, Some(&prior)] {
            let plan = planned(&block, &config, prior);
            prop_assert_eq!(acceptable(&block, &config, prior.unwrap_or(&NULL), &plan), Ok(()));
        }
    }

    #[test]
    fn what_was_created_needs_no_change(config in object_of(&block(true), false)) {
        let block = block(true);
        let config = known(&config);
        let state = carried_out(&planned(&block, &config, None));
        prop_assert_eq!(&planned(&block, &config, Some(&state)), &state);
        prop_assert_eq!(replaced(&block, &config, Some(&state)), Vec::<String>::new());
    }

    #[test]
    fn what_was_updated_needs_no_change(config in object_of(&block(true), false), prior in object_of(&block(true), true)) {
        let block = block(true);
        let config = known(&config);
        let state = carried_out(&planned(&block, &config, Some(&prior)));
        prop_assert_eq!(&planned(&block, &config, Some(&state)), &state);
    }

    #[test]
    fn a_plan_of_no_change_has_nothing_unknown(prior in object_of(&block(true), true), config in object_of(&block(true), false)) {
        let block = block(true);
        let config = known(&config);
        let plan = planned(&block, &config, Some(&prior));
        prop_assert!(plan == prior || plan.get("revision").is_unknown());
    }

    #[test]
    fn the_order_of_a_set_means_nothing(
        (config, shuffled) in vec(object_of(&block(false), false), 0..5)
            .prop_flat_map(|elements| (Just(elements.clone()), Just(elements).prop_shuffle())),
        prior in vec(object_of(&block(false), true), 0..5),
    ) {
        let nested = Block::new("").with(computed("revision")).with_block(NestedBlock::new("set", Nesting::Set, block(false)));
        let prior = object! { revision: "1", set: Value::set_of(prior) };
        let changed = |elements: Vec<Value>| planned(&nested, &object! { set: Value::set_of(elements) }, Some(&prior)) != prior;
        prop_assert_eq!(changed(config), changed(shuffled));
    }
}

#[test]
fn sets_are_compared_as_sets() {
    let a: ValueSet = [object! { x: "1" }, object! { x: "2" }].into_iter().collect();
    let b: ValueSet = [object! { x: "2" }, object! { x: "1" }].into_iter().collect();
    assert_eq!(a, b);
}
