//! A live NetMaster: packet traces of its SmartTrace, over HTTP. It holds no objects.
//!
//! | module | what it holds |
//! |---|---|
//! | [`settings`] | what a user sets of a NetMaster, checked |

pub mod settings;
#[cfg(test)]
mod tests;

use async_trait::async_trait;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use serde_json::Value as Json;
use url::Url;

use super::BackendError;
use super::transport::{Api, ApiError, Dialect, Failure, Grant, Line, Request, Transport, Verdict, client, escaped};
use crate::engine::traces::TraceQuestion;
use settings::Settings;

/// How NetMaster writes errors. No source tells, so a text is looked for where such APIs have it.
static DIALECT: Dialect = Dialect {
    system: "NetMaster",
    setting: "url",
    read,
    untrusted: "Name the certificate of the authority that signed it in ca_file. For a test, insecure = true trusts any.",
    own_certificate: "No client certificate can be given to NetMaster: it has to take the user's password or token.",
};

fn read(status: u16, body: &Json, request: &str) -> Option<ApiError> {
    let error = body.get("error").unwrap_or(body);
    let said = ["message", "error", "errorMessage"].iter().find_map(|name| error.get(name)?.as_str());
    Some(ApiError {
        status,
        code: 0,
        name: String::new(),
        module: String::new(),
        message: said.or(error.as_str())?.trim().to_owned(),
        request: request.to_owned(),
        was_unsure: false,
    })
}

/// The API, for one user.
struct SmartTrace {
    /// The address that the API lies below.
    url: Url,
    /// What says who asks.
    authorization: HeaderValue,
}

#[async_trait]
impl Api for SmartTrace {
    async fn credentials(&self, _: &Line) -> Result<Grant, Failure> {
        Ok(Grant::of(HeaderMap::from_iter([(AUTHORIZATION, self.authorization.clone())])))
    }

    fn address(&self, _: &Grant, path: &str) -> Url {
        let mut url = self.url.clone();
        let base = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{base}{}", escaped(path)));
        url
    }

    fn verdict(&self, status: u16, _: &[u8]) -> Verdict {
        if status == 401 { Verdict::Refused } else { Verdict::Accepted }
    }

    fn refusal(&self, status: u16, body: &[u8], host: &str, request: &str) -> Failure {
        let said = DIALECT.failure(status, body, host, request).to_string();
        let why = format!("{said} Check username and password, or token.");
        Failure::Credentials { host: host.to_owned(), why }
    }
}

/// A live NetMaster.
pub struct NetMaster {
    transport: Transport<SmartTrace>,
    region: String,
}

impl NetMaster {
    /// The NetMaster of `settings`. Nothing is asked of it yet.
    ///
    /// # Errors
    /// When the client cannot be built.
    pub fn open(settings: Settings) -> Result<Self, Failure> {
        let line = Line::new(&DIALECT, client(&settings.trust)?, settings.retries, settings.cancelled);
        let api = SmartTrace { url: settings.url, authorization: settings.authorization };
        Ok(Self { transport: Transport::new(api, line), region: settings.region })
    }

    /// What the user knows it as.
    pub fn describe(&self) -> String {
        format!("the NetMaster at {}", self.transport.api().url)
    }

    /// The answer to a question, as the API gives its `data`; `None` where there is no such trace
    /// or packet.
    pub async fn packets(&self, question: &TraceQuestion) -> Result<Option<Json>, BackendError> {
        let region = question.region().unwrap_or(&self.region);
        let root = format!("/api/v1/tcpip/{region}/smart/trace");
        let request = match question {
            TraceQuestion::List { definitions, .. } if definitions.is_empty() => Request::get(root),
            TraceQuestion::List { definitions, .. } => {
                Request::get(root).with("definitionName", format!("eq:{}", definitions.join("|")))
            }
            TraceQuestion::Packet { trace, number, .. } => Request::get(format!("{root}/{trace}/packets/{number}")),
        };
        let mut document = match self.transport.send(request).await {
            Ok(reply) => reply.document,
            Err(Failure::Refused(error)) if error.status == 404 => return Ok(None),
            Err(failure) => return Err(failure.into()),
        };
        let mut data = document.get_mut("data").map(Json::take);
        if matches!(question, TraceQuestion::List { .. }) {
            data = data.and_then(|mut list| list.get_mut("rows").map(Json::take));
        }
        let missing = || Failure::Unsupported("The answer of NetMaster has no data.".to_owned());
        Ok(Some(data.filter(|data| !data.is_null()).ok_or_else(missing)?))
    }
}
