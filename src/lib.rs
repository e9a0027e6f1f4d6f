//! A Terraform provider for IPSec VPNs, and the engine that executes what it
//! declares.
//!
//! The rooms, from the bottom up; each may use the ones below it and none above:
//!
//! | room | why it exists |
//! |---|---|
//! | [`model`] | the nouns: every object kind, its attributes, ranges, defaults and rules. No I/O, no clock |
//! | [`engine`] | the embedded engine: intent, its references and revisions, and the durable store |
//! | [`backend`] | where objects live: one trait, and the embedded engine behind it |
//! | [`api`] | the engine over HTTP, one module for each API it speaks |
//! | [`tf_provider`] | Terraform's side of the wire: values, schemas, planning, the plugin protocol. Knows nothing of VPNs |
//! | [`provider`] | the Terraform face of the model: resources and data sources over a backend |
//! | [`cli`] | what the binary does when it is not started by Terraform |
//!
//! `model` and `tf_provider` know nobody. A test reads the `use` lines and fails
//! on an arrow that points up.

pub mod api;
pub mod backend;
pub mod cli;
pub mod engine;
pub mod model;
pub mod provider;
pub mod tf_provider;
