//! Many objects in one body, search, realized state.

use serde_json::{Value, json};

use crate::lab::{AUDITOR, Lab};

const INFRA: &str = "/policy/api/v1/infra";
const SERVICE: &str = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default";

fn child(name: &str, object: Value) -> Value {
    let mut wrapper = json!({ "resource_type": format!("Child{name}") });
    wrapper[name] = object;
    wrapper
}

fn way(target: &str, id: &str, children: Vec<Value>) -> Value {
    json!({ "resource_type": "ChildResourceReference", "target_type": target, "id": id, "children": children })
}

fn session(profile: &str) -> Value {
    json!({
        "resource_type": "PolicyBasedIPSecVpnSession",
        "id": "s",
        "local_endpoint_path": format!("{SERVICE}/local-endpoints/Public-IP1"),
        "peer_address": "198.51.100.1",
        "peer_id": "198.51.100.1",
        "psk": "hush",
        "dpd_profile_path": profile,
        "rules": [{ "id": "r", "sources": [{ "subnet": "192.168.98.0/24" }], "destinations": [{ "subnet": "10.0.0.0/8" }] }],
    })
}

fn body(session: Value, profile: Value) -> Value {
    let service = way("IPSecVpnService", "default", vec![session]);
    let gateway = way("Tier0", "vmc", vec![way("LocaleServices", "default", vec![service])]);
    // What refers comes before what it refers to.
    json!({ "resource_type": "Infra", "children": [gateway, profile] })
}

#[test]
fn objects_of_one_body_may_refer_to_each_other() {
    let lab = Lab::new();
    let profile = json!({ "resource_type": "IPSecVpnDpdProfile", "id": "p", "retry_count": 3 });
    let given = body(
        child("IPSecVpnSession", session("/infra/ipsec-vpn-dpd-profiles/p")),
        child("IPSecVpnDpdProfile", profile.clone()),
    );
    assert_eq!(lab.patch(INFRA, &given).ok(), Value::Null);
    assert_eq!(lab.get("/infra/ipsec-vpn-dpd-profiles/p").ok()["retry_count"], 3);
    assert_eq!(lab.get(&format!("{SERVICE}/sessions/s")).ok()["peer_id"], "198.51.100.1");

    // Both go together, whichever is named first.
    let mut gone = given;
    gone["children"][0]["children"][0]["children"][0]["children"][0]["marked_for_delete"] = json!(true);
    gone["children"][1]["marked_for_delete"] = json!(true);
    gone["children"].as_array_mut().unwrap().reverse();
    lab.patch(INFRA, &gone).ok();
    lab.get("/infra/ipsec-vpn-dpd-profiles/p").refused(404, 600);
    lab.get(&format!("{SERVICE}/sessions/s")).refused(404, 600);
}

#[test]
fn a_body_takes_effect_whole_or_not_at_all() {
    let lab = Lab::new();
    let profile = |id: &str, count: i64| {
        child("IPSecVpnDpdProfile", json!({ "resource_type": "IPSecVpnDpdProfile", "id": id, "retry_count": count }))
    };
    let infra = |children: Vec<Value>| json!({ "resource_type": "Infra", "children": children });
    lab.patch(INFRA, &infra(vec![profile("a", 1), profile("b", 0)])).refused(400, 255);
    lab.get("/infra/ipsec-vpn-dpd-profiles/a").refused(404, 600);
    lab.patch(INFRA, &infra(vec![profile("a", 1), profile("a", 2)])).refused(400, 255);
    lab.patch(INFRA, &infra(vec![child("Tier7", json!({ "resource_type": "Tier7" }))])).refused(400, 500_165);
    lab.patch(INFRA, &infra(vec![json!({ "resource_type": "ChildTier0" })])).refused(400, 500_165);
    lab.patch(INFRA, &json!({ "resource_type": "Tier0" })).refused(400, 255);
    // What is in use does not go.
    lab.patch(INFRA, &infra(vec![profile("a", 1)])).ok();
    lab.put(&format!("{SERVICE}/sessions/s"), &session("/infra/ipsec-vpn-dpd-profiles/a")).ok();
    let mut gone = profile("a", 1);
    gone["marked_for_delete"] = json!(true);
    lab.patch(INFRA, &infra(vec![profile("c", 1), gone])).refused(400, 500_030);
    lab.get("/infra/ipsec-vpn-dpd-profiles/c").refused(404, 600);
}

