//! What is wrong with TLS, in words: the libraries below name their variants.

use std::error::Error;
use std::iter::successors;

use rustls::{AlertDescription, CertificateError, Error as TlsError};

/// How the text of an alert begins. Over HTTP/2 no more than that is left of it.
const ALERT: &str = "received fatal alert: ";

/// `error` and what caused it. An I/O error holds its cause, and does not name it as its source.
fn chain<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    successors(Some(error), |error: &&'e (dyn Error + 'static)| {
        let error = *error;
        let within = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        within.map(|within| within as &(dyn Error + 'static)).or_else(|| error.source())
    })
}

fn of_tls<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e TlsError> {
    chain(error).find_map(|error| error.downcast_ref())
}

/// What is at the bottom of `error`, without the address, which may hold more than is to be shown.
pub fn cause(error: &(dyn Error + 'static)) -> String {
    if let Some(words) = of_tls(error).map(spoken) {
        return words;
    }
    let Some(last) = chain(error).last() else { return String::new() };
    let text = last.to_string();
    match text.strip_prefix(ALERT) {
        Some(alert) => alerted(alert),
        None if last.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_parse) => {
            format!(
                "what is there does not answer as HTTP does ({text}); if it speaks TLS, its address begins with https://"
            )
        }
        None => text,
    }
}

