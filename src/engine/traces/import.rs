//! Taking in a capture, or what there is of a source.

use std::io::Read;

use ipnet::IpNet;

use super::follow::Follows;
use super::kept::{self, Chunk, Head, Seen};
use super::source::{Part, Source};
use super::{State, TraceId, id};
use crate::engine::packets::{Locals, Summarizer};
use crate::engine::pcap::{Capture, CaptureError, Frame, Link};
use crate::engine::store::{StoreError, StoreExt};
use crate::engine::{Caller, Engine, Moment, Refusal};

/// A chunk is kept once it has so many bytes. With the largest packet it stays below what etcd
/// takes in one transaction.
const CHUNK: usize = 256 << 10;
/// The most bytes that are kept of one trace.
pub(super) const LARGEST: usize = 256 << 20;

/// What a trace is to be.
#[derive(Clone, Debug)]
pub struct Import {
    /// The region.
    pub region: String,
    /// The name of the definition.
    pub definition: String,
    /// The name of the stack.
    pub stack: String,
    /// The addresses that are local.
    pub locals: Vec<IpNet>,
    /// The name of the interface of packets that do not tell theirs.
    pub interface: String,
    /// What it is made of, for people.
    pub source: String,
    /// So many packets are kept, the first ones; all are counted.
    pub most: u64,
}

/// Why a trace was not made, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A name cannot be one.
    #[error(transparent)]
    Name(#[from] id::NoTraceId),
    /// The capture cannot be read any further. What precedes is kept.
    #[error("{error}; the {} packets that precede are kept as {}", trace.kept, trace.id)]
    Capture {
        /// Why.
        error: CaptureError,
        /// What is kept.
        trace: Box<Head>,
    },
    /// There was no packet.
    #[error("there is no packet to keep")]
    Nothing,
    /// The packets have different sorts of links, which one capture file does not hold.
    #[error("packet {0} was caught on another sort of link than the first one: split the capture by interface")]
    Links(u64),
    /// The engine refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl From<StoreError> for ImportError {
    fn from(error: StoreError) -> Self {
        Self::Refused(error.into())
    }
}

/// A trace that is being made.
pub(super) struct Making<'e> {
    engine: &'e Engine,
    trace: Head,
    summarizer: Summarizer,
    chunk: Chunk,
    /// The first packet of the chunk.
    first: u64,
    /// Whether the chunk has packets that are not kept yet.
    is_new: bool,
    most: u64,
    bytes: usize,
}

impl<'e> Making<'e> {
    /// A new trace, in which nothing is yet. One that goes on follows something.
    pub fn begin(
        engine: &'e Engine,
        import: &Import,
        snapshot: u32,
        follows: Option<Follows>,
        by: &Caller,
    ) -> Result<Self, ImportError> {
        let (region, definition, stack) =
            (id::name(&import.region)?, id::name(&import.definition)?, id::name(&import.stack)?);
        // What is followed gives frames of Ethernet.
        let link = follows.as_ref().map_or(0, |_| Link::Ethernet.number());
        let template = Head {
            region,
            id: TraceId {
                definition_name: definition,
                generation: 0,
                sequence: 1,
                stack_name: stack,
                tcp_creator_sequence: 0,
                snapshot_sequence: snapshot,
            },
            state: State::Running,
            user: by.user.clone(),
            source: import.source.clone(),
            kept: 0,
            total: 0,
            first: None,
            last: None,
            made: by.now.0,
            locals: import.locals.clone(),
            interface: import.interface.clone(),
            link,
            seen: Seen::default(),
            is_cut: false,
            chunks: Vec::new(),
            follows,
        };
        let trace = engine.store.write(move |tx| {
            let mut trace = template.clone();
            trace.id.generation = kept::next_generation(tx, &trace.region, &trace.id.definition_name)?;
            kept::put_head(tx, &trace)?;
            Ok::<_, StoreError>(trace)
        })?;
        Ok(Self::of(engine, trace, Chunk::after(None), 1, import.most))
    }

    /// Goes on with a trace that follows something.
    pub fn resume(engine: &'e Engine, trace: Head) -> Result<Self, StoreError> {
        let most = trace.follows.as_ref().map_or(0, |follows| follows.most);
        let last = match trace.chunks.last() {
            Some(first) => engine.store.read(|view| kept::chunk(view, &trace, *first))?.map(|chunk| (chunk, *first)),
            None => None,
        };
        let (chunk, first) =
            last.filter(|(chunk, _)| chunk.len() < CHUNK).unwrap_or_else(|| (Chunk::after(trace.last), trace.kept + 1));
        Ok(Self::of(engine, trace, chunk, first, most))
    }

    fn of(engine: &'e Engine, trace: Head, chunk: Chunk, first: u64, most: u64) -> Self {
        let locals: Locals = trace.locals.iter().copied().collect();
        let summarizer = Summarizer::resume(locals, trace.interface.as_str(), trace.kept, trace.last);
        let bytes = trace.follows.as_ref().map_or(0, |follows| follows.bytes);
        Self { engine, trace, summarizer, chunk, first, is_new: false, most, bytes }
    }