/// Of many objects in one body, a refusal tells which one it is about.
#[test]
fn a_refusal_names_the_object_and_its_place_in_the_body() {
    let lab = Lab::new();
    let service = way("Tier0", "vmc", vec![way("LocaleServices", "default", vec![])]);
    let within = |child: Value| {
        let mut gateway = service.clone();
        gateway["children"][0]["children"] = json!([way("IPSecVpnService", "default", vec![child])]);
        json!({ "resource_type": "Infra", "children": [
            child_profile("good", json!(3)), gateway
        ] })
    };
    let place = "children[1].children[0].children[0].children[0]";
    let mut bad = session("/infra/ipsec-vpn-dpd-profiles/good");
    bad["peer_address"] = json!("nobody");
    let mut dangling = session("/infra/ipsec-vpn-dpd-profiles/none");
    dangling["id"] = json!("other");
    let mut gone = child("IPSecVpnSession", session("/infra/ipsec-vpn-dpd-profiles/good"));
    gone["marked_for_delete"] = json!(true);
    let object = |id: &str| (format!("{place}.IPSecVpnSession"), Some(format!("{SERVICE}/sessions/{id}")));
    for (body, status, code, (place, path)) in [
        (within(child("IPSecVpnSession", bad)), 400, 255, object("s")),
        (within(child("IPSecVpnSession", dangling)), 404, 600, object("other")),
        (within(gone), 404, 600, object("s")),
        (within(child("Tier7", json!({ "resource_type": "Tier7" }))), 400, 500_165, (place.to_owned(), None)),
        (within(json!(7)), 400, 255, (place.to_owned(), None)),
        (within(way("IPSecVpnSession", "s", vec![])), 400, 500_165, (place.to_owned(), None)),
    ] {
        let reply = lab.patch(INFRA, &body);
        let said = reply.refused(status, code);
        let named = path.as_ref().map_or_else(|| place.clone(), |path| format!("{place}, {path}"));
        assert!(said.ends_with(&format!(" ({named})")), "{said}");
        let data = reply.json()["error_data"].clone();
        assert_eq!((&data["place"], data.get("path").cloned()), (&json!(place), path.map(Value::from)));
    }
    // Of what lies within an object, the place goes through its wrapper.
    let gateway = json!({ "resource_type": "Tier0", "id": "edge", "children": [
        child("LocaleServices", json!({ "resource_type": "LocaleServices", "id": "one", "nothing": 1 })),
    ] });
    let said =
        lab.patch(INFRA, &json!({ "resource_type": "Infra", "children": [child("Tier0", gateway)] })).refused(400, 255);
    let named = "(children[0].Tier0.children[0].LocaleServices, /infra/tier-0s/edge/locale-services/one)";
    assert!(said.ends_with(named), "{said}");
    // What is in use is told by its own place, and so is a lost address.
    lab.patch(INFRA, &within(child("IPSecVpnSession", session("/infra/ipsec-vpn-dpd-profiles/good")))).ok();
    let mut gone = child_profile("good", json!(3));
    gone["marked_for_delete"] = json!(true);
    let all = json!({ "resource_type": "Infra", "children": [child_profile("more", json!(1)), gone] });
    let said = lab.patch(INFRA, &all).refused(400, 500_030);
    assert!(said.ends_with("(children[1].IPSecVpnDpdProfile, /infra/ipsec-vpn-dpd-profiles/good)"), "{said}");
    // One object by itself needs no place.
    let alone = lab.put("/infra/ipsec-vpn-dpd-profiles/alone", &json!({ "retry_count": 0 }));
    assert!(!alone.refused(400, 255).contains("children"));
    assert_eq!(alone.json().get("error_data"), None);
}

fn child_profile(id: &str, count: Value) -> Value {
    child("IPSecVpnDpdProfile", json!({ "resource_type": "IPSecVpnDpdProfile", "id": id, "retry_count": count }))
}

