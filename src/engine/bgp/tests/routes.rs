//! What is learned, used and advertised in declared worlds.

use std::sync::Arc;

use super::obstacles::two_gateways;
use super::*;
use crate::engine::prefix_filter::Verdict;
use crate::model::PrefixAction;

fn kept_out_by(id: &str) -> KeptOut {
    KeptOut::List(path(&list(id)))
}

impl World {
    fn announce(&mut self, id: &str, routes: &Json) {
        self.patch(&peer(id), json!({ "bgp": { "routes": routes } }));
    }
}

impl Ribs {
    fn exchange(&self, id: &str) -> &Exchange {
        &self.neighbors[&path(&neighbor(id))]
    }

    /// The routes the gateway uses, each with the sessions they lead into.
    fn used(&self) -> Vec<(String, Vec<&str>)> {
        let sessions =
            |paths: &'_ [Arc<BgpPath>]| paths.iter().map(|path| path.session.id().to_owned()).collect::<Vec<_>>();
        self.gateways[GATEWAY]
            .routes
            .iter()
            .map(|(network, paths)| {
                assert!(!sessions(paths).is_empty());
                (network.to_string(), paths.iter().map(|path| path.session.id()).collect())
            })
            .collect()
    }

    /// What is advertised to a neighbor: network and AS path.
    fn sent(&self, id: &str) -> Vec<String> {
        self.exchange(id).sent().map(|it| format!("{} {}", it.network, spelled(&it.as_path))).collect()
    }

    /// What a peer uses of what it learned.
    fn peer(&self, id: &str) -> Vec<String> {
        let used = self.peers.get(&path(&peer(id))).cloned().unwrap_or_default();
        used.iter().map(|(network, session)| format!("{network} {}", session.id())).collect()
    }
}

fn spelled(as_path: &[crate::model::AsNumber]) -> String {
    as_path.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// The fate of the one route that the office announces.
fn fate(routes: &Json, change: impl FnOnce(&mut World)) -> (String, Fate) {
    let mut world = World::with_office();
    world.announce("office", routes);
    change(&mut world);
    let ribs = world.ribs();
    let [learned] = ribs.exchange("office").learned.as_slice() else { panic!("one route") };
    assert_eq!(ribs.used().len(), usize::from(learned.fate == Fate::Accepted));
    (spelled(&learned.path.as_path), learned.fate)
}

#[test]
fn a_route_is_learned_with_its_neighbors_as_before_its_path() {
    let route = json!([{ "network": "10.1.0.0/16", "as_path": ["65101", "65102"], "local_preference": 300 }]);
    let mut world = World::with_office();
    world.announce("office", &route);
    let ribs = world.ribs();
    let used = &ribs.gateways[GATEWAY].routes[&network("10.1.0.0/16")];
    assert_eq!(spelled(&used[0].as_path), "65001 65101 65102");
    assert_eq!(used[0].local_preference, 100, "another AS's preference is its own affair");
    assert_eq!((used[0].next_hop, used[0].session.id()), ("169.254.10.2".parse().unwrap(), "office"));
    assert!(!used[0].is_internal && !used[0].is_stale);
}

#[test]
fn within_the_own_as_the_path_is_as_it_was_and_the_preference_counts() {
    let route = json!([{ "network": "10.1.0.0/16", "as_path": ["65101"], "local_preference": 300 }]);
    let mut world = World::with_office();
    world.announce("office", &route);
    world.patch(&peer("office"), json!({ "bgp": { "as_number": "65000" } }));
    world.patch(&neighbor("office"), json!({ "remote_as_num": "65000" }));
    world.put_segment("web", "192.168.1.1/24");
    let ribs = world.ribs();
    let used = &ribs.gateways[GATEWAY].routes[&network("10.1.0.0/16")];
    assert_eq!((spelled(&used[0].as_path), used[0].local_preference), ("65101".to_owned(), 300));
    assert!(used[0].is_internal);
    assert_eq!(ribs.sent("office"), ["192.168.1.0/24 "], "the path is empty within the AS");
    assert_eq!(ribs.peer("office"), ["192.168.1.0/24 office"]);
}

#[test]
fn filters_say_which_entry_decided() {
    let route = json!([{ "network": "10.1.0.0/16" }]);
    let filter = |direction: &'static str| {
        move |world: &mut World| {
            world.put_list("l", &json!([
                { "network": "172.16.0.0/12" }, { "network": "10.0.0.0/8", "le": 24, "action": "DENY" }, { "network": "ANY" },
            ]));
            world.patch(&neighbor("office"), json!({ "route_filtering": [{ direction: [list("l")] }] }));
        }
    };
    let denied = Verdict::Entry { position: 1, action: PrefixAction::Deny };
    assert_eq!(fate(&route, filter("in_route_filters")).1, Fate::Filtered(denied));
    assert_eq!(fate(&route, filter("out_route_filters")).1, Fate::Accepted);

    let mut world = World::with_office();
    world.announce("office", &route);
    filter("in_route_filters")(&mut world);
    let ribs = world.ribs();
    assert_eq!(
        ribs.exchange("office").not_learned(|_| true).collect::<Vec<_>>(),
        [(network("10.1.0.0/16"), kept_out_by("l"))]
    );
    assert_eq!(ribs.exchange("office").received().count(), 1);
}