/// What of `error` is a problem with the certificate of the other end.
pub fn problem_of_theirs(error: &(dyn Error + 'static)) -> Option<String> {
    match of_tls(error)? {
        TlsError::InvalidCertificate(problem) => Some(of_certificate(problem)),
        TlsError::NoCertificatesPresented => Some("it presents none".to_owned()),
        _ => None,
    }
}

/// What of `error` says that the other end does not take our certificate (RFC 8446, section 6.2).
pub fn problem_of_ours(error: &(dyn Error + 'static)) -> Option<&'static str> {
    let text = chain(error).last()?.to_string();
    Some(match text.strip_prefix(ALERT)? {
        "UnknownCA" => "it does not know the authority of the client certificate",
        "CertificateExpired" => "the client certificate has expired",
        "CertificateRevoked" => "the client certificate is revoked",
        "BadCertificate" | "UnsupportedCertificate" | "CertificateUnknown" => "it does not take the client certificate",
        "CertificateRequired" => "it wants a client certificate",
        "AccessDenied" => "it takes the client certificate, and lets its owner do nothing",
        _ => return None,
    })
}

/// What `error` means for somebody who has named a host.
fn spoken(error: &TlsError) -> String {
    match error {
        TlsError::InvalidCertificate(problem) => format!("its certificate is not trusted: {}", of_certificate(problem)),
        TlsError::NoCertificatesPresented => "it presents no certificate".to_owned(),
        TlsError::AlertReceived(alert) => alerted(&name_of(*alert)),
        TlsError::InvalidMessage(_) | TlsError::InappropriateMessage { .. } | TlsError::PeerSentOversizedRecord => {
            "what is there does not answer with TLS: another service, or HTTP without TLS, where the URL begins with http://"
                .to_owned()
        }
        TlsError::PeerIncompatible(_) => {
            "it has no version of TLS from 1.2 on, or no algorithms, that this program has".to_owned()
        }
        TlsError::PeerMisbehaved(_) | TlsError::InappropriateHandshakeMessage { .. } | TlsError::DecryptError => {
            "it does not keep to the rules of TLS: something in between may change what is sent".to_owned()
        }
        TlsError::NoApplicationProtocol => "it speaks TLS, and no HTTP over it".to_owned(),
        TlsError::InconsistentKeys(_) => "the key is not that of the certificate".to_owned(),
        TlsError::UnsupportedNameType => "its name is none that a certificate can have".to_owned(),
        other => other.to_string(),
    }
}

fn name_of(alert: AlertDescription) -> String {
    format!("{alert:?}")
}

/// What the alert of this name says (RFC 8446, section 6): the other end has ended the connection.
fn alerted(name: &str) -> String {
    match name {
        "HandshakeFailure" | "InsufficientSecurity" => {
            "it refuses to talk: it has no algorithms that this program has, or wants a client certificate".to_owned()
        }
        "ProtocolVersion" => "it takes no version of TLS from 1.2 on".to_owned(),
        "UnrecognisedName" => "it is known by another name: it does not answer to this one".to_owned(),
        "NoApplicationProtocol" => "it speaks TLS, and no HTTP over it".to_owned(),
        "InternalError" => "it has failed within TLS, and says no more".to_owned(),
        name => {
            let words =
                name.chars().map(|c| if c.is_uppercase() { format!(" {}", c.to_lowercase()) } else { c.into() });
            format!("it has ended TLS with the alert{}", words.collect::<String>())
        }
    }
}

/// What is wrong with a certificate.
fn of_certificate(problem: &CertificateError) -> String {
    use CertificateError as Problem;
    match problem {
        Problem::UnknownIssuer => "nobody knows who signed it".to_owned(),
        Problem::BadSignature
        | Problem::UnsupportedSignatureAlgorithmContext { .. }
        | Problem::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "it was not signed by the authority that it names".to_owned()
        }
        Problem::NotValidForName => "it is of another name".to_owned(),
        Problem::NotValidForNameContext { presented, .. } if presented.is_empty() => "it is of no name".to_owned(),
        Problem::NotValidForNameContext { expected, presented } => {
            let names: Vec<_> = presented.iter().map(|name| bare(name)).collect();
            format!("it is of another name than {}: of {}", expected.to_str(), names.join(", "))
        }
        Problem::Expired => "it has expired".to_owned(),
        Problem::ExpiredContext { time, not_after } => {
            format!("it has expired, {} ago", span(time.as_secs().saturating_sub(not_after.as_secs())))
        }
        Problem::NotValidYet => "it is not valid yet".to_owned(),
        Problem::NotValidYetContext { time, not_before } => {
            let left = span(not_before.as_secs().saturating_sub(time.as_secs()));
            format!("it is not valid yet, and will be in {left}; the clock of this machine may be wrong")
        }
        Problem::Revoked => "it is revoked".to_owned(),
        Problem::BadEncoding => "it cannot be read".to_owned(),
        Problem::InvalidPurpose | Problem::InvalidPurposeContext { .. } => "it is not one of a server".to_owned(),
        Problem::UnhandledCriticalExtension => "it has a critical extension that this program does not know".to_owned(),
        Problem::Other(other) => match other.to_string().as_str() {
            "CaUsedAsEndEntity" => "it is that of an authority, which no server may present".to_owned(),
            "UnsupportedCertVersion" => "it is not of version 3".to_owned(),
            "MaximumSignatureChecksExceeded" | "MaximumPathBuildCallsExceeded" => {
                "the way to the authority is too long".to_owned()
            }
            "PathLenConstraintViolated" | "NameConstraintViolation" => {
                "its authority may not sign such a certificate".to_owned()
            }
            name => format!("it cannot be checked ({name})"),
        },
        problem => format!("it cannot be checked ({problem})"),
    }
}

/// A name as the library writes it: `DnsName("a.example.com")`.
fn bare(name: &str) -> &str {
    name.split_once('(').map_or(name, |(_, rest)| rest.trim_end_matches(')')).trim_matches('"')
}

/// Seconds in words.
fn span(seconds: u64) -> String {
    let (number, unit) = match seconds {
        0..120 => (seconds, "seconds"),
        120..7_200 => (seconds / 60, "minutes"),
        7_200..172_800 => (seconds / 3_600, "hours"),
        _ => (seconds / 86_400, "days"),
    };
    format!("{number} {unit}")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::pki_types::{ServerName, UnixTime};
    use rustls::{InvalidMessage, OtherError, PeerIncompatible};

    use super::*;

    fn at(seconds: u64) -> UnixTime {
        UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds))
    }

    #[test]
    fn what_is_wrong_with_a_certificate_is_said_in_words() {
        let expected = ServerName::try_from("nsx.example.com").unwrap();
        let presented = vec!["DnsName(\"a.example.com\")".to_owned(), "IpAddress(192.0.2.1)".to_owned()];
        let authority = OtherError(Arc::new(std::io::Error::other("CaUsedAsEndEntity")));
        for (problem, said) in [
            (CertificateError::UnknownIssuer, "nobody knows who signed it"),
            (
                CertificateError::NotValidForNameContext { expected, presented },
                "it is of another name than nsx.example.com: of a.example.com, 192.0.2.1",
            ),
            (
                CertificateError::ExpiredContext { time: at(1_000_000), not_after: at(100_000) },
                "it has expired, 10 days ago",
            ),
            (CertificateError::InvalidPurpose, "it is not one of a server"),
            (CertificateError::Other(authority), "it is that of an authority, which no server may present"),
        ] {
            assert_eq!(problem_of_theirs(&TlsError::InvalidCertificate(problem)).unwrap(), said);
        }
    }

    #[test]
    fn what_is_wrong_with_a_connection_is_said_in_words() {
        let wrapped = |error: TlsError| std::io::Error::new(std::io::ErrorKind::InvalidData, error);
        for (error, said) in [
            (TlsError::InvalidMessage(InvalidMessage::InvalidContentType), "HTTP without TLS"),
            (TlsError::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13), "no version of TLS"),
            (TlsError::AlertReceived(AlertDescription::HandshakeFailure), "wants a client certificate"),
            (TlsError::AlertReceived(AlertDescription::RecordOverflow), "with the alert record overflow"),
        ] {
            let told = cause(&wrapped(error));
            assert!(told.contains(said), "{told}");
        }
        // The text is all that is left of an alert over HTTP/2.
        let text = std::io::Error::other("received fatal alert: ProtocolVersion");
        assert_eq!(cause(&text), "it takes no version of TLS from 1.2 on");
        let refused = std::io::Error::other("received fatal alert: CertificateRequired");
        assert_eq!(problem_of_ours(&refused), Some("it wants a client certificate"));
    }
}
