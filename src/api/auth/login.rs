//! The addresses at which clients log in: the session of an NSX Manager, and the token
//! exchange of VMware Cloud.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::credentials::Directory;
use super::throttle::Guessed;
use super::{ANYBODY, Identity, Role, XSRF, sessions};
use crate::api::body;
use crate::api::error::ApiError;
use crate::api::server::Peer;
use crate::api::{Auth, Shared};

/// The routes, which nobody has to log in for.
pub(in crate::api) fn routes() -> Router<Arc<Shared>> {
    let only_post =
        |route: MethodRouter<Arc<Shared>>| route.fallback(|| async { ApiError::method_not_allowed("POST") });
    let destroy = || get(destroy_session).post(destroy_session);
    let destroy = destroy().fallback(|| async { ApiError::method_not_allowed("GET, POST") });
    let cloud = "/csp/gateway/am/api/auth";
    Router::new()
        .route("/api/session/create", only_post(post(create_session)))
        .route("/api/session/destroy", destroy)
        .route(&format!("{cloud}/api-tokens/authorize"), only_post(post(exchange_refresh_token)))
        .route(&format!("{cloud}/authorize"), only_post(post(authorize_application)))
        .route(&format!("{cloud}/token"), only_post(post(authorize_application)))
}

/// A field of a form.
fn field<'a>(form: &'a [(String, String)], name: &str) -> Result<&'a str, ApiError> {
    let found = form.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str());
    found.ok_or_else(|| ApiError::bad_request(format!("The form has no field {name}.")))
}

/// The form of a request to the cloud, whose clients send its fields in the body or in the URL.
async fn cloud_form(shared: &Arc<Shared>, uri: &Uri, body: Body) -> Result<Vec<(String, String)>, ApiError> {
    let mut form = body::form(shared, body).await?;
    form.extend(url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned());
    Ok(form)
}

/// `POST /api/session/create` with `j_username` and `j_password`.
async fn create_session(
    State(shared): State<Arc<Shared>>,
    Extension(peer): Extension<Peer>,
    body: Body,
) -> Result<Response, ApiError> {
    let form = body::form(&shared, body).await?;
    let (name, password) = (field(&form, "j_username")?, field(&form, "j_password")?);
    let (auth, now) = (&shared.auth, Instant::now());
    let identity = match &auth.directory {
        None => Identity::new(ANYBODY, Role::Admin),
        Some(users) => {
            let check = || users.user(name, password);
            refused(&shared, auth.guesses.guarded(peer.address.ip(), Guessed::Name(name), now, check))?
        }
    };
    let opened = auth.sessions.open(identity, now);
    let secure = if peer.is_encrypted { "; Secure" } else { "" };
    let cookie = format!("{}={}; Path=/; HttpOnly; SameSite=Strict{secure}", sessions::COOKIE, opened.cookie);
    let mut headers = HeaderMap::new();
    headers.insert(header::SET_COOKIE, value(&cookie)?);
    headers.insert(HeaderName::from_static(XSRF), value(&opened.xsrf)?);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok((headers, ()).into_response())
}

fn value(text: &str) -> Result<HeaderValue, ApiError> {
    HeaderValue::from_str(text).map_err(|_| ApiError::lost())
}

/// `/api/session/destroy`, with the cookie and the token of the session.
async fn destroy_session(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Result<StatusCode, ApiError> {
    let Some(cookie) = sessions::cookie(&headers) else {
        return Err(ApiError::unauthenticated("The request names no session."));
    };
    let xsrf = headers.get(XSRF).and_then(|value| value.to_str().ok()).unwrap_or_default();
    shared.auth.sessions.check(cookie, xsrf, Instant::now())?;
    shared.auth.sessions.end(cookie);
    Ok(StatusCode::OK)
}

/// `POST …/api-tokens/authorize` with `refresh_token`, which is called `api_token` too.
async fn exchange_refresh_token(
    State(shared): State<Arc<Shared>>,
    Extension(peer): Extension<Peer>,
    uri: Uri,
    body: Body,
) -> Result<Response, ApiError> {
    let form = cloud_form(&shared, &uri, body).await?;
    let token = field(&form, "api_token").or_else(|_| field(&form, "refresh_token"))?;
    let directory = directory(&shared.auth)?;
    let check = || directory.refresh_token(token);
    let found = shared.auth.guesses.guarded(peer.address.ip(), Guessed::Token, Instant::now(), check);
    let identity = refused(&shared, found)?;
    Ok(access_token(&shared.auth, &identity, Some(token)))
}

/// `POST …/authorize` or `…/token` with the id and the secret of an application, and
/// `grant_type=client_credentials`.
async fn authorize_application(
    State(shared): State<Arc<Shared>>,
    Extension(peer): Extension<Peer>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let form = cloud_form(&shared, &uri, body).await?;
    let grant = field(&form, "grant_type")?;
    if grant != "client_credentials" {
        return Err(ApiError::bad_request("grant_type is client_credentials here."));
    }
    let directory = directory(&shared.auth)?;
    let said = headers.get(header::AUTHORIZATION).and_then(|said| said.to_str().ok()?.split_once(' '));
    let basic = said.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"));
    let decoded = basic.and_then(|(_, text)| String::from_utf8(STANDARD.decode(text.trim()).ok()?).ok());
    let Some((id, secret)) = decoded.as_deref().and_then(|text| text.split_once(':')) else {
        return Err(ApiError::unauthenticated("Send the id and the secret of the application by Basic."));
    };
    let check = || directory.application(id, secret);
    let found = shared.auth.guesses.guarded(peer.address.ip(), Guessed::Name(id), Instant::now(), check);
    let identity = refused(&shared, found)?;
    Ok(access_token(&shared.auth, &identity, None))
}

/// Counts who was not who they said.
fn refused(shared: &Shared, found: Result<Identity, ApiError>) -> Result<Identity, ApiError> {
    found.inspect_err(|_| shared.metrics.refused_login())
}

fn directory(auth: &Auth) -> Result<&Directory, ApiError> {
    let none = || ApiError::bad_request("The server runs without authentication: there are no tokens to exchange.");
    auth.directory.as_ref().ok_or_else(none)
}

fn access_token(auth: &Auth, identity: &Identity, refresh_token: Option<&str>) -> Response {
    let mut answer = json!({
        "token_type": "bearer",
        "expires_in": auth.tokens.lifetime(),
        "scope": match identity.role {
            Role::Admin => "ALL_PERMISSIONS",
            Role::Auditor => "READ_ONLY",
            Role::Member => "PROJECT_MEMBER",
        },
        "access_token": auth.tokens.issue(identity),
    });
    if let Some(token) = refresh_token {
        answer["refresh_token"] = token.into();
    }
    ([(header::CACHE_CONTROL, "no-store")], axum::Json(answer)).into_response()
}
