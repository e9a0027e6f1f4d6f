//! The description of the API (OpenAPI 3.0), made of the model.

use axum::response::{IntoResponse, Response};
use serde_json::{Value as Json, json};

/// The description, as it is checked in below `docs/`.
pub fn describe() -> Json {
    json!({ "openapi": "3.0.3" })
}

/// Answers `/openapi.json`.
pub(super) async fn document() -> Response {
    axum::Json(describe()).into_response()
}
