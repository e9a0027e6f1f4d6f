//! What flows send over the fabric, and what interfaces count of that.
//!
//! Each flow is one or more streams: its packets, their answers, and the copies that devices
//! make of them. A line that is offered more than it carries drops an equal share of every
//! stream in the queue before it; what is left is offered to the next line. As long as
//! nothing changes, a share is a number, so that packets are counted by arithmetic.

use std::collections::HashMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::net::Net;
use super::way::{Fate, Way};
use crate::engine::Moment;
use crate::engine::taps::frames;
use crate::engine::topology::{FiveTuple, Flow, Topology};
use crate::model::{FlowProtocol, PolicyPath};

/// All of a stream, in millionths.
pub const ALL: u64 = 1_000_000;
/// An Ethernet header and the frame check sequence: interfaces count whole frames.
const FRAME: u64 = 18;
/// The shortest frame.
const SHORTEST: u64 = 64;
/// What VXLAN puts before an IP packet: Ethernet, VXLAN and UDP headers (RFC 7348).
const VXLAN: u64 = 14 + 8 + 8;
/// What ERSPAN type II puts before one: Ethernet, ERSPAN, and GRE with a sequence number
/// (draft-foschiano-erspan-03).
const ERSPAN: u64 = 14 + 8 + 8;
/// The hops that the packets of a VTEP may go.
pub const OUTER_HOPS: u8 = 64;
/// GRE (IANA "Assigned Internet Protocol Numbers").
const GRE: u8 = 47;
/// After so many rounds of dropping, shares are taken for what they are: a way has seldom as
/// many narrow lines.
const MOST_ROUNDS: usize = 16;

/// What one interface has counted of flows, each way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counted {
    /// Packets received.
    pub rx_packets: u64,
    /// Bytes received.
    pub rx_bytes: u64,
    /// Packets sent.
    pub tx_packets: u64,
    /// Bytes sent.
    pub tx_bytes: u64,
    /// Packets dropped in the queue to it.
    pub tx_dropped: u64,
}

/// What flows send over an interface in a second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// Packets received.
    pub rx_packets: u64,
    /// Bytes received.
    pub rx_bytes: u64,
    /// Packets sent.
    pub tx_packets: u64,
    /// Bytes sent.
    pub tx_bytes: u64,
}

/// What is counted of the copies that a collection has had made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MirrorCounters {
    /// Copies that reached the analyzer.
    pub packets: u64,
    /// Their bytes, as IP packets with what wraps them.
    pub bytes: u64,
    /// Copies that did not.
    pub lost: u64,
}

impl MirrorCounters {
    /// Adds what was counted since.
    pub fn add(&mut self, more: Self) {
        self.packets += more.packets;
        self.bytes += more.bytes;
        self.lost += more.lost;
    }
}

/// Packets of a flow, their answers, or copies of them.
#[derive(Clone, Debug)]
struct Stream {
    flow: Flow,
    what: What,
    /// What of them leaves the source, in millionths of what the flow sends.
    begins: u64,
    /// Bytes of an IP packet.
    size: u64,
    way: Way,
    /// What of them leaves each hop, in millionths.
    shares: Vec<u64>,
    /// What of them arrives.
    arrives: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    Packets,
    /// The answers to the stream at this position.
    Answers(usize),
    /// Copies for a collection of what arrives at a hop of the stream at this position.
    Copies(usize, usize, PolicyPath),
}

/// An interface: the positions of its device and of itself.
type At = (usize, usize);

/// A way through an interface.
#[derive(Clone, Copy, Debug)]
enum Through {
    Rx,
    Tx,
}

/// A stream, and at which of its hops it goes through an interface, and how.
type Passage = (usize, usize, Through);

/// What flows send over the fabric, as long as nothing changes.
#[derive(Debug)]
pub struct Load {
    streams: Vec<Stream>,
    /// The streams through each interface, and at which of their hops.
    through: HashMap<At, Vec<Passage>>,
    /// The streams of packets by what these look like.
    by_tuple: HashMap<FiveTuple, Vec<usize>>,
    /// Those of each flow: packets, answers.
    by_flow: HashMap<PolicyPath, usize>,
}

