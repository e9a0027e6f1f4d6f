//! Connections, each greeted in a task of its own: one that stalls or is refused
//! keeps nobody waiting.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::server::Connected;

/// How long a client may take to prove who it is.
const GREETING: Duration = Duration::from_secs(10);
/// How long to wait when the machine has no descriptors left.
const EXHAUSTED: Duration = Duration::from_millis(50);

/// A connection whose client is the expected one.
pub(super) enum Connection {
    /// Without TLS.
    Plain(UnixStream),
    /// With TLS.
    Tls(Box<TlsStream<UnixStream>>),
}

/// The connections to `listener` until `shutdown`; with an `acceptor`, those that
/// it accepts.
pub(super) fn connections(
    listener: UnixListener,
    acceptor: Option<TlsAcceptor>,
    shutdown: CancellationToken,
) -> ReceiverStream<io::Result<Connection>> {
    let (ready, connections) = mpsc::channel(16);
    tokio::spawn(async move {
        let accepting = async {
            loop {
                match listener.accept().await {
                    Ok((stream, _)) => drop(tokio::spawn(greet(stream, acceptor.clone(), ready.clone()))),
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept a connection");
                        tokio::time::sleep(EXHAUSTED).await;
                    }
                }
            }
        };
        shutdown.run_until_cancelled(accepting).await;
    });
    ReceiverStream::new(connections)
}

async fn greet(stream: UnixStream, acceptor: Option<TlsAcceptor>, ready: mpsc::Sender<io::Result<Connection>>) {
    let connection = match acceptor {
        None => Connection::Plain(stream),
        Some(acceptor) => match tokio::time::timeout(GREETING, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => Connection::Tls(Box::new(stream)),
            Ok(Err(error)) => return tracing::warn!(%error, "refused a connection"),
            Err(_) => return tracing::warn!("gave up on a connection that said nothing"),
        },
    };
    // Nobody takes it when the server is shutting down.
    let _ = ready.send(Ok(connection)).await;
}

impl Connected for Connection {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

/// Passes a call on to the stream inside.
macro_rules! inside {
    ($connection:expr, $stream:ident => $call:expr) => {
        match $connection.get_mut() {
            Connection::Plain(stream) => {
                let $stream = Pin::new(stream);
                $call
            }
            Connection::Tls(stream) => {
                let $stream = Pin::new(stream.as_mut());
                $call
            }
        }
    };
}

impl AsyncRead for Connection {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        inside!(self, stream => stream.poll_read(cx, buf))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        inside!(self, stream => stream.poll_write(cx, buf))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        inside!(self, stream => stream.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        inside!(self, stream => stream.poll_shutdown(cx))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        inside!(self, stream => stream.poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }
}
