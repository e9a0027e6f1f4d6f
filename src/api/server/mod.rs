//! Connections: how they begin, what they may cost, and how they end.
//!
//! | module | what it holds |
//! |---|---|
//! | `limits` | what clients may cost |
//! | `tls` | certificates |
//! | `refused` | connections that come to nothing before there is a request |
//! | `rest` | the rest of a body that nobody reads |
//! | `wire` | the bytes of a connection: what HTTP refuses by itself, and clients that do not read |

mod limits;
mod refused;
mod rest;
mod tls;
mod wire;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsAcceptor;

pub use limits::Limits;
pub use tls::{Tls, TlsError};

use self::refused::Refused;
use self::rest::ReadToItsEnd;
use self::wire::Wire;
use super::Shared;
use super::dialect::Dialect;
use super::router::Front;

/// How long to wait before the next connection is accepted, where the system has no room
/// for it.
const BREATHER: Duration = Duration::from_millis(50);

/// So long a client that is let go has to read why.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// So many bytes of it are read for nothing.
const MOST_UNREAD: u64 = 64 * 1024;

/// The client at the other end.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    /// Its address.
    pub address: SocketAddr,
    /// Whether the connection is encrypted.
    pub is_encrypted: bool,
    /// The SHA-256 fingerprint of the certificate that it has shown and proved to have.
    pub certificate: Option<Arc<str>>,
}

/// Why the server does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// The certificate cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// A server that listens.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
    shared: Arc<Shared>,
    front: Arc<Front>,
    refused: Arc<Refused>,
    slots: Arc<Semaphore>,
}

impl Server {
    /// Listens on `address`, whose port may be 0 for a free one; over TLS where there is a
    /// certificate. Writes a line for each request if `log` says so.
    pub async fn listen(
        address: SocketAddr,
        tls: Option<&Tls>,
        shared: Shared,
        log: bool,
    ) -> Result<Self, ServerError> {
        let tls = tls.map(Tls::acceptor).transpose()?;
        let failed = |source| ServerError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let slots = Arc::new(Semaphore::new(shared.limits.connections));
        let shared = Arc::new(shared);
        let front = Arc::new(Front::new(&shared, log));
        Ok(Self { listener, address, tls, shared, front, refused: Arc::default(), slots })
    }

    /// The URL at which it is reached.
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Serves until `end` comes, and then what is under way, but no longer than the limits
    /// allow. `false` when something was cut off.
    pub async fn run(self, end: impl Future<Output = ()>) -> bool {
        self.shared.read_ahead();
        let graceful = GracefulShutdown::new();
        let mut end = std::pin::pin!(end);
        loop {
            let next = async {
                let slot = Arc::clone(&self.slots).acquire_owned().await.map_err(io::Error::other)?;
                Ok::<_, io::Error>((slot, self.listener.accept().await?))
            };
            let next = tokio::select! {
                () = &mut end => break,
                next = next => next,
            };
            let Ok((slot, (stream, remote))) = next else {
                tokio::time::sleep(BREATHER).await;
                continue;
            };
            // An answer is sent when it is there.
            let _ = stream.set_nodelay(true);
            let (tls, watcher) = (self.tls.clone(), graceful.watcher());
            let (shared, front, refused) =
                (Arc::clone(&self.shared), Arc::clone(&self.front), Arc::clone(&self.refused));
            tokio::spawn(async move {
                let _open = shared.metrics.connection();
                let limits = shared.limits;
                let peer = Peer { address: remote, is_encrypted: tls.is_some(), certificate: None };
                match tls {
                    None => {
                        let wire = Wire::new(stream, limits.write_timeout).in_plain(refused, remote);
                        plain(wire, peer, front, limits, watcher).await;
                    }
                    Some(tls) => encrypted(stream, &tls, peer, front, &refused, limits, watcher).await,
                }
                drop(slot);
            });
        }
        drop(self.listener);
        tokio::time::timeout(self.shared.limits.drain, graceful.shutdown()).await.is_ok()
    }
}

