//! The API's answers about live traces (seed 000; nsx-fields.md part C).

use serde_json::{Map, Value as Json, json};

use super::observation::{Form, Interface, Observation, TransportNode, What, object};
use super::session::{Sample, TraceRecord, Way};
use super::{Direction, TraceFilter, actions, counts};
use crate::engine::Moment;
use crate::engine::runtime::EngineView;
use crate::engine::topology::{Action, LiveTrace};
use crate::model::{PolicyPath, Tree};

/// What the system keeps of an object, as far as a status shows it.
const KEPT: [&str; 8] = [
    "_create_time",
    "_create_user",
    "_last_modified_time",
    "_last_modified_user",
    "_protection",
    "_revision",
    "_system_owned",
    "tags",
];

/// An action whose results are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionType {
    /// Packets are traced.
    Trace,
    /// Packets are captured.
    Pktcap,
    /// Packets are counted.
    Count,
    /// What modules of the data path did is counted.
    DatapathStats,
}

impl ActionType {
    /// The words of the API.
    pub const WORDS: [&'static str; 4] = ["TRACE", "PKTCAP", "COUNT", "DATAPATH_STATS"];

    /// The action that `word` stands for.
    pub fn parse(word: &str) -> Option<Self> {
        let all = [Self::Trace, Self::Pktcap, Self::Count, Self::DatapathStats];
        Self::WORDS.iter().position(|it| *it == word).and_then(|position| all.get(position).copied())
    }
}

/// A live trace at one moment.
struct Subject<'a> {
    trace: &'a LiveTrace,
    record: &'a TraceRecord,
    now: Moment,
    form: Form,
}

impl<'a> Subject<'a> {
    fn of(view: &'a EngineView, path: &PolicyPath, form: Form) -> Option<Self> {
        Some(Self {
            trace: view.topology.live_traces.get(path)?,
            record: view.live_traces.get(path)?,
            now: view.now,
            form,
        })
    }

    fn kept(&self, field: &str) -> Json {
        self.trace.document.get(field).to_json()
    }

    /// Where something about it is, below the root of the API.
    fn address(&self, what: &str) -> String {
        match (self.form, what) {
            (Form::Policy, _) => format!("{}/{what}", self.trace.path),
            (Form::Manager, "result") => {
                format!("/livetraces/{}/results", self.kept("unique_id").as_str().unwrap_or_default())
            }
            (Form::Manager, _) => format!("/livetraces/{}", self.kept("unique_id").as_str().unwrap_or_default()),
        }
    }

    /// The manager API knows a live trace by the UUID of what realizes it.
    fn id(&self) -> Json {
        match self.form {
            Form::Policy => json!(self.trace.path.id()),
            Form::Manager => self.kept("unique_id"),
        }
    }
}

/// The status of the live trace at `path`; none when there is no such live trace.
pub fn status(view: &EngineView, path: &PolicyPath, form: Form) -> Option<Json> {
    let subject = Subject::of(view, path, form)?;
    let Subject { trace, record, now, .. } = &subject;
    let end = record.end(*now);
    let uuid = |path: &str| record.id_of(path).map(str::to_owned);
    let session = trace.document.get("ipsec_vpn_config").get("session_path").text().and_then(uuid);
    let own = [
        ("id", subject.id()),
        ("resource_type", json!("LiveTraceStatus")),
        ("display_name", subject.kept("display_name")),
        ("description", subject.kept("description")),
        ("source_lport", json!(uuid(trace.watched.source.path().as_str()).unwrap_or_default())),
        ("operation_state", json!(end.map_or("IN_PROGRESS", |end| end.state.word()))),
        ("request_status", json!(record.request().word())),
        ("invalidation_reason", json!(end.and_then(|end| end.reason))),
        ("timeout", json!(trace.watched.timeout / 1_000)),
        ("filter", subject.kept("filter")),
        ("filter_invalid_info", invalid(trace)),
        ("actions", actions::of_policy(trace.document.get("actions"), uuid)),
        ("ipsec_vpn_config", session.map_or(Json::Null, |session| json!({ "session_id": session }))),
        ("_schema", json!("/v1/schema/LiveTraceStatus")),
        ("_self", json!({ "href": subject.address("status"), "rel": "self" })),
        ("_links", json!([{ "href": subject.address("result"), "rel": "result" }])),
    ];
    Some(object(own.into_iter().chain(KEPT.map(|field| (field, subject.kept(field))))))
}

