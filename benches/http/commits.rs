//! The rate at which the store commits: what writes over HTTP are measured against.
//!
//! `commits FOLDER WRITERS SECONDS` prints the commits in a second of so many writers, each
//! of one value of the size of an object, in an engine file of its own in that folder.

use std::error::Error;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use terraform_provider_vpn::engine::store::{SqliteStore, StoreError, StoreExt};

type Failure = Box<dyn Error + Send + Sync>;

const SIZE: usize = 1_000;
const KEYS: usize = 3_000;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, writers, seconds] = &arguments[..] else { return Err("commits FOLDER WRITERS SECONDS".into()) };
    let folder = tempfile::tempdir_in(Path::new(folder))?;
    let store = SqliteStore::open(folder.path().join("engine.db"))?;
    let (next, length) = (AtomicUsize::new(0), Duration::from_secs_f64(seconds.parse()?));
    let started = Instant::now();
    let write = || -> Result<u32, StoreError> {
        let mut count = 0;
        while started.elapsed() < length {
            let number = next.fetch_add(7_919, Ordering::Relaxed);
            let (key, value) = (format!("/infra/objects/{:06}", number % KEYS), format!("{number:0SIZE$}"));
            store.write(move |tx| tx.put(&key, value.as_bytes()))?;
            count += 1;
        }
        Ok(count)
    };
    let counts: Vec<_> = thread::scope(|scope| {
        let writers: Vec<_> = (0..writers.parse().unwrap_or(1)).map(|_| scope.spawn(write)).collect();
        writers.into_iter().map(|writer| writer.join().map_err(|_| "a writer panicked")).collect()
    });
    let mut total = 0;
    for count in counts {
        total += count??;
    }
    println!("{:.0}", f64::from(total) / started.elapsed().as_secs_f64());
    Ok(())
}
