//! Objects are read and written without losing what the model does not know.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::fake::{Act, Fake};
use crate::backend::{Backend, BackendError};
use crate::engine::Refusal;
use crate::model::wording::as_written;
use crate::model::{BGP_NEIGHBOR, IKE_PROFILE, PolicyPath, ROUTE_BASED_SESSION, Tree};

pub(super) const PROFILE: &str = "/infra/ipsec-vpn-ike-profiles/a";
const SESSION: &str = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default/sessions/s";

pub(super) fn path(text: &str) -> PolicyPath {
    PolicyPath::parse(text).unwrap()
}

pub(super) fn fields(document: Json) -> Map<String, Json> {
    let Json::Object(fields) = document else { panic!("no object") };
    fields
}

pub(super) fn profile() -> Map<String, Json> {
    fields(
        json!({ "resource_type": "IPSecVpnIkeProfile", "dh_groups": ["GROUP14"], "encryption_algorithms": ["AES_256"] }),
    )
}

fn session() -> Json {
    json!({
        "resource_type": "RouteBasedIPSecVpnSession",
        "peer_address": "198.51.100.1", "peer_id": "198.51.100.1", "psk": "hunter2",
        "tunnel_interfaces": [{ "id": "default-tunnel-interface",
            "ip_subnets": [{ "ip_addresses": ["169.254.10.1"], "prefix_length": 30 }] }],
    })
}

