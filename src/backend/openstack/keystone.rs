//! Who we are to an OpenStack: tokens of Keystone (Identity API v3), and where its network
//! service is.

use std::time::Duration;

use async_trait::async_trait;
use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value as Json, json};
use tokio::time::Instant;
use url::Url;

use super::neutron::DIALECT;
use crate::backend::transport::{
    Api, Failure, Grant, Incoming, Line, Outgoing, Repeat, Verdict, clear_address, escaped, name_of, secret,
};
use crate::model::timestamp::Timestamp;

/// The header that carries a token.
const TOKEN: HeaderName = HeaderName::from_static("x-auth-token");
/// The header in which Keystone hands out a new one.
const SUBJECT_TOKEN: HeaderName = HeaderName::from_static("x-subject-token");

/// A token is renewed so long before it ends, or at four fifths of its time.
const MARGIN: Duration = Duration::from_mins(1);
/// A token that does not say how long it lasts, lasts so long (Keystone's default).
const USUAL_LIFE: Duration = Duration::from_hours(1);

/// What a domain, a project or a user is called: by a name, or by an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// The id.
    Id(String),
    /// The name.
    Name(String),
}

impl Named {
    fn to_json(&self) -> Json {
        match self {
            Self::Id(id) => json!({ "id": id }),
            Self::Name(name) => json!({ "name": name }),
        }
    }

    /// The same in `domain`, where a name needs one.
    fn within(&self, domain: Option<&Named>) -> Json {
        let mut json = self.to_json();
        if let (Self::Name(_), Some(domain)) = (self, domain) {
            json["domain"] = domain.to_json();
        }
        json
    }
}

/// How one shows who one is.
#[derive(Clone)]
pub enum Identity {
    /// By a user's password.
    Password {
        /// The user.
        user: Named,
        /// The user's domain, where the user is named by a name.
        domain: Option<Named>,
        /// The password.
        password: String,
    },
    /// By an application credential.
    Application {
        /// The credential.
        credential: Named,
        /// Whose it is, and that user's domain, where the credential is named by a name.
        user: Option<(Named, Option<Named>)>,
        /// Its secret.
        secret: String,
    },
    /// By a token.
    Token(String),
}

impl Identity {
    /// What is not to be repeated in a message.
    fn secret(&self) -> &str {
        match self {
            Self::Password { password, .. } => password,
            Self::Application { secret, .. } => secret,
            Self::Token(token) => token,
        }
    }

    fn to_json(&self) -> Json {
        match self {
            Self::Password { user, domain, password } => {
                let mut user = user.within(domain.as_ref());
                user["password"] = json!(password);
                json!({ "methods": ["password"], "password": { "user": user } })
            }
            Self::Application { credential, user, secret } => {
                let mut credential = credential.to_json();
                credential["secret"] = json!(secret);
                if let Some((user, domain)) = user {
                    credential["user"] = user.within(domain.as_ref());
                }
                json!({ "methods": ["application_credential"], "application_credential": credential })
            }
            Self::Token(token) => json!({ "methods": ["token"], "token": { "id": token } }),
        }
    }

    /// What the user is to look at when it is refused.
    fn advice(&self) -> &'static str {
        match self {
            Self::Password { .. } => {
                "Check user_name, password, the user's domain, and whether the user has a role in the project."
            }
            Self::Application { .. } => {
                "Check application_credential_id and application_credential_secret: it may have expired or been deleted."
            }
            Self::Token(_) => "Check token: it may have expired or been revoked.",
        }
    }
}

/// What a token is to be good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// What the identity has by itself: an application credential's project, a user's default one.
    Own,
    /// A project, in a domain where it is named by a name.
    Project(Named, Option<Named>),
    /// A domain.
    Domain(Named),
    /// The whole system.
    System,
}

impl Scope {
    fn to_json(&self) -> Option<Json> {
        match self {
            Self::Own => None,
            Self::Project(project, domain) => Some(json!({ "project": project.within(domain.as_ref()) })),
            Self::Domain(domain) => Some(json!({ "domain": domain.to_json() })),
            Self::System => Some(json!({ "system": { "all": true } })),
        }
    }
}

/// The network service of an OpenStack, for one user.
pub struct Keystone {
    /// Where Keystone is, without a version.
    pub auth_url: Url,
    /// How one shows who one is.
    pub identity: Identity,
    /// What for.
    pub scope: Scope,
    /// The region, where there are several.
    pub region: Option<String>,
    /// Which of the service's addresses: `public`, `internal` or `admin`.
    pub interface: &'static str,
    /// The address of the network service, where it is not to be taken from the catalog.
    pub network: Option<Url>,
}

/// What a token comes with.
struct Token {
    value: HeaderValue,
    life: Duration,
    catalog: Json,
}

impl Keystone {
    fn at(&self, path: &str) -> Url {
        let mut url = self.auth_url.clone();
        url.set_path(&format!("{}/v3/{path}", self.auth_url.path().trim_end_matches('/')));
        url
    }

