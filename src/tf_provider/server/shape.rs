//! What a state must look like: complete, known, without write-only values.

use crate::tf_provider::path::Path;
use crate::tf_provider::place::Place;
use crate::tf_provider::schema::{Block, NestedBlock, Nesting};
use crate::tf_provider::value::{Type, Value, ValueSet};

/// `value` with every attribute and block that it lacks: attributes are null,
/// repeated blocks are none.
pub(super) fn complete(block: &Block, value: Value) -> Value {
    let Value::Map(mut given) = value else { return value };
    for attribute in &block.attributes {
        let held = given.remove(&attribute.name).unwrap_or(Value::Null);
        given.insert(attribute.name.clone(), complete_type(&attribute.ty, held));
    }
    for nested in &block.blocks {
        let held = given.remove(&nested.name).unwrap_or(Value::Null);
        given.insert(nested.name.clone(), complete_blocks(nested, held));
    }
    Value::Map(given)
}

fn complete_blocks(nested: &NestedBlock, value: Value) -> Value {
    let each = |value| complete(&nested.block, value);
    match (nested.nesting, value) {
        (Nesting::Single, value) => each(value),
        (Nesting::List, Value::Null) => Value::List(Vec::new()),
        (Nesting::Set, Value::Null) => Value::Set(ValueSet::default()),
        (Nesting::Map, Value::Null) => Value::Map([].into()),
        (_, value) => map_elements(value, each),
    }
}

fn complete_type(ty: &Type, value: Value) -> Value {
    if !holds_objects(ty) {
        return value;
    }
    match (ty, value) {
        (Type::Object(attributes), Value::Map(mut given)) => {
            for (name, ty) in attributes {
                let held = given.remove(name).unwrap_or(Value::Null);
                given.insert(name.clone(), complete_type(ty, held));
            }
            Value::Map(given)
        }
        (Type::List(element) | Type::Set(element) | Type::Map(element), value) => {
            map_elements(value, |value| complete_type(element, value))
        }
        (Type::Tuple(types), Value::List(given)) if types.len() == given.len() => {
            Value::List(types.iter().zip(given).map(|(ty, value)| complete_type(ty, value)).collect())
        }
        (_, value) => value,
    }
}

fn holds_objects(ty: &Type) -> bool {
    match ty {
        Type::Object(_) => true,
        Type::List(element) | Type::Set(element) | Type::Map(element) => holds_objects(element),
        Type::Tuple(elements) => elements.iter().any(holds_objects),
        Type::Bool | Type::Number | Type::String | Type::Dynamic => false,
    }
}

fn map_elements(value: Value, each: impl Fn(Value) -> Value) -> Value {
    match value {
        Value::List(elements) => Value::List(elements.into_iter().map(each).collect()),
        Value::Set(elements) => Value::Set(elements.into_iter().map(each).collect()),
        Value::Map(entries) => Value::Map(entries.into_iter().map(|(key, value)| (key, each(value))).collect()),
        other => other,
    }
}

/// `value` with null in place of everything unknown, and where that was.
pub(super) fn settle(ty: &Type, value: Value) -> (Value, Vec<Path>) {
    let mut found = Vec::new();
    let value = if value.is_wholly_known() { value } else { settle_at(ty, value, &Place::root(), &mut found) };
    (value, found)
}

fn settle_at(ty: &Type, value: Value, place: &Place, found: &mut Vec<Path>) -> Value {
    match (ty, value) {
        (_, Value::Unknown(_)) => {
            if found.last() != Some(&place.path) {
                found.push(place.path.clone());
            }
            Value::Null
        }
        (Type::Object(attributes), Value::Map(given)) => {
            let mut settled = given;
            for (name, ty) in attributes {
                if let Some(held) = settled.remove(name) {
                    settled.insert(name.clone(), settle_at(ty, held, &place.child(name), found));
                }
            }
            Value::Map(settled)
        }
        (Type::Map(element), Value::Map(given)) => {
            let entry = |(key, value): (String, Value)| {
                let value = settle_at(element, value, &place.key(&key), found);
                (key, value)
            };
            Value::Map(given.into_iter().map(entry).collect())
        }
        (Type::List(element), Value::List(given)) => {
            let element = |(index, value)| settle_at(element, value, &place.index(index), found);
            Value::List(given.into_iter().enumerate().map(element).collect())
        }
        (Type::Tuple(types), Value::List(given)) => {
            let element = |(index, (ty, value))| settle_at(ty, value, &place.index(index), found);
            Value::List(types.iter().zip(given).enumerate().map(element).collect())
        }
        (Type::Set(element), Value::Set(given)) => {
            let place = place.inside_set();
            Value::Set(given.into_iter().map(|value| settle_at(element, value, &place, found)).collect())
        }
        (Type::Dynamic, Value::Dynamic(chosen)) => {
            let (ty, value) = *chosen;
            let value = settle_at(&ty, value, place, found);
            Value::Dynamic(Box::new((ty, value)))
        }
        (_, value) => value,
    }
}

/// `value` with null in all write-only attributes.
pub(super) fn without_write_only(block: &Block, value: Value) -> Value {
    if !has_write_only(block) {
        return value;
    }
    let Value::Map(mut given) = value else { return value };
    for attribute in block.attributes.iter().filter(|attribute| attribute.write_only) {
        given.insert(attribute.name.clone(), Value::Null);
    }
    for nested in block.blocks.iter().filter(|nested| has_write_only(&nested.block)) {
        let each = |value| without_write_only(&nested.block, value);
        if let Some(held) = given.remove(&nested.name) {
            let held = if nested.nesting == Nesting::Single { each(held) } else { map_elements(held, each) };
            given.insert(nested.name.clone(), held);
        }
    }
    Value::Map(given)
}

