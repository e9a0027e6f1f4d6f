//! What a live trace has seen, and how far it is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::counts::{self, Counted, Statistic};
use super::filter::TraceFilter;
use super::observation::Observation;
use super::observe::{enters, observe};
use super::{Direction, pick};
use crate::engine::Moment;
use crate::engine::forwarding::{Packet, Trace};
use crate::engine::topology::{Action, Entrance, Flow, Topology, Watched};
use crate::model::PolicyPath;
use crate::model::result::{InvalidationReason, OperationState, RequestStatus};

/// What a live trace has seen since it began.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TraceRecord {
    begun: Moment,
    /// The UUIDs of the ports and sessions it names, by their paths: they may go.
    ids: BTreeMap<String, String>,
    request: RequestStatus,
    end: Option<End>,
    forward: Seen,
    backward: Seen,
    /// The ways of the packets that were sampled: one for many packets.
    ways: Vec<Way>,
}

/// How a live trace has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// When.
    pub at: Moment,
    /// How.
    pub state: OperationState,
    /// Why, if it was invalidated.
    pub reason: Option<InvalidationReason>,
}

/// What was seen of the packets of one direction.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// Packets that were traced, in the order in which their flows sent them.
    pub traced: Vec<Sample>,
    /// Packets that were captured.
    pub captured: Vec<Sample>,
    /// Packets that were counted, where they passed.
    pub counted: Vec<Counted>,
    /// How many packets statistics were taken of.
    pub measured: usize,
    /// When the last of them was seen last, in nanoseconds since 1970.
    measured_until: i64,
    /// The statistics.
    pub statistics: Vec<Statistic>,
}

/// A packet that was sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// When it entered, in nanoseconds since 1970.
    pub at: i64,
    /// Its way, by its position among the ways.
    pub way: usize,
    /// Its number among the packets of its flow.
    pub number: u64,
}

/// The way of a packet, as it was seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Way {
    /// The packet as it was sent.
    pub packet: Packet,
    /// The flow it belongs to, by its policy path.
    pub flow: String,
    /// Whether it answers.
    pub is_answer: bool,
    /// Whether no router is between the two ends.
    pub is_local: bool,
    /// The size of the packets of its flow that go the other way; none: there are none.
    pub size_back: Option<usize>,
    /// Its sizes in bytes when it entered: one, or those of its fragments.
    pub sizes: Vec<usize>,
    /// How many hops it could still go when it entered.
    pub time_to_live: u8,
    /// What was told of it.
    pub observations: Vec<Observation>,
    /// What became of it, in words.
    pub analysis: String,
}

/// How packets of a flow go, or the answers to them.
#[derive(Clone, Debug)]
pub struct Leg {
    /// The way.
    pub trace: Trace,
    /// How many milliseconds after the flow's packet it is sent.
    pub sent_after: u32,
    /// The size of what goes the other way.
    pub size_back: Option<usize>,
    /// Whether it answers.
    pub is_answer: bool,
    /// Whether no router is between the two ends.
    pub is_local: bool,
}

/// A leg that enters where the live trace looks.
struct Entering<'a> {
    flow: &'a Flow,
    leg: &'a Leg,
    start: usize,
}

impl TraceRecord {
    /// A live trace of `watched` that begins at `now`.
    pub fn begin(watched: &Watched, topology: &Topology, now: Moment) -> Self {
        let filters = [Some(&watched.filter), watched.way_back.as_ref().map(|(_, filter)| filter)];
        let is_readable = filters.into_iter().flatten().all(|filter| !matches!(filter, TraceFilter::Unreadable(_)));
        let missing = watched.entrances().find(|entrance| !is_in_operation(topology, entrance));
        let invalidated =
            |at| End { at, state: OperationState::Invalidated, reason: Some(InvalidationReason::PortDisconnect) };
        let (request, end) = match missing {
            _ if !is_readable => {
                (RequestStatus::InvalidFilter, Some(End { at: now, state: OperationState::Canceled, reason: None }))
            }
            Some(Entrance::Port(_)) => (RequestStatus::LcpFailure, Some(invalidated(now))),
            Some(Entrance::Tunnel(_)) => (RequestStatus::DatapathFailure, Some(invalidated(now))),
            None => (RequestStatus::SuccessDelivered, None),
        };
        let id = |entrance: &Entrance| {
            let path = entrance.path();
            let id =
                topology.ports.get(path).map_or_else(|| topology.unique_ids.get(path).cloned(), |port| port.id.clone());
            Some((path.to_string(), id?))
        };
        let ids = watched.entrances().filter_map(id).collect();
        Self { begun: now, ids, request, end, forward: Seen::default(), backward: Seen::default(), ways: Vec::new() }
    }

    /// The UUID of the port or the session at `path`, as it was when the live trace began.
    pub fn id_of(&self, path: &str) -> Option<&str> {
        self.ids.get(path).map(String::as_str)
    }

