//! A live trace, the path trace, the counters and the capture tell one story of a flow, wherever
//! it goes and whatever becomes of it.

use std::collections::BTreeMap;

use etherparse::{NetSlice, SlicedPacket};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::{BGP, FLOWS, Lab, PEERS, SEGMENTS, SERVICE, TraceRequest, When, parsed, session, speaking_peer};
use crate::engine::Question;
use crate::engine::forwarding::{Disposition, DropReason, Event, Node, Packet, Step, Trace, protocol};
use crate::engine::live_trace::Direction;
use crate::engine::topology::Entrance;
use crate::model::PolicyPath;

const EDGE: &str = "/infra/tier-0s/edge/locale-services/default";
const TENANT: &str = "/infra/tier-1s/tenant/locale-services/default";
const TRACE: &str = "/infra/livetraces/t";

/// When flows begin: everything has come up by then that can.
const BEGIN: i64 = 300_000;
/// So long flows are looked at, in milliseconds.
const WINDOW: i64 = 10_000;

/// The ports there are, and their workloads.
const PORTS: [(&str, &str); 8] = [
    ("/infra/tier-1s/cgw/segments/app/ports/a", "192.168.10.5"),
    ("/infra/tier-1s/cgw/segments/app/ports/b", "192.168.10.6"),
    ("/infra/tier-1s/cgw/segments/app/ports/off", "192.168.10.9"),
    ("/infra/tier-1s/cgw/segments/six/ports/v", "2001:db8:10::5"),
    ("/infra/segments/island/ports/i", "192.168.50.5"),
    ("/infra/tier-1s/cgw/segments/down/ports/d", "192.168.51.5"),
    ("/infra/tier-1s/tenant/segments/own/ports/e", "10.1.1.5"),
    ("/infra/tier-1s/cgw/segments/app/ports/c", "192.168.10.7"),
];

/// Who sends and receives, beside workloads: behind the hub's spokes dc and dc2, behind the
/// policy-based branch and the tenant's office, and addresses with which something is wrong.
const OTHERS: [&str; 10] = [
    "10.20.0.1",
    "10.21.0.1",
    "10.30.0.1",
    "10.40.0.1",
    "2001:db8:30::1",
    "172.31.0.1",
    "169.254.99.9",
    "192.168.10.1",
    "169.254.31.1",
    "10.1.1.1",
];

/// Who talks to whom, so that every way is gone often: within a segment, by each sort of VPN and
/// both ways, through the hub, between the gateways, and into each sort of drop.
const PAIRS: [(&str, &str); 20] = [
    ("192.168.10.5", "192.168.10.6"),
    ("192.168.10.5", "10.20.0.1"),
    ("10.20.0.1", "192.168.10.5"),
    ("10.20.0.1", "10.21.0.1"),
    ("10.21.0.1", "10.30.0.1"),
    ("192.168.10.5", "10.30.0.1"),
    ("2001:db8:10::5", "2001:db8:30::1"),
    ("192.168.10.5", "10.1.1.5"),
    ("10.1.1.5", "192.168.10.5"),
    ("10.20.0.1", "10.1.1.5"),
    ("10.1.1.5", "10.40.0.1"),
    ("10.1.1.5", "10.1.1.1"),
    ("192.168.10.5", "172.31.0.1"),
    ("192.168.10.5", "169.254.99.9"),
    ("192.168.10.5", "169.254.31.1"),
    ("10.20.0.1", "192.168.10.1"),
    ("10.20.0.1", "192.168.10.9"),
    ("192.168.10.5", "192.168.51.5"),
    ("192.168.10.5", "192.168.50.5"),
    ("192.168.50.5", "192.168.10.5"),
];

/// What is wrong.
#[derive(Clone, Copy, Debug)]
enum Fault {
    None,
    /// The first spoke's session is disabled.
    Disabled,
    /// Its peer is dead.
    Dead,
    /// Its path is narrow, and that to the branch.
    Narrow,
    /// The branch protects other networks.
    Mismatch,
    /// The branch's peer has another key.
    Key,
    /// The VPN service of the other gateway is disabled.
    Service,
}

const FAULTS: [Fault; 7] =
    [Fault::None, Fault::Disabled, Fault::Dead, Fault::Narrow, Fault::Mismatch, Fault::Key, Fault::Service];

