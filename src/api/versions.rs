//! Which versions of OpenStack's APIs there are. Clients look here first, at the URL they
//! were given for logging in or at that of the catalog.

use axum::Json;
use axum::extract::Request;
use serde_json::{Value, json};

use super::host::Base;

/// Version 2.0 of the network API.
fn network(base: &Base) -> Value {
    let link = json!({ "rel": "self", "href": format!("{base}/v2.0/") });
    json!({ "id": "v2.0", "status": "CURRENT", "links": [link] })
}

/// Version 3 of the identity API, at `address`.
pub(super) fn identity(base: &Base, address: &str) -> Value {
    let link = json!({ "rel": "self", "href": format!("{base}{address}/") });
    json!({
        "id": "v3.14",
        "status": "stable",
        "updated": "2020-04-07T00:00:00Z",
        "links": [link],
        "media-types": [{ "base": "application/json", "type": "application/vnd.openstack.identity-v3+json" }],
    })
}

/// Answers `/`: what the network API says there, and the identity API besides, so that one
/// URL is enough.
pub(super) async fn all(request: Request) -> Json<Value> {
    let (parts, _) = request.into_parts();
    let base = Base::of(&parts);
    Json(json!({ "versions": [network(&base), identity(&base, "/v3")] }))
}
