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

mod address;
mod client;
mod credentials;
mod failure;
mod line;
mod pace;
mod retry;

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
        let trial = self.credentials.trial().await?;
        let sent = self.send_as_known(request).await;
        // An endpoint that refuses a request has taken the credentials.
        let failure = sent.as_ref().err().filter(|failure| !matches!(failure, Failure::Refused(_)));
        self.credentials.tried(trial, failure);
        sent
    }

    /// Sends `request` with the credentials, which are renewed if they are outdated.
    async fn send_as_known(&self, request: Request) -> Result<Reply, Failure> {
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
            let mut headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))]);
            if body.is_some() {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            }
            headers.extend(grant.headers.clone());
            let answer = self
                .line
                .exchange(&Outgoing {
                    method: request.method.clone(),
                    url,
                    headers,
                    body: body.clone(),
                    name: name.clone(),
                    repeat: request.repeat,
                    despite_stop: request.despite_stop,
                })
                .await?;
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
            let dialect = self.line.dialect();
            if !(200..300).contains(&answer.status) {
                let failure = dialect.failure(answer.status, &answer.body, &host, &name);
                return Err(if was_unsure { failure.after_unsure() } else { failure });
            }
            let document = match answer.body.trim_ascii() {
                [] => Json::Null,
                body => {
                    serde_json::from_slice(body).map_err(|_| dialect.not_the_api(answer.status, body, &host, &name))?
                }
            };
            return Ok(Reply { document });
        }
        Err(Failure::Client("no attempt was made".to_owned()))
    }
}
