//! Talking to etcd: its members, logging in, and what is tried again.
//!
//! A call goes to the member that has answered last, and to the next one when that fails.
//! It is tried until [`PATIENCE`] has passed since etcd has answered anybody; as long as
//! nobody can reach it, calls fail at once, and whoever follows the changes ([`Client::probe`])
//! is the one who goes on trying.
//!
//! A call that is tried again may have been executed before: callers make sure that it does
//! no harm.

use std::error::Error;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::sync::Notify;
use tokio_stream::wrappers::ReceiverStream;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Code, ConnectError, Request, Response, Status, Streaming};

use super::address::{EtcdAddress, Tls};
use super::error::EtcdError;
use super::wire::{
    AuthClient, AuthenticateRequest, KvClient, LeaseClient, LeaseGrantRequest, LeaseRevokeRequest, PutRequest,
    RangeRequest, RangeResponse, RequestUnion, TxnRequest, TxnResponse, WatchClient, WatchCreateRequest, WatchRequest,
    WatchResponse,
};

/// So long is etcd waited for.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// So long may one attempt take.
const ATTEMPT: Duration = Duration::from_secs(2);
/// No connection takes longer to come about.
const CONNECT: Duration = Duration::from_secs(2);
/// Pauses between attempts.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(500));
/// A connection is asked whether it lives when it has been silent for so long. etcd closes
/// those that ask more often than every five seconds.
const ALIVE: Duration = Duration::from_secs(10);
/// How much of an answer may be under way unacknowledged.
const WINDOW: u32 = 4 << 20;

/// A connection to each member of etcd.
pub(super) struct Client {
    /// The address, for messages.
    pub store: Arc<str>,
    members: Vec<Channel>,
    /// The member that has answered last.
    current: AtomicUsize,
    login: Option<AuthenticateRequest>,
    token: Mutex<Option<MetadataValue<Ascii>>>,
    outage: Mutex<Option<Outage>>,
    /// Told when a call has failed: a watch may hang at the same member.
    pub trouble: Notify,
}

/// Since when nobody has reached etcd.
#[derive(Clone)]
struct Outage {
    since: Instant,
    cause: String,
}

/// Why a call has no answer.
#[derive(Debug)]
pub(super) struct Failed {
    pub error: EtcdError,
    /// Whether etcd may have executed it nevertheless.
    pub maybe_done: bool,
}

/// What a failed attempt means.
enum Fault {
    /// The next one may fare better. Whether etcd may have executed this one.
    Again(bool),
    /// The member is not whom it should be, or does not speak TLS.
    Stranger,
    /// The token is not known any more.
    Token,
    /// etcd does not do it.
    Final,
}

impl Client {
    /// Sets up the connections, which come about when they are needed, in the runtime that
    /// this is called in.
    pub fn new(address: &EtcdAddress, store: Arc<str>) -> Result<Self, EtcdError> {
        let failed = |cause: String| EtcdError::Setup { store: Arc::clone(&store), cause };
        let tls = address.tls.as_ref().map(trust).transpose()?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let mut members = Vec::new();
        for member in &address.members {
            let endpoint = Endpoint::from_shared(format!("{scheme}://{member}"))
                .map_err(|error| failed(format!("{member}: {}", deepest(&error))))?
                .connect_timeout(CONNECT)
                .http2_keep_alive_interval(ALIVE)
                .keep_alive_timeout(CONNECT)
                .keep_alive_while_idle(true)
                .initial_connection_window_size(WINDOW)
                .initial_stream_window_size(WINDOW)
                .tcp_nodelay(true);
            let endpoint = match &tls {
                Some(tls) => endpoint.tls_config(tls.clone()).map_err(|error| failed(deepest(&error)))?,
                None => endpoint,
            };
            members.push(endpoint.connect_lazy());
        }
        let login = address.login().map_err(|error| failed(error.to_string()))?;
        Ok(Self {
            store,
            members,
            current: AtomicUsize::new(0),
            login: login.map(|(name, password)| AuthenticateRequest { name, password }),
            token: Mutex::default(),
            outage: Mutex::default(),
            trouble: Notify::new(),
        })
    }

    /// Reads keys.
    pub async fn range(&self, request: RangeRequest) -> Result<RangeResponse, EtcdError> {
        let sent = self.call(request, false, |channel, request| async move {
            KvClient::new(channel).max_decoding_message_size(usize::MAX).range(request).await
        });
        sent.await.map_err(|failed| failed.error)
    }

    /// The same, also while nobody can reach etcd.
    pub async fn probe(&self, request: RangeRequest) -> Result<RangeResponse, EtcdError> {
        let sent = self.call(request, true, |channel, request| async move {
            KvClient::new(channel).max_decoding_message_size(usize::MAX).range(request).await
        });
        sent.await.map_err(|failed| failed.error)
    }

