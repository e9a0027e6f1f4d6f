//! Terraform schemas, made of the model's declarations.

use std::sync::Arc;

use super::convert::{nothing, same, shown, to_tree, to_value, type_of};
use super::data_source::{keys, one_of};
use super::face::{FLEXIBLE, Face, WAIT};
use crate::model::field::{Default, Field, Presence, Record, Shape};
use crate::model::{Api, common, flow_trace, neutron};
use crate::tf_provider::schema::Mode;
use crate::tf_provider::{Attribute, Block, NestedBlock, Nesting, Replace, Schema, Type, Value};

/// The version of every resource's state; counts incompatible changes.
const STATE_VERSION: i64 = 0;

/// The schema of the resource of a face.
pub fn resource(face: &'static Face) -> Schema {
    let mut block = Block::new(face.kind.record.doc).with(id(face));
    if let Some(parent) = parent(face) {
        block = block.with(parent);
    }
    if face.may_be_flexible() {
        let doc = "Whether the object lies right below `/infra`, as `vmware/nsxt` has its `nsxt_policy_segment`, rather than \
                   below its gateway: then it can be moved to another one in place. Unset, it stays where it is, and a new \
                   one lies below its gateway. A change replaces the object.";
        let attribute = Attribute::optional_computed(FLEXIBLE, Type::Bool, doc).keep_prior();
        // A state that says nothing of it is of an object below its gateway.
        let is_moved = |before: &Value, after: &Value| after.as_bool() != Some(before.as_bool().unwrap_or_default());
        block = block.with(Attribute { replace: Replace::When(Arc::new(is_moved)), ..attribute });
    }
    if face.takes_time() {
        let doc = "Whether the apply waits until it has ended: its actions have seen all packets that they were to, or its time is \
                   over. Default: `false`.";
        block = block.with(Attribute::optional(WAIT, Type::Bool, doc).default_value(Value::Bool(false)));
    }
    for record in [face.kind.common(), face.kind.record] {
        for field in shown(record) {
            block = add_field(block, record, field);
        }
    }
    Schema { version: STATE_VERSION, block }
}

/// The schema of the data source of a face.
pub fn data_source(face: &'static Face) -> Schema {
    let keys = keys(face);
    let quoted: Vec<_> = keys.iter().map(|key| format!("`{key}`")).collect();
    let quoted: Vec<_> = quoted.iter().map(String::as_str).collect();
    let one_of = one_of(&quoted);
    let mut block = Block::new(face.kind.record.doc);
    for key in keys {
        let what = match *key {
            "id" => "The identifier.",
            "path" => "The policy path.",
            _ => "The name people see.",
        };
        let doc = format!("{what} Set exactly one of {one_of} to tell which object is meant.");
        block = block.with(Attribute::optional_computed(*key, Type::String, doc));
    }
    if let Some(parent) = &face.parent {
        let doc = format!("{} Where objects are looked for by `id` or `display_name`.", parent.doc);
        let doc = doc + &default_text(face.kind.default_parent);
        block = block.with(Attribute::optional_computed(parent.attribute, Type::String, doc));
    }
    if face.may_be_flexible() {
        let doc =
            "Whether the object lies right below `/infra`. Set it to `true` to look there by `id` or `display_name`.";
        block = block.with(Attribute::optional_computed(FLEXIBLE, Type::Bool, doc));
    }
    let fields = shown(face.kind.record).chain(shown(face.kind.common()));
    for field in fields.filter(|field| !field.secret && !keys.contains(&field.name)) {
        let doc = describe(field, false);
        block = block.with(Attribute::computed(result_name(field), type_of(&field.shape), doc));
    }
    Schema { version: 0, block }
}

/// The name of a field where it is a result: repeated objects are lists there,
/// and have their plural name; what the system keeps loses its underscore.
pub fn result_name(field: &Field) -> &'static str {
    if field.shape.record().is_some() { field.name } else { field.hcl_name() }
}

