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
/// After so many guesses from one address, whatever the names, the first wrong guess of each
/// name is the last one for a while. Several people may be behind the address: who is right
/// passes.
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

/// What a guess is about.
#[derive(Clone, Copy)]
pub(super) enum Guessed<'a> {
    /// The secret of this name.
    Name(&'a str),
    /// A token, which names nobody.
    Token,
}

/// What wrong guesses are counted by: the address they come from, and what they are about.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Key {
    Name(IpAddr, String),
    Token(IpAddr),
    /// All of them together.
    Whole(IpAddr),
}

/// Wrong guesses.
#[derive(Default)]
pub(super) struct Guesses {
    wrong: Mutex<HashMap<Key, Wrong>>,
}

impl Guesses {
    /// What `check` finds, unless there were too many wrong guesses about it from here. Nobody
    /// has an empty name.
    pub fn guarded(
        &self,
        from: IpAddr,
        guessed: Guessed<'_>,
        now: Instant,
        check: impl FnOnce() -> Option<Identity>,
    ) -> Result<Identity, ApiError> {
        let from = network(from);
        let key = || match guessed {
            Guessed::Name(name) => Key::Name(from, name.chars().take(LONGEST_NAME).collect()),
            Guessed::Token => Key::Token(from),
        };
        if matches!(guessed, Guessed::Name("")) {
            return Err(ApiError::wrong_credentials());
        }
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        // Most are right, and nothing is kept of them.
        let known = (!wrong.is_empty()).then(key);
        let before = known.as_ref().and_then(|key| wrong.get(key));
        if let Some(left) = before.and_then(|it| it.left(now)) {
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
        let whole = Key::Whole(from);
        let is_locked = wrong.get(&whole).is_some_and(|it| it.left(now).is_some());
        let guesses = if is_locked { 1 } else { GUESSES };
        for (key, allowed) in [(key(), guesses), (whole, GUESSES_OF_ADDRESS)] {
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

/// The address of a client. Who has an IPv6 address has all of its /64.
fn network(from: IpAddr) -> IpAddr {
    match from.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        v4 @ IpAddr::V4(_) => v4,
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
    /// Takes one request from an address that is nobody's.
    pub fn take(&self, from: IpAddr, now: Instant) -> Result<(), ApiError> {
        let from = network(from);
        if self.take_of(&from, now) { Ok(()) } else { Err(too_many(&from.to_string(), self.per_second)) }
    }
}

/// What somebody asks for who has not said who they are.
#[derive(Clone, Copy, Debug)]
pub enum Errand {
    /// Whether the engine answers.
    Health,
    /// To be known.
    Login,
    /// Anything else, or anything with no or wrong credentials.
    Other,
}

/// How often each address may ask as nobody. Each errand has a rate of its own, so that no
/// other one uses it up.
pub(super) struct Strangers {
    health: Rates<IpAddr>,
    logins: Rates<IpAddr>,
    others: Rates<IpAddr>,
}

impl Strangers {
    /// So many requests per second, and of health ten times as many: several load balancers
    /// may ask from one address. 0 is without bound.
    pub fn new(per_second: u32) -> Self {
        let [logins, others] = [(); 2].map(|()| Rates::new(per_second));
        Self { health: Rates::new(per_second.saturating_mul(10)), logins, others }
    }

    /// Takes one request for `errand` from an address.
    pub fn take(&self, errand: Errand, from: IpAddr, now: Instant) -> Result<(), ApiError> {
        let rates = match errand {
            Errand::Health => &self.health,
            Errand::Login => &self.logins,
            Errand::Other => &self.others,
        };
        rates.take(from, now)
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
            guesses.guarded(from, Guessed::Name("a"), begin, || None).unwrap_err();
        }
        let seconds = |seconds| begin + Duration::from_secs(seconds);
        // The right password does not help while it is not looked at.
        guesses.guarded(from, Guessed::Name("a"), seconds(4), || Some(user())).unwrap_err();
        // Others are not concerned, and neither is another name.
        guesses.guarded(IpAddr::from([192, 0, 2, 2]), Guessed::Name("a"), seconds(4), || Some(user())).unwrap();
        guesses.guarded(from, Guessed::Name("b"), seconds(4), || Some(user())).unwrap();
        guesses.guarded(from, Guessed::Name("a"), seconds(5), || None).unwrap_err();
        guesses.guarded(from, Guessed::Name("a"), seconds(14), || Some(user())).unwrap_err();
        guesses.guarded(from, Guessed::Name("a"), seconds(15), || Some(user())).unwrap();
        // It is forgotten.
        guesses.guarded(from, Guessed::Name("a"), seconds(15), || None).unwrap_err();
        guesses.guarded(from, Guessed::Name("a"), seconds(15), || Some(user())).unwrap();
    }

    #[test]
    fn nobody_guesses_unseen_by_naming_many() {
        let (guesses, from, now) = (Guesses::default(), IpAddr::from([192, 0, 2, 1]), Instant::now());
        for number in 0..GUESSES_OF_ADDRESS {
            guesses.guarded(from, Guessed::Name(&format!("user{number}")), now, || None).unwrap_err();
        }
        // Who is right passes; of each name one wrong guess is looked at, not five.
        guesses.guarded(from, Guessed::Name("admin"), now, || Some(user())).unwrap();
        guesses.guarded(from, Guessed::Name("admin"), now, || None).unwrap_err();
        guesses.guarded(from, Guessed::Name("admin"), now, || Some(user())).unwrap_err();
        guesses.guarded(from, Guessed::Name("other"), now, || Some(user())).unwrap();
        guesses.guarded(IpAddr::from([192, 0, 2, 2]), Guessed::Name("admin"), now, || Some(user())).unwrap();
        // From many addresses: what is known of the latest is kept.
        for number in 0..u32::try_from(MOST).unwrap() {
            guesses.guarded(IpAddr::from(number.to_be_bytes()), Guessed::Name("x"), now, || None).unwrap_err();
        }
        let late = now + Duration::from_secs(1);
        for _ in 0..GUESSES {
            guesses.guarded(IpAddr::from([192, 0, 2, 3]), Guessed::Name("admin"), late, || None).unwrap_err();
        }
        guesses.guarded(IpAddr::from([192, 0, 2, 3]), Guessed::Name("admin"), late, || Some(user())).unwrap_err();
    }

    #[test]
    fn wrong_tokens_and_empty_names_lock_nobody_else() {
        let (guesses, from, now) = (Guesses::default(), IpAddr::from([192, 0, 2, 1]), Instant::now());
        for _ in 0..GUESSES_OF_ADDRESS * 2 {
            guesses.guarded(from, Guessed::Name(""), now, || panic!("nobody has no name")).unwrap_err();
        }
        assert!(guesses.wrong.lock().unwrap().is_empty());
        for _ in 1..GUESSES {
            guesses.guarded(from, Guessed::Token, now, || None).unwrap_err();
        }
        guesses.guarded(from, Guessed::Token, now, || Some(user())).unwrap();
        for _ in 0..GUESSES {
            guesses.guarded(from, Guessed::Token, now, || None).unwrap_err();
        }
        guesses.guarded(from, Guessed::Token, now, || Some(user())).unwrap_err();
        for _ in 1..GUESSES {
            guesses.guarded(from, Guessed::Name("admin"), now, || None).unwrap_err();
        }
        guesses.guarded(from, Guessed::Name("admin"), now, || Some(user())).unwrap();
    }

    #[test]
    fn who_is_right_does_not_clear_what_others_have_guessed() {
        let (guesses, from, now) = (Guesses::default(), IpAddr::from([192, 0, 2, 1]), Instant::now());
        for number in 0..GUESSES_OF_ADDRESS {
            guesses.guarded(from, Guessed::Name(&format!("user{number}")), now, || None).unwrap_err();
            guesses.guarded(from, Guessed::Token, now, || Some(user())).unwrap();
        }
        let whole = Key::Whole(from);
        assert!(guesses.wrong.lock().unwrap()[&whole].left(now).is_some());
        guesses.guarded(from, Guessed::Name("admin"), now, || None).unwrap_err();
        guesses.guarded(from, Guessed::Name("admin"), now, || Some(user())).unwrap_err();
    }

    #[test]
    fn guesses_are_counted_by_network() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        for host in 1..=GUESSES {
            guesses.guarded(address(&format!("2001:db8::{host}")), Guessed::Name("a"), now, || None).unwrap_err();
        }
        guesses.guarded(address("2001:db8::ffff"), Guessed::Name("a"), now, || Some(user())).unwrap_err();
        guesses.guarded(address("2001:db8:0:1::1"), Guessed::Name("a"), now, || Some(user())).unwrap();
    }

    #[test]
    fn no_errand_uses_up_another_ones_rate() {
        let (strangers, from, now) = (Strangers::new(5), IpAddr::from([192, 0, 2, 1]), Instant::now());
        let asked = |errand| (0..100).filter(|_| strangers.take(errand, from, now).is_ok()).count();
        assert_eq!([Errand::Other, Errand::Login, Errand::Health].map(asked), [5, 5, 50]);
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
