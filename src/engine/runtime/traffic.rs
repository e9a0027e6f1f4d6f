//! Traffic: what flows send between two moments, by arithmetic, and what is counted
//! of it.
//!
//! A flow sends its packets at a steady rate, the first when it starts. Between two
//! changes of the network all its packets go the same way, so the way is found once and
//! the packets are counted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::EngineView;
use crate::engine::Moment;
use crate::engine::esp::IpVersion;
use crate::engine::fabric::{ALL, Fate, Outcome};
use crate::engine::forwarding::{
    Because, Copied, CopyTo, Disposition, DropReason, Event, Node, Packet, Step, Trace, protocol,
};
use crate::engine::live_trace::{self, enters};
use crate::engine::negotiation::Tunnel;
use crate::engine::topology::{Entrance, FiveTuple, Flow, Topology};
use crate::model::{FlowProtocol, Network, PolicyPath, TapDirection};

/// The MTU of a segment, in bytes: TCP announces what fits it.
const SEGMENT_MTU: usize = 1_500;
/// A TCP header without options (RFC 9293).
const TCP_HEADER: usize = 20;
/// The option of a handshake that holds the MSS (RFC 9293 section 3.2).
const MSS_OPTION: usize = 4;
const MILLISECONDS: i128 = 1_000;
/// How many narrower links a path may have, one after the other.
const MOST_DISCOVERIES: usize = 16;

/// What has been counted, by policy path.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Traffic {
    /// Of each session, by tunnel: `local>remote`.
    sessions: BTreeMap<String, BTreeMap<String, TunnelCounters>>,
    /// Of each flow that is declared.
    flows: BTreeMap<String, FlowCounters>,
    /// Of each tap that is declared.
    #[serde(default)]
    taps: BTreeMap<String, TapCounters>,
    /// Of all flows there ever were.
    total: FlowCounters,
}

/// What is counted of a tunnel. A counter that has reached its end stays there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TunnelCounters {
    /// Packets from the peer.
    pub packets_in: u64,
    /// Packets to the peer.
    pub packets_out: u64,
    /// Bytes from the peer, within the tunnel.
    pub bytes_in: u64,
    /// Bytes to the peer, within the tunnel.
    pub bytes_out: u64,
    /// Packets from the peer that were dropped because no network of the tunnel
    /// matches them.
    pub unmatched_in: u64,
    /// Packets to the peer that were dropped because of their size.
    pub oversized_out: u64,
}

/// What is counted of a flow: each packet that was sent is delivered or dropped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FlowCounters {
    /// Packets that were sent, answers included.
    pub sent: u64,
    /// Packets that arrived.
    pub delivered: u64,
    /// Packets that were dropped, by reason.
    pub dropped: BTreeMap<String, u64>,
}

/// What is counted of a tap: copies of packets, a fragment being one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TapCounters {
    /// Copies that were delivered.
    pub packets: u64,
    /// Bytes of their IP packets.
    pub bytes: u64,
    /// Copies that were lost, because the port they were for is not in operation.
    pub lost: u64,
}

impl TapCounters {
    fn add(&mut self, each: Self, times: u64) {
        self.packets = self.packets.saturating_add(each.packets.saturating_mul(times));
        self.bytes = self.bytes.saturating_add(each.bytes.saturating_mul(times));
        self.lost = self.lost.saturating_add(each.lost.saturating_mul(times));
    }
}

impl FlowCounters {
    fn add(&mut self, fate: Option<DropReason>, packets: u64) {
        self.sent = self.sent.saturating_add(packets);
        let counter = match fate {
            None => &mut self.delivered,
            Some(reason) => self.dropped.entry(reason.word().to_owned()).or_default(),
        };
        *counter = counter.saturating_add(packets);
    }
}

impl TunnelCounters {
    /// The sum of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            packets_in: self.packets_in.saturating_add(other.packets_in),
            packets_out: self.packets_out.saturating_add(other.packets_out),
            bytes_in: self.bytes_in.saturating_add(other.bytes_in),
            bytes_out: self.bytes_out.saturating_add(other.bytes_out),
            unmatched_in: self.unmatched_in.saturating_add(other.unmatched_in),
            oversized_out: self.oversized_out.saturating_add(other.oversized_out),
        }
    }

    /// What `packets` of these count for.
    #[must_use]
    fn times(self, packets: u64) -> Self {
        Self {
            packets_in: self.packets_in.saturating_mul(packets),
            packets_out: self.packets_out.saturating_mul(packets),
            bytes_in: self.bytes_in.saturating_mul(packets),
            bytes_out: self.bytes_out.saturating_mul(packets),
            unmatched_in: self.unmatched_in.saturating_mul(packets),
            oversized_out: self.oversized_out.saturating_mul(packets),
        }
    }
}

