//! The store in one `SQLite` file, shared by any number of processes.
//!
//! The file is created whole ([`create`]), looked at before `SQLite` opens it
//! ([`header`]), read through before it is used ([`check`]), and left exactly as
//! it was when it is refused. Every entry carries a checksum ([`table`]). One
//! connection writes, with the commits of concurrent callers merged ([`writer`]); others
//! read, beside it, and one only tells whether anything was committed ([`watch`]).
//!
//! What no check can see: when the log of a crashed process is damaged, `SQLite`
//! takes it to end before the damage, as it does with a commit that the crash cut
//! short.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

use super::group::Queue;
use super::{Store, StoreError, Version, View, Work};
use connect::{Role, connect};
use guard::Guard;
use table::Table;
use watch::Watch;
use writer::Writer;

mod check;
mod connect;
mod create;
mod fault;
mod guard;
mod header;
mod open;
mod table;
mod watch;
mod writer;

/// Reading connections kept open for the next reader.
const IDLE_READERS: usize = 4;

/// How a file is opened.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Whether to create the file if it does not exist.
    pub create: bool,
    /// How long to wait while other processes hold the file.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { create: true, patience: Duration::from_secs(30) }
    }
}

/// A [`Store`] in one `SQLite` file.
///
/// Any number of processes, and of stores in one process, may have the file open
/// at once. The file, its log and the log's index are readable by their owner
/// only: a file found with wider permissions is narrowed, with a warning in the
/// log, because refusing it would stop the work and leave the secrets readable.
pub struct SqliteStore {
    queue: Queue,
    // In the order in which they are closed: the writer last of the connections,
    // for the last one tidies the log away; the guard after all of them.
    readers: Mutex<Vec<Connection>>,
    watch: Watch,
    writer: Mutex<Writer>,
    path: PathBuf,
    patience: Duration,
    guard: Arc<Guard>,
}

impl SqliteStore {
    /// Opens the file at `path`, creating it if need be.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_with(path, Options::default())
    }

    /// Opens the file at `path`. A file that is refused, for whatever reason, is
    /// left as it is, and so are its neighbours.
    pub fn open_with(path: impl AsRef<Path>, options: Options) -> Result<Self, StoreError> {
        let Options { create, patience } = options;
        let path = open::locate(path.as_ref(), create)?;
        fault::access(&path)?;
        let guard = Arc::new(Guard::hold(&path)?);
        header::inspect(&guard, &path, open::logged(&path))?;
        check::whole(&path, patience)?;
        open::narrow(&guard, &path);
        let connection = connect(&path, patience, Role::Writer)?;
        connection.busy_timeout(Duration::ZERO).map_err(|error| fault::database(&path, patience, &error))?;
        let writer = Writer { connection, path: path.clone(), guard: Arc::clone(&guard), patience, poison: None };
        Ok(Self {
            queue: Queue::default(),
            readers: Mutex::default(),
            watch: Watch::default(),
            writer: Mutex::new(writer),
            path,
            patience,
            guard,
        })
    }

    /// Where the file is, after following links.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn reader(&self) -> Result<Connection, StoreError> {
        let idle = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(reader) = idle {
            return Ok(reader);
        }
        let reader = connect(&self.path, self.patience, Role::Reader);
        // Not a new connection to another file of the same name.
        if self.guard.is_at(&self.path) { reader } else { Err(StoreError::Moved { path: self.path.clone() }) }
    }

    fn give_back(&self, reader: Connection) {
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if readers.len() < IDLE_READERS {
            readers.push(reader);
        }
    }
}

impl Store for SqliteStore {
    fn view(&self, read: &mut dyn FnMut(&dyn View) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let reader = self.reader()?;
        let table = Table { connection: &reader, path: &self.path, patience: self.patience };
        table.run("BEGIN")?;
        let result = read(&Snapshot(table));
        // A reader that cannot end its snapshot is closed instead of used again.
        let ended = table.run("COMMIT");
        if ended.is_ok() {
            self.give_back(reader);
        }
        result
    }

    fn update(&self, work: Work) -> Result<(), StoreError> {
        self.queue.submit(work, &|queue| self.writer.lock().unwrap_or_else(PoisonError::into_inner).lead(queue))
    }

    fn version(&self) -> Option<Version> {
        self.watch.version(&self.path, &self.guard)
    }
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.path).finish_non_exhaustive()
    }
}

struct Snapshot<'c>(Table<'c>);

impl View for Snapshot<'_> {
    fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.get(key)
    }

    fn scan(
        &self,
        from: &str,
        to: Option<&str>,
        limit: Option<usize>,
        each: &mut dyn FnMut(&str, &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.0.scan(from, to, limit, each)
    }
}

#[cfg(test)]
mod tests;