/// What a status says of a live trace beside what it has seen.
pub fn beyond_result(status: &Json) -> Map<String, Json> {
    let fields = ["operation_state", "request_status", "invalidation_reason", "filter_invalid_info"];
    let said = fields.into_iter().filter_map(|field| Some((field.to_owned(), status.get(field)?.clone())));
    said.collect()
}

/// The filters that cannot be read, and why.
fn invalid(trace: &LiveTrace) -> Json {
    let way_back = trace.watched.way_back.as_ref().map(|(_, filter)| filter);
    let actions = trace.document.get("actions");
    let reverse = || {
        let named = actions::ACTIONS.iter().map(|named| actions.get(named.policy).get("reverse_filter"));
        named.filter(|filter| !filter.is_null()).map(Tree::to_json).next()
    };
    let mut found = Vec::new();
    if let TraceFilter::Unreadable(error) = &trace.watched.filter {
        found.push(json!({ "filter": trace.document.get("filter").to_json(), "reason": error.to_string() }));
    }
    if let Some(TraceFilter::Unreadable(error)) = way_back {
        found.push(json!({ "filter": reverse(), "reason": error.to_string() }));
    }
    if found.is_empty() { Json::Null } else { Json::Array(found) }
}

/// What was seen by the live trace at `path`, of one action or of all; none when there is no
/// such live trace.
pub fn result(view: &EngineView, path: &PolicyPath, form: Form, only: Option<ActionType>) -> Option<Json> {
    let subject = Subject::of(view, path, form)?;
    let watched = &subject.trace.watched;
    let wants = |action: Option<Action>, of: ActionType| action.is_some() && only.is_none_or(|only| only == of);
    let mut fields = Map::from_iter([("id".to_owned(), subject.id())]);
    if wants(watched.trace, ActionType::Trace) {
        fields.insert("trace_results".to_owned(), subject.traced());
    }
    if wants(watched.count, ActionType::Count) {
        let of = |direction| counts::counters(&subject.record.seen(direction).counted, form);
        let (forward, backward) = (of(Direction::Forward), of(Direction::Backward));
        fields
            .insert("counter_results".to_owned(), json!({ "forward_results": forward, "backward_results": backward }));
    }
    if wants(watched.capture, ActionType::Pktcap) {
        fields.insert("pktcap_results".to_owned(), subject.captured());
    }
    if wants(watched.statistics, ActionType::DatapathStats) {
        fields.insert("datapath_stats_results".to_owned(), subject.measured());
    }
    Some(Json::Object(fields))
}

impl<'a> Subject<'a> {
    /// The last nanosecond of this moment.
    fn until(&self) -> i64 {
        self.now.0.saturating_mul(1_000_000).saturating_add(999_999)
    }

    /// The packets that were traced and have entered by now, in the order in which they did.
    fn samples(&self) -> Vec<(Direction, &'a Sample, &'a Way)> {
        let record = self.record;
        let of = |direction: Direction| {
            let all = record.seen(direction).traced.iter();
            all.filter_map(move |sample| Some((direction, sample, record.way(sample)?)))
        };
        let mut samples: Vec<_> = Direction::BOTH.into_iter().flat_map(of).collect();
        samples.retain(|(_, sample, _)| sample.at <= self.until());
        samples.sort_by_key(|(direction, sample, _)| (sample.at, *direction));
        samples
    }

