//! Arguments that make a packet or do not, and traces in their forms.

use clap::Parser;

use super::render::{Form, Return, render};
use crate::cli::testing::{golden, neighbor, path, session};
use crate::engine::bgp::KeptOut;
use crate::engine::esp::{AeadCipher, Encapsulation, IpVersion, KeyLength, PlainCipher, Proposal};
use crate::engine::forwarding::{
    Because, CopyTo, Disposition, DropReason, Event, Node, Packet, RouteSource, Step, Trace, protocol,
};
use crate::engine::negotiation::DownReason;
use crate::engine::topology::{Segment, Topology};
use crate::model::{DfPolicy, Digest, MirrorType, PolicyPath, TapDirection};

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    options: super::Options,
}

/// The packet of a command line.
fn packet(line: &str) -> Result<Packet, String> {
    let words = std::iter::once("trace").chain(line.split_whitespace());
    Line::try_parse_from(words).map_err(|error| error.to_string())?.options.packet.packet()
}

#[test]
fn what_is_left_out_is_as_usual() {
    let ping = packet("10.0.0.1 10.0.0.2").unwrap();
    assert_eq!((ping.protocol, ping.size, ping.time_to_live, ping.dont_fragment), (1, 100, 64, false));
    // ICMPv6 is protocol 58, and 49152 the first dynamic port (RFC 6335).
    assert_eq!(packet("2001:db8::1 2001:db8::2").unwrap().protocol, 58);
    let web = packet("10.0.0.1 10.0.0.2 -p tcp -D 443").unwrap();
    assert_eq!((web.source_port, web.destination_port, web.handshake_mss), (49_152, 443, None));
    assert_eq!(packet("10.0.0.1 10.0.0.2 -p 6 -D 443"), Ok(web));
}

/// As of the data source `vpn_path_trace`: hosts discover the path MTU for TCP (RFC 1191).
#[test]
fn tcp_is_not_to_be_fragmented_unless_the_user_says_so() {
    for (options, dont_fragment) in [
        ("-p tcp -D 443", true),
        ("-p 6 -D 443 --df", true),
        ("-p tcp -D 443 --fragment", false),
        ("-p tcp -D 443 --no-df", false),
        ("-p udp -D 53", false),
        ("-p udp -D 53 --dont-fragment", true),
        ("", false),
        ("--no-df", false),
    ] {
        assert_eq!(packet(&format!("10.0.0.1 10.0.0.2 {options}")).unwrap().dont_fragment, dont_fragment, "{options}");
    }
    assert!(packet("10.0.0.1 10.0.0.2 --df --no-df").unwrap_err().contains("cannot be used with"));
}

#[test]
fn a_handshake_announces_what_fits_ethernet() {
    // 1500 less 20 (IPv4) or 40 (IPv6) and 20 (TCP). The SYN itself: those headers and
    // the four bytes of the option.
    let v4 = packet("10.0.0.1 10.0.0.2 -p tcp -D 443 --syn").unwrap();
    assert_eq!((v4.handshake_mss, v4.size), (Some(1_460), 44));
    let v6 = packet("2001:db8::1 2001:db8::2 -p tcp -D 443 --syn").unwrap();
    assert_eq!((v6.handshake_mss, v6.size), (Some(1_440), 64));
    assert_eq!(packet("10.0.0.1 10.0.0.2 -p tcp -D 443 --syn --mss 536").unwrap().handshake_mss, Some(536));
}

