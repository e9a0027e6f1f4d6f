//! A compute agent: starting, changing and stopping collections, and asking for what they have
//! found (seed 004).

use serde_json::{Map, Value as Json, json};

use super::document;
use super::listed;
use super::load::MirrorCounters;
use crate::engine::intent::{self, Writing};
use crate::engine::object::Object;
use crate::engine::runtime::journal;
use crate::engine::store::{StoreError, StoreExt, Transaction, View, ViewExt};
use crate::engine::topology::Collection;
use crate::engine::{Caller, Capture, CaptureOf, CaptureRequest, Engine, Moment, Refusal, index};
use crate::model::{FLOW_TRACE, Kind, PolicyPath, Problem, TUNNEL_TRACE, Tree, flow_trace, kind, read};

/// So many milliseconds an agent takes to begin, change or end a collection. Meanwhile it
/// takes no other change of it.
pub const PENDING: i64 = 100;

/// Why an agent does not do what it is asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Fault {
    /// An earlier request about the same collection is still being served.
    #[error("an earlier start or stop of {0} is still being served")]
    Again(String),
    /// The parameters are not what the agent takes.
    #[error("{0}")]
    Fail(String),
    /// No probe run has ended yet, or none was answered.
    #[error("there is no data of {0} yet")]
    NoData(String),
    /// The collection is another originator's.
    #[error("{0} was started by another originator")]
    Unauthorized(String),
    /// There is no such collection.
    #[error("{0} is not being collected")]
    NoSuchFlow(String),
    /// The store failed.
    #[error("The engine's store failed: {0}.")]
    Store(#[from] StoreError),
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Store(error) => Self::Store(error),
            other => Self::Fail(other.to_string()),
        }
    }
}

/// Where it is noted until when a collection is being ended.
fn stopping_key(path: &PolicyPath) -> String {
    format!("y{path}")
}

fn path_of(kind: &Kind, id: &str) -> Option<PolicyPath> {
    PolicyPath::parse(&kind::spell(kind.places.first()?, [id])).ok()
}

/// The collection that parameters name: its id, and its path.
fn named(kind: &'static Kind, given: &Map<String, Json>) -> Result<PolicyPath, Fault> {
    let names = flow_trace::identity(kind).unwrap_or_default();
    let tree = Tree::from(&Json::Object(given.clone()));
    for name in names {
        let field = kind.record.field(name);
        if tree.get(name).is_null() && field.is_some_and(|field| field.default_for(&tree).is_null()) {
            return Err(Fault::Fail(format!("{name} is missing")));
        }
    }
    match flow_trace::id(kind, &tree) {
        Some(Tree::Text(id)) => path_of(kind, &id).ok_or_else(|| Fault::Fail(format!("{id} names no collection"))),
        _ => Err(Fault::Fail("the parameters name no collection".to_owned())),
    }
}

/// What `originator` may do to the collection `object`.
fn is_whose(object: &Object, originator: Option<&str>) -> Result<(), Fault> {
    let owner = object.get("originator").and_then(Json::as_str);
    if owner == originator { Ok(()) } else { Err(Fault::Unauthorized(object.path().id().to_owned())) }
}

fn is_mirrored(collection: &Collection) -> Result<(), Fault> {
    let not = || Fault::Fail(format!("{} is not mirrored", collection.path.id()));
    collection.analyzer.map(drop).ok_or_else(not)
}

/// Until when the collection at `path` is being ended, if somebody has stopped it.
fn stopping_until(view: &(impl View + ?Sized), path: &PolicyPath) -> Result<Option<i64>, StoreError> {
    let stored = view.get(&stopping_key(path))?;
    Ok(stored.and_then(|stored| std::str::from_utf8(&stored).ok()?.parse().ok()))
}

/// Forgets which collections were being ended, and are by `now`.
fn sweep(tx: &mut dyn Transaction, now: Moment) -> Result<(), StoreError> {
    for (key, stored) in tx.entries("y/")? {
        let until = std::str::from_utf8(&stored).ok().and_then(|until| until.parse::<i64>().ok());
        if until.is_none_or(|until| until <= now.0) {
            tx.delete(&key)?;
        }
    }
    Ok(())
}

/// The first thing that is wrong with parameters, in words.
fn told(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("{problem}")).next().unwrap_or_default()
}

