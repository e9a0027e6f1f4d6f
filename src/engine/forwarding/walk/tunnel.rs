//! Through a tunnel, from a gateway or to one.
//!
//! Where a packet is cut, when it is too large, follows RFC 4301 section 8 and RFC 4459:
//!
//! | inner packet | `df_policy` | larger than fits the uplink | larger than fits the path |
//! |---|---|---|---|
//! | IPv4 without DF | any | cut before encryption, so that the far end need not reassemble | the outer packet is cut on the path |
//! | IPv4 with DF | `COPY` | dropped, and its sender told what fits | the outer packet is dropped |
//! | IPv4 with DF | `CLEAR` | the outer packet is cut after encryption | the outer packet is cut on the path |
//! | IPv6 | any | dropped, and its sender told what fits (RFC 8200 section 5) | with `COPY` the outer packet is dropped, with `CLEAR` cut |
//!
//! An outer IPv6 packet is never cut on the path. The sender does not know what the
//! path carries: it has not heard of it, as behind a firewall that drops ICMP, which is
//! the case that is worth finding.

use super::{Arrival, At, Because, Crossing, DropReason, Event, Record, Role, Walk, Where};
use crate::engine::esp::IpVersion;
use crate::engine::forwarding::UPLINK_MTU;
use crate::engine::forwarding::fragments::Load;
use crate::engine::forwarding::packet::protocol;
use crate::engine::forwarding::tunnels::{Far, Session, Tunnel, Wrap};
use crate::model::{DfPolicy, Network};

/// What a TCP header takes, without options (RFC 9293).
const TCP_HEADER: usize = 20;
/// So many networks are named in an explanation.
const NAMED: usize = 4;

impl<'a, R: Record> Walk<'a, R> {
    /// Out of the gateway of `session`, through one of its tunnels.
    pub(super) fn outward(&mut self, session: u32, tunnel: Option<u32>) -> At {
        let (of, packet) = (self.of, self.packet);
        let through = &of.sessions[session as usize];
        let here = Where::Gateway(through.gateway);
        let wrap = match self.admitted(here, session, tunnel) {
            Ok(wrap) => wrap,
            Err(lost) => return lost,
        };
        self.clamp(here, through, wrap, self.role == Role::Opening);
        if let Err(lost) = self.carry(here, session, tunnel.unwrap_or_default(), true, wrap) {
            return lost;
        }
        match through.far {
            Far::Nobody => self.lost(Where::Underlay, Some(&through.path), DropReason::PeerUnreachable),
            Far::Peer(peer) => {
                let there = Where::Peer(peer);
                self.decapsulated(there, through);
                let selectors = &of.peers[peer as usize].selectors;
                let protects =
                    |(own, other): &(Network, Network)| own.holds(packet.destination) && other.holds(packet.source);
                if !selectors.is_empty() && !selectors.iter().any(protects) {
                    let path = &of.peers[peer as usize].path;
                    return self.lost_because(there, Some(path), DropReason::SelectorMismatch, || {
                        Some(protected(selectors.iter().copied()))
                    });
                }
                At::Peer { peer, by: Arrival::Tunnel }
            }
            Far::Session(other) => {
                let other = &of.sessions[other as usize];
                let up = other.tunnels.iter().filter(|tunnel| tunnel.takes.is_ok());
                self.out_of_tunnel(other, up, wrap)
            }
        }
    }

    /// Out of `peer`, through a tunnel of `session`, to its gateway.
    pub(super) fn inward(&mut self, peer: u32, session: u32, tunnel: Option<u32>) -> At {
        let through = &self.of.sessions[session as usize];
        let here = Where::Peer(peer);
        let wrap = match self.admitted(here, session, tunnel) {
            Ok(wrap) => wrap,
            Err(lost) => return lost,
        };
        if let Err(lost) = self.carry(here, session, tunnel.unwrap_or_default(), false, wrap) {
            return lost;
        }
        let tunnel = tunnel.and_then(|tunnel| through.tunnels.get(tunnel as usize));
        self.out_of_tunnel(through, tunnel.into_iter(), wrap)
    }