fn has_write_only(block: &Block) -> bool {
    block.attributes.iter().any(|attribute| attribute.write_only)
        || block.blocks.iter().any(|nested| has_write_only(&nested.block))
}

/// Where `value` sets a write-only attribute.
pub(super) fn write_only_given(block: &Block, value: &Value) -> Vec<Path> {
    let mut found = Vec::new();
    if has_write_only(block) {
        write_only_at(block, value, &Place::root(), &mut found);
    }
    found
}

fn write_only_at(block: &Block, value: &Value, place: &Place, found: &mut Vec<Path>) {
    if value.as_map().is_none() {
        return;
    }
    for attribute in block.attributes.iter().filter(|attribute| attribute.write_only) {
        let path = place.child(&attribute.name).path;
        if !value.get(&attribute.name).is_null() && found.last() != Some(&path) {
            found.push(path);
        }
    }
    for nested in &block.blocks {
        let place = place.child(&nested.name);
        match (nested.nesting, value.get(&nested.name)) {
            (Nesting::Single, held) => write_only_at(&nested.block, held, &place, found),
            (_, Value::List(elements)) => {
                for (index, element) in elements.iter().enumerate() {
                    write_only_at(&nested.block, element, &place.index(index), found);
                }
            }
            (_, Value::Set(elements)) => {
                let place = place.inside_set();
                elements.iter().for_each(|element| write_only_at(&nested.block, element, &place, found));
            }
            (_, Value::Map(entries)) => {
                for (key, element) in entries {
                    write_only_at(&nested.block, element, &place.key(key), found);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tf_provider::schema::Attribute;

    fn member() -> Block {
        Block::new("")
            .with(Attribute::optional("a", Type::String, ""))
            .with(Attribute::optional("key", Type::String, "").write_only())
    }

    fn block() -> Block {
        let pair = Type::object([("x", Type::String), ("y", Type::list(Type::Number))]);
        Block::new("")
            .with(Attribute::computed("pairs", Type::list(pair), ""))
            .with(Attribute::computed("labels", Type::map(Type::String), ""))
            .with_block(NestedBlock::new("one", Nesting::Single, member()))
            .with_block(NestedBlock::new("row", Nesting::List, member()))
            .with_block(NestedBlock::new("bag", Nesting::Set, member()))
            .with_block(NestedBlock::new("by_key", Nesting::Map, member()))
    }

    fn paths(found: &[Path]) -> Vec<String> {
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_missing_is_null_and_blocks_that_are_missing_are_none() {
        let whole =
            complete(&block(), Value::object([("pairs", Value::list_of([Value::object([("x", "1".into())])]))]));
        let pair = Value::object([("x", "1".into()), ("y", Value::Null)]);
        assert_eq!(*whole.get("pairs"), Value::list_of([pair]));
        assert!(whole.get("labels").is_null() && whole.get("one").is_null());
        assert_eq!(*whole.get("row"), Value::List(Vec::new()));
        assert_eq!(*whole.get("bag"), Value::Set(ValueSet::default()));
        assert_eq!(*whole.get("by_key"), Value::Map([].into()));
        assert_eq!(complete(&block(), whole.clone()), whole);
        assert_eq!(complete(&block(), Value::Null), Value::Null);
    }

    #[test]
    fn every_unknown_is_found_where_the_protocol_can_point_to() {
        let unknown = || Value::object([("a", Value::unknown())]);
        let state = Value::object([
            ("pairs", Value::list_of([Value::object([("y", Value::list_of([Value::unknown()]))])])),
            ("labels", Value::object([("k", Value::unknown())])),
            ("one", unknown()),
            ("row", Value::list_of([Value::object([("a", "known".into())]), unknown()])),
            ("bag", Value::set_of([unknown(), Value::object([("a", Value::unknown()), ("key", "k".into())])])),
        ]);
        let (settled, found) = settle(&block().ty(), state);
        assert!(settled.is_wholly_known());
        assert_eq!(paths(&found), ["bag", r#"labels["k"]"#, "one.a", "pairs[0].y[0]", "row[1].a"]);
        assert_eq!(settle(&block().ty(), settled.clone()), (settled, Vec::new()));
    }

    #[test]
    fn write_only_values_are_found_and_removed_in_every_nesting() {
        let held = || Value::object([("a", "a".into()), ("key", "secret".into())]);
        let config = Value::object([
            ("one", held()),
            ("row", Value::list_of([held()])),
            ("bag", Value::set_of([held()])),
            ("by_key", Value::object([("k", held())])),
        ]);
        let found = write_only_given(&block(), &config);
        assert_eq!(paths(&found), ["one.key", "row[0].key", "bag", r#"by_key["k"].key"#]);
        assert_eq!(write_only_given(&block(), &Value::object([("one", Value::unknown())])), []);
        let cleared = without_write_only(&block(), config);
        assert_eq!(write_only_given(&block(), &cleared), []);
        assert_eq!(cleared.get("one").get("a").as_str(), Some("a"));
        assert_eq!(without_write_only(&block(), Value::object([("one", Value::Null)])).get("one"), &Value::Null);
    }
}