/// The key of a tunnel between two networks.
fn tunnel_key(local: Network, remote: Network) -> String {
    format!("{local}>{remote}")
}

impl Traffic {
    /// What is counted of the tunnel of `session` between `local` and `remote`.
    pub fn of_tunnel(&self, session: &PolicyPath, local: Network, remote: Network) -> TunnelCounters {
        let tunnels = self.sessions.get(session.as_str());
        tunnels.and_then(|tunnels| tunnels.get(&tunnel_key(local, remote))).copied().unwrap_or_default()
    }

    /// What is counted of the flow at `path`.
    pub fn of_flow(&self, path: &PolicyPath) -> FlowCounters {
        self.flows.get(path.as_str()).cloned().unwrap_or_default()
    }

    /// What is counted of the tap service, the tap flow or the tap mirror at `path`.
    pub fn of_tap(&self, path: &PolicyPath) -> TapCounters {
        self.taps.get(path.as_str()).copied().unwrap_or_default()
    }

    /// What is counted of all flows there ever were.
    pub fn total(&self) -> &FlowCounters {
        &self.total
    }

    /// Sets everything that is counted of the session at `path` to zero.
    pub(super) fn reset(&mut self, path: &PolicyPath) {
        self.sessions.remove(path.as_str());
    }

    pub(super) fn forget_session(&mut self, path: &PolicyPath) {
        self.sessions.remove(path.as_str());
    }

    pub(super) fn has_flow(&self, path: &PolicyPath) -> bool {
        self.flows.contains_key(path.as_str())
    }

    pub(super) fn forget_flow(&mut self, path: &PolicyPath) {
        self.flows.remove(path.as_str());
    }

    pub(super) fn forget_tap(&mut self, path: &PolicyPath) {
        self.taps.remove(path.as_str());
    }

    /// Counts what a flow sends over the fabric, and the answers to it.
    fn cross_fabric(&mut self, flow: &Flow, outcome: &Outcome, from: Moment, to: Moment) {
        let share = |part: u64| {
            let until = |at| u128::from(sent_before(flow, at)) * u128::from(part) / u128::from(ALL);
            u64::try_from(until(to) - until(from)).unwrap_or(u64::MAX)
        };
        for (fate, sent, arrives) in [Some((outcome.fate, ALL, outcome.arrives)), outcome.answers].into_iter().flatten()
        {
            let (sent, arrived) = (share(sent), share(arrives));
            let reason = match fate {
                Fate::Dropped(reason) => reason,
                Fate::Delivered => DropReason::QueueFull,
            };
            let lost = sent.saturating_sub(arrived);
            for (fate, packets) in
                [(None, arrived), (Some(reason), lost)].into_iter().filter(|(_, packets)| *packets > 0)
            {
                self.flows.entry(flow.path.to_string()).or_default().add(fate, packets);
                self.total.add(fate, packets);
            }
        }
    }

    fn tunnel(&mut self, session: &PolicyPath, tunnel: &str) -> &mut TunnelCounters {
        self.sessions.entry(session.to_string()).or_default().entry(tunnel.to_owned()).or_default()
    }
}

/// How every flow goes, as long as nothing changes.
#[derive(Clone, Debug)]
pub(super) struct Meter {
    courses: BTreeMap<PolicyPath, Course>,
}

/// Whether any flow sends a packet from `from` until just before `to`.
pub(super) fn sends(topology: &Topology, from: Moment, to: Moment) -> bool {
    topology.flows.values().any(|flow| sent_before(flow, to) > sent_before(flow, from))
}

/// How the packets of a flow go, and their answers.
#[derive(Clone, Debug)]
struct Course {
    /// How they go in the fabric, if that is where they are sent.
    fabric: Option<Outcome>,
    there: Leg,
    back: Option<Leg>,
    /// The session that waits for a packet, and gets one.
    wakes: Option<PolicyPath>,
    /// Its ways step by step, as far as live traces look at them.
    legs: Vec<live_trace::Leg>,
    /// What its source sends and receives, if somebody wants to see that.
    ends: Vec<Flight>,
}

