//! Taps: copies of the packets that go through a port.
//!
//! A copy is made where a packet leaves a workload (`OUT`) or reaches one (`IN`), through a
//! port and a segment that are in operation; what becomes of the packet elsewhere does not
//! matter, and the copy does not matter to the packet. A copy is no packet of the port it
//! is delivered to: nobody copies it again.

use std::net::IpAddr;

use super::index::small;
use super::tables::{Port, Segment};
use crate::engine::Moment;
use crate::engine::topology::Topology;
use crate::model::{MirrorType, PolicyPath, TapDirection};

/// Where a copy is delivered to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CopyTo {
    /// The port of a tap service.
    Service {
        /// The service.
        service: PolicyPath,
        /// Its port.
        port: PolicyPath,
        /// Whether the port and its segment are in operation; otherwise the copy is lost.
        is_up: bool,
    },
    /// An address outside, through a tunnel.
    Remote {
        /// The address.
        address: IpAddr,
        /// How the copy is wrapped.
        wrap: MirrorType,
        /// The id of the tunnel.
        tunnel: u32,
    },
}

impl CopyTo {
    /// Whether the copy arrives. What is beyond a tunnel to the outside is not modelled.
    pub const fn arrives(&self) -> bool {
        matches!(self, Self::Service { is_up: true, .. } | Self::Remote { .. })
    }
}

/// A copy of a packet, or of each of its fragments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The tap flow or the tap mirror that wants it.
    pub by: PolicyPath,
    /// Whether the packet goes to the port or comes from it: never both.
    pub direction: TapDirection,
    /// The sizes of the packets that are copied, in bytes: one, or those of the fragments.
    pub sizes: Vec<usize>,
    /// How many hops the packet may still go.
    pub time_to_live: u8,
    /// Where the copy is delivered to.
    pub to: CopyTo,
}

/// A copy as it is made: what of it is on the way, without allocation.
#[derive(Clone, Copy, Debug)]
pub struct CopyMade<'a> {
    /// The tap flow or the tap mirror that wants it.
    pub by: &'a PolicyPath,
    /// Whether the packet goes to the port or comes from it: never both.
    pub direction: TapDirection,
    /// The sizes of the packets that are copied, in bytes.
    pub sizes: &'a [usize],
    /// How many hops the packet may still go.
    pub time_to_live: u8,
    /// Where the copy is delivered to.
    pub to: &'a CopyTo,
}

impl CopyMade<'_> {
    /// The copy, to keep.
    pub fn to_owned(&self) -> Copied {
        Copied {
            by: self.by.clone(),
            direction: self.direction,
            sizes: self.sizes.to_vec(),
            time_to_live: self.time_to_live,
            to: self.to.clone(),
        }
    }
}

/// A tap of a port.
#[derive(Clone, Debug)]
pub(super) struct Tap {
    pub by: PolicyPath,
    direction: TapDirection,
    /// The VLANs whose packets are copied; none: all packets are.
    vlans: Option<Vec<(u16, u16)>>,
    pub to: CopyTo,
}

impl Tap {
    /// Whether packets that go in this direction are copied, of this VLAN or without one.
    pub fn wants(&self, direction: TapDirection, vlan: Option<u16>) -> bool {
        let holds = |vlan: u16| move |(first, last): &(u16, u16)| (*first..=*last).contains(&vlan);
        let passes = |vlans: &Vec<(u16, u16)>| vlan.is_some_and(|vlan| vlans.iter().any(holds(vlan)));
        (self.direction == TapDirection::Both || self.direction == direction) && self.vlans.as_ref().is_none_or(passes)
    }
}

/// The taps in operation at `now`, those of a port together; each port learns which are its
/// own.
pub(super) fn of(topology: &Topology, now: Moment, ports: &mut [Port], segments: &[Segment]) -> Vec<Tap> {
    if topology.tap_flows.is_empty() && topology.tap_mirrors.is_empty() {
        return Vec::new();
    }
    let number_of = |(port, number): (&Port, u32)| Some((topology.ports.get(&port.path)?.id.as_deref()?, number));
    let numbers: foldhash::HashMap<&str, u32> = ports.iter().zip(0..).filter_map(number_of).collect();
    let mut all: Vec<(u32, Tap)> = Vec::new();
    for flow in topology.tap_flows.values().filter(|flow| flow.life.is_active(now)) {
        let service = topology.tap_services.get(&flow.service).filter(|service| service.life.is_active(now));
        let target = service.and_then(|it| Some((it, ports.get(*numbers.get(it.port.as_str())? as usize)?)));
        if let (Some(number), Some((service, port))) = (numbers.get(flow.port.as_str()), target) {
            let is_up = port.is_up && segments.get(port.segment as usize).is_some_and(|segment| segment.is_up);
            let to = CopyTo::Service { service: service.path.clone(), port: port.path.clone(), is_up };
            all.push((
                *number,
                Tap { by: flow.path.clone(), direction: flow.direction, vlans: flow.vlans.clone(), to },
            ));
        }
    }
    for mirror in topology.tap_mirrors.values() {
        let Some(number) = numbers.get(mirror.port.as_str()) else { continue };
        all.extend(mirror.tunnels.iter().map(|(direction, tunnel)| {
            let to = CopyTo::Remote { address: mirror.remote, wrap: mirror.wrap, tunnel: *tunnel };
            (*number, Tap { by: mirror.path.clone(), direction: *direction, vlans: None, to })
        }));
    }
    all.sort_by_key(|(number, _)| *number);
    let mut begin = 0;
    for run in all.chunk_by(|one, other| one.0 == other.0) {
        let end = begin + small(run.len());
        if let Some(port) = run.first().and_then(|(number, _)| ports.get_mut(*number as usize)) {
            port.taps = begin..end;
        }
        begin = end;
    }
    all.into_iter().map(|(_, tap)| tap).collect()
}
