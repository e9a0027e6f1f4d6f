//! Which handler answers which address.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use hyper::body::Body as _;

use super::access_log::{AccessLog, Line};
use super::auth::{self, Identity};
use super::error::ApiError;
use super::server::Peer;
use super::{Shared, address, identity, neutron, node, openapi, policy, versions};
use crate::engine::Moment;
use crate::model::timestamp::Timestamp;

/// All addresses. `log` says whether a line is written for each request.
pub(super) fn router(shared: &Arc<Shared>, log: bool) -> Router {
    let open = Router::new()
        .route("/healthz", only_get(get(healthz)))
        .route("/openapi.json", only_get(get(openapi::document)))
        .route("/", only_get(get(versions::all)))
        .merge(auth::routes())
        .merge(identity::routes())
        .merge(neutron::routes(shared));
    let guarded = Router::new()
        .route("/metrics", only_get(get(metrics)))
        .merge(node::routes())
        .merge(policy::routes())
        .fallback(policy::at_a_path)
        .layer(from_fn_with_state(Arc::clone(shared), auth::guard));
    let routes = open.merge(guarded).with_state(Arc::clone(shared));
    // The path is rewritten before a route is looked for.
    let behind_the_proxy = tower::ServiceBuilder::new().map_request(strip).service(routes);
    let observed = Observed { shared: Arc::clone(shared), log: AccessLog::new(log) };
    Router::new().fallback_service(behind_the_proxy).layer(from_fn_with_state(Arc::new(observed), observe))
}

/// A route that is only read.
pub(super) fn only_get(route: MethodRouter<Arc<Shared>>) -> MethodRouter<Arc<Shared>> {
    route.fallback(|| async { ApiError::method_not_allowed("GET") })
}

/// Takes away what a reverse proxy has put before the path.
fn strip(mut request: Request) -> Request {
    let stripped = address::behind_the_proxy(request.uri().path());
    if stripped.len() < request.uri().path().len() {
        let rest = match request.uri().query() {
            Some(query) => format!("{stripped}?{query}"),
            None => stripped.to_owned(),
        };
        if let Ok(uri) = rest.parse::<Uri>() {
            *request.uri_mut() = uri;
        }
    }
    request
}

/// What sees every request.
struct Observed {
    shared: Arc<Shared>,
    log: AccessLog,
}

/// Counts a request, and writes its line.
async fn observe(State(observed): State<Arc<Observed>>, request: Request, next: Next) -> Response {
    let begin = Instant::now();
    let _under_way = observed.shared.metrics.request();
    let method = request.method().clone();
    let logged = observed.log.is_enabled().then(|| {
        let remote = request.extensions().get::<Peer>().map(|peer| peer.address.to_string()).unwrap_or_default();
        (request.uri().path().to_owned(), remote)
    });
    let response = next.run(request).await;
    let (took, status) = (begin.elapsed(), response.status().as_u16());
    observed.shared.metrics.answered(&method, status, took);
    if let Some((path, remote)) = logged {
        observed.log.write(Line {
            time: Timestamp(Moment::from_clock().0).to_string(),
            remote: &remote,
            user: response.extensions().get::<Identity>().map(|identity| &*identity.name),
            method: method.as_str(),
            path: &path,
            status,
            bytes: response.body().size_hint().exact(),
            duration_us: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            left_out: 0,
        });
    }
    response
}

/// Whether the engine answers.
async fn healthz(State(shared): State<Arc<Shared>>) -> Result<Response, ApiError> {
    node::engine_answers(&shared).await?;
    Ok(axum::Json(serde_json::json!({ "status": "UP" })).into_response())
}

async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], shared.metrics.text()).into_response()
}
