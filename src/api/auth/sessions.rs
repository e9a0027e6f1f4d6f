//! Logins of NSX: a cookie, and a token that a page of another host cannot send.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use axum::http::{HeaderMap, StatusCode, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::Identity;
use super::credentials::{Digest, new_key, random};
use crate::api::error::ApiError;

/// The name of the cookie.
pub(super) const COOKIE: &str = "JSESSIONID";

/// A session that nobody has used for so long has ended, as on an NSX Manager.
const IDLE: Duration = Duration::from_mins(30);

/// The most sessions there are; the one that nobody has used for longest makes way.
const MOST: usize = 10_000;

/// What a client is given that has logged in.
pub(super) struct Opened {
    /// The value of the cookie.
    pub cookie: String,
    /// The token to send along.
    pub xsrf: String,
}

struct Session {
    identity: Identity,
    xsrf: Digest,
    used: Instant,
}

/// The sessions there are.
pub(super) struct Sessions {
    key: hmac::Key,
    open: Mutex<HashMap<Digest, Session>>,
}

impl Default for Sessions {
    fn default() -> Self {
        Self { key: new_key(), open: Mutex::default() }
    }
}

impl Sessions {
    /// Opens a session.
    pub fn open(&self, identity: Identity, now: Instant) -> Opened {
        let [cookie, xsrf] = [random(), random()].map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
        let session = Session { identity, xsrf: Digest::of(&self.key, &xsrf), used: now };
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= MOST {
            open.retain(|_, session| now.saturating_duration_since(session.used) < IDLE);
        }
        if open.len() >= MOST
            && let Some(oldest) = open.iter().min_by_key(|(_, session)| session.used).map(|(key, _)| *key)
        {
            open.remove(&oldest);
        }
        open.insert(Digest::of(&self.key, &cookie), session);
        Opened { cookie, xsrf }
    }

    /// Whose session the cookie is of; `xsrf` is the token that was sent along.
    pub fn check(&self, cookie: &str, xsrf: &str, now: Instant) -> Result<Identity, ApiError> {
        let digest = Digest::of(&self.key, cookie);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.get(&digest).is_some_and(|session| now.saturating_duration_since(session.used) >= IDLE) {
            open.remove(&digest);
        }
        let ended = || ApiError::unauthenticated("The session has ended, or there was none. Log in again.");
        let session = open.get_mut(&digest).ok_or_else(ended)?;
        if !session.xsrf.is(&Digest::of(&self.key, xsrf)) {
            let message = "Bad XSRF token: send back the X-XSRF-TOKEN of the answer that opened the session.";
            return Err(ApiError::new(StatusCode::FORBIDDEN, 98, message));
        }
        session.used = now;
        Ok(session.identity.clone())
    }

    /// Ends a session.
    pub fn end(&self, cookie: &str) {
        let digest = Digest::of(&self.key, cookie);
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&digest);
    }
}

/// The value of the session's cookie.
pub(super) fn cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Role;

    #[test]
    fn a_session_ends_when_nobody_uses_it() {
        let sessions = Sessions::default();
        let begin = Instant::now();
        let identity = Identity::new("a", Role::Admin);
        let Opened { cookie, xsrf } = sessions.open(identity.clone(), begin);
        let later = begin + IDLE / 2;
        assert_eq!(sessions.check(&cookie, &xsrf, later).unwrap(), identity);
        let wrong = sessions.check(&cookie, "guess", later).unwrap_err();
        assert_eq!(wrong.body()["error_code"], 98);
        // It was used, so that it goes on.
        sessions.check(&cookie, &xsrf, begin + IDLE).unwrap();
        let ended = sessions.check(&cookie, &xsrf, begin + IDLE * 3).unwrap_err();
        assert_eq!(ended.body()["httpStatus"], "UNAUTHORIZED");
    }

    #[test]
    fn a_session_can_be_ended() {
        let sessions = Sessions::default();
        let now = Instant::now();
        let opened = sessions.open(Identity::new("a", Role::Admin), now);
        sessions.end(&opened.cookie);
        sessions.check(&opened.cookie, &opened.xsrf, now).unwrap_err();
    }
}
