//! A Terraform provider layer: everything between the plugin protocol and the
//! code that creates, reads, updates and deletes objects. It knows nothing of
//! what those objects are and serves any provider.
//!
//! A provider implements [`Provider`], and one [`Resource`], [`DataSource`] or
//! [`Function`] for each that it offers; [`serve`] does the rest.
//!
//! | module | what it holds |
//! |---|---|
//! | [`value`] | cty: types and values, with unknowns, exact numbers and sets; their msgpack and JSON codecs |
//! | [`path`] | the way to an attribute: `rule[0].sources` |
//! | [`diagnostics`] | errors and warnings with the attribute they are about |
//! | [`schema`] | attributes and blocks: types, modes, defaults, validators, plan modifiers |
//! | [`plan`] | from configuration and prior state to planned state and the attributes that force a replacement |
//! | [`validate`] | what the schema alone finds wrong with a configuration |
//! | [`provider`] | the traits a provider implements |
//! | [`function`] | the trait of its functions |
//! | `server` | the 28 calls of the protocol, answered from those traits |
//! | `plugin` | the process contract: handshake, socket, mutual TLS, logs, reattach, shutdown |
//!
//! What Terraform demands of a provider and this layer sees to: unknown values
//! survive planning and never reach an `apply`; a planned value is what the
//! configuration says or a value the provider may choose; an object that was
//! created is reported even when a later step failed; private state is handed
//! back untouched; secrets are in no log.

pub mod diagnostics;
pub mod function;
pub mod path;
mod place;
pub mod plan;
pub mod plugin;
pub mod provider;
pub mod schema;
mod server;
pub mod validate;
pub mod value;

pub use diagnostics::{Diagnostic, Diagnostics, Severity};
pub use function::{Function, FunctionError, Parameter, Signature};
pub use path::{Path, Step};
pub use plugin::{ServeError, ServeOptions, serve};
pub use provider::{
    Applied, Context, CreateRequest, DataSource, DeleteRequest, Found, ImportRequest, Imported, PlanRequest, Private,
    Provider, ReadRequest, ReadResponse, Resource, UpdateRequest,
};
pub use schema::{Attribute, Block, NestedBlock, Nesting, Replace, Schema};
pub use value::{Number, Type, Value};
