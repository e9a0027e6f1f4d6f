//! Requests to NetMaster's API.

use serde_json::{Map, Value as Json, json};

use super::paths::{Operation, parameter};

/// Where the API is.
const ROOT: &str = "/api/v1/tcpip/{region}/smart";

/// An answer in its envelope.
fn enveloped(data: &Json) -> Json {
    json!({
        "type": "object",
        "required": ["apiVersion", "data", "swaggerVersion", "time"],
        "properties": {
            "apiVersion": { "type": "string", "enum": ["v1"] },
            "data": data,
            "swaggerVersion": { "type": "string", "enum": ["2.0"] },
            "time": { "type": "integer" },
        },
    })
}

/// What an error is answered with.
pub(super) fn error() -> Json {
    json!({
        "type": "object",
        "required": ["apiVersion", "error"],
        "properties": {
            "apiVersion": { "type": "string" },
            "error": {
                "type": "object",
                "required": ["code", "message"],
                "properties": { "code": { "type": "integer" }, "message": { "type": "string" } },
            },
            "swaggerVersion": { "type": "string" },
            "time": { "type": "integer" },
        },
    })
}

/// The summary of a packet.
fn summary() -> Json {
    let (text, number) = (json!({ "type": "string" }), json!({ "type": "integer" }));
    json!({
        "type": "object",
        "required": [
            "packetNumber", "connection", "length", "protocol", "timing", "summary", "data", "stackInterface",
            "totalPackets",
        ],
        "properties": {
            "packetNumber": number,
            "connection": {
                "type": "object",
                "required": ["direction"],
                "properties": {
                    "localAddress": text,
                    "localPort": number,
                    "remoteAddress": text,
                    "remotePort": number,
                    "direction": { "type": "string", "enum": ["SEND", "RECV"] },
                },
            },
            "length": number,
            "protocol": text,
            "timing": { "type": "object", "properties": { "absolute": number, "delta": number } },
            "summary": text,
            "data": { "type": "object", "properties": { "hex": text, "ebcdic": text, "ascii": text } },
            "stackInterface": text,
            "totalPackets": number,
        },
    })
}

/// Adds them.
pub(super) fn add(paths: &mut Map<String, Json>) {
    let object = json!({ "type": "object" });
    let number = json!({ "type": "integer", "minimum": 0, "maximum": 2_147_483_647, "default": 0 });
    let text = json!({ "type": "string" });
    let list = json!({
        "type": "object",
        "required": ["index", "keys", "rows", "totalRows"],
        "properties": {
            "index": { "type": "integer" },
            "keys": { "type": "array", "items": text },
            "rows": { "type": "array", "items": object },
            "totalRows": { "type": "integer" },
        },
    });
    let query = || {
        vec![
            parameter("index", &number),
            parameter("limit", &number),
            parameter("sort", &json!({ "type": "string", "pattern": "^[A-Za-z]+:(asc|desc)$", "default": "id:asc" })),
            parameter("definitionName", &json!({ "type": "string", "pattern": "^eq:.+$" })),
        ]
    };
    let read = |paths: &mut Map<String, Json>, what: &str, query: Vec<Json>, data: &Json, place: &str| {
        let operation = Operation::of_netmaster(what).query(query).answers(enveloped(data));
        operation.add(paths, "get", &format!("{ROOT}{place}"));
    };
    read(paths, "List the packet traces of a region.", query(), &list, "/trace");
    read(paths, "A packet trace.", Vec::new(), &object, "/trace/{id}");
    read(paths, "The summary of a packet.", Vec::new(), &summary(), "/trace/{id}/packets/{packetnumber}");
    read(paths, "List the saved packet traces of a region.", query(), &list, "/saved");
    let sections = json!({ "type": "array", "items": object });
    let details = "/saved/{id}/packets/{packetnumber}/details";
    read(paths, "A packet in names and values.", Vec::new(), &sections, &format!("{details}/formatted"));
    read(paths, "A packet in hexadecimal digits.", Vec::new(), &object, &format!("{details}/raw"));
    for place in ["/trace/{id}/download", "/saved/{id}/download"] {
        let file = json!({ "type": "string", "format": "binary" });
        let operation = Operation::of_netmaster("A packet trace as a capture file.");
        operation.answers_with("application/pcap", file).add(paths, "get", &format!("{ROOT}{place}"));
    }
}
