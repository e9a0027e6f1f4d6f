//! Which object a user means: `terraform import` ids and parent paths.

use super::face::Face;
use crate::backend::{Backend, BackendError};
use crate::engine::Object;
use crate::model::kind::{Pattern, spell};
use crate::model::reading::problem_of_id;
use crate::model::{Api, PolicyPath};
use crate::tf_provider::Diagnostic;
use uuid::Uuid;

/// The path of the object of `face` that the import id `id` names. It may be
///
/// - the policy path, with or without the locale service of a VPN service;
/// - the bare id, for an object that lies where objects lie by default;
/// - the ids along the path, parted by slashes: `vmc/default/ID` for a BGP
///   neighbor (tier-0, locale service, neighbor), `vmc/ID` for a prefix list.
pub fn imported(face: &Face, id: &str) -> Result<PolicyPath, Diagnostic> {
    let kind = face.kind;
    let refuse = |why: String| {
        let forms: Vec<_> = forms(face).iter().map(|(what, form)| format!("  - {what}: {form}")).collect();
        let forms = forms.join("\n");
        Diagnostic::error(format!("{id:?} names no object"), format!("{why} Use one of:\n{forms}"))
    };
    let valid = |part: &&str| problem_of_id(part).is_none();
    if id.starts_with('/') {
        let path = PolicyPath::parse(id).map_err(|error| refuse(format!("{id:?} is not a path: it {error}.")))?;
        return if kind.owns(&path) {
            Ok(path)
        } else {
            Err(refuse(format!("{path} is not the path of {}.", kind.one())))
        };
    }
    let parts: Vec<_> = id.split('/').collect();
    if !parts.iter().all(valid) {
        return Err(refuse(format!("{id:?} has a part that is no identifier.")));
    }
    // Any text can be a name, but only such a one an id.
    if kind.api() == Api::Neutron && Uuid::parse_str(id).is_err() {
        return Err(refuse(format!("There is no {} of this name.", kind.title)));
    }
    let path = match (&parts[..], kind.default_parent, parent_path(face, None)) {
        ([id], Some(parent), _) => PolicyPath::parse(parent).ok().map(|parent| kind.path(&parent, id)),
        ([id], None, None) if face.parent.is_none() => PolicyPath::parse(&collection_path(face, id)).ok(),
        (parts, ..) if parts.len() == wildcards(face) => PolicyPath::parse(&along(face, parts)).ok(),
        _ => None,
    };
    path.ok_or_else(|| refuse(format!("{id:?} does not tell where the {} lies.", kind.title)))
}

/// The objects of `face` below `parent` that people see under the name `name`.
pub async fn named(
    face: &Face,
    backend: &dyn Backend,
    parent: Option<&PolicyPath>,
    name: &str,
) -> Result<Vec<Object>, BackendError> {
    let below = parent.map_or_else(|| root(face), ToString::to_string);
    let mut all = backend.list(face.kind, &below).await?;
    all.retain(|object| object.get(face.kind.name_field()).is_some_and(|found| found == name));
    Ok(all)
}

/// What objects lie below whose kind has no parent: `/infra`, or the address of an API.
pub fn root(face: &Face) -> String {
    spell(face.kind.parent_places().next().unwrap_or_default(), [])
}

/// The path of an object right below `/infra`.
fn collection_path(face: &Face, id: &str) -> String {
    along(face, &[id])
}

/// Where most objects of `face` lie.
fn usual_place(face: &Face) -> Pattern {
    face.kind.places.first().copied().unwrap_or_default()
}

fn wildcards(face: &Face) -> usize {
    usual_place(face).iter().filter(|part| **part == "*").count()
}

/// The path with its variable parts filled in.
fn along(face: &Face, ids: &[&str]) -> String {
    spell(usual_place(face), ids.iter().copied())
}

/// The forms of import ids: what each is, and how it looks.
pub fn forms(face: &Face) -> Vec<(String, String)> {
    if face.kind.api() == Api::Neutron {
        return vec![
            ("the id".to_owned(), "UUID".to_owned()),
            ("the name, if only one has it".to_owned(), "NAME".to_owned()),
        ];
    }
    let paths: Vec<_> = face.kind.example_paths().collect();
    let current =
        paths.iter().map(|path| path.replace("/locale-services/ID/ipsec-vpn-services", "/ipsec-vpn-services"));
    let shorter: Vec<_> = current.filter(|path| !paths.contains(path)).collect();
    let mut forms = Vec::new();
    for (what, paths) in [("the policy path", &paths), ("the policy path without the locale service", &shorter)] {
        forms.extend(paths.iter().map(|path| (what.to_owned(), path.clone())));
    }
    if face.kind.default_parent.is_some() || face.parent.is_none() {
        let place = face.kind.default_parent.map(|parent| format!(", below `{parent}`")).unwrap_or_default();
        forms.push((format!("the bare id{place}"), "ID".to_owned()));
    }
    if wildcards(face) > 1 {
        let place = usual_place(face);
        let parts = place.iter().zip(place.iter().skip(1));
        let collections = parts.filter(|(_, id)| **id == "*").map(|(collection, _)| collection);
        let ids: Vec<_> = collections.map(|collection| collection.trim_end_matches('s').to_uppercase()).collect();
        forms.push(("the ids along the path".to_owned(), ids.join("/")));
    }
    forms
}

/// The path of the parent that `given` names, or the default one; `None` when
/// there is none, or when `given` is not a path of a parent.
pub fn parent_path(face: &Face, given: Option<&str>) -> Option<PolicyPath> {
    let path = PolicyPath::parse(given.or(face.kind.default_parent)?).ok()?;
    is_parent(face, &path).then_some(path)
}

/// Whether an object of `face` may lie below `path`.
pub fn is_parent(face: &Face, path: &PolicyPath) -> bool {
    face.kind.may_lie_below(path)
}

/// Parent paths as examples for a message.
pub fn example_parents(face: &Face) -> String {
    let examples: Vec<_> = face
        .kind
        .parent_places()
        .filter(|place| place.len() > 1)
        .map(|place| spell(place, std::iter::repeat("ID")))
        .collect();
    examples.join(" or ")
}
