//! What happens when, with a set clock.

use serde_json::json;

use super::{BEGIN, BGP, DPD, Lab, PEERS, When, neighbor, parsed, route_based, session, speaking_peer};
use crate::engine::negotiation::{DownReason, IkeState};

/// `IKE_SA_INIT` and `IKE_AUTH` take a round trip each: 2 x 20 ms. BGP over the tunnel takes
/// some more, and everything is over within a second.
#[test]
fn a_session_negotiates_and_then_carries_what_bgp_taught() {
    let mut lab = Lab::new();
    lab.route_based("dc", 1);
    assert_eq!(lab.status("dc")["runtime_status"], "NEGOTIATING");
    assert_eq!(lab.fate("192.168.10.5", "10.20.1.1"), "NO_ROUTE");
    lab.at(39);
    assert_eq!(lab.status("dc")["ike_status"]["ike_session_state"], "NEGOTIATING");
    lab.at(40);
    assert_eq!(lab.status("dc")["runtime_status"], "UP");
    assert_eq!(lab.status("dc")["negotiated_tunnels"], 1);
    lab.at(1_000);
    assert_eq!(lab.neighbor("dc")["connection_state"], "ESTABLISHED");
    assert_eq!(lab.neighbor("dc")["total_in_prefix_count"], 1);
    assert_eq!(lab.fate("192.168.10.5", "10.20.1.1"), "DELIVERED_TO_PEER");
    assert_eq!(lab.fate("10.20.1.1", "192.168.10.5"), "DELIVERED_TO_SEGMENT");
}

/// 4 + 7.2 + 12.96 + 23.328 + 41.9904 + 75.58272 = 165.06112 s (strongSwan's schedule).
#[test]
fn without_a_peer_a_session_gives_up_after_its_retransmissions() {
    let mut lab = Lab::new();
    lab.put(&session("dc"), route_based(1));
    lab.at(165_000);
    assert_eq!(lab.status("dc")["runtime_status"], "NEGOTIATING");
    lab.at(165_100);
    let status = lab.status("dc");
    assert_eq!((&status["runtime_status"], &status["failed_tunnels"]), (&json!("DOWN"), &json!(1)));
    let reason = status["ike_status"]["fail_reason"].as_str().unwrap();
    assert!(reason.contains("No response"), "{reason}");
}

/// "Creating a VPN configuration without defining the BGP neighbor will … create a
/// working IPSec tunnel. However … traffic will not flow" (seed 002).
#[test]
fn without_a_neighbor_a_session_comes_up_and_carries_nothing() {
    let mut lab = Lab::new();
    lab.segment();
    lab.put(&session("dc"), route_based(1));
    lab.put(&format!("{PEERS}/dc"), speaking_peer(1));
    lab.at(10_000);
    assert_eq!(lab.status("dc")["runtime_status"], "UP");
    assert_eq!(lab.fate("192.168.10.5", "10.20.1.1"), "NO_ROUTE");
    let why = lab.trace("192.168.10.5", "10.20.1.1").explanation();
    assert!(why.contains("no BGP neighbor") && why.contains("dc"), "{why}");
}

