//! The version and the health of the node.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use super::Shared;
use super::error::ApiError;
use super::router::only_get;
use crate::model::{PolicyPath, system};

/// The release of NSX whose API this is: clients ask, to know what they may use. It is the
/// latest whose routes clients read under both names.
const NSX: &str = "4.2.0.0.0";

/// The routes.
pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/api/v1/node/version", only_get(get(version)))
        .route("/policy/api/v1/node/version", only_get(get(version)))
        .route("/api/v1/reverse-proxy/node/health", only_get(get(health)))
}

/// Asks the engine for something that is always there.
pub(super) async fn engine_answers(shared: &Arc<Shared>) -> Result<(), ApiError> {
    let path = PolicyPath::parse(system::TIER_0).map_err(|_| ApiError::lost())?;
    shared.read(move |engine, _| Ok(engine.holds(&path).map(|_| ())?)).await
}

async fn version() -> Response {
    Json(json!({ "node_version": NSX, "product_version": NSX })).into_response()
}

/// Whether the engine answers.
async fn health(State(shared): State<Arc<Shared>>) -> Result<Response, ApiError> {
    engine_answers(&shared).await?;
    Ok(Json(json!({ "healthy": true, "components_health": "POLICY:UP" })).into_response())
}