#[test]
fn revisions_count_where_the_request_says_so() {
    let lab = Lab::new();
    let infra = |count: i64| {
        let profile = json!({ "resource_type": "IPSecVpnDpdProfile", "id": "a", "retry_count": count, "_revision": 7 });
        json!({ "resource_type": "Infra", "children": [child("IPSecVpnDpdProfile", profile)] })
    };
    lab.patch(INFRA, &infra(1)).ok();
    lab.patch(INFRA, &infra(2)).ok();
    lab.patch(&format!("{INFRA}?enforce_revision_check=true"), &infra(3)).refused(412, 206);
    let found = lab.get("/infra/ipsec-vpn-dpd-profiles/a").ok();
    assert_eq!(found["retry_count"], 2);
    // With the revision that is there it takes effect.
    let mut fresh = infra(3);
    fresh["children"][0]["IPSecVpnDpdProfile"]["_revision"] = found["_revision"].clone();
    lab.patch(&format!("{INFRA}?enforce_revision_check=true"), &fresh).ok();
    assert_eq!(lab.get("/infra/ipsec-vpn-dpd-profiles/a").ok()["retry_count"], 3);
    lab.patch(&format!("{INFRA}?enforce_revision_check=true"), &fresh).refused(412, 206);
}

#[test]
fn everything_can_be_read_as_one_body() {
    let lab = Lab::new();
    lab.put(&format!("{SERVICE}/sessions/s"), &session("/infra/ipsec-vpn-dpd-profiles/nsx-default-l3vpn-dpd-profile"))
        .ok();
    assert_eq!(lab.get(INFRA).ok().get("children"), None);
    let found = lab.get(&format!("{INFRA}?type_filter=IPSecVpnSession")).ok();
    let mut at = &found;
    for name in ["Tier0", "LocaleServices", "IPSecVpnService", "IPSecVpnSession"] {
        assert_eq!(at["children"].as_array().unwrap().len(), 1, "{at}");
        assert_eq!(at["children"][0]["resource_type"], format!("Child{name}"));
        at = &at["children"][0][name];
    }
    assert_eq!(at["id"], "s");
    assert!(!found.to_string().contains("hush"));
    let below = lab.get(&format!("{INFRA}?base_path=/infra/tier-1s/cgw&filter=Type-Tier1|Tier0")).ok();
    assert_eq!(below["children"].as_array().unwrap().len(), 1);
    for types in ["Nothing", "Profile", "Session", "ion"] {
        lab.get(&format!("{INFRA}?type_filter={types}")).refused(400, 255);
    }
    lab.get(&format!("{INFRA}?base_path=/infra/tier-0s/none")).refused(404, 600);
}

#[test]
fn objects_are_found_by_what_they_hold() {
    let lab = Lab::new();
    for (id, tag) in [("web-1", "prod"), ("web-2", "test"), ("db", "prod")] {
        let subnet = json!([{ "gateway_address": format!("192.168.{}.1/24", id.len() * 10 + tag.len() + usize::from(id == "db")) }]);
        let body = json!({ "display_name": id, "tags": [{ "scope": "env", "tag": tag }], "subnets": subnet });
        lab.put(&format!("/infra/tier-1s/cgw/segments/{id}"), &json!({ "subnets": [], "tags": body["tags"] })).ok();
    }
    let search = |query: &str| {
        let query: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
        lab.get(&format!("/policy/api/v1/search/query?query={query}&included_fields=id&sort_by=id"))
    };
    for (query, ids) in [
        ("resource_type:Segment", vec!["db", "web-1", "web-2"]),
        ("resource_type:Segment AND id:web*", vec!["web-1", "web-2"]),
        ("resource_type:segment && tags.tag:PROD && NOT id:db", vec!["web-1"]),
        ("id:(db OR web-2)", vec!["db", "web-2"]),
        ("path:\"/infra/tier-1s/cgw/segments/db\"", vec!["db"]),
        ("id:nothing", vec![]),
        ("resource_type:Segment AND _revision:(>=0 AND <1)", vec!["db", "web-1", "web-2"]),
        ("resource_type:Segment AND _revision:>0", vec![]),
        ("resource_type:Segment AND id:(>db AND <web-2)", vec!["web-1"]),
    ] {
        let found = search(query).ok();
        let expected: Vec<_> = ids.iter().map(|id| json!({ "id": id })).collect();
        assert_eq!(found["results"], json!(expected), "{query}");
        assert_eq!(found["result_count"], ids.len());
    }
    search("resource_type:(").refused(400, 60_508);
    // A field that nothing has is misspelt.
    for (parameter, wrong) in [("sort_by", "display_nam"), ("included_fields", "id,display_nam")] {
        let at = format!("/policy/api/v1/search/query?query=id:*&{parameter}={wrong}");
        let said = lab.get(&at).refused(400, 60_508);
        assert!(said.contains(parameter) && said.contains("\"display_nam\""), "{said}");
        let said = lab.get(&format!("/infra/tier-1s/cgw/segments?{parameter}={wrong}")).refused(400, 255);
        assert!(said.contains(parameter) && said.contains("\"display_nam\""), "{said}");
    }
    let long = "x".repeat(20_000);
    for at in [format!("/policy/api/v1/search/query?query={long}:("), format!("/infra/segments?page_size={long}")] {
        let reply = lab.get(&at);
        assert!(reply.status == 400 && reply.body.len() < 500, "{}", reply.text());
    }
    lab.get("/policy/api/v1/search/query").refused(400, 60_508);
    let first = lab.get("/api/v1/search/query?query=resource_type:Segment&page_size=2").ok();
    let cursor = first["cursor"].as_str().unwrap();
    let rest = lab.get(&format!("/api/v1/search/query?query=resource_type:Segment&page_size=2&cursor={cursor}")).ok();
    assert_eq!(rest["results"].as_array().unwrap().len(), 1);
    assert_eq!(lab.by(("auditor", AUDITOR), "GET", "/api/v1/search/query?query=db", "").ok()["result_count"], 1);
}

