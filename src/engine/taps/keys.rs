//! What the store's index holds of taps, and of the ports they refer to.
//!
//! | key | what it is for |
//! |---|---|
//! | `u` UUID, newline, path | the segment or the port that Neutron knows by the UUID |
//! | `b` UUID, newline, path | the segment that has the subnet which Neutron knows by the UUID |
//! | `r` address of the one referred to, newline, path | who goes with a port or a service |
//! | `q` kind, newline, project, newline, path | how many a project has |
//! | `v` taas id, newline, path | which taas ids are in use |
//! | `x` tunnel id, newline, path | which tunnels are in use |
//! | `d` moment, newline, path | what is gone from that moment on |

use std::ops::ControlFlow;

use serde_json::Value as Json;

use super::life::Life;
use crate::engine::Moment;
use crate::engine::networks::subnet_ids;
use crate::engine::object::Object;
use crate::engine::store::{StoreError, View, ViewExt};
use crate::model::reference::neutron_references;
use crate::model::{Api, Kind, PolicyPath, SEGMENT, SEGMENT_PORT, TapDirection};

/// The field of a stored tap service that holds its taas id.
pub(super) const TAAS_ID: &str = "_taas_id";

fn moment_digits(moment: Moment) -> String {
    format!("{:016x}", moment.0.max(0))
}

/// The keys of `object`, beside those that objects of the policy API have.
pub(in crate::engine) fn of(object: &Object) -> Vec<String> {
    let path = object.path();
    if *object.kind() == SEGMENT || *object.kind() == SEGMENT_PORT {
        let own = format!("u{}\n{path}", object.unique_id());
        let subnets = subnet_ids(object).into_iter().map(|id| format!("b{id}\n{path}"));
        return std::iter::once(own).chain(subnets).collect();
    }
    if object.kind().api() != Api::Neutron {
        return Vec::new();
    }
    let tree = object.tree();
    let references = neutron_references(object.kind(), &tree).into_iter();
    let mut keys: Vec<_> = references.map(|reference| format!("r{}\n{path}", reference.to)).collect();
    let project = object.get("project_id").and_then(Json::as_str).unwrap_or_default();
    keys.push(format!("q{}\n{project}\n{path}", object.kind().name));
    if let Some(id) = object.get(TAAS_ID).and_then(Json::as_u64) {
        keys.push(format!("v{id}\n{path}"));
    }
    keys.extend(tunnel_ids_of(object.get("directions")).map(|id| format!("x{id}\n{path}")));
    if let Some(end) = Life::of_fields(object.fields()).end() {
        keys.push(format!("d{}\n{path}", moment_digits(end)));
    }
    keys
}

/// The tunnel ids of a mirror, in the order of its directions.
pub(super) fn tunnel_ids_of(directions: Option<&Json>) -> impl Iterator<Item = i64> {
    let directions = directions.and_then(Json::as_object);
    let words = TapDirection::WORDS.words.iter();
    words.filter_map(move |direction| directions?.get(direction.name)?.as_i64())
}

/// The paths at the end of the keys that begin with `prefix`.
fn paths(view: &(impl View + ?Sized), prefix: &str) -> Result<Vec<PolicyPath>, StoreError> {
    let mut found = Vec::new();
    view.scan_prefix(prefix, &mut |key, _| {
        found.extend(key.rsplit('\n').next().and_then(|path| PolicyPath::parse(path).ok()));
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// The path of the segment or the port that Neutron knows by `uuid`.
pub(in crate::engine) fn known_by(view: &(impl View + ?Sized), uuid: &str) -> Result<Option<PolicyPath>, StoreError> {
    Ok(paths(view, &format!("u{uuid}\n"))?.pop())
}

/// Something that Neutron knows by a UUID, and where it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::engine) struct Known {
    /// The UUID.
    pub id: String,
    /// The path of the segment or the port; of a subnet, that of its segment.
    pub path: PolicyPath,
}

/// All that the keys beginning with `letter` tell of, in the order of UUIDs.
fn all(view: &(impl View + ?Sized), letter: &str) -> Result<Vec<Known>, StoreError> {
    let mut found = Vec::new();
    view.scan_prefix(letter, &mut |key, _| {
        let known = key[1..]
            .split_once('\n')
            .and_then(|(id, path)| Some(Known { id: id.to_owned(), path: PolicyPath::parse(path).ok()? }));
        found.extend(known);
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// All segments, or all ports.
pub(in crate::engine) fn all_known(view: &(impl View + ?Sized), kind: &Kind) -> Result<Vec<Known>, StoreError> {
    let all = all(view, "u")?;
    Ok(all.into_iter().filter(|known| kind.owns(&known.path)).collect())
}

/// All subnets, with their segments.
pub(in crate::engine) fn all_subnets(view: &(impl View + ?Sized)) -> Result<Vec<Known>, StoreError> {
    all(view, "b")
}

/// The segment of the subnet that Neutron knows by `id`.
pub(in crate::engine) fn segment_with(view: &(impl View + ?Sized), id: &str) -> Result<Option<PolicyPath>, StoreError> {
    Ok(paths(view, &format!("b{id}\n"))?.pop())
}

/// How many objects of `kind` the project has.
pub(super) fn count(view: &(impl View + ?Sized), kind: &Kind, project: &str) -> Result<usize, StoreError> {
    Ok(paths(view, &format!("q{}\n{project}\n", kind.name))?.len())
}

/// Whether a service has the taas id.
pub(super) fn has_taas_id(view: &(impl View + ?Sized), id: u16) -> Result<bool, StoreError> {
    Ok(!paths(view, &format!("v{id}\n"))?.is_empty())
}

/// Whether a mirror has the tunnel id.
pub(super) fn has_tunnel(view: &(impl View + ?Sized), id: i64) -> Result<bool, StoreError> {
    Ok(!paths(view, &format!("x{id}\n"))?.is_empty())
}

/// What is gone by `now`.
pub(super) fn gone(view: &(impl View + ?Sized), now: Moment) -> Result<Vec<PolicyPath>, StoreError> {
    let mut found = Vec::new();
    let to = format!("d{}\u{b}", moment_digits(now));
    view.scan("d", Some(&to), None, &mut |key, _| {
        found.extend(key.rsplit('\n').next().and_then(|path| PolicyPath::parse(path).ok()));
        ControlFlow::Continue(())
    })?;
    Ok(found)
}