fn id(face: &Face) -> Attribute {
    if face.kind.api() == Api::Neutron {
        return Attribute::computed("id", Type::String, "The UUID that Neutron gives it.").keep_prior();
    }
    let doc = match flow_trace::identity(face.kind) {
        Some(parts) => format!(
            "The identifier: what tells the collection from all others, which is `{}`, parted by commas. Unset, it is made of \
             them; another one is refused.",
            parts.join("`, `")
        ),
        None => "The identifier: the last part of the path. Unset, it is made of `display_name`, or else is a UUID. A change \
                 replaces the object."
            .to_owned(),
    };
    Attribute::optional_computed("id", Type::String, doc).keep_prior().replaces()
}

fn parent(face: &'static Face) -> Option<Attribute> {
    let parent = face.parent.as_ref()?;
    let change = if parent.or_flexible {
        "A change replaces the object, unless it is flexible."
    } else {
        "A change replaces the object."
    };
    let doc = format!("{}{} {change}", parent.doc, default_text(face.kind.default_parent));
    let attribute = match face.kind.default_parent {
        Some(path) => Attribute::optional(parent.attribute, Type::String, doc).default_value(Value::from(path)),
        None => Attribute::required(parent.attribute, Type::String, doc),
    };
    let attribute = attribute.same_when(same_path);
    // Of one that may be flexible, the plan decides.
    Some(if parent.or_flexible { attribute } else { attribute.replaces() })
}

/// Whether two paths name one object, whatever kind it is of.
fn same_path(one: &Value, other: &Value) -> bool {
    let parse = |value: &Value| value.as_str().and_then(|text| crate::model::PolicyPath::parse(text).ok());
    parse(one).is_some_and(|one| parse(other) == Some(one))
}

fn default_text(default: Option<&str>) -> String {
    default.map(|path| format!(" Default: `{path}`.")).unwrap_or_default()
}

fn add_field(block: Block, record: &'static Record, field: &'static Field) -> Block {
    match (field.is_configurable(), &field.shape) {
        (true, Shape::Record(inner)) => block.with_block(nested(field, Nesting::Single, inner)),
        (true, Shape::Records(inner, min, max)) => {
            block.with_block(nested(field, Nesting::List, inner).items(limit(*min), limit(*max)))
        }
        (true, Shape::RecordSet(inner, key, min, max)) => {
            let nested = nested(field, Nesting::Set, inner).items(limit(*min), limit(*max));
            block.with_block(if inner.field(key).is_some() { nested.keyed(*key) } else { nested })
        }
        _ => block.with(attribute(record, field)),
    }
}

/// A limit as the protocol has it: 0 for none.
fn limit(count: usize) -> i64 {
    i64::try_from(count).ok().filter(|count| *count < 1_000_000).unwrap_or_default()
}

fn nested(field: &'static Field, nesting: Nesting, record: &'static Record) -> NestedBlock {
    let mut block = Block::new(describe(field, true));
    for inner in shown(record) {
        block = add_field(block, record, inner);
    }
    let nested = NestedBlock::new(field.hcl_name(), nesting, block);
    let nested = NestedBlock { is_required: field.presence == Presence::Required, ..nested };
    if field.fixed { NestedBlock { replace: Replace::Always, ..nested } } else { nested }
}

fn attribute(record: &'static Record, field: &'static Field) -> Attribute {
    let (name, ty, doc) = (field.hcl_name(), type_of(&field.shape), describe(field, true));
    let attribute = match field.presence {
        Presence::Required => Attribute::required(name, ty, doc),
        Presence::Optional => Attribute::optional(name, ty, doc),
        Presence::ReadOnly | Presence::Unavailable(_) => Attribute::computed(name, ty, doc),
    };
    let default = move |siblings: &Value| {
        let default = field.default_for(&to_tree(record, siblings));
        Some(to_value(&field.shape, &default))
    };
    let attribute = match field.default {
        Default::Absent if !field.is_configurable() => keeps(attribute, field),
        // What follows from what the user declares is known before it is applied.
        _ if !field.is_configurable() => Attribute { default: Some(Arc::new(default)), ..attribute },
        // `resource` chooses it.
        _ if field.name == "display_name" && std::ptr::eq(record, &raw const common::RECORD) => {
            Attribute { mode: Mode::OptionalComputed, ..attribute }
        }
        // Keystone knows it.
        _ if field.name == "project_id" && std::ptr::eq(record, &raw const neutron::RECORD) => {
            Attribute { mode: Mode::OptionalComputed, ..attribute }.keep_prior()
        }
        Default::Absent if field.presence == Presence::Optional => match nothing(&field.shape) {
            Some(nothing) => attribute.default_value(nothing),
            None => attribute,
        },
        Default::Absent => attribute,
        _ => attribute.default_with(default),
    };
    let attribute = attribute.same_when(move |one, other| same(&field.shape, one, other));
    let attribute = if field.secret { attribute.sensitive() } else { attribute };
    let attribute = if field.fixed { attribute.replaces() } else { attribute };
    match field.deprecated {
        Some(instead) => attribute.deprecated(instead),
        None => attribute,
    }
}

