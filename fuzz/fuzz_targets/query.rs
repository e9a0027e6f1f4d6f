//! Parameters of URLs: lists and searches of NSX, lists of Neutron and NetMaster, and a Compute
//! Agent, whose requests are parameters alone. They go over HTTP to a server, which never fails.
#![no_main]

use std::cell::RefCell;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use terraform_provider_vpn::api::{Auth, Limits, Server, Shared};
use terraform_provider_vpn::engine::{Engine, Moment};

const ADDRESSES: [&str; 20] = [
    "/policy/api/v1/infra/ipsec-vpn-ike-profiles",
    "/policy/api/v1/infra/livetraces/statuses",
    "/policy/api/v1/infra",
    "/policy/api/v1/search/query",
    "/policy/api/v1/search/dsl",
    "/api/v1/livetraces",
    "/v2.0/networks",
    "/v2.0/subnets",
    "/v2.0/ports",
    "/v2.0/taas/tap_services",
    "/v2.0/taas/tap_flows",
    "/v2.0/taas/tap_mirrors",
    "/api/v1/tcpip/LOCAL/smart/trace",
    "/list/flow",
    "/start/flow",
    "/stop/flow",
    "/data/flow",
    "/mirror/flow",
    "/start/tunnel",
    "/data/tunnel",
];

/// A server with a few objects, for as long as the process lives.
static SERVER: LazyLock<SocketAddr> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::open(&folder.path().join("engine.db"), Moment::from_clock()).unwrap();
    let (sender, address) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let shared = Shared::new(engine, Auth::none(0), Limits::default());
            let server = Server::listen(([127, 0, 0, 1], 0).into(), None, shared, false).await.unwrap();
            sender.send(server.url().trim_start_matches("http://").parse().unwrap()).unwrap();
            server.run(std::future::pending()).await;
        });
        drop(folder);
    });
    let address = address.recv().unwrap();
    let mut line = Line::to(address);
    for name in ["a", "b", "c d"] {
        let network = line.send("POST", "/v2.0/networks", &json!({ "network": { "name": name } })).1;
        let port = json!({ "port": { "name": name, "network_id": network["network"]["id"] } });
        line.send("POST", "/v2.0/ports", &port);
        let profile = json!({ "display_name": name, "description": "of a list", "ike_version": "IKE_V2" });
        line.send("PATCH", &format!("/policy/api/v1/infra/ipsec-vpn-ike-profiles/{}", &name[..1]), &profile);
    }
    address
});

/// A connection to the server.
struct Line(BufReader<TcpStream>);

impl Line {
    fn to(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        Self(BufReader::new(stream))
    }

    /// Sends a request, and reads the status and the body of its answer.
    fn send(&mut self, method: &str, url: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let head = format!(
            "{method} {url} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.0.get_mut().write_all(head.as_bytes()).unwrap();
        let (mut status, mut length, mut is_json) = (0, 0, false);
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).unwrap() > 0, "the server has closed the connection: {url}");
            let line = line.trim_end();
            if let Some(rest) = line.strip_prefix("HTTP/1.1 ") {
                status = rest[..3].parse().unwrap();
            } else if let Some(rest) = line.strip_prefix("content-length: ") {
                length = rest.parse().unwrap();
            } else if let Some(rest) = line.strip_prefix("content-type: ") {
                is_json = rest == "application/json";
            } else if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        let body = if is_json { serde_json::from_slice(&body).unwrap() } else { Value::Null };
        (status, body)
    }
}

thread_local! {
    static LINE: RefCell<Line> = RefCell::new(Line::to(*SERVER));
}

fuzz_target!(|input: (u8, &[u8])| {
    let (address, bytes) = input;
    let address = ADDRESSES[usize::from(address) % ADDRESSES.len()];
    // What no URL holds as it is.
    let mut query = String::new();
    for byte in bytes.iter().take(2_000) {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => query.push(char::from(*byte)),
            b'-' | b'.' | b'_' | b'~' | b'%' | b'&' | b'=' | b'+' | b':' | b',' | b'/' | b'*' | b'|' | b'(' | b')' => {
                query.push(char::from(*byte));
            }
            other => write!(query, "%{other:02X}").unwrap(),
        }
    }
    let (status, body) = LINE.with_borrow_mut(|line| line.send("GET", &format!("{address}?{query}"), &Value::Null));
    // A Compute Agent is busy with what was started a moment ago.
    let is_busy = status == 503 && body["name"] == "EAGAIN";
    assert!(is_busy || (200..500).contains(&status), "{status} {address}?{query}: {body}");
});
