//! Requests to an endpoint, with its credentials, at a pace it takes.
//!
//! | module | what it holds |
//! |---|---|
//! | `client` | connections, and whom they trust |
//! | `line` | requests that are sent again where that is safe |
//! | `retry` | how often, and after how long |
//! | `pace` | how many go out each second |
//! | `failure` | why a request came to nothing |

mod client;
mod failure;
mod line;
mod pace;
mod retry;

use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::Value as Json;

pub use client::{Trust, client};
pub use failure::{ApiError, Failure};
pub use line::{Line, Outgoing, Repeat};
pub use retry::Retries;

use super::auth::{Auth, Verdict};
use super::host::Endpoint;

/// A request to the policy API.
#[derive(Clone, Debug)]
pub struct Request {
    method: Method,
    path: String,
    query: Vec<(&'static str, String)>,
    body: Option<Json>,
    repeat: Repeat,
    despite_stop: bool,
}

impl Request {
    fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), query: Vec::new(), body: None, repeat: Repeat::Always, despite_stop: false }
    }

    /// Reads what is at `path`, a path of the API such as `/infra/tier-0s`.
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    /// Writes `body` to `path`. A body with a revision can be sent again: the second
    /// time it is refused.
    pub fn put(path: impl Into<String>, body: Json) -> Self {
        let repeat = if body.get("_revision").is_some() { Repeat::Always } else { Repeat::IfWithoutEffect };
        Self { body: Some(body), repeat, ..Self::new(Method::PUT, path) }
    }

    /// Deletes what is at `path`.
    pub fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::DELETE, path)
    }

    /// The same, with this in the query.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    /// The same, to be answered although Terraform was told to stop.
    #[must_use]
    pub fn despite_stop(self) -> Self {
        Self { despite_stop: true, ..self }
    }

    /// What it is in a message.
    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// What the API answered to a request that it did.
#[derive(Debug)]
pub struct Reply {
    /// The document; null where there is none.
    pub document: Json,
}

/// The same, as it came.
struct Taken {
    status: u16,
    body: Vec<u8>,
    /// What the request is in a message.
    name: String,
}

/// An endpoint that can be asked.
pub struct Transport {
    endpoint: Endpoint,
    line: Line,
    auth: Auth,
}

/// How often the credentials are renewed for one request.
const RENEWALS: u32 = 2;

impl Transport {
    /// The endpoint at `endpoint` by way of `line`, with the credentials of `auth`.
    pub fn new(endpoint: Endpoint, line: Line, auth: Auth) -> Self {
        Self { endpoint, line, auth }
    }

    /// The endpoint.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The line to it.
    pub fn line(&self) -> &Line {
        &self.line
    }

    /// Sends `request`. An answer with an error status is a failure, as is one that is
    /// no document.
    pub async fn send(&self, request: Request) -> Result<Reply, Failure> {
        let Taken { status, body, name } = self.take(request, "application/json").await?;
        let document = match body.trim_ascii() {
            [] => Json::Null,
            text => serde_json::from_slice(text)
                .map_err(|_| Failure::not_the_api(status, text, &self.endpoint.name(), &name))?,
        };
        Ok(Reply { document })
    }

    /// Sends `request`, whose answer is CSV with `column` in its first line.
    pub async fn csv(&self, request: Request, column: &str) -> Result<String, Failure> {
        let Taken { status, body, name } = self.take(request, "text/csv").await?;
        let text = String::from_utf8_lossy(&body).into_owned();
        match text.lines().next() {
            Some(first) if first.contains(column) => Ok(text),
            _ => Err(Failure::not_the_api(status, &body, &self.endpoint.name(), &name)),
        }
    }

    /// Sends `request`, for an answer of the type `accept`.
    async fn take(&self, request: Request, accept: &'static str) -> Result<Taken, Failure> {
        let name = request.name();
        let host = self.endpoint.name();
        let mut url = self.endpoint.policy(&request.path);
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&request.query);
        }
        let mut outgoing = Outgoing {
            method: request.method,
            url,
            headers: HeaderMap::new(),
            body: request.body.map(|body| body.to_string().into_bytes()),
            name,
            repeat: request.repeat,
            despite_stop: request.despite_stop,
        };
        let mut was_unsure = false;
        for renewals in 0.. {
            let grant = self.auth.grant(&self.line, &self.endpoint).await?;
            outgoing.headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
            if outgoing.body.is_some() {
                outgoing.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            }
            outgoing.headers.extend(grant.headers.clone());
            let answer = self.line.exchange(&outgoing).await;
            let answer =
                answer.map_err(
                    |failure| {
                        if self.auth.is_by_connection() { failure.with_own_certificate() } else { failure }
                    },
                )?;
            was_unsure |= answer.was_unsure;
            match self.auth.verdict(answer.status, &answer.body) {
                Verdict::Outdated if renewals < RENEWALS => {
                    self.auth.renew(&grant).await;
                    continue;
                }
                Verdict::Outdated | Verdict::Refused => {
                    return Err(self.auth.refusal(answer.status, &answer.body, &host, &outgoing.name));
                }
                Verdict::Accepted => {}
            }
            if !(200..300).contains(&answer.status) {
                let failure = Failure::of_answer(answer.status, &answer.body, &host, &outgoing.name);
                return Err(if was_unsure { failure.after_unsure() } else { failure });
            }
            return Ok(Taken { status: answer.status, body: answer.body, name: outgoing.name });
        }
        Err(Failure::Client("no attempt was made".to_owned()))
    }
}