/// What becomes of the packets of a flow in the fabric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Why none of them arrives, if so.
    pub fate: Fate,
    /// What of them arrives, in millionths.
    pub arrives: u64,
    /// The same of their answers, if there are any, and they are sent.
    pub answers: Option<(Fate, u64, u64)>,
}

/// So much of so many packets.
pub fn share(packets: u64, millionths: u64) -> u64 {
    u64::try_from(u128::from(packets) * u128::from(millionths) / u128::from(ALL)).unwrap_or(u64::MAX)
}

fn frame(size: u64) -> u64 {
    (size + FRAME).max(SHORTEST)
}

fn ip_header(address: IpAddr) -> u64 {
    if address.is_ipv4() { 20 } else { 40 }
}

impl Stream {
    /// What of them arrives at this hop.
    fn arriving(&self, hop: usize) -> u64 {
        match hop.checked_sub(1) {
            Some(before) => self.shares.get(before).copied().unwrap_or_default(),
            None => self.begins,
        }
    }

    /// The lines it is sent over: at which hop, and the device and interface before each.
    fn lines(&self) -> impl Iterator<Item = (usize, usize, usize, u64)> {
        let hops = self.way.hops.iter().enumerate();
        hops.filter_map(|(at, hop)| hop.egress.map(|(interface, line)| (at, hop.device, interface, line.speed)))
    }

    /// Packets of the flow from `from` until just before `to`, of which this share is left.
    fn counted(&self, from: Moment, to: Moment, millionths: u64) -> u64 {
        share(self.flow.sent_before(to), millionths) - share(self.flow.sent_before(from), millionths)
    }

    fn is_sending(&self, now: Moment) -> bool {
        self.flow.start <= now && self.flow.stop.is_none_or(|stop| now < stop)
    }

    fn rate(&self, now: Moment) -> u64 {
        if self.is_sending(now) { u64::from(self.flow.packets_per_second) } else { 0 }
    }
}

impl Load {
    /// What the flows of `topology` send over `net` at `now`.
    pub fn of(net: &Net, topology: &Topology, now: Moment) -> Self {
        let mut load =
            Self { streams: Vec::new(), through: HashMap::new(), by_tuple: HashMap::new(), by_flow: HashMap::new() };
        for flow in topology.flows.values() {
            load.add(net, flow);
        }
        load.mirror(net, topology);
        load.drop_what_is_too_much(now);
        for (position, stream) in load.streams.iter().enumerate() {
            for (at, hop) in stream.way.hops.iter().enumerate() {
                let ingress = hop.ingress.map(|interface| (interface, Through::Rx));
                let egress = hop.egress.map(|(interface, _)| (interface, Through::Tx));
                for (interface, how) in ingress.into_iter().chain(egress) {
                    load.through.entry((hop.device, interface)).or_default().push((position, at, how));
                }
            }
        }
        load
    }

    fn add(&mut self, net: &Net, flow: &Flow) {
        let inner = flow.tuple();
        let Some(entry) = net.entry(&inner) else { return };
        let hops = if entry.vnid.is_some() { usize::from(OUTER_HOPS) } else { usize::from(flow.time_to_live) };
        let Some(way) = net.way(&entry.tuple, hops) else { return };
        let wrapping = if entry.vnid.is_some() { VXLAN + ip_header(entry.tuple.source) } else { 0 };
        let position = self.streams.len();
        self.by_tuple.entry(entry.tuple).or_default().push(position);
        self.by_flow.insert(flow.path.clone(), position);
        let stream = |what, size: usize, way: Way| Stream {
            flow: flow.clone(),
            what,
            begins: ALL,
            size: size as u64 + wrapping,
            shares: vec![ALL; way.hops.len()],
            way,
            arrives: ALL,
        };
        let delivered = way.fate == Fate::Delivered;
        self.streams.push(stream(What::Packets, flow.packet_size, way));
        let Some(size) = flow.reply_packet_size.filter(|_| delivered) else { return };
        let back = match entry.vnid {
            // The VTEP at the other end makes a port of the answer.
            Some(_) => net.entry(&inner.answer()).map(|entry| entry.tuple),
            None => Some(entry.tuple.answer()),
        };
        if let Some(way) = back.and_then(|tuple| net.way(&tuple, 64)) {
            self.streams.push(stream(What::Answers(position), size, way));
        }
    }

