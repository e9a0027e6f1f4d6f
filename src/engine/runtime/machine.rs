//! The course of events: sessions, neighbors and traffic, from one moment to a later
//! one.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use serde_json::Value as Json;

use super::agenda::{Agenda, Item};
use super::capture::Recorder;
use super::journal::Event;
use super::traffic::{Meter, Traffic, sends};
use super::{EngineView, Planned, Settled};
use crate::engine::Moment;
use crate::engine::bgp::{NeighborRecord, Surroundings};
use crate::engine::fabric;
use crate::engine::live_trace::TraceRecord;
use crate::engine::negotiation::{DownReason, IkeState, SessionRecord, SessionState};
use crate::engine::topology::{FarEnd, Session, Topology};
use crate::model::{
    DPD_PROFILE, IKE_PROFILE, Kind, LIVE_TRACE, LOCAL_ENDPOINT, Network, PolicyPath, TUNNEL_PROFILE, Tree, VPN_SERVICE,
    kinds_at,
};

/// With nothing to come within so long, everything counts as settled: longer than any
/// negotiation, retransmission, connect retry or usual hold time.
const QUIET: i64 = 10 * 60 * 1_000;

/// Settling is given up after so many changes: what changes that often does so for ever.
const MOST_CHANGES: usize = 100_000;

/// The engine in operation, at one moment.
#[derive(Clone)]
pub struct Runtime {
    pub(super) now: Moment,
    pub(super) topology: Arc<Topology>,
    sessions: BTreeMap<PolicyPath, SessionRecord>,
    states: BTreeMap<PolicyPath, SessionState>,
    neighbors: BTreeMap<PolicyPath, NeighborRecord>,
    /// What has been counted up to `counted`; what was sent since is added when somebody looks.
    traffic: Arc<Traffic>,
    counted: Moment,
    pub(super) live_traces: Arc<BTreeMap<PolicyPath, TraceRecord>>,
    fabric: fabric::Course,
    pub(super) agenda: Agenda,
    /// What is declared, with no more routes than flows depend on; none when something
    /// was declared since.
    lean: Option<Arc<Topology>>,
    /// How flows have gone since `counted`; none when something has changed since.
    meter: Option<Arc<Meter>>,
    /// Who looks on.
    recorder: Option<Recorder>,
}

impl Runtime {
    /// The engine at the moment it was settled, with what was declared then.
    pub(super) fn restore(settled: Settled, topology: Topology) -> Self {
        let Settled { at, sessions, neighbors, traffic, live_traces, fabric } = settled;
        let mut runtime = Self {
            now: Moment(at),
            topology: Arc::new(topology),
            sessions: paths(sessions),
            states: BTreeMap::new(),
            neighbors: paths(neighbors),
            traffic: Arc::new(traffic),
            counted: Moment(at),
            live_traces: Arc::new(paths(live_traces)),
            fabric: fabric::Course::restore(fabric),
            agenda: Agenda::default(),
            lean: None,
            meter: None,
            recorder: None,
        };
        for path in runtime.topology.sessions.keys().cloned().collect::<Vec<_>>() {
            runtime.keep_session(&path);
        }
        for path in runtime.topology.neighbors.keys().cloned().collect::<Vec<_>>() {
            runtime.keep_neighbor(&path);
        }
        for path in runtime.topology.flows.keys().cloned().collect::<Vec<_>>() {
            runtime.schedule_flow(&path);
        }
        for path in runtime.topology.taps().cloned().collect::<Vec<_>>() {
            runtime.schedule_tap(&path);
        }
        for path in runtime.topology.live_traces.keys().cloned().collect::<Vec<_>>() {
            runtime.keep_live_trace(&path);
        }
        runtime
    }

    /// The same engine, of which somebody looks on.
    pub(super) fn watched_by(self, recorder: Option<Recorder>) -> Self {
        Self { recorder, ..self }
    }

    /// Who has looked on.
    pub(super) fn take_recorder(&mut self) -> Option<Recorder> {
        self.recorder.take()
    }

    /// What is to be stored of it.
    pub(super) fn settled(&self) -> Settled {
        let texts = |path: &PolicyPath| path.to_string();
        Settled {
            at: self.now.0,
            sessions: self.sessions.iter().map(|(path, record)| (texts(path), record.clone())).collect(),
            neighbors: self.neighbors.iter().map(|(path, record)| (texts(path), record.clone())).collect(),
            traffic: self.traffic(),
            live_traces: self.live_traces.iter().map(|(path, record)| (texts(path), record.clone())).collect(),
            fabric: self.fabric.stored(),
        }
    }

