//! Whether anything was committed, told without reading.
//!
//! `SQLite` counts for each connection how often others have committed, whichever process
//! they are in. So one connection does nothing but count: the commits of this handle are
//! those of another connection too.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

use super::connect::{Role, connect};
use super::guard::Guard;
use crate::engine::store::Version;

/// The connection that counts, once somebody has asked.
#[derive(Default)]
pub(super) struct Watch {
    counting: Mutex<Option<Counting>>,
}

struct Counting {
    counter: u64,
    connection: Connection,
}

impl Watch {
    /// The version of the file at `path`; none when it cannot be told without waiting.
    pub fn version(&self, path: &Path, guard: &Guard) -> Option<Version> {
        static COUNTERS: AtomicU64 = AtomicU64::new(0);
        let mut counting = self.counting.lock().unwrap_or_else(PoisonError::into_inner);
        if counting.is_none() {
            let connection = connect(path, Duration::ZERO, Role::Reader).ok()?;
            // Another file of the same name tells nothing of this one.
            let counter = COUNTERS.fetch_add(1, Ordering::Relaxed);
            *counting = guard.is_at(path).then_some(Counting { counter, connection });
        }
        let Counting { counter, connection } = counting.as_ref()?;
        let count = connection
            .prepare_cached("PRAGMA data_version")
            .and_then(|mut statement| statement.query_row([], |row| row.get::<_, i64>(0)));
        let version = count.ok().map(|count| Version::new(*counter, count.cast_unsigned()));
        if version.is_none() {
            // A new one begins to count anew, under another name.
            *counting = None;
        }
        version
    }
}
