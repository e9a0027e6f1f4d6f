//! Live traces in the course of events: when they begin and end, and what they are shown.

use std::sync::Arc;

use super::Runtime;
use super::agenda::Item;
use super::traffic::Meter;
use crate::engine::Moment;
use crate::engine::live_trace::TraceRecord;
use crate::engine::topology::{Entrance, Watched};
use crate::model::PolicyPath;

/// A live trace that goes on is worth another look after so many milliseconds.
const LOOK_AGAIN: i64 = 1_000;

impl Runtime {
    /// The live trace at `path` is looked after, from now on if it is new.
    pub(super) fn keep_live_trace(&mut self, path: &PolicyPath) {
        if self.live_traces.contains_key(path) { self.schedule_live_trace(path) } else { self.begin_live_trace(path) }
    }

    /// The live trace at `path` begins, or begins anew.
    pub(super) fn begin_live_trace(&mut self, path: &PolicyPath) {
        let Some(trace) = self.topology.live_traces.get(path) else { return };
        let record = TraceRecord::begin(&trace.watched, &self.topology, self.now);
        Arc::make_mut(&mut self.live_traces).insert(path.clone(), record);
        self.forget_meter();
        self.schedule_live_trace(path);
    }

    /// Something was declared at `path`, which may have been a live trace of `before`.
    pub(super) fn live_trace_declared(&mut self, path: &PolicyPath, before: Option<&Watched>) {
        match self.topology.live_traces.get(path) {
            None if self.live_traces.contains_key(path) => {
                Arc::make_mut(&mut self.live_traces).remove(path);
                self.agenda.set(Item::LiveTrace(path.clone()), None);
            }
            Some(trace) if before != Some(&trace.watched) || !self.live_traces.contains_key(path) => {
                self.begin_live_trace(path);
            }
            _ => {}
        }
        let topology = Arc::clone(&self.topology);
        for under_way in self.under_way() {
            if let Some(trace) = topology.live_traces.get(&under_way)
                && let Some(record) = Arc::make_mut(&mut self.live_traces).get_mut(&under_way)
            {
                record.changed(&trace.watched, &topology, self.now);
                self.schedule_live_trace(&under_way);
            }
        }
    }

    /// The live traces that look at packets.
    fn under_way(&self) -> Vec<PolicyPath> {
        let going_on = self.live_traces.iter().filter(|(_, record)| !record.is_over());
        going_on.map(|(path, _)| path.clone()).collect()
    }

    /// Where packets enter that live traces look at.
    pub(super) fn entrances(&self) -> Vec<Entrance> {
        let going_on = self.live_traces.iter().filter(|(_, record)| !record.is_over());
        let declared = going_on.filter_map(|(path, _)| self.topology.live_traces.get(path));
        declared.flat_map(|trace| trace.watched.entrances().cloned()).collect()
    }

    /// Shows live traces what flows send from now until just before `to`, as `meter` has it.
    pub(super) fn look_on(&mut self, meter: &Meter, to: Moment) {
        let under_way = self.under_way();
        if under_way.is_empty() {
            return;
        }
        let topology = Arc::clone(&self.topology);
        let flows = topology.flows.values();
        let legs: Vec<_> = flows.flat_map(|flow| meter.legs(&flow.path).iter().map(move |leg| (flow, leg))).collect();
        for path in under_way {
            if let Some(trace) = topology.live_traces.get(&path)
                && let Some(record) = Arc::make_mut(&mut self.live_traces).get_mut(&path)
            {
                record.look(&trace.watched, &topology, &legs, self.now, to);
                self.schedule_live_trace(&path);
            }
        }
    }

    /// The time of the live trace at `path` is over.
    pub(super) fn live_trace_ends(&mut self, path: &PolicyPath) {
        if let Some(trace) = self.topology.live_traces.get(path)
            && let Some(record) = Arc::make_mut(&mut self.live_traces).get_mut(path)
        {
            record.advance(&trace.watched, self.now);
            self.forget_meter();
            self.schedule_live_trace(path);
        }
    }

    /// Notes when the live trace at `path` ends, at the latest.
    fn schedule_live_trace(&mut self, path: &PolicyPath) {
        let ends = || {
            let trace = self.topology.live_traces.get(path)?;
            Some(self.live_traces.get(path)?.ends(&trace.watched))
        };
        let next = ends().filter(|at| *at > self.now);
        self.agenda.set(Item::LiveTrace(path.clone()), next);
    }

    /// When there is news to be expected of the live trace at `path`: it may see something at
    /// any time.
    pub(super) fn live_trace_news(&self, path: &PolicyPath) -> Option<Moment> {
        let ends = self.agenda.of(&Item::LiveTrace(path.clone()))?;
        Some(ends.min(Moment(self.now.0.saturating_add(LOOK_AGAIN))))
    }
}
