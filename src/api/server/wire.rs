//! The bytes of a connection.
//!
//! Some requests never reach a handler: their headers are too many, or are none. hyper
//! answers them by itself, with a status and nothing else, and has no way to say more. So
//! what it writes is looked at here, and such an answer is replaced by one in the API's own
//! form. A client that takes nothing for too long is given up.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::http::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::refused::{self, Refused};
use crate::api::dialect::Dialect;
use crate::api::error::ApiError;

/// A connection.
pub(super) struct Wire<S> {
    stream: S,
    /// What is written in place of an answer of hyper's, and how much of it was.
    instead: Option<(Vec<u8>, usize)>,
    /// The API that the last request was for, as far as its bytes tell.
    dialect: Dialect,
    patience: Duration,
    /// Since when the client has taken nothing, if it has not.
    stalled: Option<Pin<Box<Sleep>>>,
    /// Who is told if the client begins with TLS, until it has begun.
    stranger: Option<(Arc<Refused>, SocketAddr)>,
}

/// What a greeting over TLS begins with: a record of a handshake (RFC 8446, section 5.1).
const HANDSHAKE: u8 = 22;

impl<S: AsyncWrite + Unpin> Wire<S> {
    /// The connection of `stream`, whose client may take nothing for so long.
    pub fn new(stream: S, patience: Duration) -> Self {
        Self { stream, instead: None, dialect: Dialect::Policy, patience, stalled: None, stranger: None }
    }

    /// The same, not encrypted: `refused` is told if the client at `remote` takes it to be.
    pub fn in_plain(self, refused: Arc<Refused>, remote: SocketAddr) -> Self {
        Self { stranger: Some((refused, remote)), ..self }
    }

    /// `written`, unless nothing could be written for too long.
    fn patiently<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let patience = self.patience;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(Instant::now() + patience)));
        match stalled.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }

    /// Writes what stands in for an answer of hyper's.
    fn poll_instead(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some((answer, written)) = &mut self.instead {
            if *written == answer.len() {
                self.instead = None;
                break;
            }
            let polled = Pin::new(&mut self.stream).poll_write(cx, &answer[*written..]);
            let polled = match polled {
                Poll::Ready(Ok(0)) => Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(count)) => {
                    *written += count;
                    Poll::Ready(Ok(()))
                }
                Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                Poll::Pending => Poll::Pending,
            };
            ready!(self.patiently(cx, polled))?;
        }
        Poll::Ready(Ok(()))
    }
}

/// The answer in the API's own form, in place of what hyper writes by itself: a refusal
/// without a body. Handlers always give one.
fn instead_of(head: &[u8], dialect: Dialect) -> Option<Vec<u8>> {
    let rest = head.strip_prefix(b"HTTP/1.1 ").or_else(|| head.strip_prefix(b"HTTP/1.0 "))?;
    let status = StatusCode::from_bytes(rest.get(..3)?).ok()?;
    if !status.is_client_error() || !head.ends_with(b"\r\n\r\n") {
        return None;
    }
    let text = std::str::from_utf8(head).ok()?.to_ascii_lowercase();
    if text.contains("content-type:") || !text.contains("content-length: 0\r\n") {
        return None;
    }
    let message = match status {
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => "The headers of the request are too many or too large.",
        StatusCode::URI_TOO_LONG => "The URL is too long.",
        _ => "The request is not HTTP that can be read.",
    };
    Some(refusal(status, message, dialect))
}

/// The answer of HTTP/1 that refuses what is no request, in the form of the API.
pub(super) fn refusal(status: StatusCode, message: &str, dialect: Dialect) -> Vec<u8> {
    let body = dialect.body(&ApiError::new(status, u32::from(status.as_u16()), message)).to_string();
    let reason = status.canonical_reason().unwrap_or("Refused");
    let answer = format!(
        "HTTP/1.1 {} {reason}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        status.as_u16(),
        body.len(),
    );
    answer.into_bytes()
}

/// The begin of the path that a request's first line names, if these bytes begin with one.
pub(super) fn path_of(bytes: &[u8]) -> Option<&str> {
    let line = std::str::from_utf8(bytes.get(..bytes.len().min(64))?).ok()?;
    let (method, rest) = line.split_once(' ')?;
    let is_request = !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase());
    is_request.then_some(rest).filter(|rest| rest.starts_with('/'))
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        let read = buffer.filled().get(before..).unwrap_or_default();
        if let Some(path) = path_of(read) {
            self.dialect = Dialect::of(path);
        }
        if let Some(first) = read.first()
            && let Some((refused, remote)) = self.stranger.take()
            && *first == HANDSHAKE
        {
            refused.tell(remote, refused::ENCRYPTED);
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_instead(cx))?;
        if let Some(answer) = instead_of(bytes, self.dialect) {
            self.instead = Some((answer, 0));
            return Poll::Ready(Ok(bytes.len()));
        }
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.patiently(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_instead(cx))?;
        if let Some(head) = slices.first()
            && let Some(answer) = instead_of(head, self.dialect)
        {
            self.instead = Some((answer, 0));
            return Poll::Ready(Ok(head.len()));
        }
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.patiently(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_instead(cx))?;
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.patiently(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_instead(cx))?;
        let shut = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.patiently(cx, shut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_without_a_body_is_given_one() {
        let head = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\ndate: x\r\n\r\n";
        let answer = String::from_utf8(instead_of(head, Dialect::Policy).unwrap()).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 431 ") && head.contains(&format!("content-length: {}", body.len())));
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["httpStatus"], "REQUEST_HEADER_FIELDS_TOO_LARGE");
    }

    #[test]
    fn it_is_in_the_form_of_the_api_that_was_asked() {
        let head = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\n\r\n";
        for (request, form) in [("GET /v2.0/ports HTTP/1.1", "NeutronError"), ("POST /v3/auth/tokens", "error")] {
            let dialect = Dialect::of(path_of(request.as_bytes()).unwrap());
            let answer = String::from_utf8(instead_of(head, dialect).unwrap()).unwrap();
            let body: serde_json::Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
            assert!(body[form]["message"].is_string(), "{body}");
        }
        assert_eq!(path_of(b"{\"a\": \"/v2.0\"}"), None);
    }

    #[test]
    fn answers_of_handlers_stay_as_they_are() {
        for head in [
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}",
            "{}",
        ] {
            assert_eq!(instead_of(head.as_bytes(), Dialect::Policy), None, "{head}");
        }
    }
}
