//! Questions about running things, and their answers.

use serde_json::{Map, Value as Json, json};

use super::{EngineView, Planned, Runtime, When, flow_statistics, service_summary, session_statistics};
use super::{session_status, tap_statistics};
use crate::engine::bgp::BfdState;
use crate::engine::bgp::documents::{self, Direction};
use crate::engine::fabric;
use crate::engine::forwarding::{DropReason, Packet, Trace};
use crate::engine::live_trace::{self, observation::Form};
use crate::engine::negotiation::{DownReason, IkeState, SessionState};
use crate::engine::topology::Topology;
use crate::engine::{Engine, Moment, Refusal};
use crate::model::PolicyPath;

/// A question about something that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// How a session is: `…/sessions/ID/detailed-status`.
    SessionStatus(PolicyPath),
    /// Its tunnels and their traffic: `…/sessions/ID/statistics`.
    SessionStatistics(PolicyPath),
    /// How the sessions of a VPN service are, in short: `…/ipsec-vpn-services/ID/summary`.
    ServiceSummary(PolicyPath),
    /// How a BGP neighbor is: its entry of `…/bgp/neighbors/status`.
    NeighborStatus(PolicyPath),
    /// What it taught the gateway: `…/neighbors/ID/routes`.
    LearnedRoutes(PolicyPath),
    /// What the gateway advertises to it: `…/neighbors/ID/advertised-routes`.
    AdvertisedRoutes(PolicyPath),
    /// What became of the packets of a simulated flow.
    FlowStatistics(PolicyPath),
    /// What a tap service, a tap flow or a tap mirror has copied.
    TapStatistics(PolicyPath),
    /// How a live trace is: `/infra/livetraces/ID/status`.
    LiveTraceStatus(PolicyPath),
    /// What it has seen: `/infra/livetraces/ID/result`.
    LiveTraceResult(PolicyPath),
    /// What probes have found on the path of a collection: `data/flow`, `data/tunnel`.
    FlowPath(PolicyPath),
    /// The flows of applications, perhaps only those that are active: `list/flow`.
    ApplicationFlows(PolicyPath, bool),
    /// What is collected for an originator: `active/flow` and `active/tunnel`.
    ActiveCollections(PolicyPath, Option<String>),
}

impl Question {
    /// The same question about another object.
    #[must_use]
    pub fn about(&self, path: PolicyPath) -> Self {
        match self {
            Self::SessionStatus(_) => Self::SessionStatus(path),
            Self::SessionStatistics(_) => Self::SessionStatistics(path),
            Self::ServiceSummary(_) => Self::ServiceSummary(path),
            Self::NeighborStatus(_) => Self::NeighborStatus(path),
            Self::LearnedRoutes(_) => Self::LearnedRoutes(path),
            Self::AdvertisedRoutes(_) => Self::AdvertisedRoutes(path),
            Self::FlowStatistics(_) => Self::FlowStatistics(path),
            Self::TapStatistics(_) => Self::TapStatistics(path),
            Self::LiveTraceStatus(_) => Self::LiveTraceStatus(path),
            Self::LiveTraceResult(_) => Self::LiveTraceResult(path),
            Self::FlowPath(_) => Self::FlowPath(path),
            Self::ApplicationFlows(_, is_active) => Self::ApplicationFlows(path, *is_active),
            Self::ActiveCollections(_, originator) => Self::ActiveCollections(path, originator.clone()),
        }
    }

    /// What is asked about.
    pub fn subject(&self) -> &PolicyPath {
        match self {
            Self::SessionStatus(path)
            | Self::SessionStatistics(path)
            | Self::ServiceSummary(path)
            | Self::NeighborStatus(path)
            | Self::LearnedRoutes(path)
            | Self::AdvertisedRoutes(path)
            | Self::FlowStatistics(path)
            | Self::TapStatistics(path)
            | Self::LiveTraceStatus(path)
            | Self::LiveTraceResult(path)
            | Self::FlowPath(path)
            | Self::ApplicationFlows(path, _)
            | Self::ActiveCollections(path, _) => path,
        }
    }
}

/// The answer to a [`Question`].
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The API's answer; none when there is nothing to ask about.
    pub document: Option<Json>,
    /// What there is to know beyond it, by field: the API has no such fields.
    pub beyond: Map<String, Json>,
    /// When another answer is to be expected, because something is under way.
    pub until: Option<Moment>,
}

/// The field of a diagnosis with the API's answer.
const STATUS: &str = "status";
/// The field of a diagnosis that says in how many milliseconds another answer is to be expected.
const CHANGES_IN: &str = "changes_in_ms";

