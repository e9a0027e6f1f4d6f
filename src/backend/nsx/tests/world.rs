//! The world of an endpoint that is no engine: far ends stand as they were seen.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::fake::{Act, Asked, Fake};
use crate::backend::Backend;
use crate::engine::forwarding::{Disposition, DropReason, Event, Packet};
use crate::engine::prefix_filter::PrefixMatch;
use crate::engine::{Planned, TraceRequest, When};
use crate::model::{PolicyPath, TAP_MIRROR, Tree, system};

const VMC: &str = "/infra/tier-0s/vmc/locale-services/default";
const EDGE: &str = "/infra/tier-1s/branch/locale-services/one";

fn status(state: &str, reason: &str) -> Act {
    let ike = json!({ "ike_session_state": state, "fail_reason": reason });
    Act::json(200, &json!({ "results": [{ "runtime_status": state, "ike_status": ike }] }))
}

/// What runs: one session that is up, whose neighbor has taught a network, and two that are
/// not.
fn running(asked: &Asked, _: usize) -> Option<Act> {
    let path = asked.object();
    if path.contains("simulated") {
        return Some(Act::error(404, 600, "no such thing"));
    }
    if path.ends_with("/neighbors/dallas/routes") {
        let routes = json!([{ "network": "10.20.0.0/16", "next_hop": "169.254.31.2", "med": 0, "as_path": "65001" }]);
        let nodes = json!([{ "transport_node_id": "edge-1", "routes": routes }]);
        return Some(Act::json(200, &json!({ "results": [{ "egde_node_routes": nodes }] })));
    }
    match path.strip_suffix("/detailed-status")?.rsplit('/').next()? {
        "dallas" | "berlin" => Some(status("UP", "")),
        "austin" => Some(status("DOWN", "NO_PROPOSAL_CHOSEN")),
        _ => Some(Act::error(503, 0, "busy")),
    }
}

async fn endpoint() -> Arc<Fake> {
    let server = Fake::with(running).await;
    let hold = |path: &str, fields: Json| server.hold(path, fields);
    hold(system::IKE_PROFILE, json!({ "resource_type": "IPSecVpnIkeProfile" }));
    hold(system::TUNNEL_PROFILE, json!({ "resource_type": "IPSecVpnTunnelProfile" }));
    hold(system::DPD_PROFILE, json!({ "resource_type": "IPSecVpnDpdProfile" }));
    hold("/infra/tier-0s/vmc", json!({ "resource_type": "Tier0" }));
    hold(VMC, json!({ "resource_type": "LocaleServices" }));
    hold(
        &format!("{VMC}/bgp"),
        json!({ "resource_type": "BgpRoutingConfig", "local_as_num": "65000", "enabled": true }),
    );
    hold(
        &format!("{VMC}/bgp/neighbors/dallas"),
        json!({
            "resource_type": "BgpNeighborConfig", "neighbor_address": "169.254.31.2", "remote_as_num": "65001",
        }),
    );
    let tier1 = json!({ "resource_type": "Tier1", "tier0_path": "/infra/tier-0s/vmc",
        "route_advertisement_types": ["TIER1_CONNECTED"] });
    hold("/infra/tier-1s/branch", tier1);
    hold(EDGE, json!({ "resource_type": "LocaleServices" }));
    let segment = |gateway: &str| json!({ "resource_type": "Segment", "subnets": [{ "gateway_address": gateway }] });
    hold("/infra/tier-1s/branch/segments/app", segment("192.168.98.1/24"));
    for (service, endpoint) in [(VMC, "203.0.113.1"), (EDGE, "203.0.113.2")] {
        hold(&format!("{service}/ipsec-vpn-services/default"), json!({ "resource_type": "IPSecVpnService" }));
        let endpoint = json!({ "resource_type": "IPSecVpnLocalEndpoint", "local_address": endpoint });
        hold(&format!("{service}/ipsec-vpn-services/default/local-endpoints/e"), endpoint);
    }
    for (id, own, peer) in [("dallas", "169.254.31.1", "198.51.100.1"), ("austin", "169.254.32.1", "198.51.100.2")] {
        hold(
            &format!("{VMC}/ipsec-vpn-services/default/sessions/{id}"),
            json!({
                "resource_type": "RouteBasedIPSecVpnSession", "peer_address": peer, "peer_id": peer,
                "local_endpoint_path": format!("{VMC}/ipsec-vpn-services/default/local-endpoints/e"),
                "tunnel_interfaces": [{ "ip_subnets": [{ "ip_addresses": [own], "prefix_length": 30 }] }],
            }),
        );
    }
    hold(
        &format!("{EDGE}/ipsec-vpn-services/default/sessions/berlin"),
        json!({
            "resource_type": "PolicyBasedIPSecVpnSession", "peer_address": "198.51.100.3", "peer_id": "198.51.100.3",
            "local_endpoint_path": format!("{EDGE}/ipsec-vpn-services/default/local-endpoints/e"),
            "rules": [{ "id": "r", "action": "PROTECT", "sources": [{ "subnet": "192.168.98.0/24" }],
                "destinations": [{ "subnet": "172.16.0.0/16" }] }],
        }),
    );
    server
}

