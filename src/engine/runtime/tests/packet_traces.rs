//! Packet traces that are made of what happens: copies of taps, flows, and live traces.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::{FLOWS, Lab, PEERS, SEGMENTS, parsed};
use crate::engine::Moment;
use crate::engine::live_trace::Direction;
use crate::engine::packets::summary::Way;
use crate::engine::runtime::CaptureOf;
use crate::engine::taps::{AGENT_INTERVAL, Member, Quotas};
use crate::engine::traces::{Head, Import, REGION, Source, State, documents};
use crate::model::{TAP_FLOW, TAP_MIRROR, TAP_SERVICE};

fn port(id: &str) -> String {
    format!("{SEGMENTS}/app/ports/{id}")
}

fn wanted(most: u64) -> Import {
    Import {
        region: REGION.to_owned(),
        definition: "T".to_owned(),
        stack: "TCPIP".to_owned(),
        locals: vec!["192.168.10.5/32".parse().unwrap()],
        interface: "EZ6OSM01".to_owned(),
        source: "some source".to_owned(),
        most,
    }
}

impl Lab {
    /// Two workloads, a and b, and a data center 20 ms away and back.
    fn watched() -> Self {
        let mut lab = Self::new();
        lab.engine = lab.engine.clone().with_quotas(Quotas::UNLIMITED);
        lab.route_based("dc", 31);
        for (id, host) in [("a", 5), ("b", 6), ("ids", 7)] {
            let binding =
                json!({ "ip_address": format!("192.168.10.{host}"), "mac_address": format!("02:00:00:00:00:0{host}") });
            lab.put(&port(id), json!({ "address_bindings": [binding] }));
        }
        lab.at(60_000);
        lab
    }

    fn uuid_of(&self, id: &str) -> String {
        self.engine.get(&parsed(&port(id)), crate::engine::Reveal::Public).unwrap().unique_id().to_owned()
    }

    /// A tap of what goes through the port a, which is active now.
    fn tap_of_a(&mut self) -> Source {
        let member = Member::admin(self.caller());
        let create = |kind, body: Json| {
            self.engine.create_tap(kind, body.as_object().unwrap().clone(), &member, None).unwrap().path().clone()
        };
        let service = create(&TAP_SERVICE, json!({ "port_id": self.uuid_of("ids") }));
        let tap = json!({ "tap_service_id": service.id(), "source_port": self.uuid_of("a"), "direction": "BOTH" });
        let tap = create(&TAP_FLOW, tap);
        self.at(self.now + AGENT_INTERVAL);
        Source::Copies(CaptureOf::Tap(tap))
    }

    fn flow_of(&self, id: &str, destination: &str, rate: u32) -> Source {
        let path = format!("{FLOWS}/{id}");
        let body = json!({
            "source": "192.168.10.5", "destination": destination, "protocol": "UDP", "destination_port": 53,
            "packets_per_second": rate, "packet_size": 200, "reply_packet_size": 80,
        });
        self.put(&path, body);
        Source::Copies(CaptureOf::Flow(parsed(&path)))
    }

    fn follow(&self, source: Source, most: u64, until: Option<i64>) -> Head {
        let until = until.map(|until| Moment(super::BEGIN + until));
        self.engine.follow_packets(&wanted(most), source, until, &self.caller()).unwrap()
    }

    fn now_of(&self, trace: &Head) -> Head {
        self.engine.packet_trace(REGION, &trace.id, self.moment()).unwrap().unwrap()
    }

    /// The packets of a trace: milliseconds since the beginning, direction, length.
    fn packets_of(&self, trace: &Head) -> Vec<(i64, Way, u32)> {
        let one = |number| {
            let told = self.engine.packet_of(trace, number, |_, packet| {
                (packet.timing.absolute / 1_000 - super::BEGIN, packet.connection.direction, packet.length)
            });
            told.unwrap().unwrap()
        };
        (1..=trace.kept).map(one).collect()
    }

    fn pcap_of(&self, trace: &Head) -> Vec<u8> {
        let (mut file, mut done) = (trace.file_header(), 0);
        while let Some((part, last)) = self.engine.packets_as_pcap(trace, done).unwrap() {
            file.extend(part);
            done = last;
        }
        file
    }
}

