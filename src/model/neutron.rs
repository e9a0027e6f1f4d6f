//! What every object of Neutron has (facts: "Neutron Tap-as-a-Service"). It has no
//! revision, no tags and no type: its address tells what it is, and its project whose.

use super::enumeration::words;
use super::field::{Default, Field, Record, Shape};

words! {
    /// How far an object is.
    pub enum NeutronStatus {
        /// It is declared, and nothing does it yet.
        Down = "DOWN",
        /// It is in operation.
        Active = "ACTIVE",
        /// It is deleted, and still being undone.
        PendingDelete = "PENDING_DELETE",
    }
}

/// The fields of every object of Neutron, besides those of its kind.
pub static RECORD: Record = Record {
    doc: "",
    fields: &[
        Field::optional("name", Shape::Text(0, 255), "The name people see. Several objects may have the same.")
            .or(Default::Text("")),
        Field::optional("description", Shape::Text(0, 255), "What the object is for, in words of your own.")
            .or(Default::Text("")),
        Field::optional(
            "project_id",
            Shape::Text(0, 255),
            "The project it belongs to. Unset, it is the one you are logged in to; another one takes an administrator.",
        )
        .fixed(),
        Field::read_only("id", Shape::Text(0, 0), ""),
        Field::read_only("tenant_id", Shape::Text(0, 0), ""),
    ],
    rules: &[],
};

/// How far an object is, as the field that tells.
pub(super) const STATUS: Field = Field::read_only(
    "status",
    Shape::Enum(&NeutronStatus::WORDS),
    "How far it is: `DOWN` until the agent has set it up, then `ACTIVE`, and `PENDING_DELETE` while it is taken down.",
);
