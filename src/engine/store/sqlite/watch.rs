//! Whether anything was committed, told without reading.
//!
//! `SQLite` counts for each connection how often others have committed, whichever process
//! they are in. So there are connections that do nothing but count: the commits of this
//! handle are those of another connection too. There are a few, so that those who ask at once
//! need not wait for each other.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use rusqlite::Connection;

use super::connect::{Role, connect};
use super::guard::Guard;
use crate::engine::store::Version;

/// How many count.
const COUNTERS: usize = 4;

/// The connections that count, once somebody has asked them.
#[derive(Default)]
pub(super) struct Watch {
    counting: [Mutex<Option<Counting>>; COUNTERS],
}

struct Counting {
    counter: u64,
    connection: Connection,
}

impl Watch {
    /// The version of the file at `path`; none when it cannot be told without waiting.
    pub fn version(&self, path: &Path, guard: &Guard) -> Option<Version> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let mut counting = self.free();
        if counting.is_none() {
            let connection = connect(path, Duration::ZERO, Role::Reader).ok()?;
            // Another file of the same name tells nothing of this one.
            let counter = NEXT.fetch_add(1, Ordering::Relaxed);
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

    /// The first that nobody else asks at the moment.
    fn free(&self) -> MutexGuard<'_, Option<Counting>> {
        let free = self.counting.iter().find_map(|counting| match counting.try_lock() {
            Ok(counting) => Some(counting),
            Err(TryLockError::Poisoned(counting)) => Some(counting.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        });
        free.unwrap_or_else(|| self.counting[0].lock().unwrap_or_else(PoisonError::into_inner))
    }
}
