//! Requests about live traces, of both APIs of NSX.

use serde_json::{Map, Value as Json, json};

use super::paths::{Operation, paging, parameter, point};
use super::schemas::{named, page};
use crate::engine::live_trace::Direction;
use crate::engine::live_trace::documents::ActionType;
use crate::model::enumeration::Enumeration;
use crate::model::result::{InvalidationReason, OperationState, RequestStatus};

/// Adds those to the policy API, for live traces at the address `at`.
pub(super) fn of_policy(paths: &mut Map<String, Json>, at: &str) {
    let restart = json!({ "name": "action", "in": "query", "required": true, "schema": { "type": "string", "enum": ["restart"] } });
    let restart =
        Operation::new("Begin a live trace anew.").query(vec![restart, point()]).answers(named("LiveTraceConfig"));
    restart.add(paths, "post", at);
    let answer = |what: &str, schema| Operation::new(what).query(vec![point()]).answers(schema);
    answer("How a live trace is.", status()).add(paths, "get", &format!("{at}/status"));
    answer("What a live trace has seen.", result()).add(paths, "get", &format!("{at}/result"));
    let words = Direction::BOTH.map(Direction::word);
    let direction = parameter("direction", &json!({ "type": "string", "enum": words, "default": words[0] }));
    let capture = Operation::new("The packets that a live trace has captured.").query(vec![direction]);
    let file = json!({ "type": "string", "format": "binary" });
    capture.answers_with("application/vnd.tcpdump.pcap", file).add(paths, "get", &format!("{at}/pktcap"));
    if let Some((collection, _)) = at.rsplit_once('/') {
        let query = [point()].into_iter().chain(paging()).collect();
        let all = Operation::new("How each live trace is.").query(query).answers(page(&status()));
        all.add(paths, "get", &format!("{collection}/statuses"));
    }
}

/// Adds those to the manager API.
pub(super) fn of_manager(paths: &mut Map<String, Json>) {
    let sessions = "/api/v1/livetraces";
    let session = "/api/v1/livetraces/{livetrace-session-id}";
    Operation::new("How each live trace is.").query(paging()).answers(page(&status())).add(paths, "get", sessions);
    let begin = Operation::new("Begin a live trace.").body(request()).answers(status()).with_status("201");
    begin.add(paths, "post", sessions);
    Operation::new("How a live trace is.").answers(status()).add(paths, "get", session);
    Operation::new("End a live trace and forget it.").add(paths, "delete", session);
    let only = parameter("action_type", &json!({ "type": "string", "enum": ActionType::WORDS }));
    let results = Operation::new("What a live trace has seen, of all actions or of one.").query(vec![only]);
    results.answers(result()).add(paths, "get", &format!("{session}/results"));
}

fn words(of: &Enumeration) -> Json {
    json!({ "type": "string", "enum": of.words.iter().map(|word| word.name).collect::<Vec<_>>() })
}

fn request() -> Json {
    let object = || json!({ "type": "object" });
    json!({
        "type": "object",
        "required": ["actions"],
        "properties": {
            "source_lport": { "type": "string", "format": "uuid" },
            "ipsec_vpn_config": { "type": "object", "properties": { "session_id": { "type": "string", "format": "uuid" } } },
            "filter": object(),
            "actions": {
                "type": "object",
                "properties": {
                    "trace_config": object(),
                    "count_config": object(),
                    "pktcap_config": object(),
                    "datapath_stats_config": object(),
                },
                "additionalProperties": false,
            },
            "timeout": { "type": "integer", "minimum": 5, "maximum": 600, "default": 10 },
            "display_name": { "type": "string" },
            "description": { "type": "string" },
            "tags": { "type": "array", "items": object() },
        },
    })
}

fn status() -> Json {
    let text = || json!({ "type": "string" });
    let number = || json!({ "type": "integer" });
    let object = || json!({ "type": "object" });
    let link =
        || json!({ "type": "object", "required": ["href", "rel"], "properties": { "href": text(), "rel": text() } });
    json!({
        "type": "object",
        "required": ["id", "source_lport", "operation_state", "request_status", "timeout", "actions"],
        "properties": {
            "id": text(),
            "resource_type": { "type": "string", "enum": ["LiveTraceStatus"] },
            "display_name": text(),
            "description": text(),
            "tags": { "type": "array", "items": object() },
            "source_lport": text(),
            "operation_state": words(&OperationState::WORDS),
            "request_status": words(&RequestStatus::WORDS),
            "invalidation_reason": words(&InvalidationReason::WORDS),
            "timeout": { "type": "integer", "minimum": 5, "maximum": 600 },
            "filter": object(),
            "filter_invalid_info": {
                "type": "array",
                "items": { "type": "object", "required": ["filter", "reason"], "properties": { "filter": object(), "reason": text() } },
            },
            "actions": object(),
            "ipsec_vpn_config": { "type": "object", "properties": { "session_id": text() } },
            "_create_time": number(),
            "_create_user": text(),
            "_last_modified_time": number(),
            "_last_modified_user": text(),
            "_protection": text(),
            "_revision": number(),
            "_system_owned": { "type": "boolean" },
            "_schema": text(),
            "_self": link(),
            "_links": { "type": "array", "items": link() },
        },
        "additionalProperties": false,
    })
}

fn result() -> Json {
    let object = || json!({ "type": "object" });
    let objects = || json!({ "type": "array", "items": { "type": "object" } });
    json!({
        "type": "object",
        "required": ["id"],
        "properties": {
            "id": { "type": "string" },
            "trace_results": objects(),
            "counter_results": object(),
            "pktcap_results": objects(),
            "datapath_stats_results": objects(),
        },
        "additionalProperties": false,
    })
}
