//! Terraform's values (cty): what they are, and how they go over the wire.

//!
//! Bytes and JSON from outside are read without trust: whatever they are, reading
//! ends with a value of the type that was asked for or with a [`CodecError`], in
//! memory proportional to the input and on a bounded stack.

mod access;
#[cfg(test)]
mod arbitrary;
mod error;
mod json;
mod msgpack;
mod number;
mod set;
mod ty;

use std::collections::BTreeMap;

pub use error::{CodecError, CodecProblem, Kind};
pub use json::{from_json, to_json};
pub use msgpack::{from_msgpack, to_msgpack};
pub use number::{MAX_DIGITS, Number, NumberError};
pub use set::ValueSet;
pub use ty::Type;

/// How deep a type or a value may be nested.
pub const MAX_DEPTH: usize = 96;

/// A value of Terraform's type system.
///
/// Values do not carry their types: the schema says what an attribute holds, and
/// [`Type`] is asked where it matters (on the wire). The one exception is
/// [`Value::Dynamic`], whose type is chosen by the value.
///
/// `Debug` shows contents: never log a `Value`, it may hold a secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// Not set.
    Null,
    /// Not known until apply, maybe with something already known about it.
    Unknown(Option<Box<Refinement>>),
    /// A truth value.
    Bool(bool),
    /// An exact number.
    Number(Number),
    /// A text, in Unicode normal form C as Terraform delivers it.
    String(String),
    /// A list or a tuple: order matters.
    List(Vec<Value>),
    /// A set: equal to another when both hold the same elements, in any order.
    Set(ValueSet),
    /// A map or an object.
    Map(BTreeMap<String, Value>),
    /// A value of an attribute whose type is dynamic, with the type it chose.
    Dynamic(Box<(Type, Value)>),
}

/// What is known about an unknown value (cty's refinements).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Refinement {
    /// `Some(false)`: it will not be null.
    pub null: Option<bool>,
    /// A text it will begin with.
    pub prefix: Option<String>,
    /// The lowest number it can be, and whether that number itself is allowed.
    pub number_min: Option<(Number, bool)>,
    /// The highest number it can be, and whether that number itself is allowed.
    pub number_max: Option<(Number, bool)>,
    /// The fewest elements it can have.
    pub length_min: Option<i64>,
    /// The most elements it can have.
    pub length_max: Option<i64>,
}
