//! Sessions and their tunnels, as forwarding needs them: what takes packets, what they
//! become, and why it takes none.

use std::collections::HashMap;
use std::net::IpAddr;
use std::ops::Range;

use super::index::{Ix, small};
use super::{Because, DropReason};
use crate::engine::esp::{Encapsulation, IpVersion};
use crate::engine::negotiation::{DownReason, IkeState, SessionState, TunnelState};
use crate::engine::topology::{FarEnd, LATENCY_BETWEEN_GATEWAYS, MssClamping, Session as Declared, Topology};
use crate::model::{DfPolicy, MssClampingDirection, Network, PolicyPath};

/// The largest packet, in bytes, that a gateway or a peer sends into the network
/// between them: the MTU of Ethernet (RFC 894), which is that of the Internet uplink of
/// VMware Cloud on AWS.
pub const UPLINK_MTU: usize = 1_500;

/// What a TCP header takes, without options (RFC 9293).
const TCP_HEADER: usize = 20;

/// A handshake that is held to this is not changed.
const NO_CLAMP: u16 = u16::MAX;

/// A session.
pub(super) struct Session {
    pub path: PolicyPath,
    /// The gateway's addresses in the tunnel of a route-based session.
    pub addresses: Vec<IpAddr>,
    pub is_route_based: bool,
    /// Why it takes no packets, if it is the whole session that does not.
    pub blocked: Option<Block>,
    /// Where its tunnels are. After them comes one that stands for none: no tunnel is
    /// between the addresses of a packet, or the whole session takes none.
    pub tunnels: Range<u32>,
    /// Its only tunnel, or the one that stands for none.
    pub only: Option<Ix>,
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

/// A tunnel: what every packet in it asks for. It lies in one cache line.
#[repr(align(64))]
pub(super) struct Tunnel {
    pub session: u32,
    /// Its position in the state of the session.
    pub position: u32,
    /// The gateway of the session.
    pub gateway: u32,
    pub far: Far,
    /// The peer at the far end by its number among gateways and peers, if it can be
    /// reached and takes whatever comes.
    pub open_peer: Option<Ix>,
    pub df_policy: DfPolicy,
    pub is_reachable: bool,
    pub latency: u32,
    /// What handshakes are held to, by the IP version of the packet and by whether the
    /// connection goes out through the tunnel.
    clamps: [[u16; 2]; 2],
    /// What it makes of packets, or why it takes none.
    pub takes: Result<Wrap, DropReason>,
}

/// What is known of a tunnel beside that.
pub(super) struct Detail {
    pub local: Network,
    pub remote: Network,
    /// The rule it belongs to.
    pub rule: Option<String>,
    pub underlay: Underlay,
    pub because: Option<DownReason>,
}

/// What a tunnel makes of packets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wrap {
    pub encapsulation: Encapsulation,
    /// The largest packet that enters it without leaving more than the uplink takes.
    pub fits_uplink: u32,
    /// The largest packet that gets to the far end in one piece.
    pub fits: u32,
}

/// Why packets are not taken.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Block {
    pub reason: DropReason,
    pub because: Option<DownReason>,
}

/// There is no tunnel for the packet, and nobody says why.
const NO_TUNNEL: Block = Block { reason: DropReason::TunnelDown, because: None };

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
        // Where the reason says it all there is nothing to add.
        Self { reason: drop, because: (drop == DropReason::TunnelDown).then(|| reason.clone()) }
    }
}

/// Why the session as a whole takes no packets.
fn blocked(declared: &Declared, is_service_enabled: bool, state: Option<&SessionState>) -> Option<Block> {
    if !declared.enabled {
        return Some(Block::down(&DownReason::SessionDisabled));
    }
    if !is_service_enabled {
        return Some(Block::down(&DownReason::ServiceDisabled));
    }
    match state.map(|state| &state.ike) {
        // Nothing is known of it: too little is declared for it to negotiate.
        None => Some(NO_TUNNEL),
        Some(IkeState::Down { reason, .. }) => Some(Block::down(reason)),
        Some(IkeState::Negotiating { .. }) => Some(Block::down(&DownReason::Negotiating)),
        Some(IkeState::Up { .. }) => None,
    }
}

