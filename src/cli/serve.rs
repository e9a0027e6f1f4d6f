//! `serve`: the engine over HTTP, for unmodified clients.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tracing::level_filters::LevelFilter;

use super::engine_file::DataFile;
use super::output::{self, Answer, Failure};
use crate::api::auth::{CredentialsError, RefreshToken, User};
use crate::api::{Auth, Credentials, Limits, Role, Server, ServerError, Shared, Tls, TlsError};
use crate::engine::store::{EtcdAddress, EtcdStore};
use crate::engine::taps::Quotas;
use crate::engine::{Engine, Moment};
use crate::tf_provider::plugin::log_to_stderr;

/// The password of the user `admin`.
const ADMIN_PASSWORD: &str = "VPN_SERVE_ADMIN_PASSWORD";
/// The password of the user `auditor`.
const AUDITOR_PASSWORD: &str = "VPN_SERVE_AUDITOR_PASSWORD";
/// A token that is exchanged for access tokens of the user `admin`.
const REFRESH_TOKEN: &str = "VPN_SERVE_REFRESH_TOKEN";
/// The user of etcd, where the address has none.
const STORE_USER: &str = "VPN_SERVE_STORE_USER";
/// The password of the user of etcd, where the address has none.
const STORE_PASSWORD: &str = "VPN_SERVE_STORE_PASSWORD";

/// Which events are logged: `off`, `error`, `warn`, `info`, `debug` or `trace`.
const LOG: &str = "VPN_SERVE_LOG";

/// What the `serve` command is given.
#[derive(Args)]
pub struct Options {
    /// The address to listen on; port 0 is a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
    #[command(flatten)]
    data: DataFile,
    // Not read by the parser of arguments, which repeats what it refuses.
    /// The engine in etcd instead, which several of these can serve at once.
    #[arg(long, value_name = "URL", conflicts_with = "data", help_heading = "Engine", help = format!(
        "The engine in etcd instead, which several of these can serve at once: \
         etcd://HOST:2379,HOST:2379/PREFIX, or etcds:// with ?ca=FILE&cert=FILE&key=FILE \
         [also: ${STORE_USER}, ${STORE_PASSWORD}]"
    ))]
    store: Option<String>,
    #[command(flatten)]
    encryption: Encryption,
    #[command(flatten)]
    users: Users,
    #[command(flatten)]
    quotas: NeutronQuotas,
    #[command(flatten)]
    bounds: Bounds,
    /// Write no line for each request
    #[arg(long)]
    no_access_log: bool,
}

/// How connections are encrypted.
#[derive(Args)]
#[command(next_help_heading = "Encryption")]
struct Encryption {
    /// The certificate, with what leads to its authority, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The key of the certificate, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Make a certificate for this run, and print its fingerprint
    #[arg(long, conflicts_with = "tls_cert")]
    tls_self_signed: bool,
    /// A name or an address in the certificate that is made [default: localhost, and the
    /// address that is listened on]
    #[arg(long, value_name = "NAME", requires = "tls_self_signed")]
    tls_name: Vec<String>,
    /// The authorities of clients that are known by their certificates, in PEM: the principal
    /// identities among the users
    #[arg(long, value_name = "FILE", conflicts_with_all = ["no_auth", "insecure_http"])]
    client_ca: Option<PathBuf>,
    /// Serve plain HTTP also where others than this machine can listen in
    #[arg(long, conflicts_with_all = ["tls_cert", "tls_self_signed"])]
    insecure_http: bool,
}

/// Who may ask.
#[derive(Args)]
#[command(next_help_heading = "Users")]
struct Users {
    /// The file of the users, which only its owner may read.
    #[arg(long = "users", value_name = "FILE", help = format!(
        "The file of the users, which only its owner may read [also: ${ADMIN_PASSWORD}, ${AUDITOR_PASSWORD}, ${REFRESH_TOKEN}]"
    ))]
    file: Option<PathBuf>,
    /// Serve everybody as the admin; only on a loopback address
    #[arg(long, conflicts_with = "file")]
    no_auth: bool,
    /// How long an access token lives, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 1_799, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    token_lifetime: u64,
}

