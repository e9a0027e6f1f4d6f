//! From errors of the API to the refusals that the provider knows what to do about.

use std::fmt::Write;

use serde_json::Value as Json;

use crate::backend::BackendError;
use crate::backend::transport::{ApiError, Dialect, Failure};
use crate::engine::Refusal;
use crate::model::problem::{Nature, Place, Problem};
use crate::model::reference::references;
use crate::model::{Kind, PolicyPath, Tree};

/// Codes of the API (facts: nsx-policy A.6).
mod code {
    /// There is no such object.
    pub const NOT_FOUND: i64 = 600;
    /// A path that leads nowhere.
    pub const INVALID_PATH: i64 = 500_012;
    /// The object has children or referrers.
    pub const IN_USE: i64 = 500_030;
    /// It is still being deleted.
    pub const BEING_DELETED: i64 = 500_045;
    /// It was changed by somebody else.
    pub const MODIFIED: [i64; 3] = [500_087, 500_090, 100_148];
    /// An address that another object has.
    pub const OVERLAP: i64 = 500_105;
    /// It exists already.
    pub const EXISTS: i64 = 500_127;
    /// It belongs to somebody else, or the user may not do it at all.
    pub const FORBIDDEN: i64 = 289;
}

/// Whether an object was not changed because of whose it is. A role that may not change
/// anything is refused by the same code.
fn is_somebody_elses(error: &ApiError) -> bool {
    let owns = ["is owned by", "doesn't own", "does not own"];
    error.code == code::FORBIDDEN && owns.iter().any(|words| error.message.contains(words))
}

/// How NSX writes errors.
pub static DIALECT: Dialect = Dialect {
    system: "NSX",
    setting: "host",
    read,
    untrusted: "Name the certificate of the authority that signed it in ca_file (or ca), or the certificate itself if it \
                is self-signed. For a test, allow_unverified_ssl = true trusts any.",
    own_certificate: "Check client_auth_cert_file and client_auth_key_file.",
};

fn read(status: u16, body: &Json, request: &str) -> Option<ApiError> {
    let text = body.get("error_message").and_then(Json::as_str)?;
    let mut message = text.to_owned();
    let related = body.get("related_errors").and_then(Json::as_array).into_iter().flatten();
    let details = body.get("details").and_then(Json::as_str).into_iter();
    let more = related.filter_map(|error| error.get("error_message").and_then(Json::as_str));
    for more in details.chain(more).filter(|more| *more != text) {
        let _ = write!(message, " {more}");
    }
    Some(ApiError {
        status,
        code: body.get("error_code").and_then(Json::as_i64).unwrap_or_default(),
        name: String::new(),
        module: body.get("module_name").and_then(Json::as_str).unwrap_or_default().to_owned(),
        message,
        request: request.to_owned(),
        was_unsure: false,
    })
}

/// Whether the failure says that there is no such object.
pub fn is_not_found(failure: &Failure) -> bool {
    failure.api_error().is_some_and(|error| error.status == 404)
}

/// Whether the failure says that there is no such collection, or nothing it could lie
/// below.
pub fn is_nowhere(failure: &Failure) -> bool {
    is_not_found(failure) || failure.api_error().is_some_and(|error| error.code == code::INVALID_PATH)
}

/// Whether the failure says that the object was changed since the revision that was read.
pub fn is_stale(error: &ApiError) -> bool {
    error.status == 412 || error.status == 409 || code::MODIFIED.contains(&error.code)
}

/// Whether the failure says that the object exists already.
pub fn is_there(error: &ApiError) -> bool {
    error.code == code::EXISTS || is_stale(error)
}

/// Whether the failure says that the object is still being deleted.
pub fn is_being_deleted(failure: &Failure) -> bool {
    failure.api_error().is_some_and(|error| error.code == code::BEING_DELETED)
}

/// What it means that `failure` answered an attempt to write an object of `kind` to `path`
/// that declares `tree`.
pub fn of_write(failure: Failure, kind: &Kind, path: &PolicyPath, tree: &Tree) -> BackendError {
    let Failure::Refused(error) = &failure else { return failure.into() };
    let refusal = match (error.status, error.code) {
        (404, _) | (_, code::NOT_FOUND | code::INVALID_PATH) => match missing(error, kind, tree) {
            Some((field, to)) => Refusal::Dangling { field, to },
            None => match paths_in(&error.message).into_iter().next() {
                Some(named) => Refusal::InvalidPath(named),
                None => return failure.into(),
            },
        },
        _ if is_somebody_elses(error) => Refusal::SystemOwned(path.clone()),
        (_, code::OVERLAP) => Refusal::Invalid(vec![problem(error).of(Nature::Taken)]),
        (400, _) => Refusal::Invalid(vec![problem(error)]),
        _ => return failure.into(),
    };
    refusal.into()
}

