//! Between what the API answers and what the model has of it.
//!
//! What is read comes into the model's one spelling. What is written is what the API
//! answered, changed where the model says so: fields and words that the model does not
//! know, and what the endpoint keeps itself, come back as they were.

use std::collections::HashMap;
use std::net::Ipv6Addr;

use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::host::called;
use crate::backend::addresses::{USUAL_HOME, at_home, respelled};
use crate::engine::Object;
use crate::model::field::{Field, Record, Shape};
use crate::model::reading::canonical;
use crate::model::reference::secrets;
use crate::model::{BGP_NEIGHBOR, Kind, PolicyPath, Tree, kinds_at, read};

/// The filter that the API puts where none is set.
const BUILT_IN_FILTER: &str = "/prefix-lists/prefixlist-out-default";

/// The kind of an object at `path` that the API answered; `None` when the model has none
/// like that.
pub fn kind_of(path: &PolicyPath, raw: &Map<String, Json>) -> Option<&'static Kind> {
    let mut kinds = kinds_at(path);
    let said = raw.get("resource_type").and_then(Json::as_str);
    match (kinds.next(), kinds.next()) {
        (Some(only), None) => Some(only),
        _ => kinds_at(path).find(|kind| Some(kind.resource_type) == said),
    }
}

/// What the model has of the object at `path` that the API answered.
///
/// The API may call the object by another address than `path`; the one it was asked by
/// counts. Whether secrets are missing or not shown, `shows_secrets` says.
pub fn read_object(path: &PolicyPath, raw: &Map<String, Json>, shows_secrets: bool) -> Option<Object> {
    let kind = kind_of(path, raw)?;
    let own = path.within("locale-services").unwrap_or(USUAL_HOME);
    let respelled = at_home(&Json::Object(raw.clone()), raw, own);
    let Json::Object(mut fields) = declared(kind, respelled.as_object().unwrap_or(raw)).to_json() else { return None };
    for field in kind.fields().filter(|field| !field.is_configurable()) {
        if let Some(kept) = raw.get(field.name) {
            fields.insert(field.name.to_owned(), kept.clone());
        }
    }
    let parent = kind.parent(path).map_or_else(|| "/infra".to_owned(), |parent| parent.to_string());
    let named = [
        ("id", path.id()),
        ("path", path.as_str()),
        ("parent_path", parent.as_str()),
        ("resource_type", kind.resource_type),
    ];
    for (name, value) in named {
        fields.insert(name.to_owned(), json!(value));
    }
    fields.entry("display_name").or_insert_with(|| json!(path.id()));
    fields.entry("unique_id").or_insert_with(|| json!(unique_id(path, raw)));
    let hides = !shows_secrets && !secrets(kind).is_empty();
    Object::from_fields(fields).map(|object| if hides { object.hiding_secrets() } else { object })
}

/// What tells the object from others that have had its path, where the API does not say:
/// when it was created.
fn unique_id(path: &PolicyPath, raw: &Map<String, Json>) -> String {
    let created = raw.get("_create_time").map(ToString::to_string).unwrap_or_default();
    Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{path} {created}").as_bytes()).to_string()
}

/// What is declared of an object that the API answered, in its one spelling.
fn declared(kind: &Kind, raw: &Map<String, Json>) -> Tree {
    let mut known = raw.clone();
    known.retain(|name, _| kind.field(name).is_some_and(Field::is_configurable));
    if *kind == BGP_NEIGHBOR {
        without_built_ins(&mut known);
    }
    read(kind, &Tree::from(&Json::Object(known)), None).tree
}