/// How many taps a project may have.
#[derive(Args)]
#[command(next_help_heading = "Quotas")]
struct NeutronQuotas {
    /// The most tap services of a project; a negative number is without bound. Neutron's own
    /// default is 1
    #[arg(long, value_name = "COUNT", default_value_t = -1, allow_negative_numbers = true)]
    quota_tap_service: i64,
    /// The most tap flows of a project; a negative number is without bound. Neutron's own
    /// default is 10
    #[arg(long, value_name = "COUNT", default_value_t = -1, allow_negative_numbers = true)]
    quota_tap_flow: i64,
}

/// What clients may cost.
#[derive(Args)]
#[command(next_help_heading = "Limits")]
struct Bounds {
    /// The most bytes of a request's body
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().body)]
    max_body: usize,
    /// The most connections at once
    #[arg(long, value_name = "COUNT", default_value_t = Limits::default().connections)]
    max_connections: usize,
    /// The most requests of a user in a second, and from an address of those that are nobody's; 0 is without bound
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    rate_limit: u32,
    /// How long a request's headers may take, and an idle connection stays open, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = Limits::default().header_timeout.as_secs())]
    header_timeout: u64,
    /// How long a request's body may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = Limits::default().body_timeout.as_secs())]
    body_timeout: u64,
    /// How long what is under way may take at the end, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = Limits::default().drain.as_secs())]
    drain_timeout: u64,
}

/// Serves until it is told to end.
pub fn run(options: &Options) -> Result<Answer, Failure> {
    let is_local = options.listen.ip().is_loopback();
    if options.users.no_auth && !is_local {
        let message = format!("--no-auth lets everybody in who reaches {}", options.listen);
        return Err(Failure::new(message).hint("listen on 127.0.0.1, or name users with --users"));
    }
    let tls = options.encryption.tls(options.listen)?;
    if tls.is_none() && !is_local && !options.encryption.insecure_http {
        let message = format!("passwords would cross the network to {} for everybody to read", options.listen);
        let hint = "give --tls-cert and --tls-key, or --tls-self-signed; --insecure-http for a proxy that encrypts";
        return Err(Failure::new(message).hint(hint));
    }
    let credentials = options.users.credentials(options.encryption.client_ca.is_some())?;
    let quotas = Quotas::of_settings(options.quotas.quota_tap_service, options.quotas.quota_tap_flow);
    let engine = options.engine()?.with_quotas(quotas);
    let rate = options.bounds.rate_limit;
    let auth = match credentials {
        None => Auth::none(rate),
        Some(credentials) => {
            let lifetime = Duration::from_secs(options.users.token_lifetime);
            Auth::with(&credentials, &engine.signing_key()?, lifetime, rate)
        }
    };
    log(variable(LOG).as_deref())?;
    panics_tell_no_secrets();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(format!("cannot start: {error}")))?;
    let served = runtime.block_on(serve(options, tls.as_ref(), Shared::new(engine, auth, options.bounds.limits())));
    // Writes that are under way come to their end.
    drop(runtime);
    if served? { Ok(Answer::Yes) } else { Err(Failure::new("what was under way took too long and was cut off")) }
}

async fn serve(options: &Options, tls: Option<&Tls>, shared: Shared) -> Result<bool, Failure> {
    let end = end().map_err(|error| Failure::new(format!("cannot wait for signals: {error}")))?;
    let server = Server::listen(options.listen, tls, shared, !options.no_access_log).await?;
    if let Some(tls) = tls.filter(|_| options.encryption.tls_self_signed) {
        output::print(&format!("certificate SHA-256 {}\n", tls.fingerprint()))?;
    }
    output::print(&format!("listening on {}\n", server.url()))?;
    tracing::info!(url = server.url(), "serving");
    let is_done = server.run(end).await;
    tracing::info!(is_done, "ended");
    Ok(is_done)
}

/// Sends events to stderr, as far as they are wanted: each is an object of JSON on a line of its
/// own, as requests are in the access log.
fn log(wanted: Option<&str>) -> Result<(), Failure> {
    let level = match wanted {
        None => LevelFilter::WARN,
        Some(word) => word.parse().map_err(|_| {
            Failure::new(format!("{LOG} is {word:?}")).hint("set it to off, error, warn, info, debug or trace")
        })?,
    };
    log_to_stderr(level);
    Ok(())
}

/// A panic in a handler is answered with 500. Its message may hold what somebody has sent:
/// the log has the place alone.
fn panics_tell_no_secrets() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        eprintln!("{}", serde_json::json!({ "panic": place }));
    }));
}

