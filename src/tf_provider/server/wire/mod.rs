//! Schemas, values, private state and diagnostics as messages.

pub(super) mod diagnostics;
pub(super) mod schema;
pub(super) mod value;
