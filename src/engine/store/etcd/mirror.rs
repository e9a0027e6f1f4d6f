//! The engine as this process knows it: all entries in memory, as of a known commit.
//!
//! The map is a persistent one: a copy of it costs nothing and stays as it is, so that a
//! view is a copy. It is brought up to date by the changes that etcd tells of ([`Parts::apply`]),
//! and by the commits of this process, which it knows before it is told ([`Mirror::advance`]).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use imbl::OrdMap;
use prost::Message;
use tokio::sync::watch;

use super::error::EtcdError;
use super::layout::{Blob, FORMAT, Head, Item, Keys, Stored, Unusable, stored};
use super::wire::mvccpb::event::EventType;
use super::wire::mvccpb::{Event, KeyValue};
use super::wire::{Op, RequestOp, TxnRequest};

/// The value of an entry.
#[derive(Clone)]
pub(super) struct Value {
    pub bytes: Arc<[u8]>,
    /// The blob that it lies in, if it is a large one.
    pub blob: Option<Arc<str>>,
}

/// The entries.
pub(super) type Map = OrdMap<Arc<str>, Value>;

/// All of an engine, as of one commit.
#[derive(Clone, Default)]
pub(super) struct State {
    pub map: Map,
    pub head: Arc<Head>,
    /// The revision of the head; 0 when there is none. It tells commits apart.
    pub revision: i64,
    /// What the commit has staged, if it is not spread over the entries yet.
    pub staged: Arc<[RequestOp]>,
    /// The writer that all others let go first.
    pub turn: Option<Arc<str>>,
    /// The cluster that it was read from.
    pub cluster: u64,
    /// How often all of it has been read anew.
    pub loads: u64,
    /// Why it is of no use.
    pub trouble: Option<EtcdError>,
}

/// The state, and who waits for a newer one.
pub(super) struct Mirror {
    pub state: watch::Sender<State>,
    pub keys: Keys,
    /// The address, for messages.
    pub store: Arc<str>,
}

impl Mirror {
    pub fn now(&self) -> State {
        self.state.borrow().clone()
    }

    /// Goes from the commit `base` to the next one, made by this process, unless etcd has
    /// told of it already.
    pub fn advance(&self, base: i64, next: impl FnOnce(&mut State)) {
        self.state.send_if_modified(|state| {
            let is_base = state.revision == base;
            if is_base {
                next(state);
            }
            is_base
        });
    }

    pub fn damaged(&self, detail: impl Into<String>) -> EtcdError {
        EtcdError::Damaged { store: Arc::clone(&self.store), detail: detail.into() }
    }

    /// Reads a head.
    pub fn head(&self, value: &[u8]) -> Result<Head, EtcdError> {
        Head::parse(value).map_err(|unusable| match unusable {
            Unusable::Format(found) => {
                EtcdError::FutureVersion { store: Arc::clone(&self.store), found, supported: FORMAT }
            }
            Unusable::Damaged => self.damaged("its head cannot be read"),
        })
    }
}

/// The parts of blobs that were told of, and that no entry holds yet.
#[derive(Default)]
pub(super) struct Parts {
    blobs: HashMap<String, BTreeMap<u32, Vec<u8>>>,
}

impl Parts {
    /// The state that the keys and values of an engine make, read all at once.
    pub fn load(mirror: &Mirror, found: Vec<KeyValue>) -> Result<(Self, State), EtcdError> {
        let (mut parts, mut state) = (Self::default(), State::default());
        let (mut entries, mut head) = (Vec::new(), None);
        for pair in found {
            match mirror.keys.item(&pair.key) {
                Some(Item::Part(blob, number)) => parts.add(blob.to_owned(), number, pair.value),
                Some(Item::Entry(key)) => entries.push((Arc::from(key), pair.value)),
                Some(Item::Head) => head = Some(pair),
                Some(Item::Turn) => state.turn = Some(text(&pair.value)),
                None => {
                    let found = format!("there is a key {:?}", String::from_utf8_lossy(&pair.key));
                    return Err(EtcdError::Foreign { store: Arc::clone(&mirror.store), found });
                }
            }
        }
        match head {
            Some(pair) => {
                state.head = Arc::new(mirror.head(&pair.value)?);
                state.revision = pair.mod_revision;
            }
            None if !entries.is_empty() => {
                let found = "there are entries, and no head".to_owned();
                return Err(EtcdError::Foreign { store: Arc::clone(&mirror.store), found });
            }
            None => {}
        }
        for (key, value) in entries {
            let value = parts.value(mirror, None, &value)?;
            state.map.insert(key, value);
        }
        parts.spread(mirror, &mut state)?;
        Ok((parts, state))
    }

    /// The blobs that nothing refers to and nothing will.
    pub fn forgotten(&self, revision: i64) -> Vec<String> {
        let is_old = |blob: &&String| {
            let base = blob.split('-').next().and_then(|base| i64::from_str_radix(base, 16).ok());
            base.is_some_and(|base| base < revision)
        };
        self.blobs.keys().filter(is_old).cloned().collect()
    }

