//! Several stores on one file, and what becomes of a store whose file fails it.

use std::time::Duration;

use super::*;

#[test]
fn a_file_held_by_another_is_waited_for_and_then_given_up() {
    let folder = TempDir::new().unwrap();
    let path = filled(folder.path(), 1);
    let patience = Duration::from_millis(200);
    let store = SqliteStore::open_with(&path, Options { patience, ..Options::default() }).unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = store.write(|tx| tx.put("a", b"x")).unwrap_err();
    assert!(matches!(error, StoreError::Busy { waited, .. } if waited >= patience), "{error}");
    assert_eq!(everything(&store).unwrap(), expected(1), "readers do not wait");
    other.execute_batch("COMMIT").unwrap();
    store.write(|tx| tx.put("a", b"x")).unwrap();
}

#[test]
fn closing_one_store_leaves_the_locks_of_another() {
    let folder = TempDir::new().unwrap();
    let path = filled(folder.path(), 1);
    let kept = SqliteStore::open(&path).unwrap();
    drop(SqliteStore::open(&path).unwrap());
    assert!(SqliteStore::open("/dev/null").is_err());
    kept.write(|tx| tx.put("a", b"x")).unwrap();
    // Another process that is the last to close removes the log: it must see the lock.
    let script = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); print(c.execute('select count(*) from entries').fetchone()[0])";
    match std::process::Command::new("python3").args(["-c", script]).arg(&path).output() {
        Ok(output) if output.status.success() => assert_eq!(output.stdout, b"2\n"),
        _ => eprintln!("SKIPPED: no python3 with sqlite3 to act as the other process"),
    }
    assert!(folder.path().join("engine.db-wal").exists(), "the log of an open store was removed");
    kept.write(|tx| tx.put("b", b"x")).unwrap();
    drop(kept);
    assert_eq!(everything(&SqliteStore::open(&path).unwrap()).unwrap().len(), 3);
}

#[test]
fn a_deleted_file_poisons_its_store() {
    let folder = TempDir::new().unwrap();
    let path = filled(folder.path(), 1);
    let store = SqliteStore::open(&path).unwrap();
    store.write(|tx| tx.put("a", b"x")).unwrap();
    std::fs::remove_file(&path).unwrap();
    let error = store.write(|tx| tx.put("b", b"x")).unwrap_err();
    assert!(matches!(error, StoreError::Moved { .. }), "{error}");
    let error = store.write(|tx| tx.put("b", b"x")).unwrap_err();
    assert!(matches!(&error, StoreError::Poisoned { cause } if matches!(**cause, StoreError::Moved { .. })), "{error}");
    let error = everything(&store).unwrap_err();
    assert!(matches!(error, StoreError::Moved { .. }), "{error}");
    // A new file does not inherit the old one's log, which is still there.
    let error = SqliteStore::open(&path).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    // Somebody else's file of that name is neither read nor written.
    for suffix in ["-wal", "-shm"] {
        std::fs::remove_file(super::super::fault::beside(&path, suffix)).unwrap();
    }
    filled(folder.path(), 5);
    let error = everything(&store).unwrap_err();
    assert!(matches!(error, StoreError::Moved { .. }), "{error}");
    drop(store);
    assert_eq!(everything(&SqliteStore::open(&path).unwrap()).unwrap(), expected(5));
}

/// The last connection removes the log on closing, by its name: which may by
/// then be the name of another file's log.
#[test]
fn closing_a_replaced_file_leaves_its_successor_alone() {
    let folder = TempDir::new().unwrap();
    let path = filled(folder.path(), 1);
    let old = SqliteStore::open(&path).unwrap();
    old.write(|tx| tx.put("a", b"x")).unwrap();
    for path in contents(folder.path()).keys() {
        std::fs::remove_file(path).unwrap();
    }
    let new = SqliteStore::open(&path).unwrap();
    new.write(|tx| tx.put("b", b"x")).unwrap();
    drop(old);
    assert!(folder.path().join("engine.db-wal").exists());
    assert_eq!(everything(&new).unwrap().len(), 1);
}

#[test]
fn an_ignored_failure_dooms_its_transaction() {
    let folder = TempDir::new().unwrap();
    let path = filled(folder.path(), 3);
    let store = SqliteStore::open(&path).unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute("UPDATE entries SET sum = 0 WHERE key = ?1", [key(1)]).unwrap();
    let error = store.write(|tx| {
        let _ = tx.get(&key(1));
        tx.put("a", b"x")
    });
    assert!(matches!(error, Err(StoreError::Damaged { .. })), "{error:?}");
    let error = store.write(|tx| tx.put("a", b"x")).unwrap_err();
    assert!(matches!(error, StoreError::Poisoned { .. }), "{error}");
    other.execute("DELETE FROM entries WHERE key = ?1", [key(1)]).unwrap();
    drop(store);
    let store = SqliteStore::open(&path).unwrap();
    store.write(|tx| tx.put("b", b"x")).unwrap();
    assert_eq!(everything(&store).unwrap().len(), 3);
}

#[test]
fn many_create_the_file_at_once() {
    for _ in 0..10 {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("engine.db");
        std::thread::scope(|scope| {
            for at in 0..6 {
                let path = &path;
                scope.spawn(move || SqliteStore::open(path).unwrap().write(move |tx| tx.put(&key(at), b"x")).unwrap());
            }
        });
        assert_eq!(everything(&SqliteStore::open(&path).unwrap()).unwrap().len(), 6);
        assert_eq!(contents(folder.path()).len(), 1);
    }
}
