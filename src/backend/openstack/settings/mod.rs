//! What a user sets of an OpenStack, checked.
//!
//! The names of settings are those of the provider that OpenStack's users know, the environment
//! variables those of OpenStack's own tools. What the block does not set, the cloud's entry in
//! `clouds.yaml` does, and then the environment.

mod table;

use std::fs;
use std::path::PathBuf;

use serde_json::{Map, Value as Json};
use tokio_util::sync::CancellationToken;
use url::Url;

pub use table::SETTINGS;

use super::clouds::{self, Places};
use super::keystone::{Identity, Keystone, Named, Scope, below};
use crate::backend::settings::{Given, Wrong, wrong};
use crate::backend::transport::{AddressError, Retries, Trust, clear_address};

/// Settings that are right.
pub struct Settings {
    /// Who we are, and where.
    pub keystone: Keystone,
    /// Whom we trust.
    pub trust: Trust,
    /// When requests are sent again.
    pub retries: Retries,
    /// The folder for what is noted beside the objects.
    pub notes: PathBuf,
    /// Cancelled when Terraform stops.
    pub cancelled: CancellationToken,
}

/// The type of the network service.
const NETWORK: &str = "network";

/// Ways to authenticate, by the attributes that choose them.
const WAYS: [&[&str]; 3] = [
    &["application_credential_id", "application_credential_name", "application_credential_secret"],
    &["token"],
    &["password"],
];

/// What the entries of `clouds.yaml` below `auth` are here, where it is called otherwise.
const IN_AUTH: [(&str, &str); 4] = [
    ("username", "user_name"),
    ("project_id", "tenant_id"),
    ("project_name", "tenant_name"),
    ("system_scope", "system_scope"),
];

/// What the entries of `clouds.yaml` beside `auth` are here.
const BESIDE_AUTH: [(&str, &str); 7] = [
    ("region_name", "region"),
    ("interface", "endpoint_type"),
    ("endpoint_type", "endpoint_type"),
    ("cacert", "cacert_file"),
    ("cert", "cert"),
    ("key", "key"),
    ("auth_type", "auth_type"),
];

/// What the entry `cloud` of `clouds.yaml` sets.
fn of_cloud(cloud: &Map<String, Json>) -> Given {
    let mut given = Given::default();
    let text = |value: &Json| match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    };
    for (key, value) in cloud.get("auth").and_then(Json::as_object).into_iter().flatten() {
        let name = IN_AUTH.iter().find(|(theirs, _)| theirs == key).map_or(key.as_str(), |(_, ours)| *ours);
        let known = SETTINGS.iter().find(|known| known.name == name);
        given.texts.extend(known.zip(text(value)).map(|(known, text)| (known.name, text)));
    }
    let address = cloud.get("network_endpoint_override").and_then(text);
    let overrides = address.map(|address| [(NETWORK.to_owned(), address)].into());
    given.maps.extend(overrides.map(|overrides| ("endpoint_overrides", overrides)));
    for (key, name) in BESIDE_AUTH {
        given.texts.extend(cloud.get(key).and_then(text).map(|text| (name, text)));
    }
    if let Some(verify) = cloud.get("verify").and_then(Json::as_bool) {
        given.flags.insert("insecure", !verify);
    }
    given
}

/// What is set here and, of the rest, what `other` sets. Of two ways to authenticate the one that
/// is set here counts, and a project, a user or a domain that is named here is not named twice.
fn or(mut own: Given, other: Given) -> Given {
    let has = |name: &&str| own.texts.get(*name).is_some_and(|text| !text.is_empty());
    let way_of = |name: &str| WAYS.iter().position(|way| way.contains(&name));
    let own_way = WAYS.iter().position(|way| way.iter().any(has));
    let twin = |name: &str| match name.strip_suffix("_id") {
        Some(stem) => Some(format!("{stem}_name")),
        None => name.strip_suffix("_name").map(|stem| format!("{stem}_id")),
    };
    let wanted = |name: &'static str| {
        let is_named = has(&name) || twin(name).is_some_and(|twin| has(&twin.as_str()));
        let is_of_another_way = own_way.is_some() && way_of(name).is_some_and(|way| Some(way) != own_way);
        !is_named && !is_of_another_way
    };
    let texts: Vec<_> = other.texts.into_iter().filter(|(name, _)| wanted(name)).collect();
    own.texts.extend(texts);
    for (name, flag) in other.flags {
        own.flags.entry(name).or_insert(flag);
    }
    for (name, number) in other.numbers {
        own.numbers.entry(name).or_insert(number);
    }
    for (name, map) in other.maps {
        own.maps.entry(name).or_insert(map);
    }
    own
}

