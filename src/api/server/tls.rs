//! Certificates: the server's, from files or made for one run, and those of clients.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_lc_rs::digest;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig};
use tokio_rustls::TlsAcceptor;

/// For clocks of clients that are behind.
const BACKDATED: Duration = Duration::from_hours(24);
/// Long enough for any run; the next one has another certificate.
const VALID: Duration = Duration::from_hours(365 * 24);

/// A certificate and its key, and whose certificates clients may show.
pub struct Tls {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    /// The authorities of clients; none where clients are not asked for certificates.
    clients: Option<Arc<RootCertStore>>,
}

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file cannot be read.
    #[error("cannot read {what} from {path}: {source}")]
    File {
        /// What was looked for.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it is not there.
        source: pem::Error,
    },
    /// The file holds something else.
    #[error("there is no {what} in {path}: it has to be in PEM form, which begins with -----BEGIN")]
    Nothing {
        /// What was looked for.
        what: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// The key is encrypted.
    #[error(
        "the key in {0} is encrypted, and nobody is there to enter its pass phrase: decrypt it into a file that only its \
         owner can read (openssl pkey -in {0} -out FILE)"
    )]
    Encrypted(PathBuf),
    /// The key is that of another certificate.
    #[error(
        "the key in {key} is not that of the first certificate in {certificate}: the server's own comes first there, then \
         those that lead to its authority"
    )]
    Mismatch {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
    },
    /// Nobody can be recognized by the authorities of clients.
    #[error("the authorities of clients in {path} cannot be used: {why}")]
    Clients {
        /// The file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// No certificate can be made.
    #[error("cannot make a certificate: {0}")]
    Own(#[from] rcgen::Error),
    /// The certificate and the key do not fit, or cannot be used.
    #[error("cannot use the certificate: {0}")]
    Unusable(#[from] rustls::Error),
    /// Nobody can check the certificates of clients.
    #[error("cannot check the certificates of clients: {0}")]
    Unchecked(#[from] VerifierBuilderError),
}

/// What an encrypted key says of itself.
const ENCRYPTED: &[u8] = b"ENCRYPTED";

/// What is said of a file without `what`.
fn unreadable(what: &'static str, path: &Path) -> impl Fn(pem::Error) -> TlsError {
    let path = path.to_owned();
    move |source| match source {
        pem::Error::NoItemsFound => TlsError::Nothing { what, path: path.clone() },
        source => TlsError::File { what, path: path.clone(), source },
    }
}

/// The certificates in a file, at least one.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let failed = unreadable("certificate", path);
    let found =
        CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(&failed)?;
    if found.is_empty() { Err(failed(pem::Error::NoItemsFound)) } else { Ok(found) }
}

/// The SHA-256 fingerprint of a certificate, as `openssl x509 -fingerprint` shows it.
pub(super) fn fingerprint(certificate: &[u8]) -> String {
    let digest = digest::digest(&digest::SHA256, certificate);
    let mut text = String::new();
    for byte in digest.as_ref() {
        let colon = if text.is_empty() { "" } else { ":" };
        // Writing to a text does not fail.
        let _ = write!(text, "{colon}{byte:02X}");
    }
    text
}

/// Shows the certificate, and nothing of its key.
impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "certificate {}", self.fingerprint())
    }
}

impl Tls {
    /// The certificate, with what leads to its authority, and the key, from files in PEM.
    pub fn from_files(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let chain = certificates(certificate)?;
        let text = fs::read(key).map_err(|error| unreadable("key", key)(pem::Error::Io(error)))?;
        // In either form: as PKCS #8, or as RFC 1421 has it.
        if text.windows(ENCRYPTED.len()).any(|part| part == ENCRYPTED) {
            return Err(TlsError::Encrypted(key.to_owned()));
        }
        let own = PrivateKeyDer::from_pem_slice(&text).map_err(unreadable("key", key))?;
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        match CertifiedKey::from_der(chain.clone(), own.clone_key(), &provider) {
            Err(rustls::Error::InconsistentKeys(_)) => {
                Err(TlsError::Mismatch { certificate: certificate.to_owned(), key: key.to_owned() })
            }
            Err(error) => Err(error.into()),
            Ok(_) => Ok(Self { chain, key: own, clients: None }),
        }
    }

    /// The same, asking clients for certificates of the authorities in a file in PEM. A
    /// client may show none.
    pub fn asking_clients(self, authorities: &Path) -> Result<Self, TlsError> {
        let mut roots = RootCertStore::empty();
        for authority in certificates(authorities)? {
            let failed = |why: rustls::Error| TlsError::Clients { path: authorities.to_owned(), why: why.to_string() };
            roots.add(authority).map_err(failed)?;
        }
        Ok(Self { clients: Some(Arc::new(roots)), ..self })
    }

    /// A certificate for one run, for these names and addresses.
    pub fn self_signed(names: &[String]) -> Result<Self, TlsError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = CertificateParams::new(names)?;
        let now = SystemTime::now();
        params.not_before = (now - BACKDATED).into();
        params.not_after = (now + VALID).into();
        params.distinguished_name.push(DnType::CommonName, names.first().map_or("localhost", String::as_str));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let certificate = params.self_signed(&key)?.der().clone();
        Ok(Self { chain: vec![certificate], key: key.into(), clients: None })
    }

    /// The SHA-256 fingerprint of the certificate, as `openssl x509 -fingerprint` shows it.
    pub fn fingerprint(&self) -> String {
        fingerprint(self.chain.first().map(AsRef::as_ref).unwrap_or_default())
    }

    /// What greets clients.
    pub(super) fn acceptor(&self) -> Result<TlsAcceptor, TlsError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config =
            ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
        let config = match &self.clients {
            None => config.with_no_client_auth(),
            Some(roots) => {
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::clone(roots), provider);
                config.with_client_cert_verifier(verifier.allow_unauthenticated().build()?)
            }
        };
        let mut config = config.with_single_cert(self.chain.clone(), self.key.clone_key())?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}
