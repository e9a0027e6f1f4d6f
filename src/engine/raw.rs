//! Objects as the JSON they are stored as: who only passes them on need not read them.

use std::sync::LazyLock;

use bytes::Bytes;
use uuid::Uuid;

use super::object::Object;
use super::refusal::Refusal;
use super::store::{StoreError, StoreExt};
use super::{Engine, Reveal, index};
use crate::model::path::PolicyPath;
use crate::model::{KINDS, Kind, reference};

/// The key of the signing key.
const SIGNING_KEY: &str = "s/signing-key";

/// The JSON of an object, as text.
pub type Document = Bytes;

/// The kinds whose objects have secrets.
static WITH_SECRETS: LazyLock<Vec<&'static Kind>> =
    LazyLock::new(|| KINDS.into_iter().filter(|kind| !reference::secrets(kind).is_empty()).collect());

impl Engine {
    /// The object at `path`, as JSON.
    pub fn document(&self, path: &PolicyPath, reveal: Reveal) -> Result<Document, Refusal> {
        let key = index::object_key(path);
        let stored = self.store.read(|view| view.get(&key))?;
        let stored = stored.ok_or_else(|| Refusal::NotFound(path.clone()))?;
        Ok(seen(&key, stored, reveal)?)
    }

    /// The key with which the engine's callers sign what they hand out, such as access
    /// tokens. All who share the store share it; it is made when it is asked for first.
    pub fn signing_key(&self) -> Result<Vec<u8>, Refusal> {
        if let Some(key) = self.store.read(|view| view.get(SIGNING_KEY))? {
            return Ok(key);
        }
        let new: Vec<u8> =
            [Uuid::new_v4(), Uuid::new_v4(), Uuid::new_v4()].iter().flat_map(|it| *it.as_bytes()).collect();
        Ok(self.store.write(move |tx| match tx.get(SIGNING_KEY)? {
            Some(key) => Ok(key),
            None => tx.put(SIGNING_KEY, &new).map(|()| new.clone()),
        })?)
    }

    /// Whether there is an object at `path`.
    pub fn holds(&self, path: &PolicyPath) -> Result<bool, Refusal> {
        let key = index::object_key(path);
        Ok(self.store.read(|view| Ok::<_, StoreError>(view.get(&key)?.is_some()))?)
    }
}

/// Whether objects of this kind may have secrets.
pub(super) fn has_secrets(kind: &Kind) -> bool {
    WITH_SECRETS.contains(&kind)
}

fn seen(key: &str, stored: Vec<u8>, reveal: Reveal) -> Result<Document, StoreError> {
    let path = PolicyPath::parse(&key[1..]).ok();
    let secret = path.is_none_or(|path| WITH_SECRETS.iter().any(|kind| kind.owns(&path)));
    if reveal == Reveal::Secrets || !secret {
        return Ok(stored.into());
    }
    let object = Object::parse(&stored).ok_or_else(|| StoreError::Unreadable { key: key[1..].to_owned() })?;
    Ok(object.seen(reveal).to_stored().into())
}