/// A periodic probe each 60 s from the moment the session is up (40 ms), resent every
/// half second ten times: silent from 100 s on, probed at 120.04 s, dead at 125.04 s.
#[test]
fn a_dead_peer_is_noticed_and_its_routes_go_until_it_is_back() {
    let mut lab = Lab::new();
    lab.put(&format!("{DPD}/probing"), json!({ "dpd_probe_interval": 60, "retry_count": 10 }));
    lab.route_based("dc", 1);
    lab.patch(&session("dc"), json!({ "dpd_profile_path": format!("{DPD}/probing") }));
    lab.at(90_000);
    assert_eq!(lab.fate("192.168.10.5", "10.20.1.1"), "DELIVERED_TO_PEER");
    lab.at(100_000).patch(&format!("{PEERS}/dc"), json!({ "reachable": false }));
    assert_eq!(lab.status("dc")["runtime_status"], "UP", "nobody has noticed");
    assert_eq!(lab.fate("192.168.10.5", "10.20.1.1"), "PEER_UNREACHABLE");
    lab.at(125_039);
    assert_eq!(lab.status("dc")["runtime_status"], "UP");
    lab.at(125_040);
    let status = lab.status("dc");
    assert_eq!(status["runtime_status"], "DOWN");
    let reason = status["ike_status"]["fail_reason"].as_str().unwrap();
    assert!(reason.contains("Dead peer"), "{reason}");
    let neighbor = lab.neighbor("dc");
    assert_ne!(neighbor["connection_state"], "ESTABLISHED");
    assert_eq!((&neighbor["connection_drop_count"], &neighbor["total_in_prefix_count"]), (&json!(1), &json!(0)));
    assert_eq!(
        (&neighbor["last_reset"], &neighbor["last_reset_timestamp"]),
        (&json!("Tunnel down"), &json!(BEGIN + 125_040))
    );
    assert_eq!(status["security_associations"], json!(null));
    assert_eq!(lab.fate("192.168.10.5", "10.20.1.1"), "NO_ROUTE");
    lab.at(500_000).patch(&format!("{PEERS}/dc"), json!({ "reachable": true }));
    lab.at(502_000);
    assert_eq!(lab.status("dc")["runtime_status"], "UP");
    assert_eq!(lab.neighbor("dc")["established_connection_count"], 2);
    assert_eq!(lab.fate("192.168.10.5", "10.20.1.1"), "DELIVERED_TO_PEER");
}

/// Renewed after 10/11 of the life time: 3,600 s of a tunnel's in steps of 3,272.7 s, 86,400 s
/// of IKE's after 78,545.5 s.
#[test]
fn security_associations_are_chosen_and_renewed() {
    let mut lab = Lab::new();
    lab.route_based("dc", 1);
    lab.at(7_200_000);
    let now = lab.status("dc")["security_associations"].clone();
    assert_eq!((&now["ike_proposal"], &now["ike_rekeys"]), (&json!("AES_128/SHA2_256/GROUP14"), &json!(0)));
    assert_eq!((&now["esp_proposal"], &now["esp_rekeys"]), (&json!("AES_GCM_128/GROUP14"), &json!(2)));
    lab.at(86_400_000);
    let now = lab.status("dc")["security_associations"].clone();
    assert_eq!((&now["ike_rekeys"], &now["esp_rekeys"]), (&json!(1), &json!(26)));
}

#[test]
fn a_changed_profile_renegotiates_its_sessions() {
    let mut lab = Lab::new();
    let profile = "/infra/ipsec-vpn-ike-profiles/own";
    lab.put(profile, json!({ "dh_groups": ["GROUP14"] }));
    lab.route_based("dc", 1);
    lab.patch(&session("dc"), json!({ "ike_profile_path": profile }));
    lab.at(10_000);
    assert_eq!(lab.status("dc")["runtime_status"], "UP");
    lab.patch(profile, json!({ "dh_groups": ["GROUP20"] }));
    assert_eq!(lab.status("dc")["runtime_status"], "NEGOTIATING");
    lab.at(11_000);
    assert_eq!(lab.status("dc")["runtime_status"], "UP");
    assert_eq!(lab.neighbor("dc")["established_connection_count"], 2);
    // What negotiation does not depend on changes nothing.
    lab.patch(&session("dc"), json!({ "display_name": "another name" }));
    assert_eq!(lab.status("dc")["runtime_status"], "UP");
    assert_eq!(lab.status("dc")["display_name"], "another name");
}

