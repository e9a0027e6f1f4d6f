//! Return codes, and how they are carried: the number, its name and a message in the body,
//! and an HTTP status that says the same to those who know no codes. The seed has the
//! numbers only.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value as Json, json};

use crate::api::error::{ApiError, Headers};
use crate::engine::fabric::agent::Fault;

/// A return code (seed 004, "Compute Agent API Resources Overview").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The request was served.
    Ok = 0,
    /// An earlier request about the same flow is still being served.
    Again = 1,
    /// The parameters are not valid, or there is no data.
    Fail = 2,
    /// The flow is another originator's, or the user may not do it.
    Unauthorized = 3,
    /// There is no such flow.
    NoSuchFlow = 4,
}

impl Code {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "EOK",
            Self::Again => "EAGAIN",
            Self::Fail => "EFAIL",
            Self::Unauthorized => "E_UNAUTHORIZED",
            Self::NoSuchFlow => "E_AoF",
        }
    }

    /// The body that carries it.
    pub fn body(self, message: Option<&str>) -> Json {
        let mut body = json!({ "code": self as u8, "name": self.name() });
        if let Some(message) = message {
            body["message"] = json!(message);
        }
        body
    }
}

/// What a request is answered with that is not served.
#[derive(Debug)]
pub struct AgentError {
    status: StatusCode,
    code: Code,
    message: String,
    headers: Headers,
}

impl AgentError {
    fn new(status: StatusCode, code: Code, message: String) -> Self {
        Self { status, code, message, headers: Headers::new() }
    }

    /// The parameters are not what the agent takes.
    pub fn fail(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Code::Fail, message.into())
    }

    /// The user may not do it.
    pub fn unauthorized(message: String) -> Self {
        Self::new(StatusCode::FORBIDDEN, Code::Unauthorized, message)
    }

    /// Nothing is at this address.
    pub fn no_such_address() -> Self {
        Self::new(StatusCode::NOT_FOUND, Code::Fail, "There is nothing at this address.".to_owned())
    }

    /// The address takes GET alone.
    pub fn method_not_allowed() -> Self {
        let message = "Every request to a compute agent is a GET.".to_owned();
        let headers = vec![(header::ALLOW, HeaderValue::from_static("GET"))];
        Self { headers, ..Self::new(StatusCode::METHOD_NOT_ALLOWED, Code::Fail, message) }
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The body.
    pub fn body(&self) -> Json {
        self.code.body(Some(&self.message))
    }

    /// The headers.
    pub fn headers(&self) -> HeaderMap {
        self.headers.iter().cloned().collect()
    }
}

impl From<Fault> for AgentError {
    fn from(fault: Fault) -> Self {
        let message = fault.to_string();
        match fault {
            Fault::Again(_) => Self {
                headers: vec![(header::RETRY_AFTER, HeaderValue::from_static("1"))],
                ..Self::new(StatusCode::SERVICE_UNAVAILABLE, Code::Again, message)
            },
            Fault::Fail(_) => Self::fail(message),
            Fault::NoData(_) => Self::new(StatusCode::NOT_FOUND, Code::Fail, message),
            Fault::Unauthorized(_) => Self::unauthorized(message),
            Fault::NoSuchFlow(_) => Self::new(StatusCode::NOT_FOUND, Code::NoSuchFlow, message),
            Fault::Store(error) => ApiError::from(crate::engine::Refusal::Store(error)).into(),
        }
    }
}

/// What all APIs have in common, in the agent's form.
impl From<ApiError> for AgentError {
    fn from(error: ApiError) -> Self {
        let status = error.status();
        let code = match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Code::Unauthorized,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => Code::Again,
            _ => Code::Fail,
        };
        let mut headers = error.headers();
        if status == StatusCode::UNAUTHORIZED {
            headers.push((header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"Compute Agent\"")));
        }
        Self { headers, ..Self::new(status, code, error.message().to_owned()) }
    }
}

impl IntoResponse for AgentError {
    fn into_response(self) -> Response {
        let mut response = (self.status, axum::Json(self.body())).into_response();
        response.headers_mut().extend(self.headers());
        response
    }
}
