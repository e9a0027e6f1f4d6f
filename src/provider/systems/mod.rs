//! The provider block: on which systems objects live.
//!
//! A block takes over its own objects. Without any, everything is on the embedded engine.
//!
//! | module | what it holds |
//! |---|---|
//! | [`embedded`] | the block of the engine |
//! | [`nsx`] | the block of a live NSX |
//! | [`openstack`] | the block of a live OpenStack |
//! | [`netmaster`] | the block of a live NetMaster |
//! | [`compute_agent`] | the block of a live compute agent |
//! | `block` | blocks of live systems, made of the tables of their settings |

mod block;
pub mod compute_agent;
pub mod embedded;
pub mod netmaster;
pub mod nsx;
pub mod openstack;

use std::sync::Arc;

use crate::backend::{Backend, BackendError, Systems};
use crate::tf_provider::{Context, Diagnostic, Diagnostics, NestedBlock, Path, Value};

/// Where live systems keep notes below Terraform's data folder.
const NOTES: &str = "vpn";

/// The blocks.
pub fn blocks() -> [NestedBlock; 5] {
    [embedded::block(), nsx::block(), openstack::block(), netmaster::block(), compute_agent::block()]
}

/// What is wrong with the blocks, as far as their values are known.
pub fn validate(config: &Value) -> Diagnostics {
    let mut diagnostics = embedded::validate(config);
    if has(config, nsx::NAME) {
        diagnostics.extend(nsx::validate(config));
    }
    if has(config, openstack::NAME) {
        diagnostics.extend(openstack::validate(config));
    }
    if has(config, netmaster::NAME) {
        diagnostics.extend(netmaster::validate(config));
    }
    if has(config, compute_agent::NAME) {
        diagnostics.extend(compute_agent::validate(config));
    }
    diagnostics
}

/// The systems that the blocks name, in use; the engine, where they name none.
pub async fn open(cx: &Context, config: &Value) -> Result<Arc<dyn Backend>, Diagnostics> {
    let nsx = if has(config, nsx::NAME) { Some(nsx::open(cx, config)?) } else { None };
    let openstack = if has(config, openstack::NAME) { Some(openstack::open(cx, config)?) } else { None };
    let netmaster = if has(config, netmaster::NAME) { Some(netmaster::open(cx, config)?) } else { None };
    let compute_agent = if has(config, compute_agent::NAME) { Some(compute_agent::open(cx, config)?) } else { None };
    let names_none = nsx.is_none() && openstack.is_none() && netmaster.is_none() && compute_agent.is_none();
    let engine = if names_none || has(config, embedded::NAME) { Some(embedded::open(config).await?) } else { None };
    Ok(Arc::new(Systems { nsx, openstack, netmaster, compute_agent, engine }))
}

/// What is said when the systems cannot be begun to work with.
pub fn unusable(config: &Value, error: &BackendError) -> Diagnostic {
    let names = [nsx::NAME, openstack::NAME, netmaster::NAME, compute_agent::NAME];
    match names.into_iter().find(|name| has(config, name)) {
        Some(name) => Diagnostic::error("The endpoint cannot be used", error.to_string()).at(Path::attribute(name)),
        None => Diagnostic::error("The engine's file cannot be used", error.to_string()).at(embedded::engine_path()),
    }
}

fn has(config: &Value, block: &str) -> bool {
    !config.get(block).is_null()
}
