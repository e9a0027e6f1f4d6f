//! The face of a kind of object in Terraform: what its resource and its data
//! source have besides the fields that the model declares.

use crate::model::Kind;

/// The face of a kind of object.
pub struct Face {
    /// The kind.
    pub kind: &'static Kind,
    /// The attribute that names the object it lies below; `None` right below
    /// `/infra`.
    pub parent: Option<Parent>,
    /// The heading it stands under in the documentation.
    pub subcategory: &'static str,
}

/// The attribute that names the object an object lies below.
pub struct Parent {
    /// Its name: `gateway_path`.
    pub attribute: &'static str,
    /// What it is, in Markdown.
    pub doc: &'static str,
}

impl Face {
    /// The name of the resource type and of the data source.
    pub fn type_name(&self) -> String {
        format!("vpn_{}", self.kind.name)
    }
}
