//! Several writes in one transaction: all of them take effect, or none.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::address::full_address;
use super::intent::{Writing, companions_of, composed, create_companions, invalid, not_of_neutron, port_goes, stands};
use super::object::Object;
use super::refusal::Refusal;
use super::runtime::journal;
use super::store::{StoreError, StoreExt, Transaction, View};
use super::{Caller, Engine, Reveal, index};
use crate::model::path::PolicyPath;
use crate::model::problem::Place;
use crate::model::{LOCALE_SERVICE, TIER_0, TIER_1, kinds_at};

/// A write of one object.
#[derive(Clone, Debug)]
pub struct Write {
    /// Which object.
    pub path: PolicyPath,
    /// The address of the object it lies below, as the caller wrote it: the deprecated
    /// address of a VPN service takes no IPv6, and one that names no locale service means the
    /// only one there is when the object is written. Unset, it is the current one, in the
    /// locale service that `path` names.
    pub below: Option<String>,
    /// What becomes of it.
    pub change: Change,
}

/// What becomes of an object.
#[derive(Clone)]
pub enum Change {
    /// It is created, or replaced as [`Engine::put`] does it.
    Put(Json),
    /// It is created, or changed as [`Engine::patch`] does it.
    Patch(Json),
    /// It is deleted.
    Delete,
}

/// Shows what is done, and nothing of the body, which may hold secrets.
impl std::fmt::Debug for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Put(_) => "Put",
            Self::Patch(_) => "Patch",
            Self::Delete => "Delete",
        })
    }
}

/// An object that a write has made, and the one before.
struct Made {
    object: Object,
    before: Option<Object>,
}

impl Engine {
    /// Does one write; returns the object, without its secrets, unless it was deleted.
    pub fn write_one(&self, write: Write, by: &Caller) -> Result<Option<Object>, Refusal> {
        Ok(self.write_all(vec![write], by)?.pop())
    }

    /// Does all of `writes` in one transaction, or none of them. They meet each other's
    /// outcome, not their order: an object may refer to one that comes later, and one may
    /// be deleted together with those that refer to it. An object is written once.
    /// Returns the objects that were created or changed, without secrets.
    pub fn write_all(&self, mut writes: Vec<Write>, by: &Caller) -> Result<Vec<Object>, Refusal> {
        writes.sort_by_key(turn);
        let (by, now) = (by.clone(), by.now);
        let (made, is_due) = self.store.write(move |tx| {
            let mut made = Vec::new();
            let mut gone = Vec::new();
            let mut is_due = false;
            let mut written = BTreeSet::new();
            for write in &writes {
                not_of_neutron(&write.path)?;
                let path = &path_now(&*tx, write)?;
                if !written.insert(path.clone()) {
                    let hint = "Leave one of them out: an object is written once.";
                    return Err(invalid(Place::default(), &format!("{path} occurs twice"), hint));
                }
                let before = index::get(&*tx, path)?;
                let (body, how) = match &write.change {
                    Change::Put(body) => (body, Writing::Put),
                    Change::Patch(body) => (body, Writing::Patch),
                    Change::Delete => {
                        let object = before.ok_or_else(|| Refusal::NotFound(path.clone()))?;
                        if object.is_system_owned() {
                            return Err(Refusal::SystemOwned(path.clone()));
                        }
                        for object in companions_of(&*tx, &object)?.into_iter().chain([object]) {
                            index::remove(tx, &object)?;
                            is_due |= journal::note(tx, by.now, object.path(), Some(&object))?;
                            is_due |= port_goes(tx, &object, by.now)?;
                            gone.push(object);
                        }
                        continue;
                    }
                };
                let object = composed(&*tx, path, write.below.as_deref(), before.as_ref(), body, &by, how)?;
                if before.as_ref() != Some(&object) {
                    index::put(tx, &object, before.as_ref())?;
                    is_due |= journal::note(tx, by.now, path, before.as_ref())?;
                    if before.is_none() {
                        is_due |= create_companions(tx, &object, &by)?;
                    }
                }
                made.push(Made { object, before });
            }
            stand_together(tx, &made, &gone)?;
            Ok::<_, Refusal>((made.into_iter().map(|made| made.object).collect::<Vec<_>>(), is_due))
        })?;
        self.settle_if(is_due, now);
        Ok(made.into_iter().map(|object| object.seen(Reveal::Public)).collect())
    }
}

/// When a write of several is done: addresses that name no locale service mean one that is
/// created with them, and one that is deleted with them.
fn turn(write: &Write) -> u8 {
    let Some(kind) = kinds_at(&write.path).next() else { return 2 };
    match (&write.change, *kind == LOCALE_SERVICE, *kind == TIER_0 || *kind == TIER_1) {
        (Change::Delete, true, _) | (Change::Delete, _, true) => 3,
        (_, true, _) => 1,
        (_, _, true) => 0,
        _ => 2,
    }
}

/// The path that a write means now.
fn path_now(view: &(impl View + ?Sized), write: &Write) -> Result<PolicyPath, StoreError> {
    let Some(below) = &write.below else { return Ok(write.path.clone()) };
    let called = format!("{below}/{}/{}", write.path.collection(), write.path.id());
    let full = full_address(view, &called)?.and_then(|full| PolicyPath::parse(&full).ok());
    Ok(full.unwrap_or_else(|| write.path.clone()))
}

/// What was made can be among what there is now, and nothing needs what is gone.
fn stand_together(tx: &mut dyn Transaction, made: &[Made], gone: &[Object]) -> Result<(), Refusal> {
    for Made { object, before } in made {
        stands(&*tx, object, before.is_none())?;
    }
    for object in gone {
        let by = index::holders(&*tx, object)?;
        if !by.is_empty() {
            return Err(Refusal::InUse { path: object.path().clone(), by });
        }
    }
    Ok(())
}