/// A flow.
#[derive(Clone, Debug)]
struct Sent {
    source: String,
    destination: String,
    protocol: &'static str,
    rate: u32,
    size: usize,
    dont_fragment: bool,
    time_to_live: u8,
}

fn policy_based(endpoint: &str, peer: &str, rules: &[(&str, &str)]) -> Json {
    let rule = |(at, (from, to)): (usize, &(&str, &str))| json!({ "id": format!("r{at}"), "sources": [{ "subnet": from }], "destinations": [{ "subnet": to }] });
    json!({
        "resource_type": "PolicyBasedIPSecVpnSession", "local_endpoint_path": endpoint, "peer_address": peer,
        "peer_id": peer, "psk": "correct horse", "rules": rules.iter().enumerate().map(rule).collect::<Vec<_>>(),
    })
}

impl Lab {
    /// A hub with two spokes, a branch by policy, a pair of gateways, and a tenant with a VPN of
    /// its own.
    fn of_all(fault: Fault) -> Self {
        let mut lab = Self::new();
        lab.route_based("dc", 31);
        lab.put(&session("dc2"), super::route_based(32));
        let neighbor = json!({ "neighbor_address": "169.254.32.1", "remote_as_num": "65011" });
        lab.put(&format!("{BGP}/neighbors/dc2"), neighbor);
        let mut peer = speaking_peer(32);
        peer["bgp"] = json!({ "routes": [{ "network": "10.21.0.0/16" }] });
        lab.put(&format!("{PEERS}/dc2"), peer);
        let own = format!("{SERVICE}/local-endpoints/Public-IP1");
        let six = "2001:db8:10::/64";
        let rules = [("192.168.10.0/24", "10.30.0.0/16"), (six, "2001:db8:30::/64")];
        lab.put(&session("branch"), policy_based(&own, "198.51.100.33", &rules));
        lab.put(
            &format!("{PEERS}/branch"),
            json!({ "address": "198.51.100.33", "psk": "correct horse", "latency": 3 }),
        );
        lab.put(&format!("{SEGMENTS}/six"), json!({ "subnets": [{ "gateway_address": "2001:db8:10::1/64" }] }));
        lab.put("/infra/segments/island", json!({ "subnets": [{ "gateway_address": "192.168.50.1/24" }] }));
        let down = json!({ "admin_state": "DOWN", "subnets": [{ "gateway_address": "192.168.51.1/24" }] });
        lab.put(&format!("{SEGMENTS}/down"), down);
        lab.pair(&own);
        for (path, address) in PORTS {
            let state = if path.ends_with("/off") { "DOWN" } else { "UP" };
            lab.put(path, json!({ "address_bindings": [{ "ip_address": address }], "admin_state": state }));
        }
        match fault {
            Fault::None => {}
            Fault::Disabled => lab.patch(&session("dc"), json!({ "enabled": false })),
            Fault::Dead => lab.patch(&format!("{PEERS}/dc"), json!({ "reachable": false })),
            Fault::Narrow => {
                for peer in ["dc", "branch"] {
                    lab.patch(&format!("{PEERS}/{peer}"), json!({ "path_mtu": 700 }));
                }
            }
            Fault::Mismatch => {
                let selectors = json!([{ "local": "10.30.0.0/16", "remote": "192.168.99.0/24" }]);
                lab.patch(&format!("{PEERS}/branch"), json!({ "traffic_selectors": selectors }));
            }
            Fault::Key => lab.patch(&format!("{PEERS}/branch"), json!({ "psk": "another" })),
            Fault::Service => lab.patch(&format!("{EDGE}/ipsec-vpn-services/vpn"), json!({ "enabled": false })),
        }
        lab.at(BEGIN);
        lab
    }

