//! Simulated peers and flows: every rule, with what breaks it and what just does
//! not.

use serde_json::{Value as Json, json};

use super::*;
use crate::model::hold::{Use, clash, holds};
use crate::model::{Kind, PolicyPath, SIMULATED_FLOW, SIMULATED_PEER};

/// `body` with the fields of `extra`; those that are null there are left out.
fn with(body: &Json, extra: &Json) -> Json {
    let mut all = body.as_object().unwrap().clone();
    all.extend(extra.as_object().unwrap().clone());
    all.retain(|_, value| !value.is_null());
    Json::Object(all)
}

fn peer(extra: &Json) -> Json {
    with(&json!({ "address": "198.51.100.1", "psk": "k" }), extra)
}

fn flow(extra: &Json) -> Json {
    with(&json!({ "source": "192.168.1.9", "destination": "10.20.0.9", "destination_port": 443 }), extra)
}

fn check(kind: &Kind, base: fn(&Json) -> Json, cases: &[(Json, &[&str])]) {
    for (extra, places) in cases {
        assert_eq!(refused(kind, &base(extra)), *places, "{}: {extra}", kind.name);
    }
}

#[test]
fn a_peer_proves_itself_by_a_key_or_a_certificate() {
    check(
        &SIMULATED_PEER,
        peer,
        &[
            (json!({}), &[]),
            (json!({ "psk": null }), &["psk"]),
            (json!({ "psk": "" }), &["psk"]),
            (json!({ "psk": "x".repeat(128) }), &[]),
            (json!({ "psk": "x".repeat(129) }), &["psk"]),
            (json!({ "psk": null, "certificate_subject": "CN=branch" }), &[]),
            (json!({ "psk": "", "certificate_subject": "CN=branch" }), &[]),
            (json!({ "certificate_subject": "CN=branch" }), &["certificate_subject"]),
            (json!({ "psk": null, "certificate_subject": "" }), &["certificate_subject"]),
        ],
    );
}

#[test]
fn a_peer_identifies_itself_by_what_it_has() {
    let id = |extra: Json| accepted(&SIMULATED_PEER, &peer(&extra))["ike_id"].clone();
    assert_eq!(id(json!({})), "198.51.100.1");
    assert_eq!(id(json!({ "address": "2001:DB8:0::1" })), "2001:db8::1");
    assert_eq!(id(json!({ "psk": null, "certificate_subject": "CN=branch" })), "CN=branch");
    assert_eq!(id(json!({ "psk": null, "certificate_subject": "CN=branch", "ike_id": "branch" })), "branch");
}

#[test]
fn the_addresses_of_a_peer_are_those_of_interfaces() {
    check(
        &SIMULATED_PEER,
        peer,
        &[
            (json!({ "address": null }), &["address"]),
            (json!({ "address": "198.51.100.1/32" }), &["address"]),
            (json!({ "address": "branch.example.com" }), &["address"]),
            (json!({ "address": "0.0.0.0" }), &["address"]),
            (json!({ "address": "127.0.0.1" }), &["address"]),
            (json!({ "address": "224.0.0.5" }), &["address"]),
            (json!({ "address": "ff02::1" }), &["address"]),
            (json!({ "address": "2001:db8::1" }), &[]),
            (json!({ "tunnel_addresses": ["169.254.9.2", "fd00::2"] }), &[]),
            (json!({ "tunnel_addresses": ["169.254.9.2", "224.0.0.5"] }), &["tunnel_addresses[1]"]),
            (json!({ "bgp": { "address": "10.20.0.1" } }), &[]),
            (json!({ "bgp": { "address": "255.255.255.255" } }), &["bgp.address"]),
        ],
    );
}

