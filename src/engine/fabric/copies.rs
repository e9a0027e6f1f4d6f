//! What devices copy for the collections that are mirrored, packet by packet.
//!
//! Of packets that are dropped on their way, those are left that counting by shares leaves: the
//! packet of a number is there if one more was counted with it than before. So there are as many
//! copies as are counted.

use std::sync::Arc;

use super::load::{Load, OUTER_HOPS, share};
use super::net::Net;
use crate::engine::forwarding::{Copied, CopyTo};
use crate::engine::taps::frames::{self, OnFabric, Vxlan};
use crate::engine::topology::{Collection, Flow};
use crate::model::{MirrorType, PolicyPath, TapDirection};

/// The copies that one device makes of the packets of a flow.
#[derive(Clone, Debug)]
pub struct Mirrored {
    /// The flow.
    pub flow: PolicyPath,
    /// What is copied, and where it goes. The session of ERSPAN is the number of the hop, and by
    /// whom it is made is the device.
    pub copied: Copied,
    /// How it looks on the fabric.
    pub on_fabric: Arc<OnFabric>,
    /// Microseconds from when the packet is sent until its copy is at the analyzer.
    pub after: u64,
    /// What of the copies arrives, in millionths of what the flow sends.
    arrives: u64,
}

impl Mirrored {
    /// Whether the copy of the packet of this number arrives.
    pub fn arrives(&self, number: u64) -> bool {
        share(number.saturating_add(1), self.arrives) > share(number, self.arrives)
    }
}

/// The copies that are made for `collection` and arrive.
pub fn mirrored(net: &Net, load: &Load, collection: &Collection) -> Vec<Mirrored> {
    let Some(analyzer) = collection.analyzer else { return Vec::new() };
    let copies = load.copies_for(&collection.path).map(|(flow, way, hop, after, arrives)| {
        let device = |hop: usize| way.hops.get(hop).map(|hop| net.device(hop.device));
        let number = u8::try_from(hop).unwrap_or(u8::MAX);
        let vxlan = vxlan(net, flow, number);
        let sender = vxlan.as_ref().map_or(flow.source, |vxlan| vxlan.outer.source);
        let before = hop.checked_sub(1).and_then(device);
        let on_fabric = OnFabric {
            from: before.map_or_else(|| frames::of_host(sender), |device| frames::of_device(&device.serial)),
            to: device(hop).map_or(frames::GATEWAY, |device| frames::of_device(&device.serial)),
            vxlan,
        };
        let hops = if on_fabric.vxlan.is_some() { 0 } else { number };
        let copied = Copied {
            by: device(hop).map_or_else(|| collection.path.clone(), |device| device.path.clone()),
            direction: TapDirection::In,
            sizes: vec![flow.packet_size],
            time_to_live: flow.time_to_live.saturating_sub(hops),
            to: CopyTo::Remote { address: analyzer, wrap: MirrorType::ErspanV1, tunnel: u32::from(number) + 1 },
        };
        Mirrored { flow: flow.path.clone(), copied, on_fabric: Arc::new(on_fabric), after, arrives }
    });
    copies.collect()
}

/// The VXLAN that packets of a flow between guests are in after so many hops.
fn vxlan(net: &Net, flow: &Flow, hops: u8) -> Option<Vxlan> {
    let inner = flow.tuple();
    let entry = net.entry(&inner)?;
    let vnid = entry.vnid?;
    let mac = |address| {
        let declared = net.guest(vnid, address).and_then(|guest| frames::mac(&guest.mac));
        declared.unwrap_or_else(|| frames::of_host(address))
    };
    let macs = (mac(inner.source), mac(inner.destination));
    Some(Vxlan { outer: entry.tuple, vnid, time_to_live: OUTER_HOPS.saturating_sub(hops), macs })
}
