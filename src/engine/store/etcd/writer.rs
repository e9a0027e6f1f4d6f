//! The writing side: runs what is queued on the mirror, and commits it in etcd.
//!
//! Whoever leads runs as many transactions as fit into one commit, each on what the ones
//! before it have made. The commit holds if the head is still the one that was read: every
//! commit writes the head, so that nothing at all has changed, phantoms included. If somebody
//! else was first, all of it is run again on what there is now. What writes nothing holds if
//! the head is still the same afterwards.
//!
//! A finer comparison, of what each transaction has read, would let writers of different
//! replicas pass each other. Here it would be in vain: every change of an object writes the
//! next entry of the engine's journal, and so reads what all others have written.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::client::Failed;
use super::error::EtcdError;
use super::layout::{Head, LARGE};
use super::mirror::{Map, State, Value};
use super::staging::{Changes, fits, size_of};
use super::wire::{Compare, Op, PutRequest, RequestOp, TxnRequest};
use super::{Bridge, Replica, scan};
use crate::engine::store::group::{Job, Queue};
use crate::engine::store::{Outcome, StoreError, Transaction, View};

/// So many transactions go into one commit at most.
const GROUP: usize = 256;
/// The largest value of an entry.
const LARGEST: usize = 64 << 20;
/// A writer that was too late so often has the others wait.
const LOST: u32 = 3;
/// The others wait for so many seconds at most.
const TURN: i64 = 10;
/// Whoever has committed more than fits is given so long to spread it over the entries.
const SPREADING: Duration = Duration::from_millis(500);
/// How long it takes until everybody is told of a change.
const MOMENT: Duration = Duration::from_millis(5);
/// Operations of a commit beside those on entries: the head, the turn, and room for the
/// parts of values that are replaced.
const OTHERS: usize = 8;

/// Who commits.
pub(super) struct Writer {
    pub bridge: Bridge,
    /// Tells its commits from those of others.
    pub id: Arc<str>,
    /// The number of the last commit that was tried.
    pub number: u64,
}

/// Transactions that have run, and what is to be committed for them.
struct Group {
    base: State,
    map: Map,
    changes: Changes,
    results: Vec<Result<(), StoreError>>,
}

impl Writer {
    /// Runs all that is queued, commits it, and answers everybody.
    pub fn lead(&mut self, queue: &Queue) {
        let mut jobs = VecDeque::from(queue.take());
        while !jobs.is_empty() {
            let (count, committed) = self.commit(&mut jobs);
            let mut results = match committed {
                Ok(results) => results.into_iter(),
                Err(error) => vec![Err(StoreError::from(error)); count].into_iter(),
            };
            for job in jobs.drain(..count) {
                job.finish(results.next().unwrap_or(Err(StoreError::NotRun)));
            }
        }
    }

    /// Commits the first of the jobs, and so many more as fit: how many, and their results.
    fn commit(&mut self, jobs: &mut VecDeque<Job>) -> (usize, Result<Vec<Result<(), StoreError>>, EtcdError>) {
        let (mut turn, mut lost) = (None, 0);
        let done = loop {
            let base = match self.base() {
                Ok(base) => base,
                Err(error) => break (1, Err(error)),
            };
            let Group { base, map, changes, results } = run(jobs, base);
            self.number += 1;
            let attempt = Attempt { writer: Arc::clone(&self.id), number: self.number, has_turn: turn.is_some() };
            let tried = if changes.is_empty() {
                self.bridge.run(move |replica| async move { replica.still(&base).await })
            } else {
                self.bridge.run(move |replica| async move { replica.commit(base, map, changes, attempt).await })
            };
            match tried {
                Ok(Tried::Holds) => break (results.len(), Ok(results)),
                Ok(Tried::TooLate) => lost += 1,
                Ok(Tried::NoTurn) => (turn, lost) = (None, 0),
                Err(error) => break (results.len(), Err(error)),
            }
            if lost >= LOST && turn.is_none() {
                let writer = Arc::clone(&self.id);
                turn = self.bridge.run(move |replica| async move { replica.take_turn(&writer).await }).ok().flatten();
            }
        };
        if let Some(lease) = turn {
            self.bridge.leave(move |replica| async move { replica.give_turn_back(lease).await });
        }
        done
    }

    /// The state that a commit can be built on.
    fn base(&self) -> Result<State, EtcdError> {
        let state = self.bridge.replica.mirror.now();
        if state.is_free_for(&self.id) {
            return Ok(state);
        }
        let writer = Arc::clone(&self.id);
        self.bridge.run(move |replica| async move { replica.base(&writer).await })
    }
}

