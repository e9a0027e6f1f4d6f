//! The requests of seed 002 in its order, and the answers it prints: the same fields of the
//! same types, and the same values where they are not live.

use serde_json::{Value, json};

use crate::lab::{Lab, PASSWORD};

const SERVICE: &str = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default";
const NEIGHBORS: &str = "/infra/tier-0s/vmc/locale-services/default/bgp/neighbors";

/// Every field of `printed` is in `answered`, with a value of the same type.
fn has_the_shape(answered: &Value, printed: &Value, at: &str) {
    match (answered, printed) {
        (Value::Object(answered), Value::Object(printed)) => {
            for (name, value) in printed {
                let found = answered.get(name).unwrap_or_else(|| panic!("{at}.{name} is missing"));
                has_the_shape(found, value, &format!("{at}.{name}"));
            }
        }
        (Value::Array(answered), Value::Array(printed)) => {
            for (position, value) in printed.iter().enumerate() {
                let found = answered.get(position).unwrap_or_else(|| panic!("{at}[{position}] is missing"));
                has_the_shape(found, value, &format!("{at}[{position}]"));
            }
        }
        (Value::String(_), Value::String(_)) | (Value::Bool(_), Value::Bool(_)) => {}
        (Value::Number(answered), Value::Number(printed)) => assert_eq!(answered.is_i64(), printed.is_i64(), "{at}"),
        _ => panic!("{at} is {answered}, not like {printed}"),
    }
}

/// What was sent comes back, with what the system adds.
fn comes_back(lab: &Lab, path: &str, sent: &Value) {
    let answered = lab.put(path, sent).ok();
    for reply in [answered, lab.get(path).ok()] {
        for (name, value) in sent.as_object().unwrap() {
            if matches!(name.as_str(), "psk" | "password") {
                assert_eq!(reply.get(name), None, "{name} is shown");
                continue;
            }
            has_the_shape(&reply[name], value, name);
            if !matches!(name.as_str(), "tunnel_interfaces" | "rules") {
                assert_eq!(&reply[name], value, "{name}");
            }
        }
        for name in ["path", "relative_path", "parent_path", "unique_id", "_revision", "_create_time", "_create_user"] {
            assert!(reply.get(name).is_some(), "{name} is missing");
        }
    }
    lab.patch(path, sent).ok();
}

fn counters() -> Value {
    json!({ "packets_in": 0, "packets_out": 0, "bytes_in": 0, "bytes_out": 0, "dropped_packets_in": 0, "dropped_packets_out": 0 })
}

#[test]
fn the_seed_is_answered_as_it_is_printed() {
    let lab = Lab::new();
    comes_back(
        &lab,
        "/infra/ipsec-vpn-ike-profiles/VPNtoDFWDC1IKE",
        &json!({
            "digest_algorithms": [], "encryption_algorithms": ["AES_GCM_128"], "ike_version": "IKE_V2",
            "dh_groups": ["GROUP21"], "sa_life_time": 86400, "resource_type": "IPSecVpnIkeProfile",
            "id": "VPNtoDFWDC1IKE", "display_name": "VPNtoDFWDC1IKE",
        }),
    );
    comes_back(
        &lab,
        "/infra/ipsec-vpn-tunnel-profiles/VPNtoDFWDC1IPSEC",
        &json!({
            "digest_algorithms": [], "encryption_algorithms": ["AES_GCM_128"], "enable_perfect_forward_secrecy": true,
            "dh_groups": ["GROUP21"], "sa_life_time": 3600, "df_policy": "COPY",
            "resource_type": "IPSecVpnTunnelProfile", "id": "VPNtoDFWDC1IPSEC", "display_name": "VPNtoDFWDC1IPSEC",
        }),
    );
    // The body of the DPD profile is printed with a trailing comma, which is no JSON.
    let dpd = r#"{
    "enabled": true,
    "dpd_probe_mode": "PERIODIC",
    "dpd_probe_interval": 60,
    "retry_count": 5,
    "resource_type": "IPSecVpnDpdProfile",
    "id": "nsx-custom-l3vpn-dpd-profile",
    "display_name": "nsx-custom-l3vpn-dpd-profile",
 }"#;
    let path = "/infra/ipsec-vpn-dpd-profiles/nsx-custom-l3vpn-dpd-profile";
    let said = lab.by(("admin", PASSWORD), "PUT", path, dpd).refused(400, 255);
    assert!(said.contains("trailing comma at line 9 column 2"), "{said}");
    let dpd: Value = serde_json::from_str(&dpd.replace("profile\",\n }", "profile\"\n }")).unwrap();
    comes_back(&lab, path, &dpd);
    let list = "/infra/tier-0s/vmc/prefix-lists/VPNPrefixList_inout";
    comes_back(&lab, list, &json!({ "prefixes": [{ "network": "10.0.0.0/8", "action": "PERMIT", "le": 26 }] }));
    comes_back(
        &lab,
        &format!("{NEIGHBORS}/VPNtoDFWDC1BGP"),
        &json!({
            "neighbor_address": "169.254.151.1", "remote_as_num": "65006",
            "route_filtering": [{
                "enabled": true, "address_family": "IPV4", "in_route_filters": [list], "out_route_filters": [list],
            }],
            "keep_alive_time": 60, "hold_down_time": 180, "allow_as_in": false, "maximum_hop_limit": 1,
            "resource_type": "BgpNeighborConfig", "id": "VPNtoDFWDC1BGP", "password": "MyBGPPassword",
            "display_name": " VPNtoDFWDC1BGP",
        }),
    );
    comes_back(&lab, &format!("{SERVICE}/sessions/VPNtoDFWDC1"), &route_based());
    let key = lab.get(&format!("{SERVICE}/sessions/VPNtoDFWDC1?action=show_sensitive_data")).ok();
    assert_eq!(key["psk"], "test123456");
    running(&lab);
    // In the order of the text, the session is held by its neighbor, and so is the list.
    lab.delete(&format!("{SERVICE}/sessions/VPNtoDFWDC1")).refused(400, 500_030);
    lab.delete(list).refused(400, 500_030);
    lab.delete("/infra/ipsec-vpn-ike-profiles/VPNtoDFWDC1IKE").refused(400, 500_030);
    lab.delete(&format!("{NEIGHBORS}/VPNtoDFWDC1BGP")).ok();
    lab.delete(&format!("{SERVICE}/sessions/VPNtoDFWDC1")).ok();
    comes_back(&lab, &format!("{SERVICE}/sessions/VPNtoDFWDC1"), &policy_based());
}