    /// What is known of it.
    pub fn into_head(self) -> Head {
        self.trace
    }

    /// Takes a packet in.
    pub fn add(&mut self, frame: &Frame<'_>) -> Result<(), ImportError> {
        let trace = &self.trace;
        let is_kept = !trace.is_cut && trace.kept < self.most;
        if is_kept && trace.kept > 0 && trace.link != frame.link.number() {
            return Err(ImportError::Links(trace.total + 1));
        }
        self.follow(frame)?;
        Ok(())
    }

    /// Takes a packet in, whose link is that of the others. `false` when somebody else has taken
    /// in more of what is followed.
    pub fn follow(&mut self, frame: &Frame<'_>) -> Result<bool, StoreError> {
        let trace = &mut self.trace;
        trace.total += 1;
        if trace.is_cut || trace.kept >= self.most || self.bytes + frame.bytes.len() > LARGEST {
            trace.is_cut = true;
            return Ok(true);
        }
        if trace.kept == 0 {
            trace.link = frame.link.number();
            trace.first = frame.time;
        }
        trace.kept += 1;
        let summary = self.summarizer.next(frame);
        let protocol = summary.protocol;
        trace.seen.tcp |= protocol == "TCP";
        trace.seen.udp |= protocol == "UDP";
        trace.seen.v6 |= summary.connection.local_address.is_some_and(|it| it.is_ipv6());
        self.chunk.push(frame);
        self.bytes += frame.bytes.len();
        trace.last = frame.time.or(trace.last);
        self.is_new = true;
        if self.chunk.len() >= CHUNK { self.keep() } else { Ok(true) }
    }

    /// Keeps the chunk, and what is known by now. `false` when somebody else has taken in more
    /// of what is followed.
    fn keep(&mut self) -> Result<bool, StoreError> {
        if !self.is_new {
            return Ok(true);
        }
        if self.trace.chunks.last() != Some(&self.first) {
            self.trace.chunks.push(self.first);
        }
        if let Some(follows) = &mut self.trace.follows {
            follows.bytes = self.bytes;
        }
        let (trace, first) = (self.trace.clone(), self.first);
        let is_full = self.chunk.len() >= CHUNK;
        let next = Chunk::after(self.trace.last);
        let chunk = if is_full { std::mem::replace(&mut self.chunk, next) } else { self.chunk.clone() };
        let is_mine = self.engine.store.write(move |tx| {
            let is_mine = match trace.follows {
                None => kept::put_head(tx, &trace).map(|()| true)?,
                Some(_) => kept::put_head_in_turn(tx, &trace)?,
            };
            if is_mine {
                kept::put_chunk(tx, &trace, first, chunk.bytes())?;
            }
            Ok::<_, StoreError>(is_mine)
        })?;
        if let Some(follows) = self.trace.follows.as_mut().filter(|_| is_mine) {
            follows.turn += 1;
        }
        if is_full {
            self.first = self.trace.kept + 1;
        }
        self.is_new = false;
        Ok(is_mine)
    }

    /// Keeps what has been taken in so far.
    pub fn so_far(mut self) -> Result<Head, StoreError> {
        self.keep()?;
        Ok(self.trace)
    }

    /// Ends the trace.
    fn end(mut self, state: State) -> Result<Head, ImportError> {
        if self.trace.kept == 0 {
            self.forget()?;
            return Err(ImportError::Nothing);
        }
        self.keep()?;
        self.trace.state = state;
        let trace = self.trace.clone();
        self.engine.store.write(move |tx| kept::put_head(tx, &trace))?;
        Ok(self.trace)
    }

    /// Removes what has been kept.
    fn forget(&self) -> Result<(), ImportError> {
        Ok(kept::remove(self.engine.store.as_ref(), &self.trace)?)
    }
}

impl Engine {
    /// Keeps the packets of a capture as a trace. One that cannot be read to its end is kept as
    /// far as it goes.
    pub fn import_packets<R: Read>(
        &self,
        import: &Import,
        capture: &mut Capture<R>,
        by: &Caller,
    ) -> Result<Head, ImportError> {
        let mut making = Making::begin(self, import, 0, None, by)?;
        loop {
            match capture.next_frame() {
                Ok(None) => return making.end(State::Ended),
                Ok(Some(frame)) => making.add(&frame).or_else(|error| making.forget().and(Err(error)))?,
                Err(error) => {
                    let trace = Box::new(making.end(State::Ended)?);
                    return Err(ImportError::Capture { error, trace });
                }
            }
        }
    }

    /// Keeps what there is of `source` so far as a trace, a snapshot of it.
    pub fn keep_snapshot(&self, import: &Import, source: &Source, by: &Caller) -> Result<Head, ImportError> {
        let part = Part { from: None, to: Moment(by.now.0.saturating_add(1)), most: import.most, before: 0 };
        let came = self.yielded(source, part, by.now)?;
        let mut making = Making::begin(self, import, 1, None, by)?;
        for frame in &came.frames {
            making.add(&frame.frame())?;
        }
        making.trace.is_cut |= came.is_cut;
        making.end(State::Snapshot)
    }
}
