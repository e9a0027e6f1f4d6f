//! What a commit writes, and how it gets into etcd whatever its size.
//!
//! A commit is one transaction of etcd's that compares the head with the one that was read,
//! and writes the next head. What fits goes with it. Otherwise all of it is written into a
//! blob, and the head names that: now it counts, whole. Then it is spread over the entries,
//! by whoever comes first, and while that lasts nobody commits anything else.

use std::collections::BTreeMap;
use std::sync::Arc;

use prost::Message;
use uuid::Uuid;

use super::Replica;
use super::error::EtcdError;
use super::layout::{Blob, Head, LARGE, MOST_BYTES, MOST_OPERATIONS, PART};
use super::mirror::{Map, State, Value};
use super::wire::{Compare, PutRequest, RequestOp, TxnRequest};

/// What becomes of keys: a new value, or none.
pub(super) type Changes = BTreeMap<Arc<str>, Option<Arc<[u8]>>>;

/// What a commit writes.
pub(super) struct Plan {
    pub operations: Vec<RequestOp>,
    /// Blobs that the operations refer to, or that hold them.
    pub blobs: Vec<Blob>,
    /// The one that holds them.
    pub staged: Option<Blob>,
}

/// Whether so many changes of so many bytes go into one transaction of etcd's, as far as
/// can be told beforehand.
pub(super) fn fits(count: usize, bytes: usize) -> bool {
    count <= MOST_OPERATIONS && bytes <= MOST_BYTES
}

/// About how many bytes a change adds to a transaction of etcd's.
pub(super) fn size_of(key: &str, value: Option<&[u8]>) -> usize {
    let value = value.map_or(0, <[u8]>::len);
    key.len() + 64 + if value > LARGE { 128 } else { value }
}

impl Replica {
    /// Writes the blobs of the commit of `changes` after `base`, and plans the rest; large
    /// values in `map` come to know their blobs.
    pub async fn plan(&self, base: &State, map: &mut Map, changes: Changes) -> Result<Plan, EtcdError> {
        let keys = &self.mirror.keys;
        let mut plan = Plan { operations: Vec::new(), blobs: Vec::new(), staged: None };
        let mut replaced = Vec::new();
        for (key, value) in changes {
            replaced.extend(base.map.get(&key).and_then(|before| before.blob.clone()));
            plan.operations.push(match value {
                None => keys.delete_entry(&key),
                Some(bytes) if bytes.len() <= LARGE => keys.put_entry(&key, &bytes),
                Some(bytes) => {
                    let blob = self.store(base, &bytes, &mut plan.blobs).await?;
                    let operation = keys.put_reference(&key, &blob);
                    map.insert(key, Value { bytes, blob: Some(blob.id.into()) });
                    operation
                }
            });
        }
        plan.operations.extend(replaced.iter().map(|blob| keys.delete_blob(blob)));
        let bytes = plan.operations.iter().map(Message::encoded_len).sum();
        if !fits(plan.operations.len(), bytes) {
            let all = TxnRequest { success: plan.operations.clone(), ..TxnRequest::default() }.encode_to_vec();
            plan.staged = Some(self.store(base, &all, &mut plan.blobs).await?);
        }
        Ok(plan)
    }

    /// Writes `bytes` into a new blob of the commit after `base`.
    async fn store(&self, base: &State, bytes: &[u8], blobs: &mut Vec<Blob>) -> Result<Blob, EtcdError> {
        let id = format!("{:016x}-{}", base.revision, Uuid::new_v4().simple());
        let parts = u32::try_from(bytes.len().div_ceil(PART)).unwrap_or(u32::MAX);
        let blob = Blob { id, parts };
        blobs.push(blob.clone());
        for (number, part) in (0..parts).zip(bytes.chunks(PART)) {
            let key = self.mirror.keys.part(&blob.id, number);
            self.client.put(PutRequest { key, value: part.to_vec(), lease: 0 }).await?;
        }
        Ok(blob)
    }

    /// Removes blobs that nothing refers to.
    pub async fn discard(&self, blobs: impl IntoIterator<Item = String>) {
        for blob in blobs {
            let request = TxnRequest { success: vec![self.mirror.keys.delete_blob(&blob)], ..TxnRequest::default() };
            if let Err(failed) = self.client.txn(request).await {
                // Whoever opens the engine next does it.
                tracing::debug!(error = %failed.error, blob, "a blob that nobody needs was left");
            }
        }
    }

    /// Spreads what `state` has staged over the entries, unless somebody else has.
    pub async fn spread(&self, state: &State) -> Result<(), EtcdError> {
        let Some(blob) = &state.head.staged else { return Ok(()) };
        let head = Head { staged: None, ..Head::clone(&state.head) };
        for operations in batches(&state.staged) {
            if self.replace(state.revision, operations).await?.is_none() {
                return Ok(());
            }
        }
        let keys = &self.mirror.keys;
        let operations = vec![RequestOp::put(keys.head(), head.to_value()), keys.delete_blob(&blob.id)];
        if let Some(revision) = self.replace(state.revision, operations).await? {
            self.mirror.advance(state.revision, |state| {
                state.head = Arc::new(head);
                state.revision = revision;
                state.staged = Arc::default();
            });
        }
        Ok(())
    }

    /// Does `success` as long as the head is that of the commit of `revision`, and returns
    /// the new revision. Otherwise waits until the mirror holds the head that there is.
    async fn replace(&self, revision: i64, success: Vec<RequestOp>) -> Result<Option<i64>, EtcdError> {
        let head = self.mirror.keys.head();
        let compare = vec![Compare::changed_in(head.clone(), revision)];
        let request = TxnRequest { compare, success, failure: vec![RequestOp::read(head)] };
        let answer = self.client.txn(request).await.map_err(|failed| failed.error)?;
        if answer.succeeded {
            return Ok(Some(answer.header.unwrap_or_default().revision));
        }
        self.catch_up(answer.found(0).map_or(0, |head| head.mod_revision)).await?;
        Ok(None)
    }
}

/// The operations, so many at a time as go into one transaction of etcd's.
fn batches(operations: &[RequestOp]) -> Vec<Vec<RequestOp>> {
    let mut batches: Vec<Vec<RequestOp>> = Vec::new();
    let mut bytes = 0;
    for operation in operations {
        let more = operation.encoded_len();
        match batches.last_mut() {
            Some(batch) if fits(batch.len() + 1, bytes + more) => {
                batch.push(operation.clone());
                bytes += more;
            }
            _ => {
                batches.push(vec![operation.clone()]);
                bytes = more;
            }
        }
    }
    batches
}