fn route_based() -> Value {
    json!({
        "tunnel_interfaces": [{
            "ip_subnets": [{ "ip_addresses": ["169.254.151.2"], "prefix_length": 30 }],
            "resource_type": "IPSecVpnTunnelInterface", "id": "default-tunnel-interface",
            "display_name": "default-tunnel-interface",
        }],
        "force_whitelisting": false, "resource_type": "RouteBasedIPSecVpnSession", "id": "VPNtoDFWDC1",
        "display_name": " VPNtoDFWDC1", "enabled": true,
        "local_endpoint_path": format!("{SERVICE}/local-endpoints/Private-IP1"),
        "authentication_mode": "PSK", "psk": "test123456",
        "ike_profile_path": "/infra/ipsec-vpn-ike-profiles/VPNtoDFWDC1IKE",
        "tunnel_profile_path": "/infra/ipsec-vpn-tunnel-profiles/VPNtoDFWDC1IPSEC",
        "dpd_profile_path": "/infra/ipsec-vpn-dpd-profiles/nsx-default-l3vpn-dpd-profile",
        "compliance_suite": "NONE", "connection_initiation_mode": "INITIATOR",
        "peer_address": "10.0.0.1", "peer_id": "10.0.0.1",
        "tcp_mss_clamping": { "direction": "BOTH", "max_segment_size": 1325 },
    })
}

fn policy_based() -> Value {
    json!({
        "rules": [{
            "sources": [{ "subnet": "192.168.98.0/24" }, { "subnet": "10.2.1.140/32" }],
            "destinations": [{ "subnet": "192.168.123.0/24" }],
            "logged": false, "enabled": true, "action": "PROTECT", "sequence_number": 0,
            "resource_type": "IPSecVpnRule", "id": "Test-Policy-l3vpn-rule", "display_name": "Test-Policy-l3vpn-rule",
        }],
        "resource_type": "PolicyBasedIPSecVpnSession", "id": "VPNtoDFWDC1", "display_name": "VPNtoDFWDC1",
        "enabled": true, "local_endpoint_path": format!("{SERVICE}/local-endpoints/Private-IP1"),
        "authentication_mode": "PSK", "psk": "VMware12345",
        "ike_profile_path": "/infra/ipsec-vpn-ike-profiles/VPNtoDFWDC1IKE",
        "tunnel_profile_path": "/infra/ipsec-vpn-tunnel-profiles/VPNtoDFWDC1IPSEC",
        "dpd_profile_path": "/infra/ipsec-vpn-dpd-profiles/nsx-default-l3vpn-dpd-profile",
        "compliance_suite": "NONE", "connection_initiation_mode": "INITIATOR",
        "peer_address": "10.0.0.1", "peer_id": "10.0.0.1",
    })
}