    /// The moment.
    pub fn now(&self) -> Moment {
        self.now
    }

    /// Lets everything happen up to `to`. The clock never goes back.
    pub fn advance(&mut self, to: Moment) {
        while let Some(at) = self.agenda.next().filter(|at| *at <= to) {
            self.pass(at);
            self.happen(at);
        }
        self.pass(to);
    }

    /// Lets everything happen until nothing more is to be expected soon.
    pub fn settle_down(&mut self) {
        for _ in 0..MOST_CHANGES {
            match self.agenda.next() {
                Some(at) if at.0 - self.now.0 <= QUIET => self.advance(at),
                _ => return,
            }
        }
    }

    /// The fabric: what has been counted there, and what is declared.
    pub(in crate::engine) fn fabric(&self) -> (&fabric::Course, &Topology) {
        (&self.fabric, &self.topology)
    }

    /// What happens at `at` from outside.
    pub(super) fn meet(&mut self, at: Moment, event: Event) {
        self.advance(at);
        match event {
            Event::Declared(path, after) => self.declare(&path, after.as_ref().map(|(kind, tree)| (*kind, tree))),
            Event::Reset(path) => {
                self.count_traffic();
                Arc::make_mut(&mut self.traffic).reset(&path);
            }
            Event::Restarted(path) => self.begin_live_trace(&path),
        }
    }

