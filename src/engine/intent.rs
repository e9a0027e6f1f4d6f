//! Reading and writing what is declared: GET, list, PUT, PATCH and DELETE of the
//! policy API.

use serde_json::{Map, Value as Json};

use super::object::Object;
use super::refusal::Refusal;
use super::runtime::journal;
use super::store::{StoreError, StoreExt, Transaction, View};
use super::system::{self, Companion};
use super::{Caller, Engine, Moment, Reveal, address, index, taps};
use crate::model::kind::one;
use crate::model::path::PolicyPath;
use crate::model::problem::{Place, Problem, Step};
use crate::model::reference::{ends_fit, must_fit};
use crate::model::{
    Api, BGP_CONFIG, BGP_TROUBLESHOOT, Kind, SEGMENT_PORT, Shape, Tree, change, flow_trace, kinds_at, read, reference,
};

impl Engine {
    /// The object at `path`.
    pub fn get(&self, path: &PolicyPath, reveal: Reveal) -> Result<Object, Refusal> {
        let found = self.store.read(|view| index::get(view, path))?;
        found.map(|object| object.seen(reveal)).ok_or_else(|| Refusal::NotFound(path.clone()))
    }

    /// The objects of `kind` right below `parent` (`/infra` for profiles), in the
    /// order of their paths.
    pub fn list(&self, kind: &Kind, parent: &str, reveal: Reveal) -> Result<Vec<Object>, Refusal> {
        let Some(collection) = kind.collection() else { return Ok(Vec::new()) };
        let found = self.store.read(|view| index::collection(view, parent, collection))?;
        let of_kind = |object: &Object| object.kind().resource_type == kind.resource_type;
        Ok(found.into_iter().filter(of_kind).map(|object| object.seen(reveal)).collect())
    }

    /// All objects of the policy API, in the order of their paths.
    pub fn all(&self, reveal: Reveal) -> Result<Vec<Object>, Refusal> {
        let found = self.store.read(|view| index::all(view))?;
        let of_policy = |object: &Object| object.kind().api() == Api::Policy;
        Ok(found.into_iter().filter(of_policy).map(|object| object.seen(reveal)).collect())
    }

    /// Creates the object at `path`, or replaces it: then `body` must hold the
    /// `_revision` it replaces.
    pub fn put(&self, path: &PolicyPath, body: Json, by: &Caller) -> Result<Object, Refusal> {
        self.write(path, body, by, Writing::Put, None)
    }

    /// Creates the object at `path` and in the same step notes `claim`, a text of
    /// the caller's: until the claim is settled, it is not sure that whoever had
    /// the object created has come to know of it.
    pub fn create_claimed(&self, path: &PolicyPath, body: Json, by: &Caller, claim: &str) -> Result<Object, Refusal> {
        self.write(path, body, by, Writing::Put, Some(claim.to_owned()))
    }

    /// Creates the object at `path`, or changes the fields that `body` holds;
    /// lists are replaced whole.
    pub fn patch(&self, path: &PolicyPath, body: Json, by: &Caller) -> Result<Object, Refusal> {
        self.write(path, body, by, Writing::Patch, None)
    }

    /// Deletes the object at `path`, unless something holds it.
    pub fn delete(&self, path: &PolicyPath, now: Moment) -> Result<(), Refusal> {
        not_of_neutron(path)?;
        let path = path.clone();
        let is_due = self.store.write(move |tx| delete(tx, &path, now))?;
        self.settle_if(is_due, now);
        Ok(())
    }

    /// What other objects have that the object of `kind` at `path`, declared by
    /// `tree`, would need for itself: who has it, and what a write would answer.
    /// For planning: whether the other will still have it when the object is
    /// written, only the caller knows. `tree` is in the one spelling, as
    /// [`read`](crate::model::read()) gives it; what is not known in it is let pass.
    pub fn clashes(&self, kind: &Kind, path: &PolicyPath, tree: &Tree) -> Result<Vec<(PolicyPath, Problem)>, Refusal> {
        Ok(self.store.read(|view| index::clashes(view, kind, path, tree))?)
    }

