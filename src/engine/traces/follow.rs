//! Traces that go on: they follow what they are made of, and their packets grow with the clock.
//!
//! Nothing runs in the background. Who looks at a trace takes in what has come since somebody
//! looked last, and so does whoever settles the journal, after which it could not be seen any
//! more. In which order packets are taken in does not depend on who looks when: it is that in
//! which they were caught, and those that were sent and have not been caught yet wait.

use serde::{Deserialize, Serialize};

use super::import::{Import, ImportError, Making};
use super::kept::{self, Chunk, Head};
use super::source::{Caught, Part, Source};
use super::{State, TraceId};
use crate::engine::store::{StoreError, StoreExt};
use crate::engine::{Caller, Engine, Moment, Refusal};

/// What a trace follows, and how far it has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Follows {
    /// What it follows.
    pub source: Source,
    /// When it ends by itself; none: when its source does.
    pub until: Option<Moment>,
    /// So many packets are kept at most.
    pub most: u64,
    /// Whether packets were missed, because nobody looked before the journal was settled.
    pub is_late: bool,
    /// Packets that were sent before this moment have been taken in, or wait; none: nobody has
    /// looked yet, and all that there are are wanted.
    from: Option<Moment>,
    /// How many packets were kept by then.
    kept: u64,
    /// How many frames had come by then.
    came: u32,
    /// The bytes of the packets that are kept.
    pub(super) bytes: usize,
    /// Which write this was, so that one of two who look at once is told.
    pub(super) turn: u64,
}

impl Engine {
    /// Begins a trace that follows `source`: until it ends, until `until`, or until it has as
    /// many packets as wanted. Of a live trace it has what was captured before, too.
    pub fn follow_packets(
        &self,
        import: &Import,
        source: Source,
        until: Option<Moment>,
        by: &Caller,
    ) -> Result<Head, ImportError> {
        let from = matches!(source, Source::Copies(_)).then_some(by.now);
        let most = import.most;
        let follows = Follows { source, until, most, is_late: false, from, kept: 0, came: 0, bytes: 0, turn: 0 };
        let trace = Making::begin(self, import, 0, Some(follows), by)?.into_head();
        Ok(self.taken_in(trace, by.now)?)
    }

    /// Ends a trace that goes on; none where there is no such trace.
    pub fn stop_packet_trace(&self, region: &str, id: &TraceId, now: Moment) -> Result<Option<Head>, Refusal> {
        let Some(trace) = self.store.read(|view| kept::head(view, region, id))? else { return Ok(None) };
        let trace = self.taken_in(trace, now)?;
        if trace.state != State::Running {
            return Ok(Some(trace));
        }
        let ended = self.store.write(move |tx| {
            // Somebody else may have taken more in meanwhile.
            let Some(mut trace) = kept::head(&*tx, &trace.region, &trace.id)? else { return Ok(None) };
            trace.state = State::Ended;
            kept::forget_waiting(tx, &trace)?;
            kept::put_head(tx, &trace)?;
            Ok::<_, StoreError>(Some(trace))
        })?;
        Ok(ended)
    }

    /// Takes in what has come for all traces that follow copies or flows: after this it may not
    /// be seen any more.
    pub(in crate::engine) fn take_in_before_settling(&self, now: Moment) {
        let follows_copies =
            |trace: &Head| matches!(&trace.follows, Some(it) if matches!(it.source, Source::Copies(_)));
        let all = self.store.read(|view| kept::all_heads(view)).map_err(Refusal::from);
        let taken = all.and_then(|all| {
            let mut all = all.into_iter().filter(|trace| trace.state == State::Running && follows_copies(trace));
            all.try_for_each(|trace| self.taken_in(trace, now).map(drop))
        });
        if let Err(error) = taken {
            tracing::warn!(%error, "packets that traces follow could not be taken in");
        }
    }

    /// The trace, with what has come for it by `now`.
    pub(super) fn taken_in(&self, trace: Head, now: Moment) -> Result<Head, Refusal> {
        let Some(follows) = trace.follows.clone().filter(|_| trace.state == State::Running) else { return Ok(trace) };
        let to = follows.until.map_or(now, |until| until.min(now));
        if follows.from.is_some_and(|from| from >= to) && follows.until.is_none_or(|until| now < until) {
            return Ok(trace);
        }
        let waiting = self.store.read(|view| kept::waiting(view, &trace))?;
        let mut frames = waited(&waiting);
        let room = follows.most.saturating_sub(follows.kept).saturating_sub(frames.len() as u64);
        let part = Part { from: follows.from, to, most: room, before: follows.came };
        let came = self.yielded(&follows.source, part, now)?;
        let count = follows.came.wrapping_add(u32::try_from(came.frames.len()).unwrap_or(u32::MAX));
        frames.extend(came.frames);
        // Those that waited were sent first.
        frames.sort_by_key(|frame| frame.at);
        let caught = frames.partition_point(|frame| frame.at < to.0.saturating_mul(1_000_000));
        let later = frames.split_off(caught);
        // Somebody may have been interrupted here.
        let done = usize::try_from(trace.kept - follows.kept).unwrap_or(usize::MAX);
        let is_over = came.is_over && later.is_empty() || follows.until.is_some_and(|until| until <= now);
        let mut making = Making::resume(self, trace)?;
        for frame in frames.iter().skip(done) {
            if !making.follow(&frame.frame())? {
                return self.as_others_left_it(making.into_head());
            }
        }
        let mut trace = making.so_far()?;
        trace.is_cut |= came.is_cut;
        if is_over || trace.is_cut && later.is_empty() {
            trace.state = State::Ended;
        }
        if let Some(follows) = &mut trace.follows {
            (follows.from, follows.kept, follows.came) = (Some(to), trace.kept, count);
            follows.is_late |= came.is_late;
        }
        let wait = if trace.state == State::Ended { Chunk::after(None) } else { chunk_of(&later) };
        let written = trace.clone();
        let is_first = self.store.write(move |tx| {
            let is_first = kept::put_head_in_turn(tx, &written)?;
            if is_first {
                kept::put_waiting(tx, &written, &wait)?;
            }
            Ok::<_, StoreError>(is_first)
        })?;
        if is_first { Ok(trace) } else { self.as_others_left_it(trace) }
    }

    /// Somebody else has taken in what this would have.
    fn as_others_left_it(&self, trace: Head) -> Result<Head, Refusal> {
        let left = self.store.read(|view| kept::head(view, &trace.region, &trace.id))?;
        Ok(left.unwrap_or(trace))
    }
}

/// The frames that waited to be caught.
fn waited(chunk: &Chunk) -> Vec<Caught> {
    chunk.frames().map(|frame| Caught { at: frame.time.unwrap_or_default(), bytes: frame.bytes.to_vec() }).collect()
}

fn chunk_of(frames: &[Caught]) -> Chunk {
    let mut chunk = Chunk::after(None);
    for frame in frames {
        chunk.push(&frame.frame());
    }
    chunk
}
