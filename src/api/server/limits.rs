//! What clients may cost.

use std::time::Duration;

/// What clients may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most bytes of a body.
    pub body: usize,
    /// The most headers of a request.
    pub headers: usize,
    /// The most bytes of a request's headers.
    pub headers_size: usize,
    /// The most connections at once; further ones wait.
    pub connections: usize,
    /// The most requests at once on one connection of HTTP/2.
    pub streams: u32,
    /// How long a request's headers may take, a greeting over TLS, and how long a
    /// connection may be idle.
    pub header_timeout: Duration,
    /// How long a request's body may take.
    pub body_timeout: Duration,
    /// How long a client may take nothing of an answer.
    pub write_timeout: Duration,
    /// How long what is under way may take when the server ends.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 10 * 1024 * 1024,
            headers: 100,
            headers_size: 64 * 1024,
            connections: 1_024,
            streams: 100,
            header_timeout: Duration::from_secs(30),
            body_timeout: Duration::from_secs(60),
            write_timeout: Duration::from_secs(60),
            drain: Duration::from_secs(30),
        }
    }
}

/// So many of the largest bodies are held at once; the next ones wait.
const BODIES: usize = 8;

impl Limits {
    /// How much memory all bodies have that are held at once, in KiB.
    pub(in crate::api) fn memory_in_kib(&self) -> usize {
        self.body.div_ceil(1_024).saturating_mul(BODIES).clamp(1, u32::MAX as usize)
    }
}