#[test]
fn the_first_packet_opens_a_session_on_demand() {
    let mut lab = Lab::new();
    lab.segment();
    let rule = json!({ "id": "r", "sources": [{ "subnet": "192.168.10.0/24" }], "destinations": [{ "subnet": "10.9.0.0/16" }] });
    lab.put(
        &session("dc"),
        json!({
            "resource_type": "PolicyBasedIPSecVpnSession",
            "local_endpoint_path": format!("{}/local-endpoints/Public-IP1", super::SERVICE),
            "peer_address": "198.51.100.1",
            "peer_id": "198.51.100.1",
            "psk": "correct horse",
            "connection_initiation_mode": "ON_DEMAND",
            "rules": [rule],
        }),
    );
    lab.put(&format!("{PEERS}/dc"), json!({ "address": "198.51.100.1", "psk": "correct horse", "latency": 10 }));
    lab.at(60_000);
    let status = lab.status("dc");
    assert_eq!(status["runtime_status"], "DOWN");
    assert!(status["ike_status"]["fail_reason"].as_str().unwrap().contains("ON_DEMAND"));
    assert_eq!(lab.fate("192.168.10.5", "10.9.1.1"), "TUNNEL_ON_DEMAND");
    let flow = json!({ "source": "192.168.10.5", "destination": "10.9.1.1", "destination_port": 53, "packets_per_second": 10 });
    lab.put(&format!("{}/f", super::FLOWS), flow);
    lab.at(60_500);
    assert_eq!(lab.status("dc")["runtime_status"], "UP");
    assert_eq!(lab.fate("192.168.10.5", "10.9.1.1"), "DELIVERED_TO_PEER");
}

#[test]
fn two_sessions_of_one_engine_are_each_others_peer() {
    let mut lab = Lab::new();
    let endpoint = |id: &str| format!("{}/local-endpoints/{id}", super::SERVICE);
    let one = |own: &str, peer: &str, number: u8| {
        let mut body = route_based(number);
        body["local_endpoint_path"] = json!(endpoint(own));
        body["peer_address"] = json!(peer);
        body["peer_id"] = json!(peer);
        body
    };
    lab.put(&session("a"), one("Public-IP1", "10.73.118.66", 1));
    lab.put(&session("b"), one("Private-IP1", "203.0.113.66", 2));
    lab.at(5_000);
    assert_eq!(lab.status("a")["runtime_status"], "UP");
    assert_eq!(lab.status("b")["runtime_status"], "UP");
    lab.patch(&session("b"), json!({ "psk": "another key" }));
    lab.at(10_000);
    for id in ["a", "b"] {
        assert_eq!(lab.status(id)["runtime_status"], "DOWN", "{id}");
        assert!(lab.status(id)["ike_status"]["fail_reason"].as_str().unwrap().contains("pre-shared keys"), "{id}");
    }
}

/// The hold time of both is 9 s; the last message came at most 3 s before the peer fell
/// silent. DPD would notice only after more than a minute.
#[test]
fn without_a_word_from_the_neighbor_its_hold_time_passes() {
    let mut lab = Lab::new();
    lab.segment();
    lab.put(&session("dc"), route_based(1));
    let mut slow = neighbor(1);
    slow["keep_alive_time"] = json!(3);
    slow["hold_down_time"] = json!(9);
    lab.put(&format!("{BGP}/neighbors/dc"), slow);
    lab.put(&format!("{PEERS}/dc"), speaking_peer(1));
    lab.at(30_000);
    assert_eq!(lab.neighbor("dc")["hold_time"], 9);
    lab.patch(&format!("{PEERS}/dc"), json!({ "reachable": false }));
    lab.at(35_000);
    assert_eq!(lab.neighbor("dc")["connection_state"], "ESTABLISHED");
    lab.at(39_100);
    assert_ne!(lab.neighbor("dc")["connection_state"], "ESTABLISHED");
    assert_eq!(lab.status("dc")["runtime_status"], "UP", "DPD has not noticed yet");
    assert_eq!(lab.fate("192.168.10.5", "10.20.1.1"), "NO_ROUTE");
}

