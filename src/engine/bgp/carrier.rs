//! What a neighbor's connection runs over.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::Obstacle;
use crate::engine::Moment;
use crate::engine::negotiation::{DownReason, IkeState, SessionState, Tunnel, TunnelState};
use crate::engine::topology::{FarEnd, LATENCY_BETWEEN_GATEWAYS, Neighbor, Session, Topology};
use crate::model::PolicyPath;

/// What is around a neighbor: the declarations, and how the sessions are.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// What is declared.
    pub topology: &'a Topology,
    /// The sessions at the same moment.
    pub sessions: &'a BTreeMap<PolicyPath, SessionState>,
}

/// What a neighbor's connection runs over, at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Carrier<'a> {
    /// The session.
    pub session: &'a Session,
    /// The gateway's address the neighbor is spoken to from.
    pub own_address: IpAddr,
    /// Whether the neighbor is the other end of the tunnel, and may be nowhere else: it
    /// goes down with the tunnel.
    pub is_direct: bool,
    /// Since when its tunnel is up.
    pub up_since: Option<Moment>,
    /// Why its tunnel is down, if the session says.
    pub down_reason: Option<DownReason>,
    /// Whether packets really get through now: the tunnel is up, and the peer is
    /// reachable.
    pub delivers: bool,
    /// Milliseconds a packet takes, one way.
    pub latency: i64,
}

impl<'a> Carrier<'a> {
    /// What the connection of `neighbor` runs over.
    ///
    /// A neighbor in a tunnel subnet is spoken to through that tunnel. One that may be
    /// more than a hop away is where a peer's speaker has its address: through a
    /// route-based session as if a static route led there (the gateway of VMware Cloud on
    /// AWS has no other way to say so), through a policy-based one if a tunnel of it has
    /// both addresses.
    pub fn of(neighbor: &Neighbor, around: &Surroundings<'a>) -> Result<Self, Obstacle> {
        let address = neighbor.address;
        if let Some((session, own_address)) = around.topology.session_of(neighbor) {
            if own_address == address {
                return Err(Obstacle::OwnAddress { address });
            }
            return Ok(Self::over(session, own_address, neighbor, around, neighbor.maximum_hop_limit == 1));
        }
        let mut beyond = around.topology.sessions.values().filter(|session| leads_to(session, neighbor, around));
        if neighbor.maximum_hop_limit == 1 {
            return Err(match beyond.next() {
                Some(session) => Obstacle::HopLimit { address, session: session.path.clone() },
                None => Obstacle::NotConnected { address },
            });
        }
        let ways = beyond.filter_map(|session| {
            let own_address = source_address(neighbor).or_else(|| session.own_addresses().next())?;
            Some(Self::over(session, own_address, neighbor, around, false))
        });
        // Of several, one that is up comes first.
        ways.min_by_key(|way| way.up_since.is_none()).ok_or(Obstacle::NoWay { address })
    }

    fn over(
        session: &'a Session,
        own_address: IpAddr,
        neighbor: &Neighbor,
        around: &Surroundings<'a>,
        is_direct: bool,
    ) -> Self {
        let state = around.sessions.get(&session.path);
        let tunnel = state.and_then(|state| state.tunnels_up().find(|it| carries(session, it, own_address, neighbor)));
        let up_since = tunnel.and_then(|tunnel| match tunnel.state {
            TunnelState::Up { since, .. } => Some(since),
            TunnelState::Down { .. } => None,
        });
        let (is_there, latency) = match around.topology.far_end(session) {
            FarEnd::Nobody => (false, 0),
            FarEnd::Peer(peer) => (peer.reachable, i64::from(peer.latency)),
            FarEnd::Session(other) => {
                let there = around.sessions.get(&other.session.path);
                (there.is_some_and(|state| state.tunnels_up().next().is_some()), i64::from(LATENCY_BETWEEN_GATEWAYS))
            }
        };
        let down_reason = if up_since.is_none() { state.and_then(down_reason) } else { None };
        Self {
            session,
            own_address,
            is_direct,
            up_since,
            down_reason,
            delivers: up_since.is_some() && is_there,
            latency,
        }
    }

    /// Whether its session waits for a packet to open it.
    pub fn waits_for_traffic(&self) -> bool {
        self.down_reason == Some(DownReason::WaitsForTraffic)
    }
}

/// The address a neighbor some hops away is spoken to from.
fn source_address(neighbor: &Neighbor) -> Option<IpAddr> {
    neighbor.source_addresses.iter().find(|source| source.is_ipv4() == neighbor.address.is_ipv4()).copied()
}

/// Whether the peer of `session` has its BGP speaker at the address of `neighbor`.
fn leads_to(session: &Session, neighbor: &Neighbor, around: &Surroundings<'_>) -> bool {
    session.gateway() == neighbor.gateway()
        && matches!(around.topology.far_end(session), FarEnd::Peer(peer)
            if peer.bgp.as_ref().is_some_and(|speaker| speaker.address == Some(neighbor.address)))
}

/// Whether packets between the two go through `tunnel`. Those of a route-based session
/// do, of either IP version.
fn carries(session: &Session, tunnel: &Tunnel, own_address: IpAddr, neighbor: &Neighbor) -> bool {
    session.is_route_based() || tunnel.local.holds(own_address) && tunnel.remote.holds(neighbor.address)
}

/// Why no tunnel of a session is up: what its IKE says, and then its tunnels.
fn down_reason(state: &SessionState) -> Option<DownReason> {
    match &state.ike {
        IkeState::Down { reason, .. } => Some(reason.clone()),
        IkeState::Negotiating { .. } => Some(DownReason::Negotiating),
        IkeState::Up { .. } => state.tunnels.iter().find_map(|tunnel| match &tunnel.state {
            TunnelState::Down { reason } => Some(reason.clone()),
            TunnelState::Up { .. } => None,
        }),
    }
}
