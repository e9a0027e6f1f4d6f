//! Every rule: what breaks it, and what just does not.

use serde_json::{Value as Json, json};

use super::*;
use crate::model::*;

fn check(kind: &Kind, cases: &[(Json, &[&str])]) {
    for (body, places) in cases {
        assert_eq!(refused(kind, body), *places, "{}: {body}", kind.name);
    }
}

#[test]
fn ike_profiles() {
    check(
        &IKE_PROFILE,
        &[
            (json!({}), &[]),
            (json!({ "encryption_algorithms": ["AES_GCM_128"] }), &[]),
            (
                json!({ "encryption_algorithms": ["AES_GCM_128"], "digest_algorithms": ["SHA2_256"] }),
                &["digest_algorithms"],
            ),
            (json!({ "encryption_algorithms": ["AES_128"], "digest_algorithms": [] }), &["digest_algorithms"]),
            (json!({ "encryption_algorithms": ["AES_GCM_256"], "ike_version": "IKE_V1" }), &["ike_version"]),
            (json!({ "encryption_algorithms": ["AES_GCM_256"], "ike_version": "IKE_FLEX" }), &["ike_version"]),
            (json!({ "ike_version": "IKE_FLEX" }), &[]),
            // The API's default digest for a mixed list shows that a mixed list takes one.
            (json!({ "encryption_algorithms": ["AES_128", "AES_GCM_128"], "digest_algorithms": ["SHA1"] }), &[]),
            (json!({ "encryption_algorithms": ["aes_128"] }), &["encryption_algorithms[0]"]),
            (json!({ "ike_version": "ike_v2" }), &["ike_version"]),
            (json!({ "dh_groups": ["GROUP1"] }), &["dh_groups[0]"]),
            (json!({ "dh_groups": [] }), &["dh_groups"]),
            (json!({ "sa_life_time": 21_599 }), &["sa_life_time"]),
            (json!({ "sa_life_time": 21_600 }), &[]),
            (json!({ "sa_life_time": 31_536_000 }), &[]),
            (json!({ "sa_life_time": 31_536_001 }), &["sa_life_time"]),
            (json!({ "display_name": "x".repeat(255) }), &[]),
            (json!({ "display_name": "x".repeat(256) }), &["display_name"]),
            (json!({ "description": "x".repeat(1025) }), &["description"]),
            (json!({ "tags": [{ "scope": "x".repeat(129) }] }), &["tags[0].scope"]),
            (json!({ "tags": [{ "tag": "x".repeat(257) }] }), &["tags[0].tag"]),
        ],
    );
}

#[test]
fn tunnel_profiles() {
    check(
        &TUNNEL_PROFILE,
        &[
            (json!({}), &[]),
            (json!({ "sa_life_time": 899 }), &["sa_life_time"]),
            (json!({ "sa_life_time": 900 }), &[]),
            (json!({ "encryption_algorithms": ["NO_ENCRYPTION_AUTH_AES_GMAC_256"] }), &[]),
            (
                json!({ "encryption_algorithms": ["NO_ENCRYPTION_AUTH_AES_GMAC_256"], "digest_algorithms": ["SHA1"] }),
                &["digest_algorithms"],
            ),
            (json!({ "encryption_algorithms": ["NO_ENCRYPTION"] }), &[]),
            (json!({ "encryption_algorithms": ["NO_ENCRYPTION"], "digest_algorithms": [] }), &["digest_algorithms"]),
            (json!({ "df_policy": "copy" }), &["df_policy"]),
            (json!({ "dh_groups": [] }), &["dh_groups"]),
            (json!({ "dh_groups": [], "enable_perfect_forward_secrecy": false }), &[]),
        ],
    );
}