    fn write(
        &self,
        path: &PolicyPath,
        body: Json,
        by: &Caller,
        how: Writing,
        claim: Option<String>,
    ) -> Result<Object, Refusal> {
        let (path, by, now) = (path.clone(), by.clone(), by.now);
        let (written, is_due) = self.store.write(move |tx| {
            let before = index::get(&*tx, &path)?;
            let object = composed(&*tx, &path, None, before.as_ref(), &body, &by, how)?;
            stands(&*tx, &object, before.is_none())?;
            let mut is_due = false;
            if before.as_ref() != Some(&object) {
                index::put(tx, &object, before.as_ref())?;
                is_due |= journal::note(tx, by.now, &path, before.as_ref())?;
                if before.is_none() {
                    is_due |= create_companions(tx, &object, &by)?;
                }
            }
            if let (Some(claim), None) = (&claim, &before) {
                index::claim(tx, &path, claim)?;
            }
            Ok::<_, Refusal>((object, is_due))
        })?;
        self.settle_if(is_due, now);
        Ok(written.seen(Reveal::Public))
    }
}

/// Objects of Neutron are written by [`Engine::create_tap`] and its kin.
pub(super) fn not_of_neutron(path: &PolicyPath) -> Result<(), Refusal> {
    if path.is_of_neutron() { Err(Refusal::InvalidPath(path.to_string())) } else { Ok(()) }
}

/// What refers to a segment port as Neutron's port goes with it. Whether the state is to be
/// settled.
pub(super) fn port_goes(tx: &mut dyn Transaction, gone: &Object, now: Moment) -> Result<bool, StoreError> {
    if *gone.kind() == SEGMENT_PORT { taps::port_deleted(tx, gone, now) } else { Ok(false) }
}

/// Deletes the object at `path`, unless something holds it. Whether the state is to be
/// settled.
pub(super) fn delete(tx: &mut dyn Transaction, path: &PolicyPath, now: Moment) -> Result<bool, Refusal> {
    let object = index::get(&*tx, path)?.ok_or_else(|| Refusal::NotFound(path.clone()))?;
    if object.is_system_owned() {
        return Err(Refusal::SystemOwned(path.clone()));
    }
    let companions = companions_of(&*tx, &object)?;
    let mut by = index::holders(&*tx, &object)?;
    for companion in &companions {
        by.retain(|holder| holder != companion.path());
        by.extend(index::holders(&*tx, companion)?);
    }
    if !by.is_empty() {
        by.sort();
        by.dedup();
        return Err(Refusal::InUse { path: path.clone(), by });
    }
    let mut is_due = false;
    for gone in companions.iter().chain([&object]) {
        index::remove(tx, gone)?;
        is_due |= journal::note(tx, now, gone.path(), Some(gone))?;
        is_due |= port_goes(tx, gone, now)?;
    }
    Ok(is_due)
}

/// Of how many clashes a refusal tells.
const MOST_CLASHES_NAMED: usize = 5;

/// How a body meets the object that exists.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Writing {
    Put,
    Patch,
}

