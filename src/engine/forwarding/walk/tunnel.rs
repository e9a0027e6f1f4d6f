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

use super::{Arrival, At, Because, Crossing, DropReason, Event, Ix, Record, Role, Walk, Where, small};
use crate::engine::esp::IpVersion;
use crate::engine::forwarding::UPLINK_MTU;
use crate::engine::forwarding::fragments::Load;
use crate::engine::forwarding::packet::protocol;
use crate::engine::forwarding::tunnels::{Far, Tunnel, Underlay, Wrap};
use crate::model::{DfPolicy, Network, PolicyPath};

/// So many networks are named in an explanation.
const NAMED: usize = 4;

impl<'a, R: Record> Walk<'a, R> {
    /// Out of the gateway of a session, through one of its tunnels.
    pub(super) fn outward(&mut self, tunnel: u32) -> At {
        let (of, packet) = (self.of, self.packet);
        let through = &of.sessions.tunnels[tunnel as usize];
        let here = Where::Gateway(through.gateway);
        if let Err(lost) = self.enter(here, tunnel, true) {
            return lost;
        }
        match through.far {
            Far::Nobody => self.lost(Where::Underlay, Some(self.session(tunnel)), DropReason::PeerUnreachable),
            Far::Peer(peer) => {
                let there = Where::Peer(peer);
                self.decapsulated(there, tunnel);
                let selectors = &of.peers[peer as usize].selectors;
                let protects =
                    |(own, other): &(Network, Network)| own.holds(packet.destination) && other.holds(packet.source);
                if !selectors.is_empty() && !selectors.iter().any(protects) {
                    let path = &of.peers[peer as usize].path;
                    return self.lost_because(there, Some(path), DropReason::SelectorMismatch, || {
                        Some(protected(selectors.iter().copied()))
                    });
                }
                At::Peer { peer, by: Arrival::Tunnel(through.session) }
            }
            Far::Session(other) => {
                let there = of.sessions.routed(other, packet.destination, packet.source);
                if of.sessions.tunnels[there as usize].takes.is_err() {
                    let gateway = of.sessions.tunnels[there as usize].gateway;
                    return self.lost(Where::Gateway(gateway), Some(self.session(there)), DropReason::TunnelDown);
                }
                self.out_of_tunnel(there)
            }
        }
    }

    /// Out of `peer`, through a tunnel, to the gateway of its session.
    pub(super) fn inward(&mut self, peer: u32, tunnel: u32) -> At {
        match self.enter(Where::Peer(peer), tunnel, false) {
            Ok(()) => self.out_of_tunnel(tunnel),
            Err(lost) => lost,
        }
    }

