//! How many requests go out each second.
//!
//! An NSX Manager answers 429 to more than 100 requests of a client in a second. Others
//! may share that with us, so the rate falls when it says so, and rises again slowly.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// The requests that an NSX Manager takes of a client in a [`WINDOW`].
const MOST: usize = 100;

/// The fewest that are tried.
const FEWEST: usize = 5;

/// What the requests are counted in.
const WINDOW: Duration = Duration::from_secs(1);

/// Within so long, several 429 are one piece of news.
const NEWS: Duration = Duration::from_secs(1);

/// Lets requests go no faster than the endpoint takes them.
#[derive(Debug, Default)]
pub struct Pace {
    state: Mutex<Option<State>>,
}

#[derive(Debug)]
struct State {
    /// When requests went out, of the last window.
    sent: VecDeque<Instant>,
    /// How many may, in a window.
    limit: usize,
    /// When the limit changed last.
    changed: Instant,
    /// Before this moment none may.
    closed_until: Instant,
}

impl Pace {
    /// Waits until a request may go out.
    pub async fn turn(&self) {
        while let Some(at) = self.wait_until(Instant::now()) {
            sleep_until(at).await;
        }
    }

    /// The endpoint says that there were too many, and how long it wants to be left alone.
    pub fn too_many(&self, pause: Option<Duration>) {
        let now = Instant::now();
        self.with(now, |state| {
            if now.duration_since(state.changed) >= NEWS || state.limit == MOST {
                state.limit = (state.limit / 2).max(FEWEST);
                state.changed = now;
            }
            state.closed_until = state.closed_until.max(now + pause.unwrap_or_default());
        });
    }

    /// When to ask again; `None` if the request may go out at `now`, which is noted.
    fn wait_until(&self, now: Instant) -> Option<Instant> {
        self.with(now, |state| {
            if state.closed_until > now {
                return Some(state.closed_until);
            }
            if state.limit < MOST && now.duration_since(state.changed) >= WINDOW {
                state.limit = (state.limit + state.limit / 10 + 1).min(MOST);
                state.changed = now;
            }
            while state.sent.front().is_some_and(|sent| now.duration_since(*sent) >= WINDOW) {
                state.sent.pop_front();
            }
            if state.sent.len() < state.limit {
                state.sent.push_back(now);
                return None;
            }
            // The one whose leaving makes room.
            let leaving = state.sent.len() - state.limit;
            state.sent.get(leaving).map(|sent| *sent + WINDOW)
        })
    }

    fn with<T>(&self, now: Instant, work: impl FnOnce(&mut State) -> T) -> T {
        let mut state: MutexGuard<'_, _> = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = || State { sent: VecDeque::new(), limit: MOST, changed: now, closed_until: now };
        work(state.get_or_insert_with(fresh))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn sent_within(pace: &Pace, span: Duration) -> usize {
        let end = Instant::now() + span;
        let mut sent = 0;
        while tokio::time::timeout_at(end, pace.turn()).await.is_ok() {
            sent += 1;
        }
        sent
    }

    #[tokio::test(start_paused = true)]
    async fn a_hundred_requests_go_out_in_a_second() {
        let pace = Pace::default();
        assert_eq!(sent_within(&pace, Duration::from_millis(999)).await, 100);
        assert_eq!(sent_within(&pace, Duration::from_secs(1)).await, 100);
    }

    #[tokio::test(start_paused = true)]
    async fn after_too_many_it_is_slower_and_then_faster_again() {
        let pace = Pace::default();
        pace.too_many(None);
        pace.too_many(None);
        let first = sent_within(&pace, Duration::from_millis(900)).await;
        assert_eq!(first, 50, "several at once are one piece of news");
        sent_within(&pace, Duration::from_secs(30)).await;
        assert_eq!(sent_within(&pace, Duration::from_secs(1)).await, 100);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_goes_out_before_the_endpoint_wants_it() {
        let pace = Pace::default();
        pace.too_many(Some(Duration::from_secs(7)));
        let begin = Instant::now();
        pace.turn().await;
        assert!(begin.elapsed() >= Duration::from_secs(7));
    }
}
