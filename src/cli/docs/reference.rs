//! Schemas as Markdown: what each attribute and block takes and means.

use std::fmt::Write;

use crate::model::field::{Field, Record};
use crate::model::result::Query;
use crate::provider::face::Face;
use crate::provider::schema::describe;
use crate::tf_provider::schema::Mode;
use crate::tf_provider::{Attribute, Block, NestedBlock, Nesting, Schema, Type};

/// Where the texts of computed objects come from: the protocol has none for what
/// is inside them.
pub struct Fields {
    all: Vec<&'static Field>,
    named: fn(&Field) -> &'static str,
}

impl Fields {
    /// None at all.
    pub fn none() -> Self {
        Self { all: Vec::new(), named: Field::hcl_name }
    }

    /// Those of `face`, by the names that `named` gives them.
    pub fn of(face: &'static Face, named: fn(&Field) -> &'static str) -> Self {
        Self { all: face.kind.fields().collect(), named }
    }

    /// Those of the answer to `query`, by the names that `named` gives them.
    pub fn of_query(query: &'static Query, named: fn(&Field) -> &'static str) -> Self {
        Self { all: query.output.fields.iter().collect(), named }
    }

    fn record(&self, name: &str) -> Option<&'static Record> {
        self.all.iter().find(|field| (self.named)(field) == name)?.shape.record()
    }
}

/// The sections about a schema.
pub fn of(schema: &Schema, fields: &Fields) -> String {
    let members = of_block(&schema.block, fields);
    let mut text = "## Schema\n".to_owned();
    text += &groups(&members, "", "### ");
    text += &inner(&members, "");
    text
}

/// Who sets a member of a block.
#[derive(Clone, Copy, PartialEq)]
enum Group {
    Required,
    Optional,
    ReadOnly,
}