impl Engine {
    /// Starts a collection of `kind`, or changes the parameters that are given of one that is
    /// there.
    pub fn start_collection(
        &self,
        kind: &'static Kind,
        mut given: Map<String, Json>,
        originator: Option<&str>,
        by: &Caller,
    ) -> Result<(), Fault> {
        if let Some(originator) = originator {
            given.insert("originator".to_owned(), json!(originator));
        }
        let path = named(kind, &given)?;
        let reading = read(kind, &Tree::from(&Json::Object(given.clone())), None);
        let (originator, by, now) = (originator.map(str::to_owned), by.clone(), by.now);
        let is_due = self.store.write(move |tx| {
            let before = index::get(&*tx, &path)?;
            if let Some(before) = &before {
                is_whose(before, originator.as_deref())?;
                let changed = before.get("_last_modified_time").and_then(Json::as_i64).unwrap_or_default();
                if changed <= by.now.0 && by.now.0 - changed < PENDING {
                    return Err(Fault::Again(path.id().to_owned()));
                }
            } else if !reading.is_accepted() {
                return Err(Fault::Fail(told(&reading.problems)));
            } else if stopping_until(&*tx, &path)?.is_some_and(|until| by.now.0 < until) {
                return Err(Fault::Again(path.id().to_owned()));
            }
            let mut body = given.clone();
            body.insert("resource_type".to_owned(), json!(kind.resource_type));
            let body = Json::Object(body);
            let object = intent::composed(&*tx, &path, None, before.as_ref(), &body, &by, Writing::Patch)?;
            if before.as_ref() == Some(&object) {
                return Ok(false);
            }
            index::put(tx, &object, before.as_ref())?;
            Ok::<_, Fault>(journal::note(tx, by.now, &path, before.as_ref())?)
        })?;
        self.settle_if(is_due, now);
        Ok(())
    }

    /// Stops a collection of `kind`.
    pub fn stop_collection(
        &self,
        kind: &'static Kind,
        given: &Map<String, Json>,
        originator: Option<&str>,
        now: Moment,
    ) -> Result<(), Fault> {
        let path = named(kind, given)?;
        let originator = originator.map(str::to_owned);
        let is_due = self.store.write(move |tx| {
            let before = index::get(&*tx, &path)?.ok_or_else(|| Fault::NoSuchFlow(path.id().to_owned()))?;
            is_whose(&before, originator.as_deref())?;
            sweep(tx, now)?;
            index::remove(tx, &before)?;
            tx.put(&stopping_key(&path), (now.0 + PENDING).to_string().as_bytes())?;
            Ok::<_, Fault>(journal::note(tx, now, &path, Some(&before))?)
        })?;
        self.settle_if(is_due, now);
        Ok(())
    }

    /// What a collection of `kind` has found: that of the last probe run that has ended.
    /// Whatever tells collections apart and is not given may be anything, as long as one
    /// collection alone is meant.
    pub fn collected(
        &self,
        kind: &'static Kind,
        given: &Map<String, Json>,
        originator: Option<&str>,
        now: Moment,
    ) -> Result<Json, Fault> {
        self.of_collection(kind, given, originator, now, |course, topology, collection| {
            let found = document::path(course, topology, collection, now);
            found.ok_or_else(|| Fault::NoData(collection.path.id().to_owned()))
        })
    }

    /// What became of the copies that a collection of `kind` has had made.
    pub fn mirrored(
        &self,
        kind: &'static Kind,
        given: &Map<String, Json>,
        originator: Option<&str>,
        now: Moment,
    ) -> Result<MirrorCounters, Fault> {
        self.of_collection(kind, given, originator, now, |course, topology, collection| {
            is_mirrored(collection)?;
            Ok(course.mirrored(topology, &collection.path, now))
        })
    }

    /// The copies that a collection of `kind` has had made, as they reach the analyzer: those that
    /// `request` wants.
    pub fn mirror_captured(
        &self,
        kind: &'static Kind,
        given: &Map<String, Json>,
        originator: Option<&str>,
        request: impl FnOnce(CaptureOf) -> CaptureRequest,
        now: Moment,
    ) -> Result<Capture, Fault> {
        let path = self.of_collection(kind, given, originator, now, |_, _, collection| {
            is_mirrored(collection)?;
            Ok(collection.path.clone())
        })?;
        Ok(self.capture(&request(CaptureOf::Collection(path)), now)?)
    }