#[test]
fn the_algorithms_of_a_peer_fit_together() {
    for list in ["ike_proposals", "esp_proposals"] {
        let digests = format!("{list}[0].digest_algorithms");
        let proposal = |ciphers: Json, own: Json| {
            let proposal = with(&json!({ "encryption_algorithms": ciphers }), &own);
            refused(&SIMULATED_PEER, &peer(&json!({ list: [proposal] })))
        };
        assert_eq!(proposal(json!(["AES_256"]), json!({})), [""; 0], "{list}");
        assert_eq!(proposal(json!(["AES_256"]), json!({ "digest_algorithms": [] })), [digests.as_str()]);
        assert_eq!(proposal(json!(["AES_GCM_128"]), json!({ "digest_algorithms": ["SHA1"] })), [digests.as_str()]);
        // A list of both sorts takes a digest, for those that need one.
        let mixed = json!(["AES_GCM_128", "AES_256"]);
        assert_eq!(proposal(mixed, json!({ "digest_algorithms": ["SHA2_384"] })), [""; 0]);
        assert_eq!(proposal(json!([]), json!({})), [format!("{list}[0].encryption_algorithms")]);
        assert_eq!(proposal(Json::Null, json!({})), [format!("{list}[0].encryption_algorithms")]);
        assert_eq!(proposal(json!(["aes_256"]), json!({})), [format!("{list}[0].encryption_algorithms[0]")]);
        // IKE needs a key exchange (RFC 7296, section 3.3.3); tunnels do without.
        let groups = if list == "ike_proposals" { vec![format!("{list}[0].dh_groups")] } else { Vec::new() };
        assert_eq!(proposal(json!(["AES_256"]), json!({ "dh_groups": [] })), groups);
    }
    // GMAC and no encryption at all are for tunnels.
    let only = |list: &str| {
        let proposal = json!({ "encryption_algorithms": ["NO_ENCRYPTION_AUTH_AES_GMAC_128"] });
        refused(&SIMULATED_PEER, &peer(&json!({ list: [proposal] })))
    };
    assert_eq!(only("ike_proposals"), ["ike_proposals[0].encryption_algorithms[0]"]);
    assert_eq!(only("esp_proposals"), [""; 0]);
}

#[test]
fn what_a_proposal_leaves_out_is_filled_in() {
    let proposal = |list: &str, ciphers: Json| {
        accepted(&SIMULATED_PEER, &peer(&json!({ list: [{ "encryption_algorithms": ciphers }] })))[list][0].clone()
    };
    let aes = proposal("ike_proposals", json!(["AES_256"]));
    assert_eq!((&aes["digest_algorithms"], &aes["dh_groups"]), (&json!(["SHA2_256"]), &json!(["GROUP14"])));
    let gcm = proposal("esp_proposals", json!(["AES_GCM_256"]));
    // Without a group there is no perfect forward secrecy.
    assert_eq!((&gcm["digest_algorithms"], gcm.get("dh_groups")), (&json!([]), None));
}

#[test]
fn the_order_of_proposals_and_within_them_is_kept() {
    let proposals = json!([
        { "encryption_algorithms": ["AES_256", "AES_128"], "digest_algorithms": ["SHA2_512", "SHA2_256"], "dh_groups": ["GROUP20", "GROUP14"] },
        { "encryption_algorithms": ["AES_128"], "digest_algorithms": ["SHA2_256"], "dh_groups": ["GROUP2"] },
    ]);
    let read = accepted(&SIMULATED_PEER, &peer(&json!({ "ike_proposals": proposals })));
    assert_eq!(read["ike_proposals"], proposals);
}

#[test]
fn the_sides_of_a_traffic_selector_are_of_one_ip_version() {
    let selector = |local: &str, remote: &str| {
        let selectors = json!([{ "local": "10.0.0.0/8", "remote": "0.0.0.0/0" }, { "local": local, "remote": remote }]);
        refused(&SIMULATED_PEER, &peer(&json!({ "traffic_selectors": selectors })))
    };
    assert_eq!(selector("10.20.0.0/16", "192.168.0.0/16"), [""; 0]);
    assert_eq!(selector("2001:db8::/32", "::/0"), [""; 0]);
    assert_eq!(selector("10.20.0.0/16", "::/0"), ["traffic_selectors[1].remote"]);
    assert_eq!(selector("10.20.0.0/33", "192.168.0.0/16"), ["traffic_selectors[1].local"]);
}

#[test]
fn ikev1_takes_no_gcm() {
    let with = |version: &str, ciphers: Json| {
        let proposals = json!([{ "encryption_algorithms": ["AES_128"] }, { "encryption_algorithms": ciphers }]);
        refused(&SIMULATED_PEER, &peer(&json!({ "ike_version": version, "ike_proposals": proposals })))
    };
    assert_eq!(with("IKE_V1", json!(["AES_GCM_128"])), ["ike_proposals[1].encryption_algorithms"]);
    assert_eq!(with("IKE_V1", json!(["AES_GCM_128", "AES_256"])), [""; 0]);
    assert_eq!(with("IKE_FLEX", json!(["AES_GCM_128"])), [""; 0]);
}