#[tokio::test]
async fn an_object_is_created_with_the_models_defaults_and_only_once() {
    let server = Fake::start().await;
    let backend = server.client();
    let made = backend.create(&path(PROFILE), profile(), "me").await.unwrap();
    assert_eq!((made.revision(), made.get("ike_version")), (0, Some(&json!("IKE_V2"))));
    assert_eq!(server.held(PROFILE).unwrap()["sa_life_time"], 86_400);
    assert_eq!(backend.notes().claims().await.unwrap(), [(path(PROFILE), "me".to_owned())]);

    let again = backend.create(&path(PROFILE), profile(), "you").await.unwrap_err();
    assert!(matches!(again, BackendError::Refused(Refusal::Exists(_))), "{again}");
    assert_eq!(
        backend.notes().claims().await.unwrap(),
        [(path(PROFILE), "me".to_owned())],
        "the claim is the creator's"
    );

    backend.delete(&path(PROFILE)).await.unwrap();
    assert!(backend.get(&path(PROFILE)).await.unwrap().is_none() && backend.notes().claims().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_the_model_does_not_know_survives_a_change() {
    let server = Fake::start().await;
    server.hold(
        PROFILE,
        json!({
            "resource_type": "IPSecVpnIkeProfile", "display_name": "a", "dh_groups": ["GROUP14"],
            "encryption_algorithms": ["AES_256"], "digest_algorithms": ["SHA3_512"], "ike_version": "IKE_V2",
            "sa_life_time": 86_400, "later_release": { "x": [1, 2] },
            "tags": [{ "scope": "a", "tag": "b" }],
        }),
    );
    let backend = server.client();
    let read = backend.get(&path(PROFILE)).await.unwrap().unwrap();
    assert_eq!(read.get("later_release"), None, "it is no part of the model's object");
    let mut declared = read.declared();
    declared.insert("sa_life_time".to_owned(), json!(40_000));
    let changed = backend.replace(&path(PROFILE), declared, 0).await.unwrap();
    assert_eq!((changed.revision(), changed.get("sa_life_time")), (1, Some(&json!(40_000))));
    let held = server.held(PROFILE).unwrap();
    assert_eq!(held["later_release"], json!({ "x": [1, 2] }));
    assert_eq!(held["digest_algorithms"], json!(["SHA3_512"]), "a word of a later release");
    assert_eq!(held["tags"], json!([{ "scope": "a", "tag": "b" }]));
    assert_eq!(server.lines(), [format!("GET {PROFILE}"), format!("PUT {PROFILE}")], "one request each");
}

#[tokio::test]
async fn elements_of_lists_keep_what_is_theirs() {
    let list = "/infra/tier-0s/vmc/prefix-lists/p";
    let server = Fake::start().await;
    server.hold(
        list,
        json!({ "resource_type": "PrefixList", "display_name": "p", "prefixes": [
            { "network": "10.0.0.0/8", "action": "PERMIT", "note": 1 },
            { "network": "192.168.0.0/16", "action": "DENY", "note": 2 },
        ] }),
    );
    let backend = server.client();
    let mut declared = backend.get(&path(list)).await.unwrap().unwrap().declared();
    declared.insert(
        "prefixes".to_owned(),
        json!([
            { "network": "192.168.0.0/16", "action": "DENY" },
            { "network": "172.16.0.0/12", "action": "PERMIT" },
            { "network": "10.0.0.0/8", "action": "PERMIT" },
        ]),
    );
    backend.replace(&path(list), declared, 0).await.unwrap();
    let held = server.held(list).unwrap();
    let notes: Vec<_> = held["prefixes"].as_array().unwrap().iter().map(|prefix| prefix["note"].clone()).collect();
    assert_eq!(notes, [json!(2), Json::Null, json!(1)]);
}

#[tokio::test]
async fn somebody_elses_change_is_noticed() {
    let server = Fake::start().await;
    let backend = server.client();
    let made = backend.create(&path(PROFILE), profile(), "me").await.unwrap();
    server.hold(PROFILE, json!({ "resource_type": "IPSecVpnIkeProfile", "sa_life_time": 30_000 }));
    let refused = backend.replace(&path(PROFILE), made.declared(), 0).await.unwrap_err();
    let BackendError::Refused(Refusal::Stale { found, sent, .. }) = refused else { panic!("{refused}") };
    assert_eq!((found, sent), (1, 0));
    let now = backend.get(&path(PROFILE)).await.unwrap().unwrap();
    assert_eq!(now.get("sa_life_time"), Some(&json!(30_000)), "what is read after that is new");
    backend.replace(&path(PROFILE), made.declared(), 1).await.unwrap();
}

#[tokio::test]
async fn a_secret_is_read_where_it_is_shown_and_kept_where_it_is_not() {
    let server = Fake::start().await;
    server.hold(SESSION, session());
    let read = server.client().get(&path(SESSION)).await.unwrap().unwrap();
    assert_eq!((read.get("psk"), read.hides_secrets()), (Some(&json!("hunter2")), false));

    let server = Fake::with(|asked, _| {
        asked.query.contains("show_sensitive_data").then(|| Act::error(403, 403_001, "not for you"))
    })
    .await;
    server.hold(SESSION, session());
    let backend = server.client();
    let read = backend.get(&path(SESSION)).await.unwrap().unwrap();
    assert_eq!((read.get("psk"), read.hides_secrets()), (None, true));
    let mut declared = read.declared();
    declared.insert("description".to_owned(), json!("x"));
    backend.replace(&path(SESSION), declared.clone(), 0).await.unwrap();
    let sent: Json = serde_json::from_str(&server.asked().last().unwrap().body).unwrap();
    assert_eq!(sent.get("psk"), None, "what is not known is not sent");
    declared.insert("psk".to_owned(), json!(""));
    backend.replace(&path(SESSION), declared, 1).await.unwrap();
    let sent: Json = serde_json::from_str(&server.asked().last().unwrap().body).unwrap();
    assert_eq!(sent["psk"], "", "what is taken away is cleared");
}

#[tokio::test]
async fn what_the_api_fills_in_of_a_neighbor_is_nobodys_declaration() {
    let neighbor = "/infra/tier-0s/vmc/locale-services/default/bgp/neighbors/n";
    let server = Fake::start().await;
    let built_in = "/infra/tier-0s/vmc/prefix-lists/prefixlist-out-default";
    server.hold(
        neighbor,
        json!({
            "resource_type": "BgpNeighborConfig", "neighbor_address": "169.254.10.2", "remote_as_num": "65001",
            "out_route_filters": [built_in],
            "route_filtering": [{ "address_family": "IPV4", "enabled": true, "out_route_filters": [built_in] }],
        }),
    );
    let read = server.client().get(&path(neighbor)).await.unwrap().unwrap();
    assert_eq!((read.get("route_filtering"), read.get("out_route_filters")), (None, None));
    assert_eq!(read.kind(), &BGP_NEIGHBOR);
}

/// A gateway on premises whose one locale service is not called `default`: what is called
/// without a locale service is answered with the one that it lies in.
#[tokio::test]
async fn an_address_without_a_locale_service_is_the_objects_own() {
    let short = "/infra/tier-0s/edge/ipsec-vpn-services/v";
    let full = "/infra/tier-0s/edge/locale-services/one/ipsec-vpn-services/v";
    let answered = json!({
        "resource_type": "RouteBasedIPSecVpnSession", "path": format!("{full}/sessions/s"), "id": "s", "_revision": 0,
        "peer_address": "198.51.100.1", "peer_id": "198.51.100.1",
        "local_endpoint_path": format!("{full}/local-endpoints/e"),
        "dpd_profile_path": "/infra/ipsec-vpn-dpd-profiles/a",
    });
    let listed = json!({ "results": [answered.clone()], "result_count": 1 });
    let server = Fake::with(move |asked, _| {
        let of = asked.object();
        let is_list = asked.query.contains("page_size");
        let document = if is_list && of.ends_with("/sessions") { &listed } else { &answered };
        of.contains("/sessions").then(|| Act::json(200, document))
    })
    .await;
    let backend = server.client();
    // As Terraform's configuration calls it, and as it lies in the gateway.
    for (asked, parent) in [(short, "/infra/tier-0s/edge/locale-services/default/ipsec-vpn-services/v"), (full, full)] {
        let read = backend.get(&path(&format!("{asked}/sessions/s"))).await.unwrap().unwrap();
        assert_eq!(read.path().as_str(), format!("{parent}/sessions/s"));
        assert_eq!(read.get("local_endpoint_path"), Some(&json!(format!("{parent}/local-endpoints/e"))));
        let listed = backend.list(&ROUTE_BASED_SESSION, parent).await.unwrap();
        assert_eq!(listed[0].get("local_endpoint_path"), read.get("local_endpoint_path"));
    }
    assert!(server.lines().contains(&format!("GET {short}/sessions/s")), "{:?}", server.lines());
}

/// An NSX says the filters of a neighbor twice, wherever they were declared.
#[tokio::test]
async fn filters_that_are_said_twice_are_read_in_the_words_of_who_declared_them() {
    let neighbor = "/infra/tier-0s/vmc/locale-services/default/bgp/neighbors/n";
    let lists = ["/infra/tier-0s/vmc/prefix-lists/in", "/infra/tier-0s/vmc/prefix-lists/prefixlist-out-default"];
    let server = Fake::start().await;
    let said = json!([{
        "address_family": "IPV4", "enabled": true, "in_route_filters": [lists[0]], "out_route_filters": [lists[1]],
    }]);
    server.hold(
        neighbor,
        json!({
            "resource_type": "BgpNeighborConfig", "neighbor_address": "169.254.10.2", "remote_as_num": "65001",
            "in_route_filters": [lists[0]], "out_route_filters": [lists[1]], "route_filtering": said,
        }),
    );
    let backend = server.client();
    let read = backend.get(&path(neighbor)).await.unwrap().unwrap();
    let Tree::Object(known) = Tree::from(&Json::Object(read.declared())) else { panic!("no object") };
    let wanted = |document: Json| {
        let Tree::Object(wanted) = Tree::from(&document) else { panic!("no object") };
        let written = as_written(&BGP_NEIGHBOR, known.clone(), &wanted);
        ["route_filtering", "in_route_filters", "out_route_filters"]
            .map(|name| written.get(name).filter(|value| !value.is_null()).map(Tree::to_json))
    };
    let filtering = json!([{ "address_family": "IPV4", "enabled": true, "in_route_filters": [lists[0]] }]);
    let old = [None, Some(json!([lists[0]])), None];
    assert_eq!(wanted(json!({ "in_route_filters": [lists[0]] })), old);
    assert_eq!(
        wanted(json!({ "in_route_filters": ["/infra/tier-0s/vmc/prefix-lists/x"], "route_filtering": [] })),
        old
    );
    for new in [json!({}), json!({ "route_filtering": filtering })] {
        assert_eq!(wanted(new), [Some(filtering.clone()), None, None], "after an import, and as declared");
    }
    // What is declared in the deprecated fields alone is written there alone.
    let mut declared = read.declared();
    declared.remove("route_filtering");
    declared.insert("in_route_filters".to_owned(), json!(["/infra/tier-0s/vmc/prefix-lists/other"]));
    backend.replace(&path(neighbor), declared, 0).await.unwrap();
    let held = server.held(neighbor).unwrap();
    assert_eq!(held["in_route_filters"], json!(["/infra/tier-0s/vmc/prefix-lists/other"]));
    assert_eq!(held.get("route_filtering"), None);
}

#[tokio::test]
async fn three_thousand_objects_are_read_by_few_requests() {
    let server = Fake::start().await;
    let collections = [
        ("/infra/ipsec-vpn-ike-profiles", "IPSecVpnIkeProfile"),
        ("/infra/ipsec-vpn-tunnel-profiles", "IPSecVpnTunnelProfile"),
        ("/infra/tier-0s/vmc/prefix-lists", "PrefixList"),
    ];
    let mut paths = Vec::new();
    for (collection, resource_type) in collections {
        for number in 0..1_000 {
            let path = format!("{collection}/o{number}");
            server.hold(&path, json!({ "resource_type": resource_type }));
            paths.push(path);
        }
    }
    let backend = Arc::new(server.client());
    let gate = Arc::new(tokio::sync::Semaphore::new(10));
    let reads: Vec<_> = paths
        .into_iter()
        .map(|text| {
            let (backend, gate) = (Arc::clone(&backend), Arc::clone(&gate));
            tokio::spawn(async move {
                let _turn = gate.acquire().await.unwrap();
                backend.get(&path(&text)).await.unwrap().is_some()
            })
        })
        .collect();
    for read in reads {
        assert!(read.await.unwrap());
    }
    assert!(backend.requests() < 20, "{} requests", backend.requests());
}

#[tokio::test]
async fn an_address_that_another_object_has_is_found_out_before_it_is_written() {
    let neighbors = "/infra/tier-0s/vmc/locale-services/default/bgp/neighbors";
    let server = Fake::start().await;
    server.hold(
        &format!("{neighbors}/one"),
        json!({ "resource_type": "BgpNeighborConfig", "neighbor_address": "169.254.10.2", "remote_as_num": "65001" }),
    );
    let backend = server.client();
    let tree = Tree::from(&json!({ "neighbor_address": "169.254.10.2" }));
    let clashes = backend.clashes(&BGP_NEIGHBOR, &path(&format!("{neighbors}/two")), &tree).await.unwrap();
    assert_eq!(clashes.iter().map(|(whose, _)| whose.id()).collect::<Vec<_>>(), ["one"]);
    assert!(backend.clashes(&IKE_PROFILE, &path(PROFILE), &tree).await.unwrap().is_empty());
}
