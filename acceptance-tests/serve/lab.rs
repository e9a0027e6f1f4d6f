//! A server with an engine of its own, and a client that knows nothing but HTTP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tempfile::TempDir;

/// The password of the admin.
pub const PASSWORD: &str = "Admin's own secret";
/// The password of the auditor.
pub const AUDITOR: &str = "Auditor's own secret";
/// The refresh token.
pub const TOKEN: &str = "the-refresh-token";

/// So long may a step take that never takes long.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server, which ends with this.
pub struct Lab {
    child: Child,
    pub host: String,
    pub folder: TempDir,
    pub log: Arc<Mutex<String>>,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The body, of an answer that is good.
    pub fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text());
        if self.body.is_empty() { Value::Null } else { self.json() }
    }

    /// An error in the API's own form, with this status and code; its text.
    pub fn refused(&self, status: u16, code: u64) -> String {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), Some("application/json"));
        let body = self.json();
        assert!(body["httpStatus"].is_string() && body["module_name"].is_string(), "{body}");
        assert_eq!(body["error_code"], code, "{body}");
        body["error_message"].as_str().unwrap().to_owned()
    }
}

impl Lab {
    pub fn new() -> Self {
        Self::with(&["--rate-limit", "0"])
    }

    pub fn with(options: &[&str]) -> Self {
        Self::within(TempDir::new().unwrap(), options)
    }

    pub fn within(folder: TempDir, options: &[&str]) -> Self {
        Self::begin(folder, options, &[])
    }

    /// One that is told more by its environment.
    pub fn with_environment(options: &[&str], environment: &[(&str, &str)]) -> Self {
        Self::begin(TempDir::new().unwrap(), options, environment)
    }

    fn begin(folder: TempDir, options: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_terraform-provider-vpn"))
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(options)
            .current_dir(folder.path())
            .env_remove("VPN_EMBEDDED_PATH")
            .env("VPN_SERVE_ADMIN_PASSWORD", PASSWORD)
            .env("VPN_SERVE_AUDITOR_PASSWORD", AUDITOR)
            .env("VPN_SERVE_REFRESH_TOKEN", TOKEN)
            .env_remove("VPN_SERVE_LOG")
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (mut stderr, kept) = (child.stderr.take().unwrap(), Arc::clone(&log));
        thread::spawn(move || {
            let mut part = [0; 8_192];
            while let Ok(count @ 1..) = stderr.read(&mut part) {
                kept.lock().unwrap().push_str(&String::from_utf8_lossy(&part[..count]));
            }
        });
        let mut host = None;
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            if let Some(url) = line.unwrap().strip_prefix("listening on ") {
                host = Some(url.split_once("://").unwrap().1.to_owned());
                break;
            }
        }
        let host = host.unwrap_or_else(|| panic!("it does not listen: {}", log.lock().unwrap()));
        Self { child, host, folder, log }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The bytes of memory that the process has now.
    pub fn memory(&self) -> u64 {
        self.of_memory("VmRSS:")
    }

    /// The most bytes of memory that the process ever had.
    pub fn peak_memory(&self) -> u64 {
        self.of_memory("VmHWM:")
    }

    fn of_memory(&self, what: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with(what)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1_024
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.host).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends bytes as they are, and reads the answer.
    pub fn raw(&self, bytes: &[u8]) -> Reply {
        let mut stream = self.connect();
        // The server may answer, and close, before it has read everything.
        let _ = stream.write_all(bytes);
        read(&mut stream)
    }

    /// A request with these headers.
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.host);
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
        self.raw(&[request.as_bytes(), body].concat())
    }

    pub fn by(&self, user: (&str, &str), method: &str, path: &str, body: &str) -> Reply {
        self.send(method, path, &[("Authorization", &basic(user.0, user.1))], body.as_bytes())
    }

    pub fn get(&self, path: &str) -> Reply {
        self.by(("admin", PASSWORD), "GET", path, "")
    }

    pub fn put(&self, path: &str, body: &Value) -> Reply {
        self.by(("admin", PASSWORD), "PUT", path, &body.to_string())
    }

    pub fn patch(&self, path: &str, body: &Value) -> Reply {
        self.by(("admin", PASSWORD), "PATCH", path, &body.to_string())
    }

    pub fn post(&self, path: &str) -> Reply {
        self.by(("admin", PASSWORD), "POST", path, "")
    }

    pub fn delete(&self, path: &str) -> Reply {
        self.by(("admin", PASSWORD), "DELETE", path, "")
    }

    /// Ends the server as a service manager does; whether it ended well.
    pub fn terminate(&mut self) -> bool {
        let killed = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status().unwrap();
        assert!(killed.success());
        self.child.wait().unwrap().success()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// Reads one answer.
pub fn read(stream: &mut TcpStream) -> Reply {
    try_read(stream).expect("the connection ended before the answer did")
}

/// Reads one answer, if it comes whole.
pub fn try_read(stream: &mut TcpStream) -> Option<Reply> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        let mut part = [0; 8_192];
        match stream.read(&mut part) {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&part[..count]),
        }
    };
    let text = String::from_utf8(bytes[..head].to_vec()).unwrap();
    let mut lines = text.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let mut body = bytes[head + 4..].to_vec();
    let length = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length: usize = length.map_or(0, |(_, length)| length.parse().unwrap());
    while body.len() < length {
        let mut part = [0; 65_536];
        match stream.read(&mut part) {
            Ok(0) | Err(_) => return None,
            Ok(count) => body.extend_from_slice(&part[..count]),
        }
    }
    Some(Reply { status, headers, body })
}
