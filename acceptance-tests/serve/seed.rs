//! The requests of seed 002, sent by curl from `scripts/conformance/seed-002.py`, which
//! compares the answers with those that are printed; and what lies beside them.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::lab::{Lab, PASSWORD};

const SERVICE: &str = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default";
const NEIGHBORS: &str = "/infra/tier-0s/vmc/locale-services/default/bgp/neighbors";
const PLACE: &str = "/infra/sites/default/enforcement-points/vmc-enforcementpoint";

fn replayed(arguments: &[&str], password: &str) -> Output {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/conformance/seed-002.py");
    Command::new("python3").arg(script).args(arguments).env("NSXT_PASSWORD", password).output().unwrap()
}

#[test]
fn every_request_of_the_seed_is_answered_as_it_is_printed() {
    let lab = Lab::new();
    let host = format!("http://{}", lab.host);
    let said = replayed(&[&host, "admin"], PASSWORD);
    let text = String::from_utf8(said.stdout).unwrap();
    assert!(said.status.success(), "{text}{}", String::from_utf8_lossy(&said.stderr));
    // By the URLs as they are printed, and after the root of the API.
    assert_eq!(text.matches("ok       PUT /infra/").count(), 2 * 7, "{text}");
    let left = lab.get("/infra/ipsec-vpn-ike-profiles").ok();
    assert!(!left.to_string().contains("VPNtoDFWDC1"), "it leaves nothing behind");
}

/// With somebody at the other end the tunnel comes up, and the table of routes has rows.
#[test]
fn with_a_far_end_the_seeds_routes_have_values() {
    let lab = Lab::new();
    let host = format!("http://{}", lab.host);
    let said = replayed(&[&host, "admin", "--far-end", "--prefix", "/policy/api/v1"], PASSWORD);
    let text = String::from_utf8(said.stdout).unwrap();
    assert!(said.status.success(), "{text}{}", String::from_utf8_lossy(&said.stderr));
    assert_eq!(lab.get("/infra/simulated-peers").ok()["result_count"], 0, "it leaves nothing behind");
}

#[test]
fn what_is_there_already_is_not_replayed_over() {
    let lab = Lab::new();
    let host = format!("http://{}", lab.host);
    lab.put("/infra/tier-0s/vmc/prefix-lists/VPNPrefixList_inout", &json!({ "prefixes": [{ "network": "ANY" }] })).ok();
    for (password, says) in [(PASSWORD, "VPNPrefixList_inout is there already"), ("wrong", "answers 40")] {
        let said = replayed(&[&host, "admin"], password);
        assert_eq!(said.status.code(), Some(2));
        let text = String::from_utf8(said.stderr).unwrap();
        assert!(text.contains(says) && !text.contains(PASSWORD), "{text}");
    }
    assert_eq!(lab.get("/infra/ipsec-vpn-ike-profiles/VPNtoDFWDC1IKE").status, 404);
}

/// What differs is told: another value, and another type.
#[test]
fn an_answer_that_is_not_as_printed_is_told() {
    let lab = Lab::new();
    let code = r#"
import importlib.util, sys
spec = importlib.util.spec_from_file_location("seed", sys.argv[1])
seed = importlib.util.module_from_spec(spec)
spec.loader.exec_module(seed)
printed = {"a": 1, "b": [{"c": "x", "live": 1}], "t": {"n": 5}}
for answered in [
    {"a": 2, "b": [{"c": "x", "live": 2}], "t": {"n": 6}},
    {"a": "1", "b": [], "t": {"n": None}},
    {"b": [{"c": "x", "live": True}], "t": {"n": 7}},
]:
    print(sorted(seed.differences(answered, printed, {"live", "t"})))
"#;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/conformance/seed-002.py");
    let said = Command::new("python3").args(["-c", code]).arg(script).current_dir(&lab.folder).output().unwrap();
    let text = String::from_utf8(said.stdout).unwrap();
    assert_eq!(
        text.lines().collect::<Vec<_>>(),
        [
            "['a is 2, printed is 1']",
            "['a is a text, printed is a whole number', 'b has 0 entries, printed are 1', 't.n is null, printed is a whole number']",
            "['a is missing', 'b[0].live is a truth value, printed is a whole number']",
        ],
        "{}",
        String::from_utf8_lossy(&said.stderr)
    );
}

#[test]
fn a_body_with_a_comma_too_many_is_no_json() {
    // As the seed prints its DPD profile.
    let body = "{\n    \"enabled\": true,\n    \"display_name\": \"nsx-custom-l3vpn-dpd-profile\",\n }";
    let path = "/infra/ipsec-vpn-dpd-profiles/nsx-custom-l3vpn-dpd-profile";
    let said = Lab::new().by(("admin", PASSWORD), "PUT", path, body).refused(400, 255);
    assert!(said.contains("trailing comma at line 4 column 2"), "{said}");
}

