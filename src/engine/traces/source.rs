//! What traces are made of in the engine: copies of taps, packets of simulated flows, and what
//! live traces have captured.

use serde::{Deserialize, Serialize};

use super::import::LARGEST;
use crate::engine::live_trace::{Captured, Direction};
use crate::engine::pcap::{Frame, Link};
use crate::engine::runtime::{CaptureOf, CaptureRequest, CapturedCopy};
use crate::engine::taps::frames::Frames;
use crate::engine::{Engine, Moment, Refusal};
use crate::model::PolicyPath;

/// What a trace is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The copies of taps, or the packets of a simulated flow.
    Copies(CaptureOf),
    /// What a live trace has captured: of one direction, or of both.
    LiveTrace(PolicyPath, Option<Direction>),
}

/// A frame of a source.
pub(super) struct Caught {
    /// When it was caught, in nanoseconds since 1970.
    pub at: i64,
    /// Its bytes, from the header of Ethernet on.
    pub bytes: Vec<u8>,
}

impl Caught {
    /// As a frame of a capture.
    pub fn frame(&self) -> Frame<'_> {
        let size = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        Frame { time: Some(self.at), ..Frame::new(Link::Ethernet, size, &self.bytes) }
    }
}

/// What has come of a source.
pub(super) struct Yield {
    /// The frames, in the order in which they were caught.
    pub frames: Vec<Caught>,
    /// Whether there were more than wanted.
    pub is_cut: bool,
    /// Whether packets from before the earliest moment that can be seen were wanted.
    pub is_late: bool,
    /// Whether nothing more comes of packets that are sent later.
    pub is_over: bool,
}

/// Which part of what a source has is wanted.
#[derive(Clone, Copy)]
pub(super) struct Part {
    /// Of packets sent at this moment or later; none: from the first.
    pub from: Option<Moment>,
    /// Of packets sent before this moment.
    pub to: Moment,
    /// So many packets at most.
    pub most: u64,
    /// So many frames have come of it before.
    pub before: u32,
}

impl Source {
    /// The object that it is about.
    pub const fn path(&self) -> &PolicyPath {
        match self {
            Self::Copies(of) => of.path(),
            Self::LiveTrace(path, _) => path,
        }
    }
}

impl Engine {
    /// The part of what `source` has that is wanted, as it is known at `now`.
    pub(super) fn yielded(&self, source: &Source, part: Part, now: Moment) -> Result<Yield, Refusal> {
        match source {
            Source::Copies(of) => self.copied(of, part, now),
            Source::LiveTrace(path, direction) => self.captured_by(path, *direction, part, now),
        }
    }

    fn copied(&self, of: &CaptureOf, part: Part, now: Moment) -> Result<Yield, Refusal> {
        let request = CaptureRequest {
            of: of.clone(),
            from: part.from,
            skip: 0,
            to: Some(part.to),
            most: usize::try_from(part.most).unwrap_or(usize::MAX),
            most_bytes: LARGEST as u64,
        };
        let capture = self.capture(&request, now)?;
        let mut frames = Frames::of(&capture.topology);
        frames.have_sent(of.path(), part.before);
        let has_stopped = |flow: &PolicyPath| {
            capture.topology.flows.get(flow).is_some_and(|flow| flow.stop.is_some_and(|stop| stop <= part.to))
        };
        Ok(Yield {
            frames: caught(&mut frames, &capture.copies),
            is_cut: capture.rest.is_some(),
            is_late: part.from.is_some_and(|from| from < capture.since),
            is_over: !of.is_declared(&capture.topology) || has_stopped(of.path()),
        })
    }

    fn captured_by(
        &self,
        path: &PolicyPath,
        direction: Option<Direction>,
        part: Part,
        now: Moment,
    ) -> Result<Yield, Refusal> {
        let Some(Captured { topology, mut copies, is_over }) = self.captured_in(path, direction, now)? else {
            return Ok(Yield { frames: Vec::new(), is_cut: false, is_late: false, is_over: true });
        };
        let nanoseconds = |moment: Moment| moment.0.saturating_mul(1_000_000);
        copies
            .retain(|copy| part.from.is_none_or(|from| copy.at >= nanoseconds(from)) && copy.at < nanoseconds(part.to));
        let most = usize::try_from(part.most).unwrap_or(usize::MAX);
        let is_cut = copies.len() > most;
        copies.truncate(most);
        let frames = caught(&mut Frames::of(&topology), &copies);
        Ok(Yield { frames, is_cut, is_late: false, is_over })
    }
}

/// The frames of copies.
fn caught<'a>(frames: &mut Frames<'a>, copies: &'a [CapturedCopy]) -> Vec<Caught> {
    let mut all = Vec::with_capacity(copies.len());
    for copy in copies {
        all.extend(frames.frames(copy).into_iter().map(|bytes| Caught { at: copy.at, bytes }));
    }
    all
}
