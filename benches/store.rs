//! Durable commits per second, beside the least any durable write costs: one
//! append and one fdatasync, on the same disk in the same run.
//!
//! The rounds of the contestants are interleaved, and the ratio is the median of
//! the rounds' own ratios, because neighbours on the machine come and go.
//! `SECONDS` sets the length of a round.
//!
//! What a sync costs depends on how idle the machine is, and the ten writers keep
//! it busier than the raw loop does: their ratio can exceed the ten commits that
//! one sync carries at most. `strace -f -c -e fsync,fdatasync` counts the syncs.
//!
//! Every value written differs from the one before it. `SQLite` does not touch a
//! page whose bytes stay the same, and so has nothing to sync: with a constant
//! value this would measure transactions that do nothing.

use std::error::Error;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use terraform_provider_vpn::engine::store::{SqliteStore, StoreError, StoreExt};

type Failure = Box<dyn Error + Send + Sync>;

const SIZE: usize = 600;
const ROUNDS: usize = 21;
/// A lone writer waits for the disk as the raw loop does. More than this times
/// its rate means that something was not synced.
const IMPLAUSIBLE: f64 = 4.0;
const KEYS: usize = 3000;
const WRITERS: usize = 10;

fn main() -> Result<(), Failure> {
    let seconds = std::env::var("SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(0.4);
    let length = Duration::from_secs_f64(seconds);
    // On the disk, where /tmp might be in memory.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let store = Arc::new(SqliteStore::open(folder.path().join("engine.db"))?);
    // Old enough that the log has been through the file once and every key exists.
    writers(&store, WRITERS, Duration::from_secs(2))?;

    let mut rates: [Vec<f64>; 3] = Default::default();
    for round in 0..ROUNDS {
        rates[0].push(raw(&folder.path().join(format!("raw-{round}")), length)?);
        rates[1].push(writers(&store, 1, length)?);
        rates[2].push(writers(&store, WRITERS, length)?);
    }
    let ratio = |of: usize| {
        let rounds = rates[of].iter().zip(&rates[0]);
        let mut ratios: Vec<f64> = rounds.map(|(rate, raw)| rate / raw).collect();
        ratios.sort_by(f64::total_cmp);
        let at = |part: usize| ratios.get(ratios.len() * part / 4).copied().unwrap_or(f64::NAN);
        (at(1), at(2), at(3))
    };
    let (one, ten) = (ratio(1), ratio(2));
    let [raw_rate, one_rate, ten_rate] = rates.clone().map(median);
    let shown = |(low, middle, high): (f64, f64, f64)| format!("ratio {middle:.2} (quartiles {low:.2}, {high:.2})");
    println!("raw append + fdatasync {raw_rate:>9.0} commits/s");
    println!("store, one writer      {one_rate:>9.0} commits/s  {}, goal 0.70", shown(one));
    println!("store, {WRITERS} writers     {ten_rate:>9.0} commits/s  {}, goal 1.00", shown(ten));
    if one.1 > IMPLAUSIBLE {
        return Err(format!("a lone writer cannot be {:.1} times as fast as its disk", one.1).into());
    }
    reads(&store)?;
    drop(store);
    opening(&folder.path().join("engine.db"))
}

/// A value that no other number has.
fn value(number: usize) -> [u8; SIZE] {
    let mut value = [0x5a; SIZE];
    for (to, from) in value.iter_mut().zip(number.to_le_bytes()) {
        *to = from;
    }
    value
}

/// Appends of one value, each made durable.
fn raw(path: &Path, length: Duration) -> Result<f64, Failure> {
    let mut file = File::create(path)?;
    let started = Instant::now();
    let mut count = 0_u32;
    while started.elapsed() < length {
        file.write_all(&value(count as usize))?;
        file.sync_data()?;
        count += 1;
    }
    let rate = f64::from(count) / started.elapsed().as_secs_f64();
    std::fs::remove_file(path)?;
    Ok(rate)
}

/// Transactions of one value each, from `threads` threads.
fn writers(store: &Arc<SqliteStore>, threads: usize, length: Duration) -> Result<f64, Failure> {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let started = Instant::now();
    let write = || -> Result<u32, StoreError> {
        let mut count = 0;
        while started.elapsed() < length {
            // Spread over the keys, as a new object is over the old ones.
            let number = NEXT.fetch_add(7919, Ordering::Relaxed);
            let key = format!("/infra/objects/{:06}", number % KEYS);
            let value = value(number);
            store.write(move |tx| tx.put(&key, &value))?;
            count += 1;
        }
        Ok(count)
    };
    let counts: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(write)).collect();
        threads.into_iter().map(|thread| thread.join().map_err(|_| "a writer panicked")).collect()
    });
    let mut total = 0;
    for count in counts {
        total += count??;
    }
    Ok(f64::from(total) / started.elapsed().as_secs_f64())
}

/// Single reads, each in a view of its own.
fn reads(store: &SqliteStore) -> Result<(), Failure> {
    const READS: u32 = 100_000;
    let started = Instant::now();
    for at in 0..READS {
        let key = format!("/infra/objects/{:06}", at as usize % KEYS);
        store.read(|view| view.get(&key))?;
    }
    println!("store, reads           {:>9.0} /s", f64::from(READS) / started.elapsed().as_secs_f64());
    Ok(())
}

/// Opening with the check of the whole file.
fn opening(path: &Path) -> Result<(), Failure> {
    const TIMES: u32 = 20;
    let started = Instant::now();
    for _ in 0..TIMES {
        drop(SqliteStore::open(path)?);
    }
    let size = std::fs::metadata(path)?.len() / 1024;
    println!(
        "open, check, close     {:>9.2} ms for {size} KiB",
        started.elapsed().as_secs_f64() * 1e3 / f64::from(TIMES)
    );
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
