//! Kinds of objects, and which kind a path names.

use std::fmt;

use super::field::{Field, Record};
use super::path::PolicyPath;

/// A kind of object of the policy API.
pub struct Kind {
    /// Its name here: `ike_profile`; resources and data sources are named after it.
    pub name: &'static str,
    /// Its name in a sentence, without an article: `IKE profile`.
    pub title: &'static str,
    /// Its `resource_type` on the wire.
    pub resource_type: &'static str,
    /// The shape of its paths; `*` stands for an identifier.
    pub pattern: &'static [&'static str],
    /// Its own fields; those of [`super::common`] come on top.
    pub record: &'static Record,
    /// Where its objects lie when the user does not say.
    pub default_parent: Option<&'static str>,
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Kind {}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Kind {
    /// Whether `path` has the shape of a path of this kind.
    pub fn owns(&self, path: &PolicyPath) -> bool {
        let mut parts = path.parts();
        self.pattern.iter().all(|pattern| parts.next().is_some_and(|part| *pattern == "*" || *pattern == part))
            && parts.next().is_none()
    }

    /// Its name in a sentence, with an article: `an IKE profile`.
    pub fn one(&self) -> String {
        one(self.title)
    }

    /// A path of this kind as an example for a message.
    pub fn example_path(&self) -> String {
        self.pattern.iter().fold(String::new(), |path, part| path + "/" + if *part == "*" { "ID" } else { part })
    }

    /// The name of the collection its objects lie in; `None` for a kind of which
    /// a parent has exactly one.
    pub fn collection(&self) -> Option<&'static str> {
        match self.pattern {
            [.., collection, "*"] => Some(collection),
            _ => None,
        }
    }

    /// The shape of the paths of the objects its own lie below.
    pub fn parent_pattern(&self) -> &'static [&'static str] {
        let below = if self.collection().is_some() { 2 } else { 1 };
        &self.pattern[..self.pattern.len().saturating_sub(below)]
    }

    /// The path of the object `id` below `parent`.
    pub fn path(&self, parent: &PolicyPath, id: &str) -> PolicyPath {
        match self.collection() {
            Some(collection) => parent.child(collection, id),
            None => PolicyPath::parse(&format!("{parent}/{id}")).unwrap_or_else(|_| parent.clone()),
        }
    }

    /// The path of the object its object at `path` lies below; `None` for objects
    /// right below `/infra`.
    pub fn parent(&self, path: &PolicyPath) -> Option<PolicyPath> {
        let parts: Vec<_> = path.parts().take(self.parent_pattern().len()).collect();
        PolicyPath::parse(&format!("/{}", parts.join("/"))).ok()
    }

    /// The type that a hierarchical body wraps its objects as: sessions of all types are
    /// `IPSecVpnSession`.
    pub fn wrapped_as(&self) -> &'static str {
        let abstract_type = "IPSecVpnSession";
        if self.resource_type.ends_with(abstract_type) { abstract_type } else { self.resource_type }
    }

    /// All fields: the common ones, then its own.
    pub fn fields(&self) -> impl Iterator<Item = &'static Field> {
        super::common::RECORD.fields.iter().chain(self.record.fields)
    }

    /// The field of this name in the API.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields().find(|field| field.name == name)
    }
}

/// A name in a sentence, with an article: `an IKE profile`, `a tag`.
pub fn one(name: &str) -> String {
    let article = if name.starts_with(['a', 'e', 'i', 'o', 'u', 'A', 'E', 'I', 'O']) { "an" } else { "a" };
    format!("{article} {name}")
}

/// The kinds whose paths have the shape of `path`. Most paths have one; a session
/// may be of two kinds, which its `resource_type` tells apart.
pub fn kinds_at(path: &PolicyPath) -> impl Iterator<Item = &'static Kind> {
    super::KINDS.iter().copied().filter(move |kind| kind.owns(path))
}

/// The kind of this name, be it one whose objects the engine holds or not.
pub fn kind_named(name: &str) -> Option<&'static Kind> {
    super::KINDS.iter().chain(&super::KINDS_ELSEWHERE).copied().find(|kind| kind.name == name)
}

/// The kind whose `resource_type` this is.
pub fn kind_of_type(resource_type: &str) -> Option<&'static Kind> {
    super::KINDS.iter().copied().find(|kind| kind.resource_type == resource_type)
}
