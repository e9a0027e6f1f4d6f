//! Access tokens of the cloud, which end by themselves: JSON Web Tokens (RFC 7519) with
//! HMAC-SHA256. Nothing is kept of them, so that every process with the same key takes
//! them.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

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
}

/// What signs access tokens.
pub(super) struct Tokens {
    key: hmac::Key,
    lifetime: Duration,
}

impl Tokens {
    /// Tokens that are signed with `key` and live for `lifetime`.
    pub fn new(key: &[u8], lifetime: Duration) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, key), lifetime }
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
        let claims = Claims { sub: identity.name.to_string(), role: identity.role, iat, exp };
        let claims = serde_json::to_vec(&claims).unwrap_or_default();
        let signed = format!("{HEADER}.{}", URL_SAFE_NO_PAD.encode(claims));
        let signature = hmac::sign(&self.key, signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// Whom the token stands for.
    pub fn check(&self, token: &str) -> Result<Identity, ApiError> {
        self.check_at(token, Moment::from_clock())
    }

    fn check_at(&self, token: &str, now: Moment) -> Result<Identity, ApiError> {
        let claims = self.claims(token).ok_or_else(|| ApiError::unauthenticated("The access token is not valid."))?;
        if claims.exp <= now.0 / 1_000 {
            return Err(ApiError::unauthenticated("The access token has expired. Exchange your token again."));
        }
        Ok(Identity { name: claims.sub.into(), role: claims.role })
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
        let tokens = Tokens::new(b"key", Duration::from_secs(60));
        let identity = Identity { name: "cloud".into(), role: Role::Auditor };
        let token = tokens.issue_at(&identity, Moment(1_000_000));
        assert_eq!(tokens.check_at(&token, Moment(1_059_999)).unwrap(), identity);
        let expired = tokens.check_at(&token, Moment(1_060_000)).unwrap_err();
        assert!(expired.body()["error_message"].to_string().contains("expired"));
    }

    #[test]
    fn a_token_that_was_not_signed_here_is_none() {
        let tokens = Tokens::new(b"key", Duration::from_secs(60));
        let identity = Identity { name: "cloud".into(), role: Role::Admin };
        let now = Moment(0);
        let token = tokens.issue_at(&identity, now);
        let (signed, _) = token.rsplit_once('.').unwrap();
        for wrong in [
            Tokens::new(b"other", Duration::from_secs(60)).issue_at(&identity, now),
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
    fn the_header_is_what_it_says() {
        let header = URL_SAFE_NO_PAD.decode(HEADER).unwrap();
        assert_eq!(header, br#"{"alg":"HS256","typ":"JWT"}"#);
    }
}
