//! Where an engine is in etcd, and how to get there.

use std::fmt;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use url::Host;

/// The port that etcd serves clients on.
const PORT: u16 = 2379;
/// Where the engine is when the address does not say.
const DEFAULT_PREFIX: &str = "/terraform-provider-vpn";

/// An engine in etcd: `etcd://user:password@host:2379,host2:2379/prefix?ca=FILE`.
///
/// `etcds://` is TLS, and so is every address that names a certificate:
///
/// | parameter | what |
/// |---|---|
/// | `ca` | the file of the authorities that are trusted, in PEM; unset, those of the system |
/// | `cert`, `key` | the files of the own certificate and its key, in PEM |
/// | `name` | the name in the members' certificates, where it is not their host |
///
/// Shown, it is without user, password and parameters.
#[derive(Clone, PartialEq, Eq)]
pub struct EtcdAddress {
    pub(super) members: Vec<String>,
    pub(super) prefix: String,
    pub(super) tls: Option<Tls>,
    user: Option<String>,
    password: Option<String>,
}

/// Whom to trust, and who we are, over TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tls {
    pub ca: Option<PathBuf>,
    /// The certificate and its key.
    pub identity: Option<(PathBuf, PathBuf)>,
    pub name: Option<String>,
}

/// Why a text is not the address of an engine in etcd. What the text holds is told as far
/// as it can be no password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EtcdAddressError {
    /// It is no URL of etcd.
    #[error("it does not begin with etcd:// or etcds://")]
    Scheme,
    /// An `@` that does not part a login from the hosts.
    #[error("there is an @ after the hosts: write / ? # @ as %2F %3F %23 %40 in a user, a password, or a path")]
    Escape,
    /// It names no host.
    #[error("it names no host: etcd://HOST:{PORT}")]
    NoHost,
    /// A host cannot be one.
    #[error("{0:?} is no host and port")]
    Host(String),
    /// The path cannot begin keys.
    #[error("{0:?} cannot be a prefix: it is made of names between single slashes")]
    Prefix(String),
    /// A parameter is not known, or occurs twice, or is empty.
    #[error("{0:?} is unknown, empty, or given twice: the parameters are ca, cert, key and name")]
    Parameter(String),
    /// A certificate without its key, or a key without its certificate.
    #[error("cert and key belong together")]
    HalfAnIdentity,
    /// A user without a password, or a password without a user.
    #[error("user and password belong together")]
    HalfALogin,
    /// A name or a password is not text.
    #[error("user and password are not text once %-escapes are taken for what they stand for")]
    NoText,
}

impl EtcdAddress {
    /// Reads an address.
    pub fn parse(text: &str) -> Result<Self, EtcdAddressError> {
        let (encrypted, rest) = match (text.strip_prefix("etcds://"), text.strip_prefix("etcd://")) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return Err(EtcdAddressError::Scheme),
        };
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        if path.contains('@') || query.contains('@') {
            return Err(EtcdAddressError::Escape);
        }
        let (login, hosts) =
            authority.rsplit_once('@').map_or((None, authority), |(login, hosts)| (Some(login), hosts));
        if hosts.is_empty() {
            return Err(EtcdAddressError::NoHost);
        }
        let members = hosts.split(',').map(member).collect::<Result<_, _>>()?;
        let (user, password) = match login.map(|login| login.split_once(':').unwrap_or((login, ""))) {
            None => (None, None),
            Some((user, password)) => (decoded(user)?, decoded(password)?),
        };
        let tls = tls(query)?;
        let tls = if encrypted || tls != Tls::default() { Some(tls) } else { None };
        Ok(Self { members, prefix: prefix(path)?, tls, user, password })
    }

    /// The same, with this user and this password where the address has none of its own.
    #[must_use]
    pub fn or_login(self, user: Option<String>, password: Option<String>) -> Self {
        Self { user: self.user.or(user), password: self.password.or(password), ..self }
    }

    /// The user and the password to log in with, if there are any.
    pub(super) fn login(&self) -> Result<Option<(String, String)>, EtcdAddressError> {
        match (&self.user, &self.password) {
            (None, None) => Ok(None),
            (Some(user), Some(password)) => Ok(Some((user.clone(), password.clone()))),
            _ => Err(EtcdAddressError::HalfALogin),
        }
    }

    /// The members that keys and passwords cross the network to for everybody to read.
    pub fn exposed(&self) -> Vec<&str> {
        let members = self.members.iter().map(String::as_str);
        members.filter(|member| self.tls.is_none() && !is_local(member)).collect()
    }
}

impl fmt::Display for EtcdAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls.is_some() { "etcds" } else { "etcd" };
        write!(f, "{scheme}://{}{}", self.members.join(","), self.prefix)
    }
}

impl fmt::Debug for EtcdAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// `host:port` of a member.
fn member(text: &str) -> Result<String, EtcdAddressError> {
    let wrong = || EtcdAddressError::Host(text.to_owned());
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port.parse().ok().filter(|port| *port != 0)),
        _ => (text, Some(PORT)),
    };
    let host = Host::parse(host).map_err(|_| wrong())?;
    Ok(format!("{host}:{}", port.ok_or_else(wrong)?))
}

fn is_local(member: &str) -> bool {
    let host = member.rsplit_once(':').map_or(member, |(host, _)| host);
    match Host::parse(host) {
        Ok(Host::Ipv4(address)) => address.is_loopback(),
        Ok(Host::Ipv6(address)) => address.is_loopback(),
        Ok(Host::Domain(name)) => name == "localhost",
        Err(_) => false,
    }
}