    /// The copies that collections have made.
    fn mirror(&mut self, net: &Net, topology: &Topology) {
        let mirroring = topology.collections.values().filter_map(|it| Some((it, it.analyzer?)));
        for (collection, analyzer) in mirroring {
            for source in self.by_tuple.get(&collection.tuple).cloned().unwrap_or_default() {
                for hop in 0..self.streams[source].way.hops.len() {
                    let original = &self.streams[source];
                    let tuple = FiveTuple {
                        source: IpAddr::V4(frames::HOSTS.0),
                        destination: analyzer,
                        protocol: GRE,
                        source_port: 0,
                        destination_port: 0,
                    };
                    let way = net.way_from(original.way.hops[hop].device, &tuple);
                    let copies = Stream {
                        flow: original.flow.clone(),
                        what: What::Copies(source, hop, collection.path.clone()),
                        begins: ALL,
                        size: original.size + ERSPAN + ip_header(analyzer),
                        shares: vec![ALL; way.hops.len()],
                        way,
                        arrives: ALL,
                    };
                    self.streams.push(copies);
                }
            }
        }
    }

    /// Finds what is left of each stream at each hop.
    fn drop_what_is_too_much(&mut self, now: Moment) {
        let mut fits: HashMap<(usize, usize), u64> = HashMap::new();
        for _ in 0..MOST_ROUNDS {
            self.spread(&fits);
            let mut offered: HashMap<(usize, usize), (u128, u64)> = HashMap::new();
            for stream in &self.streams {
                let bytes = u128::from(stream.rate(now)) * u128::from(frame(stream.size));
                for (at, device, interface, speed) in stream.lines() {
                    let sum = offered.entry((device, interface)).or_insert((0, speed));
                    sum.0 += bytes * u128::from(stream.arriving(at));
                }
            }
            let mut next = HashMap::new();
            for (line, (offered, speed)) in offered {
                let carried = u128::from(speed) * 125_000 * u128::from(ALL);
                if offered > carried {
                    let part = u64::try_from(carried * u128::from(ALL) / offered).unwrap_or(ALL);
                    next.insert(line, part);
                }
            }
            if next == fits {
                return;
            }
            fits = next;
        }
        self.spread(&fits);
    }

    /// Lets each line carry so much of what it is offered, in millionths.
    fn spread(&mut self, fits: &HashMap<(usize, usize), u64>) {
        for position in 0..self.streams.len() {
            let begins = match &self.streams[position].what {
                What::Packets => ALL,
                What::Answers(of) => self.streams[*of].arrives,
                What::Copies(of, hop, _) => self.streams[*of].arriving(*hop),
            };
            let stream = &mut self.streams[position];
            stream.begins = begins;
            let mut left = begins;
            for (hop, share) in stream.way.hops.iter().zip(&mut stream.shares) {
                let fit = hop.egress.and_then(|(interface, _)| fits.get(&(hop.device, interface)));
                left = fit.map_or(left, |fit| left * fit / ALL);
                *share = left;
            }
            stream.arrives = if stream.way.fate == Fate::Delivered { left } else { 0 };
        }
    }

