//! The one table: entries with their checksums.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, params};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::fault;
use crate::engine::store::StoreError;

/// The table as its creation statement reads in every engine file of format 1.
pub(super) const SCHEMA: &str = "CREATE TABLE entries(key TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL, \
                                 sum INTEGER NOT NULL) STRICT, WITHOUT ROWID";

const GET: &str = "SELECT key, value, sum FROM entries WHERE key = ?1";
const PUT: &str = "INSERT OR REPLACE INTO entries(key, value, sum) VALUES (?1, ?2, ?3)";
const DELETE: &str = "DELETE FROM entries WHERE key = ?1";
const SCAN: &str = "SELECT key, value, sum FROM entries WHERE key >= ?1 ORDER BY key LIMIT ?2";
const SCAN_TO: &str = "SELECT key, value, sum FROM entries WHERE key >= ?1 AND key < ?3 ORDER BY key LIMIT ?2";

/// The entries as one connection sees them.
#[derive(Clone, Copy)]
pub(super) struct Table<'c> {
    pub(super) connection: &'c Connection,
    pub(super) path: &'c Path,
    /// How long the connection waits for a busy file, for the error's sake.
    pub(super) patience: Duration,
}

impl Table<'_> {
    /// The value at `key`.
    pub(super) fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let mut statement = self.connection.prepare_cached(GET).map_err(|error| self.fault(&error))?;
        let found = statement.query_row([key], |row| Ok(self.verified(row).map(|(_, value)| value.to_vec())));
        found.optional().map_err(|error| self.fault(&error))?.transpose()
    }

    /// The entries of a range, in order. See [`View::scan`](crate::engine::store::View::scan).
    pub(super) fn scan(
        &self,
        from: &str,
        to: Option<&str>,
        limit: Option<usize>,
        each: &mut dyn FnMut(&str, &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let limit = limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
        let sql = if to.is_some() { SCAN_TO } else { SCAN };
        let mut statement = self.connection.prepare_cached(sql).map_err(|error| self.fault(&error))?;
        let mut rows = match to {
            Some(to) => statement.query(params![from, limit, to]),
            None => statement.query(params![from, limit]),
        }
        .map_err(|error| self.fault(&error))?;
        while let Some(row) = rows.next().map_err(|error| self.fault(&error))? {
            let (key, value) = self.verified(row)?;
            if each(key, value).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Stores `value` at `key`.
    pub(super) fn put(&self, key: &str, value: &[u8]) -> Result<(), StoreError> {
        let stored =
            self.connection.prepare_cached(PUT).and_then(|mut put| put.execute(params![key, value, sum(key, value)]));
        match stored {
            Ok(_) => Ok(()),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::TooBig) => {
                Err(StoreError::TooLarge { key: key.to_owned(), size: value.len() })
            }
            Err(error) => Err(self.fault(&error)),
        }
    }

    /// Removes the entry at `key`; says whether there was one.
    pub(super) fn delete(&self, key: &str) -> Result<bool, StoreError> {
        let removed = self.connection.prepare_cached(DELETE).and_then(|mut delete| delete.execute([key]));
        removed.map(|count| count > 0).map_err(|error| self.fault(&error))
    }

    /// Runs a statement that has no rows to tell of.
    pub(super) fn run(&self, sql: &str) -> Result<(), StoreError> {
        let done = self.connection.prepare_cached(sql).and_then(|mut statement| statement.execute([]));
        done.map(|_| ()).map_err(|error| self.fault(&error))
    }

    /// The entry in `row`, once its checksum has been found right.
    fn verified<'r>(&self, row: &'r Row<'_>) -> Result<(&'r str, &'r [u8]), StoreError> {
        let column = |index| row.get_ref(index).map_err(|error| self.fault(&error));
        let ValueRef::Text(key) = column(0)? else {
            return Err(self.damaged("an entry has no key".to_owned()));
        };
        let Ok(key) = std::str::from_utf8(key) else {
            return Err(self.damaged(format!("the key {:?} is not text", String::from_utf8_lossy(key))));
        };
        match (column(1)?, column(2)?) {
            (ValueRef::Blob(value), ValueRef::Integer(stored)) if stored == sum(key, value) => Ok((key, value)),
            _ => Err(self.damaged(format!("the entry {key:?} does not match its checksum"))),
        }
    }

    pub(super) fn damaged(&self, detail: String) -> StoreError {
        StoreError::Damaged { path: self.path.to_path_buf(), detail }
    }

    pub(super) fn fault(&self, error: &rusqlite::Error) -> StoreError {
        fault::database(self.path, self.patience, error)
    }
}

/// The checksum of an entry: it binds the value to its key.
fn sum(key: &str, value: &[u8]) -> i64 {
    xxh3_64_with_seed(value, xxh3_64(key.as_bytes())).cast_signed()
}