#[test]
fn a_flow_is_seen_where_it_is_sent() {
    let mut lab = Lab::watched();
    let flow = lab.flow_of("f", "10.20.0.1", 10);
    lab.at(60_110);
    let trace = lab.engine.keep_snapshot(&wanted(100), &flow, &lab.caller()).unwrap();
    assert_eq!((trace.id.to_string().as_str(), trace.state), ("T-1-1-TCPIP-0-1", State::Snapshot));
    // An answer arrives twice the latency later.
    let expected =
        [(60_000, Way::Send, 200), (60_020, Way::Recv, 80), (60_100, Way::Send, 200), (60_120, Way::Recv, 80)];
    assert_eq!(lab.packets_of(&trace), expected);
    assert_eq!(documents::row(&trace)["info"]["type"], "SNAPSHOT");
    let hops = |number| lab.engine.packet_of(&trace, number, |frame, _| frame.bytes[14 + 8]).unwrap().unwrap();
    let way = lab.trace("10.20.0.1", "192.168.10.5");
    assert_eq!((hops(1), hops(2)), (64, way.time_to_live));
    // What is not answered is only sent.
    let lost = lab.flow_of("lost", "172.31.0.1", 10);
    lab.at(61_110);
    let trace = lab.engine.keep_snapshot(&wanted(100), &lost, &lab.caller()).unwrap();
    assert!(trace.kept == 10 && lab.packets_of(&trace).iter().all(|(_, way, _)| *way == Way::Send));
}

#[test]
fn a_trace_that_follows_grows_with_the_clock() {
    let mut lab = Lab::watched();
    lab.flow_of("f", "10.20.0.1", 10);
    let tap = lab.tap_of_a();
    lab.at(65_000);
    let begun = lab.follow(tap, 1_000, None);
    assert_eq!((begun.state, begun.kept, begun.id.snapshot_sequence), (State::Running, 0, 0));
    assert!(!begun.is_saved());
    lab.at(65_110);
    let trace = lab.now_of(&begun);
    // The second answer is on its way.
    let expected = [(65_000, Way::Send, 200), (65_020, Way::Recv, 80), (65_100, Way::Send, 200)];
    assert_eq!(lab.packets_of(&trace), expected);
    let row = documents::row(&trace);
    assert_eq!((&row["info"]["state"], &row["info"]["packetCount"]), (&json!("RUNNING"), &json!(3)));
    assert_eq!(documents::details(&trace)["timestamps"]["end"], json!(null));
    lab.at(66_000);
    assert_eq!(lab.now_of(&begun).kept, 20);
    let ended = lab.engine.stop_packet_trace(REGION, &begun.id, lab.moment()).unwrap().unwrap();
    assert_eq!((ended.state, ended.kept), (State::Ended, 20));
    lab.at(70_000);
    assert_eq!(lab.now_of(&begun), ended);
    assert!(ended.is_saved());
}

#[test]
fn a_trace_ends_with_what_it_follows() {
    let mut lab = Lab::watched();
    let flow = lab.flow_of("f", "10.20.0.1", 10);
    let bounded = lab.follow(flow.clone(), 7, None);
    let timed = lab.follow(flow.clone(), 1_000, Some(60_500));
    let whole = lab.follow(flow, 1_000, None);
    assert_eq!(documents::details(&timed)["timestamps"]["expire"], super::BEGIN + 60_500);
    lab.at(61_000);
    let (bounded, timed) = (lab.now_of(&bounded), lab.now_of(&timed));
    assert_eq!((bounded.state, bounded.kept, bounded.is_cut), (State::Ended, 7, true));
    assert_eq!(documents::details(&bounded)["checks"]["didEncounterStopCondition"], true);
    assert_eq!((timed.state, timed.kept, timed.is_cut), (State::Ended, 10, false));
    lab.at(61_010);
    lab.delete(&format!("{FLOWS}/f"));
    // The last answer has not arrived yet.
    assert_eq!((lab.now_of(&whole).state, lab.now_of(&whole).kept), (State::Running, 21));
    lab.at(62_000);
    assert_eq!((lab.now_of(&whole).state, lab.now_of(&whole).kept), (State::Ended, 22));
    assert!(lab.engine.delete_packet_trace(REGION, &whole.id).unwrap());
    assert_eq!(lab.engine.packet_trace(REGION, &whole.id, lab.moment()).unwrap(), None);
}