    /// What an interface counts from `from` until just before `to`.
    pub fn counted(&self, device: usize, interface: usize, from: Moment, to: Moment) -> Counted {
        let mut counted = Counted::default();
        for (position, hop, how) in self.through.get(&(device, interface)).into_iter().flatten() {
            let stream = &self.streams[*position];
            let arriving = stream.counted(from, to, stream.arriving(*hop));
            match how {
                Through::Rx => {
                    counted.rx_packets += arriving;
                    counted.rx_bytes += arriving * frame(stream.size);
                }
                Through::Tx => {
                    let leaving = stream.counted(from, to, stream.shares[*hop]);
                    counted.tx_packets += leaving;
                    counted.tx_bytes += leaving * frame(stream.size);
                    counted.tx_dropped += arriving.saturating_sub(leaving);
                }
            }
        }
        counted
    }

    /// What flows send over an interface in a second, at `now`.
    pub fn rates(&self, device: usize, interface: usize, now: Moment) -> Rates {
        let mut rates = Rates::default();
        for (position, hop, how) in self.through.get(&(device, interface)).into_iter().flatten() {
            let stream = &self.streams[*position];
            match how {
                Through::Rx => {
                    let packets = share(stream.rate(now), stream.arriving(*hop));
                    rates.rx_packets += packets;
                    rates.rx_bytes += packets * frame(stream.size);
                }
                Through::Tx => {
                    let packets = share(stream.rate(now), stream.shares[*hop]);
                    rates.tx_packets += packets;
                    rates.tx_bytes += packets * frame(stream.size);
                }
            }
        }
        rates
    }

    /// The interfaces that streams go through.
    pub fn interfaces(&self) -> impl Iterator<Item = (usize, usize)> {
        self.through.keys().copied()
    }

    /// How many packets that look like this arrive at `device` from `from` until just before `to`.
    pub fn arrivals(&self, tuple: &FiveTuple, device: usize, from: Moment, to: Moment) -> u64 {
        let streams = self.by_tuple.get(tuple).into_iter().flatten().map(|position| &self.streams[*position]);
        let at = |stream: &&Stream| stream.way.hops.iter().position(|hop| hop.device == device);
        streams.filter_map(|stream| Some(stream.counted(from, to, stream.arriving(at(&stream)?)))).sum()
    }

    /// The copies that are made for each collection from `from` until just before `to`.
    pub fn copies(&self, from: Moment, to: Moment) -> Vec<(&PolicyPath, MirrorCounters)> {
        let copies = self.streams.iter().filter_map(|stream| {
            let What::Copies(_, _, collection) = &stream.what else { return None };
            let (made, packets) = (stream.counted(from, to, stream.begins), stream.counted(from, to, stream.arrives));
            let lost = made.saturating_sub(packets);
            Some((collection, MirrorCounters { packets, bytes: packets * stream.size, lost }))
        });
        copies.collect()
    }

    /// The copies for the collection at `path` that arrive: which flow they are of, at which of
    /// its hops they are made, microseconds from when its packet is sent until they are there,
    /// and what of them arrives, in millionths.
    pub fn copies_for<'a>(
        &'a self,
        path: &'a PolicyPath,
    ) -> impl Iterator<Item = (&'a Flow, &'a Way, usize, u64, u64)> + 'a {
        self.streams.iter().filter_map(move |copies| {
            let What::Copies(of, hop, wanted) = &copies.what else { return None };
            let original = self.streams.get(*of).filter(|_| wanted == path && copies.arrives > 0)?;
            let after = original.way.hops.get(*hop)?.latency + copies.way.latency;
            Some((&original.flow, &original.way, *hop, after, copies.arrives))
        })
    }

    /// What becomes of the packets of the flow at `path`; none if it is not of the fabric.
    pub fn outcome(&self, path: &PolicyPath) -> Option<Outcome> {
        let position = *self.by_flow.get(path)?;
        let stream = &self.streams[position];
        let back = self.streams.get(position + 1).filter(|it| it.what == What::Answers(position));
        Some(Outcome {
            fate: stream.way.fate,
            arrives: stream.arrives,
            answers: back.map(|back| (back.way.fate, back.begins, back.arrives)),
        })
    }
}

/// Whether `flow` is one whose packets a compute agent can tell by their ports.
pub fn has_ports(flow: &Flow) -> bool {
    flow.protocol != FlowProtocol::Icmp
}
