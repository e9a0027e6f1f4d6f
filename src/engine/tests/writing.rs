//! PUT, PATCH and their revisions.

use serde_json::json;

use super::seed::*;
use super::*;
use crate::engine::store::{SqliteStore, StoreExt};

#[test]
fn a_put_replaces_only_the_revision_it_names() {
    let mut lab = Lab::new();
    lab.put(IKE, ike()).unwrap();
    assert_eq!(code(lab.put(IKE, ike())), (400, 500_127));
    let mut body = ike();
    body["sa_life_time"] = json!(21_600);
    body["_revision"] = json!(0);
    lab.now = 2_000;
    lab.put(IKE, body.clone()).unwrap();
    let now = lab.get(IKE).unwrap();
    assert_eq!((&now["_revision"], &now["sa_life_time"]), (&json!(1), &json!(21_600)));
    assert_eq!((&now["_create_time"], &now["_last_modified_time"]), (&json!(1_000), &json!(2_000)));
    body["sa_life_time"] = json!(30_000);
    let stale = lab.put(IKE, body).unwrap_err();
    assert_eq!(stale.status().0, 412);
    assert!(stale.to_string().contains("Fetch the latest copy of the object and retry"));
}

#[test]
fn a_session_of_the_other_type_is_in_the_way_of_a_new_one() {
    let lab = Lab::new();
    for (at, body) in [(IKE, ike()), (TUNNEL, tunnel()), (SESSION, route_based())] {
        lab.put(at, body).unwrap();
    }
    assert_eq!(code(lab.put(SESSION, policy_based())), (400, 500_127));
    let mut body = policy_based();
    body["_revision"] = json!(0);
    let Err(Refusal::Invalid(problems)) = lab.put(SESSION, body) else { panic!("the type was changed") };
    assert_eq!(problems[0].at.to_string(), "resource_type");
}

#[test]
fn a_put_leaves_nothing_of_what_was_there() {
    let lab = Lab::new();
    lab.put(IKE, ike()).unwrap();
    lab.put(IKE, json!({ "_revision": 0, "description": "plain" })).unwrap();
    let now = lab.get(IKE).unwrap();
    assert_eq!(now["encryption_algorithms"], json!(["AES_128"]));
    assert_eq!(now["digest_algorithms"], json!(["SHA2_256"]));
    assert_eq!(now["display_name"], json!("VPNtoDFWDC1IKE"));
}

#[test]
fn an_id_too_long_for_a_name_needs_one_beside_it() {
    let lab = Lab::new();
    let at = |length: usize| format!("/infra/ipsec-vpn-ike-profiles/{}", "a".repeat(length));
    let refused = lab.put(&at(256), json!({})).unwrap_err();
    assert!(refused.to_string().contains("display_name"), "{refused}");
    assert_eq!((refused.status().0, refused.status().2), (400, 255));
    lab.put(&at(256), json!({ "display_name": "a" })).unwrap();
    lab.patch(&at(256), json!({ "description": "b" })).unwrap();
    assert_eq!(code(lab.put(&at(256), json!({ "_revision": 1 }))), (400, 255));
    lab.put(&at(255), json!({})).unwrap();
    lab.patch(&at(255), json!({ "description": "b" })).unwrap();
}

#[test]
fn a_patch_changes_what_it_names_and_replaces_lists_whole() {
    let lab = Lab::new();
    lab.patch(LIST, list()).unwrap();
    lab.patch(LIST, json!({ "description": "both ways" })).unwrap();
    lab.patch(LIST, json!({ "prefixes": [{ "network": "ANY", "action": "DENY" }] })).unwrap();
    let now = lab.get(LIST).unwrap();
    assert_eq!(now["description"], json!("both ways"));
    assert_eq!(now["prefixes"], json!([{ "network": "ANY", "action": "DENY" }]));
    assert_eq!(now["_revision"], json!(2));
}

#[test]
fn a_patch_merges_objects_and_keeps_the_key() {
    let lab = Lab::new();
    for (at, body) in [(IKE, ike()), (TUNNEL, tunnel()), (SESSION, route_based())] {
        lab.put(at, body).unwrap();
    }
    lab.patch(SESSION, json!({ "tcp_mss_clamping": { "max_segment_size": 1200 }, "enabled": false })).unwrap();
    let now = lab.revealed(SESSION);
    assert_eq!(now["tcp_mss_clamping"], json!({ "direction": "BOTH", "max_segment_size": 1200 }));
    assert_eq!((&now["enabled"], &now["psk"]), (&json!(false), &json!("test123456")));
}

#[test]
fn an_empty_password_clears_it() {
    let lab = Lab::new();
    lab.put(LIST, list()).unwrap();
    lab.put(NEIGHBOR, neighbor()).unwrap();
    lab.patch(NEIGHBOR, json!({ "password": "" })).unwrap();
    assert!(lab.revealed(NEIGHBOR).get("password").is_none());
}

