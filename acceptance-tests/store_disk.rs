//! Disks that are full or read-only, and folders that are closed. Each needs a
//! mount or another user; where the machine grants neither, the test says so.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use terraform_provider_vpn::engine::store::{SqliteStore, StoreError, StoreExt, ViewExt};

#[path = "store_support/mod.rs"]
mod support;

/// What a child has said: what follows `mark` in its output, line by line.
fn said(output: &[u8], mark: &str) -> Vec<String> {
    let text = String::from_utf8_lossy(output);
    text.lines().filter_map(|line| line.split_once(mark)).map(|(_, said)| said.to_owned()).collect()
}

fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.map(|path| (path.clone(), std::fs::read(&path).unwrap())).collect()
}

const COMMITS: usize = 50;

fn put(store: &SqliteStore, key: &str, value: &[u8]) -> Result<(), StoreError> {
    let (key, value) = (key.to_owned(), value.to_vec());
    store.write(move |tx| tx.put(&key, &value))
}

/// The parts played in a prepared world; nothing when run as a test.
#[test]
fn child() {
    let Some((role, path)) = support::role() else { return };
    let path = PathBuf::from(path);
    match role.as_str() {
        "fill" => fill(&path),
        "limit" => limit(&path),
        "faults" => faults(&path),
        "alone" => {
            let store = SqliteStore::open(&path).unwrap();
            (0..COMMITS).for_each(|at| put(&store, "same key", format!("{at}").as_bytes()).unwrap());
            println!("\nCOMMITTED");
            std::process::exit(0); // Without closing, which syncs as well.
        }
        "open" => {
            let before = path.exists().then(|| contents(path.parent().unwrap()));
            println!("\nANSWER {:?}", SqliteStore::open(&path).map(|_| ()));
            assert_eq!(path.exists().then(|| contents(path.parent().unwrap())), before);
        }
        other => panic!("no part {other}"),
    }
    println!("\nPLAYED {role}");
}

/// Writes until the disk is full; then makes room and goes on.
fn fill(path: &Path) {
    let folder = path.parent().unwrap();
    let ballast = folder.join("ballast");
    // Not even room to create the file.
    let _ = std::fs::write(&ballast, vec![1; 4 << 20]);
    let error = SqliteStore::open(path).unwrap_err();
    assert!(matches!(error, StoreError::Full { .. }), "{error}");
    assert_eq!(contents(folder).len(), 1);
    std::fs::remove_file(&ballast).unwrap();

    let store = SqliteStore::open(path).unwrap();
    let mut kept = 0;
    let error = loop {
        match put(&store, &format!("{kept:05}"), &[b'x'; 600]) {
            Ok(()) => kept += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
    assert!(kept > 10, "{kept}");
    let error = put(&store, "more", b"x").unwrap_err();
    assert!(
        matches!(&error, StoreError::Poisoned { cause } if matches!(**cause, StoreError::Full { .. })),
        "{error:?}"
    );
    assert_eq!(store.read(|view| view.entries("")).unwrap().len(), kept, "reading goes on");
    drop(store);

    // The disk is still full: whatever opening answers, all is kept.
    match SqliteStore::open(path) {
        Ok(store) => assert_eq!(store.read(|view| view.entries("")).unwrap().len(), kept),
        Err(error) => assert!(matches!(error, StoreError::Full { .. }), "{error:?}"),
    }
    let room = ["mount", "-o", "remount,size=8m"];
    assert!(Command::new(room[0]).args(&room[1..]).arg(folder).status().unwrap().success());
    let store = SqliteStore::open(path).unwrap();
    put(&store, "more", b"x").unwrap();
    assert_eq!(store.read(|view| view.entries("")).unwrap().len(), kept + 1);
}

/// Under a limit on the size of files, with the signal for it ignored.
fn limit(path: &Path) {
    let store = SqliteStore::open(path).unwrap();
    let mut kept = 0;
    while put(&store, &format!("{kept:05}"), &[b'x'; 600]).is_ok() {
        kept += 1;
    }
    assert!(matches!(put(&store, "more", b"x"), Err(StoreError::Poisoned { .. })));
    drop(store);
    let found = SqliteStore::open(path).unwrap().read(|view| view.entries("")).unwrap().len();
    assert_eq!(found, kept);
}

/// On a disk that fails one call: the failure is reported, nothing is written
/// after it although the disk would let it, and what was acknowledged is found.
fn faults(path: &Path) {
    let store = SqliteStore::open(path).unwrap();
    let mut kept = 0;
    let error = (0..200).find_map(|_| {
        let done = put(&store, &format!("{kept:05}"), &[b'x'; 600]);
        kept += usize::from(done.is_ok());
        done.err()
    });
    let error = error.expect("no call failed");
    println!("\nANSWER {kept} kept, then {error:?}");
    for _ in 0..3 {
        let again = put(&store, "after", b"x");
        assert!(matches!(again, Err(StoreError::Poisoned { .. })), "{again:?}");
    }
    drop(store);
    let store = SqliteStore::open(path).unwrap();
    let found = store.read(|view| view.entries("")).unwrap();
    // The one that failed may be there or not; it was never acknowledged.
    assert!(found.len() == kept || found.len() == kept + 1, "{kept} acknowledged, {} found", found.len());
    assert!(found.iter().enumerate().all(|(at, (key, value))| *key == format!("{at:05}") && value == &[b'x'; 600]));
    put(&store, "after", b"x").unwrap();
}

/// Says on the screen that this test, or the rest of it, cannot run here: what
/// `eprintln` prints is kept back of a test that passes.
fn skipped(why: impl std::fmt::Display) {
    let thread = std::thread::current();
    let _ = writeln!(std::io::stderr(), "SKIPPED {}: {why}", thread.name().unwrap_or_default());
}

fn can_trace() -> bool {
    let tried = Command::new("strace").args(["-e", "trace=none", "true"]).status();
    let can = tried.is_ok_and(|status| status.success());
    if !can {
        skipped("no strace to see calls and make them fail");
    }
    can
}

/// A killed process proves nothing here: the system still has what it wrote.
/// Each lone commit has to ask the disk.
#[test]
fn every_commit_is_synced() {
    if !can_trace() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let log = folder.path().join("trace");
    let wrapper = ["strace", "-f", "-o", log.to_str().unwrap(), "-e", "trace=fsync,fdatasync"];
    let output = support::child(&wrapper, "alone", &folder.path().join("engine.db")).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).matches("COMMITTED").count(), 1);
    let log = std::fs::read_to_string(log).unwrap();
    let syncs = log.lines().filter(|line| line.contains("sync(")).count();
    assert!(syncs >= COMMITS, "{COMMITS} commits, but {syncs} syncs");
    assert!(syncs < COMMITS + 12, "{COMMITS} commits, and {syncs} syncs");
}

