//! Requests to a compute agent.

use serde_json::{Map, Value as Json, json};

use super::paths::{Operation, parameter, window};
use super::schemas::of_field;
use crate::api::compute_agent::{ADDRESSES, ORIGINATOR};
use crate::model::{FLOW_TRACE, TUNNEL_TRACE, flow_trace};

/// Adds them.
pub(super) fn add(paths: &mut Map<String, Json>) {
    for address in ADDRESSES {
        let Some((what, of)) = address.trim_start_matches('/').split_once('/') else { continue };
        let (kind, title) = if of == "flow" { (&FLOW_TRACE, "flow") } else { (&TUNNEL_TRACE, "tunnel") };
        let names = flow_trace::identity(kind).unwrap_or_default();
        let fields = kind.record.fields.iter().filter(|field| match what {
            "start" => field.name != "originator",
            "stop" | "data" | "mirror" | "capture" => names.contains(&field.name),
            _ => false,
        });
        let mut query: Vec<Json> = fields.map(|field| parameter(field.name, &of_field(field))).collect();
        let summary = match what {
            "list" => {
                query.push(parameter(
                    "active",
                    &json!({ "type": "string", "enum": ["True", "False", "true", "false"] }),
                ));
                "List the flows of applications on the hosts of the fabric.".to_owned()
            }
            "start" => format!("Start the collection of a {title}, or change it."),
            "stop" => format!("Stop the collection of a {title}."),
            "data" => format!("What the last probe run along a {title} has found."),
            "active" => format!("List the collections of each {title} of the originator."),
            "capture" => {
                query.extend(window());
                format!(
                    "The copies that devices have sent to the analyzer of a {title}, as a capture file; this is the engine's own."
                )
            }
            _ => format!("What became of the copies of a mirrored {title}; this is the engine's own."),
        };
        query.push(parameter("format", &json!({ "type": "string", "enum": ["json", "python"], "default": "json" })));
        if what != "list" {
            query.push(json!({ "name": ORIGINATOR, "in": "header", "schema": { "type": "string", "minLength": 1, "maxLength": 255 } }));
        }
        let operation = Operation::of_compute_agent(summary).query(query);
        let operation = match what {
            "capture" => operation.answers_with_a_capture(),
            "start" | "stop" => operation.answers(code()),
            _ => operation.answers(json!({ "type": "object" })),
        };
        operation.add(paths, "get", address);
        let written: &[&str] = if what == "capture" { &["default"] } else { &["200", "default"] };
        for response in written {
            // What `format=python` gives.
            paths[address]["get"]["responses"][response]["content"]["text/x-python"] =
                json!({ "schema": { "type": "string" } });
        }
    }
}

/// The body that carries a return code.
pub(super) fn code() -> Json {
    json!({
        "type": "object",
        "required": ["code", "name"],
        "properties": {
            "code": { "type": "integer", "minimum": 0, "maximum": 4 },
            "name": { "type": "string", "enum": ["EOK", "EAGAIN", "EFAIL", "E_UNAUTHORIZED", "E_AoF"] },
            "message": { "type": "string" },
        },
    })
}
