//! Commits per second of the store in etcd, beside raw Puts of the same bytes to the same
//! etcd in the same run; and reads, each of which asks etcd whether it is up to date.
//!
//! etcd is the one that `scripts/etcd-setup.sh` finds, with its data beside what was built.
//! Rounds are interleaved, and a ratio is the median of the rounds' own ratios. `SECONDS`
//! sets the length of a round.

use std::error::Error;
use std::fs::File;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use terraform_provider_vpn::engine::store::{EtcdAddress, EtcdStore, StoreError, StoreExt};

#[allow(missing_docs, clippy::all, clippy::pedantic)]
mod mvccpb {
    tonic::include_proto!("mvccpb");
}

#[allow(missing_docs, clippy::all, clippy::pedantic)]
mod etcdserverpb {
    tonic::include_proto!("etcdserverpb");
}

use etcdserverpb::PutRequest;
use etcdserverpb::kv_client::KvClient;

type Failure = Box<dyn Error + Send + Sync>;

const SIZE: usize = 600;
const ROUNDS: usize = 11;
const KEYS: usize = 3000;
const WRITERS: usize = 10;

fn main() -> Result<(), Failure> {
    let seconds = std::env::var("SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(0.4);
    let length = Duration::from_secs_f64(seconds);
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let etcd = Etcd::start(folder.path())?;
    let url = format!("etcd://127.0.0.1:{}/bench", etcd.port);
    let store = EtcdStore::open(&EtcdAddress::parse(&url)?)?;
    // Every key exists.
    writers(&store, WRITERS, Duration::from_secs(2))?;

    let mut rates: [Vec<f64>; 4] = Default::default();
    for _ in 0..ROUNDS {
        for (at, count) in [1, WRITERS].into_iter().enumerate() {
            rates[2 * at].push(puts(etcd.port, count, length)?);
            rates[2 * at + 1].push(writers(&store, count, length)?);
        }
    }
    for (at, count) in [1, WRITERS].into_iter().enumerate() {
        let (raw, own) = (&rates[2 * at], &rates[2 * at + 1]);
        let ratio = median(own.iter().zip(raw).map(|(own, raw)| own / raw).collect());
        println!("etcd, {count:>2} writers: raw Puts {:>8.0} /s", median(raw.clone()));
        println!("                  store    {:>8.0} commits/s  ratio {ratio:.2}", median(own.clone()));
    }
    for count in [1, WRITERS] {
        println!("etcd, {count:>2} readers: store    {:>8.0} /s", readers(&store, count, length)?);
    }
    Ok(())
}

/// An etcd that ends with this.
struct Etcd {
    child: Child,
    port: u16,
}

impl Etcd {
    fn start(folder: &Path) -> Result<Self, Failure> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/etcd-setup.sh");
        let program = Command::new(script).stderr(Stdio::inherit()).output()?;
        let program = String::from_utf8(program.stdout)?;
        let free = || Ok::<_, Failure>(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port());
        let (port, peer) = (free()?, free()?);
        let child = Command::new(program.trim())
            .arg("--data-dir")
            .arg(folder.join("etcd"))
            .args(["--listen-client-urls", &format!("http://127.0.0.1:{port}")])
            .args(["--advertise-client-urls", &format!("http://127.0.0.1:{port}")])
            .args(["--listen-peer-urls", &format!("http://127.0.0.1:{peer}")])
            .args(["--initial-advertise-peer-urls", &format!("http://127.0.0.1:{peer}")])
            .args(["--initial-cluster", &format!("default=http://127.0.0.1:{peer}")])
            .stdout(Stdio::null())
            .stderr(File::create(folder.join("log"))?)
            .spawn()?;
        let etcd = Self { child, port };
        for _ in 0..1_000 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Ok(etcd);
            }
            thread::sleep(Duration::from_millis(10));
        }
        Err("etcd does not start".into())
    }
}

impl Drop for Etcd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A number that nobody else has, a key, and a value that no other number has.
fn next() -> (String, [u8; SIZE]) {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(7919, Ordering::Relaxed);
    let mut value = [0x5a; SIZE];
    for (to, from) in value.iter_mut().zip(number.to_le_bytes()) {
        *to = from;
    }
    (format!("/infra/objects/{:06}", number % KEYS), value)
}

/// Puts, from so many tasks on one connection.
fn puts(port: u16, tasks: usize, length: Duration) -> Result<f64, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async move {
        let client = KvClient::connect(format!("http://127.0.0.1:{port}")).await?;
        let started = Instant::now();
        let tasks: Vec<_> = (0..tasks)
            .map(|_| {
                let mut client = client.clone();
                tokio::spawn(async move {
                    let mut count = 0_u32;
                    while started.elapsed() < length {
                        let (key, value) = next();
                        client.put(PutRequest { key: key.into(), value: value.into(), lease: 0 }).await?;
                        count += 1;
                    }
                    Ok::<_, tonic::Status>(count)
                })
            })
            .collect();
        let mut total = 0;
        for task in tasks {
            total += task.await??;
        }
        Ok(f64::from(total) / started.elapsed().as_secs_f64())
    })
}

/// Transactions of one value each, from so many threads.
fn writers(store: &EtcdStore, threads: usize, length: Duration) -> Result<f64, Failure> {
    at_once(threads, length, || {
        let (key, value) = next();
        store.write(move |tx| tx.put(&key, &value))
    })
}

/// Single reads, each in a view of its own, from so many threads.
fn readers(store: &EtcdStore, threads: usize, length: Duration) -> Result<f64, Failure> {
    at_once(threads, length, || {
        let (key, _) = next();
        store.read(|view| view.get(&key)).map(|_| ())
    })
}

/// How often `work` is done in a second, by so many threads.
fn at_once(threads: usize, length: Duration, work: impl Fn() -> Result<(), StoreError> + Sync) -> Result<f64, Failure> {
    let started = Instant::now();
    let repeat = || {
        let mut count = 0_u32;
        while started.elapsed() < length {
            work()?;
            count += 1;
        }
        Ok::<_, StoreError>(count)
    };
    let counts: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(repeat)).collect();
        threads.into_iter().map(|thread| thread.join().map_err(|_| "a thread panicked")).collect()
    });
    let mut total = 0;
    for count in counts {
        total += count??;
    }
    Ok(f64::from(total) / started.elapsed().as_secs_f64())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
