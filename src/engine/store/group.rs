//! Group commit: many callers, one commit.
//!
//! Whoever comes first leads: it takes everything queued, runs it, commits once
//! and hands out the results. Whoever comes while a leader is at work queues and
//! waits; when the leader is done, the first in the queue leads next. No thread
//! is kept for it, and a caller who is alone neither waits nor wakes anybody.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use super::{Outcome, StoreError, Transaction, Work};

/// The callers in line.
#[derive(Default)]
pub(super) struct Queue {
    line: Mutex<Line>,
}

#[derive(Default)]
struct Line {
    waiting: Vec<Job>,
    leader: Option<ThreadId>,
}

/// One caller's transaction. A job that is dropped unfinished answers its caller
/// with [`StoreError::NotRun`], so that nobody waits for ever.
pub(super) struct Job {
    work: Work,
    caller: ThreadId,
    ticket: Arc<Ticket>,
    panic: Option<Box<dyn std::any::Any + Send>>,
}

#[derive(Default)]
struct Ticket {
    turn: Mutex<Turn>,
    called: Condvar,
}

#[derive(Default)]
enum Turn {
    #[default]
    Waiting,
    Leads,
    Done(thread::Result<Result<(), StoreError>>),
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Queue {
    /// Queues `work` and returns its result, which `lead` has brought about, in
    /// this thread or another. `lead` must take and finish all that is queued.
    pub(super) fn submit(&self, work: Work, lead: &dyn Fn(&Self)) -> Result<(), StoreError> {
        let caller = thread::current().id();
        let ticket = Arc::new(Ticket::default());
        let first = {
            let mut line = lock(&self.line);
            if line.leader == Some(caller) {
                return Err(StoreError::Nested);
            }
            line.waiting.push(Job { work, caller, ticket: Arc::clone(&ticket), panic: None });
            let first = line.leader.is_none();
            if first {
                line.leader = Some(caller);
            }
            first
        };
        if first || ticket.leads() {
            let _handover = Handover(self);
            lead(self);
        }
        match ticket.result() {
            Ok(result) => result,
            Err(panic) => resume_unwind(panic),
        }
    }

    /// Everything queued so far.
    pub(super) fn take(&self) -> Vec<Job> {
        std::mem::take(&mut lock(&self.line).waiting)
    }
}

/// Passes the lead on when the leader has finished, however it finished.
struct Handover<'q>(&'q Queue);

impl Drop for Handover<'_> {
    fn drop(&mut self) {
        let mut line = lock(&self.0.line);
        line.leader = line.waiting.first().map(|next| next.caller);
        if let Some(next) = line.waiting.first() {
            next.ticket.call(Turn::Leads);
        }
    }
}

impl Job {
    /// Runs the caller's work, afresh if it was run before. A panic in it is kept for the
    /// caller, and rolls back like any other refusal.
    pub(super) fn run(&mut self, transaction: &mut dyn Transaction) -> Result<Outcome, StoreError> {
        self.panic = None;
        let work = &mut self.work;
        match catch_unwind(AssertUnwindSafe(|| work(transaction))) {
            Ok(outcome) => outcome,
            Err(panic) => {
                self.panic = Some(panic);
                Ok(Outcome::RollBack)
            }
        }
    }

    /// Hands the caller its result.
    pub(super) fn finish(mut self, result: Result<(), StoreError>) {
        self.answer(result);
    }

    fn answer(&mut self, result: Result<(), StoreError>) {
        let done = self.panic.take().map_or(Ok(result), Err);
        self.ticket.call(Turn::Done(done));
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.answer(Err(StoreError::NotRun));
    }
}

impl Ticket {
    fn call(&self, turn: Turn) {
        let mut current = lock(&self.turn);
        if !matches!(*current, Turn::Done(_)) {
            *current = turn;
            self.called.notify_one();
        }
    }

    /// Waits until the work is done or has to be led; says which.
    fn leads(&self) -> bool {
        let waiting = |turn: &mut Turn| matches!(turn, Turn::Waiting);
        let turn = self.called.wait_while(lock(&self.turn), waiting).unwrap_or_else(PoisonError::into_inner);
        matches!(*turn, Turn::Leads)
    }

    /// The result; [`StoreError::NotRun`] when a leader has not provided one.
    fn result(&self) -> thread::Result<Result<(), StoreError>> {
        match std::mem::take(&mut *lock(&self.turn)) {
            Turn::Done(result) => result,
            Turn::Waiting | Turn::Leads => Ok(Err(StoreError::NotRun)),
        }
    }
}