    /// The object at `path` becomes what is declared, or goes.
    pub fn declare(&mut self, path: &PolicyPath, declared: Option<(&'static Kind, &Tree)>) {
        let mut touched = self.touched_by(path);
        let watched = self.topology.live_traces.get(path).map(|trace| trace.watched.clone());
        let was_touched = fabric::Course::touched_by(&self.topology, path);
        let will_be_touched =
            declared.map_or(fabric::Touch::None, |(kind, tree)| fabric::touched_by_declared(kind, tree));
        let touch = was_touched.max(will_be_touched);
        if touch >= fabric::Touch::Load {
            self.fabric.add_up(&self.topology, self.now);
        }
        // Flows go on as they do whatever probes are sent along their paths.
        if touch >= fabric::Touch::Load || !fabric::agent::is_collection(path) {
            self.forget_meter();
            self.lean = None;
        }
        match declared {
            Some((kind, tree)) => Arc::make_mut(&mut self.topology).put(kind, path, tree),
            None => Arc::make_mut(&mut self.topology).remove(path),
        }
        if touch == fabric::Touch::Net {
            self.fabric.forget_net(self.now);
        }
        self.fabric.declared(&self.topology, path, self.now, touch > fabric::Touch::None);
        touched.join(self.touched_by(path));
        if !self.topology.sessions.contains_key(path) && self.sessions.remove(path).is_some() {
            self.states.remove(path);
            self.agenda.set(Item::Session(path.clone()), None);
            self.agenda.set(Item::Packet(path.clone()), None);
            Arc::make_mut(&mut self.traffic).forget_session(path);
        }
        if !self.topology.neighbors.contains_key(path) && self.neighbors.remove(path).is_some() {
            self.agenda.set(Item::Neighbor(path.clone()), None);
        }
        if !self.topology.flows.contains_key(path) && self.traffic.has_flow(path) {
            Arc::make_mut(&mut self.traffic).forget_flow(path);
        }
        if path.is_of_neutron() && self.topology.name_of_tap(path).is_none() {
            Arc::make_mut(&mut self.traffic).forget_tap(path);
        }
        for session in &touched.sessions {
            self.session_changed(session);
        }
        for neighbor in &touched.neighbors {
            self.neighbor_changed(neighbor);
        }
        self.schedule_flow(path);
        self.schedule_tap(path);
        self.live_trace_declared(path, watched.as_ref());
        self.watch_traffic();
    }

    /// What is planned is declared now, as far as it is known.
    pub fn declare_all(&mut self, planned: &[Planned]) {
        // A live trace begins where what it looks at is there.
        let (last, first): (Vec<_>, Vec<_>) = planned.iter().partition(|planned| LIVE_TRACE.owns(&planned.path));
        for Planned { path, declared } in first.into_iter().chain(last) {
            match declared {
                None => self.declare(path, None),
                Some((_, tree)) if matters_and_is_unknown(tree) => {
                    self.declare(path, None);
                    Arc::make_mut(&mut self.topology).unknown.insert(path.clone());
                }
                Some((kind, tree)) => {
                    let tree = self.as_it_was(path, tree);
                    self.declare(path, Some((*kind, &created(&tree, self.now))));
                }
            }
        }
    }

    /// The document with what the system keeps of the object at `path`, if there is one: a port
    /// is known to taps by its UUID, and a tap works since it was created.
    fn as_it_was(&self, path: &PolicyPath, tree: &Tree) -> Tree {
        let mut tree = tree.clone();
        let Tree::Object(fields) = &mut tree else { return tree };
        if let Some(id) = self.topology.ports.get(path).and_then(|port| port.id.as_deref()) {
            fields.entry("unique_id".to_owned()).or_insert_with(|| id.into());
        }
        let service = self.topology.tap_services.get(path).map(|service| service.life);
        if let Some(life) = service.or_else(|| self.topology.tap_flows.get(path).map(|flow| flow.life)) {
            fields.entry("_create_time".to_owned()).or_insert_with(|| life.created().0.into());
        }
        tree
    }

    /// When there is news to be expected of the session or neighbor at `path`, because
    /// something is under way; none while it is as it should be.
    pub fn next_news_of(&self, path: &PolicyPath) -> Option<Moment> {
        if let Some(neighbor) = self.topology.neighbors.get(path) {
            let state = self.neighbors.get(path)?.state(neighbor, &self.around(), self.now);
            if state.is_established() {
                return None;
            }
            let session = self.topology.session_of(neighbor).map(|(session, _)| session.path.clone());
            let items =
                [Some(Item::Neighbor(path.clone())), session.clone().map(Item::Session), session.map(Item::Packet)];
            return items.into_iter().flatten().filter_map(|item| self.agenda.of(&item)).min();
        }
        if self.topology.live_traces.contains_key(path) {
            return self.live_trace_news(path);
        }
        if path.is_of_neutron() {
            return self.agenda.of(&Item::Tap(path.clone()));
        }
        if self.states.get(path).is_some_and(|state| state.is_up() && state.tunnels_up().count() == state.tunnels.len())
        {
            return None;
        }
        [Item::Session(path.clone()), Item::Packet(path.clone())].iter().filter_map(|item| self.agenda.of(item)).min()
    }

    /// A packet wants through the session at `path`, which may wait for one.
    pub fn wake(&mut self, path: &PolicyPath) {
        let Some(session) = self.topology.sessions.get(path) else { return };
        // Of two sessions that are each other's peer both come up, or none does.
        let far = match self.topology.far_end(session) {
            FarEnd::Session(far) => Some(far.session.path.clone()),
            FarEnd::Nobody | FarEnd::Peer(_) => None,
        };
        for path in [path.clone()].into_iter().chain(far) {
            if let (Some(wired), Some(record)) = (self.topology.wired(&path), self.sessions.get_mut(&path)) {
                record.wake(Some(&wired), &self.topology.far_end(wired.session), self.now);
                self.session_moved(&path);
            }
        }
    }

    /// How flows go at the moment.
    fn take_meter(&mut self) -> Arc<Meter> {
        if let Some(meter) = self.meter.take() {
            return meter;
        }
        let lean = self.lean.get_or_insert_with(|| Arc::new(for_flows(&self.topology)));
        let lean = Arc::clone(lean);
        let wanted = self.recorder.as_ref().and_then(Recorder::flow);
        Arc::new(Meter::of(&self.view_over(lean, Traffic::default()), &self.entrances(), wanted))
    }

    /// How flows go is about to change: adds what they have sent until now.
    pub(super) fn forget_meter(&mut self) {
        self.count_traffic();
        self.meter = None;
    }

    fn count_traffic(&mut self) {
        if let Some(meter) = self.meter.as_ref().filter(|_| self.counted < self.now) {
            meter.count(&self.topology, Arc::make_mut(&mut self.traffic), self.counted, self.now);
        }
        self.counted = self.now;
    }

    /// What has been counted up to now.
    fn traffic(&self) -> Traffic {
        let mut traffic = Traffic::clone(&self.traffic);
        if let Some(meter) = &self.meter {
            meter.count(&self.topology, &mut traffic, self.counted, self.now);
        }
        traffic
    }

    /// A packet wants through each session that waits for one.
    pub(super) fn wake_all(&mut self) {
        let waiting: Vec<_> =
            self.states.iter().filter(|(_, state)| waits(state)).map(|(path, _)| path.clone()).collect();
        for path in waiting {
            self.wake(&path);
        }
    }

    /// The engine as it is at the moment.
    pub fn view(&self) -> EngineView {
        self.view_over(Arc::clone(&self.topology), self.traffic())
    }

    /// The same, with this topology in place of what is declared, and these counters.
    fn view_over(&self, topology: Arc<Topology>, traffic: Traffic) -> EngineView {
        let neighbors = self.topology.neighbors.values().filter_map(|neighbor| {
            let state = self.neighbors.get(&neighbor.path)?.state(neighbor, &self.around(), self.now);
            Some((neighbor.path.clone(), state))
        });
        EngineView::new(
            self.now,
            topology,
            self.states.clone(),
            neighbors.collect(),
            traffic,
            Arc::clone(&self.live_traces),
            self.fabric.clone(),
        )
    }

    /// What the ends of the session at `path` have chosen, while it has an IKE SA. The API
    /// does not tell.
    pub(super) fn security_associations(&self, path: &PolicyPath) -> Option<Json> {
        let (session, record) = (self.topology.sessions.get(path)?, self.sessions.get(path)?);
        let (wired, far) = (self.topology.wired(path), self.topology.far_end(session));
        let (chosen, rekeys) = record.chosen(wired.as_ref(), &far, self.now)?;
        Some(super::documents::security_associations(&chosen, &rekeys))
    }

    fn around(&self) -> Surroundings<'_> {
        Surroundings { topology: &self.topology, sessions: &self.states }
    }

