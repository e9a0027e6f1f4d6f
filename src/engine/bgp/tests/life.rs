//! The life of a neighbor, moment by moment. The peer is 5 ms away: a round trip takes
//! 10 ms, and a connection two of them.

use ConnectionState::{Active, Connect, Established, Idle, OpenSent};

use super::*;

const MINUTE: i64 = 60_000;

#[test]
fn a_connection_takes_two_round_trips_from_the_moment_its_tunnel_is_up() {
    let mut life = Life::begin(World::with_office(), "office");
    assert_eq!(life.connection(0), Idle);
    life.at(1_000, |world| world.bring_up("office", 1_000));
    for (now, state) in [
        (1_000, Connect),
        (1_009, Connect),
        (1_010, OpenSent),
        (1_019, OpenSent),
        (1_020, Established),
        (900 * MINUTE, Established),
    ] {
        assert_eq!(life.connection(now), state, "{now}");
    }
    let state = life.state(1_020);
    assert_eq!(state.established_since, Some(Moment(1_020)));
    assert_eq!((state.established_connection_count, state.connection_drop_count), (1, 0));
    assert_eq!((state.reason, state.remote_port), (None, 179));
    assert!(state.local_port >= 49_152);
    assert_eq!(state.neighbor_router_id.to_string(), "169.254.10.2");
}

#[test]
fn the_smaller_hold_time_counts_and_a_third_of_it_for_keepalives() {
    for (own, theirs, agreed) in [
        // (keepalive, hold): RFC 4271, sections 4.2 and 4.4.
        ((60, 180), (60, 180), (60, 180)),
        ((60, 180), (10, 30), (10, 30)),
        ((5, 180), (60, 180), (5, 180)),
        ((60, 90), (60, 180), (30, 90)),
    ] {
        let mut life = Life::office();
        life.at(0, |world| {
            world.patch(&neighbor("office"), json!({ "keep_alive_time": own.0, "hold_down_time": own.1 }));
            world.patch(&peer("office"), json!({ "bgp": { "keep_alive_time": theirs.0, "hold_down_time": theirs.1 } }));
        });
        let state = life.state(MINUTE);
        assert_eq!((state.keep_alive_interval, state.hold_time), agreed, "{own:?} {theirs:?}");
    }
}

/// OPEN, the KEEPALIVE that confirms the other one's, an UPDATE with routes and one that
/// ends them; then a KEEPALIVE every minute (the peer: every 20 s).
#[test]
fn messages_are_counted() {
    let mut life = Life::office();
    life.at(0, |world| world.patch(&peer("office"), json!({ "bgp": { "keep_alive_time": 20 } })));
    let count = |now| {
        let state = life.state(now);
        (state.messages_sent, state.messages_received)
    };
    assert_eq!(count(9), (0, 0));
    assert_eq!(count(10), (1, 0), "OPEN is out");
    assert_eq!(count(20), (4, 4));
    assert_eq!(count(20 + 59_999), (4, 4 + 2));
    assert_eq!(count(20 + 5 * MINUTE), (4 + 5, 4 + 15));
}

#[test]
fn an_announcement_that_changes_is_an_update() {
    let mut life = Life::office();
    life.at(1_000, |world| {
        world.patch(&peer("office"), json!({ "bgp": { "routes": [{ "network": "10.9.0.0/16" }] } }));
    });
    assert_eq!((life.state(1_000).messages_sent, life.state(1_000).messages_received), (4, 5));
    life.at(2_000, |world| world.put_segment("web", "192.168.1.1/24"));
    assert_eq!((life.state(2_000).messages_sent, life.state(2_000).messages_received), (5, 5));
}

/// Established at 20 ms, keepalives at 60.02, 120.02 …; packets are lost from 90 s on, so
/// the last message came at 60.02 s, and the hold timer expires at 60.02 + 180 = 240.02 s.
#[test]
fn a_lost_neighbor_is_dead_when_the_hold_time_has_passed_since_its_last_message() {
    let mut life = Life::office();
    life.at(90_000, |world| world.patch(&peer("office"), json!({ "reachable": false })));
    assert_eq!(life.connection(240_019), Established);
    assert_eq!(life.state(240_019).messages_received, 4 + 1);
    assert_eq!(life.connection(240_020), Idle);
    assert_eq!(life.last_reset(240_020), Some((240_020, Reset::HoldTimer)));
    assert_eq!(life.connection(241_020), Connect, "it tries again a second later");
    assert_eq!(life.state(241_020).connection_drop_count, 1);
    // 4 and keepalives at 60.02, 120.02, 180.02 and 240.02 s, and the NOTIFICATION.
    assert_eq!(life.state(240_020).messages_sent, 4 + 4 + 1);
}

