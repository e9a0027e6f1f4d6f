//! A live compute agent as a backend: collections, over HTTP (seed 004).
//!
//! | module | what it holds |
//! |---|---|
//! | [`settings`] | what a user sets of an agent, checked |
//! | `literal` | the answers of agents, be they JSON or Python |
//! | `codes` | return codes, however they are carried |
//!
//! An agent tells which collections there are, and not with which parameters: those that this
//! configuration has set are noted beside it. Of a collection whose parameters nobody has noted,
//! those that an agent uses by itself are taken for its own.

mod codes;
mod literal;
pub mod settings;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value as Json, json};
use url::Url;

use super::ledger::Ledger;
use super::transport::{Api, Failure, Grant, Line, Request, Transport, Verdict, client, header};
use super::{Backend, BackendError, Notes};
use crate::engine::{Answer, Object, Planned, Question, Refusal, TraceAnswer, TraceRequest};
use crate::model::problem::{Place, Problem};
use crate::model::{FLOW_TRACE, Kind, PolicyPath, TUNNEL_TRACE, Tree, flow_trace, kinds_at, read};
use codes::{Code, code_of};
use settings::Settings;

/// The header that tells whose a collection is.
const ORIGINATOR: HeaderName = HeaderName::from_static("originator");

/// Between two attempts at what the agent is not ready for.
const AGAIN: Duration = Duration::from_millis(250);
/// So often it is asked at most.
const ATTEMPTS: u32 = 40;

/// The API of an agent, for one originator.
struct AgentApi {
    url: Url,
    originator: Option<String>,
    user: Option<(String, String)>,
}

#[async_trait]
impl Api for AgentApi {
    async fn credentials(&self, _: &Line) -> Result<Grant, Failure> {
        let mut headers = HeaderMap::new();
        if let Some((user, password)) = &self.user {
            headers.insert(AUTHORIZATION, header("Basic", user, password));
        }
        if let Some(originator) = self.originator.as_deref().and_then(|text| HeaderValue::from_str(text).ok()) {
            headers.insert(ORIGINATOR, originator);
        }
        Ok(Grant::of(headers))
    }

    fn address(&self, _: &Grant, path: &str) -> Url {
        let mut url = self.url.clone();
        url.set_path(&format!("{}{path}", self.url.path().trim_end_matches('/')));
        url
    }

    fn verdict(&self, status: u16, _: &[u8]) -> Verdict {
        if status == 401 { Verdict::Refused } else { Verdict::Accepted }
    }

    fn refusal(&self, status: u16, body: &[u8], host: &str, request: &str) -> Failure {
        let why = match codes::DIALECT.failure(status, body, host, request) {
            Failure::Refused(error) => format!("{error} Check username and password."),
            _ => format!("it answered {status} to {request}. Check username and password."),
        };
        Failure::Credentials { host: host.to_owned(), why }
    }
}

/// A live compute agent.
pub struct ComputeAgent {
    transport: Transport<AgentApi>,
    ledger: Arc<Ledger>,
}

/// What kind of collection is at `path`.
fn kind_at(path: &PolicyPath) -> Result<&'static Kind, Refusal> {
    let kind = kinds_at(path).find(|kind| **kind == FLOW_TRACE || **kind == TUNNEL_TRACE);
    kind.ok_or_else(|| Refusal::InvalidPath(path.to_string()))
}

/// The last part of the addresses for collections of `kind`.
fn of(kind: &Kind) -> &'static str {
    if *kind == FLOW_TRACE { "flow" } else { "tunnel" }
}

/// The text of a parameter.
fn text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

