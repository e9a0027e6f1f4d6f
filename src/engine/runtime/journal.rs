//! The journal: what has changed since the state was settled last.
//!
//! A write notes what it changes and when, which costs the same however large the
//! engine is. Whoever wants the state reads the settled one, takes the declarations back
//! to that moment, and lets everything happen in order. When the journal has grown
//! long, the next write settles it, in its own transaction.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::Settled;
use crate::engine::object::Object;
use crate::engine::store::{StoreError, Transaction, View, ViewExt};
use crate::engine::{Moment, index};
use crate::model::{Kind, PolicyPath, Tree};

/// The key of the settled state.
const SETTLED: &str = "s/settled";
/// The key of the number of the journal's last entry.
const LAST: &str = "s/journal";
/// What the keys of the journal's entries begin with.
const ENTRIES: &str = "j/";

/// The journal is settled when it has grown so long. Settling costs as much as reading
/// the whole engine; spread over so many writes that is little for each.
const LONGEST: u64 = 1_000;

/// So many bytes may an entry have. A larger one, as of a peer with thousands of routes,
/// would be read again and again.
const LARGEST: usize = 256 * 1024;

/// An entry as it is stored.
#[derive(Serialize, Deserialize)]
struct Entry {
    at: i64,
    path: String,
    #[serde(flatten)]
    what: What,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum What {
    /// The object was written or deleted; this is what was there before.
    Before(Option<Map<String, Json>>),
    /// The statistics of the session were reset.
    Reset(bool),
}

/// Something that happened.
pub(super) enum Event {
    /// The object at the path was written, or deleted.
    Declared(PolicyPath, Option<(&'static Kind, Tree)>),
    /// The statistics of the session at the path were reset.
    Reset(PolicyPath),
}

/// What the store knows of the past: the settled state, the declarations at that
/// moment, and what has happened since, in order.
pub(super) struct Past {
    pub settled: Option<Settled>,
    pub declared: Vec<(&'static Kind, PolicyPath, Tree)>,
    pub events: Vec<(Moment, Event)>,
    /// The number of the journal's last entry.
    pub last: u64,
}

/// Notes that the object at `path`, which was `before`, is written or deleted at `at`.
/// `true` when the journal has grown so long that it should be settled.
pub(in crate::engine) fn note(
    tx: &mut dyn Transaction,
    at: Moment,
    path: &PolicyPath,
    before: Option<&Object>,
) -> Result<bool, StoreError> {
    append(tx, &Entry { at: at.0, path: path.to_string(), what: What::Before(before.map(|it| it.fields().clone())) })
}

/// Notes that the statistics of the session at `path` are reset at `at`.
pub(super) fn note_reset(tx: &mut dyn Transaction, at: Moment, path: &PolicyPath) -> Result<bool, StoreError> {
    append(tx, &Entry { at: at.0, path: path.to_string(), what: What::Reset(true) })
}

fn append(tx: &mut dyn Transaction, entry: &Entry) -> Result<bool, StoreError> {
    let number = 1 + last(&*tx)?;
    let key = format!("{ENTRIES}{number:016x}");
    let text = serde_json::to_vec(entry).map_err(|_| StoreError::Unreadable { key: key.clone() })?;
    tx.put(LAST, number.to_string().as_bytes())?;
    tx.put(&key, &text)?;
    Ok(number.is_multiple_of(LONGEST) || text.len() > LARGEST)
}

/// The number of the journal's last entry.
fn last(view: &(impl View + ?Sized)) -> Result<u64, StoreError> {
    Ok(view.get(LAST)?.and_then(|last| std::str::from_utf8(&last).ok()?.parse().ok()).unwrap_or(0))
}

/// Stores `settled` in place of what led to it, unless something was noted after the
/// entry `seen`.
pub(super) fn settle_unless_changed(tx: &mut dyn Transaction, settled: &Settled, seen: u64) -> Result<(), StoreError> {
    if last(&*tx)? == seen { settle(tx, settled) } else { Ok(()) }
}

/// Stores `settled` in place of what led to it.
pub(super) fn settle(tx: &mut dyn Transaction, settled: &Settled) -> Result<(), StoreError> {
    for (key, _) in tx.entries(ENTRIES)? {
        tx.delete(&key)?;
    }
    let text = serde_json::to_vec(settled).map_err(|_| StoreError::Unreadable { key: SETTLED.to_owned() })?;
    tx.put(SETTLED, &text)
}

/// Reads the past. What cannot be read is refused rather than left out: the state would
/// be another one.
pub(super) fn read(view: &(impl View + ?Sized)) -> Result<Past, StoreError> {
    let unreadable = |key: &str| StoreError::Unreadable { key: key.to_owned() };
    let settled = match view.get(SETTLED)? {
        Some(stored) => Some(serde_json::from_slice(&stored).map_err(|_| unreadable(SETTLED))?),
        None => None,
    };
    let mut declared: std::collections::BTreeMap<PolicyPath, (&'static Kind, Tree)> =
        index::all(view)?.into_iter().map(|object| (object.path().clone(), (object.kind(), object.tree()))).collect();
    let mut events = Vec::new();
    for (key, stored) in view.entries(ENTRIES)?.into_iter().rev() {
        let entry: Entry = serde_json::from_slice(&stored).map_err(|_| unreadable(&key))?;
        let path = PolicyPath::parse(&entry.path).map_err(|_| unreadable(&key))?;
        let event = match entry.what {
            What::Reset(_) => Event::Reset(path),
            What::Before(before) => {
                // What was there afterwards is what is there when the later entries
                // have been taken back.
                let after = declared.remove(&path);
                if let Some(fields) = before {
                    let object = Object::from_fields(fields).ok_or_else(|| unreadable(&key))?;
                    declared.insert(path.clone(), (object.kind(), object.tree()));
                }
                Event::Declared(path, after)
            }
        };
        events.push((Moment(entry.at), event));
    }
    events.reverse();
    let declared = declared.into_iter().map(|(path, (kind, tree))| (kind, path, tree)).collect();
    Ok(Past { settled, declared, events, last: last(view)? })
}
