//! The sample provider behind a real socket, and in a process of its own.

mod process;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use rcgen::{CertificateParams, IsCa, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P521_SHA512, SignatureAlgorithm};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme, version};
use tempfile::TempDir;
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint};

use super::control::health::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};
use super::control::plugin::{Empty, grpc_controller_client::GrpcControllerClient};
use super::*;
use crate::tf_provider::server::proto::provider_client::ProviderClient;
use crate::tf_provider::server::proto::{self};
use crate::tf_provider::server::tests::{Sample, THING, named, receive, send};
use crate::tf_provider::value::Value;
use crate::tf_provider::{Block, Context, DataSource, Diagnostics, Provider, Resource, Schema};

/// A served provider.
struct Served {
    home: TempDir,
    socket: PathBuf,
    certificate: Option<CertificateDer<'static>>,
    shutdown: CancellationToken,
    ended: JoinHandle<Result<(), ServeError>>,
}

/// Serves the sample provider as `serve` does, to a client with the certificate
/// `pem` or without TLS.
fn serve_sample(pem: Option<&str>) -> Served {
    serve_provider(Sample, pem)
}

fn serve_provider(provider: impl Provider, pem: Option<&str>) -> Served {
    let home = tempfile::tempdir().expect("a directory");
    let (socket, listener) = Socket::listen(Some(home.path()), None).expect("listens");
    let identity = pem.map(|pem| tls::Identity::for_client(pem).expect("an identity"));
    let certificate = identity.as_ref().map(|identity| identity.certificate().clone());
    let shutdown = CancellationToken::new();
    let service = ProviderService::new(Arc::new(provider), shutdown.clone()).expect("a provider");
    let path = socket.path().to_owned();
    let acceptor = identity.map(tls::Identity::into_acceptor);
    let stop = shutdown.clone();
    let ended = tokio::spawn(async move {
        let served = run(service, listener, acceptor, stop, Duration::from_millis(500)).await;
        drop(socket);
        served
    });
    Served { home, socket: path, certificate, shutdown, ended }
}

impl Served {
    async fn has_ended(self) {
        let ended = tokio::time::timeout(Duration::from_secs(5), self.ended).await;
        ended.expect("in time").expect("no panic").expect("no failure");
        assert_eq!(std::fs::read_dir(self.home.path()).expect("there").count(), 0, "the socket is still there");
    }

    /// A channel to it for a client with this key, which trusts its certificate
    /// only: a local socket is the client's end, TLS happens between that and it.
    async fn connect(&self, key: Option<&ClientKey>) -> Channel {
        self.connect_with(key, &[&version::TLS13, &version::TLS12]).await
    }

    async fn connect_with(
        &self,
        key: Option<&ClientKey>,
        versions: &[&'static rustls::SupportedProtocolVersion],
    ) -> Channel {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let expected = self.certificate.clone().expect("served with TLS");
        let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(versions)
            .expect("versions")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(OnlyThisServer { expected, provider }));
        let mut config = match key {
            Some(key) => {
                // The plain way would notice a key that does not belong to the certificate.
                let signer = aws_lc_rs::sign::any_supported_type(&key.key).expect("a key");
                let certified = CertifiedKey::new(vec![key.certificate.clone()], signer);
                config.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(certified)))
            }
            None => config.with_no_client_auth(),
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        let connector = TlsConnector::from(Arc::new(config));
        let near = self.home.path().with_extension(uuid::Uuid::new_v4().simple().to_string());
        let listener = UnixListener::bind(&near).expect("listens");
        let far = self.socket.clone();
        let end = near.clone();
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let name = ServerName::try_from("localhost").expect("a name");
                let far = UnixStream::connect(&far).await.expect("connects");
                if let Ok(mut far) = connector.connect(name, far).await {
                    assert_eq!(far.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));
                    let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                }
            }
        });
        let channel = plain(&end).await;
        std::fs::remove_file(&end).expect("was there");
        channel
    }
}

async fn plain(socket: &Path) -> Channel {
    let endpoint = Endpoint::from_shared(format!("unix://{}", socket.display())).expect("an address");
    endpoint.connect().await.expect("connects")
}

