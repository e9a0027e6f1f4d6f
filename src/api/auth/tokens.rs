//! Access tokens of the cloud, which end by themselves: JSON Web Tokens (RFC 7519) with
//! HMAC-SHA256. Nothing is kept of them, so that every process with the same key takes
//! them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::credentials::random;
use super::{Identity, Role};
use crate::api::error::ApiError;
use crate::engine::Moment;

/// The encoded `{"alg":"HS256","typ":"JWT"}`.
const HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    role: Role,
    iat: i64,
    exp: i64,
    /// The id of the project it is for, in OpenStack's APIs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    project: Option<String>,
    /// How it was come by: OpenStack's name of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    /// What tells it from others.
    jti: String,
}

/// A token that was given out, and what it says.
#[derive(Debug)]
pub struct Granted {
    /// The token.
    pub token: String,
    /// Whom it stands for.
    pub identity: Identity,
    /// How it was come by.
    pub method: String,
    /// What tells it from others.
    pub id: String,
    /// When it was issued, in seconds since 1970.
    pub issued: i64,
    /// When it ends.
    pub expires: i64,
}

/// The most tokens that are remembered as revoked; those that end first make way.
const MOST_REVOKED: usize = 100_000;

fn claims(identity: &Identity, iat: i64, exp: i64) -> Claims {
    let project = identity.project.as_deref().map(str::to_owned);
    let jti = URL_SAFE_NO_PAD.encode(&random()[..16]);
    Claims { sub: identity.name.to_string(), role: identity.role, iat, exp, project, method: None, jti }
}

fn identity(claims: Claims) -> Identity {
    Identity { name: claims.sub.into(), role: claims.role, project: claims.project.map(Into::into) }
}

/// What signs access tokens.
pub(super) struct Tokens {
    key: hmac::Key,
    lifetime: Duration,
    /// The tokens that were revoked before they ended, and when they end.
    revoked: Mutex<HashMap<String, i64>>,
}

