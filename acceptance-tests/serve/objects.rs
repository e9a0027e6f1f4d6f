//! Reading, writing and listing objects.

use std::io::Write;

use serde_json::{Value, json};

use crate::lab::{Lab, PASSWORD, basic, read};

const PROFILES: &str = "/policy/api/v1/infra/ipsec-vpn-dpd-profiles";
const SESSIONS: &str = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/sessions";
const ENDPOINT: &str =
    "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/local-endpoints/Public-IP1";

fn names(page: &Value) -> Vec<String> {
    page["results"].as_array().unwrap().iter().map(|it| it["display_name"].as_str().unwrap().to_owned()).collect()
}

fn session() -> Value {
    json!({
        "resource_type": "PolicyBasedIPSecVpnSession",
        "local_endpoint_path": ENDPOINT,
        "peer_address": "198.51.100.1",
        "peer_id": "198.51.100.1",
        "psk": "hush",
        "rules": [{ "id": "r", "sources": [{ "subnet": "192.168.98.0/24" }], "destinations": [{ "subnet": "10.0.0.0/8" }] }],
    })
}

#[test]
fn an_object_is_created_changed_and_deleted() {
    let lab = Lab::new();
    let path = format!("{PROFILES}/a");
    let created = lab.put(&path, &json!({ "retry_count": 5 })).ok();
    assert_eq!((&created["_revision"], &created["dpd_probe_interval"]), (&json!(0), &json!(60)));
    assert_eq!(lab.get(&path).ok(), created);

    let patched = lab.patch(&path, &json!({ "retry_count": 6 }));
    assert_eq!((patched.status, patched.body.len()), (200, 0));
    assert_eq!(lab.get(&path).ok()["retry_count"], 6);

    lab.put(&path, &json!({ "retry_count": 7 })).refused(400, 500_127);
    lab.put(&path, &json!({ "retry_count": 7, "_revision": 0 })).refused(412, 206);
    // Who reads it again gets through.
    let mut fresh = lab.get(&path).ok();
    fresh["retry_count"] = json!(7);
    assert_eq!(lab.put(&path, &fresh).ok()["_revision"], 2);
    assert_eq!(lab.get(&path).ok()["retry_count"], 7);
    lab.put(&path, &fresh).refused(412, 206);

    let deleted = lab.delete(&path);
    assert_eq!((deleted.status, deleted.body.len()), (200, 0));
    lab.get(&path).refused(404, 600);
    lab.delete(&path).refused(404, 600);
}

#[test]
fn an_object_has_every_address_that_clients_use() {
    let lab = Lab::new();
    lab.put("/infra/ipsec-vpn-dpd-profiles/a", &json!({})).ok();
    let proxy = "/vmc/reverse-proxy/api/orgs/o-1/sddcs/s-1/sks-nsxt-manager";
    for path in [format!("{PROFILES}/a"), format!("{proxy}{PROFILES}/a"), "/infra/ipsec-vpn-dpd-profiles/%61".into()] {
        assert_eq!(lab.get(&path).ok()["id"], "a", "{path}");
    }
    lab.put(&format!("{SESSIONS}/s"), &session()).ok();
    let current = "/infra/tier-0s/vmc/ipsec-vpn-services/default/sessions";
    assert_eq!(lab.get(&format!("{current}/s")).ok()["path"], format!("{SESSIONS}/s"));
    assert_eq!(names(&lab.get(current).ok()), names(&lab.get(SESSIONS).ok()));
}

#[test]
fn ipv6_needs_the_current_address() {
    let lab = Lab::new();
    let mut body = session();
    body["peer_address"] = json!("2001:db8::1");
    let said = lab.put(&format!("{SESSIONS}/s"), &body).refused(400, 255);
    assert!(said.contains("cannot be IPv6"), "{said}");
    lab.put("/infra/tier-0s/vmc/ipsec-vpn-services/default/sessions/s", &body).ok();
    // The object is one and the same.
    lab.patch(&format!("{SESSIONS}/s"), &json!({ "enabled": false })).refused(400, 255);
}

#[test]
fn a_key_is_shown_to_who_asks_for_it() {
    let lab = Lab::new();
    let path = format!("{SESSIONS}/s");
    assert_eq!(lab.put(&path, &session()).ok().get("psk"), None);
    assert_eq!(lab.get(&path).ok().get("psk"), None);
    assert!(!lab.get(SESSIONS).text().contains("hush"));
    assert_eq!(lab.get(&format!("{path}?action=show_sensitive_data")).ok()["psk"], "hush");
    lab.get(&format!("{path}?action=show")).refused(400, 255);
}