/// The object that `body` makes of what is at `path`: right by itself, whatever else
/// there is. Nothing is stored yet. `below` is the address of the object it lies below,
/// where it matters which of the two addresses of a VPN service was called.
pub(super) fn composed(
    view: &(impl View + ?Sized),
    path: &PolicyPath,
    below: Option<&str>,
    before: Option<&Object>,
    body: &Json,
    by: &Caller,
    how: Writing,
) -> Result<Object, Refusal> {
    let Json::Object(given) = body else {
        return Err(invalid(Place::default(), "The body is not an object", "Send a JSON object."));
    };
    if let Some(before) = before {
        may_change(before, given, how)?;
    }
    let kind = kind_to_write(path, before, given)?;
    not_of_neutron(path)?;
    // A path that was put together may not be one that could be read.
    if before.is_none() && PolicyPath::parse(path.as_str()).as_ref() != Ok(path) {
        return Err(Refusal::InvalidPath(path.to_string()));
    }
    let given = match before {
        Some(before) if how == Writing::Patch => merged(before.declared(), given),
        _ => given.clone(),
    };
    let mut given = Json::Object(given);
    address::complete(view, &mut given)?;
    let tree = Tree::from(&given);
    // What the deprecated address of a VPN service refuses is the business of
    // those who know by which address it was called.
    let parent = kind.parent(path).map(|parent| below.map_or_else(|| parent.current_address(), str::to_owned));
    let reading = read(kind, &tree, parent.as_deref());
    let of_system = before.filter(|before| before.is_system_owned());
    if !reading.is_accepted() {
        return Err(match of_system {
            Some(_) => Refusal::SystemOwned(path.clone()),
            None => Refusal::Invalid(reading.problems),
        });
    }
    if let Some(problem) = flow_trace::problem_of_id(kind, &reading.tree, path.id()) {
        return Err(Refusal::Invalid(vec![problem]));
    }
    if let Some(before) = before {
        let problems = change::problems(kind, &before.tree(), &reading.tree);
        if !problems.is_empty() {
            return Err(Refusal::Invalid(problems));
        }
    }
    is_named(kind, path, &reading.tree)?;
    let Json::Object(fields) = reading.tree.to_json() else { return Err(Refusal::InvalidPath(path.to_string())) };
    Ok(match before {
        None => Object::create(kind, path.clone(), fields, &index::owner(view)?, by),
        Some(before) => {
            let changed = before.change(fields, by);
            if changed.declared() == before.declared() {
                before.clone()
            } else if of_system.is_some() {
                return Err(Refusal::SystemOwned(path.clone()));
            } else {
                changed
            }
        }
    })
}

/// The identifier can be the name people see, where the body gives none.
fn is_named(kind: &Kind, path: &PolicyPath, tree: &Tree) -> Result<(), Refusal> {
    let name = kind.name_field();
    let Some(Shape::Text(_, most)) = kind.field(name).map(|field| &field.shape) else { return Ok(()) };
    let length = path.id().chars().count();
    if kind.api() != Api::Policy || length <= *most || *tree.get(name) != Tree::Null {
        return Ok(());
    }
    let what = format!("{name} is missing, and the id, which stands for it, has {length} characters");
    let hint = format!("Give a {name}, or an id, of at most {most} characters.");
    Err(invalid(Place::default().field(name), &what, &hint))
}

/// `object` can be among the others: what it lies below and what it refers to exists, and
/// nobody has what it needs for itself.
pub(super) fn stands(view: &(impl View + ?Sized), object: &Object, is_new: bool) -> Result<(), Refusal> {
    let (kind, path, tree) = (object.kind(), object.path(), object.tree());
    if is_new {
        parent_exists(view, kind, path)?;
    }
    nobody_else_has_it(view, kind, path, &tree)?;
    references_hold(view, kind, &tree)?;
    referrers_still_fit(view, kind, path, &tree)
}

