//! Neutron, the network API of OpenStack: networks, subnets and ports, and
//! tap-as-a-service (facts: "Neutron Tap-as-a-Service"; seed 003).
//!
//! | module | what it holds |
//! |---|---|
//! | `error` | errors as Neutron writes them |
//! | `objects` | one object, or many: GET, POST, PUT, DELETE |
//! | `list` | lists: filters, fields, orders, pages |
//! | `tags` | the tags of networks, subnets and ports |
//! | `taps` | what taps have copied: the engine's own addresses |
//! | `extensions` | what there is besides the core of the API |
//!
//! What there is, is asked of the model, as in [`policy`](super::policy). The addresses of
//! taps may be spelled with hyphens, as they were until 2016.

mod error;
mod extensions;
mod list;
mod objects;
mod tags;
mod taps;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::{Json, Router};
use percent_encoding::percent_decode_str;
use serde_json::json;

pub use error::NeutronError;

use super::Shared;
use super::auth::{self, Identity, Role};
use super::host::Base;
use super::server::Peer;
use crate::engine::networks::is_view;
use crate::engine::taps::Member;
use crate::engine::{Caller, Engine, Moment, Refusal};
use crate::model::{Kind, NEUTRON_KINDS, NEUTRON_VIEWS};

/// Where the API begins.
pub(super) const ROOT: &str = "/v2.0";

/// The routes.
pub(super) fn routes(shared: &Arc<Shared>) -> Router<Arc<Shared>> {
    Router::new()
        .route(ROOT, any(handle))
        .route("/v2.0/", any(handle))
        .route("/v2.0/{*rest}", any(handle))
        .layer(from_fn_with_state(Arc::clone(shared), guard))
}

/// Lets a request pass if its user may make it, and notes who that is.
async fn guard(
    State(shared): State<Arc<Shared>>,
    Extension(peer): Extension<Peer>,
    mut request: Request,
    next: Next,
) -> Response {
    let identity = match auth::admit(&shared, &peer, &request) {
        Ok(identity) => identity,
        Err(error) => {
            let (parts, _) = request.into_parts();
            return NeutronError::from(error).telling_where_to_log_in(&Base::of(&parts)).into_response();
        }
    };
    request.extensions_mut().insert(identity.clone());
    let mut response = next.run(request).await;
    response.extensions_mut().insert(identity);
    response
}

/// Every kind that Neutron has, those that others refer to first.
pub(in crate::api) fn kinds() -> impl Iterator<Item = &'static Kind> {
    NEUTRON_VIEWS.into_iter().chain(NEUTRON_KINDS)
}

/// The name under which several objects of `kind` stand in a body: `tap_services`.
pub(in crate::api) fn plural(kind: &Kind) -> &'static str {
    kind.collection().unwrap_or_default()
}

/// A request, taken apart.
struct Ask {
    by: Asking,
    method: Method,
    headers: HeaderMap,
    /// The URL up to its parameters.
    url: String,
    query: Vec<(String, String)>,
    body: Body,
}

impl Ask {
    fn is_get(&self) -> bool {
        matches!(self.method, Method::GET | Method::HEAD)
    }
}

/// Whoever asks.
struct Asking {
    shared: Arc<Shared>,
    user: Identity,
}

impl Asking {
    /// As the engine knows them, for what `caller` does.
    fn member(&self, caller: Caller) -> Result<Member, NeutronError> {
        // A token for no project is good for no role.
        let project = self.user.project.as_deref().ok_or_else(|| NeutronError::disallowed("regular_user"))?;
        Ok(Member { caller, project: project.to_owned(), is_admin: self.user.role != Role::Member })
    }

    /// Whether they may do `action`, which changes something.
    fn may(&self, action: &str) -> Result<(), NeutronError> {
        if self.user.role == Role::Auditor { Err(NeutronError::disallowed(action)) } else { Ok(()) }
    }

    /// Lets the engine read something for them.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Engine, &Member) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, NeutronError> {
        let by = self.member(Caller { user: self.user.name.to_string(), now: Moment::from_clock() })?;
        Ok(self.shared.read(move |engine, _| Ok(work(engine, &by))).await??)
    }

    /// Lets the engine change something for them.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Engine, &Member) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, NeutronError> {
        let by = self.member(Caller { user: self.user.name.to_string(), now: Moment::from_clock() })?;
        Ok(self.shared.write(&self.user, move |engine, _| Ok(work(engine, &by))).await??)
    }
}

