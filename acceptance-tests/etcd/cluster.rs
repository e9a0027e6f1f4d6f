//! etcd, on free ports and in a folder of its own.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, Mutex, Weak};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{EtcdAddress, EtcdStore};

/// So long may a step take that never takes long.
const PATIENCE: Duration = Duration::from_secs(30);

/// The program, which is set up when it is not there.
static PROGRAM: LazyLock<String> = LazyLock::new(|| {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/etcd-setup.sh");
    let setup = Command::new(script).output().unwrap();
    assert!(setup.status.success(), "{}", String::from_utf8_lossy(&setup.stderr));
    String::from_utf8(setup.stdout).unwrap().trim().to_owned()
});

/// A member of etcd, which ends with this.
pub struct Etcd {
    child: Mutex<Option<Child>>,
    /// Where it serves clients.
    pub port: u16,
    arguments: Vec<String>,
    pub folder: TempDir,
}

/// A port that nobody uses, and the next one may be given to somebody else.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A prefix that no other test uses.
pub fn fresh_prefix() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("/test/{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

pub fn open(url: &str) -> EtcdStore {
    EtcdStore::open(&EtcdAddress::parse(url).unwrap()).unwrap()
}

impl Etcd {
    /// One for all tests that do it no harm, as long as one of them runs.
    pub fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Etcd>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap();
        shared.upgrade().unwrap_or_else(|| {
            let etcd = Arc::new(Self::new());
            *shared = Arc::downgrade(&etcd);
            etcd
        })
    }

    /// One for this test alone.
    pub fn new() -> Self {
        Self::with(&[], "http")
    }

    /// One with more arguments, that clients reach by this scheme.
    pub fn with(arguments: &[&str], scheme: &str) -> Self {
        let peer = free_port();
        let members = [("one".to_owned(), peer)];
        let etcd = Self::prepared("one", &members, arguments, scheme);
        etcd.start();
        etcd
    }

    /// Three that belong together.
    pub fn three() -> [Self; 3] {
        let members = ["one", "two", "three"].map(|name| (name.to_owned(), free_port()));
        let etcds = ["one", "two", "three"].map(|name| Self::prepared(name, &members, &[], "http"));
        // None of them answers before there are two.
        for etcd in &etcds {
            etcd.launch();
        }
        etcds.iter().for_each(Self::await_answer);
        etcds
    }

    fn prepared(name: &str, members: &[(String, u16)], more: &[&str], scheme: &str) -> Self {
        let (port, folder) = (free_port(), TempDir::new().unwrap());
        let peer = members.iter().find(|(other, _)| other == name).unwrap().1;
        let cluster: Vec<_> = members.iter().map(|(name, port)| format!("{name}=http://127.0.0.1:{port}")).collect();
        let mut arguments = Vec::new();
        for (option, value) in [
            ("--name", name.to_owned()),
            ("--data-dir", folder.path().join("data").display().to_string()),
            ("--listen-client-urls", format!("{scheme}://127.0.0.1:{port}")),
            ("--advertise-client-urls", format!("{scheme}://127.0.0.1:{port}")),
            ("--listen-peer-urls", format!("http://127.0.0.1:{peer}")),
            ("--initial-advertise-peer-urls", format!("http://127.0.0.1:{peer}")),
            ("--initial-cluster", cluster.join(",")),
            ("--heartbeat-interval", "50".to_owned()),
            ("--election-timeout", "500".to_owned()),
            ("--logger", "zap".to_owned()),
            ("--log-level", "error".to_owned()),
        ] {
            arguments.extend([option.to_owned(), value]);
        }
        arguments.extend(more.iter().map(ToString::to_string));
        Self { child: Mutex::default(), port, arguments, folder }
    }

    /// Starts it, on the data that it has.
    pub fn start(&self) {
        self.launch();
        self.await_answer();
    }

    fn launch(&self) {
        let log = std::fs::File::create(self.folder.path().join("log")).unwrap();
        let mut command = Command::new(&*PROGRAM);
        command.args(&self.arguments).stdout(Stdio::null()).stderr(log);
        *self.child.lock().unwrap() = Some(command.spawn().unwrap());
    }

    fn await_answer(&self) {
        let is_plain = self.arguments.contains(&format!("http://127.0.0.1:{}", self.port));
        let begun = Instant::now();
        loop {
            let answers = if is_plain {
                // Where users have to log in, that is an answer as well.
                let said = self.say("/v3/kv/range", &json!({ "key": STANDARD.encode("x") }));
                said.is_some_and(|(head, _)| !head.contains(" 503 "))
            } else {
                TcpStream::connect(("127.0.0.1", self.port)).is_ok()
            };
            if answers {
                return;
            }
            let ended = self.child.lock().unwrap().as_mut().unwrap().try_wait().unwrap();
            let log = || std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            assert!(ended.is_none() && begun.elapsed() < PATIENCE, "etcd does not start: {}", log());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Kills it, as a machine that fails does.
    pub fn kill(&self) {
        if let Some(mut child) = self.child.lock().unwrap().take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// The address of an engine.
    pub fn url(&self, prefix: &str) -> String {
        format!("etcd://127.0.0.1:{}{prefix}", self.port)
    }

    /// Asks etcd by HTTP, as `curl` would: the head of its answer, and the body.
    fn say(&self, path: &str, body: &Value) -> Option<(String, String)> {
        let body = body.to_string();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        let head = format!("POST {path} HTTP/1.0\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all((head + &body).as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        Some((head.to_owned(), body.to_owned()))
    }

    /// The answer to what etcd takes.
    pub fn asked(&self, path: &str, body: &Value) -> Value {
        let (head, answer) = self.say(path, body).unwrap();
        assert!(head.contains(" 200 "), "{path} {body}: {head}, {answer}");
        serde_json::from_str(&answer).unwrap()
    }

    /// The keys of the engine at `prefix`, without what all of them begin with.
    pub fn keys(&self, prefix: &str) -> Vec<String> {
        let (key, end) = (format!("{prefix}//"), format!("{prefix}/0"));
        let ask = json!({ "key": STANDARD.encode(&key), "range_end": STANDARD.encode(end), "keys_only": true });
        let found = self.asked("/v3/kv/range", &ask);
        let found = found["kvs"].as_array().cloned().unwrap_or_default();
        let text = |pair: Value| {
            let bytes = STANDARD.decode(pair["key"].as_str().unwrap()).unwrap();
            String::from_utf8(bytes).unwrap()[key.len()..].to_owned()
        };
        found.into_iter().map(text).collect()
    }

    /// Stores something behind everybody's back.
    pub fn put(&self, key: &str, value: &str) {
        self.asked("/v3/kv/put", &json!({ "key": STANDARD.encode(key), "value": STANDARD.encode(value) }));
    }

    /// Forgets everything but what there is now.
    pub fn compact(&self) {
        let now = self.asked("/v3/kv/range", &json!({ "key": STANDARD.encode("x") }));
        self.asked("/v3/kv/compaction", &json!({ "revision": now["header"]["revision"] }));
    }
}

impl Drop for Etcd {
    fn drop(&mut self) {
        self.kill();
    }
}
