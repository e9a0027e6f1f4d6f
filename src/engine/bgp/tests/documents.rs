//! Neighbors and routes as the API shows them.

use super::*;
use crate::engine::bgp::documents::{Direction, routes, routes_csv, status};

/// The sample of seed 002 ("BGP Status for Route-based VPNs"), field by field: a neighbor
/// of the gateway's own AS whose tunnel is down.
#[test]
fn the_sample_of_the_seed() {
    let mut world = World::empty();
    world.put_session("office", "169.254.150.2", "198.51.100.1");
    world.put_neighbor("office", "169.254.150.1", "65000", json!({}));
    let now = Moment(1_611_005_095_965);
    let it = world.neighbor("office");
    let state = NeighborRecord::begin(it, &world.around(), Moment(0)).state(it, &world.around(), now);
    let sample = json!({
        "source_address": "169.254.150.2",
        "local_port": 0,
        "neighbor_address": "169.254.150.1",
        "remote_port": 0,
        "remote_as_number": "65000",
        "connection_state": "IDLE",
        "messages_received": 0,
        "messages_sent": 0,
        "time_since_established": 0,
        "total_in_prefix_count": 0,
        "total_out_prefix_count": 0,
        "address_families": [{ "type": "IPV4_UNICAST", "in_prefix_count": 0, "out_prefix_count": 0 }],
        "connection_drop_count": 0,
        "established_connection_count": 0,
        "hold_time": 180,
        "keep_alive_interval": 60,
        "graceful_restart_mode": "HELPER_ONLY",
        "announced_capabilities": [],
        "negotiated_capability": [],
        "neighbor_router_id": "0.0.0.0",
        "tier0_path": "/infra/tier-0s/vmc",
        "last_update_timestamp": 1_611_005_095_965_i64,
    });
    assert_eq!(status(it, &state, None, now), sample);
}

/// A world with two routes in, one of them filtered, and one out.
fn exchange() -> (World, BTreeMap<PolicyPath, NeighborState>, Ribs) {
    let mut world = World::with_office();
    world.put_segment("web", "192.168.1.1/24");
    world.put_list("tens", &json!([{ "network": "10.0.0.0/8", "le": 24 }]));
    let announced = json!([
        { "network": "10.1.0.0/16", "as_path": ["65101"], "med": 7 }, { "network": "172.16.0.0/12" },
    ]);
    world.patch(&peer("office"), json!({ "bgp": { "routes": announced } }));
    world.patch(&neighbor("office"), json!({ "route_filtering": [{ "in_route_filters": [list("tens")] }] }));
    let states = world.settled();
    let ribs = ribs(&world.topology, &states, &world.sessions);
    (world, states, ribs)
}

#[test]
fn an_established_neighbor() {
    let (world, states, ribs) = exchange();
    let (it, at) = (world.neighbor("office"), path(&neighbor("office")));
    let shown = status(it, &states[&at], ribs.neighbors.get(&at), Moment(60_000));
    for (field, value) in [
        ("connection_state", json!("ESTABLISHED")),
        ("remote_port", json!(179)),
        ("total_in_prefix_count", json!(1)),
        ("total_out_prefix_count", json!(1)),
        // Established at 20 ms: 59.98 s ago.
        ("time_since_established", json!(59)),
        ("neighbor_router_id", json!("169.254.10.2")),
        ("established_connection_count", json!(1)),
    ] {
        assert_eq!(shown[field], value, "{field}");
    }
    assert_eq!(shown["negotiated_capability"][0], "Multiprotocol Extensions: IPv4 Unicast");
}

#[test]
fn learned_and_advertised_routes() {
    let (world, states, ribs) = exchange();
    let (it, at) = (world.neighbor("office"), path(&neighbor("office")));
    let shown = |direction| {
        let shown = routes(it, &states[&at], ribs.neighbors.get(&at), direction);
        assert_eq!(shown["results"][0]["neighbor_path"], neighbor("office"));
        let nodes = shown["results"][0]["edge_node_routes"].clone();
        assert_eq!(nodes, shown["results"][0]["egde_node_routes"]);
        assert_eq!(nodes[0]["source_address"], "169.254.10.1");
        nodes[0]["routes"].clone()
    };
    let learned = json!([{
        "network": "10.1.0.0/16", "next_hop": "169.254.10.2", "local_pref": 100, "weight": 0, "med": 7,
        "as_path": "65001 65101",
    }]);
    assert_eq!(shown(Direction::Learned), learned);
    let advertised = json!([{
        "network": "192.168.1.0/24", "next_hop": "169.254.10.1", "local_pref": 100, "weight": 32_768, "med": 0,
        "as_path": "65000",
    }]);
    assert_eq!(shown(Direction::Advertised), advertised);

    let csv = routes_csv(it, &states[&at], ribs.neighbors.get(&at), Direction::Learned);
    let lines: Vec<_> = csv.lines().collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(
        lines[0],
        "logical_router_id,neighbor_id,neighbor_address,transport_node_id,source_address,network,next_hop,local_pref,\
         weight,med,as_path"
    );
    let end = ",\"169.254.10.1\",\"10.1.0.0/16\",\"169.254.10.2\",100,0,7,\"65001 65101\"";
    assert!(lines[1].ends_with(end), "{}", lines[1]);
    assert_eq!(lines[1].split(',').count(), lines[0].split(',').count());
}
