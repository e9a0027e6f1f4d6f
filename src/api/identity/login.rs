//! What the body of a login says: who asks for a token, and for what.

use std::net::IpAddr;

use serde_json::Value as Json;

use super::KeystoneError;
use super::tokens::{DOMAIN_ID, DOMAIN_NAME};
use crate::api::auth::{Account, Auth, Granted, Identity, Scope};

/// A text within an object.
fn text<'a>(object: &'a Json, name: &str) -> Option<&'a str> {
    object.get(name)?.as_str()
}

fn needed<'a>(object: &'a Json, name: &str, within: &str) -> Result<&'a Json, KeystoneError> {
    object.get(name).filter(|value| !value.is_null()).ok_or_else(|| KeystoneError::missing(name, within))
}

/// That a name is one of the domain there is.
fn is_of_the_domain(object: &Json, within: &str) -> Result<(), KeystoneError> {
    let domain = needed(object, "domain", within)?;
    let is_it = text(domain, "id").is_some_and(|id| id == DOMAIN_ID)
        || text(domain, "name").is_some_and(|name| name.eq_ignore_ascii_case(DOMAIN_NAME));
    if is_it { Ok(()) } else { Err(KeystoneError::unauthorized()) }
}

fn account(user: &Json) -> Result<Account<'_>, KeystoneError> {
    if let Some(id) = text(user, "id") {
        return Ok(Account::Id(id));
    }
    let name = text(user, "name").ok_or_else(|| KeystoneError::missing("name", "user"))?;
    is_of_the_domain(user, "user")?;
    Ok(Account::Name(name))
}

/// The token that a body asks for.
pub(super) fn granted(auth: &Auth, body: &Json, from: IpAddr) -> Result<Granted, KeystoneError> {
    let given = needed(body, "auth", "request body")?;
    let identity = needed(given, "identity", "auth")?;
    let methods = needed(identity, "methods", "identity")?.as_array().map(Vec::as_slice).unwrap_or_default();
    let [method] = methods else {
        return Err(KeystoneError::bad_request("methods names one method: password, application_credential or token."));
    };
    let method = method.as_str().unwrap_or_default();
    let part = || needed(identity, method, "identity");
    let mut until = None;
    let known: Identity = match method {
        "password" => {
            let user = needed(part()?, "user", "password")?;
            let password = text(user, "password").ok_or_else(|| KeystoneError::missing("password", "user"))?;
            auth.with_password(&account(user)?, password, from)?
        }
        "application_credential" => {
            let part = part()?;
            let secret = text(part, "secret").ok_or_else(|| KeystoneError::missing("secret", method))?;
            match (text(part, "id"), text(part, "name")) {
                (Some(id), _) => auth.with_secret(Some(id), None, secret, from)?,
                (None, Some(name)) => {
                    let user = account(needed(part, "user", method)?)?;
                    auth.with_secret(None, Some((&user, name)), secret, from)?
                }
                (None, None) => return Err(KeystoneError::missing("id", method)),
            }
        }
        "token" => {
            let token = text(part()?, "id").ok_or_else(|| KeystoneError::missing("id", "token"))?;
            let granted = auth.token(token)?;
            // What comes of a token ends with it.
            until = Some(granted.expires);
            granted.identity
        }
        _ => return Err(KeystoneError::unauthorized()),
    };
    let is_application = method == "application_credential";
    let scope = scope(given)?;
    if is_application && !matches!(scope, Scope::Default) {
        return Err(KeystoneError::bad_request("An application credential is for its project: leave out scope."));
    }
    auth.grant(known, &scope, method, until).ok_or_else(KeystoneError::unauthorized)
}

/// What the token is to be for.
fn scope(auth: &Json) -> Result<Scope<'_>, KeystoneError> {
    let Some(scope) = auth.get("scope").filter(|scope| !scope.is_null()) else { return Ok(Scope::Default) };
    if scope == "unscoped" || scope.get("unscoped").is_some() {
        return Ok(Scope::Unscoped);
    }
    // Nobody has a role on the domain, or on the system.
    let project = scope.get("project").ok_or_else(KeystoneError::unauthorized)?;
    if let Some(id) = text(project, "id") {
        return Ok(Scope::Id(id));
    }
    let name = text(project, "name").ok_or_else(|| KeystoneError::missing("name", "project"))?;
    is_of_the_domain(project, "project")?;
    Ok(Scope::Name(name))
}
