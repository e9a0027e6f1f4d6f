//! The life of a neighbor: a small record of what has happened, from which follows what
//! happens next.
//!
//! | phase | state | what ends it |
//! |---|---|---|
//! | nothing to try | IDLE | a change |
//! | a moment after a connection | IDLE | a second |
//! | the connection is opened | CONNECT, `OPEN_SENT` | two round trips |
//! | nobody answers | CONNECT | a change |
//! | the connection is refused | ACTIVE | a change |
//! | the OPEN message is refused | IDLE | a change |
//! | established | ESTABLISHED | a change, silence, too many routes |
//! | too many routes | IDLE | a change |
//!
//! A neighbor tries again for ever, and as long as nothing changes nothing comes of it:
//! so the attempts are not shown one by one, but their messages are counted.
//!
//! When what was in the way is gone, the connection is opened at once: a change of the
//! declarations makes that end begin anew, and a tunnel that comes up does too. Only where
//! packets were lost on the way, nobody knows that they are not any more, and the next
//! SYN finds out.
//!
//! The handshake takes two round trips. The gateway opens the TCP connection, which takes
//! one. Its OPEN message goes with the last packet of that, and the neighbor's OPEN and
//! the KEEPALIVE that confirms the gateway's come back together, so that the state
//! `OPEN_CONFIRM` takes no time here.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::connection::{Connection, Course};
use super::prospect::Prospect;
use super::timing::{START_DELAY, after, next_syn, refused_opens, seconds_after};
use super::{
    BfdState, ConnectionState, Families, LastReset, NeighborState, Obstacle, Reset, Surroundings, capability, learn,
    speaker,
};
use crate::engine::Moment;
use crate::engine::topology::Neighbor;
use crate::model::{GracefulRestartMode, PolicyPath};

/// The TCP port of BGP (RFC 4271, section 2).
pub const BGP_PORT: u16 = 179;

/// The first of the ports that connections come from (RFC 6335), and how many there are.
const DYNAMIC_PORTS: (u16, u16) = (49_152, 16_384);

/// What has happened to a neighbor, up to the last change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NeighborRecord {
    phase: Phase,
    established: u64,
    dropped: u64,
    /// Messages of what is over.
    sent: u64,
    received: u64,
    last_reset: Option<LastReset>,
    /// Until when the neighbor's routes are kept, although the connection is over.
    stale_until: Option<Moment>,
}

/// What a neighbor is at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Phase {
    /// There is nothing to try.
    Idle,
    /// The last connection has just ended.
    Waiting { until: Moment },
    /// The connection is opened; the outcome is known two round trips after `since`.
    Connecting { since: Moment, round_trip: i64 },
    /// Nobody answers; `lost`: because packets are lost.
    Unanswered { since: Moment, lost: bool },
    /// The connection is refused.
    Refused,
    /// The OPEN message is refused, the first at `since`.
    Rejected { since: Moment },
    /// Routes are exchanged.
    Established(Box<Connection>),
    /// The neighbor taught more routes than so many.
    Overflowed { maximum: u32 },
}

impl NeighborRecord {
    /// A neighbor that has appeared at `at`.
    pub fn begin(neighbor: &Neighbor, around: &Surroundings<'_>, at: Moment) -> Self {
        let mut record = Self {
            phase: Phase::Idle,
            established: 0,
            dropped: 0,
            sent: 0,
            received: 0,
            last_reset: None,
            stale_until: None,
        };
        record.attempt(&Prospect::of(neighbor, around), at);
        record
    }

