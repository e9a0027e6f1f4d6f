//! An established connection: what was agreed, who was heard when, and the messages
//! that went over it.

use serde::{Deserialize, Serialize};

use super::prospect::{FarSide, Open, OwnEnd, Prospect};
use super::speaker::{FarSpeaker, Who};
use super::timing::{after, seconds_after, ticks};
use super::{Families, Obstacle, Reset, Surroundings, learn};
use crate::engine::Moment;
use crate::engine::topology::{Bfd, Neighbor};
use crate::model::PolicyPath;

/// An established connection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Connection {
    /// Since when.
    pub since: Moment,
    own: OwnEnd,
    pub far: FarSide,
    /// Since when its tunnel was up then.
    tunnel_since: Option<Moment>,
    /// Seconds without a message after which the other end is taken for dead; 0: never.
    pub hold_time: u32,
    /// Seconds between the gateway's keepalives; 0: none.
    pub keep_alive: u32,
    /// Seconds between the neighbor's.
    far_keep_alive: u32,
    pub families: Families,
    /// Seconds the neighbor's routes are to be kept while it restarts.
    pub restart_time: Option<u32>,
    /// When something was heard of the neighbor, besides its keepalives.
    heard: Moment,
    /// The silence it is in.
    silence: Option<Silence>,
    /// When the neighbor will have taught too many routes, and how many it may.
    overflow: Option<(Moment, u32)>,
    updates_sent: u64,
    updates_received: u64,
    /// Hashes of what the two ends have to announce: a change is an UPDATE.
    offered: u64,
    announced: u64,
}

/// Packets are lost, and the gateway does not know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Silence {
    since: Moment,
    /// When the neighbor is taken for dead; none: never.
    ends: Option<Moment>,
    /// What finds out.
    by: Reset,
}

/// What becomes of a connection when something has changed.
pub(super) enum Course {
    /// It goes on.
    On,
    /// It goes on as far as the gateway knows, and no packet gets through.
    Silent,
    /// It ends.
    Over(Reset),
}

impl Connection {
    /// A connection that is established at `at`.
    pub fn established(
        neighbor: &Neighbor,
        own: OwnEnd,
        open: &Open<'_>,
        around: &Surroundings<'_>,
        at: Moment,
    ) -> Self {
        // RFC 4271, section 4.2: the smaller hold time; section 4.4: a third of it at most
        // between keepalives.
        let hold_time = neighbor.hold_down_time.min(open.far.hold_down_time);
        let (offered, announced) = (offer(neighbor, around), announcement(&open.far));
        let mut connection = Self {
            since: at,
            own,
            far: FarSide::of(&open.far),
            tunnel_since: open.carrier.up_since,
            hold_time,
            keep_alive: neighbor.keep_alive_time.min(hold_time / 3),
            far_keep_alive: open.far.keep_alive_time.min(hold_time / 3),
            families: open.families,
            restart_time: open.far.restart_time,
            heard: at,
            silence: None,
            overflow: None,
            // One with the routes of each family, one with its end (RFC 4724, section 2).
            updates_sent: 2 * open.families.count(),
            updates_received: 2 * open.families.count(),
            offered,
            announced,
        };
        connection.count_routes(neighbor, open, around, at);
        connection
    }

    /// What a change of its surroundings makes of it.
    pub fn course(&self, prospect: &Prospect<'_>) -> Course {
        if prospect.own.as_ref().is_some_and(|own| *own != self.own) {
            return Course::Over(Reset::ConfigurationChanged);
        }
        let is_direct = prospect.carrier.as_ref().is_some_and(|carrier| carrier.is_direct);
        match &prospect.outcome {
            Ok(open) if FarSide::of(&open.far) != self.far => Course::Over(Reset::PeerChanged),
            Ok(open) if is_direct && open.carrier.up_since > self.tunnel_since => Course::Over(Reset::TunnelDown),
            Ok(_) => Course::On,
            Err(obstacle) => match obstacle {
                // FRR, fast external failover: with its interface down a neighbor that can be
                // nowhere else is down at once.
                Obstacle::TunnelDown { .. } if is_direct => Course::Over(Reset::TunnelDown),
                Obstacle::TunnelDown { .. } | Obstacle::NoResponse { .. } => Course::Silent,
                Obstacle::SpeakerStopped { .. } => Course::Over(Reset::Closed),
                Obstacle::WrongAddress { .. }
                | Obstacle::NoSpeaker { .. }
                | Obstacle::PasswordMismatch
                | Obstacle::WrongAs { .. }
                | Obstacle::RefusedAs { .. }
                | Obstacle::SameIdentifier { .. }
                | Obstacle::HoldTime { .. }
                | Obstacle::NoCommonFamily => Course::Over(Reset::PeerChanged),
                Obstacle::BgpDisabled
                | Obstacle::NoLocalAs
                | Obstacle::NeighborDisabled
                | Obstacle::NoFamily
                | Obstacle::LocalAsIsRemoteAs { .. }
                | Obstacle::OwnAddress { .. }
                | Obstacle::NotConnected { .. }
                | Obstacle::HopLimit { .. }
                | Obstacle::NoWay { .. }
                | Obstacle::TooManyRoutes { .. }
                | Obstacle::Connecting
                | Obstacle::Waiting => Course::Over(Reset::Shutdown),
            },
        }
    }

