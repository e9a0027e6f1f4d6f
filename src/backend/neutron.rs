//! What a request to Neutron says of an object, whichever Neutron it is.

use serde_json::{Map, Value as Json};

use crate::engine::Object;
use crate::engine::taps::Fault;
use crate::model::field::Field;
use crate::model::problem::{Nature, Problem};
use crate::model::tap_mirror::tunnels_of;
use crate::model::{Kind, PolicyPath, Tree};

/// The body of a request that creates an object with these fields.
pub fn to_create(kind: &Kind, fields: &Map<String, Json>) -> Map<String, Json> {
    let wanted = |name: &str, value: &Json| !value.is_null() && kind.field(name).is_some_and(Field::is_configurable);
    let wanted = fields.iter().filter(|(name, value)| wanted(name, value));
    wanted.map(|(name, value)| (name.clone(), without_nulls(value))).collect()
}

/// The body of a request that changes an object to these fields: those that can be changed.
pub fn to_change(kind: &Kind, fields: &Map<String, Json>) -> Map<String, Json> {
    let mut body = to_create(kind, fields);
    body.retain(|name, _| kind.field(name).is_some_and(|field| !field.fixed));
    body
}

fn without_nulls(value: &Json) -> Json {
    match value {
        Json::Object(fields) => {
            let kept = fields.iter().filter(|(_, value)| !value.is_null());
            Json::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
        }
        other => other.clone(),
    }
}

/// Those of `mirrors` that use a tunnel which the mirror at `path` is to use: no two may.
pub fn rivals(kind: &Kind, path: &PolicyPath, tree: &Tree, mirrors: &[Object]) -> Vec<(PolicyPath, Problem)> {
    let own = tunnels_of(kind, tree);
    let rival = |mirror: &Object| {
        let id = tunnels_of(kind, &mirror.tree()).into_iter().find(|id| own.contains(id))?;
        let problem = Fault::TapMirrorTunnelConflict(id).problem(kind).of(Nature::Taken);
        Some((mirror.path().clone(), problem))
    };
    mirrors.iter().filter(|mirror| mirror.path() != path).filter_map(rival).collect()
}