#[test]
fn what_a_peer_keeps_back_never_arrives() {
    let mut world = World::with_office();
    world.announce("office", &json!([{ "network": "10.1.0.0/16" }, { "network": "10.2.0.0/16" }]));
    world.put_list("l", &json!([{ "network": "10.2.0.0/16" }]));
    world.patch(&peer("office"), json!({ "bgp": { "out_route_filters": [list("l")] } }));
    let ribs = world.ribs();
    assert_eq!(ribs.used(), [("10.2.0.0/16".to_owned(), vec!["office"])]);
    assert_eq!(ribs.exchange("office").received().count(), 1);
    assert_eq!(
        ribs.exchange("office").not_learned(|_| true).collect::<Vec<_>>(),
        [(network("10.1.0.0/16"), kept_out_by("l"))]
    );
}

#[test]
fn what_a_peer_does_not_use_has_its_reason() {
    let not_used = |change: &dyn Fn(&mut World)| {
        let mut world = World::with_branch();
        world.put_segment("web", "192.168.1.1/24");
        world.announce("branch", &json!([{ "network": "10.9.0.0/16", "as_path": ["65001"] }]));
        world.put_list("l", &json!([{ "network": "192.168.1.0/24", "action": "DENY" }, { "network": "ANY" }]));
        change(&mut world);
        world.ribs().exchange("office").not_taught(|_| true).collect::<Vec<_>>()
    };
    let by_loop = (network("10.9.0.0/16"), KeptOut::Loop);
    let by_list = (network("192.168.1.0/24"), kept_out_by("l"));
    assert_eq!(not_used(&|_| ()), std::slice::from_ref(&by_loop));
    let inbound = json!({ "bgp": { "in_route_filters": [list("l")] } });
    assert_eq!(not_used(&|world| world.patch(&peer("office"), inbound.clone())), [by_loop.clone(), by_list.clone()]);
    let outbound = json!({ "route_filtering": [{ "out_route_filters": [list("l")] }] });
    assert_eq!(not_used(&|world| world.patch(&neighbor("office"), outbound.clone())), [by_loop, by_list]);
}