#[test]
fn a_write_that_changes_nothing_is_no_revision() {
    let mut lab = Lab::new();
    lab.put(IKE, ike()).unwrap();
    lab.now = 5_000;
    lab.patch(IKE, ike()).unwrap();
    assert_eq!(lab.get(IKE).unwrap()["_revision"], json!(0));
}

#[test]
fn what_is_read_can_be_written_back() {
    let lab = Lab::new();
    lab.put(IKE, ike()).unwrap();
    let mut read = lab.get(IKE).unwrap();
    read["description"] = json!("again");
    lab.put(IKE, read).unwrap();
    assert_eq!(lab.get(IKE).unwrap()["_revision"], json!(1));
}

#[test]
fn what_the_api_keeps_of_inner_objects_can_be_sent_back() {
    let lab = Lab::new();
    let kept = json!({
        "path": "/infra/x/y", "parent_path": "/infra/x", "relative_path": "y", "remote_path": "", "unique_id": "u",
        "realization_id": "u", "owner_id": "o", "marked_for_delete": false, "overridden": false, "_revision": 3,
        "_system_owned": false, "_protection": "NOT_PROTECTED", "_create_time": 1, "_create_user": "admin",
        "_last_modified_time": 2, "_last_modified_user": "admin"
    });
    let own = json!({ "description": "inner", "tags": [{ "scope": "site", "tag": "dfw" }] });
    for (at, mut body, inner) in [(SESSION, route_based(), "tunnel_interfaces"), ("policy", policy_based(), "rules")] {
        let at = if at == "policy" { SESSION.replace("VPNtoDFWDC1", at) } else { at.to_owned() };
        for extra in [&kept, &own] {
            body[inner][0].as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        }
        for (field, value) in [("id", json!(path(&at).id())), ("ike_profile_path", json!(null))] {
            body[field] = value;
        }
        body["tunnel_profile_path"] = json!(null);
        lab.put(&at, body).unwrap();
        let now = lab.get(&at).unwrap()[inner][0].clone();
        assert_eq!((&now["description"], &now["tags"]), (&own["description"], &own["tags"]));
        for name in kept.as_object().unwrap().keys() {
            assert_eq!(now.get(name), None, "{name}");
        }
        let Err(Refusal::Invalid(problems)) = lab.patch(&at, json!({ inner: [{ "_revisions": 1 }] })) else {
            panic!("any field was taken")
        };
        assert_eq!(problems[0].at.to_string(), format!("{inner}[0]._revisions"));
    }
}

#[test]
fn every_object_has_the_engine_as_its_owner() {
    let lab = Lab::new();
    lab.put(IKE, ike()).unwrap();
    let owner = lab.get(IKE).unwrap()["owner_id"].clone();
    assert_eq!(owner.as_str().unwrap().len(), 36);
    assert_eq!(lab.get("/infra/tier-0s/vmc").unwrap()["owner_id"], owner);
    let again = Engine::open(&lab.folder.path().join("engine.db"), Moment(2)).unwrap();
    again.put(&path(TUNNEL), tunnel(), &lab.caller()).unwrap();
    assert_eq!(lab.get(TUNNEL).unwrap()["owner_id"], owner);
    assert_ne!(Lab::new().get("/infra/tier-0s/vmc").unwrap()["owner_id"], owner);
}

#[test]
fn administrative_distances_change_only_while_bgp_is_disabled() {
    let lab = Lab::new();
    let bgp = "/infra/tier-0s/edge/locale-services/default/bgp";
    lab.put("/infra/tier-0s/edge", json!({})).unwrap();
    lab.put("/infra/tier-0s/edge/locale-services/default", json!({})).unwrap();
    lab.patch(bgp, json!({ "local_as_num": "65001", "enabled": false, "ebgp_admin_distance": 20 })).unwrap();
    lab.patch(bgp, json!({ "enabled": true })).unwrap();
    let change = |body: Json| match lab.patch(bgp, body) {
        Ok(_) => String::new(),
        Err(Refusal::Invalid(problems)) => problems[0].at.to_string(),
        Err(refusal) => panic!("{refusal}"),
    };
    assert_eq!(change(json!({ "ebgp_admin_distance": 30 })), "ebgp_admin_distance");
    assert_eq!(change(json!({ "ibgp_admin_distance": 30 })), "ibgp_admin_distance");
    assert_eq!(change(json!({ "ebgp_admin_distance": 20, "ecmp": false })), "");
    assert_eq!(change(json!({ "enabled": false, "ebgp_admin_distance": 30 })), "");
    assert_eq!(change(json!({ "ibgp_admin_distance": 40 })), "");
    assert_eq!(change(json!({ "enabled": true })), "");
    assert_eq!(change(json!({ "ibgp_admin_distance": 50 })), "ibgp_admin_distance");
}

