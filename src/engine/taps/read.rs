//! Reading and listing.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};

use super::{Fault, Life, Member, Quota, keys};
use crate::engine::object::Object;
use crate::engine::store::{StoreExt, View};
use crate::engine::{Engine, Moment, Refusal, index};
use crate::model::tap_mirror::tunnels_of;
use crate::model::{Kind, PolicyPath, TAP_FLOW, TAP_MIRROR, TAP_SERVICE, Tree};

/// The field of a stored mirror that holds its directions as they were sent, where that is not
/// as the model spells them.
pub(super) const AS_SENT: &str = "_directions_as_sent";

impl Engine {
    /// The tap service, tap flow or tap mirror with this id, as it is now.
    pub fn tap(&self, kind: &'static Kind, id: &str, by: &Member) -> Result<Object, Refusal> {
        self.store.read(|view| found(view, kind, id, by))
    }

    /// Those that `by` can see, in the order of their ids.
    pub fn taps(&self, kind: &'static Kind, by: &Member) -> Result<Vec<Object>, Refusal> {
        let now = by.caller.now;
        let parent = kind.parent_places().next().unwrap_or_default();
        let parent = crate::model::kind::spell(parent, []);
        let all = self.store.read(|view| index::collection(view, &parent, kind.collection().unwrap_or_default()))?;
        let seen = all.into_iter().filter(|object| by.sees(project(object)));
        Ok(seen.filter_map(|object| as_of(object, now)).collect())
    }

    /// The mirrors that use one of these tunnels.
    pub fn mirrors_of(&self, tunnels: &[i64], by: &Member) -> Result<Vec<Object>, Refusal> {
        let is_used = self.store.read(|view| {
            tunnels.iter().try_fold(false, |used, id| Ok::<_, Refusal>(used || keys::has_tunnel(view, *id)?))
        })?;
        let mut mirrors = if is_used { self.taps(&TAP_MIRROR, by)? } else { Vec::new() };
        mirrors.retain(|mirror| tunnels_of(&TAP_MIRROR, &mirror.tree()).iter().any(|id| tunnels.contains(id)));
        Ok(mirrors)
    }

    /// How many objects of `kind` a project may have, which is that of `by` unless another one is
    /// named; none where there is no limit.
    pub fn tap_quota(&self, kind: &'static Kind, named: Option<&str>, by: &Member) -> Result<Option<Quota>, Refusal> {
        let Some((most, fault)) = self.quotas.of(kind) else { return Ok(None) };
        let name = named.unwrap_or(&by.project).to_owned();
        let counts = |tap: &Object| project(tap) == name && Life::of(&tap.tree()).end().is_none();
        let holders = self.taps(kind, by)?.iter().filter(|tap| counts(tap)).map(|tap| tap.path().clone()).collect();
        Ok(Some(Quota { project: name, most, holders, fault }))
    }

    /// Those with these ids that there are, and that `by` can see, in the order of the ids.
    pub(in crate::engine) fn taps_with(
        &self,
        kind: &'static Kind,
        ids: &BTreeSet<String>,
        by: &Member,
    ) -> Result<Vec<Object>, Refusal> {
        self.store.read(|view| {
            let mut taps = Vec::with_capacity(ids.len());
            for id in ids {
                match found(view, kind, id, by) {
                    Ok(tap) => taps.push(tap),
                    Err(Refusal::Neutron(_)) => {}
                    Err(refusal) => return Err(refusal),
                }
            }
            Ok(taps)
        })
    }
}

/// The path of the object of `kind` with this id.
pub(super) fn path(kind: &Kind, id: &str) -> Option<PolicyPath> {
    let place = kind.places.first()?;
    PolicyPath::parse(&crate::model::kind::spell(place, [id])).ok()
}

/// The object of `kind` with this id, if `by` can see it.
pub(super) fn found(
    view: &(impl View + ?Sized),
    kind: &'static Kind,
    id: &str,
    by: &Member,
) -> Result<Object, Refusal> {
    let object = match path(kind, id) {
        Some(path) => index::get(view, &path)?,
        None => None,
    };
    let object = object.filter(|object| by.sees(project(object)));
    object.and_then(|object| as_of(object, by.caller.now)).ok_or_else(|| missing(kind, id).into())
}

/// That there is no object of `kind` with this id.
fn missing(kind: &Kind, id: &str) -> Fault {
    let id = id.to_owned();
    match kind {
        kind if *kind == TAP_SERVICE => Fault::TapServiceNotFound(id),
        kind if *kind == TAP_FLOW => Fault::TapFlowNotFound(id),
        _ => Fault::TapMirrorNotFound(id),
    }
}

/// The project an object is of.
pub(super) fn project(object: &Object) -> &str {
    object.get("project_id").and_then(Json::as_str).unwrap_or_default()
}

/// The object as it is at `now`, with its status; none when it is gone.
pub(super) fn as_of(object: Object, now: Moment) -> Option<Object> {
    let status = Life::of_fields(object.fields()).status(now)?;
    let has_status = object.kind().record.field("status").is_some();
    Some(if has_status { object.with("status", json!(status.word())) } else { object })
}

impl Object {
    /// An object of Neutron as its API shows it: without what the engine notes of it, with
    /// null for what is not set, and tunnel ids as they were sent, as numbers or as texts.
    pub fn shown_by_neutron(&self) -> Map<String, Json> {
        let fields = self.kind().fields().filter(|field| !field.unseen);
        let value = |name: &str| match Tree::from(self.get(name).unwrap_or(&Json::Null)) {
            Tree::Object(fields) => Tree::Object(fields.into_iter().filter(|(_, value)| !value.is_null()).collect()),
            other => other,
        };
        let mut shown: Map<_, _> = fields.map(|field| (field.name.to_owned(), value(field.name).to_json())).collect();
        if let Some(sent) = self.get(AS_SENT) {
            shown.insert("directions".to_owned(), sent.clone());
        }
        shown
    }
}
