//! Is the file what was written to it? The whole of it is read before it is
//! used, with nothing changed should the answer be no.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::connect::{Role, connect};
use super::table::{SCHEMA, Table};
use super::{fault, header};
use crate::engine::store::StoreError;

/// Checks the file at `path` with its log.
///
/// Alone with the file, the checker keeps the log's index in memory and leaves
/// the log as it is. When others are using the file, log and index exist anyway.
pub(super) fn whole(path: &Path, patience: Duration) -> Result<(), StoreError> {
    let started = Instant::now();
    loop {
        match alone(path) {
            Err(StoreError::Busy { .. }) if fault::beside(path, "-shm").exists() => {
                return among_others(path, patience);
            }
            // Somebody else is checking, or starting up.
            Err(StoreError::Busy { .. }) if started.elapsed() < patience => thread::sleep(Duration::from_millis(2)),
            Err(StoreError::Busy { path, .. }) => return Err(StoreError::Busy { path, waited: started.elapsed() }),
            other => return other,
        }
    }
}

fn alone(path: &Path) -> Result<(), StoreError> {
    // Closing checkpoints the log and removes it: right for the empty one that
    // looking at the file creates, wrong for one that was there.
    let logged = fault::beside(path, "-wal").exists();
    let connection = connect(path, Duration::ZERO, Role::Checker)?;
    let table = Table { connection: &connection, path, patience: Duration::ZERO };
    let fault = |error| table.fault(&error);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, logged).map_err(fault)?;
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE").map_err(fault)?;
    examine(&table)
}

fn among_others(path: &Path, patience: Duration) -> Result<(), StoreError> {
    let connection = connect(path, patience, Role::Checker)?;
    let table = Table { connection: &connection, path, patience };
    let keep_log = |keep| {
        let set = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep);
        set.map(|_| ()).map_err(|error| table.fault(&error))
    };
    keep_log(true)?;
    examine(&table)?;
    keep_log(false)
}

fn examine(table: &Table<'_>) -> Result<(), StoreError> {
    table.run("BEGIN")?;
    // Also what the log says of them: it may be ahead of the file's header.
    let identity = number(table, "application_id")?;
    if identity != header::APPLICATION_ID {
        return Err(table.damaged(format!("its log makes it a database of another program ({identity:#010x})")));
    }
    match number(table, "user_version")? {
        header::FORMAT => {}
        found => return Err(header::future(table.path, found)),
    }
    if schema(table.connection).map_err(|error| table.fault(&error))? != [SCHEMA] {
        return Err(table.damaged("its tables are not those of an engine file".to_owned()));
    }
    let structure = "PRAGMA quick_check(1)";
    let answer = table.connection.query_row(structure, [], |row| row.get::<_, String>(0));
    let answer = answer.map_err(|error| table.fault(&error))?;
    if answer != "ok" {
        let findings: Vec<_> = answer.lines().filter(|line| !line.starts_with("***")).collect();
        return Err(table.damaged(findings.join("; ")));
    }
    table.scan("", None, None, &mut |_, _| std::ops::ControlFlow::Continue(()))?;
    table.run("COMMIT")
}

fn number(table: &Table<'_>, pragma: &str) -> Result<u32, StoreError> {
    let found = table.connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    found.map(i32::cast_unsigned).map_err(|error| table.fault(&error))
}

fn schema(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare("SELECT coalesce(sql, '') FROM sqlite_schema")?;
    let rows = statement.query_map([], |row| row.get(0))?;
    rows.collect()
}
