//! What objects look like.

use serde_json::{Map, Value as Json, json};

use super::netmaster;
use crate::api::neutron;
use crate::model::{Api, Field, KINDS, Kind, Presence, Record, Shape, Tree};

/// The schemas of all kinds, and those of answers.
pub(super) fn all() -> Json {
    let mut schemas: Map<String, Json> =
        KINDS.into_iter().chain(neutron::kinds()).map(|kind| (kind.resource_type.to_owned(), of_kind(kind))).collect();
    schemas.insert("ApiError".to_owned(), error());
    schemas.insert("NeutronError".to_owned(), openstack_error());
    schemas.insert("NetMasterError".to_owned(), netmaster::error());
    schemas.insert("AgentCode".to_owned(), super::compute_agent::code());
    Json::Object(schemas)
}

/// A reference to the schema of this name.
pub(super) fn named(name: &str) -> Json {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// The fields that an object of `kind` must have when it is created.
pub(super) fn required(kind: &Kind) -> Vec<&'static str> {
    kind.fields().filter(|field| field.presence == Presence::Required).map(|field| field.name).collect()
}

fn of_kind(kind: &Kind) -> Json {
    let mut schema = object(kind.fields(), kind.record.doc);
    if kind.api() == Api::Neutron {
        return of_neutron(schema, kind);
    }
    schema["properties"]["resource_type"] = json!({ "type": "string", "enum": [kind.resource_type] });
    schema["properties"]["id"] = json!({ "type": "string", "description": "The last part of the path." });
    schema
}

/// An object of Neutron, which shows null for what is not set.
fn of_neutron(mut schema: Json, kind: &Kind) -> Json {
    schema["properties"]["id"]["type"] = json!("string");
    for field in kind.fields() {
        let schema = &mut schema["properties"][field.name];
        if field.unseen {
            schema["writeOnly"] = json!(true);
        } else if field.default_for(&Tree::Null).is_null() && field.presence == Presence::Optional {
            schema["nullable"] = json!(true);
        }
        if let Shape::Records(..) = field.shape
            && let Some(Json::Object(inner)) = schema.pointer_mut("/items/properties")
        {
            inner.values_mut().for_each(|inner| inner["nullable"] = json!(true));
        }
    }
    schema
}

fn object(fields: impl Iterator<Item = &'static Field>, doc: &str) -> Json {
    let shown = fields.filter(|field| !matches!(field.presence, Presence::Unavailable(_)));
    let properties: Map<String, Json> = shown.map(|field| (field.name.to_owned(), of_field(field))).collect();
    json!({ "type": "object", "description": doc, "properties": properties, "additionalProperties": false })
}

