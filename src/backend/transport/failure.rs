//! Why a request to an endpoint came to nothing, in words for the user.

use std::error::Error;
use std::fmt::{self, Display, Formatter};

use serde_json::Value as Json;

use super::tls;

/// Of an answer that is no answer of the API, so many characters are shown.
const LONGEST_LINE: usize = 200;

/// Why a request came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The API refused.
    #[error(transparent)]
    Refused(ApiError),
    /// Something answered that is not the API: a proxy, a portal, another service.
    #[error(
        "{host} answered {status} to {request}, and not as {system} does: {line}. Check {setting}: something else may be there, or \
         in between, such as a proxy or a portal."
    )]
    NotTheApi {
        /// What was to answer.
        system: &'static str,
        /// The setting that names the host.
        setting: &'static str,
        /// The status of HTTP.
        status: u16,
        /// Who answered.
        host: String,
        /// What was asked.
        request: String,
        /// The beginning of the answer.
        line: String,
    },
    /// The certificate of the endpoint is not trusted.
    #[error("The certificate of {host} is not trusted: {why}. {advice}")]
    Certificate {
        /// Whose certificate.
        host: String,
        /// What is wrong with it.
        why: String,
        /// What to do.
        advice: &'static str,
    },
    /// No connection came about.
    #[error("{host} cannot be reached: {why}. Check {setting}, and whether this machine gets there.")]
    Unreachable {
        /// The host.
        host: String,
        /// The setting that names it.
        setting: &'static str,
        /// What the system says.
        why: String,
    },
    /// The connection ended, or nothing came for too long, before the answer was whole.
    #[error(
        "The connection to {host} ended before the answer to {request} was whole: {why}. Run the same command again: what \
         has taken effect is found."
    )]
    Lost {
        /// The host.
        host: String,
        /// What was asked.
        request: String,
        /// What the system says.
        why: String,
    },
    /// The endpoint does not accept the credentials.
    #[error("{host} does not accept the credentials: {why}")]
    Credentials {
        /// The host.
        host: String,
        /// What it says.
        why: String,
    },
    /// It was tried again and again.
    #[error("{last} It was tried {attempts} times in {seconds} seconds.{}", patience(*.wanted))]
    GaveUp {
        /// How often it was tried.
        attempts: u32,
        /// How long it took.
        seconds: u64,
        /// How long the endpoint asked to wait, in seconds, where that was too long.
        wanted: Option<u64>,
        /// What happened the last time.
        last: Box<Failure>,
    },
    /// Terraform was told to stop.
    #[error("Terraform was told to stop before {request} was answered.")]
    Stopped {
        /// What was asked.
        request: String,
    },
    /// The client cannot be built.
    #[error("The connection cannot be prepared: {0}")]
    Client(String),
    /// The endpoint cannot do what is asked of it.
    #[error("{0}")]
    Unsupported(String),
}

fn patience(wanted: Option<u64>) -> String {
    wanted.map_or_else(String::new, |seconds| {
        format!(" It asks to wait for {seconds} seconds, which is longer than a run waits. Run the same command later.")
    })
}

/// An error of the API, as it says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// The status of HTTP.
    pub status: u16,
    /// The code of the API; 0 where there is none.
    pub code: i64,
    /// The name of the error, where the API gives names; may be empty.
    pub name: String,
    /// The part of the API that says so; may be empty.
    pub module: String,
    /// Its text.
    pub message: String,
    /// What was asked: `PUT /infra/…`.
    pub request: String,
    /// Whether the request was sent before, and may have taken effect then.
    pub was_unsure: bool,
}

impl Display for ApiError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { status, code, name, module, message, request, was_unsure: _ } = self;
        let module = if module.is_empty() { String::new() } else { format!(" of {module}") };
        let code = if *code == 0 { String::new() } else { format!(", code {code}{module}") };
        let name = if name.is_empty() { String::new() } else { format!(", {name},") };
        write!(f, "{} (The API answered {status}{code}{name} to {request}.)", message.trim_end())
    }
}

impl Error for ApiError {}

/// How an API writes errors, and what its settings are called.
#[derive(Debug)]
pub struct Dialect {
    /// What answers.
    pub system: &'static str,
    /// The setting that names the host.
    pub setting: &'static str,
    /// Reads the body of an error; `None` when it is none of the API's.
    pub read: fn(status: u16, body: &Json, request: &str) -> Option<ApiError>,
    /// What is said of a certificate that nobody trusts.
    pub untrusted: &'static str,
    /// What is said where the other end does not take our certificate, or wants one.
    pub own_certificate: &'static str,
}

impl Dialect {
    /// The failure that an answer with an error status is.
    pub fn failure(&self, status: u16, body: &[u8], host: &str, request: &str) -> Failure {
        let json = serde_json::from_slice::<Json>(body).ok();
        match json.as_ref().and_then(|body| (self.read)(status, body, request)) {
            Some(error) => Failure::Refused(error),
            None => self.not_the_api(status, body, host, request),
        }
    }

    /// The failure that an answer is which nobody expects of the API.
    pub fn not_the_api(&self, status: u16, body: &[u8], host: &str, request: &str) -> Failure {
        let (host, request) = (host.to_owned(), request.to_owned());
        Failure::NotTheApi { system: self.system, setting: self.setting, status, host, request, line: first_line(body) }
    }

