//! The URL by which a client has found the server: answers of OpenStack's APIs name
//! themselves by it.

use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri, header};

use super::server::Peer;

/// The scheme and the host of a URL: `http://127.0.0.1:8443`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base(String);

impl Base {
    /// That of a request: what its `Host` says, and whether the connection is encrypted, or
    /// a proxy says that its own is.
    pub fn of(parts: &Parts) -> Self {
        let is_encrypted = parts.extensions.get::<Peer>().is_some_and(|peer| peer.is_encrypted);
        Self::from_parts(&parts.uri, &parts.headers, is_encrypted)
    }

    fn from_parts(uri: &Uri, headers: &HeaderMap, is_encrypted: bool) -> Self {
        let said = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let host = uri.authority().map(Authority::as_str).or_else(|| said(header::HOST));
        let host = host.filter(|host| host.parse::<Authority>().is_ok_and(|host| !host.as_str().contains('@')));
        let host = host.unwrap_or("localhost");
        let forwarded = said(header::HeaderName::from_static("x-forwarded-proto")) == Some("https");
        let scheme = if is_encrypted || forwarded { "https" } else { "http" };
        Self(format!("{scheme}://{host}"))
    }
}

impl std::fmt::Display for Base {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(headers: &[(&'static str, &str)], is_encrypted: bool) -> String {
        let headers = headers.iter().map(|(name, value)| {
            (header::HeaderName::from_static(name), header::HeaderValue::from_str(value).unwrap())
        });
        let headers: HeaderMap = headers.collect();
        Base::from_parts(&Uri::from_static("/v3"), &headers, is_encrypted).to_string()
    }

    #[test]
    fn the_server_is_named_as_the_client_named_it() {
        assert_eq!(base(&[("host", "cloud.example:8443")], true), "https://cloud.example:8443");
        assert_eq!(base(&[("host", "[::1]:80")], false), "http://[::1]:80");
        assert_eq!(base(&[("host", "cloud.example"), ("x-forwarded-proto", "https")], false), "https://cloud.example");
        assert_eq!(base(&[("host", "evil\"<b>")], false), "http://localhost");
    }
}