#[test]
fn packets_that_cannot_be_are_refused() {
    for (line, why) in [
        ("10.0.0.1 2001:db8::2", "10.0.0.1 and 2001:db8::2 are not of one IP version"),
        ("10.0.0.1 10.0.0.2 -D 443", "only TCP and UDP have ports"),
        ("10.0.0.1 10.0.0.2 -p icmp -S 1", "only TCP and UDP have ports"),
        ("10.0.0.1 10.0.0.2 -p 50 -D 443", "only TCP and UDP have ports"),
        ("10.0.0.1 10.0.0.2 -p tcp", "TCP and UDP need --destination-port"),
        ("10.0.0.1 10.0.0.2 -p udp -S 53", "TCP and UDP need --destination-port"),
        ("10.0.0.1 10.0.0.2 -p udp -D 53 --syn", "--syn needs --protocol tcp"),
        ("10.0.0.1 10.0.0.2 -p tcp -D 53 --mss 9", "error: the following required arguments were not provided"),
        ("10.0.0.1 10.0.0.2 -p 58", "protocol 58 is ICMPv6"),
        ("2001:db8::1 2001:db8::2 -p 1", "protocol 1 is ICMP for IPv4"),
        ("10.0.0.1 10.0.0.2 -p 256", "\"256\" is no protocol"),
        ("10.0.0.1 10.0.0.2 -p http", "\"http\" is no protocol"),
        ("10.0.0.1 10.0.0.2 --size 27", "a packet of 27 bytes cannot be: with its headers it has 28 to 65535"),
        ("10.0.0.1 10.0.0.2 --size 65536", "a packet of 65536 bytes cannot be"),
        (
            "2001:db8::1 2001:db8::2 --size 65576",
            "a packet of 65576 bytes cannot be: with its headers it has 48 to 65575",
        ),
        ("10.0.0.1 10.0.0.2 -p tcp -D 1 --size 39", "a packet of 39 bytes cannot be"),
        ("0.0.0.0 10.0.0.2", "no packet comes from 0.0.0.0, the unspecified address"),
        ("224.0.0.5 10.0.0.2", "no packet comes from 224.0.0.5, a multicast address"),
        ("10.0.0.1 10.0.0.2 --ttl 0", "error: invalid value '0' for '--ttl <HOPS>'"),
        ("10.0.0 10.0.0.2", "error: invalid value '10.0.0' for '[SOURCE]'"),
        ("10.0.0.1", "error: the following required arguments were not provided"),
    ] {
        let said = packet(line).unwrap_err();
        assert!(said.starts_with(why), "{line}: {said}");
    }
}

fn segment() -> PolicyPath {
    path("/infra/tier-1s/cgw/segments/app")
}

fn topology() -> Topology {
    let mut topology = Topology::default();
    let segment = Segment {
        path: segment(),
        display_name: "App servers".to_owned(),
        gateway: segment().gateway(),
        subnets: Vec::new(),
        is_routed: true,
        is_up: true,
    };
    topology.segments.insert(segment.path.clone(), segment);
    topology
}

fn step(node: &Node, object: Option<PolicyPath>, event: Event) -> Step {
    Step { node: node.clone(), object, event }
}

const TAP_SERVICE: &str = "/v2.0/taas/tap_services/c352f537-ad49-48eb-ab05-1c6b8cb900ff";
const TAP_FLOW: &str = "/v2.0/taas/tap_flows/cc47f881-345f-4e62-ad24-bea79eb28304";
const TAP_MIRROR: &str = "/v2.0/taas/tap_mirrors/d1a6c1a5-1c2b-4f5e-9a77-5f0c3a0e8f11";

fn copied(direction: TapDirection, is_up: bool) -> Event {
    let port = path("/infra/tier-1s/cgw/segments/app/ports/ids");
    let to = CopyTo::Service { service: path(TAP_SERVICE), port, is_up };
    Event::Copied { direction, sizes: vec![1_400], time_to_live: 64, to }
}

fn mirrored(wrap: MirrorType, tunnel: u32) -> Event {
    let to = CopyTo::Remote { address: "203.0.113.9".parse().unwrap(), wrap, tunnel };
    Event::Copied { direction: TapDirection::Out, sizes: vec![1_396, 24], time_to_live: 64, to }
}

