//! Traces and packets as NetMaster's API shows them.

use serde_json::{Value as Json, json};

use super::{Head, REGION, State, TraceId, TraceQuestion};
use crate::engine::{Engine, Moment, Refusal};

/// Milliseconds of nanoseconds.
fn milliseconds(time: Option<i64>) -> Json {
    json!(time.map(|time| time.div_euclid(1_000_000)))
}

/// The key of a trace: what its id is made of.
fn key(id: &TraceId) -> Json {
    json!({
        "definitionName": id.definition_name,
        "generation": id.generation,
        "sequence": id.sequence,
        "stackName": id.stack_name,
        "tcpCreatorSequence": id.tcp_creator_sequence,
        "snapshotSequence": id.snapshot_sequence,
    })
}

/// What is told of a trace in short.
fn info(trace: &Head) -> Json {
    let kind = if trace.state == State::Snapshot { "SNAPSHOT" } else { "PACKET" };
    let of = &trace.source;
    let is_late = trace.follows.as_ref().is_some_and(|follows| follows.is_late);
    let status = match trace.state {
        State::Running => format!("Packets of {of} are being taken in"),
        _ if is_late => format!("Packets of {of}, of which some were missed"),
        _ if trace.is_cut => format!("The first packets of {of}"),
        State::Ended if trace.follows.is_some() => format!("The packets of {of} while it was followed"),
        State::Ended | State::Snapshot => format!("All packets of {of}"),
    };
    json!({
        "type": kind,
        "state": trace.state.word(),
        "status": status,
        "packetCount": trace.kept,
        "totalPacketCount": trace.total,
    })
}

/// A row of the list of traces.
pub fn row(trace: &Head) -> Json {
    json!({ "id": trace.id.to_string(), "key": key(&trace.id), "info": info(trace) })
}

/// A trace with all its details.
pub fn details(trace: &Head) -> Json {
    let locals: Vec<String> = trace.locals.iter().map(ToString::to_string).collect();
    json!({
        "id": trace.id.to_string(),
        "key": key(&trace.id),
        "info": info(trace),
        "checks": {
            "didEncounterStopCondition": trace.is_cut,
            "hasSeenIPv6Packets": trace.seen.v6,
            "isCreatorAtLimit": false,
            "isTcpConversation": trace.seen.tcp,
            "isUdpConversation": trace.seen.udp,
        },
        "ipInfo": { "localAddresses": locals, "stackInterface": trace.interface },
        "timestamps": {
            "start": milliseconds(trace.first),
            "end": if trace.state == State::Running { Json::Null } else { milliseconds(trace.last) },
            "expire": trace.follows.as_ref().and_then(|follows| follows.until),
        },
    })
}

/// The id of a trace as a saved one: definition and generation.
pub fn saved_id(id: &TraceId) -> String {
    format!("{}-{}", id.definition_name, id.generation)
}

/// A row of the list of saved traces.
pub fn saved_row(trace: &Head) -> Json {
    json!({
        "definitionName": trace.id.definition_name,
        "id": saved_id(&trace.id),
        "name": trace.source,
        "packetCount": { "saved": trace.kept, "total": trace.total },
        "stack": trace.id.stack_name,
        "timestamps": {
            "first": milliseconds(trace.first),
            "last": milliseconds(trace.last),
            "saved": trace.made,
        },
        "user": trace.user,
    })
}

impl Engine {
    /// The answer to a question about packet traces, as NetMaster's API gives its `data`; none
    /// where there is no such trace or packet.
    pub fn ask_of_packets(&self, question: &TraceQuestion, now: Moment) -> Result<Option<Json>, Refusal> {
        let region = question.region().unwrap_or(REGION);
        match question {
            TraceQuestion::List { definitions, .. } => {
                let mut traces = self.packet_traces(region, now)?;
                let is_wanted =
                    |trace: &Head| definitions.is_empty() || definitions.contains(&trace.id.definition_name);
                traces.retain(is_wanted);
                traces.sort_by_cached_key(|trace| trace.id.to_string());
                Ok(Some(Json::Array(traces.iter().map(row).collect())))
            }
            TraceQuestion::Packet { trace, number, .. } => {
                let Ok(id) = trace.parse() else { return Ok(None) };
                let Some(trace) = self.packet_trace(region, &id, now)? else { return Ok(None) };
                let shown = self.packet_of(&trace, *number, |_, summary| serde_json::to_value(summary))?;
                Ok(shown.and_then(Result::ok))
            }
        }
    }
}
