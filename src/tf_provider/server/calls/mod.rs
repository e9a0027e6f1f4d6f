//! What each call does, in the order of an object's life.

pub(super) mod data_source;
pub(super) mod function;
pub(super) mod lifecycle;
pub(super) mod offer;
pub(super) mod state;
pub(super) mod unoffered;

use super::proto::DynamicValue;
use super::registry::Declared;
use super::shape;
use super::wire::value::Codec;
use crate::tf_provider::diagnostics::{Diagnostic, Diagnostics};
use crate::tf_provider::schema::Block;
use crate::tf_provider::value::Value;

/// The state an operation returned, made fit for Terraform: complete, without
/// write-only values, and with null and an error for what is still unknown.
fn fit<T: ?Sized>(declared: &Declared<T>, wire: &Codec, state: Value) -> (Option<DynamicValue>, Diagnostics) {
    let block: &Block = &declared.schema.block;
    let (state, unknown) = shape::settle(&declared.ty, shape::without_write_only(block, state));
    let (message, mut told) = wire.salvage("state", &shape::complete(block, state));
    told.extend(unknown.into_iter().map(|path| {
        let detail = format!(
            "After the operation {path} is still unknown; null is recorded instead. This is a mistake in the \
             provider; please report it."
        );
        Diagnostic::error("The provider left a value unknown", detail).at(path)
    }));
    (message, told)
}