/// All that is set: what the block sets, then the cloud it names, then the environment.
///
/// # Errors
/// When the cloud is not known.
pub fn together(block: Given, environment: Given, places: &Places) -> Result<Given, Wrong> {
    let cloud = block.texts.get("cloud").or(environment.texts.get("cloud")).filter(|name| !name.is_empty()).cloned();
    let Some(name) = cloud else { return Ok(or(block, environment)) };
    let entry = places
        .cloud(&name)
        .map_err(|error| wrong("cloud", format!("The cloud {name:?} is not known"), format!("The reason: {error}.")))?;
    let region = block.texts.get("region").or(environment.texts.get("region")).map(String::as_str);
    let of_cloud = of_cloud(&clouds::in_region(entry, region));
    Ok(or(or(block, of_cloud), environment))
}

/// Checks what is `given`. `unknown` says of which attributes the values are known only later:
/// nothing is said of those, and nothing is made of them.
///
/// # Errors
/// The first attribute that is wrong.
pub fn check(
    given: &Given,
    notes: PathBuf,
    cancelled: CancellationToken,
    unknown: &dyn Fn(&str) -> bool,
) -> Result<Option<Settings>, Wrong> {
    let checking = Checking { given, unknown };
    let auth_url = checking.auth_url()?;
    let identity = checking.identity()?;
    let scope = checking.scope()?;
    let interface = checking.interface()?;
    let network = checking.network()?;
    let retries = checking.retries()?;
    let trust = checking.trust()?;
    let (Some(auth_url), Some(identity)) = (auth_url, identity) else { return Ok(None) };
    if checking.is_open(&["region", "tenant_id", "tenant_name", "endpoint_overrides"]) {
        return Ok(None);
    }
    let region = checking.text("region").map(str::to_owned);
    // An application credential is for one project, and takes no other.
    let scope = if matches!(identity, Identity::Application { .. }) { Scope::Own } else { scope };
    let keystone = Keystone { auth_url, identity, scope, region, interface, network };
    Ok(Some(Settings { keystone, trust, retries, notes, cancelled }))
}

struct Checking<'a> {
    given: &'a Given,
    unknown: &'a dyn Fn(&str) -> bool,
}