impl Group {
    const ALL: [(Self, &'static str); 3] =
        [(Self::Required, "Required"), (Self::Optional, "Optional"), (Self::ReadOnly, "Read-Only")];
}

/// An attribute or a nested block.
struct Member {
    name: String,
    group: Group,
    /// Its type, and what is special about it.
    remarks: Vec<String>,
    /// In Markdown.
    text: String,
    /// What it is made of.
    inside: Vec<Member>,
}

fn of_block(block: &Block, fields: &Fields) -> Vec<Member> {
    let attributes = block.attributes.iter().map(|attribute| of_attribute(attribute, fields));
    attributes.chain(block.blocks.iter().map(of_nested)).collect()
}

fn of_attribute(attribute: &Attribute, fields: &Fields) -> Member {
    let mut remarks = vec![type_name(&attribute.ty)];
    remarks.extend(attribute.sensitive.then(|| "Sensitive".to_owned()));
    remarks.extend(attribute.write_only.then(|| "Write-only".to_owned()));
    remarks.extend(attribute.deprecated.as_ref().map(|_| "Deprecated".to_owned()));
    let deprecated = attribute.deprecated.as_ref();
    let text = match deprecated {
        Some(instead) => format!("**Deprecated.** {instead} {}", attribute.description),
        None => attribute.description.clone(),
    };
    Member {
        name: attribute.name.clone(),
        group: match attribute.mode {
            Mode::Required => Group::Required,
            Mode::Optional | Mode::OptionalComputed => Group::Optional,
            Mode::Computed => Group::ReadOnly,
        },
        remarks,
        text,
        inside: fields.record(&attribute.name).map(|record| of_results(record, &attribute.ty)).unwrap_or_default(),
    }
}

fn of_nested(nested: &NestedBlock) -> Member {
    let kind = match nested.nesting {
        Nesting::Single => "Block",
        Nesting::List => "List of Blocks",
        Nesting::Set => "Set of Blocks",
        Nesting::Map => "Map of Blocks",
    };
    let is_required = nested.is_required || nested.min_items > 0;
    let least = nested.min_items.max(is_required.into());
    let count = match (nested.nesting, least, nested.max_items) {
        (Nesting::Single, 0, _) => Some("at most one".to_owned()),
        (Nesting::Single, ..) => Some("exactly one".to_owned()),
        (_, 0, 0) => None,
        (_, 0, max) => Some(format!("at most {max}")),
        (_, min, 0) => Some(format!("at least {min}")),
        (_, min, max) if min == max => Some(format!("exactly {min}")),
        (_, min, max) => Some(format!("{min} to {max}")),
    };
    let mut remarks = vec![kind.to_owned()];
    remarks.extend(count);
    Member {
        name: nested.name.clone(),
        group: if is_required { Group::Required } else { Group::Optional },
        remarks,
        text: nested.block.description.clone(),
        inside: of_block(&nested.block, &Fields::none()),
    }
}

/// The members of computed objects of type `ty`, which `record` declares.
fn of_results(record: &'static Record, ty: &Type) -> Vec<Member> {
    let types = match ty {
        Type::List(element) | Type::Set(element) | Type::Map(element) => return of_results(record, element),
        Type::Object(types) => types,
        _ => return Vec::new(),
    };
    let member = |field: &'static Field| {
        let ty = types.get(field.hcl_name())?;
        Some(Member {
            name: field.hcl_name().to_owned(),
            group: Group::ReadOnly,
            remarks: vec![type_name(ty)],
            text: describe(field, false),
            inside: field.shape.record().map(|record| of_results(record, ty)).unwrap_or_default(),
        })
    };
    record.fields.iter().filter_map(member).collect()
}

/// The lists of members, those that must be set first.
fn groups(members: &[Member], above: &str, heading: &str) -> String {
    let mut text = String::new();
    for (group, title) in Group::ALL {
        let mut of_group = members.iter().filter(|member| member.group == group).peekable();
        if of_group.peek().is_none() {
            continue;
        }
        let end = if heading.is_empty() { ":" } else { "" };
        let _ = write!(text, "\n{heading}{title}{end}\n\n");
        for member in of_group {
            text += &item(member, above);
        }
    }
    text
}

fn item(member: &Member, above: &str) -> String {
    let mut paragraphs = member.text.split("\n\n");
    let mut first = paragraphs.next().unwrap_or_default().to_owned();
    if !member.inside.is_empty() {
        let _ = write!(first, " [Details](#{})", anchor(above, &member.name));
    }
    let mut text = format!("- `{}` ({}) {first}\n", member.name, member.remarks.join(", "));
    for line in paragraphs.flat_map(str::lines) {
        let _ = writeln!(text, "  {line}");
    }
    text
}

/// The sections about what members are made of.
fn inner(members: &[Member], above: &str) -> String {
    let mut text = String::new();
    for member in members.iter().filter(|member| !member.inside.is_empty()) {
        let path = if above.is_empty() { member.name.clone() } else { format!("{above}.{}", member.name) };
        let _ = write!(text, "\n<a id=\"{}\"></a>\n\n### `{path}`\n", anchor(above, &member.name));
        text += &groups(&member.inside, &path, "");
        text += &inner(&member.inside, &path);
    }
    text
}

fn anchor(above: &str, name: &str) -> String {
    let path = if above.is_empty() { name.to_owned() } else { format!("{above}.{name}") };
    format!("nested--{}", path.replace('.', "--"))
}

/// A type in the words of the registry.
pub(super) fn type_name(ty: &Type) -> String {
    match ty {
        Type::Bool => "Boolean".to_owned(),
        Type::Number => "Number".to_owned(),
        Type::String => "String".to_owned(),
        Type::Dynamic => "Any".to_owned(),
        Type::List(element) => format!("List of {}", plural(element)),
        Type::Set(element) => format!("Set of {}", plural(element)),
        Type::Map(element) => format!("Map of {}", plural(element)),
        Type::Object(_) => "Object".to_owned(),
        Type::Tuple(_) => "Tuple".to_owned(),
    }
}

fn plural(ty: &Type) -> String {
    match ty {
        Type::List(_) | Type::Set(_) | Type::Map(_) => type_name(ty),
        plain => type_name(plain) + "s",
    }
}
