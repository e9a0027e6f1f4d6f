//! Any world, any packet: what the tables decide is what looking through the
//! declarations one by one decides.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value as Json, json};

use super::super::{Decision, Disposition, DropReason, Event, Packet, Trace, UPLINK_MTU, protocol};
use super::world::{World, path};
use crate::engine::bgp::{BgpPath, Rib};
use crate::engine::topology::{PolicyRule, SessionKind};
use crate::model::{Network, PolicyPath, RouteOrigin};

const SERVICE: &str = "/infra/tier-0s/vmc/locale-services/default/ipsec-vpn-services/default";
const TIER_0: &str = "/infra/tier-0s/vmc";
/// Networks that lie within each other in every way.
const NEAR: [&str; 5] = ["192.168.1.0/24", "192.168.1.128/25", "192.168.2.0/24", "192.168.0.0/16", "192.168.2.7/32"];
const FAR: [&str; 7] =
    ["10.0.0.0/8", "10.1.0.0/16", "10.1.1.0/24", "10.1.1.1/32", "10.2.0.0/15", "0.0.0.0/0", "10.1.0.0/17"];
const PEERS: [&str; 4] = ["p1", "p2", "r1", "r2"];

/// A rule: number, sources, destinations, whether it is enabled.
type Rule = (u8, Vec<&'static str>, Vec<&'static str>, bool);

