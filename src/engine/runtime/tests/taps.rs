//! What taps copy while time passes: counted, and packet by packet.

use std::net::IpAddr;

use etherparse::{EtherType, LinkExtSlice, NetSlice, SlicedPacket, TransportSlice};
use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

use super::{BEGIN, BGP, FLOWS, Lab, PEERS, SEGMENTS, neighbor, parsed, route_based, session, speaking_peer};
use crate::engine::taps::{AGENT_INTERVAL, Member, Quotas, frames};
use crate::engine::{Capture, CaptureOf, CaptureRequest, Moment, Question, Rest};
use crate::model::{Kind, PolicyPath, TAP_FLOW, TAP_MIRROR, TAP_SERVICE, TapDirection};

/// The ports of workloads, with their addresses.
const PORTS: [(&str, &str); 3] = [("a", "192.168.10.5"), ("b", "192.168.10.6"), ("c", "192.168.10.7")];

fn port(id: &str) -> PolicyPath {
    parsed(&format!("{SEGMENTS}/app/ports/{id}"))
}

fn object(json: &Json) -> Map<String, Json> {
    json.as_object().unwrap().clone()
}

/// Every copy.
fn all(of: CaptureOf) -> CaptureRequest {
    CaptureRequest { of, from: None, skip: 0, to: None, most: 1_000_000, most_bytes: u64::MAX }
}

impl Lab {
    fn tapped() -> Self {
        let lab = Self::new();
        let lab = Self { engine: lab.engine.clone().with_quotas(Quotas::UNLIMITED), ..lab };
        lab.segment();
        for (id, address) in PORTS {
            lab.put(port(id).as_str(), json!({ "address_bindings": [{ "ip_address": address }] }));
        }
        lab.put(port("ids").as_str(), json!({}));
        lab
    }

    fn uuid(&self, id: &str) -> String {
        self.engine.get(&port(id), crate::engine::Reveal::Public).unwrap().unique_id().to_owned()
    }

    fn create(&self, kind: &'static Kind, body: &Json) -> PolicyPath {
        let made = self.engine.create_tap(kind, object(body), &Member::admin(self.caller()), None);
        made.unwrap().path().clone()
    }

    fn service(&self, at: &str) -> PolicyPath {
        self.create(&TAP_SERVICE, &json!({ "port_id": self.uuid(at) }))
    }

    fn tap(&self, service: &PolicyPath, of: &str, direction: &str) -> PolicyPath {
        let body = json!({ "tap_service_id": service.id(), "source_port": self.uuid(of), "direction": direction });
        self.create(&TAP_FLOW, &body)
    }

    fn drop_tap(&self, kind: &'static Kind, path: &PolicyPath) {
        self.engine.delete_tap(kind, path.id(), &Member::admin(self.caller())).unwrap();
    }

    /// Packets copied, and lost.
    fn copied(&self, path: &PolicyPath) -> (u64, u64) {
        let counters = self.view().traffic.of_tap(path);
        (counters.packets, counters.lost)
    }

    fn capture(&self, of: CaptureOf) -> Capture {
        let request = all(of);
        self.engine.capture(&request, self.moment()).unwrap()
    }
}

/// Ten packets a second of 200 bytes from a to b, each answered by one of 50.
fn flow() -> Json {
    json!({
        "source": "192.168.10.5", "destination": "192.168.10.6", "protocol": "UDP", "destination_port": 53,
        "packets_per_second": 10, "packet_size": 200, "reply_packet_size": 50,
    })
}

