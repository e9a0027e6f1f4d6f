//! Which route takes a packet, where several could.

use serde_json::json;

use super::{BGP, Lab, PEERS, route_based, session};

/// The other half of a segment is announced by the data center: a route to it is longer
/// than the segment's, so that the tier-0 gateway sends there what comes from the branch
/// (longest prefix). The segment's own tier-1 gateway is never asked by it.
#[test]
fn a_longer_route_takes_packets_from_a_segment_at_the_tier_0_only() {
    let mut lab = Lab::new();
    lab.route_based("dc", 1);
    lab.patch(&format!("{PEERS}/dc"), json!({ "bgp": { "routes": [{ "network": "192.168.10.128/25" }] } }));
    lab.put(&session("branch"), route_based(2));
    lab.put(&format!("{BGP}/neighbors/branch"), json!({ "neighbor_address": "169.254.2.1", "remote_as_num": "65011" }));
    let branch = json!({ "address": "198.51.100.2", "psk": "correct horse", "bgp": { "routes": [{ "network": "10.30.0.0/16" }] } });
    lab.put(&format!("{PEERS}/branch"), branch);
    lab.at(5_000);
    assert_eq!(lab.fate("10.30.1.1", "192.168.10.5"), "DELIVERED_TO_SEGMENT");
    assert_eq!(lab.fate("10.30.1.1", "192.168.10.200"), "DELIVERED_TO_PEER");
    assert_eq!(lab.fate("192.168.10.5", "192.168.10.200"), "DELIVERED_TO_SEGMENT");
    // A port is found where its subnet is, and is no longer route itself.
    lab.put(
        &format!("{}/app/ports/one", super::SEGMENTS),
        json!({ "address_bindings": [{ "ip_address": "192.168.10.200" }] }),
    );
    lab.at(6_000);
    assert_eq!(lab.fate("10.30.1.1", "192.168.10.200"), "DELIVERED_TO_PEER");
    assert_eq!(lab.fate("192.168.10.5", "192.168.10.200"), "DELIVERED_TO_SEGMENT");
}
