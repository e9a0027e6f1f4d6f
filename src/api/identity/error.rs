//! Errors as Keystone writes them.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use serde_json::{Value as Json, json};

use crate::api::error::{ApiError, Headers};
use crate::api::host::Base;

/// What a request is answered with that has no other answer.
#[derive(Debug)]
pub struct KeystoneError {
    status: StatusCode,
    message: String,
    headers: Headers,
}

/// What tells a client where to log in.
pub(in crate::api) fn challenge(base: &Base) -> HeaderValue {
    let text = format!("Keystone uri=\"{base}/identity\"");
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static("Keystone"))
}

impl KeystoneError {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), headers: Headers::new() }
    }

    /// The request is not what the API takes.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// A part of the body is missing.
    pub fn missing(what: &str, within: &str) -> Self {
        Self::bad_request(format!(
            "Expecting to find {what} in {within}. The server could not comply with the request since it is either \
             malformed or otherwise incorrect. The client is assumed to be in error."
        ))
    }

    /// Somebody is not who they say, or says nothing.
    pub fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "The request you have made requires authentication.")
    }

    /// The caller's role does not let them do it: `action` is that of Keystone's policy.
    pub fn forbidden(action: &str) -> Self {
        let message = format!("You are not authorized to perform the requested action: {action}.");
        Self::new(StatusCode::FORBIDDEN, message)
    }

    /// There is no such object.
    pub fn not_found(sort: &str, id: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("Could not find {sort}: {id}."))
    }

    /// Nothing is at this address.
    pub fn no_such_address() -> Self {
        let message = "The requested URL was not found on the server. If you entered the URL manually please check your \
                       spelling and try again.";
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// What is at this address has no such method; these are there.
    pub fn method_not_allowed(allow: &'static str) -> Self {
        let mut error = Self::new(StatusCode::METHOD_NOT_ALLOWED, "The method is not allowed for the requested URL.");
        error.headers.push((header::ALLOW, HeaderValue::from_static(allow)));
        error
    }

    /// The body.
    pub fn body(&self) -> Json {
        let title = self.status.canonical_reason().unwrap_or("Refused");
        json!({ "error": { "code": self.status.as_u16(), "message": self.message, "title": title } })
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

/// What all APIs have in common, in Keystone's form.
impl From<ApiError> for KeystoneError {
    fn from(error: ApiError) -> Self {
        let plain = if error.is_about_credentials() {
            Self::unauthorized()
        } else {
            Self::new(error.status(), error.message())
        };
        Self { headers: error.headers(), ..plain }
    }
}

impl IntoResponse for KeystoneError {
    fn into_response(self) -> Response {
        let body = self.body();
        (self.status, AppendHeaders(self.headers), axum::Json(body)).into_response()
    }
}
