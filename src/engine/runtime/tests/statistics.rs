//! What sessions count, and how it is told.

use serde_json::json;

use super::{BGP, FLOWS, Lab, PEERS, Question, SEGMENTS, SERVICE, parsed, session};

/// The fields of the samples in seed 002.
const STATUS: [&str; 10] = [
    "runtime_status",
    "ike_status",
    "total_tunnels",
    "negotiated_tunnels",
    "failed_tunnels",
    "aggregate_traffic_counters",
    "last_update_timestamp",
    "display_name",
    "enforcement_point_path",
    "resource_type",
];
const TUNNEL: [&str; 20] = [
    "tunnel_status",
    "tunnel_down_reason",
    "packets_in",
    "packets_out",
    "bytes_in",
    "bytes_out",
    "packets_received_other_error",
    "replay_errors",
    "integrity_failures",
    "decryption_failures",
    "packets_sent_other_error",
    "seq_number_overflow_error",
    "encryption_failures",
    "sa_mismatch_errors_in",
    "nomatching_policy_errors",
    "sa_mismatch_errors_out",
    "peer_subnet",
    "local_subnet",
    "dropped_packets_in",
    "dropped_packets_out",
];

fn names(object: &serde_json::Value) -> Vec<String> {
    let mut names: Vec<_> = object.as_object().unwrap().keys().cloned().collect();
    names.sort();
    names
}

fn sorted<const N: usize>(names: [&str; N]) -> Vec<String> {
    let mut names: Vec<_> = names.map(str::to_owned).to_vec();
    names.sort();
    names
}

#[test]
fn answers_have_every_field_of_the_seeds_samples() {
    let mut lab = Lab::new();
    lab.route_based("dc", 1);
    lab.at(1_000);
    let question = Question::SessionStatus(parsed(&session("dc")));
    let status = lab.engine.ask(&question, &[], lab.moment()).unwrap().document.unwrap()["results"][0].clone();
    assert_eq!(names(&status), sorted(STATUS));
    assert_eq!(status["resource_type"], "IPSecVpnSessionStatusNsxT");
    assert_eq!(status["last_update_timestamp"], super::BEGIN + 1_000);
    let statistics = lab.statistics("dc");
    assert_eq!(statistics["resource_type"], "IPSecVpnSessionStatisticsNsxT");
    let policy = &statistics["policy_statistics"][0];
    assert_eq!(policy["tunnel_interface_path"], format!("{}/interfaces/default-tunnel-interface", session("dc")));
    let tunnel = &policy["tunnel_statistics"][0];
    assert_eq!(names(tunnel), sorted(TUNNEL));
    assert_eq!((&tunnel["peer_subnet"], &tunnel["local_subnet"]), (&json!("0.0.0.0/0"), &json!("0.0.0.0/0")));
}

/// Ten packets a second of 200 bytes, from 1 s on, each answered by one of 50.
fn flow() -> serde_json::Value {
    json!({
        "source": "192.168.10.5", "destination": "10.20.1.1", "protocol": "UDP", "destination_port": 53,
        "packets_per_second": 10, "packet_size": 200, "reply_packet_size": 50,
    })
}

#[test]
fn a_flow_counts_by_arithmetic_until_it_is_reset() {
    let mut lab = Lab::new();
    lab.route_based("dc", 1);
    lab.at(1_000).put(&format!("{FLOWS}/f"), flow());
    // Packets at 1000, 1100, … 1900 ms.
    lab.at(2_000);
    let counters = lab.status("dc")["aggregate_traffic_counters"].clone();
    let expected = json!({
        "packets_in": 10, "packets_out": 10, "bytes_in": 500, "bytes_out": 2_000,
        "dropped_packets_in": 0, "dropped_packets_out": 0,
    });
    assert_eq!(counters, expected);
    lab.at(10_000);
    lab.engine.reset_statistics(&parsed(&session("dc")), lab.moment()).unwrap();
    assert_eq!(lab.status("dc")["aggregate_traffic_counters"]["packets_out"], 0);
    lab.at(13_000);
    assert_eq!(lab.statistics("dc")["aggregate_traffic_counters"]["packets_out"], 30);
    // A day later, without anything in between: 86,400 s x 10.
    lab.at(13_000 + 86_400_000);
    assert_eq!(lab.statistics("dc")["aggregate_traffic_counters"]["packets_out"], 864_030);
}

