//! The copies that taps and the mirrors of flow traces have made, packet by packet, and what a flow
//! sends and receives.
//!
//! Copies are counted by arithmetic and kept nowhere. Who wants to see them lets what has
//! happened happen again, and looks on. What happened before the state was settled last
//! cannot be seen any more.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::machine::Runtime;
use super::traffic::{Flight, Meter};
use super::{Replayed, replay};
use crate::engine::fabric::Mirrored;
use crate::engine::forwarding::{Copied, CopyTo, Packet};
use crate::engine::store::StoreExt;
use crate::engine::taps::frames::{self, OnFabric};
use crate::engine::topology::{Flow, Topology};
use crate::engine::{Engine, Moment, Refusal};
use crate::model::PolicyPath;

/// Whose copies are wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaptureOf {
    /// Those of a tap service, a tap flow or a tap mirror.
    Tap(PolicyPath),
    /// Those that are delivered to a segment port, by whatever service.
    Port(PolicyPath),
    /// The packets of a simulated flow at its source: those that it sends, and the answers that
    /// arrive there. Of a flow over the fabric, those that it sends.
    Flow(PolicyPath),
    /// Those that devices have sent to the analyzer of a flow trace or a tunnel trace.
    Collection(PolicyPath),
}

impl CaptureOf {
    /// The tap, the port, the flow or the trace.
    pub const fn path(&self) -> &PolicyPath {
        match self {
            Self::Tap(path) | Self::Port(path) | Self::Flow(path) | Self::Collection(path) => path,
        }
    }

    /// Whether it is declared in `topology`.
    pub fn is_declared(&self, topology: &Topology) -> bool {
        match self {
            Self::Tap(path) => topology.name_of_tap(path).is_some(),
            Self::Port(path) => topology.ports.contains_key(path),
            Self::Flow(path) => topology.flows.contains_key(path),
            Self::Collection(path) => topology.collections.contains_key(path),
        }
    }

    /// Whether the copy of a tap is wanted, and arrives.
    fn wants(&self, copy: &Copied) -> bool {
        let wanted = match (self, &copy.to) {
            (Self::Tap(path), CopyTo::Service { service, .. }) => path == &copy.by || path == service,
            (Self::Tap(path), CopyTo::Remote { .. }) => path == &copy.by,
            (Self::Port(path), CopyTo::Service { port, .. }) => path == port,
            (Self::Port(_), CopyTo::Remote { .. }) | (Self::Flow(_) | Self::Collection(_), _) => false,
        };
        wanted && copy.to.arrives()
    }
}

/// Which copies are wanted.
#[derive(Clone, Debug)]
pub struct CaptureRequest {
    /// Whose.
    pub of: CaptureOf,
    /// Of packets sent at this moment or later; none: as early as can be seen.
    pub from: Option<Moment>,
    /// Of those of packets sent in the millisecond of `from`, so many are left out, the first
    /// ones: where an earlier capture was cut.
    pub skip: u64,
    /// Of packets sent before this moment; none: now.
    pub to: Option<Moment>,
    /// So many at most, those of the packets that were sent first.
    pub most: usize,
    /// So many bytes at most, as a capture file.
    pub most_bytes: u64,
}

/// Where a capture goes on that was cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rest {
    /// [`CaptureRequest::from`] of what follows.
    pub from: Moment,
    /// [`CaptureRequest::skip`] of what follows.
    pub skip: u64,
}

/// A copy of one packet, or of the fragments of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapturedCopy {
    /// When it was made, in nanoseconds since 1970.
    pub at: i64,
    /// The copy.
    pub copied: Copied,
    /// The packet, as it was sent.
    pub packet: Packet,
    /// The size of the packets of its flow that go the other way; none: there are none.
    pub size_back: Option<usize>,
    /// The flow it belongs to.
    pub flow: PolicyPath,
    /// Its number among the packets of the flow, from 0; an answer has that of what it
    /// answers.
    pub number: u64,
    /// Whether it answers.
    pub is_answer: bool,
    /// Whether no router is between the two ends.
    pub is_local: bool,
    /// How it is on the fabric, where it is copied there.
    pub on_fabric: Option<Arc<OnFabric>>,
}