#[test]
fn a_next_hop_is_of_its_routes_ip_version() {
    let route = |network: &str, next_hop: &str| {
        let routes = json!([{ "network": network, "next_hop": next_hop }]);
        refused(&SIMULATED_PEER, &peer(&json!({ "bgp": { "routes": routes } })))
    };
    assert_eq!(route("10.1.0.0/16", "fd00::1"), ["bgp.routes[0].next_hop"]);
    assert_eq!(route("2001:db8::/32", "169.254.1.1"), ["bgp.routes[0].next_hop"]);
    assert_eq!(route("10.1.0.0/16", "169.254.1.1"), [""; 0]);
}

#[test]
fn numbers_of_a_peer_have_ends() {
    let each = [
        ("ike_sa_life_time", 60, 31_536_000),
        ("tunnel_sa_life_time", 60, 31_536_000),
        ("latency", 0, 60_000),
        // RFC 791: every link carries 576 bytes, and no packet is longer than 65,535.
        ("path_mtu", 576, 65_535),
    ];
    for (field, least, most) in each {
        for (number, places) in [(least - 1, vec![field]), (least, vec![]), (most, vec![]), (most + 1, vec![field])] {
            assert_eq!(refused(&SIMULATED_PEER, &peer(&json!({ field: number }))), places, "{field} {number}");
        }
    }
    let speaker = [
        ("keep_alive_time", 1, 65_535),
        // RFC 4271, section 4.2: at least three seconds.
        ("hold_down_time", 3, 65_535),
    ];
    for (field, least, most) in speaker {
        let place = format!("bgp.{field}");
        for (number, is_refused) in [(least - 1, true), (least, false), (most, false), (most + 1, true)] {
            let found = refused(&SIMULATED_PEER, &peer(&json!({ "bgp": { field: number } })));
            assert_eq!(found, if is_refused { vec![place.clone()] } else { vec![] }, "{field} {number}");
        }
    }
}

#[test]
fn speakers() {
    let speaker = |speaker: Json| json!({ "bgp": speaker });
    let route = |route: Json| json!({ "bgp": { "routes": [route] } });
    let network = "10.20.0.0/16";
    check(
        &SIMULATED_PEER,
        peer,
        &[
            (speaker(json!({})), &[]),
            (speaker(json!({ "as_number": "0" })), &["bgp.as_number"]),
            (speaker(json!({ "as_number": "4294967296" })), &["bgp.as_number"]),
            (speaker(json!({ "router_id": "192.0.2.1" })), &[]),
            (speaker(json!({ "router_id": "2001:db8::1" })), &["bgp.router_id"]),
            // RFC 6286, section 2.1: not zero; anything else will do.
            (speaker(json!({ "router_id": "0.0.0.0" })), &["bgp.router_id"]),
            (speaker(json!({ "router_id": "255.255.255.255" })), &[]),
            (speaker(json!({ "password": "x".repeat(32) })), &[]),
            (speaker(json!({ "password": "x".repeat(33) })), &["bgp.password"]),
            (speaker(json!({ "graceful_restart": { "restart_time": 0 } })), &["bgp.graceful_restart.restart_time"]),
            // RFC 4724, section 3: twelve bits.
            (speaker(json!({ "graceful_restart": { "restart_time": 4_095 } })), &[]),
            (speaker(json!({ "graceful_restart": { "restart_time": 4_096 } })), &["bgp.graceful_restart.restart_time"]),
            (speaker(json!({ "bfd": { "interval": 49 } })), &["bgp.bfd.interval"]),
            (speaker(json!({ "bfd": { "multiple": 1 } })), &["bgp.bfd.multiple"]),
            (speaker(json!({ "in_route_filters": ["/infra/tier-0s/vmc"] })), &["bgp.in_route_filters[0]"]),
            (speaker(json!({ "out_route_filters": ["/infra/tier-0s/vmc/prefix-lists/a"] })), &[]),
            (route(json!({ "network": network })), &[]),
            (route(json!({})), &["bgp.routes[0].network"]),
            (route(json!({ "network": "10.20.0.0" })), &["bgp.routes[0].network"]),
            (route(json!({ "network": network, "as_path": ["65001", "0"] })), &["bgp.routes[0].as_path[1]"]),
            (route(json!({ "network": network, "origin": "igp" })), &["bgp.routes[0].origin"]),
            (route(json!({ "network": network, "med": 4_294_967_295_u32 })), &[]),
            (route(json!({ "network": network, "med": 4_294_967_296_u64 })), &["bgp.routes[0].med"]),
            (route(json!({ "network": network, "local_preference": -1 })), &["bgp.routes[0].local_preference"]),
            (route(json!({ "network": network, "next_hop": "10.20.0.1" })), &[]),
            (route(json!({ "network": network, "next_hop": "0.0.0.0" })), &["bgp.routes[0].next_hop"]),
            (
                speaker(json!({ "routes": [{ "network": network }, { "network": "10.20.7.7/16" }] })),
                &["bgp.routes[1].network"],
            ),
            (speaker(json!({ "routes": [{ "network": network }, { "network": "10.20.0.0/17" }] })), &[]),
        ],
    );
}

