//! Errors as Neutron writes them.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use serde_json::{Value as Json, json};

use crate::api::error::{ApiError, Headers};
use crate::api::host::Base;
use crate::api::identity::{KeystoneError, challenge};
use crate::engine::Refusal;
use crate::engine::taps::Fault;

/// What a request is answered with that has no other answer.
#[derive(Debug)]
pub struct NeutronError {
    status: StatusCode,
    body: Json,
    headers: Headers,
}

/// The name of the exception for a status, where nothing else tells it.
fn name_of(status: StatusCode) -> &'static str {
    match status {
        StatusCode::BAD_REQUEST => "HTTPBadRequest",
        StatusCode::FORBIDDEN => "HTTPForbidden",
        StatusCode::NOT_FOUND => "HTTPNotFound",
        StatusCode::METHOD_NOT_ALLOWED => "HTTPMethodNotAllowed",
        StatusCode::REQUEST_TIMEOUT => "HTTPRequestTimeout",
        StatusCode::CONFLICT => "HTTPConflict",
        StatusCode::PAYLOAD_TOO_LARGE => "HTTPRequestEntityTooLarge",
        StatusCode::URI_TOO_LONG => "HTTPRequestURITooLong",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "HTTPUnsupportedMediaType",
        StatusCode::TOO_MANY_REQUESTS => "HTTPTooManyRequests",
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => "HTTPRequestHeaderFieldsTooLarge",
        StatusCode::SERVICE_UNAVAILABLE => "HTTPServiceUnavailable",
        _ => "HTTPInternalServerError",
    }
}

impl NeutronError {
    /// An error of this status, by the name of an exception.
    pub fn new(status: StatusCode, name: &str, message: impl Into<String>) -> Self {
        let body = json!({ "NeutronError": { "type": name, "message": message.into(), "detail": "" } });
        Self { status, body, headers: Headers::new() }
    }

    /// The request is not what the API takes.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, name_of(StatusCode::BAD_REQUEST), message)
    }

    /// Nothing is at this address.
    pub fn no_such_address() -> Self {
        let status = StatusCode::NOT_FOUND;
        Self::new(status, name_of(status), "The resource could not be found.")
    }

    /// What is at this address has no such method; these are there.
    pub fn method_not_allowed(method: &str, allow: &'static str) -> Self {
        let status = StatusCode::METHOD_NOT_ALLOWED;
        let message = format!("The method {method} is not allowed for this resource.");
        let mut error = Self::new(status, name_of(status), message);
        error.headers.push((header::ALLOW, HeaderValue::from_static(allow)));
        error
    }

    /// The caller's role does not let them do it: `action` is that of Neutron's policy.
    pub fn disallowed(action: &str) -> Self {
        let message = format!("rule:{action} is disallowed by policy");
        Self::new(StatusCode::FORBIDDEN, "PolicyNotAuthorized", message)
    }

    /// The body.
    pub fn body(&self) -> Json {
        self.body.clone()
    }

    /// The same, which tells where to log in if that would help.
    #[must_use]
    pub fn telling_where_to_log_in(mut self, base: &Base) -> Self {
        if self.status == StatusCode::UNAUTHORIZED {
            self.headers.push((header::WWW_AUTHENTICATE, challenge(base)));
        }
        self
    }
}

impl From<Fault> for NeutronError {
    fn from(fault: Fault) -> Self {
        let status = StatusCode::from_u16(fault.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, body: fault.to_json(), headers: Headers::new() }
    }
}

impl From<Refusal> for NeutronError {
    fn from(refusal: Refusal) -> Self {
        let text = refusal.to_string();
        match refusal {
            Refusal::Neutron(fault) => fault.into(),
            Refusal::Invalid(_) | Refusal::InvalidPath(_) | Refusal::Dangling { .. } => {
                let text = text.trim_end_matches('.');
                let message = format!("Invalid input for operation: {text}.");
                Self::new(StatusCode::BAD_REQUEST, "InvalidInput", message)
            }
            Refusal::SystemOwned(_) => Self::new(StatusCode::FORBIDDEN, "NotAuthorized", text),
            Refusal::InUse { .. } => Self::new(StatusCode::CONFLICT, "InUse", text),
            Refusal::Exists(_) | Refusal::Stale { .. } => Self::new(StatusCode::CONFLICT, "Conflict", text),
            other => ApiError::from(other).into(),
        }
    }
}

/// What all APIs have in common, such as bodies that are too large, in Neutron's form. Who
/// is not known is answered as keystonemiddleware does it.
impl From<ApiError> for NeutronError {
    fn from(error: ApiError) -> Self {
        if error.is_about_credentials() {
            let headers = error.headers();
            return Self { status: StatusCode::UNAUTHORIZED, body: KeystoneError::unauthorized().body(), headers };
        }
        let (status, headers) = (error.status(), error.headers());
        Self { headers, ..Self::new(status, name_of(status), error.message()) }
    }
}

impl IntoResponse for NeutronError {
    fn into_response(self) -> Response {
        (self.status, AppendHeaders(self.headers), axum::Json(self.body)).into_response()
    }
}
