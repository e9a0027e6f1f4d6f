//! How often a user may ask, and how often somebody may guess.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{Identity, too_many};
use crate::api::error::ApiError;

/// After so many wrong guesses the next ones are not looked at for a while.
const GUESSES: u32 = 5;
/// The same for guesses from one address, whatever the names: several people may be behind it.
const GUESSES_OF_ADDRESS: u32 = 100;
/// How long, after the first of them. It doubles with each further one.
const LOCKED: Duration = Duration::from_secs(5);
/// The longest.
const LONGEST: Duration = Duration::from_mins(5);
/// After so long without a guess all is forgotten.
const FORGOTTEN: Duration = Duration::from_mins(15);
/// So much of a name is kept.
const LONGEST_NAME: usize = 256;
/// Of so many clients and names wrong guesses are kept.
const MOST: usize = 10_000;

struct Wrong {
    guesses: u32,
    last: Instant,
    locked_until: Instant,
}

impl Wrong {
    /// For how long nothing is looked at.
    fn left(&self, now: Instant) -> Option<Duration> {
        self.locked_until.checked_duration_since(now).filter(|left| !left.is_zero())
    }

    /// Counts one more, of which so many are allowed.
    fn count(&mut self, allowed: u32, now: Instant) {
        if now.saturating_duration_since(self.last) >= FORGOTTEN {
            self.guesses = 0;
        }
        self.guesses = self.guesses.saturating_add(1);
        self.last = now;
        if self.guesses >= allowed {
            let doubled = LOCKED.saturating_mul(1 << (self.guesses - allowed).min(10));
            self.locked_until = now + doubled.min(LONGEST);
        }
    }
}

/// Wrong guesses, by the address they come from and the name they are about; those about all
/// names together have none.
#[derive(Default)]
pub(super) struct Guesses {
    wrong: Mutex<HashMap<(IpAddr, String), Wrong>>,
}

impl Guesses {
    /// What `check` finds, unless there were too many wrong guesses from here.
    pub fn guarded(
        &self,
        from: IpAddr,
        name: &str,
        now: Instant,
        check: impl FnOnce() -> Option<Identity>,
    ) -> Result<Identity, ApiError> {
        let key = || (from, name.chars().take(LONGEST_NAME).collect::<String>());
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        // Most are right, and nothing is kept of them.
        let known = (!wrong.is_empty()).then(key);
        let whole = (from, String::new());
        let before = known.as_ref().and_then(|key| wrong.get(key));
        let locked = before.into_iter().chain(wrong.get(&whole));
        if let Some(left) = locked.filter_map(|it| it.left(now)).max() {
            return Err(ApiError::wrong_credentials().retry_after(left.as_secs() + 1));
        }
        if let Some(identity) = check() {
            if before.is_some() {
                known.and_then(|key| wrong.remove(&key));
            }
            return Ok(identity);
        }
        if wrong.len() >= MOST {
            wrong.retain(|_, it| now.saturating_duration_since(it.last) < FORGOTTEN);
        }
        for (key, allowed) in [(key(), GUESSES), (whole, GUESSES_OF_ADDRESS)] {
            // What is oldest goes, so that nobody is guessed at unseen.
            if wrong.len() >= MOST && !wrong.contains_key(&key) {
                let oldest = wrong.iter().min_by_key(|(_, it)| it.last).map(|(key, _)| key.clone());
                oldest.and_then(|key| wrong.remove(&key));
            }
            wrong.entry(key).or_insert(Wrong { guesses: 0, last: now, locked_until: now }).count(allowed, now);
        }
        Err(ApiError::wrong_credentials())
    }
}

/// What somebody has left.
struct Bucket {
    left: f64,
    at: Instant,
}

/// How often each user may ask, and each address whose requests are nobody's: so many requests
/// at once, and so many again every second.
pub(super) struct Rates<Who> {
    per_second: u32,
    buckets: Mutex<HashMap<Who, Bucket>>,
}

impl<Who: Eq + Hash + Clone> Rates<Who> {
    /// So many requests per second; 0 is without bound.
    pub fn new(per_second: u32) -> Self {
        Self { per_second, buckets: Mutex::default() }
    }

    /// Takes one request of `who`, if one is left.
    fn take_of(&self, who: &Who, now: Instant) -> bool {
        if self.per_second == 0 {
            return true;
        }
        let rate = f64::from(self.per_second);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MOST && !buckets.contains_key(who) {
            // Those that are full again tell nothing.
            buckets.retain(|_, bucket| now.saturating_duration_since(bucket.at) < Duration::from_secs(1));
            if buckets.len() >= MOST {
                let oldest = buckets.iter().min_by_key(|(_, bucket)| bucket.at).map(|(who, _)| who.clone());
                oldest.and_then(|who| buckets.remove(&who));
            }
        }
        let bucket = buckets.entry(who.clone()).or_insert(Bucket { left: rate, at: now });
        let passed = now.saturating_duration_since(bucket.at).as_secs_f64();
        bucket.left = (bucket.left + passed * rate).min(rate);
        bucket.at = now;
        let is_left = bucket.left >= 1.0;
        if is_left {
            bucket.left -= 1.0;
        }
        is_left
    }
}