impl Answer {
    /// All that is known at `now`, as one document: what there is to know beyond the API's
    /// answer, with that answer in the field `status`. In `changes_in_ms` it says in how many
    /// milliseconds another one is to be expected; null when nothing is under way.
    pub fn diagnosis(self, now: Moment) -> Option<Json> {
        let mut fields = self.beyond;
        fields.insert(STATUS.to_owned(), self.document?);
        fields.insert(CHANGES_IN.to_owned(), json!(self.until.map(|until| until.0.saturating_sub(now.0).max(0))));
        Some(Json::Object(fields))
    }

    /// The answer of which `diagnosis` is the document, had at `now`; `None` when it is none.
    pub fn of_diagnosis(diagnosis: Json, now: Moment) -> Option<Self> {
        let Json::Object(mut beyond) = diagnosis else { return None };
        let document = beyond.remove(STATUS)?;
        let changes_in = beyond.remove(CHANGES_IN)?.as_i64();
        let until = changes_in.map(|span| Moment(now.0.saturating_add(span)));
        Some(Self { document: Some(document), beyond, until })
    }
}

/// Which packet is traced, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceRequest {
    /// The packet.
    pub packet: Packet,
    /// Whether it answers one that went the other way: a TCP handshake with SYN and ACK.
    pub answers: bool,
    /// At which moment.
    pub when: When,
    /// The size of the answer in bytes whose way back is wanted.
    pub answer_size: usize,
}

/// The way of a packet, and of the answer to it.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceAnswer {
    /// Its way.
    pub there: Trace,
    /// The way of the answer; none when the packet does not arrive.
    pub back: Option<Trace>,
    /// What was left out, because too little of it is known.
    pub unknown: Vec<PolicyPath>,
    /// What could not be looked at.
    pub unseen: Vec<Unseen>,
}

/// What could not be looked at for a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unseen {
    /// Keys: those of both ends of a tunnel are taken to be the same.
    Keys,
    /// The taps that are there, for this reason: none of them copies anything.
    Taps(String),
}

impl EngineView {
    /// The API's answer to `question`; none when there is nothing to ask about.
    pub fn answer(&self, question: &Question) -> Option<Json> {
        match question {
            Question::SessionStatus(path) => session_status(self, path),
            Question::SessionStatistics(path) => session_statistics(self, path),
            Question::ServiceSummary(path) => service_summary(self, path),
            Question::NeighborStatus(path) => {
                let (neighbor, state) = (self.topology.neighbors.get(path)?, self.neighbors.get(path)?);
                Some(documents::status(neighbor, state, self.ribs().neighbors.get(path), self.now))
            }
            Question::LearnedRoutes(path) => self.routes(path, Direction::Learned),
            Question::AdvertisedRoutes(path) => self.routes(path, Direction::Advertised),
            Question::FlowStatistics(path) => flow_statistics(self, path),
            Question::TapStatistics(path) => tap_statistics(self, path),
            Question::LiveTraceStatus(path) => live_trace::documents::status(self, path, Form::Policy),
            Question::LiveTraceResult(path) => live_trace::documents::result(self, path, Form::Policy, None),
            Question::FlowPath(_) | Question::ApplicationFlows(..) | Question::ActiveCollections(..) => {
                of_fabric((&self.fabric, &self.topology), question, self.now)
            }
        }
    }
}

impl EngineView {
    fn routes(&self, path: &PolicyPath, direction: Direction) -> Option<Json> {
        let (neighbor, state) = (self.topology.neighbors.get(path)?, self.neighbors.get(path)?);
        Some(documents::routes(neighbor, state, self.ribs().neighbors.get(path), direction))
    }
}

/// The answer to a question about the fabric; none to any other, and when there is nothing to ask
/// about.
fn of_fabric((course, topology): (&fabric::Course, &Topology), question: &Question, now: Moment) -> Option<Json> {
    match question {
        Question::FlowPath(path) => fabric::path_of(course, topology, path, now),
        Question::ApplicationFlows(_, is_active) => {
            Some(fabric::flows(course.net(topology), topology, *is_active, now))
        }
        Question::ActiveCollections(_, originator) => Some(fabric::active(topology, originator.as_deref())),
        _ => None,
    }
}

/// Why a session is not up, be it that it negotiates.
fn why_not_up(state: &SessionState) -> Option<&DownReason> {
    let negotiates = matches!(state.ike, IkeState::Negotiating { .. });
    state.why_down().or_else(|| negotiates.then_some(&DownReason::Negotiating))
}