    /// Time passes up to `to`, and nothing happens meanwhile but traffic.
    fn pass(&mut self, to: Moment) {
        if to <= self.now {
            return;
        }
        if sends(&self.topology, self.now, to) {
            // It is counted when somebody looks, or when flows are about to go otherwise.
            let meter = self.take_meter();
            if let Some(recorder) = &mut self.recorder {
                let mirrored = recorder.collection().map(|path| self.fabric.copies_of(&self.topology, path));
                recorder.look(&self.topology, &meter, &mirrored.unwrap_or_default(), self.now, to);
            }
            self.look_on(&meter, to);
            self.meter = Some(meter);
        }
        self.now = to;
    }

    /// Everything that is due happens.
    fn happen(&mut self, at: Moment) {
        for item in self.agenda.take(at) {
            match item {
                Item::Session(path) => {
                    let (wired, record) = (self.topology.wired(&path), self.sessions.get_mut(&path));
                    if let (Some(session), Some(record)) = (self.topology.sessions.get(&path), record) {
                        record.advance(wired.as_ref(), &self.topology.far_end(session), at);
                        self.session_moved(&path);
                    }
                }
                Item::Neighbor(path) => {
                    let around = Surroundings { topology: &self.topology, sessions: &self.states };
                    if let (Some(neighbor), Some(record)) =
                        (self.topology.neighbors.get(&path), self.neighbors.get_mut(&path))
                    {
                        record.advance(neighbor, &around, at);
                        self.neighbor_moved(&path);
                    }
                }
                Item::Flow(path) => {
                    if fabric::Course::touched_by(&self.topology, &path) == fabric::Touch::Load {
                        self.fabric.add_up(&self.topology, at);
                        self.forget_meter();
                    }
                    self.schedule_flow(&path);
                }
                Item::Tap(path) => {
                    self.forget_meter();
                    self.schedule_tap(&path);
                }
                Item::LiveTrace(path) => self.live_trace_ends(&path),
                Item::Packet(path) => self.wake(&path),
            }
        }
        self.watch_traffic();
    }

    /// The session at `path` is looked after, from now on if it is new.
    fn keep_session(&mut self, path: &PolicyPath) {
        let Some(session) = self.topology.sessions.get(path) else { return };
        if !self.sessions.contains_key(path) {
            let wired = self.topology.wired(path);
            let record = SessionRecord::begin(wired.as_ref(), &self.topology.far_end(session), self.now);
            self.sessions.insert(path.clone(), record);
        }
        self.session_moved(path);
    }

    fn session_changed(&mut self, path: &PolicyPath) {
        let Some(session) = self.topology.sessions.get(path) else { return };
        match self.sessions.get_mut(path) {
            Some(record) => {
                let wired = self.topology.wired(path);
                record.changed(wired.as_ref(), &self.topology.far_end(session), self.now);
                self.session_moved(path);
            }
            None => self.keep_session(path),
        }
    }