    fn request(&self, method: Method, path: &str, headers: HeaderMap, body: Option<&Json>) -> Outgoing {
        let url = self.at(path);
        let name = format!("{method} {}", url.path());
        let mut all = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))]);
        if body.is_some() {
            all.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        all.extend(headers);
        Outgoing {
            method,
            url,
            headers: all,
            body: body.map(|body| body.to_string().into_bytes()),
            name,
            // A second token does no harm.
            repeat: Repeat::Always,
            // What was begun may need a new one to be looked after.
            despite_stop: true,
        }
    }

    async fn answer(&self, line: &Line, request: &Outgoing) -> Result<Incoming, Failure> {
        let hidden = [self.identity.secret().to_owned()];
        let hide = |failure: Failure| failure.without(&hidden);
        let answer = line.exchange(request).await.map_err(hide)?;
        let host = name_of(&request.url);
        match answer.status {
            200..300 => Ok(answer),
            400 | 401 | 403 => {
                let said = hide(DIALECT.failure(answer.status, &answer.body, &host, &request.name));
                Err(Failure::Credentials { host, why: format!("{said} {}", self.identity.advice()) })
            }
            404 => {
                let why = format!("there is no Identity API v3 at {}. Check auth_url.", self.at(""));
                Err(Failure::Credentials { host, why })
            }
            status => Err(hide(DIALECT.failure(status, &answer.body, &host, &request.name))),
        }
    }

    /// Has a token made, or takes the one that was given.
    async fn token(&self, line: &Line) -> Result<Token, Failure> {
        let unreadable = |request: &Outgoing, what: &str| Failure::Credentials {
            host: name_of(&request.url),
            why: format!("it answered {} without {what}. Check auth_url.", request.name),
        };
        if let (Identity::Token(token), Scope::Own) = (&self.identity, &self.scope) {
            let Some(value) = secret(token) else {
                let why = "token holds characters that no token has.".to_owned();
                return Err(Failure::Credentials { host: name_of(&self.auth_url), why });
            };
            let headers = HeaderMap::from_iter([(TOKEN, value.clone())]);
            let request = self.request(Method::GET, "auth/catalog", headers, None);
            let answer = self.answer(line, &request).await?;
            let mut document: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
            // How long it lasts is not said; the endpoint says when it is over.
            return Ok(Token { value, life: Duration::from_hours(24 * 365), catalog: document["catalog"].take() });
        }
        let mut auth = Map::from_iter([("identity".to_owned(), self.identity.to_json())]);
        auth.extend(self.scope.to_json().map(|scope| ("scope".to_owned(), scope)));
        let request = self.request(Method::POST, "auth/tokens", HeaderMap::new(), Some(&json!({ "auth": auth })));
        let answer = self.answer(line, &request).await?;
        let mut document: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
        let value = answer.headers.get(&SUBJECT_TOKEN).and_then(|token| secret(token.to_str().ok()?));
        let Some(value) = value else { return Err(unreadable(&request, "a token")) };
        let moment = |name: &str| document["token"][name].as_str()?.parse::<Timestamp>().ok();
        // Both are Keystone's time: its clock and ours need not agree.
        let life = match (moment("issued_at"), moment("expires_at")) {
            (Some(from), Some(to)) => Duration::from_millis(u64::try_from(to.0 - from.0).unwrap_or_default()),
            _ => USUAL_LIFE,
        };
        Ok(Token { value, life, catalog: document["token"]["catalog"].take() })
    }

    /// The address of the network service, as the catalog of a token has it.
    fn network(&self, catalog: &Json) -> Result<Url, Failure> {
        if let Some(url) = &self.network {
            return Ok(url.clone());
        }
        let services = catalog.as_array().map(Vec::as_slice).unwrap_or_default();
        let network = services.iter().filter(|service| service["type"] == "network");
        let endpoints: Vec<_> =
            network.flat_map(|service| service["endpoints"].as_array().into_iter().flatten()).collect();
        let region = |endpoint: &Json| {
            ["region_id", "region"].iter().find_map(|name| endpoint[*name].as_str()).unwrap_or_default().to_owned()
        };
        let fits = |endpoint: &&&Json| {
            endpoint["interface"] == self.interface
                && self.region.as_ref().is_none_or(|wanted| *wanted == region(endpoint))
        };
        let Some(endpoint) = endpoints.iter().find(fits) else {
            return Err(Failure::Unsupported(self.no_network(services, &endpoints, &region)));
        };
        let text = endpoint["url"].as_str().unwrap_or_default();
        clear_address(text).map(below).map_err(|error| {
            Failure::Unsupported(format!("The catalog's address of the network service, {text:?}, {error}."))
        })
    }

    fn no_network(&self, services: &[Json], endpoints: &[&Json], region: &dyn Fn(&Json) -> String) -> String {
        let host = name_of(&self.auth_url);
        if services.is_empty() {
            return format!(
                "The catalog of {host} is empty: the token is for no project. Give tenant_name or tenant_id, or name the \
                 address of the network service in endpoint_overrides."
            );
        }
        let wanted = match &self.region {
            Some(region) => format!("{} endpoint in the region {region}", self.interface),
            None => format!("{} endpoint", self.interface),
        };
        let mut there: Vec<_> = endpoints
            .iter()
            .map(|endpoint| format!("{} in {}", endpoint["interface"].as_str().unwrap_or("?"), region(endpoint)))
            .collect();
        there.sort();
        there.dedup();
        let there = if there.is_empty() { "no network service".to_owned() } else { there.join(", ") };
        format!(
            "The catalog of {host} has no {wanted} of the network service. It has {there}. Check region and endpoint_type."
        )
    }
}

