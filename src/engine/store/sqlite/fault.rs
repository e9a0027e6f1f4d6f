//! From the database library's result codes to errors that say what to do.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::ffi;
use rusqlite::ffi::ErrorCode;
use rustix::fs::{Access, AtFlags, CWD, accessat, statvfs};
use rustix::io::Errno;

use crate::engine::store::StoreError;

/// Less than this is no space: a page, its log frame and the log's index.
const NO_SPACE: u64 = 64 * 1024;

/// What `error`, met while using the file at `path`, means. `waited` is how long
/// a busy file was waited for.
pub(super) fn database(path: &Path, waited: Duration, error: &rusqlite::Error) -> StoreError {
    let path_buf = || path.to_path_buf();
    let rusqlite::Error::SqliteFailure(failure, text) = error else {
        return StoreError::Database { path: path_buf(), detail: error.to_string(), code: 0 };
    };
    let detail = || text.clone().unwrap_or_else(|| failure.to_string());
    match failure.code {
        ErrorCode::DiskFull => StoreError::Full { path: path_buf() },
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed => {
            StoreError::Busy { path: path_buf(), waited }
        }
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
            StoreError::Damaged { path: path_buf(), detail: detail() }
        }
        ErrorCode::ReadOnly if failure.extended_code == ffi::SQLITE_READONLY_DBMOVED => {
            StoreError::Moved { path: path_buf() }
        }
        ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::SystemIoFailure => {
            access(path).err().or_else(|| space(path).err()).unwrap_or_else(|| StoreError::Database {
                path: path_buf(),
                detail: detail(),
                code: failure.extended_code,
            })
        }
        _ => StoreError::Database { path: path_buf(), detail: detail(), code: failure.extended_code },
    }
}

/// What a failed call of the operating system means.
pub(super) fn system(path: &Path, action: &'static str, error: io::Error) -> StoreError {
    let path = path.to_path_buf();
    match error.kind() {
        io::ErrorKind::PermissionDenied => StoreError::Denied { path, action },
        io::ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly { path },
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            StoreError::Full { path }
        }
        _ => StoreError::Io { path, action, source: Arc::new(error) },
    }
}

/// Whether this user may work with the file at `path`: read and write it, and
/// have the log and its index beside it. Nothing is touched to find out.
pub(super) fn access(path: &Path) -> Result<(), StoreError> {
    let folder = folder(path);
    let both = Access::READ_OK | Access::WRITE_OK;
    let checks = [
        (folder, Access::WRITE_OK | Access::EXEC_OK, "create files in"),
        (path, both, "read and write"),
        (&beside(path, "-wal"), both, "read and write"),
        (&beside(path, "-shm"), both, "read and write"),
    ];
    for (place, wanted, action) in checks {
        match accessat(CWD, place, wanted, AtFlags::EACCESS) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(error) => return Err(system(place, action, error.into())),
        }
    }
    Ok(())
}

/// Refuses a disk that has no space for even one commit.
fn space(path: &Path) -> Result<(), StoreError> {
    match statvfs(folder(path)) {
        Ok(disk) if disk.f_bavail.saturating_mul(disk.f_frsize) < NO_SPACE => {
            Err(StoreError::Full { path: path.to_path_buf() })
        }
        _ => Ok(()),
    }
}

/// The folder `path` lies in.
pub(super) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// The neighbour of `path` whose name ends in `suffix`.
pub(super) fn beside(path: &Path, suffix: &str) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
