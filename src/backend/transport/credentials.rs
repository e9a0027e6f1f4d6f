//! Who we are to an API.
//!
//! A session or a token is had once for all requests that need it at the same time, and
//! anew before it ends or when the endpoint no longer takes it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::header::{HeaderMap, HeaderValue};
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::Instant;
use url::Url;

use super::failure::Failure;
use super::line::Line;

/// What is different from one API to the other.
#[async_trait]
pub trait Api: Send + Sync {
    /// Has credentials be made, over `line`.
    async fn credentials(&self, line: &Line) -> Result<Grant, Failure>;

    /// The address of what is at `path`, for who has `grant`.
    fn address(&self, grant: &Grant, path: &str) -> Url;

    /// What an answer with this status and body says of the credentials.
    fn verdict(&self, status: u16, body: &[u8]) -> Verdict;

    /// `failure` of a request, with what may be behind it.
    fn explained(&self, failure: Failure) -> Failure {
        failure
    }

    /// What is said to the user of an endpoint that refuses the credentials.
    fn refusal(&self, status: u16, body: &[u8], host: &str, request: &str) -> Failure;
}

/// Credentials that requests carry.
#[derive(Debug)]
pub struct Grant {
    /// The headers.
    pub headers: HeaderMap,
    /// The address that the API lies below, where it comes with the credentials.
    pub below: Option<Url>,
    /// From when on others are to be had.
    pub until: Option<Instant>,
}

impl Grant {
    /// These headers, which are good for as long as the endpoint takes them.
    pub fn of(headers: HeaderMap) -> Self {
        Self { headers, below: None, until: None }
    }
}

/// What an endpoint thinks of the credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing is wrong with them.
    Accepted,
    /// They have been right; new ones may be.
    Outdated,
    /// They are wrong.
    Refused,
}

/// The credentials in use.
#[derive(Default)]
pub struct Credentials {
    current: Mutex<Current>,
    /// Whether the endpoint has answered a request with them.
    is_tried: AtomicBool,
    trial: Mutex<Option<Failure>>,
    /// How many requests have failed that were to try them.
    failures: AtomicU64,
}

/// The right to send a request before it is known what the endpoint thinks of the credentials.
pub type Trial<'a> = Option<MutexGuard<'a, Option<Failure>>>;

/// What has come of asking for credentials.
#[derive(Default)]
struct Current {
    grant: Option<Arc<Grant>>,
    /// Why there will be none. A name is locked after a few wrong passwords, and a plan
    /// has many requests: what was refused once is not tried again in the same run.
    refusal: Option<Failure>,
}

impl Credentials {
    /// Waits until a request may go out. The first goes alone: ten at once with a wrong password
    /// would lock the user out. When it fails, so do those that waited for it.
    pub async fn trial(&self) -> Result<Trial<'_>, Failure> {
        if self.is_tried.load(Ordering::Acquire) {
            return Ok(None);
        }
        let before = self.failures.load(Ordering::Acquire);
        let trial = self.trial.lock().await;
        if self.is_tried.load(Ordering::Acquire) {
            return Ok(None);
        }
        match trial.as_ref() {
            Some(failure) if self.failures.load(Ordering::Acquire) > before => Err(failure.clone()),
            _ => Ok(Some(trial)),
        }
    }

    /// Notes what came of a request that went out by `trial`.
    pub fn tried(&self, trial: Trial<'_>, failure: Option<&Failure>) {
        let Some(mut trial) = trial else { return };
        match failure {
            None => self.is_tried.store(true, Ordering::Release),
            Some(Failure::Stopped { .. }) => {}
            Some(failure) => {
                *trial = Some(failure.clone());
                self.failures.fetch_add(1, Ordering::Release);
            }
        }
    }

    /// Notes that the endpoint refuses the credentials: nobody tries them again.
    pub async fn is_refused(&self, failure: &Failure) {
        self.current.lock().await.refusal = Some(failure.clone());
    }

    /// The credentials for a request to `api` that goes out now.
    pub async fn grant(&self, api: &impl Api, line: &Line) -> Result<Arc<Grant>, Failure> {
        // Whoever holds the lock gets them for all the others.
        let mut current = self.current.lock().await;
        if let Some(refusal) = &current.refusal {
            return Err(refusal.clone());
        }
        let is_good = |grant: &&Arc<Grant>| grant.until.is_none_or(|until| Instant::now() < until);
        if let Some(grant) = current.grant.as_ref().filter(is_good) {
            return Ok(Arc::clone(grant));
        }
        match api.credentials(line).await {
            Ok(grant) => Ok(Arc::clone(current.grant.insert(Arc::new(grant)))),
            Err(failure) => {
                current.refusal = Some(failure.clone()).filter(|it| matches!(it, Failure::Credentials { .. }));
                Err(failure)
            }
        }
    }

    /// Has others be had in place of `outdated`, unless somebody else has done so.
    pub async fn renew(&self, outdated: &Arc<Grant>) {
        let mut current = self.current.lock().await;
        if current.grant.as_ref().is_some_and(|grant| Arc::ptr_eq(grant, outdated)) {
            current.grant = None;
        }
    }
}

/// The header of a user's name and password: `Basic`, or `Remote` for users of another
/// directory.
pub fn header(word: &str, username: &str, password: &str) -> HeaderValue {
    let text = format!("{word} {}", BASE64_STANDARD.encode(format!("{username}:{password}")));
    secret(&text).unwrap_or(HeaderValue::from_static("Basic"))
}

/// A header's value that is not shown.
pub fn secret(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}
