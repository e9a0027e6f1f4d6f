//! Which requests there are.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Map, Value as Json, json};

use super::schemas::{named, page, required};
use super::{compute_agent, live_traces, netmaster, openstack};
use crate::api::capture::{MOST, MOST_BYTES};
use crate::api::policy::search;
use crate::model::{
    BGP_CONFIG, BGP_NEIGHBOR, KINDS, Kind, LIVE_TRACE, POLICY_BASED_SESSION, PolicyPath, ROUTE_BASED_SESSION,
    SIMULATED_FLOW, VPN_SERVICE,
};

/// Where the policy API begins.
const POLICY: &str = "/policy/api/v1";

/// Every path.
pub(super) fn all() -> Json {
    let mut paths = Map::new();
    for (address, kinds) in objects() {
        item(&mut paths, &address, &kinds);
        running(&mut paths, &address, &kinds);
    }
    whole(&mut paths);
    live_traces::of_manager(&mut paths);
    openstack::add(&mut paths);
    netmaster::add(&mut paths);
    compute_agent::add(&mut paths);
    Json::Object(paths)
}

/// The addresses of objects, and the kinds that are there.
fn objects() -> BTreeMap<String, Vec<&'static Kind>> {
    let mut found: BTreeMap<String, Vec<_>> = BTreeMap::new();
    let places = KINDS.into_iter().flat_map(|kind| kind.places.iter().map(move |place| (kind, *place)));
    for (kind, place) in places {
        let mut address = String::new();
        let mut before = "";
        for part in place {
            if *part == "*" {
                // Writing to a text does not fail.
                let _ = write!(address, "/{{{}-id}}", before.strip_suffix('s').unwrap_or(before));
            } else {
                address.push('/');
                address.push_str(part);
            }
            before = part;
        }
        // A VPN service has two addresses.
        let current = PolicyPath::parse(&address).map_or_else(|_| address.clone(), |path| path.current_address());
        if current != address {
            found.entry(current).or_default().push(kind);
        }
        found.entry(address).or_default().push(kind);
    }
    found
}

/// The parameters that the parts of an address are.
fn parts(address: &str) -> Vec<Json> {
    let names = address.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let parameter =
        |name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string", "minLength": 1 } });
    names.map(parameter).collect()
}

pub(super) fn parameter(name: &str, schema: &Json) -> Json {
    json!({ "name": name, "in": "query", "schema": schema })
}

/// Which copies a capture is to hold.
pub(super) fn window() -> Vec<Json> {
    let time = || json!({ "type": "string", "format": "date-time" });
    vec![
        parameter("from", &time()),
        parameter("skip", &json!({ "type": "integer", "minimum": 0, "default": 0 })),
        parameter("to", &time()),
        parameter("count", &json!({ "type": "integer", "minimum": 1, "maximum": MOST, "default": MOST })),
    ]
}

pub(super) fn paging() -> Vec<Json> {
    let text = json!({ "type": "string" });
    vec![
        parameter("cursor", &text),
        parameter("page_size", &json!({ "type": "integer", "minimum": 0, "maximum": 1_000, "default": 1_000 })),
        parameter("sort_by", &text),
        parameter("sort_ascending", &json!({ "type": "boolean", "default": true })),
        parameter("included_fields", &text),
    ]
}

pub(super) fn point() -> Json {
    parameter("enforcement_point_path", &json!({ "type": "string" }))
}

fn place() -> Vec<Json> {
    vec![point(), parameter("source", &json!({ "type": "string", "enum": ["realtime", "cached"] }))]
}

/// A request: what it does, its parameters, its body, and what it is answered with.
pub(super) struct Operation {
    summary: String,
    query: Vec<Json>,
    body: Option<Json>,
    answer: Option<(&'static str, Json)>,
    /// The headers of a good answer: name, and what it tells.
    headers: Vec<(&'static str, &'static str)>,
    /// The status of a good answer.
    status: &'static str,
    /// The schema of a refusal.
    error: &'static str,
}

impl Operation {
    pub(super) fn new(summary: impl Into<String>) -> Self {
        let summary = summary.into();
        Self {
            summary,
            query: Vec::new(),
            body: None,
            answer: None,
            headers: Vec::new(),
            status: "200",
            error: "ApiError",
        }
    }

