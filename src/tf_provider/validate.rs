//! What the schema alone finds wrong with a configuration.
//!
//! Terraform checks much of this itself before it asks; what reaches a provider all
//! the same (through dynamic blocks, `null` values, or a client that is not
//! Terraform) ends here. It leaves it to the provider to warn of what is deprecated.

use super::diagnostics::{Diagnostic, Diagnostics};
use super::path::Path;
use super::place::Place;
use super::schema::{Attribute, Block, Mode, NestedBlock, Nesting, Schema};
use super::value::Value;

/// Checks `config` against `schema`. What is not known yet is not checked.
pub fn validate(schema: &Schema, config: &Value) -> Diagnostics {
    let mut found = Diagnostics::none();
    block(&schema.block, &Place::root(), config, &mut found);
    found
}

fn block(block: &Block, place: &Place, config: &Value, found: &mut Diagnostics) {
    if config.is_null() || config.is_unknown() {
        return;
    }
    for attribute in &block.attributes {
        // Terraform prints the line it is pointed at: a secret is only named.
        let path = if attribute.sensitive { Path::root() } else { place.child(&attribute.name).path };
        self::attribute(attribute, &path, config.get(&attribute.name), found);
    }
    for nested in &block.blocks {
        self::nested(nested, &place.child(&nested.name), config.get(&nested.name), found);
    }
}

fn attribute(attribute: &Attribute, path: &Path, value: &Value, found: &mut Diagnostics) {
    if value.is_null() {
        if attribute.mode == Mode::Required {
            let detail = format!("The argument {:?} is required, but no value was given.", attribute.name);
            found.push(Diagnostic::error("Missing required argument", detail).at(path.clone()));
        }
        return;
    }
    if !attribute.is_configurable() {
        let detail = format!("{:?} is set by the provider and cannot be configured.", attribute.name);
        found.push(Diagnostic::error("Read-only attribute", detail).at(path.clone()));
        return;
    }
    if let Some(instead) = &attribute.deprecated
        && !value.is_unknown()
    {
        found.push(deprecated(&attribute.name, instead).at(path.clone()));
    }
    if value.is_wholly_known() {
        for validator in &attribute.validators {
            found.extend(validator(value.inner(), path));
        }
    }
}

fn deprecated(name: &str, instead: &str) -> Diagnostic {
    Diagnostic::warning(format!("{name} is deprecated"), instead)
}

fn nested(nested: &NestedBlock, place: &Place, value: &Value, found: &mut Diagnostics) {
    if value.is_unknown() {
        return;
    }
    if let Some(instead) = &nested.block.deprecated
        && (value.as_map().is_some() || value.elements().len() > 0)
    {
        found.push(deprecated(&nested.name, instead).at(place.path.clone()));
    }
    if let Some(complaint) = wrong_count(nested, value) {
        found.push(Diagnostic::error("Wrong number of blocks", complaint).at(place.path.clone()));
    }
    match nested.nesting {
        Nesting::Single => block(&nested.block, place, value, found),
        Nesting::List => {
            for (index, element) in value.elements().enumerate() {
                block(&nested.block, &place.index(index), element, found);
            }
        }
        Nesting::Set => {
            let inside = place.inside_set();
            for element in value.elements() {
                block(&nested.block, &inside, element, found);
            }
        }
        Nesting::Map => {
            for (key, element) in value.as_map().into_iter().flatten() {
                block(&nested.block, &place.key(key), element, found);
            }
        }
    }
}

