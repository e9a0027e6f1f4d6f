//! What every object of the policy API has: names, tags, and what the system
//! keeps of it (facts: "Metadata on every object").

use super::field::{Field, Record, Shape};

/// A tag of an object.
pub static TAG: Record = Record {
    doc: "A label of the object, for searching and grouping.",
    fields: &[
        Field::optional("scope", Shape::Text(0, 128), "What the tag is about, such as `site`."),
        Field::optional("tag", Shape::Text(0, 256), "The tag itself, such as `branch`."),
    ],
    rules: &[],
};

/// What an object is for.
pub(super) const DESCRIPTION: Field =
    Field::optional("description", Shape::Text(0, 1024), "What the object is for, in words of your own.");

/// The labels of an object.
pub(super) const TAGS: Field =
    Field::optional("tags", Shape::RecordSet(&TAG, "", 0, 30), "Labels for searching and grouping.").singular("tag");

/// What the API keeps of an object within an object, besides its `id` and its
/// `resource_type`. The engine keeps nothing of the kind; whoever sends back what
/// the API answered may leave it in.
pub(super) const KEPT_OF_AN_INNER_OBJECT: [Field; 20] = [
    hidden("path"),
    hidden("parent_path"),
    hidden("relative_path"),
    hidden("remote_path"),
    hidden("unique_id"),
    hidden("realization_id"),
    hidden("owner_id"),
    hidden("origin_site_id"),
    hidden("marked_for_delete"),
    hidden("overridden"),
    hidden("_revision"),
    hidden("_system_owned"),
    hidden("_protection"),
    hidden("_create_time"),
    hidden("_create_user"),
    hidden("_last_modified_time"),
    hidden("_last_modified_user"),
    hidden("_links"),
    hidden("_self"),
    hidden("_schema"),
];

/// The fields of every object, besides those of its kind.
pub static RECORD: Record = Record {
    doc: "",
    fields: &[
        Field::optional("display_name", Shape::Text(1, 255), "The name people see. Unset, it is the identifier."),
        DESCRIPTION,
        TAGS,
        Field::read_only("path", Shape::Text(0, 0), "The policy path, by which other objects refer to this one."),
        Field::read_only("parent_path", Shape::Text(0, 0), "The path of the object this one lies below."),
        Field::read_only("unique_id", Shape::Text(0, 0), "The UUID of this very object: no other one has it, not even a later one of the same path."),
        Field::read_only("realization_id", Shape::Text(0, 0), "The UUID of what realizes the object."),
        Field::read_only(
            "_revision",
            Shape::Int(0, i64::MAX),
            "How often the object was changed. A change that was planned on an older revision is merged with those made \
             meanwhile, or refused where both changed the same attribute.",
        )
        .singular("revision"),
        Field::read_only(
            "_system_owned",
            Shape::Bool,
            "Whether the object belongs to the system and cannot be changed.",
        )
        .singular("system_owned"),
        Field::read_only(
            "_protection",
            Shape::Text(0, 0),
            "Who may change it: `NOT_PROTECTED`, `PROTECTED`, `REQUIRE_OVERRIDE` or `UNKNOWN`.",
        )
        .singular("protection"),
        Field::read_only("_create_time", Shape::Int(0, i64::MAX), "When it was created, in milliseconds since 1970.")
            .singular("create_time"),
        Field::read_only("_create_user", Shape::Text(0, 0), "Who created it.").singular("create_user"),
        Field::read_only(
            "_last_modified_time",
            Shape::Int(0, i64::MAX),
            "When it was last changed, in milliseconds since 1970.",
        )
        .singular("last_modified_time"),
        Field::read_only("_last_modified_user", Shape::Text(0, 0), "Who changed it last.")
            .singular("last_modified_user"),
        hidden("id"),
        hidden("resource_type"),
        hidden("relative_path"),
        hidden("remote_path"),
        hidden("owner_id"),
        hidden("origin_site_id"),
        hidden("marked_for_delete"),
        hidden("overridden"),
        hidden("_links"),
        hidden("_self"),
        hidden("_schema"),
        Field::unavailable("children", "Hierarchical bodies go to /infra, not to an object."),
    ],
    rules: &[],
};

/// A field that the system keeps and Terraform does not show; its documentation
/// is empty.
const fn hidden(name: &'static str) -> Field {
    Field::read_only(name, Shape::Text(0, 0), "")
}
