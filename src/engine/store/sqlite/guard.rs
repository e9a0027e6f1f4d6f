//! One descriptor per file and process, for looking at a file without `SQLite`.
//!
//! POSIX record locks have a trap: when a process closes *any* descriptor of a
//! file, all its locks on that file are gone, those that `SQLite` took through its
//! own descriptors included, and another process may then checkpoint the log
//! away under a store that is in use. So the descriptor that reads the header is
//! shared by all stores of the process on that file and closed after the last.

use std::collections::HashMap;
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::fault;
use crate::engine::store::StoreError;

/// Which file it is, whatever its name: device and inode.
type Identity = (u64, u64);

/// The descriptors of one file, and how many guards share them. There is one,
/// or more where a file was renamed between looking at it and opening it.
#[derive(Default)]
struct Shared {
    files: Vec<File>,
    guards: usize,
}

static OPEN: Mutex<Option<HashMap<Identity, Shared>>> = Mutex::new(None);

/// A share in the process's descriptor of a file.
#[derive(Debug)]
pub(super) struct Guard {
    identity: Identity,
}

impl Guard {
    /// Takes a share in the descriptor of the file at `path`. It must outlive
    /// every connection to the file.
    pub(super) fn hold(path: &Path) -> Result<Self, StoreError> {
        let failed = |error| fault::system(path, "open", error);
        let mut open = registry();
        let open = open.get_or_insert_default();
        // By its name first: opening the file once more would mean closing it once more.
        let named = identity(&std::fs::metadata(path).map_err(failed)?);
        if let Some(shared) = open.get_mut(&named) {
            shared.guards += 1;
            return Ok(Self { identity: named });
        }
        let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path).map_err(failed)?;
        let identity = identity(&file.metadata().map_err(failed)?);
        let shared = open.entry(identity).or_default();
        shared.files.push(file);
        shared.guards += 1;
        Ok(Self { identity })
    }

    /// Looks at the file.
    pub(super) fn with<T>(&self, look: impl FnOnce(&File) -> io::Result<T>) -> io::Result<T> {
        let open = registry();
        let file = open.as_ref().and_then(|open| open.get(&self.identity)).and_then(|shared| shared.files.first());
        look(file.ok_or(io::ErrorKind::NotFound)?)
    }

    /// Whether the file is still the one at `path`.
    pub(super) fn is_at(&self, path: &Path) -> bool {
        std::fs::metadata(path).is_ok_and(|found| identity(&found) == self.identity)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Closed under the lock, so that nobody opens the file in between.
        if let Some(open) = registry().as_mut()
            && let Some(shared) = open.get_mut(&self.identity)
        {
            shared.guards -= 1;
            if shared.guards == 0 {
                open.remove(&self.identity);
            }
        }
    }
}

fn registry() -> MutexGuard<'static, Option<HashMap<Identity, Shared>>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn identity(metadata: &Metadata) -> Identity {
    (metadata.dev(), metadata.ino())
}