/// What the system keeps stays as it is when the object changes, but for the
/// revision and the last modification, and for what changes with time.
fn keeps(attribute: Attribute, field: &Field) -> Attribute {
    let follows_changes = matches!(field.name, "_revision" | "status") || field.name.starts_with("_last_modified");
    if follows_changes { attribute } else { attribute.keep_prior() }
}

/// The description of a field: its text, its range and default if it can be set,
/// and the meaning of its words.
pub fn describe(field: &Field, as_input: bool) -> String {
    let mut sentences = vec![field.doc.trim().to_owned()];
    if as_input && field.is_configurable() {
        sentences.extend(range(&field.shape).filter(|range| !says_already(field.doc, range)));
        sentences.extend(match field.default {
            Default::Absent => None,
            Default::Derived(_, how) => (!how.is_empty()).then(|| format!("Default: {how}.")),
            _ => Some(format!("Default: `{}`.", field.default_for(&crate::model::Tree::Null).to_json())),
        });
        if field.fixed {
            sentences.push("A change replaces the object.".to_owned());
        }
        sentences.extend(in_hcl(&field.shape).map(str::to_owned));
    }
    let mut lines = vec![sentences.join(" ")];
    if let Some(words) = words(&field.shape) {
        lines.push(String::new());
        lines.extend(words.words.iter().map(|word| format!("- `{}`: {}", word.name, word.doc.trim())));
    }
    lines.join("\n")
}

/// What is to be known of a shape only because it is written in HCL.
fn in_hcl(shape: &Shape) -> Option<&'static str> {
    match shape {
        Shape::AsNumber => {
            Some("Quotes are needed in dot form (`\"1.10\"`): Terraform takes a bare 1.10 for the number 1.1.")
        }
        Shape::RecordSet(.., usize::MAX) => Some(
            "Terraform itself is slow with a set of hundreds of blocks: an apply of 500 takes it about half a minute. \
             Say the same with fewer of them, or declare several objects.",
        ),
        _ => None,
    }
}

/// Whether a description gives the upper end of a range itself, because it is not
/// always the same.
fn says_already(doc: &str, range: &str) -> bool {
    range.rsplit_once(" to ").is_some_and(|(_, max)| doc.contains(&format!(" to {}", max.trim_end_matches('.'))))
}

fn words(shape: &Shape) -> Option<&'static crate::model::enumeration::Enumeration> {
    match shape {
        Shape::Enum(words) => Some(words),
        Shape::List(element, ..) | Shape::Set(element, ..) => words(element),
        _ => None,
    }
}

/// From this many elements on, a limit is not worth mentioning.
const MANY: usize = 1_000;

fn range(shape: &Shape) -> Option<String> {
    match shape {
        Shape::Int(min, max) if *max == i64::MAX => Some(format!("At least {min}.")),
        Shape::Int(min, max) => Some(format!("From {min} to {max}.")),
        Shape::Text(_, max) => Some(format!("At most {max} characters.")),
        // As many as there are words: no limit.
        Shape::Set(Shape::Enum(_), min, _) => (*min > 0).then(|| format!("At least {min}.")),
        Shape::List(_, min, max) | Shape::Set(_, min, max) | Shape::SetIn(_, _, min, max) => match (*min, *max) {
            (0, MANY..) => None,
            (min, MANY..) => Some(format!("At least {min}.")),
            (min, max) if min == max => Some(format!("Exactly {min}.")),
            (0, max) => Some(format!("At most {max}.")),
            (min, max) => Some(format!("From {min} to {max}.")),
        },
        _ => None,
    }
}
