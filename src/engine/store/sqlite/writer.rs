//! The writing side: runs what is queued in one transaction of the database.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::guard::Guard;
use super::table::Table;
use crate::engine::store::group::{Job, Queue};
use crate::engine::store::{Outcome, StoreError, Transaction, View};

/// So many transactions go into one commit at most; what comes later leads the
/// next one.
const GROUP: usize = 256;

/// The connection that writes.
pub(super) struct Writer {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    pub(super) guard: Arc<Guard>,
    pub(super) patience: Duration,
    /// The first failure; nothing is written after it.
    pub(super) poison: Option<Arc<StoreError>>,
}

/// What goes into one commit: the jobs, and the results of those that have run.
struct Group {
    jobs: Vec<Job>,
    results: Vec<Result<(), StoreError>>,
}

impl Writer {
    /// Runs all that is queued, commits once, and answers everybody.
    pub(super) fn lead(&mut self, queue: &Queue) {
        let mut group = Group { jobs: queue.take(), results: Vec::new() };
        let committed = match &self.poison {
            Some(cause) => Err(StoreError::Poisoned { cause: Arc::clone(cause) }),
            None => self.transact(queue, &mut group),
        };
        let mut results = group.results.into_iter();
        for job in group.jobs {
            let own = results.next().unwrap_or(Err(StoreError::NotRun));
            job.finish(committed.clone().and(own));
        }
    }

    fn transact(&mut self, queue: &Queue, group: &mut Group) -> Result<(), StoreError> {
        let done = self.begin().and_then(|()| self.run_queued(queue, group)).and_then(|()| self.table().run("COMMIT"));
        if let Err(error) = &done {
            if !self.connection.is_autocommit() {
                // Should this fail too, the database has rolled back by itself.
                let _ = self.table().run("ROLLBACK");
            }
            // A file that stayed busy was not touched.
            if !matches!(error, StoreError::Busy { .. }) {
                self.fail(error);
            }
        }
        done
    }

    /// Starts a transaction that may write. Waiting is done here instead of in
    /// the database library, whose pauses of up to 100 ms would let a busy
    /// neighbour process starve this one.
    fn begin(&self) -> Result<(), StoreError> {
        let started = Instant::now();
        let mut pause = Duration::from_micros(100);
        while let Err(error) = self.table().run("BEGIN IMMEDIATE") {
            let (StoreError::Busy { path, .. }, waited) = (&error, started.elapsed()) else {
                return Err(error);
            };
            if waited >= self.patience {
                return Err(StoreError::Busy { path: path.clone(), waited });
            }
            thread::sleep(pause);
            pause = (pause * 3 / 2).min(Duration::from_millis(2));
        }
        if self.guard.is_at(&self.path) { Ok(()) } else { Err(StoreError::Moved { path: self.path.clone() }) }
    }

    /// Runs what is queued and what comes meanwhile. An error is one of the
    /// database and ends the whole group.
    fn run_queued(&self, queue: &Queue, group: &mut Group) -> Result<(), StoreError> {
        // As long as nothing has been written there is nothing to protect.
        let mut written = false;
        let mut next = 0;
        loop {
            if next == group.jobs.len() && next < GROUP {
                group.jobs.extend(queue.take());
            }
            let Some(job) = group.jobs.get_mut(next) else {
                return Ok(());
            };
            let result = self.run_one(job, &mut written)?;
            group.results.push(result);
            next += 1;
        }
    }

    /// Runs one transaction of the group and undoes it if it wishes or has to.
    fn run_one(&self, job: &mut Job, written: &mut bool) -> Result<Result<(), StoreError>, StoreError> {
        let table = self.table();
        let protected = *written;
        if protected {
            table.run("SAVEPOINT work")?;
        }
        let mut changes = Changes { table, failure: RefCell::new(None), dirty: false };
        let outcome = job.run(&mut changes);
        let Changes { failure, dirty, .. } = changes;
        let outcome = match failure.into_inner() {
            Some(error) if !matches!(error, StoreError::TooLarge { .. }) => return Err(error),
            Some(error) => Err(error),
            None => outcome,
        };
        let keep = matches!(outcome, Ok(Outcome::Commit));
        match (keep, protected) {
            (true, true) => table.run("RELEASE work")?,
            (false, true) => {
                table.run("ROLLBACK TO work")?;
                table.run("RELEASE work")?;
            }
            (false, false) if dirty => {
                table.run("ROLLBACK")?;
                self.begin()?;
            }
            (true | false, false) => {}
        }
        *written |= keep && dirty;
        Ok(outcome.map(|_| ()))
    }

    /// Takes the failure down: no more writes, and the log stays as it is.
    fn fail(&mut self, error: &StoreError) {
        self.keep_log();
        tracing::error!(path = %self.path.display(), %error, "a write failed; the store takes no more until it is reopened");
        self.poison = Some(Arc::new(error.clone()));
    }

    /// Has the last connection leave the log and its index when it closes.
    fn keep_log(&self) {
        let _ = self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
    }

    fn table(&self) -> Table<'_> {
        Table { connection: &self.connection, path: &self.path, patience: self.patience }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Closing removes the log by its name, which may be another file's by now.
        if !self.guard.is_at(&self.path) {
            self.keep_log();
        }
    }
}

/// A transaction of the group while it runs.
struct Changes<'c> {
    table: Table<'c>,
    failure: RefCell<Option<StoreError>>,
    dirty: bool,
}

impl Changes<'_> {
    /// Remembers a failure, whatever the caller makes of it.
    fn noted<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(error) = &result {
            self.failure.borrow_mut().get_or_insert_with(|| error.clone());
        }
        result
    }
}

impl View for Changes<'_> {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.noted(self.table.get(key))
    }

    fn scan(
        &self,
        from: &str,
        to: Option<&str>,
        limit: Option<usize>,
        each: &mut dyn FnMut(&str, &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.noted(self.table.scan(from, to, limit, each))
    }
}

impl Transaction for Changes<'_> {
    fn put(&mut self, key: &str, value: &[u8]) -> Result<(), StoreError> {
        self.dirty = true;
        self.noted(self.table.put(key, value))
    }

    fn delete(&mut self, key: &str) -> Result<bool, StoreError> {
        self.dirty = true;
        self.noted(self.table.delete(key))
    }
}
