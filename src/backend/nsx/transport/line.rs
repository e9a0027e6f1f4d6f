//! One line to an endpoint: requests that are sent again where that is safe.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use reqwest::header::HeaderMap;
use reqwest::{Client, Method, Request as HttpRequest, Response};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::failure::Failure;
use super::pace::Pace;
use super::retry::{DEADLINE, Retries, asked_for};
use crate::backend::nsx::host::name_of;

/// The largest answer that is read, in bytes: a thousand objects are some megabytes.
const LARGEST_ANSWER: usize = 256 * 1024 * 1024;

/// No single attempt takes longer.
const LONGEST_ATTEMPT: Duration = Duration::from_mins(2);

/// A host that has not answered yet is tried so often: its address may be wrong.
const FIRST_ATTEMPTS: u32 = 4;

/// After a host was given up, nobody tries for so long.
const GIVEN_UP: Duration = Duration::from_secs(10);

/// Whether a request may be sent again when it is not known whether it took effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Yes: the second time changes nothing, or is refused.
    Always,
    /// Only if it cannot have taken effect.
    IfWithoutEffect,
}

/// A request as it goes out.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The method.
    pub method: Method,
    /// Where to.
    pub url: Url,
    /// Headers, credentials among them.
    pub headers: HeaderMap,
    /// The body.
    pub body: Option<Vec<u8>>,
    /// What it is in a message: `PUT /infra/…`.
    pub name: String,
    /// Whether it may be sent again.
    pub repeat: Repeat,
    /// Whether it is to be answered although Terraform was told to stop, because it says
    /// what became of something that was begun.
    pub despite_stop: bool,
}

/// An answer, whole.
#[derive(Debug)]
pub struct Incoming {
    /// The status of HTTP.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
    /// Whether it was sent before, and may have taken effect then.
    pub was_unsure: bool,
}

/// A client with what it knows of the endpoint.
pub struct Line {
    client: Client,
    retries: Retries,
    pace: Pace,
    cancelled: CancellationToken,
    numbers: AtomicU64,
    hosts: Mutex<HashMap<String, Host>>,
}

/// What is known of a host.
#[derive(Clone, Default)]
struct Host {
    /// Whether it has answered anything.
    was_reached: bool,
    /// Why it was given up, and when: thousands of objects are not to wait for it one after the
    /// other.
    given_up: Option<(Failure, Instant)>,
}

impl Line {
    /// A line over `client`. Once `cancelled`, nothing new is begun.
    pub fn new(client: Client, retries: Retries, cancelled: CancellationToken) -> Self {
        Self { client, retries, pace: Pace::default(), cancelled, numbers: AtomicU64::new(0), hosts: Mutex::default() }
    }

    /// How many requests have gone out.
    pub fn requests(&self) -> u64 {
        self.numbers.load(Ordering::Relaxed)
    }

    /// Waits for `pause`, unless Terraform is told to stop.
    pub async fn rest(&self, pause: Duration, name: &str) -> Result<(), Failure> {
        tokio::select! {
            () = self.cancelled.cancelled() => Err(Failure::Stopped { request: name.to_owned() }),
            () = sleep(pause) => Ok(()),
        }
    }

    /// What is known of the host `name`, for `work` to use or change.
    fn of_host<T>(&self, name: &str, work: impl FnOnce(&mut Host) -> T) -> T {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        work(hosts.entry(name.to_owned()).or_default())
    }

    /// Sends `request`, again where that is safe, and returns the answer to the last
    /// attempt. Answers with a status that is not tried again are returned as they are.
    pub async fn exchange(&self, request: &Outgoing) -> Result<Incoming, Failure> {
        let name = name_of(&request.url);
        let known = self.of_host(&name, |host| host.clone());
        if let Some((failure, at)) = &known.given_up
            && at.elapsed() < GIVEN_UP
        {
            return Err(failure.clone());
        }
        let done = self.persist(request, &known).await;
        let given_up = done.as_ref().err().filter(|failure| failure.is_about_the_host());
        let given_up = given_up.map(|failure| (failure.clone(), Instant::now()));
        self.of_host(&name, |host| host.given_up = given_up);
        done
    }