    /// A second gateway with a tenant, and a VPN between the two; the tenant has one of its own.
    fn pair(&self, own: &str) {
        let redistributes = json!({ "redistribution_rules": [{ "route_redistribution_types": ["TIER1_CONNECTED"] }] });
        let connected =
            json!({ "tier0_path": "/infra/tier-0s/edge", "route_advertisement_types": ["TIER1_CONNECTED"] });
        let (here, office) = (
            format!("{EDGE}/ipsec-vpn-services/vpn/local-endpoints/here"),
            format!("{TENANT}/ipsec-vpn-services/vpn/local-endpoints/here"),
        );
        for (path, body) in [
            ("/infra/tier-0s/edge", json!({ "ha_mode": "ACTIVE_STANDBY" })),
            (EDGE, json!({ "route_redistribution_config": redistributes })),
            ("/infra/tier-1s/tenant", connected),
            (TENANT, json!({})),
            ("/infra/tier-1s/tenant/segments/own", json!({ "subnets": [{ "gateway_address": "10.1.1.1/24" }] })),
            (&format!("{EDGE}/ipsec-vpn-services/vpn"), json!({})),
            (&format!("{TENANT}/ipsec-vpn-services/vpn"), json!({})),
            (&here, json!({ "local_address": "203.0.113.80" })),
            (&office, json!({ "local_address": "203.0.113.81" })),
        ] {
            self.patch(path, body);
        }
        let far = policy_based(&here, "203.0.113.66", &[("10.1.0.0/16", "192.168.10.0/24")]);
        self.put(&format!("{EDGE}/ipsec-vpn-services/vpn/sessions/far"), far);
        self.put(&session("near"), policy_based(own, "203.0.113.80", &[("192.168.10.0/24", "10.1.0.0/16")]));
        let tenant = policy_based(&office, "198.51.100.34", &[("10.1.0.0/16", "10.40.0.0/16")]);
        self.put(&format!("{TENANT}/ipsec-vpn-services/vpn/sessions/office"), tenant);
        self.put(
            &format!("{PEERS}/office"),
            json!({ "address": "198.51.100.34", "psk": "correct horse", "latency": 7 }),
        );
    }

    /// The way of the packets of a flow, and that of the answers.
    fn ways(&self, sent: &Sent, answer_size: usize) -> (Trace, Option<Trace>) {
        let ports = if sent.protocol == "ICMP" { (0, 0) } else { (49_152, 53) };
        let is_v6 = sent.source.contains(':');
        let packet = Packet {
            source: sent.source.parse().unwrap(),
            destination: sent.destination.parse().unwrap(),
            protocol: match sent.protocol {
                "TCP" => protocol::TCP,
                "UDP" => protocol::UDP,
                _ if is_v6 => protocol::ICMPV6,
                _ => protocol::ICMP,
            },
            source_port: ports.0,
            destination_port: ports.1,
            size: sent.size,
            dont_fragment: sent.dont_fragment,
            time_to_live: sent.time_to_live,
            handshake_mss: None,
        };
        let request = TraceRequest { packet, answers: true, when: When::Current, answer_size };
        let answer = self.engine.trace(&request, &[], self.moment()).unwrap();
        (answer.there, answer.back)
    }
}

/// Where packets from or to `address` enter: at its port, or out of the tunnel to its spoke.
fn entrance(address: &str) -> Option<Entrance> {
    let port = PORTS.iter().find(|(_, own)| *own == address).map(|(port, _)| Entrance::Port(parsed(port)));
    let spoke = [("10.20.0.1", "dc"), ("10.21.0.1", "dc2"), ("169.254.31.1", "dc")];
    let tunnel = || spoke.iter().find(|(own, _)| *own == address).map(|(_, id)| Entrance::Tunnel(parsed(&session(id))));
    port.or_else(tunnel)
}

fn is_gateway(node: &Node) -> bool {
    matches!(node, Node::Tier0(_) | Node::Tier1(_))
}

fn is_in_sight(node: &Node) -> bool {
    is_gateway(node) || matches!(node, Node::Segment(_))
}

/// The step with which the packet enters there.
fn enters_at(way: &Trace, entrance: &Entrance) -> Option<usize> {
    way.steps.iter().position(|step| match (entrance, &step.event) {
        (Entrance::Port(port), Event::Sent { .. }) => step.object.as_ref() == Some(port),
        (Entrance::Tunnel(session), Event::Decapsulated { .. }) => {
            is_gateway(&step.node) && step.object.as_ref() == Some(session)
        }
        _ => false,
    })
}