#[test]
fn the_digest_follows_the_ciphers() {
    for (kind, ciphers, digest) in [
        (&IKE_PROFILE, None, json!(["SHA2_256"])),
        (&IKE_PROFILE, Some(json!(["AES_256"])), json!(["SHA2_256"])),
        (&IKE_PROFILE, Some(json!(["AES_GCM_192"])), json!([])),
        (&IKE_PROFILE, Some(json!(["AES_GCM_192", "AES_128"])), json!(["SHA2_256"])),
        (&TUNNEL_PROFILE, None, json!([])),
        (&TUNNEL_PROFILE, Some(json!(["AES_128"])), json!(["SHA2_256"])),
        (&TUNNEL_PROFILE, Some(json!(["NO_ENCRYPTION"])), json!(["SHA2_256"])),
    ] {
        let body = ciphers.map_or_else(|| json!({}), |ciphers| json!({ "encryption_algorithms": ciphers }));
        assert_eq!(accepted(kind, &body)["digest_algorithms"], digest, "{}: {body}", kind.name);
    }
}

#[test]
fn dpd_profiles() {
    check(
        &DPD_PROFILE,
        &[
            (json!({ "dpd_probe_interval": 2 }), &["dpd_probe_interval"]),
            (json!({ "dpd_probe_interval": 3 }), &[]),
            (json!({ "dpd_probe_interval": 360 }), &[]),
            (json!({ "dpd_probe_interval": 361 }), &["dpd_probe_interval"]),
            (json!({ "dpd_probe_mode": "ON_DEMAND", "dpd_probe_interval": 1 }), &[]),
            (json!({ "dpd_probe_mode": "ON_DEMAND", "dpd_probe_interval": 10 }), &[]),
            (json!({ "dpd_probe_mode": "ON_DEMAND", "dpd_probe_interval": 11 }), &["dpd_probe_interval"]),
            (json!({ "retry_count": 0 }), &["retry_count"]),
            (json!({ "retry_count": 101 }), &["retry_count"]),
        ],
    );
    assert_eq!(accepted(&DPD_PROFILE, &json!({}))["dpd_probe_interval"], json!(60));
    assert_eq!(accepted(&DPD_PROFILE, &json!({ "dpd_probe_mode": "ON_DEMAND" }))["dpd_probe_interval"], json!(3));
}

#[test]
fn prefix_lists() {
    let entry = |entry: Json| json!({ "prefixes": [entry] });
    check(
        &PREFIX_LIST,
        &[
            (json!({ "prefixes": [] }), &["prefixes"]),
            (entry(json!({ "network": "10.0.0.0/8", "ge": 8, "le": 8 })), &[]),
            (entry(json!({ "network": "10.0.0.0/8", "ge": 24, "le": 32 })), &[]),
            (entry(json!({ "network": "10.0.0.0/8", "le": 7 })), &["prefixes[0].le"]),
            (entry(json!({ "network": "10.0.0.0/8", "ge": 7 })), &["prefixes[0].ge"]),
            (entry(json!({ "network": "10.0.0.0/8", "ge": 25, "le": 24 })), &["prefixes[0].ge"]),
            (entry(json!({ "network": "10.0.0.0/8", "le": 33 })), &["prefixes[0].le"]),
            (entry(json!({ "network": "2001:db8::/32", "le": 128 })), &[]),
            (entry(json!({ "network": "10.0.0.0/33" })), &["prefixes[0].network"]),
            (entry(json!({ "network": "10.0.0.0" })), &["prefixes[0].network"]),
            (entry(json!({ "network": "ANY" })), &[]),
            (entry(json!({ "network": "ANY", "le": 24 })), &["prefixes[0].le"]),
            (entry(json!({ "network": "10.0.0.0/8", "ge": 0 })), &["prefixes[0].ge", "prefixes[0].ge"]),
            (entry(json!({ "network": "10.0.0.0/8", "action": "permit" })), &["prefixes[0].action"]),
            (entry(json!({ "action": "DENY" })), &["prefixes[0].network"]),
        ],
    );
}

