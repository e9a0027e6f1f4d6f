//! Keystone, the identity API of OpenStack (v3), as far as clients need it to log in.
//!
//! | module | what it holds |
//! |---|---|
//! | `error` | errors as Keystone writes them |
//! | `login` | what a body says: who asks for a token, and for what |
//! | `tokens` | what a token says, and the catalog |
//! | `directory` | projects, users, domains |
//!
//! Users and applications are those of `serve`; nothing of them is changed here. All are of
//! one domain, `Default`.

mod directory;
mod error;
mod login;
mod tokens;

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::{Json, Router};
use percent_encoding::percent_decode_str;
use serde_json::json;

pub use error::KeystoneError;
pub(super) use error::challenge;

use super::auth::{self, Granted};
use super::host::Base;
use super::server::Peer;
use super::{Shared, body, versions};

/// The header with the token that a request is about, and with a new one.
const SUBJECT_TOKEN: HeaderName = HeaderName::from_static("x-subject-token");

/// The routes: at `/v3`, and at `/identity/v3` as well.
pub(super) fn routes() -> Router<Arc<Shared>> {
    let mut router = Router::new();
    for address in ["/v3", "/v3/", "/v3/{*rest}", "/identity", "/identity/", "/identity/{*rest}"] {
        router = router.route(address, any(handle));
    }
    router
}

/// A request, taken apart.
struct Ask {
    shared: Arc<Shared>,
    base: Base,
    method: Method,
    headers: HeaderMap,
    query: Vec<(String, String)>,
    from: IpAddr,
    body: Body,
}

impl Ask {
    /// The token in a header.
    fn token(&self, name: &HeaderName) -> Result<Granted, KeystoneError> {
        let token = self.headers.get(name).and_then(|value| value.to_str().ok());
        Ok(self.shared.auth.token(token.ok_or_else(KeystoneError::unauthorized)?.trim())?)
    }

    /// The token of the one who asks.
    fn own(&self) -> Result<Granted, KeystoneError> {
        self.token(&HeaderName::from_static(auth::OPENSTACK_TOKEN))
    }

    fn is_get(&self) -> bool {
        matches!(self.method, Method::GET | Method::HEAD)
    }
}

/// Answers a request.
async fn handle(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let base = Base::of(&parts);
    let answered = answer(shared, &base, parts, body).await;
    answered.unwrap_or_else(|error| error.telling_where_to_log_in(&base).into_response())
}

async fn answer(shared: Arc<Shared>, base: &Base, parts: Parts, body: Body) -> Result<Response, KeystoneError> {
    let path = parts.uri.path().to_owned();
    let (root, rest) = match path.strip_prefix("/identity") {
        None => ("/v3", path.strip_prefix("/v3").unwrap_or_default()),
        Some(rest) => match rest.strip_prefix("/v3") {
            Some(rest) => ("/identity/v3", rest),
            None if rest.trim_matches('/').is_empty() => {
                let versions = json!({ "versions": { "values": [versions::identity(base, "/identity/v3")] } });
                return Ok((StatusCode::MULTIPLE_CHOICES, Json(versions)).into_response());
            }
            None => return Err(KeystoneError::no_such_address()),
        },
    };
    let rest = percent_decode_str(rest).decode_utf8().map_err(|_| KeystoneError::no_such_address())?;
    let rest: Vec<_> = rest.trim_end_matches('/').split('/').skip(1).collect();
    let query = url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
    let query = query.map(|(name, value)| (name.into(), value.into())).collect();
    let from = parts.extensions.get::<Peer>().map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.address.ip());
    let Parts { method, headers, .. } = parts;
    let ask = Ask { shared, base: base.clone(), method, headers, query, from, body };
    match rest[..] {
        [] if ask.is_get() => Ok(Json(json!({ "version": versions::identity(base, root) })).into_response()),
        [] => Err(KeystoneError::method_not_allowed("GET")),
        ["auth", "tokens"] => match ask.method {
            Method::POST => log_in(ask).await,
            Method::GET | Method::HEAD => validate(&ask),
            Method::DELETE => revoke(&ask),
            _ => Err(KeystoneError::method_not_allowed("GET, HEAD, POST, DELETE")),
        },
        _ if !ask.is_get() => Err(KeystoneError::method_not_allowed("GET")),
        _ => directory::answer(&ask, root, &rest),
    }
}

/// `POST /v3/auth/tokens`.
async fn log_in(mut ask: Ask) -> Result<Response, KeystoneError> {
    body::must_be_json(&ask.headers)?;
    let held = body::read_from_anybody(&ask.shared, std::mem::take(&mut ask.body)).await?;
    let given = held.json()?;
    let auth = &ask.shared.auth;
    let granted = login::granted(auth, &given, ask.from).inspect_err(|_| ask.shared.metrics.refused_login())?;
    let with_catalog = !ask.query.iter().any(|(name, _)| name == "nocatalog");
    let told = tokens::told(auth, &granted, with_catalog.then_some(&ask.base));
    Ok((StatusCode::CREATED, headers(&granted)?, Json(told)).into_response())
}

fn headers(granted: &Granted) -> Result<HeaderMap, KeystoneError> {
    let token = HeaderValue::from_str(&granted.token).map_err(|_| KeystoneError::unauthorized())?;
    let pairs = [
        (SUBJECT_TOKEN, token),
        (header::VARY, HeaderValue::from_static("X-Auth-Token")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok(pairs.into_iter().collect())
}

/// The token that a request is about. One's own tells of itself; of those of others only
/// who may read everything is told.
fn subject(ask: &Ask, action: &str) -> Result<Granted, KeystoneError> {
    let own = ask.own()?;
    let subject = ask.token(&SUBJECT_TOKEN).map_err(|_| KeystoneError::not_found("token", "the X-Subject-Token"))?;
    let is_own = subject.identity.name == own.identity.name;
    if is_own || own.identity.role == auth::Role::Admin { Ok(subject) } else { Err(KeystoneError::forbidden(action)) }
}

/// `GET /v3/auth/tokens`.
fn validate(ask: &Ask) -> Result<Response, KeystoneError> {
    let subject = subject(ask, "identity:validate_token")?;
    let with_catalog = !ask.query.iter().any(|(name, _)| name == "nocatalog");
    let told = tokens::told(&ask.shared.auth, &subject, with_catalog.then_some(&ask.base));
    Ok((headers(&subject)?, Json(told)).into_response())
}

/// `DELETE /v3/auth/tokens`.
fn revoke(ask: &Ask) -> Result<Response, KeystoneError> {
    let subject = subject(ask, "identity:revoke_token")?;
    ask.shared.auth.revoke(&subject);
    Ok(StatusCode::NO_CONTENT.into_response())
}
