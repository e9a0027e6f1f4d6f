//! Damaged and truncated files: an error or what was stored, never anything else.

use super::*;

const ENTRIES: usize = 60;
const STRIDE: usize = 13;

/// Opens a damaged copy: it is refused and left as it is, or all is there.
fn judge(folder: &Path, name: &str, bytes: &[u8], undamaged: &[(String, Vec<u8>)]) -> Result<(), String> {
    let path = folder.join("engine.db");
    std::fs::write(&path, bytes).unwrap();
    let verdict = match SqliteStore::open(&path) {
        Ok(store) => match everything(&store) {
            Ok(found) if found == undamaged => Ok(()),
            Ok(_) => panic!("{name}: wrong data"),
            Err(error) => Err(error.to_string()),
        },
        Err(error) => {
            assert_eq!(std::fs::read(&path).unwrap(), bytes, "{name}: {error}");
            Err(error.to_string())
        }
    };
    assert_eq!(contents(folder).len(), 1, "{name}: {verdict:?}");
    if let Err(text) = &verdict {
        assert!(!text.contains("s3cret"), "{name}: {text}");
    }
    verdict
}

#[test]
fn every_kind_of_flipped_byte() {
    let folder = TempDir::new().unwrap();
    let path = filled(folder.path(), ENTRIES);
    let sound = std::fs::read(&path).unwrap();
    let undamaged = expected(ENTRIES);
    assert_eq!(judge(folder.path(), "undamaged", &sound, &undamaged), Ok(()));
    // All of the header and the schema's page head, then a stride that meets every
    // offset of a page sooner or later.
    let positions = (0..256).chain((256..sound.len()).step_by(STRIDE));
    let mut noticed = 0;
    for at in positions {
        let flips: &[u8] = if at < 100 { &[0x01, 0x80, 0xff] } else { &[[0x01, 0x80, 0xff, 0x20][at % 4]] };
        for flip in flips {
            let mut bytes = sound.clone();
            bytes[at] ^= flip;
            let verdict = judge(folder.path(), &format!("byte {at} ^ {flip:#x}"), &bytes, &undamaged);
            noticed += usize::from(verdict.is_err());
        }
    }
    // What goes unnoticed lies in counters of the header and in space not in use.
    let stored: usize = undamaged.iter().map(|(key, value)| key.len() + value.len()).sum();
    assert!(noticed > stored / STRIDE, "only {noticed} flips were noticed in {stored} bytes of entries");
}

#[test]
fn truncated_at_every_length() {
    let folder = TempDir::new().unwrap();
    let path = filled(folder.path(), ENTRIES);
    let sound = std::fs::read(&path).unwrap();
    let lengths = (0..120).chain((120..sound.len()).step_by(509)).chain((4096..sound.len()).step_by(4096));
    for length in lengths {
        let verdict = judge(folder.path(), &format!("{length} bytes"), &sound[..length], &expected(ENTRIES));
        assert!(verdict.is_err(), "{length}");
    }
}

/// The state after a crash: file, log and index as they were in mid-life.
fn crashed(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let path = folder.join("engine.db");
    let store = SqliteStore::open(&path).unwrap();
    for at in 0..ENTRIES {
        store.write(move |tx| tx.put(&key(at), &value(at))).unwrap();
    }
    let files = contents(folder);
    drop(store);
    files.into_iter().filter(|(path, _)| !path.to_string_lossy().ends_with("-shm")).collect()
}

fn restore(folder: &Path, files: &BTreeMap<PathBuf, Vec<u8>>) {
    for path in contents(folder).keys() {
        std::fs::remove_file(path).unwrap();
    }
    for (path, content) in files {
        std::fs::write(path, content).unwrap();
    }
}

#[test]
fn a_crashed_process_left_its_log() {
    let folder = TempDir::new().unwrap();
    let files = crashed(folder.path());
    restore(folder.path(), &files);
    let store = SqliteStore::open(folder.path().join("engine.db")).unwrap();
    assert_eq!(everything(&store).unwrap(), expected(ENTRIES));
}

/// A log that ends early holds the first of the commits; damage in it reads as
/// its end. Refused or not, no half of a commit shows.
#[test]
fn a_damaged_log_is_a_shorter_log() {
    let folder = TempDir::new().unwrap();
    let sound = crashed(folder.path());
    let path = folder.path().join("engine.db");
    let wal = folder.path().join("engine.db-wal");
    let length = sound[&wal].len();
    for at in (0..length).step_by(length / 60) {
        for cut in [false, true] {
            let mut files = sound.clone();
            let log = files.get_mut(&wal).unwrap();
            if cut {
                log.truncate(at);
            } else {
                log[at] ^= 0x10;
            }
            restore(folder.path(), &files);
            match SqliteStore::open(&path) {
                Ok(store) => {
                    let found = everything(&store).unwrap();
                    assert_eq!(found, expected(found.len()), "{at}");
                }
                Err(error) => assert_eq!(contents(folder.path()), files, "{error}"),
            }
        }
    }
}

#[test]
fn a_damaged_file_with_a_log_keeps_both() {
    let folder = TempDir::new().unwrap();
    let path = filled(folder.path(), ENTRIES);
    let store = SqliteStore::open(&path).unwrap();
    store.write(|tx| tx.put("in the log", b"x")).unwrap();
    let mut files = contents(folder.path());
    drop(store);
    files.remove(&folder.path().join("engine.db-shm"));
    let middle = files[&path].len() / 2;
    files.get_mut(&path).unwrap()[middle..middle + 600].fill(0x55);
    restore(folder.path(), &files);
    let error = SqliteStore::open(&path).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    assert_eq!(contents(folder.path()), files);
}

#[test]
fn damage_under_an_open_store_is_named_by_its_key() {
    let folder = TempDir::new().unwrap();
    let path = filled(folder.path(), 3);
    {
        let connection = rusqlite::Connection::open(&path).unwrap();
        connection.execute("UPDATE entries SET value = x'00' WHERE key = ?1", [key(1)]).unwrap();
    }
    let error = SqliteStore::open(&path).unwrap_err();
    assert!(matches!(&error, StoreError::Damaged { detail, .. } if detail.contains(&key(1))), "{error}");

    let folder = TempDir::new().unwrap();
    let path = filled(folder.path(), 3);
    let store = SqliteStore::open(&path).unwrap();
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute("UPDATE entries SET key = 'moved' WHERE key = ?1", [key(1)]).unwrap();
    let error = store.read(|view| view.get("moved")).unwrap_err();
    assert!(matches!(&error, StoreError::Damaged { detail, .. } if detail.contains("moved")), "{error}");
    assert_eq!(store.read(|view| view.get(&key(2))).unwrap(), Some(value(2)));
}