#[test]
fn a_silence_that_ends_before_the_hold_time_does_no_harm() {
    let mut life = Life::office();
    let reachable = |is: bool| move |world: &mut World| world.patch(&peer("office"), json!({ "reachable": is }));
    life.at(90_000, reachable(false)).at(230_000, reachable(true));
    assert_eq!(life.connection(60 * MINUTE), Established);
    assert_eq!(life.state(60 * MINUTE).connection_drop_count, 0);
    assert_eq!(life.state(230_000).messages_received, 4 + 3, "what was lost came again");
    // Heard at 230 s, lost again at once: dead at 230 + 180.
    life.at(231_000, reachable(false));
    assert_eq!((life.connection(409_999), life.connection(410_000)), (Established, Idle));
}

/// BFD: 3 times the slower of 500 and 1,000 ms are 3 s.
#[test]
fn bfd_finds_out_sooner() {
    let mut life = Life::office();
    life.at(0, |world| {
        world.patch(&neighbor("office"), json!({ "bfd": { "enabled": true, "interval": 500, "multiple": 5 } }));
        world.patch(&peer("office"), json!({ "bgp": { "bfd": { "interval": 1_000, "multiple": 3 } } }));
    });
    assert_eq!(life.state(90_000).bfd, Some(BfdState::Up));
    life.at(90_000, |world| world.patch(&peer("office"), json!({ "reachable": false })));
    assert_eq!(life.connection(92_999), Established);
    assert_eq!(life.last_reset(93_000), Some((93_000, Reset::BfdDown)));
    assert_eq!(life.state(93_000).bfd, Some(BfdState::Down));
}

#[test]
fn bfd_at_one_end_only_finds_nothing() {
    let mut life = Life::office();
    life.at(0, |world| world.patch(&neighbor("office"), json!({ "bfd": { "enabled": true } })));
    assert_eq!(life.state(90_000).bfd, Some(BfdState::Down));
    life.at(90_000, |world| world.patch(&peer("office"), json!({ "reachable": false })));
    assert_eq!(life.last_reset(240_020), Some((240_020, Reset::HoldTimer)));
}

#[test]
fn a_neighbor_at_the_end_of_a_tunnel_goes_down_with_it() {
    let mut life = Life::office();
    life.at(90_000, |world| world.bring_down("office"));
    assert_eq!(life.connection(90_000), Idle);
    assert_eq!(life.last_reset(90_000), Some((90_000, Reset::TunnelDown)));
    life.at(100_000, |world| world.bring_up("office", 100_000));
    assert_eq!((life.connection(100_000), life.connection(100_020)), (Connect, Established));
    assert_eq!(life.state(100_020).established_connection_count, 2);
}

/// A tunnel that was down and up again between two looks: its neighbor was, too.
#[test]
fn a_tunnel_that_is_another_one_ends_the_connection() {
    let mut life = Life::office();
    life.at(90_000, |world| world.bring_up("office", 89_000));
    assert_eq!(life.last_reset(90_000), Some((90_000, Reset::TunnelDown)));
    assert_eq!(life.connection(91_020), Established);
}

/// The speaker is 10.255.0.1, beyond the tunnel: nothing is known of the tunnel, and the
/// hold time counts.
#[test]
fn a_neighbor_beyond_the_tunnel_waits_for_the_hold_time() {
    let mut world = World::with_office();
    world.patch(&peer("office"), json!({ "bgp": { "address": "10.255.0.1" } }));
    let far = json!({ "maximum_hop_limit": 2, "source_addresses": ["192.168.1.1"] });
    world.remove(&neighbor("office"));
    world.put_neighbor("far", "10.255.0.1", "65001", far);
    world.bring_up("office", 0);
    let mut life = Life::begin(world, "far");
    assert_eq!(life.connection(20), Established);
    assert_eq!(life.state(20).source_address, Some("192.168.1.1".parse().unwrap()));
    life.at(90_000, |world| world.bring_down("office"));
    assert_eq!(life.connection(240_019), Established);
    assert_eq!(life.last_reset(240_020), Some((240_020, Reset::HoldTimer)));
    assert_eq!(life.connection(300_000), Idle, "then there is no way to it");
}