impl ComputeAgent {
    /// The agent of `settings`. Nothing is asked of it yet.
    ///
    /// # Errors
    /// When the client cannot be built.
    pub fn open(settings: Settings) -> Result<Self, Failure> {
        let client = client(&settings.trust)?;
        let line = Line::new(&codes::DIALECT, client, settings.retries, settings.cancelled);
        let whose = settings.originator.as_deref().unwrap_or_default();
        let ledger = Ledger::new(&settings.notes, "compute-agent", &format!("{}#{whose}", settings.url));
        let api = AgentApi { url: settings.url, originator: settings.originator, user: settings.user };
        Ok(Self { transport: Transport::new(api, line), ledger: Arc::new(ledger) })
    }

    /// Asks for what is at `path`, and again while the agent is not ready for it.
    async fn send(&self, path: &str, query: &[(&'static str, String)]) -> Result<Json, Failure> {
        for attempt in 1.. {
            let mut request = Request::get(path);
            for (name, value) in query {
                request = request.with(name, value.clone());
            }
            let document = self.transport.send_for(request, literal::read).await?;
            match code_of(&document) {
                Some(Code::Again) if attempt < ATTEMPTS => self.transport.line().rest(AGAIN, path).await?,
                None | Some(Code::Ok) => return Ok(document),
                Some(code) => return Err(codes::failure(code, &document, path)),
            }
        }
        Ok(Json::Null)
    }

    /// What tells a collection from others, as parameters.
    fn identity(kind: &'static Kind, path: &PolicyPath) -> Result<Vec<(&'static str, String)>, Refusal> {
        let tree = flow_trace::of_id(kind, path.id()).ok_or_else(|| Refusal::InvalidPath(path.to_string()))?;
        let names = flow_trace::identity(kind).unwrap_or_default();
        Ok(names.iter().map(|name| (*name, text(&tree.get(name).to_json()))).collect())
    }

    /// The ids of the collections of `kind` that are there.
    async fn active(&self, kind: &'static Kind) -> Result<Vec<String>, Failure> {
        let document = self.send(&format!("/active/{}", of(kind)), &[]).await?;
        let part = |entry: &Json, position: usize| entry.get(position).map(text).unwrap_or_default();
        // The order of the answer, and that of ids.
        let order: &[usize] = if *kind == FLOW_TRACE { &[1, 0, 2, 3, 4] } else { &[0, 1, 5, 4, 3, 2] };
        let id = |entry: &Json| {
            let parts: Vec<_> = order.iter().map(|position| part(entry, *position)).collect();
            parts.join(",").to_ascii_lowercase()
        };
        Ok(document["flows"].as_array().into_iter().flatten().map(id).collect())
    }

    /// The object at `path` with these fields of its own.
    fn object(kind: &'static Kind, path: &PolicyPath, fields: &Map<String, Json>) -> Option<Object> {
        let mut tree = fields.clone();
        tree.retain(|name, _| kind.field(name).is_some_and(crate::model::Field::is_configurable));
        let Json::Object(mut shown) = read(kind, &Tree::from(&Json::Object(tree)), None).tree.to_json() else {
            return None;
        };
        shown.retain(|_, value| !value.is_null());
        shown.entry("display_name").or_insert_with(|| json!(path.id()));
        for (name, value) in [
            ("id", json!(path.id())),
            ("resource_type", json!(kind.resource_type)),
            ("path", json!(path.as_str())),
            ("relative_path", json!(path.id())),
            ("parent_path", json!("/infra")),
            ("unique_id", json!(path.id())),
            ("realization_id", json!(path.id())),
            ("_system_owned", json!(false)),
            ("_protection", json!("NOT_PROTECTED")),
            ("_revision", json!(0)),
        ] {
            shown.insert(name.to_owned(), value);
        }
        Object::from_fields(shown)
    }

    /// The object at `path`, which is there, as far as it is known.
    async fn known(&self, kind: &'static Kind, path: &PolicyPath) -> Result<Option<Object>, BackendError> {
        let noted = self.ledger.declared(path).await?;
        let noted = noted.and_then(|noted| serde_json::from_str::<Map<String, Json>>(&noted).ok());
        let fields = noted.unwrap_or_else(|| {
            let tree = flow_trace::of_id(kind, path.id()).map(|tree| tree.to_json());
            let mut fields = tree.and_then(|tree| tree.as_object().cloned()).unwrap_or_default();
            if *kind == TUNNEL_TRACE {
                // Nobody tells them.
                for name in ["appsmac", "appdmac"] {
                    fields.insert(name.to_owned(), json!("00:00:00:00:00:00"));
                }
            }
            fields
        });
        Ok(Self::object(kind, path, &fields))
    }

    /// Starts a collection, or changes it: all parameters are sent.
    async fn start(
        &self,
        kind: &'static Kind,
        path: &PolicyPath,
        fields: &Map<String, Json>,
    ) -> Result<Object, BackendError> {
        only_what_an_agent_has(fields, path, self.transport.api().originator.as_deref())?;
        let Some(object) = Self::object(kind, path, fields) else {
            return Err(Refusal::InvalidPath(path.to_string()).into());
        };
        let declared = object.declared();
        let sent = kind.record.fields.iter().filter(|field| field.name != "originator");
        let query: Vec<_> = sent.filter_map(|field| Some((field.name, text(declared.get(field.name)?)))).collect();
        self.send(&format!("/start/{}", of(kind)), &query).await.map_err(|failure| codes::of_write(failure, path))?;
        self.ledger.declare(path, &Json::Object(declared).to_string()).await?;
        Ok(object)
    }

    async fn stop(&self, kind: &'static Kind, path: &PolicyPath) -> Result<(), BackendError> {
        let query = Self::identity(kind, path)?;
        let done = self.send(&format!("/stop/{}", of(kind)), &query).await;
        done.map(drop).map_err(|failure| codes::of_write(failure, path))
    }
}

/// An agent has neither names nor tags, and one originator for all.
fn only_what_an_agent_has(
    fields: &Map<String, Json>,
    path: &PolicyPath,
    originator: Option<&str>,
) -> Result<(), Refusal> {
    let given = |name: &str| fields.get(name).filter(|value| !value.is_null());
    let refuse = |field: &'static str, what: String, hint: &str| {
        Err(Refusal::Invalid(vec![Problem::refused(Place::default().field(field), what, hint)]))
    };
    let no_room = "A compute agent has no place for it. Leave it out.";
    if given("display_name").is_some_and(|name| name != path.id()) {
        return refuse("display_name", "A compute agent keeps no names".to_owned(), no_room);
    }
    for (field, what) in [("description", "descriptions"), ("tags", "tags")] {
        let is_empty = |value: &Json| value == "" || value.as_array().is_some_and(Vec::is_empty);
        if given(field).is_some_and(|value| !is_empty(value)) {
            return refuse(field, format!("A compute agent keeps no {what}"), no_room);
        }
    }
    match given("originator").and_then(Json::as_str) {
        Some(own) if Some(own) != originator => {
            let hint = "All that goes through a block `compute_agent` is of its originator. Set it there.";
            refuse("originator", format!("{own:?} is not the originator of the block"), hint)
        }
        _ => Ok(()),
    }
}

#[async_trait]
impl Backend for ComputeAgent {
    fn describe(&self) -> String {
        format!("the compute agent at {}", self.transport.api().url)
    }

