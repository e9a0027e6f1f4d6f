//! Bodies of requests, checked in the order and in the words of Neutron
//! (`neutron_lib.api.attributes` and `validators`).

use std::net::IpAddr;

use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::{Fault, Member};
use crate::engine::Refusal;
use crate::engine::networks::NetworkFault;
use crate::model::neutron::are_vlans;
use crate::model::{Field, Gravity, Kind, Network, Presence, Shape, Tree, read};

/// The fields of a new object of `kind`: in their one spelling, with defaults, and with the
/// project it is going to be of.
pub(in crate::engine) fn to_create(
    kind: &Kind,
    body: &Map<String, Json>,
    by: &Member,
) -> Result<Map<String, Json>, Refusal> {
    let project = project(body, by)?;
    let mut body = body.clone();
    body.remove("tenant_id");
    recognized(kind, &body)?;
    body.insert("project_id".to_owned(), project.into());
    for field in kind.fields() {
        match (field.presence, body.get(field.name)) {
            (Presence::ReadOnly | Presence::Unavailable(_), Some(_)) => {
                return Err(Fault::NotAllowedInPost(field.name).into());
            }
            (Presence::Required, None) => return Err(Fault::Missing(field.name).into()),
            _ => {}
        }
    }
    converted(kind, &mut body)?;
    fits(kind, &body)?;
    canonical(kind, body)
}

/// The fields of an object of `kind`, which has the fields `before`, after a change.
pub(in crate::engine) fn to_change(
    kind: &Kind,
    before: Map<String, Json>,
    body: &Map<String, Json>,
) -> Result<Map<String, Json>, Refusal> {
    recognized(kind, body)?;
    let fixed = |field: &&Field| (field.fixed || !field.is_configurable()) && body.contains_key(field.name);
    if let Some(field) = kind.fields().find(fixed) {
        return Err(Fault::ReadOnly(field.name).into());
    }
    let mut body = body.clone();
    converted(kind, &mut body)?;
    fits(kind, &body)?;
    let mut fields = before;
    fields.extend(body);
    canonical(kind, fields)
}

/// The project that a body names, which older clients call a tenant, or that of the caller.
fn project(body: &Map<String, Json>, by: &Member) -> Result<String, Fault> {
    let named = |attribute: &'static str| match body.get(attribute) {
        None => Ok(None),
        Some(Json::String(project)) if !project.is_empty() => Ok(Some(project.as_str())),
        Some(other) => Err(invalid(attribute, format!("'{}' is not a valid string", spelled(other)))),
    };
    let (project, tenant) = (named("project_id")?, named("tenant_id")?);
    if project.is_some() && tenant.is_some() && project != tenant {
        return Err(Fault::TwoProjects);
    }
    match project.or(tenant) {
        Some(project) if !by.sees(project) => Err(Fault::ForeignProject),
        project => Ok(project.unwrap_or(&by.project).to_owned()),
    }
}

fn recognized(kind: &Kind, body: &Map<String, Json>) -> Result<(), Fault> {
    let stray: Vec<_> = body.keys().filter(|name| kind.field(name).is_none()).cloned().collect();
    if stray.is_empty() { Ok(()) } else { Err(Fault::Unrecognized(stray)) }
}

/// Truth values and numbers may be written in other ways, which Neutron takes as well.
fn converted(kind: &Kind, body: &mut Map<String, Json>) -> Result<(), Fault> {
    for field in kind.fields() {
        if let Some(value) = body.get_mut(field.name) {
            convert(&field.shape, value)?;
        }
    }
    Ok(())
}

fn convert(shape: &Shape, value: &mut Json) -> Result<(), Fault> {
    match (shape, &mut *value) {
        (Shape::Bool, Json::Bool(_)) => {}
        (Shape::Bool, other) => {
            let wrong = || NetworkFault::Invalid(format!("'{}' cannot be converted to boolean", spelled(other)));
            *value = Json::Bool(truth(other).ok_or_else(wrong)?);
        }
        (Shape::Int(..), Json::String(text)) => {
            if let Ok(number) = text.trim().parse::<i64>() {
                *value = number.into();
            }
        }
        (Shape::Record(record), Json::Object(fields)) => {
            for (name, value) in fields {
                if let Some(field) = record.field(name) {
                    convert(&field.shape, value)?;
                }
            }
        }
        _ => {}
    }
    Ok(())
}

/// The truth value that is meant (`oslo_utils.strutils.bool_from_string`).
pub fn truth(value: &Json) -> Option<bool> {
    match spelled(value).trim().to_ascii_lowercase().as_str() {
        "1" | "t" | "true" | "on" | "y" | "yes" => Some(true),
        "0" | "f" | "false" | "off" | "n" | "no" => Some(false),
        _ => None,
    }
}

