//! Packet traces that are kept: what NetMaster SmartTrace calls traces and saved traces.
//!
//! | module | what it holds |
//! |---|---|
//! | [`id`] | the name of a trace: six properties with hyphens between them |
//! | `kept` | how a trace and its packets lie in the store |
//! | `import` | taking in a capture, or what there is of a source |
//! | `source` | copies of taps, packets of flows, what live traces have captured |
//! | `follow` | traces that go on while their source does |
//! | [`documents`] | traces and packets as NetMaster's API shows them |
//!
//! Packets are kept as they were caught, in chunks, and summed up when somebody asks: so a
//! better decoder shows more of what was kept long ago. A chunk is one transaction.

pub mod documents;
mod follow;
pub mod id;
mod import;
mod kept;
mod source;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use follow::Follows;
pub use id::TraceId;
pub use import::{Import, ImportError};
pub use kept::{Head, Seen};
pub use source::Source;

use super::packets::{Locals, PacketSummary, Summarizer};
use super::pcap::{Frame, Writer};
use super::store::{StoreError, StoreExt};
use super::{Engine, Moment, Refusal};

/// How far a trace is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum State {
    /// Packets are being taken in, or come as long as what it follows goes on.
    Running,
    /// All packets are there.
    Ended,
    /// All packets are there that had been copied when it was made; more may come to where it was
    /// made of.
    Snapshot,
}

impl State {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Ended => "ENDED",
            Self::Snapshot => "SNAPSHOT",
        }
    }
}

/// A question about packet traces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TraceQuestion {
    /// The traces of a region: all, or those of some definitions.
    List {
        /// The region; none: the usual one.
        region: Option<String>,
        /// The names of definitions; none: all.
        definitions: Vec<String>,
    },
    /// The summary of one packet.
    Packet {
        /// The region; none: the usual one.
        region: Option<String>,
        /// The trace, by its id.
        trace: String,
        /// The number of the packet, the first being 1.
        number: u64,
    },
}

/// The region of the engine where nothing else is said.
pub const REGION: &str = "LOCAL";

impl TraceQuestion {
    /// The region that is asked.
    pub fn region(&self) -> Option<&str> {
        let (Self::List { region, .. } | Self::Packet { region, .. }) = self;
        region.as_deref()
    }
}

impl Engine {
    /// The traces of a region as they are at `now`.
    pub fn packet_traces(&self, region: &str, now: Moment) -> Result<Vec<Head>, Refusal> {
        let all = self.store.read(|view| kept::heads(view, region))?;
        all.into_iter().map(|trace| self.taken_in(trace, now)).collect()
    }

    /// One trace as it is at `now`.
    pub fn packet_trace(&self, region: &str, id: &TraceId, now: Moment) -> Result<Option<Head>, Refusal> {
        let found = self.store.read(|view| kept::head(view, region, id))?;
        found.map(|trace| self.taken_in(trace, now)).transpose()
    }

    /// What `show` makes of a packet of a trace; none where the trace has no packet of this
    /// number.
    pub fn packet_of<T>(
        &self,
        trace: &Head,
        number: u64,
        show: impl FnOnce(&Frame<'_>, &PacketSummary<'_>) -> T,
    ) -> Result<Option<T>, Refusal> {
        let Some(first) = trace.chunk_of(number) else { return Ok(None) };
        let chunk = self.store.read(|view| kept::chunk(view, trace, first))?;
        let Some(chunk) = chunk else { return Ok(None) };
        let locals: Locals = trace.locals.iter().copied().collect();
        let mut summarizer = Summarizer::resume(locals, trace.interface.as_str(), first - 1, chunk.before());
        let mut show = Some(show);
        for (frame, at) in chunk.frames().zip(first..) {
            if at == number {
                return Ok(show.take().map(|show| show(&frame, &summarizer.next(&frame))));
            }
            summarizer.pass(&frame);
        }
        Ok(None)
    }

    /// The packets of a trace as they are in a capture file, chunk by chunk: the next part after
    /// those up to packet `done`, and the number of the last packet in it; none at the end.
    /// [`Head::file_header`] goes before them.
    pub fn packets_as_pcap(&self, trace: &Head, done: u64) -> Result<Option<(Vec<u8>, u64)>, Refusal> {
        let Some(first) = trace.chunk_of(done + 1) else { return Ok(None) };
        let Some(chunk) = self.store.read(|view| kept::chunk(view, trace, first))? else { return Ok(None) };
        let mut part = Vec::new();
        let mut writer = Writer::resume(&mut part);
        let mut last = done;
        // More may have come since somebody looked.
        for (frame, number) in chunk.frames().zip(first..=trace.kept) {
            writer.write(frame.time.unwrap_or_default(), frame.size, frame.bytes).map_err(|_| StoreError::NotRun)?;
            last = number;
        }
        Ok(Some((part, last)))
    }

    /// Removes a trace and its packets; says whether there was one.
    pub fn delete_packet_trace(&self, region: &str, id: &TraceId) -> Result<bool, Refusal> {
        let Some(trace) = self.store.read(|view| kept::head(view, region, id))? else { return Ok(false) };
        kept::remove(self.store.as_ref(), &trace)?;
        Ok(true)
    }
}
