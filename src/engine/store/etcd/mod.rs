//! The store in etcd, shared by any number of processes on any number of machines.
//!
//! | module | what it holds |
//! |---|---|
//! | `address` | where an engine is, and how to get there |
//! | `layout` | keys and values in etcd |
//! | `client` | members, logging in, and what is tried again |
//! | `mirror` | all entries in memory, as of a known commit |
//! | `follow` | keeping the mirror up to date, and knowing that it is |
//! | `writer` | transactions: run on the mirror, committed in etcd |
//! | `staging` | commits of any size |
//! | `error` | what can go wrong |
//! | `wire` | etcd's messages |
//!
//! Every process has all entries in memory. A reader asks etcd for the revision of the
//! newest commit, which is one small question for all who wait at that moment, waits until
//! the mirror holds it, and reads there: what was acknowledged anywhere is seen everywhere.
//! A writer needs no such question, since its commit fails if it has read what is outdated.
//!
//! When the answer to a commit is lost, the same commit is sent again. It cannot take effect
//! twice, and the head tells whether it has: nothing remains uncertain unless etcd cannot be
//! reached for as long as it is waited for ([`EtcdError::Unresolved`]). A later commit
//! settles that, so that the store goes on as soon as etcd does, and is not poisoned.

use std::ops::{Bound, ControlFlow};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::{Handle, Runtime};
use tokio::sync::{Notify, mpsc, watch};
use uuid::Uuid;

use super::group::Queue;
use super::{Store, StoreError, View, Work};
use client::Client;
use layout::Keys;
use mirror::{Map, Mirror, State};
use writer::Writer;

mod address;
mod client;
mod error;
mod follow;
mod layout;
mod mirror;
mod staging;
mod wire;
mod writer;

pub use address::{EtcdAddress, EtcdAddressError};
pub use error::EtcdError;

/// One reader's question for a state that is up to date.
type Ask = std::sync::mpsc::SyncSender<Result<State, EtcdError>>;

/// A [`Store`] in etcd, version 3.4 or newer.
///
/// Any number of stores may be open on one engine at once. etcd keeps what was, until it is
/// told to compact: have it do so by itself (`--auto-compaction-retention`).
pub struct EtcdStore {
    queue: Queue,
    writer: Mutex<Writer>,
    asks: mpsc::UnboundedSender<Ask>,
    bridge: Bridge,
    _runtime: Background,
}

/// The runtime of one store: its tasks end with it, and nobody waits for them.
struct Background {
    runtime: Option<Runtime>,
    handle: Handle,
}

/// What the tasks of one store share.
struct Replica {
    client: Client,
    mirror: Mirror,
    /// Told when the mirror holds what etcd does not know.
    lost: Notify,
}

/// From threads that wait to tasks that do not.
#[derive(Clone)]
struct Bridge {
    replica: Arc<Replica>,
    handle: Handle,
}

impl EtcdStore {
    /// Opens the engine at `address`; where nothing is, it begins empty.
    ///
    /// # Errors
    /// When etcd cannot be reached, does not let the user in, or holds something else there.
    pub fn open(address: &EtcdAddress) -> Result<Self, StoreError> {
        let store: Arc<str> = address.to_string().into();
        let runtime = Background::new()
            .map_err(|error| EtcdError::Setup { store: Arc::clone(&store), cause: error.to_string() })?;
        let client = {
            let _inside = runtime.handle.enter();
            Client::new(address, Arc::clone(&store))?
        };
        let mirror = Mirror { state: watch::Sender::default(), keys: Keys::new(&address.prefix), store };
        let replica = Arc::new(Replica { client, mirror, lost: Notify::new() });
        let bridge = Bridge { replica, handle: runtime.handle.clone() };
        let asks = bridge.run(|replica| async move { replica.begin().await })?;
        let writer = Writer { bridge: bridge.clone(), id: Uuid::new_v4().simple().to_string().into(), number: 0 };
        Ok(Self { queue: Queue::default(), writer: Mutex::new(writer), asks, bridge, _runtime: runtime })
    }

