//! The short answer and the long one, in worlds and for packets that nobody thought of:
//! they agree, every trace ends once, and what is said to fit does.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value as Json, json};

use super::super::{Decision, Disposition, Event, Forwarding, Node, Packet, Step, Trace};
use super::world::World;

/// Networks that something leads to, or nothing.
const NETWORKS: [&str; 9] = [
    "0.0.0.0/0",
    "::/0",
    "10.1.0.0/16",
    "10.1.1.0/24",
    "10.2.0.0/16",
    "192.168.0.0/16",
    "192.168.2.0/24",
    "2001:db8:a::/48",
    "2001:db8::/32",
];

/// Addresses that mean something in these worlds.
const ADDRESSES: [&str; 20] = [
    "192.168.1.1",
    "192.168.1.10",
    "192.168.1.11",
    "192.168.1.255",
    "192.168.2.10",
    "192.168.3.10",
    "10.1.0.9",
    "10.1.1.9",
    "10.2.0.9",
    "10.3.0.9",
    "169.254.33.1",
    "169.254.33.2",
    "169.254.34.2",
    "169.254.9.9",
    "203.0.113.66",
    "198.51.100.1",
    "2001:db8:1::10",
    "2001:db8:a::9",
    "2001:db8:f::9",
    "224.0.0.5",
];

/// What is drawn of a session with its peer.
#[derive(Clone, Debug)]
struct Drawn {
    is_enabled: bool,
    state: Json,
    clears_df: bool,
    clamping: Json,
    outer_v6: bool,
    rules: Vec<(&'static str, &'static str)>,
    /// Without one nobody is at the far end.
    peer: Option<Json>,
    learned: Vec<&'static str>,
}

fn state() -> impl Strategy<Value = Json> {
    let proposal =
        select(vec![json!(["AES_GCM_128"]), json!(["AES_256", "SHA2_256"]), json!(["NO_ENCRYPTION", "SHA1"])]);
    let up = (any::<bool>(), proposal).prop_map(|(nat, proposal)| json!({ "nat": nat, "proposal": proposal }));
    let down = select(vec![
        json!({ "down": "KeyMismatch" }),
        json!({ "down": "WaitsForTraffic" }),
        json!({ "negotiating": true }),
        json!({ "gone": true }),
        json!({ "tunnels_down": { "r0": "IkeDown", "-": "IkeDown" } }),
    ]);
    prop_oneof![3 => up, 1 => down]
}

fn clamping() -> impl Strategy<Value = Json> {
    let direction = select(vec!["NONE", "INBOUND_CONNECTION", "OUTBOUND_CONNECTION", "BOTH"]);
    (direction, prop::option::of(108_u16..=8_902)).prop_map(|(direction, size)| match size {
        Some(size) => json!({ "direction": direction, "max_segment_size": size }),
        None => json!({ "direction": direction }),
    })
}

fn networks(most: usize) -> impl Strategy<Value = Vec<&'static str>> {
    subsequence(NETWORKS.to_vec(), 0..=most)
}

fn peer() -> impl Strategy<Value = Json> {
    let path_mtu = select(vec![576_u16, 1_280, 1_400, 1_499, 1_500, 9_000]);
    let selectors = subsequence(
        vec![
            json!({ "local": "10.1.0.0/16", "remote": "192.168.0.0/16" }),
            json!({ "local": "::/0", "remote": "::/0" }),
        ],
        0..=2,
    );
    (path_mtu, prop::bool::weighted(0.9), 0_u32..1_000, networks(3), prop::option::weighted(0.2, selectors)).prop_map(
        |(path_mtu, is_reachable, latency, networks, selectors)| {
            let mut peer = json!({ "psk": "key", "path_mtu": path_mtu, "reachable": is_reachable, "latency": latency });
            if !networks.is_empty() {
                peer["networks"] = json!(networks);
            }
            if let Some(selectors) = selectors.filter(|selectors| !selectors.is_empty()) {
                peer["traffic_selectors"] = json!(selectors);
            }
            peer
        },
    )
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let rule = select(vec![
        ("192.168.1.0/24", "10.1.0.0/16"),
        ("192.168.0.0/16", "10.0.0.0/8"),
        ("192.168.2.0/24", "192.168.1.0/24"),
        ("10.2.0.0/16", "10.1.1.0/24"),
        ("2001:db8:1::/64", "2001:db8:a::/48"),
    ]);
    (
        prop::bool::weighted(0.9),
        state(),
        any::<bool>(),
        clamping(),
        any::<bool>(),
        prop::collection::vec(rule, 1..4),
        prop::option::weighted(0.9, peer()),
        networks(3),
    )
        .prop_map(|(is_enabled, state, clears_df, clamping, outer_v6, rules, peer, learned)| Drawn {
            is_enabled,
            state,
            clears_df,
            clamping,
            outer_v6,
            rules,
            peer,
            learned,
        })
}