    fn traced(&self) -> Json {
        let each = |(position, (direction, sample, way)): (usize, (Direction, &Sample, &Way))| {
            let made = |observation: &&Observation| observation.at(sample.at) <= self.until();
            let made: Vec<_> = way.observations.iter().filter(made).collect();
            let is_whole = made.len() == way.observations.len();
            let (physical, logical) = (of_sort(&made, false), of_sort(&made, true));
            json!({
                "packet_id": (position + 1).to_string(),
                "direction": direction.word(),
                "analysis": if is_whole { vec![way.analysis.as_str()] } else { Vec::new() },
                "result_overflowed": false,
                "counters": tally(&physical),
                "logical_counters": tally(&logical),
                "observations": made.iter().map(|it| it.document(sample.at, self.form)).collect::<Vec<_>>(),
            })
        };
        self.samples().into_iter().enumerate().map(each).collect()
    }

    /// Where the captures can be downloaded, node by node.
    fn captured(&self) -> Json {
        let mut nodes: Vec<(TransportNode, Vec<Json>)> = Vec::new();
        for direction in Direction::BOTH {
            let samples = &self.record.seen(direction).captured;
            let Some(first) = samples.iter().find(|sample| sample.at <= self.until()) else { continue };
            let Some(entry) = self.record.way(first).and_then(|way| way.observations.first()) else { continue };
            let id = match &entry.what {
                What::ReceivedLogical { port: Some(port), .. } => port.id.clone(),
                What::ReceivedLogical { vpn: Some(vpn), .. } => match &vpn.interface {
                    Interface::Routed(path) | Interface::Rule(path) => Some(super::observation::identifier(path)),
                },
                _ => None,
            };
            let resource = object([
                ("port_id", json!(id)),
                ("pktcap_file_download_url", json!(download_address(&self.trace.path, direction))),
            ]);
            match nodes.iter_mut().find(|(node, _)| *node == entry.node) {
                Some((_, resources)) => resources.push(resource),
                None => nodes.push((entry.node.clone(), vec![resource])),
            }
        }
        let each = nodes.into_iter().map(|(node, resources)| {
            json!({
                "transport_node_id": node.id(),
                "transport_node_type": node.kind(),
                "pktcap_resource_list": resources,
            })
        });
        each.collect()
    }

    fn measured(&self) -> Json {
        let of = |direction: Direction| {
            let seen = self.record.seen(direction);
            let word = if direction == Direction::Forward { "FORWARD" } else { "REVERSE" };
            let statistics = counts::statistics(&seen.statistics);
            (!seen.statistics.is_empty())
                .then(|| json!({ "direction": word, "transport_node_datapath_stats": statistics }))
        };
        Direction::BOTH.into_iter().filter_map(of).collect()
    }
}

/// The address at which the packets of this direction can be downloaded that the live trace at
/// `path` has captured.
pub fn download_address(path: &PolicyPath, direction: Direction) -> String {
    format!("/policy/api/v1{path}/pktcap?direction={}", direction.word())
}

fn of_sort<'a>(observations: &[&'a Observation], is_logical: bool) -> Vec<&'a What> {
    observations.iter().map(|it| &it.what).filter(|what| what.is_logical() == is_logical).collect()
}

/// How many observations there are of each type.
fn tally(all: &[&What]) -> Json {
    let count = |is_it: fn(&What) -> bool| all.iter().filter(|what| is_it(what)).count();
    json!({
        "received_count": count(|what| matches!(what, What::Received(_) | What::ReceivedLogical { .. })),
        "delivered_count": count(|what| matches!(what, What::Delivered { .. })),
        "dropped_count": count(|what| matches!(what, What::DroppedLogical { .. })),
        "forwarded_count": count(|what| matches!(what, What::Forwarded(_) | What::ForwardedLogical { .. })),
    })
}