    /// The failure that an error of the client is.
    pub fn of_client(&self, error: &reqwest::Error, host: &str, request: &str) -> Failure {
        let (host, request) = (host.to_owned(), request.to_owned());
        let why = tls::cause(error);
        if let Some(why) = tls::problem_of_theirs(error) {
            Failure::Certificate { host, why, advice: self.untrusted }
        } else if let Some(said) = tls::problem_of_ours(error) {
            Failure::Credentials { host, why: format!("{said}. {}", self.own_certificate) }
        } else if error.is_connect() {
            Failure::Unreachable { host, setting: self.setting, why }
        } else if error.is_builder() {
            Failure::Client(why)
        } else {
            let why = if error.is_timeout() { "nothing came for too long".to_owned() } else { why };
            Failure::Lost { host, request, why }
        }
    }
}

impl Failure {
    /// The same after an attempt that may have taken effect.
    #[must_use]
    pub fn after_unsure(mut self) -> Self {
        if let Self::Refused(error) = &mut self {
            error.was_unsure = true;
        }
        self
    }

    /// The same over a connection with a certificate of ours. An endpoint that does not take it
    /// ends the connection, and HTTP/2 may lose the reason that it gives.
    #[must_use]
    pub fn with_own_certificate(mut self, dialect: &Dialect) -> Self {
        match &mut self {
            Self::Lost { why, .. } => {
                let advice = dialect.own_certificate.trim_end_matches('.');
                let more =
                    format!(". If that happens each time, the endpoint does not take the client certificate. {advice}");
                why.push_str(&more);
            }
            Self::GaveUp { last, .. } => **last = last.as_ref().clone().with_own_certificate(dialect),
            _ => {}
        }
        self
    }

    /// The error of the API that it is.
    pub fn api_error(&self) -> Option<&ApiError> {
        match self {
            Self::Refused(error) => Some(error),
            Self::GaveUp { last, .. } => last.api_error(),
            _ => None,
        }
    }

    /// Whether no connection came about.
    pub fn is_unreachable(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::GaveUp { last, .. } => last.is_unreachable(),
            _ => false,
        }
    }

    /// Whether any other request would have come to the same: no connection came about, or
    /// the host wants to be left alone for longer than a run waits.
    pub fn is_about_the_host(&self) -> bool {
        self.is_unreachable() || matches!(self, Self::GaveUp { wanted: Some(_), .. })
    }

    /// Whether the request may have taken effect although no answer says so.
    pub fn may_have_taken_effect(&self) -> bool {
        match self {
            Self::Lost { .. } | Self::Stopped { .. } => true,
            Self::NotTheApi { status, .. } => *status >= 500,
            Self::Refused(error) => error.status >= 500,
            Self::GaveUp { last, .. } => last.may_have_taken_effect(),
            Self::Certificate { .. }
            | Self::Unreachable { .. }
            | Self::Credentials { .. }
            | Self::Client(_)
            | Self::Unsupported(_) => false,
        }
    }

    /// The same without `secrets`, should the API have repeated one.
    #[must_use]
    pub fn without(mut self, secrets: &[String]) -> Self {
        let hide = |text: &mut String| {
            for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
                *text = text.replace(secret.as_str(), "(hidden)");
            }
        };
        match &mut self {
            Self::Refused(error) => hide(&mut error.message),
            Self::NotTheApi { line, .. } => hide(line),
            Self::GaveUp { last, .. } => **last = last.as_ref().clone().without(secrets),
            _ => {}
        }
        self
    }
}

/// The beginning of an answer that is not the API's. Of a page, its title.
fn first_line(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(64 * 1024)]);
    let lower = text.to_ascii_lowercase();
    let title = lower.find("<title>").zip(lower.find("</title>")).and_then(|(from, to)| text.get(from + 7..to));
    let line = title.or_else(|| text.lines().find(|line| !line.trim().is_empty())).unwrap_or("an empty answer").trim();
    let printable = line.chars().map(|c| if c.is_control() { ' ' } else { c });
    let short: String = printable.take(LONGEST_LINE).collect();
    if short.is_empty() { "an empty title".to_owned() } else { short }
}

#[cfg(test)]
mod tests {
    use super::*;

    static DIALECT: Dialect =
        Dialect { system: "a test", setting: "host", read: |_, _, _| None, untrusted: "", own_certificate: "" };

    #[test]
    fn of_a_page_only_its_title_is_told() {
        let page = b"<html>\n<head><title>502 Bad Gateway</title></head><body>secret</body></html>";
        let said = DIALECT.failure(502, page, "proxy.example.com", "GET /infra/a").to_string();
        let told =
            "proxy.example.com answered 502 to GET /infra/a, and not as a test does: 502 Bad Gateway. Check host";
        assert!(said.starts_with(told) && !said.contains("secret"), "{said}");
        let long = vec![b'x'; 10_000];
        assert!(DIALECT.failure(200, &long, "h", "GET /").to_string().len() < 400);
        assert!(DIALECT.failure(500, b"", "h", "GET /").to_string().contains("an empty answer"));
    }
}
