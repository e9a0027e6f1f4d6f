//! The parameters of a request. Which there are, and of which shape, is asked of the model.

use serde_json::{Map, Value as Json, json};

use super::AgentError;
use crate::api::query::{Query, told};
use crate::model::{Field, Kind, Shape, flow_trace};

/// Other spellings of parameters that the seed has, and those of the model.
const ALIASES: [(&str, &str); 2] = [("bw-ingress", "bw_ingress"), ("appmac", "appdmac")];

/// The parameters that are given, as fields of a collection.
pub struct Given(Map<String, Json>);

impl Given {
    /// Those that a collection is started with.
    pub fn all(kind: &'static Kind, query: Query) -> Result<Self, AgentError> {
        let fields = kind.record.fields.iter().filter(|field| field.is_configurable() && field.name != "originator");
        Self::of(fields, query)
    }

    /// Those that tell it from others.
    pub fn identity(kind: &'static Kind, mut query: Query) -> Result<Self, AgentError> {
        let names = flow_trace::identity(kind).unwrap_or_default();
        let fields = kind.record.fields.iter().filter(|field| names.contains(&field.name));
        // The seed gives the destination port of the application to tunnels, where it tells nothing.
        if !names.contains(&"dport") {
            drop(query.take("dport"));
        }
        Self::of(fields, query)
    }

    fn of(fields: impl Iterator<Item = &'static Field>, mut query: Query) -> Result<Self, AgentError> {
        let mut given = Map::new();
        for field in fields {
            let other = ALIASES.iter().find(|(_, name)| *name == field.name).and_then(|(alias, _)| query.take(alias));
            let value = match (query.take(field.name), other) {
                (Some(_), Some(_)) => return Err(AgentError::fail(format!("{} is given more than once.", field.name))),
                (Some(value), None) | (None, Some(value)) => value,
                (None, None) => continue,
            };
            given.insert(field.name.to_owned(), typed(field, &value)?);
        }
        query.end()?;
        Ok(Self(given))
    }

    /// As fields.
    pub fn into_fields(self) -> Map<String, Json> {
        self.0
    }
}

/// A parameter as a value of its field.
fn typed(field: &Field, value: &str) -> Result<Json, AgentError> {
    let wrong = |what: &str| AgentError::fail(format!("{} is {what}, not {}.", field.name, told(value)));
    match &field.shape {
        Shape::Int(least, most) => {
            let number = value.parse::<i64>().ok().filter(|number| (least..=most).contains(&number));
            number.map(|number| json!(number)).ok_or_else(|| wrong(&format!("a number from {least} to {most}")))
        }
        Shape::Bool => is_true(value).map(|value| json!(value)).ok_or_else(|| wrong("true or false")),
        Shape::Enum(words) => words.ignoring_case(value).map(|word| json!(word)).ok_or_else(|| wrong(&words.list())),
        Shape::Address => {
            let address = value.parse::<std::net::Ipv4Addr>();
            address.map(|address| json!(address.to_string())).map_err(|_| wrong("an IPv4 address"))
        }
        _ => Ok(json!(value)),
    }
}

fn is_true(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// Takes a truth value, in upper or lower case.
pub fn truth(query: &mut Query, name: &str) -> Result<Option<bool>, AgentError> {
    match query.take(name) {
        None => Ok(None),
        Some(value) => {
            let wrong = || AgentError::fail(format!("{name} is True or False, not {}.", told(&value)));
            is_true(&value).map(Some).ok_or_else(wrong)
        }
    }
}