#[test]
fn what_is_in_use_stays() {
    let lab = Lab::new();
    lab.put(&format!("{PROFILES}/a"), &json!({})).ok();
    let mut body = session();
    body["dpd_profile_path"] = json!("/infra/ipsec-vpn-dpd-profiles/a");
    lab.put(&format!("{SESSIONS}/s"), &body).ok();
    let said = lab.delete(&format!("{PROFILES}/a")).refused(400, 500_030);
    assert!(said.contains(&format!("{SESSIONS}/s")), "{said}");
    lab.delete(ENDPOINT).refused(403, 289);
}

#[test]
fn a_list_comes_page_by_page() {
    let lab = Lab::new();
    for name in ["delta", "Alpha", "charlie", "bravo"] {
        lab.put(&format!("{PROFILES}/{name}"), &json!({ "display_name": name })).ok();
    }
    let mut found = Vec::new();
    let mut cursor = String::new();
    let mut counts = Vec::new();
    loop {
        let page = lab.get(&format!("{PROFILES}?page_size=2{cursor}")).ok();
        found.extend(names(&page));
        counts.push(page.get("result_count").cloned());
        match page.get("cursor") {
            Some(next) => cursor = format!("&cursor={}", next.as_str().unwrap()),
            None => break,
        }
        if found.len() == 2 {
            lab.put(&format!("{PROFILES}/Aaa"), &json!({ "display_name": "Aaa" })).ok();
        }
    }
    assert_eq!(found, ["Alpha", "bravo", "charlie", "delta", "nsx-default-l3vpn-dpd-profile"]);
    assert_eq!(counts, [Some(json!(5)), None, None]);
}

#[test]
fn a_list_has_the_order_and_the_fields_that_are_asked_for() {
    let lab = Lab::new();
    for (name, count) in [("a", 3), ("b", 30), ("c", 20)] {
        lab.put(&format!("{PROFILES}/{name}"), &json!({ "retry_count": count })).ok();
    }
    let page = lab.get(&format!(
        "{PROFILES}?sort_by=retry_count&sort_ascending=false&page_size=2&included_fields=id,retry_count"
    ));
    let expected = json!([{ "id": "b", "retry_count": 30 }, { "id": "c", "retry_count": 20 }]);
    assert_eq!(page.ok()["results"], expected);
    for wrong in ["sort_by=nothing", "page_size=1001", "page_size=x", "cursor=x", "sort_ascending=1", "colour=red"] {
        lab.get(&format!("{PROFILES}?{wrong}")).refused(400, 255);
    }
    lab.get("/infra/tier-0s/none/prefix-lists").refused(400, 500_012);
}

#[test]
fn the_bgp_instance_is_one() {
    let lab = Lab::new();
    let path = "/infra/tier-0s/vmc/locale-services/default/bgp";
    assert_eq!(lab.get(path).ok()["local_as_num"], "65000");
    lab.delete(path).refused(400, 255);
    lab.by(("admin", PASSWORD), "POST", path, "").refused(405, 405);
}

#[test]
fn methods_and_addresses_that_are_not_there_are_refused() {
    let lab = Lab::new();
    let reply = lab.post(PROFILES);
    reply.refused(405, 405);
    assert_eq!(reply.header("allow"), Some("GET"));
    for path in
        ["/nothing", "/infra/nothing", "/policy/api/v1/infra/tier-0s/vmc/x/y", "/policy/api/v2/infra", "/api/v1/x"]
    {
        lab.get(path).refused(404, 600);
    }
    lab.send("GET", "/healthz", &[], b"").ok();
    let text = lab.send(
        "PUT",
        &format!("{PROFILES}/a"),
        &[("Authorization", &basic("admin", PASSWORD)), ("Content-Type", "text/xml")],
        b"{}",
    );
    text.refused(415, 415);
}

/// What the engine knows of a session beyond the API, at the moment of its status.
#[test]
fn a_diagnosis_says_why_and_for_how_long() {
    let lab = Lab::new();
    let path = format!("{SESSIONS}/s");
    lab.get(&format!("{path}/diagnosis")).refused(404, 600);
    lab.put(&path, &session()).ok();
    let told = lab.get(&format!("{path}/diagnosis")).ok();
    assert_eq!(
        told["status"]["results"][0]["runtime_status"],
        lab.get(&format!("{path}/detailed-status")).ok()["results"][0]["runtime_status"]
    );
    assert!(told["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{told}");
    lab.put("/infra/simulated-peers/p", &json!({ "address": "198.51.100.1", "psk": "another" })).ok();
    // The peer refuses: nothing is under way until somebody changes something.
    let told = (0..600).map(|_| lab.get(&format!("{path}/diagnosis")).ok()).find(|told| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        told["changes_in_ms"].is_null()
    });
    let told = told.expect("it comes to rest");
    assert!(told["reason"].as_str().unwrap().contains("pre-shared keys do not match"), "{told}");
    lab.put(&format!("{path}/diagnosis"), &json!({})).refused(405, 405);
    lab.get(&format!("{path}/diagnosis?unknown=1")).refused(400, 255);
}

