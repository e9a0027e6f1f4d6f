//! The journal: what has changed since the state was settled last.
//!
//! A write notes what it changes and when, which costs the same however large the
//! engine is. Whoever wants the state reads the settled one, takes the declarations back
//! to that moment, and lets everything happen in order. Whoever has read it before reads on.
//! When the journal has grown long, whoever makes the next write settles it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

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
    /// The live trace began anew.
    Restarted(bool),
}

/// Something that happened.
pub(super) enum Event {
    /// The object at the path was written, or deleted.
    Declared(PolicyPath, Option<(&'static Kind, Tree)>),
    /// The statistics of the session at the path were reset.
    Reset(PolicyPath),
    /// The live trace at the path began anew.
    Restarted(PolicyPath),
}

/// What the store knows of the past: the settled state, and what has happened since, in
/// order.
pub(super) struct Past {
    pub settled: Option<Settled>,
    pub events: Events,
    /// The number of the journal's last entry.
    pub last: u64,
}

/// An object as it is declared; none where there is none.
type Declared = Option<(&'static Kind, Tree)>;

/// What has happened, in order, and when.
pub(super) type Events = Vec<(Moment, Event)>;

/// Entries as they are stored, by their keys.
type Entries = Vec<(String, Vec<u8>)>;

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

/// Notes that the live trace at `path` begins anew at `at`.
pub(in crate::engine) fn note_restart(
    tx: &mut dyn Transaction,
    at: Moment,
    path: &PolicyPath,
) -> Result<bool, StoreError> {
    append(tx, &Entry { at: at.0, path: path.to_string(), what: What::Restarted(true) })
}

fn entry_key(number: u64) -> String {
    format!("{ENTRIES}{number:016x}")
}

fn append(tx: &mut dyn Transaction, entry: &Entry) -> Result<bool, StoreError> {
    let number = 1 + last(&*tx)?;
    let key = entry_key(number);
    let text = serde_json::to_vec(entry).map_err(|_| StoreError::Unreadable { key: key.clone() })?;
    tx.put(LAST, number.to_string().as_bytes())?;
    tx.put(&key, &text)?;
    Ok(number.is_multiple_of(LONGEST) || text.len() > LARGEST)
}

/// The number of the journal's last entry.
pub(in crate::engine) fn last(view: &(impl View + ?Sized)) -> Result<u64, StoreError> {
    Ok(view.get(LAST)?.and_then(|last| std::str::from_utf8(&last).ok()?.parse().ok()).unwrap_or(0))
}

/// Stores `settled`, the state right after the entry `through`, in place of what led to
/// it, unless somebody has settled that already.
pub(super) fn settle_through(tx: &mut dyn Transaction, settled: &Settled, through: u64) -> Result<(), StoreError> {
    if tx.get(&entry_key(through))?.is_none() {
        return Ok(());
    }
    let mut gone = Vec::new();
    tx.scan(ENTRIES, Some(&entry_key(through + 1)), None, &mut |key, _| {
        gone.push(key.to_owned());
        ControlFlow::Continue(())
    })?;
    for key in gone {
        tx.delete(&key)?;
    }
    let text = serde_json::to_vec(settled).map_err(|_| unreadable(SETTLED))?;
    tx.put(SETTLED, &text)
}

fn unreadable(key: &str) -> StoreError {
    StoreError::Unreadable { key: key.to_owned() }
}

/// Reads the past, and shows `declare` what was declared at the moment it begins with. What
/// cannot be read is refused rather than left out: the state would be another one.
pub(super) fn read(
    view: &(impl View + ?Sized),
    mut declare: impl FnMut(&'static Kind, &PolicyPath, &Tree),
) -> Result<Past, StoreError> {
    let settled = match view.get(SETTLED)? {
        Some(stored) => Some(serde_json::from_slice(&stored).map_err(|_| unreadable(SETTLED))?),
        None => None,
    };
    let (events, before) = events(view, view.entries(ENTRIES)?)?;
    index::each(view, |key, stored| {
        // A path has one spelling, so that it is found by its text.
        if !before.contains_key(&key[1..]) {
            let (kind, path, tree) = index::parse(key, stored)?.into_declaration();
            declare(kind, &path, &tree);
        }
        Ok(())
    })?;
    for (path, object) in &before {
        if let Some((kind, tree)) = object
            && let Ok(path) = PolicyPath::parse(path)
        {
            declare(kind, &path, tree);
        }
    }
    Ok(Past { settled, events, last: last(view)? })
}

/// What has happened since the entry `seen`, in order, and the number of the last entry;
/// none if some of it is settled, so that nobody knows any more.
pub(super) fn read_on(view: &(impl View + ?Sized), seen: u64) -> Result<Option<(Events, u64)>, StoreError> {
    let last = last(view)?;
    let Some(entries) = since(view, seen, last)? else { return Ok(None) };
    let (events, _) = events(view, entries)?;
    Ok(Some((events, last)))
}

/// The paths of what was written since the entry `seen`, and the number of the last entry;
/// none if some of it is settled.
pub(in crate::engine) fn written_since(
    view: &(impl View + ?Sized),
    seen: u64,
) -> Result<Option<(Vec<PolicyPath>, u64)>, StoreError> {
    /// An entry, of which no more is read.
    #[derive(Deserialize)]
    struct Written {
        path: String,
    }
    let last = last(view)?;
    let Some(entries) = since(view, seen, last)? else { return Ok(None) };
    let path = |(key, stored): (String, Vec<u8>)| {
        let Written { path } = serde_json::from_slice(&stored).map_err(|_| unreadable(&key))?;
        PolicyPath::parse(&path).map_err(|_| unreadable(&key))
    };
    Ok(Some((entries.into_iter().map(path).collect::<Result<_, _>>()?, last)))
}

/// The entries after `seen`, up to `last`, which is the last one; none if not all are there.
fn since(view: &(impl View + ?Sized), seen: u64, last: u64) -> Result<Option<Entries>, StoreError> {
    let Some(count) = last.checked_sub(seen) else { return Ok(None) };
    let mut entries = Vec::new();
    view.scan(&entry_key(seen + 1), Some(&entry_key(last + 1)), None, &mut |key, stored| {
        entries.push((key.to_owned(), stored.to_owned()));
        ControlFlow::Continue(())
    })?;
    Ok((u64::try_from(entries.len()) == Ok(count)).then_some(entries))
}

/// What the entries tell of, in order, and by path what was there before the first of them.
/// What was there after an entry is what was there before the next one of that path, or is
/// there now.
fn events(view: &(impl View + ?Sized), entries: Entries) -> Result<(Events, BTreeMap<String, Declared>), StoreError> {
    let mut events = Vec::with_capacity(entries.len());
    let mut before: BTreeMap<String, Declared> = BTreeMap::new();
    let declaration = |object: Object| {
        let (kind, _, tree) = object.into_declaration();
        (kind, tree)
    };
    for (key, stored) in entries.into_iter().rev() {
        let entry: Entry = serde_json::from_slice(&stored).map_err(|_| unreadable(&key))?;
        let path = PolicyPath::parse(&entry.path).map_err(|_| unreadable(&key))?;
        let event = match entry.what {
            What::Reset(_) => Event::Reset(path),
            What::Restarted(_) => Event::Restarted(path),
            What::Before(fields) => {
                let object = fields.map(|fields| Object::from_fields(fields).ok_or_else(|| unreadable(&key)));
                let after = match before.insert(path.to_string(), object.transpose()?.map(declaration)) {
                    Some(after) => after,
                    None => index::get(view, &path)?.map(declaration),
                };
                Event::Declared(path, after)
            }
        };
        events.push((Moment(entry.at), event));
    }
    events.reverse();
    Ok((events, before))
}
