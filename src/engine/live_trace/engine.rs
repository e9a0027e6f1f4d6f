//! Restarting, captures, and removing what is over.

use std::sync::Arc;

use super::Direction;
use super::session::{Sample, TraceRecord, Way};
use crate::engine::forwarding::{Copied, CopyTo};
use crate::engine::runtime::{CapturedCopy, journal};
use crate::engine::store::StoreExt;
use crate::engine::taps::frames;
use crate::engine::topology::{LiveTrace, Topology};
use crate::engine::{Engine, Moment, Object, Refusal, Reveal, When, index, intent};
use crate::model::{LIVE_TRACE, PolicyPath, TapDirection};

/// Milliseconds after which a transient live trace is removed that has ended: "1 hour of
/// inactivity" (nsx-fields.md part C).
pub const REMOVED_AFTER: i64 = 60 * 60 * 1_000;

/// What a live trace has captured.
pub(in crate::engine) struct Captured {
    /// What is declared.
    pub topology: Arc<Topology>,
    /// The packets, in the order in which they entered.
    pub copies: Vec<CapturedCopy>,
    /// Whether there will be no more of them.
    pub is_over: bool,
}

impl Engine {
    /// Begins the live trace at `path` anew, and returns it.
    pub fn restart_live_trace(&self, path: &PolicyPath, now: Moment) -> Result<Object, Refusal> {
        let object = self.get(path, Reveal::Public)?;
        if *object.kind() != LIVE_TRACE {
            return Err(Refusal::InvalidPath(path.to_string()));
        }
        let path = path.clone();
        let is_due = self.store.write(move |tx| journal::note_restart(tx, now, &path))?;
        self.settle_if(is_due, now);
        Ok(object)
    }

    /// Removes transient live traces that ended an hour ago. Nothing runs in the background, so
    /// whoever is about to show live traces asks for it.
    pub fn remove_expired(&self, now: Moment) -> Result<(), Refusal> {
        if self.looks_on {
            return Ok(());
        }
        let transient = |object: &Object| object.get("is_transient").is_some_and(|it| it == true);
        let mut all = self.list(&LIVE_TRACE, "/infra", Reveal::Public)?;
        all.retain(transient);
        if all.is_empty() {
            return Ok(());
        }
        let view = self.view(now, When::Current, &[])?;
        for object in all {
            let record = view.live_traces.get(object.path());
            let end = record.and_then(|record| record.end(now));
            if end.is_none_or(|end| now.0.saturating_sub(end.at.0) < REMOVED_AFTER) {
                continue;
            }
            let is_due = self.store.write(move |tx| {
                // Somebody else may have removed it, and made another one.
                let is_it = index::get(&*tx, object.path())?.is_some_and(|it| it.unique_id() == object.unique_id());
                if is_it { intent::delete(tx, object.path(), now) } else { Ok(false) }
            })?;
            self.settle_if(is_due, now);
        }
        Ok(())
    }

    /// The path of the live trace that the manager API knows as `id`.
    pub fn live_trace_known_as(&self, id: &str) -> Result<Option<PolicyPath>, Refusal> {
        let all = self.list(&LIVE_TRACE, "/infra", Reveal::Public)?;
        Ok(all.into_iter().find(|object| object.unique_id() == id).map(|object| object.path().clone()))
    }

    /// What the live trace at `path` has captured by `now`, of one direction or of both. None when
    /// there is no such live trace.
    pub(in crate::engine) fn captured_in(
        &self,
        path: &PolicyPath,
        direction: Option<Direction>,
        now: Moment,
    ) -> Result<Option<Captured>, Refusal> {
        let view = self.view(now, When::Current, &[])?;
        let found = view.topology.live_traces.get(path).zip(view.live_traces.get(path));
        let Some((trace, record)) = found else { return Ok(None) };
        let wanted = || Direction::BOTH.into_iter().filter(|it| direction.is_none_or(|direction| direction == *it));
        let mut copies: Vec<_> = wanted().flat_map(|direction| captured(trace, record, direction, now)).collect();
        copies.sort_by_key(|copy| copy.at);
        // Of those that are known some may enter later.
        let known: usize = wanted().map(|direction| record.seen(direction).captured.len()).sum();
        let have_entered = copies.iter().filter(|copy| copy.at < now.0.saturating_mul(1_000_000)).count();
        let is_over = record.end(now).is_some() && have_entered == known;
        Ok(Some(Captured { topology: view.topology.clone(), copies, is_over }))
    }

    /// The packets of this direction that the live trace at `path` has captured, as a capture
    /// file; none when nothing was captured.
    pub fn live_trace_capture(
        &self,
        path: &PolicyPath,
        direction: Direction,
        now: Moment,
    ) -> Result<Option<Vec<u8>>, Refusal> {
        let view = self.view(now, When::Current, &[])?;
        let found = view.topology.live_traces.get(path).zip(view.live_traces.get(path));
        let (trace, record) = found.ok_or_else(|| Refusal::NotFound(path.clone()))?;
        let copies = captured(trace, record, direction, now);
        if copies.is_empty() {
            return Ok(None);
        }
        let mut file = Vec::new();
        // Writing to memory does not fail.
        let written = frames::write_capture(&view.topology, &copies, &mut file);
        written.map_err(|_| Refusal::NotFound(path.clone()))?;
        Ok(Some(file))
    }
}

/// The packets of this direction that have been captured by `now`, in the order in which they
/// entered.
pub(super) fn captured(
    trace: &LiveTrace,
    record: &TraceRecord,
    direction: Direction,
    now: Moment,
) -> Vec<CapturedCopy> {
    let entrance = match (direction, &trace.watched.way_back) {
        (Direction::Backward, Some((entrance, _))) => entrance,
        _ => &trace.watched.source,
    };
    let until = now.0.saturating_mul(1_000_000).saturating_add(999_999);
    let samples = record.seen(direction).captured.iter().filter(|sample| sample.at <= until);
    let copy = |sample: &Sample| Some(copy_of(trace, entrance.path(), sample, record.way(sample)?));
    let mut copies: Vec<_> = samples.filter_map(copy).collect();
    copies.sort_by_key(|copy| copy.at);
    copies
}

fn copy_of(trace: &LiveTrace, port: &PolicyPath, sample: &Sample, way: &Way) -> CapturedCopy {
    let to = CopyTo::Service { service: trace.path.clone(), port: port.clone(), is_up: true };
    CapturedCopy {
        at: sample.at,
        copied: Copied {
            by: trace.path.clone(),
            direction: TapDirection::Out,
            sizes: way.sizes.clone(),
            time_to_live: way.time_to_live,
            to,
        },
        packet: way.packet.clone(),
        size_back: way.size_back,
        // The flow was there when the packet was sent.
        flow: PolicyPath::parse(&way.flow).unwrap_or_else(|_| trace.path.clone()),
        number: sample.number,
        is_answer: way.is_answer,
        is_local: way.is_local,
        on_fabric: None,
    }
}
