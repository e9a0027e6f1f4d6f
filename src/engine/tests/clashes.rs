//! What two objects cannot both have.

use serde_json::json;

use super::*;
use crate::model::{BGP_NEIGHBOR, Nature, ROUTE_BASED_SESSION, SEGMENT, Tree, read};

const SERVICE: &str = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default";

fn session(id: &str) -> String {
    format!("{SERVICE}/sessions/{id}")
}

fn neighbor(id: &str) -> String {
    format!("/infra/tier-0s/vmc/locale-services/default/bgp/neighbors/{id}")
}

fn segment(id: &str) -> String {
    format!("/infra/tier-1s/cgw/segments/{id}")
}

fn tunnel(subnets: &[(&str, u8)]) -> Json {
    let subnets: Vec<_> =
        subnets.iter().map(|(address, length)| json!({ "ip_addresses": [address], "prefix_length": length })).collect();
    json!({
        "resource_type": "RouteBasedIPSecVpnSession", "psk": "k", "peer_address": "203.0.113.1", "peer_id": "203.0.113.1",
        "local_endpoint_path": format!("{SERVICE}/local-endpoints/Private-IP1"),
        "tunnel_interfaces": [{ "ip_subnets": subnets }]
    })
}

fn speaker(address: &str) -> Json {
    json!({ "neighbor_address": address, "remote_as_num": "65006" })
}

fn network(gateway: &str) -> Json {
    json!({ "subnets": [{ "gateway_address": gateway }] })
}

/// Where a write is refused because another object has what it needs; nowhere
/// when it is taken.
fn refused(written: Result<Object, Refusal>) -> Vec<String> {
    let Err(refusal) = written else { return Vec::new() };
    assert_eq!(code::<()>(Err(refusal.clone())), (400, 500_105), "{refusal}");
    let Refusal::Invalid(problems) = refusal else { panic!("{refusal}") };
    assert!(problems.iter().all(|problem| problem.nature == Nature::Taken));
    problems.iter().map(|problem| problem.at.to_string()).collect()
}

#[test]
fn tunnel_subnets_of_a_gateway_do_not_overlap() {
    let lab = Lab::new();
    let at = "tunnel_interfaces[0].ip_subnets[0].ip_addresses[0]";
    lab.put(&session("a"), tunnel(&[("169.254.100.2", 30), ("fd00:100::1", 64)])).unwrap();
    for (subnets, places) in [
        (vec![("169.254.100.1", 30)], vec![at]),
        (vec![("169.254.100.2", 31)], vec![at]),
        (vec![("169.254.1.1", 16)], vec![at]),
        (vec![("169.254.100.6", 30)], vec![]),
        (
            vec![("169.254.99.254", 30), ("fd00:100::2", 127)],
            vec!["tunnel_interfaces[0].ip_subnets[1].ip_addresses[0]"],
        ),
        (vec![("169.254.99.254", 30), ("fd00:101::1", 64)], vec![]),
        (vec![("fe80::1", 64)], vec![]),
    ] {
        let written = lab.put(&session("b"), tunnel(&subnets));
        let taken = written.is_ok();
        assert_eq!(refused(written), places, "{subnets:?}");
        if taken {
            lab.delete(&session("b")).unwrap();
        }
    }
    let refusal = lab.put(&session("b"), tunnel(&[("169.254.100.1", 30)])).unwrap_err().to_string();
    assert!(refusal.contains(&format!("overlaps the tunnel subnet 169.254.100.0/30 of {}", session("a"))), "{refusal}");

    // Its own subnet is not in its way, and what it leaves is free.
    lab.patch(&session("a"), json!({ "description": "again" })).unwrap();
    lab.patch(&session("a"), json!({ "tunnel_interfaces": tunnel(&[("169.254.7.2", 30)])["tunnel_interfaces"] }))
        .unwrap();
    lab.put(&session("b"), tunnel(&[("169.254.100.2", 30)])).unwrap();
    lab.delete(&session("b")).unwrap();
    lab.put(&session("c"), tunnel(&[("169.254.100.2", 30)])).unwrap();
}

#[test]
fn another_gateway_may_have_the_same_tunnel_subnet() {
    let lab = Lab::new();
    let there = "/infra/tier-0s/edge/locale-services/default";
    lab.put("/infra/tier-0s/edge", json!({})).unwrap();
    lab.put(there, json!({})).unwrap();
    lab.put(&format!("{there}/ipsec-vpn-services/default"), json!({})).unwrap();
    lab.put(&session("a"), tunnel(&[("169.254.100.2", 30)])).unwrap();
    lab.put(&format!("{there}/ipsec-vpn-services/default/sessions/a"), tunnel(&[("169.254.100.2", 30)])).unwrap();
}

#[test]
fn link_local_ipv6_subnets_may_be_on_every_interface() {
    let lab = Lab::new();
    lab.put(&session("a"), tunnel(&[("169.254.100.2", 30), ("fe80::1", 64)])).unwrap();
    lab.put(&session("b"), tunnel(&[("169.254.101.2", 30), ("fe80::1", 64)])).unwrap();
    lab.put(&neighbor("a"), speaker("fe80::2")).unwrap();
    lab.put(&neighbor("b"), speaker("fe80::2")).unwrap();
}