#[test]
fn bgp_neighbors() {
    let with = |extra: Json| {
        let mut body = json!({ "neighbor_address": "169.254.151.1", "remote_as_num": "65006" });
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        body
    };
    let list = |id: &str| format!("/infra/tier-0s/vmc/prefix-lists/{id}");
    check(
        &BGP_NEIGHBOR,
        &[
            (with(json!({})), &[]),
            (with(json!({ "remote_as_num": "0" })), &["remote_as_num"]),
            (with(json!({ "remote_as_num": "4294967296" })), &["remote_as_num"]),
            (with(json!({ "remote_as_num": 65006 })), &["remote_as_num"]),
            (with(json!({ "hold_down_time": 59 })), &["hold_down_time"]),
            (with(json!({ "hold_down_time": 60 })), &[]),
            (with(json!({ "hold_down_time": 2, "keep_alive_time": 1 })), &["hold_down_time"]),
            (with(json!({ "maximum_hop_limit": 2 })), &["source_addresses"]),
            (with(json!({ "maximum_hop_limit": 2, "source_addresses": ["10.0.0.1"] })), &[]),
            (
                with(json!({ "source_addresses": (1..=9).map(|i| format!("10.0.0.{i}")).collect::<Vec<_>>() })),
                &["source_addresses"],
            ),
            (with(json!({ "maximum_hop_limit": 2, "source_addresses": ["fd00::1"] })), &["source_addresses[0]"]),
            (with(json!({ "neighbor_address": "fd00::2", "source_addresses": ["fd00::1"] })), &[]),
            (with(json!({ "source_addresses": ["10.0.0.1", "224.0.0.5"] })), &["source_addresses[1]"]),
            (with(json!({ "neighbor_address": "0.0.0.0" })), &["neighbor_address"]),
            (with(json!({ "neighbor_address": "ff02::1" })), &["neighbor_address"]),
            (with(json!({ "neighbor_address": "127.0.0.1" })), &["neighbor_address"]),
            (with(json!({ "neighbor_address": "255.255.255.255" })), &["neighbor_address"]),
            (with(json!({ "neighbor_address": "fe80::1" })), &[]),
            (with(json!({ "password": "x".repeat(32) })), &[]),
            (with(json!({ "password": "x".repeat(33) })), &["password"]),
            (with(json!({ "bfd": { "interval": 49 } })), &["bfd.interval"]),
            (with(json!({ "bfd": { "multiple": 17 } })), &["bfd.multiple"]),
            (with(json!({ "neighbor_local_as_config": {} })), &["neighbor_local_as_config.local_as_num"]),
            (with(json!({ "route_filtering": [{ "maximum_routes": 0 }] })), &["route_filtering[0].maximum_routes"]),
            (
                with(json!({ "route_filtering": [{ "address_family": "IPV4" }, {}] })),
                &["route_filtering[1].address_family"],
            ),
            (with(json!({ "route_filtering": [{ "address_family": "IPV4" }, { "address_family": "IPV6" }] })), &[]),
            (
                with(
                    json!({ "in_route_filters": [list("a")], "route_filtering": [{ "in_route_filters": [list("b")] }] }),
                ),
                &["in_route_filters"],
            ),
            (
                with(
                    json!({ "in_route_filters": [list("a")], "route_filtering": [{ "in_route_filters": [list("a")] }] }),
                ),
                &[],
            ),
            (
                with(json!({ "route_filtering": [{ "in_route_filters": ["/infra/tier-0s/vmc"] }] })),
                &["route_filtering[0].in_route_filters[0]"],
            ),
        ],
    );
}

#[test]
fn bgp_configurations() {
    check(
        &BGP_CONFIG,
        &[
            (json!({}), &[]),
            (json!({ "local_as_num": "65000" }), &[]),
            (json!({ "local_as_num": "0" }), &["local_as_num"]),
            (json!({ "ebgp_admin_distance": 0 }), &["ebgp_admin_distance"]),
            (json!({ "ibgp_admin_distance": 256 }), &["ibgp_admin_distance"]),
            (
                json!({ "graceful_restart_config": { "timer": { "restart_timer": 3601 } } }),
                &["graceful_restart_config.timer.restart_timer"],
            ),
            (json!({ "route_aggregations": [{ "prefix": "10.0.0.0" }] }), &["route_aggregations[0].prefix"]),
        ],
    );
    let config = accepted(&BGP_CONFIG, &json!({ "local_as_num": "" }));
    assert_eq!(config.get("local_as_num"), None, "an empty number is none");
    assert_eq!((&config["ecmp"], &config["multipath_relax"]), (&json!(true), &json!(true)));
    assert_eq!(config.get("inter_sr_ibgp"), None, "it follows from the gateway's mode");
    let neighbor = json!({ "neighbor_address": "169.254.151.1", "remote_as_num": "" });
    assert_eq!(refused(&BGP_NEIGHBOR, &neighbor), ["remote_as_num"]);
}