/// Runs the first of the jobs on `base`, and so many more as fit into one commit with it.
fn run(jobs: &mut VecDeque<Job>, base: State) -> Group {
    let mut group = Group { map: base.map.clone(), base, changes: Changes::new(), results: Vec::new() };
    let mut bytes = 0;
    for job in jobs.iter_mut().take(GROUP) {
        let mut running = Running { map: group.map.clone(), changes: Changes::new(), failure: RefCell::default() };
        let outcome = job.run(&mut running);
        let Running { map, changes, failure } = running;
        let result = match (failure.into_inner(), outcome) {
            (Some(error), _) | (None, Err(error)) => Err(error),
            (None, Ok(outcome)) => Ok(outcome),
        };
        if matches!(result, Ok(Outcome::Commit)) {
            let is_new = |key: &&Arc<str>| !group.changes.contains_key(*key);
            let count = group.changes.len() + changes.keys().filter(is_new).count();
            let more: usize = changes.iter().map(|(key, value)| size_of(key, value.as_deref())).sum();
            if !group.results.is_empty() && !fits(count + OTHERS, bytes + more) {
                // It is run again, in the next commit.
                break;
            }
            bytes += more;
            group.map = map;
            group.changes.extend(changes);
        }
        group.results.push(result.map(|_| ()));
    }
    group
}

/// A transaction of the group while it runs.
struct Running {
    map: Map,
    changes: Changes,
    failure: RefCell<Option<StoreError>>,
}

impl View for Running {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.map.get(key).map(|value| value.bytes.to_vec()))
    }

    fn scan(
        &self,
        from: &str,
        to: Option<&str>,
        limit: Option<usize>,
        each: &mut dyn FnMut(&str, &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        scan(&self.map, from, to, limit, each);
        Ok(())
    }
}

impl Transaction for Running {
    fn put(&mut self, key: &str, value: &[u8]) -> Result<(), StoreError> {
        if value.len() > LARGEST || key.len() > LARGE {
            let error = StoreError::TooLarge { key: key.to_owned(), size: value.len() };
            self.failure.borrow_mut().get_or_insert_with(|| error.clone());
            return Err(error);
        }
        let (key, bytes) = (Arc::<str>::from(key), Arc::<[u8]>::from(value));
        self.map.insert(Arc::clone(&key), Value { bytes: Arc::clone(&bytes), blob: None });
        self.changes.insert(key, Some(bytes));
        Ok(())
    }

    fn delete(&mut self, key: &str) -> Result<bool, StoreError> {
        let is_there = self.map.remove(key).is_some();
        if is_there {
            self.changes.insert(Arc::from(key), None);
        }
        Ok(is_there)
    }
}

/// A commit that is tried.
pub(super) struct Attempt {
    writer: Arc<str>,
    number: u64,
    /// Whether the others wait for it.
    has_turn: bool,
}

/// What has become of it.
pub(super) enum Tried {
    /// It is done, or there was nothing to do.
    Holds,
    /// Somebody else has committed since the state was read that it is built on.
    TooLate,
    /// It is another writer's turn, or nobody's any longer.
    NoTurn,
}

impl State {
    /// Whether `writer` can build on it.
    fn is_free_for(&self, writer: &str) -> bool {
        let is_free = self.turn.as_deref().is_none_or(|other| other == writer);
        self.trouble.is_none() && self.head.staged.is_none() && is_free
    }
}

impl Replica {
    /// The state that `writer` can build on, once there is one.
    async fn base(&self, writer: &str) -> Result<State, EtcdError> {
        loop {
            let state = self.mirror.now();
            if let Some(error) = state.trouble {
                return Err(error);
            }
            if state.is_free_for(writer) {
                return Ok(state);
            }
            let moved = |now: &State| now.is_free_for(writer) || now.revision != state.revision;
            let is_staged = state.head.staged.is_some();
            let patience = if is_staged { SPREADING } else { Duration::from_secs(TURN.unsigned_abs()) };
            let mut states = self.mirror.state.subscribe();
            let has_moved = timeout(patience, states.wait_for(moved)).await.is_ok();
            if !has_moved && is_staged {
                // Who has committed it is gone.
                self.spread(&state).await?;
            } else if !has_moved {
                // The lease is over by now, unless nobody tells of it: the commit will show.
                return Ok(state);
            }
        }
    }