/// Attempts begin at 241.02 s and every 120 s from then; SYNs 0, 1, 3, 7, 15, 31 and 63 s
/// after. At 250 s the next one is at 241.02 + 15 = 256.02 s.
#[test]
fn a_neighbor_that_can_be_reached_again_is_found_by_the_next_syn() {
    let mut life = Life::office();
    life.at(90_000, |world| world.patch(&peer("office"), json!({ "reachable": false })));
    life.at(250_000, |world| world.patch(&peer("office"), json!({ "reachable": true })));
    assert_eq!(life.connection(256_039), OpenSent);
    assert_eq!(life.connection(256_040), Established);
}

#[test]
fn a_speaker_that_stops_closes_the_connection() {
    let mut life = Life::office();
    life.at(90_000, |world| world.patch(&peer("office"), json!({ "bgp": { "running": false } })));
    assert_eq!(life.last_reset(90_000), Some((90_000, Reset::Closed)));
    assert_eq!(life.state(90_000).stale_until, None, "it did not ask for graceful restart");
    assert_eq!((life.connection(90_999), life.connection(91_000)), (Idle, Active));
    life.at(100_000, |world| world.patch(&peer("office"), json!({ "bgp": { "running": true } })));
    assert_eq!(life.connection(100_020), Established);
}

/// Kept as long as the neighbor asked for (120 s unless it says otherwise), and no longer
/// than the gateway's own timer (600 s unless it says otherwise).
#[test]
fn routes_of_a_speaker_that_restarts_are_kept_for_a_while() {
    let stop = |world: &mut World| world.patch(&peer("office"), json!({ "bgp": { "running": false } }));
    let start = |world: &mut World| world.patch(&peer("office"), json!({ "bgp": { "running": true } }));
    for (restart, timer, kept) in [(120, 600, Some(210_000)), (300, 200, Some(290_000))] {
        let mut life = Life::office();
        life.at(0, |world| {
            world.patch(&peer("office"), json!({ "bgp": { "graceful_restart": { "restart_time": restart } } }));
            let timers = json!({ "timer": { "stale_route_timer": timer } });
            world.patch(system::BGP, json!({ "graceful_restart_config": timers }));
        });
        assert_eq!(life.state(1_000).restart_time, Some(restart));
        life.at(90_000, stop);
        assert_eq!(life.state(90_000).stale_until.map(|until| until.0), kept);
        assert_eq!(life.state(kept.unwrap() - 1).stale_until.map(|until| until.0), kept);
        assert_eq!(life.state(kept.unwrap()).stale_until, None);
        life.at(100_000, start);
        assert_eq!(life.state(100_019).stale_until.map(|until| until.0), kept);
        assert_eq!(life.state(100_020).stale_until, None, "it is back");
        assert!(life.state(100_020).is_established());
    }
}

#[test]
fn without_graceful_restart_here_or_without_a_tunnel_nothing_is_kept() {
    let restarts = |world: &mut World| world.patch(&peer("office"), json!({ "bgp": { "graceful_restart": {} } }));
    let stop = |world: &mut World| world.patch(&peer("office"), json!({ "bgp": { "running": false } }));
    let mut life = Life::office();
    life.at(0, restarts);
    life.at(10_000, |world| world.patch(&neighbor("office"), json!({ "graceful_restart_mode": "DISABLE" })));
    assert_eq!(life.last_reset(10_000), Some((10_000, Reset::ConfigurationChanged)));
    life.at(90_000, stop);
    assert_eq!(life.state(90_000).stale_until, None);

    let mut life = Life::office();
    life.at(0, restarts).at(90_000, stop);
    assert!(life.state(90_000).is_stale());
    life.at(95_000, |world| world.bring_down("office"));
    assert!(!life.state(95_000).is_stale());
}

