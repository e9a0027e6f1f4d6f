//! Who asks, and what they may (nsx-policy.md G).
//!
//! | module | what it holds |
//! |---|---|
//! | `credentials` | the users, tokens and applications there are |
//! | `users_file` | the file of the users, and what is wrong with one |
//! | `sessions` | logins of NSX: a cookie, and a token against forged requests |
//! | `tokens` | access tokens of the cloud, which end by themselves |
//! | `throttle` | how often a user may ask, and how often somebody may guess |
//! | `login` | the addresses at which clients log in |
//! | `projects` | the projects there are, in OpenStack's APIs |
//! | `keystone` | logins of OpenStack: tokens for a project |
//!
//! Secrets are compared by their keyed digests, in constant time, and are never kept.

mod credentials;
mod keystone;
mod login;
mod projects;
mod sessions;
mod throttle;
mod tokens;
mod users_file;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Extension, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{AppendHeaders, IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

pub use credentials::{Application, Credentials, CredentialsError, PrincipalIdentity, RefreshToken, User};
pub(super) use keystone::{Account, Scope, made_id, role_name, user_id};
pub(super) use login::routes;
pub use projects::Project;
pub(super) use throttle::Errand;
pub(super) use tokens::Granted;

use super::Shared;
use super::dialect::Dialect;
use super::error::ApiError;
use super::server::Peer;
use crate::engine::taps::DEFAULT_PROJECT;
use credentials::Directory;
use projects::Projects;
use sessions::Sessions;
use throttle::{Guessed, Guesses, Rates, Strangers};
use tokens::Tokens;

/// What a user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    Admin,
    /// Read, but no secrets.
    Auditor,
    /// In OpenStack's APIs, everything that is of projects of their own; elsewhere nothing.
    Member,
}

/// Somebody who has said who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The name, which is kept with what they change.
    pub name: Arc<str>,
    /// What they may do.
    pub role: Role,
    /// The id of the project they act for in OpenStack's APIs; none where they have named
    /// none.
    pub project: Option<Arc<str>>,
}

impl Identity {
    /// Somebody who acts for the project that everything is of which says nothing else.
    pub fn new(name: &str, role: Role) -> Self {
        Self { name: name.into(), role, project: Some(DEFAULT_PROJECT.into()) }
    }
}

/// Who may ask.
pub struct Auth {
    /// None where nobody is asked.
    directory: Option<Directory>,
    projects: Projects,
    sessions: Sessions,
    tokens: Tokens,
    guesses: Guesses,
    rates: Rates<Arc<str>>,
    strangers: Strangers,
}

/// The one who asks where nobody is asked who they are.
const ANYBODY: &str = "admin";

/// The header of VMware Cloud on AWS with an access token.
const CLOUD_TOKEN: &str = "csp-auth-token";
/// The header of OpenStack with a token.
pub(super) const OPENSTACK_TOKEN: &str = "x-auth-token";
/// The header that repeats the token of a session.
const XSRF: &str = "x-xsrf-token";

impl Auth {
    /// Those who have `credentials`; access tokens are signed with `key` and live for
    /// `lifetime`.
    pub fn with(credentials: &Credentials, key: &[u8], lifetime: Duration, requests_per_second: u32) -> Self {
        Self {
            directory: Some(Directory::of(credentials)),
            projects: Projects::of(credentials),
            sessions: Sessions::default(),
            tokens: Tokens::new(key, lifetime),
            guesses: Guesses::default(),
            rates: Rates::new(requests_per_second),
            strangers: Strangers::new(requests_per_second),
        }
    }

    /// Everybody, as the admin.
    pub fn none(requests_per_second: u32) -> Self {
        Self {
            directory: None,
            projects: Projects::default(),
            sessions: Sessions::default(),
            tokens: Tokens::new(&credentials::random(), Duration::from_hours(1)),
            guesses: Guesses::default(),
            rates: Rates::new(requests_per_second),
            strangers: Strangers::new(requests_per_second),
        }
    }

    /// Who asks with these headers, over a connection of this certificate.
    fn identify(
        &self,
        headers: &HeaderMap,
        certificate: Option<&str>,
        from: IpAddr,
        now: Instant,
    ) -> Result<Identity, ApiError> {
        let Some(directory) = &self.directory else {
            named_locally(headers)?;
            return Ok(Identity::new(ANYBODY, Role::Admin));
        };
        let text = |name: header::HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
        if let Some(said) = text(header::AUTHORIZATION) {
            let (scheme, rest) = said.split_once(' ').unwrap_or((said, ""));
            return match scheme.to_ascii_lowercase().as_str() {
                // `Remote` is for users of an identity manager, with the same content.
                "basic" | "remote" => self.by_password(directory, rest.trim(), from, now),
                "bearer" => self.tokens.check(rest.trim()),
                _ => Err(ApiError::unauthenticated("Authorization is Basic, Remote or Bearer.")),
            };
        }
        for name in [CLOUD_TOKEN, OPENSTACK_TOKEN] {
            if let Some(token) = text(header::HeaderName::from_static(name)) {
                return self.tokens.check(token.trim());
            }
        }
        if let Some(cookie) = sessions::cookie(headers) {
            let xsrf = text(header::HeaderName::from_static(XSRF)).unwrap_or_default();
            return self.sessions.check(cookie, xsrf, now);
        }
        let Some(fingerprint) = certificate else {
            return Err(ApiError::unauthenticated("The request has no credentials. Log in first."));
        };
        directory.principal(fingerprint).ok_or_else(|| {
            let message =
                format!("The certificate of the connection (SHA-256 {fingerprint}) is no principal identity's.");
            ApiError::unauthenticated(message)
        })
    }