#[test]
fn a_tap_copies_while_it_is_active() {
    let mut lab = Lab::tapped();
    lab.put(&format!("{FLOWS}/f"), flow());
    let service = lab.service("ids");
    let both = lab.tap(&service, "a", "BOTH");
    lab.at(AGENT_INTERVAL - 1_000);
    let late = lab.tap(&service, "b", "IN");
    lab.at(AGENT_INTERVAL);
    assert_eq!(lab.copied(&both), (0, 0));
    // One second of packets, and of answers.
    lab.at(AGENT_INTERVAL + 1_000);
    assert_eq!(lab.copied(&both), (20, 0));
    assert_eq!(lab.copied(&late), (0, 0));
    lab.at(2 * AGENT_INTERVAL);
    assert_eq!((lab.copied(&both), lab.copied(&late)), ((100, 0), (10, 0)));
    assert_eq!(lab.copied(&service), (110, 0));
    let told = lab.ask(&Question::TapStatistics(service.clone()), |document| document);
    assert_eq!((&told["packets_copied"], &told["bytes_copied"]), (&json!(110), &json!(50 * 250 + 10 * 200)));
    // Nothing is copied from the moment it is deleted.
    lab.drop_tap(&TAP_SERVICE, &service);
    lab.at(2 * AGENT_INTERVAL + 1_000);
    assert_eq!(lab.copied(&service), (110, 0));
    let gone = lab.engine.ask(&Question::TapStatistics(parsed("/v2.0/taas/tap_flows/x")), &[], lab.moment());
    assert_eq!(gone.unwrap().document, None);
    // The flow has lost nothing by it.
    let counters = lab.view().traffic.of_flow(&parsed(&format!("{FLOWS}/f")));
    assert_eq!((counters.sent, counters.delivered), (220, 220));
}

#[test]
fn copies_for_a_port_that_is_down_are_lost() {
    let mut lab = Lab::tapped();
    lab.put(&format!("{FLOWS}/f"), flow());
    let service = lab.service("ids");
    let tap = lab.tap(&service, "a", "OUT");
    lab.at(AGENT_INTERVAL + 1_000);
    lab.patch(port("ids").as_str(), json!({ "admin_state": "DOWN" }));
    lab.at(AGENT_INTERVAL + 3_000);
    assert_eq!((lab.copied(&tap), lab.copied(&service)), ((10, 20), (10, 20)));
    assert_eq!(lab.capture(CaptureOf::Tap(service)).copies.len(), 10);
}

#[test]
fn a_capture_tells_each_packet_once_and_when() {
    let mut lab = Lab::tapped();
    lab.put(&format!("{FLOWS}/f"), flow());
    let (one, other) = (lab.service("ids"), lab.service("ids"));
    lab.tap(&one, "a", "BOTH");
    lab.tap(&other, "b", "IN");
    lab.at(AGENT_INTERVAL + 200);
    let capture = lab.capture(CaptureOf::Tap(one.clone()));
    let nanos = |milliseconds: i64| (BEGIN + milliseconds) * 1_000_000;
    let told: Vec<_> = capture.copies.iter().map(|it| (it.at, it.copied.direction, it.number)).collect();
    let expected = [
        (nanos(5_000), TapDirection::Out, 50),
        (nanos(5_000), TapDirection::In, 50),
        (nanos(5_100), TapDirection::Out, 51),
        (nanos(5_100), TapDirection::In, 51),
    ];
    assert_eq!(told, expected);
    assert_eq!(lab.capture(CaptureOf::Port(port("ids"))).copies.len(), 6);
    assert_eq!(lab.capture(CaptureOf::Port(port("a"))).copies.len(), 0);
    // A window, and no more than so many.
    let request = CaptureRequest {
        from: Some(Moment(BEGIN + 5_050)),
        to: Some(Moment(BEGIN + 5_150)),
        most: 1,
        ..all(CaptureOf::Tap(one))
    };
    let capture = lab.engine.capture(&request, lab.moment()).unwrap();
    assert_eq!(capture.copies.iter().map(|it| it.number).collect::<Vec<_>>(), [51]);
    assert_eq!(capture.rest, Some(Rest { from: Moment(BEGIN + 5_100), skip: 1 }));
}