    fn session(&self, tunnel: u32) -> &'a PolicyPath {
        let session = self.of.sessions.tunnels[tunnel as usize].session;
        &self.of.sessions.all[session as usize].path
    }

    /// A handshake that opens, or answers one that opened, a connection in the direction
    /// that is clamped has its MSS lowered.
    fn clamp(&mut self, at: Where, tunnel: u32, is_outbound: bool) {
        let Some(most) = self.of.sessions.tunnels[tunnel as usize].clamp(self.packet.version(), is_outbound) else {
            return;
        };
        self.effective_mss = self.effective_mss.min(most.into());
        if let Some(from) = self.mss.filter(|from| self.packet.protocol == protocol::TCP && *from > most) {
            self.mss = Some(most);
            self.step(at, Some(self.session(tunnel)), || Event::Clamped { from, to: most });
        }
    }

    /// Into a tunnel, and over the network between its ends.
    fn enter(&mut self, at: Where, tunnel: u32, is_outward: bool) -> Result<(), At> {
        let of = self.of;
        let through = &of.sessions.tunnels[tunnel as usize];
        let (detail, session) = (&of.sessions.details[tunnel as usize], Some(self.session(tunnel)));
        self.session = self.session.or(Some(Ix::new(through.session)));
        let wrap = match through.takes {
            Ok(wrap) => wrap,
            Err(reason) => return Err(self.lost_because(at, session, reason, || detail.because())),
        };
        if is_outward {
            self.clamp(at, tunnel, self.role == Role::Opening);
        }
        self.limits(&wrap);
        let is_small = self.load.largest() <= wrap.fits as usize;
        if !is_small {
            self.fit_uplink(at, tunnel, &wrap)?;
        }
        let outer = |inner: &usize| wrap.encapsulation.outer_size(*inner);
        let sizes = self.load.sizes();
        let mut crossing = Crossing {
            session: through.session,
            tunnel: through.position,
            is_outward,
            arrives: false,
            packets: small(sizes.len()),
            inner_bytes: small(sizes.iter().sum()),
            outer_bytes: small(sizes.iter().map(outer).sum()),
        };
        let inner_size = self.load.largest();
        // A tunnel between all addresses of one IP version carries those of the other, too.
        let everything = Network::everything(self.packet.source);
        let selector = |network: Network| if network.length() == 0 { everything } else { network };
        self.step(at, session, || Event::Encapsulated {
            tunnel: through.position,
            by: wrap.encapsulation,
            inner_size,
            outer_size: outer(&inner_size),
            df_policy: through.df_policy,
            selectors: (selector(detail.local), selector(detail.remote)),
        });
        let mut carried = if is_small { Ok(()) } else { self.fit_path(at, tunnel, &wrap) };
        if carried.is_ok() && !through.is_reachable {
            carried = Err(self.lost(Where::Underlay, session, DropReason::PeerUnreachable));
        }
        crossing.arrives = carried.is_ok();
        self.crosses(crossing);
        carried?;
        self.latency = self.latency.saturating_add(through.latency);
        self.step(Where::Underlay, session, || {
            let Underlay { near, far, latency, path_mtu, .. } = detail.underlay;
            let (from, to) = if is_outward { (near, far) } else { (far, near) };
            Event::Carried { from, to, latency, path_mtu }
        });
        Ok(())
    }

    /// What the tunnel limits.
    fn limits(&mut self, wrap: &Wrap) {
        self.effective_mtu = self.effective_mtu.min(wrap.fits);
        self.effective_mss = self.effective_mss.min(wrap.segment(self.packet.version()));
    }

    /// A packet that is too large for the uplink is cut before encryption, dropped, or
    /// left alone since its outer packet may be cut.
    fn fit_uplink(&mut self, at: Where, tunnel: u32, wrap: &Wrap) -> Result<(), At> {
        if self.load.largest() <= wrap.fits_uplink as usize {
            return Ok(());
        }
        let version = self.packet.version();
        let session = Some(self.session(tunnel));
        match (version, self.packet.dont_fragment, self.of.sessions.tunnels[tunnel as usize].df_policy) {
            (IpVersion::V6, _, _) | (IpVersion::V4, true, DfPolicy::Copy) => {
                let because = || Some(Because::Fits { mtu: wrap.fits as usize });
                Err(self.lost_because(at, session, DropReason::FragmentationNeeded, because))
            }
            (IpVersion::V4, true, DfPolicy::Clear) => Ok(()),
            (IpVersion::V4, false, _) => {
                self.load.cut(version, wrap.fits_uplink as usize);
                let sizes = self.load.sizes().to_vec();
                self.step(at, session, || Event::Fragmented { sizes, is_inner: true });
                Ok(())
            }
        }
    }

    /// Outer packets that are too large are cut by the sender, then on the path, or are
    /// dropped there.
    fn fit_path(&mut self, at: Where, tunnel: u32, wrap: &Wrap) -> Result<(), At> {
        let (version, session) = (wrap.encapsulation.outer, Some(self.session(tunnel)));
        let outer = |inner: &usize| wrap.encapsulation.outer_size(*inner);
        let mut load = Load::of(self.load.sizes().iter().map(outer).collect());
        if load.largest() > UPLINK_MTU {
            load.cut(version, UPLINK_MTU);
            self.step(at, session, || Event::Fragmented { sizes: load.sizes().to_vec(), is_inner: false });
        }
        let path_mtu = self.of.sessions.details[tunnel as usize].underlay.path_mtu;
        if load.largest() <= path_mtu {
            return Ok(());
        }
        let inner_is_whole = self.packet.dont_fragment || self.packet.version() == IpVersion::V6;
        let dont_fragment = inner_is_whole && self.of.sessions.tunnels[tunnel as usize].df_policy == DfPolicy::Copy;
        if dont_fragment || version == IpVersion::V6 {
            let because = || Some(Because::Fits { mtu: wrap.fits as usize });
            return Err(self.lost_because(Where::Underlay, session, DropReason::PathMtuExceeded, because));
        }
        load.cut(version, path_mtu);
        self.step(Where::Underlay, session, || Event::Fragmented { sizes: load.sizes().to_vec(), is_inner: false });
        Ok(())
    }

    fn decapsulated(&mut self, at: Where, tunnel: u32) {
        let size = self.load.largest();
        let position = self.of.sessions.tunnels[tunnel as usize].position;
        let time_to_live = self.time_to_live;
        self.step(at, Some(self.session(tunnel)), || Event::Decapsulated { tunnel: position, size, time_to_live });
    }

    /// Out of a tunnel, at its gateway: what it does not protect is refused (RFC 4301
    /// section 5.2, step 4).
    fn out_of_tunnel(&mut self, tunnel: u32) -> At {
        let (of, packet) = (self.of, self.packet);
        let Tunnel { gateway, session, .. } = of.sessions.tunnels[tunnel as usize];
        let here = Where::Gateway(gateway);
        self.decapsulated(here, tunnel);
        let detail = &of.sessions.details[tunnel as usize];
        let is_route_based = of.sessions.all[session as usize].is_route_based;
        let takes = detail.is_between(packet.destination, packet.source) || is_route_based && detail.is_wide();
        if !takes {
            return self.lost_because(here, Some(self.session(tunnel)), DropReason::SelectorMismatch, || {
                let tunnels = of.sessions.all[session as usize].tunnels.clone();
                let details = tunnels.map(|tunnel| &of.sessions.details[tunnel as usize]);
                Some(protected(details.map(|detail| (detail.local, detail.remote))))
            });
        }
        self.clamp(here, tunnel, self.role == Role::Answering);
        At::Gateway { gateway, is_own: false }
    }
}

/// What the receiving end protects: its own side and the other.
fn protected(mut selectors: impl Iterator<Item = (Network, Network)>) -> Because {
    let named: Vec<_> = selectors.by_ref().take(NAMED).map(|(own, other)| format!("{own} - {other}")).collect();
    let more = selectors.count();
    let rest = if more == 0 { String::new() } else { format!(" and {more} more") };
    Because::Protects(format!("{}{rest}", named.join(", ")))
}