#[test]
fn objects_are_found_in_the_other_language_too() {
    let lab = Lab::new();
    for (id, state) in [("web-1", "UP"), ("web-2", "DOWN"), ("db", "UP")] {
        let body = json!({ "display_name": format!("The {id}"), "admin_state": state, "tags": [{ "tag": id }] });
        lab.put(&format!("/infra/tier-1s/cgw/segments/{id}"), &body).ok();
    }
    lab.put(&format!("{SERVICE}/sessions/s"), &session("/infra/ipsec-vpn-dpd-profiles/nsx-default-l3vpn-dpd-profile"))
        .ok();
    let search = |query: &str| {
        let query: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
        lab.get(&format!("/policy/api/v1/search/dsl?query={query}&included_fields=id&sort_by=id"))
    };
    for (query, ids) in [
        ("segment", vec!["db", "web-1", "web-2"]),
        ("Segment where admin_state = up", vec!["db", "web-1"]),
        ("segment where admin_state != up or tags.tag = db", vec!["db", "web-2"]),
        ("segment where display_name like web AND _revision >= 0", vec!["web-1", "web-2"]),
        ("segment where display_name = \"the db\"", vec!["db"]),
        ("IPSecVpnSession", vec!["s"]),
        ("tier0 where id = vmc", vec!["vmc"]),
    ] {
        let found = search(query).ok();
        let expected: Vec<_> = ids.iter().map(|id| json!({ "id": id })).collect();
        assert_eq!(found["results"], json!(expected), "{query}");
    }
    for query in ["id:db", "segment where", "Segmant", "segment where id ~ db"] {
        search(query).refused(400, 60_508);
    }
}