/// What the seed's requests for what runs can be told besides.
#[test]
fn what_runs_is_asked_about_with_parameters() {
    let lab = Lab::new();
    let session = format!("{SERVICE}/sessions/dallas");
    lab.put(&session, &route_based()).ok();
    lab.put(&format!("{NEIGHBORS}/dallas"), &json!({ "neighbor_address": "169.254.151.1", "remote_as_num": "65006" }))
        .ok();
    let status = lab.get(&format!("{session}/detailed-status")).ok();
    // Nobody is at the other end yet.
    assert_eq!(status["results"][0]["runtime_status"], "NEGOTIATING");
    lab.get(&format!("{session}/detailed-status?source=cached&enforcement_point_path={PLACE}")).ok();
    lab.get(&format!("{session}/detailed-status?enforcement_point_path=/infra/x/y")).refused(400, 500_012);
    lab.get(&format!("{session}/detailed-status?source=memory")).refused(400, 255);
    assert_eq!(lab.post(&format!("{session}/statistics?action=reset")).ok(), Value::Null);
    lab.post(&format!("{session}/statistics")).refused(400, 255);
    let summary = lab.get(&format!("{SERVICE}/summary")).ok();
    assert_eq!(summary["session_summary"]["total_sessions"], 1);
    assert_eq!(summary["session_summary"]["negotiating_sessions"], 1);
    let inter = lab.get(&format!("{NEIGHBORS}/status?bgp_neighbor_type=INTER_SR")).ok();
    assert_eq!(inter["result_count"], 0);
    for what in ["routes", "advertised-routes"] {
        let found = lab.get(&format!("{NEIGHBORS}/dallas/{what}")).ok();
        assert_eq!(found["results"][0]["egde_node_routes"], found["results"][0]["edge_node_routes"]);
        let csv = lab.get(&format!("{NEIGHBORS}/dallas/{what}?format=csv&enforcement_point_path={PLACE}"));
        assert_eq!((csv.status, csv.header("content-type")), (200, Some("text/csv")));
        assert!(csv.text().starts_with("logical_router_id,neighbor_id,"), "{}", csv.text());
    }
    lab.post(&format!("{NEIGHBORS}/dallas/routes")).refused(400, 255);
    let reset = format!("{session}/statistics?action=reset&enforcement_point_path");
    lab.post(&format!("{reset}={PLACE}")).ok();
    lab.post(&format!("{reset}=/infra/x/y")).refused(400, 500_012);
    // Only what is read can be read from memory.
    lab.post(&format!("{session}/statistics?action=reset&source=cached")).refused(400, 255);
    lab.get(&format!("{NEIGHBORS}/dallas/routes?source=cached")).refused(400, 255);
}

#[test]
fn neighbors_are_asked_about_with_parameters() {
    let lab = Lab::new();
    lab.put(&format!("{SERVICE}/sessions/dallas"), &route_based()).ok();
    for (id, address) in [("dallas", "169.254.151.1"), ("austin", "169.254.152.1")] {
        let neighbor = json!({ "neighbor_address": address, "remote_as_num": "65006" });
        lab.put(&format!("{NEIGHBORS}/{id}"), &neighbor).ok();
    }
    let routes = |more: &str| lab.get(&format!("{NEIGHBORS}/dallas/routes?{more}"));
    let node = routes("").ok()["results"][0]["edge_node_routes"][0]["transport_node_id"].as_str().unwrap().to_owned();
    let status = |more: &str| lab.get(&format!("{NEIGHBORS}/status?{more}"));
    for (more, count) in [
        (String::new(), 2),
        (format!("transport_node_id={node}"), 2),
        ("bgp_neighbor_type=USER&source=realtime".to_owned(), 2),
        (
            "include_mark_for_delete_objects=true&sort_by=neighbor_address&sort_ascending=false&page_size=1".to_owned(),
            2,
        ),
    ] {
        assert_eq!(status(&more).ok()["result_count"], count, "{more}");
    }
    let first = status("sort_by=neighbor_address&sort_ascending=false&page_size=1").ok();
    assert_eq!(first["results"][0]["neighbor_address"], "169.254.152.1");
    status("transport_node_id=x").refused(404, 600);
    status("edge_path=/infra/sites/default/enforcement-points/vmc-enforcementpoint/edge-clusters/c/edge-nodes/n")
        .refused(400, 500_012);
    let said = status("stats_type=DATAPATH").refused(400, 255);
    assert!(said.contains("Leave it out"), "{said}");
    // Which nodes a gateway runs on, its locale service says.
    let service = "/infra/tier-0s/edge/locale-services/one";
    lab.put("/infra/tier-0s/edge", &json!({})).ok();
    let edge = "/infra/sites/default/enforcement-points/default/edge-clusters/c/edge-nodes/n";
    let cluster = "/infra/sites/default/enforcement-points/default/edge-clusters/c";
    lab.put(service, &json!({ "edge_cluster_path": cluster, "preferred_edge_paths": [edge] })).ok();
    let at = format!("{service}/bgp/neighbors/status?edge_path={edge}");
    assert_eq!(lab.get(&at).ok()["result_count"], 0);
    lab.get(&format!("{at}x")).refused(400, 500_012);

    assert_eq!(routes("neighbor_address=169.254.151.1&count=5&page_size=10").ok()["result_count"], 1);
    assert_eq!(routes("neighbor_address=169.254.151.9").ok()["result_count"], 0);
    routes("neighbor_address=dallas").refused(400, 255);
    routes("page_size=5000").refused(400, 255);
    routes("count=-1").refused(400, 255);
    let csv = routes(&format!("format=csv&neighbor_address=169.254.151.9&enforcement_point_path={PLACE}"));
    assert_eq!(csv.text().lines().count(), 1, "the names of the columns alone");
    routes("format=csv&page_size=5").refused(400, 255);
}

fn route_based() -> Value {
    json!({
        "resource_type": "RouteBasedIPSecVpnSession",
        "tunnel_interfaces": [{ "ip_subnets": [{ "ip_addresses": ["169.254.151.2"], "prefix_length": 30 }] }],
        "local_endpoint_path": format!("{SERVICE}/local-endpoints/Private-IP1"),
        "psk": "test123456", "peer_address": "10.0.0.1", "peer_id": "10.0.0.1",
    })
}