    /// Declarations or the sessions' states have changed at `at`; it has been advanced to
    /// `at` under the old ones.
    pub fn changed(&mut self, neighbor: &Neighbor, around: &Surroundings<'_>, at: Moment) {
        let prospect = Prospect::of(neighbor, around);
        // Without a way to the neighbor its routes are of no use, restart or not.
        if prospect.obstacle().is_some_and(is_idle) {
            self.stale_until = None;
        }
        match std::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Established(connection) => self.changed_connection(*connection, neighbor, around, &prospect, at),
            Phase::Connecting { since, round_trip } if prospect.connects() => {
                self.phase = Phase::Connecting { since, round_trip };
            }
            Phase::Connecting { since, round_trip } => {
                self.sent += u64::from(at >= after(since, round_trip));
                self.attempt(&prospect, at);
            }
            Phase::Unanswered { since, lost } => {
                self.attempt(&prospect, if lost { next_syn(since, at) } else { at });
                // Attempts that go on unanswered began when they began.
                if let Phase::Unanswered { since: begun, .. } = &mut self.phase {
                    *begun = since;
                }
            }
            Phase::Rejected { since } if prospect.obstacle().is_some_and(Obstacle::refuses_open) => {
                self.phase = Phase::Rejected { since };
            }
            Phase::Rejected { since } => {
                self.count_rejected(since, at);
                self.attempt(&prospect, at);
            }
            Phase::Waiting { until } if !prospect.obstacle().is_some_and(is_idle) => {
                self.phase = Phase::Waiting { until };
            }
            Phase::Overflowed { .. } => match excess(neighbor, &prospect, around) {
                Some(maximum) => self.phase = Phase::Overflowed { maximum },
                None => self.attempt(&prospect, at),
            },
            Phase::Idle | Phase::Waiting { .. } | Phase::Refused => self.attempt(&prospect, at),
        }
    }

    /// When it changes by itself next, if it does.
    pub fn next_change(&self, _neighbor: &Neighbor, _around: &Surroundings<'_>) -> Option<Moment> {
        self.next()
    }

    /// Lets everything happen up to and including `to`.
    pub fn advance(&mut self, neighbor: &Neighbor, around: &Surroundings<'_>, to: Moment) {
        if self.next().is_none_or(|next| next > to) {
            return;
        }
        let prospect = Prospect::of(neighbor, around);
        while let Some(at) = self.next().filter(|next| *next <= to) {
            self.step(neighbor, around, &prospect, at);
        }
    }

    /// How it is at `now`.
    pub fn state(&self, neighbor: &Neighbor, around: &Surroundings<'_>, now: Moment) -> NeighborState {
        if self.next().is_some_and(|next| next <= now) {
            let mut later = self.clone();
            later.advance(neighbor, around, now);
            return later.shown(neighbor, &Prospect::of(neighbor, around), now);
        }
        self.shown(neighbor, &Prospect::of(neighbor, around), now)
    }

    /// The session that would be opened by its attempts to connect: one that waits for
    /// traffic.
    pub fn wants(&self, neighbor: &Neighbor, around: &Surroundings<'_>) -> Option<PolicyPath> {
        let prospect = Prospect::of(neighbor, around);
        prospect.carrier.filter(super::Carrier::waits_for_traffic).map(|carrier| carrier.session.path.clone())
    }

    fn next(&self) -> Option<Moment> {
        let phase = match &self.phase {
            Phase::Waiting { until } => Some(*until),
            Phase::Connecting { since, round_trip } => Some(after(*since, 2 * round_trip)),
            Phase::Established(connection) => connection.end().map(|(at, _)| at),
            Phase::Idle
            | Phase::Unanswered { .. }
            | Phase::Refused
            | Phase::Rejected { .. }
            | Phase::Overflowed { .. } => None,
        };
        [phase, self.stale_until].into_iter().flatten().min()
    }

    /// What happens by itself at `at`.
    fn step(&mut self, neighbor: &Neighbor, around: &Surroundings<'_>, prospect: &Prospect<'_>, at: Moment) {
        if self.stale_until.is_some_and(|until| until <= at) {
            self.stale_until = None;
            return;
        }
        match std::mem::replace(&mut self.phase, Phase::Idle) {
            Phase::Connecting { .. } => match (&prospect.outcome, &prospect.own) {
                (Ok(open), Some(own)) => {
                    self.established += 1;
                    self.stale_until = None;
                    let connection = Connection::established(neighbor, own.clone(), open, around, at);
                    self.phase = Phase::Established(Box::new(connection));
                }
                (Err(obstacle), _) if obstacle.refuses_open() => self.phase = Phase::Rejected { since: at },
                _ => self.attempt(prospect, at),
            },
            Phase::Established(connection) => match connection.end() {
                Some((_, why @ Reset::TooManyRoutes { maximum })) => {
                    self.end(&connection, why, at);
                    self.phase = Phase::Overflowed { maximum };
                }
                Some((_, why)) => {
                    self.end(&connection, why, at);
                    self.phase = Phase::Waiting { until: after(at, START_DELAY) };
                }
                None => self.phase = Phase::Established(connection),
            },
            _ => self.attempt(prospect, at),
        }
    }

    /// Tries to connect at `at`, if there is anything to try.
    fn attempt(&mut self, prospect: &Prospect<'_>, at: Moment) {
        let latency = prospect.carrier.as_ref().map_or(0, |carrier| carrier.latency);
        self.phase = match prospect.obstacle() {
            None => Phase::Connecting { since: at, round_trip: 2 * latency },
            Some(obstacle) if obstacle.refuses_open() => Phase::Connecting { since: at, round_trip: 2 * latency },
            Some(obstacle) => match obstacle.state() {
                ConnectionState::Connect => {
                    Phase::Unanswered { since: at, lost: matches!(obstacle, Obstacle::NoResponse { .. }) }
                }
                ConnectionState::Active => Phase::Refused,
                _ => Phase::Idle,
            },
        };
    }

    fn changed_connection(
        &mut self,
        mut connection: Connection,
        neighbor: &Neighbor,
        around: &Surroundings<'_>,
        prospect: &Prospect<'_>,
        at: Moment,
    ) {
        match connection.course(prospect) {
            Course::On => {
                if let Ok(open) = &prospect.outcome {
                    connection.hear(neighbor, open, around, at);
                }
                self.phase = Phase::Established(Box::new(connection));
            }
            Course::Silent => {
                let far_bfd = prospect.carrier.as_ref().and_then(|carrier| {
                    speaker::FarSpeaker::of(neighbor, carrier, around.topology).ok().and_then(|far| far.bfd)
                });
                connection.lose(neighbor, far_bfd, at);
                self.phase = Phase::Established(Box::new(connection));
            }
            Course::Over(why) => {
                self.end(&connection, why, at);
                if why == Reset::Closed {
                    self.stale_until = keeps_until(&connection, neighbor, around, at);
                }
                self.phase = if prospect.obstacle().is_some_and(is_idle) {
                    Phase::Idle
                } else {
                    Phase::Waiting { until: after(at, START_DELAY) }
                };
            }
        }
    }

    fn end(&mut self, connection: &Connection, why: Reset, at: Moment) {
        self.sent += connection.sent(at) + u64::from(why.is_notified());
        self.received += connection.received(at);
        self.dropped += 1;
        self.last_reset = Some(LastReset { at, why });
    }

    /// Of each OPEN message that is refused: OPEN and NOTIFICATION out, OPEN in.
    fn count_rejected(&mut self, since: Moment, at: Moment) {
        let opens = refused_opens(since, at);
        self.sent += 2 * opens;
        self.received += opens;
    }

    fn shown(&self, neighbor: &Neighbor, prospect: &Prospect<'_>, now: Moment) -> NeighborState {
        let mut messages = (self.sent, self.received);
        let mut connection = None;
        let (state, reason) = match &self.phase {
            Phase::Established(established) => {
                messages.0 += established.sent(now);
                messages.1 += established.received(now);
                connection = Some(established);
                (ConnectionState::Established, None)
            }
            Phase::Connecting { since, round_trip } if now >= after(*since, *round_trip) => {
                messages.0 += 1;
                (ConnectionState::OpenSent, Some(Obstacle::Connecting))
            }
            Phase::Connecting { .. } => (ConnectionState::Connect, Some(Obstacle::Connecting)),
            Phase::Waiting { .. } => (ConnectionState::Idle, prospect.obstacle().cloned().or(Some(Obstacle::Waiting))),
            Phase::Overflowed { maximum } => {
                (ConnectionState::Idle, Some(Obstacle::TooManyRoutes { maximum: *maximum }))
            }
            Phase::Rejected { since } => {
                let opens = refused_opens(*since, now);
                messages.0 += 2 * opens;
                messages.1 += opens;
                (ConnectionState::Idle, prospect.obstacle().cloned())
            }
            Phase::Unanswered { .. } => (ConnectionState::Connect, prospect.obstacle().cloned()),
            Phase::Refused => (ConnectionState::Active, prospect.obstacle().cloned()),
            Phase::Idle => (ConnectionState::Idle, prospect.obstacle().cloned()),
        };
        let has_ports = matches!(state, ConnectionState::Established | ConnectionState::OpenSent);
        let negotiated = connection.map_or(Families::default(), |it| it.families);
        let restart_time = connection
            .and_then(|it| it.restart_time)
            .filter(|_| neighbor.graceful_restart != GracefulRestartMode::Disable);
        NeighborState {
            connection: state,
            reason,
            last_reset: self.last_reset,
            established_since: connection.map(|it| it.since),
            session: prospect.carrier.as_ref().map(|carrier| carrier.session.path.clone()),
            source_address: prospect.carrier.as_ref().map(|carrier| carrier.own_address),
            hold_time: connection.map_or(neighbor.hold_down_time, |it| it.hold_time),
            keep_alive_interval: connection.map_or(neighbor.keep_alive_time, |it| it.keep_alive),
            local_port: if has_ports { self.local_port(neighbor) } else { 0 },
            remote_port: if has_ports { BGP_PORT } else { 0 },
            messages_sent: messages.0,
            messages_received: messages.1,
            connection_drop_count: self.dropped,
            established_connection_count: self.established,
            neighbor_router_id: connection.map_or(Ipv4Addr::UNSPECIFIED, |it| it.far.router_id),
            families: negotiated,
            announced_capabilities: connection
                .map(|_| capability::announced(speaker::families(neighbor), neighbor.graceful_restart))
                .unwrap_or_default(),
            negotiated_capability: connection
                .map(|_| capability::negotiated(negotiated, restart_time))
                .unwrap_or_default(),
            graceful_restart: neighbor.graceful_restart,
            restart_time,
            stale_until: self.stale_until,
            bfd: neighbor.bfd.map(|_| bfd(prospect, connection.is_some())),
        }
    }

    /// The port this connection comes from: another one for each.
    fn local_port(&self, neighbor: &Neighbor) -> u16 {
        let (first, count) = DYNAMIC_PORTS;
        let hash = xxh3_64(neighbor.path.as_str().as_bytes()).wrapping_add(self.established);
        first + u16::try_from(hash % u64::from(count)).unwrap_or(0)
    }
}

