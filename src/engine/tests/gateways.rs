//! Gateways that users create: what comes with them, and what holds them.

use serde_json::json;

use super::*;
use crate::engine::index;
use crate::engine::store::StoreExt;

const TIER_0: &str = "/infra/tier-0s/edge";
const TIER_1: &str = "/infra/tier-1s/tenant";
const SERVICE: &str = "/infra/tier-1s/tenant/locale-services/default/ipsec-vpn-services/vpn";

/// A tier-0 gateway with a tier-1 gateway, each with a locale service.
fn lab() -> Lab {
    let lab = Lab::new();
    lab.put(TIER_0, json!({ "ha_mode": "ACTIVE_STANDBY", "failover_mode": "PREEMPTIVE" })).unwrap();
    lab.put(&format!("{TIER_0}/locale-services/edge-1"), json!({})).unwrap();
    lab.put(TIER_1, json!({ "tier0_path": TIER_0 })).unwrap();
    lab.put(&format!("{TIER_1}/locale-services/default"), json!({})).unwrap();
    lab
}

fn session() -> Json {
    json!({
        "resource_type": "PolicyBasedIPSecVpnSession",
        "local_endpoint_path": format!("{SERVICE}/local-endpoints/here"),
        "peer_address": "198.51.100.1", "peer_id": "198.51.100.1", "psk": "key",
        "rules": [{ "sources": [{ "subnet": "10.1.0.0/24" }], "destinations": [{ "subnet": "10.9.0.0/24" }] }],
    })
}

#[test]
fn a_vpn_lies_below_a_tier_1_gateway_at_both_addresses() {
    let lab = lab();
    lab.put(SERVICE, json!({ "ike_log_level": "DEBUG" })).unwrap();
    let endpoint = "/infra/tier-1s/tenant/ipsec-vpn-services/vpn/local-endpoints/here";
    lab.put(endpoint, json!({ "local_address": "203.0.113.9" })).unwrap();
    let short = "/infra/tier-1s/tenant/ipsec-vpn-services/vpn/sessions/office";
    lab.put(short, session()).unwrap();
    let stored = lab.get(&format!("{SERVICE}/sessions/office")).unwrap();
    assert_eq!(stored, lab.get(short).unwrap());
    assert_eq!(stored["parent_path"], SERVICE);
    assert_eq!(stored["resource_type"], "PolicyBasedIPSecVpnSession");
    for held in [SERVICE, TIER_1, TIER_0, &format!("{SERVICE}/local-endpoints/here")] {
        assert_eq!(code(lab.delete(held)), (400, 500_030), "{held}");
    }
    let orphan = "/infra/tier-1s/none/ipsec-vpn-services/vpn";
    assert_eq!(code(lab.put(orphan, json!({}))), (400, 500_012));
}

#[test]
fn a_gateway_may_have_several_vpn_services() {
    let lab = lab();
    lab.put(&format!("{TIER_1}/locale-services/second"), json!({})).unwrap();
    for at in ["default/ipsec-vpn-services/one", "default/ipsec-vpn-services/two", "second/ipsec-vpn-services/one"] {
        lab.put(&format!("{TIER_1}/locale-services/{at}"), json!({})).unwrap();
    }
    let listed =
        lab.engine.list(&crate::model::VPN_SERVICE, &format!("{TIER_1}/locale-services/default"), Reveal::Public);
    assert_eq!(listed.unwrap().len(), 2);
}