/// What a world is made of.
#[derive(Clone, Debug)]
struct Plan {
    bypass: Vec<Rule>,
    rules: [Vec<Rule>; 2],
    /// Whether each session is enabled, and which networks its peer has.
    sessions: [(bool, Vec<&'static str>); 4],
    /// Routes by either or both of the last two sessions.
    routes: BTreeMap<&'static str, [bool; 2]>,
    discards: Vec<&'static str>,
}

fn rules(most: usize) -> impl Strategy<Value = Vec<Rule>> {
    let networks = |of: &'static [&'static str]| proptest::collection::btree_set(select(of), 0..3);
    let rule = (0_u8..4, networks(&NEAR), networks(&FAR), proptest::bool::weighted(0.9));
    let rule = rule.prop_map(|(number, sources, destinations, enabled)| {
        (number, sources.into_iter().collect(), destinations.into_iter().collect(), enabled)
    });
    proptest::collection::vec(rule, 1..=most)
}

fn plan() -> impl Strategy<Value = Plan> {
    let networks = || proptest::collection::btree_set(select(&FAR[..]), 1..4);
    let session = (proptest::bool::weighted(0.8), networks().prop_map(|it| it.into_iter().collect()));
    let sessions = [session.clone(), session.clone(), session.clone(), session];
    let either = select(vec![[true, false], [false, true], [true, true]]);
    let routes = proptest::collection::btree_map(select(&FAR[..]), either, 0..5);
    let discards = proptest::collection::vec(select(&FAR[..5]), 0..2);
    (rules(2), [rules(5), rules(5)], sessions, routes, discards)
        .prop_map(|(bypass, rules, sessions, routes, discards)| Plan { bypass, rules, sessions, routes, discards })
}

fn packets() -> impl Strategy<Value = Vec<Packet>> {
    let near = vec!["192.168.1.5", "192.168.1.200", "192.168.2.7", "192.168.2.9", "192.168.3.3", "172.31.0.1"];
    let far =
        vec!["10.1.1.1", "10.1.1.2", "10.1.2.3", "10.1.200.1", "10.3.0.1", "8.8.8.8", "192.168.2.9", "192.168.1.1"];
    let packet = (select(near), select(far), any::<u16>(), 40_usize..3_000, any::<bool>(), 1_u8..8, any::<bool>());
    let packet =
        packet.prop_map(|(source, destination, source_port, size, dont_fragment, time_to_live, is_tcp)| Packet {
            source: source.parse().unwrap(),
            destination: destination.parse().unwrap(),
            protocol: if is_tcp { protocol::TCP } else { protocol::UDP },
            source_port,
            destination_port: 443,
            size,
            dont_fragment,
            time_to_live,
            handshake_mss: is_tcp.then_some(1_460),
        });
    proptest::collection::vec(packet, 20)
}

fn documents(rules: &[Rule]) -> Json {
    let subnets = |networks: &[&str]| networks.iter().map(|it| json!({ "subnet": it })).collect::<Json>();
    let one = |(at, (number, sources, destinations, enabled)): (usize, &Rule)| {
        json!({ "id": format!("r{at}"), "sequence_number": number, "enabled": enabled,
                "sources": subnets(sources), "destinations": subnets(destinations) })
    };
    rules.iter().enumerate().map(one).collect()
}

fn world(plan: &Plan) -> World {
    let mut world = World::read("{}");
    for segment in [1, 2] {
        let subnets = json!([{ "gateway_address": format!("192.168.{segment}.1/24") }]);
        world.put(&format!("/infra/tier-1s/cgw/segments/s{segment}"), &json!({ "subnets": subnets }));
    }
    world.put(SERVICE, &json!({ "bypass_rules": documents(&plan.bypass) }));
    for (position, name) in PEERS.into_iter().enumerate() {
        let (enabled, networks) = &plan.sessions[position];
        let address = format!("198.51.100.{}", position + 1);
        let mut session = json!({ "peer_address": address, "enabled": enabled });
        if let Some(rules) = plan.rules.get(position) {
            session["rules"] = documents(rules);
        } else {
            let subnet = json!({ "ip_addresses": [format!("169.254.{position}.1")], "prefix_length": 30 });
            session["tunnel_interfaces"] = json!([{ "ip_subnets": [subnet] }]);
        }
        world.put(&format!("{SERVICE}/sessions/{name}"), &session);
        let peer = json!({ "address": address, "psk": "key", "networks": networks });
        world.put(&format!("/infra/simulated-peers/{name}"), &peer);
    }
    world.all_up();
    let by = |at: usize| {
        Arc::new(BgpPath {
            neighbor: path(&format!("$bgp/neighbors/{}", PEERS[at])),
            session: path(&format!("{SERVICE}/sessions/{}", PEERS[at])),
            next_hop: format!("169.254.{at}.2").parse().unwrap(),
            as_path: [].into(),
            origin: RouteOrigin::Igp,
            med: 0,
            local_preference: 100,
            weight: 0,
            is_internal: false,
            is_stale: false,
        })
    };
    let paths =
        |[one, other]: &[bool; 2]| [(*one, 2), (*other, 3)].iter().filter(|it| it.0).map(|it| by(it.1)).collect();
    let routes = plan.routes.iter().map(|(network, which)| (network.parse().unwrap(), paths(which))).collect();
    let discards = plan.discards.iter().map(|it| it.parse().unwrap()).collect();
    world.ribs.insert(TIER_0.to_owned(), Rib { routes, discards }.into());
    world
}

/// What becomes of a packet: the drop reason, or the peer or segment, as far as a person
/// who looks through the declarations finds out. Sizes are left aside.
#[derive(Debug, PartialEq)]
enum Fate {
    Dropped(DropReason),
    InSegment,
    ForGateway,
    /// By one of these sessions; it is known what then happens to it.
    Through(Vec<PolicyPath>),
}

fn matches(rule: &PolicyRule, packet: &Packet) -> bool {
    let has = |side: &[Network], address: IpAddr| side.is_empty() || side.iter().any(|it| it.holds(address));
    rule.enabled && has(&rule.sources, packet.source) && has(&rule.destinations, packet.destination)
}

/// The fate of a packet that comes from a segment and may go far enough.
fn fate(world: &World, packet: &Packet) -> Fate {
    let topology = &world.topology;
    let subnets = || topology.segments.values().flat_map(|segment| &segment.subnets);
    if !subnets().any(|(_, network)| network.holds(packet.source)) {
        let peer = topology.peers.values().any(|peer| peer.networks.iter().flatten().any(|it| it.holds(packet.source)));
        return if peer { Fate::Through(Vec::new()) } else { Fate::Dropped(DropReason::UnknownSource) };
    }
    if subnets().any(|(own, _)| *own == packet.destination) {
        return Fate::ForGateway;
    }
    if subnets().any(|(_, network)| network.holds(packet.destination)) {
        return Fate::InSegment;
    }
    let bypassed = topology.services.values().flat_map(|it| &it.bypass_rules).any(|rule| matches(rule, packet));
    let mut candidates: Vec<_> =
        topology
            .sessions
            .values()
            .filter_map(|session| {
                if let SessionKind::PolicyBased { rules } = &session.kind { Some((session, rules)) } else { None }
            })
            .flat_map(|(session, rules)| {
                rules.iter().map(move |rule| (rule.sequence_number, &session.path, &rule.id, rule))
            })
            .filter(|(.., rule)| !bypassed && matches(rule, packet))
            .collect();
    candidates.sort_by_key(|(number, path, id, _)| (*number, *path, *id));
    let enabled = |path: &PolicyPath| topology.sessions[path].enabled;
    if let Some((_, path, ..)) = candidates.iter().find(|(_, path, ..)| enabled(path)) {
        return Fate::Through(vec![(*path).clone()]);
    }
    let rib = &world.ribs[TIER_0];
    let routes = rib.routes.iter().filter(|(network, _)| network.holds(packet.destination));
    let route = routes.max_by_key(|(network, _)| network.length());
    let discard = rib.discards.iter().filter(|network| network.holds(packet.destination)).map(|it| it.length()).max();
    match route {
        Some((network, paths)) if discard.is_none_or(|discard| discard <= network.length()) => {
            let up: Vec<_> = paths.iter().map(|path| path.session.clone()).filter(enabled).collect();
            Fate::Through(if up.is_empty() { paths.iter().map(|path| path.session.clone()).collect() } else { up })
        }
        _ if discard.is_some() => Fate::Dropped(DropReason::NullRouted),
        _ if !candidates.is_empty() => Fate::Dropped(DropReason::SessionDisabled),
        _ => Fate::Dropped(DropReason::NoRoute),
    }
}

/// A packet that was dropped has a reason, the others have none, and the last step, and
/// no other, says so.
fn ends_once(trace: &Trace) -> Result<(), TestCaseError> {
    let is_end = |event: &Event| matches!(event, Event::Delivered { .. } | Event::Accepted | Event::Dropped { .. });
    prop_assert_eq!(trace.steps.iter().filter(|step| is_end(&step.event)).count(), 1);
    let last = trace.steps.last().map(|step| &step.event);
    match (trace.disposition, trace.drop_reason, last) {
        (Disposition::Dropped, Some(reason), Some(Event::Dropped { reason: said, .. })) => {
            prop_assert_eq!(reason, *said);
        }
        (Disposition::Accepted, None, Some(Event::Accepted))
        | (Disposition::DeliveredToSegment | Disposition::DeliveredToPeer, None, Some(Event::Delivered { .. })) => {}
        other => prop_assert!(false, "{:?}", other),
    }
    Ok(())
}

/// The sizes in the trace follow from each other.
fn sizes_fit(trace: &Trace, decision: &Decision) -> Result<(), TestCaseError> {
    let mut outer = None;
    for step in &trace.steps {
        match &step.event {
            Event::Encapsulated { by, inner_size, outer_size, .. } => {
                prop_assert_eq!(by.outer_size(*inner_size), *outer_size);
                outer = Some(*outer_size);
            }
            Event::Fragmented { sizes, .. } => outer = sizes.iter().copied().max(),
            Event::Carried { path_mtu, .. } => prop_assert!(outer <= Some(UPLINK_MTU.min(*path_mtu))),
            _ => {}
        }
    }
    for crossing in decision.crossings.iter().flatten() {
        prop_assert!(crossing.inner_bytes < crossing.outer_bytes);
        // Each fragment after the first repeats the header.
        let whole = u32::try_from(trace.packet.size).unwrap();
        prop_assert_eq!(crossing.inner_bytes, whole + 20 * (crossing.packets - 1));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn tables_decide_as_looking_through_everything_does(plan in plan(), packets in packets()) {
        let world = world(&plan);
        let forwarding = world.forwarding();
        for packet in packets {
            let trace = forwarding.trace(&packet);
            let decision = forwarding.decide(&packet);
            ends_once(&trace)?;
            sizes_fit(&trace, &decision)?;
            let session = decision.session.and_then(|session| forwarding.session_path(session)).cloned();
            prop_assert_eq!(
                (decision.disposition, decision.drop_reason, &session, decision.latency),
                (trace.disposition, trace.drop_reason, &trace.session, trace.latency)
            );
            let mss = decision.effective_mss.map(|mss| mss as usize);
            prop_assert_eq!((decision.effective_mtu.map(|it| it as usize), mss), (trace.effective_mtu, trace.effective_mss));

            let far = Packet { time_to_live: 64, size: 100, ..packet };
            let decision = forwarding.decide(&far);
            let session = decision.session.and_then(|session| forwarding.session_path(session)).cloned();
            match fate(&world, &far) {
                Fate::Dropped(reason) => prop_assert_eq!(decision.drop_reason, Some(reason), "{:?}", far),
                Fate::InSegment => prop_assert_eq!(decision.disposition, Disposition::DeliveredToSegment, "{:?}", far),
                Fate::ForGateway => prop_assert_eq!(decision.disposition, Disposition::Accepted, "{:?}", far),
                // Sent by a peer: not looked through here.
                Fate::Through(sessions) if sessions.is_empty() => {}
                Fate::Through(sessions) => {
                    prop_assert!(session.as_ref().is_some_and(|it| sessions.contains(it)), "{:?} {:?}", far, session);
                    let declared = &world.topology.sessions[&session.unwrap()];
                    let peer = world.topology.peers.values().find(|peer| peer.address == declared.peer_address).unwrap();
                    let has = peer.networks.iter().flatten().any(|network| network.holds(far.destination));
                    let expected = match (declared.enabled, has) {
                        (false, _) => (Disposition::Dropped, Some(DropReason::SessionDisabled)),
                        (true, true) => (Disposition::DeliveredToPeer, None),
                        (true, false) => (Disposition::Dropped, Some(DropReason::PeerNoRoute)),
                    };
                    prop_assert_eq!((decision.disposition, decision.drop_reason), expected, "{:?}", far);
                }
            }
        }
    }

    #[test]
    fn an_answer_goes_back_to_the_sender_or_is_dropped(plan in plan(), packets in packets()) {
        let forwarding = world(&plan).forwarding();
        for packet in packets {
            let trace = forwarding.trace(&packet);
            let answer = forwarding.trace_answer(&trace, 60);
            prop_assert_eq!(answer.is_some(), trace.disposition != Disposition::Dropped);
            if let Some(answer) = answer {
                ends_once(&answer)?;
                prop_assert_eq!((answer.packet.source, answer.packet.destination), (packet.destination, packet.source));
            }
        }
    }
}
