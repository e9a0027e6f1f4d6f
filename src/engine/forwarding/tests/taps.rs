//! Any taps, any packets: copies are the packets of the tapped ports in the tapped
//! directions, no more and no fewer, and no packet fares otherwise than without taps.

use std::fs;
use std::net::IpAddr;
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value as Json, json};

use super::super::{Copied, CopyTo, Disposition, Event, Forwarding, Packet, Step, Trace, protocol};
use super::world::World;

/// The ports of the world: number, segment, addresses with their VLANs, whether it is up.
type PortAt = (u8, &'static str, &'static [(&'static str, Option<u16>)], bool);
const PORTS: [PortAt; 5] = [
    (1, "web", &[("192.168.1.10", None), ("192.168.1.11", Some(20))], true),
    (2, "web", &[("192.168.1.20", None)], true),
    (3, "web", &[("192.168.1.30", None)], false),
    (4, "db", &[("192.168.2.10", Some(7))], true),
    (5, "watch", &[], true),
];
/// The addresses that packets come from and go to.
const ADDRESSES: [&str; 8] = [
    "192.168.1.10",
    "192.168.1.11",
    "192.168.1.20",
    "192.168.1.30",
    "192.168.2.10",
    "192.168.2.77",
    "10.10.1.1",
    "8.8.8.8",
];

/// A tap: its source port, its direction, its filter, and to which port or mirror it goes.
#[derive(Clone, Debug)]
struct Tap {
    port: u8,
    direction: &'static str,
    vlans: Option<&'static str>,
    to: Option<u8>,
}

fn taps() -> impl Strategy<Value = Vec<Tap>> {
    let vlans = select(vec![None, Some("20"), Some("1-9"), Some("7,20"), Some("30-10")]);
    let tap = (1_u8..6, select(vec!["IN", "OUT", "BOTH"]), vlans, prop::option::of(1_u8..6))
        .prop_map(|(port, direction, vlans, to)| Tap { port, direction, vlans: vlans.filter(|_| to.is_some()), to });
    prop_oneof![2 => prop::collection::vec(tap, 0..12), 1 => ring()]
}

/// Taps in a chain that bites its tail: the port that gets the copies of one is the source port of
/// the next.
fn ring() -> impl Strategy<Value = Vec<Tap>> {
    let ports = Just(vec![1_u8, 2, 3, 4, 5]).prop_shuffle();
    let directions = prop::collection::vec(select(vec!["IN", "OUT", "BOTH"]), 5);
    (ports, directions, 1_usize..6).prop_map(|(ports, directions, length)| {
        let next = |place: usize| ports[(place + 1) % length];
        let tap =
            |place: usize| Tap { port: ports[place], direction: directions[place], vlans: None, to: Some(next(place)) };
        (0..length).map(tap).collect()
    })
}

/// The copies of a packet to the port of a tap service are no packets of that port.
#[test]
fn a_tap_of_the_port_that_gets_the_copies_makes_no_copies_of_them() {
    let tap = |port: u8, to: u8| Tap { port, direction: "BOTH", vlans: None, to: Some(to) };
    // One to the next and around, and one to itself.
    let ring = [tap(1, 2), tap(2, 4), tap(4, 1), tap(2, 2)];
    let forwarding = tapped(&ring).forwarding();
    let packet = |destination: &str| Packet {
        source: "192.168.1.10".parse().unwrap(),
        destination: destination.parse().unwrap(),
        protocol: protocol::UDP,
        source_port: 5_000,
        destination_port: 53,
        size: 100,
        dont_fragment: false,
        time_to_live: 64,
        handshake_mss: None,
    };
    let copied = |destination: &str| -> Vec<(usize, &str)> {
        let copies = copies_in(&forwarding.trace(&packet(destination)));
        copies.iter().map(|copy| (number_of(copy), copy.direction.word())).collect()
    };
    // Nobody has the address: the packet goes through the port of the first tap only.
    assert_eq!(copied("192.168.2.77"), [(0, "OUT")]);
    // The packet itself goes to the port that the first copy goes to.
    assert_eq!(copied("192.168.1.20"), [(0, "OUT"), (1, "IN"), (3, "IN")]);
}

fn packet() -> impl Strategy<Value = Packet> {
    let address = || select(&ADDRESSES[..]).prop_map(|text| text.parse::<IpAddr>().unwrap());
    (address(), address(), 60_usize..4_000, any::<bool>(), 1_u8..8).prop_map(
        |(source, destination, size, dont_fragment, time_to_live)| Packet {
            source,
            destination,
            protocol: protocol::UDP,
            source_port: 5_000,
            destination_port: 53,
            size,
            dont_fragment,
            time_to_live,
            handshake_mss: None,
        },
    )
}

fn uuid(number: u8) -> String {
    format!("00000000-0000-4000-8000-{number:012}")
}

fn world() -> World {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/engine/forwarding/tests/worlds");
    let mut world: Json = serde_json::from_str(&fs::read_to_string(folder.join("taps.json")).unwrap()).unwrap();
    let objects = world["objects"].as_object_mut().unwrap();
    objects.retain(|path, _| !path.starts_with("/v2.0/"));
    World::read(&world.to_string())
}

fn tapped(taps: &[Tap]) -> World {
    let mut world = world();
    for port in 1..6 {
        world.put(&format!("/v2.0/taas/tap_services/{}", uuid(port)), &json!({ "port_id": uuid(port) }));
    }
    for (number, tap) in taps.iter().enumerate() {
        let id = format!("{number:03}");
        if let Some(to) = tap.to {
            let mut body = json!({
                "tap_service_id": uuid(to), "source_port": uuid(tap.port), "direction": tap.direction,
            });
            if let Some(vlans) = tap.vlans {
                body["vlan_filter"] = json!(vlans);
            }
            world.put(&format!("/v2.0/taas/tap_flows/{id}"), &body);
        } else {
            let body = json!({
                "port_id": uuid(tap.port), "directions": { tap.direction: number }, "remote_ip": "203.0.113.9",
                "mirror_type": "gre",
            });
            world.put(&format!("/v2.0/taas/tap_mirrors/{id}"), &body);
        }
    }
    world
}

/// The port with this address, and the VLAN of it there.
fn port_with(address: IpAddr) -> Option<(u8, Option<u16>, bool)> {
    PORTS.iter().find_map(|(number, _, addresses, is_up)| {
        let own = addresses.iter().find(|(text, _)| text.parse::<IpAddr>().unwrap() == address)?;
        Some((*number, own.1, *is_up))
    })
}

fn passes(filter: Option<&str>, vlan: Option<u16>) -> bool {
    let Some(filter) = filter else { return true };
    let within = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        (first.parse().unwrap()..=last.parse().unwrap()).contains(&vlan.unwrap_or(u16::MAX))
    };
    filter.split(',').any(within)
}

/// The copies there must be of a packet that fares like this without taps: number of the tap
/// and direction.
fn expected(taps: &[Tap], packet: &Packet, bare: &Trace) -> Vec<(usize, &'static str)> {
    let mut copies = Vec::new();
    let mut at = |address: IpAddr, way: &'static str| {
        let Some((port, vlan, true)) = port_with(address) else { return };
        for (number, tap) in taps.iter().enumerate() {
            let wanted = tap.port == port && (tap.direction == way || tap.direction == "BOTH");
            if wanted && passes(tap.vlans, vlan) {
                copies.push((number, way));
            }
        }
    };
    at(packet.source, "OUT");
    if bare.disposition == Disposition::DeliveredToSegment {
        at(packet.destination, "IN");
    }
    copies.sort_unstable();
    copies
}

fn number_of(copy: &Copied) -> usize {
    copy.by.id().parse().unwrap()
}

/// The steps of a trace that are no copies.
fn without_copies(trace: &Trace) -> Vec<&Step> {
    trace.steps.iter().filter(|step| !matches!(step.event, Event::Copied { .. })).collect()
}

fn copies_in(trace: &Trace) -> Vec<Copied> {
    let copied = |step: &Step| match &step.event {
        Event::Copied { direction, sizes, time_to_live, to } => Some(Copied {
            by: step.object.clone().unwrap(),
            direction: *direction,
            sizes: sizes.clone(),
            time_to_live: *time_to_live,
            to: to.clone(),
        }),
        _ => None,
    };
    trace.steps.iter().filter_map(copied).collect()
}

fn check(forwarding: &Forwarding, bare: &Forwarding, taps: &[Tap], packet: &Packet) -> Result<(), TestCaseError> {
    let (with, without) = (forwarding.trace(packet), bare.trace(packet));
    // The packet fares as it would.
    prop_assert_eq!(without_copies(&with), without.steps.iter().collect::<Vec<_>>());
    prop_assert_eq!((with.disposition, with.drop_reason), (without.disposition, without.drop_reason));
    prop_assert_eq!(forwarding.decide(packet), bare.decide(packet));
    // The copies are those there must be, and those that the short answer tells.
    let copies = copies_in(&with);
    let mut found: Vec<_> = copies.iter().map(|copy| (number_of(copy), copy.direction.word())).collect();
    found.sort_unstable();
    prop_assert_eq!(found, expected(taps, packet, &without));
    let mut short = Vec::new();
    let decision = forwarding.decide_copying(packet, |copy| short.push(copy.to_owned()));
    prop_assert_eq!(decision, bare.decide(packet));
    prop_assert_eq!(&short, &copies);
    for copy in &copies {
        let whole: usize = copy.sizes.iter().sum();
        prop_assert!(whole >= packet.size && copy.time_to_live <= packet.time_to_live);
        let is_lost = matches!(&copy.to, CopyTo::Service { port, .. } if port.id() == "unplugged");
        prop_assert_eq!(copy.to.arrives(), !is_lost);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn copies_are_the_packets_of_the_tapped_ports(taps in taps(), packets in prop::collection::vec(packet(), 12)) {
        let (forwarding, bare) = (tapped(&taps).forwarding(), world().forwarding());
        for packet in &packets {
            check(&forwarding, &bare, &taps, packet)?;
        }
    }
}