/// Why a packet is dropped, in the API's words, and why by a tunnel.
fn words(reason: DropReason, is_v6: bool, is_route_based: bool) -> (&'static str, Option<&'static str>) {
    use DropReason as R;
    let tunnel = if is_route_based { "IPSEC_VTI" } else { "IPSEC" };
    match reason {
        R::PortDown => ("IFACE", None),
        R::SegmentDown | R::SegmentDisconnected => ("LSWITCH", None),
        R::UnroutableDestination | R::Loop | R::NullRouted => ("LROUTER", None),
        R::NoRoute => ("NO_ROUTE", None),
        R::TtlExpired if is_v6 => ("HOP_LIMIT_ZERO", None),
        R::TtlExpired => ("TTL_ZERO", None),
        R::SessionDisabled | R::ServiceDisabled if is_route_based => (tunnel, Some("IPSEC_TUN_IFACE_DOWN")),
        R::FragmentationNeeded => (tunnel, Some("IPSEC_FRAG_NEEDED")),
        R::SelectorMismatch => (tunnel, Some("IPSEC_POLICY_NOMATCH")),
        R::SessionDisabled | R::ServiceDisabled | R::TunnelOnDemand | R::TunnelNegotiating | R::TunnelDown => {
            (tunnel, Some("IPSEC_SA_NOT_FOUND"))
        }
        other => panic!("{other:?} is dropped out of sight"),
    }
}

/// What becomes of the packet in the end, as far as it is in sight.
fn end(way: &Trace, lab: &Lab) -> Json {
    let Step { node, object, event } = way.steps.last().unwrap();
    if !is_in_sight(node) {
        return json!(["Forwarded"]);
    }
    match event {
        Event::Dropped { reason, .. } => {
            let topology = lab.view().topology;
            let session = object.as_ref().and_then(|path| topology.sessions.get(path));
            let is_route_based =
                session.is_some_and(|it| matches!(it.kind, crate::engine::topology::SessionKind::RouteBased { .. }));
            let (reason, ipsec) = words(*reason, way.packet.source.is_ipv6(), is_route_based);
            json!(["DroppedLogical", reason, ipsec])
        }
        Event::Delivered { .. } | Event::Accepted => json!(["Delivered"]),
        other => panic!("{other:?} ends nothing"),
    }
}

/// What no component tells of.
fn is_silent(event: &Event) -> bool {
    matches!(
        event,
        Event::Copied { .. }
            | Event::Clamped { .. }
            | Event::Fragmented { .. }
            | Event::Matched { is_bypass: true, .. }
    )
}

/// Who has the packet, one after the other, as far as they are in sight: each component once,
/// until another has it.
fn holders(way: &Trace, start: usize, topology: &crate::engine::topology::Topology) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut is_inside = false;
    for (at, step) in way.steps.iter().enumerate().skip(start) {
        let session = || {
            let path = step.object.as_ref()?;
            topology.sessions.get(path).map(|session| session.display_name.clone())
        };
        let mut now = Vec::new();
        match (&step.event, &step.node) {
            (Event::Decapsulated { .. }, node) if is_gateway(node) => {
                is_inside = true;
                if at > start {
                    now.push("uplink-1".to_owned());
                }
                now.extend(session());
            }
            (Event::Carried { .. }, _) | (Event::Dropped { .. }, Node::Underlay) if is_inside => {
                is_inside = false;
                now.push("uplink-1".to_owned());
            }
            (event, node) if is_in_sight(node) && !is_silent(event) => {
                is_inside = true;
                let tunnel = match event {
                    Event::Encapsulated { .. } => session(),
                    Event::Dropped { reason, .. } => session().filter(|_| words(*reason, false, false).1.is_some()),
                    _ => None,
                };
                // What a tunnel drops that has it already stays there.
                if tunnel.is_none() || all.last() != tunnel.as_ref() {
                    now.push(name(node, topology));
                }
                now.extend(tunnel);
            }
            _ => {}
        }
        for holder in now {
            if all.last() != Some(&holder) {
                all.push(holder);
            }
        }
    }
    all
}

fn name(node: &Node, topology: &crate::engine::topology::Topology) -> String {
    match node {
        Node::Segment(path) => topology.segments[path].display_name.clone(),
        Node::Tier0(path) | Node::Tier1(path) => path.id().to_owned(),
        Node::Underlay | Node::Peer(_) => panic!("{node:?} is out of sight"),
    }
}

/// The sizes of the pieces in which a packet is by this step.
fn pieces(way: &Trace, until: usize) -> Vec<usize> {
    let cut = way.steps[..until].iter().rev().find_map(|step| match &step.event {
        Event::Fragmented { sizes, is_inner: true } => Some(sizes.clone()),
        _ => None,
    });
    cut.unwrap_or_else(|| vec![way.packet.size])
}

