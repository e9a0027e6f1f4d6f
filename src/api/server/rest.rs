//! The rest of a body that nobody reads.
//!
//! A request can be answered before its body was read: who may not change anything is told so
//! at once. Over HTTP/2 the server then resets the stream (RFC 9113, section 8.1), and clients
//! such as curl 7.88 take that for a failure when it comes with the answer. So a short rest is
//! read and thrown away.
//!
//! Over HTTP/1 the next request comes behind the rest. A short one is read as well; where it is
//! long, or the client waits to be asked for it, the connection ends with the answer, which says so.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::runtime::Handle;
use tokio::time::timeout;

/// So many bytes are read for nothing; of more the client is told that nobody wants them.
const MOST: usize = 64 * 1024;
/// For so long.
const PATIENCE: Duration = Duration::from_secs(5);

/// A body whose rest is read when it is dropped.
pub(super) struct ReadToItsEnd(Option<Incoming>);

impl ReadToItsEnd {
    /// The body `body`.
    pub fn new(body: Incoming) -> Self {
        Self(Some(body))
    }
}

impl Body for ReadToItsEnd {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.0 {
            Some(body) => Pin::new(body).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map(Body::size_hint).unwrap_or_default()
    }
}

impl Drop for ReadToItsEnd {
    fn drop(&mut self) {
        let Some(body) = self.0.take().filter(|body| !body.is_end_stream()) else { return };
        if let Ok(runtime) = Handle::try_current() {
            // Whether it comes to an end makes no difference to anybody here.
            runtime.spawn(timeout(PATIENCE, Limited::new(body, MOST).collect()));
        }
    }
}

/// A body of HTTP/1, of which the server knows afterwards how far it was read.
pub(super) struct Lent(Arc<Mutex<Read>>);

/// The same, for the server.
pub(super) struct Kept(Option<Arc<Mutex<Read>>>);

struct Read {
    body: Incoming,
    is_at_its_end: bool,
}

impl Read {
    fn is_over(&self) -> bool {
        self.is_at_its_end || self.body.is_end_stream()
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        self.is_at_its_end |= matches!(polled, Poll::Ready(None));
        polled
    }
}

fn locked(read: &Mutex<Read>) -> std::sync::MutexGuard<'_, Read> {
    read.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A body, and what tells how far it was read. There is nothing to tell where there is no body.
pub(super) fn lent(body: Incoming) -> (axum::body::Body, Kept) {
    if body.is_end_stream() {
        return (axum::body::Body::empty(), Kept(None));
    }
    let read = Arc::new(Mutex::new(Read { body, is_at_its_end: false }));
    (axum::body::Body::new(Lent(Arc::clone(&read))), Kept(Some(read)))
}

impl Body for Lent {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        locked(&self.0).poll(cx)
    }

    fn is_end_stream(&self) -> bool {
        locked(&self.0).is_over()
    }

    fn size_hint(&self) -> SizeHint {
        locked(&self.0).body.size_hint()
    }
}

impl Kept {
    /// Reads a short rest, unless the client `waits` to be asked for it. Whether the body is
    /// at its end then.
    pub async fn ends(self, waits: bool) -> bool {
        let Some(read) = self.0 else { return true };
        {
            let read = locked(&read);
            if read.is_over() {
                return true;
            }
            let is_short = read.body.size_hint().upper().is_some_and(|rest| rest <= MOST as u64);
            if waits || !is_short {
                return false;
            }
        }
        let rest = std::future::poll_fn(|cx| {
            loop {
                match std::task::ready!(locked(&read).poll(cx)) {
                    Some(Ok(_)) => {}
                    Some(Err(_)) => return Poll::Ready(false),
                    None => return Poll::Ready(true),
                }
            }
        });
        timeout(PATIENCE, rest).await.unwrap_or(false)
    }
}
