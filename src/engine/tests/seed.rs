//! The bodies printed in seed 002, as they are printed.

use serde_json::{Value as Json, json};

use super::*;

pub(super) const IKE: &str = "/infra/ipsec-vpn-ike-profiles/VPNtoDFWDC1IKE";
pub(super) const TUNNEL: &str = "/infra/ipsec-vpn-tunnel-profiles/VPNtoDFWDC1IPSEC";
pub(super) const DPD: &str = "/infra/ipsec-vpn-dpd-profiles/nsx-custom-l3vpn-dpd-profile";
pub(super) const LIST: &str = "/infra/tier-0s/vmc/prefix-lists/VPNPrefixList_inout";
pub(super) const NEIGHBOR: &str = "/infra/tier-0s/vmc/locale-services/default/bgp/neighbors/VPNtoDFWDC1BGP";
pub(super) const SESSION: &str =
    "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/sessions/VPNtoDFWDC1";

pub(super) fn ike() -> Json {
    json!({
        "digest_algorithms": [], "encryption_algorithms": ["AES_GCM_128"], "ike_version": "IKE_V2",
        "dh_groups": ["GROUP21"], "sa_life_time": 86400, "resource_type": "IPSecVpnIkeProfile",
        "id": "VPNtoDFWDC1IKE", "display_name": "VPNtoDFWDC1IKE"
    })
}

pub(super) fn tunnel() -> Json {
    json!({
        "digest_algorithms": [], "encryption_algorithms": ["AES_GCM_128"], "enable_perfect_forward_secrecy": true,
        "dh_groups": ["GROUP21"], "sa_life_time": 3600, "df_policy": "COPY",
        "resource_type": "IPSecVpnTunnelProfile", "id": "VPNtoDFWDC1IPSEC", "display_name": "VPNtoDFWDC1IPSEC"
    })
}

pub(super) fn dpd() -> Json {
    json!({
        "enabled": true, "dpd_probe_mode": "PERIODIC", "dpd_probe_interval": 60, "retry_count": 5,
        "resource_type": "IPSecVpnDpdProfile", "id": "nsx-custom-l3vpn-dpd-profile",
        "display_name": "nsx-custom-l3vpn-dpd-profile"
    })
}

pub(super) fn list() -> Json {
    json!({ "prefixes": [{ "network": "10.0.0.0/8", "action": "PERMIT", "le": 26 }] })
}

pub(super) fn neighbor() -> Json {
    json!({
        "neighbor_address": "169.254.151.1", "remote_as_num": "65006",
        "route_filtering": [{
            "enabled": true, "address_family": "IPV4", "in_route_filters": [LIST], "out_route_filters": [LIST]
        }],
        "keep_alive_time": 60, "hold_down_time": 180, "allow_as_in": false, "maximum_hop_limit": 1,
        "resource_type": "BgpNeighborConfig", "id": "VPNtoDFWDC1BGP", "password": "MyBGPPassword",
        "display_name": " VPNtoDFWDC1BGP"
    })
}

fn session(own: &Json) -> Json {
    let mut body = json!({
        "id": "VPNtoDFWDC1", "display_name": " VPNtoDFWDC1", "enabled": true,
        "local_endpoint_path":
            "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/local-endpoints/Private-IP1",
        "authentication_mode": "PSK", "psk": "test123456", "ike_profile_path": IKE, "tunnel_profile_path": TUNNEL,
        "dpd_profile_path": "/infra/ipsec-vpn-dpd-profiles/nsx-default-l3vpn-dpd-profile",
        "compliance_suite": "NONE", "connection_initiation_mode": "INITIATOR",
        "peer_address": "10.0.0.1", "peer_id": "10.0.0.1"
    });
    body.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
    body
}

pub(super) fn route_based() -> Json {
    session(&json!({
        "tunnel_interfaces": [{
            "ip_subnets": [{ "ip_addresses": ["169.254.151.2"], "prefix_length": 30 }],
            "resource_type": "IPSecVpnTunnelInterface", "id": "default-tunnel-interface",
            "display_name": "default-tunnel-interface"
        }],
        "force_whitelisting": false, "resource_type": "RouteBasedIPSecVpnSession",
        "tcp_mss_clamping": { "direction": "BOTH", "max_segment_size": 1325 }
    }))
}