/// How many packets each session's tunnels let in and out of one of a flow, by the path trace.
fn crossings(way: &Trace, all: &mut BTreeMap<PolicyPath, (usize, usize)>) {
    for (at, step) in way.steps.iter().enumerate().filter(|(_, step)| is_gateway(&step.node)) {
        let Some(session) = &step.object else { continue };
        let count = pieces(way, at).len();
        match step.event {
            Event::Encapsulated { .. } => all.entry(session.clone()).or_default().1 += count,
            Event::Decapsulated { .. } => all.entry(session.clone()).or_default().0 += count,
            _ => {}
        }
    }
}

/// How often each checkpoint has seen packets: where, on which side, how often.
fn counted(results: &Json) -> BTreeMap<(String, String), u64> {
    let mut all = BTreeMap::new();
    for place in results.as_array().unwrap() {
        let at = place["logical_port_path"].as_str().unwrap_or_else(|| place["transport_node_id"].as_str().unwrap());
        for checkpoint in place["checkpoints"]["non_ens_checkpoints_result"].as_array().unwrap() {
            let kind = checkpoint["checkpoint_type"].as_str().unwrap().to_owned();
            all.insert((at.to_owned(), kind), checkpoint["count"].as_u64().unwrap());
        }
    }
    all
}

/// How often checkpoints see a packet, by what is told of it.
fn checkpoints(observations: &[Json]) -> BTreeMap<(String, String), u64> {
    let mut all = BTreeMap::new();
    for (at, told) in observations.iter().enumerate() {
        let text = |field: &str| told[field].as_str().map(str::to_owned);
        let (place, kind) = match sort(told).as_str() {
            "ReceivedLogical" if at == 0 => {
                (text("segment_port_path").or_else(|| text("interface_path")), "PORT_INPUT")
            }
            "Delivered" => (text("segment_port_path"), "PORT_OUTPUT"),
            "Received" => (text("transport_node_id"), "UPLINK_INPUT"),
            "Forwarded" => (text("transport_node_id"), "UPLINK_OUTPUT"),
            _ => (None, ""),
        };
        if let Some(place) = place {
            *all.entry((place, kind.to_owned())).or_default() += 1;
        }
    }
    all
}

fn sort(told: &Json) -> String {
    told["resource_type"].as_str().unwrap().replace("PolicyTraceflowObservation", "")
}

/// A packet that was traced tells what its way does.
fn tells_the_way(lab: &Lab, traced: &Json, way: &Trace, start: usize) -> Result<(), TestCaseError> {
    let topology = lab.view().topology;
    let observations = traced["observations"].as_array().unwrap();
    let mut names: Vec<String> = Vec::new();
    for told in observations {
        let name = told["component_name"].as_str().unwrap().to_owned();
        if names.last() != Some(&name) {
            names.push(name);
        }
    }
    prop_assert_eq!(&names, &holders(way, start, &topology), "{:#?}", way.steps);
    let last = observations.last().unwrap();
    let expected = end(way, lab);
    prop_assert_eq!(json!(sort(last)), expected[0].clone(), "{:#?}", way.steps);
    if expected[0] == "DroppedLogical" {
        prop_assert_eq!((&last["reason"], &last["ipsec_fail_reason"]), (&expected[1], &expected[2]));
    }
    // Routes are told by those who forward by them: by all but one who drops the packet.
    let routed = way.steps.iter().skip(start).filter(|step| is_gateway(&step.node));
    let routes: Vec<_> = routed
        .filter_map(
            |step| if let Event::Routed { network, .. } = &step.event { Some(network.to_string()) } else { None },
        )
        .collect();
    let told: Vec<_> = observations.iter().filter_map(|it| it["route_prefix"].as_str().map(str::to_owned)).collect();
    prop_assert!(routes.starts_with(&told), "{routes:?} {told:?}");
    prop_assert!(way.disposition == Disposition::Dropped || told == routes, "{routes:?} {told:?}");
    // Time passes between gateways and peers alone.
    let carried = |step: &Step| if let Event::Carried { latency, .. } = step.event { i64::from(latency) } else { 0 };
    let in_sight = way.steps.iter().rposition(|step| is_in_sight(&step.node)).unwrap_or(0);
    let took: i64 = way.steps[start..=in_sight.max(start)].iter().map(carried).sum();
    let time = |told: &Json| told["timestamp"].as_i64().unwrap();
    prop_assert_eq!(time(last) - time(&observations[0]), took);
    // Each node is another one, and one that is come back to counts again.
    let numbers: Vec<_> = observations.iter().map(|it| it["sequence_no"].as_i64().unwrap()).collect();
    prop_assert!(
        numbers[0] == 0 && numbers.windows(2).all(|pair| (0..=1).contains(&(pair[1] - pair[0]))),
        "{numbers:?}"
    );
    for kind in
        [("received", "Received"), ("forwarded", "Forwarded"), ("dropped", "Dropped"), ("delivered", "Delivered")]
    {
        let both = ["counters", "logical_counters"].map(|it| traced[it][format!("{}_count", kind.0)].as_u64().unwrap());
        let told = observations.iter().filter(|it| sort(it).starts_with(kind.1)).count() as u64;
        prop_assert_eq!(both.iter().sum::<u64>(), told);
    }
    Ok(())
}

