//! Certificates: from files, or made for one run.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_lc_rs::digest;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// For clocks of clients that are behind.
const BACKDATED: Duration = Duration::from_hours(24);
/// Long enough for any run; the next one has another certificate.
const VALID: Duration = Duration::from_hours(365 * 24);

/// A certificate and its key.
pub struct Tls {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file holds none.
    #[error("cannot read {what} from {path}: {source}")]
    File {
        /// What was looked for.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it is not there.
        source: rustls::pki_types::pem::Error,
    },
    /// No certificate can be made.
    #[error("cannot make a certificate: {0}")]
    Own(#[from] rcgen::Error),
    /// The certificate and the key do not fit, or cannot be used.
    #[error("cannot use the certificate: {0}")]
    Unusable(#[from] rustls::Error),
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
        let failed = |what, path: &Path| {
            let path = path.to_owned();
            move |source| TlsError::File { what, path, source }
        };
        let chain: Result<Vec<_>, _> =
            CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let chain = chain.map_err(failed("a certificate", certificate))?;
        if chain.is_empty() {
            let nothing = rustls::pki_types::pem::Error::NoItemsFound;
            return Err(failed("a certificate", certificate)(nothing));
        }
        let key = PrivateKeyDer::from_pem_file(key).map_err(failed("a key", key))?;
        Ok(Self { chain, key })
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
        Ok(Self { chain: vec![certificate], key: key.into() })
    }

    /// The SHA-256 fingerprint of the certificate, as `openssl x509 -fingerprint` shows it.
    pub fn fingerprint(&self) -> String {
        let certificate = self.chain.first().map(AsRef::as_ref).unwrap_or_default();
        let digest = digest::digest(&digest::SHA256, certificate);
        let mut text = String::new();
        for byte in digest.as_ref() {
            let colon = if text.is_empty() { "" } else { ":" };
            // Writing to a text does not fail.
            let _ = write!(text, "{colon}{byte:02X}");
        }
        text
    }

    /// What greets clients.
    pub(super) fn acceptor(&self) -> Result<TlsAcceptor, TlsError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(self.chain.clone(), self.key.clone_key())?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}