    /// What the tunnel makes of packets, if it takes them.
    fn admitted(&mut self, at: Where, session: u32, tunnel: Option<u32>) -> Result<&'a Wrap, At> {
        let through = &self.of.sessions[session as usize];
        self.decision.session = self.decision.session.or(Some(session));
        match through.wrap(tunnel) {
            Ok(wrap) => Ok(wrap),
            Err(block) => Err(self.lost_because(at, Some(&through.path), block.reason, || block.because())),
        }
    }

    /// A handshake that opens, or answers one that opened, a connection in the direction
    /// that is clamped has its MSS lowered.
    fn clamp(&mut self, at: Where, session: &Session, wrap: &Wrap, is_outbound: bool) {
        let version = self.packet.version();
        let Some(most) = session.clamp(wrap, version, is_outbound) else { return };
        let least = |known: Option<usize>| Some(known.map_or(most, |known| known.min(most)));
        self.decision.effective_mss = least(self.decision.effective_mss);
        let most = u16::try_from(most).unwrap_or(u16::MAX);
        if let Some(from) = self.mss.filter(|from| self.packet.protocol == protocol::TCP && *from > most) {
            self.mss = Some(most);
            self.step(at, Some(&session.path), || Event::Clamped { from, to: most });
        }
    }

    /// Into a tunnel, and over the network between its ends.
    fn carry(&mut self, at: Where, session: u32, tunnel: u32, is_outward: bool, wrap: &Wrap) -> Result<(), At> {
        let of = self.of;
        let through = &of.sessions[session as usize];
        self.limits(wrap);
        let is_small = self.load.largest() <= wrap.fits;
        if !is_small {
            self.fit_uplink(at, through, wrap)?;
        }
        let outer = |inner: &usize| wrap.encapsulation.outer_size(*inner);
        let sizes = self.load.sizes();
        let mut crossing = Crossing {
            session,
            tunnel,
            is_outward,
            arrives: false,
            packets: u32::try_from(sizes.len()).unwrap_or(u32::MAX),
            inner_bytes: sizes.iter().sum(),
            outer_bytes: sizes.iter().map(outer).sum(),
        };
        let inner_size = self.load.largest();
        self.step(at, Some(&through.path), || {
            let Tunnel { local, remote, .. } = through.tunnels[tunnel as usize];
            Event::Encapsulated {
                by: wrap.encapsulation,
                inner_size,
                outer_size: outer(&inner_size),
                df_policy: through.df_policy,
                selectors: (local, remote),
            }
        });
        let carried = if is_small { Ok(()) } else { self.fit_path(at, through, wrap) };
        let underlay = &through.underlay;
        let carried = carried.and_then(|()| {
            if underlay.is_reachable {
                return Ok(());
            }
            Err(self.lost(Where::Underlay, Some(&through.path), DropReason::PeerUnreachable))
        });
        crossing.arrives = carried.is_ok();
        self.crosses(crossing);
        carried?;
        self.decision.latency = self.decision.latency.saturating_add(underlay.latency);
        self.step(Where::Underlay, Some(&through.path), || {
            let (from, to) = if is_outward { (underlay.near, underlay.far) } else { (underlay.far, underlay.near) };
            Event::Carried { from, to, latency: underlay.latency, path_mtu: underlay.path_mtu }
        });
        Ok(())
    }

    /// What the tunnel limits.
    fn limits(&mut self, wrap: &Wrap) {
        let least = |known: Option<usize>, here: usize| Some(known.map_or(here, |known| known.min(here)));
        let mss = wrap.fits.saturating_sub(self.packet.version().header() + TCP_HEADER);
        self.decision.effective_mtu = least(self.decision.effective_mtu, wrap.fits);
        self.decision.effective_mss = least(self.decision.effective_mss, mss);
    }

    /// A packet that is too large for the uplink is cut before encryption, dropped, or
    /// left alone since its outer packet may be cut.
    fn fit_uplink(&mut self, at: Where, through: &Session, wrap: &Wrap) -> Result<(), At> {
        if self.load.largest() <= wrap.fits_uplink {
            return Ok(());
        }
        let version = self.packet.version();
        match (version, self.packet.dont_fragment, through.df_policy) {
            (IpVersion::V6, _, _) | (IpVersion::V4, true, DfPolicy::Copy) => {
                let because = || Some(Because::Fits { mtu: wrap.fits });
                Err(self.lost_because(at, Some(&through.path), DropReason::FragmentationNeeded, because))
            }
            (IpVersion::V4, true, DfPolicy::Clear) => Ok(()),
            (IpVersion::V4, false, _) => {
                self.load.cut(version, wrap.fits_uplink);
                let sizes = self.load.sizes().to_vec();
                self.step(at, Some(&through.path), || Event::Fragmented { sizes, is_inner: true });
                Ok(())
            }
        }
    }

    /// Outer packets that are too large are cut by the sender, then on the path, or are
    /// dropped there.
    fn fit_path(&mut self, at: Where, through: &Session, wrap: &Wrap) -> Result<(), At> {
        let version = wrap.encapsulation.outer;
        let outer = |inner: &usize| wrap.encapsulation.outer_size(*inner);
        let mut load = Load::of(self.load.sizes().iter().map(outer).collect());
        if load.largest() > UPLINK_MTU {
            load.cut(version, UPLINK_MTU);
            self.step(at, Some(&through.path), || Event::Fragmented { sizes: load.sizes().to_vec(), is_inner: false });
        }
        let path_mtu = through.underlay.path_mtu;
        if load.largest() <= path_mtu {
            return Ok(());
        }
        let inner_is_whole = self.packet.dont_fragment || self.packet.version() == IpVersion::V6;
        let dont_fragment = inner_is_whole && through.df_policy == DfPolicy::Copy;
        if dont_fragment || version == IpVersion::V6 {
            let because = || Some(Because::Fits { mtu: wrap.fits });
            return Err(self.lost_because(Where::Underlay, Some(&through.path), DropReason::PathMtuExceeded, because));
        }
        load.cut(version, path_mtu);
        self.step(Where::Underlay, Some(&through.path), || Event::Fragmented {
            sizes: load.sizes().to_vec(),
            is_inner: false,
        });
        Ok(())
    }

    fn decapsulated(&mut self, at: Where, through: &Session) {
        let size = self.load.largest();
        self.step(at, Some(&through.path), || Event::Decapsulated { size });
    }

    /// Out of one of `tunnels`, at the gateway of `session`: what it does not protect it
    /// refuses (RFC 4301 section 5.2, step 4).
    fn out_of_tunnel<'t>(
        &mut self,
        session: &'t Session,
        mut tunnels: impl Iterator<Item = &'t Tunnel> + Clone,
        wrap: &Wrap,
    ) -> At {
        let packet = self.packet;
        let here = Where::Gateway(session.gateway);
        if tunnels.clone().next().is_none() {
            return self.lost(here, Some(&session.path), DropReason::TunnelDown);
        }
        self.decapsulated(here, session);
        let takes = |tunnel: &Tunnel| {
            tunnel.is_between(packet.destination, packet.source) || session.is_route_based && tunnel.is_wide()
        };
        let all = tunnels.clone();
        if !tunnels.any(takes) {
            return self.lost_because(here, Some(&session.path), DropReason::SelectorMismatch, || {
                Some(protected(all.map(|tunnel| (tunnel.local, tunnel.remote))))
            });
        }
        self.clamp(here, session, wrap, self.role == Role::Answering);
        At::Tier0 { gateway: session.gateway, is_own: false }
    }
}

/// What the receiving end protects: its own side and the other.
fn protected(mut selectors: impl Iterator<Item = (Network, Network)>) -> Because {
    let named: Vec<_> = selectors.by_ref().take(NAMED).map(|(own, other)| format!("{own} - {other}")).collect();
    let more = selectors.count();
    let rest = if more == 0 { String::new() } else { format!(" and {more} more") };
    Because::Protects(format!("{}{rest}", named.join(", ")))
}