    /// The record of the session at `path` has changed: so may what depends on it.
    fn session_moved(&mut self, path: &PolicyPath) {
        let (Some(session), Some(record)) = (self.topology.sessions.get(path), self.sessions.get(path)) else { return };
        let wired = self.topology.wired(path);
        let far = self.topology.far_end(session);
        let state = record.state(wired.as_ref(), &far, self.now);
        let next = record.next_change(wired.as_ref(), &far).map(|at| at.max(Moment(self.now.0 + 1)));
        self.agenda.set(Item::Session(path.clone()), next);
        if self.states.get(path) == Some(&state) {
            return;
        }
        let neighbors = self.neighbors_through(session);
        self.states.insert(path.clone(), state);
        self.forget_meter();
        for neighbor in neighbors {
            self.neighbor_changed(&neighbor);
        }
    }

    /// The neighbors that are spoken to through `session`, at both of its ends, and those
    /// further away, which may be.
    fn neighbors_through(&self, session: &Session) -> BTreeSet<PolicyPath> {
        let topology = &self.topology;
        let far = match topology.far_end(session) {
            FarEnd::Session(far) => Some(far.session),
            FarEnd::Nobody | FarEnd::Peer(_) => None,
        };
        let ends = [session].into_iter().chain(far);
        let near = ends.flat_map(|end| topology.neighbors_of(end)).map(|(neighbor, _)| neighbor);
        let multihop = topology.neighbors.values().filter(|it| it.maximum_hop_limit > 1);
        near.chain(multihop).map(|neighbor| neighbor.path.clone()).collect()
    }

    fn keep_neighbor(&mut self, path: &PolicyPath) {
        let Some(neighbor) = self.topology.neighbors.get(path) else { return };
        if !self.neighbors.contains_key(path) {
            let record = NeighborRecord::begin(neighbor, &self.around(), self.now);
            self.neighbors.insert(path.clone(), record);
        }
        self.neighbor_moved(path);
    }

    fn neighbor_changed(&mut self, path: &PolicyPath) {
        let around = Surroundings { topology: &self.topology, sessions: &self.states };
        match (self.topology.neighbors.get(path), self.neighbors.get_mut(path)) {
            (Some(neighbor), Some(record)) => {
                record.changed(neighbor, &around, self.now);
                self.neighbor_moved(path);
            }
            _ => self.keep_neighbor(path),
        }
    }

    fn neighbor_moved(&mut self, path: &PolicyPath) {
        let around = self.around();
        let (Some(neighbor), Some(record)) = (self.topology.neighbors.get(path), self.neighbors.get(path)) else {
            return;
        };
        let next = record.next_change(neighbor, &around).map(|at| at.max(Moment(self.now.0 + 1)));
        let wanted = record.wants(neighbor, &around);
        self.agenda.set(Item::Neighbor(path.clone()), next);
        self.forget_meter();
        if let Some(session) = wanted {
            self.agenda.set(Item::Packet(session), Some(Moment(self.now.0 + 1)));
        }
    }

    /// Notes when the flow at `path` begins or ends.
    fn schedule_flow(&mut self, path: &PolicyPath) {
        let next = self
            .topology
            .flows
            .get(path)
            .and_then(|flow| [Some(flow.start), flow.stop].into_iter().flatten().filter(|at| *at > self.now).min());
        self.agenda.set(Item::Flow(path.clone()), next);
    }

    /// Notes when the tap at `path` begins or ends.
    fn schedule_tap(&mut self, path: &PolicyPath) {
        self.agenda.set(Item::Tap(path.clone()), self.topology.next_change_of_tap(path, self.now));
    }

    /// Notes which sessions that wait for traffic the flows are going to open, and when.
    fn watch_traffic(&mut self) {
        if self.topology.flows.is_empty() || !self.states.values().any(waits) {
            return;
        }
        let meter = self.take_meter();
        for (session, at) in meter.wakes(&self.topology, self.now) {
            self.agenda.set(Item::Packet(session), Some(at.max(Moment(self.now.0 + 1))));
        }
        self.meter = Some(meter);
    }

