//! Connections that come to nothing before there is a request. Whoever tries learns little of the
//! reason, so the log has it, with what can be done about it. Anybody can have a connection
//! refused: there are only so many lines in a minute.

use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustls::{AlertDescription, CertificateError, Error};

/// So many lines there are in a minute; what comes then is counted.
const MOST: u32 = 30;
/// The minute.
const WINDOW: Duration = Duration::from_mins(1);

/// What is said of plain HTTP where TLS is spoken.
pub(super) const PLAIN: &str = "it speaks plain HTTP, and this port takes TLS: its URL has to begin with https://";
/// What is said of TLS where plain HTTP is spoken.
pub(super) const ENCRYPTED: &str = "it speaks TLS, and this port takes plain HTTP: its URL has to begin with http://, or \
                                    serve needs --tls-cert or --tls-self-signed";

/// The lines of the log.
#[derive(Default)]
pub(super) struct Refused {
    window: Mutex<Window>,
}

/// What has been written since a moment.
#[derive(Default)]
struct Window {
    begin: Option<Instant>,
    written: u32,
    left_out: u64,
}

impl Window {
    /// Whether a line may be written `now`: how many were left out before it.
    fn next(&mut self, now: Instant) -> Option<u64> {
        if self.begin.is_none_or(|begin| now.duration_since(begin) >= WINDOW) {
            (self.begin, self.written) = (Some(now), 0);
        }
        if self.written == MOST {
            self.left_out += 1;
            return None;
        }
        self.written += 1;
        Some(std::mem::take(&mut self.left_out))
    }
}

impl Refused {
    /// Writes why the connection of `remote` is refused.
    pub fn tell(&self, remote: SocketAddr, reason: &str) {
        let next = self.window.lock().unwrap_or_else(PoisonError::into_inner).next(Instant::now());
        if let Some(left_out) = next {
            tracing::warn!(%remote, reason, left_out, "a connection is refused");
        }
    }

    /// Writes why no agreement with `remote` came about, unless it has merely gone away.
    pub fn tell_of(&self, remote: SocketAddr, error: &io::Error) {
        let error = error.get_ref().and_then(|within| within.downcast_ref::<Error>());
        if let Some(error) = error {
            self.tell(remote, &reason(error));
        }
    }
}

/// Why a greeting over TLS fails.
fn reason(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(problem) => format!("the client's certificate is not taken: {}", spelled(problem)),
        Error::AlertReceived(alert) if is_about_certificates(*alert) => format!(
            "the client does not take the server's certificate ({alert:?}): it has to trust the authority, or the \
             certificate itself, and to use a name that is in it"
        ),
        Error::InvalidMessage(_) => "what it sends is not TLS".to_owned(),
        Error::PeerIncompatible(what) => {
            format!("the client has nothing in common with the server, which takes TLS 1.2 and 1.3: {what:?}")
        }
        other => other.to_string(),
    }
}

/// Whether a client says so that does not take a certificate (RFC 8446, section 6.2).
fn is_about_certificates(alert: AlertDescription) -> bool {
    use AlertDescription as Alert;
    matches!(
        alert,
        Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::UnknownCA
    )
}

fn spelled(problem: &CertificateError) -> String {
    use CertificateError as Problem;
    match problem {
        Problem::UnknownIssuer => "no authority of --client-ca has signed it".to_owned(),
        Problem::InvalidPurpose | Problem::InvalidPurposeContext { .. } => {
            "it is not one for clients: its extendedKeyUsage lacks clientAuth".to_owned()
        }
        Problem::Other(other) if format!("{other:?}").contains("UnsupportedCertVersion") => {
            "it is of X.509 version 1, and version 3 is needed: sign it again with extensions, such as openssl x509 -req \
             with -extfile and extendedKeyUsage=clientAuth in that file"
                .to_owned()
        }
        problem => problem.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_only_so_many_lines_in_a_minute() {
        let (mut window, begin) = (Window::default(), Instant::now());
        for _ in 0..MOST {
            assert_eq!(window.next(begin), Some(0));
        }
        for _ in 0..5 {
            assert_eq!(window.next(begin + WINDOW / 2), None);
        }
        assert_eq!(window.next(begin + WINDOW), Some(5));
        assert_eq!(window.next(begin + WINDOW), Some(0));
    }
}
