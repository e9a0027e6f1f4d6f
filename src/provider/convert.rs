//! Between Terraform's values and the model's documents.
//!
//! Both follow the same declaration: a field's name in HCL and its shape. Where
//! the API wraps a value in an object of its own, HCL has it bare.

use std::collections::HashMap;

use serde_json::Number as JsonNumber;

use crate::model::field::{Field, Record, Shape};
use crate::model::reading::canonical;
use crate::model::tree::{Fields, Tree};
use crate::tf_provider::{Number, Type, Value};

/// The type of the values of a shape, objects included.
pub fn type_of(shape: &Shape) -> Type {
    match shape {
        Shape::Bool => Type::Bool,
        Shape::Int(..) => Type::Number,
        Shape::List(element, ..) => Type::list(type_of(element)),
        Shape::Set(element, ..) | Shape::SetIn(_, element, ..) => Type::set(type_of(element)),
        Shape::Record(record) => object_type(record),
        Shape::Records(record, ..) => Type::list(object_type(record)),
        Shape::RecordSet(record, ..) => Type::set(object_type(record)),
        _ => Type::String,
    }
}

/// The type of an object that is found: a resource has blocks instead. No secret is
/// ever found.
fn object_type(record: &Record) -> Type {
    let found = shown(record).filter(|field| !field.secret);
    Type::object(found.map(|field| (field.hcl_name(), type_of(&field.shape))))
}

/// The fields of a record that Terraform shows.
pub fn shown(record: &Record) -> impl Iterator<Item = &Field> {
    record.fields.iter().filter(|field| !field.doc.is_empty())
}

/// The document that an object of `record` is. Fields the system sets are left
/// out.
pub fn to_tree(record: &Record, value: &Value) -> Tree {
    match value {
        Value::Null => Tree::Null,
        Value::Unknown(_) => Tree::Unknown,
        value => {
            let configurable = shown(record).filter(|field| field.is_configurable());
            let fields = configurable
                .map(|field| (field.name.to_owned(), leaf_to_tree(&field.shape, value.get(field.hcl_name()))));
            Tree::Object(fields.filter(|(_, tree)| !tree.is_null()).collect())
        }
    }
}

/// The document that a value of `shape` is.
pub fn leaf_to_tree(shape: &Shape, value: &Value) -> Tree {
    let elements = |each: &dyn Fn(&Value) -> Tree| Tree::List(value.elements().map(each).collect());
    match (shape, value) {
        (_, Value::Null) => Tree::Null,
        (_, Value::Unknown(_)) => Tree::Unknown,
        (_, Value::Bool(value)) => Tree::Bool(*value),
        (_, Value::String(text)) => Tree::Text(text.clone()),
        (_, Value::Number(number)) => {
            number.to_string().parse::<JsonNumber>().map_or(Tree::Text(number.to_string()), Tree::Number)
        }
        (Shape::List(element, ..) | Shape::Set(element, ..) | Shape::SetIn(_, element, ..), _) => {
            elements(&|item| leaf_to_tree(element, item))
        }
        // A block that is not written is an empty list, and the API knows no
        // difference between that and none.
        (Shape::Records(..) | Shape::RecordSet(..), value) if value.elements().next().is_none() => Tree::Null,
        (Shape::Records(record, ..) | Shape::RecordSet(record, ..), _) => elements(&|item| to_tree(record, item)),
        (Shape::Record(record), value) => to_tree(record, value),
        _ => Tree::Null,
    }
}

/// What a user can write of a shape to say that there is nothing.
pub fn nothing(shape: &Shape) -> Option<Value> {
    match shape {
        Shape::Text(0, _) => Some(Value::from("")),
        Shape::List(_, 0, _) => Some(Value::List(Vec::new())),
        Shape::Set(_, 0, _) | Shape::SetIn(_, _, 0, _) => Some(Value::Set(Vec::new().into_iter().collect())),
        _ => None,
    }
}

/// The value of a field with this document.
pub fn to_value(shape: &Shape, tree: &Tree) -> Value {
    let elements = |element: &Shape| tree.items().iter().map(|item| to_value(element, item)).collect::<Vec<_>>();
    let objects = |record: &Record| tree.items().iter().map(|item| object_value(record, item)).collect::<Vec<_>>();
    match (shape, tree) {
        (_, Tree::Unknown) => Value::unknown(),
        (shape, Tree::Null) if nothing(shape).is_some() => nothing(shape).unwrap_or(Value::Null),
        (Shape::Records(..), Tree::Null) => Value::List(Vec::new()),
        (Shape::RecordSet(..), Tree::Null) => Value::Set(Vec::new().into_iter().collect()),
        (_, Tree::Null) => Value::Null,
        (_, Tree::Bool(value)) => Value::Bool(*value),
        (_, Tree::Text(text)) => Value::from(text.as_str()),
        (_, Tree::Number(number)) => Number::parse(&number.to_string()).map_or(Value::Null, Value::Number),
        (Shape::List(element, ..), _) => Value::List(elements(element)),
        (Shape::Set(element, ..), _) => Value::Set(elements(element).into_iter().collect()),
        (Shape::SetIn(name, element, ..), _) => {
            let bare = |item: &Tree| to_value(element, if item.get(name).is_null() { item } else { item.get(name) });
            Value::Set(tree.items().iter().map(bare).collect())
        }
        (Shape::Records(record, ..), _) => Value::List(objects(record)),
        (Shape::RecordSet(record, ..), _) => Value::Set(objects(record).into_iter().collect()),
        (Shape::Record(record), tree) => object_value(record, tree),
        _ => Value::Null,
    }
}

