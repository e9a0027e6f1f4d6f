//! When things happen to a session that is up: rekeying, expiry, and the death of a
//! peer. All of it is arithmetic on moments, in milliseconds.

use crate::engine::Moment;
use crate::engine::topology::DpdProfile;
use crate::model::DpdProbeMode;

const SECOND: i64 = 1_000;

/// How long a request is sent again and again before the exchange is given up:
/// strongSwan's `charon.retransmit_timeout` 4.0 s, `retransmit_base` 1.8 and
/// `retransmit_tries` 5. Waiting after the request and each of 5 repetitions:
///
/// ```text
/// 4 + 7.2 + 12.96 + 23.328 + 41.9904 + 75.58272 = 165.06112 s
/// ```
pub(super) const GIVES_UP_AFTER: i64 = 165_061;

/// An SA is replaced when it has lived 10/11 of its life time, so that it lives on for
/// another tenth of that time if the replacement fails: strongSwan's `life_time`,
/// "110% of `rekey_time`" unless it is said (swanctl.conf). Its random part is left
/// out.
const REKEYED_AT: (i64, i64) = (10, 11);

/// An unanswered probe is repeated so often until the peer is taken for dead (VMware
/// NSX Administration Guide, "Add DPD Profiles").
const PROBE_REPEATED_EVERY: i64 = 500;

/// A security association that is replaced before its life ends, again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Renewal {
    /// When the first one was made.
    since: i64,
    /// How long one lives.
    life: i64,
    /// From one to the next.
    period: i64,
}

impl Renewal {
    /// An SA made at `since` that lives so many seconds.
    pub fn of(since: Moment, life_time: u32) -> Self {
        let life = i64::from(life_time.max(1)) * SECOND;
        Self { since: since.0, life, period: life * REKEYED_AT.0 / REKEYED_AT.1 }
    }

    /// When it is replaced for the `number`th time.
    pub fn replaced(self, number: u64) -> Moment {
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        Moment(self.since.saturating_add(self.period.saturating_mul(number)))
    }

    /// How often it has been replaced at `now`.
    pub fn count(self, now: Moment) -> u64 {
        u64::try_from(now.0.saturating_sub(self.since) / self.period).unwrap_or_default()
    }

    /// When it is replaced next, at `from` or later.
    pub fn next(self, from: Moment) -> Moment {
        self.replaced(self.count(Moment(from.0.saturating_sub(1))) + 1)
    }

    /// When the first one ends that is not replaced.
    pub fn first_ends(self) -> Moment {
        Moment(self.since.saturating_add(self.life))
    }

    /// When the one ends that was there just before `silence`, in which it cannot be
    /// replaced.
    pub fn ends_after(self, silence: Moment) -> Moment {
        let made = self.replaced(self.count(Moment(silence.0.saturating_sub(1))));
        Moment(made.0.saturating_add(self.life))
    }
}

/// When a peer that is silent since `silence` is taken for dead by its probes, which
/// began at `since`; never without probes.
///
/// `PERIODIC`: the first probe at `silence` or later is the first without an answer.
/// `ON_DEMAND`: it goes out one interval after the last packet from the peer.
pub(super) fn dead_by_probes(dpd: &DpdProfile, since: Moment, silence: Moment) -> Option<Moment> {
    if !dpd.enabled {
        return None;
    }
    let interval = i64::from(dpd.interval.max(1)) * SECOND;
    let probe = match dpd.mode {
        DpdProbeMode::Periodic => {
            let answered = silence.0.saturating_sub(1).saturating_sub(since.0).max(0) / interval;
            since.0.saturating_add((answered + 1).saturating_mul(interval))
        }
        DpdProbeMode::OnDemand => silence.max(since).0.saturating_add(interval),
    };
    Some(Moment(probe.saturating_add(i64::from(dpd.retry_count) * PROBE_REPEATED_EVERY)))
}
