//! Each way for a neighbor not to be established, in a declared world that has it.

use std::collections::BTreeSet;

use super::*;
use crate::model::{POLICY_BASED_SESSION, TUNNEL_PROFILE, VPN_SERVICE};

/// What is in the way a minute after the tunnel came up.
fn met(change: impl FnOnce(&mut World)) -> (ConnectionState, Obstacle) {
    let mut world = World::with_office();
    world.bring_up("office", 0);
    change(&mut world);
    let state = Life::begin(world, "office").state(60_000);
    (state.connection, state.reason.unwrap())
}

fn speaker(changes: &Json) -> impl FnOnce(&mut World) {
    let changes = json!({ "bgp": changes });
    move |world| world.patch(&peer("office"), changes)
}

fn office(changes: Json) -> impl FnOnce(&mut World) {
    move |world| world.patch(&neighbor("office"), changes)
}

fn all() -> Vec<(&'static str, (ConnectionState, Obstacle))> {
    let v6_session = |world: &mut World| {
        world.patch(&peer("office"), json!({ "bgp": { "router_id": "203.0.113.66", "as_number": "65000" } }));
        world.patch(&neighbor("office"), json!({ "remote_as_num": "65000" }));
    };
    vec![
        ("IDLE", met(|world| world.patch(system::BGP, json!({ "enabled": false })))),
        ("IDLE", met(|world| world.patch(system::BGP, json!({ "local_as_num": "" })))),
        ("IDLE", met(office(json!({ "enabled": false })))),
        ("IDLE", met(office(json!({ "route_filtering": [{ "address_family": "IPV4", "enabled": false }] })))),
        ("IDLE", met(office(json!({ "neighbor_local_as_config": { "local_as_num": "65001" } })))),
        ("IDLE", met(office(json!({ "neighbor_address": "169.254.10.1" })))),
        ("IDLE", met(office(json!({ "neighbor_address": "169.254.99.2" })))),
        (
            "IDLE",
            met(|world| {
                speaker(&json!({ "address": "10.255.0.1" }))(world);
                office(json!({ "neighbor_address": "10.255.0.1" }))(world);
            }),
        ),
        (
            "IDLE",
            met(office(json!({
                "neighbor_address": "10.255.0.1", "maximum_hop_limit": 2, "source_addresses": ["169.254.10.1"],
            }))),
        ),
        ("IDLE", met(|world| world.bring_down("office"))),
        (
            "IDLE",
            met(|world| {
                world.sessions.clear();
            }),
        ),
        ("CONNECT", met(|world| world.patch(&peer("office"), json!({ "reachable": false })))),
        (
            "CONNECT",
            met(|world| {
                world.patch(
                    &peer("office"),
                    json!({ "tunnel_addresses": ["10.0.0.9"], "bgp": { "address": "169.254.10.3" } }),
                );
            }),
        ),
        ("ACTIVE", met(|world| world.patch(&peer("office"), json!({ "bgp": null })))),
        ("ACTIVE", met(speaker(&json!({ "running": false })))),
        ("CONNECT", met(speaker(&json!({ "password": "s3cret" })))),
        ("IDLE", met(speaker(&json!({ "as_number": "65009" })))),
        ("IDLE", met(v6_session)),
    ]
}

#[test]
fn each_obstacle_has_its_state_and_its_text() {
    let met = all();
    for (word, (state, obstacle)) in &met {
        assert_eq!(state.word(), *word, "{obstacle}");
    }
    let texts: BTreeSet<_> = met.iter().map(|(_, (_, obstacle))| obstacle.to_string()).collect();
    assert_eq!(texts.len(), met.len(), "{texts:#?}");
    let kinds: BTreeSet<_> = met
        .iter()
        .map(|(_, (_, obstacle))| format!("{obstacle:?}").split([' ', '{']).next().unwrap().to_owned())
        .collect();
    let expected = [
        "BgpDisabled",
        "NoLocalAs",
        "NeighborDisabled",
        "NoFamily",
        "LocalAsIsRemoteAs",
        "OwnAddress",
        "NotConnected",
        "HopLimit",
        "NoWay",
        "TunnelDown",
        "NoResponse",
        "WrongAddress",
        "NoSpeaker",
        "SpeakerStopped",
        "PasswordMismatch",
        "WrongAs",
        "SameIdentifier",
    ];
    assert_eq!(kinds, expected.map(str::to_owned).into());
}