/// The kind of the object to write: its path tells, and where a path may be of
/// several kinds, its `resource_type` does.
fn kind_to_write(
    path: &PolicyPath,
    before: Option<&Object>,
    given: &Map<String, Json>,
) -> Result<&'static Kind, Refusal> {
    let possible: Vec<_> = kinds_at(path).collect();
    let place = Place::default().then(Step::Field("resource_type"));
    let kind = match (given.get("resource_type"), &possible[..]) {
        (_, []) => return Err(Refusal::InvalidPath(path.to_string())),
        (None, _) if before.is_some() => before.map_or(possible[0], Object::kind),
        (None, [kind]) => kind,
        (None, kinds) => {
            let types: Vec<_> = kinds.iter().map(|kind| kind.resource_type).collect();
            return Err(invalid(place, "resource_type is missing", &format!("Use {}.", types.join(" or "))));
        }
        (Some(Json::String(wanted)), kinds) => {
            let Some(kind) = kinds.iter().find(|kind| kind.resource_type == wanted) else {
                let hint = format!("An object at {path} is {}.", one(kinds[0].resource_type));
                return Err(invalid(place, &format!("{wanted:?} is not the type of this object"), &hint));
            };
            kind
        }
        (Some(_), _) => return Err(invalid(place, "resource_type has the wrong type", "Give a text.")),
    };
    let said = given.get("id").filter(|said| !said.is_null());
    if said.is_some_and(|said| said != path.id()) {
        let place = Place::default().then(Step::Field("id"));
        let said = said.map(ToString::to_string).unwrap_or_default();
        return Err(invalid(place, &format!("{said} is not the id of {path}"), "Leave id out, or correct it."));
    }
    match before {
        Some(before) if before.kind().resource_type != kind.resource_type => Err(invalid(
            place,
            &format!("{path} is {}", one(before.kind().resource_type)),
            "The type of an object cannot be changed: delete it first.",
        )),
        _ => Ok(kind),
    }
}

pub(super) fn invalid(at: Place, what: &str, hint: &str) -> Refusal {
    Refusal::Invalid(vec![Problem::refused(at, what, hint)])
}

fn may_change(before: &Object, given: &Map<String, Json>, how: Writing) -> Result<(), Refusal> {
    let path = before.path().clone();
    // A PATCH may repeat what is there: whether it does, is seen when it is read.
    if before.is_system_owned() && how == Writing::Put {
        return Err(Refusal::SystemOwned(path));
    }
    let found = before.revision();
    match given.get("_revision").filter(|revision| !revision.is_null()) {
        None if how == Writing::Put => Err(Refusal::Exists(path)),
        None => Ok(()),
        Some(sent) => match sent.as_i64() {
            Some(sent) if sent == found => Ok(()),
            Some(sent) => Err(Refusal::Stale { path, found, sent }),
            None => {
                let place = Place::default().then(Step::Field("_revision"));
                Err(invalid(place, "_revision has the wrong type", "Give a whole number."))
            }
        },
    }
}

fn parent_exists(view: &(impl View + ?Sized), kind: &Kind, path: &PolicyPath) -> Result<(), Refusal> {
    match kind.parent_object(path) {
        Some(parent) if index::get(view, &parent)?.is_none() => Err(Refusal::InvalidPath(parent.to_string())),
        _ => Ok(()),
    }
}

/// What the object has for itself, no other object has.
fn nobody_else_has_it(view: &(impl View + ?Sized), kind: &Kind, path: &PolicyPath, tree: &Tree) -> Result<(), Refusal> {
    let clashes = index::clashes(view, kind, path, tree)?.into_iter();
    let problems: Vec<_> = clashes.take(MOST_CLASHES_NAMED).map(|(_, problem)| problem).collect();
    if problems.is_empty() { Ok(()) } else { Err(Refusal::Invalid(problems)) }
}

/// Every object referred to exists, and is of the kind its reference wants; what
/// the model can say only of both ends holds.
fn references_hold(view: &(impl View + ?Sized), kind: &Kind, tree: &Tree) -> Result<(), Refusal> {
    for reference in reference::references(kind, tree) {
        let path = PolicyPath::parse(&reference.to).map_err(|_| Refusal::InvalidPath(reference.to.clone()))?;
        let Some(target) = index::get(view, &path)? else {
            return Err(Refusal::Dangling { field: reference.from.to_string(), to: reference.to });
        };
        let problems = ends_fit(tree, target.kind(), &path, &target.tree());
        if !problems.is_empty() {
            return Err(Refusal::Invalid(problems));
        }
    }
    Ok(())
}