/// FRR's `allowas-in` without a number: three times.
#[test]
fn the_own_as_may_be_in_a_path_three_times_if_at_all() {
    let allow = |world: &mut World| world.patch(&neighbor("office"), json!({ "allow_as_in": true }));
    let times = |count| json!([{ "network": "10.1.0.0/16", "as_path": vec!["65000"; count] }]);
    for (count, without, with) in [
        (0, Fate::Accepted, Fate::Accepted),
        (1, Fate::Loop, Fate::Accepted),
        (3, Fate::Loop, Fate::Accepted),
        (4, Fate::Loop, Fate::Loop),
    ] {
        assert_eq!(fate(&times(count), |_| ()).1, without, "{count}");
        assert_eq!(fate(&times(count), allow).1, with, "{count}");
    }
}

/// The gateway of AS 65000 shows itself as 65100 (FRR, `local-as`).
#[test]
fn an_as_shown_to_one_neighbor_changes_the_paths_to_and_from_it() {
    let shown = |modifier: Json| {
        let mut world = World::with_branch();
        world.put_segment("web", "192.168.1.1/24");
        world.announce("office", &json!([{ "network": "10.1.0.0/16", "as_path": ["65101"] }]));
        world.announce("branch", &json!([{ "network": "10.2.0.0/16" }]));
        let config = json!({ "local_as_num": "65100", "as_path_modifier_type": modifier });
        world.patch(&neighbor("office"), json!({ "neighbor_local_as_config": config }));
        let ribs = world.ribs();
        let learned = spelled(&ribs.exchange("office").learned[0].path.as_path);
        (learned, ribs.sent("office"), ribs.sent("branch"))
    };
    let own = ["10.2.0.0/16 65100 65000 65002".to_owned(), "192.168.1.0/24 65100 65000".to_owned()];
    let (learned, sent, passed_on) = shown(Json::Null);
    assert_eq!((learned.as_str(), sent), ("65100 65001 65101", own.to_vec()));
    assert_eq!(passed_on, ["10.1.0.0/16 65000 65100 65001 65101", "192.168.1.0/24 65000"]);
    let (learned, sent, passed_on) = shown(json!("NO_PREPEND"));
    assert_eq!((learned.as_str(), sent), ("65001 65101", own.to_vec()));
    assert_eq!(passed_on[0], "10.1.0.0/16 65000 65001 65101");
    let (learned, sent, _) = shown(json!("NO_PREPEND_REPLACE_AS"));
    assert_eq!(learned, "65001 65101");
    assert_eq!(sent, ["10.2.0.0/16 65100 65002", "192.168.1.0/24 65100"]);
}

#[test]
fn a_next_hop_has_to_be_at_the_end_of_a_tunnel_that_is_up() {
    let via = |next_hop: &str| json!([{ "network": "10.1.0.0/16", "next_hop": next_hop }]);
    assert_eq!(fate(&via("169.254.10.2"), |_| ()).1, Fate::Accepted);
    assert_eq!(fate(&via("169.254.10.1"), |_| ()).1, Fate::NextHopUnreachable, "the gateway's own address");
    assert_eq!(fate(&via("192.0.2.1"), |_| ()).1, Fate::NextHopUnreachable);

    // A third party: announced by the office, reached through the branch's tunnel.
    let mut world = World::with_branch();
    world.announce("office", &via("169.254.20.2"));
    assert_eq!(world.ribs().used(), [("10.1.0.0/16".to_owned(), vec!["branch"])]);
    let states = world.settled();
    world.bring_down("branch");
    let ribs = ribs(&world.topology, &states, &world.sessions);
    assert_eq!(ribs.used(), []);
}

#[test]
fn equal_routes_are_used_together() {
    let mut world = World::with_branch();
    for id in ["office", "branch"] {
        world.announce(id, &json!([{ "network": "10.1.0.0/16" }]));
    }
    let both = vec!["office", "branch"];
    assert_eq!(world.ribs().used(), [("10.1.0.0/16".to_owned(), both)], "169.254.10.2 is the lower identifier");
    world.patch(system::BGP, json!({ "multipath_relax": false }));
    assert_eq!(world.ribs().used(), [("10.1.0.0/16".to_owned(), vec!["office"])], "the ASes differ");
    world.patch(system::BGP, json!({ "multipath_relax": true, "ecmp": false }));
    assert_eq!(world.ribs().used(), [("10.1.0.0/16".to_owned(), vec!["office"])]);
    world.announce("office", &json!([{ "network": "10.1.0.0/16", "as_path": ["65101"] }]));
    assert_eq!(world.ribs().used(), [("10.1.0.0/16".to_owned(), vec!["branch"])], "the path is longer");
}

