//! Connections to an engine file, set up for what they are to do.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::fault;
use crate::engine::store::StoreError;

/// Pages in the log before a commit moves them into the file: enough that the
/// move is rare, few enough (8 MiB) that recovery after a crash is not felt.
const LOG_PAGES: u32 = 2000;
/// Statements a connection keeps prepared; there are eleven.
const STATEMENTS: usize = 16;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Looks at a file that may not be sound.
    Checker,
    /// Reads snapshots.
    Reader,
    /// Writes.
    Writer,
}

/// Opens the file at `path`, which exists. Busy locks are waited for as long as
/// `patience`.
pub(super) fn connect(path: &Path, patience: Duration, role: Role) -> Result<Connection, StoreError> {
    open(path, patience, role).map_err(|error| fault::database(path, patience, &error))
}

fn open(path: &Path, patience: Duration, role: Role) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(patience)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    // No page with a key in it goes to a temporary file.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    match role {
        Role::Checker => {}
        Role::Reader => connection.pragma_update(None, "query_only", true)?,
        Role::Writer => {
            connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
            connection.pragma_update(None, "synchronous", "FULL")?;
            // On macOS an fsync alone does not reach the medium; elsewhere these do nothing.
            connection.pragma_update(None, "fullfsync", true)?;
            connection.pragma_update(None, "checkpoint_fullfsync", true)?;
            connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
            // A pre-shared key that was replaced does not linger in the page it was on.
            connection.pragma_update_and_check(None, "secure_delete", "ON", |_| Ok(()))?;
        }
    }
    Ok(connection)
}