/// Whether there is nothing to try.
fn is_idle(obstacle: &Obstacle) -> bool {
    obstacle.state() == ConnectionState::Idle && !obstacle.refuses_open()
}

/// How many routes a neighbor may teach that would teach too many again.
fn excess(neighbor: &Neighbor, prospect: &Prospect<'_>, around: &Surroundings<'_>) -> Option<u32> {
    let open = prospect.outcome.as_ref().ok()?;
    learn::excess(neighbor, &open.far, &open.carrier, open.families, around)
}

/// Until when the routes of a neighbor are kept whose speaker closed the connection
/// (RFC 4724, section 4.2): as long as it asked for, and no longer than the gateway's
/// own timer allows.
fn keeps_until(connection: &Connection, neighbor: &Neighbor, around: &Surroundings<'_>, at: Moment) -> Option<Moment> {
    let longest = speaker::instance(around.topology, neighbor)?.stale_route_timer;
    let helps = neighbor.graceful_restart != GracefulRestartMode::Disable;
    connection.restart_time.filter(|_| helps).map(|asked| seconds_after(at, asked.min(longest)))
}

/// BFD runs beside the connection. A neighbor that is lost is up until it is noticed,
/// which ends the connection.
fn bfd(prospect: &Prospect<'_>, is_established: bool) -> BfdState {
    match &prospect.outcome {
        Ok(open) if open.far.bfd.is_some() => BfdState::Up,
        Err(Obstacle::NoResponse { .. } | Obstacle::TunnelDown { .. }) if is_established => BfdState::Up,
        _ => BfdState::Down,
    }
}
