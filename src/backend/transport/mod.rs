//! Requests to an API over HTTP, with its credentials, at a pace it takes.
//!
//! What is different from one API to the other is an [`Api`]: its form of errors, and how it
//! is shown who asks.
//!
//! | module | what it holds |
//! |---|---|
//! | `address` | addresses that credentials are sent to |
//! | `client` | connections, and whom they trust |
//! | `credentials` | who asks: had once for all, and anew in time |
//! | `line` | requests that are sent again where that is safe |
//! | `retry` | how often, and after how long |
//! | `pace` | how many go out each second |
//! | `failure` | why a request came to nothing |
//! | `tls` | what is wrong with TLS, in words |

mod address;
mod client;
mod credentials;
mod failure;
mod line;
mod pace;
mod retry;
mod tls;

use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::Value as Json;

pub use address::{AddressError, address, clear_address, escaped, name_of};
pub use client::{Trust, client};
pub use credentials::{Api, Grant, Verdict, header, secret};
pub use failure::{ApiError, Dialect, Failure};
pub use line::{Incoming, Line, Outgoing, Repeat};
pub use retry::Retries;

use credentials::Credentials;

/// A request to an API.
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

    /// Reads what is at `path`.
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    /// Writes `body` to `path`.
    pub fn put(path: impl Into<String>, body: Json, repeat: Repeat) -> Self {
        Self { body: Some(body), repeat, ..Self::new(Method::PUT, path) }
    }

    /// Has `body` be added to the collection at `path`.
    pub fn post(path: impl Into<String>, body: Json) -> Self {
        Self { body: Some(body), repeat: Repeat::IfWithoutEffect, ..Self::new(Method::POST, path) }
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

/// What the API answered, as it came.
struct Taken {
    status: u16,
    body: Vec<u8>,
    /// Who answered.
    host: String,
    /// What the request is in a message.
    name: String,
}

impl Taken {
    /// The failure that it is where another answer was expected.
    fn not_the_api(&self, dialect: &Dialect) -> Failure {
        dialect.not_the_api(self.status, &self.body, &self.host, &self.name)
    }
}

/// An API that can be asked.
pub struct Transport<A> {
    api: A,
    line: Line,
    credentials: Credentials,
}

/// How often the credentials are renewed for one request.
const RENEWALS: u32 = 2;

impl<A: Api> Transport<A> {
    /// The API `api` by way of `line`.
    pub fn new(api: A, line: Line) -> Self {
        Self { api, line, credentials: Credentials::default() }
    }

    /// The API.
    pub fn api(&self) -> &A {
        &self.api
    }

    /// The line to it.
    pub fn line(&self) -> &Line {
        &self.line
    }

    /// Sends `request`. An answer with an error status is a failure, as is one that is
    /// no document.
    pub async fn send(&self, request: Request) -> Result<Reply, Failure> {
        let taken = self.take(request, "application/json").await?;
        let document = match taken.body.trim_ascii() {
            [] => Json::Null,
            text => serde_json::from_slice(text).map_err(|_| taken.not_the_api(self.line.dialect()))?,
        };
        Ok(Reply { document })
    }

    /// Sends `request`, whose answer is read by `read`.
    pub async fn send_for<T>(&self, request: Request, read: impl FnOnce(&str) -> Option<T>) -> Result<T, Failure> {
        let taken = self.take(request, "application/json").await?;
        let text = String::from_utf8_lossy(&taken.body);
        read(&text).ok_or_else(|| taken.not_the_api(self.line.dialect()))
    }

    /// Sends `request`, whose answer is CSV with `column` in its first line.
    pub async fn csv(&self, request: Request, column: &str) -> Result<String, Failure> {
        let taken = self.take(request, "text/csv").await?;
        let text = String::from_utf8_lossy(&taken.body).into_owned();
        match text.lines().next() {
            Some(first) if first.contains(column) => Ok(text),
            _ => Err(taken.not_the_api(self.line.dialect())),
        }
    }

    /// Sends `request` for an answer of the type `accept`: alone, as long as it is not known
    /// what the endpoint thinks of the credentials.
    async fn take(&self, request: Request, accept: &'static str) -> Result<Taken, Failure> {
        let trial = self.credentials.trial().await?;
        let sent = self.take_as_known(request, accept).await;
        // An endpoint that refuses a request has taken the credentials.
        let failure = sent.as_ref().err().filter(|failure| !matches!(failure, Failure::Refused(_)));
        self.credentials.tried(trial, failure);
        sent
    }

    /// Sends `request` with the credentials, which are renewed if they are outdated.
    async fn take_as_known(&self, request: Request, accept: &'static str) -> Result<Taken, Failure> {
        let name = request.name();
        let body = request.body.map(|body| body.to_string().into_bytes());
        let mut was_unsure = false;
        for renewals in 0.. {
            let grant = self.credentials.grant(&self.api, &self.line).await?;
            let mut url = self.api.address(&grant, &request.path);
            if !request.query.is_empty() {
                url.query_pairs_mut().extend_pairs(&request.query);
            }
            let host = name_of(&url);
            let mut headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
            if body.is_some() {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            }
            headers.extend(grant.headers.clone());
            let outgoing = Outgoing {
                method: request.method.clone(),
                url,
                headers,
                body: body.clone(),
                name: name.clone(),
                repeat: request.repeat,
                despite_stop: request.despite_stop,
            };
            let answer = self.line.exchange(&outgoing).await.map_err(|failure| self.api.explained(failure))?;
            was_unsure |= answer.was_unsure;
            match self.api.verdict(answer.status, &answer.body) {
                Verdict::Outdated if renewals < RENEWALS => {
                    self.credentials.renew(&grant).await;
                    continue;
                }
                verdict @ (Verdict::Outdated | Verdict::Refused) => {
                    let failure = self.api.refusal(answer.status, &answer.body, &host, &name);
                    if verdict == Verdict::Refused {
                        self.credentials.is_refused(&failure).await;
                    }
                    return Err(failure);
                }
                Verdict::Accepted => {}
            }
            if !(200..300).contains(&answer.status) {
                let failure = self.line.dialect().failure(answer.status, &answer.body, &host, &name);
                return Err(if was_unsure { failure.after_unsure() } else { failure });
            }
            return Ok(Taken { status: answer.status, body: answer.body, host, name });
        }
        Err(Failure::Client("no attempt was made".to_owned()))
    }
}
