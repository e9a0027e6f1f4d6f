//! The life of a session: a record that is kept between writes, and everything that
//! becomes of it by the clock.
//!
//! ```text
//!            begin, changed
//!                  │
//!    ┌─────────────┼──────────────────┐
//!  (off)        waiting ──wake──▶ negotiating ──▶ failed
//!                                     │             ▲
//!                                     └────▶ up ────┘ peer dead
//! ```
//!
//! The record holds phases and moments only. What the ends agree on follows from the
//! declarations whenever it is asked for, and a fingerprint of these tells when they
//! have become others: then the session is negotiated anew.
//!
//! | what happens | what follows |
//! |---|---|
//! | a change to what negotiation depends on, at either end | negotiated anew |
//! | a change to the DPD profile | probes begin anew |
//! | the peer becomes unreachable | up until probes, or rekeying, find out |
//! | it becomes reachable again before that | nothing |
//! | it becomes reachable again after that | negotiated anew |
//! | it is destroyed | it says so (`DELETE`), and the gateway negotiates with nobody |
//!
//! A session that failed stays down until one of these happens. The gateway goes on
//! trying meanwhile, and since nothing is different, nothing comes of it.

use serde::{Deserialize, Serialize};

use super::established::{Established, Exchange, Rekeys};
use super::negotiate::{Chosen, Outcome, beginners, negotiate};
use super::party::{Ends, Running, Selector, fingerprint};
use super::schedule::{GIVES_UP_AFTER, dead_by_probes};
use super::state::{DownReason, IkeState, SessionState, TunnelState};
use crate::engine::Moment;
use crate::engine::topology::{DpdProfile, FarEnd, Wired};
use crate::model::InitiationMode;

/// What is kept of a session between writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionRecord {
    /// How far it has been advanced.
    clock: Moment,
    /// The declarations it goes by.
    seen: Seen,
    /// Where it stands.
    phase: Phase,
}

/// What the record knows of the declarations.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Seen {
    /// A fingerprint of the gateway's end; none while it is not all known.
    ours: Option<u64>,
    /// A fingerprint of the peer's end; none when nobody is there.
    theirs: Option<u64>,
    /// A fingerprint of the DPD profile.
    dpd: Option<u64>,
    /// Whether the peer answers.
    answers: bool,
}

/// Where a session stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Phase {
    /// It takes no part: disabled, or not all known.
    Off { since: Moment },
    /// Nobody begins.
    Waiting { since: Moment },
    /// Messages are exchanged.
    Negotiating(Exchange),
    /// There is no IKE SA.
    Failed { since: Moment, reason: DownReason },
    /// There is an IKE SA.
    Up {
        /// The exchange that made it.
        exchange: Exchange,
        /// Since when.
        since: Moment,
        /// Since when the peer is probed.
        probed_since: Moment,
        /// Since when nothing comes from the peer.
        silent_since: Option<Moment>,
    },
}

impl SessionRecord {
    /// A session that has appeared. With `wired` none, too little of it is known.
    pub fn begin(wired: Option<&Wired<'_>>, far: &FarEnd<'_>, at: Moment) -> Self {
        let world = World::of(wired, far);
        Self { clock: at, seen: world.seen(), phase: world.start(at) }
    }

    /// Its declarations, or its far end's, have changed at `at`; it has been advanced
    /// to `at` under the old ones.
    pub fn changed(&mut self, wired: Option<&Wired<'_>>, far: &FarEnd<'_>, at: Moment) {
        let world = World::of(wired, far);
        let at = at.max(self.clock);
        let now = world.seen();
        let before = std::mem::replace(&mut self.seen, now);
        self.clock = at;
        let is_other = (before.ours, before.theirs) != (now.ours, now.theirs);
        if is_other || !self.outlives(&world, before, at) {
            self.phase = world.start(at);
        }
    }

    /// Lives on with ends that negotiate as before, and tells whether it can.
    fn outlives(&mut self, world: &World<'_>, before: Seen, at: Moment) -> bool {
        let answers_now = self.seen.answers;
        let same_answer = before.answers == answers_now;
        let established = world.established(&self.phase);
        match &mut self.phase {
            Phase::Off { .. } => true,
            Phase::Waiting { .. } | Phase::Negotiating(_) | Phase::Failed { .. } => same_answer,
            Phase::Up { probed_since, silent_since, .. } => {
                if before.dpd != self.seen.dpd {
                    *probed_since = at;
                }
                match established {
                    _ if same_answer => true,
                    None => false,
                    // Silence too short to matter, unless an SA could not be replaced.
                    Some(established) if answers_now => {
                        *silent_since = None;
                        established.first_expiry_in_silence().is_none_or(|expiry| expiry > at)
                    }
                    // Silence, perhaps before the last tunnel was negotiated.
                    Some(established) => {
                        *silent_since = Some(at);
                        established.all_known_at() <= at
                    }
                }
            }
        }
    }