/// What the addresses of the network API lie below.
pub fn below(mut url: Url) -> Url {
    let path = url.path().trim_end_matches('/');
    let path = path.strip_suffix("/v2.0").unwrap_or(path).trim_end_matches('/').to_owned();
    url.set_path(&path);
    url
}

#[async_trait]
impl Api for Keystone {
    async fn credentials(&self, line: &Line) -> Result<Grant, Failure> {
        let asked = Instant::now();
        let token = self.token(line).await?;
        let below = self.network(&token.catalog)?;
        let until = asked + token.life.saturating_sub(MARGIN.min(token.life / 5));
        let headers = HeaderMap::from_iter([(TOKEN, token.value)]);
        Ok(Grant { below: Some(below), until: Some(until), ..Grant::of(headers) })
    }

    fn address(&self, grant: &Grant, path: &str) -> Url {
        let mut url = grant.below.clone().unwrap_or_else(|| self.auth_url.clone());
        url.set_path(&format!("{}{}", url.path().trim_end_matches('/'), escaped(path)));
        url
    }

    fn verdict(&self, status: u16, _: &[u8]) -> Verdict {
        let can_be_renewed = !matches!((&self.identity, &self.scope), (Identity::Token(_), Scope::Own));
        match status {
            401 if can_be_renewed => Verdict::Outdated,
            401 => Verdict::Refused,
            _ => Verdict::Accepted,
        }
    }

    fn refusal(&self, status: u16, body: &[u8], host: &str, request: &str) -> Failure {
        let said = DIALECT.failure(status, body, host, request);
        Failure::Credentials { host: host.to_owned(), why: format!("{said} {}", self.identity.advice()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keystone(region: Option<&str>, interface: &'static str) -> Keystone {
        Keystone {
            auth_url: Url::parse("https://cloud.example.com/identity").unwrap(),
            identity: Identity::Password {
                user: Named::Name("ops".to_owned()),
                domain: Some(Named::Id("default".to_owned())),
                password: "hunter2".to_owned(),
            },
            scope: Scope::Project(Named::Name("net".to_owned()), Some(Named::Name("Default".to_owned()))),
            region: region.map(str::to_owned),
            interface,
            network: None,
        }
    }

    fn catalog() -> Json {
        json!([
            { "type": "identity", "endpoints": [{ "interface": "public", "region": "one", "url": "https://id" }] },
            { "type": "network", "endpoints": [
                { "interface": "public", "region": "one", "region_id": "one", "url": "https://one.example.com:9696/" },
                { "interface": "internal", "region_id": "one", "url": "http://10.0.0.1:9696/v2.0/" },
                { "interface": "public", "region_id": "two", "url": "https://two.example.com/networking" },
            ]},
        ])
    }

    #[test]
    fn the_network_service_is_found_by_region_and_interface() {
        for (region, interface, url) in [
            (None, "public", "https://one.example.com:9696/v2.0/ports"),
            (Some("two"), "public", "https://two.example.com/networking/v2.0/ports"),
            (Some("one"), "internal", "http://10.0.0.1:9696/v2.0/ports"),
        ] {
            let keystone = keystone(region, interface);
            let below = keystone.network(&catalog()).unwrap();
            let grant = Grant { below: Some(below), ..Grant::of(HeaderMap::new()) };
            assert_eq!(keystone.address(&grant, "/v2.0/ports").as_str(), url);
        }
    }

    #[test]
    fn what_the_catalog_has_is_told_where_nothing_fits() {
        let said = keystone(Some("three"), "public").network(&catalog()).unwrap_err().to_string();
        assert!(said.contains("no public endpoint in the region three"), "{said}");
        assert!(said.contains("internal in one, public in one, public in two"), "{said}");
        let said = keystone(None, "public").network(&Json::Null).unwrap_err().to_string();
        assert!(said.contains("for no project"), "{said}");
    }

    #[test]
    fn a_name_goes_with_its_domain() {
        let keystone = keystone(None, "public");
        assert_eq!(
            keystone.identity.to_json()["password"]["user"],
            json!({ "name": "ops", "domain": { "id": "default" }, "password": "hunter2" })
        );
        assert_eq!(
            keystone.scope.to_json(),
            Some(json!({ "project": { "name": "net", "domain": { "name": "Default" } } }))
        );
    }
}