    /// What became of the request to begin.
    pub const fn request(&self) -> RequestStatus {
        self.request
    }

    /// How it has ended by `now`; none while it goes on.
    pub fn end(&self, now: Moment) -> Option<End> {
        self.end.filter(|end| end.at <= now)
    }

    /// Whether it is known when it ends: nothing more is looked at.
    pub const fn is_over(&self) -> bool {
        self.end.is_some()
    }

    /// When it ends, or when its time is over.
    pub fn ends(&self, watched: &Watched) -> Moment {
        self.end.map_or_else(|| self.deadline(watched), |end| end.at)
    }

    fn deadline(&self, watched: &Watched) -> Moment {
        Moment(self.begun.0.saturating_add(watched.timeout))
    }

    /// What was seen in this direction.
    pub const fn seen(&self, direction: Direction) -> &Seen {
        match direction {
            Direction::Forward => &self.forward,
            Direction::Backward => &self.backward,
        }
    }

    /// The way of a sample.
    pub fn way(&self, sample: &Sample) -> Option<&Way> {
        self.ways.get(sample.way)
    }

    /// Time is over, if it is by `now`.
    pub fn advance(&mut self, watched: &Watched, now: Moment) {
        let at = self.deadline(watched);
        if self.end.is_some() || now < at {
            return;
        }
        let sampled = || self.sampled(watched);
        let state = if sampled().all(|(seen, wanted)| seen >= wanted) {
            OperationState::Finished
        } else if sampled().any(|(seen, _)| seen > 0) {
            OperationState::PartialFinished
        } else {
            OperationState::Timeout
        };
        self.end = Some(End { at, state, reason: None });
    }

    /// Something was declared: where packets enter may not be in operation any more.
    pub fn changed(&mut self, watched: &Watched, topology: &Topology, now: Moment) {
        if self.end.is_none() && !watched.entrances().all(|entrance| is_in_operation(topology, entrance)) {
            let (state, reason) = (OperationState::Invalidated, Some(InvalidationReason::PortDisconnect));
            self.end = Some(End { at: now, state, reason });
        }
    }

