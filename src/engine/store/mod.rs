//! Where the engine keeps what it must not lose: an ordered map from text keys
//! to bytes, with serializable transactions that are durable once committed.
//!
//! Objects, references and indexes are built on top, by the engine. What every
//! implementation promises, and one test suite (`suite`) holds it to:
//!
//! - A [`View`] is one consistent snapshot; writers neither wait for it nor
//!   show through it.
//! - A [`Transaction`] sees its own writes, is committed whole or not at all, and
//!   the committed ones have an order that explains every value any of them read.
//! - When [`Store::update`] returns `Ok` for a committed transaction, a crash of
//!   the process or the machine does not undo it.
//! - Keys are ordered by their bytes.
//! - When a write has failed for any reason but the transaction's own wish, it is not
//!   known whether it will be found; that it is found whole or not at all still
//!   holds. A store that cannot go on from there refuses all further writes with
//!   [`StoreError::Poisoned`] until it is opened again.
//!
//! [`SqliteStore`] keeps one file, shared by any number of processes of one machine;
//! [`EtcdStore`] keeps its entries in etcd, for processes of any number of machines.
//! Callers use [`StoreExt::read`] and [`StoreExt::write`], which carry their own result
//! and error types through the object-safe traits.

use std::ops::ControlFlow;

mod error;
mod etcd;
mod ext;
mod group;
mod sqlite;
#[cfg(test)]
mod suite;

pub use error::StoreError;
pub use etcd::{EtcdAddress, EtcdAddressError, EtcdError, EtcdStore};
pub use ext::{StoreExt, ViewExt};
pub use sqlite::{Options, SqliteStore};

/// What tells one state of a store from another: two that are equal were told of the same
/// one, with no commit in between, by whomever. Two that differ may also come from counters
/// that do not know of each other. Told by one handle, it says nothing to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// Who counts.
    counter: u64,
    /// What has been counted.
    count: u64,
}

impl Version {
    /// The version that `counter` has counted; no two counters of a store are the same.
    pub fn new(counter: u64, count: u64) -> Self {
        Self { counter, count }
    }
}

/// Something that reads: a snapshot, or a transaction with its own writes.
pub trait View {
    /// The value at `key`.
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Calls `each` with the entries from `from` up to but excluding `to` (`None`:
    /// to the end), in the order of the keys' bytes, until `limit` entries have
    /// been shown or `each` breaks.
    fn scan(
        &self,
        from: &str,
        to: Option<&str>,
        limit: Option<usize>,
        each: &mut dyn FnMut(&str, &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;
}

/// A view that may also be written.
///
/// An operation that fails dooms the transaction, even when the caller carries
/// on as if it had not.
pub trait Transaction: View {
    /// Stores `value` at `key`, in place of what was there.
    fn put(&mut self, key: &str, value: &[u8]) -> Result<(), StoreError>;

    /// Removes the entry at `key`; says whether there was one.
    fn delete(&mut self, key: &str) -> Result<bool, StoreError>;
}

/// How a transaction wants to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Keep its writes.
    Commit,
    /// Forget its writes.
    RollBack,
}

/// The body of a transaction. It owns what it needs, because the store may run
/// it on another thread, and may be called more than once, because an optimistic
/// store repeats what clashed: it must start afresh each time.
pub type Work = Box<dyn FnMut(&mut dyn Transaction) -> Result<Outcome, StoreError> + Send>;

/// An ordered map that does not forget. See the module for what is promised.
///
/// The methods are the object-safe core; call [`StoreExt::read`] and
/// [`StoreExt::write`].
pub trait Store: Send + Sync {
    /// Runs `read` once on one consistent snapshot and returns its answer.
    fn view(&self, read: &mut dyn FnMut(&dyn View) -> Result<(), StoreError>) -> Result<(), StoreError>;

    /// Runs `work` as one transaction. `Ok` means that its outcome is final and,
    /// if it is [`Outcome::Commit`], durable. An error of the work rolls it back
    /// and is returned. Not to be called from inside a work on the same store.
    fn update(&self, work: Work) -> Result<(), StoreError>;

    /// The version that a view would see which began now, told at once and without reading
    /// anything. `None` where only a view can tell.
    fn version(&self) -> Option<Version> {
        None
    }
}