/// The objects that refer to the one at `path` can live with what it becomes.
fn referrers_still_fit(
    view: &(impl View + ?Sized),
    kind: &Kind,
    path: &PolicyPath,
    tree: &Tree,
) -> Result<(), Refusal> {
    if !must_fit(kind) {
        return Ok(());
    }
    for referrer in index::referrers(view, path)? {
        let Some(object) = index::get(view, &referrer)? else { continue };
        if let Some(problem) = ends_fit(&object.tree(), kind, path, tree).into_iter().next() {
            let what = format!("{} of {referrer}: {}", problem.at, problem.what);
            let hint = format!("Change {referrer} first, and this object after that.");
            return Err(Refusal::Invalid(vec![Problem::refused(Place::default(), what, hint)]));
        }
    }
    Ok(())
}

/// `before` with what `given` sets; objects are merged, everything else replaces.
/// A null changes nothing.
fn merged(mut before: Map<String, Json>, given: &Map<String, Json>) -> Map<String, Json> {
    for (name, value) in given {
        match (before.get_mut(name), value) {
            (_, Json::Null) => {}
            (Some(Json::Object(old)), Json::Object(new)) => *old = merged(std::mem::take(old), new),
            _ => {
                before.insert(name.clone(), value.clone());
            }
        }
    }
    before
}

/// Creates what comes with `object`, as far as it does not exist; whether the state is
/// to be settled.
pub(super) fn create_companions(tx: &mut dyn Transaction, object: &Object, by: &Caller) -> Result<bool, Refusal> {
    let gateway = match object.kind().parent_object(object.path()) {
        Some(parent) => index::get(&*tx, &parent)?,
        None => None,
    };
    let mut is_due = false;
    for Companion { path, body, is_system_owned } in system::companions(object, gateway.as_ref()) {
        if index::get(&*tx, &path)?.is_some() {
            continue;
        }
        let companion = composed(&*tx, &path, None, None, &body, by, Writing::Put)?;
        stands(&*tx, &companion, true)?;
        let companion = if is_system_owned { companion.owned_by_the_system() } else { companion };
        index::put(tx, &companion, None)?;
        is_due |= journal::note(tx, by.now, &path, None)?;
    }
    Ok(is_due)
}

/// What has come with `object` and goes with it.
pub(super) fn companions_of(view: &(impl View + ?Sized), object: &Object) -> Result<Vec<Object>, Refusal> {
    let mut found = Vec::new();
    for companion in system::companions(object, None) {
        found.extend(index::get(view, &companion.path)?);
    }
    // It comes when somebody writes it, and goes with its BGP instance.
    if let Some(bgp) = found.iter().find(|companion| *companion.kind() == BGP_CONFIG) {
        found.extend(index::get(view, &BGP_TROUBLESHOOT.path(bgp.path(), "troubleshoot"))?);
    }
    Ok(found)
}

/// Stores an object that exists from the start, or brings it up to what this release has
/// it be.
pub(super) fn put_system_object(
    tx: &mut dyn Transaction,
    path: &PolicyPath,
    body: &Json,
    by: &Caller,
) -> Result<(), StoreError> {
    let before = index::get(&*tx, path)?;
    let object = composed(&*tx, path, None, None, body, by, Writing::Put).and_then(|object| {
        stands(&*tx, &object, before.is_none())?;
        Ok(object)
    });
    match object {
        Ok(object) => {
            let object = match &before {
                None => object.owned_by_the_system(),
                Some(before) if !before.is_system_owned() || before.declared() == object.declared() => return Ok(()),
                Some(before) => before.change(object.declared(), by).owned_by_the_system(),
            };
            index::put(tx, &object, before.as_ref())
        }
        Err(Refusal::Store(error)) => Err(error),
        Err(refusal) => {
            debug_assert!(false, "the system's own object {path} is refused: {refusal}");
            Ok(())
        }
    }
}
