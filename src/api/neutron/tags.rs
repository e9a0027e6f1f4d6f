//! The tags of networks, subnets and ports: `…/ID/tags`, and `…/ID/tags/TAG`.

use std::collections::BTreeSet;

use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value as Json, json};

use super::objects::{no_parameters, read};
use super::{Ask, NeutronError, answer};
use crate::api::query::shortened;
use crate::engine::networks::tags::LONGEST_TAG;
use crate::engine::networks::{Attributes, NetworkFault, Tagging, Target};
use crate::engine::taps::Fault;
use crate::model::Kind;

/// The part of an address behind which tags are.
pub(super) const PLACE: &str = "tags";

/// Answers a request for all tags of the object of `kind` with this id.
pub(super) async fn all(ask: Ask, kind: &'static Kind, id: &str) -> Result<Response, NeutronError> {
    no_parameters(&ask)?;
    let of = Target::new(kind, id);
    let tags = match ask.method {
        Method::GET | Method::HEAD => ask.by.read(move |engine, by| engine.neutron_tags(&of, by)).await?,
        Method::PUT => {
            ask.by.may(&format!("update_{}_tags", kind.name))?;
            let (by, body) = read(ask).await?;
            let change = Tagging::Replace(tags(body)?);
            by.write(move |engine, by| engine.tag_in_neutron(&of, change, by)).await?
        }
        Method::DELETE => {
            ask.by.may(&format!("delete_{}_tags", kind.name))?;
            let change = Tagging::Replace(Vec::new());
            ask.by.write(move |engine, by| engine.tag_in_neutron(&of, change, by)).await?;
            return Ok(StatusCode::NO_CONTENT.into_response());
        }
        ref other => return Err(NeutronError::method_not_allowed(other.as_str(), "GET, PUT, DELETE")),
    };
    Ok(answer(StatusCode::OK, &json!({ PLACE: tags })))
}

/// Answers a request for one tag of the object of `kind` with this id.
pub(super) async fn one(ask: Ask, kind: &'static Kind, id: &str, tag: &str) -> Result<Response, NeutronError> {
    no_parameters(&ask)?;
    fits(&json!(tag)).map_err(invalid)?;
    let (of, tag) = (Target::new(kind, id), tag.to_owned());
    let (action, change, done) = match ask.method {
        Method::GET | Method::HEAD => {
            let tags = ask.by.read(move |engine, by| engine.neutron_tags(&of, by)).await?;
            let is_there = tags.contains(&tag);
            return if is_there {
                Ok(StatusCode::NO_CONTENT.into_response())
            } else {
                Err(Fault::from(NetworkFault::TagNotFound(tag)).into())
            };
        }
        Method::PUT => ("update", Tagging::Add(tag), StatusCode::CREATED),
        Method::DELETE => ("delete", Tagging::Remove(tag), StatusCode::NO_CONTENT),
        ref other => return Err(NeutronError::method_not_allowed(other.as_str(), "GET, PUT, DELETE")),
    };
    ask.by.may(&format!("{action}_{}_tags", kind.name))?;
    ask.by.write(move |engine, by| engine.tag_in_neutron(&of, change, by)).await?;
    Ok(done.into_response())
}

fn invalid(what: String) -> NeutronError {
    Fault::from(NetworkFault::Invalid(what)).into()
}

/// The tags that a body names, in the words of Neutron's validators.
fn tags(mut body: Map<String, Json>) -> Result<Vec<String>, NeutronError> {
    let named = body.remove(PLACE).filter(|_| body.is_empty());
    let named = named.ok_or_else(|| invalid("Invalid tags body".to_owned()))?;
    let Json::Array(named) = named else { return Err(invalid(format!("'{}' is not a list", spelled(&named)))) };
    let mut tags = Vec::with_capacity(named.len());
    let mut seen = BTreeSet::new();
    for tag in &named {
        let tag = fits(tag).map_err(invalid)?;
        if !seen.insert(tag) {
            return Err(invalid(format!("Duplicate items in the list: '{}'", shortened(tag))));
        }
        tags.push(tag.to_owned());
    }
    Ok(tags)
}

/// A value as a text of Neutron names it.
fn spelled(value: &Json) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    shortened(&text).into_owned()
}

/// That a tag can be one. A tag of the policy API, which holds it, has a text.
fn fits(tag: &Json) -> Result<&str, String> {
    let Json::String(tag) = tag else { return Err(format!("'{}' is not a valid string", spelled(tag))) };
    match tag.chars().count() {
        0 => Err("'' is not a valid string".to_owned()),
        length if length > LONGEST_TAG => Err(format!("'{}' exceeds maximum length of {LONGEST_TAG}", shortened(tag))),
        _ => Ok(tag),
    }
}

/// A filter of a list by tags.
pub(super) struct Filter {
    /// Whether one of them is enough, and not all are wanted.
    any: bool,
    /// Whether what has them is left out.
    not: bool,
    tags: BTreeSet<String>,
}

impl Filter {
    /// The one of this name, with these texts: tags with commas between them.
    pub fn of<'a>(name: &str, texts: impl Iterator<Item = &'a str>) -> Option<Self> {
        let (any, not) = match name {
            "tags" => (false, false),
            "tags-any" => (true, false),
            "not-tags" => (false, true),
            "not-tags-any" => (true, true),
            _ => return None,
        };
        Some(Self { any, not, tags: texts.flat_map(|text| text.split(',')).map(str::to_owned).collect() })
    }

    /// Whether it lets `object` pass.
    pub fn lets(&self, object: &Attributes) -> bool {
        let has = |tag: &String| object[PLACE].as_array().is_some_and(|tags| tags.iter().any(|own| own == tag));
        let fits = if self.any { self.tags.iter().any(has) } else { self.tags.iter().all(has) };
        fits != self.not
    }
}
