//! Files that must not be opened, and that nothing happens to them.

use std::os::unix::fs::{PermissionsExt, symlink};

use rusqlite::Connection;

use super::*;

/// Opens what `make` has put at the path; returns the refusal, after making sure
/// that it changed nothing.
fn refusal(make: impl FnOnce(&Path)) -> StoreError {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("engine.db");
    make(&path);
    let before = contents(folder.path());
    let error = SqliteStore::open(&path).unwrap_err();
    assert_eq!(contents(folder.path()), before, "{error}");
    assert!(error.to_string().contains("engine.db"), "{error}");
    error
}

fn other_database(path: &Path, pragmas: &str) {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch(&format!("{pragmas}; CREATE TABLE other(x); INSERT INTO other VALUES (1);")).unwrap();
}

#[test]
fn strangers() {
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".repeat(300);
    let texts: [&[u8]; 5] = [b"", b"x", b"SQLite format 4\0 and more", b"hello\n", &png];
    for content in texts {
        let error = refusal(|path| std::fs::write(path, content).unwrap());
        assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
    }
    for pragmas in ["", "PRAGMA journal_mode=WAL", "PRAGMA application_id=42; PRAGMA user_version=1"] {
        let error = refusal(|path| other_database(path, pragmas));
        assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
    }
}

#[test]
fn a_strangers_log_is_not_replayed() {
    let error = refusal(|path| {
        let connection = Connection::open(path).unwrap();
        connection.execute_batch("PRAGMA journal_mode=WAL; CREATE TABLE other(x)").unwrap();
        // As after a crash: the log stays.
        let wal = std::fs::read(path.with_extension("db-wal")).unwrap();
        let db = std::fs::read(path).unwrap();
        drop(connection);
        std::fs::write(path, db).unwrap();
        std::fs::write(path.with_extension("db-wal"), wal).unwrap();
    });
    assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
}

#[test]
fn a_newer_format() {
    let error = refusal(|path| {
        filled(path.parent().unwrap(), 3);
        let connection = Connection::open(path).unwrap();
        connection.execute_batch("PRAGMA user_version=7").unwrap();
    });
    assert!(matches!(error, StoreError::FutureVersion { found: 7, supported: 1, .. }), "{error}");
}

/// The newer release crashed right after it had raised the format.
#[test]
fn a_newer_format_in_the_log() {
    let error = refusal(|path| {
        filled(path.parent().unwrap(), 3);
        let connection = Connection::open(path).unwrap();
        connection.execute_batch("PRAGMA user_version=7").unwrap();
        let crashed = contents(path.parent().unwrap());
        drop(connection);
        for (path, content) in &crashed {
            std::fs::write(path, content).unwrap();
        }
    });
    assert!(matches!(error, StoreError::FutureVersion { found: 7, .. }), "{error}");
}

#[test]
fn unknown_tables() {
    let error = refusal(|path| {
        filled(path.parent().unwrap(), 3);
        let connection = Connection::open(path).unwrap();
        connection.execute_batch("CREATE TABLE more(x)").unwrap();
    });
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
}

#[test]
fn what_is_not_a_file() {
    let error = refusal(|path| std::fs::create_dir(path).unwrap());
    assert!(matches!(error, StoreError::NotAFile { kind: "a folder", .. }), "{error}");
    let error = refusal(|path| drop(std::os::unix::net::UnixListener::bind(path).unwrap()));
    assert!(matches!(error, StoreError::NotAFile { kind: "a socket", .. }), "{error}");
    let error = SqliteStore::open("/dev/null").unwrap_err();
    assert!(matches!(error, StoreError::NotAFile { kind: "a device", .. }), "{error}");
}

#[test]
fn no_folder_no_file() {
    let folder = TempDir::new().unwrap();
    let error = SqliteStore::open(folder.path().join("none/engine.db")).unwrap_err();
    assert!(matches!(&error, StoreError::NoFolder { folder } if folder.ends_with("none")), "{error}");
    let only_existing = Options { create: false, ..Options::default() };
    let error = SqliteStore::open_with(folder.path().join("engine.db"), only_existing).unwrap_err();
    assert!(matches!(error, StoreError::Missing { .. }), "{error}");
    symlink("loop", folder.path().join("loop")).unwrap();
    let error = SqliteStore::open(folder.path().join("loop")).unwrap_err();
    assert!(matches!(error, StoreError::Io { .. }), "{error}");
    assert_eq!(contents(folder.path()).len(), 0);
}

#[test]
fn a_log_without_its_file() {
    let error = refusal(|path| std::fs::write(path.with_extension("db-wal"), "left").unwrap());
    assert!(matches!(&error, StoreError::Damaged { detail, .. } if detail.contains("-wal")), "{error}");
}

#[test]
fn links_are_followed() {
    let folder = TempDir::new().unwrap();
    let (real, link) = (folder.path().join("real.db"), folder.path().join("link.db"));
    symlink("real.db", &link).unwrap();
    for count in 1..=2 {
        let store = SqliteStore::open(&link).unwrap();
        assert_eq!(store.path(), real.canonicalize().unwrap());
        store.write(move |tx| tx.put(&key(count), b"x")).unwrap();
        assert_eq!(everything(&store).unwrap().len(), count);
    }
    assert!(link.is_symlink());
    assert_eq!(contents(folder.path()).len(), 2, "the file and the link to it");
}

#[test]
fn wide_permissions_are_narrowed() {
    let folder = TempDir::new().unwrap();
    let path = filled(folder.path(), 3);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o664)).unwrap();
    let store = SqliteStore::open(&path).unwrap();
    store.write(|tx| tx.put("a", b"x")).unwrap();
    for name in ["engine.db", "engine.db-wal", "engine.db-shm"] {
        let mode = std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600, "{name}");
    }
    drop(store);
    assert_eq!(contents(folder.path()).len(), 1, "closing tidies up");
}