/// What one packet counts for.
#[derive(Clone, Debug, Default)]
struct Leg {
    fate: Option<DropReason>,
    /// The tunnels it passes: session, tunnel, and what it adds to their counters.
    tunnels: Vec<(PolicyPath, String, TunnelCounters)>,
    /// The taps that copy it, services included, and what it adds to their counters.
    copies: Vec<(PolicyPath, TapCounters)>,
    /// The packet and its copies; none where there are no copies.
    flight: Option<Box<Flight>>,
}

/// A packet on its way, and the copies of it.
#[derive(Clone, Debug)]
pub(super) struct Flight {
    pub packet: Packet,
    /// The size of what goes the other way.
    pub size_back: Option<usize>,
    pub is_answer: bool,
    /// Whether no router is between the two ends.
    pub is_local: bool,
    /// Each with the milliseconds after which it is made, counted from when the flow's packet
    /// was sent.
    pub copies: Vec<(u32, Copied)>,
}

impl Meter {
    /// How the flows go in `view`, step by step where they enter at one of `entrances`, and with
    /// what its source sends and receives of the flow at `wanted`.
    pub fn of(view: &EngineView, entrances: &[Entrance], wanted: Option<&PolicyPath>) -> Self {
        let course = |flow: &Flow| Course::of(view, flow, entrances, wanted == Some(&flow.path));
        let courses = view.topology.flows.values().map(|flow| (flow.path.clone(), course(flow)));
        Self { courses: courses.collect() }
    }

    /// Counts what the flows send from `from` until just before `to`.
    pub fn count(&self, topology: &Topology, traffic: &mut Traffic, from: Moment, to: Moment) {
        for flow in topology.flows.values() {
            let packets = sent_before(flow, to) - sent_before(flow, from);
            let Some(course) = self.courses.get(&flow.path).filter(|_| packets > 0) else { continue };
            if let Some(outcome) = &course.fabric {
                traffic.cross_fabric(flow, outcome, from, to);
                continue;
            }
            for leg in [Some(&course.there), course.back.as_ref()].into_iter().flatten() {
                for (session, tunnel, each) in &leg.tunnels {
                    let counters = traffic.tunnel(session, tunnel);
                    *counters = counters.plus(each.times(packets));
                }
                for (tap, each) in &leg.copies {
                    traffic.taps.entry(tap.to_string()).or_default().add(*each, packets);
                }
                traffic.flows.entry(flow.path.to_string()).or_default().add(leg.fate, packets);
                traffic.total.add(leg.fate, packets);
            }
        }
    }

    /// The packets of the flow at `path` of which there are copies.
    pub fn flights(&self, path: &PolicyPath) -> impl Iterator<Item = &Flight> {
        let course = self.courses.get(path);
        let legs = course.map(|course| [Some(&course.there), course.back.as_ref()]).into_iter().flatten();
        legs.flatten().filter_map(|leg| leg.flight.as_deref())
    }

    /// What the source of the flow at `path` sends and receives.
    pub fn ends(&self, path: &PolicyPath) -> &[Flight] {
        self.courses.get(path).map(|course| course.ends.as_slice()).unwrap_or_default()
    }

    /// The ways of the flow at `path` that live traces look at.
    pub fn legs(&self, path: &PolicyPath) -> &[live_trace::Leg] {
        self.courses.get(path).map(|course| course.legs.as_slice()).unwrap_or_default()
    }

    /// The sessions that flows open by their next packets from `now` on, and when.
    pub fn wakes(&self, topology: &Topology, now: Moment) -> Vec<(PolicyPath, Moment)> {
        let waking = self.courses.iter().filter_map(|(path, course)| {
            let at = next_packet(topology.flows.get(path)?, now)?;
            Some((course.wakes.clone()?, at))
        });
        let mut first: BTreeMap<PolicyPath, Moment> = BTreeMap::new();
        for (session, at) in waking {
            let known = first.entry(session).or_insert(at);
            *known = at.min(*known);
        }
        first.into_iter().collect()
    }
}