    /// An operation of OpenStack's APIs, answered with this status.
    pub(super) fn of_openstack(summary: impl Into<String>, status: &'static str) -> Self {
        Self { status, error: "NeutronError", ..Self::new(summary) }
    }

    /// An operation of NetMaster's API.
    pub(super) fn of_netmaster(summary: impl Into<String>) -> Self {
        Self { error: "NetMasterError", ..Self::new(summary) }
    }

    /// An operation of a compute agent.
    pub(super) fn of_compute_agent(summary: impl Into<String>) -> Self {
        Self { error: "AgentCode", ..Self::new(summary) }
    }

    pub(super) fn query(self, query: Vec<Json>) -> Self {
        Self { query, ..self }
    }

    pub(super) fn body(self, schema: Json) -> Self {
        Self { body: Some(schema), ..self }
    }

    pub(super) fn answers(self, schema: Json) -> Self {
        Self { answer: Some(("application/json", schema)), ..self }
    }

    /// The same, answered with this type of media.
    pub(super) fn answers_with(self, media: &'static str, schema: Json) -> Self {
        Self { answer: Some((media, schema)), ..self }
    }

    /// The same, answered with a capture, and headers that tell what is missing of it.
    pub(super) fn answers_with_a_capture(self) -> Self {
        let file = json!({ "type": "string", "format": "binary", "maxLength": MOST_BYTES });
        let headers = vec![
            ("Capture-Since", "Since when copies can be seen."),
            ("Capture-Complete", "Whether the file holds all copies that were asked for: true or false."),
            ("Link", "Where the next copies are, with rel=\"next\", if the file is not complete (RFC 8288)."),
        ];
        Self { headers, ..self.answers_with("application/vnd.tcpdump.pcap", file) }
    }

    /// The same, answered with this status.
    pub(super) fn with_status(self, status: &'static str) -> Self {
        Self { status, ..self }
    }