/// The network between the two ends of a session.
fn underlay(topology: &Topology, declared: &Declared, far: &FarEnd<'_>) -> Underlay {
    let near = topology.endpoints.get(&declared.endpoint).map_or(declared.peer_address, |endpoint| endpoint.address);
    let (is_reachable, latency, path_mtu) = match far {
        FarEnd::Nobody => (false, 0, UPLINK_MTU),
        FarEnd::Peer(peer) => (peer.reachable, peer.latency, peer.path_mtu),
        FarEnd::Session(_) => (true, LATENCY_BETWEEN_GATEWAYS, UPLINK_MTU),
    };
    Underlay { near, far: declared.peer_address, is_reachable, latency, path_mtu }
}

impl Wrap {
    fn new(encapsulation: Encapsulation, path_mtu: usize) -> Self {
        let fits = |mtu| small(encapsulation.largest_inner(mtu).unwrap_or_default());
        Self { encapsulation, fits_uplink: fits(UPLINK_MTU), fits: fits(UPLINK_MTU.min(path_mtu)) }
    }

    /// The largest TCP segment that gets to the far end in one piece, in a packet without
    /// options.
    #[inline]
    pub fn segment(&self, version: IpVersion) -> u32 {
        self.fits.saturating_sub(small(version.header() + TCP_HEADER))
    }
}

/// What handshakes are held to.
fn clamps(clamping: Option<&MssClamping>, wrap: Option<&Wrap>) -> [[u16; 2]; 2] {
    let (Some(clamping), Some(wrap)) = (clamping, wrap) else { return [[NO_CLAMP; 2]; 2] };
    [IpVersion::V4, IpVersion::V6].map(|version| {
        let follows = || u16::try_from(wrap.encapsulation.effective_mss(UPLINK_MTU, version)?).ok();
        let most = clamping.max_segment_size.or_else(follows).unwrap_or(NO_CLAMP);
        let applies = match clamping.direction {
            MssClampingDirection::None => [false, false],
            MssClampingDirection::Inbound => [true, false],
            MssClampingDirection::Outbound => [false, true],
            MssClampingDirection::Both => [true, true],
        };
        applies.map(|applies| if applies { most } else { NO_CLAMP })
    })
}

impl Tunnel {
    /// What a connection's handshake is held to, in bytes, if it is. `is_outbound` tells
    /// whether the connection goes out through the tunnel.
    #[inline]
    pub fn clamp(&self, inner: IpVersion, is_outbound: bool) -> Option<u16> {
        let most = self.clamps[usize::from(inner == IpVersion::V6)][usize::from(is_outbound)];
        (most != NO_CLAMP).then_some(most)
    }
}

impl Detail {
    /// Whether the tunnel is between these addresses.
    pub fn is_between(&self, local: IpAddr, remote: IpAddr) -> bool {
        self.local.holds(local) && self.remote.holds(remote)
    }

    /// Whether the tunnel is between all addresses.
    pub fn is_wide(&self) -> bool {
        self.local.length() == 0 && self.remote.length() == 0
    }

    /// What there is to know of a drop beyond the reason.
    pub fn because(&self) -> Option<Because> {
        self.because.clone().map(Because::Session)
    }
}

/// All sessions and their tunnels.
#[derive(Default)]
pub(super) struct Sessions {
    pub all: Vec<Session>,
    pub tunnels: Vec<Tunnel>,
    /// By the same positions.
    pub details: Vec<Detail>,
}

/// What is known of a session before its tunnels are looked at.
pub(super) struct Known<'a> {
    pub declared: &'a Declared,
    pub gateway: u32,
    pub far: Far,
    pub open_peer: Option<Ix>,
    pub df_policy: DfPolicy,
    pub is_service_enabled: bool,
    pub state: Option<&'a SessionState>,
}

impl Sessions {
    /// Adds a session.
    pub fn add(&mut self, topology: &Topology, known: &Known<'_>, far_end: &FarEnd<'_>, addresses: Vec<IpAddr>) {
        let Known { declared, state, .. } = *known;
        let blocked = blocked(declared, known.is_service_enabled, state);
        let underlay = underlay(topology, declared, far_end);
        let begin = small(self.tunnels.len());
        for (tunnel, position) in state.iter().flat_map(|state| &state.tunnels).zip(0..) {
            let takes = match (&blocked, &tunnel.state) {
                (Some(block), _) => Err(block.clone()),
                (None, TunnelState::Down { reason }) => Err(Block::down(reason)),
                (None, TunnelState::Up { sa, .. }) => {
                    let outer = IpVersion::of(underlay.far);
                    let (proposal, nat_traversal) = (sa.proposal, sa.nat_traversal);
                    Ok(Wrap::new(Encapsulation { proposal, outer, nat_traversal }, underlay.path_mtu))
                }
            };
            self.tunnel(known, underlay, position, (tunnel.local, tunnel.remote, tunnel.rule.clone()), takes);
        }
        let end = small(self.tunnels.len());
        let everything = Network::everything(declared.peer_address);
        let none = Err(blocked.clone().unwrap_or(NO_TUNNEL));
        self.tunnel(known, underlay, end - begin, (everything, everything, None), none);
        self.all.push(Session {
            path: declared.path.clone(),
            addresses,
            is_route_based: declared.is_route_based(),
            blocked,
            tunnels: begin..end,
            only: (end - begin <= 1).then(|| Ix::new(begin)),
        });
    }

