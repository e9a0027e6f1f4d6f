//! Several processes on one engine file, and processes that are killed.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic)]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use terraform_provider_vpn::engine::store::{SqliteStore, StoreError, StoreExt, Transaction, ViewExt};

#[path = "store_support/mod.rs"]
mod support;

const ROUNDS: u32 = 30;

fn count(tx: &mut dyn Transaction) -> Result<u64, StoreError> {
    let number = tx.get("n")?.map_or(0, |bytes| String::from_utf8(bytes).unwrap().parse().unwrap()) + 1;
    tx.put("n", number.to_string().as_bytes())?;
    Ok(number)
}

/// The parts played in processes of their own; nothing when run as a test.
#[test]
fn child() {
    let Some((role, path)) = support::role() else { return };
    let store = SqliteStore::open(&path).unwrap();
    match role.as_str() {
        // Writes for ever, three keys a transaction, and says what is durable.
        "forever" => std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    loop {
                        let number = store.write(|tx| {
                            let number = count(tx)?;
                            tx.put(&format!("a/{number:08}"), &[b'a'; 700])?;
                            tx.put(&format!("b/{number:08}"), &[b'b'; 700])?;
                            Ok::<_, StoreError>(number)
                        });
                        // One write call a line, so that a kill cannot mix two.
                        std::io::stdout().write_all(format!("\nack {}\n", number.unwrap()).as_bytes()).unwrap();
                    }
                });
            }
        }),
        who => {
            for at in 0..100 {
                let key = format!("{who}/{at:03}");
                store.write(move |tx| tx.put(&key, b"x").and_then(|()| count(tx))).unwrap();
            }
        }
    }
}

/// Whole transactions only, and all of the acknowledged ones.
fn verify(path: &Path, acknowledged: u64) -> u64 {
    let store = SqliteStore::open(path).unwrap();
    let (number, a, b) =
        store.read(|view| Ok::<_, StoreError>((view.get("n")?, view.entries("a/")?, view.entries("b/")?))).unwrap();
    let number = number.map_or(0, |bytes| String::from_utf8(bytes).unwrap().parse().unwrap());
    assert!(number >= acknowledged, "{acknowledged} was acknowledged, {number} found");
    let names = |entries: &[(String, Vec<u8>)]| entries.iter().map(|entry| entry.0[2..].to_owned()).collect::<Vec<_>>();
    assert_eq!(names(&a), (1..=number).map(|at| format!("{at:08}")).collect::<Vec<_>>());
    assert_eq!(names(&a), names(&b));
    assert!(a.iter().all(|(_, value)| value == &[b'a'; 700]) && b.iter().all(|(_, value)| value == &[b'b'; 700]));
    number
}

#[test]
fn nothing_acknowledged_is_lost_to_a_kill() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("engine.db");
    let (mut acknowledged, mut found) = (0, 0);
    for round in 0..ROUNDS {
        let mut child = support::child(&[], "forever", &path).spawn().unwrap();
        let output = child.stdout.take().unwrap();
        let reader = std::thread::spawn(move || {
            let lines = BufReader::new(output).lines().map_while(Result::ok);
            lines.filter_map(|line| line.strip_prefix("ack ")?.parse().ok()).max().unwrap_or(0_u64)
        });
        // From before the file exists to well into the writing.
        std::thread::sleep(Duration::from_micros(1000 + u64::from(round) * 7919 % 120_000));
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged = reader.join().unwrap().max(acknowledged);
        found = verify(&path, acknowledged);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "something was left behind");
    }
    eprintln!("{ROUNDS} kills, {acknowledged} acknowledged, {found} found");
    assert!(acknowledged > 50, "the children hardly wrote: {acknowledged}");
}

#[test]
fn two_processes_at_once() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("engine.db");
    let mut children: Vec<_> = ["one", "two"].map(|who| support::child(&[], who, &path).spawn().unwrap()).into();
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    let store = SqliteStore::open(&path).unwrap();
    store
        .read(|view| {
            assert_eq!(view.get("n")?.as_deref(), Some(b"200".as_slice()));
            assert_eq!((view.entries("one/")?.len(), view.entries("two/")?.len()), (100, 100));
            Ok::<_, StoreError>(())
        })
        .unwrap();
}