/// A world with four sessions: of `p0` and `p1` rules decide, of `v0` and `v1` routes.
fn world() -> impl Strategy<Value = Json> {
    let routes = prop::collection::vec((select(NETWORKS.to_vec()), subsequence(vec!["v0", "v1"], 1..=2)), 0..6);
    let bypass = prop::option::of(select(NETWORKS[2..5].to_vec()));
    (prop::collection::vec(drawn(), 4), routes, bypass, prop::bool::weighted(0.9), prop::bool::weighted(0.9)).prop_map(
        |(sessions, routes, bypass, is_service_enabled, is_port_up)| {
            let mut objects = json!({
                "$service": { "enabled": is_service_enabled },
                "$service/local-endpoints/six": { "local_address": "2001:db8:66::1" },
                "/infra/ipsec-vpn-tunnel-profiles/clear": { "df_policy": "CLEAR" },
                "/infra/tier-1s/cgw/segments/web": {
                    "subnets": [{ "gateway_address": "192.168.1.1/24" }, { "gateway_address": "2001:db8:1::1/64" }],
                },
                "/infra/tier-1s/cgw/segments/web/ports/vm": {
                    "address_bindings": [{ "ip_address": "192.168.1.11" }],
                    "admin_state": if is_port_up { "UP" } else { "DOWN" },
                },
                "/infra/tier-1s/cgw/segments/db": { "subnets": [{ "gateway_address": "192.168.2.1/24" }] },
                "/infra/tier-1s/cgw/segments/apart": {
                    "subnets": [{ "gateway_address": "192.168.3.1/24" }], "type": "DISCONNECTED",
                },
            });
            if let Some(bypass) = bypass {
                objects["$service"]["bypass_rules"] =
                    json!([{ "id": "bypass", "destinations": [{ "subnet": bypass }] }]);
            }
            let (mut states, mut learned) = (Map::new(), Map::new());
            for (number, (name, drawn)) in (1..).zip(["p0", "p1", "v0", "v1"].into_iter().zip(&sessions)) {
                add(&mut objects, name, number, drawn);
                states.insert(name.to_owned(), drawn.state.clone());
                if drawn.peer.is_some() && name.starts_with('v') {
                    let routes: Map<_, _> = drawn.learned.iter().map(|it| ((*it).to_owned(), json!([name]))).collect();
                    learned.insert(name.to_owned(), routes.into());
                }
            }
            let routes: Map<_, _> = routes
                .into_iter()
                .map(|(network, by)| {
                    let next_hop = |name: &str| if name == "v0" { "169.254.33.2" } else { "169.254.34.2" };
                    let paths: Vec<_> = by.into_iter().map(|name| json!([name, name, next_hop(name)])).collect();
                    (network.to_owned(), paths.into())
                })
                .collect();
            let rib = json!({ "routes": routes, "discards": ["192.168.0.0/16"] });
            json!({ "objects": objects, "states": states, "learned": learned, "ribs": { "/infra/tier-0s/vmc": rib } })
        },
    )
}

/// Adds a session and its peer.
fn add(objects: &mut Json, name: &str, number: u8, drawn: &Drawn) {
    let address = if drawn.outer_v6 { format!("2001:db8:ffff::{number}") } else { format!("198.51.100.{number}") };
    let mut session =
        json!({ "peer_address": address, "enabled": drawn.is_enabled, "tcp_mss_clamping": drawn.clamping });
    if drawn.outer_v6 {
        session["local_endpoint_path"] = json!("$service/local-endpoints/six");
    }
    if drawn.clears_df {
        session["tunnel_profile_path"] = json!("/infra/ipsec-vpn-tunnel-profiles/clear");
    }
    if name.starts_with('p') {
        let rules = drawn.rules.iter().enumerate().map(|(at, (source, destination))| {
            json!({
                "id": format!("r{at}"), "sequence_number": at,
                "sources": [{ "subnet": source }], "destinations": [{ "subnet": destination }],
            })
        });
        session["rules"] = rules.collect();
    } else {
        let own = format!("169.254.3{number}.1");
        session["tunnel_interfaces"] = json!([{ "ip_subnets": [{ "ip_addresses": [own], "prefix_length": 30 }] }]);
    }
    objects[format!("$service/sessions/{name}")] = session;
    if let Some(peer) = &drawn.peer {
        let mut peer = peer.clone();
        peer["address"] = json!(address);
        objects[format!("/infra/simulated-peers/{name}")] = peer;
    }
}

fn address() -> impl Strategy<Value = IpAddr> {
    let known = select(ADDRESSES.to_vec()).prop_map(|text| text.parse().unwrap());
    let any_v4 = any::<u32>().prop_map(|bits| Ipv4Addr::from_bits(bits).into());
    let any_v6 = any::<u128>().prop_map(|bits| Ipv6Addr::from_bits(bits).into());
    prop_oneof![20 => known, 1 => any_v4, 1 => any_v6]
}