    fn by_password(&self, users: &Directory, base64: &str, from: IpAddr, now: Instant) -> Result<Identity, ApiError> {
        let decoded = STANDARD.decode(base64).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let decoded = decoded.ok_or_else(ApiError::wrong_credentials)?;
        let (name, password) = decoded.split_once(':').ok_or_else(ApiError::wrong_credentials)?;
        self.guesses.guarded(from, Guessed::Name(name), now, || users.user(name, password))
    }
}

/// Where nobody is asked who they are, a page in a browser must not be able to ask: its
/// requests name the page's own host, or an origin.
fn named_locally(headers: &HeaderMap) -> Result<(), ApiError> {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name).trim_matches(['[', ']']);
    let local = name.is_empty() || name == "localhost" || name.parse::<IpAddr>().is_ok_and(|it| it.is_loopback());
    if local && !headers.contains_key(header::ORIGIN) {
        return Ok(());
    }
    Err(ApiError::forbidden("Without authentication only local programs are served, not pages of other hosts."))
}

/// Who makes a request of `peer`, if they may make one now.
pub(super) fn admit(shared: &Shared, peer: &Peer, request: &Request) -> Result<Identity, ApiError> {
    let now = Instant::now();
    let from = peer.address.ip();
    let found = shared.auth.identify(request.headers(), peer.certificate.as_deref(), from, now);
    let identity = found.or_else(|refused| {
        shared.metrics.refused_login();
        shared.auth.strangers.take(Errand::Other, from, now).inspect_err(|_| shared.metrics.over_rate())?;
        Err(refused)
    })?;
    shared.auth.rates.take(&identity, now).inspect_err(|_| shared.metrics.over_rate())?;
    Ok(identity)
}

/// Who makes a request to NSX of `peer`, if they may make it.
pub(super) fn admit_to_nsx(shared: &Shared, peer: &Peer, request: &Request) -> Result<Identity, ApiError> {
    let identity = admit(shared, peer, request)?;
    match identity.role {
        Role::Admin => Ok(identity),
        Role::Auditor if only_reads(request) => Ok(identity),
        Role::Auditor => Err(may_not(&identity)),
        Role::Member => {
            let name = &identity.name;
            let message = format!("User {name} has the role member, which is for the APIs of OpenStack alone.");
            Err(ApiError::forbidden(message))
        }
    }
}

/// Lets a request to NSX pass if its user may make it, and notes who that is.
pub(super) async fn guard(
    State(shared): State<Arc<Shared>>,
    Extension(peer): Extension<Peer>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let identity = admit_to_nsx(&shared, &peer, &request)?;
    request.extensions_mut().insert(identity.clone());
    let mut response = next.run(request).await;
    response.extensions_mut().insert(identity);
    Ok(response)
}

/// Lets a request pass that nobody has to log in for, if not too many for the same errand come
/// from its address.
pub(super) async fn admit_stranger(
    State((shared, errand)): State<(Arc<Shared>, Errand)>,
    Extension(peer): Extension<Peer>,
    request: Request,
    next: Next,
) -> Response {
    match shared.auth.strangers.take(errand, peer.address.ip(), Instant::now()) {
        Ok(()) => next.run(request).await,
        Err(refused) => {
            shared.metrics.over_rate();
            let dialect = Dialect::of(request.uri().path());
            let body = dialect.body(&refused);
            (refused.status(), AppendHeaders(refused.headers()), axum::Json(body)).into_response()
        }
    }
}

/// Whether a request changes nothing. Routes as CSV are read by POST too.
fn only_reads(request: &Request) -> bool {
    let path = request.uri().path();
    match *request.method() {
        Method::GET | Method::HEAD => true,
        Method::POST => path.ends_with("/routes") || path.ends_with("/advertised-routes"),
        _ => false,
    }
}

/// The answer to a user who may only read.
pub(super) fn may_not(identity: &Identity) -> ApiError {
    let name = &identity.name;
    ApiError::forbidden(format!(
        "User {name} has the role auditor, which reads and sees no secrets. Ask an admin to do it."
    ))
}

/// The answer to what nobody may do so often.
fn too_many(name: &str, rate: u32) -> ApiError {
    let message = format!("Client '{name}' exceeded request rate of {rate} per second.");
    ApiError::new(StatusCode::TOO_MANY_REQUESTS, 102, message).retry_after(1)
}