#[test]
fn what_people_read() {
    for (obstacle, text) in [
        (
            met(|world| world.bring_down("office")),
            "The tunnel of office is down: Dead peer detected: probes were not answered",
        ),
        (
            met(speaker(&json!({ "as_number": "65009" }))),
            "Bad peer AS (OPEN error 2/2): remote_as_num is 65001, the neighbor is of AS 65009",
        ),
        (
            met(|world| world.patch(&peer("office"), json!({ "bgp": { "address": "10.255.0.1" } }))),
            "Nobody answers at 169.254.10.2: the peer's BGP speaker is at 10.255.0.1",
        ),
    ] {
        assert_eq!(obstacle.1.to_string(), text);
    }
}

#[test]
fn equal_passwords_are_no_obstacle_and_a_password_here_only_is_one() {
    let mut world = World::with_office();
    world.bring_up("office", 0);
    world.patch(&neighbor("office"), json!({ "password": "s3cret" }));
    let mut life = Life::begin(world, "office");
    assert_eq!(life.state(60_000).reason, Some(Obstacle::PasswordMismatch));
    life.at(60_000, |world| world.patch(&peer("office"), json!({ "bgp": { "password": "s3cret" } })));
    assert!(life.state(60_020).is_established());
}

#[test]
fn a_speaker_without_an_as_is_of_the_one_expected() {
    let mut world = World::with_office();
    world.bring_up("office", 0);
    world.patch(&peer("office"), json!({ "bgp": { "as_number": null } }));
    world.patch(&neighbor("office"), json!({ "remote_as_num": "1.10" }));
    assert!(Life::begin(world, "office").state(20).is_established());
}

/// RFC 6286: neighbors of other ASes may have any identifier.
#[test]
fn the_same_identifier_in_another_as_is_no_obstacle() {
    let mut world = World::with_office();
    world.bring_up("office", 0);
    world.patch(&peer("office"), json!({ "bgp": { "router_id": "203.0.113.66" } }));
    assert!(Life::begin(world, "office").state(20).is_established());
}

#[test]
fn a_session_that_waits_for_traffic_is_wanted() {
    let mut world = World::with_office();
    world.sessions.insert(path(&session("office")), down(DownReason::WaitsForTraffic));
    let life = Life::begin(world, "office");
    let wants = |world: &World| life.record.wants(world.neighbor("office"), &world.around());
    assert_eq!(wants(&life.world), Some(path(&session("office"))));
    let mut world = life.world.clone();
    world.bring_down("office");
    assert_eq!(wants(&world), None, "it is down for another reason");
    let mut world = life.world.clone();
    world.patch(&neighbor("office"), json!({ "enabled": false }));
    assert_eq!(wants(&world), None, "nobody tries");
}

/// A policy-based session leads to a speaker beyond it if a tunnel has both addresses.
#[test]
fn a_policy_based_session_carries_what_its_tunnel_protects() {
    let mut world = World::empty();
    let rules = json!([{
        "id": "r", "sources": [{ "subnet": "192.168.1.0/24" }], "destinations": [{ "subnet": "10.255.0.0/16" }],
    }]);
    let document = json!({
        "local_endpoint_path": endpoint("a"), "peer_address": "198.51.100.1", "peer_id": "198.51.100.1", "psk": "k",
        "rules": rules,
    });
    world.put(&POLICY_BASED_SESSION, &session("office"), document);
    world.put_peer("office", "198.51.100.1", json!({}), json!({ "address": "10.255.0.1" }));
    let far = |source| json!({ "maximum_hop_limit": 3, "source_addresses": [source] });
    world.put_neighbor("office", "10.255.0.1", "65001", far("192.168.1.1"));
    world.bring_up("office", 0);
    let tunnel = &mut world.sessions.get_mut(&path(&session("office"))).unwrap().tunnels[0];
    (tunnel.local, tunnel.remote) = (network("192.168.1.0/24"), network("10.255.0.0/16"));
    let mut life = Life::begin(world, "office");
    assert!(life.state(20).is_established());
    life.at(1_000, |world| world.patch(&neighbor("office"), far("192.168.2.1")));
    assert!(matches!(life.state(60_000).reason, Some(Obstacle::TunnelDown { .. })));
}

