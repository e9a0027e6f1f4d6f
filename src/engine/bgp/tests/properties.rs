//! What holds in any world.

use proptest::prelude::*;

use super::*;
use crate::engine::bgp::documents::status;

/// Something that happens.
#[derive(Clone, Debug)]
enum Happening {
    Up,
    Down,
    Reachable(bool),
    Running(bool),
    Password(bool),
    Enabled(bool),
    Peer(u32),
    Timers(u32),
    Routes(u8),
}

fn happening() -> impl Strategy<Value = Happening> {
    use Happening as It;
    prop_oneof![
        3 => Just(It::Up),
        1 => Just(It::Down),
        3 => any::<bool>().prop_map(It::Reachable),
        2 => any::<bool>().prop_map(It::Running),
        1 => any::<bool>().prop_map(It::Password),
        1 => any::<bool>().prop_map(It::Enabled),
        1 => (65_001..65_003_u32).prop_map(It::Peer),
        1 => (3..90_u32).prop_map(It::Timers),
        1 => (0..4_u8).prop_map(It::Routes),
    ]
}

fn happen(world: &mut World, what: &Happening, at: i64) {
    let speaker = |world: &mut World, changes| world.patch(&peer("office"), json!({ "bgp": changes }));
    match what {
        Happening::Up => world.bring_up("office", at),
        Happening::Down => world.bring_down("office"),
        Happening::Reachable(is) => world.patch(&peer("office"), json!({ "reachable": is })),
        Happening::Running(is) => speaker(world, json!({ "running": is })),
        Happening::Password(is) => speaker(world, json!({ "password": is.then_some("s3cret") })),
        Happening::Enabled(is) => world.patch(&neighbor("office"), json!({ "enabled": is })),
        Happening::Peer(number) => speaker(world, json!({ "as_number": number.to_string() })),
        Happening::Timers(hold) => speaker(world, json!({ "hold_down_time": hold })),
        Happening::Routes(count) => {
            let routes: Vec<_> = (0..*count).map(|it| json!({ "network": format!("10.{it}.0.0/16") })).collect();
            speaker(world, json!({ "routes": routes }));
        }
    }
}

/// The office with BFD, graceful restart and room for two routes.
fn world() -> World {
    let mut world = World::with_office();
    world.patch(&peer("office"), json!({ "bgp": { "graceful_restart": {}, "bfd": { "interval": 2_000 } } }));
    let filtering = json!([{ "maximum_routes": 2 }]);
    world.patch(&neighbor("office"), json!({ "bfd": { "enabled": true }, "route_filtering": filtering }));
    world
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// However often one looks, the same happens; nothing that is due is passed over; and
    /// counters never run backwards.
    #[test]
    fn many_small_steps_are_one_big_one(
        story in prop::collection::vec((happening(), 0..200_000_i64), 1..12),
        looks in prop::collection::vec(1..50_000_i64, 1..6),
    ) {
        let mut life = Life::begin(world(), "office");
        let mut often = life.record.clone();
        let mut counted = (0, 0, 0, 0);
        let mut now = 0;
        for (what, wait) in &story {
            let until = now + wait;
            let mut look = now;
            for step in looks.iter().cycle() {
                look = (look + step).min(until);
                let (it, around) = (life.world.neighbor("office"), life.world.around());
                often.advance(it, &around, Moment(look));
                prop_assert!(often.next_change(it, &around).is_none_or(|next| next.0 > look));
                let state = often.state(it, &around, Moment(look));
                prop_assert_eq!(&state, &life.record.state(it, &around, Moment(look)));
                prop_assert_eq!(state.is_established(), state.reason.is_none());
                let counts = (
                    state.messages_sent,
                    state.messages_received,
                    state.connection_drop_count,
                    state.established_connection_count,
                );
                prop_assert!(counted.0 <= counts.0 && counted.1 <= counts.1, "{counted:?} {counts:?}");
                prop_assert!(counted.2 <= counts.2 && counted.3 <= counts.3, "{counted:?} {counts:?}");
                prop_assert!(counts.2 <= counts.3 && counts.3 <= counts.2 + 1);
                counted = counts;
                if look == until {
                    break;
                }
            }
            life.at(until, |world| happen(world, what, until));
            often.changed(life.world.neighbor("office"), &life.world.around(), Moment(until));
            let written = serde_json::to_string(&often).unwrap();
            often = serde_json::from_str(&written).unwrap();
            prop_assert_eq!(&often, &life.record);
            now = until;
        }
    }

    /// Whatever two peers announce through whatever filters.
    #[test]
    fn routes_keep_to_the_rules(
        announced in prop::collection::vec((any::<bool>(), 0..8_u8, 9..20_u8, 0..3_usize), 0..30),
        entries in prop::collection::vec((0..8_u8, 8..20_u8, any::<bool>()), 1..5),
    ) {
        let mut world = World::with_branch();
        world.put_segment("web", "192.168.1.1/24");
        let entries: Vec<_> = entries
            .iter()
            .map(|(net, length, permit)| json!({
                "network": format!("10.{net}.0.0/{length}"), "le": 24, "action": if *permit { "PERMIT" } else { "DENY" },
            }))
            .collect();
        world.put_list("l", &json!(entries));
        world.patch(&neighbor("office"), json!({ "route_filtering": [{ "in_route_filters": [list("l")] }] }));
        for (id, is_office) in [("office", true), ("branch", false)] {
            // A speaker announces a network once.
            let routes: std::collections::BTreeMap<Network, _> = announced
                .iter()
                .filter(|(office, ..)| *office == is_office)
                .map(|(_, net, length, hops)| {
                    let as_path = &["65000", "65101", "65102"][3 - hops..];
                    let network: Network = format!("10.{net}.0.0/{length}").parse().unwrap();
                    (network, json!({ "network": network.to_string(), "as_path": as_path }))
                })
                .collect();
            let routes: Vec<_> = routes.into_values().collect();
            world.patch(&peer(id), json!({ "bgp": { "routes": routes } }));
        }
        let states = world.settled();
        let ribs = ribs(&world.topology, &states, &world.sessions);
        let filter = &world.topology.prefix_lists[&path(&list("l"))];
        let own: crate::model::AsNumber = "65000".parse().unwrap();
        for (at, exchange) in &ribs.neighbors {
            prop_assert!(exchange.learned.is_sorted_by(|one, next| one.network < next.network));
            prop_assert!(exchange.advertised().is_sorted_by(|one, next| one.network < next.network));
            for learned in exchange.accepted() {
                prop_assert!(at.id() != "office" || filter.judge(learned.network).permits());
                prop_assert!(!learned.path.as_path.contains(&own), "a loop");
            }
            for sent in exchange.sent() {
                prop_assert_eq!(sent.as_path.first(), Some(&own));
                let best = ribs.gateways[GATEWAY].routes.get(&sent.network).map(|paths| &paths[0]);
                prop_assert!(best.is_none_or(|best| best.neighbor != *at), "sent back");
            }
            let status = status(world.neighbor(at.id()), &states[at], Some(exchange), Moment(60_000));
            prop_assert_eq!(&status["total_in_prefix_count"], &json!(exchange.accepted().count()));
            prop_assert_eq!(&status["total_out_prefix_count"], &json!(exchange.sent().count()));
        }
        for (network, paths) in &ribs.gateways[GATEWAY].routes {
            for path in paths {
                let mut accepted = ribs.neighbors[&path.neighbor].accepted();
                prop_assert!(accepted.any(|it| it.network == *network && it.path == *path), "used, and never learned");
            }
        }
    }
}