/// The frames of a capture are the packets as they entered.
fn holds_what_entered(file: &[u8], samples: usize, way: &Trace, start: usize) -> Result<(), TestCaseError> {
    let frames = super::live_traces::frames(file);
    let sizes = pieces(way, start);
    prop_assert_eq!(frames.len(), samples * sizes.len());
    let hops = match way.steps[start].event {
        Event::Decapsulated { time_to_live, .. } => time_to_live,
        _ => way.packet.time_to_live,
    };
    for (frame, size) in frames.iter().zip(sizes.iter().cycle()) {
        let packet = SlicedPacket::from_ethernet(frame).unwrap();
        let told = match packet.net.unwrap() {
            NetSlice::Ipv4(ip) => {
                let header = ip.header();
                let ends = (header.source_addr().to_string(), header.destination_addr().to_string());
                prop_assert!(sizes.len() > 1 || header.dont_fragment() == way.packet.dont_fragment);
                (ends, usize::from(header.total_len()), header.ttl())
            }
            NetSlice::Ipv6(ip) => {
                let header = ip.header();
                let ends = (header.source_addr().to_string(), header.destination_addr().to_string());
                (ends, 40 + usize::from(header.payload_length()), header.hop_limit())
            }
            NetSlice::Arp(_) => panic!(),
        };
        let ends = (way.packet.source.to_string(), way.packet.destination.to_string());
        prop_assert_eq!(told, (ends, *size, hops));
    }
    Ok(())
}