fn request(to: &str) -> TraceRequest {
    let packet = Packet::ping("192.168.98.10".parse().unwrap(), to.parse().unwrap(), 100);
    TraceRequest { packet, answers: false, when: When::Settled, answer_size: 100 }
}

#[tokio::test]
async fn a_packet_goes_where_sessions_were_seen_to_be_up() {
    let server = endpoint().await;
    let backend = server.client();
    for (to, disposition, reason) in [
        ("10.20.3.4", Disposition::DeliveredToPeer, None),
        ("172.16.3.4", Disposition::DeliveredToPeer, None),
        ("10.21.3.4", Disposition::Dropped, Some(DropReason::NoRoute)),
        ("169.254.32.2", Disposition::Dropped, Some(DropReason::TunnelDown)),
    ] {
        let answer = backend.trace(&request(to), &[]).await.unwrap();
        assert_eq!((answer.there.disposition, answer.there.drop_reason), (disposition, reason), "{to}");
    }
    assert!(server.lines().iter().all(|line| line.starts_with("GET ")), "{:?}", server.lines());
}

#[tokio::test]
async fn what_is_down_is_told_in_the_endpoints_words() {
    let server = endpoint().await;
    let seen = server.client().seen(PrefixMatch::default()).await.unwrap();
    assert!(!seen.is_engine && !seen.hides_keys);
    let down: Vec<_> = seen.down.iter().map(|it| (it.session.id(), it.state.as_str(), it.reason.as_str())).collect();
    assert_eq!(down, [("austin", "DOWN", "NO_PROPOSAL_CHOSEN")]);
}

/// OpenStack's plugin tells by a tag which port of Neutron a segment port is.
#[tokio::test]
async fn taps_find_the_ports_that_neutron_calls_otherwise() {
    const PORT: &str = "11111111-2222-4333-8444-555555555555";
    let server = endpoint().await;
    let tag = json!([{ "scope": "os-neutron-port-id", "tag": PORT }]);
    server.hold(
        "/infra/tier-1s/branch/segments/app/ports/web",
        json!({ "resource_type": "SegmentPort", "address_bindings": [{ "ip_address": "192.168.98.10" }], "tags": tag }),
    );
    let mirror = json!({
        "port_id": PORT, "directions": { "OUT": 7 }, "remote_ip": "203.0.113.9", "mirror_type": "gre",
    });
    let path = PolicyPath::of_neutron("taas/tap_mirrors", "m");
    let tap = Planned { path: path.clone(), declared: Some((&TAP_MIRROR, Tree::from(&mirror))) };
    let answer = server.client().trace(&request("10.20.3.4"), &[tap]).await.unwrap();
    let copies = answer.there.steps.iter().filter(|step| matches!(step.event, Event::Copied { .. }));
    assert_eq!(copies.filter_map(|step| step.object.clone()).collect::<Vec<_>>(), [path]);
}