#[test]
fn secrets_of_a_peer_are_not_shown() {
    let body = peer(&json!({ "psk": "hush-hush ", "bgp": { "password": "hush-hush\n" } }));
    assert_eq!(warned(&SIMULATED_PEER, &body), ["bgp.password", "psk"]);
    let long = "hush".repeat(40);
    for body in [
        body,
        peer(&json!({ "psk": long, "bgp": { "password": long } })),
        peer(&json!({ "psk": "hush", "certificate_subject": "CN=a", "bgp": { "password": ["hush"] } })),
    ] {
        let problems = read(&SIMULATED_PEER, &Tree::from(&body), None).problems;
        assert!(problems.len() >= 2, "{problems:?}");
        assert!(!format!("{problems:?}").contains("hush"), "{problems:?}");
    }
}

#[test]
fn there_is_one_peer_at_an_address() {
    let own = |id: &str, address: &str| {
        let path = PolicyPath::parse(&format!("/infra/simulated-peers/{id}")).unwrap();
        let tree = read(&SIMULATED_PEER, &Tree::from(&peer(&json!({ "address": address }))), None).tree;
        (holds(&SIMULATED_PEER, &path, &tree).pop().unwrap(), path)
    };
    let (one, _) = own("one", "2001:db8::1");
    assert_eq!((one.used_as, one.at.to_string().as_str()), (Use::PeerAddress, "address"));
    let (two, whose) = own("two", "2001:DB8:0::1");
    assert!(clash(&one, &two, &whose).is_some());
    let (two, whose) = own("two", "2001:db8::2");
    assert!(clash(&one, &two, &whose).is_none());
}

#[test]
fn the_ends_of_a_flow_can_talk() {
    check(
        &SIMULATED_FLOW,
        flow,
        &[
            (json!({}), &[]),
            (json!({ "source": null }), &["source"]),
            (json!({ "destination": null }), &["destination"]),
            (json!({ "source": "192.168.1.0/24" }), &["source"]),
            (json!({ "source": "2001:db8::9" }), &["destination"]),
            (json!({ "source": "2001:db8::9", "destination": "2001:db8:20::9" }), &[]),
            (json!({ "source": "0.0.0.0" }), &["source"]),
            (json!({ "destination": "224.0.0.5" }), &["destination"]),
            (json!({ "destination": "127.0.0.1" }), &["destination"]),
        ],
    );
}

#[test]
fn the_ports_of_a_flow_fit_its_protocol() {
    check(
        &SIMULATED_FLOW,
        flow,
        &[
            (json!({ "protocol": "TCP" }), &[]),
            (json!({ "protocol": "tcp" }), &["protocol"]),
            (json!({ "destination_port": null }), &["destination_port"]),
            (json!({ "protocol": "TCP", "destination_port": null }), &["destination_port"]),
            (json!({ "destination_port": 0 }), &["destination_port"]),
            (json!({ "source_port": 65_536 }), &["source_port"]),
            (json!({ "protocol": "ICMP", "destination_port": null }), &[]),
            (json!({ "protocol": "ICMP", "destination_port": null, "source_port": 9 }), &["source_port"]),
            (json!({ "protocol": "ICMP", "source_port": 9 }), &["source_port", "destination_port"]),
        ],
    );
}