/// Accepts the one server whose certificate is known. Terraform takes that
/// certificate for an authority as well as for the server's, which rustls does not.
#[derive(Debug)]
struct OnlyThisServer {
    expected: CertificateDer<'static>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for OnlyThisServer {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        assert_eq!(*end_entity, self.expected);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// What Terraform has for one run.
struct ClientKey {
    certificate: CertificateDer<'static>,
    pem: String,
    key: PrivateKeyDer<'static>,
}

fn client_key(algorithm: &'static SignatureAlgorithm) -> ClientKey {
    let key = KeyPair::generate_for(algorithm).expect("a key");
    let mut params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
    params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).expect("signed");
    ClientKey { certificate: certificate.der().clone(), pem: certificate.pem(), key: key.into() }
}

async fn is_served(channel: &Channel) -> bool {
    ProviderClient::new(channel.clone()).get_metadata(proto::get_metadata::Request {}).await.is_ok()
}

#[tokio::test]
async fn an_object_lives_and_dies_over_the_wire() {
    let key = client_key(&PKCS_ECDSA_P521_SHA512);
    let served = serve_sample(Some(&key.pem));
    let mut client = ProviderClient::new(served.connect(Some(&key)).await);

    let mut prior = Value::Null;
    for (config, serial) in [(named("a"), Some(1)), (named("b"), Some(2)), (Value::Null, None)] {
        let request = proto::plan_resource_change::Request {
            type_name: THING.into(),
            prior_state: Some(send(&prior)),
            proposed_new_state: Some(send(&config)),
            config: Some(send(&config)),
            ..Default::default()
        };
        let plan = client.plan_resource_change(request).await.expect("answered").into_inner();
        assert_eq!(plan.diagnostics, []);
        let request = proto::apply_resource_change::Request {
            type_name: THING.into(),
            prior_state: Some(send(&prior)),
            planned_state: plan.planned_state,
            config: Some(send(&config)),
            planned_private: plan.planned_private,
            ..Default::default()
        };
        let applied = client.apply_resource_change(request).await.expect("answered").into_inner();
        assert_eq!(applied.diagnostics, []);
        prior = receive(applied.new_state.as_ref());
        assert_eq!(prior.get("serial").as_i64(), serial);
    }
    assert!(prior.is_null());
}

#[tokio::test]
async fn only_terraform_s_own_certificate_is_accepted() {
    for algorithm in [&PKCS_ECDSA_P521_SHA512, &PKCS_ECDSA_P256_SHA256] {
        let key = client_key(algorithm);
        let served = serve_sample(Some(&key.pem));
        for version in [&version::TLS13, &version::TLS12] {
            assert!(is_served(&served.connect_with(Some(&key), &[version]).await).await);
            let stranger = client_key(algorithm);
            assert!(!is_served(&served.connect_with(Some(&stranger), &[version]).await).await, "a stranger");
            let thief = ClientKey { key: client_key(algorithm).key, certificate: key.certificate.clone(), ..stranger };
            let thief = served.connect_with(Some(&thief), &[version]).await;
            assert!(!is_served(&thief).await, "the right certificate without its key");
            assert!(!is_served(&served.connect_with(None, &[version]).await).await, "nobody");
        }
        assert!(!is_served(&plain(&served.socket).await).await, "without TLS");
        assert!(is_served(&served.connect(Some(&key)).await).await, "still the right one");
    }
}