impl Course {
    fn of(view: &EngineView, flow: &Flow, entrances: &[Entrance], is_wanted: bool) -> Self {
        if !view.topology.devices.is_empty()
            && let Some(outcome) = view.fabric.load(&view.topology).outcome(&flow.path)
        {
            // Which of the answers arrives is not told packet by packet.
            let sent = is_wanted.then(|| sent(flow, packet_of(flow), flow.reply_packet_size, false));
            return Self {
                fabric: Some(outcome),
                legs: Vec::new(),
                there: Leg::default(),
                back: None,
                wakes: None,
                ends: sent.into_iter().collect(),
            };
        }
        let sizes = Sizes::of(view, flow);
        let there = view.trace(&Packet { size: sizes.packet, ..packet_of(flow) });
        let arrives = there.drop_reason.is_none();
        let back = sizes.answer.filter(|_| arrives).and_then(|size| view.trace_answer(&there, size));
        let waits = |trace: &Trace| trace.drop_reason == Some(DropReason::TunnelOnDemand);
        let wakes = [Some(&there), back.as_ref()].into_iter().flatten().find(|trace| waits(trace));
        let is_looked_at = |trace: &Trace| entrances.iter().any(|entrance| enters(trace, entrance).is_some());
        let leg = |trace: &Trace, sent_after, size_back, is_answer| live_trace::Leg {
            trace: trace.clone(),
            sent_after,
            size_back,
            is_answer,
            is_local: is_local(trace),
        };
        let legs =
            [(Some(&there), 0, sizes.answer, false), (back.as_ref(), there.latency, Some(there.packet.size), true)];
        let legs = legs.into_iter().filter_map(|(trace, after, size_back, is_answer)| {
            let trace = trace.filter(|trace| is_looked_at(trace))?;
            Some(leg(trace, after, size_back, is_answer))
        });
        let mut ends = Vec::new();
        if is_wanted {
            ends.push(sent(flow, there.packet.clone(), sizes.answer, is_local(&there)));
            ends.extend(back.as_ref().and_then(|back| received(flow, &there, back)));
        }
        Self {
            ends,
            legs: legs.collect(),
            fabric: None,
            wakes: wakes.and_then(|trace| trace.session.clone()),
            back: back.as_ref().map(|trace| Leg {
                flight: flight(trace, Some(there.packet.size), there.latency, true),
                ..Leg::of(view, trace)
            }),
            there: Leg { flight: flight(&there, sizes.answer, 0, false), ..Leg::of(view, &there) },
        }
    }
}

/// A packet on its way, if it is copied. It is sent so many milliseconds after its flow's
/// packet was.
fn flight(trace: &Trace, size_back: Option<usize>, sent_after: u32, is_answer: bool) -> Option<Box<Flight>> {
    let copied = |step: &Step| {
        let Event::Copied { direction, sizes, time_to_live, to } = &step.event else { return None };
        let there = if *direction == TapDirection::In { trace.latency } else { 0 };
        let copied = Copied {
            by: step.object.clone()?,
            direction: *direction,
            sizes: sizes.clone(),
            time_to_live: *time_to_live,
            to: to.clone(),
        };
        Some((sent_after.saturating_add(there), copied))
    };
    let copies: Vec<_> = trace.steps.iter().filter_map(copied).collect();
    let is_local = is_local(trace);
    let packet = trace.packet.clone();
    (!copies.is_empty()).then(|| Box::new(Flight { packet, size_back, is_answer, is_local, copies }))
}

/// A packet of `flow` as its source sends it.
fn sent(flow: &Flow, packet: Packet, size_back: Option<usize>, is_local: bool) -> Flight {
    let (sizes, time_to_live) = (vec![packet.size], packet.time_to_live);
    let copies = vec![(0, at_source(flow, TapDirection::Out, sizes, time_to_live))];
    Flight { packet, size_back, is_answer: false, is_local, copies }
}

/// The answer `back` to the packet `there` as it arrives at the source of `flow`, if it does.
fn received(flow: &Flow, there: &Trace, back: &Trace) -> Option<Flight> {
    if back.drop_reason.is_some() {
        return None;
    }
    let after = there.latency.saturating_add(back.latency);
    Some(Flight {
        packet: back.packet.clone(),
        size_back: Some(there.packet.size),
        is_answer: true,
        is_local: is_local(back),
        copies: vec![(after, at_source(flow, TapDirection::In, back.sizes(), back.time_to_live))],
    })
}

/// What is seen of a packet at the source of `flow`.
fn at_source(flow: &Flow, direction: TapDirection, sizes: Vec<usize>, time_to_live: u8) -> Copied {
    let to = CopyTo::Service { service: flow.path.clone(), port: flow.path.clone(), is_up: true };
    Copied { by: flow.path.clone(), direction, sizes, time_to_live, to }
}

/// Whether no router is between the two ends.
fn is_local(trace: &Trace) -> bool {
    let is_routed = trace.steps.iter().any(|step| matches!(step.event, Event::Routed { .. }));
    trace.disposition == Disposition::DeliveredToSegment && !is_routed
}