    /// Stores one key.
    pub async fn put(&self, request: PutRequest) -> Result<(), EtcdError> {
        let sent =
            self.call(request, false, |channel, request| async move { KvClient::new(channel).put(request).await });
        sent.await.map(|_| ()).map_err(|failed| failed.error)
    }

    /// Runs a transaction. It must be one of which a second execution does nothing.
    pub async fn txn(&self, request: TxnRequest) -> Result<TxnResponse, Failed> {
        self.call(request, false, |channel, request| async move { KvClient::new(channel).txn(request).await }).await
    }

    /// A new lease of so many seconds.
    pub async fn grant(&self, ttl: i64) -> Result<i64, EtcdError> {
        let sent = self.call(LeaseGrantRequest { ttl, id: 0 }, false, |channel, request| async move {
            LeaseClient::new(channel).lease_grant(request).await
        });
        sent.await.map(|granted| granted.id).map_err(|failed| failed.error)
    }

    /// Ends a lease.
    pub async fn revoke(&self, lease: i64) -> Result<(), EtcdError> {
        let sent = self.call(LeaseRevokeRequest { id: lease }, false, |channel, request| async move {
            LeaseClient::new(channel).lease_revoke(request).await
        });
        sent.await.map(|_| ()).map_err(|failed| failed.error)
    }

    /// Begins to watch. It ends with the connection, with the leader of that member, and
    /// when the sender is dropped.
    pub async fn watch(&self, wanted: WatchCreateRequest) -> Result<Watching, EtcdError> {
        let member = self.member();
        let (keep, requests) = tokio::sync::mpsc::channel(1);
        // There is room for one.
        let _ = keep.try_send(WatchRequest { request_union: Some(RequestUnion::CreateRequest(wanted)) });
        let opened = async {
            let mut request = self.signed(member, ReceiverStream::new(requests)).await?;
            request.metadata_mut().insert("hasleader", MetadataValue::from_static("true"));
            let mut client = WatchClient::new(self.channel(member)).max_decoding_message_size(usize::MAX);
            client.watch(request).await
        };
        match tokio::time::timeout(ATTEMPT, opened).await {
            Ok(Ok(answers)) => Ok(Watching { answers: answers.into_inner(), _keep: keep }),
            Ok(Err(status)) => {
                if matches!(fault(&status), Fault::Token) {
                    *lock(&self.token) = None;
                }
                self.leave(member);
                Err(self.unreachable(&said(&status)))
            }
            Err(_) => {
                self.leave(member);
                Err(self.unreachable("it does not answer"))
            }
        }
    }

    /// Has whoever watches do so at the next member.
    pub fn turn_away(&self) {
        self.leave(self.member());
        self.trouble.notify_one();
    }

    pub fn unreachable(&self, cause: &str) -> EtcdError {
        EtcdError::Unreachable { store: Arc::clone(&self.store), cause: cause.to_owned() }
    }