    /// The newest state.
    fn fresh(&self) -> Result<State, EtcdError> {
        let (ask, answer) = std::sync::mpsc::sync_channel(1);
        let _ = self.asks.send(ask);
        answer.recv().unwrap_or_else(|_| Err(self.bridge.ended()))
    }
}

impl Store for EtcdStore {
    fn view(&self, read: &mut dyn FnMut(&dyn View) -> Result<(), StoreError>) -> Result<(), StoreError> {
        read(&Snapshot(self.fresh()?.map))
    }

    fn update(&self, work: Work) -> Result<(), StoreError> {
        self.queue.submit(work, &|queue| self.writer.lock().unwrap_or_else(PoisonError::into_inner).lead(queue))
    }
}

impl Background {
    fn new() -> std::io::Result<Self> {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).thread_name("etcd").enable_all().build()?;
        let handle = runtime.handle().clone();
        Ok(Self { runtime: Some(runtime), handle })
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // Also where nobody may wait, as in another runtime.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl std::fmt::Debug for EtcdStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EtcdStore").field("store", &self.bridge.replica.mirror.store).finish_non_exhaustive()
    }
}

impl Replica {
    /// Reads the engine, and sets out to follow it and to answer readers.
    async fn begin(self: Arc<Self>) -> Result<mpsc::UnboundedSender<Ask>, EtcdError> {
        let (position, state) = self.load().await?;
        let forgotten = position.parts.forgotten(state.revision);
        self.mirror.state.send_replace(state);
        let (asks, asked) = mpsc::unbounded_channel();
        let (follower, answerer) = (Arc::clone(&self), Arc::clone(&self));
        tokio::spawn(async move { follower.follow(position).await });
        tokio::spawn(async move { answerer.answer(asked).await });
        if !forgotten.is_empty() {
            tokio::spawn(async move { self.discard(forgotten).await });
        }
        Ok(asks)
    }

    /// Answers readers: all who have asked by the time etcd is asked, at once.
    async fn answer(&self, mut asked: mpsc::UnboundedReceiver<Ask>) {
        let mut asks = Vec::new();
        while asked.recv_many(&mut asks, usize::MAX).await > 0 {
            let state = self.fresh().await;
            for ask in asks.drain(..) {
                // There is room for one answer; who does not wait for it needs none.
                let _ = ask.send(state.clone());
            }
        }
    }
}

impl Bridge {
    /// Has the runtime of the store do `work`, and waits for it.
    fn run<T, F>(&self, work: impl FnOnce(Arc<Replica>) -> F) -> Result<T, EtcdError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, EtcdError>> + Send + 'static,
    {
        let (answer, answered) = std::sync::mpsc::sync_channel(1);
        let work = work(Arc::clone(&self.replica));
        self.handle.spawn(async move {
            let _ = answer.send(work.await);
        });
        answered.recv().unwrap_or_else(|_| Err(self.ended()))
    }

    /// Has the runtime of the store do `work` some time.
    fn leave<F>(&self, work: impl FnOnce(Arc<Replica>) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.handle.spawn(work(Arc::clone(&self.replica)));
    }

    fn ended(&self) -> EtcdError {
        EtcdError::Setup { store: Arc::clone(&self.replica.mirror.store), cause: "it was closed".to_owned() }
    }
}

struct Snapshot(Map);

impl View for Snapshot {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0.get(key).map(|value| value.bytes.to_vec()))
    }

    fn scan(
        &self,
        from: &str,
        to: Option<&str>,
        limit: Option<usize>,
        each: &mut dyn FnMut(&str, &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        scan(&self.0, from, to, limit, each);
        Ok(())
    }
}

/// Shows entries of `map`, as [`View::scan`].
fn scan(
    map: &Map,
    from: &str,
    to: Option<&str>,
    limit: Option<usize>,
    each: &mut dyn FnMut(&str, &[u8]) -> ControlFlow<()>,
) {
    if to.is_some_and(|to| to <= from) {
        return;
    }
    let range = (Bound::Included(from), to.map_or(Bound::Unbounded, Bound::Excluded));
    for (key, value) in map.range::<_, str>(range).take(limit.unwrap_or(usize::MAX)) {
        if each(key, &value.bytes).is_break() {
            return;
        }
    }
}
