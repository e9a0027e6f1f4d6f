//! Functions: `provider::vpn::NAME(…)`. Each gives what the engine computes, from its arguments
//! alone.
//!
//! | module | what it holds |
//! |---|---|
//! | `prefix_lists` | what a prefix list lets pass, and its one spelling |
//! | `packets` | what ESP adds to a packet, and the TCP segments that fit |
//! | `proposals` | what two ends of a session agree on |
//! | `tunnels` | the two ends of a point-to-point network |
//! | `paths` | policy paths, taken apart and put together |
//! | `numbers` | spellings of AS numbers and communities |
//! | `call` | from Terraform's values to what is computed, and back |
//!
//! A function is declared as an object is: its arguments are the fields of a record, so that
//! their checks, spellings, defaults and texts are those of every other field.

mod call;
mod numbers;
mod packets;
mod paths;
mod prefix_lists;
mod proposals;
#[cfg(test)]
mod tests;
mod tunnels;

use std::sync::Arc;

use super::convert::type_of;
use super::schema::describe;
use crate::model::field::{Field, Presence, Record, Shape};
use crate::model::{Problem, Tree};
use crate::tf_provider::{Function, FunctionError, Parameter, Signature, Type, Value};

/// A function, declared.
pub struct Declaration {
    /// Its name, after `provider::vpn::`.
    pub name: &'static str,
    /// What it is for, in one line.
    pub summary: &'static str,
    /// What it does and gives, in Markdown.
    pub doc: &'static str,
    /// Its arguments, in their order. The last one may be optional: then it can be left out.
    pub arguments: &'static Record,
    /// What it gives.
    pub answer: Shape,
    /// Computes it from the arguments, which have been read and are known. What is wrong is
    /// said at the place of an argument.
    pub compute: fn(&Tree) -> Result<Tree, Problem>,
}

/// Every function.
pub static DECLARATIONS: [&Declaration; 11] = [
    &numbers::ASN_DOT,
    &numbers::ASN_PLAIN,
    &numbers::BGP_COMMUNITY,
    &packets::EFFECTIVE_MSS,
    &packets::ESP_OVERHEAD,
    &paths::POLICY_PATH_JOIN,
    &paths::POLICY_PATH_PARSE,
    &prefix_lists::PREFIX_LIST_NORMALIZE,
    &prefix_lists::PREFIX_LIST_PERMITS,
    &proposals::PROPOSALS_COMMON,
    &tunnels::TUNNEL_PAIR,
];

/// The functions as Terraform is offered them.
pub fn functions() -> Vec<Arc<dyn Function>> {
    DECLARATIONS.iter().map(|declaration| -> Arc<dyn Function> { Arc::new(Declared(declaration)) }).collect()
}

/// What the fields of a record become in an answer, by their names.
fn answer(fields: impl IntoIterator<Item = (&'static str, Tree)>) -> Tree {
    Tree::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

struct Declared(&'static Declaration);

impl Declaration {
    /// The arguments that have to be there.
    pub fn required(&self) -> impl Iterator<Item = &'static Field> {
        self.arguments.fields.iter().filter(|field| field.presence == Presence::Required)
    }

    /// The argument that may be left out.
    pub fn optional(&self) -> Option<&'static Field> {
        self.arguments.fields.iter().find(|field| field.presence == Presence::Optional)
    }

    /// The type of its answer.
    pub fn returns(&self) -> Type {
        type_of(&self.answer)
    }
}

/// The type of an argument. Objects are of any type, because those of Terraform have all of
/// their attributes: here most may be left out.
pub fn argument_type(field: &Field) -> Type {
    if field.shape.record().is_some() { Type::Dynamic } else { type_of(&field.shape) }
}

impl Function for Declared {
    fn name(&self) -> &str {
        self.0.name
    }

    fn signature(&self) -> Signature {
        // What is known of an argument is checked, even if not all of it is.
        let parameter =
            |field: &Field| Parameter::new(field.name, argument_type(field), describe(field, true)).or_unknown();
        Signature {
            summary: self.0.summary.to_owned(),
            description: self.0.doc.to_owned(),
            parameters: self.0.required().map(parameter).collect(),
            variadic: self.0.optional().map(|field| parameter(field).or_null()),
            returns: self.0.returns(),
        }
    }

    fn call(&self, arguments: &[Value]) -> Result<Value, FunctionError> {
        call::call(self.0, arguments)
    }
}
