//! All that is declared, as everybody may see it.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;
use foldhash::fast::RandomState;
use serde::Deserialize;

use crate::engine::object::Object;
use crate::engine::raw::has_secrets;
use crate::engine::{Document, Reveal};
use crate::model::{Kind, PolicyPath, kind_of_type};

/// An object without its secrets.
#[derive(Clone, Debug)]
pub struct Shown {
    kind: &'static Kind,
    place: Place,
    document: Document,
}

/// Where an object stands among others: in the order of display names, whatever their case,
/// then of paths.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    lower: Arc<str>,
    name: Arc<str>,
    path: PolicyPath,
}

impl Place {
    /// The place of the object of this name at `path`.
    pub fn of(name: &str, path: PolicyPath) -> Self {
        let (name, lower): (Arc<str>, _) = (name.into(), name.to_lowercase());
        let lower = if *lower == *name { Arc::clone(&name) } else { lower.into() };
        Self { lower, name, path }
    }
}

/// What of a stored object is looked at.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    resource_type: std::borrow::Cow<'a, str>,
    #[serde(borrow, default)]
    display_name: std::borrow::Cow<'a, str>,
}

impl Shown {
    /// The object at `path`, of which this is stored; `None` when it cannot be read.
    pub(super) fn parse(path: PolicyPath, stored: &[u8]) -> Option<Self> {
        let Head { resource_type, display_name } = serde_json::from_slice(stored).ok()?;
        let kind = kind_of_type(&resource_type)?;
        let document = if has_secrets(kind) {
            Object::parse(stored)?.seen(Reveal::Public).to_stored().into()
        } else {
            Bytes::copy_from_slice(stored)
        };
        Some(Self { kind, place: Place::of(&display_name, path), document })
    }

    /// Its kind.
    pub fn kind(&self) -> &'static Kind {
        self.kind
    }

    /// Its path.
    pub fn path(&self) -> &PolicyPath {
        &self.place.path
    }

    /// The name people see.
    pub fn display_name(&self) -> &str {
        &self.place.name
    }

    /// Where it stands in a list.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The JSON that a GET shows.
    pub fn document(&self) -> &Document {
        &self.document
    }
}

/// The objects of a collection, in the order of their places.
#[derive(Debug, Default)]
pub struct Collection {
    objects: BTreeMap<Place, Arc<Shown>>,
}

impl Collection {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Shown> {
        self.objects.values().map(Arc::as_ref)
    }

    /// Those after `place`, or all of them; from the last one back, those before it, or all.
    pub fn beyond(&self, place: Option<&Place>, back: bool) -> Box<dyn Iterator<Item = &Shown> + '_> {
        let place = place.map_or(Bound::Unbounded, Bound::Excluded);
        if back {
            Box::new(self.objects.range((Bound::Unbounded, place)).rev().map(|(_, shown)| shown.as_ref()))
        } else {
            Box::new(self.objects.range((place, Bound::Unbounded)).map(|(_, shown)| shown.as_ref()))
        }
    }
}

impl FromIterator<Arc<Shown>> for Collection {
    fn from_iter<I: IntoIterator<Item = Arc<Shown>>>(objects: I) -> Self {
        Self { objects: objects.into_iter().map(|shown| (shown.place.clone(), shown)).collect() }
    }
}

/// All that is declared.
#[derive(Debug, Default)]
pub struct Declared {
    objects: HashMap<PolicyPath, Arc<Shown>, RandomState>,
    /// By the path that their objects have in common.
    collections: HashMap<Box<str>, Collection, RandomState>,
}

impl Declared {
    /// The object at `path`.
    pub fn get(&self, path: &PolicyPath) -> Option<&Shown> {
        self.objects.get(path).map(Arc::as_ref)
    }

    /// The objects in the collection `name` of the object at `parent` (`/infra` for
    /// profiles), of whatever kind; `None` when there are none.
    pub fn collection(&self, parent: &str, name: &str) -> Option<&Collection> {
        self.collections.get(format!("{parent}/{name}").as_str())
    }

    /// All objects, in no order.
    pub fn all(&self) -> Vec<Arc<Shown>> {
        self.objects.values().cloned().collect()
    }

    /// Makes the object at `path` what is `stored` there now.
    pub(super) fn set(&mut self, path: &PolicyPath, shown: Option<Shown>) {
        let common = path.as_str().rsplit_once('/').map_or("", |(common, _)| common);
        if let Some(before) = self.objects.remove(path)
            && let Some(collection) = self.collections.get_mut(common)
        {
            collection.objects.remove(&before.place);
            if collection.is_empty() {
                self.collections.remove(common);
            }
        }
        let Some(shown) = shown else { return };
        let (place, shown) = (shown.place.clone(), Arc::new(shown));
        self.objects.insert(path.clone(), Arc::clone(&shown));
        match self.collections.get_mut(common) {
            Some(collection) => drop(collection.objects.insert(place, shown)),
            None => drop(self.collections.insert(common.into(), std::iter::once(shown).collect())),
        }
    }
}
