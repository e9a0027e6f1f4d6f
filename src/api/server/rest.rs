//! The rest of a body that nobody reads.
//!
//! A request can be answered before its body was read: who may not change anything is told so
//! at once. Over HTTP/2 the server then resets the stream (RFC 9113, section 8.1), and clients
//! such as curl 7.88 take that for a failure when it comes with the answer. So a short rest is
//! read and thrown away.

use std::pin::Pin;
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