    /// Brings `state` up to date. `events` hold all changes of each of their revisions.
    pub fn apply(&mut self, mirror: &Mirror, state: &mut State, events: Vec<Event>) -> Result<(), EtcdError> {
        let (mut gone, mut rest) = (Vec::new(), Vec::new());
        // A commit refers to parts that were told of before, and may be deleted soon after.
        for event in events {
            let is_put = event.r#type() == EventType::Put;
            let Some(pair) = event.kv else { continue };
            match mirror.keys.item(&pair.key) {
                Some(Item::Part(blob, number)) if is_put => self.add(blob.to_owned(), number, pair.value),
                Some(Item::Part(blob, _)) => gone.push(blob.to_owned()),
                Some(_) => rest.push((is_put, pair)),
                None => {}
            }
        }
        for of_one_revision in rest.chunk_by(|(_, one), (_, other)| one.mod_revision == other.mod_revision) {
            self.commit(mirror, state, of_one_revision)?;
        }
        for blob in gone {
            self.blobs.remove(&blob);
        }
        Ok(())
    }

    /// Applies the changes of one revision.
    fn commit(&mut self, mirror: &Mirror, state: &mut State, changes: &[(bool, KeyValue)]) -> Result<(), EtcdError> {
        let mut head = None;
        for (is_put, pair) in changes {
            // What this process has committed itself is there already.
            let is_known = pair.mod_revision <= state.revision;
            match mirror.keys.item(&pair.key) {
                Some(Item::Turn) => state.turn = is_put.then(|| text(&pair.value)),
                Some(Item::Entry(key)) if *is_put => {
                    let before = state.map.get(key);
                    if is_known {
                        self.release(&pair.value);
                    } else {
                        let value = self.value(mirror, before, &pair.value)?;
                        state.map.insert(Arc::from(key), value);
                    }
                }
                Some(Item::Entry(key)) if !is_known => {
                    state.map.remove(key);
                }
                Some(Item::Head) if !*is_put => return Err(mirror.damaged("its head was deleted")),
                Some(Item::Head) if is_known => {
                    if let Some(blob) = mirror.head(&pair.value)?.staged {
                        self.blobs.remove(&blob.id);
                    }
                }
                Some(Item::Head) => head = Some(pair),
                Some(Item::Entry(_) | Item::Part(..)) | None => {}
            }
        }
        if let Some(pair) = head {
            state.head = Arc::new(mirror.head(&pair.value)?);
            state.revision = pair.mod_revision;
            self.spread(mirror, state)?;
        }
        Ok(())
    }

    /// Applies what the head says is staged.
    fn spread(&mut self, mirror: &Mirror, state: &mut State) -> Result<(), EtcdError> {
        let Some(blob) = state.head.staged.clone() else {
            state.staged = Arc::default();
            return Ok(());
        };
        let bytes = self.take(mirror, &blob)?;
        let staged = TxnRequest::decode(bytes.as_slice()).map_err(|_| mirror.damaged("a commit cannot be read"))?;
        for op in &staged.success {
            match &op.request {
                Some(Op::RequestPut(put)) => {
                    let Some(Item::Entry(key)) = mirror.keys.item(&put.key) else { return Err(stray(mirror)) };
                    let value = self.value(mirror, state.map.get(key), &put.value)?;
                    state.map.insert(Arc::from(key), value);
                }
                Some(Op::RequestDeleteRange(gone)) => match mirror.keys.item(&gone.key) {
                    Some(Item::Entry(key)) => {
                        state.map.remove(key);
                    }
                    // The parts of a value that was replaced.
                    _ if gone.key.starts_with(&mirror.keys.all().0) => {}
                    _ => return Err(stray(mirror)),
                },
                Some(Op::RequestRange(_)) | None => return Err(stray(mirror)),
            }
        }
        state.staged = staged.success.into();
        Ok(())
    }

    /// The value that is stored as `value`, in place of `before`.
    fn value(&mut self, mirror: &Mirror, before: Option<&Value>, value: &[u8]) -> Result<Value, EtcdError> {
        match stored(value).ok_or_else(|| mirror.damaged("a value cannot be read"))? {
            Stored::Bytes(bytes) => Ok(Value { bytes: bytes.into(), blob: None }),
            Stored::Blob(blob) => match before.filter(|before| before.blob.as_deref() == Some(blob.id.as_str())) {
                // It was taken when it was staged.
                Some(before) => {
                    self.blobs.remove(&blob.id);
                    Ok(before.clone())
                }
                None => Ok(Value { bytes: self.take(mirror, &blob)?.into(), blob: Some(blob.id.into()) }),
            },
        }
    }

    fn add(&mut self, blob: String, number: u32, bytes: Vec<u8>) {
        self.blobs.entry(blob).or_default().insert(number, bytes);
    }

    /// The bytes of a blob, whose parts need not be kept any longer.
    fn take(&mut self, mirror: &Mirror, blob: &Blob) -> Result<Vec<u8>, EtcdError> {
        let parts = self.blobs.remove(&blob.id).unwrap_or_default();
        if parts.len() != blob.parts as usize || parts.keys().next_back().is_some_and(|last| *last >= blob.parts) {
            return Err(mirror.damaged(format!("parts of {} are missing", blob.id)));
        }
        Ok(parts.into_values().collect::<Vec<_>>().concat())
    }

    /// Forgets the parts of a value that is known.
    fn release(&mut self, value: &[u8]) {
        if let Some(Stored::Blob(blob)) = stored(value) {
            self.blobs.remove(&blob.id);
        }
    }
}

fn text(value: &[u8]) -> Arc<str> {
    String::from_utf8_lossy(value).into()
}

fn stray(mirror: &Mirror) -> EtcdError {
    mirror.damaged("a commit writes what is no entry")
}
