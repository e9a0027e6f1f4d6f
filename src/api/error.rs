//! Errors as NSX writes them (nsx-policy.md A.6).

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use serde_json::{Value as Json, json};

use crate::engine::Refusal;

/// The module that is named where no other is.
const COMMON: &str = "common-services";

/// Headers of an error: few, so that it stays small.
pub type Headers = Vec<(HeaderName, HeaderValue)>;

/// The code of wrong credentials.
const WRONG_CREDENTIALS: u32 = 403;

/// What a request is answered with that has no other answer.
#[derive(Clone, Debug)]
pub struct ApiError {
    status: StatusCode,
    body: Json,
    /// After how many seconds the same request may fare better.
    retry_after: Option<u64>,
    /// The methods there are, where the one of the request is not.
    allow: Option<&'static str>,
    /// Whether nothing more is read from the connection.
    closes: bool,
}

impl ApiError {
    /// An error of this status and code.
    pub fn new(status: StatusCode, code: u32, message: impl Into<String>) -> Self {
        let body = json!({
            "httpStatus": name_of(status),
            "error_code": code,
            "module_name": COMMON,
            "error_message": message.into(),
        });
        Self { status, body, retry_after: None, allow: None, closes: false }
    }

    /// The request is not what the API takes.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, 255, message)
    }

    /// A query of a search is not what the API takes.
    pub fn bad_search(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, 60_508, message)
    }

    /// Nothing is at this address.
    pub fn no_such_address(path: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, 600, format!("The requested URL : {path} could not be found."))
    }

    /// What is at this address has no such method; these are there.
    pub fn method_not_allowed(allow: &'static str) -> Self {
        let message = format!("The method is not supported at this address. It takes {allow}.");
        Self { allow: Some(allow), ..Self::new(StatusCode::METHOD_NOT_ALLOWED, 405, message) }
    }

    /// Nobody has said who they are, or no longer so.
    pub fn unauthenticated(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, 401, message)
    }

    /// They are not who they say.
    pub fn wrong_credentials() -> Self {
        let message = "The credentials were incorrect or the account specified has been locked.";
        Self::new(StatusCode::FORBIDDEN, WRONG_CREDENTIALS, message)
    }

    /// The user may not do it.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, 289, message)
    }

    /// The engine's worker ended before it answered.
    pub fn lost() -> Self {
        let message = "The engine ended before it answered. Whether the request took effect is not known.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, 98, message)
    }

    /// The same, to be tried again after so many seconds.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// The same, after which the connection is closed.
    #[must_use]
    pub fn closing(self) -> Self {
        Self { closes: true, ..self }
    }

    /// The same, about the object at `place` in a body of several, and at `path`. The text says
    /// so, and `error_data` does for programs.
    #[must_use]
    pub fn about(mut self, place: &str, path: Option<&str>) -> Self {
        let named = path.map_or_else(|| place.to_owned(), |path| format!("{place}, {path}"));
        self.body["error_message"] = json!(format!("{} ({named})", self.message()));
        self.body["error_data"] = json!({ "place": place });
        if let Some(path) = path {
            self.body["error_data"]["path"] = json!(path);
        }
        self
    }

    /// The body.
    pub fn body(&self) -> &Json {
        &self.body
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// What it says.
    pub fn message(&self) -> &str {
        self.body["error_message"].as_str().unwrap_or_default()
    }

    /// Whether the request would be answered if it said who asks, or said it right.
    pub fn is_about_credentials(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED || self.body["error_code"] == WRONG_CREDENTIALS
    }

    /// The headers that go with it in every form.
    pub fn headers(&self) -> Headers {
        let retry_after = self.retry_after.map(|seconds| (header::RETRY_AFTER, seconds.into()));
        let allow = self.allow.map(|methods| (header::ALLOW, HeaderValue::from_static(methods)));
        let connection = self.closes.then(|| (header::CONNECTION, HeaderValue::from_static("close")));
        retry_after.into_iter().chain(allow).chain(connection).collect()
    }
}

/// `BAD_REQUEST` of 400.
fn name_of(status: StatusCode) -> String {
    status.canonical_reason().unwrap_or("Unknown").to_ascii_uppercase().replace([' ', '-'], "_")
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let (status, ..) = refusal.status();
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let busy = (status == StatusCode::SERVICE_UNAVAILABLE).then_some(1);
        Self { status, body: refusal.to_json(), retry_after: busy, allow: None, closes: false }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut headers = self.headers();
        if self.status == StatusCode::UNAUTHORIZED {
            headers.push((header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"NSX\"")));
        }
        (self.status, AppendHeaders(headers), axum::Json(self.body)).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_has_the_name_that_nsx_gives_it() {
        for (status, name) in [
            (StatusCode::BAD_REQUEST, "BAD_REQUEST"),
            (StatusCode::NOT_FOUND, "NOT_FOUND"),
            (StatusCode::PRECONDITION_FAILED, "PRECONDITION_FAILED"),
            (StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_REQUESTS"),
        ] {
            assert_eq!(name_of(status), name);
        }
    }
}