/// However much flows send, no more is made than is wanted, and what was cut goes on where it
/// ended: nothing is missing, nothing is there twice.
#[test]
fn a_capture_that_was_cut_goes_on() {
    let mut lab = Lab::tapped();
    for number in 0..60 {
        let mut body = flow();
        body["destination_port"] = json!(1_000 + number);
        body["packets_per_second"] = json!(1_000_000);
        lab.put(&format!("{FLOWS}/{number}"), body);
    }
    let service = lab.service("ids");
    lab.tap(&service, "a", "BOTH");
    lab.at(AGENT_INTERVAL + 3_600_000);
    // Two milliseconds: in each, 1,000 packets of each flow, and their answers.
    let (from, to) = (BEGIN + AGENT_INTERVAL + 7, BEGIN + AGENT_INTERVAL + 9);
    let whole = CaptureRequest { from: Some(Moment(from)), to: Some(Moment(to)), ..all(CaptureOf::Tap(service)) };
    let mut request = CaptureRequest { most: 99_983, ..whole };
    let mut told = std::collections::BTreeSet::new();
    let mut last = i64::MIN;
    let mut parts = 0;
    loop {
        let capture = lab.engine.capture(&request, lab.moment()).unwrap();
        assert!(capture.copies.capacity() < 2 * request.most, "{}", capture.copies.capacity());
        assert!(capture.copies.first().is_some_and(|first| first.at >= last));
        last = capture.copies.last().unwrap().at;
        for copy in &capture.copies {
            let flow = copy.flow.id().parse::<u64>().unwrap();
            assert!(told.insert((copy.number, flow, copy.is_answer)), "{copy:?}");
        }
        parts += 1;
        let Some(rest) = capture.rest else { break };
        assert_eq!(capture.copies.len(), request.most);
        (request.from, request.skip) = (Some(rest.from), rest.skip);
    }
    assert_eq!((parts, told.len()), (3, 2 * 60 * 2 * 1_000));
}

#[test]
fn a_capture_has_no_more_bytes_than_are_wanted() {
    let mut lab = Lab::tapped();
    let mut body = flow();
    (body["packet_size"], body["packets_per_second"]) = (json!(65_535), json!(10_000_000));
    lab.put(&format!("{FLOWS}/f"), body);
    let service = lab.service("ids");
    lab.tap(&service, "a", "BOTH");
    lab.at(AGENT_INTERVAL + 60_000);
    let request = CaptureRequest { most_bytes: 1 << 20, ..all(CaptureOf::Tap(service)) };
    let capture = lab.engine.capture(&request, lab.moment()).unwrap();
    assert!(capture.rest.is_some());
    let mut file = Vec::new();
    frames::write_capture(&capture.topology, &capture.copies, &mut file).unwrap();
    // One more packet would not fit.
    assert!(file.len() <= 1 << 20 && file.len() > (1 << 20) - 2 * 65_535, "{}", file.len());
}

/// The sum over 16-bit words, as IP and its companions reckon it: of what is right, all ones.
fn ones_complement(parts: &[&[u8]]) -> u16 {
    let bytes: Vec<u8> = parts.concat();
    let word = |pair: &[u8]| u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or(0));
    let mut sum: u32 = bytes.chunks(2).map(word).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    u16::try_from(sum).unwrap()
}

