//! Mutual TLS: our certificate, and Terraform's, which is the only one we accept.
//!
//! Both sides make a self-signed certificate for one run and tell each other
//! about it beforehand: Terraform through the environment, we in the handshake
//! line. So there is no authority to ask. A peer is who it claims to be when it
//! presents exactly the expected certificate and proves to hold its key.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256,
};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme};
use tokio_rustls::TlsAcceptor;

use super::ServeError;

/// The name Terraform expects in our certificate.
const NAME: &str = "localhost";
/// For clocks that are set back a little while the process starts.
const BACKDATED: Duration = Duration::from_hours(24);
/// Longer than any run; no other process ever trusts the certificate.
const VALID: Duration = Duration::from_hours(365 * 24);

/// Our side of the TLS connections with one Terraform.
pub(super) struct Identity {
    certificate: CertificateDer<'static>,
    config: Arc<ServerConfig>,
}

impl Identity {
    /// A new identity, for the client with the certificate `pem` and no other.
    pub fn for_client(pem: &str) -> Result<Self, ServeError> {
        let expected = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(ServeError::ClientCertificate)?;
        let (certificate, key) = own_certificate()?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = Arc::new(OnlyThisClient { expected, provider: Arc::clone(&provider) });
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(verifier)
            .with_single_cert(vec![certificate.clone()], key)?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(Self { certificate, config: Arc::new(config) })
    }

    /// Our certificate, for the handshake line.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// What greets connections.
    pub fn into_acceptor(self) -> TlsAcceptor {
        TlsAcceptor::from(self.config)
    }
}

/// A self-signed certificate: Terraform takes it as its own authority, so it
/// must be one.
fn own_certificate() -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>), rcgen::Error> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::new([NAME.to_owned()])?;
    let now = SystemTime::now();
    params.not_before = (now - BACKDATED).into();
    params.not_after = (now + VALID).into();
    params.distinguished_name.push(DnType::CommonName, NAME);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyCertSign];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let certificate = params.self_signed(&key)?.der().clone();
    Ok((certificate, key.into()))
}

/// Accepts the one client whose certificate is known.
#[derive(Debug)]
struct OnlyThisClient {
    expected: CertificateDer<'static>,
    provider: Arc<CryptoProvider>,
}

impl ClientCertVerifier for OnlyThisClient {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if *end_entity == self.expected {
            Ok(ClientCertVerified::assertion())
        } else {
            Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