#[test]
fn a_live_trace_feeds_one() {
    let mut lab = Lab::watched();
    lab.flow_of("f", "10.20.0.1", 10);
    let session = super::session("dc");
    let both = json!({
        "trace_type": "BI_DIRECTIONAL", "sampling": { "match_number": 5 },
        "dest_ipsec_vpn_config": { "session_path": session },
    });
    let path = "/infra/livetraces/t";
    lab.put(path, json!({ "src_port_path": port("a"), "actions": { "pktcap_config": both }, "timeout": 10 }));
    let source = |direction| Source::LiveTrace(parsed(path), direction);
    lab.at(60_210);
    let followed = lab.follow(source(None), 100, None);
    // What it had captured before, too.
    assert_eq!((followed.state, followed.kept), (State::Running, 5));
    lab.at(61_000);
    let trace = lab.now_of(&followed);
    assert_eq!((trace.state, trace.kept), (State::Ended, 10));
    let packets = lab.packets_of(&trace);
    assert_eq!(packets[..2], [(60_000, Way::Send, 200), (60_020, Way::Recv, 80)]);
    for (direction, size) in [(Direction::Forward, 200), (Direction::Backward, 80)] {
        let part = lab.engine.keep_snapshot(&wanted(100), &source(Some(direction)), &lab.caller()).unwrap();
        assert_eq!(part.kept, 5);
        assert!(lab.packets_of(&part).iter().all(|(.., length)| *length == size));
        let file = lab.engine.live_trace_capture(&parsed(path), direction, lab.moment()).unwrap().unwrap();
        assert!(lab.pcap_of(&part) == file);
    }
    let part = lab.engine.keep_snapshot(&wanted(3), &source(None), &lab.caller()).unwrap();
    assert_eq!((part.kept, part.is_cut), (3, true));
}

#[test]
fn the_numbers_of_a_mirror_go_on() {
    let mut lab = Lab::watched();
    lab.flow_of("f", "10.20.0.1", 10);
    let mirror = json!({
        "port_id": lab.uuid_of("a"), "directions": { "OUT": 9 }, "remote_ip": "203.0.113.9", "mirror_type": "erspanv1",
    });
    let member = Member::admin(lab.caller());
    let mirror = lab.engine.create_tap(&TAP_MIRROR, mirror.as_object().unwrap().clone(), &member, None).unwrap();
    let trace = lab.follow(Source::Copies(CaptureOf::Tap(mirror.path().clone())), 100, None);
    for at in [60_350, 60_351, 60_950] {
        lab.at(at);
        lab.now_of(&trace);
    }
    let trace = lab.now_of(&trace);
    // Ethernet, IP, and GRE with a number.
    let number = |bytes: &[u8]| u32::from_be_bytes(bytes[14 + 20 + 4..14 + 20 + 8].try_into().unwrap());
    let numbers: Vec<_> = (1..=trace.kept)
        .map(|at| lab.engine.packet_of(&trace, at, |frame, _| number(frame.bytes)).unwrap().unwrap())
        .collect();
    assert_eq!(numbers, (0..10).collect::<Vec<_>>());
}

/// What somebody does while a trace goes on.
#[derive(Clone, Copy, Debug)]
enum Act {
    Look,
    Write,
    /// The journal is settled: what happened before cannot be seen any more.
    Settle,
}

/// The packets of a trace of the tap of a, while somebody does this.
fn followed(flows: &[(&'static str, u32)], acts: &[(i64, Act)]) -> Vec<u8> {
    let mut lab = Lab::watched();
    for (position, (destination, rate)) in flows.iter().enumerate() {
        lab.flow_of(&format!("f{position}"), destination, *rate);
    }
    let tap = lab.tap_of_a();
    let trace = lab.follow(tap, 1_000_000, None);
    for (pause, act) in acts {
        let next = lab.now + pause;
        lab.at(next);
        match act {
            Act::Look => drop(lab.now_of(&trace)),
            Act::Write => {
                lab.patch(&format!("{PEERS}/other"), json!({ "address": "198.18.0.1", "psk": format!("k{next}") }));
            }
            Act::Settle => {
                lab.patch(&format!("{PEERS}/other"), json!({ "address": "198.18.0.1", "psk": format!("k{next}") }));
                lab.engine.settle_if(true, lab.moment());
            }
        }
    }
    lab.at(80_000);
    let trace = lab.now_of(&trace);
    assert!(trace.kept > 0 && trace.follows.as_ref().is_some_and(|follows| !follows.is_late));
    lab.pcap_of(&trace)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Whoever looks, and whatever is settled meanwhile, the packets are the same.
    #[test]
    fn looking_at_a_trace_changes_nothing(
        flows in prop::collection::vec((prop::sample::select(vec!["10.20.0.1", "192.168.10.6", "172.31.0.1"]), 1..300_u32), 1..4),
        acts in prop::collection::vec((1..1_500_i64, prop::sample::select(vec![Act::Look, Act::Write, Act::Settle])), 0..10),
    ) {
        prop_assert!(followed(&flows, &acts) == followed(&flows, &[]));
    }
}