#[test]
fn an_address_without_a_locale_service_means_the_only_one() {
    let lab = Lab::new();
    let (gateway, service) = ("/infra/tier-0s/edge", "/infra/tier-0s/edge/locale-services/one/ipsec-vpn-services/v");
    let short = format!("{gateway}/ipsec-vpn-services/v");
    lab.put(gateway, &json!({})).ok();
    lab.put(&short, &json!({})).refused(400, 500_012);
    lab.put(&format!("{gateway}/locale-services/one"), &json!({})).ok();
    assert_eq!(lab.put(&short, &json!({})).ok()["path"], service);
    lab.put(&format!("{short}/local-endpoints/e"), &json!({ "local_address": "203.0.113.9" })).ok();
    let mut body = session();
    body["local_endpoint_path"] = json!(format!("{short}/local-endpoints/e"));
    body["description"] = json!(format!("{short}/x"));
    let made = lab.put(&format!("{short}/sessions/s"), &body).ok();
    assert_eq!(made["path"], format!("{service}/sessions/s"));
    assert_eq!(made["local_endpoint_path"], format!("{service}/local-endpoints/e"));
    assert_eq!(made["description"], format!("{short}/x"), "what people write stays");
    assert_eq!(lab.get(&format!("{service}/sessions/s")).ok(), lab.get(&format!("{short}/sessions/s")).ok());
    assert_eq!(lab.get(&format!("{short}/sessions")).ok()["result_count"], 1);
    lab.get(&format!("{short}/sessions/s/detailed-status")).ok();
    lab.delete(&format!("{short}/local-endpoints/e")).refused(400, 500_030);
    // Of several, it means the one that has the VPN service.
    for other in ["two", "default"] {
        lab.put(&format!("{gateway}/locale-services/{other}"), &json!({})).ok();
        lab.get(&format!("{short}/sessions/s")).ok();
        assert_eq!(lab.get(&format!("{gateway}/ipsec-vpn-services")).ok()["results"][0]["path"], service);
    }
    let second = format!("{gateway}/locale-services/two/ipsec-vpn-services/w");
    lab.put(&second, &json!({})).ok();
    assert_eq!(lab.get(&format!("{gateway}/ipsec-vpn-services/w")).ok()["path"], second);
    assert_eq!(names(&lab.get(&format!("{gateway}/ipsec-vpn-services")).ok()), ["v", "w"]);
    // What none has comes into the usual one.
    let third = lab.put(&format!("{gateway}/ipsec-vpn-services/x"), &json!({})).ok();
    assert_eq!(third["path"], format!("{gateway}/locale-services/default/ipsec-vpn-services/x"));
}

/// A folder such as `/infra/routing-config` is no object, and is there all the same.
#[test]
fn what_lies_in_a_folder_is_listed() {
    let lab = Lab::new();
    let lists = "/infra/routing-config/prefix-lists";
    assert_eq!(lab.get(lists).ok()["result_count"], 0);
    lab.put(&format!("{lists}/shared"), &json!({ "prefixes": [{ "action": "PERMIT", "network": "10.0.0.0/8" }] })).ok();
    assert_eq!(lab.get(lists).ok()["results"][0]["id"], "shared");
}