/// Answers a request.
async fn handle(
    State(shared): State<Arc<Shared>>,
    Extension(user): Extension<Identity>,
    request: Request,
) -> Result<Response, NeutronError> {
    let (parts, body) = request.into_parts();
    let base = Base::of(&parts);
    let path = path(&parts)?;
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let Parts { uri, method, headers, .. } = parts;
    let query = list::parameters(uri.query())?;
    let url = format!("{base}{}", uri.path());
    let ask = Ask { by: Asking { shared, user }, method, headers, url, query, body };
    match path[..] {
        [] => only_get(&ask, || Json(resources(&base)).into_response()),
        ["extensions"] => only_get(&ask, || Json(extensions::all()).into_response()),
        ["extensions", alias] => {
            let found = extensions::one(alias);
            only_get(&ask, || found.map_or_else(IntoResponse::into_response, |found| Json(found).into_response()))
        }
        ["quotas", _] | ["quotas", _, "default"] => {
            let quotas = ask.by.shared.engine.quotas();
            let number = |quota: Option<u32>| quota.map_or(-1, i64::from);
            let (services, flows) = (number(quotas.tap_services), number(quotas.tap_flows));
            only_get(&ask, || Json(json!({ "quota": { "tap_service": services, "tap_flow": flows } })).into_response())
        }
        [ref place @ .., what @ ("statistics" | "capture")] if find(place).is_some_and(|(kind, _)| is_tap(kind)) => {
            let Some((kind, Some(id))) = find(place) else { return Err(NeutronError::no_such_address()) };
            taps::handle(ask, kind, id, what).await
        }
        [ref place @ .., tags::PLACE] if tagged(place).is_some() => {
            let Some((kind, id)) = tagged(place) else { return Err(NeutronError::no_such_address()) };
            tags::all(ask, kind, id).await
        }
        [ref place @ .., tags::PLACE, tag] if tagged(place).is_some() => {
            let Some((kind, id)) = tagged(place) else { return Err(NeutronError::no_such_address()) };
            tags::one(ask, kind, id, tag).await
        }
        _ => match find(&path) {
            Some((kind, Some(id))) => objects::item(ask, kind, id).await,
            Some((kind, None)) => objects::collection(ask, kind).await,
            None => Err(NeutronError::no_such_address()),
        },
    }
}

fn only_get(ask: &Ask, answer: impl FnOnce() -> Response) -> Result<Response, NeutronError> {
    if ask.is_get() { Ok(answer()) } else { Err(NeutronError::method_not_allowed(ask.method.as_str(), "GET")) }
}

/// The parts of the path below `/v2.0`, decoded.
fn path(parts: &Parts) -> Result<Vec<String>, NeutronError> {
    let rest = parts.uri.path().strip_prefix(ROOT).unwrap_or_default();
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let decoded = |part: &str| {
        let part = percent_decode_str(part).decode_utf8().map_err(|_| NeutronError::no_such_address())?;
        let is_one = !part.is_empty() && !part.contains('/') && !part.chars().any(char::is_control);
        if is_one { Ok(part.into_owned()) } else { Err(NeutronError::no_such_address()) }
    };
    rest.split('/').skip(1).map(decoded).collect()
}

/// The kind that is at an address, and the id of the object, if it is that of one.
fn find<'a>(path: &[&'a str]) -> Option<(&'static Kind, Option<&'a str>)> {
    kinds().find_map(|kind| {
        let [_, place @ .., "*"] = *kind.places.first()? else { return None };
        let spelled = |(part, known): (&&str, &&str)| part == known || part.replace('-', "_") == **known;
        let begins = path.len() >= place.len() && path.iter().zip(place).all(spelled);
        match &path[place.len().min(path.len())..] {
            [] if begins => Some((kind, None)),
            [id] if begins => Some((kind, Some(*id))),
            _ => None,
        }
    })
}

/// The kind and the id of the object at an address, if it is one that has tags.
fn tagged<'a>(path: &[&'a str]) -> Option<(&'static Kind, &'a str)> {
    let (kind, id) = find(path)?;
    id.filter(|_| is_view(kind)).map(|id| (kind, id))
}

/// Whether objects of `kind` copy traffic.
pub(in crate::api) fn is_tap(kind: &Kind) -> bool {
    NEUTRON_KINDS.contains(&kind)
}

/// What the root lists.
fn resources(base: &Base) -> serde_json::Value {
    let resource = |kind: &Kind| {
        let place = kind.places.first().map(|place| place[..place.len() - 1].join("/")).unwrap_or_default();
        let link = json!({ "rel": "self", "href": format!("{base}/{place}") });
        json!({ "name": kind.name, "collection": plural(kind), "links": [link] })
    };
    json!({ "resources": kinds().map(resource).collect::<Vec<_>>() })
}

/// An answer of JSON with this status.
fn answer(status: StatusCode, body: &serde_json::Value) -> Response {
    let json = HeaderValue::from_static("application/json");
    (status, [(header::CONTENT_TYPE, json)], body.to_string()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{PORT, TAP_FLOW, TAP_SERVICE};

    #[test]
    fn both_spellings_of_an_address_are_there() {
        for (path, kind, id) in [
            (&["taas", "tap_services"][..], &TAP_SERVICE, None),
            (&["taas", "tap-services"], &TAP_SERVICE, None),
            (&["taas", "tap-flows", "a-b"], &TAP_FLOW, Some("a-b")),
            (&["ports", "x"], &PORT, Some("x")),
        ] {
            assert_eq!(find(path), Some((kind, id)));
        }
        for path in [&["tap_services"][..], &["taas"], &["taas", "ports"], &["ports", "a", "b"], &["nothing"]] {
            assert_eq!(find(path), None, "{path:?}");
        }
    }
}
