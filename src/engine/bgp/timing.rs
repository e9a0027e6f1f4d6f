//! The clock of a connection: how long its steps take, and when it is tried again.

use crate::engine::Moment;

/// Milliseconds of a second.
pub(super) const SECOND: i64 = 1_000;

/// Milliseconds after which a connection is tried again (`ConnectRetryTime`: RFC 4271,
/// section 10; FRR's default is the same).
pub const CONNECT_RETRY: i64 = 120 * SECOND;

/// Milliseconds between the end of a connection and the next attempt (FRR,
/// `BGP_INIT_START_TIMER`).
pub const START_DELAY: i64 = SECOND;

/// Seconds after an OPEN message was refused at which the next ones are sent. The wait
/// doubles from two seconds to two minutes and stays there (FRR, `bgp_stop_with_error`):
/// 2, 4, 8, 16, 32, 64, and then always 120.
const REFUSED_OPENS: [i64; 6] = [2, 6, 14, 30, 62, 126];

/// Seconds between refused OPEN messages in the end.
const LONGEST_IDLE: i64 = 120;

/// Seconds after the first SYN at which it is sent again, within [`CONNECT_RETRY`]: the
/// first timeout is a second, and each is twice the one before (RFC 6298).
const SYNS: [i64; 7] = [0, 1, 3, 7, 15, 31, 63];

/// When the next SYN is sent, at or after `at`, of attempts that began at `since` and
/// were not answered.
pub(super) fn next_syn(since: Moment, at: Moment) -> Moment {
    let elapsed = (at.0 - since.0).max(0);
    let attempt = since.0 + elapsed / CONNECT_RETRY * CONNECT_RETRY;
    let syn = SYNS.iter().map(|offset| attempt + offset * SECOND).find(|syn| *syn >= at.0);
    Moment(syn.unwrap_or(attempt + CONNECT_RETRY))
}

/// How many OPEN messages were refused by `now`, the first at `since`.
pub(super) fn refused_opens(since: Moment, now: Moment) -> u64 {
    let elapsed = (now.0 - since.0).max(0) / SECOND;
    let early = REFUSED_OPENS.iter().filter(|at| **at <= elapsed).count() as u64;
    let later = (elapsed - REFUSED_OPENS[REFUSED_OPENS.len() - 1]).max(0) / LONGEST_IDLE;
    1 + early + later.unsigned_abs()
}

/// How many messages are sent every `interval` seconds from `since`, after the first, up
/// to `now`; none where the interval is 0.
pub(super) fn ticks(since: Moment, interval: u32, now: Moment) -> u64 {
    let elapsed = (now.0 - since.0).max(0);
    if interval == 0 { 0 } else { (elapsed / (i64::from(interval) * SECOND)).unsigned_abs() }
}

/// The moment `milliseconds` after `at`.
pub(super) fn after(at: Moment, milliseconds: i64) -> Moment {
    Moment(at.0.saturating_add(milliseconds))
}

/// The moment `seconds` after `at`.
pub(super) fn seconds_after(at: Moment, seconds: u32) -> Moment {
    after(at, i64::from(seconds) * SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_syn_is_repeated_in_doubling_steps_until_the_attempt_is_given_up() {
        let next = |at: i64| next_syn(Moment(5_000), Moment(5_000 + at)).0 - 5_000;
        let table = [(0, 0), (1, 1_000), (1_000, 1_000), (1_001, 3_000), (40_000, 63_000), (63_001, 120_000)];
        for (at, syn) in table {
            assert_eq!(next(at), syn, "{at}");
        }
        // The next attempt begins with a SYN of its own: 120 + 1, 120 + 3.
        assert_eq!((next(120_000), next(120_500), next(121_500)), (120_000, 121_000, 123_000));
    }

    #[test]
    fn refused_opens_come_less_and_less_often() {
        let count = |seconds: i64| refused_opens(Moment(0), Moment(seconds * SECOND));
        // At 0, 2, 6, 14, 30, 62, 126, 246, 366 …
        let table = [(0, 1), (1, 1), (2, 2), (5, 2), (6, 3), (126, 7), (245, 7), (246, 8), (366, 9)];
        for (seconds, opens) in table {
            assert_eq!(count(seconds), opens, "{seconds}");
        }
        // A year has 31,536,000 seconds: 7 and (31,536,000 - 126) / 120.
        assert_eq!(count(31_536_000), 7 + 262_798);
    }

    #[test]
    fn a_message_is_sent_at_the_end_of_every_interval() {
        let count = |interval, at: i64| ticks(Moment(100), interval, Moment(100 + at));
        assert_eq!((count(60, 59_999), count(60, 60_000), count(60, 180_000)), (0, 1, 3));
        assert_eq!(count(0, 180_000), 0, "a hold time of 0 knows no keepalives");
    }
}