#[test]
fn a_policy_based_session_has_a_tunnel_for_each_pair() {
    let mut lab = Lab::new();
    lab.segment();
    lab.put(
        &session("dc"),
        json!({
            "resource_type": "PolicyBasedIPSecVpnSession",
            "local_endpoint_path": format!("{SERVICE}/local-endpoints/Public-IP1"),
            "peer_address": "198.51.100.1",
            "peer_id": "198.51.100.1",
            "psk": "correct horse",
            "rules": [{
                "id": "r",
                "sources": [{ "subnet": "192.168.10.0/24" }, { "subnet": "10.2.1.140/32" }],
                "destinations": [{ "subnet": "10.20.0.0/16" }],
            }],
        }),
    );
    lab.put(&format!("{PEERS}/dc"), json!({ "address": "198.51.100.1", "psk": "correct horse" }));
    lab.at(1_000).put(&format!("{FLOWS}/f"), flow());
    lab.at(2_000);
    assert_eq!(lab.status("dc")["total_tunnels"], 2);
    let policy = lab.statistics("dc")["policy_statistics"][0].clone();
    assert_eq!(policy["rule_path"], format!("{}/rules/r", session("dc")));
    let counted: Vec<_> = policy["tunnel_statistics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tunnel| (tunnel["local_subnet"].as_str().unwrap().to_owned(), tunnel["packets_out"].as_u64().unwrap()))
        .collect();
    assert_eq!(counted, [("10.2.1.140/32".to_owned(), 0), ("192.168.10.0/24".to_owned(), 10)]);
    let all = &policy["aggregate_traffic_counters"];
    assert_eq!((&all["packets_out"], &all["packets_in"]), (&json!(10), &json!(10)));
    assert_eq!((&all["bytes_out"], &all["bytes_in"]), (&json!(10 * 200), &json!(10 * 50)));
}

/// The one tunnel of a route-based session carries both IP versions.
#[test]
fn packets_of_both_ip_versions_are_counted() {
    let mut lab = Lab::new();
    lab.route_based("dc", 1);
    lab.patch(
        &format!("{SEGMENTS}/app"),
        json!({
            "subnets": [{ "gateway_address": "192.168.10.1/24" }, { "gateway_address": "2001:db8:1::1/64" }]
        }),
    );
    let addresses = |own: &str, length: u8| json!({ "ip_addresses": [own], "prefix_length": length });
    let both = json!([addresses("169.254.1.2", 30), addresses("fd00:1::1", 126)]);
    lab.patch(&session("dc"), json!({ "tunnel_interfaces": [{ "ip_subnets": both }] }));
    lab.patch(
        &format!("{BGP}/neighbors/dc"),
        json!({ "route_filtering": [{ "address_family": "IPV4" }, { "address_family": "IPV6" }] }),
    );
    let routes = json!([{ "network": "10.20.0.0/16" }, { "network": "2001:db8:20::/48", "next_hop": "fd00:1::2" }]);
    lab.patch(&format!("{PEERS}/dc"), json!({ "bgp": { "routes": routes } }));
    let mut v6 = flow();
    v6["source"] = json!("2001:db8:1::5");
    v6["destination"] = json!("2001:db8:20::5");
    lab.at(5_000).put(&format!("{FLOWS}/f"), v6);
    lab.at(6_000);
    let tunnel = lab.statistics("dc")["policy_statistics"][0]["tunnel_statistics"][0].clone();
    let counters = lab.view().traffic.of_flow(&parsed(&format!("{FLOWS}/f")));
    assert_eq!((counters.sent, counters.delivered), (20, 20), "{counters:?}");
    assert_eq!((&tunnel["packets_out"], &tunnel["packets_in"]), (&json!(10), &json!(10)));
}

/// Both ends keep to the MSS of the other's handshake, clamped on its way, and to what the
/// path carries: 1200 + 20 + 20 = 1240 bytes, 1446 without clamping (AES-GCM).
#[test]
fn both_sides_of_a_connection_keep_to_what_fits() {
    for (clamping, largest) in
        [(json!(null), 1_446), (json!({ "direction": "BOTH", "max_segment_size": 1_200 }), 1_240)]
    {
        for (source, destination) in [("192.168.10.5", "10.20.1.1"), ("10.20.1.1", "192.168.10.5")] {
            let mut lab = Lab::new();
            lab.route_based("dc", 1);
            lab.patch(&session("dc"), json!({ "tcp_mss_clamping": clamping }));
            lab.at(5_000).put(
                &format!("{FLOWS}/f"),
                json!({
                    "source": source, "destination": destination, "protocol": "TCP", "destination_port": 443,
                    "packets_per_second": 10, "packet_size": 1_500, "reply_packet_size": 1_500,
                }),
            );
            lab.at(6_000);
            let counters = lab.view().traffic.of_flow(&parsed(&format!("{FLOWS}/f")));
            assert_eq!((counters.sent, counters.delivered), (20, 20), "{counters:?} from {source}");
            let all = lab.status("dc")["aggregate_traffic_counters"].clone();
            assert_eq!((&all["bytes_out"], &all["bytes_in"]), (&json!(10 * largest), &json!(10 * largest)));
        }
    }
}

/// 1500 bytes with DF do not fit a tunnel over a path of 1500.
#[test]
fn what_does_not_fit_is_dropped_and_counted() {
    let mut lab = Lab::new();
    lab.route_based("dc", 1);
    let mut large = flow();
    large["packet_size"] = json!(1_500);
    large["dont_fragment"] = json!(true);
    lab.at(1_000).put(&format!("{FLOWS}/f"), large);
    lab.at(2_000);
    let tunnel = lab.statistics("dc")["policy_statistics"][0]["tunnel_statistics"][0].clone();
    assert_eq!((&tunnel["dropped_packets_out"], &tunnel["packets_sent_other_error"]), (&json!(10), &json!(10)));
    assert_eq!((&tunnel["packets_out"], &tunnel["packets_in"]), (&json!(0), &json!(0)));
}

/// The fastest and largest flow reaches 2^64 bytes in 2^64 / (10^7 x 65,535) seconds, 326
/// days. What counts its bytes stays at the end then.
#[test]
fn counters_do_not_run_over() {
    let mut lab = Lab::new();
    lab.route_based("dc", 1);
    let mut fast = flow();
    fast["packets_per_second"] = json!(10_000_000);
    fast["packet_size"] = json!(65_535);
    lab.at(1_000).put(&format!("{FLOWS}/f"), fast);
    let bytes = |lab: &Lab| lab.status("dc")["aggregate_traffic_counters"]["bytes_out"].as_u64().unwrap();
    let day = 86_400_000;
    lab.at(300 * day);
    let before = bytes(&lab);
    assert!(before < u64::MAX);
    lab.at(5_000 * day);
    assert_eq!(bytes(&lab), u64::MAX);
}

/// In through one tunnel and out through a narrower one: a TCP flow finds what fits both.
#[test]
fn a_connection_finds_what_its_path_carries() {
    let mut lab = Lab::new();
    lab.route_based("dc", 1);
    let profile = "/infra/ipsec-vpn-tunnel-profiles/wide";
    lab.put(profile, json!({ "encryption_algorithms": ["AES_256"], "digest_algorithms": ["SHA2_512"] }));
    lab.put(&session("branch"), super::route_based(2));
    lab.patch(&session("branch"), json!({ "tunnel_profile_path": profile }));
    lab.put(
        &format!("{}/neighbors/branch", super::BGP),
        json!({ "neighbor_address": "169.254.2.1", "remote_as_num": "65011" }),
    );
    let peer = json!({ "address": "198.51.100.2", "psk": "correct horse", "bgp": { "routes": [{ "network": "10.30.0.0/16" }] } });
    lab.put(&format!("{PEERS}/branch"), peer);
    lab.at(5_000);
    let tcp = json!({
        "source": "10.20.1.1", "destination": "10.30.1.1", "protocol": "TCP", "destination_port": 443,
        "packets_per_second": 10, "packet_size": 1_500,
    });
    lab.put(&format!("{FLOWS}/f"), tcp);
    lab.at(6_000);
    let counters = lab.view().traffic.of_flow(&parsed(&format!("{FLOWS}/f")));
    assert_eq!((counters.sent, counters.delivered), (20, 20), "{counters:?}");
}