#[test]
fn a_failing_disk() {
    if !can_trace() {
        return;
    }
    // The first calls belong to opening.
    let faults = [
        ("fsync", 8, "EIO"),
        ("fsync", 9, "ENOSPC"),
        ("fsync", 30, "EIO"),
        ("pwrite64", 40, "EIO"),
        ("pwrite64", 41, "ENOSPC"),
        ("pwrite64", 90, "EIO"),
    ];
    for (call, first, error) in faults {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("engine.db");
        let inject = format!("inject={call}:error={error}:when={first}");
        let trace = format!("trace={call}");
        let log = folder.path().join("trace");
        let wrapper = ["strace", "-f", "-o", log.to_str().unwrap(), "-e", &trace, "-e", &inject];
        let output = support::child(&wrapper, "faults", &path).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && text.contains("PLAYED"), "{inject}: {text}");
        assert!(std::fs::read_to_string(&log).unwrap().contains("(INJECTED)"), "{inject}");
        eprintln!("{inject}: {}", said(&output.stdout, "ANSWER ")[0]);
    }
}

/// Whether `unshare` lets this user mount something.
fn can_mount() -> bool {
    let tried = Command::new("unshare").args(["-rm", "mount", "-t", "tmpfs", "none", "/mnt"]).output();
    let can = tried.is_ok_and(|output| output.status.success());
    if !can {
        skipped("unshare -rm cannot mount here");
    }
    can
}

/// Runs a part after `prepare`, a shell script that knows the folder as $0.
fn play(prepare: &str, role: &str, path: &Path) -> Vec<String> {
    let script = format!("{prepare} && exec \"$@\"");
    let folder = path.parent().unwrap().to_str().unwrap();
    let output = support::child(&["unshare", "-rm", "sh", "-c", &script, folder], role, path).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("PLAYED"), "{text}");
    said(&output.stdout, "ANSWER ")
}

#[test]
fn a_full_disk() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("engine.db");
    if can_mount() {
        play("mount -t tmpfs -o size=1m none \"$0\"", "fill", &path);
    }
    // And the same failure by another way, which needs no mount.
    let script = "trap '' XFSZ; ulimit -f 400; exec \"$@\"";
    let output = support::child(&["sh", "-c", script, "sh"], "limit", &path).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("PLAYED limit"), "{text}");
}

#[test]
fn a_read_only_file_system() {
    if !can_mount() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("engine.db");
    let prepare = "mount --bind \"$0\" \"$0\" && mount -o remount,ro,bind \"$0\"";
    let answer = play(prepare, "open", &path);
    assert!(answer[0].starts_with("Err(ReadOnly"), "{answer:?}");
    put(&SqliteStore::open(&path).unwrap(), "a", b"x").unwrap();
    let before = contents(folder.path());
    let answer = play(prepare, "open", &path);
    assert!(answer[0].starts_with("Err(ReadOnly"), "{answer:?}");
    assert_eq!(contents(folder.path()), before);
}

#[test]
fn a_closed_folder() {
    let nobody = 65534;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("engine.db");
    put(&SqliteStore::open(&path).unwrap(), "a", b"x").unwrap();
    if chown(&path, Some(nobody), Some(nobody)).is_err() {
        skipped("only root can give a file to another user");
        return;
    }
    let as_nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];
    let open = |path: &Path| support::child(&as_nobody, "open", path).output();
    let before = contents(folder.path());
    for (mode, path) in [(0o555, path.clone()), (0o555, folder.path().join("new.db")), (0o700, path.clone())] {
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(mode)).unwrap();
        let output = match open(&path) {
            Ok(output) => output,
            Err(error) => return skipped(format!("no setpriv to run as another user: {error}")),
        };
        let answer = said(&output.stdout, "ANSWER ");
        if answer.is_empty() {
            return skipped(format!("nobody cannot run the test binary: {}", String::from_utf8_lossy(&output.stderr)));
        }
        assert!(answer[0].starts_with("Err(Denied"), "{mode:o}: {answer:?}");
    }
    assert_eq!(contents(folder.path()), before);
}
