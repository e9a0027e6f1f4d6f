//! What only a file can show. The general suite runs here too.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

use super::{Options, SqliteStore};
use crate::engine::store::suite::{self, Place, store_suite};
use crate::engine::store::{Store, StoreError, StoreExt, Version, ViewExt};

mod damage;
mod handles;
mod refusals;

store_suite!(fresh);

fn fresh() -> Place {
    let folder = Arc::new(TempDir::new().unwrap());
    Box::new(move || {
        let store = SqliteStore::open(folder.path().join("engine.db")).unwrap();
        Box::new(Kept { store, _folder: Arc::clone(&folder) })
    })
}

/// A store that keeps its folder for as long as it is used.
struct Kept {
    store: SqliteStore,
    _folder: Arc<TempDir>,
}

impl Store for Kept {
    fn view(
        &self,
        read: &mut dyn FnMut(&dyn crate::engine::store::View) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.store.view(read)
    }

    fn update(&self, work: crate::engine::store::Work) -> Result<(), StoreError> {
        self.store.update(work)
    }

    fn version(&self) -> Option<Version> {
        self.store.version()
    }
}

/// Every file of a folder, name and content.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_file()).map(|path| (path.clone(), std::fs::read(&path).unwrap())).collect()
}

/// An engine file with `count` entries, closed.
fn filled(folder: &Path, count: usize) -> PathBuf {
    let path = folder.join("engine.db");
    let store = SqliteStore::open(&path).unwrap();
    for at in 0..count {
        store.write(move |tx| tx.put(&key(at), &value(at))).unwrap();
    }
    path
}

fn key(at: usize) -> String {
    format!("/infra/object-{at:04}")
}

fn value(at: usize) -> Vec<u8> {
    format!("{{\"id\":{at},\"psk\":\"{}\"}}", "s3cret".repeat(1 + at % 40)).into_bytes()
}

fn expected(count: usize) -> Vec<(String, Vec<u8>)> {
    (0..count).map(|at| (key(at), value(at))).collect()
}

fn everything(store: &SqliteStore) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
    store.read(|view| view.entries(""))
}