#[test]
fn segments_that_are_routed_and_up_are_advertised_and_no_tunnel_subnet() {
    let mut world = World::with_office();
    world.put_segment("web", "192.168.1.1/24");
    world.put_segment("db", "192.168.2.1/24");
    world.put_segment("lab", "192.168.3.1/24");
    let segment = |id: &str| format!("{}/segments/{id}", system::COMPUTE_GATEWAY);
    world.patch(&segment("db"), json!({ "admin_state": "DOWN" }));
    world.patch(&segment("lab"), json!({ "type": "DISCONNECTED" }));
    let ribs = world.ribs();
    assert_eq!(ribs.sent("office"), ["192.168.1.0/24 65000"]);
    assert_eq!(ribs.peer("office"), ["192.168.1.0/24 office"]);
    world.put(&TIER_1, system::COMPUTE_GATEWAY, json!({}));
    assert_eq!(world.ribs().sent("office"), Vec::<String>::new(), "the tier-1 is connected to no tier-0");
}

/// A route is passed on to all but the one it is from; a MED is not (RFC 4271, section
/// 5.1.4), and neither is a route from within the AS passed on within it.
#[test]
fn routes_are_passed_on() {
    let mut world = World::with_branch();
    world.announce("office", &json!([{ "network": "10.1.0.0/16", "med": 7 }]));
    let ribs = world.ribs();
    assert_eq!(ribs.sent("office"), Vec::<String>::new());
    assert_eq!(ribs.sent("branch"), ["10.1.0.0/16 65000 65001"]);
    assert_eq!(ribs.exchange("branch").advertised()[0].med, 0);
    assert_eq!(ribs.peer("branch"), ["10.1.0.0/16 branch"]);

    world.patch(&peer("branch"), json!({ "bgp": { "as_number": "65000" } }));
    world.patch(&neighbor("branch"), json!({ "remote_as_num": "65000" }));
    let ribs = world.ribs();
    assert_eq!(ribs.sent("branch"), ["10.1.0.0/16 65001"]);
    assert_eq!(ribs.exchange("branch").advertised()[0].med, 7);
    world.patch(&peer("office"), json!({ "bgp": { "as_number": "65000" } }));
    world.patch(&neighbor("office"), json!({ "remote_as_num": "65000" }));
    assert_eq!(world.ribs().sent("branch"), Vec::<String>::new());
}

/// Two sites of one AS: each sees its own AS in the other's routes.
#[test]
fn a_peer_takes_its_own_as_in_a_path_only_if_it_allows_that() {
    let mut world = World::with_branch();
    world.patch(&peer("branch"), json!({ "bgp": { "as_number": "65001" } }));
    world.patch(&neighbor("branch"), json!({ "remote_as_num": "65001" }));
    world.announce("office", &json!([{ "network": "10.1.0.0/16" }]));
    let ribs = world.ribs();
    assert_eq!(ribs.sent("branch"), ["10.1.0.0/16 65000 65001"]);
    assert_eq!(ribs.exchange("branch").advertised()[0].at_peer, Some(Fate::Loop));
    assert_eq!(ribs.peer("branch"), Vec::<String>::new());
    world.patch(&peer("branch"), json!({ "bgp": { "allow_as_in": true } }));
    assert_eq!(world.ribs().peer("branch"), ["10.1.0.0/16 branch"]);
}