impl Rates<Arc<str>> {
    /// Takes one request of the user's.
    pub fn take(&self, user: &Identity, now: Instant) -> Result<(), ApiError> {
        if self.take_of(&user.name, now) { Ok(()) } else { Err(too_many(&user.name, self.per_second)) }
    }
}

impl Rates<IpAddr> {
    /// Takes one request from an address that is nobody's: a login, a check of health, or one
    /// with no or wrong credentials. Who has an IPv6 address has all of its /64.
    pub fn take(&self, from: IpAddr, now: Instant) -> Result<(), ApiError> {
        let from = match from.to_canonical() {
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
            v4 @ IpAddr::V4(_) => v4,
        };
        if self.take_of(&from, now) { Ok(()) } else { Err(too_many(&from.to_string(), self.per_second)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Role;

    fn user() -> Identity {
        Identity::new("a", Role::Admin)
    }

    #[test]
    fn who_guesses_has_to_wait_longer_and_longer() {
        let (guesses, from, begin) = (Guesses::default(), IpAddr::from([192, 0, 2, 1]), Instant::now());
        for _ in 0..GUESSES {
            guesses.guarded(from, "a", begin, || None).unwrap_err();
        }
        let seconds = |seconds| begin + Duration::from_secs(seconds);
        // The right password does not help while it is not looked at.
        guesses.guarded(from, "a", seconds(4), || Some(user())).unwrap_err();
        // Others are not concerned, and neither is another name.
        guesses.guarded(IpAddr::from([192, 0, 2, 2]), "a", seconds(4), || Some(user())).unwrap();
        guesses.guarded(from, "b", seconds(4), || Some(user())).unwrap();
        guesses.guarded(from, "a", seconds(5), || None).unwrap_err();
        guesses.guarded(from, "a", seconds(14), || Some(user())).unwrap_err();
        guesses.guarded(from, "a", seconds(15), || Some(user())).unwrap();
        // It is forgotten.
        guesses.guarded(from, "a", seconds(15), || None).unwrap_err();
        guesses.guarded(from, "a", seconds(15), || Some(user())).unwrap();
    }

    #[test]
    fn nobody_guesses_unseen_by_naming_many() {
        let (guesses, from, now) = (Guesses::default(), IpAddr::from([192, 0, 2, 1]), Instant::now());
        for number in 0..GUESSES_OF_ADDRESS {
            guesses.guarded(from, &format!("user{number}"), now, || None).unwrap_err();
        }
        guesses.guarded(from, "admin", now, || Some(user())).unwrap_err();
        guesses.guarded(IpAddr::from([192, 0, 2, 2]), "admin", now, || Some(user())).unwrap();
        // From many addresses: what is known of the latest is kept.
        for number in 0..u32::try_from(MOST).unwrap() {
            guesses.guarded(IpAddr::from(number.to_be_bytes()), "x", now, || None).unwrap_err();
        }
        let late = now + Duration::from_secs(1);
        for _ in 0..GUESSES {
            guesses.guarded(IpAddr::from([192, 0, 2, 3]), "admin", late, || None).unwrap_err();
        }
        guesses.guarded(IpAddr::from([192, 0, 2, 3]), "admin", late, || Some(user())).unwrap_err();
    }

    #[test]
    fn a_user_asks_so_often_in_a_second() {
        let (rates, begin) = (Rates::<Arc<str>>::new(10), Instant::now());
        let asked = |at: Instant| (0..100).filter(|_| rates.take(&user(), at).is_ok()).count();
        assert_eq!(asked(begin), 10);
        assert_eq!(asked(begin + Duration::from_millis(500)), 5);
        assert_eq!(asked(begin + Duration::from_mins(1)), 10);
        let refused = rates.take(&user(), begin + Duration::from_mins(1)).unwrap_err();
        assert_eq!(refused.body()["error_code"], 102);
        assert_eq!(refused.body()["error_message"], "Client 'a' exceeded request rate of 10 per second.");
        let free = Rates::<Arc<str>>::new(0);
        assert!((0..1_000).all(|_| free.take(&user(), begin).is_ok()));
    }

    #[test]
    fn an_address_asks_so_often_as_nobody() {
        let (rates, begin) = (Rates::<IpAddr>::new(5), Instant::now());
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let asked = |from: &str| (0..20).filter(|_| rates.take(address(from), begin).is_ok()).count();
        assert_eq!(asked("192.0.2.1"), 5);
        assert_eq!(asked("::ffff:192.0.2.1"), 0, "the same address");
        assert_eq!(asked("192.0.2.2"), 5);
        assert_eq!(asked("2001:db8::1"), 5);
        assert_eq!(asked("2001:db8::2"), 0, "the same network");
        assert_eq!(asked("2001:db8:0:1::1"), 5);
        // However many there are, no more are kept.
        for number in 0..u32::try_from(MOST).unwrap() + 10 {
            rates.take(IpAddr::from(number.to_be_bytes()), begin).unwrap();
        }
        assert!(rates.buckets.lock().unwrap().len() <= MOST);
    }
}