    fn notes(&self) -> &dyn Notes {
        &self.ledger
    }

    async fn get(&self, path: &PolicyPath) -> Result<Option<Object>, BackendError> {
        let kind = kind_at(path)?;
        if self.active(kind).await?.iter().any(|id| id == path.id()) { self.known(kind, path).await } else { Ok(None) }
    }

    async fn list(&self, kind: &'static Kind, parent: &str) -> Result<Vec<Object>, BackendError> {
        let mut found = Vec::new();
        for id in self.active(kind).await? {
            let path = format!("{parent}/{}/{id}", kind.collection().unwrap_or_default());
            if let Ok(path) = PolicyPath::parse(&path) {
                found.extend(self.known(kind, &path).await?);
            }
        }
        Ok(found)
    }

    async fn clashes(
        &self,
        _: &'static Kind,
        _: &PolicyPath,
        _: &Tree,
    ) -> Result<Vec<(PolicyPath, Problem)>, BackendError> {
        Ok(Vec::new())
    }

    async fn create(&self, path: &PolicyPath, fields: Map<String, Json>, claim: &str) -> Result<Object, BackendError> {
        let kind = kind_at(path)?;
        if self.active(kind).await?.iter().any(|id| id == path.id()) {
            return Err(Refusal::Exists(path.clone()).into());
        }
        // Noted before: a run that is interrupted in between finds what it has started.
        self.ledger.claim(vec![path.clone()], claim).await?;
        let started = self.start(kind, path, &fields).await;
        if matches!(started, Err(BackendError::Refused(_))) {
            self.ledger.forget_object(path).await?;
        }
        started
    }

