//! Packet traces, as NetMaster SmartTrace shows them: the summary of every packet.
//!
//! | module | what it holds |
//! |---|---|
//! | [`summary`] | the summary of a packet, with NetMaster's names |
//! | `decode` | what is in a packet, as a line: one module for each protocol |
//! | [`layers`] | a frame cut into its headers |
//! | `line` | the words of such a line |
//! | `bytes` | taking fields off bytes |
//! | [`local`] | which of the two ends is the local one |
//! | [`code_page`] | bytes as characters of EBCDIC and ASCII |
//!
//! A [`Summarizer`] is fed frames, one after the other, and keeps nothing of them but the time
//! of the last one.

mod bytes;
pub mod code_page;
mod decode;
pub mod layers;
mod line;
pub mod local;
pub mod summary;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub use local::Locals;
pub use summary::{PacketSummary, Way};

use crate::engine::pcap::Frame;
use line::Line;
use summary::{Connection, Data, Timing};

/// Nanoseconds in a microsecond, and microseconds in a millisecond.
const THOUSAND: i64 = 1_000;

/// Sums up packet after packet.
#[derive(Debug)]
pub struct Summarizer {
    locals: Locals,
    /// The name of the interface of frames that do not tell theirs.
    interface: String,
    line: Line,
    protocol: Cow<'static, str>,
    number: u64,
    /// The time of the last packet, in microseconds.
    last: Option<i64>,
}

impl Summarizer {
    /// Sums up packets of a trace, in which `locals` are local. Where a capture does not tell
    /// the interface, it is called `interface`.
    pub fn new(locals: Locals, interface: impl Into<String>) -> Self {
        Self {
            locals,
            interface: interface.into(),
            line: Line::default(),
            protocol: Cow::Borrowed(""),
            number: 0,
            last: None,
        }
    }

    /// Goes on behind packet `number`, which was caught at `last`, in nanoseconds since 1970.
    pub fn resume(locals: Locals, interface: impl Into<String>, number: u64, last: Option<i64>) -> Self {
        let last = last.map(|time| time.div_euclid(THOUSAND));
        Self { number, last, ..Self::new(locals, interface) }
    }

    /// Counts a packet without looking into it.
    pub fn pass(&mut self, frame: &Frame<'_>) {
        self.number += 1;
        self.last = Some(self.time(frame));
    }

    /// Microseconds since 1970. A frame without a time has that of the one before.
    fn time(&self, frame: &Frame<'_>) -> i64 {
        frame.time.map_or(self.last.unwrap_or_default(), |time| time.div_euclid(THOUSAND))
    }

    /// The summary of the next packet.
    pub fn next<'a>(&'a mut self, frame: &Frame<'a>) -> PacketSummary<'a> {
        let before = self.last;
        self.pass(frame);
        let absolute = self.last.unwrap_or_default();
        // A clock that was set back is no time that has passed.
        let delta = before.map_or(0, |before| (absolute - before).max(0) / THOUSAND);
        self.line.clear();
        let decoded = decode::decode(frame, &mut self.line);
        self.protocol = decoded.protocol;
        let (ends, ports) = (decoded.ends, decoded.ports);
        let way = ends.map_or(Way::Recv, |ends| self.locals.way(ends, ports.unwrap_or_default(), frame.direction()));
        let sorted = |ends| match (ends, way) {
            (None, _) => (None, None),
            (Some((source, destination)), Way::Send) => (Some(source), Some(destination)),
            (Some((source, destination)), Way::Recv) => (Some(destination), Some(source)),
        };
        let (local_address, remote_address) = sorted(ends);
        let (local_port, remote_port) = match (ports, way) {
            (None, _) => (None, None),
            (Some((from, to)), Way::Send) => (Some(from), Some(to)),
            (Some((from, to)), Way::Recv) => (Some(to), Some(from)),
        };
        PacketSummary {
            packet_number: self.number,
            connection: Connection { local_address, local_port, remote_address, remote_port, direction: way },
            length: decoded.length,
            protocol: &self.protocol,
            timing: Timing { absolute, delta },
            summary: self.line.text(),
            data: Data::of(decoded.content),
            stack_interface: frame.interface.unwrap_or(&self.interface),
            total_packets: 1,
        }
    }
}
