//! Return codes, however they are carried: the seed has their numbers, and does not say where
//! they stand. A number alone, a field `code` and the name are understood, with any HTTP status.

use serde_json::Value as Json;

use crate::backend::BackendError;
use crate::backend::transport::{ApiError, Dialect, Failure};
use crate::engine::Refusal;
use crate::model::PolicyPath;
use crate::model::problem::{Place, Problem};

/// A return code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The request was served.
    Ok = 0,
    /// An earlier request about the same flow is still being served.
    Again = 1,
    /// The parameters are not valid, or there is no data.
    Fail = 2,
    /// The flow is another originator's.
    Unauthorized = 3,
    /// There is no such flow.
    NoSuchFlow = 4,
}

const CODES: [(Code, &str); 5] = [
    (Code::Ok, "EOK"),
    (Code::Again, "EAGAIN"),
    (Code::Fail, "EFAIL"),
    (Code::Unauthorized, "E_UNAUTHORIZED"),
    (Code::NoSuchFlow, "E_AoF"),
];

impl Code {
    /// Its name.
    pub fn name(self) -> &'static str {
        CODES.iter().find(|(code, _)| *code == self).map_or("", |(_, name)| name)
    }
}

/// The code that a document carries, if it does.
pub fn code_of(document: &Json) -> Option<Code> {
    let said = document.get("code").or_else(|| document.get("name")).unwrap_or(document);
    let known = |(code, name): &&(Code, &str)| match said {
        Json::Number(number) => number.as_i64() == Some(*code as i64),
        Json::String(text) => text == name,
        _ => false,
    };
    CODES.iter().find(known).map(|(code, _)| *code)
}

/// How an agent writes errors.
pub static DIALECT: Dialect = Dialect {
    system: "a compute agent",
    setting: "url",
    read,
    untrusted: "Name the certificate of the authority that signed it in cacert_file, or the certificate itself if it is \
                self-signed. For a test, insecure = true trusts any.",
    own_certificate: "No client certificate can be given to a compute agent: it has to take the password.",
};

fn error(status: u16, code: Code, body: &Json, request: &str) -> ApiError {
    let message = body.get("message").and_then(Json::as_str).unwrap_or_default();
    ApiError {
        status,
        code: code as i64,
        name: code.name().to_owned(),
        module: String::new(),
        message: if message.is_empty() { code.name().to_owned() } else { message.to_owned() },
        request: request.to_owned(),
        was_unsure: false,
    }
}

fn read(status: u16, body: &Json, request: &str) -> Option<ApiError> {
    Some(error(status, code_of(body)?, body, request))
}

/// The failure that an answer is which carries `code`.
pub fn failure(code: Code, body: &Json, path: &str) -> Failure {
    Failure::Refused(error(200, code, body, &format!("GET {path}")))
}

/// Whether `failure` carries `code`.
pub fn is(failure: &Failure, code: Code) -> bool {
    failure.api_error().is_some_and(|error| error.name == code.name())
}

/// What `failure` means for the collection at `path` that was to be written.
pub fn of_write(failure: Failure, path: &PolicyPath) -> BackendError {
    if is(&failure, Code::NoSuchFlow) {
        return Refusal::NotFound(path.clone()).into();
    }
    if is(&failure, Code::Fail) {
        let what = failure.api_error().map(|error| error.message.trim_end_matches('.').to_owned()).unwrap_or_default();
        let hint = "The agent takes no such parameters.";
        return Refusal::Invalid(vec![Problem::refused(Place::default(), what, hint)]).into();
    }
    failure.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_code_is_found_wherever_it_stands() {
        for (document, code) in [
            (json!(0), Some(Code::Ok)),
            (json!("E_AoF"), Some(Code::NoSuchFlow)),
            (json!({ "code": 3, "name": "E_UNAUTHORIZED" }), Some(Code::Unauthorized)),
            (json!({ "name": "EFAIL" }), Some(Code::Fail)),
            (json!({ "Path": [] }), None),
            (json!({ "flows": [] }), None),
            (Json::Null, None),
        ] {
            assert_eq!(code_of(&document), code, "{document}");
        }
    }
}