/// What there is to know beyond the API's answer to `question`.
fn beyond(question: &Question, runtime: &Runtime, view: &EngineView) -> Map<String, Json> {
    let told = match question {
        Question::SessionStatus(path) => json!({
            "reason": view.sessions.get(path).and_then(why_not_up).map(ToString::to_string).unwrap_or_default(),
            "security_associations": runtime.security_associations(path),
        }),
        Question::NeighborStatus(path) => {
            let Some(state) = view.neighbors.get(path) else { return Map::new() };
            let reset = state.last_reset;
            json!({
                "reason": state.reason.as_ref().map(ToString::to_string).unwrap_or_default(),
                "last_reset": reset.map(|reset| reset.why.to_string()).unwrap_or_default(),
                "last_reset_timestamp": reset.map_or(0, |reset| reset.at.0),
                "bfd_state": state.bfd.map_or("", BfdState::word),
            })
        }
        Question::LiveTraceResult(path) => {
            let status = live_trace::documents::status(view, path, Form::Policy);
            return status.as_ref().map(live_trace::documents::beyond_result).unwrap_or_default();
        }
        _ => return Map::new(),
    };
    if let Json::Object(fields) = told { fields } else { Map::new() }
}

/// How many sessions that wait for traffic one packet may open on its way.
const MOST_OPENED: usize = 8;

impl Engine {
    /// Answers `question` at `now`. With something `planned`, the answer is what it will
    /// be once that is declared and has come to rest.
    pub fn ask(&self, question: &Question, planned: &[Planned], now: Moment) -> Result<Answer, Refusal> {
        if planned.is_empty() {
            return Ok(self.course.at(self, now, |runtime| runtime.told(question))?);
        }
        Ok(self.runtime(now)?.asked(question, planned))
    }

    /// Traces a packet at `now`, with what is `planned` declared.
    pub fn trace(&self, request: &TraceRequest, planned: &[Planned], now: Moment) -> Result<TraceAnswer, Refusal> {
        Ok(self.runtime(now)?.traced(request, planned))
    }
}

impl Runtime {
    /// Answers `question`, as [`Engine::ask`].
    pub fn asked(mut self, question: &Question, planned: &[Planned]) -> Answer {
        if planned.is_empty() {
            return self.told(question);
        }
        self.declare_all(planned);
        self.settle_down();
        if let Question::FlowPath(path) = question
            && let Some(at) = fabric::first_run_ends(self.fabric().0, self.fabric().1, path, self.now())
        {
            self.advance(at);
        }
        Answer { until: None, ..self.told(question) }
    }

    /// Answers `question` about what is the case now.
    fn told(&self, question: &Question) -> Answer {
        let (course, topology) = self.fabric();
        if let Some(document) = of_fabric((course, topology), question, self.now()) {
            // There is no need to look at anything else, however much there is.
            let until = match question {
                Question::FlowPath(path) => fabric::first_run_ends(course, topology, path, self.now()),
                _ => None,
            };
            return Answer { document: Some(document), beyond: Map::new(), until };
        }
        let view = self.view();
        let until = self.next_news_of(question.subject());
        Answer { document: view.answer(question), beyond: beyond(question, self, &view), until }
    }

    /// Traces a packet, as [`Engine::trace`].
    pub fn traced(mut self, request: &TraceRequest, planned: &[Planned]) -> TraceAnswer {
        self.declare_all(planned);
        if request.when == When::Settled {
            self.settle_down();
        }
        let mut answer = traced(&self.view(), request);
        for _ in 0..MOST_OPENED {
            let Some(session) = opens(&answer).filter(|_| request.when == When::Settled) else { break };
            self.wake(&session);
            self.settle_down();
            answer = traced(&self.view(), request);
        }
        answer
    }
}

fn traced(view: &EngineView, request: &TraceRequest) -> TraceAnswer {
    let forwarding = view.forwarding();
    let packet = &request.packet;
    let there = if request.answers { forwarding.trace_as_answer(packet) } else { forwarding.trace(packet) };
    let arrives = there.drop_reason.is_none();
    let back = if arrives { view.trace_answer(&there, request.answer_size) } else { None };
    TraceAnswer { there, back, unknown: view.topology.unknown.iter().cloned().collect(), unseen: Vec::new() }
}

/// The session that waits for traffic and is opened by the packet or its answer.
fn opens(answer: &TraceAnswer) -> Option<PolicyPath> {
    let mut traces = [Some(&answer.there), answer.back.as_ref()].into_iter().flatten();
    let waiting = traces.find(|trace| trace.drop_reason == Some(DropReason::TunnelOnDemand));
    waiting.and_then(|trace| trace.session.clone())
}