    async fn call<Q, A, F>(
        &self,
        request: Q,
        is_probe: bool,
        send: impl Fn(Channel, Request<Q>) -> F,
    ) -> Result<A, Failed>
    where
        Q: Clone,
        F: Future<Output = Result<Response<A>, Status>>,
    {
        let (mut maybe_done, mut strangers, mut pause) = (false, 0, PAUSES.0);
        if !is_probe && let Some(cause) = self.given_up() {
            return Err(Failed { error: self.unreachable(&cause), maybe_done });
        }
        loop {
            let member = self.member();
            let attempt = async {
                let request = self.signed(member, request.clone()).await?;
                send(self.channel(member), request).await
            };
            let cause = match tokio::time::timeout(ATTEMPT, attempt).await {
                Ok(Ok(answer)) => {
                    *lock(&self.outage) = None;
                    return Ok(answer.into_inner());
                }
                Ok(Err(status)) => match fault(&status) {
                    Fault::Again(maybe) => {
                        maybe_done |= maybe;
                        said(&status)
                    }
                    Fault::Stranger => {
                        strangers += 1;
                        said(&status)
                    }
                    Fault::Token => {
                        *lock(&self.token) = None;
                        said(&status)
                    }
                    Fault::Final => {
                        *lock(&self.outage) = None;
                        let error = EtcdError::Refused { store: Arc::clone(&self.store), cause: said(&status) };
                        return Err(Failed { error, maybe_done });
                    }
                },
                Err(_) => {
                    maybe_done = true;
                    "it does not answer".to_owned()
                }
            };
            self.leave(member);
            let since = {
                let mut outage = lock(&self.outage);
                let outage = outage.get_or_insert_with(|| Outage { since: Instant::now(), cause: String::new() });
                outage.cause.clone_from(&cause);
                outage.since
            };
            self.trouble.notify_one();
            // Certificates do not change while they are waited for.
            if since.elapsed() >= PATIENCE || strangers == self.members.len() {
                return Err(Failed { error: self.unreachable(&cause), maybe_done });
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    /// Why there is no use in asking, if etcd has not answered for long.
    fn given_up(&self) -> Option<String> {
        let outage = lock(&self.outage);
        outage.as_ref().filter(|outage| outage.since.elapsed() >= PATIENCE).map(|outage| outage.cause.clone())
    }

    fn member(&self) -> usize {
        self.current.load(Ordering::Relaxed)
    }

    fn channel(&self, member: usize) -> Channel {
        self.members[member % self.members.len()].clone()
    }

    /// Goes on with the next member, unless somebody has done so.
    fn leave(&self, member: usize) {
        let next = (member + 1) % self.members.len();
        let _ = self.current.compare_exchange(member, next, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// `message` as a request of the user's.
    async fn signed<Q>(&self, member: usize, message: Q) -> Result<Request<Q>, Status> {
        let mut request = Request::new(message);
        let Some(login) = &self.login else { return Ok(request) };
        let known = lock(&self.token).clone();
        let token = match known {
            Some(token) => token,
            None => match AuthClient::new(self.channel(member)).authenticate(login.clone()).await {
                Ok(answer) => {
                    let token = answer.into_inner().token;
                    let token: MetadataValue<Ascii> =
                        token.parse().map_err(|_| Status::permission_denied("the token is none that can be sent"))?;
                    lock(&self.token).insert(token).clone()
                }
                // Nobody needs to log in.
                Err(status) if status.message().contains("authentication is not enabled") => return Ok(request),
                Err(status) => return Err(status),
            },
        };
        request.metadata_mut().insert("token", token);
        Ok(request)
    }
}

/// A watch that goes on.
pub(super) struct Watching {
    pub answers: Streaming<WatchResponse>,
    /// etcd ends the watch when nothing more can be asked.
    _keep: tokio::sync::mpsc::Sender<WatchRequest>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whom to trust, and who we are.
fn trust(tls: &Tls) -> Result<ClientTlsConfig, EtcdError> {
    // There is one provider in the process; whoever comes second finds it there.
    let _ = aws_lc_rs::default_provider().install_default();
    let mut config = match &tls.ca {
        Some(file) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(certificates(file)?)),
        None => ClientTlsConfig::new().with_native_roots(),
    };
    if let Some((certificate, key)) = &tls.identity {
        config = config.identity(Identity::from_pem(certificates(certificate)?, private_key(key)?));
    }
    if let Some(name) = &tls.name {
        config = config.domain_name(name);
    }
    Ok(config)
}

fn certificates(file: &Path) -> Result<Vec<u8>, EtcdError> {
    let pem = read(file)?;
    match CertificateDer::pem_slice_iter(&pem).next() {
        Some(Ok(_)) => Ok(pem),
        Some(Err(_)) | None => Err(unfit(file, &"it holds no certificate in PEM")),
    }
}

fn private_key(file: &Path) -> Result<Vec<u8>, EtcdError> {
    let pem = read(file)?;
    match PrivateKeyDer::from_pem_slice(&pem) {
        Ok(_) => Ok(pem),
        Err(_) => Err(unfit(file, &"it holds no key in PEM")),
    }
}

fn read(file: &Path) -> Result<Vec<u8>, EtcdError> {
    fs::read(file).map_err(|error| unfit(file, &error))
}

fn unfit(file: &Path, cause: &impl ToString) -> EtcdError {
    EtcdError::Certificate { path: file.to_owned(), cause: cause.to_string() }
}

/// What becomes of a call that was answered like that.
fn fault(status: &Status) -> Fault {
    let message = status.message();
    match status.code() {
        Code::Unauthenticated if message.contains("invalid auth token") => Fault::Token,
        Code::InvalidArgument if message.contains("revision of auth store is old") => Fault::Token,
        Code::ResourceExhausted if message.contains("too many requests") => Fault::Again(false),
        Code::Unavailable if is_stranger(status) => Fault::Stranger,
        Code::Unavailable if is_connecting(status) => Fault::Again(false),
        // What the connection or etcd's own clock has ended; answers of etcd's have other codes.
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::Internal | Code::Unknown => {
            Fault::Again(true)
        }
        _ => Fault::Final,
    }
}

/// Whether TLS has ended the connection.
fn is_stranger(status: &Status) -> bool {
    let mut failures = chain(status).filter_map(|error| error.downcast_ref::<io::Error>()?.get_ref());
    failures.any(<dyn Error + Send + Sync>::is::<rustls::Error>)
}

/// Whether no connection came about.
fn is_connecting(status: &Status) -> bool {
    chain(status).any(<dyn Error>::is::<ConnectError>)
}

fn chain<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| (**error).source())
}

/// The words of etcd, or of what has failed on the way there.
fn said(status: &Status) -> String {
    match status.source() {
        Some(source) => deepest(source),
        None => status.message().to_owned(),
    }
}

fn deepest(error: &(dyn Error + 'static)) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}
