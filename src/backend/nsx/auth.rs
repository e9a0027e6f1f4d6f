//! Who we are to an endpoint: names, sessions, certificates, tokens.

use std::time::Duration;

use async_trait::async_trait;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderMap, HeaderName, HeaderValue, SET_COOKIE};
use serde_json::Value as Json;
use tokio::time::Instant;
use url::Url;
use url::form_urlencoded::Serializer;

use super::host::Endpoint;
use super::refusal::DIALECT;
use crate::backend::transport::{Api, Failure, Grant, Line, Outgoing, Repeat, Verdict, header, name_of, secret};

/// The header that carries a session's second half.
const XSRF: HeaderName = HeaderName::from_static("x-xsrf-token");
/// The header that the proxy of VMware Cloud on AWS looks for.
const CSP: HeaderName = HeaderName::from_static("csp-auth-token");

/// A token is renewed so long before it ends, or at four fifths of its time.
const MARGIN: Duration = Duration::from_mins(1);
/// A token that does not say how long it lasts, lasts so long (facts: `expires_in` 1799).
const USUAL_LIFE: Duration = Duration::from_mins(30);
/// The code of the API for a session that is no longer one.
const SESSION_OVER: i64 = 98;

/// How an endpoint knows us.
#[derive(Clone)]
pub enum Scheme {
    /// By nothing, or by the certificate of the connection.
    Connection,
    /// By the same header in every request.
    Header(HeaderValue),
    /// By a session that a name and a password open.
    Session {
        /// The user's name.
        username: String,
        /// The password.
        password: String,
    },
    /// By a token of VMware Cloud.
    Token(TokenSource),
}

/// Where tokens of VMware Cloud come from.
#[derive(Clone)]
pub struct TokenSource {
    /// Where they are asked for.
    pub url: Url,
    /// What they are exchanged for.
    pub by: TokenGrant,
    /// Whether they go into the proxy's header as well as into `Authorization`.
    pub in_both_headers: bool,
}

/// What is exchanged for a token.
#[derive(Clone)]
pub enum TokenGrant {
    /// An API token that a user has made.
    Refresh(String),
    /// An OAuth app's id and secret.
    App {
        /// The id.
        id: String,
        /// The secret.
        secret: String,
    },
}

/// The policy API of an endpoint, for one user.
pub struct PolicyApi {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// Who we are to it.
    pub scheme: Scheme,
}

#[async_trait]
impl Api for PolicyApi {
    async fn credentials(&self, line: &Line) -> Result<Grant, Failure> {
        match &self.scheme {
            Scheme::Connection => Ok(Grant::of(HeaderMap::new())),
            Scheme::Header(value) => Ok(Grant::of(HeaderMap::from_iter([(AUTHORIZATION, value.clone())]))),
            Scheme::Session { username, password } => session(line, &self.endpoint, username, password).await,
            Scheme::Token(source) => token(line, source).await,
        }
    }

    fn address(&self, _: &Grant, path: &str) -> Url {
        self.endpoint.policy(path)
    }

    fn verdict(&self, status: u16, body: &[u8]) -> Verdict {
        let can_be_renewed = matches!(self.scheme, Scheme::Session { .. } | Scheme::Token(_));
        match status {
            401 if can_be_renewed => Verdict::Outdated,
            401 => Verdict::Refused,
            403 if can_be_renewed && code(body) == Some(SESSION_OVER) => Verdict::Outdated,
            403 if code(body) == Some(403) => Verdict::Refused,
            _ => Verdict::Accepted,
        }
    }

    fn explained(&self, failure: Failure) -> Failure {
        if matches!(self.scheme, Scheme::Connection) { failure.with_own_certificate(&DIALECT) } else { failure }
    }

    fn refusal(&self, status: u16, body: &[u8], host: &str, request: &str) -> Failure {
        let advice = match &self.scheme {
            Scheme::Connection => "Check the client certificate, or give username and password.",
            Scheme::Header(_) => "Check username and password.",
            Scheme::Session { .. } => {
                "Check username and password. If it takes no sessions at all, set session_auth = false."
            }
            Scheme::Token(_) => "Check that the token belongs to the organization, and that its roles include NSX.",
        };
        refused(status, body, host, request, advice)
    }
}

fn refused(status: u16, body: &[u8], host: &str, request: &str, advice: &str) -> Failure {
    let said = DIALECT.failure(status, body, host, request).to_string();
    Failure::Credentials { host: host.to_owned(), why: format!("{said} {advice}") }
}

fn code(body: &[u8]) -> Option<i64> {
    serde_json::from_slice::<Json>(body).ok()?.get("error_code")?.as_i64()
}