#[test]
fn sha1_is_warned_of() {
    for kind in [&IKE_PROFILE, &TUNNEL_PROFILE] {
        let with = |digests: Json| {
            warned(kind, &json!({ "encryption_algorithms": ["AES_256"], "digest_algorithms": digests }))
        };
        assert_eq!(with(json!(["SHA2_256", "SHA1"])), ["digest_algorithms"], "{}", kind.name);
        assert_eq!(with(json!(["SHA2_256", "SHA2_512"])), [""; 0]);
    }
}

fn session(own: &Json) -> Json {
    let service = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default";
    let mut body = json!({
        "local_endpoint_path": format!("{service}/local-endpoints/Private-IP1"),
        "peer_address": "10.0.0.1", "peer_id": "10.0.0.1", "psk": "k",
        "tunnel_interfaces": [{ "ip_subnets": [{ "ip_addresses": ["169.254.151.2"], "prefix_length": 30 }] }]
    });
    for (name, value) in own.as_object().unwrap() {
        if value.is_null() {
            body.as_object_mut().unwrap().remove(name);
        } else {
            body[name] = value.clone();
        }
    }
    body
}

fn interface(address: &str, length: i64) -> Json {
    session(
        &json!({ "tunnel_interfaces": [{ "ip_subnets": [{ "ip_addresses": [address], "prefix_length": length }] }] }),
    )
}

#[test]
fn sessions() {
    let ike = "/infra/ipsec-vpn-ike-profiles/a";
    let address = "tunnel_interfaces[0].ip_subnets[0].ip_addresses[0]";
    let length = "tunnel_interfaces[0].ip_subnets[0].prefix_length";
    check(
        &ROUTE_BASED_SESSION,
        &[
            (session(&json!({})), &[]),
            (session(&json!({ "psk": null })), &["psk"]),
            (session(&json!({ "psk": "x".repeat(128) })), &[]),
            (session(&json!({ "psk": "x".repeat(129) })), &["psk"]),
            (session(&json!({ "authentication_mode": "CERTIFICATE" })), &["psk"]),
            (session(&json!({ "authentication_mode": "CERTIFICATE", "psk": null })), &[]),
            (session(&json!({ "compliance_suite": "CNSA" })), &["authentication_mode"]),
            (session(&json!({ "compliance_suite": "CNSA", "authentication_mode": "CERTIFICATE", "psk": null })), &[]),
            (
                session(&json!({
                    "compliance_suite": "FIPS", "authentication_mode": "CERTIFICATE", "psk": null, "ike_profile_path": ike
                })),
                &["ike_profile_path"],
            ),
            (session(&json!({ "ike_profile_path": ike })), &[]),
            (session(&json!({ "ike_profile_path": "/infra/ipsec-vpn-tunnel-profiles/a" })), &["ike_profile_path"]),
            (
                session(&json!({ "tcp_mss_clamping": { "max_segment_size": 107 } })),
                &["tcp_mss_clamping.max_segment_size"],
            ),
            (
                session(&json!({ "tcp_mss_clamping": { "max_segment_size": 8903 } })),
                &["tcp_mss_clamping.max_segment_size"],
            ),
            (session(&json!({ "peer_address": "peer.example.com" })), &["peer_address"]),
            (session(&json!({ "peer_address": "0.0.0.0" })), &["peer_address"]),
            (session(&json!({ "peer_address": "239.1.1.1" })), &["peer_address"]),
            (session(&json!({ "peer_address": "127.0.0.1" })), &["peer_address"]),
            (session(&json!({ "peer_address": "255.255.255.255" })), &["peer_address"]),
            (session(&json!({ "peer_address": "172.16.0.255" })), &[]),
            (session(&json!({ "tunnel_interfaces": [] })), &["tunnel_interfaces"]),
            (interface("169.254.151.2", 30), &[]),
            (interface("169.254.151.2", 31), &[]),
            (interface("169.254.151.2", 32), &[length]),
            (interface("169.254.151.0", 30), &[address]),
            (interface("169.254.151.3", 30), &[address]),
            (interface("10.0.0.1", 30), &[address]),
            (interface("169.254.1.2", 16), &[]),
            (interface("169.254.1.2", 15), &[length]),
            (session(&json!({ "site_overrides": [] })), &["site_overrides"]),
            (session(&json!({ "ha_config": {} })), &["ha_config"]),
        ],
    );
}

