//! The provider's process without Terraform: started by hand and spoken to in the
//! protocol.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rcgen::{CertificateParams, IsCa, KeyPair, PKCS_ECDSA_P521_SHA512};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tempfile::TempDir;
use tokio::net::{UnixListener, UnixStream};
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint, Error};

use crate::processes::{exit_of, signal};
use crate::terraform::PROVIDER;

/// The messages and the client of the protocol, as generated from its contract.
pub mod proto {
    #![allow(clippy::all, clippy::pedantic, dead_code)]
    tonic::include_proto!("tfplugin5");
}

/// The messages and the client of the controller.
pub mod controller {
    #![allow(clippy::all, clippy::pedantic, dead_code)]
    tonic::include_proto!("plugin");
}

/// By which the provider knows that it is Terraform who starts it.
pub const COOKIE: (&str, &str) =
    ("TF_PLUGIN_MAGIC_COOKIE", "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2");

/// How long the end of a process may take.
const FAREWELL: Duration = Duration::from_secs(20);

/// The provider, not yet started, with nothing of Terraform in its environment and
/// its temporary files in `home`.
pub fn provider(home: &Path) -> Command {
    let mut command = Command::new(PROVIDER);
    for name in
        ["PLUGIN_PROTOCOL_VERSIONS", "PLUGIN_CLIENT_CERT", "PLUGIN_UNIX_SOCKET_DIR", "TF_LOG", "TF_LOG_PROVIDER"]
    {
        command.env_remove(name);
    }
    command.env_remove(COOKIE.0).env("TMPDIR", home).current_dir(home).stdin(Stdio::null());
    command
}

/// A process of the provider that serves.
pub struct Served {
    child: Child,
    /// The one line it has printed.
    pub line: String,
    stdout: BufReader<ChildStdout>,
    stderr: Option<JoinHandle<String>>,
    /// Its folder for temporary files, where it also works.
    pub home: TempDir,
}

/// What a process of the provider has left.
pub struct Left {
    /// How it ended.
    pub status: ExitStatus,
    /// Everything it printed.
    pub stdout: String,
    /// Everything it logged.
    pub stderr: String,
    /// What is still in its folder for temporary files.
    pub files: Vec<String>,
}

impl Served {
    /// Starts it as Terraform does, or with `arguments` as a person does.
    pub fn start(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let home = TempDir::new().unwrap();
        let mut command = provider(home.path());
        if arguments.is_empty() {
            command.env(COOKIE.0, COOKIE.1);
        }
        command.args(arguments).envs(environment.iter().copied());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let stderr = gather(child.stderr.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        Self { child, line, stdout, stderr: Some(stderr), home }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// A field of the handshake line, from 0.
    pub fn field(&self, number: usize) -> &str {
        self.line.trim_end().split('|').nth(number).unwrap_or_else(|| panic!("no such field in {:?}", self.line))
    }

    /// Where its socket is.
    pub fn socket(&self) -> PathBuf {
        self.field(3).into()
    }

    /// Its certificate.
    pub fn certificate(&self) -> CertificateDer<'static> {
        STANDARD_NO_PAD.decode(self.field(5)).expect("base64 without padding").into()
    }

    /// Sends it a signal.
    pub fn signal(&self, name: &str) {
        signal(name, &self.id().to_string());
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for its end.
    pub fn ended(mut self) -> Left {
        let status = exit_of(&mut self.child, FAREWELL).expect("it lingers");
        let mut stdout = self.line.clone();
        self.stdout.read_to_string(&mut stdout).unwrap();
        let stderr = self.stderr.take().unwrap().join().unwrap();
        let entries = std::fs::read_dir(self.home.path()).unwrap();
        let files = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        Left { status, stdout, stderr, files }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn gather(mut stderr: ChildStderr) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        stderr.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// A channel to the socket, without TLS.
pub async fn plain(socket: &Path) -> Channel {
    try_plain(socket).await.expect("it listens")
}

/// The same where the other side may hang up before the greeting is out.
pub async fn try_plain(socket: &Path) -> Result<Channel, Error> {
    Endpoint::from_shared(format!("unix://{}", socket.display())).unwrap().connect().await
}

/// What Terraform makes for one run: a certificate on P-521, and its key.
pub struct ClientKey {
    pub certificate: CertificateDer<'static>,
    pub pem: String,
    pub key_pem: String,
    key: PrivateKeyDer<'static>,
}

/// A new key.
pub fn client_key() -> ClientKey {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512).unwrap();
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).unwrap();
    let key_pem = key.serialize_pem();
    ClientKey { certificate: certificate.der().clone(), pem: certificate.pem(), key_pem, key: key.into() }
}

/// A channel to the socket for the client with this key, which trusts that
/// certificate only. TLS happens between the socket and one of our own.
pub async fn encrypted(served: &Served, key: &ClientKey) -> Result<Channel, Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = Arc::new(OnlyThisServer { expected: served.certificate(), provider: Arc::clone(&provider) });
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_client_auth_cert(vec![key.certificate.clone()], key.key.clone_key())
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let connector = TlsConnector::from(Arc::new(config));
    let near = TempDir::new().unwrap();
    let listener = UnixListener::bind(near.path().join("s")).unwrap();
    let far = served.socket();
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let far = UnixStream::connect(&far).await.unwrap();
            if let Ok(mut far) = connector.connect(ServerName::try_from("localhost").unwrap(), far).await {
                let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
            }
        }
    });
    try_plain(&near.path().join("s")).await
}

/// Accepts the one server whose certificate is known.
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