/// What the seed prints under "Troubleshooting".
fn running(lab: &Lab) {
    let list = lab.get(&format!("{SERVICE}/sessions")).ok();
    let id = list["results"][0]["id"].as_str().unwrap();
    let session = format!("{SERVICE}/sessions/{id}");
    let place = "/infra/sites/default/enforcement-points/vmc-enforcementpoint";
    let status = lab.get(&format!("{session}/detailed-status")).ok();
    let result = json!({
        "runtime_status": "UP",
        "ike_status": { "ike_session_state": "UP", "fail_reason": "" },
        "total_tunnels": 1, "negotiated_tunnels": 1, "failed_tunnels": 0,
        "aggregate_traffic_counters": counters(),
        "last_update_timestamp": 1_611_004_041_752_i64, "display_name": "VPNToDFWDC1",
        "enforcement_point_path": place, "resource_type": "IPSecVpnSessionStatusNsxT",
    });
    has_the_shape(&status, &json!({ "results": [result], "intent_path": session }), "status");
    assert_eq!(status["intent_path"], session);
    assert_eq!(status["results"][0]["resource_type"], "IPSecVpnSessionStatusNsxT");
    assert_eq!(status["results"][0]["enforcement_point_path"], place);
    // Nobody is at the other end yet.
    assert_eq!(status["results"][0]["runtime_status"], "NEGOTIATING");
    lab.get(&format!("{session}/detailed-status?source=cached&enforcement_point_path={place}")).ok();
    lab.get(&format!("{session}/detailed-status?enforcement_point_path=/infra/x/y")).refused(400, 500_012);
    lab.get(&format!("{session}/detailed-status?source=memory")).refused(400, 255);

    let statistics = lab.get(&format!("{session}/statistics")).ok();
    let policy = json!({
        "tunnel_interface_path": format!("{session}/interfaces/default-tunnel-interface"),
        "aggregate_traffic_counters": counters(),
    });
    let result = json!({
        "ike_status": { "ike_session_state": "UP", "fail_reason": "" },
        "policy_statistics": [policy],
        "aggregate_traffic_counters": counters(),
        "last_update_timestamp": 1_611_003_925_231_i64, "display_name": " VPNToDFWDC1",
        "enforcement_point_path": place, "resource_type": "IPSecVpnSessionStatisticsNsxT",
    });
    has_the_shape(&statistics, &json!({ "results": [result], "intent_path": session }), "statistics");
    let interface = &statistics["results"][0]["policy_statistics"][0]["tunnel_interface_path"];
    assert_eq!(interface, &format!("{session}/interfaces/default-tunnel-interface"));
    assert_eq!(lab.post(&format!("{session}/statistics?action=reset")).ok(), Value::Null);
    lab.post(&format!("{session}/statistics")).refused(400, 255);
    let summary = lab.get(&format!("{SERVICE}/summary")).ok();
    assert_eq!(summary["session_summary"]["total_sessions"], 1);
    assert_eq!(summary["session_summary"]["negotiating_sessions"], 1);

    let status = lab.get(&format!("{NEIGHBORS}/status")).ok();
    let printed = json!({
        "source_address": "169.254.150.2", "local_port": 0, "neighbor_address": "169.254.150.1", "remote_port": 0,
        "remote_as_number": "65000", "connection_state": "IDLE", "messages_received": 0, "messages_sent": 0,
        "time_since_established": 0, "total_in_prefix_count": 0, "total_out_prefix_count": 0,
        "address_families": [{ "type": "IPV4_UNICAST", "in_prefix_count": 0, "out_prefix_count": 0 }],
        "connection_drop_count": 0, "established_connection_count": 0, "hold_time": 180, "keep_alive_interval": 60,
        "graceful_restart_mode": "HELPER_ONLY", "announced_capabilities": [], "negotiated_capability": [],
        "neighbor_router_id": "0.0.0.0", "tier0_path": "/infra/tier-0s/vmc", "last_update_timestamp": 1_611_005_095_965_i64,
    });
    has_the_shape(&status["results"][0], &printed, "neighbor");
    for name in ["hold_time", "keep_alive_interval", "graceful_restart_mode", "tier0_path", "neighbor_router_id"] {
        assert_eq!(status["results"][0][name], printed[name], "{name}");
    }
    let inter = lab.get(&format!("{NEIGHBORS}/status?bgp_neighbor_type=INTER_SR")).ok();
    assert_eq!(inter["result_count"], 0);

    let neighbors = lab.get(NEIGHBORS).ok();
    let neighbor = format!("{NEIGHBORS}/{}", neighbors["results"][0]["id"].as_str().unwrap());
    for what in ["routes", "advertised-routes"] {
        let found = lab.get(&format!("{neighbor}/{what}")).ok();
        assert_eq!(found["results"][0]["egde_node_routes"], found["results"][0]["edge_node_routes"]);
        for (method, query) in
            [("POST", "format=csv".to_owned()), ("GET", format!("format=csv&enforcement_point_path={place}"))]
        {
            let csv = lab.by(("admin", PASSWORD), method, &format!("{neighbor}/{what}?{query}"), "");
            assert_eq!((csv.status, csv.header("content-type")), (200, Some("text/csv")));
            assert!(csv.text().starts_with("logical_router_id,neighbor_id,"), "{}", csv.text());
        }
    }
    lab.post(&format!("{neighbor}/routes")).refused(400, 255);
}