    pub(super) fn add(self, paths: &mut Map<String, Json>, method: &str, address: &str) {
        let Self { summary, query, body, answer, headers, status, error } = self;
        let mut good = json!({ "description": "Done." });
        if let Some((media, schema)) = answer {
            good["content"] = json!({ media: { "schema": schema } });
        }
        for (name, what) in headers {
            good["headers"][name] = json!({ "description": what, "schema": { "type": "string" } });
        }
        let refused = json!({
            "description": "Refused.",
            "content": { "application/json": { "schema": named(error) } },
        });
        let mut operation = json!({
            "summary": summary,
            "operationId": format!("{method} {address}"),
            "parameters": parts(address).into_iter().chain(query).collect::<Vec<_>>(),
            "responses": { status: good, "default": refused },
        });
        if let Some(schema) = body {
            operation["requestBody"] =
                json!({ "required": true, "content": { "application/json": { "schema": schema } } });
        }
        let path = paths.entry(address.to_owned()).or_insert_with(|| json!({}));
        path[method] = operation;
    }
}

/// One of these kinds, which their `resource_type` tells apart.
fn one_of(kinds: &[&Kind], schema: impl Fn(&Kind) -> Json) -> Json {
    match kinds {
        [kind] => schema(kind),
        _ => json!({ "oneOf": kinds.iter().map(|kind| schema(kind)).collect::<Vec<_>>() }),
    }
}

fn item(paths: &mut Map<String, Json>, address: &str, kinds: &[&'static Kind]) {
    let Some(kind) = kinds.first() else { return };
    let at = format!("{POLICY}{address}");
    let title = if kinds.len() > 1 { "VPN session" } else { kind.title };
    let shown = one_of(kinds, |kind| named(kind.resource_type));
    let created = one_of(kinds, |kind| {
        let mut needed = required(kind);
        if kinds.len() > 1 {
            needed.push("resource_type");
        }
        if needed.is_empty() {
            named(kind.resource_type)
        } else {
            json!({ "allOf": [named(kind.resource_type), { "required": needed }] })
        }
    });
    let action = parameter("action", &json!({ "type": "string", "enum": ["show_sensitive_data"] }));
    Operation::new(format!("Read a {title}.")).query(vec![action]).answers(shown.clone()).add(paths, "get", &at);
    Operation::new(format!("Create or replace a {title}.")).body(created).answers(shown.clone()).add(paths, "put", &at);
    Operation::new(format!("Create or change a {title}.")).body(shown.clone()).add(paths, "patch", &at);
    if kind.collection().is_none() {
        if **kind == BGP_CONFIG {
            let query = vec![parameter("override", &json!({ "type": "boolean" }))];
            let what = "Take away what was declared over a Global Manager: refused, nothing here was.";
            Operation::new(what).query(query).add(paths, "delete", &at);
        }
        return;
    }
    Operation::new(format!("Delete a {title}.")).add(paths, "delete", &at);
    if let Some((collection, _)) = at.rsplit_once('/') {
        let mut query = paging();
        query.push(parameter("include_mark_for_delete_objects", &json!({ "type": "boolean" })));
        Operation::new(format!("List each {title}.")).query(query).answers(page(&shown)).add(paths, "get", collection);
    }
}

fn running(paths: &mut Map<String, Json>, address: &str, kinds: &[&'static Kind]) {
    let at = format!("{POLICY}{address}");
    let is = |kind: &Kind| kinds.contains(&kind);
    let results = || {
        json!({
            "type": "object",
            "required": ["results", "intent_path"],
            "properties": { "results": { "type": "array", "items": { "type": "object" } }, "intent_path": { "type": "string" } },
        })
    };
    if is(&ROUTE_BASED_SESSION) || is(&POLICY_BASED_SESSION) {
        let status = Operation::new("How a session is.").query(place()).answers(results());
        status.add(paths, "get", &format!("{at}/detailed-status"));
        let statistics =
            Operation::new("The tunnels of a session, and their traffic.").query(place()).answers(results());
        statistics.add(paths, "get", &format!("{at}/statistics"));
        let action = json!({ "name": "action", "in": "query", "required": true, "schema": { "type": "string", "enum": ["reset"] } });
        let reset = Operation::new("Count from zero again.").query(vec![action, point()]);
        reset.add(paths, "post", &format!("{at}/statistics"));
    }
    if is(&ROUTE_BASED_SESSION) || is(&POLICY_BASED_SESSION) || is(&BGP_NEIGHBOR) {
        let what = "The status with what only the engine knows: why, and in how many milliseconds that changes.";
        let schema = json!({
            "type": "object",
            "required": ["status", "reason", "changes_in_ms"],
            "properties": {
                "status": { "type": "object" },
                "reason": { "type": "string" },
                "changes_in_ms": { "type": "integer", "minimum": 0, "nullable": true },
            },
        });
        let diagnosis = Operation::new(what).query(place()).answers(schema);
        diagnosis.add(paths, "get", &format!("{at}/diagnosis"));
    }
    if is(&SIMULATED_FLOW) {
        let statistics = Operation::new("What became of the packets of a flow.").query(place());
        statistics.answers(json!({ "type": "object" })).add(paths, "get", &format!("{at}/statistics"));
    }
    if is(&LIVE_TRACE) {
        live_traces::of_policy(paths, &at);
    }
    if is(&VPN_SERVICE) {
        let summary = Operation::new("How the sessions of a service are, in short.").query(place());
        summary.answers(json!({ "type": "object" })).add(paths, "get", &format!("{at}/summary"));
    }
    if is(&BGP_CONFIG) {
        let kind = parameter("bgp_neighbor_type", &json!({ "type": "string", "enum": ["USER", "INTER_SR"] }));
        let text = json!({ "type": "string" });
        let edge = ["edge_path", "transport_node_id"].map(|name| parameter(name, &text));
        let marked = parameter("include_mark_for_delete_objects", &json!({ "type": "boolean" }));
        let query = place().into_iter().chain(paging()).chain([kind, marked]).chain(edge).collect();
        let status = Operation::new("How the neighbors are.").query(query).answers(page(&json!({ "type": "object" })));
        status.add(paths, "get", &format!("{at}/neighbors/status"));
    }
    if is(&BGP_NEIGHBOR) {
        for (what, summary) in
            [("routes", "What a neighbor teaches."), ("advertised-routes", "What a neighbor is taught.")]
        {
            let format = json!({ "type": "string", "enum": ["json", "csv"] });
            let count = json!({ "type": "integer", "minimum": 0 });
            let address = parameter("neighbor_address", &json!({ "type": "string" }));
            let own = [point(), address.clone(), parameter("format", &format), parameter("count", &count)];
            let query = own.into_iter().chain(paging()).collect();
            let mut routes = Operation::new(summary).query(query);
            routes.answer = Some(("*/*", json!({})));
            routes.add(paths, "get", &format!("{at}/{what}"));
            let format = json!({ "name": "format", "in": "query", "required": true, "schema": { "type": "string", "enum": ["csv"] } });
            let mut csv = Operation::new(summary).query(vec![format, point(), address]);
            csv.answer = Some(("text/csv", json!({ "type": "string" })));
            csv.add(paths, "post", &format!("{at}/{what}"));
        }
    }
}

/// What concerns everything.
fn whole(paths: &mut Map<String, Json>) {
    let text = json!({ "type": "string" });
    let body = || json!({ "type": "object" });
    let infra = format!("{POLICY}/infra");
    let query = ["filter", "type_filter", "base_path"].map(|name| parameter(name, &text)).to_vec();
    Operation::new("Read everything as one body.").query(query).answers(body()).add(paths, "get", &infra);
    let query = vec![parameter("enforce_revision_check", &json!({ "type": "boolean", "default": false }))];
    Operation::new("Create, change and delete many objects, or none.")
        .query(query)
        .body(body())
        .add(paths, "patch", &infra);
    for address in
        ["/policy/api/v1/search/query", "/policy/api/v1/search/dsl", "/api/v1/search/query", "/api/v1/search/dsl"]
    {
        let query =
            json!({ "name": "query", "in": "query", "required": true, "schema": { "type": "string", "minLength": 1 } });
        let query = [query].into_iter().chain(paging()).collect();
        Operation::new("Find objects by what they hold.")
            .query(query)
            .answers(page(&body()))
            .add(paths, "get", address);
    }
    for address in ["/policy/api/v1/search/reconcile", "/api/v1/search/reconcile"] {
        let action = json!({ "type": "string", "enum": search::reconcile::ACTIONS });
        let needed = json!({ "name": "action", "in": "query", "required": true, "schema": action });
        let scope = parameter("scope", &json!({ "type": "string", "enum": search::reconcile::SCOPES }));
        let over = parameter("override", &json!({ "type": "boolean" }));
        let start = Operation::new("Read anew what searches look at.").query(vec![needed, scope, over]);
        start.add(paths, "post", address);
        let status = Operation::new("Whether that is under way.").query(vec![parameter("action", &action)]);
        status
            .answers(json!({
                "type": "object",
                "required": ["action", "status"],
                "properties": {
                    "action": { "type": "string" },
                    "status": { "type": "string", "enum": ["IN_PROGRESS", "DONE"] },
                },
            }))
            .add(paths, "get", &format!("{address}/status"));
    }
    let intent = json!({ "name": "intent_path", "in": "query", "required": true, "schema": { "type": "string", "minLength": 1 } });
    let site = parameter("site_path", &text);
    let enforced = parameter("include_enforced_status", &json!({ "type": "boolean" }));
    let query = vec![intent.clone(), site.clone(), enforced];
    let state = Operation::new("Whether an object takes effect.").query(query).answers(body());
    state.add(paths, "get", &format!("{infra}/realized-state/status"));
    let action = json!({ "name": "action", "in": "query", "required": true, "schema": { "type": "string", "enum": ["refresh"] } });
    let refresh =
        Operation::new("Read anew what realizes an object.").query(vec![intent.clone(), site.clone(), action]);
    refresh.add(paths, "post", &format!("{infra}/realized-state/realized-entity"));
    let query = [intent, site].into_iter().chain(paging()).collect();
    let entities = Operation::new("What realizes an object.").query(query).answers(page(&body()));
    entities.add(paths, "get", &format!("{infra}/realized-state/realized-entities"));
    Operation::new("The version of the API.").answers(body()).add(paths, "get", "/api/v1/node/version");
    Operation::new("Whether the engine answers.").answers(body()).add(
        paths,
        "get",
        "/api/v1/reverse-proxy/node/health",
    );
    Operation::new("Whether the engine answers.").answers(body()).add(paths, "get", "/healthz");
}
