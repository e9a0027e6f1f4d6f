//! What a user sets of an endpoint, checked.
//!
//! | module | what it holds |
//! |---|---|
//! | `table` | all settings, each declared once |
//!
//! The names of settings and of environment variables are those of the provider that NSX
//! users know (facts: nsxt-provider 1.2).

mod table;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use tokio_util::sync::CancellationToken;

pub use table::SETTINGS;

use super::auth::{Scheme, TokenGrant, TokenSource};
use super::host::Endpoint;
use crate::backend::settings::{Given, Wrong, wrong};
use crate::backend::transport::{AddressError, Failure, Retries, Trust, address, header};

/// The console of VMware Cloud, which makes tokens.
const CONSOLE: &str = "console.cloud.vmware.com";
/// Where it exchanges an API token.
const BY_API_TOKEN: &str = "/csp/gateway/am/api/auth/api-tokens/authorize";
/// Where it exchanges the secret of an OAuth app.
const BY_APP: &str = "/csp/gateway/am/api/auth/authorize";

/// No pause is longer, in milliseconds.
const LONGEST_DELAY: i64 = 300_000;

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

/// Attributes that name one thing: by a text, or by a file that holds it.
const TWINS: [[&str; 2]; 3] =
    [["ca", "ca_file"], ["client_auth_cert", "client_auth_cert_file"], ["client_auth_key", "client_auth_key_file"]];

impl Given {
    /// The text of an attribute.
    fn text(&self, attribute: &str) -> Option<&str> {
        self.texts.get(attribute).map(String::as_str).filter(|text| !text.is_empty())
    }

    fn flag(&self, attribute: &str) -> bool {
        self.flags.get(attribute) == Some(&true)
    }

