//! The process contract between Terraform and a provider.
//!
//! | file | what it holds |
//! |---|---|
//! | `handshake` | what Terraform sets in the environment, and the one line it gets back on stdout |
//! | `tls` | mutual TLS: our certificate, and Terraform's, which is the only one we accept |
//! | `socket` | the unix socket and the directory around it, both gone at the end |
//! | `incoming` | connections, each greeted in a task of its own |
//! | `control` | the services beside the provider's: shutdown and health |
//! | `lifecycle` | signals, a parent that is gone, panics |
//! | `log` | log events as Terraform reads them from stderr |

mod control;
mod handshake;
mod incoming;
mod lifecycle;
mod log;
mod socket;
#[cfg(test)]
mod tests;
mod tls;

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UnixListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;

use self::handshake::Environment;
use self::socket::Socket;
use super::provider::Provider;
use super::server::proto::provider_server::ProviderServer;
use super::server::{ProviderService, RegistryError};

pub use handshake::started_by_terraform;
pub use log::install_at as log_to_stderr;

/// The largest message in either direction; a state may be big.
const MESSAGE_LIMIT: usize = 256 << 20;

/// How much of a message may be under way unacknowledged.
const WINDOW: u32 = 8 << 20;

/// How long operations that run may go on once the process was told to end.
const GRACE: Duration = Duration::from_secs(5);

/// How to serve.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// The provider's address: `registry.terraform.io/namespace/type`.
    pub address: String,
    /// Instead of serving the Terraform that started this process, print what
    /// other Terraforms need to find it and serve them until interrupted: for
    /// debuggers and tests.
    pub reattach: bool,
}

/// Why the provider does not serve, or served no longer.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// It was not Terraform that started this process.
    #[error(
        "this program is a Terraform plugin: Terraform starts it by itself when a configuration requires the provider \
         (the environment variable TF_PLUGIN_MAGIC_COOKIE is not what Terraform would set)"
    )]
    NotStartedByTerraform,
    /// Terraform speaks only other versions of the protocol.
    #[error(
        "Terraform offers the plugin protocol versions {0:?}, and this provider speaks version 5: use Terraform 0.12 \
         or later"
    )]
    ProtocolVersion(String),
    /// `PLUGIN_CLIENT_CERT` is not a certificate.
    #[error("Terraform's certificate in PLUGIN_CLIENT_CERT cannot be read: {0}")]
    ClientCertificate(rustls::pki_types::pem::Error),
    /// Our own certificate cannot be made.
    #[error("cannot make a certificate: {0}")]
    OwnCertificate(#[from] rcgen::Error),
    /// TLS cannot be set up.
    #[error("cannot set up TLS: {0}")]
    Tls(#[from] rustls::Error),
    /// The socket cannot be made.
    #[error("cannot listen on {path}: {source}")]
    Socket {
        /// Where it should have been.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// `PLUGIN_UNIX_SOCKET_GROUP` names no group.
    #[error("PLUGIN_UNIX_SOCKET_GROUP names the group {0:?}, which this machine does not have")]
    SocketGroup(String),
    /// Terraform does not listen to where the connection is offered.
    #[error("cannot tell Terraform where to connect: {0}")]
    Announcement(io::Error),
    /// Signals cannot be watched.
    #[error("cannot watch signals: {0}")]
    Signals(io::Error),
    /// The provider's types contradict each other.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The server failed.
    #[error("the server failed: {0}")]
    Transport(#[from] tonic::transport::Error),
}

/// Serves `provider` to the Terraform that started this process, until Terraform
/// is done, is gone, or a signal ends it.
///
/// Nothing else may write to stdout: Terraform reads the way to the socket there.
pub async fn serve(provider: impl Provider, options: ServeOptions) -> Result<(), ServeError> {
    let environment = if options.reattach { Environment::default() } else { Environment::of_process()? };
    log::install();
    lifecycle::quiet_panics();
    let shutdown = CancellationToken::new();
    lifecycle::watch_signals(&shutdown, options.reattach).map_err(ServeError::Signals)?;
    if !options.reattach {
        lifecycle::watch_parent(shutdown.clone());
    }

    let identity = environment.client_certificate.as_deref().map(tls::Identity::for_client).transpose()?;
    let (socket, listener) = Socket::listen(environment.socket_dir.as_deref(), environment.socket_group.as_deref())?;
    let line = if options.reattach {
        handshake::reattach_line(&options.address, socket.path())
    } else {
        handshake::line(socket.path(), identity.as_ref().map(tls::Identity::certificate))
    };
    announce(&line).map_err(ServeError::Announcement)?;
    tracing::debug!(socket = %socket.path().display(), tls = identity.is_some(), "listening");
    // Terraform finds its way here while the schemas are being built.
    let service = ProviderService::new(Arc::new(provider), shutdown.clone())?;
    let acceptor = identity.map(tls::Identity::into_acceptor);
    let served = run(service, listener, acceptor, shutdown, GRACE).await;
    tracing::debug!("ended");
    drop(socket);
    served
}

/// Serves connections from `listener` until `shutdown`, then for at most `grace`
/// lets the operations that run come to their end.
async fn run(
    service: ProviderService,
    listener: UnixListener,
    acceptor: Option<TlsAcceptor>,
    shutdown: CancellationToken,
    grace: Duration,
) -> Result<(), ServeError> {
    let provider = ProviderServer::new(service.clone())
        .max_decoding_message_size(MESSAGE_LIMIT)
        .max_encoding_message_size(MESSAGE_LIMIT);
    let router = Server::builder()
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .add_service(provider)
        .add_service(control::shutdown_service(service, shutdown.clone()))
        .add_service(control::health_service());
    let connections = incoming::connections(listener, acceptor, shutdown.clone());
    let serving = router.serve_with_incoming_shutdown(connections, shutdown.clone().cancelled_owned());
    let patience = async {
        shutdown.cancelled().await;
        tokio::time::sleep(grace).await;
    };
    tokio::select! {
        outcome = serving => Ok(outcome?),
        () = patience => {
            tracing::warn!("ended although operations were still running");
            Ok(())
        }
    }
}

fn announce(line: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}
