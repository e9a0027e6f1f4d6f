//! Stored objects.

use std::fmt;

use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::{Caller, Reveal};
use crate::model::path::PolicyPath;
use crate::model::{Api, Kind, Tree, kind_of_type, kinds_at, reference};

/// An object as the API shows it: its own fields in their one spelling, and what
/// the system keeps of it.
#[derive(Clone, PartialEq)]
pub struct Object {
    kind: &'static Kind,
    path: PolicyPath,
    fields: Map<String, Json>,
    /// Whether its secrets are left out, because the reader could not see them.
    hides_secrets: bool,
}

/// Shows which object it is, and nothing that may be secret.
impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} at revision {}", self.kind.title, self.path, self.revision())
    }
}

impl Object {
    /// A new object of `kind` at `path` with these fields, of the engine `owner`.
    pub(super) fn create(
        kind: &'static Kind,
        path: PolicyPath,
        fields: Map<String, Json>,
        owner: &str,
        by: &Caller,
    ) -> Self {
        let unique_id = Uuid::new_v4().to_string();
        let parent = kind.parent(&path).map_or_else(|| "/infra".to_owned(), |parent| parent.to_string());
        let mut object = Self { kind, path, fields, hides_secrets: false };
        let id = object.path.id().to_owned();
        object.fields.entry("display_name").or_insert_with(|| json!(id));
        for (name, value) in [
            ("id", json!(id)),
            ("resource_type", json!(kind.resource_type)),
            ("path", json!(object.path.as_str())),
            ("relative_path", json!(id)),
            ("parent_path", json!(parent)),
            ("remote_path", json!("")),
            ("unique_id", json!(unique_id)),
            ("realization_id", json!(unique_id)),
            ("owner_id", json!(owner)),
            ("marked_for_delete", json!(false)),
            ("overridden", json!(false)),
            ("_system_owned", json!(false)),
            ("_protection", json!("NOT_PROTECTED")),
            ("_create_time", json!(by.now.0)),
            ("_create_user", json!(by.user)),
            ("_last_modified_time", json!(by.now.0)),
            ("_last_modified_user", json!(by.user)),
            ("_revision", json!(0)),
        ] {
            object.fields.insert(name.to_owned(), value);
        }
        object
    }

    /// A new object of Neutron at `path` with these fields. What it has beyond them nobody
    /// but the engine sees.
    pub(super) fn create_in_neutron(
        kind: &'static Kind,
        path: PolicyPath,
        mut fields: Map<String, Json>,
        by: &Caller,
    ) -> Self {
        let project = fields.get("project_id").cloned().unwrap_or_default();
        for (name, value) in [
            ("id", json!(path.id())),
            ("tenant_id", project),
            ("path", json!(path.as_str())),
            ("_create_time", json!(by.now.0)),
            ("_create_user", json!(by.user)),
            ("_last_modified_time", json!(by.now.0)),
            ("_last_modified_user", json!(by.user)),
            ("_revision", json!(0)),
        ] {
            fields.insert(name.to_owned(), value);
        }
        Self { kind, path, fields, hides_secrets: false }
    }

    /// The same object with `value` in a field that the system keeps.
    pub(super) fn with(mut self, name: &str, value: Json) -> Self {
        self.fields.insert(name.to_owned(), value);
        self
    }

    /// The same object with other fields of its own, one revision later.
    pub(super) fn change(&self, fields: Map<String, Json>, by: &Caller) -> Self {
        let mut changed = Self { fields, ..self.clone() };
        for (name, value) in &self.fields {
            if self.is_kept_by_the_system(name) {
                changed.fields.insert(name.clone(), value.clone());
            }
        }
        if self.kind.api() == Api::Policy {
            changed.fields.entry("display_name").or_insert_with(|| json!(self.path.id()));
        }
        changed.fields.insert("_last_modified_time".to_owned(), json!(by.now.0));
        changed.fields.insert("_last_modified_user".to_owned(), json!(by.user));
        changed.fields.insert("_revision".to_owned(), json!(self.revision() + 1));
        changed
    }