impl Checking<'_> {
    fn text(&self, attribute: &str) -> Option<&str> {
        self.given.texts.get(attribute).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// Whether the value of one of these is known only later.
    fn is_open(&self, attributes: &[&str]) -> bool {
        attributes.iter().any(|attribute| self.text(attribute).is_none() && (self.unknown)(attribute))
    }

    /// What is called by `id` or by `name`.
    fn named(&self, id: &str, name: &str) -> Option<Named> {
        let by_id = self.text(id).map(|id| Named::Id(id.to_owned()));
        by_id.or_else(|| self.text(name).map(|name| Named::Name(name.to_owned())))
    }

    /// The domain of a user or a project: its own, that of both, or the default one.
    fn domain_of(&self, whose: &'static str) -> Named {
        let (id, name) = match whose {
            "user" => ("user_domain_id", "user_domain_name"),
            _ => ("project_domain_id", "project_domain_name"),
        };
        let own = self.named(id, name).or_else(|| self.named("domain_id", "domain_name"));
        own.unwrap_or_else(|| Named::Id(self.text("default_domain").unwrap_or("default").to_owned()))
    }

    fn auth_url(&self) -> Result<Option<Url>, Wrong> {
        let hint = "Give the address of Keystone, such as https://cloud.example.com:5000/v3, or cloud; or set OS_AUTH_URL \
                    or OS_CLOUD.";
        let Some(text) = self.text("auth_url") else {
            let missing = || wrong("auth_url", "auth_url is missing", hint);
            return if self.is_open(&["auth_url", "cloud"]) { Ok(None) } else { Err(missing()) };
        };
        let mut url = address_of("auth_url", text, hint)?;
        let path = url.path().trim_end_matches('/').to_owned();
        if path.ends_with("/v2.0") {
            let what = "auth_url is that of the Identity API v2.0".to_owned();
            return Err(wrong(
                "auth_url",
                what,
                "OpenStack has no such API any more: give the address that ends in /v3.",
            ));
        }
        url.set_path(path.strip_suffix("/v3").unwrap_or(&path));
        Ok(Some(url))
    }

    fn identity(&self) -> Result<Option<Identity>, Wrong> {
        let set = |way: &&&[&str]| way.iter().any(|name| self.text(name).is_some());
        let ways: Vec<_> = WAYS.iter().filter(set).collect();
        if let [first, second, ..] = ways[..] {
            let what = format!("{} and {} are two ways to authenticate", self.first(first), self.first(second));
            return Err(wrong(
                self.first(second),
                what,
                "Leave one of them out, also among the variables OS_… and in clouds.yaml.",
            ));
        }
        let kind = self.text("auth_type").unwrap_or_default();
        if let "none" | "http_basic" | "v2password" | "v2token" | "v3kerberos" | "v3oidcpassword" | "v3totp" = kind {
            let hint = "It is password, token or v3applicationcredential. Leave it out: what is given tells.";
            return Err(wrong("cloud", format!("auth_type {kind:?} is not supported"), hint));
        }
        let Some(way) = ways.first() else {
            let hint =
                "Give user_name and password, an application credential, or a token; or name a cloud of clouds.yaml.";
            let all: Vec<_> = WAYS.iter().flat_map(|way| way.iter().copied()).chain(["cloud"]).collect();
            let missing = || wrong("user_name", "How to authenticate is not said", hint);
            return if self.is_open(&all) { Ok(None) } else { Err(missing()) };
        };
        match self.first(way) {
            "token" => Ok(self.text("token").map(|token| Identity::Token(token.to_owned()))),
            "password" => {
                let Some(user) = self.named("user_id", "user_name") else {
                    let missing = || wrong("user_name", "user_name is missing", "It goes together with password.");
                    return if self.is_open(&["user_id", "user_name"]) { Ok(None) } else { Err(missing()) };
                };
                let domain = Some(self.domain_of("user"));
                let password = self.text("password").unwrap_or_default().to_owned();
                Ok(Some(Identity::Password { user, domain, password }))
            }
            _ => self.application(),
        }
    }

    fn application(&self) -> Result<Option<Identity>, Wrong> {
        let names = ["application_credential_id", "application_credential_name", "application_credential_secret"];
        let open = self.is_open(&names);
        let Some(credential) = self.named(names[0], names[1]) else {
            let missing = || wrong(names[0], format!("{} is missing", names[0]), "It goes together with its secret.");
            return if open { Ok(None) } else { Err(missing()) };
        };
        let Some(secret) = self.text(names[2]) else {
            let missing =
                || wrong(names[2], format!("{} is missing", names[2]), "It goes together with the credential.");
            return if open { Ok(None) } else { Err(missing()) };
        };
        let user = match &credential {
            Named::Id(_) => None,
            Named::Name(_) => {
                let Some(user) = self.named("user_id", "user_name") else {
                    let hint = "A credential that is named by its name needs its user: give user_name or user_id, or name \
                                it by its id.";
                    return Err(wrong("user_name", "user_name is missing", hint));
                };
                Some((user, Some(self.domain_of("user"))))
            }
        };
        Ok(Some(Identity::Application { credential, user, secret: secret.to_owned() }))
    }

    /// The first attribute of `way` that is set.
    fn first(&self, way: &[&'static str]) -> &'static str {
        way.iter().find(|name| self.text(name).is_some()).copied().unwrap_or("user_name")
    }

    fn scope(&self) -> Result<Scope, Wrong> {
        let project = self.named("tenant_id", "tenant_name");
        let is_system = self.given.flags.get("system_scope") == Some(&true) || self.text("system_scope") == Some("all");
        match project {
            Some(_) if is_system => {
                let what = "system_scope and a project are two scopes";
                Err(wrong("system_scope", what, "Leave tenant_id and tenant_name out, or system_scope."))
            }
            Some(project) => Ok(Scope::Project(project, Some(self.domain_of("project")))),
            None if is_system => Ok(Scope::System),
            None => Ok(self.named("domain_id", "domain_name").map_or(Scope::Own, Scope::Domain)),
        }
    }

    fn interface(&self) -> Result<&'static str, Wrong> {
        match self.text("endpoint_type").unwrap_or("public") {
            "public" | "publicURL" => Ok("public"),
            "internal" | "internalURL" => Ok("internal"),
            "admin" | "adminURL" => Ok("admin"),
            other => {
                let what = format!("endpoint_type cannot be {other:?}");
                Err(wrong("endpoint_type", what, "It is public, internal or admin."))
            }
        }
    }

    fn network(&self) -> Result<Option<Url>, Wrong> {
        let Some(overrides) = self.given.maps.get("endpoint_overrides") else { return Ok(None) };
        if let Some(other) = overrides.keys().find(|service| *service != NETWORK) {
            let what = format!("endpoint_overrides names the service {other:?}");
            return Err(wrong(
                "endpoint_overrides",
                what,
                "Only the service network is asked for anything: leave others out.",
            ));
        }
        let hint = "Give the address of the network service, such as https://cloud.example.com:9696.";
        let address = overrides.get(NETWORK).map(|text| address_of("endpoint_overrides", text, hint).map(below));
        address.transpose()
    }

    fn retries(&self) -> Result<Retries, Wrong> {
        let usual = Retries::default();
        let Some(given) = self.given.numbers.get("max_retries") else { return Ok(usual) };
        let most = usize::try_from(*given).ok().filter(|most| *most <= 1_000);
        most.map(|most| Retries { most, ..usual }).ok_or_else(|| {
            let what = format!("max_retries cannot be {given}");
            wrong("max_retries", what, "Use a whole number from 0 to 1000.")
        })
    }

    fn trust(&self) -> Result<Trust, Wrong> {
        let read = |attribute: &'static str| {
            let Some(text) = self.text(attribute) else { return Ok(None) };
            if text.contains("-----BEGIN ") {
                return Ok(Some(text.to_owned()));
            }
            fs::read_to_string(text).map(Some).map_err(|error| {
                let hint = "Give the path of a file in PEM form, or what is in it.";
                wrong(attribute, format!("{attribute} {text:?} cannot be read: {error}"), hint)
            })
        };
        let identity = match (read("cert")?, read("key")?) {
            (None, None) => None,
            (Some(cert), None) if cert.contains("PRIVATE KEY-----") => Some(cert),
            (Some(cert), Some(key)) => Some(format!("{}\n{}", cert.trim(), key.trim())),
            (Some(_), None) => return Err(wrong("key", "key is missing", "A certificate and its key go together.")),
            (None, Some(_)) => return Err(wrong("cert", "cert is missing", "A certificate and its key go together.")),
        };
        let authorities = read("cacert_file")?;
        let anybody = self.given.flags.get("insecure") == Some(&true);
        Ok(Trust { system: authorities.is_none(), authorities, anybody, identity })
    }
}

/// An address of an OpenStack. Many a lab has no TLS.
fn address_of(attribute: &'static str, text: &str, hint: &str) -> Result<Url, Wrong> {
    clear_address(text).map_err(|error| {
        let what = match &error {
            // Not repeated: credentials are among it.
            AddressError::Credentials => format!("{attribute} {error}"),
            _ => format!("{attribute} {text:?} {error}"),
        };
        wrong(attribute, what, hint)
    })
}
