//! What a user sets of an endpoint, checked.
//!
//! The names of settings and of environment variables are those of the provider that NSX
//! users know (facts: nsxt-provider 1.2).

use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_util::sync::CancellationToken;

use super::auth::{Scheme, TokenGrant, TokenSource, header};
use super::host::{Endpoint, HostError, address};
use super::transport::{Failure, Retries, Trust};

/// The console of VMware Cloud, which makes tokens.
const CONSOLE: &str = "console.cloud.vmware.com";
/// Where it exchanges an API token.
const BY_API_TOKEN: &str = "/csp/gateway/am/api/auth/api-tokens/authorize";
/// Where it exchanges the secret of an OAuth app.
const BY_APP: &str = "/csp/gateway/am/api/auth/authorize";

/// What is set, by the names of the attributes. Nothing is checked yet.
#[derive(Clone, Default)]
pub struct Given {
    /// The address of the endpoint.
    pub host: Option<String>,
    /// A user of NSX.
    pub username: Option<String>,
    /// Its password.
    pub password: Option<String>,
    /// Whether the user is one of another directory.
    pub remote_auth: Option<bool>,
    /// Whether a session is opened.
    pub session_auth: Option<bool>,
    /// Whether any certificate is trusted.
    pub allow_unverified_ssl: Option<bool>,
    /// A file with certificates that are trusted.
    pub ca_file: Option<String>,
    /// Certificates that are trusted.
    pub ca: Option<String>,
    /// A file with the own certificate.
    pub client_auth_cert_file: Option<String>,
    /// A file with its key.
    pub client_auth_key_file: Option<String>,
    /// The own certificate.
    pub client_auth_cert: Option<String>,
    /// Its key.
    pub client_auth_key: Option<String>,
    /// How often a request is sent again.
    pub max_retries: Option<i64>,
    /// The shortest pause in milliseconds.
    pub retry_min_delay: Option<i64>,
    /// The longest pause in milliseconds.
    pub retry_max_delay: Option<i64>,
    /// After which statuses a request is sent again.
    pub retry_on_status_codes: Option<Vec<i64>>,
    /// An API token of VMware Cloud.
    pub vmc_token: Option<String>,
    /// The id of an OAuth app.
    pub vmc_client_id: Option<String>,
    /// Its secret.
    pub vmc_client_secret: Option<String>,
    /// Where tokens are made.
    pub vmc_auth_host: Option<String>,
    /// How the endpoint is shown a token.
    pub vmc_auth_mode: Option<String>,
}

/// A setting that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The attribute.
    pub attribute: &'static str,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub hint: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}. {}", self.what, self.hint)
    }
}

fn wrong(attribute: &'static str, what: impl Into<String>, hint: impl Into<String>) -> Wrong {
    Wrong { attribute, what: what.into(), hint: hint.into() }
}

/// Settings that are right.
pub struct Settings {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// Who we are to it.
    pub scheme: Scheme,
    /// Whom we trust.
    pub trust: Trust,
    /// When requests are sent again.
    pub retries: Retries,
    /// The folder for what is noted beside the objects.
    pub notes: PathBuf,
    /// Cancelled when Terraform stops.
    pub cancelled: CancellationToken,
}

/// Ways to authenticate, by the attributes that choose them.
const WAYS: [&[&str]; 4] = [
    &["username", "password"],
    &["client_auth_cert_file", "client_auth_key_file", "client_auth_cert", "client_auth_key"],
    &["vmc_token"],
    &["vmc_client_id", "vmc_client_secret"],
];

impl Given {
    /// The text of an attribute.
    fn text(&self, attribute: &str) -> Option<&str> {
        let text = match attribute {
            "host" => &self.host,
            "username" => &self.username,
            "password" => &self.password,
            "ca_file" => &self.ca_file,
            "ca" => &self.ca,
            "client_auth_cert_file" => &self.client_auth_cert_file,
            "client_auth_key_file" => &self.client_auth_key_file,
            "client_auth_cert" => &self.client_auth_cert,
            "client_auth_key" => &self.client_auth_key,
            "vmc_token" => &self.vmc_token,
            "vmc_client_id" => &self.vmc_client_id,
            "vmc_client_secret" => &self.vmc_client_secret,
            _ => &None,
        };
        text.as_deref().filter(|text| !text.is_empty())
    }

