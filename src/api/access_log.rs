//! One line of JSON for each request, on stderr.
//!
//! A line names the address without its parameters, and nothing of headers and bodies:
//! what is secret stands there.

use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde::Serialize;

/// So many lines wait for a reader that is slow; what comes then is left out, and counted.
const WAITING: usize = 8_192;

/// A request that was answered.
#[derive(Serialize)]
pub struct Line<'a> {
    /// When it was answered (RFC 3339).
    pub time: String,
    /// The address of the client.
    pub remote: &'a str,
    /// Who asked; none where nobody was asked who they are.
    pub user: Option<&'a str>,
    /// The method.
    pub method: &'a str,
    /// The path of the URL, without parameters.
    pub path: &'a str,
    /// The status of the answer.
    pub status: u16,
    /// The size of the answer's body in bytes, where it is known beforehand.
    pub bytes: Option<u64>,
    /// How long it took, in microseconds.
    pub duration_us: u64,
    /// How many lines were left out before this one.
    #[serde(skip_serializing_if = "none")]
    pub left_out: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde asks so.
fn none(number: &u64) -> bool {
    *number == 0
}

/// How long lines are gathered before they are written: to wake a thread for each of them
/// would cost more than the answer.
const GATHERED: Duration = Duration::from_millis(10);

/// How long is waited at the end for a reader that is slow.
const PATIENCE: Duration = Duration::from_secs(1);

/// Where the lines go: a thread of its own writes them, so that no answer waits for the
/// reader of stderr. What waits when this goes is written first.
pub struct AccessLog {
    lines: Option<SyncSender<Vec<u8>>>,
    left_out: AtomicU64,
    writer: Option<JoinHandle<()>>,
}

impl AccessLog {
    /// A log on stderr, or none.
    pub fn new(enabled: bool) -> Self {
        let (lines, writer) = enabled.then(begin).unzip();
        Self { lines, left_out: AtomicU64::new(0), writer }
    }

    /// Whether anything is written.
    pub fn is_enabled(&self) -> bool {
        self.lines.is_some()
    }

    /// Writes a line.
    pub fn write(&self, mut line: Line<'_>) {
        let Some(lines) = &self.lines else { return };
        line.left_out = self.left_out.swap(0, Ordering::Relaxed);
        let Ok(mut text) = serde_json::to_vec(&line) else { return };
        text.push(b'\n');
        if let Err(TrySendError::Full(_)) = lines.try_send(text) {
            self.left_out.fetch_add(line.left_out + 1, Ordering::Relaxed);
        }
    }
}

/// Begins to write lines, until nobody has any more.
fn begin() -> (SyncSender<Vec<u8>>, JoinHandle<()>) {
    let (lines, received) = sync_channel::<Vec<u8>>(WAITING);
    let writer = thread::spawn(move || {
        while let Ok(mut line) = received.recv() {
            // What waits is written at once.
            line.extend(received.try_iter().take(WAITING).flatten());
            let _ = std::io::stderr().lock().write_all(&line);
            thread::sleep(GATHERED);
        }
    });
    (lines, writer)
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
