//! Sessions and their tunnels, as forwarding needs them: what takes packets, what they
//! become, and why it takes none.

use std::net::IpAddr;

use super::{Because, DropReason};
use crate::engine::esp::{Encapsulation, IpVersion};
use crate::engine::negotiation::{DownReason, IkeState, SessionState, Tunnel as TunnelNow, TunnelState};
use crate::engine::topology::{FarEnd, MssClamping, Session as Declared, Topology};
use crate::model::{DfPolicy, MssClampingDirection, Network, PolicyPath};

/// The largest packet, in bytes, that a gateway or a peer sends into the network
/// between them: the MTU of Ethernet (RFC 894), which is that of the Internet uplink of
/// VMware Cloud on AWS.
pub const UPLINK_MTU: usize = 1_500;

/// Milliseconds between two gateways of the engine, one way: what a simulated peer
/// has that does not say.
const LATENCY_BETWEEN_GATEWAYS: u32 = 5;

/// A session.
pub(super) struct Session {
    pub path: PolicyPath,
    /// Its gateway.
    pub gateway: u32,
    /// The far end.
    pub far: Far,
    /// The network between the two ends.
    pub underlay: Underlay,
    pub df_policy: DfPolicy,
    pub clamping: Option<MssClamping>,
    /// The gateway's addresses in the tunnel of a route-based session.
    pub addresses: Vec<IpAddr>,
    pub is_route_based: bool,
    /// Why no tunnel takes packets, if it is the whole session that does not.
    pub blocked: Option<Block>,
    pub tunnels: Vec<Tunnel>,
}

/// Who is at the far end of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Far {
    Nobody,
    Peer(u32),
    /// Another session of this engine.
    Session(u32),
}

/// The network between the two ends of a session.
#[derive(Clone, Copy, Debug)]
pub(super) struct Underlay {
    pub near: IpAddr,
    pub far: IpAddr,
    pub is_reachable: bool,
    pub latency: u32,
    pub path_mtu: usize,
}

/// A tunnel of a session.
pub(super) struct Tunnel {
    pub local: Network,
    pub remote: Network,
    /// The rule it belongs to.
    pub rule: Option<String>,
    pub takes: Result<Wrap, Block>,
}

/// What a tunnel makes of packets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wrap {
    pub encapsulation: Encapsulation,
    /// The largest packet that enters it without leaving more than the uplink takes.
    pub fits_uplink: usize,
    /// The largest packet that gets to the far end in one piece.
    pub fits: usize,
}

/// Why packets are not taken.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Block {
    pub reason: DropReason,
    pub because: Option<DownReason>,
}

/// There is no tunnel for the packet, and nobody says why.
static NO_TUNNEL: Block = Block { reason: DropReason::TunnelDown, because: None };

impl Block {
    /// Of a session or a tunnel that is down.
    fn down(reason: &DownReason) -> Self {
        let drop = match reason {
            DownReason::SessionDisabled => DropReason::SessionDisabled,
            DownReason::ServiceDisabled => DropReason::ServiceDisabled,
            DownReason::WaitsForTraffic => DropReason::TunnelOnDemand,
            DownReason::Negotiating => DropReason::TunnelNegotiating,
            _ => DropReason::TunnelDown,
        };
        Self { reason: drop, because: Some(reason.clone()) }
    }

    /// What there is to know beyond the reason: nothing where the reason says it all.
    pub fn because(&self) -> Option<Because> {
        let tells_more = matches!(self.reason, DropReason::TunnelDown);
        self.because.clone().filter(|_| tells_more).map(Because::Session)
    }
}

/// Why the session as a whole takes no packets.
pub(super) fn blocked(declared: &Declared, is_service_enabled: bool, state: Option<&SessionState>) -> Option<Block> {
    if !declared.enabled {
        return Some(Block::down(&DownReason::SessionDisabled));
    }
    if !is_service_enabled {
        return Some(Block::down(&DownReason::ServiceDisabled));
    }
    match state.map(|state| &state.ike) {
        // Nothing is known of it: too little is declared for it to negotiate.
        None => Some(Block { reason: DropReason::TunnelDown, because: None }),
        Some(IkeState::Down { reason, .. }) => Some(Block::down(reason)),
        Some(IkeState::Negotiating { .. }) => Some(Block::down(&DownReason::Negotiating)),
        Some(IkeState::Up { .. }) => None,
    }
}