    /// The ways to authenticate that are set, by their first attribute.
    fn ways(&self) -> Vec<(usize, &'static str)> {
        let set = |(way, attributes): (usize, &&'static [&'static str])| {
            attributes.iter().find(|attribute| self.text(attribute).is_some()).map(|attribute| (way, *attribute))
        };
        WAYS.iter().enumerate().filter_map(set).collect()
    }

    /// What is set here, and what `other` sets of the rest. Of two ways to authenticate,
    /// the one that is set here counts.
    #[must_use]
    pub fn or(self, other: Given) -> Given {
        let own_ways = self.ways();
        let may = |way: usize| own_ways.is_empty() || own_ways.iter().any(|(own, _)| *own == way);
        let either = |own: Option<String>, other: Option<String>| own.filter(|text| !text.is_empty()).or(other);
        let of_way = |way, own, theirs| either(own, if may(way) { theirs } else { None });
        // Of a certificate and a key, a file and a text each are one thing said twice.
        let has_certificate = self.client_auth_cert.is_some() || self.client_auth_cert_file.is_some();
        let has_key = self.client_auth_key.is_some() || self.client_auth_key_file.is_some();
        let has_ca = self.ca.is_some() || self.ca_file.is_some();
        let unless = |has: bool, theirs: Option<String>| if has { None } else { theirs };
        Given {
            host: either(self.host, other.host),
            username: of_way(0, self.username, other.username),
            password: of_way(0, self.password, other.password),
            remote_auth: self.remote_auth.or(other.remote_auth),
            session_auth: self.session_auth.or(other.session_auth),
            allow_unverified_ssl: self.allow_unverified_ssl.or(other.allow_unverified_ssl),
            ca_file: either(self.ca_file, unless(has_ca, other.ca_file)),
            ca: either(self.ca, unless(has_ca, other.ca)),
            client_auth_cert_file: of_way(
                1,
                self.client_auth_cert_file,
                unless(has_certificate, other.client_auth_cert_file),
            ),
            client_auth_key_file: of_way(1, self.client_auth_key_file, unless(has_key, other.client_auth_key_file)),
            client_auth_cert: of_way(1, self.client_auth_cert, unless(has_certificate, other.client_auth_cert)),
            client_auth_key: of_way(1, self.client_auth_key, unless(has_key, other.client_auth_key)),
            max_retries: self.max_retries.or(other.max_retries),
            retry_min_delay: self.retry_min_delay.or(other.retry_min_delay),
            retry_max_delay: self.retry_max_delay.or(other.retry_max_delay),
            retry_on_status_codes: self.retry_on_status_codes.or(other.retry_on_status_codes),
            vmc_token: of_way(2, self.vmc_token, other.vmc_token),
            vmc_client_id: of_way(3, self.vmc_client_id, other.vmc_client_id),
            vmc_client_secret: of_way(3, self.vmc_client_secret, other.vmc_client_secret),
            vmc_auth_host: either(self.vmc_auth_host, other.vmc_auth_host),
            vmc_auth_mode: either(self.vmc_auth_mode, other.vmc_auth_mode),
        }
    }

    /// Checks what is set. `unknown` says of which attributes the values are known only
    /// later: nothing is said of those.
    ///
    /// # Errors
    /// The first attribute that is wrong.
    pub fn check(
        &self,
        notes: PathBuf,
        cancelled: CancellationToken,
        unknown: &dyn Fn(&str) -> bool,
    ) -> Result<Option<Settings>, Wrong> {
        let endpoint = self.endpoint(unknown)?;
        let scheme = self.scheme(unknown)?;
        let retries = self.retries()?;
        let (Some(endpoint), Some(scheme)) = (endpoint, scheme) else { return Ok(None) };
        let trust = self.trust(&scheme, &endpoint)?;
        Ok(Some(Settings { endpoint, scheme, trust, retries, notes, cancelled }))
    }

    fn endpoint(&self, unknown: &dyn Fn(&str) -> bool) -> Result<Option<Endpoint>, Wrong> {
        let hint = "Give the address of the NSX Manager, or the proxy's that VMware Cloud on AWS names, such as \
                    https://nsx.example.com.";
        match self.text("host") {
            None if unknown("host") => Ok(None),
            None => Err(wrong("host", "host is missing", format!("{hint} Or set NSXT_MANAGER_HOST."))),
            Some(text) => {
                Endpoint::parse(text).map(Some).map_err(|error| wrong("host", no_address("host", text, &error), hint))
            }
        }
    }

    /// Who we are; `None` while that is not all known.
    fn scheme(&self, unknown: &dyn Fn(&str) -> bool) -> Result<Option<Scheme>, Wrong> {
        let ways = self.ways();
        if let [(_, first), (_, second), ..] = ways[..] {
            let what = format!("{first} and {second} are two ways to authenticate");
            return Err(wrong(second, what, "Leave one of them out, also among the environment variables NSXT_…."));
        }
        let way = ways.first().map(|(way, _)| *way);
        let open = WAYS.iter().flat_map(|way| way.iter()).any(|attribute| unknown(attribute));
        let mode = self.mode()?;
        let need = |attribute: &'static str, with: &str| match self.text(attribute) {
            Some(text) => Ok(Some(text.to_owned())),
            None if unknown(attribute) => Ok(None),
            None => Err(wrong(attribute, format!("{attribute} is missing"), format!("It goes together with {with}."))),
        };
        if mode == Mode::Basic && !matches!(way, None | Some(0)) {
            let hint = "Basic is with username and password. Give those, or another vmc_auth_mode.";
            return Err(wrong("vmc_auth_mode", "vmc_auth_mode cannot be Basic with a token", hint));
        }
        match way {
            None if open => Ok(None),
            None => {
                let hint = "Give username and password, a client certificate, vmc_token, or vmc_client_id and \
                            vmc_client_secret; or set the environment variables NSXT_USERNAME and NSXT_PASSWORD, or \
                            NSXT_VMC_TOKEN.";
                Err(wrong("username", "How to authenticate is not said", hint))
            }
            Some(0) => {
                let (user, password) = (need("username", "password")?, need("password", "username")?);
                let (Some(username), Some(password)) = (user, password) else { return Ok(None) };
                Ok(Some(self.by_password(username, password, mode)))
            }
            Some(1) => Ok(Some(Scheme::Connection)),
            Some(2) => {
                let Some(token) = need("vmc_token", "")? else { return Ok(None) };
                self.by_token(TokenGrant::Refresh(token), BY_API_TOKEN, mode).map(Some)
            }
            Some(_) => {
                let id = need("vmc_client_id", "vmc_client_secret")?;
                let secret = need("vmc_client_secret", "vmc_client_id")?;
                let (Some(id), Some(secret)) = (id, secret) else { return Ok(None) };
                self.by_token(TokenGrant::App { id, secret }, BY_APP, mode).map(Some)
            }
        }
    }

    fn by_password(&self, username: String, password: String, mode: Mode) -> Scheme {
        if self.remote_auth == Some(true) {
            Scheme::Header(header("Remote", &username, &password))
        } else if self.session_auth == Some(false) || mode == Mode::Basic {
            Scheme::Header(header("Basic", &username, &password))
        } else {
            Scheme::Session { username, password }
        }
    }

    fn by_token(&self, by: TokenGrant, path: &str, mode: Mode) -> Result<Scheme, Wrong> {
        let host = self.vmc_auth_host.as_deref().filter(|host| !host.is_empty()).unwrap_or(CONSOLE);
        let mut url = address(host).map_err(|error| {
            let hint = format!("Give a host, with or without a path, such as {CONSOLE}{path}.");
            wrong("vmc_auth_host", no_address("vmc_auth_host", host, &error), hint)
        })?;
        if url.path() == "/" {
            url.set_path(path);
        }
        Ok(Scheme::Token(TokenSource { url, by, in_both_headers: mode == Mode::Default }))
    }

    fn mode(&self) -> Result<Mode, Wrong> {
        match self.vmc_auth_mode.as_deref() {
            None | Some("" | "Default") => Ok(Mode::Default),
            Some("Bearer") => Ok(Mode::Bearer),
            Some("Basic") => Ok(Mode::Basic),
            Some(other) => {
                let what = format!("vmc_auth_mode cannot be {other:?}");
                Err(wrong("vmc_auth_mode", what, "It is Default, Bearer or Basic."))
            }
        }
    }

    fn retries(&self) -> Result<Retries, Wrong> {
        let usual = Retries::default();
        let most = number("max_retries", self.max_retries, 0, 1_000)?;
        let delay = |attribute, given| Ok(number(attribute, given, 0, 300_000)?.map(Duration::from_millis));
        let min_delay = delay("retry_min_delay", self.retry_min_delay)?;
        let max_delay = delay("retry_max_delay", self.retry_max_delay)?;
        if let (Some(min), Some(max)) = (min_delay, max_delay)
            && min > max
        {
            let what = "retry_max_delay is below retry_min_delay";
            return Err(wrong("retry_max_delay", what, "Give both in milliseconds, the longer one here."));
        }
        let statuses = self.retry_on_status_codes.as_ref().map(|given| {
            let status = |code: &i64| u16::try_from(*code).ok().filter(|code| (400..600).contains(code));
            given.iter().map(|code| status(code).ok_or(*code)).collect::<Result<Vec<_>, _>>()
        });
        let statuses = statuses.transpose().map_err(|code| {
            let what = format!("{code} is no status that says that something went wrong");
            wrong("retry_on_status_codes", what, "Give numbers from 400 to 599.")
        })?;
        Ok(Retries {
            most: most.and_then(|most| usize::try_from(most).ok()).unwrap_or(usual.most),
            min_delay: min_delay.unwrap_or(usual.min_delay.min(max_delay.unwrap_or(usual.min_delay))),
            max_delay: max_delay.unwrap_or(usual.max_delay.max(min_delay.unwrap_or(usual.max_delay))),
            statuses: statuses.unwrap_or(usual.statuses),
        })
    }

    fn trust(&self, scheme: &Scheme, endpoint: &Endpoint) -> Result<Trust, Wrong> {
        let authorities = self.pem("ca", "ca_file")?;
        if let Some((attribute, pem)) = &authorities {
            certificates(attribute, pem)?;
        }
        let needs_console = matches!(scheme, Scheme::Token(_));
        Ok(Trust {
            // Without TLS nobody has to be trusted, and the system's certificates stay unread.
            anybody: self.allow_unverified_ssl == Some(true),
            system: needs_console || endpoint.is_encrypted() && authorities.is_none(),
            authorities: authorities.map(|(_, pem)| pem),
            identity: self.identity(scheme)?,
        })
    }

    fn identity(&self, scheme: &Scheme) -> Result<Option<String>, Wrong> {
        if !matches!(scheme, Scheme::Connection) {
            return Ok(None);
        }
        let certificate = self.pem("client_auth_cert", "client_auth_cert_file")?;
        let key = self.pem("client_auth_key", "client_auth_key_file")?;
        let (Some((cert_at, certificate)), Some((key_at, key))) = (certificate, key) else {
            let missing = if self.text("client_auth_cert").or(self.text("client_auth_cert_file")).is_none() {
                "client_auth_cert_file"
            } else {
                "client_auth_key_file"
            };
            return Err(wrong(missing, format!("{missing} is missing"), "A certificate and its key go together."));
        };
        certificates(cert_at, &certificate)?;
        PrivateKeyDer::from_pem_slice(key.as_bytes())
            .map_err(|_| wrong(key_at, format!("{key_at} holds no private key"), "Give it in PEM form, not encrypted."))?;
        Ok(Some(format!("{}\n{}", certificate.trim(), key.trim())))
    }

    /// What an attribute holds, or the file that another one names; and which one.
    fn pem(&self, text: &'static str, file: &'static str) -> Result<Option<(&'static str, String)>, Wrong> {
        match (self.text(text), self.text(file)) {
            (Some(_), Some(_)) => {
                Err(wrong(file, format!("{text} and {file} are both set"), "Leave one of them out."))
            }
            (Some(pem), None) => Ok(Some((text, pem.to_owned()))),
            (None, Some(path)) => match fs::read_to_string(path) {
                Ok(pem) => Ok(Some((file, pem))),
                Err(error) => Err(wrong(
                    file,
                    format!("{file} {path:?} cannot be read: {error}"),
                    "Give the path of a file in PEM form. Terraform does not expand ~: write pathexpand(\"~/…\").",
                )),
            },
            (None, None) => Ok(None),
        }
    }
}