#[test]
fn bgp_and_the_default_out_filter_come_and_go_with_their_gateway() {
    let lab = lab();
    let (bgp, list) =
        (format!("{TIER_0}/locale-services/edge-1/bgp"), format!("{TIER_0}/prefix-lists/prefixlist-out-default"));
    assert_eq!(lab.get(&bgp).unwrap()["_revision"], 0);
    assert!(lab.get(&bgp).unwrap()["local_as_num"].is_null(), "an active gateway with a standby has none by itself");
    assert_eq!(lab.get(&list).unwrap()["_system_owned"], true);
    assert_eq!(code(lab.patch(&list, json!({ "description": "mine" }))), (403, 289));
    lab.patch(&bgp, json!({ "local_as_num": "65010" })).unwrap();
    let neighbor = format!("{bgp}/neighbors/up");
    let filtered = json!({
        "neighbor_address": "169.254.9.2", "remote_as_num": "65011",
        "route_filtering": [{ "address_family": "IPV4", "out_route_filters": [list] }],
    });
    lab.put(&neighbor, filtered).unwrap();
    assert_eq!(code(lab.delete(&format!("{TIER_0}/locale-services/edge-1"))), (400, 500_030));
    lab.delete(&neighbor).unwrap();
    lab.delete(&format!("{TIER_1}/locale-services/default")).unwrap();
    lab.delete(TIER_1).unwrap();
    assert_eq!(code(lab.delete(TIER_0)), (400, 500_030), "its locale service is there");
    lab.delete(&format!("{TIER_0}/locale-services/edge-1")).unwrap();
    assert_eq!(code(lab.get(&bgp)), (404, 600));
    lab.delete(TIER_0).unwrap();
    assert!(lab.paths().iter().all(|path| !path.starts_with(TIER_0)));
    // All edge nodes forward by default: then BGP has an AS.
    lab.put("/infra/tier-0s/wide", json!({})).unwrap();
    lab.put("/infra/tier-0s/wide/locale-services/default", json!({})).unwrap();
    assert_eq!(lab.get("/infra/tier-0s/wide/locale-services/default/bgp").unwrap()["local_as_num"], "65000");
    assert!(lab.get(&format!("{TIER_1}/locale-services/default/bgp")).is_err(), "a tier-1 gateway runs no BGP");
}

#[test]
fn what_belongs_to_vmware_cloud_stays_the_systems() {
    let lab = Lab::new();
    for at in [
        "/infra/tier-0s/vmc",
        "/infra/tier-1s/cgw",
        "/infra/tier-0s/vmc/locale-services/default",
        "/infra/tier-0s/vmc/locale-services/default/bgp",
        "/infra/tier-0s/vmc/prefix-lists/prefixlist-out-default",
    ] {
        assert_eq!(lab.get(at).unwrap()["_system_owned"], true, "{at}");
        assert_eq!(code(lab.patch(at, json!({ "description": "mine" }))), (403, 289), "{at}");
        assert_eq!(code(lab.delete(at)), (403, 289), "{at}");
    }
}

#[test]
fn fields_of_gateways_are_checked_and_given_back() {
    let lab = lab();
    let cluster = "/infra/sites/default/enforcement-points/default/edge-clusters/a";
    let kept = json!({
        "edge_cluster_path": cluster,
        "preferred_edge_paths": [format!("{cluster}/edge-nodes/0")],
        "route_redistribution_config": {
            "bgp_enabled": true, "ospf_enabled": false,
            "redistribution_rules": [{ "name": "all", "route_redistribution_types": ["TIER0_CONNECTED", "TIER1_NAT"] }],
        },
    });
    lab.put("/infra/tier-0s/edge/locale-services/edge-2", kept.clone()).unwrap();
    let stored = lab.get("/infra/tier-0s/edge/locale-services/edge-2").unwrap();
    for (field, value) in kept.as_object().unwrap() {
        assert_eq!(&stored[field], value, "{field}");
    }
    for (at, body, field) in [
        (TIER_0, json!({ "ha_mode": "STANDBY" }), "ha_mode"),
        (TIER_0, json!({ "transit_subnets": ["100.64.0.1"] }), "transit_subnets[0]"),
        (TIER_0, json!({ "internal_transit_subnets": ["fc00::/48"] }), "internal_transit_subnets[0]"),
        (TIER_0, json!({ "transit_subnets": ["169.254.0.0/16"] }), "internal_transit_subnets[0]"),
        (TIER_0, json!({ "colour": "red" }), "colour"),
        (TIER_0, json!({ "federation_config": {} }), "federation_config"),
        (TIER_1, json!({ "route_advertisement_types": ["TIER0_NAT"] }), "route_advertisement_types[0]"),
        (TIER_1, json!({ "route_advertisement_rules": [{ "name": "a" }] }), "route_advertisement_rules[0].action"),
        (TIER_1, json!({ "tier0_path": "/infra/tier-1s/cgw" }), "tier0_path"),
        (
            "/infra/tier-1s/tenant/locale-services/default",
            json!({ "route_redistribution_config": {} }),
            "route_redistribution_config",
        ),
        ("/infra/tier-1s/tenant/locale-services/default", json!({ "edge_cluster_path": TIER_0 }), "edge_cluster_path"),
    ] {
        let refused = match lab.patch(at, body.clone()) {
            Err(Refusal::Invalid(problems)) => problems[0].at.to_string(),
            other => panic!("{at} {body}: {other:?}"),
        };
        assert_eq!(refused, field, "{body}");
    }
    // An empty path takes the reference away, as clients send it.
    lab.patch(TIER_1, json!({ "tier0_path": "" })).unwrap();
    assert!(lab.get(TIER_1).unwrap()["tier0_path"].is_null());
}