#[test]
fn spellings_are_kept_in_one_form() {
    let lab = Lab::new();
    lab.put(LIST, json!({ "prefixes": [{ "network": "10.1.2.3/8" }, { "network": "2001:DB8:0::/32" }] })).unwrap();
    let networks = lab.get(LIST).unwrap()["prefixes"].clone();
    assert_eq!((&networks[0]["network"], &networks[1]["network"]), (&json!("10.0.0.0/8"), &json!("2001:db8::/32")));
    lab.put(NEIGHBOR, json!({ "neighbor_address": "169.254.151.1", "remote_as_num": "1.10" })).unwrap();
    assert_eq!(lab.get(NEIGHBOR).unwrap()["remote_as_num"], json!("65546"));
}

#[test]
fn a_body_that_does_not_fit_is_refused_with_the_field() {
    let lab = Lab::new();
    for (at, body, field) in [
        (IKE, json!({ "sa_life_time": 100 }), "sa_life_time"),
        (IKE, json!({ "sa_life_time": "86400" }), "sa_life_time"),
        (IKE, json!({ "sa_life_time": 86400.5 }), "sa_life_time"),
        (IKE, json!({ "encryption": ["AES_128"] }), "encryption"),
        (IKE, json!({ "resource_type": "PrefixList" }), "resource_type"),
        (IKE, json!({ "id": "another" }), "id"),
        (IKE, json!({ "dh_groups": "GROUP14" }), "dh_groups"),
        (LIST, json!({}), "prefixes"),
        (LIST, json!({ "prefixes": [{ "network": "10.0.0.0/8", "seq": 5 }] }), "prefixes[0].seq"),
        (SESSION, json!({}), "resource_type"),
    ] {
        let Err(Refusal::Invalid(problems)) = lab.put(at, body.clone()) else { panic!("{body} was taken") };
        assert_eq!(problems[0].at.to_string(), field, "{body}: {problems:?}");
    }
    assert_eq!(code(lab.put("/infra/nothing/here", json!({}))), (400, 500_012));
    assert_eq!(code(lab.put("/infra/tier-0s/none/prefix-lists/x", list())), (400, 500_012));
}

#[test]
fn a_session_does_not_change_its_type() {
    let lab = Lab::new();
    for (at, body) in [(IKE, ike()), (TUNNEL, tunnel()), (SESSION, route_based())] {
        lab.put(at, body).unwrap();
    }
    let mut body = policy_based();
    body["_revision"] = json!(0);
    assert!(matches!(lab.put(SESSION, body), Err(Refusal::Invalid(_))));
}

#[test]
fn two_engines_on_one_file_see_each_other() {
    let lab = Lab::new();
    let other = Engine::open(&lab.folder.path().join("engine.db"), Moment(2)).unwrap();
    lab.put(IKE, ike()).unwrap();
    let found = other.get(&path(IKE), Reveal::Public).unwrap();
    assert_eq!(found.revision(), 0);
    other.delete(&path(IKE), Moment(3)).unwrap();
    assert_eq!(code(lab.get(IKE)), (404, 600));
}

#[test]
fn what_a_newer_release_has_written_is_not_taken_for_nothing() {
    let lab = Lab::new();
    let at = "/infra/tier-1s/cgw/segments/a";
    let newer = json!({ "path": at, "resource_type": "SegmentOfTheFuture", "_revision": 7 }).to_string();
    let store = SqliteStore::open(lab.folder.path().join("engine.db")).unwrap();
    store.write(move |tx| tx.put(&format!("o{at}"), newer.as_bytes())).unwrap();
    let unreadable = |refusal: Refusal| refusal.to_string().contains("cannot be read; a newer release");
    assert!(unreadable(lab.get(at).unwrap_err()));
    assert!(unreadable(lab.put(at, json!({})).unwrap_err()));
    assert!(unreadable(lab.patch(at, json!({})).unwrap_err()));
    assert!(unreadable(lab.delete(at).unwrap_err()));
    assert!(unreadable(lab.engine.list(&crate::model::SEGMENT, "/infra/tier-1s/cgw", Reveal::Public).unwrap_err()));
}

#[test]
fn an_object_is_created_only_where_it_can_be_read_again() {
    let lab = Lab::new();
    for id in ["%2e", "a?b", "a b\n", "", "a/b"] {
        let at = path("/infra/tier-1s/cgw").child("segments", id);
        assert_eq!(code(lab.engine.put(&at, json!({}), &lab.caller())), (400, 500_012), "{id:?}");
    }
    assert!(lab.paths().iter().all(|path| PolicyPath::parse(path).is_ok()));
}
