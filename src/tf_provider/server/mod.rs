//! The 28 calls of the protocol, answered from the traits a provider implements.
//!
//! | file | what it holds |
//! |---|---|
//! | `proto` | messages and service as generated from `proto/` |
//! | `service` | the table of calls: each runs in a task of its own, so that a panic stays in it |
//! | `shared` | what all calls share: the types on offer, and what may cancel an operation |
//! | `call` | what every call has: a name, a subject, and the answer when it cannot be carried out |
//! | `calls` | what each call does |
//! | `registry` | the types a provider offers, with their schemas |
//! | `wire` | schemas, values, private state and diagnostics as messages |
//! | `shape` | what a state must look like: complete, known, without write-only values |
//!
//! What goes wrong in a call is told in diagnostics, as Terraform shows them to
//! its user; a gRPC failure means that the call never arrived.

mod call;
mod calls;
pub(super) mod proto;
mod registry;
mod service;
mod shape;
mod shared;
#[cfg(test)]
pub(super) mod tests;
mod wire;

pub use registry::RegistryError;
pub(super) use service::ProviderService;