#[test]
fn which_diagnostics_of_bgp_are_logged_is_kept_until_its_instance_goes() {
    let lab = Lab::new();
    let service = "/infra/tier-0s/edge/locale-services/one";
    lab.put("/infra/tier-0s/edge", &json!({})).ok();
    lab.put(service, &json!({})).ok();
    for below in [format!("{service}/bgp"), "/infra/tier-0s/vmc/locale-services/default/bgp".to_owned()] {
        let at = format!("{below}/troubleshoot");
        lab.get(&at).refused(404, 600);
        lab.patch(&at, &json!({ "bgp_session_diagnostics": true })).ok();
        let found = lab.get(&format!("/policy/api/v1{at}")).ok();
        assert_eq!((&found["resource_type"], &found["id"]), (&json!("BgpTroubleshootConfig"), &json!("troubleshoot")));
        assert_eq!((&found["bgp_session_diagnostics"], &found["system_diagnostics"]), (&json!(true), &json!(false)));
        let replaced = lab.put(&at, &json!({ "system_diagnostics": true, "_revision": 0 })).ok();
        assert_eq!(replaced["bgp_session_diagnostics"], false);
        lab.put(&format!("{at}?override=true"), &json!({ "_revision": 1 })).refused(400, 255);
        lab.patch(&at, &json!({ "bgp_session_diagnostics": "yes" })).refused(400, 255);
        lab.delete(&at).refused(405, 405);
        for id in [json!(1), json!("other"), json!([]), json!({}), json!(true)] {
            lab.patch(&at, &json!({ "id": id })).refused(400, 255);
        }
        let body = lab.get("/policy/api/v1/infra?type_filter=BgpTroubleshootConfig").ok();
        assert!(body.to_string().contains("ChildBgpTroubleshootConfig"), "{body}");
    }
    lab.get(&format!("{service}x/bgp/troubleshoot")).refused(404, 600);
    lab.put(&format!("{service}x/bgp/troubleshoot"), &json!({})).refused(400, 500_012);
    lab.delete(service).ok();
    lab.get(&format!("{service}/bgp/troubleshoot")).refused(404, 600);
}

#[test]
fn a_gateway_without_a_locale_service_has_no_vpn_services_yet() {
    let lab = Lab::new();
    let services = "/infra/tier-1s/cgw/ipsec-vpn-services";
    for address in [services.to_owned(), format!("{services}?sort_by=id")] {
        assert_eq!(lab.get(&address).ok()["results"], json!([]), "{address}");
    }
    lab.get("/infra/tier-1s/cgw/locale-services/default/ipsec-vpn-services").refused(400, 500012);
    lab.get("/infra/tier-1s/nobody/ipsec-vpn-services").refused(400, 500012);
    lab.get(&format!("{services}/a/sessions")).refused(400, 500012);
}

/// What only the system sets is not looked at, as in the API; neither is a revision where there
/// is nothing yet that it could be of.
#[test]
fn a_copy_of_an_object_can_be_sent_to_another_address() {
    let lab = Lab::new();
    let at = |id: &str| format!("/infra/ipsec-vpn-dpd-profiles/{id}");
    lab.put(&at("a"), &json!({ "retry_count": 3 })).ok();
    lab.patch(&at("a"), &json!({ "retry_count": 4 })).ok();
    let mut copy = lab.get(&at("a")).ok();
    copy.as_object_mut().unwrap().remove("id");
    let made = lab.put(&at("b"), &copy).ok();
    assert_eq!((&made["_revision"], &made["retry_count"], &made["path"]), (&json!(0), &json!(4), &json!(at("b"))));
    assert_ne!(made["unique_id"], copy["unique_id"]);
    // The identifier says which object is meant, and has to be the one of the address.
    copy["id"] = json!("a");
    lab.put(&at("c"), &copy).refused(400, 255);
}

/// A body of which much is left unread cannot be followed by another request.
#[test]
fn an_answer_before_the_body_was_read_says_that_the_connection_ends() {
    let lab = Lab::new();
    let request = |path: &str, length: usize, more: &str| {
        format!(
            "PUT {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\nContent-Length: {length}\r\n{more}\r\n",
            lab.host,
            basic("admin", PASSWORD)
        )
    };
    let wrong = "/infra/ipsec-vpn-dpd-profiles/a?nothing=1";
    for more in ["", "Expect: 100-continue\r\n"] {
        let length = if more.is_empty() { 5_000_000 } else { 2 };
        let reply = lab.raw(request(wrong, length, more).as_bytes());
        reply.refused(400, 255);
        assert_eq!(reply.header("connection"), Some("close"), "{more}");
    }
    // A short one is read, and the connection goes on; so it does where the body was read.
    let mut stream = lab.connect();
    for path in [wrong, "/infra/ipsec-vpn-dpd-profiles/a", wrong] {
        stream.write_all(format!("{}{{}}", request(path, 2, "")).as_bytes()).unwrap();
        let reply = read(&mut stream);
        assert_eq!((reply.status, reply.header("connection")), (if path == wrong { 400 } else { 200 }, None));
        // A second one would be an update without a revision.
        lab.delete("/infra/ipsec-vpn-dpd-profiles/a");
    }
}

#[test]
fn a_character_that_only_looks_like_one_of_json_is_named() {
    let lab = Lab::new();
    let said = lab
        .by(("admin", PASSWORD), "PUT", "/infra/ipsec-vpn-dpd-profiles/a", "{\n\u{a0}\u{a0}\"retry_count\": 3}")
        .refused(400, 255);
    assert!(said.contains("line 2 column 1") && said.contains("a no-break space (U+00A0)"), "{said}");
}