/// A policy-based session between the two endpoints of the gateway.
fn one_of_two(own: &str, peer: &str, source: &str, destination: &str, mode: &str) -> serde_json::Value {
    json!({
        "resource_type": "PolicyBasedIPSecVpnSession",
        "local_endpoint_path": format!("{}/local-endpoints/{own}", super::SERVICE),
        "peer_address": peer,
        "peer_id": peer,
        "psk": "correct horse",
        "connection_initiation_mode": mode,
        "rules": [{ "id": "r", "sources": [{ "subnet": source }], "destinations": [{ "subnet": destination }] }],
    })
}

#[test]
fn a_change_at_one_of_two_sessions_concerns_both() {
    let mut lab = Lab::new();
    let profile = "/infra/ipsec-vpn-ike-profiles/own";
    lab.put(profile, json!({ "dh_groups": ["GROUP14"] }));
    let (here, there) = ("192.168.10.0/24", "10.9.0.0/16");
    lab.put(&session("a"), one_of_two("Public-IP1", "10.73.118.66", here, there, "INITIATOR"));
    let mut b = one_of_two("Private-IP1", "203.0.113.66", there, here, "INITIATOR");
    b["ike_profile_path"] = json!(profile);
    lab.put(&session("b"), b);
    lab.at(5_000);
    assert_eq!(
        (lab.status("a")["runtime_status"].clone(), lab.status("b")["runtime_status"].clone()),
        (json!("UP"), json!("UP"))
    );
    lab.patch(profile, json!({ "dh_groups": ["GROUP20"] }));
    lab.at(10_000);
    for id in ["a", "b"] {
        assert_eq!(lab.status(id)["runtime_status"], "DOWN", "{id}");
    }
}

#[test]
fn a_packet_opens_both_of_two_sessions() {
    for other in ["ON_DEMAND", "RESPOND_ONLY"] {
        let mut lab = Lab::new();
        lab.segment();
        let (here, there) = ("192.168.10.0/24", "10.9.0.0/16");
        lab.put(&session("a"), one_of_two("Public-IP1", "10.73.118.66", here, there, "ON_DEMAND"));
        lab.put(&session("b"), one_of_two("Private-IP1", "203.0.113.66", there, here, other));
        lab.at(5_000);
        assert_eq!(lab.status("a")["runtime_status"], "DOWN");
        let flow = json!({ "source": "192.168.10.5", "destination": "10.9.1.1", "destination_port": 53 });
        lab.put(&format!("{}/f", super::FLOWS), flow);
        lab.at(8_000);
        for id in ["a", "b"] {
            assert_eq!(lab.status(id)["runtime_status"], "UP", "{id} with {other}");
        }
    }
}

/// When everything has come to rest, traffic has opened what waits for it. A session that
/// cannot come up is not waiting any more: it has failed.
#[test]
fn what_waits_for_traffic_has_had_some_once_everything_is_at_rest() {
    let mut lab = Lab::new();
    lab.segment();
    for (id, number, key) in [("dc", 1, "correct horse"), ("branch", 2, "another key")] {
        let mut body = route_based(number);
        body["connection_initiation_mode"] = json!("ON_DEMAND");
        lab.put(&session(id), body);
        let peer = json!({ "address": format!("198.51.100.{number}"), "psk": key, "latency": 10 });
        lab.put(&format!("{PEERS}/{id}"), peer);
    }
    lab.at(60_000);
    let state = |when| {
        let view = lab.engine.view(lab.moment(), when, &[]).unwrap();
        ["dc", "branch"].map(|id| {
            let state = &view.sessions[&parsed(&session(id))];
            (state.is_up(), matches!(state.ike, IkeState::Down { reason: DownReason::WaitsForTraffic, .. }))
        })
    };
    assert_eq!(state(When::Current), [(false, true), (false, true)]);
    assert_eq!(state(When::Settled), [(true, false), (false, false)]);
    // Looking ahead changes nothing.
    assert_eq!(state(When::Current), [(false, true), (false, true)]);
}
