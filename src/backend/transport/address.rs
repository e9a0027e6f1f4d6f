//! Addresses that credentials are sent to.

use url::{Host, Url};

/// Why a text is not the address of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It cannot be read as an address at all.
    #[error("is not an address ({0})")]
    Unreadable(String),
    /// It begins with another scheme than `https`.
    #[error("begins with {0}://; give an address that begins with https://")]
    Scheme(String),
    /// It is not encrypted, and does not stay on this machine.
    #[error("begins with http://, which would send credentials in the clear; only an address of this machine may")]
    Clear,
    /// It holds a user name or a password.
    #[error("holds credentials; give them in attributes of their own")]
    Credentials,
    /// It goes on with `?` or `#`.
    #[error("goes on with ? or # after the path; leave that out")]
    Rest,
}

/// An address that credentials may be sent to. Without a scheme, `https` is meant; without
/// encryption, only this machine may be.
pub fn address(text: &str) -> Result<Url, AddressError> {
    let url = clear_address(text)?;
    if url.scheme() == "http" && !is_this_machine(&url) { Err(AddressError::Clear) } else { Ok(url) }
}

/// The same where connections need not be encrypted.
pub fn clear_address(text: &str) -> Result<Url, AddressError> {
    let text = text.trim();
    let whole = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let url = Url::parse(&whole).map_err(|error| AddressError::Unreadable(error.to_string()))?;
    if url.host_str().is_none_or(str::is_empty) {
        return Err(AddressError::Unreadable("there is no host in it".to_owned()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(AddressError::Credentials);
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(AddressError::Rest);
    }
    match url.scheme() {
        "https" | "http" => Ok(url),
        other => Err(AddressError::Scheme(other.to_owned())),
    }
}

/// The host of `url`, and the port if it is not the usual one.
pub fn name_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// A path with what a URL gives another meaning to written in hexadecimal. `url` does
/// the rest, such as spaces.
pub fn escaped(path: &str) -> String {
    path.replace('%', "%25").replace('?', "%3F").replace('#', "%23")
}