    /// The ways to authenticate that are set, by their first attribute.
    fn ways(&self) -> Vec<(usize, &'static str)> {
        let set = |(way, attributes): (usize, &&'static [&'static str])| {
            attributes.iter().find(|attribute| self.text(attribute).is_some()).map(|attribute| (way, *attribute))
        };
        WAYS.iter().enumerate().filter_map(set).collect()
    }

    /// What is set here, and what `other` sets of the rest. Of two ways to authenticate, or
    /// to name one thing, the one that is set here counts.
    #[must_use]
    pub fn or(mut self, other: Given) -> Given {
        let own_ways = self.ways();
        let is_of_another_way = |name: &str| {
            let way = WAYS.iter().position(|way| way.contains(&name));
            way.is_some_and(|way| !own_ways.is_empty() && own_ways.iter().all(|(own, _)| *own != way))
        };
        let is_named_otherwise = |name: &str| {
            let twins = TWINS.iter().find(|twins| twins.contains(&name));
            twins.is_some_and(|twins| twins.iter().any(|twin| self.text(twin).is_some()))
        };
        let wanted = |name: &str| self.text(name).is_none() && !is_of_another_way(name) && !is_named_otherwise(name);
        let texts: Vec<_> = other.texts.into_iter().filter(|(name, _)| wanted(name)).collect();
        self.texts.extend(texts);
        for (name, flag) in other.flags {
            self.flags.entry(name).or_insert(flag);
        }
        for (name, number) in other.numbers {
            self.numbers.entry(name).or_insert(number);
        }
        for (name, numbers) in other.lists {
            self.lists.entry(name).or_insert(numbers);
        }
        self
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
        if self.flag("remote_auth") {
            Scheme::Header(header("Remote", &username, &password))
        } else if self.flags.get("session_auth") == Some(&false) || mode == Mode::Basic {
            Scheme::Header(header("Basic", &username, &password))
        } else {
            Scheme::Session { username, password }
        }
    }

    fn by_token(&self, by: TokenGrant, path: &str, mode: Mode) -> Result<Scheme, Wrong> {
        let host = self.text("vmc_auth_host").unwrap_or(CONSOLE);
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
        match self.text("vmc_auth_mode") {
            None | Some("Default") => Ok(Mode::Default),
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
        let most = self.number("max_retries", 1_000)?;
        let delay = |attribute| Ok(self.number(attribute, LONGEST_DELAY)?.map(Duration::from_millis));
        let (min_delay, max_delay) = (delay("retry_min_delay")?, delay("retry_max_delay")?);
        if let (Some(min), Some(max)) = (min_delay, max_delay)
            && min > max
        {
            let what = "retry_max_delay is below retry_min_delay";
            return Err(wrong("retry_max_delay", what, "Give both in milliseconds, the longer one here."));
        }
        let statuses = self.lists.get("retry_on_status_codes").map(|given| {
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

    fn number(&self, attribute: &'static str, most: i64) -> Result<Option<u64>, Wrong> {
        match self.numbers.get(attribute) {
            Some(number) if !(0..=most).contains(number) => {
                let what = format!("{attribute} cannot be {number}");
                Err(wrong(attribute, what, format!("Use a whole number from 0 to {most}.")))
            }
            given => Ok(given.and_then(|number| u64::try_from(*number).ok())),
        }
    }

    fn trust(&self, scheme: &Scheme, endpoint: &Endpoint) -> Result<Trust, Wrong> {
        let authorities = self.pem("ca", "ca_file")?;
        if let Some((attribute, pem)) = &authorities {
            certificates(attribute, pem)?;
        }
        let needs_console = matches!(scheme, Scheme::Token(_));
        Ok(Trust {
            // Without TLS nobody has to be trusted, and the system's certificates stay unread.
            anybody: self.flag("allow_unverified_ssl"),
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
        let chain = certificates(cert_at, &certificate)?;
        if key.contains("ENCRYPTED") {
            let hint = "Nobody is asked for its pass phrase. Decrypt it: openssl pkey -in FILE -out FILE.";
            return Err(wrong(key_at, format!("{key_at} holds a key that is encrypted"), hint));
        }
        let own = PrivateKeyDer::from_pem_slice(key.as_bytes())
            .map_err(|_| wrong(key_at, format!("{key_at} holds no private key"), "Give it in PEM form."))?;
        CertifiedKey::from_der(chain, own, &aws_lc_rs::default_provider()).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => {
                let what = format!("{key_at} is not the key of the first certificate in {cert_at}");
                wrong(key_at, what, "The own certificate comes first, then those that lead to its authority.")
            }
            error => wrong(key_at, format!("{cert_at} and {key_at} cannot be used"), format!("{error}.")),
        })?;
        Ok(Some(format!("{}\n{}", certificate.trim(), key.trim())))
    }

    /// What an attribute holds, or the file that another one names; and which one.
    fn pem(&self, text: &'static str, file: &'static str) -> Result<Option<(&'static str, String)>, Wrong> {
        match (self.text(text), self.text(file)) {
            (Some(_), Some(_)) => Err(wrong(file, format!("{text} and {file} are both set"), "Leave one of them out.")),
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
fn no_address(attribute: &str, text: &str, error: &AddressError) -> String {
    if *error == AddressError::Credentials {
        format!("{attribute} {error}")
    } else {
        format!("{attribute} {text:?} {error}")
    }
}

/// How VMware Cloud on AWS is shown who we are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Default,
    Bearer,
    Basic,
}

fn certificates(attribute: &'static str, pem: &str) -> Result<Vec<CertificateDer<'static>>, Wrong> {
    let found = CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<Vec<_>, _>>();
    found.ok().filter(|found| !found.is_empty()).ok_or_else(|| {
        let hint = "Give it in PEM form, which begins with -----BEGIN CERTIFICATE-----.";
        wrong(attribute, format!("{attribute} holds no certificate"), hint)
    })
}

impl Settings {
    /// A client as these settings want it.
    pub(super) fn client(&self) -> Result<reqwest::Client, Failure> {
        crate::backend::transport::client(&self.trust)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(texts: &[(&'static str, &str)]) -> Given {
        let texts = texts.iter().map(|(name, text)| (*name, (*text).to_owned())).collect();
        Given { texts, ..Given::default() }
    }

    fn checked(given: &Given) -> Result<Option<Settings>, Wrong> {
        given.check(PathBuf::new(), CancellationToken::new(), &|_| false)
    }

    fn wrong_in(given: &Given) -> String {
        checked(given).map(drop).unwrap_err().attribute.to_owned()
    }

    const HOST: (&str, &str) = ("host", "nsx.example.com");
    const USER: [(&str, &str); 2] = [("username", "admin"), ("password", "x")];

    #[test]
    fn the_attribute_that_is_wrong_is_named() {
        for (texts, attribute) in [
            (vec![USER[0], USER[1]], "host"),
            (vec![("host", "ftp://nsx"), USER[0], USER[1]], "host"),
            (vec![HOST], "username"),
            (vec![HOST, USER[0]], "password"),
            (vec![HOST, USER[0], USER[1], ("vmc_token", "t")], "vmc_token"),
            (vec![HOST, ("vmc_token", "t"), ("vmc_client_id", "t")], "vmc_client_id"),
            (vec![HOST, ("vmc_client_id", "t")], "vmc_client_secret"),
            (vec![HOST, ("vmc_token", "t"), ("vmc_auth_mode", "basic")], "vmc_auth_mode"),
            (vec![HOST, ("vmc_token", "t"), ("vmc_auth_mode", "Basic")], "vmc_auth_mode"),
            (vec![HOST, ("vmc_token", "t"), ("vmc_auth_host", "http://example.com")], "vmc_auth_host"),
            (vec![HOST, USER[0], USER[1], ("ca_file", "/does/not/exist")], "ca_file"),
            (vec![HOST, USER[0], USER[1], ("ca", "no certificate")], "ca"),
            (vec![HOST, ("client_auth_cert", "no certificate")], "client_auth_key_file"),
            (vec![HOST, ("client_auth_cert", "a"), ("client_auth_cert_file", "b")], "client_auth_cert_file"),
        ] {
            assert_eq!(wrong_in(&given(&texts)), attribute, "{texts:?}");
        }
        for (name, number) in [("max_retries", -1), ("retry_min_delay", 300_001), ("retry_max_delay", i64::MIN)] {
            let mut given = given(&[HOST, USER[0], USER[1]]);
            given.numbers.insert(name, number);
            assert_eq!(wrong_in(&given), name);
        }
        let mut given = given(&[HOST, USER[0], USER[1]]);
        given.numbers.extend([("retry_min_delay", 10), ("retry_max_delay", 5)]);
        assert_eq!(wrong_in(&given), "retry_max_delay");
        given.numbers.clear();
        given.lists.insert("retry_on_status_codes", vec![503, 200]);
        assert_eq!(wrong_in(&given), "retry_on_status_codes");
    }

    #[test]
    fn credentials_in_an_address_are_not_repeated() {
        let wrong = checked(&given(&[("host", "https://admin:hunter2@nsx"), USER[0], USER[1]])).map(drop).unwrap_err();
        assert!(!wrong.to_string().contains("hunter2") && wrong.to_string().contains("credentials"), "{wrong}");
    }

    #[test]
    fn what_is_not_known_yet_is_left_alone() {
        let unknown = |name: &str| matches!(name, "host" | "password");
        let open = given(&[("username", "admin")]).check(PathBuf::new(), CancellationToken::new(), &unknown);
        assert!(open.unwrap().is_none());
    }

    #[test]
    fn the_block_goes_before_the_environment() {
        let environment =
            given(&[HOST, ("username", "admin"), ("password", "x"), ("ca_file", "/a"), ("vmc_auth_mode", "Bearer")]);
        let own = given(&[("host", "other.example.com"), ("vmc_token", "t"), ("ca", "pem")]);
        let both = own.or(environment);
        let names: Vec<_> = both.texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
        assert_eq!(
            names,
            [("ca", "pem"), ("host", "other.example.com"), ("vmc_auth_mode", "Bearer"), ("vmc_token", "t")],
            "another way to authenticate, or another name for one thing, is not taken"
        );
    }

    #[test]
    fn a_token_is_had_where_the_console_makes_them() {
        for (texts, url) in [
            (vec![("vmc_token", "t")], "https://console.cloud.vmware.com/csp/gateway/am/api/auth/api-tokens/authorize"),
            (
                vec![("vmc_client_id", "a"), ("vmc_client_secret", "b")],
                "https://console.cloud.vmware.com/csp/gateway/am/api/auth/authorize",
            ),
            (
                vec![("vmc_token", "t"), ("vmc_auth_host", "csp.example.com")],
                "https://csp.example.com/csp/gateway/am/api/auth/api-tokens/authorize",
            ),
            (vec![("vmc_token", "t"), ("vmc_auth_host", "csp.example.com/a/b")], "https://csp.example.com/a/b"),
        ] {
            let texts: Vec<_> = [HOST].into_iter().chain(texts).collect();
            let settings = checked(&given(&texts)).unwrap().unwrap();
            let Scheme::Token(source) = settings.scheme else { panic!("no token") };
            assert_eq!(source.url.as_str(), url);
        }
    }
}