#[test]
fn a_neighbor_is_not_the_gateway_itself() {
    let lab = Lab::new();
    lab.put(&session("a"), tunnel(&[("169.254.100.2", 30)])).unwrap();
    assert_eq!(refused(lab.put(&neighbor("a"), speaker("169.254.100.2"))), ["neighbor_address"]);
    lab.put(&neighbor("a"), speaker("169.254.100.1")).unwrap();
    // From the other side.
    lab.put(&neighbor("b"), speaker("169.254.101.2")).unwrap();
    let at = "tunnel_interfaces[0].ip_subnets[0].ip_addresses[0]";
    assert_eq!(refused(lab.put(&session("b"), tunnel(&[("169.254.101.2", 30)]))), [at]);
    lab.put(&session("b"), tunnel(&[("169.254.101.1", 30)])).unwrap();
}

#[test]
fn there_is_one_neighbor_at_an_address() {
    let lab = Lab::new();
    lab.put(&neighbor("a"), speaker("169.254.100.1")).unwrap();
    lab.put(&neighbor("b"), speaker("169.254.101.1")).unwrap();
    lab.put(&neighbor("six"), speaker("fd00::1")).unwrap();
    assert_eq!(refused(lab.put(&neighbor("c"), speaker("169.254.100.1"))), ["neighbor_address"]);
    assert_eq!(refused(lab.put(&neighbor("c"), speaker("FD00:0::1"))), ["neighbor_address"]);
    lab.patch(&neighbor("a"), json!({ "description": "itself" })).unwrap();

    // Two that exchange their addresses need a free one in between.
    let exchange = lab.patch(&neighbor("a"), json!({ "neighbor_address": "169.254.101.1" }));
    assert!(exchange.as_ref().unwrap_err().to_string().contains("first give one of them a free one"));
    assert_eq!(refused(exchange), ["neighbor_address"]);
    for (id, address) in [("a", "169.254.102.1"), ("b", "169.254.100.1"), ("a", "169.254.101.1")] {
        lab.patch(&neighbor(id), json!({ "neighbor_address": address })).unwrap();
    }
    lab.delete(&neighbor("a")).unwrap();
    lab.put(&neighbor("c"), speaker("169.254.101.1")).unwrap();
}

#[test]
fn segments_that_a_gateway_routes_do_not_overlap() {
    let lab = Lab::new();
    lab.put(&segment("a"), network("192.168.98.1/24")).unwrap();
    for gateway in ["192.168.98.1/24", "192.168.98.129/25", "192.168.0.1/16"] {
        assert_eq!(refused(lab.put(&segment("b"), network(gateway))), ["subnets[0].gateway_address"], "{gateway}");
    }
    let mut aside = network("192.168.98.1/24");
    for kind in ["DISCONNECTED", "EXTENDED"] {
        aside["type"] = json!(kind);
        lab.put(&segment(kind), aside.clone()).unwrap();
    }
    assert_eq!(
        refused(lab.patch(&segment("DISCONNECTED"), json!({ "type": "ROUTED" }))),
        ["subnets[0].gateway_address"]
    );
    lab.put(&segment("b"), network("192.168.99.1/24")).unwrap();
    lab.put("/infra/tier-1s/other", json!({})).unwrap();
    lab.put("/infra/tier-1s/other/segments/a", network("192.168.98.1/24")).unwrap();
    lab.delete(&segment("a")).unwrap();
    lab.patch(&segment("DISCONNECTED"), json!({ "type": "ROUTED" })).unwrap();
}

#[test]
fn one_that_overlaps_many_names_some() {
    let lab = Lab::new();
    for number in 0..20 {
        lab.put(&segment(&number.to_string()), network(&format!("10.0.{number}.1/24"))).unwrap();
    }
    assert_eq!(refused(lab.put(&segment("all"), network("10.0.0.1/16"))).len(), 5);
}

#[test]
fn who_plans_is_told_of_every_clash_and_of_whom() {
    let lab = Lab::new();
    lab.put(&session("a"), tunnel(&[("169.254.100.2", 30)])).unwrap();
    lab.put(&neighbor("a"), speaker("169.254.100.1")).unwrap();
    lab.put(&segment("a"), network("192.168.98.1/24")).unwrap();
    let ask = |kind: &crate::model::Kind, at: &str, body: Json| {
        let tree = read(kind, &Tree::from(&body), None).tree;
        let clashes = lab.engine.clashes(kind, &path(at), &tree).unwrap();
        clashes.into_iter().map(|(whose, problem)| (whose.to_string(), problem.at.to_string())).collect::<Vec<_>>()
    };
    let at = "tunnel_interfaces[0].ip_subnets[0].ip_addresses[0]".to_owned();
    let both = [(session("a"), at.clone()), (neighbor("a"), at)];
    assert_eq!(ask(&ROUTE_BASED_SESSION, &session("b"), tunnel(&[("169.254.100.1", 30)])), both);
    assert_eq!(ask(&ROUTE_BASED_SESSION, &session("a"), tunnel(&[("169.254.100.2", 30)])), []);
    let own = [(session("a"), "neighbor_address".to_owned())];
    assert_eq!(ask(&BGP_NEIGHBOR, &neighbor("b"), speaker("169.254.100.2")), own);
    assert_eq!(ask(&SEGMENT, &segment("b"), network("192.168.99.1/24")), []);
    let unknown = Tree::Object([("neighbor_address".to_owned(), Tree::Unknown)].into());
    assert_eq!(lab.engine.clashes(&BGP_NEIGHBOR, &path(&neighbor("b")), &unknown).unwrap(), []);
}