/// How large the packets of a flow are.
struct Sizes {
    packet: usize,
    answer: Option<usize>,
}

impl Sizes {
    /// As they are declared. TCP keeps to the MSS that the other end announces, lowered on
    /// its way by clamping, and to what the path is found to carry (path MTU discovery, RFC
    /// 1191), in both directions.
    fn of(view: &EngineView, flow: &Flow) -> Self {
        let packet = packet_of(flow);
        let declared = Self { packet: packet.size, answer: flow.reply_packet_size };
        if flow.protocol != FlowProtocol::Tcp {
            return declared;
        }
        let headers = packet.version().header() + TCP_HEADER;
        let announced = u16::try_from(SEGMENT_MTU - headers).ok();
        let handshake = headers + MSS_OPTION;
        let opening = view.trace(&Packet { size: handshake, handshake_mss: announced, ..packet.clone() });
        let answering = view.trace_answer(&opening, handshake);
        // What one end announces limits what the other sends.
        let limit = |handshake: Option<&Trace>| {
            headers + usize::from(handshake.and_then(announced_in).or(announced).unwrap_or(0))
        };
        let there = |size: usize| view.trace(&Packet { size, ..packet.clone() });
        let sent = discovered(declared.packet.min(limit(answering.as_ref())), |size| Some(there(size)));
        let arrived = there(sent);
        let answer = declared
            .answer
            .map(|size| discovered(size.min(limit(Some(&opening))), |size| view.trace_answer(&arrived, size)));
        Self { packet: sent, answer }
    }
}

/// The MSS that arrives, if it was lowered on its way.
fn announced_in(handshake: &Trace) -> Option<u16> {
    let clamped = |step: &Step| if let Event::Clamped { to, .. } = step.event { Some(to) } else { None };
    handshake.steps.iter().filter_map(clamped).min()
}

/// The size of packets, at first `size`, that keep to what they are told of their path.
fn discovered(mut size: usize, send: impl Fn(usize) -> Option<Trace>) -> usize {
    for _ in 0..MOST_DISCOVERIES {
        let Some(trace) = send(size) else { break };
        match trace.steps.last().map(|step| &step.event) {
            Some(Event::Dropped { reason: DropReason::FragmentationNeeded, because: Some(Because::Fits { mtu }) })
                if *mtu < size =>
            {
                size = *mtu;
            }
            _ => break,
        }
    }
    size
}

/// A packet of `flow` as large as it sends them.
fn packet_of(flow: &Flow) -> Packet {
    let version = IpVersion::of(flow.source);
    Packet {
        source: flow.source,
        destination: flow.destination,
        protocol: match (flow.protocol, version) {
            (FlowProtocol::Tcp, _) => protocol::TCP,
            (FlowProtocol::Udp, _) => protocol::UDP,
            (FlowProtocol::Icmp, IpVersion::V4) => protocol::ICMP,
            (FlowProtocol::Icmp, IpVersion::V6) => protocol::ICMPV6,
        },
        source_port: flow.source_port,
        destination_port: flow.destination_port,
        size: flow.packet_size,
        dont_fragment: flow.dont_fragment,
        time_to_live: flow.time_to_live,
        handshake_mss: None,
    }
}