    /// The same object, owned by the system.
    pub(super) fn owned_by_the_system(mut self) -> Self {
        self.fields.insert("_system_owned".to_owned(), json!(true));
        self
    }

    /// Reads an object from its stored form; `None` when it is none.
    pub(super) fn parse(stored: &[u8]) -> Option<Self> {
        let fields: Map<String, Json> = serde_json::from_slice(stored).ok()?;
        Self::from_fields(fields)
    }

    /// An object from all its fields, as the API shows them; `None` when its path
    /// or its type is missing.
    pub fn from_fields(fields: Map<String, Json>) -> Option<Self> {
        let path = PolicyPath::parse(fields.get("path")?.as_str()?).ok()?;
        let kind = if path.is_of_neutron() {
            kinds_at(&path).next()?
        } else {
            kind_of_type(fields.get("resource_type")?.as_str()?)?
        };
        Some(Self { kind, path, fields, hides_secrets: false })
    }

    /// The same object, of which secrets that it does not show are not known.
    #[must_use]
    pub fn hiding_secrets(self) -> Self {
        Self { hides_secrets: true, ..self }
    }

    /// Whether secrets that it does not show are not known: it may have some.
    pub fn hides_secrets(&self) -> bool {
        self.hides_secrets
    }

    /// The stored form.
    pub(super) fn to_stored(&self) -> Vec<u8> {
        Json::Object(self.fields.clone()).to_string().into_bytes()
    }

    /// Its kind.
    pub fn kind(&self) -> &'static Kind {
        self.kind
    }

    /// Its path.
    pub fn path(&self) -> &PolicyPath {
        &self.path
    }

    /// How often it was changed.
    pub fn revision(&self) -> i64 {
        self.fields.get("_revision").and_then(Json::as_i64).unwrap_or_default()
    }

    /// What tells it from others that have had its path.
    pub fn unique_id(&self) -> &str {
        let name = if self.kind.api() == Api::Neutron { "id" } else { "unique_id" };
        self.get(name).and_then(Json::as_str).unwrap_or_default()
    }

    /// Whether it belongs to the system and cannot be changed.
    pub fn is_system_owned(&self) -> bool {
        self.fields.get("_system_owned") == Some(&Json::Bool(true))
    }

    /// A field.
    pub fn get(&self, name: &str) -> Option<&Json> {
        self.fields.get(name)
    }

    /// All fields, secrets included.
    pub fn fields(&self) -> &Map<String, Json> {
        &self.fields
    }

    /// The fields that a user declares, secrets included.
    pub fn declared(&self) -> Map<String, Json> {
        let declared = |(name, _): &(&String, &Json)| !self.is_kept_by_the_system(name);
        self.fields.iter().filter(declared).map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// The object as a document.
    pub fn tree(&self) -> Tree {
        Tree::Object(self.fields.iter().map(|(name, value)| (name.clone(), Tree::from(value))).collect())
    }

    /// Its kind, its path and its document.
    pub(super) fn into_declaration(self) -> (&'static Kind, PolicyPath, Tree) {
        (self.kind, self.path, Tree::from(Json::Object(self.fields)))
    }

    /// The object as `reveal` allows it to be seen.
    #[must_use]
    pub fn seen(mut self, reveal: Reveal) -> Self {
        if reveal == Reveal::Public {
            for (way, _) in reference::secrets(self.kind) {
                remove(&mut self.fields, &way);
            }
        }
        self
    }

    /// The object as JSON.
    pub fn into_json(self) -> Json {
        Json::Object(self.fields)
    }

    fn is_kept_by_the_system(&self, name: &str) -> bool {
        self.kind.field(name).is_none_or(|field| !field.is_configurable())
    }
}

/// Removes the field that `way` leads to.
fn remove(fields: &mut Map<String, Json>, way: &[&str]) {
    match way {
        [last] => {
            fields.remove(*last);
        }
        [first, rest @ ..] => {
            if let Some(Json::Object(inner)) = fields.get_mut(*first) {
                remove(inner, rest);
            }
        }
        [] => {}
    }
}