    /// Which sessions and neighbors what is declared at `path` matters to.
    fn touched_by(&self, path: &PolicyPath) -> Touched {
        let topology = &self.topology;
        let mut touched = Touched::default();
        let peer = topology.peers.get(path).map(|peer| peer.address);
        let endpoint = topology.endpoints.get(path).map(|endpoint| endpoint.address);
        let own = topology.sessions.get(path).and_then(|it| topology.endpoints.get(&it.endpoint)).map(|it| it.address);
        let service = format!("{path}/sessions/");
        let uses = |session: &&Session| {
            let profiles = [&session.ike_profile, &session.tunnel_profile, &session.dpd_profile];
            session.endpoint == *path
                || profiles.into_iter().flatten().any(|it| it == path)
                || session.path.as_str().starts_with(&service)
        };
        let of_use = is_used_by_sessions(path).then(|| topology.sessions.values().filter(uses)).into_iter().flatten();
        let ends = [peer, endpoint, own].into_iter().flatten().flat_map(|address| topology.sessions_towards(address));
        for session in topology.sessions.get(path).into_iter().chain(of_use).chain(ends) {
            touched.sessions.insert(session.path.clone());
            // What matters to a session matters to the one at its far end.
            if let FarEnd::Session(far) = topology.far_end(session) {
                touched.sessions.insert(far.session.path.clone());
            }
            touched.neighbors.extend(self.neighbors_through(session));
        }
        let of_instance = topology.bgp.contains_key(path);
        let everybody = topology.prefix_lists.contains_key(path) || peer.is_some();
        for neighbor in topology.neighbors.values() {
            if neighbor.path == *path || everybody || of_instance && neighbor.instance() == path.as_str() {
                touched.neighbors.insert(neighbor.path.clone());
            }
        }
        touched
    }
}

/// `topology` with those routes of simulated peers only that the flows can depend on: those
/// to the ends of flows, and those that a summary stands for. With many routes and few flows
/// that is what makes following the flows cheap.
fn for_flows(topology: &Topology) -> Topology {
    let ends: BTreeSet<IpAddr> = topology.flows.values().flat_map(|flow| [flow.source, flow.destination]).collect();
    let summaries: Vec<Network> =
        topology.bgp.values().flat_map(|instance| &instance.aggregations).map(|(network, _)| *network).collect();
    let matters = |network: Network| {
        ends.range(network.first()..=network.last()).next().is_some()
            || summaries.iter().any(|summary| summary.covers(network))
    };
    let mut lean = topology.clone();
    for speaker in lean.peers.values_mut().filter_map(|peer| peer.bgp.as_mut()) {
        speaker.routes.retain(|route| matters(route.network));
    }
    lean
}

/// Whether a session waits for traffic.
fn waits(state: &SessionState) -> bool {
    matches!(state.ike, IkeState::Down { reason: DownReason::WaitsForTraffic, .. })
}

/// Whether sessions may refer to what lies at `path`, or lie below it.
fn is_used_by_sessions(path: &PolicyPath) -> bool {
    let used = [&IKE_PROFILE, &TUNNEL_PROFILE, &DPD_PROFILE, &LOCAL_ENDPOINT, &VPN_SERVICE];
    kinds_at(path).any(|kind| used.contains(&kind))
}

/// Whether something in a document is not known that may matter to what runs.
fn matters_and_is_unknown(tree: &Tree) -> bool {
    let Tree::Object(fields) = tree else { return true };
    let idle = ["display_name", "description", "tags", "name", "project_id"];
    fields.iter().any(|(name, value)| !idle.contains(&name.as_str()) && value.has_unknown())
}

/// The document, created at `now` unless it says when.
fn created(tree: &Tree, now: Moment) -> Tree {
    let mut tree = tree.clone();
    if let Tree::Object(fields) = &mut tree {
        fields.entry("_create_time".to_owned()).or_insert_with(|| now.0.into());
    }
    tree
}

/// The sessions and neighbors that something matters to.
#[derive(Default)]
struct Touched {
    sessions: BTreeSet<PolicyPath>,
    neighbors: BTreeSet<PolicyPath>,
}

impl Touched {
    fn join(&mut self, other: Self) {
        self.sessions.extend(other.sessions);
        self.neighbors.extend(other.neighbors);
    }
}

/// Records by the paths that were stored with them.
fn paths<T>(records: BTreeMap<String, T>) -> BTreeMap<PolicyPath, T> {
    records.into_iter().filter_map(|(path, record)| Some((PolicyPath::parse(&path).ok()?, record))).collect()
}
