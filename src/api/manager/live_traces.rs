//! Live traces: sessions, and what they have seen.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, Path, Request, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::api::auth::Identity;
use crate::api::error::ApiError;
use crate::api::policy::Paging;
use crate::api::query::Query;
use crate::api::{Shared, body};
use crate::engine::live_trace::documents::{ActionType, result, status};
use crate::engine::live_trace::observation::Form;
use crate::engine::live_trace::of_manager;
use crate::engine::{Engine, Moment, When};
use crate::model::PolicyPath;

/// Where live traces lie.
const COLLECTION: &str = "/infra/livetraces";

/// What is at the address has no such method.
pub(super) async fn only_get_or_post() -> ApiError {
    ApiError::method_not_allowed("GET, POST")
}

/// What is at the address has no such method.
pub(super) async fn only_get_or_delete() -> ApiError {
    ApiError::method_not_allowed("GET, DELETE")
}

fn json(text: impl Into<Body>) -> Response {
    let json = HeaderValue::from_static("application/json");
    (StatusCode::OK, [(header::CONTENT_TYPE, json)], text.into()).into_response()
}

/// The path of the live trace that is known as `id` here.
fn known(engine: &Engine, id: &str, now: Moment) -> Result<PolicyPath, ApiError> {
    engine.remove_expired(now)?;
    let missing = || {
        let message =
            format!("The requested object : LiveTrace/{id} could not be found. Object identifiers are case sensitive.");
        ApiError::new(StatusCode::NOT_FOUND, 600, message)
    };
    engine.live_trace_known_as(id)?.ok_or_else(missing)
}

/// Lists the status of each session.
pub(super) async fn list(State(shared): State<Arc<Shared>>, uri: Uri) -> Result<Response, ApiError> {
    let mut query = Query::parse(uri.query())?;
    let of = uri.path().to_owned();
    let paging = Paging::take(&mut query, &of)?;
    query.end()?;
    let page = shared.read(move |engine, now| {
        engine.remove_expired(now)?;
        let view = engine.view(now, When::Current, &[])?;
        let all = view.topology.live_traces.keys().filter_map(|path| status(&view, path, Form::Manager));
        paging.page(all.map(|status| status.to_string().into()).collect(), &of)
    });
    Ok(json(page.await?))
}

/// Begins a session. It is a live trace of the policy API, too, and transient.
pub(super) async fn create(
    State(shared): State<Arc<Shared>>,
    Extension(user): Extension<Identity>,
    request: Request,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    Query::parse(parts.uri.query())?.end()?;
    body::must_be_json(&parts.headers)?;
    let held = body::read(&shared, body).await?;
    let made = shared.write(&user, move |engine, by| {
        let view = engine.view(by.now, When::Current, &[])?;
        let wanted = of_manager(held.json()?, &view.topology)?;
        let root = PolicyPath::parse(&format!("{COLLECTION}/{}", Uuid::new_v4()));
        let path = root.map_err(|_| ApiError::lost())?;
        engine.put(&path, wanted, by)?;
        let view = engine.view(by.now, When::Current, &[])?;
        status(&view, &path, Form::Manager).ok_or_else(ApiError::lost)
    });
    let made: Json = made.await?;
    let mut response = json(made.to_string());
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

/// How a session is.
pub(super) async fn read(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Response, ApiError> {
    Query::parse(uri.query())?.end()?;
    let document = shared.read(move |engine, now| {
        let path = known(engine, &id, now)?;
        let view = engine.view(now, When::Current, &[])?;
        status(&view, &path, Form::Manager).ok_or_else(ApiError::lost)
    });
    Ok(json(document.await?.to_string()))
}

/// What a session has seen, of all actions or of one.
pub(super) async fn results(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Response, ApiError> {
    let mut query = Query::parse(uri.query())?;
    let only = query.take_word("action_type", &ActionType::WORDS)?.and_then(|word| ActionType::parse(&word));
    query.end()?;
    let document = shared.read(move |engine, now| {
        let path = known(engine, &id, now)?;
        let view = engine.view(now, When::Current, &[])?;
        result(&view, &path, Form::Manager, only).ok_or_else(ApiError::lost)
    });
    Ok(json(document.await?.to_string()))
}

/// Ends a session and forgets it.
pub(super) async fn delete(
    State(shared): State<Arc<Shared>>,
    Extension(user): Extension<Identity>,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<Response, ApiError> {
    Query::parse(uri.query())?.end()?;
    shared
        .write(&user, move |engine, by| {
            let path = known(engine, &id, by.now)?;
            Ok(engine.delete(&path, by.now)?)
        })
        .await?;
    Ok(StatusCode::OK.into_response())
}
