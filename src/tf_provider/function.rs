//! Functions of a provider: `provider::NAME::function(…)` in a configuration.
//!
//! Terraform calls them on a provider that nobody has configured, as often as it likes and
//! in any order: what a function gives depends on its arguments alone.

use super::value::{Type, Value};

/// A function.
pub trait Function: Send + Sync + 'static {
    /// Its name, without that of the provider.
    fn name(&self) -> &str;

    /// What it takes and gives.
    fn signature(&self) -> Signature;

    /// Computes the answer, which is a value of [`Signature::returns`].
    ///
    /// There is an argument for each of [`Signature::parameters`], then any number for
    /// [`Signature::variadic`], each a value of its type. None is null or holds anything
    /// unknown unless its parameter allows that.
    fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError>;
}

/// What a function takes and gives.
#[derive(Clone, Debug)]
pub struct Signature {
    /// What it is for, in one line.
    pub summary: String,
    /// What it does, in Markdown.
    pub description: String,
    /// The arguments that have to be there, in their order.
    pub parameters: Vec<Parameter>,
    /// What any number of further arguments are.
    pub variadic: Option<Parameter>,
    /// The type of the answer.
    pub returns: Type,
}

/// What an argument may be.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name, for messages.
    pub name: String,
    /// Its type: Terraform converts what it is given, or refuses it.
    pub ty: Type,
    /// What it means, in Markdown.
    pub description: String,
    /// Whether it may be null.
    pub allows_null: bool,
    /// Whether it may be, or hold, something unknown. Otherwise the answer to such a call
    /// is unknown, and the function is not asked.
    pub allows_unknown: bool,
}

impl Parameter {
    /// An argument that is neither null nor unknown.
    pub fn new(name: impl Into<String>, ty: Type, description: impl Into<String>) -> Self {
        Self { name: name.into(), ty, description: description.into(), allows_null: false, allows_unknown: false }
    }

    /// It may be null.
    #[must_use]
    pub fn or_null(self) -> Self {
        Self { allows_null: true, ..self }
    }

    /// It may be, or hold, something unknown.
    #[must_use]
    pub fn or_unknown(self) -> Self {
        Self { allows_unknown: true, ..self }
    }
}

impl Signature {
    /// What the argument at `position` may be, from 0; none beyond the last one there can be.
    pub fn parameter(&self, position: usize) -> Option<&Parameter> {
        self.parameters.get(position).or(self.variadic.as_ref())
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct FunctionError {
    /// What is wrong. Terraform puts it after a colon and a full stop after it.
    pub text: String,
    /// The argument that is wrong, from 0; none: the call as a whole.
    pub argument: Option<usize>,
}

impl FunctionError {
    /// The call as a whole is wrong.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), argument: None }
    }

    /// The argument at `position` is wrong, from 0.
    pub fn at(position: usize, text: impl Into<String>) -> Self {
        Self { text: text.into(), argument: Some(position) }
    }
}
