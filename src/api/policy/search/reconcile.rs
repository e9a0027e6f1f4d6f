//! What searches look at, read anew: `search/reconcile`.
//!
//! An NSX has an index for it, which may fall behind. Here it is what is in memory of the
//! store, which is always as new as what is declared; whoever doubts that lets it be read
//! again. It is done when the request is answered.

use std::sync::Arc;

use axum::extract::{Extension, Request, State};
use axum::response::Response;
use serde_json::json;

use super::super::{Ask, done, json as answer};
use crate::api::Shared;
use crate::api::auth::Identity;
use crate::api::error::ApiError;

/// Why an index may have to be reconciled.
pub(in crate::api) const ACTIONS: [&str; 5] =
    ["COMPLETE_REINDEXING", "OPENSEARCH_RESTORE", "PRODUCT_RESTORE", "PRODUCT_UPGRADE", "REBALANCE"];
/// What the index is of: the parts of an NSX whose objects are here.
pub(in crate::api) const SCOPES: [&str; 3] = ["policy", "manager", "all"];
/// What an index is at without being told to.
const REGULAR: &str = "REGULAR_INDEXING";

/// Reads everything anew: `?action=`.
pub(in crate::api) async fn start(
    State(shared): State<Arc<Shared>>,
    Extension(user): Extension<Identity>,
    request: Request,
) -> Result<Response, ApiError> {
    let mut ask = Ask::of(shared, user, request)?;
    let missing = || ApiError::bad_request(format!("action is missing: {}.", ACTIONS.join(" or ")));
    ask.query.take_word("action", &ACTIONS)?.ok_or_else(missing)?;
    ask.query.take_word("scope", &SCOPES)?;
    // Whether one that is under way is begun anew: this one is done after it in any case.
    ask.query.take_bool("override")?;
    ask.query.end()?;
    ask.shared.read(|engine, _| Ok(engine.reconcile()?)).await?;
    Ok(done())
}

/// Whether that is under way.
pub(in crate::api) async fn status(
    State(shared): State<Arc<Shared>>,
    Extension(user): Extension<Identity>,
    request: Request,
) -> Result<Response, ApiError> {
    let mut ask = Ask::of(shared, user, request)?;
    let action = ask.query.take_word("action", &ACTIONS)?;
    ask.query.end()?;
    let state = if ask.shared.engine.is_reconciling() { "IN_PROGRESS" } else { "DONE" };
    Ok(answer(json!({ "action": action.as_deref().unwrap_or(REGULAR), "status": state }).to_string()))
}
