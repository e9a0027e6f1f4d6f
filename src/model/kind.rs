//! Kinds of objects, and which kind a path names.

use std::fmt;

use super::field::{Field, Record};
use super::path::{NEUTRON, PolicyPath};

/// The shape of a path: its parts; `*` stands for an identifier.
pub type Pattern = &'static [&'static str];

/// Which API an object belongs to: it tells what every object has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// The policy API of NSX.
    Policy,
    /// Neutron, the network API of OpenStack.
    Neutron,
}

/// A kind of object.
pub struct Kind {
    /// Its name here: `ike_profile`; resources and data sources are named after it.
    pub name: &'static str,
    /// Its name in a sentence, without an article: `IKE profile`.
    pub title: &'static str,
    /// Its `resource_type` on the wire. Neutron has none there.
    pub resource_type: &'static str,
    /// Where its objects lie: the shapes of their paths, the usual one first. All have the
    /// same collection.
    pub places: &'static [Pattern],
    /// Its own fields; those of [`Kind::common`] come on top.
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
    /// The API it is of.
    pub fn api(&self) -> Api {
        match self.places.first() {
            Some([root, ..]) if *root == NEUTRON => Api::Neutron,
            _ => Api::Policy,
        }
    }

    /// The fields that every object of its API has.
    pub fn common(&self) -> &'static Record {
        match self.api() {
            Api::Policy => &super::common::RECORD,
            Api::Neutron => &super::neutron::RECORD,
        }
    }

    /// The field that holds the name people see.
    pub fn name_field(&self) -> &'static str {
        match self.api() {
            Api::Policy => "display_name",
            Api::Neutron => "name",
        }
    }

    /// Whether `path` has the shape of a path of this kind.
    pub fn owns(&self, path: &PolicyPath) -> bool {
        self.place_of(path).is_some()
    }

    /// The shape that `path` has, if it is a path of this kind.
    fn place_of(&self, path: &PolicyPath) -> Option<Pattern> {
        let parts: Vec<_> = path.parts().collect();
        self.places.iter().copied().find(|place| have_shape(&parts, place))
    }

    /// Its name in a sentence, with an article: `an IKE profile`.
    pub fn one(&self) -> String {
        one(self.title)
    }

    /// A path of this kind as an example for a message, where most of them lie.
    pub fn example_path(&self) -> String {
        self.example_paths().next().unwrap_or_default()
    }

    /// A path of each shape that paths of this kind have.
    pub fn example_paths(&self) -> impl Iterator<Item = String> {
        self.places.iter().map(|place| spell(place, std::iter::repeat("ID")))
    }

    /// The name of the collection its objects lie in; `None` for a kind of which
    /// a parent has exactly one.
    pub fn collection(&self) -> Option<&'static str> {
        match self.places.first()? {
            [.., collection, "*"] => Some(collection),
            _ => None,
        }
    }

    /// The shapes of the paths of the objects its own lie below.
    pub fn parent_places(&self) -> impl Iterator<Item = Pattern> {
        self.places.iter().map(|place| parent_place(place))
    }

    /// Whether an object of this kind may lie below `path`.
    pub fn may_lie_below(&self, path: &PolicyPath) -> bool {
        let parts: Vec<_> = path.parts().collect();
        self.parent_places().any(|place| have_shape(&parts, place))
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
        let parts: Vec<_> = path.parts().take(parent_place(self.place_of(path)?).len()).collect();
        PolicyPath::parse(&format!("/{}", parts.join("/"))).ok()
    }

    /// The same, where it is an object: a folder such as `/infra/routing-config` is always
    /// there.
    pub fn parent_object(&self, path: &PolicyPath) -> Option<PolicyPath> {
        self.parent(path).filter(|parent| kinds_at(parent).next().is_some())
    }

    /// The type that a hierarchical body wraps its objects as: sessions of all types are
    /// `IPSecVpnSession`.
    pub fn wrapped_as(&self) -> &'static str {
        let abstract_type = "IPSecVpnSession";
        if self.resource_type.ends_with(abstract_type) { abstract_type } else { self.resource_type }
    }

    /// All fields: the common ones, then its own.
    pub fn fields(&self) -> impl Iterator<Item = &'static Field> {
        self.common().fields.iter().chain(self.record.fields)
    }

    /// The field of this name in the API.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields().find(|field| field.name == name)
    }
}

/// The shape of the path that an object of this place lies below.
fn parent_place(place: Pattern) -> Pattern {
    let below = if place.last() == Some(&"*") { 2 } else { 1 };
    &place[..place.len().saturating_sub(below)]
}

/// Whether `parts` are those of a path of this place.
fn have_shape(parts: &[&str], place: Pattern) -> bool {
    let fits = |(pattern, part): (&&str, &&str)| *pattern == "*" || pattern == part;
    parts.len() == place.len() && place.iter().zip(parts).all(fits)
}

/// The places below a locale service, of a tier-0 or of a tier-1 gateway.
macro_rules! below_locale_services {
    ($($part:literal),*) => {
        &[
            &["infra", "tier-0s", "*", "locale-services", "*", $($part),*],
            &["infra", "tier-1s", "*", "locale-services", "*", $($part),*],
        ]
    };
}

pub(super) use below_locale_services;

/// The path of this shape with its identifiers filled in.
pub fn spell<'a>(place: Pattern, ids: impl IntoIterator<Item = &'a str>) -> String {
    let mut ids = ids.into_iter();
    place.iter().fold(String::new(), |path, part| {
        let part = if *part == "*" { ids.next().unwrap_or_default() } else { part };
        path + "/" + part
    })
}

/// A name in a sentence, with an article: `an IKE profile`, `a tag`.
pub fn one(name: &str) -> String {
    let article = if name.starts_with(['a', 'e', 'i', 'o', 'u', 'A', 'E', 'I', 'O']) { "an" } else { "a" };
    format!("{article} {name}")
}

/// The kinds whose paths have the shape of `path`. Most paths have one; a session
/// may be of two kinds, which its `resource_type` tells apart.
pub fn kinds_at(path: &PolicyPath) -> impl Iterator<Item = &'static Kind> {
    let kinds: &[&Kind] = if path.is_of_neutron() { &super::NEUTRON_KINDS } else { &super::KINDS };
    // Many kinds are asked about one path: it is taken apart once.
    let parts: Vec<_> = path.parts().collect();
    kinds.iter().copied().filter(move |kind| kind.places.iter().any(|place| have_shape(&parts, place)))
}

/// The kind of this name, be it one whose objects the engine holds or not.
pub fn kind_named(name: &str) -> Option<&'static Kind> {
    super::KINDS
        .iter()
        .chain(&super::NEUTRON_KINDS)
        .chain(&super::KINDS_ELSEWHERE)
        .copied()
        .find(|kind| kind.name == name)
}

/// The kind of the policy API whose `resource_type` this is.
pub fn kind_of_type(resource_type: &str) -> Option<&'static Kind> {
    super::KINDS.iter().copied().find(|kind| kind.resource_type == resource_type)
}

/// The kind of the policy API whose own fields `record` declares. Records are told by their
/// texts: what a static refers to may lie at several addresses.
pub fn kind_of_record(record: &Record) -> Option<&'static Kind> {
    super::KINDS.iter().copied().find(|kind| kind.record.doc == record.doc)
}