/// What is said of an address that cannot be used. One with credentials is not repeated.
fn no_address(attribute: &str, text: &str, error: &HostError) -> String {
    if *error == HostError::Credentials { format!("{attribute} {error}") } else { format!("{attribute} {text:?} {error}") }
}

/// How VMware Cloud on AWS is shown who we are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Default,
    Bearer,
    Basic,
}

fn number(attribute: &'static str, given: Option<i64>, min: i64, max: i64) -> Result<Option<u64>, Wrong> {
    match given {
        Some(number) if !(min..=max).contains(&number) => {
            let what = format!("{attribute} cannot be {number}");
            Err(wrong(attribute, what, format!("Use a whole number from {min} to {max}.")))
        }
        given => Ok(given.and_then(|number| u64::try_from(number).ok())),
    }
}

fn certificates(attribute: &'static str, pem: &str) -> Result<(), Wrong> {
    let found = CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<Vec<_>, _>>();
    if found.is_ok_and(|found| !found.is_empty()) {
        return Ok(());
    }
    Err(wrong(attribute, format!("{attribute} holds no certificate"), "Give it in PEM form, which begins with -----BEGIN CERTIFICATE-----."))
}

impl Settings {
    /// A client as these settings want it.
    pub(super) fn client(&self) -> Result<reqwest::Client, Failure> {
        super::transport::client(&self.trust)
    }
}