#[test]
fn link_local_tunnel_interfaces_are_a_rule_of_the_gateway_vmc_only() {
    let elsewhere = Some("/infra/tier-0s/edge/ipsec-vpn-services/default");
    assert!(refused_below(&ROUTE_BASED_SESSION, &interface("10.0.0.1", 30), elsewhere).is_empty());
    let address = "tunnel_interfaces[0].ip_subnets[0].ip_addresses[0]";
    assert_eq!(refused_below(&ROUTE_BASED_SESSION, &interface("127.0.0.1", 30), elsewhere), [address]);
    assert_eq!(refused_below(&ROUTE_BASED_SESSION, &interface("ff02::1", 64), elsewhere), [address]);
}

#[test]
fn ipv6_needs_the_current_address_of_the_service() {
    let body = session(&json!({ "peer_address": "2001:db8::1" }));
    assert_eq!(refused(&ROUTE_BASED_SESSION, &body), ["peer_address"]);
    assert!(refused_below(&ROUTE_BASED_SESSION, &body, Some(CURRENT_SERVICE)).is_empty());
    let nobody = session(&json!({ "peer_address": "::" }));
    assert_eq!(refused_below(&ROUTE_BASED_SESSION, &nobody, Some(CURRENT_SERVICE)), ["peer_address"]);
}

#[test]
fn local_endpoints() {
    let at = |address: &str| json!({ "local_address": address });
    check(
        &LOCAL_ENDPOINT,
        &[
            (at("203.0.113.9"), &[]),
            (at("0.0.0.0"), &["local_address"]),
            (at("224.0.0.1"), &["local_address"]),
            (at("2001:db8::1"), &["local_address"]),
        ],
    );
}

#[test]
fn a_rule_needs_a_source_and_a_destination_of_one_ip_version() {
    let subnets = |all: &[&str]| all.iter().map(|subnet| json!({ "subnet": subnet })).collect::<Vec<_>>();
    let rule = |sources: &[&str], destinations: &[&str]| {
        let rule = json!({ "sources": subnets(sources), "destinations": subnets(destinations) });
        let body = session(&json!({ "tunnel_interfaces": null, "rules": [rule] }));
        refused_below(&POLICY_BASED_SESSION, &body, Some(CURRENT_SERVICE))
    };
    assert_eq!(rule(&["10.0.0.0/8"], &["2001:db8::/32"]), ["rules[0].destinations"]);
    assert_eq!(rule(&["fd00::/8", "2001:db8::/32"], &["10.0.0.0/8"]), ["rules[0].destinations"]);
    assert_eq!(rule(&["10.0.0.0/8", "fd00::/8"], &["2001:db8::/32"]), [""; 0]);
    assert_eq!(rule(&["10.0.0.0/8"], &[]), [""; 0], "any destination");
    let bypass = json!({ "bypass_rules": [
        { "sources": [{ "subnet": "10.0.0.0/8" }], "destinations": [{ "subnet": "fd00::/8" }] }
    ] });
    assert_eq!(refused(&VPN_SERVICE, &bypass), ["bypass_rules[0].destinations"]);
}

#[test]
fn white_space_around_a_secret_is_warned_of_and_not_shown() {
    for psk in ["secret\n", " secret", "secret\t", "secret\r\n"] {
        assert_eq!(warned(&ROUTE_BASED_SESSION, &session(&json!({ "psk": psk }))), ["psk"], "{psk:?}");
    }
    assert_eq!(warned(&ROUTE_BASED_SESSION, &session(&json!({ "psk": "a secret" }))), [""; 0]);
    let neighbor = json!({ "neighbor_address": "169.254.151.1", "remote_as_num": "65006", "password": "hush-hush\n" });
    let problems = read(&BGP_NEIGHBOR, &Tree::from(&neighbor), None).problems;
    assert_eq!(problems[0].at.to_string(), "password");
    assert!(!format!("{problems:?}").contains("hush"));
}