impl Leg {
    /// What a packet that goes this way counts for. Sessions count at the gateway's
    /// ends of their tunnels.
    fn of(view: &EngineView, trace: &Trace) -> Self {
        let mut leg = Self { fate: trace.drop_reason, ..Self::default() };
        let (mut pieces, mut size) = (1_u64, trace.packet.size as u64);
        // The tunnel it came out of last.
        let mut left = None;
        for step in &trace.steps {
            let session = step.object.as_ref().filter(|_| matches!(step.node, Node::Tier0(_) | Node::Tier1(_)));
            let (tunnel, counters) = match (&step.event, session) {
                (Event::Copied { sizes, to, .. }, _) => {
                    let (packets, bytes) = (sizes.len() as u64, sizes.iter().sum::<usize>() as u64);
                    let counters = if to.arrives() {
                        TapCounters { packets, bytes, lost: 0 }
                    } else {
                        TapCounters { lost: packets, ..TapCounters::default() }
                    };
                    let service = if let CopyTo::Service { service, .. } = to { Some(service) } else { None };
                    leg.copies.extend(step.object.iter().chain(service).map(|tap| (tap.clone(), counters)));
                    continue;
                }
                (Event::Fragmented { sizes, is_inner: true }, _) => {
                    (pieces, size) = (sizes.len() as u64, sizes.iter().sum::<usize>() as u64);
                    continue;
                }
                (Event::Encapsulated { tunnel, .. }, Some(session)) => {
                    left = None;
                    let counters = TunnelCounters { packets_out: pieces, bytes_out: size, ..Default::default() };
                    (tunnel_at(view, session, *tunnel), counters)
                }
                (Event::Decapsulated { tunnel, .. }, Some(session)) => {
                    left = tunnel_at(view, session, *tunnel);
                    (left, TunnelCounters { packets_in: pieces, bytes_in: size, ..Default::default() })
                }
                // What is too large has not entered its tunnel; what is not protected came out
                // of one.
                (Event::Dropped { reason: DropReason::FragmentationNeeded, .. }, Some(session)) => {
                    let counters = TunnelCounters { oversized_out: 1, ..Default::default() };
                    (tunnel_for(view, session, &trace.packet), counters)
                }
                (Event::Dropped { reason: DropReason::SelectorMismatch, .. }, Some(_)) => {
                    (left, TunnelCounters { unmatched_in: pieces, ..Default::default() })
                }
                _ => continue,
            };
            if let (Some(tunnel), Some(session)) = (tunnel, session) {
                leg.tunnels.push((session.clone(), tunnel_key(tunnel.local, tunnel.remote), counters));
            }
        }
        leg
    }
}

/// The tunnel at this position of `session`.
fn tunnel_at<'a>(view: &'a EngineView, session: &PolicyPath, position: u32) -> Option<&'a Tunnel> {
    view.sessions.get(session)?.tunnels.get(position as usize)
}

/// The tunnel of `session` that is for `packet`.
fn tunnel_for<'a>(view: &'a EngineView, session: &PolicyPath, packet: &Packet) -> Option<&'a Tunnel> {
    let tunnels = &view.sessions.get(session)?.tunnels;
    let protects = |tunnel: &&Tunnel| tunnel.local.holds(packet.source) && tunnel.remote.holds(packet.destination);
    // A route-based session has one tunnel, for both IP versions.
    tunnels.iter().find(protects).or(tunnels.first())
}

impl Flow {
    /// How many packets it has sent before `moment`.
    pub(in crate::engine) fn sent_before(&self, moment: Moment) -> u64 {
        sent_before(self, moment)
    }

    /// A packet of it, as large as it sends them.
    pub(in crate::engine) fn packet(&self) -> Packet {
        packet_of(self)
    }

    /// What its packets are told by on their way.
    pub(in crate::engine) fn tuple(&self) -> FiveTuple {
        let packet = packet_of(self);
        FiveTuple {
            source: packet.source,
            destination: packet.destination,
            protocol: packet.protocol,
            source_port: packet.source_port,
            destination_port: packet.destination_port,
        }
    }

    /// The numbers of the packets that it sends from `from` until just before `to`.
    pub(in crate::engine) fn numbers(&self, from: Moment, to: Moment) -> std::ops::Range<u64> {
        sent_before(self, from)..sent_before(self, to)
    }

    /// When it sends the packet of this number, in nanoseconds since 1970.
    pub(in crate::engine) fn time_of(&self, number: u64) -> i64 {
        let after = i128::from(number) * 1_000_000_000 / i128::from(self.packets_per_second);
        i64::try_from(i128::from(self.start.0) * 1_000_000 + after).unwrap_or(i64::MAX)
    }
}

/// How many packets `flow` has sent before `moment`: one at its start, and then one
/// every 1000 / rate milliseconds, until it stops.
fn sent_before(flow: &Flow, moment: Moment) -> u64 {
    let end = flow.stop.map_or(moment, |stop| stop.min(moment));
    let time = i128::from(end.0) - i128::from(flow.start.0);
    if time <= 0 {
        return 0;
    }
    let packets = (time * i128::from(flow.packets_per_second) + MILLISECONDS - 1) / MILLISECONDS;
    u64::try_from(packets).unwrap_or(u64::MAX)
}

/// When `flow` sends its next packet, `now` or later; none when it has stopped by then.
fn next_packet(flow: &Flow, now: Moment) -> Option<Moment> {
    let number = i128::from(sent_before(flow, now));
    let after = number * MILLISECONDS / i128::from(flow.packets_per_second);
    let at = Moment(flow.start.0.checked_add(i64::try_from(after).ok()?)?).max(now);
    flow.stop.is_none_or(|stop| at < stop).then_some(at)
}