    /// When it changes by itself next, if it does. Rekeying does not count unless it
    /// changes the SA of a tunnel.
    pub fn next_change(&self, wired: Option<&Wired<'_>>, far: &FarEnd<'_>) -> Option<Moment> {
        World::of(wired, far).changes(&self.phase).into_iter().filter(|at| *at > self.clock).min()
    }

    /// Lets everything happen up to and including `to`.
    pub fn advance(&mut self, wired: Option<&Wired<'_>>, far: &FarEnd<'_>, to: Moment) {
        self.phase = self.phase_at(&World::of(wired, far), to);
        self.clock = self.clock.max(to);
    }

    /// A packet wants through. It opens a session that waits for one; between two
    /// sessions of one engine, both are to be woken.
    pub fn wake(&mut self, wired: Option<&Wired<'_>>, far: &FarEnd<'_>, at: Moment) {
        self.advance(wired, far, at);
        let Some(ends) = World::of(wired, far).ends else { return };
        let beginners = beginners(&ends, true);
        if matches!(self.phase, Phase::Waiting { .. }) && !beginners.is_empty() {
            self.phase = Phase::Negotiating(Exchange { since: self.clock, latency: ends.latency, beginners });
        }
    }

    /// How it is at `now`, to which it has been advanced at least.
    pub fn state(&self, wired: Option<&Wired<'_>>, far: &FarEnd<'_>, now: Moment) -> SessionState {
        let world = World::of(wired, far);
        world.state(&self.phase_at(&world, now), now)
    }

    /// What the ends have chosen, and how often SAs have been replaced until `now`, since
    /// the session came up; none without an IKE SA.
    pub fn chosen(&self, wired: Option<&Wired<'_>>, far: &FarEnd<'_>, now: Moment) -> Option<(Chosen, Rekeys)> {
        let world = World::of(wired, far);
        let established = world.established(&self.phase_at(&world, now))?;
        Some((established.chosen(now), established.rekeys(now)))
    }

    /// The phase it has come to by itself at `now`. No phase comes twice.
    fn phase_at(&self, world: &World<'_>, now: Moment) -> Phase {
        let mut phase = self.phase.clone();
        while let Some((_, next)) = world.next_phase(&phase).filter(|(at, _)| *at <= now) {
            phase = next;
        }
        phase
    }
}

/// The declarations a record is looked at with.
struct World<'a> {
    ends: Option<Ends>,
    dpd: Option<&'a DpdProfile>,
}

impl<'a> World<'a> {
    fn of(wired: Option<&'a Wired<'_>>, far: &FarEnd<'_>) -> Self {
        Self { ends: wired.map(|wired| Ends::of(wired, far)), dpd: wired.map(|wired| &wired.dpd) }
    }

    fn seen(&self) -> Seen {
        let ends = self.ends.as_ref();
        Seen {
            ours: ends.map(|ends| fingerprint(&ends.ours)),
            theirs: ends.and_then(|ends| ends.theirs.as_ref()).map(fingerprint),
            dpd: self.dpd.map(fingerprint),
            answers: ends.is_some_and(|ends| ends.answers),
        }
    }

    /// How a session starts at `at`.
    fn start(&self, at: Moment) -> Phase {
        let running = self.ends.as_ref().filter(|ends| ends.ours.runs == Running::Yes);
        let Some(ends) = running else { return Phase::Off { since: at } };
        match beginners(ends, false) {
            nobody if nobody.is_empty() => Phase::Waiting { since: at },
            beginners => Phase::Negotiating(Exchange { since: at, latency: ends.latency, beginners }),
        }
    }

    /// What comes of an exchange; none when nobody is there.
    fn outcome(&self, exchange: &Exchange) -> Option<Outcome> {
        let ends = self.ends.as_ref()?;
        Some(negotiate(&ends.ours, ends.theirs.as_ref()?, &exchange.beginners))
    }

    fn established(&self, phase: &Phase) -> Option<Established> {
        let Phase::Up { exchange, since, silent_since, .. } = phase else { return None };
        let agreement = self.outcome(exchange)?.result.ok()?;
        Some(Established { agreement, exchange: exchange.clone(), since: *since, silent_since: *silent_since })
    }

