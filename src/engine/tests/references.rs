//! What keeps an object from being deleted, and what a reference needs.

use serde_json::json;

use super::seed::*;
use super::*;

const ENDPOINT: &str = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/local-endpoints/own";

fn full() -> Lab {
    let lab = Lab::new();
    for (at, body) in [
        (IKE, ike()),
        (TUNNEL, tunnel()),
        (DPD, dpd()),
        (LIST, list()),
        (NEIGHBOR, neighbor()),
        (SESSION, route_based()),
    ] {
        lab.put(at, body).unwrap();
    }
    lab
}

#[test]
fn what_is_in_use_is_not_deleted_and_the_users_are_named() {
    let lab = full();
    for (at, user) in [(IKE, SESSION), (TUNNEL, SESSION), (LIST, NEIGHBOR)] {
        let refusal = lab.delete(at).unwrap_err();
        assert_eq!(
            refusal.to_string(),
            format!(
                "The object path=[{at}] cannot be deleted as either it has children or it is being referenced by other \
                 objects path=[{user}]"
            )
        );
        assert_eq!(code(lab.delete(at)), (400, 500_030));
    }
}

#[test]
fn a_session_is_held_by_the_neighbors_in_its_tunnel_subnet() {
    let lab = full();
    let inside = NEIGHBOR.replace("VPNtoDFWDC1BGP", "inside");
    let outside = NEIGHBOR.replace("VPNtoDFWDC1BGP", "outside");
    for (at, address) in [(&inside, "169.254.151.3"), (&outside, "169.254.151.4")] {
        lab.put(at, json!({ "neighbor_address": address, "remote_as_num": "65006" })).unwrap();
    }
    let Err(Refusal::InUse { by, .. }) = lab.delete(SESSION) else { panic!("deleted") };
    assert_eq!(by, [path(NEIGHBOR), path(&inside)]);
    lab.delete(NEIGHBOR).unwrap();
    assert_eq!(code(lab.delete(SESSION)), (400, 500_030));
    lab.patch(&inside, json!({ "neighbor_address": "169.254.200.1" })).unwrap();
    lab.delete(SESSION).unwrap();
}

#[test]
fn in_the_order_of_the_seed_everything_can_be_deleted() {
    let lab = full();
    let before = Lab::new().paths();
    for at in [NEIGHBOR, SESSION, LIST, DPD, TUNNEL, IKE] {
        lab.delete(at).unwrap();
        assert_eq!(code(lab.delete(at)), (404, 600));
    }
    assert_eq!(lab.paths(), before);
}

#[test]
fn a_reference_that_was_changed_away_no_longer_holds() {
    let lab = full();
    let default = "/infra/ipsec-vpn-ike-profiles/nsx-default-l3vpn-ike-profile";
    lab.patch(SESSION, json!({ "ike_profile_path": default })).unwrap();
    lab.delete(IKE).unwrap();
}

#[test]
fn a_reference_needs_an_object_of_its_kind() {
    let lab = full();
    let missing = lab.patch(SESSION, json!({ "ike_profile_path": "/infra/ipsec-vpn-ike-profiles/none" }));
    assert_eq!(code(missing), (404, 600));
    let default = "/infra/ipsec-vpn-ike-profiles/nsx-default-l3vpn-ike-profile";
    lab.patch(SESSION, json!({ "ike_profile_path": default })).unwrap();
}

#[test]
fn a_path_of_another_kind_and_no_path_at_all_are_invalid_paths() {
    let lab = full();
    for wrong in [TUNNEL, "/infra/ipsec-vpn-ike-profiles", "/infra//a", "a profile"] {
        let refusal = lab.patch(SESSION, json!({ "ike_profile_path": wrong })).unwrap_err();
        let answer = refusal.to_json();
        assert_eq!(refusal.status().0, 400);
        assert_eq!(answer["error_code"], json!(500_012), "{wrong}");
        assert_eq!(answer["error_message"], json!(format!("The path=[{wrong}] is invalid")));
        assert!(answer["details"].as_str().unwrap().starts_with("ike_profile_path: "), "{answer}");
        let Refusal::Invalid(problems) = refusal else { panic!("{wrong} was taken") };
        assert_eq!(problems[0].at.to_string(), "ike_profile_path");
        assert!(problems[0].hint.contains("vpn_ike_profile.NAME.path"), "{}", problems[0].hint);
    }
    let certificate = lab.put(ENDPOINT, json!({ "local_address": "203.0.113.9", "certificate_path": TUNNEL }));
    assert_eq!(code(certificate), (400, 500_012));
    // Of several problems the first is answered.
    let both = lab.patch(SESSION, json!({ "enabled": "yes", "ike_profile_path": TUNNEL })).unwrap_err();
    assert_eq!(both.to_json()["error_code"], json!(255));
}

#[test]
fn a_route_map_is_a_filter_that_does_not_exist() {
    let lab = full();
    let filter = |to: &str| lab.patch(NEIGHBOR, json!({ "route_filtering": [{ "in_route_filters": [to] }] }));
    let Err(Refusal::Dangling { field, to }) = filter("/infra/tier-0s/vmc/route-maps/in") else { panic!("taken") };
    assert_eq!((&*field, &*to), ("route_filtering[0].in_route_filters[0]", "/infra/tier-0s/vmc/route-maps/in"));
    assert_eq!(code(filter("/infra/tier-0s/vmc/route-maps/in")), (404, 600));
    assert_eq!(code(filter("/infra/tier-0s/vmc/route-maps")), (400, 500_012));
    assert_eq!(code(lab.put("/infra/tier-0s/vmc/route-maps/in", json!({}))), (400, 500_012));
    filter(LIST).unwrap();
}

#[test]
fn children_hold_their_parent_and_need_one() {
    let lab = Lab::new();
    let segment = "/infra/tier-1s/cgw/segments/web";
    let port = "/infra/tier-1s/cgw/segments/web/ports/vm1";
    assert_eq!(code(lab.put(port, json!({}))), (400, 500_012));
    lab.put(segment, json!({ "subnets": [{ "gateway_address": "192.168.98.1/24" }] })).unwrap();
    lab.put(port, json!({ "attachment": { "id": "vif-1" } })).unwrap();
    assert_eq!(lab.get(segment).unwrap()["subnets"][0]["network"], json!("192.168.98.0/24"));
    assert_eq!(code(lab.delete(segment)), (400, 500_030));
    lab.delete(port).unwrap();
    lab.delete(segment).unwrap();
}

#[test]
fn a_certificate_session_needs_an_endpoint_with_a_certificate() {
    let lab = full();
    let mut body = route_based();
    body["authentication_mode"] = json!("CERTIFICATE");
    body.as_object_mut().unwrap().remove("psk");
    let at = SESSION.to_owned() + "-cert";
    body["id"] = json!("VPNtoDFWDC1-cert");
    body["tunnel_interfaces"][0]["ip_subnets"][0]["ip_addresses"] = json!(["169.254.152.2"]);
    assert!(matches!(lab.put(&at, body.clone()), Err(Refusal::Invalid(_))));
    lab.put(ENDPOINT, json!({ "local_address": "203.0.113.9", "certificate_path": "/infra/certificates/c1" })).unwrap();
    body["local_endpoint_path"] = json!(ENDPOINT);
    lab.put(&at, body).unwrap();
    let without = lab.put(ENDPOINT, json!({ "local_address": "203.0.113.9", "_revision": 0 }));
    assert!(without.unwrap_err().to_string().contains("VPNtoDFWDC1-cert"));
}