    /// Whether nobody has committed anything after `base`.
    async fn still(&self, base: &State) -> Result<Tried, EtcdError> {
        let now = self.fresh().await?;
        Ok(if (now.revision, now.loads) == (base.revision, base.loads) { Tried::Holds } else { Tried::TooLate })
    }

    /// Commits `changes`, which make `map` of `base`.
    async fn commit(&self, base: State, mut map: Map, changes: Changes, attempt: Attempt) -> Result<Tried, EtcdError> {
        let plan = self.plan(&base, &mut map, changes).await?;
        let Attempt { writer, number, has_turn } = attempt;
        let keys = &self.mirror.keys;
        let head = Arc::new(base.head.after(&writer, number, plan.staged.clone()));
        let mut compare = vec![Compare::changed_in(keys.head(), base.revision)];
        let mut success = vec![RequestOp::put(keys.head(), head.to_value())];
        if has_turn {
            compare.push(Compare::is(keys.turn(), writer.as_bytes().to_vec()));
            success.push(RequestOp::delete(keys.turn(), Vec::new()));
        } else {
            compare.push(Compare::changed_in(keys.turn(), 0));
        }
        let staged = if plan.staged.is_some() {
            plan.operations.into()
        } else {
            success.extend(plan.operations);
            Arc::default()
        };
        let failure = vec![RequestOp::read(keys.head())];
        let answer = match self.client.txn(TxnRequest { compare, success, failure }).await {
            Ok(answer) => answer,
            Err(Failed { error: EtcdError::Unreachable { store, cause }, maybe_done: true }) => {
                return Err(EtcdError::Unresolved { store, cause });
            }
            Err(failed) => return Err(failed.error),
        };
        if answer.succeeded {
            let revision = answer.header.unwrap_or_default().revision;
            let state = State { map, head, revision, staged, ..base };
            self.mirror.advance(base.revision, |now| *now = State { turn: now.turn.clone(), ..state.clone() });
            if let Err(error) = self.spread(&state).await {
                // The commit holds; whoever commits next goes on with it.
                tracing::debug!(%error, "a commit is not spread over the entries yet");
            }
            return Ok(Tried::Holds);
        }
        let found = answer.found(0);
        let revision = found.map_or(0, |head| head.mod_revision);
        let now = found.map_or(Ok(Head::default()), |head| self.mirror.head(&head.value))?;
        match now.includes(&writer, number, &base.head) {
            // An attempt that nobody has answered has taken effect.
            Some(true) => {
                self.catch_up(revision).await?;
                return Ok(Tried::Holds);
            }
            Some(false) => self.discard(plan.blobs.into_iter().map(|blob| blob.id)).await,
            None => {
                let cause = "too many others have written since".to_owned();
                return Err(EtcdError::Unresolved { store: Arc::clone(&self.mirror.store), cause });
            }
        }
        match revision.cmp(&base.revision) {
            Ordering::Greater => self.catch_up(revision).await.map(|_| Tried::TooLate),
            Ordering::Less => self.anew(base.loads).await.map(|_| Tried::TooLate),
            Ordering::Equal => {
                // The mirror is told of it a moment later.
                sleep(MOMENT).await;
                Ok(Tried::NoTurn)
            }
        }
    }

    /// Has all others wait until `writer` has committed, but not for long: the lease with
    /// which they do. `None` if somebody else was first.
    async fn take_turn(&self, writer: &str) -> Result<Option<i64>, EtcdError> {
        let lease = self.client.grant(TURN).await?;
        let key = self.mirror.keys.turn();
        let put = PutRequest { key: key.clone(), value: writer.as_bytes().to_vec(), lease };
        let request = TxnRequest {
            compare: vec![Compare::changed_in(key.clone(), 0)],
            success: vec![RequestOp { request: Some(Op::RequestPut(put)) }],
            failure: vec![RequestOp::read(key)],
        };
        let answer = self.client.txn(request).await.map_err(|failed| failed.error)?;
        if !answer.succeeded && answer.found(0).is_none_or(|turn| turn.value != writer.as_bytes()) {
            self.give_turn_back(lease).await;
            return Ok(None);
        }
        // From now on nobody else commits.
        self.fresh().await?;
        Ok(Some(lease))
    }

    async fn give_turn_back(&self, lease: i64) {
        // It ends by itself as well.
        let _ = self.client.revoke(lease).await;
    }
}