    /// Sends `request` to the host of which this is `known`, again where that is safe and worth it.
    async fn persist(&self, request: &Outgoing, known: &Host) -> Result<Incoming, Failure> {
        let most = match known {
            Host { given_up: Some(_), .. } => 1,
            Host { was_reached: false, .. } => FIRST_ATTEMPTS,
            Host { was_reached: true, .. } => u32::MAX,
        };
        let began = Instant::now();
        let mut pauses = self.retries.pauses();
        let (mut attempts, mut was_unsure) = (0, false);
        loop {
            attempts += 1;
            let (failure, asked) = match self.attempt(request).await {
                Ok(answer) if self.retries.statuses.contains(&answer.status) => {
                    let asked = asked_for(&answer.headers, SystemTime::now());
                    // What is longer than anybody waits is no pace; the others are told so too.
                    if answer.status == 429 && asked.is_none_or(|asked| asked <= DEADLINE) {
                        self.pace.too_many(asked);
                    }
                    let failure =
                        Failure::of_answer(answer.status, &answer.body, &name_of(&request.url), &request.name);
                    // A request that is one too many is not even looked at.
                    (failure, Some((answer.status, asked)))
                }
                Ok(answer) => return Ok(Incoming { was_unsure, ..answer }),
                Err(failure) => (failure, None),
            };
            let is_worth_it = matches!(failure, Failure::Unreachable { .. } | Failure::Lost { .. }) || asked.is_some();
            let is_unsure = failure.may_have_taken_effect() && !matches!(asked, Some((429, _)));
            if !is_worth_it || is_unsure && request.repeat == Repeat::IfWithoutEffect {
                return Err(failure);
            }
            was_unsure |= is_unsure;
            let wanted = asked.and_then(|(_, wanted)| wanted);
            let seconds = began.elapsed().as_secs();
            let gave_up = |wanted| Failure::GaveUp { attempts, seconds, wanted, last: Box::new(failure.clone()) };
            let is_vain = failure.is_unreachable() && attempts >= most;
            let Some(pause) = pauses.next().filter(|_| !is_vain) else {
                return Err(if attempts == 1 { failure } else { gave_up(None) });
            };
            let pause = wanted.map_or(pause, |wanted| wanted + pause / 4);
            if began.elapsed() + pause > DEADLINE {
                return Err(gave_up(wanted.map(|wanted| wanted.as_secs())));
            }
            tracing::debug!(request = request.name, attempts, pause_ms = millis(pause), %failure, "tried again");
            if let Err(stopped) = self.rest(pause, &request.name).await {
                return Err(if was_unsure { failure } else { stopped });
            }
        }
    }

    /// Sends `request` once.
    async fn attempt(&self, request: &Outgoing) -> Result<Incoming, Failure> {
        let stopped = || Failure::Stopped { request: request.name.clone() };
        if !request.despite_stop {
            tokio::select! {
                biased;
                () = self.cancelled.cancelled() => return Err(stopped()),
                () = self.pace.turn() => {}
            }
        }
        let number = self.numbers.fetch_add(1, Ordering::Relaxed) + 1;
        let began = Instant::now();
        // A read is dropped when Terraform stops; of a write it has to be known what became.
        let answer = if request.method == Method::GET && !request.despite_stop {
            tokio::select! {
                biased;
                () = self.cancelled.cancelled() => return Err(stopped()),
                answer = self.whole(request) => answer,
            }
        } else {
            self.whole(request).await
        };
        let took_ms = millis(began.elapsed());
        match &answer {
            Ok(answer) => {
                self.of_host(&name_of(&request.url), |host| host.was_reached = true);
                tracing::debug!(number, request = request.name, status = answer.status, took_ms, "answered");
            }
            Err(failure) => tracing::debug!(number, request = request.name, %failure, took_ms, "not answered"),
        }
        answer
    }

    async fn whole(&self, request: &Outgoing) -> Result<Incoming, Failure> {
        let host = name_of(&request.url);
        let failed = |error: reqwest::Error| Failure::of_client(&error.without_url(), &host, &request.name);
        let exchange = async {
            let response = self.client.execute(built(request)).await.map_err(failed)?;
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            let body = body(response, &host, &request.name).await?;
            Ok(Incoming { status, headers, body, was_unsure: false })
        };
        timeout(LONGEST_ATTEMPT, exchange).await.unwrap_or_else(|_| {
            let why = format!("it took longer than {} seconds", LONGEST_ATTEMPT.as_secs());
            Err(Failure::Lost { host: host.clone(), request: request.name.clone(), why })
        })
    }
}

fn built(request: &Outgoing) -> HttpRequest {
    let mut built = HttpRequest::new(request.method.clone(), request.url.clone());
    *built.headers_mut() = request.headers.clone();
    *built.body_mut() = request.body.clone().map(Into::into);
    built
}

async fn body(mut response: Response, host: &str, name: &str) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    let failed = |error: reqwest::Error| Failure::of_client(&error.without_url(), host, name);
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > LARGEST_ANSWER {
            let why = format!("it is larger than {} MiB", LARGEST_ANSWER / 1024 / 1024);
            return Err(Failure::Client(format!("the answer of {host} to {name} cannot be read, because {why}")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
