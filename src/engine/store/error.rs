//! What can go wrong with a store, each failure with the value that caused it.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::etcd::EtcdError;

/// Why a store could not be opened, read or written.
///
/// Keys may appear in these errors, values never do: they hold pre-shared keys.
/// Errors are cheap to clone, because one failed commit answers every
/// transaction that was part of it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The file is not an engine file at all.
    #[error("{} is not an engine file: {found}; it was left as it is", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        found: String,
    },
    /// The file was written by a newer release.
    #[error(
        "{} has format {found}, but this release knows formats up to {supported}; \
         use the release that wrote it or a newer one", path.display()
    )]
    FutureVersion {
        /// The file.
        path: PathBuf,
        /// The format found in it.
        found: u32,
        /// The newest format this release understands.
        supported: u32,
    },
    /// The file is an engine file, but not what was written to it.
    #[error("{} is damaged: {detail}; restore it from a backup", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        detail: String,
    },
    /// The file is sound, and this release cannot read something in it.
    #[error("what is stored under {key} cannot be read; a newer release of this program may have written it")]
    Unreadable {
        /// The key.
        key: String,
    },
    /// There is no file, and the caller did not ask to create one.
    #[error("{} does not exist", path.display())]
    Missing {
        /// The file that was asked for.
        path: PathBuf,
    },
    /// The folder the file should lie in does not exist.
    #[error("the folder {} does not exist", folder.display())]
    NoFolder {
        /// The folder.
        folder: PathBuf,
    },
    /// The path leads to something that cannot be an engine file.
    #[error("{} is {kind}, not a file", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
        /// "a folder", "a device" and so on.
        kind: &'static str,
    },
    /// The operating system does not let this user at the file or its folder.
    #[error("no permission to {action} {}", path.display())]
    Denied {
        /// The file or folder.
        path: PathBuf,
        /// What was refused.
        action: &'static str,
    },
    /// The file lies on a read-only file system.
    #[error("{} is on a read-only file system", path.display())]
    ReadOnly {
        /// The file or folder.
        path: PathBuf,
    },
    /// No space is left for the file.
    #[error("no space left on the disk of {}", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// Other processes held the file for longer than the time allowed.
    #[error("{} was in use by another process for {} s", path.display(), waited.as_secs_f32())]
    Busy {
        /// The file.
        path: PathBuf,
        /// How long it was waited for.
        waited: Duration,
    },
    /// The file was deleted or replaced while it was open.
    #[error("{} was deleted or replaced while in use; what is written now would be lost", path.display())]
    Moved {
        /// Where the file used to be.
        path: PathBuf,
    },
    /// An earlier write failed, and what the disk holds since is uncertain.
    #[error("no more writes until the store is opened again, because an earlier one failed: {cause}")]
    Poisoned {
        /// The failure that came first.
        cause: Arc<StoreError>,
    },
    /// A transaction was started from inside a transaction on the same store.
    #[error("a write cannot be started from inside another write on the same store")]
    Nested,
    /// The store gave up before it ran the transaction.
    #[error("the transaction was not run")]
    NotRun,
    /// The entry is larger than the store can hold.
    #[error("the entry {key:?} of {size} bytes is too large to store")]
    TooLarge {
        /// The entry's key.
        key: String,
        /// The size of its value.
        size: usize,
    },
    /// An engine in etcd.
    #[error(transparent)]
    Etcd(#[from] EtcdError),
    /// The operating system failed.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was attempted.
        action: &'static str,
        /// What the system answered.
        source: Arc<io::Error>,
    },
    /// The database library failed in a way that has no name of its own here.
    #[error("{}: {detail} (code {code})", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// The library's text.
        detail: String,
        /// The library's extended result code.
        code: i32,
    },
}

impl StoreError {
    /// Whether the same may succeed a little later.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Busy { .. } => true,
            Self::Etcd(error) => error.is_temporary(),
            _ => false,
        }
    }
}
