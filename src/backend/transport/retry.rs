//! When a request is sent again, and when it is given up.

use std::time::{Duration, SystemTime};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// No request is worked on for longer, waiting included: the limit of an NSX Manager
/// lasts two to three minutes once it is reached.
pub const DEADLINE: Duration = Duration::from_mins(5);

/// How often a request is sent again, and after how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retries {
    /// How often, after the first time.
    pub most: usize,
    /// The first pause; the next ones are longer.
    pub min_delay: Duration,
    /// The longest pause, unless the endpoint asks for a longer one.
    pub max_delay: Duration,
    /// The statuses of HTTP after which it is sent again.
    pub statuses: Vec<u16>,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            most: 10,
            min_delay: Duration::from_millis(500),
            max_delay: Duration::from_secs(30),
            statuses: vec![429, 503, 504],
        }
    }
}

impl Retries {
    /// The pauses, each between one and two times as long as twice the one before.
    pub fn pauses(&self) -> ExponentialBackoff {
        // backon adds up to the pause itself, at random.
        let half = |delay: Duration| (delay / 2).max(Duration::from_millis(1));
        ExponentialBuilder::new()
            .with_min_delay(half(self.min_delay))
            .with_max_delay(half(self.max_delay).max(half(self.min_delay)))
            .with_max_times(self.most)
            .with_jitter()
            .build()
    }
}

/// How long the endpoint wants to be left alone: seconds, or a date.
pub fn asked_for(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => httpdate::parse_http_date(text).ok().map(|at| at.duration_since(now).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn an_endpoint_says_how_long_to_wait_in_seconds_or_by_date() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        let wait =
            |text: &'static str| asked_for(&[(RETRY_AFTER, HeaderValue::from_static(text))].into_iter().collect(), now);
        assert_eq!(wait("7"), Some(Duration::from_secs(7)));
        assert_eq!(wait("Sun, 06 Nov 1994 08:50:07 GMT"), Some(Duration::from_secs(30)));
        assert_eq!(wait("Sun, 06 Nov 1994 08:00:00 GMT"), Some(Duration::ZERO), "a moment that has passed");
        assert_eq!(wait("soon"), None);
        assert_eq!(asked_for(&HeaderMap::new(), now), None);
    }

    #[test]
    fn pauses_grow_up_to_the_longest() {
        let retries = Retries { most: 8, ..Retries::default() };
        let pauses: Vec<_> = retries.pauses().collect();
        assert_eq!(pauses.len(), 8);
        assert!(pauses[0] >= Duration::from_millis(250) && pauses[0] <= Duration::from_millis(500), "{pauses:?}");
        assert!(pauses[7] >= Duration::from_secs(15) && pauses[7] <= Duration::from_secs(30), "{pauses:?}");
        assert!(Retries { most: 0, ..Retries::default() }.pauses().next().is_none());
    }
}
