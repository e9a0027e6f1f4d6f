//! Which of several next hops a flow takes at a device: always the same, and each for an
//! equal share of all flows. Every device has a seed of its own, so that flows which one
//! device has sent the same way are spread again by the next.

use std::net::IpAddr;

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::engine::topology::FiveTuple;

/// What is chosen between.
#[derive(Clone, Copy)]
pub enum Layer {
    /// Next hops.
    Three,
    /// Members of a LAG.
    Two,
}

/// The 5-tuple in network order. It is part of what users may rely on, as the digest is: a
/// flow keeps its way from one version of the provider to the next.
fn bytes(tuple: &FiveTuple) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(37);
    for address in [tuple.source, tuple.destination] {
        match address {
            IpAddr::V4(address) => bytes.extend(address.octets()),
            IpAddr::V6(address) => bytes.extend(address.octets()),
        }
    }
    bytes.push(tuple.protocol);
    bytes.extend(tuple.source_port.to_be_bytes());
    bytes.extend(tuple.destination_port.to_be_bytes());
    bytes
}

/// One of `count`, at the device with this serial number: the XXH3 digest of the 5-tuple,
/// whose seed is that of the serial number (plus one for members of a LAG), scaled down.
pub fn choose(count: usize, serial: &str, layer: Layer, tuple: &FiveTuple) -> usize {
    if count <= 1 {
        return 0;
    }
    let layer = match layer {
        Layer::Three => 0,
        Layer::Two => 1,
    };
    let digest = xxh3_64_with_seed(&bytes(tuple), xxh3_64(serial.as_bytes()).wrapping_add(layer));
    usize::try_from((u128::from(digest) * count as u128) >> u64::BITS).unwrap_or_default()
}

/// The source port of the outer UDP header that a VTEP makes of the packet within: one of
/// the dynamic ports (RFC 7348, section 5).
pub fn vxlan_source_port(inner: &FiveTuple) -> u16 {
    const FIRST: u16 = 49_152;
    let digest = xxh3_64(&bytes(inner));
    FIRST + u16::try_from(digest % 16_384).unwrap_or_default()
}

/// Whether a device that answers `percent` of all probes answers this one.
pub fn answers(percent: u8, serial: &str, probe: [u64; 4]) -> bool {
    if percent >= 100 {
        return true;
    }
    let bytes: Vec<u8> = probe.into_iter().flat_map(u64::to_be_bytes).collect();
    xxh3_64_with_seed(&bytes, xxh3_64(serial.as_bytes())) % 100 < u64::from(percent)
}
