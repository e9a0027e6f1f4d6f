//! The manager API of NSX, as far as something here is known to it: live traces.
//!
//! | module | what it holds |
//! |---|---|
//! | `live_traces` | sessions, and what they have seen |
//!
//! It names objects by UUIDs. The UUID of a live trace of the policy API is that of what
//! realizes it, so that both APIs show the same ones.

mod live_traces;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use super::Shared;
use super::router::only_get;

/// The addresses.
pub(super) fn routes() -> Router<Arc<Shared>> {
    let sessions = get(live_traces::list).post(live_traces::create).fallback(live_traces::only_get_or_post);
    let session = get(live_traces::read).delete(live_traces::delete).fallback(live_traces::only_get_or_delete);
    Router::new()
        .route("/api/v1/livetraces", sessions)
        .route("/api/v1/livetraces/{id}", session)
        .route("/api/v1/livetraces/{id}/results", only_get(get(live_traces::results)))
}