/// A request with a form, as both kinds of credentials are asked for.
fn form(url: Url, name: &str, fields: &[(&str, &str)]) -> Outgoing {
    let body = Serializer::new(String::new()).extend_pairs(fields).finish();
    let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
    Outgoing {
        method: Method::POST,
        url,
        headers: HeaderMap::from_iter([(CONTENT_TYPE, kind)]),
        body: Some(body.into_bytes()),
        name: name.to_owned(),
        // A second session or token does no harm.
        repeat: Repeat::Always,
        // What was begun may need new credentials to be looked after.
        despite_stop: true,
    }
}

/// Opens a session.
async fn session(line: &Line, endpoint: &Endpoint, username: &str, password: &str) -> Result<Grant, Failure> {
    let fields = [("j_username", username), ("j_password", password)];
    let request = form(endpoint.below("api/session/create"), "POST /api/session/create", &fields);
    let answer = line.exchange(&request).await.map_err(|failure| failure.without(&[password.to_owned()]))?;
    let host = endpoint.name();
    match answer.status {
        200..300 => {}
        401 | 403 => {
            return Err(refused(answer.status, &answer.body, &host, &request.name, "Check username and password."));
        }
        404 | 405 => {
            let why = "it knows no sessions. Set session_auth = false.".to_owned();
            return Err(Failure::Credentials { host, why });
        }
        status => {
            return Err(DIALECT.failure(status, &answer.body, &host, &request.name).without(&[password.to_owned()]));
        }
    }
    let pairs = answer.headers.get_all(SET_COOKIE).iter().filter_map(|cookie| cookie.to_str().ok()?.split(';').next());
    let cookies: Vec<_> = pairs.map(str::trim).collect();
    if cookies.is_empty() {
        let why = "it opened a session without a cookie. Set session_auth = false.".to_owned();
        return Err(Failure::Credentials { host, why });
    }
    let mut headers = HeaderMap::new();
    headers.extend(secret(&cookies.join("; ")).map(|value| (COOKIE, value)));
    headers.extend(answer.headers.get(&XSRF).cloned().map(|mut value| {
        value.set_sensitive(true);
        (XSRF, value)
    }));
    Ok(Grant::of(headers))
}

/// Has a token made.
async fn token(line: &Line, source: &TokenSource) -> Result<Grant, Failure> {
    let name = format!("POST {}", source.url.path());
    let request = match &source.by {
        TokenGrant::Refresh(token) => form(source.url.clone(), &name, &[("refresh_token", token)]),
        TokenGrant::App { id, secret } => {
            let mut request = form(source.url.clone(), &name, &[("grant_type", "client_credentials")]);
            request.headers.insert(AUTHORIZATION, header("Basic", id, secret));
            request
        }
    };
    let (of, hidden) = match &source.by {
        TokenGrant::Refresh(token) => ("vmc_token", token.clone()),
        TokenGrant::App { secret, .. } => ("vmc_client_id and vmc_client_secret", secret.clone()),
    };
    let asked = Instant::now();
    let hide = |failure: Failure| failure.without(std::slice::from_ref(&hidden));
    let answer = line.exchange(&request).await.map_err(hide)?;
    let host = name_of(&source.url);
    if !(200..300).contains(&answer.status) {
        if matches!(answer.status, 400 | 401 | 403) {
            let advice = format!("Check {of}: it may have expired or been revoked.");
            return Err(hide(token_refused(answer.status, &answer.body, &host, &request.name, &advice)));
        }
        return Err(hide(DIALECT.failure(answer.status, &answer.body, &host, &request.name)));
    }
    let document: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
    let Some(token) = document.get("access_token").and_then(Json::as_str).and_then(secret_pair) else {
        let why = "it answered without an access token. Check vmc_auth_host.".to_owned();
        return Err(Failure::Credentials { host, why });
    };
    let life = document.get("expires_in").and_then(Json::as_u64).map_or(USUAL_LIFE, Duration::from_secs);
    let until = asked + life.saturating_sub(MARGIN.min(life / 5));
    let (bearer, bare) = token;
    let mut headers = HeaderMap::from_iter([(AUTHORIZATION, bearer)]);
    if source.in_both_headers {
        headers.insert(CSP, bare);
    }
    Ok(Grant { until: Some(until), ..Grant::of(headers) })
}

/// What the token service says in errors of its own form.
fn token_refused(status: u16, body: &[u8], host: &str, request: &str, advice: &str) -> Failure {
    let document: Json = serde_json::from_slice(body).unwrap_or_default();
    let said = ["message", "error_description", "error"].iter().find_map(|name| document.get(name)?.as_str());
    match said {
        Some(said) => {
            let why = format!("{said} ({status} to {request}.) {advice}");
            Failure::Credentials { host: host.to_owned(), why }
        }
        None => refused(status, body, host, request, advice),
    }
}

fn secret_pair(token: &str) -> Option<(HeaderValue, HeaderValue)> {
    Some((secret(&format!("Bearer {token}"))?, secret(token)?))
}