/// Two tier-0 gateways of this engine, whose sessions are each other's peer.
#[test]
fn gateways_of_one_engine_are_each_others_neighbors() {
    let mut world = two_gateways();
    let there = |id| format!("/infra/tier-0s/far/locale-services/default/bgp/neighbors/{id}");
    let state = |world: &World, at: &str| {
        let it = &world.topology.neighbors[&path(at)];
        NeighborRecord::begin(it, &world.around(), Moment(0)).state(it, &world.around(), Moment(60_000))
    };
    for at in [neighbor("far"), there("near")] {
        assert_eq!(state(&world, &at).reason, None);
        // A millisecond each way: two round trips take four.
        assert_eq!(state(&world, &at).established_since, Some(Moment(4)));
    }
    assert_eq!(state(&world, &neighbor("far")).neighbor_router_id.to_string(), "203.0.113.99");

    // What the other one expects, and what it is.
    world.patch(&there("near"), json!({ "remote_as_num": "65009" }));
    assert!(matches!(state(&world, &neighbor("far")).reason, Some(Obstacle::RefusedAs { .. })));
    assert!(matches!(state(&world, &there("near")).reason, Some(Obstacle::WrongAs { .. })));
    world.patch(
        &there("near"),
        json!({ "remote_as_num": "65000", "route_filtering": [
        { "address_family": "IPV6" }, { "address_family": "IPV4", "enabled": false },
    ] }),
    );
    assert_eq!(state(&world, &neighbor("far")).reason, Some(Obstacle::NoCommonFamily));
    world.remove(&there("near"));
    assert!(matches!(state(&world, &neighbor("far")).reason, Some(Obstacle::NoSpeaker { .. })));
}

/// `vmc` of AS 65000 and `far` of AS 65010, 169.254.77.1 and .2 in the tunnel.
pub(super) fn two_gateways() -> World {
    let far = "/infra/tier-0s/far/locale-services/default";
    let service = format!("{far}/ipsec-vpn-services/default");
    let mut world = World::empty();
    world.put(&BGP_CONFIG, &format!("{far}/bgp"), json!({ "local_as_num": "65010" }));
    world.put(&LOCALE_SERVICE, far, locale_service_of_vmc());
    let told = json!({ "tier0_path": "/infra/tier-0s/far", "route_advertisement_types": ["TIER1_CONNECTED"] });
    world.put(&TIER_1, "/infra/tier-1s/fgw", told);
    world.put(&VPN_SERVICE, system::VPN_SERVICE, json!({}));
    world.put(&VPN_SERVICE, &service, json!({}));
    world.put(&model::IKE_PROFILE, system::IKE_PROFILE, json!({}));
    world.put(&TUNNEL_PROFILE, system::TUNNEL_PROFILE, json!({}));
    world.put(&model::DPD_PROFILE, system::DPD_PROFILE, json!({}));
    world.put(&LOCAL_ENDPOINT, &format!("{service}/local-endpoints/b"), json!({ "local_address": "203.0.113.99" }));
    world.put_session("far", "169.254.77.1", "203.0.113.99");
    let document = json!({
        "local_endpoint_path": format!("{service}/local-endpoints/b"), "peer_address": "203.0.113.66",
        "peer_id": "203.0.113.66", "psk": "k",
        "tunnel_interfaces": [{ "ip_subnets": [{ "ip_addresses": ["169.254.77.2"], "prefix_length": 30 }] }],
    });
    world.put(&ROUTE_BASED_SESSION, &format!("{service}/sessions/near"), document);
    world.put_neighbor("far", "169.254.77.2", "65010", json!({}));
    let near = json!({ "neighbor_address": "169.254.77.1", "remote_as_num": "65000" });
    world.put(&BGP_NEIGHBOR, &format!("{far}/bgp/neighbors/near"), near);
    world.bring_up("far", 0);
    world.sessions.insert(path(&format!("{service}/sessions/near")), up(0));
    world
}
