//! The policy API of NSX.
//!
//! | module | what it holds |
//! |---|---|
//! | `target` | what an address names |
//! | `objects` | one object: GET, PUT, PATCH, DELETE |
//! | `list` | the objects of a collection |
//! | `paging` | results page by page, in an order |
//! | `runtime` | what runs: status, statistics, routes |
//! | `hierarchy` | many objects in one body |
//! | `search` | objects by what they hold |
//! | `realized` | what became of what was declared |
//! | `sites` | where what is declared takes effect |
//!
//! What there is, is asked of the model: a kind of object is answered at its addresses
//! without a line here.

pub mod search;

mod hierarchy;
mod list;
mod objects;
mod paging;
mod realized;
mod runtime;
mod sites;
mod target;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use super::auth::{Identity, Role, may_not};
use super::error::ApiError;
use super::query::Query;
use super::router::{only_get, only_post};
use super::{Shared, address};
use crate::engine::Reveal;
use crate::model::path::without_locale_service;
use target::Target;

/// The addresses outside `/infra`.
pub(super) fn routes() -> Router<Arc<Shared>> {
    let mut router = Router::new();
    for address in ["/policy/api/v1/search", "/api/v1/search"] {
        for form in ["query", "dsl"] {
            router = router.route(&format!("{address}/{form}"), only_get(get(search::handle)));
        }
        router = router
            .route(address, only_get(get(search::handle)))
            .route(&format!("{address}/reconcile/status"), only_get(get(search::reconcile::status)))
            .route(&format!("{address}/reconcile"), only_post(post(search::reconcile::start)));
    }
    router
}

/// A request of the policy API, taken apart.
pub(super) struct Ask {
    shared: Arc<Shared>,
    user: Identity,
    method: Method,
    headers: HeaderMap,
    query: Query,
    body: Body,
}

impl Ask {
    fn of(shared: Arc<Shared>, user: Identity, request: Request) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let query = Query::parse(parts.uri.query())?;
        Ok(Self { shared, user, method: parts.method, headers: parts.headers, query, body })
    }

    /// Whether the request only reads; a HEAD is a GET whose body is left out.
    fn is_get(&self) -> bool {
        matches!(self.method, Method::GET | Method::HEAD)
    }

    /// What the user may see, if secrets were asked for.
    fn reveal(&self, secrets: bool) -> Result<Reveal, ApiError> {
        match (secrets, self.user.role) {
            (false, _) => Ok(Reveal::Public),
            (true, Role::Admin) => Ok(Reveal::Secrets),
            (true, Role::Auditor | Role::Member) => Err(may_not(&self.user)),
        }
    }
}

/// Answers a request for a policy path.
pub(super) async fn at_a_path(shared: Arc<Shared>, user: Identity, request: Request) -> Result<Response, ApiError> {
    let path = address::policy_path(request.uri().path())?;
    let full = if without_locale_service(&path).is_some() {
        let path = path.clone();
        shared.read(move |engine, _| Ok(engine.full_address(&path)?)).await?
    } else {
        path.clone()
    };
    let ask = Ask::of(shared, user, request)?;
    // What is asked for most often is answered without a detour.
    match target::find(&path, &full)? {
        Target::Object(address) if ask.is_get() => objects::read(ask, address.path).await,
        Target::Collection(collection) => list::handle(ask, collection).await,
        Target::Object(address) => Box::pin(objects::write(ask, address)).await,
        Target::Root => Box::pin(hierarchy::handle(ask)).await,
        Target::Running(what) => Box::pin(runtime::handle(ask, what)).await,
        Target::Realized(what) => Box::pin(realized::handle(ask, what)).await,
        Target::Site(place) => sites::handle(ask, &place),
    }
}

/// An answer of JSON that is there as text.
fn json(text: impl Into<Body>) -> Response {
    let mut response = Response::new(text.into());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The answer to what was done and has nothing to show.
fn done() -> Response {
    StatusCode::OK.into_response()
}