    /// How many packets each action has seen that samples, and how many it was to see.
    fn sampled<'a>(&'a self, watched: &'a Watched) -> impl Iterator<Item = (usize, usize)> {
        Direction::BOTH.into_iter().flat_map(move |direction| {
            let seen = self.seen(direction);
            let of = move |action: Option<Action>, seen: usize| Some((seen, wanted(action, direction)?));
            let each = [
                of(watched.trace, seen.traced.len()),
                of(watched.capture, seen.captured.len()),
                of(watched.statistics, seen.measured),
            ];
            each.into_iter().flatten()
        })
    }

    /// Looks at what flows send from `from` until just before `to`, while they go as `legs` say.
    pub fn look(&mut self, watched: &Watched, topology: &Topology, legs: &[(&Flow, &Leg)], from: Moment, to: Moment) {
        if self.end.is_some() {
            return;
        }
        let (from, to) = (from.max(self.begun), to.min(self.deadline(watched)));
        for direction in Direction::BOTH {
            let (entrance, filter) = match (direction, &watched.way_back) {
                (Direction::Forward, _) => (&watched.source, &watched.filter),
                (Direction::Backward, Some((entrance, filter))) => (entrance, filter),
                (Direction::Backward, None) => continue,
            };
            let entering: Vec<_> = legs
                .iter()
                .filter(|(_, leg)| filter.takes(&leg.trace.packet))
                .filter_map(|&(flow, leg)| Some(Entering { flow, leg, start: enters(&leg.trace, entrance)? }))
                .collect();
            if !entering.is_empty() {
                self.look_at(watched, direction, topology, &entering, (from, to));
            }
        }
        self.finish_if_done(watched);
    }

    fn look_at(
        &mut self,
        watched: &Watched,
        direction: Direction,
        topology: &Topology,
        entering: &[Entering<'_>],
        (from, to): (Moment, Moment),
    ) {
        let flows: Vec<&Flow> = entering.iter().map(|entering| entering.flow).collect();
        if applies(watched.count, direction) {
            for it in entering {
                let numbers = it.flow.numbers(from, to);
                if !numbers.is_empty() {
                    let observations = observe(topology, &it.leg.trace, it.start).observations;
                    counts::count(&mut self.seen_mut(direction).counted, &observations, numbers.end - numbers.start);
                }
            }
        }
        let lacks = |action, seen: usize| wanted(action, direction).map_or(0, |wanted| wanted.saturating_sub(seen));
        let seen = self.seen(direction);
        let traced = pick::first(&flows, from, to, lacks(watched.trace, seen.traced.len()));
        let captured = pick::first(&flows, from, to, lacks(watched.capture, seen.captured.len()));
        let measured = pick::first(&flows, from, to, lacks(watched.statistics, seen.measured));
        let traced = self.samples(topology, entering, &traced);
        let captured = self.samples(topology, entering, &captured);
        let seen = self.seen_mut(direction);
        seen.traced.extend(traced);
        seen.captured.extend(captured);
        seen.measured += measured.len();
        let mut each = vec![0; entering.len()];
        for &(position, _) in &measured {
            each[position] += 1;
        }
        for (it, packets) in entering.iter().zip(each).filter(|(_, packets)| *packets > 0) {
            let observations = observe(topology, &it.leg.trace, it.start).observations;
            counts::note(&mut seen.statistics, &observations, packets);
        }
        for (position, number) in measured {
            let Some(it) = entering.get(position) else { continue };
            let after = i64::from(it.leg.sent_after) + i64::from(it.leg.trace.latency);
            let seen_last = it.flow.time_of(number).saturating_add(after * 1_000_000);
            seen.measured_until = seen.measured_until.max(seen_last);
        }
    }

    /// The packets that were picked, with their ways.
    fn samples(&mut self, topology: &Topology, entering: &[Entering<'_>], picked: &[(usize, u64)]) -> Vec<Sample> {
        let mut ways: Vec<Option<(usize, u32)>> = vec![None; entering.len()];
        let mut samples = Vec::with_capacity(picked.len());
        for &(position, number) in picked {
            let Some(it) = entering.get(position) else { continue };
            let (way, before) = *ways[position].get_or_insert_with(|| self.way_of(topology, it));
            let after = i64::from(it.leg.sent_after) + i64::from(before);
            let at = it.flow.time_of(number).saturating_add(after * 1_000_000);
            samples.push(Sample { at, way, number });
        }
        samples
    }

    /// The position of the way of `entering` among the ways, and the milliseconds before it
    /// entered.
    fn way_of(&mut self, topology: &Topology, entering: &Entering<'_>) -> (usize, u32) {
        let Entering { flow, leg, start } = entering;
        let sight = observe(topology, &leg.trace, *start);
        let way = Way {
            packet: leg.trace.packet.clone(),
            flow: flow.path.to_string(),
            is_answer: leg.is_answer,
            is_local: leg.is_local,
            size_back: leg.size_back,
            sizes: sight.sizes,
            time_to_live: sight.time_to_live,
            observations: sight.observations,
            analysis: sight.analysis,
        };
        let known = self.ways.iter().position(|known| *known == way);
        let position = known.unwrap_or_else(|| {
            self.ways.push(way);
            self.ways.len() - 1
        });
        (position, sight.before)
    }

    const fn seen_mut(&mut self, direction: Direction) -> &mut Seen {
        match direction {
            Direction::Forward => &mut self.forward,
            Direction::Backward => &mut self.backward,
        }
    }

    /// It has finished when every action has seen as many packets as it was to, and the last
    /// of them have arrived. Counting goes on until time is over.
    fn finish_if_done(&mut self, watched: &Watched) {
        if watched.count.is_some() || self.sampled(watched).any(|(seen, wanted)| seen < wanted) {
            return;
        }
        let samples = Direction::BOTH.into_iter().flat_map(|direction| {
            let seen = self.seen(direction);
            seen.traced.iter().chain(&seen.captured)
        });
        let arrived = |sample: &Sample| {
            let way = self.way(sample)?;
            way.observations.last().map(|last| last.at(sample.at))
        };
        let measured = Direction::BOTH.map(|direction| self.seen(direction).measured_until);
        let last = samples.filter_map(arrived).chain(measured).max().unwrap_or_default();
        let at = Moment(last.div_euclid(1_000_000) + 1).min(self.deadline(watched));
        self.end = Some(End { at, state: OperationState::Finished, reason: None });
    }
}

/// How many packets `action` is to see of those of `direction`; none where it does not look at
/// them, or at all of them.
fn wanted(action: Option<Action>, direction: Direction) -> Option<usize> {
    action.filter(|_| applies(action, direction))?.packets
}

/// Whether `action` looks at packets of `direction`.
fn applies(action: Option<Action>, direction: Direction) -> bool {
    action.is_some_and(|action| direction == Direction::Forward || action.both_ways)
}

/// Whether packets can enter there: the port and its segment, or the session and its service,
/// are there and in operation.
fn is_in_operation(topology: &Topology, entrance: &Entrance) -> bool {
    match entrance {
        Entrance::Port(path) => {
            let segment = path.as_str().rsplit_once("/ports/").and_then(|(segment, _)| PolicyPath::parse(segment).ok());
            let segment = segment.and_then(|segment| topology.segments.get(&segment));
            topology.ports.get(path).is_some_and(|port| port.is_up) && segment.is_some_and(|segment| segment.is_up)
        }
        Entrance::Tunnel(path) => {
            let wired = topology.wired(path);
            wired.is_some_and(|wired| wired.session.enabled && wired.service_enabled)
        }
    }
}