#[test]
fn what_a_connection_was_opened_with_ends_it_when_it_changes() {
    for (at, change, why) in [
        (neighbor("office"), json!({ "enabled": false }), Some(Reset::Shutdown)),
        (neighbor("office"), json!({ "password": "new" }), Some(Reset::ConfigurationChanged)),
        (neighbor("office"), json!({ "remote_as_num": "65009" }), Some(Reset::ConfigurationChanged)),
        (
            neighbor("office"),
            json!({ "neighbor_local_as_config": { "local_as_num": "65100" } }),
            Some(Reset::ConfigurationChanged),
        ),
        (
            neighbor("office"),
            json!({ "route_filtering": [{ "address_family": "IPV6" }] }),
            Some(Reset::ConfigurationChanged),
        ),
        (system::BGP.to_owned(), json!({ "local_as_num": "65010" }), Some(Reset::ConfigurationChanged)),
        (system::BGP.to_owned(), json!({ "enabled": false }), Some(Reset::Shutdown)),
        (peer("office"), json!({ "bgp": { "password": "new" } }), Some(Reset::PeerChanged)),
        (peer("office"), json!({ "bgp": { "router_id": "10.0.0.1" } }), Some(Reset::PeerChanged)),
        (peer("office"), json!({ "bgp": null }), Some(Reset::PeerChanged)),
        // With the next connection, or at once and without ado.
        (neighbor("office"), json!({ "hold_down_time": 240, "keep_alive_time": 20 }), None),
        (neighbor("office"), json!({ "allow_as_in": true, "display_name": "Office" }), None),
        (neighbor("office"), json!({ "bfd": { "enabled": true } }), None),
        (peer("office"), json!({ "bgp": { "hold_down_time": 30 } }), None),
        (peer("office"), json!({ "latency": 50, "path_mtu": 1400 }), None),
    ] {
        let mut life = Life::office();
        life.at(90_000, |world| world.patch(&at, change.clone()));
        assert_eq!(life.last_reset(90_000), why.map(|why| (90_000, why)), "{change}");
        let state = life.state(90_000);
        assert_eq!(state.is_established(), why.is_none(), "{change}");
        assert_eq!(state.connection_drop_count, u64::from(why.is_some()), "{change}");
        if why.is_none() {
            assert_eq!((state.hold_time, state.keep_alive_interval), (180, 60), "{change}");
        }
    }
}

/// Two routes and room for one: the neighbor is established, the routes arrive 5 ms
/// later, and it is over until something changes.
#[test]
fn a_neighbor_that_teaches_too_many_routes_is_cut_off() {
    let limit = |most: u32| json!({ "route_filtering": [{ "address_family": "IPV4", "maximum_routes": most }] });
    let mut life = Life::office();
    life.at(0, |world| {
        let routes =
            json!([{ "network": "10.1.0.0/16" }, { "network": "10.2.0.0/16" }, { "network": "2001:db8::/32" }]);
        world.patch(&peer("office"), json!({ "bgp": { "routes": routes } }));
        world.patch(&neighbor("office"), limit(1));
    });
    assert_eq!((life.connection(24), life.connection(25)), (Established, Idle));
    let state = life.state(60 * MINUTE);
    assert_eq!(state.reason, Some(Obstacle::TooManyRoutes { maximum: 1 }));
    assert_eq!((state.established_connection_count, state.connection_drop_count), (1, 1));
    // OPEN, KEEPALIVE, two UPDATEs, NOTIFICATION.
    assert_eq!((state.messages_sent, state.messages_received), (5, 4));
    life.at(60 * MINUTE, |world| world.patch(&neighbor("office"), limit(2)));
    assert_eq!(life.connection(60 * MINUTE + 20), Established);
    life.at(61 * MINUTE, |world| {
        let routes = json!([{ "network": "10.1.0.0/16" }, { "network": "10.2.0.0/16" }, { "network": "10.3.0.0/16" }]);
        world.patch(&peer("office"), json!({ "bgp": { "routes": routes } }));
    });
    assert_eq!((life.connection(61 * MINUTE + 4), life.connection(61 * MINUTE + 5)), (Established, Idle));
}

#[test]
fn routes_that_the_filter_keeps_out_do_not_count_towards_the_maximum() {
    let mut life = Life::office();
    life.at(0, |world| {
        world.put_list("ten-one", &json!([{ "network": "10.1.0.0/16" }]));
        let routes = json!([{ "network": "10.1.0.0/16" }, { "network": "10.2.0.0/16" }]);
        world.patch(&peer("office"), json!({ "bgp": { "routes": routes } }));
        let filtering = json!([{ "maximum_routes": 1, "in_route_filters": [list("ten-one")] }]);
        world.patch(&neighbor("office"), json!({ "route_filtering": filtering }));
    });
    assert_eq!(life.connection(MINUTE), Established);
}

/// OPENs at 0.02, 2.02, 6.02, 14.02 … s: after 10 s three, each with a NOTIFICATION.
#[test]
fn refused_opens_are_counted() {
    let mut life = Life::office();
    life.at(0, |world| world.patch(&peer("office"), json!({ "bgp": { "as_number": "65009" } })));
    let state = life.state(10_000);
    assert_eq!((state.messages_sent, state.messages_received), (6, 3));
    assert_eq!((state.established_connection_count, state.connection_drop_count), (0, 0));
    life.at(10_000, |world| world.patch(&neighbor("office"), json!({ "remote_as_num": "65009" })));
    assert_eq!(life.connection(10_020), Established);
    assert_eq!(life.state(10_020).messages_sent, 6 + 4);
}
