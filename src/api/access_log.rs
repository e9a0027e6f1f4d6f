//! One line of JSON for each request, on stderr.
//!
//! A line names the address without its parameters, and nothing of headers and bodies:
//! what is secret stands there.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use axum::http::Method;
use serde::Serialize;

use crate::engine::Moment;
use crate::model::timestamp::Timestamp;

/// So many lines wait for a reader that is slow; what comes then is left out, and counted.
const WAITING: usize = 8_192;

/// How long lines are gathered before they are written: to wake a thread for each of them
/// would cost more than the answer.
const GATHERED: Duration = Duration::from_millis(10);

/// How long is waited at the end for a reader that is slow.
const PATIENCE: Duration = Duration::from_secs(1);

/// A request that was answered.
pub struct Line {
    /// When it was answered.
    pub at: Moment,
    /// The address of the client.
    pub remote: SocketAddr,
    /// Who asked; none where nobody was asked who they are.
    pub user: Option<Arc<str>>,
    /// The method.
    pub method: Method,
    /// The path of the URL, without parameters.
    pub path: String,
    /// The status of the answer.
    pub status: u16,
    /// The size of the answer's body in bytes, where it is known beforehand.
    pub bytes: Option<u64>,
    /// How long it took.
    pub took: Duration,
}

/// A line as it is written.
#[derive(Serialize)]
struct Written<'a> {
    time: &'a str,
    remote: &'a str,
    user: Option<&'a str>,
    method: &'a str,
    path: &'a str,
    status: u16,
    bytes: Option<u64>,
    duration_us: u64,
    /// How many lines were left out before this one.
    #[serde(skip_serializing_if = "none")]
    left_out: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde asks so.
fn none(number: &u64) -> bool {
    *number == 0
}

/// Where the lines go: a thread of its own writes them, so that no answer waits for the
/// reader of stderr. What waits when this goes is written first.
pub struct AccessLog {
    lines: Option<SyncSender<(Line, u64)>>,
    left_out: AtomicU64,
    writer: Option<JoinHandle<()>>,
}

impl AccessLog {
    /// A log on stderr, or none.
    pub fn new(enabled: bool) -> Self {
        let begin = || {
            let (lines, received) = sync_channel(WAITING);
            (lines, thread::spawn(move || write(&received)))
        };
        let (lines, writer) = enabled.then(begin).unzip();
        Self { lines, left_out: AtomicU64::new(0), writer }
    }

    /// Whether anything is written.
    pub fn is_enabled(&self) -> bool {
        self.lines.is_some()
    }

    /// Writes a line.
    pub fn write(&self, line: Line) {
        let Some(lines) = &self.lines else { return };
        let left_out = self.left_out.swap(0, Ordering::Relaxed);
        if let Err(TrySendError::Full(_)) = lines.try_send((line, left_out)) {
            self.left_out.fetch_add(left_out + 1, Ordering::Relaxed);
        }
    }
}

impl Drop for AccessLog {
    fn drop(&mut self) {
        self.lines = None;
        let begin = Instant::now();
        while self.writer.as_ref().is_some_and(|writer| !writer.is_finished()) && begin.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Writes lines until there are no more to come.
fn write(received: &Receiver<(Line, u64)>) {
    // Many lines are of one moment, or of one client.
    let mut time = (Moment(0), String::new());
    let mut remote = (None, String::new());
    while let Ok(first) = received.recv() {
        let mut text = Vec::new();
        // What waits is written at once.
        for (line, left_out) in [first].into_iter().chain(received.try_iter().take(WAITING)) {
            if time.0 != line.at {
                time = (line.at, Timestamp(line.at.0).to_string());
            }
            if remote.0 != Some(line.remote) {
                remote = (Some(line.remote), line.remote.to_string());
            }
            let written = Written {
                time: &time.1,
                remote: &remote.1,
                user: line.user.as_deref(),
                method: line.method.as_str(),
                path: &line.path,
                status: line.status,
                bytes: line.bytes,
                duration_us: u64::try_from(line.took.as_micros()).unwrap_or(u64::MAX),
                left_out,
            };
            // Texts and numbers can be written.
            if serde_json::to_writer(&mut text, &written).is_ok() {
                text.push(b'\n');
            }
        }
        let _ = std::io::stderr().lock().write_all(&text);
        thread::sleep(GATHERED);
    }
}