    async fn ask(&self, question: &Question, _: &[Planned]) -> Result<Answer, BackendError> {
        let mut answer = Answer { document: None, beyond: Map::new(), until: None };
        match question {
            Question::FlowPath(path) => {
                let kind = kind_at(path)?;
                let query = Self::identity(kind, path)?;
                match self.send(&format!("/data/{}", of(kind)), &query).await {
                    Ok(document) => answer.document = Some(document),
                    Err(failure) if codes::is(&failure, Code::NoSuchFlow) => {}
                    Err(failure) if codes::is(&failure, Code::Fail) => {
                        answer.document = Some(json!({ "Path": [], "Time": 0 }));
                        let soon = crate::engine::Moment::from_clock().0.saturating_add(200);
                        answer.until = Some(crate::engine::Moment(soon));
                    }
                    Err(failure) => return Err(failure.into()),
                }
            }
            Question::ApplicationFlows(_, is_active) => {
                let active = if *is_active { "True" } else { "False" };
                answer.document = Some(self.send("/list/flow", &[("active", active.to_owned())]).await?);
            }
            Question::ActiveCollections(_, originator) => {
                if originator.is_some() && *originator != self.transport.api().originator {
                    let what =
                        "All that goes through a block `compute_agent` is of its originator: leave originator out.";
                    return Err(Failure::Unsupported(what.to_owned()).into());
                }
                let flows = self.send("/active/flow", &[]).await?;
                let tunnels = self.send("/active/tunnel", &[]).await?;
                answer.document = Some(json!({ "flows": flows["flows"], "tunnels": tunnels["flows"] }));
            }
            _ => {
                let what = "A compute agent does not answer this. Add `embedded {}` to the provider block.";
                return Err(Failure::Unsupported(what.to_owned()).into());
            }
        }
        Ok(answer)
    }

    async fn trace(&self, _: &TraceRequest, _: &[Planned]) -> Result<TraceAnswer, BackendError> {
        let what = "A compute agent traces flows, not packets. Add `embedded {}` to the provider block.";
        Err(Failure::Unsupported(what.to_owned()).into())
    }

    async fn replace(&self, path: &PolicyPath, fields: Map<String, Json>, _: i64) -> Result<Object, BackendError> {
        let kind = kind_at(path)?;
        let before = self.get(path).await?.ok_or_else(|| Refusal::NotFound(path.clone()))?;
        let mirrors = |value: Option<&Json>| value.is_some_and(|value| !value.is_null());
        // No parameter takes a mirror away.
        if mirrors(before.get("mirror_type")) && !mirrors(fields.get("mirror_type")) {
            self.stop(kind, path).await?;
        }
        self.start(kind, path, &fields).await
    }

    async fn delete(&self, path: &PolicyPath) -> Result<(), BackendError> {
        let stopped = self.stop(kind_at(path)?, path).await;
        if matches!(stopped, Ok(()) | Err(BackendError::Refused(Refusal::NotFound(_)))) {
            self.ledger.forget_object(path).await?;
        }
        stopped
    }
}