/// The frame is as a workload would have sent it: every checksum in it is right.
fn is_sound(frame: &[u8], size: usize) {
    let sliced = SlicedPacket::from_ethernet(frame).unwrap();
    let (pseudo, length) = match sliced.net.as_ref().unwrap() {
        NetSlice::Ipv4(ip) => {
            assert_eq!(ones_complement(&[ip.header().slice()]), 0xffff);
            let header = ip.header();
            let length = u16::try_from(ip.payload().payload.len()).unwrap();
            let protocol = [0, header.protocol().0];
            let parts = [&header.source()[..], &header.destination(), &protocol, &length.to_be_bytes()].concat();
            (parts, usize::from(header.total_len()))
        }
        NetSlice::Ipv6(ip) => {
            let header = ip.header();
            let length = u32::from(header.payload_length());
            let next = [0, 0, 0, header.next_header().0];
            let parts = [&header.source()[..], &header.destination(), &length.to_be_bytes(), &next].concat();
            (parts, usize::from(header.payload_length()) + 40)
        }
        NetSlice::Arp(_) => panic!("no IP packet"),
    };
    assert_eq!(length, size);
    match sliced.transport.unwrap() {
        TransportSlice::Tcp(tcp) => assert_eq!(ones_complement(&[&pseudo, tcp.slice()]), 0xffff),
        TransportSlice::Udp(udp) => assert_eq!(ones_complement(&[&pseudo, udp.slice()]), 0xffff),
        TransportSlice::Icmpv4(icmp) => assert_eq!(ones_complement(&[icmp.slice()]), 0xffff),
        TransportSlice::Igmp(_) => panic!("no transport of a flow"),
        TransportSlice::Icmpv6(icmp) => assert_eq!(ones_complement(&[&pseudo, icmp.slice()]), 0xffff),
    }
}

#[test]
fn captured_frames_are_as_workloads_would_send_them() {
    let mut lab = Lab::tapped();
    lab.put(&format!("{SEGMENTS}/six"), json!({ "subnets": [{ "gateway_address": "2001:db8:6::1/64" }] }));
    let binding =
        |address: &str| json!({ "address_bindings": [{ "ip_address": address, "mac_address": "00:50:56:00:00:0A" }] });
    let six = parsed(&format!("{SEGMENTS}/six/ports/v6"));
    lab.put(six.as_str(), binding("2001:db8:6::5"));
    lab.patch(port("c").as_str(), json!({ "address_bindings": [{ "ip_address": "192.168.10.7", "vlan_id": 30 }] }));
    for (number, protocol) in ["UDP", "TCP", "ICMP"].into_iter().enumerate() {
        for (version, ends) in
            [["192.168.10.7", "192.168.10.6"], ["2001:db8:6::5", "2001:db8:6::6"]].into_iter().enumerate()
        {
            let mut body = json!({
                "source": ends[0], "destination": ends[1], "protocol": protocol, "packet_size": 301,
                "reply_packet_size": 99,
            });
            if protocol != "ICMP" {
                body["destination_port"] = json!(443);
            }
            lab.put(&format!("{FLOWS}/{number}-{version}"), body);
        }
    }
    let service = lab.service("ids");
    lab.tap(&service, "c", "BOTH");
    let unique = lab.engine.get(&six, crate::engine::Reveal::Public).unwrap().unique_id().to_owned();
    let body = json!({ "tap_service_id": service.id(), "source_port": unique, "direction": "BOTH" });
    lab.create(&TAP_FLOW, &body);
    lab.at(AGENT_INTERVAL + 2_000);
    let capture = lab.capture(CaptureOf::Tap(service));
    // Two packets and their answers, of three protocols and two versions.
    assert_eq!(capture.copies.len(), 24);
    let mut made = frames::Frames::of(&capture.topology);
    for copy in &capture.copies {
        let frames = made.frames(copy);
        assert_eq!(frames.len(), 1);
        is_sound(&frames[0], copy.packet.size);
        let sliced = SlicedPacket::from_ethernet(&frames[0]).unwrap();
        let own = if copy.is_answer { copy.packet.destination } else { copy.packet.source };
        let tag = sliced.link_exts.iter().find_map(|it| match it {
            LinkExtSlice::Vlan(vlan) => Some(vlan.vlan_identifier().value()),
            LinkExtSlice::Macsec(_) => None,
        });
        assert_eq!(tag, own.is_ipv4().then_some(30));
        let mac = if copy.is_answer { &frames[0][0..6] } else { &frames[0][6..12] };
        if own == "2001:db8:6::5".parse::<IpAddr>().unwrap() {
            assert_eq!(mac, [0, 0x50, 0x56, 0, 0, 0x0a]);
        } else {
            assert_eq!(mac[..3], [0xfa, 0x16, 0x3e]);
        }
    }
    let mut file = Vec::new();
    assert_eq!(frames::write_capture(&capture.topology, &capture.copies, &mut file).unwrap(), 24);
    let (_, header) = pcap_parser::pcap::parse_pcap_header(&file).unwrap();
    assert!(header.is_nanosecond_precision());
    assert_eq!(header.network, pcap_parser::Linktype::ETHERNET);
    let (_, first) = pcap_parser::pcap::parse_pcap_frame(&file[24..]).unwrap();
    assert_eq!(i64::from(first.ts_sec), (BEGIN + AGENT_INTERVAL) / 1_000);
    assert_eq!(first.data, made.frames(&capture.copies[0])[0]);
}