    fn of_collection<T>(
        &self,
        kind: &'static Kind,
        given: &Map<String, Json>,
        originator: Option<&str>,
        now: Moment,
        look: impl FnOnce(&super::Course, &crate::engine::topology::Topology, &Collection) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let wanted = wanted(kind, given)?;
        self.course.at(self, now, |runtime| {
            let (course, topology) = runtime.fabric();
            let found: Vec<&Collection> = match &wanted {
                Wanted::One(path) => topology.collections.get(path).map(AsRef::as_ref).into_iter().collect(),
                Wanted::Like(parts) => {
                    let of_kind = topology.collections.iter().filter(|(path, _)| kind.owns(path));
                    let like = of_kind.filter(|(path, _)| {
                        path.id()
                            .split(',')
                            .zip(parts)
                            .all(|(part, wanted)| wanted.as_deref().is_none_or(|it| it == part))
                    });
                    like.map(|(_, collection)| collection.as_ref()).collect()
                }
            };
            let own: Vec<_> = found.iter().filter(|it| it.originator.as_deref() == originator).collect();
            match (&own[..], &found[..]) {
                ([collection], _) => look(course, topology, collection),
                ([], []) => Err(Fault::NoSuchFlow(wanted.text())),
                ([], _) => Err(Fault::Unauthorized(wanted.text())),
                _ => Err(Fault::Fail(format!("several collections are like {}: give more parameters", wanted.text()))),
            }
        })?
    }

    /// The collections of `kind` that `originator` has started, in the order of their paths.
    pub fn collections(
        &self,
        kind: &'static Kind,
        originator: Option<&str>,
        now: Moment,
    ) -> Result<Vec<Json>, Refusal> {
        let own = self.course.at(self, now, |runtime| {
            let (_, topology) = runtime.fabric();
            let of_kind = topology.collections.iter().filter(|(path, _)| kind.owns(path));
            let own = of_kind.filter(|(_, collection)| collection.originator.as_deref() == originator);
            own.map(|(_, collection)| shown(collection)).collect()
        });
        Ok(own?)
    }

    /// The flows of applications that an agent has found on the hosts of the fabric.
    pub fn application_flows(&self, is_active: bool, now: Moment) -> Result<Json, Refusal> {
        Ok(self.course.at(self, now, |runtime| {
            let (course, topology) = runtime.fabric();
            listed::flows(course.net(topology), topology, is_active, now)
        })?)
    }
}

/// Which collection is meant.
enum Wanted {
    /// The one at this path.
    One(PolicyPath),
    /// One whose id has these parts, as far as they are given.
    Like(Vec<Option<String>>),
}

impl Wanted {
    fn text(&self) -> String {
        match self {
            Self::One(path) => path.id().to_owned(),
            Self::Like(parts) => parts.iter().map(|part| part.as_deref().unwrap_or("*")).collect::<Vec<_>>().join(","),
        }
    }
}

/// A flow is named whole, with defaults; a tunnel by all or part of what tells it from others.
fn wanted(kind: &'static Kind, given: &Map<String, Json>) -> Result<Wanted, Fault> {
    if *kind == FLOW_TRACE || given.contains_key("sport") {
        return named(kind, given).map(Wanted::One);
    }
    let names = flow_trace::identity(kind).unwrap_or_default();
    if let Some(missing) = names.iter().find(|name| **name != "sport" && !given.contains_key(**name)) {
        return Err(Fault::Fail(format!("{missing} is missing")));
    }
    let part = |name: &&'static str| match given.get(*name) {
        Some(Json::String(text)) => Some(text.clone()),
        Some(Json::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    Ok(Wanted::Like(names.iter().map(part).collect()))
}

/// A collection as `active/flow` and `active/tunnel` list it.
fn shown(collection: &Collection) -> Json {
    let tuple = &collection.tuple;
    let (source, destination) = (tuple.source.to_string(), tuple.destination.to_string());
    match &collection.tunnel {
        None => {
            let protocol = if tuple.protocol == 6 { "tcp" } else { "udp" };
            json!([destination, source, protocol, tuple.source_port, tuple.destination_port])
        }
        Some(tunnel) => json!([
            source,
            destination,
            tunnel.destination.to_string(),
            tunnel.source.to_string(),
            tunnel.vnid,
            tuple.source_port,
        ]),
    }
}

/// What is collected for `originator`: flows and tunnels, as `active/flow` and `active/tunnel`
/// list them.
pub(in crate::engine) fn active(topology: &crate::engine::topology::Topology, originator: Option<&str>) -> Json {
    let own = |is_tunnel: bool| -> Vec<Json> {
        let all = topology.collections.values().filter(|it| it.tunnel.is_some() == is_tunnel);
        all.filter(|it| it.originator.as_deref() == originator).map(|it| shown(it)).collect()
    };
    json!({ "flows": own(false), "tunnels": own(true) })
}

/// Whether a collection of a compute agent is, or may be, at `path`.
pub fn is_collection(path: &PolicyPath) -> bool {
    FLOW_TRACE.owns(path) || TUNNEL_TRACE.owns(path)
}

/// Whether objects of `kind` are collections of a compute agent.
pub fn collects(kind: &Kind) -> bool {
    *kind == FLOW_TRACE || *kind == TUNNEL_TRACE
}