/// A trace with every event there is. No packet lives through all of them.
fn eventful() -> Trace {
    let sending = Node::Segment(segment());
    let tier1 = Node::Tier1(path("/infra/tier-1s/cgw"));
    let tier0 = Node::Tier0(path("/infra/tier-0s/vmc"));
    let peer = Node::Peer(path("/infra/simulated-peers/dallas"));
    let (hops, net) =
        (["169.254.31.2", "169.254.31.6"].map(|hop| hop.parse().unwrap()), |net: &str| net.parse().unwrap());
    let wrapped = |proposal, nat_traversal| Event::Encapsulated {
        tunnel: 0,
        by: Encapsulation { proposal, outer: IpVersion::V4, nat_traversal },
        inner_size: 1_400,
        outer_size: 1_456,
        df_policy: if nat_traversal { DfPolicy::Clear } else { DfPolicy::Copy },
        selectors: (net("0.0.0.0/0"), net("0.0.0.0/0")),
    };
    let rule = |is_bypass| Event::Matched {
        rule: "to-dallas".to_owned(),
        sequence_number: 10,
        is_bypass,
        source: net("192.168.98.0/24"),
        destination: net("10.0.0.0/8"),
    };
    let dallas = || Some(path(&session("dallas")));
    let route = |by, hops: &[_], network| Event::Routed {
        network,
        by,
        next_hops: hops.to_vec(),
        chosen: hops.first().copied(),
    };
    Trace {
        packet: packet("192.168.98.10 10.1.0.9 -p tcp -D 443 --size 1400 --df --syn").unwrap(),
        steps: vec![
            step(&sending, None, Event::Sent { network: Some(net("192.168.98.0/24")) }),
            step(&sending, Some(path(TAP_FLOW)), copied(TapDirection::Out, true)),
            step(&sending, Some(path(TAP_FLOW)), copied(TapDirection::In, false)),
            step(&sending, Some(path(TAP_MIRROR)), mirrored(MirrorType::ErspanV1, 7)),
            step(&sending, Some(path(TAP_MIRROR)), mirrored(MirrorType::Gre, 70_000)),
            step(&tier1, None, route(RouteSource::Static, &hops[..1], net("0.0.0.0/0"))),
            step(&tier0, Some(path(crate::model::system::VPN_SERVICE)), rule(true)),
            step(&tier0, dallas(), rule(false)),
            step(&tier0, Some(path(&neighbor())), route(RouteSource::Bgp, &hops, net("10.1.0.0/24"))),
            step(&tier0, dallas(), Event::Clamped { from: 1_460, to: 1_350 }),
            step(&tier0, dallas(), Event::Fragmented { sizes: vec![1_396, 24], is_inner: true }),
            step(&tier0, dallas(), wrapped(Proposal::Combined(AeadCipher::Gcm(KeyLength::Bits256)), false)),
            step(&tier0, dallas(), wrapped(Proposal::Separate(PlainCipher::Aes128, Digest::Sha2_256), true)),
            step(&tier0, dallas(), Event::Fragmented { sizes: vec![1_396, 80], is_inner: false }),
            step(
                &Node::Underlay,
                None,
                Event::Carried {
                    from: "203.0.113.66".parse().unwrap(),
                    to: "198.51.100.1".parse().unwrap(),
                    latency: 5,
                    path_mtu: 1_500,
                },
            ),
            step(
                &peer,
                Some(path("/infra/simulated-peers/dallas")),
                Event::Decapsulated { tunnel: 0, size: 1_400, time_to_live: 62 },
            ),
            step(&peer, None, route(RouteSource::Connected, &[], net("10.1.0.0/24"))),
            step(&peer, None, Event::Delivered { network: net("10.1.0.0/24"), port: None }),
            step(
                &sending,
                None,
                Event::Delivered {
                    network: net("192.168.98.0/24"),
                    port: Some(path("/infra/tier-1s/cgw/segments/app/ports/web-1")),
                },
            ),
            step(&tier0, None, Event::Accepted),
            step(&tier0, None, route(RouteSource::Aggregate, &[], net("10.0.0.0/8"))),
        ],
        disposition: Disposition::DeliveredToPeer,
        drop_reason: None,
        session: dallas(),
        effective_mtu: Some(1_446),
        effective_mss: Some(1_350),
        latency: 5,
        time_to_live: 60,
    }
}