pub(super) fn policy_based() -> Json {
    session(&json!({
        "rules": [{
            "sources": [{ "subnet": "192.168.98.0/24" }, { "subnet": "10.2.1.140/32" }],
            "destinations": [{ "subnet": "192.168.123.0/24" }],
            "logged": false, "enabled": true, "action": "PROTECT", "sequence_number": 0,
            "resource_type": "IPSecVpnRule", "id": "Test-Policy-l3vpn-rule", "display_name": "Test-Policy-l3vpn-rule"
        }],
        "resource_type": "PolicyBasedIPSecVpnSession"
    }))
}

/// Whether everything in `sent` is in `answered`; lists as sets, since the engine
/// keeps sets in an order of its own.
fn holds(answered: &Json, sent: &Json) -> bool {
    match (answered, sent) {
        (Json::Object(answered), Json::Object(sent)) => {
            sent.iter().all(|(name, value)| answered.get(name).is_some_and(|answered| holds(answered, value)))
        }
        (Json::Array(answered), Json::Array(sent)) => {
            answered.len() == sent.len()
                && sent.iter().all(|value| answered.iter().any(|answered| holds(answered, value)))
        }
        (answered, sent) => answered == sent,
    }
}

#[test]
fn every_body_is_taken_and_answered_with_what_the_system_adds() {
    let lab = Lab::new();
    let other = SESSION.to_owned() + "-policy";
    let mut policy = policy_based();
    policy["id"] = json!("VPNtoDFWDC1-policy");
    let bodies = [
        (IKE, ike()),
        (TUNNEL, tunnel()),
        (DPD, dpd()),
        (LIST, list()),
        (NEIGHBOR, neighbor()),
        (SESSION, route_based()),
        (&other, policy),
    ];
    for (at, body) in bodies {
        lab.put(at, body.clone()).unwrap();
        let revealed = lab.revealed(at);
        assert!(holds(&revealed, &body), "{revealed:#}\ndoes not hold\n{body:#}");
        let shown = lab.get(at).unwrap();
        for added in ["unique_id", "parent_path", "relative_path", "_create_user", "_last_modified_time"] {
            assert!(shown.get(added).is_some(), "{at} lacks {added}");
        }
        assert_eq!(shown["_revision"], json!(0));
        assert_eq!(shown["path"], json!(at));
    }
}

#[test]
fn secrets_are_shown_only_when_asked_for() {
    let lab = Lab::new();
    for (at, body) in
        [(IKE, ike()), (TUNNEL, tunnel()), (LIST, list()), (NEIGHBOR, neighbor()), (SESSION, route_based())]
    {
        let answer = lab.put(at, body).unwrap().into_json();
        assert!(answer.get("psk").is_none() && answer.get("password").is_none());
    }
    assert!(lab.get(SESSION).unwrap().get("psk").is_none());
    assert!(lab.get(NEIGHBOR).unwrap().get("password").is_none());
    assert_eq!(lab.revealed(SESSION)["psk"], json!("test123456"));
    assert_eq!(lab.revealed(NEIGHBOR)["password"], json!("MyBGPPassword"));
}

#[test]
fn what_the_seed_calls_system_defined_is_there_and_stays() {
    let lab = Lab::new();
    let service = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default";
    for at in [
        "/infra/ipsec-vpn-dpd-profiles/nsx-default-l3vpn-dpd-profile".to_owned(),
        format!("{service}/local-endpoints/Private-IP1"),
        format!("{service}/local-endpoints/Public-IP1"),
        "/infra/tier-0s/vmc/locale-services/default/bgp".to_owned(),
    ] {
        assert_eq!(lab.get(&at).unwrap()["_system_owned"], json!(true), "{at}");
        assert_eq!(code(lab.delete(&at)), (403, 289), "{at}");
        assert_eq!(code(lab.patch(&at, json!({ "description": "mine" }))), (403, 289), "{at}");
    }
    assert_eq!(lab.get("/infra/tier-0s/vmc/locale-services/default/bgp").unwrap()["local_as_num"], json!("65000"));
    let dpd = lab.get("/infra/ipsec-vpn-dpd-profiles/nsx-default-l3vpn-dpd-profile").unwrap();
    assert_eq!((&dpd["dpd_probe_mode"], &dpd["dpd_probe_interval"]), (&json!("PERIODIC"), &json!(60)));
}