#[test]
fn out_filters_here_and_in_filters_there() {
    let mut world = World::with_office();
    world.put_segment("web", "192.168.1.1/24");
    world.put_segment("db", "192.168.2.1/24");
    world.put_list("web", &json!([{ "network": "192.168.1.0/24" }]));
    world.put_list("db", &json!([{ "network": "192.168.2.0/24" }]));
    world.patch(&neighbor("office"), json!({ "route_filtering": [{ "out_route_filters": [list("web")] }] }));
    let ribs = world.ribs();
    assert_eq!(ribs.sent("office"), ["192.168.1.0/24 65000"]);
    assert_eq!(ribs.exchange("office").advertised().len(), 2);
    assert_eq!(ribs.exchange("office").advertised()[1].verdict, Verdict::End);
    world.patch(&peer("office"), json!({ "bgp": { "in_route_filters": [list("db")] } }));
    let ribs = world.ribs();
    assert_eq!(ribs.exchange("office").advertised()[0].at_peer, Some(Fate::Filtered(Verdict::End)));
    assert_eq!(ribs.peer("office"), Vec::<String>::new());
}

#[test]
fn a_summary_is_advertised_when_something_lies_in_it() {
    let mut world = World::with_branch();
    world.put_segment("web", "192.168.1.1/24");
    world.put_segment("db", "192.168.2.1/24");
    world.announce("office", &json!([{ "network": "10.1.0.0/16" }, { "network": "10.0.0.0/8" }]));
    let summaries = |only: bool| {
        json!({ "route_aggregations": [
            { "prefix": "192.168.0.0/16", "summary_only": only }, { "prefix": "172.16.0.0/12" },
            { "prefix": "10.0.0.0/8", "summary_only": only },
        ] })
    };
    world.patch(system::BGP, summaries(true));
    let ribs = world.ribs();
    assert_eq!(ribs.sent("branch"), ["10.0.0.0/8 65000", "192.168.0.0/16 65000"]);
    assert_eq!(ribs.gateways[GATEWAY].discards, [network("192.168.0.0/16"), network("10.0.0.0/8")]);
    world.patch(system::BGP, summaries(false));
    let all = [
        "10.0.0.0/8 65000",
        "10.1.0.0/16 65000 65001",
        "192.168.0.0/16 65000",
        "192.168.1.0/24 65000",
        "192.168.2.0/24 65000",
    ];
    assert_eq!(world.ribs().sent("branch"), all);
}

#[test]
fn what_the_gateway_is_in_itself_it_does_not_learn() {
    let mut world = World::with_office();
    world.put_segment("web", "192.168.1.1/24");
    world.announce("office", &json!([{ "network": "192.168.1.0/24" }, { "network": "192.168.1.0/25" }]));
    assert_eq!(world.ribs().used(), [("192.168.1.0/25".to_owned(), vec!["office"])]);
}

/// IPv6 routes over a connection of IPv4: when their family is enabled, and the tunnel
/// has addresses of it.
#[test]
fn routes_of_the_other_family() {
    let mut world = World::with_office();
    world.announce("office", &json!([{ "network": "2001:db8:1::/48" }, { "network": "10.1.0.0/16" }]));
    let ribs = world.ribs();
    assert_eq!(ribs.exchange("office").received().count(), 1, "IPv6 is not enabled");
    let both = json!([{ "address_family": "IPV4" }, { "address_family": "IPV6" }]);
    world.patch(&neighbor("office"), json!({ "route_filtering": both }));
    let ribs = world.ribs();
    assert_eq!(ribs.exchange("office").learned[1].fate, Fate::NextHopUnreachable, "the tunnel has no IPv6 address");
    let subnets = json!([{ "ip_subnets": [
        { "ip_addresses": ["169.254.10.1"], "prefix_length": 30 }, { "ip_addresses": ["fd00::1"], "prefix_length": 127 },
    ] }]);
    world.patch(&session("office"), json!({ "tunnel_interfaces": subnets }));
    world.put_segment("web", "2001:db8:2::1/64");
    let ribs = world.ribs();
    assert_eq!(ribs.used().len(), 2);
    let v6 = &ribs.gateways[GATEWAY].routes[&network("2001:db8:1::/48")];
    assert_eq!(v6[0].next_hop, "fd00::".parse::<std::net::IpAddr>().unwrap(), "the other address of the /127");
    assert_eq!(ribs.sent("office"), ["2001:db8:2::/64 65000"]);
    assert_eq!(ribs.exchange("office").advertised()[0].next_hop, "fd00::1".parse::<std::net::IpAddr>().unwrap());
}

