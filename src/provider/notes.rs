//! What a plan tells its apply beside the plan: small files in the temporary
//! folder of this machine. They hold paths, nothing secret, and nobody depends on
//! them: where one is missing, operations wait for each other instead.
//!
//! A note is removed by the apply that has done what it says, and otherwise when
//! it is a week old.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::{Duration, SystemTime};

use uuid::Uuid;

use crate::model::PolicyPath;

/// Plans whose notes are older were never applied.
const STALE: Duration = Duration::from_hours(7 * 24);

/// Notes that `run` deletes `path`.
pub fn will_delete(run: &Uuid, path: &PolicyPath) {
    write(&deletions_of(run), &format!("{path}\n"));
}

/// What `run` deletes, as far as it is noted here.
pub fn deletions(run: &Uuid) -> BTreeSet<PolicyPath> {
    let text =
        if is_ours(&folder()) { fs::read_to_string(folder().join(deletions_of(run))) } else { Ok(String::new()) };
    let text = text.unwrap_or_default();
    text.lines().filter_map(|line| PolicyPath::parse(line).ok()).collect()
}

/// Forgets what `run` deletes: it has.
pub fn forget_deletions(run: &Uuid) {
    let _ = fs::remove_file(folder().join(deletions_of(run)));
}

/// Notes that the object with this unique id is in Terraform's state, and that a
/// plan creates one at the same path.
pub fn will_replace(unique_id: &str) {
    if let Ok(id) = unique_id.parse() {
        write(&replacement_of(&id), "");
    }
}

/// Whether it is noted here that the object with this unique id is replaced by one
/// at the same path.
pub fn is_replaced(unique_id: &str) -> bool {
    is_ours(&folder()) && unique_id.parse().is_ok_and(|id| folder().join(replacement_of(&id)).exists())
}

/// Forgets that the object with this unique id is replaced: it is gone.
pub fn forget_replacement(unique_id: &str) {
    if let Ok(id) = unique_id.parse() {
        let _ = fs::remove_file(folder().join(replacement_of(&id)));
    }
}

fn deletions_of(run: &Uuid) -> String {
    format!("{run}.deletions")
}

fn replacement_of(unique_id: &Uuid) -> String {
    format!("{unique_id}.replaced")
}

/// The folder of this user's notes.
fn folder() -> PathBuf {
    let user = rustix::process::geteuid().as_raw();
    std::env::temp_dir().join(format!("terraform-provider-vpn-{user}"))
}

/// Whether nobody but this user can have written into `folder`: what notes say is
/// done.
fn is_ours(folder: &Path) -> bool {
    fs::symlink_metadata(folder).is_ok_and(|folder| {
        folder.is_dir() && folder.uid() == rustix::process::geteuid().as_raw() && folder.mode().trailing_zeros() >= 6
    })
}

/// Adds `text` to the note of this name.
fn write(name: &str, text: &str) {
    static CLEANED: Once = Once::new();
    let folder = folder();
    CLEANED.call_once(|| remove_stale(&folder));
    let written = DirBuilder::new().mode(0o700).recursive(true).create(&folder).and_then(|()| {
        if !is_ours(&folder) {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the folder of the notes is open to others"));
        }
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(folder.join(name))?;
        file.write_all(text.as_bytes())
    });
    if let Err(error) = written {
        tracing::debug!(%error, "the plan could not be noted; its parts will wait for each other");
    }
}

fn remove_stale(folder: &Path) {
    let is_stale = |entry: &fs::DirEntry| -> io::Result<bool> {
        let age = SystemTime::now().duration_since(entry.metadata()?.modified()?).unwrap_or_default();
        Ok(age > STALE)
    };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if is_stale(&entry).unwrap_or_default() {
            let _ = fs::remove_file(entry.path());
        }
    }
}