/// What was captured.
#[derive(Clone, Debug)]
pub struct Capture {
    /// The earliest moment that can be seen.
    pub since: Moment,
    /// The copies, in the order in which they were made.
    pub copies: Vec<CapturedCopy>,
    /// Where it goes on; none: there are no more than these.
    pub rest: Option<Rest>,
    /// What is declared at the end.
    pub topology: Arc<Topology>,
}

/// Who looks on while everything happens again.
#[derive(Clone, Debug)]
pub(super) struct Recorder {
    of: CaptureOf,
    from: Moment,
    skip: u64,
    to: Moment,
    most: usize,
    most_bytes: u64,
    copies: Vec<CapturedCopy>,
    bytes: u64,
    /// The millisecond of the packet that was looked at last, and how many copies of packets
    /// sent in it have been met.
    met: Rest,
    rest: Option<Rest>,
}

/// The packets that a flow has yet to send, and the copies that are wanted of each.
struct Stream<'a> {
    flow: &'a Flow,
    copies: Vec<Wanted<'a>>,
    numbers: Range<u64>,
}

/// A copy that is wanted of each packet.
#[derive(Clone, Copy)]
enum Wanted<'a> {
    /// That of a tap, so many milliseconds after the flow's packet was sent.
    Tap(&'a Flight, u32, &'a Copied),
    /// That of a device of the fabric, if it arrives.
    Fabric(&'a Mirrored),
}

impl Wanted<'_> {
    /// The copy of the packet of this number; none where it does not arrive.
    fn of(self, flow: &Flow, number: u64) -> Option<CapturedCopy> {
        let sent = flow.time_of(number);
        match self {
            Self::Tap(flight, after, copied) => Some(CapturedCopy {
                at: sent.saturating_add(i64::from(after).saturating_mul(1_000_000)),
                copied: copied.clone(),
                packet: flight.packet.clone(),
                size_back: flight.size_back,
                flow: flow.path.clone(),
                number,
                is_answer: flight.is_answer,
                is_local: flight.is_local,
                on_fabric: None,
            }),
            Self::Fabric(mirrored) => mirrored.arrives(number).then(|| CapturedCopy {
                at: sent.saturating_add(i64::try_from(mirrored.after).unwrap_or(i64::MAX).saturating_mul(1_000)),
                copied: mirrored.copied.clone(),
                packet: flow.packet(),
                size_back: flow.reply_packet_size,
                flow: flow.path.clone(),
                number,
                is_answer: false,
                is_local: false,
                on_fabric: Some(Arc::clone(&mirrored.on_fabric)),
            }),
        }
    }

    /// The most bytes that it takes in a capture file.
    fn room(self) -> u64 {
        match self {
            Self::Tap(_, _, copied) => frames::room(copied, None),
            Self::Fabric(mirrored) => frames::room(&mirrored.copied, Some(&mirrored.on_fabric)),
        }
    }
}

impl Recorder {
    fn new(request: &CaptureRequest, now: Moment) -> Self {
        let from = request.from.unwrap_or(Moment(i64::MIN));
        Self {
            of: request.of.clone(),
            from,
            skip: request.skip,
            to: request.to.unwrap_or(now).min(now),
            most: request.most,
            most_bytes: request.most_bytes,
            copies: Vec::new(),
            bytes: 0,
            met: Rest { from, skip: 0 },
            rest: None,
        }
    }

    /// The flow whose packets are wanted; none where copies are.
    pub const fn flow(&self) -> Option<&PolicyPath> {
        if let CaptureOf::Flow(path) = &self.of { Some(path) } else { None }
    }

    /// The flow trace or the tunnel trace whose copies are wanted, if they are.
    pub const fn collection(&self) -> Option<&PolicyPath> {
        if let CaptureOf::Collection(path) = &self.of { Some(path) } else { None }
    }