fn record(record: &'static Record) -> Json {
    let mut schema = object(record.fields.iter(), record.doc);
    let required: Vec<_> =
        record.fields.iter().filter(|field| field.presence == Presence::Required).map(|field| field.name).collect();
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

pub(super) fn of_field(field: &Field) -> Json {
    // What only the system keeps has no shape that matters.
    if field.doc.is_empty() && field.presence == Presence::ReadOnly {
        return json!({ "readOnly": true });
    }
    let mut schema = of_shape(&field.shape);
    if !field.doc.is_empty() {
        schema["description"] = json!(field.doc);
    }
    if field.presence == Presence::ReadOnly {
        schema["readOnly"] = json!(true);
    }
    if field.secret {
        schema["writeOnly"] = json!(true);
        schema["format"] = json!("password");
    }
    if field.deprecated.is_some() {
        schema["deprecated"] = json!(true);
    }
    let default = field.default_for(&Tree::Null);
    if !default.is_null() && field.presence == Presence::Optional {
        schema["default"] = default.to_json();
    }
    schema
}

fn of_shape(shape: &Shape) -> Json {
    let text = |format: &str| json!({ "type": "string", "format": format });
    match *shape {
        Shape::Bool => json!({ "type": "boolean" }),
        Shape::Int(least, most) => {
            let mut schema = json!({ "type": "integer", "format": "int64", "minimum": least });
            if most < i64::MAX {
                schema["maximum"] = json!(most);
            }
            schema
        }
        Shape::Text(shortest, longest) => {
            let mut schema = json!({ "type": "string" });
            if shortest > 0 {
                schema["minLength"] = json!(shortest);
            }
            if longest > 0 && longest < usize::MAX {
                schema["maxLength"] = json!(longest);
            }
            schema
        }
        Shape::Id => json!({ "type": "string", "minLength": 1 }),
        Shape::Enum(words) => {
            json!({ "type": "string", "enum": words.words.iter().map(|word| word.name).collect::<Vec<_>>() })
        }
        Shape::Address => text("ip"),
        Shape::Network => text("cidr"),
        Shape::AddressOrNetwork => text("ip-or-cidr"),
        Shape::NetworkOrAny => text("cidr-or-any"),
        Shape::InterfaceAddress => text("interface-address"),
        Shape::AddressRange => text("ip-range"),
        Shape::Mac => text("mac-address"),
        Shape::NeutronId(_) => text("uuid"),
        Shape::Vlans => text("vlan-ranges"),
        Shape::AsNumber => text("as-number"),
        Shape::Time => text("date-time"),
        Shape::Path(_) | Shape::ForeignPath(_) => text("policy-path"),
        Shape::List(element, fewest, most) => list(&of_shape(element), fewest, most, false),
        Shape::Set(element, fewest, most) => list(&of_shape(element), fewest, most, true),
        Shape::SetIn(name, element, fewest, most) => {
            let item = json!({
                "type": "object",
                "properties": { name: of_shape(element) },
                "required": [name],
                "additionalProperties": false,
            });
            list(&item, fewest, most, true)
        }
        Shape::Record(inner) => record(inner),
        Shape::Records(inner, fewest, most) => list(&record(inner), fewest, most, false),
        Shape::RecordSet(inner, _, fewest, most) => list(&record(inner), fewest, most, true),
    }
}

fn list(items: &Json, fewest: usize, most: usize, unique: bool) -> Json {
    let mut schema = json!({ "type": "array", "items": items });
    if fewest > 0 {
        schema["minItems"] = json!(fewest);
    }
    // What only the system sets has no bound.
    if most > 0 && most < usize::MAX {
        schema["maxItems"] = json!(most);
    }
    if unique {
        schema["uniqueItems"] = json!(true);
    }
    schema
}

/// A page of results.
pub(super) fn page(items: &Json) -> Json {
    json!({
        "type": "object",
        "required": ["results", "sort_by", "sort_ascending"],
        "properties": {
            "results": { "type": "array", "items": items },
            "result_count": { "type": "integer", "description": "How many results there are; on the first page only." },
            "sort_by": { "type": "string" },
            "sort_ascending": { "type": "boolean" },
            "cursor": { "type": "string", "description": "Where the next page begins; absent on the last one." },
        },
    })
}

/// An error as Neutron writes it, or as Keystone does where it is about who asks.
fn openstack_error() -> Json {
    let texts = |names: &[&str]| -> Map<String, Json> {
        names.iter().map(|name| ((*name).to_owned(), json!({ "type": "string" }))).collect()
    };
    let mut keystone = texts(&["title", "message"]);
    keystone.insert("code".to_owned(), json!({ "type": "integer" }));
    json!({
        "type": "object",
        "minProperties": 1,
        "additionalProperties": false,
        "properties": {
            "NeutronError": {
                "type": "object",
                "required": ["type", "message", "detail"],
                "properties": texts(&["type", "message", "detail"]),
            },
            "error": { "type": "object", "required": ["code", "title", "message"], "properties": keystone },
        },
    })
}

fn error() -> Json {
    json!({
        "type": "object",
        "required": ["httpStatus", "error_code", "module_name", "error_message"],
        "properties": {
            "httpStatus": { "type": "string" },
            "error_code": { "type": "integer" },
            "module_name": { "type": "string" },
            "error_message": { "type": "string" },
            "details": { "type": "string" },
        },
    })
}
