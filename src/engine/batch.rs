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

/// Why several writes are refused: for one of them, all of them are.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{why}")]
pub struct BatchRefusal {
    /// Which of the writes it is about, by its position among those that were given; none
    /// where it is about no one of them, as when the store fails.
    pub at: Option<usize>,
    /// Why it is refused.
    pub why: Refusal,
}

impl From<StoreError> for BatchRefusal {
    fn from(error: StoreError) -> Self {
        Self { at: None, why: error.into() }
    }
}

/// That a refusal is about the write at `position`, unless the store is to blame.
fn at(position: usize) -> impl Fn(Refusal) -> BatchRefusal {
    move |why| BatchRefusal { at: Some(position).filter(|_| !matches!(why, Refusal::Store(_))), why }
}

/// What a write has made, and what was there before.
struct Made {
    /// Which of the writes it was, among those that were given.
    position: usize,
    object: Object,
    before: Option<Object>,
}

impl Engine {
    /// Does one write; returns the object, without its secrets, unless it was deleted.
    pub fn write_one(&self, write: Write, by: &Caller) -> Result<Option<Object>, Refusal> {
        Ok(self.write_all(vec![write], by).map_err(|refused| refused.why)?.pop())
    }

    /// Does all of `writes` in one transaction, or none of them. They meet each other's
    /// outcome, not their order: an object may refer to one that comes later, and one may
    /// be deleted together with those that refer to it. An object is written once.
    /// Returns the objects that were created or changed, without secrets.
    pub fn write_all(&self, writes: Vec<Write>, by: &Caller) -> Result<Vec<Object>, BatchRefusal> {
        let mut writes: Vec<_> = writes.into_iter().enumerate().collect();
        writes.sort_by_key(|(_, write)| turn(write));
        let (by, now) = (by.clone(), by.now);
        let (made, is_due) = self.store.write(move |tx| {
            let mut batch =
                Batch { by: &by, written: BTreeSet::new(), made: Vec::new(), gone: Vec::new(), is_due: false };
            for (position, write) in &writes {
                batch.write(tx, *position, write).map_err(at(*position))?;
            }
            batch.stands_together(tx)?;
            let objects: Vec<_> = batch.made.into_iter().map(|made| made.object).collect();
            Ok::<_, BatchRefusal>((objects, batch.is_due))
        })?;
        self.settle_if(is_due, now);
        Ok(made.into_iter().map(|object| object.seen(Reveal::Public)).collect())
    }
}

/// Several writes, as far as they have come.
struct Batch<'a> {
    by: &'a Caller,
    /// The objects that were written, which is done once.
    written: BTreeSet<PolicyPath>,
    made: Vec<Made>,
    /// What was deleted, and by which of the writes.
    gone: Vec<(usize, Object)>,
    /// Whether the state is to be settled.
    is_due: bool,
}

impl Batch<'_> {
    /// Does the write at `position`, as far as it can be done by itself.
    fn write(&mut self, tx: &mut dyn Transaction, position: usize, write: &Write) -> Result<(), Refusal> {
        not_of_neutron(&write.path)?;
        let path = &path_now(&*tx, write)?;
        if !self.written.insert(path.clone()) {
            let hint = "Leave one of them out: an object is written once.";
            return Err(invalid(Place::default(), &format!("{path} occurs twice"), hint));
        }
        let before = index::get(&*tx, path)?;
        let (body, how) = match &write.change {
            Change::Put(body) => (body, Writing::Put),
            Change::Patch(body) => (body, Writing::Patch),
            Change::Delete => {
                let object = before.ok_or_else(|| Refusal::NotFound(path.clone()))?;
                return self.delete(tx, position, object);
            }
        };
        let object = composed(&*tx, path, write.below.as_deref(), before.as_ref(), body, self.by, how)?;
        if before.as_ref() != Some(&object) {
            index::put(tx, &object, before.as_ref())?;
            self.is_due |= journal::note(tx, self.by.now, path, before.as_ref())?;
            if before.is_none() {
                self.is_due |= create_companions(tx, &object, self.by)?;
            }
        }
        self.made.push(Made { position, object, before });
        Ok(())
    }

    /// Deletes an object with its companions, whoever needs them.
    fn delete(&mut self, tx: &mut dyn Transaction, position: usize, object: Object) -> Result<(), Refusal> {
        if object.is_system_owned() {
            return Err(Refusal::SystemOwned(object.path().clone()));
        }
        for object in companions_of(&*tx, &object)?.into_iter().chain([object]) {
            index::remove(tx, &object)?;
            self.is_due |= journal::note(tx, self.by.now, object.path(), Some(&object))?;
            self.is_due |= port_goes(tx, &object, self.by.now)?;
            self.gone.push((position, object));
        }
        Ok(())
    }

    /// What was made can be among what there is now, and nothing needs what is gone.
    fn stands_together(&self, tx: &mut dyn Transaction) -> Result<(), BatchRefusal> {
        for Made { position, object, before } in &self.made {
            stands(&*tx, object, before.is_none()).map_err(at(*position))?;
        }
        for (position, object) in &self.gone {
            let by = index::holders(&*tx, object).map_err(at(*position))?;
            if !by.is_empty() {
                return Err(at(*position)(Refusal::InUse { path: object.path().clone(), by }));
            }
        }
        Ok(())
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