#[test]
fn what_exists_is_realized() {
    let lab = Lab::new();
    let state = "/policy/api/v1/infra/realized-state";
    let path = "/infra/tier-0s/vmc";
    let status = lab.get(&format!("{state}/status?intent_path={path}")).ok();
    assert_eq!((&status["publish_status"], &status["intent_path"]), (&json!("REALIZED"), &json!(path)));
    let entities = lab.get(&format!("{state}/realized-entities?intent_path={path}")).ok();
    assert_eq!(entities["results"][0]["state"], "REALIZED");
    lab.get(&format!("{state}/status?intent_path=/infra/tier-0s/none")).refused(404, 600);
    lab.get(&format!("{state}/status")).refused(400, 255);
    for (more, site) in [("", "/infra/sites/default"), ("&include_enforced_status=true", "/infra/sites/default")] {
        let status = lab.get(&format!("{state}/status?intent_path={path}&site_path={site}{more}")).ok();
        assert_eq!(status["consolidated_status"]["consolidated_status"], "SUCCESS");
    }
    lab.get(&format!("{state}/status?intent_path={path}&site_path=/infra/sites/other")).refused(400, 500_012);
    lab.get(&format!("{state}/status?intent_path=nothing")).refused(400, 500_012);
    let refresh = format!("{state}/realized-entity?intent_path={path}");
    assert_eq!(lab.post(&format!("{refresh}&action=refresh")).ok(), Value::Null);
    lab.post(&refresh).refused(400, 255);
    lab.get(&refresh).refused(405, 405);
    lab.post(&format!("{state}/realized-entity?intent_path=/infra/tier-0s/none&action=refresh")).refused(404, 600);
    // A change is realized as it is answered.
    lab.patch(path, &json!({ "description": "mine" })).refused(403, 289);
    lab.put("/infra/tier-1s/cgw/segments/app", &json!({})).ok();
    lab.patch("/infra/tier-1s/cgw/segments/app", &json!({ "description": "new" })).ok();
    let status = lab.get(&format!("{state}/status?intent_path=/infra/tier-1s/cgw/segments/app")).ok();
    assert_eq!(status["intent_version"], "1");
    let points = lab.get("/policy/api/v1/infra/sites/default/enforcement-points").ok();
    let point = points["results"][0]["path"].as_str().unwrap();
    assert_eq!(lab.get(&format!("/policy/api/v1{point}")).ok()["path"], point);
}

/// A VPN service is named without its locale service, which is not called `default`.
#[test]
fn addresses_without_a_locale_service_mean_the_only_one_everywhere() {
    let lab = Lab::new();
    let (gateway, short) = ("/infra/tier-0s/Edge", "/infra/tier-0s/Edge/ipsec-vpn-services/v");
    let full = "/infra/tier-0s/Edge/locale-services/one/ipsec-vpn-services/v";
    let endpoint = child(
        "IPSecVpnLocalEndpoint",
        json!({ "resource_type": "IPSecVpnLocalEndpoint", "id": "e", "local_address": "203.0.113.9" }),
    );
    let mut declared = session("/infra/ipsec-vpn-dpd-profiles/nsx-default-l3vpn-dpd-profile");
    declared["local_endpoint_path"] = json!(format!("{short}/local-endpoints/e"));
    let service = |children: Vec<Value>| {
        child("IPSecVpnService", json!({ "resource_type": "IPSecVpnService", "id": "v", "children": children }))
    };
    let infra = |gateway: Value| json!({ "resource_type": "Infra", "children": [gateway] });
    // What lies in the locale service comes before it.
    let new =
        |children: Vec<Value>| child("Tier0", json!({ "resource_type": "Tier0", "id": "Edge", "children": children }));
    let locale_service = child("LocaleServices", json!({ "resource_type": "LocaleServices", "id": "one" }));
    let vpn = service(vec![child("IPSecVpnSession", declared.clone()), endpoint]);
    lab.patch(INFRA, &infra(new(vec![vpn, locale_service.clone()]))).ok();
    let stored = lab.get(&format!("{full}/sessions/s")).ok();
    assert_eq!(stored["local_endpoint_path"], format!("{full}/local-endpoints/e"));
    // By both addresses in one body it is one object.
    let again = |children: Vec<Value>| way("Tier0", "Edge", children);
    let session_of = |peer: &str| {
        let mut declared = declared.clone();
        declared["peer_id"] = json!(peer);
        way("IPSecVpnService", "v", vec![child("IPSecVpnSession", declared)])
    };
    lab.patch(INFRA, &infra(again(vec![session_of("b.example")]))).ok();
    assert_eq!(lab.get(&format!("{full}/sessions/s")).ok()["peer_id"], "b.example");
    let twice = vec![session_of("a.example"), way("LocaleServices", "one", vec![session_of("c.example")])];
    lab.patch(INFRA, &infra(again(twice))).refused(400, 255);

    for (at, found) in [(format!("{short}/sessions/s"), 200), (format!("{short}/sessions/none"), 404)] {
        for (place, more) in [("realized-state/status", ""), ("realized-state/realized-entities", "")] {
            assert_eq!(lab.get(&format!("{INFRA}/{place}?intent_path={at}{more}")).status, found, "{place} {at}");
        }
        let refresh = format!("{INFRA}/realized-state/realized-entity?intent_path={at}&action=refresh");
        assert_eq!(lab.post(&refresh).status, found, "{at}");
        assert_eq!(lab.get(&format!("{INFRA}?base_path={at}")).status, found, "{at}");
    }
    let status = lab.get(&format!("{INFRA}/realized-state/status?intent_path={short}/sessions/s")).ok();
    assert_eq!(status["intent_path"], format!("{full}/sessions/s"));
    for (form, query) in [
        ("query", format!("path:\"{short}/sessions/s\"")),
        ("query", format!("path:{}", format!("{short}/sessions/s").replace('/', "\\/").replace('-', "\\-"))),
        ("query", format!("resource_type:*Session AND path:{short}/*")),
        ("query", format!("resource_type:*Session AND parent_path:{short}")),
        ("query", format!("resource_type:*Session AND local_endpoint_path:(\"{short}/local-endpoints/e\" OR none)")),
        ("dsl", format!("IPSecVpnSession where parent_path = \"{short}\"")),
        ("dsl", format!("IPSecVpnSession where path like \"{short}/sessions\"")),
    ] {
        let encoded: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
        let found = lab.get(&format!("/policy/api/v1/search/{form}?query={encoded}")).ok();
        assert_eq!((&found["result_count"], &found["results"][0]["id"]), (&json!(1), &json!("s")), "{query}");
    }
    // All of it goes at once, the locale service too.
    let marked = |mut wrapper: Value| {
        wrapper["marked_for_delete"] = json!(true);
        wrapper
    };
    let gone = |name: &str, id: &str, children: Vec<Value>| {
        let kind = if name == "IPSecVpnSession" { "PolicyBasedIPSecVpnSession" } else { name };
        marked(child(name, json!({ "resource_type": kind, "id": id, "children": children })))
    };
    let vpn = gone(
        "IPSecVpnService",
        "v",
        vec![gone("IPSecVpnLocalEndpoint", "e", vec![]), gone("IPSecVpnSession", "s", vec![])],
    );
    lab.patch(INFRA, &infra(again(vec![marked(locale_service), vpn]))).ok();
    lab.get(&format!("{full}/sessions/s")).refused(404, 600);
    lab.get(&format!("{gateway}/locale-services/one")).refused(404, 600);
}

