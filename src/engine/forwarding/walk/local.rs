//! From the source to its gateway, and from a gateway to a segment.

use super::super::index::Ix;
use super::{Arrival, At, Disposition, DropReason, Event, Hop, InSegment, Origin, Record, RouteSource, Walk, Where};
use crate::model::{Network, TapDirection};

impl<R: Record> Walk<'_, R> {
    /// Where the source is.
    pub(super) fn start(&mut self) -> At {
        let own: Network = self.packet.source.into();
        match self.from.origin {
            Origin::Unknown | Origin::Unroutable { .. } => self.lost(Where::Underlay, None, DropReason::UnknownSource),
            Origin::Segment { place, is_routed } => self.start_in_segment(place, is_routed),
            Origin::Gateway(gateway) => {
                self.step(Where::Gateway(gateway), None, || Event::Sent { network: Some(own) });
                At::Gateway { gateway, is_own: true }
            }
            // Of several peers with the network, the first that has a tunnel for the packet.
            Origin::Peers { list } => {
                let peers = self.of.atlas.peers(list);
                let with_tunnel = peers.iter().find(|peer| peers.len() > 1 && self.has_tunnel(**peer));
                match with_tunnel.or(peers.first()) {
                    Some(peer) => self.start_at_peer(*peer),
                    None => self.lost(Where::Underlay, None, DropReason::UnknownSource),
                }
            }
        }
    }

    pub(super) fn start_at_peer(&mut self, peer: u32) -> At {
        let (of, source) = (self.of, self.packet.source);
        let Some(declared) = of.peers.get(peer as usize) else {
            return self.lost(Where::Underlay, None, DropReason::UnknownSource);
        };
        let hop = of.atlas.hop(self.from, declared.node);
        let by = if matches!(hop, Some(Hop::Own)) { Arrival::Own } else { Arrival::Behind };
        self.step(Where::Peer(peer), Some(&declared.path), || {
            let behind = of.atlas.longest(declared.node, source).map(|(network, _)| network);
            Event::Sent { network: if by == Arrival::Own { Some(source.into()) } else { behind } }
        });
        At::Peer { peer, by }
    }

    fn start_in_segment(&mut self, place: InSegment, is_routed: bool) -> At {
        let of = self.of;
        let segment = &of.segments[place.segment as usize];
        let port = place.port.map(|port| &of.ports[port.get() as usize]);
        let here = Where::Segment(place.segment);
        self.step(here, Some(port.map_or(&segment.path, |port| &port.path)), || Event::Sent {
            network: place.subnet.map(|subnet| of.subnets[subnet.get() as usize].network),
        });
        if let Some(port) = port.filter(|port| !port.is_up) {
            return self.lost(here, Some(&port.path), DropReason::PortDown);
        }
        if !segment.is_up {
            return self.lost(here, Some(&segment.path), DropReason::SegmentDown);
        }
        self.copied(place, TapDirection::Out);
        // Within a subnet no router has a part.
        if let Origin::Segment { place: there, .. } = self.to.origin
            && there.subnet.is_some()
            && there.subnet == place.subnet
        {
            return At::Segment(there);
        }
        match segment.gateway.filter(|_| is_routed).map(Ix::get) {
            Some(gateway) => At::Gateway { gateway, is_own: false },
            None => self.lost(here, Some(&segment.path), DropReason::SegmentDisconnected),
        }
    }

    /// From a gateway to a segment of its own, or of a tier-1 gateway below it.
    pub(super) fn towards_segment(&mut self, from: u32, place: InSegment) -> At {
        let of = self.of;
        let segment = &of.segments[place.segment as usize];
        let network = place.subnet.map(|subnet| of.subnets[subnet.get() as usize].network);
        let network = network.unwrap_or_else(|| self.packet.destination.into());
        let mut here = from;
        if let Some(tier1) = segment.gateway.map(Ix::get).filter(|gateway| *gateway != from) {
            self.step(Where::Gateway(from), Some(&of.gateways[tier1 as usize].path), || {
                connected(network, RouteSource::Connected)
            });
            if let Err(lost) = self.hop_less(Where::Gateway(tier1)) {
                return lost;
            }
            here = tier1;
        }
        self.step(Where::Gateway(here), Some(&segment.path), || connected(network, RouteSource::Connected));
        At::Segment(place)
    }

    /// At the segment of the destination.
    pub(super) fn at_segment(&mut self, place: InSegment) -> At {
        let of = self.of;
        let segment = &of.segments[place.segment as usize];
        let port = place.port.map(|port| &of.ports[port.get() as usize]);
        let here = Where::Segment(place.segment);
        if !segment.is_up {
            return self.lost(here, Some(&segment.path), DropReason::SegmentDown);
        }
        if let Some(port) = port.filter(|port| !port.is_up) {
            return self.lost(here, Some(&port.path), DropReason::PortDown);
        }
        self.copied(place, TapDirection::In);
        let destination = self.packet.destination;
        self.step(here, Some(port.map_or(&segment.path, |port| &port.path)), || {
            let network = place.subnet.map(|subnet| of.subnets[subnet.get() as usize].network);
            Event::Delivered {
                network: network.unwrap_or_else(|| destination.into()),
                port: port.map(|port| port.path.clone()),
            }
        });
        self.ends(Disposition::DeliveredToSegment)
    }
}

/// A route without next hops.
pub(super) fn connected(network: Network, by: RouteSource) -> Event {
    Event::Routed { network, by, next_hops: Vec::new(), chosen: None }
}