/// The headers: 20 bytes of IPv4 (RFC 791) or 40 of IPv6 (RFC 8200), and 8 of UDP
/// (RFC 768) or ICMP (RFC 792), or 20 of TCP (RFC 9293).
#[test]
fn the_packets_of_a_flow_hold_their_headers() {
    for (protocol, is_v6, least) in
        [("UDP", false, 28), ("TCP", false, 40), ("ICMP", false, 28), ("UDP", true, 48), ("TCP", true, 60)]
    {
        for field in ["packet_size", "reply_packet_size"] {
            let of = |size: i64| {
                let mut body = flow(&json!({ "protocol": protocol, field: size }));
                if is_v6 {
                    body = with(&body, &json!({ "source": "2001:db8::9", "destination": "2001:db8:20::9" }));
                }
                if protocol == "ICMP" {
                    body = with(&body, &json!({ "destination_port": null }));
                }
                let mut places = refused(&SIMULATED_FLOW, &body);
                // The range refuses what fits no protocol at all as well.
                places.dedup();
                places
            };
            assert_eq!(of(least), [""; 0], "{protocol} {least}");
            assert_eq!(of(least - 1), [field], "{protocol} {least}");
            assert_eq!(of(65_535), [""; 0]);
            assert_eq!(of(65_536), [field]);
        }
    }
}

#[test]
fn a_flow_stops_after_it_has_started() {
    check(
        &SIMULATED_FLOW,
        flow,
        &[
            (json!({ "start_time": "2026-01-31T12:00:00Z", "stop_time": "2026-01-31T12:00:01Z" }), &[]),
            (json!({ "start_time": "2026-01-31T12:00:00Z", "stop_time": "2026-01-31T12:00:00Z" }), &["stop_time"]),
            // 12:30 two hours east of Greenwich is half past ten there.
            (json!({ "start_time": "2026-01-31T12:00:00Z", "stop_time": "2026-01-31T12:30:00+02:00" }), &["stop_time"]),
            (json!({ "stop_time": "2026-01-31T12:00:00Z" }), &[]),
            (json!({ "start_time": "tomorrow" }), &["start_time"]),
            (json!({ "stop_time": "2026-01-31" }), &["stop_time"]),
            (json!({ "stop_time": 1_769_860_800 }), &["stop_time"]),
        ],
    );
    let read = accepted(&SIMULATED_FLOW, &flow(&json!({ "start_time": "2026-01-31T13:00:00+01:00" })));
    assert_eq!(read["start_time"], "2026-01-31T12:00:00Z");
}

#[test]
fn only_tcp_asks_not_to_be_fragmented() {
    for (protocol, is_set) in [(Json::Null, false), (json!("UDP"), false), (json!("TCP"), true)] {
        let read = accepted(&SIMULATED_FLOW, &flow(&json!({ "protocol": protocol })));
        assert_eq!(read["dont_fragment"], is_set, "{protocol}");
        let read = accepted(&SIMULATED_FLOW, &flow(&json!({ "protocol": protocol, "dont_fragment": !is_set })));
        assert_eq!(read["dont_fragment"], !is_set, "{protocol}");
    }
}

#[test]
fn what_is_not_known_yet_is_let_pass() {
    for kind in [&SIMULATED_PEER, &SIMULATED_FLOW] {
        let fields = kind.fields().filter(|field| field.is_configurable());
        let unknown = Tree::Object(fields.map(|field| (field.name.to_owned(), Tree::Unknown)).collect());
        assert_eq!(read(kind, &unknown, None).problems, [], "{}", kind.name);
    }
    // Whether a digest is needed depends on the ciphers.
    let proposal = Tree::Object([("encryption_algorithms".to_owned(), Tree::Unknown)].into());
    let Tree::Object(mut body) = Tree::from(&peer(&json!({}))) else { unreachable!() };
    body.insert("ike_proposals".to_owned(), Tree::List(vec![proposal]));
    let reading = read(&SIMULATED_PEER, &Tree::Object(body), None);
    assert_eq!(reading.problems, []);
    assert_eq!(*reading.tree.get("ike_proposals").items()[0].get("digest_algorithms"), Tree::Unknown);
}

/// RFC 4271, section 6.3, and RFC 6890: nobody routes to these by unicast. What merely
/// covers them, such as a default route, is a route as any other.
#[test]
fn a_peer_announces_networks_that_packets_are_routed_to() {
    let announcing = |network: &str| peer(&json!({ "bgp": { "routes": [{ "network": network }] } }));
    for network in ["224.0.0.0/8", "239.1.0.0/16", "127.0.0.0/8", "169.254.0.0/16", "ff00::/8", "::1/128", "fe80::/10"]
    {
        assert_eq!(refused(&SIMULATED_PEER, &announcing(network)), ["bgp.routes[0].network"], "{network}");
    }
    for network in ["0.0.0.0/0", "128.0.0.0/1", "10.0.0.0/8", "223.255.255.0/24", "::/0", "2001:db8::/32"] {
        assert_eq!(refused(&SIMULATED_PEER, &announcing(network)), [""; 0], "{network}");
    }
}