impl Tokens {
    /// Tokens that are signed with `key` and live for `lifetime`.
    pub fn new(key: &[u8], lifetime: Duration) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, key), lifetime, revoked: Mutex::default() }
    }

    /// How many seconds a token lives.
    pub fn lifetime(&self) -> u64 {
        self.lifetime.as_secs()
    }

    /// A token for `identity`.
    pub fn issue(&self, identity: &Identity) -> String {
        self.issue_at(identity, Moment::from_clock())
    }

    fn issue_at(&self, identity: &Identity, now: Moment) -> String {
        let iat = now.0 / 1_000;
        let exp = iat.saturating_add(i64::try_from(self.lifetime.as_secs()).unwrap_or(i64::MAX));
        self.signed(&claims(identity, iat, exp))
    }

    /// A token for `identity`, come by as `method` says. It ends no later than `until`.
    pub fn grant(&self, identity: Identity, method: &str, until: Option<i64>) -> Granted {
        let issued = Moment::from_clock().0 / 1_000;
        let expires = issued.saturating_add(i64::try_from(self.lifetime.as_secs()).unwrap_or(i64::MAX));
        let expires = until.map_or(expires, |until| until.min(expires));
        let claims = Claims { method: Some(method.to_owned()), ..claims(&identity, issued, expires) };
        Granted { token: self.signed(&claims), identity, method: method.to_owned(), id: claims.jti, issued, expires }
    }

    fn signed(&self, claims: &Claims) -> String {
        let claims = serde_json::to_vec(claims).unwrap_or_default();
        let signed = format!("{HEADER}.{}", URL_SAFE_NO_PAD.encode(claims));
        let signature = hmac::sign(&self.key, signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// What the token says, if it is good.
    pub fn read(&self, token: &str) -> Result<Granted, ApiError> {
        let claims = self.good(token, Moment::from_clock())?;
        let Claims { iat, exp, .. } = claims;
        let (method, id) = (claims.method.clone().unwrap_or_default(), claims.jti.clone());
        Ok(Granted { token: token.to_owned(), identity: identity(claims), method, id, issued: iat, expires: exp })
    }

    /// The token is good no more, for this process.
    pub fn revoke(&self, granted: &Granted) {
        let mut revoked = self.revoked.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Moment::from_clock().0 / 1_000;
        revoked.retain(|_, expires| *expires > now);
        if revoked.len() >= MOST_REVOKED
            && let Some(first) = revoked.iter().min_by_key(|(_, expires)| **expires).map(|(id, _)| id.clone())
        {
            revoked.remove(&first);
        }
        revoked.insert(granted.id.clone(), granted.expires);
    }

    /// Whom the token stands for.
    pub fn check(&self, token: &str) -> Result<Identity, ApiError> {
        self.check_at(token, Moment::from_clock())
    }

    fn check_at(&self, token: &str, now: Moment) -> Result<Identity, ApiError> {
        self.good(token, now).map(identity)
    }

    fn good(&self, token: &str, now: Moment) -> Result<Claims, ApiError> {
        let claims = self.claims(token).ok_or_else(|| ApiError::unauthenticated("The access token is not valid."))?;
        if claims.exp <= now.0 / 1_000 {
            return Err(ApiError::unauthenticated("The access token has expired. Exchange your token again."));
        }
        let revoked = self.revoked.lock().unwrap_or_else(PoisonError::into_inner);
        if revoked.contains_key(&claims.jti) {
            return Err(ApiError::unauthenticated("The access token was revoked."));
        }
        Ok(claims)
    }

    /// What the token says, if it was signed here. The signature is compared in constant
    /// time; only this algorithm is known.
    fn claims(&self, token: &str) -> Option<Claims> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        hmac::verify(&self.key, signed.as_bytes(), &signature).ok().filter(|()| header == HEADER)?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_ends_by_itself() {
        let tokens = Tokens::new(b"key", Duration::from_mins(1));
        let identity = Identity::new("cloud", Role::Auditor);
        let token = tokens.issue_at(&identity, Moment(1_000_000));
        assert_eq!(tokens.check_at(&token, Moment(1_059_999)).unwrap(), identity);
        let expired = tokens.check_at(&token, Moment(1_060_000)).unwrap_err();
        assert!(expired.body()["error_message"].to_string().contains("expired"));
    }

    #[test]
    fn a_token_that_was_not_signed_here_is_none() {
        let tokens = Tokens::new(b"key", Duration::from_mins(1));
        let identity = Identity::new("cloud", Role::Admin);
        let now = Moment(0);
        let token = tokens.issue_at(&identity, now);
        let (signed, _) = token.rsplit_once('.').unwrap();
        for wrong in [
            Tokens::new(b"other", Duration::from_mins(1)).issue_at(&identity, now),
            format!("{signed}."),
            signed.to_owned(),
            format!("x{token}"),
            String::new(),
            "a.b.c".to_owned(),
        ] {
            tokens.check_at(&wrong, now).unwrap_err();
        }
    }

    #[test]
    fn a_token_that_is_revoked_is_good_no_more() {
        let tokens = Tokens::new(b"key", Duration::from_mins(1));
        let [kept, gone] = [(); 2].map(|()| tokens.grant(Identity::new("a", Role::Member), "password", None));
        tokens.revoke(&gone);
        assert_eq!(tokens.read(&kept.token).unwrap().identity, Identity::new("a", Role::Member));
        assert!(tokens.check(&gone.token).is_err() && tokens.read(&gone.token).is_err());
    }

    #[test]
    fn an_access_token_of_the_cloud_can_be_revoked() {
        let tokens = Tokens::new(b"key", Duration::from_mins(1));
        let identity = Identity::new("cloud", Role::Admin);
        let [kept, gone] = [(); 2].map(|()| tokens.issue(&identity));
        tokens.revoke(&tokens.read(&gone).unwrap());
        tokens.check(&gone).unwrap_err();
        assert_eq!(tokens.check(&kept).unwrap(), identity);
    }

    #[test]
    fn the_header_is_what_it_says() {
        let header = URL_SAFE_NO_PAD.decode(HEADER).unwrap();
        assert_eq!(header, br#"{"alg":"HS256","typ":"JWT"}"#);
    }
}
