//! Neutron's ports: segment ports, by their UUIDs, and whose they are.

use serde_json::Value as Json;

use super::{DEFAULT_PROJECT, Fault, Member, PROJECT_TAG, keys};
use crate::engine::index;
use crate::engine::object::Object;
use crate::engine::store::{StoreError, StoreExt, View};
use crate::engine::{Engine, Refusal, Reveal};
use crate::model::{Kind, SEGMENT, SEGMENT_PORT};

impl Engine {
    /// The segment port, or the segment, that Neutron knows by `uuid`: a port or a network
    /// there. None when there is none of this `kind`.
    pub fn known_to_neutron(&self, kind: &Kind, uuid: &str) -> Result<Option<Object>, Refusal> {
        let found = self.store.read(|view| known(view, kind, uuid))?;
        Ok(found.map(|object| object.seen(Reveal::Public)))
    }

    /// The project that a segment or a segment port is of: that of its tag
    /// [`PROJECT_TAG`], or of its segment's, or [`DEFAULT_PROJECT`].
    pub fn project_of(&self, object: &Object) -> Result<String, Refusal> {
        Ok(self.store.read(|view| owner(view, object))?)
    }
}

pub(in crate::engine) fn known(
    view: &(impl View + ?Sized),
    kind: &Kind,
    uuid: &str,
) -> Result<Option<Object>, StoreError> {
    let Some(path) = keys::known_by(view, uuid)? else { return Ok(None) };
    Ok(index::get(view, &path)?.filter(|object| object.kind() == kind))
}

/// The port that `attribute` names, if `by` can see it, and its project.
pub(in crate::engine) fn port(
    view: &(impl View + ?Sized),
    uuid: &str,
    attribute: &'static str,
    by: &Member,
) -> Result<(Object, String), Refusal> {
    let missing = || Refusal::from(Fault::PortNotFound { port: uuid.to_owned(), attribute });
    let port = known(view, &SEGMENT_PORT, uuid)?.ok_or_else(missing)?;
    let owner = owner(view, &port)?;
    if by.sees(&owner) { Ok((port, owner)) } else { Err(missing()) }
}

pub(in crate::engine) fn owner(view: &(impl View + ?Sized), object: &Object) -> Result<String, StoreError> {
    if let Some(project) = tagged(object) {
        return Ok(project);
    }
    let segment = match SEGMENT_PORT.parent(object.path()) {
        Some(segment) if *object.kind() == SEGMENT_PORT => index::get(view, &segment)?,
        _ => None,
    };
    let segment = segment.filter(|segment| *segment.kind() == SEGMENT);
    Ok(owner_within(object, segment.as_ref()))
}

/// The project of a segment, or of a port of `segment`.
pub(in crate::engine) fn owner_within(object: &Object, segment: Option<&Object>) -> String {
    tagged(object).or_else(|| tagged(segment?)).unwrap_or_else(|| DEFAULT_PROJECT.to_owned())
}

fn tagged(object: &Object) -> Option<String> {
    let tags = object.get("tags").and_then(Json::as_array)?;
    let tag = tags.iter().find(|tag| tag["scope"] == PROJECT_TAG)?;
    tag["tag"].as_str().filter(|project| !project.is_empty()).map(str::to_owned)
}