#[test]
fn a_mirror_sends_its_copies_through_its_tunnels() {
    let mut lab = Lab::tapped();
    lab.put(&format!("{FLOWS}/f"), flow());
    let body = |wrap: &str, directions: &Json, remote: &str| json!({ "port_id": lab.uuid("a"), "directions": directions, "remote_ip": remote, "mirror_type": wrap });
    let erspan = lab.create(&TAP_MIRROR, &body("erspanv1", &json!({ "IN": 77, "OUT": 78 }), "203.0.113.9"));
    let gre = lab.create(&TAP_MIRROR, &body("gre", &json!({ "BOTH": 4_000_000_000_u32 }), "2001:db8:9::9"));
    // A mirror has no status: it is there at once.
    lab.at(1_000);
    assert_eq!((lab.copied(&erspan), lab.copied(&gre)), ((20, 0), (20, 0)));
    let capture = lab.capture(CaptureOf::Tap(erspan));
    let mut made = frames::Frames::of(&capture.topology);
    for (number, copy) in (0_u32..).zip(&capture.copies) {
        let frame = made.frames(copy).remove(0);
        let sliced = SlicedPacket::from_ethernet(&frame).unwrap();
        let Some(NetSlice::Ipv4(ip)) = sliced.net else { panic!("no IPv4") };
        assert_eq!((ip.header().protocol().0, ip.header().destination()), (47, [203, 0, 113, 9]));
        let gre = ip.payload().payload;
        assert_eq!(gre[..4], [0x10, 0x00, 0x88, 0xbe]);
        assert_eq!(gre[4..8], number.to_be_bytes());
        let session = if copy.copied.direction == TapDirection::In { 77_u8 } else { 78 };
        assert_eq!(gre[8..16], [0x10, 0, 0, session, 0, 0, 0, 0]);
        is_sound(&gre[16..], copy.packet.size);
    }
    let capture = lab.capture(CaptureOf::Tap(gre));
    let frame = frames::Frames::of(&capture.topology).frames(&capture.copies[0]).remove(0);
    let sliced = SlicedPacket::from_ethernet(&frame).unwrap();
    assert_eq!(sliced.ether_payload().map(|it| it.ether_type), Some(EtherType::IPV6));
    let gre = &frame[54..];
    assert_eq!(gre[..4], [0x20, 0x00, 0x65, 0x58]);
    assert_eq!(gre[4..8], 4_000_000_000_u32.to_be_bytes());
    is_sound(&gre[8..], capture.copies[0].packet.size);
}