/// Takes out of a BGP neighbor what the API fills in and nobody declares: its own filter,
/// and the deprecated fields that repeat `route_filtering`.
fn without_built_ins(neighbor: &mut Map<String, Json>) {
    let is_built_in = |paths: &Json| {
        let paths = paths.as_array().map(Vec::as_slice).unwrap_or_default();
        !paths.is_empty() && paths.iter().all(|path| path.as_str().is_some_and(|path| path.ends_with(BUILT_IN_FILTER)))
    };
    if let Some(Json::Array(filtering)) = neighbor.get_mut("route_filtering") {
        let mut was_filled_in = false;
        for family in filtering.iter_mut().filter_map(Json::as_object_mut) {
            if family.get("out_route_filters").is_some_and(is_built_in) {
                family.remove("out_route_filters");
                was_filled_in = true;
            }
        }
        let says_nothing = |family: &Json| {
            let rest = family.as_object().into_iter().flatten();
            rest.clone().all(|(name, value)| name == "address_family" || name == "enabled" && *value == json!(true))
        };
        if was_filled_in && filtering.len() == 1 && filtering.iter().all(says_nothing) {
            neighbor.remove("route_filtering");
        }
    }
    for name in ["in_route_filters", "out_route_filters"] {
        let said = neighbor.get(name);
        let filtering = neighbor.get("route_filtering").and_then(Json::as_array);
        let is_repeated = filtering.into_iter().flatten().any(|family| family.get(name) == said);
        if is_repeated || said.is_some_and(is_built_in) {
            neighbor.remove(name);
        }
    }
}

/// The body that creates an object of `kind` at `path`: what is declared, with the model's
/// defaults, which need not be the endpoint's.
pub fn to_create(kind: &Kind, path: &PolicyPath, fields: Map<String, Json>) -> Map<String, Json> {
    let tree = read(kind, &Tree::from(&Json::Object(fields)), None).tree;
    let Json::Object(mut body) = spelled(&tree.to_json()) else { return Map::new() };
    body.entry("display_name").or_insert_with(|| json!(path.id()));
    body.insert("id".to_owned(), json!(path.id()));
    body.insert("resource_type".to_owned(), json!(kind.resource_type));
    body
}

/// The body that makes `raw`, which the API answered, what `fields` declare. A secret that
/// is not among them is left as it is, unless `raw` shows it; one that is empty is
/// cleared.
pub fn to_replace(kind: &'static Kind, raw: &Map<String, Json>, fields: &Map<String, Json>) -> Map<String, Json> {
    let tree = read(kind, &Tree::from(&Json::Object(fields.clone())), None).tree;
    let Json::Object(declared) = tree.to_json() else { return raw.clone() };
    let mut body = overlaid(kind.fields(), raw, &declared);
    for (way, _) in secrets(kind) {
        let cleared = at(fields, &way).is_some_and(|value| value == "");
        let shown = at(raw, &way).is_some_and(|value| value != "") && at(&declared, &way).is_none();
        if cleared || shown {
            put(&mut body, &way, json!(""));
        }
    }
    body
}

fn at<'a>(fields: &'a Map<String, Json>, way: &[&str]) -> Option<&'a Json> {
    let (first, rest) = way.split_first()?;
    let value = fields.get(*first)?;
    if rest.is_empty() { Some(value) } else { at(value.as_object()?, rest) }
}

/// Puts `value` where `way` leads to, if there is such a place.
fn put(fields: &mut Map<String, Json>, way: &[&str], value: Json) {
    match way {
        [last] => drop(fields.insert((*last).to_owned(), value)),
        [first, rest @ ..] => {
            if let Some(inner) = fields.get_mut(*first).and_then(Json::as_object_mut) {
                put(inner, rest, value);
            }
        }
        [] => {}
    }
}

/// `theirs` with what `ours` declares of `fields`.
fn overlaid(
    fields: impl Iterator<Item = &'static Field>,
    theirs: &Map<String, Json>,
    ours: &Map<String, Json>,
) -> Map<String, Json> {
    let mut body = theirs.clone();
    for field in fields.filter(|field| field.is_configurable()) {
        match ours.get(field.name).filter(|value| !value.is_null()) {
            None => drop(body.remove(field.name)),
            Some(ours) => {
                let value = met(&field.shape, theirs.get(field.name), ours);
                body.insert(field.name.to_owned(), value);
            }
        }
    }
    body
}