    /// Writes down the copies of what flows send from `from` until just before `to`, during
    /// which `meter` holds, and devices make copies as `mirrored` tells: packet by packet, in
    /// the order in which they are sent.
    pub fn look<'t>(
        &mut self,
        topology: &'t Topology,
        meter: &'t Meter,
        mirrored: &'t [Mirrored],
        from: Moment,
        to: Moment,
    ) {
        let (from, to) = (from.max(self.from), to.min(self.to));
        if from >= to || self.rest.is_some() {
            return;
        }
        let stream = |flow: &'t Flow| {
            let of_taps = meter.flights(&flow.path).flat_map(|flight| wanted(&self.of, flight));
            let own = self.flow().filter(|path| **path == flow.path).map(|path| meter.ends(path)).unwrap_or_default();
            let seen = own
                .iter()
                .flat_map(|flight| flight.copies.iter().map(move |(after, copy)| Wanted::Tap(flight, *after, copy)));
            let of_devices = mirrored.iter().filter(|it| it.flow == flow.path).map(Wanted::Fabric);
            Stream { flow, copies: of_taps.chain(seen).chain(of_devices).collect(), numbers: flow.numbers(from, to) }
        };
        let streams = topology.flows.values().map(stream).filter(|stream| !stream.copies.is_empty());
        let mut streams: Vec<_> = streams.collect();
        let mut next: BinaryHeap<_> = BinaryHeap::with_capacity(streams.len());
        for (position, stream) in streams.iter_mut().enumerate() {
            next.extend(stream.numbers.next().map(|number| Reverse((stream.flow.time_of(number), position, number))));
        }
        while let Some(Reverse((sent, position, number))) = next.pop() {
            let Some(stream) = streams.get_mut(position) else { continue };
            for wanted in &stream.copies {
                if let Some(copy) = wanted.of(stream.flow, number)
                    && !self.meet(sent, wanted.room(), copy)
                {
                    return;
                }
            }
            next.extend(stream.numbers.next().map(|number| Reverse((stream.flow.time_of(number), position, number))));
        }
    }

    /// Meets a copy of a packet sent at `sent`, which takes so many bytes in a capture file.
    /// Whether there was room for it, if it is wanted.
    fn meet(&mut self, sent: i64, room: u64, copy: CapturedCopy) -> bool {
        let millisecond = Moment(sent.div_euclid(1_000_000));
        if millisecond != self.met.from {
            self.met = Rest { from: millisecond, skip: 0 };
        }
        if millisecond != self.from || self.met.skip >= self.skip {
            let bytes = self.bytes.saturating_add(room);
            if self.copies.len() >= self.most || bytes > self.most_bytes {
                self.rest = Some(self.met);
                return false;
            }
            self.bytes = bytes;
            self.copies.push(copy);
        }
        self.met.skip += 1;
        true
    }
}

/// The copies of a packet by taps that are wanted.
fn wanted<'a>(of: &CaptureOf, flight: &'a Flight) -> Vec<Wanted<'a>> {
    let wanted = flight.copies.iter().filter(|(_, copy)| of.wants(copy));
    wanted.map(|(after, copy)| Wanted::Tap(flight, *after, copy)).collect()
}

impl Engine {
    /// The copies that taps or devices have made, as far back as that can be seen.
    pub fn capture(&self, request: &CaptureRequest, now: Moment) -> Result<Capture, Refusal> {
        let recorder = Recorder::new(request, now);
        let replayed = self.store.read(|view| replay(view, now, self.prefix_match, Some(recorder)))?;
        let Replayed { begin: since, mut runtime, .. } = replayed;
        runtime.advance(now);
        let recorder = runtime.take_recorder();
        let (mut copies, rest) = recorder.map_or_else(Default::default, |it| (it.copies, it.rest));
        // A packet that was sent later may be there earlier.
        copies.sort_by_key(|copy| copy.at);
        Ok(Capture { since, copies, rest, topology: Runtime::view(&runtime).topology })
    }
}