#[test]
fn an_entry_that_never_decides_is_warned_of() {
    let list = |entries: Json| warned(&PREFIX_LIST, &json!({ "prefixes": entries }));
    let ten = json!({ "network": "10.0.0.0/8" });
    assert_eq!(list(json!([ten, { "network": "10.0.0.0/8", "action": "DENY" }])), ["prefixes[1]"]);
    assert_eq!(list(json!([{ "network": "any" }, ten, { "network": "ANY" }, { "network": "ANY" }])).len(), 2);
    assert_eq!(list(json!([ten, { "network": "10.1.2.3/8" }])), ["prefixes[1].network", "prefixes[1]"]);
    assert_eq!(list(json!([ten, { "network": "10.0.0.0/8", "le": 26 }, { "network": "10.0.0.0/9" }])), [""; 0]);
}

#[test]
fn policy_rules() {
    let with = |rules: Json| session(&json!({ "tunnel_interfaces": null, "rules": rules }));
    check(
        &POLICY_BASED_SESSION,
        &[
            (with(json!([{ "sources": [{ "subnet": "192.168.98.0/24" }] }])), &[]),
            (with(json!([])), &["rules"]),
            (with(json!([{ "sources": [{ "subnet": "192.168.98.0/33" }] }])), &["rules[0].sources[0]"]),
            (with(json!([{ "id": "a" }, { "id": "a" }])), &["rules[1]"]),
            (with(json!([{ "sequence_number": -1 }])), &["rules[0].sequence_number"]),
            (with(json!([{ "action": "BYPASS" }])), &["rules[0].action"]),
            (
                with(
                    json!([{ "sources": (0..129).map(|i| json!({ "subnet": format!("10.0.{i}.0/24") })).collect::<Vec<_>>() }]),
                ),
                &["rules[0].sources"],
            ),
        ],
    );
}

#[test]
fn a_rule_without_an_id_gets_one_of_what_it_matches() {
    let rules = |rules: Json| {
        let body = session(&json!({ "tunnel_interfaces": null, "rules": rules }));
        accepted(&POLICY_BASED_SESSION, &body)["rules"].clone()
    };
    let id = |rules: &Json, position: usize| rules[position]["id"].as_str().unwrap().to_owned();
    let short = rules(json!([{ "sources": [{ "subnet": "10.0.0.0/8" }] }, { "display_name": "To DC 1" }]));
    assert_eq!((id(&short, 0), id(&short, 1)), ("10.0.0.0_8-to-any".to_owned(), "To-DC-1".to_owned()));
    let many: Vec<_> = (0..100).map(|i| json!({ "subnet": format!("10.0.{i}.0/24") })).collect();
    let to = |subnet: &str| json!({ "sources": many, "destinations": [{ "subnet": subnet }] });
    let long = rules(json!([to("10.1.0.0/16"), to("10.2.0.0/16")]));
    assert!(id(&long, 0) != id(&long, 1) && id(&long, 0).len() <= 80);
}