fn object_value(record: &Record, tree: &Tree) -> Value {
    if matches!(tree, Tree::Unknown) {
        return Value::unknown();
    }
    Value::object(shown(record).map(|field| (field.hcl_name(), to_value(&field.shape, tree.get(field.name)))))
}

/// `value` without the secrets in it, as a data source finds it.
pub fn without_secrets(shape: &Shape, value: Value) -> Value {
    match (shape, value) {
        (Shape::Record(record) | Shape::Records(record, ..) | Shape::RecordSet(record, ..), Value::Map(mut fields)) => {
            let found = shown(record).filter(|field| !field.secret);
            Value::object(found.filter_map(|field| {
                let value = fields.remove(field.hcl_name())?;
                Some((field.hcl_name(), without_secrets(&field.shape, value)))
            }))
        }
        (shape, Value::List(items)) => {
            Value::List(items.into_iter().map(|item| without_secrets(shape, item)).collect())
        }
        (shape, Value::Set(items)) => Value::Set(items.into_iter().map(|item| without_secrets(shape, item)).collect()),
        (_, value) => value,
    }
}

/// Whether two values of `shape` mean the same, whatever their spelling.
pub fn same(shape: &Shape, one: &Value, other: &Value) -> bool {
    one == other || {
        let (one, other) = (leaf_to_tree(shape, one), leaf_to_tree(shape, other));
        !one.has_unknown() && !other.has_unknown() && canonical(shape, &one) == canonical(shape, &other)
    }
}

/// `now`, but in the spelling of `before` wherever both mean the same.
pub fn respelled(shape: &Shape, before: &Value, now: Value) -> Value {
    if before.is_null() || before.is_unknown() || before == &now {
        return now;
    }
    match (shape, &now) {
        (Shape::Record(record), Value::Map(_)) => respelled_object(record, before, now),
        (Shape::Records(record, ..), Value::List(items)) => {
            let mut old = before.elements();
            let spelled = items.iter().map(|item| match old.next() {
                Some(old) => respelled_object(record, old, item.clone()),
                None => item.clone(),
            });
            Value::List(spelled.collect())
        }
        (Shape::RecordSet(record, key, ..), Value::Set(items)) => {
            let twins = Twins::of(record, key, before);
            let spelled = items.iter().map(|item| match twins.find(item) {
                Some(old) => respelled_object(record, old, item.clone()),
                None => item.clone(),
            });
            Value::Set(spelled.collect())
        }
        (shape, now_value) if is_plain(shape) && same(shape, before, now_value) => before.clone(),
        _ => now,
    }
}

/// Whether a shape holds no objects.
fn is_plain(shape: &Shape) -> bool {
    shape.record().is_none()
}

/// The elements of a set, to be found by what tells one from another.
struct Twins<'a> {
    record: &'a Record,
    key: Option<&'a str>,
    by_key: HashMap<&'a Value, &'a Value>,
    all: &'a Value,
}

impl<'a> Twins<'a> {
    fn of(record: &'a Record, key: &str, set: &'a Value) -> Self {
        let key = record.fields.iter().find(|field| field.name == key).map(Field::hcl_name);
        let by_key = key.map(|key| set.elements().map(|item| (item.get(key), item)).collect()).unwrap_or_default();
        Self { record, key, by_key, all: set }
    }

    /// The element that stands for the same thing as `item`.
    fn find(&self, item: &Value) -> Option<&'a Value> {
        match self.key {
            Some(key) => self.by_key.get(item.get(key)).copied(),
            None => self.all.elements().find(|old| same_object(self.record, old, item)),
        }
    }
}

fn same_object(record: &Record, one: &Value, other: &Value) -> bool {
    shown(record).all(|field| same(&field.shape, one.get(field.hcl_name()), other.get(field.hcl_name())))
}

fn respelled_object(record: &Record, before: &Value, now: Value) -> Value {
    let Value::Map(mut now) = now else { return now };
    for field in shown(record) {
        if let Some(value) = now.remove(field.hcl_name()) {
            now.insert(field.hcl_name().to_owned(), respelled(&field.shape, before.get(field.hcl_name()), value));
        }
    }
    Value::Map(now)
}

/// The declared fields of an object as a document, from those of its state or
/// its plan.
pub fn declared(records: &[&Record], value: &Value) -> Tree {
    let mut all = Fields::new();
    for record in records {
        if let Tree::Object(fields) = to_tree(record, value) {
            all.extend(fields);
        }
    }
    Tree::Object(all)
}
