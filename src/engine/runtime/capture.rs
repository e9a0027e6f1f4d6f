//! The copies that taps have made, packet by packet.
//!
//! Copies are counted by arithmetic and kept nowhere. Who wants to see them lets what has
//! happened happen again, and looks on. What happened before the state was settled last
//! cannot be seen any more.

use std::sync::Arc;

use super::machine::Runtime;
use super::traffic::{Flight, Meter};
use super::{Replayed, replay};
use crate::engine::forwarding::{Copied, CopyTo, Packet};
use crate::engine::store::StoreExt;
use crate::engine::topology::{Flow, Topology};
use crate::engine::{Engine, Moment, Refusal};
use crate::model::PolicyPath;

/// Whose copies are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaptureOf {
    /// Those of a tap service, a tap flow or a tap mirror.
    Tap(PolicyPath),
    /// Those that are delivered to a segment port, by whatever service.
    Port(PolicyPath),
}

impl CaptureOf {
    /// Whether `copy` is wanted, and arrives.
    fn wants(&self, copy: &Copied) -> bool {
        let wanted = match (self, &copy.to) {
            (Self::Tap(path), CopyTo::Service { service, .. }) => path == &copy.by || path == service,
            (Self::Tap(path), CopyTo::Remote { .. }) => path == &copy.by,
            (Self::Port(path), CopyTo::Service { port, .. }) => path == port,
            (Self::Port(_), CopyTo::Remote { .. }) => false,
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
    /// Of packets sent before this moment; none: now.
    pub to: Option<Moment>,
    /// So many at most, the first ones.
    pub most: usize,
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
}

/// What was captured.
#[derive(Clone, Debug)]
pub struct Capture {
    /// The earliest moment that can be seen.
    pub since: Moment,
    /// The copies, in the order in which they were made.
    pub copies: Vec<CapturedCopy>,
    /// Whether there are more than were wanted.
    pub is_cut: bool,
    /// What is declared at the end.
    pub topology: Arc<Topology>,
}

/// Who looks on while everything happens again.
#[derive(Clone, Debug)]
pub(super) struct Recorder {
    of: CaptureOf,
    from: Moment,
    to: Moment,
    most: usize,
    copies: Vec<CapturedCopy>,
    is_cut: bool,
}

impl Recorder {
    /// Writes down the copies of what flows send from `from` until just before `to`, during
    /// which `meter` holds.
    pub fn look(&mut self, topology: &Topology, meter: &Meter, from: Moment, to: Moment) {
        let (from, to) = (from.max(self.from), to.min(self.to));
        if from >= to || self.is_cut {
            return;
        }
        let (room, before) = (self.most - self.copies.len(), self.copies.len());
        for flow in topology.flows.values() {
            for flight in meter.flights(&flow.path) {
                let wanted: Vec<_> = flight.copies.iter().filter(|(_, copy)| self.of.wants(copy)).collect();
                if wanted.is_empty() {
                    continue;
                }
                // One more than there is room for tells that there are more.
                for number in flow.numbers(from, to).take(room / wanted.len() + 1) {
                    self.copies.extend(wanted.iter().map(|(after, copy)| captured(flow, flight, *after, copy, number)));
                }
            }
        }
        if let Some(new) = self.copies.get_mut(before..) {
            new.sort_by_key(|copy| copy.at);
        }
        if self.copies.len() > self.most {
            self.copies.truncate(self.most);
            self.is_cut = true;
        }
    }
}

fn captured(flow: &Flow, flight: &Flight, after: u32, copy: &Copied, number: u64) -> CapturedCopy {
    CapturedCopy {
        at: flow.time_of(number).saturating_add(i64::from(after).saturating_mul(1_000_000)),
        copied: copy.clone(),
        packet: flight.packet.clone(),
        size_back: flight.size_back,
        flow: flow.path.clone(),
        number,
        is_answer: flight.is_answer,
        is_local: flight.is_local,
    }
}

impl Engine {
    /// The copies that taps have made, as far back as that can be seen.
    pub fn capture(&self, request: &CaptureRequest, now: Moment) -> Result<Capture, Refusal> {
        let recorder = Recorder {
            of: request.of.clone(),
            from: request.from.unwrap_or(Moment(i64::MIN)),
            to: request.to.unwrap_or(now).min(now),
            most: request.most,
            copies: Vec::new(),
            is_cut: false,
        };
        let replayed = self.store.read(|view| replay(view, now, self.prefix_match, Some(recorder)))?;
        let Replayed { begin: since, mut runtime, .. } = replayed;
        runtime.advance(now);
        let recorder = runtime.take_recorder();
        let (mut copies, is_cut) = recorder.map_or_else(Default::default, |it| (it.copies, it.is_cut));
        // A packet that was sent later may be there earlier.
        copies.sort_by_key(|copy| copy.at);
        Ok(Capture { since, copies, is_cut, topology: Runtime::view(&runtime).topology })
    }
}