/// A trace that ends with a drop.
fn dropped(reason: DropReason, because: Option<Because>) -> Trace {
    Trace {
        packet: packet("192.168.98.10 10.1.0.9").unwrap(),
        steps: vec![
            step(&Node::Segment(segment()), None, Event::Sent { network: None }),
            step(&Node::Tier0(path("/infra/tier-0s/vmc")), None, Event::Dropped { reason, because }),
        ],
        disposition: Disposition::Dropped,
        drop_reason: Some(reason),
        session: None,
        effective_mtu: None,
        effective_mss: None,
        latency: 0,
        time_to_live: 63,
    }
}

const FORMS: [(Form, &str); 4] = [
    (Form::Detailed, "detailed.txt"),
    (Form::Summary, "summary.txt"),
    (Form::Minimal, "minimal.txt"),
    (Form::Json, "trace.json"),
];

#[test]
fn every_event_is_told() {
    for (form, file) in FORMS {
        golden(&format!("trace/goldens/{file}"), &render(&topology(), form, &eventful(), Return::Unasked));
    }
}

#[test]
fn every_reason_and_every_cause_is_told() {
    let causes = [
        Because::Session(DownReason::KeyMismatch),
        Because::NoNeighbor { sessions: vec![path(&session("dallas"))] },
        Because::NeighborDown { neighbors: vec![(path(&neighbor()), "the hold time has passed".to_owned())] },
        Because::NotLearned {
            neighbor: path(&neighbor()),
            network: "10.9.0.0/16".parse().unwrap(),
            by: KeptOut::List(path("/infra/tier-0s/vmc/prefix-lists/in")),
        },
        Because::NotTaught {
            neighbor: path(&neighbor()),
            network: "192.168.1.0/24".parse().unwrap(),
            by: KeptOut::Loop,
        },
        Because::Disconnected { segment: path("/infra/tier-1s/cgw/segments/app") },
        Because::Fits { mtu: 1_438 },
        Because::Protects("172.16.0.0/24".to_owned()),
    ];
    let reasons = DropReason::WORDS.words.iter().map(|word| dropped(DropReason::parse(word.name).unwrap(), None));
    let causes = causes.map(|because| dropped(DropReason::NoRoute, Some(because)));
    for (form, file) in FORMS {
        let texts: Vec<_> = reasons
            .clone()
            .chain(causes.clone())
            .map(|trace| render(&topology(), form, &trace, Return::Unasked))
            .collect();
        golden(&format!("trace/goldens/drops-{file}"), &texts.join("\n"));
    }
}

#[test]
fn the_answer_follows_if_it_was_asked_for() {
    let (forth, back) = (dropped(DropReason::NoRoute, None), dropped(DropReason::PeerNoRoute, None));
    for (form, file) in FORMS {
        let answers = [Return::Trace(&back), Return::Nothing];
        let texts = answers.map(|answer| render(&topology(), form, &forth, answer));
        golden(&format!("trace/goldens/answer-{file}"), &texts.join("\n"));
    }
}

/// The packet may have gone through a session before something else drops it.
#[test]
fn a_drop_names_what_drops_the_packet() {
    let mut trace = dropped(DropReason::PeerNoRoute, None);
    trace.session = Some(path(&session("dallas")));
    let last = |trace: &Trace| {
        let text = render(&topology(), Form::Minimal, trace, Return::Unasked);
        text.lines().last().unwrap().to_owned()
    };
    assert_eq!(last(&trace), "DROPPED PEER_NO_ROUTE");
    trace.steps.last_mut().unwrap().object = Some(path("/infra/simulated-peers/dallas"));
    assert_eq!(last(&trace), "DROPPED PEER_NO_ROUTE by /infra/simulated-peers/dallas");
}

#[test]
fn the_short_form_is_plain_ascii() {
    for trace in [eventful(), dropped(DropReason::NoRoute, None)] {
        assert!(
            render(&topology(), Form::Minimal, &trace, Return::Unasked)
                .bytes()
                .all(|byte| matches!(byte, b'\n' | b' '..=b'~'))
        );
    }
    assert_eq!(protocol::TCP, 6);
}