/// Two tunnels to one peer: it sends into both, or into the one whose routes are better.
#[test]
fn a_peer_with_two_tunnels_uses_what_is_as_good() {
    let mut world = World::with_office();
    world.put_segment("web", "192.168.1.1/24");
    world.put_session("second", "169.254.30.1", "198.51.100.1");
    world.put_neighbor("second", "169.254.30.2", "65001", json!({}));
    assert_eq!(world.ribs().peer("office"), ["192.168.1.0/24 office", "192.168.1.0/24 second"]);
    let longer = json!({ "neighbor_local_as_config": { "local_as_num": "65100" } });
    world.patch(&neighbor("office"), longer);
    assert_eq!(world.ribs().peer("office"), ["192.168.1.0/24 second"]);
}

#[test]
fn routes_of_a_neighbor_that_restarts_are_stale() {
    let mut world = World::with_office();
    world.put_segment("web", "192.168.1.1/24");
    world
        .patch(&peer("office"), json!({ "bgp": { "graceful_restart": {}, "routes": [{ "network": "10.1.0.0/16" }] } }));
    world.bring_up("office", 0);
    let mut life = Life::begin(world, "office");
    life.at(90_000, |world| world.patch(&peer("office"), json!({ "bgp": { "running": false } })));
    let at = |life: &Life, now| {
        let states = [(path(&neighbor("office")), life.state(now))].into();
        ribs(&life.world.topology, &states, &life.world.sessions)
    };
    let kept = at(&life, 90_000);
    assert!(kept.gateways[GATEWAY].routes[&network("10.1.0.0/16")][0].is_stale);
    assert_eq!(kept.peer("office"), ["192.168.1.0/24 office"], "it goes on to forward");
    let gone = at(&life, 210_000);
    assert_eq!((gone.used(), gone.peer("office")), (vec![], vec![]));
}

#[test]
fn gateways_of_one_engine_pass_routes_on() {
    let mut world = two_gateways();
    world.put_segment("web", "192.168.1.1/24");
    let segment = json!({ "subnets": [{ "gateway_address": "192.168.9.1/24" }] });
    world.put(&SEGMENT, "/infra/tier-1s/fgw/segments/there", segment);
    // A peer beyond the near gateway.
    world.put_session("office", "169.254.10.1", "198.51.100.1");
    world.put_peer("office", "198.51.100.1", json!({}), json!({ "routes": [{ "network": "10.1.0.0/16" }] }));
    world.put_neighbor("office", "169.254.10.2", "65001", json!({}));
    let ribs = world.ribs();
    assert_eq!(ribs.used(), [("10.1.0.0/16".to_owned(), vec!["office"]), ("192.168.9.0/24".to_owned(), vec!["far"])]);
    let there: Vec<_> = ribs.gateways["/infra/tier-0s/far"]
        .routes
        .iter()
        .map(|(network, paths)| format!("{network} {} {}", spelled(&paths[0].as_path), paths[0].next_hop))
        .collect();
    assert_eq!(there, ["10.1.0.0/16 65000 65001 169.254.77.1", "192.168.1.0/24 65000 169.254.77.1"]);
    assert_eq!(ribs.peer("office"), ["192.168.1.0/24 office", "192.168.9.0/24 office"]);
}