/// The network between the two ends of a session.
pub(super) fn underlay(topology: &Topology, declared: &Declared, far: &FarEnd<'_>) -> Underlay {
    let near = topology.endpoints.get(&declared.endpoint).map_or(declared.peer_address, |endpoint| endpoint.address);
    let (is_reachable, latency, path_mtu) = match far {
        FarEnd::Nobody => (false, 0, UPLINK_MTU),
        FarEnd::Peer(peer) => (peer.reachable, peer.latency, peer.path_mtu),
        FarEnd::Session(_) => (true, LATENCY_BETWEEN_GATEWAYS, UPLINK_MTU),
    };
    Underlay { near, far: declared.peer_address, is_reachable, latency, path_mtu }
}

impl Tunnel {
    /// The tunnel that is `now` like this, over `underlay`.
    pub fn new(now: &TunnelNow, underlay: &Underlay) -> Self {
        let takes = match &now.state {
            TunnelState::Down { reason } => Err(Block::down(reason)),
            TunnelState::Up { sa, .. } => {
                let outer = IpVersion::of(underlay.far);
                let encapsulation = Encapsulation { proposal: sa.proposal, outer, nat_traversal: sa.nat_traversal };
                let fits = |mtu| encapsulation.largest_inner(mtu).unwrap_or_default();
                Ok(Wrap { encapsulation, fits_uplink: fits(UPLINK_MTU), fits: fits(UPLINK_MTU.min(underlay.path_mtu)) })
            }
        };
        Self { local: now.local, remote: now.remote, rule: now.rule.clone(), takes }
    }

    /// Whether it is between these addresses.
    pub fn is_between(&self, local: IpAddr, remote: IpAddr) -> bool {
        self.local.holds(local) && self.remote.holds(remote)
    }

    /// Whether it is between all addresses.
    pub fn is_wide(&self) -> bool {
        self.local.length() == 0 && self.remote.length() == 0
    }
}

impl Session {
    /// Whether the session and its service are enabled.
    pub fn is_enabled(&self) -> bool {
        let disabled = [DropReason::SessionDisabled, DropReason::ServiceDisabled];
        self.blocked.as_ref().is_none_or(|block| !disabled.contains(&block.reason))
    }

    /// Whether packets that are routed to it get into a tunnel.
    pub fn is_up(&self) -> bool {
        self.blocked.is_none() && self.tunnels.iter().any(|tunnel| tunnel.takes.is_ok())
    }

    /// What one of its tunnels makes of packets, or why it takes none.
    #[inline]
    pub fn wrap(&self, tunnel: Option<u32>) -> Result<&Wrap, &Block> {
        match (&self.blocked, tunnel.and_then(|tunnel| self.tunnels.get(tunnel as usize))) {
            (Some(block), _) => Err(block),
            (None, Some(tunnel)) => tunnel.takes.as_ref(),
            (None, None) => Err(&NO_TUNNEL),
        }
    }

    /// Of these tunnels, the first that takes packets, or else the first.
    #[inline]
    pub fn first_up(&self, tunnels: impl Iterator<Item = u32>) -> Option<u32> {
        let mut first = None;
        for tunnel in tunnels {
            if self.tunnels[tunnel as usize].takes.is_ok() {
                return Some(tunnel);
            }
            first = first.or(Some(tunnel));
        }
        first
    }

    /// The tunnel for a packet that is routed to the session: one between its addresses,
    /// or else one between all addresses of the other IP version, or else any, whose far
    /// end then refuses the packet.
    #[inline]
    pub fn routed(&self, local: IpAddr, remote: IpAddr) -> Option<u32> {
        if let [only] = &self.tunnels[..]
            && only.takes.is_ok()
        {
            return Some(0);
        }
        let those = |which: &dyn Fn(&Tunnel) -> bool| {
            let chosen = self.tunnels.iter().zip(0..).filter(|(tunnel, _)| which(tunnel)).map(|(_, position)| position);
            self.first_up(chosen)
        };
        those(&|tunnel| tunnel.is_between(local, remote))
            .or_else(|| those(&Tunnel::is_wide))
            .or_else(|| those(&|_| true))
    }

    /// What the handshake of a connection through it is held to, in bytes; none where
    /// it is not. `is_outbound` tells from which side the connection is opened.
    pub fn clamp(&self, wrap: &Wrap, inner: IpVersion, is_outbound: bool) -> Option<usize> {
        let clamping = self.clamping?;
        let applies = match clamping.direction {
            MssClampingDirection::None => false,
            MssClampingDirection::Inbound => !is_outbound,
            MssClampingDirection::Outbound => is_outbound,
            MssClampingDirection::Both => true,
        };
        let follows = || wrap.encapsulation.effective_mss(UPLINK_MTU, inner);
        if applies { clamping.max_segment_size.map(usize::from).or_else(follows) } else { None }
    }
}