/// Greets a client over TLS, and serves it by the version of HTTP that was agreed on.
async fn encrypted(
    stream: TcpStream,
    acceptor: &TlsAcceptor,
    peer: Peer,
    front: Arc<Front>,
    refused: &Refused,
    limits: Limits,
    watcher: Watcher,
) {
    let deadline = Instant::now() + limits.header_timeout;
    if let Some(dialect) = timeout_at(deadline, plain_request(&stream)).await.ok().flatten() {
        refused.tell(peer.address, refused::PLAIN);
        return tell_to_encrypt(stream, dialect).await;
    }
    // Who does not come to terms in time is nobody.
    let stream = match timeout_at(deadline, acceptor.accept(stream).into_fallible()).await {
        Ok(Ok(stream)) => stream,
        Ok(Err((error, stream))) => {
            refused.tell_of(peer.address, &error);
            return part(stream).await;
        }
        Err(_) => return,
    };
    let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
    let peer = Peer { certificate: shown.map(|shown| tls::fingerprint(shown).into()), ..peer };
    let is_h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let wire = Wire::new(stream, limits.write_timeout);
    if !is_h2 {
        return plain(wire, peer, front, limits, watcher).await;
    }
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(limits.headers_size).unwrap_or(u32::MAX))
        .max_concurrent_streams(limits.streams)
        .keep_alive_interval(Some(limits.header_timeout))
        .keep_alive_timeout(limits.header_timeout);
    let serving = builder.serve_connection(
        TokioIo::new(wire),
        service_fn(move |request: hyper::Request<Incoming>| {
            answer(&front, peer.clone(), request.map(|body| Body::new(ReadToItsEnd::new(body))))
        }),
    );
    // What becomes of a connection is the client's business, and it knows.
    let _ = watcher.watch(serving).await;
}

/// The API that a request of plain HTTP is for, if that is what the client begins with. What it
/// has sent stays unread.
async fn plain_request(stream: &TcpStream) -> Option<Dialect> {
    let mut begin = [0; 64];
    let count = stream.peek(&mut begin).await.ok()?;
    wire::path_of(begin.get(..count)?).map(Dialect::of)
}

/// Tells a client of plain HTTP that it has to encrypt.
async fn tell_to_encrypt(mut stream: TcpStream, dialect: Dialect) {
    let message = "This port takes HTTPS: the URL begins with https://.";
    let _ = stream.write_all(&wire::refusal(StatusCode::BAD_REQUEST, message, dialect)).await;
    part(stream).await;
}

/// Closes a connection whose client has been told why in TLS's words. What it has sent
/// meanwhile is read: a connection with something unread is reset, and the words are lost.
async fn part(mut stream: TcpStream) {
    let _ = stream.shutdown().await;
    let mut unread = stream.take(MOST_UNREAD);
    let _ = tokio::time::timeout(LAST_WORDS, tokio::io::copy(&mut unread, &mut tokio::io::sink())).await;
}

/// Serves a client by HTTP/1.
async fn plain<S>(wire: Wire<S>, peer: Peer, front: Arc<Front>, limits: Limits, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_headers(limits.headers)
        .max_buf_size(limits.headers_size)
        .serve_connection(
            TokioIo::new(wire),
            service_fn(move |request: hyper::Request<Incoming>| answer_and_end(&front, peer.clone(), request)),
        );
    let _ = watcher.watch(serving).await;
}

fn answer(
    front: &Arc<Front>,
    peer: Peer,
    request: Request,
) -> impl Future<Output = Result<axum::response::Response, std::convert::Infallible>> + use<> {
    let front = Arc::clone(front);
    async move { Ok(front.answer(peer, request).await) }
}

/// The same for HTTP/1, where the connection ends with the answer if too much of the body was
/// left unread.
fn answer_and_end(
    front: &Arc<Front>,
    peer: Peer,
    request: hyper::Request<Incoming>,
) -> impl Future<Output = Result<axum::response::Response, std::convert::Infallible>> + use<> {
    let front = Arc::clone(front);
    async move {
        let waits = request.headers().contains_key(header::EXPECT);
        let (parts, body) = request.into_parts();
        let (body, kept) = rest::lent(body);
        let mut response = front.answer(peer, Request::from_parts(parts, body)).await;
        if !kept.ends(waits).await {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(response)
    }
}
