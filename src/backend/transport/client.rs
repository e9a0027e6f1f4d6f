//! The client: connections, and whom it trusts.

use std::time::Duration;

use reqwest::{Certificate, Client, Identity, redirect};
use rustls::crypto::aws_lc_rs;

use super::failure::Failure;
use super::tls;

/// No connection takes longer to come about.
const CONNECT: Duration = Duration::from_secs(10);

/// Between two parts of an answer no more time passes: lists of many objects take NSX
/// some seconds.
const SILENCE: Duration = Duration::from_mins(1);

/// Connections that nobody uses are kept for so long.
const IDLE: Duration = Duration::from_mins(1);

/// Whom a client trusts, and who it is.
#[derive(Clone, Default)]
pub struct Trust {
    /// Certificates of authorities, or of endpoints themselves, as PEM.
    pub authorities: Option<String>,
    /// Whether those of the system are trusted as well.
    pub system: bool,
    /// Whether any certificate is trusted.
    pub anybody: bool,
    /// The own certificate and its key, as PEM.
    pub identity: Option<String>,
}

/// A client that trusts as `trust` says.
///
/// # Errors
/// When a certificate or a key cannot be read.
pub fn client(trust: &Trust) -> Result<Client, Failure> {
    // There is one provider in the process; whoever comes second finds it there.
    let _ = aws_lc_rs::default_provider().install_default();
    let failed = |what: &str| {
        let what = what.to_owned();
        move |error: reqwest::Error| Failure::Client(format!("{what} cannot be used: {}", tls::cause(&error)))
    };
    let mut builder = Client::builder()
        .user_agent(concat!("terraform-provider-vpn/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT)
        .read_timeout(SILENCE)
        .pool_idle_timeout(IDLE)
        .tcp_keepalive(Duration::from_secs(30))
        .http2_adaptive_window(true)
        .redirect(redirect::Policy::none())
        .referer(false);
    let authorities = match &trust.authorities {
        Some(pem) => {
            Certificate::from_pem_bundle(pem.as_bytes()).map_err(failed("the certificate of the authority"))?
        }
        None => Vec::new(),
    };
    builder = if trust.anybody {
        builder.tls_danger_accept_invalid_certs(true)
    } else if trust.system {
        builder.tls_certs_merge(authorities)
    } else {
        builder.tls_certs_only(authorities)
    };
    if let Some(pem) = &trust.identity {
        builder = builder.identity(Identity::from_pem(pem.as_bytes()).map_err(failed("the client certificate"))?);
    }
    builder.build().map_err(failed("TLS"))
}