/// What it means that `failure` answered an attempt to delete the object at `path`.
pub fn of_delete(failure: Failure, path: &PolicyPath) -> BackendError {
    let Failure::Refused(error) = &failure else { return failure.into() };
    match (error.status, error.code) {
        (404, _) => Refusal::NotFound(path.clone()).into(),
        _ if is_somebody_elses(error) => Refusal::SystemOwned(path.clone()).into(),
        (_, code::IN_USE) => {
            let named = paths_in(&error.message).into_iter().filter_map(|named| PolicyPath::parse(&named).ok());
            let by: Vec<_> = named.filter(|named| named != path).collect();
            if by.is_empty() { failure.into() } else { Refusal::InUse { path: path.clone(), by }.into() }
        }
        _ => failure.into(),
    }
}

fn problem(error: &ApiError) -> Problem {
    let what = error.message.trim().trim_end_matches('.').to_owned();
    let hint = format!("The API answered {}, code {}, to {}.", error.status, error.code, error.request);
    Problem::refused(Place::default(), what, hint)
}

/// The reference in `tree` that leads to what the API did not find.
fn missing(error: &ApiError, kind: &Kind, tree: &Tree) -> Option<(String, String)> {
    let named: Vec<_> = paths_in(&error.message).iter().filter_map(|path| PolicyPath::parse(path).ok()).collect();
    let reference = references(kind, tree)
        .into_iter()
        .find(|reference| PolicyPath::parse(&reference.to).is_ok_and(|to| named.contains(&to)))?;
    Some((reference.from.to_string(), reference.to))
}

/// The paths that a text of the API names: `path=[A,B]`, or in a sentence. Identifiers may
/// hold spaces, so within brackets only commas separate.
fn paths_in(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let (mut rest, mut in_brackets) = (text, false);
    while let Some(from) = rest.find("/infra/") {
        in_brackets = match rest[..from].rfind(['[', ']']) {
            Some(at) => rest[at..].starts_with('['),
            None => in_brackets,
        };
        let begin = &rest[from..];
        let end = if in_brackets {
            begin.find([']', ',']).unwrap_or(begin.len())
        } else {
            let stop = begin.find(" could not be found").or_else(|| begin.find([' ', ',', '"', '\'']));
            stop.unwrap_or(begin.len())
        };
        found.push(begin[..end].trim_end_matches(['.', ' ']).to_owned());
        rest = &begin[end..];
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, code: i64, message: &str) -> Failure {
        Failure::Refused(ApiError {
            status,
            code,
            name: String::new(),
            module: "policy".to_owned(),
            message: message.to_owned(),
            request: "DELETE /infra/a".to_owned(),
            was_unsure: false,
        })
    }

    #[test]
    fn the_text_the_code_and_the_request_are_told() {
        let body = br#"{"httpStatus":"BAD_REQUEST","error_code":500012,"module_name":"Policy",
            "error_message":"The path=[/infra/a] is invalid","related_errors":[{"error_message":"And more."}]}"#;
        let said = DIALECT.failure(400, body, "nsx", "PUT /infra/a").to_string();
        assert_eq!(
            said,
            "The path=[/infra/a] is invalid And more. (The API answered 400, code 500012 of Policy to PUT /infra/a.)"
        );
    }

    #[test]
    fn a_secret_that_the_api_repeats_is_hidden() {
        let body = br#"{"error_message":"psk hunter2 is too short","error_code":1}"#;
        let failure = DIALECT.failure(400, body, "nsx", "PUT /infra/a").without(&["hunter2".to_owned(), String::new()]);
        assert!(!failure.to_string().contains("hunter2") && failure.to_string().contains("psk (hidden) is too short"));
    }

    #[test]
    fn who_holds_an_object_is_read_from_the_text() {
        let path = PolicyPath::parse("/infra/ipsec-vpn-ike-profiles/a").unwrap();
        let text = "The object path=[/infra/ipsec-vpn-ike-profiles/a] cannot be deleted as either it has children or it \
                    is being referenced by other objects path=[/infra/tier-0s/vmc/ipsec-vpn-services/default/sessions/one \
                    two,/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/sessions/b].";
        let BackendError::Refused(Refusal::InUse { path: held, by }) = of_delete(refused(400, 500_030, text), &path)
        else {
            panic!("not in use")
        };
        assert_eq!(held, path);
        let sessions = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/sessions";
        assert_eq!(
            by.iter().map(PolicyPath::as_str).collect::<Vec<_>>(),
            [format!("{sessions}/one two"), format!("{sessions}/b")]
        );
    }

    #[test]
    fn a_role_that_may_not_is_not_taken_for_an_owner() {
        let path = PolicyPath::parse("/infra/a").unwrap();
        let by = |text: &str| of_delete(refused(403, 289, text), &path);
        let owned = "Principal 'a' with role '[x]' attempts to delete or modify an object of type Y it doesn't own.";
        assert!(matches!(by(owned), BackendError::Refused(Refusal::SystemOwned(_))));
        let role = by("User reader has the role auditor, which reads and sees no secrets.");
        assert!(role.to_string().contains("has the role auditor"), "{role}");
    }

    #[test]
    fn a_path_in_a_sentence_ends_with_it() {
        let text =
            "The requested object : /infra/tier-0s/None could not be found. Object identifiers are case sensitive.";
        assert_eq!(paths_in(text), ["/infra/tier-0s/None"]);
        assert_eq!(paths_in("The path=[/infra/tier-0s/None] is invalid"), ["/infra/tier-0s/None"]);
        assert!(paths_in("nothing").is_empty());
    }
}
