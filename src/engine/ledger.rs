//! What callers note beside the objects: claims on those they have created, and
//! what one process of theirs wants another to know. The engine keeps it, and makes
//! nothing of it.

use super::store::{Store, StoreError, StoreExt, ViewExt};
use super::{Engine, Moment, Refusal, index};
use crate::model::PolicyPath;

/// Notes are forgotten after so many milliseconds: a week.
const STALE: i64 = 7 * 24 * 60 * 60 * 1000;

/// What the keys of notes begin with.
const NOTES: &str = "p/";

fn note_key(name: &str) -> String {
    format!("{NOTES}{name}")
}

impl Engine {
    /// The objects with a claim that is not settled, and the claims. See
    /// [`Engine::create_claimed`].
    pub fn claims(&self) -> Result<Vec<(PolicyPath, String)>, Refusal> {
        Ok(self.store.read(|view| index::claims(view))?)
    }

    /// Claims the objects at `paths`, as far as there are any.
    pub fn claim(&self, paths: &[PolicyPath], claim: &str) -> Result<(), Refusal> {
        let (paths, claim) = (paths.to_vec(), claim.to_owned());
        Ok(self.store.write(move |tx| {
            for path in &paths {
                if index::get(&*tx, path)?.is_some() {
                    index::claim(tx, path, &claim)?;
                }
            }
            Ok::<_, StoreError>(())
        })?)
    }

    /// Puts `claim` in place of the claims on the objects at `paths`, as far as
    /// these are still there.
    pub fn reclaim(&self, paths: &[PolicyPath], claim: &str) -> Result<(), Refusal> {
        let (paths, claim) = (paths.to_vec(), claim.to_owned());
        Ok(self.store.write(move |tx| paths.iter().try_for_each(|path| index::reclaim(tx, path, &claim)))?)
    }

    /// Settles the claims on the objects at `paths`: `keeper`, a text of the caller's,
    /// has come to know of them. What does not exist has none.
    pub fn settle(&self, paths: &[PolicyPath], keeper: &str) -> Result<(), Refusal> {
        let (paths, keeper) = (paths.to_vec(), keeper.to_owned());
        Ok(self.store.write(move |tx| paths.iter().try_for_each(|path| index::settle(tx, path, &keeper)))?)
    }

    /// Who has come to know of the object at `path`, as far as that is noted.
    pub fn keeper(&self, path: &PolicyPath) -> Result<Option<String>, Refusal> {
        Ok(self.store.read(|view| index::keeper(view, path))?)
    }

    /// Notes `lines` under `name`, at the time `now`. Notes that are old by then are
    /// removed.
    pub fn note(&self, name: &str, lines: &[String], now: Moment) -> Result<(), Refusal> {
        Ok(note(self.store.as_ref(), name, lines, now)?)
    }

    /// The lines of all notes whose names begin with `name`.
    pub fn noted(&self, name: &str) -> Result<Vec<String>, Refusal> {
        Ok(noted(self.store.as_ref(), name)?)
    }

    /// Forgets all notes whose names begin with `name`.
    pub fn forget(&self, name: &str) -> Result<(), Refusal> {
        Ok(forget(self.store.as_ref(), name)?)
    }
}

/// Notes `lines` under `name` in `store`, at the time `now`. Notes that are old by then
/// are removed.
pub fn note(store: &dyn Store, name: &str, lines: &[String], now: Moment) -> Result<(), StoreError> {
    let key = note_key(name);
    let note = lines.iter().fold(now.0.to_string(), |note, line| note + "\n" + line);
    store.write(move |tx| {
        for (old, note) in tx.entries(NOTES)? {
            if noted_at(&note).is_none_or(|then| now.0 - then > STALE) {
                tx.delete(&old)?;
            }
        }
        tx.put(&key, note.as_bytes())
    })
}

/// The lines of all notes in `store` whose names begin with `name`.
pub fn noted(store: &dyn Store, name: &str) -> Result<Vec<String>, StoreError> {
    let notes = store.read(|view| view.entries(&note_key(name)))?;
    let lines = |(_, note): (String, Vec<u8>)| {
        let text = String::from_utf8_lossy(&note).into_owned();
        text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
    };
    Ok(notes.into_iter().flat_map(lines).collect())
}

/// Forgets all notes in `store` whose names begin with `name`.
pub fn forget(store: &dyn Store, name: &str) -> Result<(), StoreError> {
    let key = note_key(name);
    store.write(move |tx| {
        let notes = tx.entries(&key)?;
        notes.iter().try_for_each(|(key, _)| tx.delete(key).map(|_| ()))
    })
}

/// When something was noted, in milliseconds since 1970.
fn noted_at(note: &[u8]) -> Option<i64> {
    std::str::from_utf8(note).ok()?.lines().next()?.parse().ok()
}