    /// The phase that follows by itself, and when.
    fn next_phase(&self, phase: &Phase) -> Option<(Moment, Phase)> {
        match phase {
            Phase::Off { .. } | Phase::Waiting { .. } | Phase::Failed { .. } => None,
            Phase::Negotiating(exchange) => {
                let ends = self.ends.as_ref()?;
                let Some(outcome) = self.outcome(exchange).filter(|_| ends.answers) else {
                    let since = Moment(exchange.since.0.saturating_add(GIVES_UP_AFTER));
                    let is_there = ends.theirs.is_some();
                    let reason = if is_there { DownReason::NoResponse } else { DownReason::NobodyThere };
                    return Some((since, Phase::Failed { since, reason }));
                };
                let since = exchange.after(outcome.messages);
                let phase = match outcome.result {
                    Ok(_) => Phase::Up { exchange: exchange.clone(), since, probed_since: since, silent_since: None },
                    Err(reason) => Phase::Failed { since, reason },
                };
                Some((since, phase))
            }
            Phase::Up { probed_since, silent_since, .. } => {
                let silence = (*silent_since)?;
                let noticed = self.established(phase)?.noticed_by_rekeying(silence);
                let (since, reason) = match dead_by_probes(self.dpd?, *probed_since, silence) {
                    Some(dead) if dead <= noticed => (dead, DownReason::PeerDead),
                    _ => (noticed, DownReason::NoResponse),
                };
                Some((since, Phase::Failed { since, reason }))
            }
        }
    }

    /// The moments at which what [`World::state`] says becomes something else.
    fn changes(&self, phase: &Phase) -> Vec<Moment> {
        let end = self.next_phase(phase).map(|(at, _)| at);
        let before_the_end = |at: &Moment| end.is_none_or(|end| *at < end);
        let of_tunnels = self.established(phase).map(|it| it.changes()).unwrap_or_default();
        of_tunnels.into_iter().filter(before_the_end).chain(end).collect()
    }

    fn state(&self, phase: &Phase, now: Moment) -> SessionState {
        let down = |since: Moment, reason: DownReason| IkeState::Down { since, reason };
        let ike = match phase {
            Phase::Off { since } => down(*since, self.reason_to_be_off()),
            Phase::Waiting { since } => down(*since, self.reason_to_wait()),
            Phase::Negotiating(exchange) => IkeState::Negotiating { since: exchange.since },
            Phase::Failed { since, reason } => down(*since, reason.clone()),
            Phase::Up { since, .. } => IkeState::Up { since: *since },
        };
        let tunnels = match (self.established(phase), &self.ends) {
            (Some(established), _) => established.tunnels(now),
            (None, Some(ends)) => {
                let reason = reason_of_tunnels(&ike);
                let tunnel = |selector: &Selector| selector.tunnel(TunnelState::Down { reason: reason.clone() });
                ends.ours.selectors.iter().map(tunnel).collect()
            }
            (None, None) => Vec::new(),
        };
        SessionState { ike, tunnels }
    }

    fn reason_to_be_off(&self) -> DownReason {
        match self.ends.as_ref().map(|ends| ends.ours.runs) {
            Some(Running::SessionDisabled) => DownReason::SessionDisabled,
            Some(Running::ServiceDisabled) => DownReason::ServiceDisabled,
            Some(Running::Yes) | None => DownReason::NotAllKnown,
        }
    }

    fn reason_to_wait(&self) -> DownReason {
        let theirs = self.ends.as_ref().and_then(|ends| ends.theirs.as_ref());
        match self.ends.as_ref().map(|ends| ends.ours.initiation) {
            Some(InitiationMode::OnDemand) => DownReason::WaitsForTraffic,
            _ if theirs.is_some_and(|theirs| theirs.initiation == InitiationMode::RespondOnly) => {
                DownReason::NobodyInitiates
            }
            _ => DownReason::WaitsForPeer,
        }
    }
}

/// Why tunnels are down that have no IKE SA.
fn reason_of_tunnels(ike: &IkeState) -> DownReason {
    match ike {
        IkeState::Negotiating { .. } | IkeState::Up { .. } => DownReason::Negotiating,
        IkeState::Down { reason, .. } => match reason {
            DownReason::NotAllKnown
            | DownReason::SessionDisabled
            | DownReason::ServiceDisabled
            | DownReason::WaitsForTraffic
            | DownReason::WaitsForPeer
            | DownReason::NobodyInitiates
            | DownReason::PeerDead => reason.clone(),
            _ => DownReason::IkeDown,
        },
    }
}
