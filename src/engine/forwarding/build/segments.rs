//! Segments and their ports.

use std::collections::{BTreeSet, HashMap};

use super::Builder;
use crate::engine::forwarding::RouteSource::Connected;
use crate::engine::forwarding::atlas::{Claim, InSegment};
use crate::engine::forwarding::index::{Ix, small};
use crate::engine::forwarding::tables::{Hop, Port, Segment, Subnet, Tier};
use crate::model::{AdvertisementType, Network};

impl Builder<'_> {
    pub(super) fn segments(&mut self) {
        let topology = self.topology;
        let with_sessions: BTreeSet<u32> = topology.sessions.keys().filter_map(|path| self.gateway_of(path)).collect();
        for (number, (path, declared)) in (0..).zip(&topology.segments) {
            let gateway = declared.gateway.as_ref().and_then(|gateway| self.gateway_of(gateway));
            let tier0 = gateway.and_then(|gateway| match self.gateways[gateway as usize].tier {
                Tier::Zero => Some(gateway),
                Tier::One(above) => above.filter(|_| !with_sessions.contains(&gateway)),
            });
            let open_to = tier0.filter(|_| declared.is_up).map(Ix::new);
            self.segments.push(Segment {
                path: path.clone(),
                gateway: gateway.map(Ix::new),
                is_up: declared.is_up,
                open_to,
            });
            for (_, network) in &declared.subnets {
                let subnet = Ix::new(small(self.subnets.len()));
                self.subnets.push(Subnet { network: *network, segment: number });
                let place = InSegment { segment: number, subnet: Some(subnet), port: None };
                self.in_segment(declared.is_routed, *network, place);
                self.broadcast(declared.is_routed, *network);
            }
        }
        let known = topology.segments.iter().zip(0..);
        let known: HashMap<&str, (u32, bool)> =
            known.map(|((path, it), at)| (path.as_str(), (at, it.is_routed))).collect();
        for (path, declared) in &topology.ports {
            let of = path.as_str().rsplit_once("/ports/").and_then(|(segment, _)| known.get(segment));
            let Some(&(segment, is_routed)) = of else { continue };
            let port = Some(Ix::new(small(self.ports.len())));
            let tagged = declared.bindings.iter().filter_map(|binding| Some((binding.address, binding.vlan?)));
            self.ports.push(Port {
                path: path.clone(),
                segment,
                is_up: declared.is_up,
                taps: 0..0,
                vlans: tagged.collect(),
                vlan: declared.vlan,
            });
            // The subnets of a segment lie together.
            let begin = self.subnets.partition_point(|subnet| subnet.segment < segment);
            for address in &declared.addresses {
                let own = self.subnets.iter().zip(0..).skip(begin).take_while(|(subnet, _)| subnet.segment == segment);
                let subnet = own.filter(|(subnet, _)| subnet.network.holds(*address)).map(|(_, at)| Ix::new(at)).next();
                self.in_segment(is_routed, (*address).into(), InSegment { segment, subnet, port });
            }
        }
    }

    fn in_segment(&mut self, is_routed: bool, network: Network, place: InSegment) {
        if !is_routed {
            self.draft.claim(network, Claim::Apart(place));
            return;
        }
        self.draft.claim(network, Claim::Segment(place));
        // A workload whose address is outside of the segment's subnets cannot be reached.
        if place.subnet.is_some() {
            let Some(gateway) = self.segments[place.segment as usize].gateway.map(Ix::get) else { return };
            // A tier-1 gateway knows its segments by itself.
            let subnet = place.subnet.map_or(network, |subnet| self.subnets[subnet.get() as usize].network);
            let knows = match self.gateways[gateway as usize].tier {
                Tier::Zero => Some(gateway),
                Tier::One(_) => self.told(gateway, AdvertisementType::Connected, subnet),
            };
            if let Some(tier0) = knows {
                self.way(network, tier0, Connected, Hop::Subnet(place));
            }
        }
    }

    /// The broadcast address of a subnet is not forwarded to (RFC 2644), nor is the
    /// address of the subnet itself, which once was one too (RFC 1812 section 5.3.5).
    fn broadcast(&mut self, is_routed: bool, network: Network) {
        if is_routed && !network.is_v6() && network.length() + 1 < network.longest() {
            for address in [network.first(), network.last()] {
                self.draft.claim(address.into(), Claim::Unroutable { is_strict: true });
            }
        }
    }
}
