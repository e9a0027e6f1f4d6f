//! A proxy between the provider and an engine that is served, which does harm by rule.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// Longer than any answer takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A request that came by.
#[derive(Clone, Debug)]
pub struct Asked {
    /// `GET`, …
    pub method: String,
    /// With the query.
    pub target: String,
}

impl Asked {
    /// `PUT /infra/…`
    pub fn line(&self) -> String {
        let path = self.target.split('?').next().unwrap_or_default();
        format!("{} {}", self.method, path.split_once("/policy/api/v1").map_or(path, |(_, path)| path))
    }

    /// Whether it is a request of this method for the object or collection at `path`.
    pub fn is(&self, method: &str, path: &str) -> bool {
        self.line() == format!("{method} {path}")
    }
}

/// What is done to a request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// It is not passed on, but answered: a status, headers and a body.
    Answer(u16, &'static str, String),
    /// The connection is reset before it is passed on.
    ResetBefore,
    /// It is passed on, and the connection reset instead of an answer.
    ResetAfter,
    /// Half of the answer's body comes, and then the end.
    CutShort,
    /// The answer's body comes in pieces, with pauses.
    Slowly,
}

impl Fault {
    /// An error of the API that is answered.
    pub fn error(status: u16, headers: &'static str, code: u32, text: &str) -> Self {
        let body = serde_json::json!({ "error_code": code, "module_name": "policy", "error_message": text });
        Self::Answer(status, headers, body.to_string())
    }

    /// A page that is answered.
    pub fn page(status: u16, title: &str) -> Self {
        let body = format!("<html><head><title>{title}</title></head><body>Somebody's portal</body></html>");
        Self::Answer(status, "Content-Type: text/html\r\n", body)
    }
}

/// What is done to a request; nothing, where it is `None`.
pub type Rule = Box<dyn FnMut(&Asked) -> Option<Fault> + Send>;

struct Shared {
    upstream: String,
    rule: Mutex<Rule>,
    asked: Mutex<Vec<Asked>>,
    is_over: AtomicBool,
}

/// The proxy, until this is dropped.
pub struct Proxy {
    /// Where: `http://127.0.0.1:40123`.
    pub address: String,
    shared: Arc<Shared>,
}

impl Proxy {
    /// A proxy before `upstream`, which passes everything on for now.
    pub fn before(upstream: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            upstream: upstream.strip_prefix("http://").expect("plain HTTP").to_owned(),
            rule: Mutex::new(Box::new(|_| None)),
            asked: Mutex::default(),
            is_over: AtomicBool::new(false),
        });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                if accepting.is_over.load(Ordering::Relaxed) {
                    return;
                }
                let shared = Arc::clone(&accepting);
                thread::spawn(move || while shared.pass(&connection).is_some() {});
            }
        });
        Self { address, shared }
    }

    /// From now on `rule` says what is done.
    pub fn obey(&self, rule: impl FnMut(&Asked) -> Option<Fault> + Send + 'static) {
        *self.shared.rule.lock().unwrap() = Box::new(rule);
    }

    /// From now on all is passed on, and what was asked so far is forgotten.
    pub fn behave(&self) {
        self.obey(|_| None);
        self.shared.asked.lock().unwrap().clear();
    }

    /// The targets of what was asked.
    pub fn targets(&self) -> Vec<String> {
        self.shared.asked.lock().unwrap().iter().map(|asked| asked.target.clone()).collect()
    }

    /// What was asked, in one line each.
    pub fn lines(&self) -> Vec<String> {
        self.shared.asked.lock().unwrap().iter().map(Asked::line).collect()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        // Whoever waits for a connection is to look.
        let _ = TcpStream::connect(self.address.trim_start_matches("http://"));
    }
}

impl Shared {
    /// Passes one request on; `None` when the connection is over.
    fn pass(&self, client: &TcpStream) -> Option<()> {
        let mut client = client;
        let request = waiting(client)?;
        let asked = asked(&request)?;
        self.asked.lock().unwrap().push(asked.clone());
        let fault = (self.rule.lock().unwrap())(&asked);
        if !matches!(fault, Some(Fault::ResetBefore | Fault::ResetAfter)) {
            client.read_exact(&mut vec![0; request.len()]).ok()?;
        }
        let answer = match &fault {
            Some(Fault::Answer(status, headers, body)) => {
                let head = format!("HTTP/1.1 {status} Said\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
                return client.write_all(&[head.as_bytes(), body.as_bytes()].concat()).ok();
            }
            // A connection that is closed with something to be read is reset.
            Some(Fault::ResetBefore) => return None,
            _ => answer(&self.upstream, &request)?,
        };
        let body = end_of_head(&answer)?;
        match fault {
            Some(Fault::ResetAfter) => None,
            Some(Fault::CutShort) => {
                let half = body + (answer.len() - body) / 2;
                let _ = client.write_all(&answer[..half]);
                let _ = client.shutdown(std::net::Shutdown::Both);
                None
            }
            Some(Fault::Slowly) => {
                let piece = (answer.len() / 4).max(1);
                for piece in answer.chunks(piece) {
                    client.write_all(piece).ok()?;
                    thread::sleep(Duration::from_millis(100));
                }
                Some(())
            }
            _ => client.write_all(&answer).ok(),
        }
    }
}

/// The next request on a connection, whole. It stays there to be read.
fn waiting(client: &TcpStream) -> Option<Vec<u8>> {
    let mut bytes = vec![0; 256 * 1024];
    loop {
        let count = client.peek(&mut bytes).ok().filter(|count| *count > 0)?;
        if let Some(body) = end_of_head(&bytes[..count]) {
            let whole = body + length_of(&bytes[..body]).unwrap_or_default();
            if whole <= count {
                return Some(bytes[..whole].to_vec());
            }
        }
        // The rest is on its way: what is there is found again at once.
        thread::sleep(Duration::from_millis(1));
    }
}

fn asked(request: &[u8]) -> Option<Asked> {
    let line = String::from_utf8_lossy(request.split(|byte| *byte == b'\r').next()?).into_owned();
    let mut words = line.split(' ').map(str::to_owned);
    Some(Asked { method: words.next()?, target: words.next()? })
}

/// What `upstream` answers to `request`.
fn answer(upstream: &str, request: &[u8]) -> Option<Vec<u8>> {
    let mut server = TcpStream::connect(upstream).ok()?;
    server.set_read_timeout(Some(PATIENCE)).ok()?;
    server.write_all(request).ok()?;
    let (mut answer, mut piece) = (Vec::new(), vec![0; 64 * 1024]);
    loop {
        if let Some(body) = end_of_head(&answer) {
            let whole = body + length_of(&answer[..body]).expect("the server says how long its answer is");
            if answer.len() >= whole {
                return Some(answer);
            }
        }
        let count = server.read(&mut piece).ok().filter(|count| *count > 0)?;
        answer.extend_from_slice(&piece[..count]);
    }
}

fn end_of_head(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
}

fn length_of(head: &[u8]) -> Option<usize> {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok())
}