    /// Packets get through, from `at` at the latest. What was sent in vain meanwhile, TCP
    /// sends again.
    pub fn hear(&mut self, neighbor: &Neighbor, open: &Open<'_>, around: &Surroundings<'_>, at: Moment) {
        if self.silence.take().is_some() {
            self.heard = at;
        }
        // A longer restart time counts once it is announced, with the next connection.
        let (offered, announced) = (offer(neighbor, around), announcement(&open.far));
        self.updates_sent += u64::from(offered != self.offered);
        self.updates_received += u64::from(announced != self.announced);
        (self.offered, self.announced) = (offered, announced);
        self.count_routes(neighbor, open, around, at);
    }

    /// Packets are lost from `at` on.
    pub fn lose(&mut self, neighbor: &Neighbor, far_bfd: Option<Bfd>, at: Moment) {
        if self.silence.is_some() {
            return;
        }
        let hold = (self.hold_time > 0).then(|| seconds_after(self.last_message(at), self.hold_time));
        let bfd = detection_time(neighbor.bfd, far_bfd).map(|milliseconds| after(at, milliseconds));
        self.overflow = None;
        self.silence = Some(match (hold, bfd) {
            (Some(hold), Some(bfd)) if hold <= bfd => Silence { since: at, ends: Some(hold), by: Reset::HoldTimer },
            (_, Some(bfd)) => Silence { since: at, ends: Some(bfd), by: Reset::BfdDown },
            (hold, None) => Silence { since: at, ends: hold, by: Reset::HoldTimer },
        });
    }

    /// When it ends by itself, and why.
    pub fn end(&self) -> Option<(Moment, Reset)> {
        match &self.silence {
            Some(silence) => silence.ends.map(|at| (at, silence.by)),
            None => self.overflow.map(|(at, maximum)| (at, Reset::TooManyRoutes { maximum })),
        }
    }

    /// Messages sent on it up to `now`: OPEN, the KEEPALIVE that confirms the neighbor's,
    /// UPDATEs, and a KEEPALIVE at the end of every interval.
    pub fn sent(&self, now: Moment) -> u64 {
        2 + self.updates_sent + ticks(self.since, self.keep_alive, now)
    }

    /// Messages received on it up to `now`.
    pub fn received(&self, now: Moment) -> u64 {
        let heard_until = self.silence.as_ref().map_or(now, |silence| silence.since.min(now));
        2 + self.updates_received + ticks(self.since, self.far_keep_alive, heard_until)
    }

    /// When the last message before `at` was received.
    fn last_message(&self, at: Moment) -> Moment {
        let keepalives = ticks(self.since, self.far_keep_alive, at);
        let last = i64::try_from(keepalives).unwrap_or(0) * i64::from(self.far_keep_alive) * 1_000;
        after(self.since, last).max(self.heard)
    }

    /// The neighbor's routes are on the way: too many end the connection when they arrive.
    fn count_routes(&mut self, neighbor: &Neighbor, open: &Open<'_>, around: &Surroundings<'_>, at: Moment) {
        let excess = learn::excess(neighbor, &open.far, &open.carrier, self.families, around);
        let arrival = self.overflow.map_or_else(|| after(at, open.carrier.latency), |(at, _)| at);
        self.overflow = excess.map(|maximum| (arrival, maximum));
    }
}

/// Milliseconds without a BFD packet after which the neighbor is taken for dead, if both
/// ends run BFD: so many times as the neighbor says the slower of the two intervals
/// (RFC 5880, section 6.8.4).
pub(super) fn detection_time(own: Option<Bfd>, far: Option<Bfd>) -> Option<i64> {
    let (own, far) = own.zip(far)?;
    Some(i64::from(far.multiple) * i64::from(own.interval.max(far.interval)))
}

/// A hash of the networks the gateway has to announce.
fn offer(neighbor: &Neighbor, around: &Surroundings<'_>) -> u64 {
    fingerprint(|hasher| {
        use std::hash::Hash;
        let (topology, gateway) = (around.topology, neighbor.gateway());
        let instance = PolicyPath::parse(&neighbor.instance());
        instance.iter().flat_map(|it| topology.redistributed(&gateway, it)).for_each(|network| network.hash(hasher));
        neighbor.filtering.iter().for_each(|filtering| filtering.outbound.hash(hasher));
    })
}

/// A hash of what a peer's speaker has to announce.
fn announcement(far: &FarSpeaker<'_>) -> u64 {
    let Who::Peer(_, speaker) = far.who else { return 0 };
    fingerprint(|hasher| {
        use std::hash::Hash;
        speaker.outbound.hash(hasher);
        for route in &speaker.routes {
            (route.network, &route.as_path, route.origin, route.med, route.next_hop).hash(hasher);
        }
    })
}

fn fingerprint(of: impl FnOnce(&mut xxhash_rust::xxh3::Xxh3Default)) -> u64 {
    let mut hasher = xxhash_rust::xxh3::Xxh3Default::new();
    of(&mut hasher);
    hasher.digest()
}
