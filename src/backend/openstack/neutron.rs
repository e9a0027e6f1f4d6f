//! How the services of OpenStack write errors, and what they mean for an object.

use serde_json::{Map, Value as Json};

use crate::backend::BackendError;
use crate::backend::transport::{ApiError, Dialect, Failure};
use crate::engine::Refusal;
use crate::model::Kind;
use crate::model::problem::{Place, Problem};

/// How Neutron and Keystone write errors.
pub static DIALECT: Dialect = Dialect {
    system: "OpenStack",
    setting: "auth_url",
    read,
    untrusted: "Name the certificate of the authority that signed it in cacert_file, or the certificate itself if it is \
                self-signed. For a test, insecure = true trusts any.",
    own_certificate: "Check cert and key.",
};

/// Reads `{"NeutronError": {"type", "message", "detail"}}`, `{"error": {"title", "message"}}`, and what
/// proxies and other services write alike: one object with a message in it.
fn read(status: u16, body: &Json, request: &str) -> Option<ApiError> {
    let (name, error) = body.as_object()?.iter().next()?;
    let text = |name: &str| error.get(name).and_then(Json::as_str).unwrap_or_default().trim();
    let said = if let Some(text) = error.as_str().filter(|_| name == "NeutronError") { text } else { text("message") };
    if said.is_empty() {
        return None;
    }
    let detail = text("detail");
    Some(ApiError {
        status,
        code: 0,
        name: text("type").to_owned(),
        module: String::new(),
        message: if detail.is_empty() { said.to_owned() } else { format!("{said} {detail}") },
        request: request.to_owned(),
        was_unsure: false,
    })
}

/// Whether the failure says that there is no such object.
pub fn is_not_found(failure: &Failure) -> bool {
    failure.api_error().is_some_and(|error| error.status == 404)
}

/// Whether the failure says that there are as many objects as there may be.
pub fn is_out_of_quota(failure: &Failure) -> bool {
    let limits = ["OverQuota", "TapServiceLimitReached"];
    failure.api_error().is_some_and(|error| error.status == 409 && limits.contains(&error.name.as_str()))
}

/// What it means that `failure` answered an attempt to write an object of `kind` with `fields`.
pub fn of_write(failure: Failure, kind: &'static Kind, fields: &Map<String, Json>) -> BackendError {
    let Failure::Refused(error) = &failure else { return failure.into() };
    if !matches!(error.status, 400 | 403 | 404 | 409) {
        return failure.into();
    }
    let at = attribute(error, kind, fields).map_or_else(Place::default, |name| Place::default().field(name));
    let what = error.message.trim_end_matches('.').to_owned();
    let hint = format!("The API answered {}, {}, to {}.", error.status, error.name, error.request);
    Refusal::Invalid(vec![Problem::refused(at, what, hint)]).into()
}

/// The attribute that an error is about: the one it names, or whose value it repeats, or that an
/// error of this name is always about.
fn attribute(error: &ApiError, kind: &'static Kind, fields: &Map<String, Json>) -> Option<&'static str> {
    let named = |name: &str| {
        let text = &error.message;
        text.contains(&format!("'{name}'")) || text.starts_with(&format!("Invalid input for {name}."))
    };
    let repeated = |name: &str| {
        let value = fields.get(name).and_then(Json::as_str).filter(|value| value.len() >= 3);
        value.is_some_and(|value| error.message.contains(value))
    };
    let by_text = kind.fields().map(|field| field.name).find(|name| named(name) || repeated(name));
    by_text.or_else(|| {
        let name = match error.name.as_str() {
            "PortDoesNotBelongToTenant" => "port_id",
            "TapServiceNotBelongToTenant" => "tap_service_id",
            "TapMirrorTunnelConflict" => "directions",
            _ => return None,
        };
        kind.field(name).map(|field| field.name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(status: u16, body: &str) -> String {
        DIALECT.failure(status, body.as_bytes(), "cloud", "POST /v2.0/taas/tap_flows").to_string()
    }

    #[test]
    fn what_each_service_says_is_told() {
        let neutron =
            r#"{"NeutronError":{"type":"TapServiceNotFound","message":"Tap Service  x does not exist","detail":""}}"#;
        assert_eq!(
            said(404, neutron),
            "Tap Service  x does not exist (The API answered 404, TapServiceNotFound, to POST /v2.0/taas/tap_flows.)"
        );
        let keystone = r#"{"error":{"code":401,"message":"The request you have made requires authentication.","title":"Unauthorized"}}"#;
        assert!(
            said(401, keystone)
                .starts_with("The request you have made requires authentication. (The API answered 401 to")
        );
        assert!(said(400, r#"{"NeutronError":"Invalid body"}"#).starts_with("Invalid body ("));
        assert!(said(503, r#"{"a":1}"#).contains("not as OpenStack does"));
    }
}
