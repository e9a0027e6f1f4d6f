//! Taking in a capture, or the copies of a tap.

use std::io::Read;

use ipnet::IpNet;

use super::kept::{self, Chunk, Head, Seen};
use super::{State, TraceId, id};
use crate::engine::packets::{Locals, Summarizer};
use crate::engine::pcap::{Capture, CaptureError, Frame, Link};
use crate::engine::store::{StoreError, StoreExt};
use crate::engine::taps::frames::Frames;
use crate::engine::{Caller, Engine, Refusal, runtime};

/// A chunk is kept once it has so many bytes. With the largest packet it stays below what etcd
/// takes in one transaction.
const CHUNK: usize = 256 << 10;
/// The most bytes that are kept of one trace.
const LARGEST: usize = 256 << 20;

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
struct Making<'e> {
    engine: &'e Engine,
    trace: Head,
    summarizer: Summarizer,
    chunk: Chunk,
    /// The first packet of the chunk.
    first: u64,
    most: u64,
    bytes: usize,
}

impl<'e> Making<'e> {
    fn begin(engine: &'e Engine, import: &Import, snapshot: u32, by: &Caller) -> Result<Self, ImportError> {
        let (region, definition, stack) =
            (id::name(&import.region)?, id::name(&import.definition)?, id::name(&import.stack)?);
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
            link: 0,
            seen: Seen::default(),
            is_cut: false,
            chunks: Vec::new(),
        };
        let trace = engine.store.write(move |tx| {
            let mut trace = template.clone();
            trace.id.generation = kept::next_generation(tx, &trace.region, &trace.id.definition_name)?;
            kept::put_head(tx, &trace)?;
            Ok::<_, StoreError>(trace)
        })?;
        let locals: Locals = import.locals.iter().copied().collect();
        let summarizer = Summarizer::new(locals, import.interface.as_str());
        Ok(Self { engine, trace, summarizer, chunk: Chunk::after(None), first: 1, most: import.most, bytes: 0 })
    }

    /// Takes a packet in.
    fn add(&mut self, frame: &Frame<'_>) -> Result<(), ImportError> {
        let trace = &mut self.trace;
        trace.total += 1;
        if trace.is_cut || trace.kept >= self.most || self.bytes + frame.bytes.len() > LARGEST {
            trace.is_cut = true;
            return Ok(());
        }
        if trace.kept == 0 {
            trace.link = frame.link.number();
            trace.first = frame.time;
        } else if trace.link != frame.link.number() {
            return Err(ImportError::Links(trace.total));
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
        if self.chunk.len() >= CHUNK { self.keep() } else { Ok(()) }
    }

    /// Keeps the chunk, and what is known by now.
    fn keep(&mut self) -> Result<(), ImportError> {
        if self.first > self.trace.kept {
            return Ok(());
        }
        self.trace.chunks.push(self.first);
        let (trace, first) = (self.trace.clone(), self.first);
        let chunk = std::mem::replace(&mut self.chunk, Chunk::after(self.trace.last));
        self.engine.store.write(move |tx| {
            kept::put_chunk(tx, &trace, first, chunk.bytes())?;
            kept::put_head(tx, &trace)
        })?;
        self.first = self.trace.kept + 1;
        Ok(())
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
        let mut making = Making::begin(self, import, 0, by)?;
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

    /// Keeps the copies that a tap has made so far as a trace, a snapshot of them.
    pub fn keep_copies(&self, import: &Import, of: runtime::CaptureOf, by: &Caller) -> Result<Head, ImportError> {
        let most = usize::try_from(import.most).unwrap_or(usize::MAX);
        let request = runtime::CaptureRequest { of, from: None, skip: 0, to: None, most, most_bytes: LARGEST as u64 };
        let capture = self.capture(&request, by.now)?;
        let mut making = Making::begin(self, import, 1, by)?;
        let mut frames = Frames::of(&capture.topology);
        for copy in &capture.copies {
            for bytes in frames.frames(copy) {
                let size = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
                making.add(&Frame { time: Some(copy.at), ..Frame::new(Link::Ethernet, size, &bytes) })?;
            }
        }
        making.trace.is_cut |= capture.rest.is_some();
        making.end(State::Snapshot)
    }
}
