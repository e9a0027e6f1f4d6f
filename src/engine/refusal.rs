//! Why a request is refused, as the API says it (facts: "Error body and codes").

use serde_json::{Value as Json, json};

use super::store::StoreError;
use super::taps::Fault;
use crate::model::path::PolicyPath;
use crate::model::problem::{Gravity, Nature, Problem};

/// Why a request is refused.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Refusal {
    /// There is no such object.
    #[error("The requested object : {0} could not be found. Object identifiers are case sensitive.")]
    NotFound(PolicyPath),
    /// A field refers to an object that does not exist.
    #[error("The requested object : {to} could not be found. Object identifiers are case sensitive.")]
    Dangling {
        /// The field, as `in_route_filters[0]`.
        field: String,
        /// The path it holds.
        to: String,
    },
    /// The path has no parent, or names nothing the API knows.
    #[error("The path=[{0}] is invalid")]
    InvalidPath(String),
    /// The object has children, or others refer to it.
    #[error(
        "The object path=[{path}] cannot be deleted as either it has children or it is being referenced by other \
         objects path=[{}]",
        list(by)
    )]
    InUse {
        /// The object.
        path: PolicyPath,
        /// Its children, and who refers to it.
        by: Vec<PolicyPath>,
    },
    /// The object exists, and the request does not say which revision it replaces.
    #[error("Cannot create an object with path=[{0}] as it already exists.")]
    Exists(PolicyPath),
    /// The object was changed since the revision that the request replaces. The
    /// API's own code for this is not attested; the text is.
    #[error(
        "The object path=[{path}] is at revision {found}, not {sent}. Fetch the latest copy of the object and retry."
    )]
    Stale {
        /// The object.
        path: PolicyPath,
        /// The revision it is at.
        found: i64,
        /// The revision the request replaces.
        sent: i64,
    },
    /// The object belongs to the system.
    #[error("The object path=[{0}] is owned by the system and cannot be changed or deleted.")]
    SystemOwned(PolicyPath),
    /// The body is not acceptable. The API has one answer for it, that to the first
    /// problem.
    #[error("{}", answer(.0))]
    Invalid(Vec<Problem>),
    /// Neutron refuses.
    #[error(transparent)]
    Neutron(#[from] Fault),
    /// The store failed.
    #[error("The engine's store failed: {0}.")]
    Store(#[from] StoreError),
}

impl Refusal {
    /// The HTTP status, its name in the body, the error code and the module.
    pub fn status(&self) -> (u16, &'static str, u32, &'static str) {
        match self {
            Self::NotFound(_) | Self::Dangling { .. } => (404, "NOT_FOUND", 600, "common-services"),
            Self::InvalidPath(_) => (400, "BAD_REQUEST", 500_012, "Policy"),
            Self::InUse { .. } => (400, "BAD_REQUEST", 500_030, "policy"),
            Self::Exists(_) => (400, "BAD_REQUEST", 500_127, "Policy"),
            Self::Stale { .. } => (412, "PRECONDITION_FAILED", 206, "common-services"),
            Self::SystemOwned(_) => (403, "FORBIDDEN", 289, "common-services"),
            Self::Invalid(problems) => match nature(problems) {
                Nature::Value => (400, "BAD_REQUEST", 255, "common-services"),
                Nature::Path(_) => (400, "BAD_REQUEST", 500_012, "Policy"),
                Nature::Taken => (400, "BAD_REQUEST", 500_105, "Policy"),
            },
            Self::Neutron(fault) => (fault.status(), fault.name(), 0, "neutron"),
            Self::Store(error) if error.is_temporary() => (503, "SERVICE_UNAVAILABLE", 98, "common-services"),
            Self::Store(_) => (500, "INTERNAL_SERVER_ERROR", 98, "common-services"),
        }
    }

    /// The body of the answer.
    pub fn to_json(&self) -> Json {
        let (_, status, code, module) = self.status();
        let mut body = json!({
            "httpStatus": status,
            "error_code": code,
            "module_name": module,
            "error_message": self.to_string(),
        });
        if let Self::Invalid(problems) = self
            && matches!(nature(problems), Nature::Path(_))
        {
            body["details"] = json!(in_one_line(problems));
        }
        body
    }
}

fn list(paths: &[PolicyPath]) -> String {
    paths.iter().map(PolicyPath::as_str).collect::<Vec<_>>().join(",")
}

fn refused(problems: &[Problem]) -> impl Iterator<Item = &Problem> {
    problems.iter().filter(|problem| problem.gravity == Gravity::Refused)
}

/// What sort of problem the API answers to.
fn nature(problems: &[Problem]) -> &Nature {
    refused(problems).next().map_or(&Nature::Value, |problem| &problem.nature)
}

fn answer(problems: &[Problem]) -> String {
    match nature(problems) {
        Nature::Path(path) => format!("The path=[{path}] is invalid"),
        _ => in_one_line(problems),
    }
}

fn in_one_line(problems: &[Problem]) -> String {
    refused(problems).map(Problem::to_string).collect::<Vec<_>>().join(" ")
}