/// Every object is there once, below the one it lies below, and all of it can be sent back.
#[test]
fn a_whole_body_holds_each_object_in_its_place_and_changes_nothing_when_it_is_sent_back() {
    let lab = Lab::new();
    let gateway = "/infra/tier-0s/a";
    for (path, body) in [
        (gateway.to_owned(), json!({})),
        (format!("{gateway}-b"), json!({})),
        (format!("{gateway}/locale-services/one"), json!({})),
        (format!("{gateway}/locale-services/one/ipsec-vpn-services/v"), json!({})),
        (
            format!("{gateway}/locale-services/one/bgp/neighbors/n"),
            json!({ "neighbor_address": "169.254.9.2", "remote_as_num": "65011", "password": "hush" }),
        ),
        (format!("{gateway}/locale-services/one/bgp/troubleshoot"), json!({})),
        ("/infra/routing-config/prefix-lists/shared".to_owned(), json!({ "prefixes": [{ "network": "10.0.0.0/8" }] })),
        ("/infra/segments/apart".to_owned(), json!({})),
        ("/infra/segments/apart/ports/p".to_owned(), json!({})),
        ("/infra/tier-1s/cgw/segments/web".to_owned(), json!({})),
        (format!("{SERVICE}/sessions/s"), session("/infra/ipsec-vpn-dpd-profiles/nsx-default-l3vpn-dpd-profile")),
    ] {
        lab.put(&path, &body).ok();
    }
    let document = lab.get("/openapi.json").ok();
    let types: Vec<_> = document["components"]["schemas"]
        .as_object()
        .unwrap()
        .iter()
        .filter(|(_, schema)| schema["properties"]["resource_type"].is_object())
        .map(|(name, _)| name.as_str())
        .filter(|name| lab.get(&format!("{INFRA}?type_filter={name}")).status == 200)
        .collect();
    assert!(types.len() >= 18, "{types:?}");
    let whole = lab.get(&format!("{INFRA}?type_filter={}", types.join(";"))).ok();
    let mut found = Vec::new();
    paths_of(&whole, "/infra", &mut found);
    let mut all: Vec<_> =
        lab.get("/policy/api/v1/search/query?query=_revision:%3E%3D0&included_fields=path").ok()["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|object| object["path"].as_str().unwrap().to_owned())
            .collect();
    all.sort();
    found.sort();
    assert_eq!(found, all);
    assert!(!whole.to_string().contains("hush"));
    let revisions =
        || lab.get("/policy/api/v1/search/query?query=_revision:%3E%3D0&included_fields=path,_revision").ok();
    let before = revisions();
    lab.patch(INFRA, &whole).ok();
    assert_eq!(revisions(), before);
    let keys = lab.get(&format!("{SERVICE}/sessions/s?action=show_sensitive_data")).ok();
    assert_eq!(keys["psk"], "hush");

    // A part of it: what lies below one object, and those of a type there.
    let part = lab.get(&format!("{INFRA}?base_path={gateway}")).ok();
    let mut below = Vec::new();
    paths_of(&part, "/infra", &mut below);
    below.sort();
    assert_eq!(
        below,
        all.iter()
            .filter(|path| *path == gateway || path.starts_with(&format!("{gateway}/")))
            .cloned()
            .collect::<Vec<_>>()
    );
    let part = lab.get(&format!("{INFRA}?base_path={gateway}&type_filter=BgpNeighborConfig")).ok();
    let mut some = Vec::new();
    paths_of(&part, "/infra", &mut some);
    let one = format!("{gateway}/locale-services/one");
    assert_eq!(some, [gateway, &one, &format!("{one}/bgp"), &format!("{one}/bgp/neighbors/n")]);
    // What the system owns stays as it is.
    let mut changed = whole.clone();
    let children = changed["children"].as_array_mut().unwrap();
    let vmc = children.iter_mut().find(|child| child["Tier0"]["id"] == "vmc").unwrap();
    vmc["Tier0"]["description"] = json!("mine");
    lab.patch(INFRA, &changed).refused(403, 289);
}

/// The paths of the objects in a body, each of which says that it lies below `parent`.
fn paths_of(body: &Value, parent: &str, found: &mut Vec<String>) {
    for child in body["children"].as_array().into_iter().flatten() {
        let name = child["resource_type"].as_str().unwrap().strip_prefix("Child").unwrap();
        let object = &child[name];
        let path = object["path"].as_str().unwrap();
        let above = object["parent_path"].as_str().unwrap();
        assert!(above == parent || (parent == "/infra" && above == "/infra/routing-config"), "{path} below {parent}");
        found.push(path.to_owned());
        paths_of(object, path, found);
    }
}

#[test]
fn what_is_searched_is_read_anew() {
    let lab = Lab::new();
    for root in ["/policy/api/v1", "/api/v1"] {
        let at = format!("{root}/search/reconcile");
        assert_eq!(lab.post(&format!("{at}?action=COMPLETE_REINDEXING&override=true&scope=policy")).ok(), Value::Null);
        lab.post(&format!("{at}?action=REBALANCE")).ok();
        lab.post(&at).refused(400, 255);
        lab.post(&format!("{at}?action=REGULAR_INDEXING")).refused(400, 255);
        lab.post(&format!("{at}?action=REBALANCE&scope=telemetry")).refused(400, 255);
        lab.get(&at).refused(405, 405);
        let status = lab.get(&format!("{at}/status?action=REBALANCE")).ok();
        assert_eq!(status, json!({ "action": "REBALANCE", "status": "DONE" }));
        assert_eq!(lab.get(&format!("{at}/status")).ok()["action"], "REGULAR_INDEXING");
        lab.by(("auditor", AUDITOR), "POST", &format!("{at}?action=REBALANCE"), "").refused(403, 289);
        lab.by(("auditor", AUDITOR), "GET", &format!("{at}/status"), "").ok();
    }
    assert_eq!(lab.get("/policy/api/v1/search/query?query=resource_type:Tier0").ok()["result_count"], 1);
}