fn sent() -> impl Strategy<Value = Sent> {
    let addresses: Vec<&str> = PORTS.iter().map(|(_, address)| *address).chain(OTHERS).collect();
    let one = prop::sample::select(addresses);
    let ends = prop_oneof![3 => prop::sample::select(PAIRS.to_vec()), 1 => (one.clone(), one)];
    let size = prop_oneof![Just(100_usize), 60..1_600_usize, 1_380..1_500_usize, 1_600..4_000_usize];
    let time_to_live = prop_oneof![4 => Just(64_u8), 1 => 1..6_u8];
    (ends, prop::sample::select(vec!["UDP", "ICMP", "TCP"]), 1..200_u32, size, any::<bool>(), time_to_live)
        .prop_filter("one IP version", |((source, destination), ..)| {
            source != destination && source.contains(':') == destination.contains(':')
        })
        .prop_map(|((source, destination), protocol, rate, size, dont_fragment, time_to_live)| Sent {
            source: source.to_owned(),
            destination: destination.to_owned(),
            protocol,
            rate,
            // TCP keeps to what gets through: here that is everything.
            size: if protocol == "TCP" { size.min(500) } else { size },
            dont_fragment: dont_fragment || protocol == "TCP",
            time_to_live,
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn all_who_tell_of_a_flow_tell_one_story(sent in sent(), fault in prop::sample::select(FAULTS.to_vec())) {
        let mut lab = Lab::of_all(fault);
        let flow = format!("{FLOWS}/f");
        let Some(source) = entrance(&sent.source) else { return Ok(()) };
        lab.put(&flow, json!({
            "source": sent.source, "destination": sent.destination, "protocol": sent.protocol,
            "destination_port": if sent.protocol == "ICMP" { Json::Null } else { json!(53) },
            "packets_per_second": sent.rate, "packet_size": sent.size, "reply_packet_size": 80,
            "dont_fragment": sent.dont_fragment, "time_to_live": sent.time_to_live,
        }));
        let way_back = entrance(&sent.destination).filter(|it| it.path() != source.path());
        let place = |entrance: &Entrance, port: &str, tunnel: &str| match entrance {
            Entrance::Port(path) => json!({ port: path.as_str() }),
            Entrance::Tunnel(path) => json!({ tunnel: { "session_path": path.as_str() } }),
        };
        let mut action = json!({ "trace_type": "UNI_DIRECTIONAL" });
        if let Some(way_back) = &way_back {
            action = place(way_back, "dest_port_path", "dest_ipsec_vpn_config");
            action["trace_type"] = json!("BI_DIRECTIONAL");
        }
        let mut sampled = action.clone();
        sampled["sampling"] = json!({ "match_number": 5 });
        let mut body = place(&source, "src_port_path", "ipsec_vpn_config");
        body["actions"] = json!({ "trace_config": sampled, "pktcap_config": sampled, "counter_config": action });
        body["timeout"] = json!(WINDOW / 1_000);
        lab.put(TRACE, body);
        let answer_size = lab.view().topology.flows[&parsed(&flow)].reply_packet_size.unwrap_or(80);
        let (there, back) = lab.ways(&sent, answer_size);
        lab.at(BEGIN + WINDOW);
        // What sessions and flows have counted, of all packets.
        let packets = u64::from(sent.rate) * u64::try_from(WINDOW / 1_000).unwrap();
        let mut crossed = BTreeMap::new();
        for way in [Some(&there), back.as_ref()].into_iter().flatten() {
            crossings(way, &mut crossed);
        }
        for path in lab.view().topology.sessions.keys() {
            let told = lab.ask(&Question::SessionStatus(path.clone()), |document| &document["results"][0]);
            let counters = &told["aggregate_traffic_counters"];
            let (packets_in, packets_out) = crossed.get(path).copied().unwrap_or_default();
            let expected = [packets_in, packets_out].map(|each| each as u64 * packets);
            let told = ["packets_in", "packets_out"].map(|it| counters[it].as_u64().unwrap_or_default());
            prop_assert_eq!(told, expected, "{} {:#?} {:#?}", path, there, back);
        }
        let counters = lab.view().traffic.of_flow(&parsed(&flow));
        let mut dropped = BTreeMap::new();
        for reason in [Some(&there), back.as_ref()].into_iter().flatten().filter_map(|way| way.drop_reason) {
            *dropped.entry(reason.word().to_owned()).or_insert(0) += packets;
        }
        prop_assert_eq!(counters.sent, packets * (1 + u64::from(back.is_some())));
        prop_assert_eq!(&counters.dropped, &dropped);
        // What the live trace has seen.
        lab.at(BEGIN + WINDOW + 60_000);
        let status = lab.ask(&Question::LiveTraceStatus(parsed(TRACE)), |document| document);
        let seen = lab.ask(&Question::LiveTraceResult(parsed(TRACE)), |document| document);
        let traced = seen["trace_results"].as_array().unwrap();
        if status["operation_state"] == "INVALIDATED" {
            prop_assert_eq!(&status["invalidation_reason"], "PORT_DISCONNECT");
            prop_assert!(traced.is_empty());
            return Ok(());
        }
        let directions = [(Direction::Forward, Some(&source), "forward_results"), (Direction::Backward, way_back.as_ref(), "backward_results")];
        for (direction, entrance, results) in directions {
            let entering = |way: &Trace| Some((way.clone(), enters_at(way, entrance?)?));
            let legs: Vec<_> = [Some(&there), back.as_ref()].into_iter().flatten().filter_map(entering).collect();
            let of_this: Vec<_> = traced.iter().filter(|it| it["direction"] == direction.word()).collect();
            let file = lab.engine.live_trace_capture(&parsed(TRACE), direction, lab.moment()).unwrap();
            let counts = counted(&seen["counter_results"][results]);
            let [(way, start)] = &legs[..] else {
                prop_assert!(legs.len() > 1 || of_this.is_empty() && file.is_none() && counts.is_empty());
                continue;
            };
            prop_assert_eq!(of_this.len(), 5);
            for one in &of_this {
                tells_the_way(&lab, one, way, *start)?;
            }
            holds_what_entered(&file.unwrap(), 5, way, *start)?;
            let mut expected = checkpoints(of_this[0]["observations"].as_array().unwrap());
            expected.values_mut().for_each(|count| *count *= packets);
            prop_assert_eq!(counts, expected);
        }
    }
}
