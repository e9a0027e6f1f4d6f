//! Finding the file a path means, and making it private.

use std::fs::{FileType, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::guard::Guard;
use super::{create, fault};
use crate::engine::store::StoreError;

/// So many links are followed, as by the system itself.
const LINKS: usize = 40;
/// So often the file may vanish between being found and being looked at.
const TRIES: usize = 5;

/// The file that `path` means, with links followed, created if it does not exist
/// and `create` says so.
pub(super) fn locate(path: &Path, create: bool) -> Result<PathBuf, StoreError> {
    for _ in 0..TRIES {
        match std::fs::metadata(path) {
            Ok(found) if found.is_file() => {
                return path.canonicalize().map_err(|error| fault::system(path, "find", error));
            }
            Ok(found) => {
                return Err(StoreError::NotAFile { path: path.to_path_buf(), kind: kind(found.file_type()) });
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let target = vacant(path)?;
                if !create {
                    return Err(StoreError::Missing { path: target });
                }
                if orphaned(&target) {
                    if target.exists() {
                        continue; // Another process has just created it.
                    }
                    let detail = "the file is gone, but its log (-wal) is still there; \
                                  restore the file, or remove the log to start anew";
                    return Err(StoreError::Damaged { path: target, detail: detail.to_owned() });
                }
                fault::access(&target)?;
                create::create(&target)?;
            }
            Err(error) => return Err(fault::system(path, "find", error)),
        }
    }
    Err(StoreError::Missing { path: path.to_path_buf() })
}

/// Where a file would be created for `path`, which leads to nothing: in the
/// folder that its links lead to.
fn vacant(path: &Path) -> Result<PathBuf, StoreError> {
    let mut path = path.to_path_buf();
    for _ in 0..LINKS {
        let Some(name) = path.file_name() else { break };
        let folder = match fault::folder(&path).canonicalize() {
            Ok(folder) => folder,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(StoreError::NoFolder { folder: fault::folder(&path).to_path_buf() });
            }
            Err(error) => return Err(fault::system(fault::folder(&path), "find", error)),
        };
        path = folder.join(name);
        match std::fs::read_link(&path) {
            Ok(target) => path = folder.join(target),
            Err(_) => return Ok(path),
        }
    }
    Err(StoreError::Missing { path })
}

/// Whether a log lies where a file is to be created. `SQLite` would replay it into
/// the new file.
fn orphaned(path: &Path) -> bool {
    logged(path) || length(&fault::beside(path, "-journal")) > 0
}

/// Whether a log with something in it lies beside the file.
pub(super) fn logged(path: &Path) -> bool {
    length(&fault::beside(path, "-wal")) > 0
}

fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |found| found.len())
}

/// Takes the permissions of group and others away from the file and its
/// neighbours.
pub(super) fn narrow(guard: &Guard, path: &Path) {
    let private = || Permissions::from_mode(create::MODE);
    let wide = |permissions: &Permissions| permissions.mode() & 0o077 != 0;
    let warn = |path: &Path, result: io::Result<()>| match result {
        Ok(()) => tracing::warn!(path = %path.display(), "the engine file was accessible to others; made it private"),
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "the engine file is accessible to others, and cannot be made private");
        }
    };
    let mode = guard.with(std::fs::File::metadata).map(|found| found.permissions());
    if mode.is_ok_and(|mode| wide(&mode)) {
        warn(path, guard.with(|file| file.set_permissions(private())));
    }
    for suffix in ["-wal", "-shm"] {
        let neighbour = fault::beside(path, suffix);
        // Not through a link: that would be somebody else's file.
        let found = std::fs::symlink_metadata(&neighbour);
        if found.is_ok_and(|found| found.is_file() && wide(&found.permissions())) {
            warn(&neighbour, std::fs::set_permissions(&neighbour, private()));
        }
    }
}

fn kind(found: FileType) -> &'static str {
    if found.is_dir() {
        "a folder"
    } else if found.is_fifo() {
        "a pipe"
    } else if found.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}
