//! Making a new engine file that appears whole or not at all.
//!
//! The empty database is composed in memory and written to a file that has no
//! name yet. Only when it is on the disk does it get its name, and only if
//! nobody else has taken the name meanwhile: of several processes that create
//! the file at once one wins and all use its file. A crash leaves nothing.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rusqlite::Connection;

use super::{fault, header, table};
use crate::engine::store::StoreError;

/// The mode of an engine file: it holds pre-shared keys.
pub(super) const MODE: u32 = 0o600;

/// Creates the file at `path`, unless it exists by then.
pub(super) fn create(path: &Path) -> Result<(), StoreError> {
    let image = image().map_err(|error| fault::database(path, std::time::Duration::ZERO, &error))?;
    let failed = |error| fault::system(path, "create", error);
    let folder = fault::folder(path);
    match nameless(folder, path, &image) {
        Err(error) if unsupported(&error) => named(folder, path, &image).map_err(failed)?,
        other => other.map_err(failed)?,
    }
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

/// An empty engine file.
fn image() -> rusqlite::Result<Vec<u8>> {
    let mut connection = Connection::open_in_memory()?;
    connection.pragma_update(None, "page_size", 4096)?;
    connection.pragma_update(None, "application_id", header::APPLICATION_ID)?;
    connection.pragma_update(None, "user_version", header::FORMAT)?;
    connection.execute_batch(table::SCHEMA)?;
    let mut image = connection.serialize("main")?.to_vec();
    // A database in memory has no log; the file is to have one from the start,
    // because switching it on later is what processes could race for.
    if let Some(versions) = image.get_mut(18..20) {
        versions.copy_from_slice(&[2, 2]);
    }
    Ok(image)
}

/// Writes the image to a file without a name, and names it. The descriptor's
/// entry in /proc is the only handle on such a file.
#[cfg(target_os = "linux")]
fn nameless(folder: &Path, path: &Path, image: &[u8]) -> io::Result<()> {
    use std::os::fd::AsRawFd;

    use rustix::fs::{AtFlags, CWD, linkat};

    let file = OpenOptions::new().write(true).mode(MODE).custom_flags(libc::O_TMPFILE).open(folder)?;
    fill(&file, image)?;
    let handle = format!("/proc/self/fd/{}", file.as_raw_fd());
    unless_taken(linkat(CWD, handle, CWD, path, AtFlags::SYMLINK_FOLLOW).map_err(io::Error::from))
}

#[cfg(not(target_os = "linux"))]
fn nameless(_folder: &Path, _path: &Path, _image: &[u8]) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Whether the system or the file system cannot make nameless files (network
/// file systems), or cannot name them (no /proc).
fn unsupported(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Unsupported
        || matches!(
            error.raw_os_error(),
            Some(libc::EOPNOTSUPP | libc::EISDIR | libc::EINVAL | libc::ENOENT | libc::ENOSYS | libc::EXDEV)
        )
}

/// The same through a temporary name, which is removed in any case but a crash.
fn named(folder: &Path, path: &Path, image: &[u8]) -> io::Result<()> {
    let temporary = folder.join(format!(".vpn-engine-{}.new", uuid::Uuid::new_v4()));
    let file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(&temporary)?;
    let linked = fill(&file, image).and_then(|()| unless_taken(std::fs::hard_link(&temporary, path)));
    std::fs::remove_file(&temporary).and(linked)
}

fn fill(file: &File, image: &[u8]) -> io::Result<()> {
    let mut writer = file;
    // Again, and explicitly: the mode given at creation was narrowed by the umask.
    file.set_permissions(Permissions::from_mode(MODE))?;
    writer.write_all(image)?;
    file.sync_all()
}

fn unless_taken(linked: io::Result<()>) -> io::Result<()> {
    match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_make_the_same_file_and_leave_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let image = image().unwrap();
        let (one, two) = (folder.path().join("one.db"), folder.path().join("two.db"));
        nameless(folder.path(), &one, &image).unwrap();
        named(folder.path(), &two, &image).unwrap();
        assert_eq!(std::fs::read(&one).unwrap(), std::fs::read(&two).unwrap());
        for path in [&one, &two] {
            assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o7777, MODE);
        }
        let names = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(names, 2);
    }

    #[test]
    fn a_file_that_came_first_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("engine.db");
        std::fs::write(&path, "somebody else's").unwrap();
        create(&path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"somebody else's");
    }
}
