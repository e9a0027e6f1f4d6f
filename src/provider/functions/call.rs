//! A call: the arguments read, the answer computed, and what is wrong told.

use super::Declaration;
use crate::model::field::{Field, Record, Shape};
use crate::model::problem::{Gravity, Problem, Step};
use crate::model::reading::read_input;
use crate::model::tree::Fields;
use crate::model::{Kind, Tree, kind_of_record};
use crate::provider::convert::to_value;
use crate::provider::schema::result_name;
use crate::tf_provider::{FunctionError, Value};

/// Calls the function that `declaration` declares. Where something that counts is unknown, so
/// is the answer.
pub fn call(declaration: &Declaration, arguments: &[Value]) -> Result<Value, FunctionError> {
    let fields = declaration.arguments.fields;
    if arguments.len() > fields.len() {
        let text = format!("{} takes at most {} arguments", declaration.name, fields.len());
        return Err(FunctionError::at(fields.len(), text));
    }
    let given =
        fields.iter().zip(arguments).map(|(field, value)| (field.name.to_owned(), document(&field.shape, value)));
    let reading = read_input(declaration.arguments, &Tree::Object(given.collect()));
    let refused: Vec<_> = reading.problems.iter().filter(|problem| problem.gravity == Gravity::Refused).collect();
    if !refused.is_empty() {
        return Err(told(fields, &refused));
    }
    if reading.tree.has_unknown() {
        return Ok(Value::unknown());
    }
    let answer = (declaration.compute)(&reading.tree).map_err(|problem| told(fields, &[&problem]))?;
    Ok(to_value(&declaration.answer, &answer))
}

/// What is refused of the first argument of which something is.
fn told(fields: &[Field], refused: &[&Problem]) -> FunctionError {
    let argument = |problem: &Problem| match problem.at.0.first() {
        Some(Step::Field(name)) => fields.iter().position(|field| field.name == *name),
        _ => None,
    };
    let first = refused.first().and_then(|problem| argument(problem));
    let of_it = refused.iter().filter(|problem| argument(problem) == first);
    let texts: Vec<_> = of_it.map(|problem| text(problem)).collect();
    // Terraform puts the last full stop.
    FunctionError { text: texts.join(" ").trim_end_matches('.').to_owned(), argument: first }
}

/// `prefixes[0].ge: …`, or without a place where the whole argument is meant: Terraform names it.
fn text(problem: &Problem) -> String {
    let Problem { at, what, hint, .. } = problem;
    if at.0.len() < 2 { format!("{what}. {hint}") } else { format!("{at}: {what}. {hint}") }
}

/// The document that an argument is, with everything in it that the shape does not have, so
/// that a mistyped name is found.
fn document(shape: &Shape, value: &Value) -> Tree {
    match (shape, value.inner()) {
        (Shape::Record(record), Value::Map(_)) => object(record, value),
        (Shape::Records(record, ..), Value::List(_)) => {
            Tree::List(value.elements().map(|element| document(&Shape::Record(record), element)).collect())
        }
        // The elements of a set have no order, and theirs means something: it is refused as no list.
        (Shape::Records(..), Value::Set(_)) => Tree::Object(Fields::new()),
        (_, value) => plain(value),
    }
}

/// The document of an object of `record`. A whole resource or data source may stand for it: what
/// each of them has beyond the record is left aside.
fn object(record: &'static Record, value: &Value) -> Tree {
    let Some(given) = value.as_map() else { return plain(value) };
    let kind = kind_of_record(record);
    let counts = |name: &String| kind.is_none_or(|kind| !every_object_has(kind, name));
    let fields = given.iter().filter(|(name, _)| counts(name)).map(|(name, value)| {
        let value = match record.fields.iter().find(|field| field.hcl_name() == name) {
            Some(field) => document(&field.shape, value),
            None => plain(value),
        };
        (name.clone(), value)
    });
    Tree::Object(fields.collect())
}

/// Whether resources and data sources of every kind have the attribute `name`.
fn every_object_has(kind: &Kind, name: &str) -> bool {
    name == "id" || kind.common().fields.iter().any(|field| field.hcl_name() == name || result_name(field) == name)
}

/// A value as a document, whatever it is.
fn plain(value: &Value) -> Tree {
    match value.inner() {
        Value::Null | Value::Dynamic(_) => Tree::Null,
        Value::Unknown(_) => Tree::Unknown,
        Value::Bool(truth) => Tree::Bool(*truth),
        Value::String(text) => Tree::Text(text.clone()),
        Value::Number(number) => number.to_string().parse().map_or(Tree::Text(number.to_string()), Tree::Number),
        Value::List(elements) => Tree::List(elements.iter().map(plain).collect()),
        Value::Set(elements) => Tree::List(elements.iter().map(plain).collect()),
        Value::Map(entries) => {
            Tree::Object(entries.iter().map(|(name, value)| (name.clone(), plain(value))).collect::<Fields>())
        }
    }
}
