//! Requests to OpenStack's APIs.

use serde_json::{Map, Value as Json, json};

use super::paths::{Operation, parameter, window};
use super::schemas::{named, required};
use crate::api::neutron;
use crate::engine::networks::tags::LONGEST_TAG;
use crate::model::Kind;

/// Adds them.
pub(super) fn add(paths: &mut Map<String, Json>) {
    for kind in neutron::kinds() {
        objects(paths, kind);
        if neutron::is_tap(kind) {
            copies(paths, kind);
        } else {
            tags(paths, kind);
        }
    }
    let object = || json!({ "type": "object" });
    for (address, what) in [
        ("/", "The versions of OpenStack's APIs."),
        ("/v2.0/", "What Neutron has."),
        ("/v2.0/extensions", "What there is besides the core of Neutron."),
        ("/v3", "The version of the identity API."),
    ] {
        Operation::of_openstack(what, "200").answers(object()).add(paths, "get", address);
    }
    let quota = Operation::of_openstack("How many taps a project may have.", "200").answers(object());
    quota.add(paths, "get", "/v2.0/quotas/{project-id}");
    let login = json!({ "type": "object", "required": ["auth"], "properties": { "auth": object() } });
    let login = Operation::of_openstack("Log in: the token is in X-Subject-Token.", "201").body(login);
    login.answers(object()).add(paths, "post", "/v3/auth/tokens");
}

/// An object in a body: under its name, and nothing beside it.
fn within(name: &str, schema: &Json) -> Json {
    json!({ "type": "object", "required": [name], "properties": { name: schema }, "additionalProperties": false })
}

fn objects(paths: &mut Map<String, Json>, kind: &'static Kind) {
    let Some([place @ .., "*"]) = kind.places.first() else { return };
    let (collection, title) = (format!("/{}", place.join("/")), kind.title);
    let item = format!("{collection}/{{{}-id}}", kind.name);
    let shown = named(kind.resource_type);
    let texts = json!({ "type": "array", "items": { "type": "string" } });
    let fields = parameter("fields", &texts);
    let mut query = vec![fields.clone()];
    for (name, schema) in [
        ("limit", json!({ "type": "integer", "minimum": 0 })),
        ("marker", json!({ "type": "string", "format": "uuid" })),
        ("page_reverse", json!({ "type": "boolean" })),
        ("sort_key", texts.clone()),
        ("sort_dir", json!({ "type": "array", "items": { "type": "string", "enum": ["asc", "desc"] } })),
    ] {
        query.push(parameter(name, &schema));
    }
    if !neutron::is_tap(kind) {
        query.extend(["tags", "tags-any", "not-tags", "not-tags-any"].map(|name| parameter(name, &texts)));
    }
    let links = json!({ "type": "array", "items": { "type": "object" } });
    let plural = neutron::plural(kind);
    let list = json!({
        "type": "object",
        "required": [plural],
        "properties": { plural: { "type": "array", "items": shown }, format!("{plural}_links"): links },
    });
    let one = within(kind.name, &shown);
    let new = json!({ "allOf": [shown, { "required": required(kind) }] });
    Operation::of_openstack(format!("List each {title}."), "200").query(query).answers(list).add(
        paths,
        "get",
        &collection,
    );
    let create = Operation::of_openstack(format!("Create a {title}."), "201").body(within(kind.name, &new));
    create.answers(one.clone()).add(paths, "post", &collection);
    let read = Operation::of_openstack(format!("Read a {title}."), "200").query(vec![fields]);
    read.answers(one.clone()).add(paths, "get", &item);
    let at = || kind.field("revision_number").map(|_| revision()).into_iter().collect::<Vec<_>>();
    let change = Operation::of_openstack(format!("Change a {title}."), "200").query(at()).body(one.clone());
    change.answers(one).add(paths, "put", &item);
    Operation::of_openstack(format!("Delete a {title}."), "204").query(at()).add(paths, "delete", &item);
}

/// The tags of an object.
fn tags(paths: &mut Map<String, Json>, kind: &'static Kind) {
    let Some([place @ .., "*"]) = kind.places.first() else { return };
    let (all, title) = (format!("/{}/{{{}-id}}/tags", place.join("/"), kind.name), kind.title);
    let one = format!("{all}/{{tag}}");
    let texts = json!({ "type": "array", "uniqueItems": true, "items": {
        "type": "string", "minLength": 1, "maxLength": LONGEST_TAG,
    } });
    let body = within("tags", &texts);
    let of = |what: &str, status| Operation::of_openstack(format!("{what} of a {title}."), status);
    of("The tags", "200").answers(body.clone()).add(paths, "get", &all);
    of("Replace the tags", "200").body(body.clone()).answers(body).add(paths, "put", &all);
    of("Remove the tags", "204").add(paths, "delete", &all);
    of("Whether it is a tag", "204").add(paths, "get", &one);
    of("Add a tag", "201").add(paths, "put", &one);
    of("Remove a tag", "204").add(paths, "delete", &one);
}

/// What a tap has copied.
fn copies(paths: &mut Map<String, Json>, kind: &'static Kind) {
    let Some([place @ .., "*"]) = kind.places.first() else { return };
    let (item, title) = (format!("/{}/{{{}-id}}", place.join("/"), kind.name), kind.title);
    let counted = Operation::of_openstack(format!("How much a {title} has copied."), "200");
    counted.answers(json!({ "type": "object" })).add(paths, "get", &format!("{item}/statistics"));
    let what = format!("The copies that a {title} has made, as a capture file.");
    let capture = Operation::of_openstack(what, "200").query(window());
    capture.answers_with_a_capture().add(paths, "get", &format!("{item}/capture"));
}

/// The revision that an object has to be at.
fn revision() -> Json {
    json!({ "name": "If-Match", "in": "header", "schema": { "type": "string", "pattern": "^revision_number=[0-9]+$" } })
}