#[tokio::test]
async fn a_client_that_says_nothing_keeps_nobody_waiting() {
    let key = client_key(&PKCS_ECDSA_P521_SHA512);
    let served = serve_sample(Some(&key.pem));
    let mut silent = Vec::new();
    for _ in 0..40 {
        silent.push(UnixStream::connect(&served.socket).await.expect("connects"));
    }
    let begun = Instant::now();
    assert!(is_served(&served.connect(Some(&key)).await).await);
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn shutdown_ends_the_server_and_removes_the_socket() {
    let served = serve_sample(None);
    let channel = plain(&served.socket).await;
    assert!(is_served(&channel).await);
    // Somebody who is merely connected does not keep it alive.
    let _idle = plain(&served.socket).await;
    GrpcControllerClient::new(channel).shutdown(Empty {}).await.expect("answered");
    served.has_ended().await;
}

/// Offers nothing, and takes its time to say that it was dismissed.
struct Attentive {
    takes: Duration,
    dismissed: Arc<AtomicBool>,
}

#[async_trait]
impl Provider for Attentive {
    fn schema(&self) -> Schema {
        Schema { version: 0, block: Block::new("") }
    }

    fn resources(&self) -> Vec<Arc<dyn Resource>> {
        Vec::new()
    }

    fn data_sources(&self) -> Vec<Arc<dyn DataSource>> {
        Vec::new()
    }

    async fn configure(&self, _: &Context, _: &Value) -> Diagnostics {
        Diagnostics::none()
    }

    async fn dismissed(&self, was_stopped: bool) {
        assert!(!was_stopped);
        tokio::time::sleep(self.takes).await;
        self.dismissed.store(true, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn the_provider_hears_that_terraform_is_done_with_it() {
    let dismissed = Arc::new(AtomicBool::new(false));
    let attentive = |takes| Attentive { takes, dismissed: Arc::clone(&dismissed) };
    let served = serve_provider(attentive(Duration::from_millis(50)), None);
    GrpcControllerClient::new(plain(&served.socket).await).shutdown(Empty {}).await.expect("answered");
    served.has_ended().await;
    assert!(dismissed.swap(false, Ordering::Relaxed));

    // Another end is no dismissal.
    let served = serve_provider(attentive(Duration::ZERO), None);
    served.shutdown.cancel();
    served.has_ended().await;
    assert!(!dismissed.load(Ordering::Relaxed));

    // Terraform kills what is not gone after two seconds.
    let served = serve_provider(attentive(Duration::from_mins(1)), None);
    let begun = Instant::now();
    GrpcControllerClient::new(plain(&served.socket).await).shutdown(Empty {}).await.expect("answered");
    served.has_ended().await;
    assert!(begun.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn an_operation_that_does_not_end_is_cancelled_at_shutdown() {
    let served = serve_sample(None);
    let mut client = ProviderClient::new(plain(&served.socket).await);
    let planned = crate::tf_provider::server::tests::thing(&[
        ("name", "slow".into()),
        ("id", Value::unknown()),
        ("serial", Value::unknown()),
    ]);
    let request = proto::apply_resource_change::Request {
        type_name: THING.into(),
        prior_state: Some(send(&Value::Null)),
        planned_state: Some(send(&planned)),
        config: Some(send(&named("slow"))),
        ..Default::default()
    };
    let running = tokio::spawn(async move { client.apply_resource_change(request).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!running.is_finished());
    served.shutdown.cancel();
    let left = running.await.expect("no panic").expect("answered").into_inner();
    assert_eq!(receive(left.new_state.as_ref()).get("id").as_str(), Some("thing-1"));
    served.has_ended().await;
}

#[tokio::test]
async fn the_plugin_is_healthy_and_others_are_unknown() {
    let served = serve_sample(None);
    let mut client = HealthClient::new(plain(&served.socket).await);
    let mut check = async |service: &str| client.check(HealthCheckRequest { service: service.into() }).await;
    assert_eq!(check("plugin").await.expect("answered").into_inner().status(), ServingStatus::Serving);
    assert_eq!(check("other").await.expect_err("refused").code(), tonic::Code::NotFound);
}

#[tokio::test]
async fn a_large_state_passes_in_both_directions() {
    let served = serve_sample(None);
    let mut client = ProviderClient::new(plain(&served.socket).await)
        .max_decoding_message_size(MESSAGE_LIMIT)
        .max_encoding_message_size(MESSAGE_LIMIT);
    let large = named(&"x".repeat(20 << 20));
    let request = proto::read_resource::Request {
        type_name: THING.into(),
        current_state: Some(send(&large)),
        ..Default::default()
    };
    let answer = client.read_resource(request).await.expect("answered").into_inner();
    assert_eq!(receive(answer.new_state.as_ref()), large);
}

#[test]
fn a_certificate_that_is_none_is_refused() {
    assert!(matches!(tls::Identity::for_client("not a certificate"), Err(ServeError::ClientCertificate(_))));
}
