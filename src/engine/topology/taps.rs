//! Taps: whose packets are copied, and to where.

use std::net::IpAddr;

use super::read::Doc;
use crate::engine::taps::Life;
use crate::model::{MirrorType, PolicyPath, TapDirection, Tree};

/// A tap service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TapService {
    /// Its address.
    pub path: PolicyPath,
    /// The name people see.
    pub name: String,
    /// The UUID of the port that gets the copies.
    pub port: String,
    /// When it is in operation.
    pub life: Life,
}

/// A tap flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TapFlow {
    /// Its address.
    pub path: PolicyPath,
    /// The name people see.
    pub name: String,
    /// The address of the service that gets the copies.
    pub service: PolicyPath,
    /// The UUID of the port whose packets are copied.
    pub port: String,
    /// Which of them.
    pub direction: TapDirection,
    /// The VLANs whose packets are copied; none: all packets are.
    pub vlans: Option<Vec<(u16, u16)>>,
    /// When it is in operation.
    pub life: Life,
}

/// A tap mirror.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TapMirror {
    /// Its address.
    pub path: PolicyPath,
    /// The name people see.
    pub name: String,
    /// The UUID of the port whose packets are copied.
    pub port: String,
    /// Which of them, and the id of the tunnel they go through.
    pub tunnels: Vec<(TapDirection, u32)>,
    /// Where the copies are sent.
    pub remote: IpAddr,
    /// How they are wrapped.
    pub wrap: MirrorType,
}

pub(super) fn service(path: &PolicyPath, tree: &Tree) -> Option<TapService> {
    let doc = Doc(tree);
    Some(TapService {
        path: path.clone(),
        name: doc.string("name").unwrap_or_default(),
        port: doc.string("port_id")?,
        life: Life::of(tree),
    })
}

pub(super) fn flow(path: &PolicyPath, tree: &Tree) -> Option<TapFlow> {
    let doc = Doc(tree);
    Some(TapFlow {
        path: path.clone(),
        name: doc.string("name").unwrap_or_default(),
        service: PolicyPath::of_neutron("taas/tap_services", doc.text("tap_service_id")?),
        port: doc.string("source_port")?,
        direction: doc.word("direction", TapDirection::parse)?,
        vlans: doc.text("vlan_filter").map(vlans),
        life: Life::of(tree),
    })
}

pub(super) fn mirror(path: &PolicyPath, tree: &Tree) -> Option<TapMirror> {
    let doc = Doc(tree);
    let directions = doc.get("directions");
    let all = [TapDirection::In, TapDirection::Out, TapDirection::Both];
    Some(TapMirror {
        path: path.clone(),
        name: doc.string("name").unwrap_or_default(),
        port: doc.string("port_id")?,
        tunnels: all.into_iter().filter_map(|it| Some((it, directions.number(it.word())?))).collect(),
        remote: doc.address("remote_ip")?,
        wrap: doc.word("mirror_type", MirrorType::parse)?,
    })
}

/// Ranges of VLANs. What is none matches no packet.
fn vlans(text: &str) -> Vec<(u16, u16)> {
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some((first.parse().ok()?, last.parse().ok()?))
    };
    text.split(',').filter_map(range).collect()
}