fn packet() -> impl Strategy<Value = Packet> {
    let protocol = prop_oneof![4 => select(vec![1_u8, 6, 17, 58]), 1 => any::<u8>()];
    let size = prop_oneof![0_usize..=65_575, 0_usize..2_000, 1_300_usize..1_600];
    let time_to_live = prop_oneof![3 => Just(64), 1 => any::<u8>(), 1 => 0_u8..6];
    let ends = (address(), address(), any::<u16>(), any::<u16>());
    (ends, protocol, size, any::<bool>(), time_to_live, any::<Option<u16>>()).prop_map(
        |((source, destination, source_port, destination_port), protocol, size, dont_fragment, time_to_live, mss)| {
            Packet {
                source,
                destination,
                protocol,
                source_port,
                destination_port,
                size,
                dont_fragment,
                time_to_live,
                handshake_mss: mss,
            }
        },
    )
}

/// The decision and the trace say the same.
fn agree(of: &Forwarding, decision: &Decision, trace: &Trace) -> Result<(), TestCaseError> {
    prop_assert_eq!(decision.disposition, trace.disposition);
    prop_assert_eq!(decision.drop_reason, trace.drop_reason);
    prop_assert_eq!(decision.session.and_then(|session| of.session_path(session)), trace.session.as_ref());
    prop_assert_eq!(decision.effective_mtu.map(|mtu| mtu as usize), trace.effective_mtu);
    prop_assert_eq!(decision.effective_mss.map(|mss| mss as usize), trace.effective_mss);
    prop_assert_eq!(decision.latency, trace.latency);
    // The tunnels are those into which the steps lead, and their time is the packet's.
    let (mut entered, mut carried, mut latency) = (Vec::new(), 0, 0);
    for step in &trace.steps {
        match &step.event {
            Event::Encapsulated { inner_size, outer_size, .. } => {
                entered.push((step.object.as_ref(), *inner_size, *outer_size));
            }
            Event::Carried { latency: here, .. } => {
                carried += 1;
                latency += here;
            }
            _ => {}
        }
    }
    prop_assert_eq!(latency, trace.latency);
    let crossings: Vec<_> = decision.crossings.iter().flatten().collect();
    prop_assert_eq!(crossings.len(), entered.len().min(2));
    prop_assert_eq!(crossings.iter().filter(|it| it.arrives).count(), carried.min(2));
    for (crossing, (session, inner, outer)) in crossings.into_iter().zip(entered) {
        prop_assert_eq!(of.session_path(crossing.session), session);
        if crossing.packets == 1 {
            prop_assert_eq!((crossing.inner_bytes as usize, crossing.outer_bytes as usize), (inner, outer));
        }
    }
    Ok(())
}

/// A trace ends once, at its end, with what fits its disposition.
fn ends_once(trace: &Trace) -> Result<(), TestCaseError> {
    let is_end = |step: &&Step| matches!(step.event, Event::Delivered { .. } | Event::Accepted | Event::Dropped { .. });
    prop_assert_eq!(trace.steps.iter().filter(is_end).count(), 1, "{:?}", trace.steps);
    let last = trace.steps.last().unwrap();
    let (disposition, reason) = match (&last.event, &last.node) {
        (Event::Delivered { .. }, Node::Segment(_)) => (Disposition::DeliveredToSegment, None),
        (Event::Delivered { .. }, Node::Peer(_)) => (Disposition::DeliveredToPeer, None),
        (Event::Accepted, _) => (Disposition::Accepted, None),
        (Event::Dropped { reason, .. }, _) => (Disposition::Dropped, Some(*reason)),
        (event, node) => return Err(TestCaseError::fail(format!("{event:?} at {node:?} ends nothing"))),
    };
    prop_assert_eq!((disposition, reason), (trace.disposition, trace.drop_reason));
    Ok(())
}

/// A packet as large as the effective MTU gets through in one piece, and one that is a
/// byte larger does not.
fn fits_exactly(of: &Forwarding, trace: &Trace) -> Result<(), TestCaseError> {
    let Some(mtu) = trace.effective_mtu.filter(|_| trace.disposition != Disposition::Dropped) else { return Ok(()) };
    let is_whole = |size: usize| {
        let again = of.trace(&Packet { size, ..trace.packet.clone() });
        let is_cut = again.steps.iter().any(|step| matches!(step.event, Event::Fragmented { .. }));
        again.disposition != Disposition::Dropped && !is_cut
    };
    prop_assert!(is_whole(mtu), "{mtu} bytes do not fit");
    prop_assert!(!is_whole(mtu + 1), "more than {mtu} bytes fit");
    Ok(())
}

proptest! {
    #[test]
    fn the_short_answer_and_the_long_one_agree(
        world in world(),
        packets in prop::collection::vec(packet(), 40),
    ) {
        let forwarding = World::read(&world.to_string()).forwarding();
        for packet in packets {
            let trace = forwarding.trace(&packet);
            agree(&forwarding, &forwarding.decide(&packet), &trace)?;
            ends_once(&trace)?;
            fits_exactly(&forwarding, &trace)?;
            let answer = forwarding.trace_as_answer(&packet);
            agree(&forwarding, &forwarding.decide_answer(&packet), &answer)?;
            ends_once(&answer)?;
            let answer = forwarding.trace_answer(&trace, packet.size);
            prop_assert_eq!(answer.is_none(), trace.disposition == Disposition::Dropped);
            if let Some(answer) = answer {
                ends_once(&answer)?;
            }
        }
    }
}