fn fits(kind: &Kind, body: &Map<String, Json>) -> Result<(), Fault> {
    for field in kind.fields() {
        let Some(value) = body.get(field.name) else { continue };
        // Only what has no default can be nothing.
        if value.is_null() && field.may_be_absent() {
            continue;
        }
        if let Some(reason) = reason(&field.shape, value) {
            return Err(invalid(field.name, reason));
        }
    }
    Ok(())
}

/// The fields in their one spelling. What Neutron has no words for is told in the model's.
fn canonical(kind: &Kind, fields: Map<String, Json>) -> Result<Map<String, Json>, Refusal> {
    let reading = read(kind, &Tree::from(&Json::Object(fields)), None);
    if let Some(problem) = reading.problems.iter().find(|problem| problem.gravity == Gravity::Refused) {
        let attribute = match problem.at.0.first() {
            Some(crate::model::problem::Step::Field(name)) => *name,
            _ => kind.name,
        };
        return Err(invalid(attribute, problem.what.clone()).into());
    }
    match reading.tree.to_json() {
        Json::Object(fields) => Ok(fields.into_iter().filter(|(_, value)| !value.is_null()).collect()),
        _ => Ok(Map::new()),
    }
}

fn invalid(attribute: &'static str, reason: String) -> Fault {
    Fault::Invalid { attribute, reason }
}

/// A value as a text of Neutron names it.
fn spelled(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null => "None".to_owned(),
        Json::Bool(true) => "True".to_owned(),
        Json::Bool(false) => "False".to_owned(),
        other => other.to_string(),
    }
}

/// Why `value` is none of `shape`, as Neutron's validators say it.
fn reason(shape: &Shape, value: &Json) -> Option<String> {
    let text = value.as_str();
    let told = spelled(value);
    match shape {
        Shape::NeutronId(_) => {
            let fits = text.is_some_and(|text| Uuid::parse_str(text).is_ok());
            (!fits).then(|| format!("'{told}' is not a valid UUID"))
        }
        Shape::Enum(words) => {
            let fits = text.is_some_and(|text| words.has(text));
            (!fits).then(|| format!("{told} is not in valid_values"))
        }
        Shape::Address => {
            let fits = text.is_some_and(|text| text.parse::<IpAddr>().is_ok());
            (!fits).then(|| format!("'{told}' is not a valid IP address"))
        }
        Shape::Vlans => {
            let fits = text.is_some_and(are_vlans);
            (!fits).then(|| format!("'{told}' is not a valid input"))
        }
        Shape::Int(..) => (value.as_i64().is_none()).then(|| format!("'{told}' is not an integer")),
        Shape::Text(_, longest) => match text {
            None => Some(format!("'{told}' is not a valid string")),
            Some(text) if text.chars().count() > *longest => {
                Some(format!("'{told}' exceeds maximum length of {longest}"))
            }
            Some(_) => None,
        },
        Shape::Record(record) => {
            let Json::Object(fields) = value else { return Some(format!("'{told}' is not a dictionary")) };
            let within = |(name, value): (&String, &Json)| match record.field(name) {
                Some(_) if value.is_null() => None,
                Some(field) => reason(&field.shape, value),
                None => Some(format!("'{name}' is not in valid_values")),
            };
            fields.iter().find_map(within)
        }
        Shape::Mac => {
            let groups = text.map(|text| text.split([':', '-']).collect::<Vec<_>>()).unwrap_or_default();
            let is_one = groups.len() == 6
                && groups.iter().all(|group| group.len() == 2 && group.bytes().all(|it| it.is_ascii_hexdigit()));
            (!is_one).then(|| format!("'{told}' is not a valid MAC address"))
        }
        Shape::Network => {
            let fits = text.is_some_and(|text| Network::meant(text).is_ok());
            (!fits).then(|| format!("'{told}' is not a valid IP subnet"))
        }
        // The one list of addresses is that of name servers.
        Shape::List(element @ Shape::Address, ..) => match value {
            Json::Array(items) => items.iter().find_map(|item| {
                reason(element, item).map(|why| format!("'{}' is not a valid nameserver. {why}", spelled(item)))
            }),
            _ => Some(format!("Invalid data format for nameserver: '{told}'")),
        },
        Shape::List(element, ..) => {
            let Json::Array(items) = value else { return Some(format!("'{told}' is not a list")) };
            items.iter().find_map(|item| reason(element, item))
        }
        Shape::Records(record, ..) => {
            let Json::Array(items) = value else { return Some(format!("'{told}' is not a list")) };
            items.iter().find_map(|item| reason(&Shape::Record(record), item))
        }
        // Truth values are converted before, and no field of Neutron's is of another shape.
        _ => None,
    }
}