/// Waits for SIGTERM or Ctrl-C.
fn end() -> std::io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// The value of an environment variable; an empty one is none.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

impl Options {
    /// The engine that is served: in the file, or in etcd.
    fn engine(&self) -> Result<Engine, Failure> {
        let now = Moment::from_clock();
        let Some(url) = &self.store else { return self.data.serve(now) };
        let address = EtcdAddress::parse(url).map_err(|error| Failure::new(format!("--store: {error}")))?;
        let address = address.or_login(variable(STORE_USER), variable(STORE_PASSWORD));
        let exposed = address.exposed();
        if !exposed.is_empty() {
            let hosts = exposed.join(" and ");
            output::warn(&format!(
                "keys and passwords cross the network to {hosts} for everybody to read: use etcds://"
            ));
        }
        let store = EtcdStore::open(&address).map_err(|error| Failure::new(error.to_string()))?;
        self.data.serve_over(Arc::new(store), now)
    }
}

impl Encryption {
    fn tls(&self, listen: SocketAddr) -> Result<Option<Tls>, Failure> {
        let tls = self.own(listen).transpose().map_err(|error| Failure::new(error.to_string()))?;
        match (tls, &self.client_ca) {
            (None, Some(_)) => {
                let hint = "give --tls-cert and --tls-key, or --tls-self-signed";
                Err(Failure::new("--client-ca needs TLS, in which clients show their certificates").hint(hint))
            }
            (Some(tls), Some(authorities)) => {
                tls.asking_clients(authorities).map(Some).map_err(|error| Failure::new(error.to_string()))
            }
            (tls, None) => Ok(tls),
        }
    }

    /// The server's certificate, if it has one.
    fn own(&self, listen: SocketAddr) -> Option<Result<Tls, TlsError>> {
        match (&self.tls_cert, &self.tls_key) {
            (Some(certificate), Some(key)) => Some(Tls::from_files(certificate, key)),
            _ if self.tls_self_signed && self.tls_name.is_empty() => {
                Some(Tls::self_signed(&["localhost".to_owned(), listen.ip().to_string()]))
            }
            _ if self.tls_self_signed => Some(Tls::self_signed(&self.tls_name)),
            _ => None,
        }
    }
}

impl Users {
    /// Those of the file and of the environment; none where nobody is asked. Certificates are
    /// of use if clients are asked for them.
    fn credentials(&self, asks_clients: bool) -> Result<Option<Credentials>, Failure> {
        if self.no_auth {
            return Ok(None);
        }
        let mut found = self.file.as_deref().map(Credentials::read).transpose()?.unwrap_or_default();
        for (name, user, role) in [(ADMIN_PASSWORD, "admin", Role::Admin), (AUDITOR_PASSWORD, "auditor", Role::Auditor)]
        {
            if let Some(password) = variable(name) {
                found.users.push(User { name: user.to_owned(), password, role, projects: Vec::new() });
            }
        }
        if let Some(token) = variable(REFRESH_TOKEN) {
            found.refresh_tokens.push(RefreshToken { token, user: "admin".to_owned(), role: Role::Admin });
        }
        found.check()?;
        match (found.principal_identities.is_empty(), asks_clients) {
            (false, false) => {
                let hint = "name the authorities of their certificates with --client-ca, or leave them out";
                return Err(Failure::new("nobody asks for the certificates of the principal_identities").hint(hint));
            }
            (true, true) => {
                let hint = "name them among the --users, by the fingerprints of their certificates";
                return Err(
                    Failure::new("--client-ca asks for certificates, and there are no principal_identities").hint(hint)
                );
            }
            _ => {}
        }
        if found.is_empty() {
            let hint = format!("name them with --users FILE or {ADMIN_PASSWORD}, or serve everybody with --no-auth");
            return Err(Failure::new("there are no users").hint(hint));
        }
        Ok(Some(found))
    }
}

impl Bounds {
    fn limits(&self) -> Limits {
        Limits {
            body: self.max_body,
            connections: self.max_connections,
            header_timeout: Duration::from_secs(self.header_timeout),
            body_timeout: Duration::from_secs(self.body_timeout),
            drain: Duration::from_secs(self.drain_timeout),
            ..Limits::default()
        }
    }
}

impl From<CredentialsError> for Failure {
    fn from(error: CredentialsError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<ServerError> for Failure {
    fn from(error: ServerError) -> Self {
        Self::new(error.to_string())
    }
}