#[test]
fn segments() {
    let subnet = |subnet: Json| json!({ "subnets": [subnet] });
    check(
        &SEGMENT,
        &[
            (json!({}), &[]),
            (subnet(json!({ "gateway_address": "192.168.98.1/24" })), &[]),
            (subnet(json!({ "gateway_address": "192.168.98.0/24" })), &["subnets[0].gateway_address"]),
            (subnet(json!({ "gateway_address": "192.168.98.255/24" })), &["subnets[0].gateway_address"]),
            (subnet(json!({ "gateway_address": "192.168.98.1" })), &["subnets[0].gateway_address"]),
            (
                subnet(json!({ "gateway_address": "192.168.98.1/24", "dhcp_ranges": ["192.168.98.10-192.168.98.20"] })),
                &[],
            ),
            (
                subnet(json!({ "gateway_address": "192.168.98.1/24", "dhcp_ranges": ["192.168.99.10-192.168.99.20"] })),
                &["subnets[0].dhcp_ranges[0]"],
            ),
            (
                subnet(json!({ "gateway_address": "192.168.98.1/24", "dhcp_ranges": ["192.168.98.1-192.168.98.20"] })),
                &["subnets[0].dhcp_ranges[0]"],
            ),
            (
                subnet(
                    json!({ "gateway_address": "192.168.98.5/24", "dhcp_ranges": ["192.168.98.6", "192.168.98.5"] }),
                ),
                &["subnets[0].dhcp_ranges[1]"],
            ),
            (
                subnet(json!({
                    "gateway_address": "192.168.98.1/24",
                    "dhcp_ranges": ["192.168.98.30-192.168.98.39", "192.168.98.10-192.168.98.30"]
                })),
                &["subnets[0].dhcp_ranges[1]"],
            ),
            (
                subnet(json!({
                    "gateway_address": "192.168.98.1/24",
                    "dhcp_ranges": ["192.168.98.30-192.168.98.39", "192.168.98.10-192.168.98.29"]
                })),
                &[],
            ),
            (
                subnet(json!({
                    "gateway_address": "2001:db8::1/64",
                    "dhcp_ranges": ["2001:db8::10-2001:db8::1f", "2001:db8::1f-2001:db8::20"]
                })),
                &["subnets[0].dhcp_ranges[1]"],
            ),
            (subnet(json!({ "gateway_address": "127.0.0.1/8" })), &["subnets[0].gateway_address"]),
            (
                json!({ "subnets": [{ "gateway_address": "10.0.0.1/8" }, { "gateway_address": "10.1.0.1/16" }] }),
                &["subnets[1].gateway_address"],
            ),
        ],
    );
}

#[test]
fn a_name_that_is_nearly_one_is_answered_with_it() {
    let hint = |kind: &Kind, body: Json| read(kind, &Tree::from(&body), None).problems[0].hint.clone();
    for name in ["displayName", "display-name", "Display_Name", "displayname"] {
        assert_eq!(hint(&IKE_PROFILE, json!({ name: "a" })), "Did you mean display_name?", "{name}");
    }
    assert_eq!(hint(&IKE_PROFILE, json!({ "dhGroups": [] })), "Did you mean dh_groups?");
    assert_eq!(hint(&IKE_PROFILE, json!({ "tag": [] })), "Did you mean tags?");
    assert_eq!(
        hint(&PREFIX_LIST, json!({ "prefixes": [{ "displayName": "a" }] })),
        "Remove it, or correct its spelling."
    );
    assert_eq!(hint(&IKE_PROFILE, json!({ "cipher": [] })), "Remove it, or correct its spelling.");
}

#[test]
fn a_field_that_is_null_says_nothing_whatever_its_name() {
    check(
        &SEGMENT,
        &[
            (json!({ "cipher": null, "subnets": [{ "gateway_address": "10.0.0.1/24", "dhcp_config": null }] }), &[]),
            (
                json!({ "subnets": [{ "gateway_address": "10.0.0.1/24", "dhcp_config": {} }] }),
                &["subnets[0].dhcp_config"],
            ),
        ],
    );
}

#[test]
fn what_is_not_known_yet_is_let_pass() {
    let unknown =
        |fields: &[&str]| Tree::Object(fields.iter().map(|name| ((*name).to_owned(), Tree::Unknown)).collect());
    let fields =
        ["local_endpoint_path", "peer_address", "peer_id", "psk", "tunnel_interfaces", "authentication_mode", "rules"];
    for kind in [&ROUTE_BASED_SESSION, &POLICY_BASED_SESSION] {
        let known: Vec<_> = fields.iter().copied().filter(|name| kind.field(name).is_some()).collect();
        assert_eq!(read(kind, &unknown(&known), None).problems, [], "{}", kind.name);
    }
    assert_eq!(read(&PREFIX_LIST, &unknown(&["prefixes"]), None).problems, []);
}