#[test]
fn fragments_are_copied_one_by_one() {
    let mut lab = Lab::tapped();
    lab.put(&session("dc"), route_based(1));
    lab.put(&format!("{BGP}/neighbors/dc"), neighbor(1));
    lab.put(&format!("{PEERS}/dc"), speaking_peer(1));
    let body = json!({
        "source": "10.20.1.1", "destination": "192.168.10.5", "protocol": "UDP", "destination_port": 53,
        "packet_size": 3_000,
    });
    let service = lab.service("ids");
    let tap = lab.tap(&service, "a", "IN");
    lab.at(60_000).put(&format!("{FLOWS}/f"), body);
    lab.at(62_000);
    let (copied, _) = lab.copied(&tap);
    let capture = lab.capture(CaptureOf::Tap(service));
    assert_eq!(capture.copies.len(), 2);
    let pieces: usize = capture.copies.iter().map(|copy| copy.copied.sizes.len()).sum();
    assert_eq!((pieces as u64, pieces), (copied, 6));
    let frames = frames::Frames::of(&capture.topology).frames(&capture.copies[0]);
    let mut content = Vec::new();
    for (position, frame) in frames.iter().enumerate() {
        let sliced = SlicedPacket::from_ethernet(frame).unwrap();
        let Some(NetSlice::Ipv4(ip)) = sliced.net else { panic!("no IPv4") };
        assert_eq!(usize::from(ip.header().total_len()), capture.copies[0].copied.sizes[position]);
        assert_eq!(usize::from(ip.header().fragments_offset().value()) * 8, content.len());
        assert_eq!(ip.header().more_fragments(), position + 1 < frames.len());
        content.extend_from_slice(ip.payload().payload);
    }
    assert_eq!(content.len(), 2_980);
}

