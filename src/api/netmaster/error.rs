//! Errors, in the envelope of answers. Which body NetMaster gives them no source tells.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use serde_json::{Value as Json, json};

use crate::api::error::{ApiError, Headers};
use crate::engine::Moment;

/// What a request is answered with that has no other answer.
#[derive(Debug)]
pub struct NetMasterError {
    status: StatusCode,
    message: String,
    headers: Headers,
}

impl NetMasterError {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), headers: Headers::new() }
    }

    /// The address or its parameters are not what the API takes.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// Nothing is at this address.
    pub fn no_such_address() -> Self {
        Self::new(StatusCode::NOT_FOUND, "There is nothing at this address.")
    }

    /// There is no such trace or packet.
    pub fn no_such(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("There is no {what}."))
    }

    /// Everything is only read.
    pub fn method_not_allowed() -> Self {
        let mut error = Self::new(StatusCode::METHOD_NOT_ALLOWED, "The method is not supported here. It is GET.");
        error.headers.push((header::ALLOW, HeaderValue::from_static("GET")));
        error
    }

    /// The body.
    pub fn body(&self) -> Json {
        json!({
            "apiVersion": "v1",
            "error": { "code": self.status.as_u16(), "message": self.message },
            "swaggerVersion": "2.0",
            "time": Moment::from_clock().0,
        })
    }
}

impl From<ApiError> for NetMasterError {
    fn from(error: ApiError) -> Self {
        // NSX says 403 to wrong credentials; here it is what somebody may not do.
        let status = if error.is_about_credentials() { StatusCode::UNAUTHORIZED } else { error.status() };
        Self { status, message: error.message().to_owned(), headers: error.headers() }
    }
}

impl IntoResponse for NetMasterError {
    fn into_response(self) -> Response {
        let body = self.body();
        (self.status, AppendHeaders(self.headers), axum::Json(body)).into_response()
    }
}
