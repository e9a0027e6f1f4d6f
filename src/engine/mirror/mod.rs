//! What is declared by the policy API, in memory, for those who ask often: a server that is asked for the same
//! objects and lists a thousand times in a second.
//!
//! | module | what it holds |
//! |---|---|
//! | `declared` | all that is declared, as everybody may see it |
//!
//! It is valid as long as the store tells the same [version](super::store::Version), which is
//! asked for each time, so that what another process has written is seen at once. At
//! another version the journal tells which objects were written since, and these alone are
//! read. What no journal tells of (it was settled meanwhile, or the objects of the system were
//! brought up to a newer release) is read anew as a whole. Secrets are not kept.

mod declared;
#[cfg(test)]
mod tests;

use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard};

pub use declared::{Collection, Declared, Place, Shown};

use super::runtime::journal;
use super::store::{StoreError, StoreExt, Version, View};
use super::{Engine, Refusal, index, system};
use crate::model::PolicyPath;

/// So many versions of one state are remembered: what is written may not concern it.
const MOST_VERSIONS: usize = 16;

/// What is declared, as far as it has been read.
#[derive(Default)]
pub(super) struct Mirror {
    /// Held by who reads, for as long as that takes; others go on with what is there.
    reading: Mutex<Option<Mark>>,
    shown: RwLock<State>,
    /// How many are reading all of it anew.
    anew: AtomicUsize,
}

#[derive(Default)]
struct State {
    /// What the store has told when it was in this state.
    versions: Vec<Version>,
    declared: Declared,
}

/// What has been read: up to which entry of the journal, and which objects of the system.
#[derive(Clone, PartialEq)]
struct Mark {
    last: u64,
    system: Option<Vec<u8>>,
}

/// What is to be done to what is kept.
enum News {
    /// These objects have become what is here.
    Changed(Vec<(PolicyPath, Option<Shown>)>),
    /// All of it is another one.
    Whole(Declared),
}

/// What is declared at one moment. It is not changed for as long as this is held, which
/// should not be long.
pub struct DeclaredNow<'a>(RwLockReadGuard<'a, State>);

impl Deref for DeclaredNow<'_> {
    type Target = Declared;

    fn deref(&self) -> &Declared {
        &self.0.declared
    }
}

impl Engine {
    /// What is declared now, if that can be told without waiting for anything.
    pub fn declared_at_once(&self) -> Option<DeclaredNow<'_>> {
        let version = self.store.version()?;
        let state = self.mirror.shown.try_read().ok()?;
        state.versions.contains(&version).then_some(DeclaredNow(state))
    }

    /// What is declared now.
    pub fn declared(&self) -> Result<DeclaredNow<'_>, Refusal> {
        if let Some(declared) = self.declared_at_once() {
            return Ok(declared);
        }
        self.mirror.read_on(self)?;
        Ok(DeclaredNow(self.mirror.shown.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Engine {
    /// Reads anew all that is declared, whatever is in memory.
    pub fn reconcile(&self) -> Result<(), Refusal> {
        self.mirror.anew.fetch_add(1, Ordering::Relaxed);
        self.mirror.forget();
        let read = self.mirror.read_on(self);
        self.mirror.anew.fetch_sub(1, Ordering::Relaxed);
        Ok(read?)
    }

    /// Whether somebody does that at this moment.
    pub fn is_reconciling(&self) -> bool {
        self.mirror.anew.load(Ordering::Relaxed) > 0
    }
}

impl Mirror {
    /// Lets the next reader read all of it. What is in memory stays until then.
    fn forget(&self) {
        let mut mark = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        *mark = None;
        self.shown.write().unwrap_or_else(PoisonError::into_inner).versions.clear();
    }

    /// Reads what has been written since the last time.
    fn read_on(&self, engine: &Engine) -> Result<(), StoreError> {
        let mut mark = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        // Before anything is read: what is committed meanwhile makes another version.
        let version = engine.store.version();
        let is_it = |version| self.shown.read().unwrap_or_else(PoisonError::into_inner).versions.contains(&version);
        if version.is_some_and(is_it) {
            return Ok(());
        }
        let (news, now) = engine.store.read(|view| news(view, mark.as_ref()))?;
        let mut state = self.shown.write().unwrap_or_else(PoisonError::into_inner);
        if mark.as_ref() != Some(&now) || state.versions.len() >= MOST_VERSIONS {
            state.versions.clear();
        }
        match news {
            News::Changed(changes) => changes.into_iter().for_each(|(path, shown)| state.declared.set(&path, shown)),
            News::Whole(declared) => state.declared = declared,
        }
        state.versions.extend(version);
        *mark = Some(now);
        Ok(())
    }
}

/// What is new in `view` to somebody who has read what `mark` tells.
fn news(view: &(impl View + ?Sized), mark: Option<&Mark>) -> Result<(News, Mark), StoreError> {
    let system = view.get(system::MARK)?;
    if let Some(mark) = mark.filter(|mark| mark.system == system)
        && let Some((mut paths, last)) = journal::written_since(view, mark.last)?
    {
        paths.retain(|path| !path.is_of_neutron());
        paths.sort();
        paths.dedup();
        let read = |path: PolicyPath| {
            let key = index::object_key(&path);
            let shown = view.get(&key)?.map(|stored| shown(&key, path.clone(), &stored)).transpose()?;
            Ok::<_, StoreError>((path, shown))
        };
        let changes = paths.into_iter().map(read).collect::<Result<_, _>>()?;
        return Ok((News::Changed(changes), Mark { last, system }));
    }
    let mut declared = Declared::default();
    index::each(view, |key, stored| {
        let path = PolicyPath::parse(&key[1..]).map_err(|_| unreadable(key))?;
        if !path.is_of_neutron() {
            declared.set(&path, Some(shown(key, path.clone(), stored)?));
        }
        Ok(())
    })?;
    Ok((News::Whole(declared), Mark { last: journal::last(view)?, system }))
}

fn shown(key: &str, path: PolicyPath, stored: &[u8]) -> Result<Shown, StoreError> {
    Shown::parse(path, stored).ok_or_else(|| unreadable(key))
}

fn unreadable(key: &str) -> StoreError {
    StoreError::Unreadable { key: key[1..].to_owned() }
}