/// What becomes of a value of `shape` that is to be `ours`.
fn met(shape: &Shape, theirs: Option<&Json>, ours: &Json) -> Json {
    let Some(theirs) = theirs else { return spelled(ours) };
    if same(shape, theirs, ours) {
        return theirs.clone();
    }
    match (shape, theirs, ours) {
        (Shape::Record(record), Json::Object(theirs), Json::Object(ours)) => {
            Json::Object(overlaid(record.fields.iter(), theirs, ours))
        }
        (Shape::Records(record, ..), Json::Array(theirs), Json::Array(ours)) => elements(record, "", theirs, ours),
        (Shape::RecordSet(record, key, ..), Json::Array(theirs), Json::Array(ours)) => {
            elements(record, key, theirs, ours)
        }
        _ => spelled(ours),
    }
}

/// The elements of a list that is to be `ours`. One that stays keeps what the model does not
/// know of it; it is told by its key, or by all that the model knows.
fn elements(record: &'static Record, key: &str, theirs: &[Json], ours: &[Json]) -> Json {
    let shape = Shape::Record(record);
    let name = |element: &Json| match element.get(key) {
        Some(key) => key.to_string(),
        None => canonical(&shape, &Tree::from(element)).to_json().to_string(),
    };
    let known: HashMap<_, _> = theirs.iter().map(|element| (name(element), element)).collect();
    let in_place = theirs.len() == ours.len();
    let element = |(position, ours): (usize, &Json)| {
        let before = known.get(&name(ours)).copied();
        met(&shape, before.or_else(|| theirs.get(position).filter(|_| in_place && key.is_empty())), ours)
    };
    Json::Array(ours.iter().enumerate().map(element).collect())
}

fn same(shape: &Shape, one: &Json, other: &Json) -> bool {
    one == other || canonical(shape, &Tree::from(one)) == canonical(shape, &Tree::from(other))
}

/// A value as the API is told it: paths by the address that is surely there.
fn spelled(value: &Json) -> Json {
    respelled(value, &|text| {
        let is_of_a_service = text.contains("/ipsec-vpn-services/");
        PolicyPath::parse(text).ok().filter(|_| is_of_a_service).map(|path| called(&path))
    })
}

/// The address at which `body` is written to `path`. The deprecated address of a VPN
/// service takes no IPv6.
pub fn written_at(path: &PolicyPath, body: &Map<String, Json>) -> String {
    let current = path.current_address();
    if current != path.as_str() && body.values().any(holds_ipv6) { current } else { called(path) }
}

fn holds_ipv6(value: &Json) -> bool {
    match value {
        Json::String(text) => text.split('/').next().is_some_and(|text| text.parse::<Ipv6Addr>().is_ok()),
        Json::Array(items) => items.iter().any(holds_ipv6),
        Json::Object(fields) => fields.values().any(holds_ipv6),
        _ => false,
    }
}

/// The secrets in a body, to keep them out of messages.
pub fn secrets_in(kind: &Kind, body: &Map<String, Json>) -> Vec<String> {
    let found = secrets(kind).into_iter().filter_map(|(way, _)| at(body, &way)?.as_str().map(str::to_owned));
    found.filter(|secret| !secret.is_empty()).collect()
}

/// Whether the API answered what `body` wrote: then it is what was written.
pub fn is_what_was_written(kind: &Kind, answered: &Map<String, Json>, body: &Map<String, Json>) -> bool {
    let side = |fields: &Map<String, Json>| {
        let at_home = at_home(&Json::Object(fields.clone()), answered, USUAL_HOME);
        declared(kind, at_home.as_object().unwrap_or(fields)).to_json()
    };
    let (mut found, mut wanted) = (side(answered), side(body));
    for (way, _) in secrets(kind) {
        for side in [&mut found, &mut wanted] {
            if let Some(side) = side.as_object_mut() {
                take(side, &way);
            }
        }
    }
    found == wanted
}

fn take(fields: &mut Map<String, Json>, way: &[&str]) {
    match way {
        [last] => drop(fields.remove(*last)),
        [first, rest @ ..] => {
            if let Some(inner) = fields.get_mut(*first).and_then(Json::as_object_mut) {
                take(inner, rest);
            }
        }
        [] => {}
    }
}

/// Whether the API shows a secret of an object of `kind`.
pub fn shows_a_secret(kind: &Kind, raw: &Map<String, Json>) -> bool {
    secrets(kind).iter().any(|(way, _)| at(raw, way).is_some_and(Json::is_string))
}
