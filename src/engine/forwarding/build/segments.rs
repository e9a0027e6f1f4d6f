//! Segments and their ports.

use std::collections::HashMap;

use super::Builder;
use super::nodes::tier1_above;
use crate::engine::forwarding::RouteSource::Connected;
use crate::engine::forwarding::atlas::{Claim, InSegment};
use crate::engine::forwarding::index::{Ix, small};
use crate::engine::forwarding::tables::{Hop, Port, Segment, Subnet};
use crate::model::{Network, PolicyPath};

impl Builder<'_> {
    pub(super) fn segments(&mut self) {
        let topology = self.topology;
        let tier1s: HashMap<PolicyPath, u32> = self.tier1s.iter().map(|tier1| tier1.path.clone()).zip(0..).collect();
        for (number, (path, declared)) in (0..).zip(&topology.segments) {
            let tier1 = tier1_above(path).and_then(|path| tier1s.get(&path).copied()).unwrap_or_default();
            let gateway = self.tier1s[tier1 as usize].gateway;
            let is_open = declared.is_up && self.gateways[gateway as usize].tier0.is_some();
            let open_to = is_open.then(|| Ix::new(gateway));
            self.segments.push(Segment { path: path.clone(), tier1, is_up: declared.is_up, open_to });
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
            self.ports.push(Port { path: path.clone(), is_up: declared.is_up });
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
            let tier1 = self.segments[place.segment as usize].tier1;
            let gateway = self.tier1s[tier1 as usize].gateway;
            self.way(network, gateway, Connected, Hop::Subnet(place));
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