    fn tunnel(
        &mut self,
        known: &Known<'_>,
        underlay: Underlay,
        position: u32,
        (local, remote, rule): (Network, Network, Option<String>),
        takes: Result<Wrap, Block>,
    ) {
        let (takes, because) = match takes {
            Ok(wrap) => (Ok(wrap), None),
            Err(block) => (Err(block.reason), block.because),
        };
        self.tunnels.push(Tunnel {
            session: small(self.all.len()),
            position,
            gateway: known.gateway,
            far: known.far,
            open_peer: known.open_peer,
            df_policy: known.df_policy,
            is_reachable: underlay.is_reachable,
            latency: underlay.latency,
            clamps: clamps(known.declared.clamping.as_ref(), takes.as_ref().ok()),
            takes,
        });
        self.details.push(Detail { local, remote, rule, underlay, because });
    }

    /// The gateway of a session, and its far end.
    pub fn ends(&self, session: u32) -> (u32, Far) {
        let any = &self.tunnels[self.all[session as usize].tunnels.end as usize];
        (any.gateway, any.far)
    }

    /// The tunnels of a session by the identifier of their rule, with their networks.
    pub fn tunnels_by_rule(&self, session: u32) -> HashMap<&str, Vec<(u32, Network, Network)>> {
        let mut by_rule: HashMap<&str, Vec<_>> = HashMap::new();
        for tunnel in self.all[session as usize].tunnels.clone() {
            let Detail { local, remote, rule, .. } = &self.details[tunnel as usize];
            by_rule.entry(rule.as_deref().unwrap_or_default()).or_default().push((tunnel, *local, *remote));
        }
        by_rule
    }

    /// Whether routes choose the traffic of a session.
    pub fn is_route_based(&self, session: u32) -> bool {
        self.all[session as usize].is_route_based
    }

    /// Whether what is routed to the session gets into a tunnel.
    pub fn is_up(&self, session: u32) -> bool {
        let tunnels = self.all[session as usize].tunnels.clone();
        self.tunnels[tunnels.start as usize..tunnels.end as usize].iter().any(|tunnel| tunnel.takes.is_ok())
    }

    /// Of these tunnels of a session, the first that takes packets, or else the first, or
    /// else the one that stands for none.
    #[inline]
    pub fn first_up(&self, session: u32, tunnels: impl Iterator<Item = u32>) -> u32 {
        let mut first = None;
        for tunnel in tunnels {
            if self.tunnels[tunnel as usize].takes.is_ok() {
                return tunnel;
            }
            first = first.or(Some(tunnel));
        }
        first.unwrap_or(self.all[session as usize].tunnels.end)
    }

    /// The tunnel for a packet that is routed to the session: one between its addresses,
    /// or else one between all addresses of the other IP version, or else any, whose far
    /// end then refuses the packet.
    #[inline]
    pub fn routed(&self, session: u32, local: IpAddr, remote: IpAddr) -> u32 {
        match self.all[session as usize].only {
            Some(only) => only.get(),
            None => self.routed_among(session, local, remote),
        }
    }

    fn routed_among(&self, session: u32, local: IpAddr, remote: IpAddr) -> u32 {
        let all = self.all[session as usize].tunnels.clone();
        let none = all.end;
        let those = |which: &dyn Fn(&Detail) -> bool| {
            let chosen = all.clone().filter(|tunnel| which(&self.details[*tunnel as usize]));
            Some(self.first_up(session, chosen)).filter(|tunnel| *tunnel != none)
        };
        those(&|tunnel| tunnel.is_between(local, remote))
            .or_else(|| those(&Detail::is_wide))
            .or_else(|| those(&|_| true))
            .unwrap_or(none)
    }
}

impl Session {
    /// Whether the session and its service are enabled.
    pub fn is_enabled(&self) -> bool {
        let disabled = [DropReason::SessionDisabled, DropReason::ServiceDisabled];
        self.blocked.as_ref().is_none_or(|block| !disabled.contains(&block.reason))
    }
}
