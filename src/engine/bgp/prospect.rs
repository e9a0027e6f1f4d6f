//! What becomes of a connection that a neighbor tries: whether it comes about, or what
//! is in its way.

use std::net::{IpAddr, Ipv4Addr};

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::speaker::{FarSpeaker, families, instance, router_id, shown_as};
use super::{Carrier, Families, Obstacle, Surroundings};
use crate::engine::topology::Neighbor;
use crate::model::AsNumber;

/// What a connection of a neighbor would be.
pub(super) struct Prospect<'a> {
    /// What it would run over, as far as that is known.
    pub carrier: Option<Carrier<'a>>,
    /// The gateway's end, as far as that is known.
    pub own: Option<OwnEnd>,
    /// Whom it would lead to, or what is in its way.
    pub outcome: Result<Open<'a>, Obstacle>,
}

/// A connection that comes about.
pub(super) struct Open<'a> {
    /// What it runs over.
    pub carrier: Carrier<'a>,
    /// Who is at its far end.
    pub far: FarSpeaker<'a>,
    /// The families of routes that both ends exchange.
    pub families: Families,
}

/// What the gateway's end of a connection is opened with. A change of any of it ends
/// the connection (FRR, `peer_change_action` and the settings that notify
/// `BGP_NOTIFY_CEASE_CONFIG_CHANGE`). Timers and filters are not among it: timers take
/// effect with the next connection, filters at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OwnEnd {
    session: String,
    address: IpAddr,
    neighbor_address: IpAddr,
    shown_as: u32,
    remote_as: u32,
    /// A hash of the password; 0 without one.
    key: u64,
    hop_limit: u8,
    families: Families,
    graceful_restart: String,
}

/// What the far end of a connection was opened with. A change of any of it ends the
/// connection too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FarSide {
    as_number: u32,
    pub router_id: Ipv4Addr,
    key: u64,
}

impl FarSide {
    pub fn of(far: &FarSpeaker<'_>) -> Self {
        Self { as_number: far.as_number.get(), router_id: far.router_id, key: key(far.password) }
    }
}

/// What a password leaves behind where it must not be kept.
fn key(password: Option<&str>) -> u64 {
    password.map_or(0, |password| xxh3_64(password.as_bytes()))
}

impl<'a> Prospect<'a> {
    /// What a connection of `neighbor` would be now.
    pub fn of(neighbor: &Neighbor, around: &Surroundings<'a>) -> Self {
        let refused = |obstacle| Self { carrier: None, own: None, outcome: Err(obstacle) };
        let shown = match gateway_end(neighbor, around) {
            Ok(shown) => shown,
            Err(obstacle) => return refused(obstacle),
        };
        let carrier = match Carrier::of(neighbor, around) {
            Ok(carrier) => carrier,
            Err(obstacle) => return refused(obstacle),
        };
        let own = OwnEnd {
            session: carrier.session.path.to_string(),
            address: carrier.own_address,
            neighbor_address: neighbor.address,
            shown_as: shown.get(),
            remote_as: neighbor.remote_as.get(),
            key: key(neighbor.password.as_deref()),
            hop_limit: neighbor.maximum_hop_limit,
            families: families(neighbor),
            graceful_restart: neighbor.graceful_restart.word().to_owned(),
        };
        let outcome = far_end(neighbor, &carrier, around, shown).map(|(far, families)| Open {
            carrier: carrier.clone(),
            far,
            families,
        });
        Self { carrier: Some(carrier), own: Some(own), outcome }
    }

    /// What is in its way, if anything.
    pub fn obstacle(&self) -> Option<&Obstacle> {
        self.outcome.as_ref().err()
    }

    /// Whether TCP connections come about, be it that BGP refuses them.
    pub fn connects(&self) -> bool {
        self.obstacle().is_none_or(Obstacle::refuses_open)
    }
}

/// What has to hold at the gateway, whoever the neighbor is: the AS number the neighbor
/// is shown.
fn gateway_end(neighbor: &Neighbor, around: &Surroundings<'_>) -> Result<AsNumber, Obstacle> {
    let instance = instance(around.topology, neighbor).filter(|it| it.enabled).ok_or(Obstacle::BgpDisabled)?;
    let shown = shown_as(neighbor, instance).ok_or(Obstacle::NoLocalAs)?;
    if !neighbor.enabled {
        return Err(Obstacle::NeighborDisabled);
    }
    if families(neighbor).is_empty() {
        return Err(Obstacle::NoFamily);
    }
    match neighbor.local_as {
        Some((number, _)) if number == neighbor.remote_as => Err(Obstacle::LocalAsIsRemoteAs { number }),
        _ => Ok(shown),
    }
}

/// What has to hold on the way and at the far end, in the order in which a connection
/// finds out.
fn far_end<'a>(
    neighbor: &Neighbor,
    carrier: &Carrier<'a>,
    around: &Surroundings<'a>,
    shown: AsNumber,
) -> Result<(FarSpeaker<'a>, Families), Obstacle> {
    let address = neighbor.address;
    if carrier.up_since.is_none() {
        let reason = carrier.down_reason.clone();
        return Err(Obstacle::TunnelDown { session: carrier.session.path.clone(), reason });
    }
    if !carrier.delivers {
        return Err(Obstacle::NoResponse { address });
    }
    let far = FarSpeaker::of(neighbor, carrier, around.topology)?;
    if !far.runs {
        return Err(Obstacle::SpeakerStopped { address });
    }
    if far.password != neighbor.password.as_deref() {
        return Err(Obstacle::PasswordMismatch);
    }
    if far.as_number != neighbor.remote_as {
        return Err(Obstacle::WrongAs { expected: neighbor.remote_as, found: far.as_number });
    }
    if let Some(expected) = far.expects.filter(|expected| *expected != shown) {
        return Err(Obstacle::RefusedAs { expected, found: shown });
    }
    if far.as_number == shown && far.router_id == router_id(around.topology, &neighbor.gateway()) {
        return Err(Obstacle::SameIdentifier { identifier: far.router_id });
    }
    let hold = neighbor.hold_down_time.min(far.hold_down_time);
    if matches!(hold, 1 | 2) {
        return Err(Obstacle::HoldTime { seconds: hold });
    }
    let families = families(neighbor).and(far.families);
    if families.is_empty() {
        return Err(Obstacle::NoCommonFamily);
    }
    Ok((far, families))
}