#[test]
fn a_segment_lies_below_its_gateway_or_says_which_it_is() {
    let lab = lab();
    let flexible = json!({
        "connectivity_path": TIER_1,
        "transport_zone_path": "/infra/sites/default/enforcement-points/default/transport-zones/overlay",
        "subnets": [{ "gateway_address": "10.1.0.1/24" }],
    });
    lab.put("/infra/segments/web", flexible).unwrap();
    let web = lab.get("/infra/segments/web").unwrap();
    assert_eq!((&web["parent_path"], &web["connectivity_path"]), (&json!("/infra"), &json!(TIER_1)));
    lab.put("/infra/segments/web/ports/vm", json!({ "address_bindings": [{ "ip_address": "10.1.0.9" }] })).unwrap();
    assert_eq!(code(lab.delete("/infra/segments/web")), (400, 500_030));
    assert_eq!(code(lab.delete(TIER_1)), (400, 500_030), "a segment is connected to it");
    let overlapping = json!({ "subnets": [{ "gateway_address": "10.1.0.65/26" }] });
    assert_eq!(code(lab.put("/infra/tier-1s/tenant/segments/db", overlapping.clone())), (400, 500_105));
    lab.put("/infra/tier-1s/cgw/segments/db", overlapping).unwrap();
    let elsewhere = json!({ "connectivity_path": TIER_0 });
    assert_eq!(code(lab.put("/infra/tier-1s/tenant/segments/app", elsewhere)), (400, 255));
    lab.put("/infra/tier-1s/tenant/segments/app", json!({ "connectivity_path": TIER_1 })).unwrap();
    lab.put("/infra/segments/apart", json!({ "subnets": [{ "gateway_address": "10.1.0.1/24" }] })).unwrap();
    let listed = lab.engine.list(&crate::model::SEGMENT, "/infra", Reveal::Public).unwrap();
    assert_eq!(listed.iter().map(|it| it.path().id()).collect::<Vec<_>>(), ["apart", "web"]);
}

#[test]
fn a_prefix_list_may_lie_right_below_routing_config() {
    let lab = Lab::new();
    let list = "/infra/routing-config/prefix-lists/shared";
    lab.put(list, json!({ "prefixes": [{ "network": "10.0.0.0/8" }] })).unwrap();
    let neighbor = json!({
        "neighbor_address": "169.254.9.2", "remote_as_num": "65011",
        "route_filtering": [{ "address_family": "IPV4", "in_route_filters": [list] }],
    });
    lab.put("/infra/tier-0s/vmc/locale-services/default/bgp/neighbors/a", neighbor).unwrap();
    assert_eq!(code(lab.delete(list)), (400, 500_030));
    let listed = lab.engine.list(&crate::model::PREFIX_LIST, "/infra/routing-config", Reveal::Public).unwrap();
    assert_eq!(listed.len(), 1);
}

#[test]
fn an_engine_of_an_earlier_release_learns_what_the_system_has_now() {
    let lab = Lab::new();
    let list = "/infra/tier-0s/vmc/prefix-lists/prefixlist-out-default";
    let caller = lab.caller();
    lab.engine
        .store
        .write(move |tx| {
            let now = index::get(&*tx, &path("/infra/tier-1s/cgw"))?.unwrap();
            let mut fields = now.declared();
            fields.remove("route_advertisement_types");
            index::put(tx, &now.change(fields, &caller), Some(&now))?;
            let list = index::get(&*tx, &path(list))?.unwrap();
            index::remove(tx, &list)?;
            tx.put("s/system-objects", b"2")
        })
        .unwrap();
    assert_eq!(code(lab.get(list)), (404, 600));
    let again = Engine::open(&lab.folder.path().join("engine.db"), Moment(9)).unwrap();
    assert_eq!(again.get(&path(list), Reveal::Public).unwrap().revision(), 0);
    let gateway = again.get(&path("/infra/tier-1s/cgw"), Reveal::Public).unwrap();
    assert!(gateway.is_system_owned());
    assert_eq!(
        gateway.get("route_advertisement_types").unwrap(),
        &json!(["TIER1_CONNECTED", "TIER1_IPSEC_LOCAL_ENDPOINT"])
    );
    assert_eq!(gateway.revision(), 2);
}
