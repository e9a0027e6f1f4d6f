//! What can be wrong with a value on the wire.

use std::fmt;

use crate::tf_provider::path::{Path, Step};

use super::number::NumberError;
use super::{MAX_DEPTH, Type, Value};

/// A value that cannot be read or written, and which one.
///
/// Attribute names are told; contents never are, because they may be secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{problem}", AtPath(.path))]
pub struct CodecError {
    /// Where, from the value that was to be read or written. It ends at a set
    /// when the trouble is in one of the set's elements.
    pub path: Path,
    /// What is wrong.
    pub problem: CodecProblem,
}

struct AtPath<'a>(&'a Path);

impl fmt::Display for AtPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_root() { Ok(()) } else { write!(f, "{}: ", self.0) }
    }
}

/// What is wrong with a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodecProblem {
    /// The value is of another kind than its type.
    #[error("expected {expected}, found {found}")]
    Mismatch {
        /// What the type asks for.
        expected: Kind,
        /// What there is.
        found: Kind,
    },
    /// The object does not have an attribute of its type.
    #[error("attribute {0:?} is missing")]
    MissingAttribute(String),
    /// The object has an attribute that its type does not have.
    #[error("there is no attribute {0:?}")]
    UnknownAttribute(String),
    /// An object or a map has a name twice.
    #[error("{0:?} is there twice")]
    Repeated(String),
    /// The tuple does not have as many elements as its type.
    #[error("expected {expected} elements, found {found}")]
    TupleLength {
        /// How many the type has.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// Not a number.
    #[error(transparent)]
    Number(#[from] NumberError),
    /// The number is infinite, and JSON has no infinity.
    #[error("an infinite number cannot be written as JSON")]
    Infinite,
    /// The value is unknown, and JSON has no unknown values.
    #[error("an unknown value cannot be written as JSON")]
    Unknown,
    /// A text is not UTF-8.
    #[error("the text is not UTF-8")]
    NotUtf8,
    /// The input ends too early, or announces more than it has.
    #[error("the input ends too early")]
    Truncated,
    /// There is more input after the value.
    #[error("{0} bytes follow the value")]
    Trailing(usize),
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// More elements or bytes than msgpack can announce.
    #[error("too long: {0} elements or bytes")]
    TooLong(usize),
    /// There was no room to write it.
    #[error("there is no room to write the value")]
    NoRoom,
    /// A dynamic value is not a type and a value.
    #[error("a dynamic value must be its type and the value")]
    NotDynamic,
    /// The spelling of a type is not one.
    #[error("{0} is not a type")]
    NotAType(String),
    /// The refinement of an unknown value is malformed.
    #[error("the refinement of an unknown value is malformed")]
    Refinement,
}

/// What a value is, or should be, as told in a [`CodecError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Null.
    Null,
    /// An unknown value.
    Unknown,
    /// A bool.
    Bool,
    /// A number.
    Number,
    /// A string.
    String,
    /// A byte string.
    Bytes,
    /// A list, a set or a tuple.
    Sequence,
    /// A map or an object.
    Mapping,
    /// A value with its type.
    Dynamic,
    /// Nothing the format defines.
    Invalid,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Unknown => "an unknown value",
            Self::Bool => "a bool",
            Self::Number => "a number",
            Self::String => "a string",
            Self::Bytes => "bytes",
            Self::Sequence => "a list",
            Self::Mapping => "a map or an object",
            Self::Dynamic => "a value with its type",
            Self::Invalid => "nothing valid",
        })
    }
}

impl From<&Type> for Kind {
    fn from(ty: &Type) -> Self {
        match ty {
            Type::Bool => Self::Bool,
            Type::Number => Self::Number,
            Type::String => Self::String,
            Type::Dynamic => Self::Dynamic,
            Type::List(_) | Type::Set(_) | Type::Tuple(_) => Self::Sequence,
            Type::Map(_) | Type::Object(_) => Self::Mapping,
        }
    }
}

impl From<&Value> for Kind {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Unknown(_) => Self::Unknown,
            Value::Bool(_) => Self::Bool,
            Value::Number(_) => Self::Number,
            Value::String(_) => Self::String,
            Value::List(_) | Value::Set(_) => Self::Sequence,
            Value::Map(_) => Self::Mapping,
            Value::Dynamic(_) => Self::Dynamic,
        }
    }
}

/// A problem on its way up to the caller, collecting the steps to where it is.
#[derive(Debug)]
pub(super) struct Fault {
    problem: CodecProblem,
    /// From the inside out.
    steps: Vec<Step>,
}

impl Fault {
    pub(super) fn mismatch(expected: impl Into<Kind>, found: impl Into<Kind>) -> Self {
        CodecProblem::Mismatch { expected: expected.into(), found: found.into() }.into()
    }

    pub(super) fn index(mut self, index: usize) -> Self {
        self.steps.push(Step::Index(i64::try_from(index).unwrap_or(i64::MAX)));
        self
    }

    pub(super) fn key(mut self, key: &str) -> Self {
        self.steps.push(Step::Key(key.to_owned()));
        self
    }

    pub(super) fn attribute(mut self, name: &str) -> Self {
        self.steps.push(Step::Attribute(name.to_owned()));
        self
    }

    /// No path leads into a set.
    pub(super) fn in_set(mut self) -> Self {
        self.steps.clear();
        self
    }
}

impl<P: Into<CodecProblem>> From<P> for Fault {
    fn from(problem: P) -> Self {
        Self { problem: problem.into(), steps: Vec::new() }
    }
}

impl From<Fault> for CodecError {
    fn from(fault: Fault) -> Self {
        Self { path: fault.steps.into_iter().rev().collect(), problem: fault.problem }
    }
}