/// What the keys of the engine begin with.
fn prefix(path: &str) -> Result<String, EtcdAddressError> {
    let wrong = || EtcdAddressError::Prefix(path.to_owned());
    let text = percent_decode_str(path.trim_end_matches('/')).decode_utf8().map_err(|_| wrong())?;
    if text.is_empty() {
        return Ok(DEFAULT_PREFIX.to_owned());
    }
    let names = text.split('/').skip(1);
    let sound = |name: &str| !name.is_empty() && !name.chars().any(char::is_control);
    if names.into_iter().all(sound) { Ok(text.into_owned()) } else { Err(wrong()) }
}

fn tls(query: &str) -> Result<Tls, EtcdAddressError> {
    let (mut ca, mut cert, mut key, mut name) = (None, None, None, None);
    for (parameter, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let slot = match parameter.as_ref() {
            "ca" => &mut ca,
            "cert" => &mut cert,
            "key" => &mut key,
            "name" => &mut name,
            _ => return Err(EtcdAddressError::Parameter(parameter.into_owned())),
        };
        if value.is_empty() || slot.replace(value.into_owned()).is_some() {
            return Err(EtcdAddressError::Parameter(parameter.into_owned()));
        }
    }
    let identity = match (cert, key) {
        (None, None) => None,
        (Some(cert), Some(key)) => Some((cert.into(), key.into())),
        _ => return Err(EtcdAddressError::HalfAnIdentity),
    };
    Ok(Tls { ca: ca.map(PathBuf::from), identity, name })
}

/// What a part of the login stands for; an empty one is none.
fn decoded(part: &str) -> Result<Option<String>, EtcdAddressError> {
    let text = percent_decode_str(part).decode_utf8().map_err(|_| EtcdAddressError::NoText)?;
    Ok(Some(text.into_owned()).filter(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> EtcdAddress {
        EtcdAddress::parse(text).unwrap()
    }

    #[test]
    fn an_address_names_members_and_a_prefix() {
        let address = parse("etcd://one,two:2380,[::1],[fe80::1]:99/team/vpn/");
        assert_eq!(address.members, ["one:2379", "two:2380", "[::1]:2379", "[fe80::1]:99"]);
        assert_eq!((address.prefix.as_str(), &address.tls), ("/team/vpn", &None));
        assert_eq!(parse("etcd://one").prefix, DEFAULT_PREFIX);
        assert_eq!(parse("etcd://one/a%20b").prefix, "/a b");
    }

    #[test]
    fn an_address_that_is_shown_has_no_secrets() {
        let address = parse("etcds://vpn:p%40ss@one:2379/x?cert=a&key=b");
        assert_eq!(address.login().unwrap(), Some(("vpn".to_owned(), "p@ss".to_owned())));
        assert_eq!(address.to_string(), "etcds://one:2379/x");
        assert_eq!(format!("{address:?}"), "etcds://one:2379/x");
    }

    #[test]
    fn certificates_mean_tls() {
        assert_eq!(parse("etcds://one").tls, Some(Tls::default()));
        let tls = parse("etcd://one?ca=%2Fetc%2Fca.pem&name=etcd").tls.unwrap();
        assert_eq!((tls.ca, tls.name.as_deref()), (Some("/etc/ca.pem".into()), Some("etcd")));
    }

    #[test]
    fn what_crosses_the_network_in_the_clear_is_named() {
        assert_eq!(parse("etcd://127.0.0.1,[::1],localhost,10.0.0.1").exposed(), ["10.0.0.1:2379"]);
        assert_eq!(parse("etcds://10.0.0.1").exposed(), [""; 0]);
    }

    #[test]
    fn the_environment_completes_a_login() {
        let some = |text: &str| Some(text.to_owned());
        let login = |text, user, password| parse(text).or_login(user, password).login();
        assert_eq!(login("etcd://one", some("a"), some("b")).unwrap(), some("a").zip(some("b")));
        assert_eq!(login("etcd://c@one", some("a"), some("b")).unwrap(), some("c").zip(some("b")));
        assert_eq!(login("etcd://one", None, None).unwrap(), None);
        assert_eq!(login("etcd://c@one", None, None), Err(EtcdAddressError::HalfALogin));
        assert_eq!(login("etcd://one", None, some("b")), Err(EtcdAddressError::HalfALogin));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        use EtcdAddressError as E;
        let refused = |text: &str| EtcdAddress::parse(text).unwrap_err();
        assert_eq!(refused("http://one"), E::Scheme);
        assert_eq!(refused("etcd:///prefix"), E::NoHost);
        for text in ["etcd://a:b/c@one", "etcd://a:b?c@one"] {
            assert_eq!(refused(text), E::Escape);
        }
        for host in ["one,", "one:0", "one:x", "one:99999", "a b", "[::1"] {
            assert!(matches!(refused(&format!("etcd://{host}/x")), E::Host(_)), "{host}");
        }
        for path in ["//", "/a//b", "/a/%00", "/%ff"] {
            // A single name is taken with slashes at its end.
            let path = format!("{path}/c");
            assert!(matches!(refused(&format!("etcd://one{path}")), E::Prefix(_)), "{path}");
        }
        for query in ["x=1", "ca=", "ca=a&ca=b"] {
            assert!(matches!(refused(&format!("etcd://one?{query}")), E::Parameter(_)), "{query}");
        }
        assert_eq!(refused("etcd://one?cert=a"), E::HalfAnIdentity);
        assert_eq!(refused("etcd://%ff:x@one"), E::NoText);
    }
}
