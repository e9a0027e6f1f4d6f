//! Which handler answers which address.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Method, Uri, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use hyper::body::Body as _;
use tower::ServiceExt;

use super::access_log::{AccessLog, Line};
use super::auth::{self, Errand, Identity};
use super::error::ApiError;
use super::server::Peer;
use super::{Shared, address, compute_agent, identity, manager, netmaster, neutron, node, openapi, policy, versions};
use crate::engine::Moment;

/// What answers every request.
pub(super) struct Front {
    shared: Arc<Shared>,
    log: AccessLog,
    routes: Router,
}

impl Front {
    /// Answers with what `shared` has; `log` says whether a line is written for each request.
    pub fn new(shared: &Arc<Shared>, log: bool) -> Self {
        Self { shared: Arc::clone(shared), log: AccessLog::new(log), routes: routes(shared) }
    }

    /// Answers a request of `peer`, counts it, and writes its line.
    pub async fn answer(&self, peer: Peer, request: Request) -> Response {
        let begin = Instant::now();
        let _under_way = self.shared.metrics.request();
        let method = request.method().clone();
        let (remote, path) = (peer.address, self.log.is_enabled().then(|| request.uri().path().to_owned()));
        let (mut response, user) = self.route(peer, strip(request)).await;
        if method == Method::HEAD {
            leave_out_body(&mut response);
        }
        let (took, status) = (begin.elapsed(), response.status().as_u16());
        self.shared.metrics.answered(&method, status, took);
        if let Some(path) = path {
            self.log.write(Line {
                at: Moment::from_clock(),
                remote,
                user: user.map(|user| user.name),
                method,
                path,
                status,
                bytes: response.body().size_hint().exact(),
                took,
            });
        }
        response
    }

    /// The answer, and who was found to have asked. Most requests are for policy paths, which
    /// have no routes: what they name, the model tells.
    async fn route(&self, peer: Peer, mut request: Request) -> (Response, Option<Identity>) {
        if !address::is_policy_path(request.uri().path()) {
            request.extensions_mut().insert(peer);
            // A router is always ready, and has an answer.
            let mut response = self.routes.clone().oneshot(request).await.into_response();
            let user = response.extensions_mut().remove();
            return (response, user);
        }
        match auth::admit_to_nsx(&self.shared, &peer, &request) {
            Err(refused) => (refused.into_response(), None),
            Ok(user) => {
                let answer = policy::at_a_path(Arc::clone(&self.shared), user.clone(), request).await;
                (answer.into_response(), Some(user))
            }
        }
    }
}

/// Leaves out what a HEAD does not ask for. HTTP/1 would do so by itself, HTTP/2 does not.
fn leave_out_body(response: &mut Response) {
    if let Some(length) = response.body().size_hint().exact() {
        response.headers_mut().entry(header::CONTENT_LENGTH).or_insert(length.into());
    }
    *response.body_mut() = Body::empty();
}

/// The addresses outside `/infra`.
fn routes(shared: &Arc<Shared>) -> Router {
    let to_strangers = |errand: Errand, routes: Router<Arc<Shared>>| {
        routes.layer(from_fn_with_state((Arc::clone(shared), errand), auth::admit_stranger))
    };
    let described =
        Router::new().route("/openapi.json", only_get(get(openapi::document))).route("/", only_get(get(versions::all)));
    let open = to_strangers(Errand::Other, described)
        .merge(to_strangers(Errand::Health, Router::new().route("/healthz", only_get(get(healthz)))))
        .merge(to_strangers(Errand::Login, auth::routes().merge(identity::routes())))
        .merge(neutron::routes(shared))
        .merge(netmaster::routes(shared))
        .merge(compute_agent::routes(shared));
    let guarded = Router::new()
        .route("/metrics", only_get(get(metrics)))
        .merge(node::routes())
        .merge(policy::routes())
        .merge(manager::routes())
        .fallback(nowhere)
        .layer(from_fn_with_state(Arc::clone(shared), auth::guard));
    open.merge(guarded).with_state(Arc::clone(shared))
}

/// Nothing is at any other address.
async fn nowhere(uri: Uri) -> ApiError {
    ApiError::no_such_address(uri.path())
}

/// A route that is only read.
pub(super) fn only_get(route: MethodRouter<Arc<Shared>>) -> MethodRouter<Arc<Shared>> {
    route.fallback(|| async { ApiError::method_not_allowed("GET") })
}

/// A route that is only sent to.
pub(super) fn only_post(route: MethodRouter<Arc<Shared>>) -> MethodRouter<Arc<Shared>> {
    route.fallback(|| async { ApiError::method_not_allowed("POST") })
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

/// Whether the engine answers.
async fn healthz(State(shared): State<Arc<Shared>>) -> Result<Response, ApiError> {
    node::engine_answers(&shared).await?;
    Ok(axum::Json(serde_json::json!({ "status": "UP" })).into_response())
}

async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], shared.metrics.text()).into_response()
}