/// Something that somebody does.
#[derive(Clone, Debug)]
enum Act {
    Service(usize),
    Tap(usize, usize, &'static str),
    DropService(usize),
    DropTap(usize),
    Plugged(usize, bool),
    Flow(usize, usize, u32, bool),
    NoFlow(usize),
}

fn acts() -> impl Strategy<Value = Vec<(i64, Act)>> {
    let direction = prop_oneof![Just("IN"), Just("OUT"), Just("BOTH")];
    let act = prop_oneof![
        2 => (0_usize..4).prop_map(Act::Service),
        4 => (any::<usize>(), 0_usize..3, direction).prop_map(|(service, of, way)| Act::Tap(service, of, way)),
        1 => any::<usize>().prop_map(Act::DropService),
        1 => any::<usize>().prop_map(Act::DropTap),
        1 => (0_usize..3, any::<bool>()).prop_map(|(port, is_up)| Act::Plugged(port, is_up)),
        3 => (0_usize..3, 0_usize..4, 1_u32..20, any::<bool>()).prop_map(|(a, b, rate, back)| Act::Flow(a, b, rate, back)),
        1 => (0_usize..3).prop_map(Act::NoFlow),
    ];
    prop::collection::vec((1_i64..9_000, act), 1..24)
}

/// A tap as the test reckons it: source port, the port that gets the copies, direction, its life and
/// that of its service.
#[derive(Clone, Debug)]
struct Reckoned {
    path: PolicyPath,
    of: usize,
    /// The last one is nobody's source.
    to: usize,
    way: &'static str,
    from: i64,
    until: Option<i64>,
    copies: u64,
    lost: u64,
}

/// A flow as the test reckons it: from, to (three: nobody), start, rate, whether it is answered.
type Sending = (usize, usize, i64, u32, bool);

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn copies_are_counted_as_they_are_made(acts in acts()) {
        let mut lab = Lab::tapped();
        let mut services: Vec<(PolicyPath, usize, i64)> = Vec::new();
        let mut taps: Vec<Reckoned> = Vec::new();
        let mut up = [true; 3];
        let mut flows: [Option<Sending>; 3] = [None; 3];
        let mut now = 0;
        for (pause, act) in acts.into_iter().chain([(10_000, Act::NoFlow(0))]) {
            // Millisecond by millisecond, packet by packet.
            for (from, to, start, rate, back) in flows.iter().flatten() {
                let before = |at: i64| ((at - start).max(0) * i64::from(*rate) + 999) / 1_000;
                for at in now..now + pause {
                    let packets = u64::try_from(before(at + 1) - before(at)).unwrap();
                    let arrives = up[*from] && (*to == 3 || up[*to]);
                    // From a source that is up; to nobody, the packet arrives at no port.
                    for tap in taps.iter_mut().filter(|tap| at >= tap.from && tap.until.is_none_or(|end| at < end)) {
                        let mut each = 0;
                        let way = |way: &str| tap.way == way || tap.way == "BOTH";
                        if tap.of == *from && up[*from] {
                            each += u64::from(way("OUT")) + u64::from(*back && arrives && way("IN"));
                        }
                        if tap.of == *to && arrives {
                            each += u64::from(way("IN")) + u64::from(*back && way("OUT"));
                        }
                        let is_lost = up.get(tap.to) == Some(&false);
                        *(if is_lost { &mut tap.lost } else { &mut tap.copies }) += packets * each;
                    }
                }
            }
            now += pause;
            lab.at(now);
            match act {
                // The ports of workloads get copies too, and are tapped themselves.
                Act::Service(at) => {
                    let service = lab.service(PORTS.get(at).map_or("ids", |(port, _)| port));
                    services.push((service, at, now));
                }
                Act::Tap(service, of, way) if !services.is_empty() => {
                    let (service, to, since) = services[service % services.len()].clone();
                    let path = lab.tap(&service, PORTS[of].0, way);
                    let from = (now + AGENT_INTERVAL).max(since + AGENT_INTERVAL);
                    taps.push(Reckoned { path, of, to, way, from, until: None, copies: 0, lost: 0 });
                }
                Act::DropService(at) if !services.is_empty() => {
                    let (service, ..) = services.remove(at % services.len());
                    let topology = lab.view().topology;
                    for tap in &mut taps {
                        if topology.tap_flows.get(&tap.path).is_some_and(|flow| flow.service == service) {
                            tap.until = Some(tap.until.unwrap_or(now));
                        }
                    }
                    lab.drop_tap(&TAP_SERVICE, &service);
                }
                Act::DropTap(at) => {
                    let mut alive: Vec<_> = taps.iter_mut().filter(|tap| tap.until.is_none()).collect();
                    if !alive.is_empty() {
                        let position = at % alive.len();
                        alive[position].until = Some(now);
                        lab.drop_tap(&TAP_FLOW, &alive[position].path.clone());
                    }
                }
                Act::Plugged(port_at, is_up) => {
                    up[port_at] = is_up;
                    let state = if is_up { "UP" } else { "DOWN" };
                    lab.patch(port(PORTS[port_at].0).as_str(), json!({ "admin_state": state }));
                }
                Act::Flow(from, to, rate, back) if from != to => {
                    if flows[from].take().is_some() {
                        lab.delete(&format!("{FLOWS}/{from}"));
                    }
                    let address = PORTS.get(to).map_or("192.168.10.99", |(_, address)| *address);
                    let mut body = flow();
                    body["source"] = json!(PORTS[from].1);
                    body["destination"] = json!(address);
                    body["packets_per_second"] = json!(rate);
                    if !back {
                        body.as_object_mut().unwrap().remove("reply_packet_size");
                    }
                    lab.put(&format!("{FLOWS}/{from}"), body);
                    flows[from] = Some((from, to, now, rate, back));
                }
                Act::NoFlow(from) if flows[from].take().is_some() => lab.delete(&format!("{FLOWS}/{from}")),
                Act::Tap(..) | Act::DropService(_) | Act::Flow(..) | Act::NoFlow(_) => {}
            }
            // What is gone by the clock is not counted any more; what is there is counted right.
            let view = lab.view();
            for tap in taps.iter().filter(|tap| tap.until.is_none()) {
                let counted = view.traffic.of_tap(&tap.path);
                prop_assert_eq!((counted.packets, counted.lost), (tap.copies, tap.lost), "{:?} at {}", tap, now);
            }
        }
        // Packet by packet there are as many.
        for tap in taps.iter().filter(|tap| tap.until.is_none()) {
            let capture = lab.capture(CaptureOf::Tap(tap.path.clone()));
            prop_assert_eq!(capture.copies.len() as u64, tap.copies);
        }
    }
}
