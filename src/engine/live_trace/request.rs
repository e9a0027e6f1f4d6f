//! A request of the manager API as a live trace of the policy API.

use serde_json::{Map, Value as Json, json};

use super::actions::{ACTIONS, Named, SAMPLINGS};
use crate::engine::Refusal;
use crate::engine::topology::Topology;
use crate::model::Problem;
use crate::model::problem::{Place, Step};

/// Fields that are the same in both APIs.
const SAME: [&str; 5] = ["display_name", "description", "tags", "filter", "timeout"];
/// What clients send along that says nothing.
const IDLE: [&str; 3] = ["resource_type", "_revision", "_schema"];

/// The body of a live trace that `request` asks the manager API for. Ports and sessions are
/// those of `topology`.
pub fn of_manager(request: Json, topology: &Topology) -> Result<Json, Refusal> {
    let root = Place::default();
    let mut given = fields(request, &root)?;
    let mut body = Map::new();
    for name in IDLE {
        given.remove(name);
    }
    for name in SAME {
        if let Some(value) = given.remove(name) {
            body.insert(name.to_owned(), value);
        }
    }
    if let Some(port) = given.remove("source_lport") {
        body.insert("src_port_path".to_owned(), port_path(&port, &root.field("source_lport"), topology)?);
    }
    if let Some(config) = given.remove("ipsec_vpn_config") {
        body.insert("ipsec_vpn_config".to_owned(), vpn(config, &root.field("ipsec_vpn_config"), topology)?);
    }
    if let Some(wanted) = given.remove("actions") {
        let at = root.field("actions");
        let mut wanted = fields(wanted, &at)?;
        let mut actions = Map::new();
        for named in &ACTIONS {
            if let Some(config) = wanted.remove(named.manager) {
                actions.insert(named.policy.to_owned(), action(config, named, &at.field(named.manager), topology)?);
            }
        }
        no_more(&wanted, &at)?;
        body.insert("actions".to_owned(), Json::Object(actions));
    }
    no_more(&given, &root)?;
    body.insert("is_transient".to_owned(), json!(true));
    Ok(Json::Object(body))
}

fn wrong(at: Place, what: impl Into<String>, hint: &str) -> Refusal {
    Refusal::Invalid(vec![Problem::refused(at, what, hint)])
}

fn fields(value: Json, at: &Place) -> Result<Map<String, Json>, Refusal> {
    match value {
        Json::Object(mut fields) => {
            fields.retain(|_, value| !value.is_null());
            Ok(fields)
        }
        _ => Err(wrong(at.clone(), "An object is expected here", "Give an object with the fields described.")),
    }
}

/// Nothing else is given.
fn no_more(rest: &Map<String, Json>, at: &Place) -> Result<(), Refusal> {
    let Some(stray) = rest.keys().next() else { return Ok(()) };
    let hint = "Remove it, or correct its spelling.";
    Err(wrong(at.then(Step::Stray(stray.clone())), format!("There is no field {stray:?} here"), hint))
}

fn text<'a>(value: &'a Json, at: &Place) -> Result<&'a str, Refusal> {
    value.as_str().ok_or_else(|| wrong(at.clone(), "A text is expected here", "Give a UUID."))
}

fn port_path(value: &Json, at: &Place, topology: &Topology) -> Result<Json, Refusal> {
    let id = text(value, at)?;
    let port = topology.ports.values().find(|port| port.id.as_deref() == Some(id));
    let missing = || Refusal::Dangling { field: at.to_string(), to: id.to_owned() };
    port.map(|port| json!(port.path.as_str())).ok_or_else(missing)
}

fn vpn(value: Json, at: &Place, topology: &Topology) -> Result<Json, Refusal> {
    let mut config = fields(value, at)?;
    let inner = at.field("session_id");
    let id = config.remove("session_id").unwrap_or_default();
    no_more(&config, at)?;
    let id = text(&id, &inner)?;
    let is_it = |path: &&crate::model::PolicyPath| topology.unique_ids.get(*path).is_some_and(|it| it == id);
    let missing = || Refusal::Dangling { field: inner.to_string(), to: id.to_owned() };
    let session = topology.sessions.keys().find(is_it).ok_or_else(missing)?;
    Ok(json!({ "session_path": session.as_str() }))
}

fn action(value: Json, named: &Named, at: &Place, topology: &Topology) -> Result<Json, Refusal> {
    let mut config = fields(value, at)?;
    let mut body = Map::new();
    if let Some(argument) = config.remove("action_argument") {
        let at = at.field("action_argument");
        let mut argument = fields(argument, &at)?;
        for (name, policy) in [(named.kind, "trace_type"), ("reverse_filter", "reverse_filter")] {
            if let Some(value) = argument.remove(name) {
                body.insert(policy.to_owned(), value);
            }
        }
        if let Some(port) = argument.remove("dest_lport") {
            body.insert("dest_port_path".to_owned(), port_path(&port, &at.field("dest_lport"), topology)?);
        }
        if let Some(config) = argument.remove("dest_ipsec_vpn_config") {
            let at = at.field("dest_ipsec_vpn_config");
            body.insert("dest_ipsec_vpn_config".to_owned(), vpn(config, &at, topology)?);
        }
        no_more(&argument, &at)?;
    }
    if let Some(sampling) = config.remove("sampling_argument") {
        let at = at.field("sampling_argument");
        let mut sampling = fields(sampling, &at)?;
        let kind = sampling.remove("sampling_type").unwrap_or_default();
        let Some((_, number)) = SAMPLINGS.iter().find(|(name, _)| kind == *name) else {
            let hint = "Use FirstNSampling, PacketNumberSampling or IntervalSampling.";
            return Err(wrong(at.field("sampling_type"), "sampling_type is not a type of sampling", hint));
        };
        let value = sampling.remove(*number).unwrap_or_default();
        no_more(&sampling, &at)?;
        body.insert("sampling".to_owned(), json!({ *number: value }));
    }
    no_more(&config, at)?;
    Ok(Json::Object(body))
}