/// What is wrong with the number of blocks, if something certainly is.
fn wrong_count(nested: &NestedBlock, value: &Value) -> Option<String> {
    let (most, fewest) = match nested.nesting {
        Nesting::Single => (usize::from(!value.is_null()), usize::from(!value.is_null())),
        Nesting::List => (value.elements().len(), value.elements().len()),
        Nesting::Map => {
            let count = value.as_map().map_or(0, std::collections::BTreeMap::len);
            (count, count)
        }
        // Elements that are not known yet may turn out to be equal to others.
        Nesting::Set => {
            let known = value.elements().filter(|element| element.is_wholly_known()).count();
            let count = value.elements().len();
            (count, known.max(usize::from(count > 0)))
        }
    };
    let (most, fewest) = (i64::try_from(most).unwrap_or(i64::MAX), i64::try_from(fewest).unwrap_or(i64::MAX));
    let limit = if most < nested.min_items {
        format!("at least {}", nested.min_items)
    } else if nested.max_items > 0 && fewest > nested.max_items {
        format!("at most {}", nested.max_items)
    } else {
        return None;
    };
    Some(format!("There must be {limit} {:?} blocks, but there are {most}.", nested.name))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::tf_provider::diagnostics::Severity;
    use crate::tf_provider::value::Type;

    fn even(value: &Value, path: &Path) -> Diagnostics {
        match value.as_i64() {
            Some(number) if number % 2 == 0 => Diagnostics::none(),
            _ => Diagnostic::error("Odd", format!("{value:?}")).at(path.clone()).into(),
        }
    }

    fn schema(nesting: Nesting, min: i64, max: i64) -> Schema {
        let rule = Block::new("A rule.")
            .with(Attribute::required("port", Type::Number, "Where.").validated(even))
            .with(Attribute::computed("id", Type::String, "Which."));
        let block = Block::new("An object.")
            .with(Attribute::required("name", Type::String, "What."))
            .with_block(NestedBlock::new("rule", nesting, rule).items(min, max));
        Schema { version: 0, block }
    }

    fn rule(port: impl Into<Value>) -> Value {
        Value::object([("port", port.into())])
    }

    fn complaints(schema: &Schema, rules: Value) -> Vec<(String, String)> {
        let config = Value::object([("name", Value::from("a")), ("rule", rules)]);
        let found = validate(schema, &config);
        found.iter().map(|found| (found.summary.clone(), found.path.to_string())).collect()
    }

    fn expect(summary: &str, path: &str) -> Vec<(String, String)> {
        vec![(summary.to_owned(), path.to_owned())]
    }

    #[test]
    fn required_and_read_only() {
        let list = schema(Nesting::List, 0, 0);
        let missing = validate(&list, &Value::object([("rule", Value::List(vec![]))]));
        assert_eq!(missing.iter().map(|found| found.path.to_string()).collect::<Vec<_>>(), ["name"]);
        assert_eq!(
            complaints(&list, Value::list_of([rule(2), rule(Value::Null)])),
            expect("Missing required argument", "rule[1].port")
        );
        assert_eq!(complaints(&list, Value::list_of([rule(Value::unknown())])), []);
        let set = Value::object([("port", Value::from(2)), ("id", Value::from("x"))]);
        assert_eq!(complaints(&list, Value::list_of([set])), expect("Read-only attribute", "rule[0].id"));
    }

    #[test]
    fn what_is_deprecated_is_warned_of_where_it_is_set() {
        let inner = Block::new("").with(Attribute::optional("old", Type::String, "").deprecated("Use new."));
        let gone = Block { deprecated: Some("Leave it out.".to_owned()), ..Block::new("") };
        let block = Block::new("")
            .with_block(NestedBlock::new("rule", Nesting::List, inner))
            .with_block(NestedBlock::new("gone", Nesting::Single, gone));
        let schema = Schema { version: 0, block };
        let old = |value: Value| Value::object([("old", value)]);
        let rules = [old(Value::Null), old(Value::unknown()), old("x".into())];
        let config =
            Value::object([("rule", Value::list_of(rules)), ("gone", Value::object([] as [(&str, Value); 0]))]);
        let told: Vec<_> = validate(&schema, &config)
            .iter()
            .map(|it| (it.summary.clone(), it.detail.clone(), it.path.to_string(), it.severity))
            .collect();
        let warning = |summary: &str, detail: &str, path: &str| {
            (summary.to_owned(), detail.to_owned(), path.to_owned(), Severity::Warning)
        };
        let expected = [
            warning("old is deprecated", "Use new.", "rule[2].old"),
            warning("gone is deprecated", "Leave it out.", "gone"),
        ];
        assert_eq!(told, expected);
        assert_eq!(validate(&schema, &Value::object([("gone", Value::Null)])).iter().count(), 0);
    }

    #[test]
    fn what_is_wrong_with_a_secret_is_said_of_the_block_that_is_configured() {
        let key = Attribute::optional("key", Type::String, "").sensitive().deprecated("Use a file.").validated(even);
        let inner = NestedBlock::new("login", Nesting::Single, Block::new("").with(key));
        let schema = Schema { version: 0, block: Block::new("").with_block(inner) };
        let config = Value::object([("login", Value::object([("key", Value::from("hunter2"))]))]);
        let told: Vec<_> =
            validate(&schema, &config).iter().map(|it| (it.summary.clone(), it.path.to_string())).collect();
        assert_eq!(told, [("key is deprecated".to_owned(), String::new()), ("Odd".to_owned(), String::new())]);
    }

    #[test]
    fn validators_are_told_where() {
        let map = |port: i64| Value::object([("k", rule(port))]);
        for (nesting, wrong, right, path) in [
            (Nesting::List, Value::list_of([rule(2), rule(3)]), Value::list_of([rule(4)]), "rule[1].port"),
            (Nesting::Set, Value::set_of([rule(2), rule(3)]), Value::set_of([rule(4)]), "rule"),
            (Nesting::Map, map(1), map(2), r#"rule["k"].port"#),
            (Nesting::Single, rule(1), rule(2), "rule.port"),
        ] {
            let schema = schema(nesting, 0, 0);
            assert_eq!(complaints(&schema, wrong), expect("Odd", path));
            assert_eq!(complaints(&schema, right), []);
            assert_eq!(complaints(&schema, Value::unknown()), []);
        }
    }

    #[test]
    fn block_counts() {
        let wrong = || expect("Wrong number of blocks", "rule");
        let list = |count: i64| Value::list_of((0..count).map(|port| rule(2 * port)));
        let schema_of = |nesting| schema(nesting, 2, 3);
        assert_eq!(complaints(&schema_of(Nesting::List), list(1)), wrong());
        assert_eq!(complaints(&schema_of(Nesting::List), list(2)), []);
        assert_eq!(complaints(&schema_of(Nesting::List), list(4)), wrong());
        assert_eq!(complaints(&schema_of(Nesting::List), Value::Null), wrong());
        assert_eq!(complaints(&schema_of(Nesting::List), Value::unknown()), []);
        assert_eq!(complaints(&schema_of(Nesting::Map), Value::object([("k", rule(2))])), wrong());
        assert_eq!(complaints(&schema(Nesting::Single, 1, 1), Value::Null), wrong());
        let set = |known: i64, unknown: usize| {
            let unknown = (0..unknown).map(|_| rule(Value::unknown()));
            Value::set_of((0..known).map(|port| rule(2 * port)).chain(unknown))
        };
        assert_eq!(complaints(&schema_of(Nesting::Set), set(1, 0)), wrong());
        assert_eq!(complaints(&schema_of(Nesting::Set), set(1, 1)), []);
        assert_eq!(complaints(&schema_of(Nesting::Set), set(2, 3)), []);
        assert_eq!(complaints(&schema_of(Nesting::Set), set(4, 0)), wrong());
    }

    #[test]
    fn validators_see_only_what_is_known_and_see_it_once() {
        let calls = Arc::new(AtomicUsize::new(0));
        let counter = calls.clone();
        let element =
            Block::new("").with(Attribute::optional("ports", Type::list(Type::Number), "").validated(move |_, _| {
                counter.fetch_add(1, Ordering::Relaxed);
                Diagnostics::none()
            }));
        let block = Block::new("").with_block(NestedBlock::new("rule", Nesting::List, element));
        let ports = |ports: Value| Value::object([("ports", ports)]);
        let rules = (0..10_000)
            .map(|port| ports(Value::list_of([port])))
            .chain([ports(Value::list_of([Value::unknown()])), ports(Value::Null)]);
        let config = Value::object([("rule", Value::list_of(rules))]);
        assert!(validate(&Schema { version: 0, block }, &config).is_empty());
        assert_eq!(calls.load(Ordering::Relaxed), 10_000);
    }
}
