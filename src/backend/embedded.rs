//! The embedded engine as a backend.

use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::addresses::{Homes, USUAL_HOME, at_home, open_gateway, respelled};
use super::{Backend, BackendError, Notes, neutron};
use crate::engine::prefix_filter::PrefixMatch;
use crate::engine::store::StoreError;
use crate::engine::taps::{Fault, Life, Member, Quota, Quotas};
use crate::engine::traces::TraceQuestion;
use crate::engine::{
    Answer, Caller, Engine, Moment, Object, Planned, Question, Refusal, Reveal, TraceAnswer, TraceRequest,
};
use crate::model::tap_mirror::tunnels_of;
use crate::model::{Api, Field, Kind, LIVE_TRACE, PolicyPath, Problem, SEGMENT, SEGMENT_PORT, Tree, kinds_at};

/// The user that the engine keeps with what Terraform creates and changes: the
/// one with all rights, as on an NSX Manager.
const USER: &str = "admin";

/// The embedded engine over one file.
pub struct Embedded {
    engine: Engine,
    file: PathBuf,
}

impl Embedded {
    /// Opens the engine file at `file`, which is created when there is none. The bounds
    /// of prefix lists are read as `mode` says.
    pub fn open(file: &Path, mode: PrefixMatch) -> Result<Self, StoreError> {
        let engine = Engine::open(file, Moment::from_clock())?.reading_bounds_as(mode);
        Ok(Self { engine, file: file.to_owned() })
    }

    /// The same engine, in which a project has no more taps than that.
    #[must_use]
    pub fn with_quotas(self, quotas: Quotas) -> Self {
        Self { engine: self.engine.with_quotas(quotas), ..self }
    }

    /// Creates a tap. Where one that is on its way out still counts for the quota, its place is waited
    /// for.
    async fn create_tap(
        &self,
        kind: &'static Kind,
        id: Uuid,
        wanted: &Map<String, Json>,
        claim: &str,
    ) -> Result<Object, BackendError> {
        loop {
            let (wanted, claim) = (wanted.clone(), claim.to_owned());
            let made = self.run(move |engine, caller| {
                let member = Member::admin(caller.clone());
                match engine.create_tap_as(kind, id, wanted, &member, Some(&claim)) {
                    Err(Refusal::Neutron(fault)) if fault.is_out_of_quota() => {
                        let ends =
                            engine.taps(kind, &member)?.into_iter().filter_map(|tap| Life::of(&tap.tree()).end());
                        let first = ends.min().map(|end| Moment(end.0 - caller.now.0));
                        Ok(Err((fault, first)))
                    }
                    made => made.map(Ok),
                }
            });
            match made.await? {
                Ok(object) => return Ok(object),
                Err((fault, None)) => return Err(Refusal::from(fault).into()),
                Err((_, Some(left))) => {
                    tokio::time::sleep(Duration::from_millis(u64::try_from(left.0).unwrap_or_default())).await;
                }
            }
        }
    }

    /// Runs `work` where it may wait for the disk.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Engine, &Caller) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, BackendError> {
        let engine = self.engine.clone();
        let caller = Caller { user: USER.to_owned(), now: Moment::from_clock() };
        let done = tokio::task::spawn_blocking(move || work(&engine, &caller)).await;
        Ok(done.map_err(|_| BackendError::Lost)??)
    }
}

/// The object at `path`, with its secrets.
fn held(engine: &Engine, path: &PolicyPath, caller: &Caller) -> Result<Object, Refusal> {
    if let Some((kind, id)) = of_neutron(path) {
        return engine.tap(kind, id, &Member::admin(caller.clone()));
    }
    if LIVE_TRACE.owns(path) {
        engine.remove_expired(caller.now)?;
    }
    let meant = engine.path_meant(path)?;
    Ok(known_by(path, engine.get(&meant, Reveal::Secrets)?))
}

/// `object` under the path that somebody knows it by.
fn known_by(path: &PolicyPath, object: Object) -> Object {
    if object.path() == path {
        return object;
    }
    let own = path.within("locale-services").unwrap_or(USUAL_HOME);
    let Json::Object(mut fields) = at_home(&Json::Object(object.fields().clone()), object.fields(), own) else {
        return object;
    };
    if let Some(parent) = object.kind().parent(path) {
        fields.insert("parent_path".to_owned(), json!(parent.as_str()));
    }
    Object::from_fields(fields).unwrap_or(object)
}

/// A body in which the addresses of VPN services that may name no locale service name none, so
/// that the engine says which it is.
fn open(fields: Map<String, Json>) -> Json {
    respelled(&Json::Object(fields), &|text| {
        let path = PolicyPath::parse(text).ok().filter(|path| open_gateway(path).is_some())?;
        Some(path.current_address())
    })
}

/// The paths that `paths` mean.
fn meant(engine: &Engine, paths: &[PolicyPath]) -> Result<Vec<PolicyPath>, Refusal> {
    paths.iter().map(|path| engine.path_meant(path)).collect()
}

/// The body of a request that would create the object of Neutron that `tree` declares, if all of
/// it is known.
fn wanted(kind: &'static Kind, tree: &Tree) -> Option<Map<String, Json>> {
    let Tree::Object(fields) = tree else { return None };
    let is_set = |name: &str| kind.field(name).is_some_and(Field::is_configurable);
    let set =
        Tree::Object(fields.iter().filter(|(name, _)| is_set(name)).map(|it| (it.0.clone(), it.1.clone())).collect());
    let known = (!set.has_unknown()).then(|| set.to_json())?;
    known.as_object().map(|fields| neutron::to_create(kind, fields))
}

/// Whether a plan is to be told of `fault`, which it would meet now when it creates the object at
/// `path`, and whose doing it is: what may change before is none. What is not there is told of as a
/// reference, and quotas count what may be about to go.
fn theirs(
    engine: &Engine,
    path: PolicyPath,
    fault: Fault,
    wanted: &Map<String, Json>,
) -> Result<Option<(PolicyPath, Fault)>, Refusal> {
    if matches!(fault.status(), 404 | 409) {
        return Ok(None);
    }
    let port = wanted.get("port_id").and_then(Json::as_str).filter(|_| fault == Fault::PortDoesNotBelongToTenant);
    let port = port.map(|port| engine.known_to_neutron(&SEGMENT_PORT, port)).transpose()?.flatten();
    Ok(Some((port.map_or(path, |port| port.path().clone()), fault)))
}

/// The kind and the id of the object of Neutron that `path` is the address of.
fn of_neutron(path: &PolicyPath) -> Option<(&'static Kind, &str)> {
    let kind = kinds_at(path).next().filter(|kind| kind.api() == Api::Neutron)?;
    Some((kind, path.id()))
}

#[async_trait]
impl Notes for Embedded {
    async fn claims(&self) -> Result<Vec<(PolicyPath, String)>, BackendError> {
        self.run(|engine, _| engine.claims()).await
    }

    async fn claim(&self, paths: Vec<PolicyPath>, claim: &str) -> Result<(), BackendError> {
        let claim = claim.to_owned();
        self.run(move |engine, _| engine.claim(&meant(engine, &paths)?, &claim)).await
    }

    async fn reclaim(&self, paths: Vec<PolicyPath>, claim: &str) -> Result<(), BackendError> {
        let claim = claim.to_owned();
        self.run(move |engine, _| engine.reclaim(&meant(engine, &paths)?, &claim)).await
    }

    async fn settle(&self, paths: Vec<PolicyPath>, keeper: &str) -> Result<(), BackendError> {
        let keeper = keeper.to_owned();
        self.run(move |engine, _| engine.settle(&meant(engine, &paths)?, &keeper)).await
    }

    async fn keeper(&self, path: &PolicyPath) -> Result<Option<String>, BackendError> {
        let path = path.clone();
        self.run(move |engine, _| engine.keeper(&engine.path_meant(&path)?)).await
    }

    async fn note(&self, name: &str, lines: Vec<String>) -> Result<(), BackendError> {
        let name = name.to_owned();
        self.run(move |engine, caller| engine.note(&name, &lines, caller.now)).await
    }

    async fn noted(&self, name: &str) -> Result<Vec<String>, BackendError> {
        let name = name.to_owned();
        self.run(move |engine, _| engine.noted(&name)).await
    }

    async fn forget(&self, name: &str) -> Result<(), BackendError> {
        let name = name.to_owned();
        self.run(move |engine, _| engine.forget(&name)).await
    }
}

#[async_trait]
impl Backend for Embedded {
    fn describe(&self) -> String {
        format!("the embedded engine ({})", self.file.display())
    }

    fn notes(&self) -> &dyn Notes {
        self
    }

    async fn get(&self, path: &PolicyPath) -> Result<Option<Object>, BackendError> {
        let path = path.clone();
        self.run(move |engine, caller| match held(engine, &path, caller) {
            Ok(object) => Ok(Some(object)),
            Err(Refusal::NotFound(_)) => Ok(None),
            Err(Refusal::Neutron(fault)) if fault.status() == 404 => Ok(None),
            Err(refusal) => Err(refusal),
        })
        .await
    }

    async fn exists(&self, path: &PolicyPath) -> Result<bool, BackendError> {
        if !path.is_of_neutron() || of_neutron(path).is_some() {
            return Ok(self.get(path).await?.is_some());
        }
        let path = path.clone();
        self.run(move |engine, _| {
            let kind = match path.collection() {
                "ports" => &SEGMENT_PORT,
                _ => &SEGMENT,
            };
            Ok(engine.known_to_neutron(kind, path.id())?.is_some())
        })
        .await
    }

    async fn meant(&self, path: &PolicyPath) -> Result<PolicyPath, BackendError> {
        if open_gateway(path).is_none() {
            return Ok(path.clone());
        }
        let path = path.clone();
        self.run(move |engine, _| engine.path_meant(&path)).await
    }

    async fn list(&self, kind: &'static Kind, parent: &str) -> Result<Vec<Object>, BackendError> {
        let parent = parent.to_owned();
        self.run(move |engine, caller| match kind.api() {
            Api::Policy => {
                if *kind == LIVE_TRACE {
                    engine.remove_expired(caller.now)?;
                }
                // Those of a VPN service that names no locale service lie below another path.
                let below = PolicyPath::parse(&parent).map(|parent| kind.path(&parent, "x"));
                let Ok(below) = below else { return engine.list(kind, &parent, Reveal::Secrets) };
                let full = engine.path_meant(&below)?;
                if full == below {
                    return engine.list(kind, &parent, Reveal::Secrets);
                }
                let parent = kind.parent(&full).map_or(parent, |parent| parent.to_string());
                let found = engine.list(kind, &parent, Reveal::Secrets)?.into_iter();
                let usual = |object: Object| {
                    let path = below.sibling(object.path().id());
                    known_by(&path, object)
                };
                Ok(found.map(usual).collect())
            }
            Api::Neutron => engine.taps(kind, &Member::admin(caller.clone())),
        })
        .await
    }

    async fn clashes(
        &self,
        kind: &'static Kind,
        path: &PolicyPath,
        tree: &Tree,
    ) -> Result<Vec<(PolicyPath, Problem)>, BackendError> {
        let (path, tree) = (path.clone(), tree.clone());
        self.run(move |engine, caller| match kind.api() {
            Api::Policy => engine.clashes(kind, &engine.path_meant(&path)?, &tree),
            Api::Neutron => {
                let member = Member::admin(caller.clone());
                let mirrors = engine.mirrors_of(&tunnels_of(kind, &tree), &member)?;
                let mut clashes = neutron::rivals(kind, &path, &tree, &mirrors);
                if engine.tap(kind, path.id(), &member).is_err()
                    && let Some(wanted) = wanted(kind, &tree)
                    && let Err(Refusal::Neutron(fault)) = engine.may_create_tap(kind, &wanted, &member)
                {
                    clashes.extend(theirs(engine, path, fault, &wanted)?.map(|(of, fault)| (of, fault.problem(kind))));
                }
                Ok(clashes)
            }
        })
        .await
    }

    async fn quota(&self, kind: &'static Kind, project: Option<&str>) -> Result<Option<Quota>, BackendError> {
        let project = project.map(str::to_owned);
        self.run(move |engine, caller| engine.tap_quota(kind, project.as_deref(), &Member::admin(caller.clone()))).await
    }

    async fn create(&self, path: &PolicyPath, fields: Map<String, Json>, claim: &str) -> Result<Object, BackendError> {
        if let Some((kind, id)) = of_neutron(path) {
            let id = Uuid::parse_str(id).map_err(|_| Refusal::InvalidPath(path.to_string()))?;
            return self.create_tap(kind, id, &neutron::to_create(kind, &fields), claim).await;
        }
        let (path, claim) = (path.clone(), claim.to_owned());
        self.run(move |engine, caller| {
            engine.create_claimed(&engine.path_meant(&path)?, open(fields), caller, &claim)?;
            held(engine, &path, caller)
        })
        .await
    }

    async fn ask(&self, question: &Question, planned: &[Planned]) -> Result<Answer, BackendError> {
        let homes = Homes::of(self, Some(question), planned).await?;
        let (question, planned) = (homes.question(question), homes.planned(planned));
        self.run(move |engine, caller| {
            if LIVE_TRACE.owns(question.subject()) {
                engine.remove_expired(caller.now)?;
            }
            engine.ask(&question, &planned, caller.now)
        })
        .await
    }

    async fn trace(&self, request: &TraceRequest, planned: &[Planned]) -> Result<TraceAnswer, BackendError> {
        let planned = Homes::of(self, None, planned).await?.planned(planned);
        let request = request.clone();
        self.run(move |engine, caller| engine.trace(&request, &planned, caller.now)).await
    }

    async fn packets(&self, question: &TraceQuestion) -> Result<Option<Json>, BackendError> {
        let question = question.clone();
        self.run(move |engine, caller| engine.ask_of_packets(&question, caller.now)).await
    }

    async fn replace(
        &self,
        path: &PolicyPath,
        mut fields: Map<String, Json>,
        revision: i64,
    ) -> Result<Object, BackendError> {
        let path = path.clone();
        self.run(move |engine, caller| {
            if let Some((kind, id)) = of_neutron(&path) {
                let fields = neutron::to_change(kind, &fields);
                return engine.update_tap(kind, id, &fields, &Member::admin(caller.clone()));
            }
            fields.insert("_revision".to_owned(), json!(revision));
            engine.put(&engine.path_meant(&path)?, open(fields), caller)?;
            held(engine, &path, caller)
        })
        .await
    }

    async fn delete(&self, path: &PolicyPath) -> Result<(), BackendError> {
        let path = path.clone();
        self.run(move |engine, caller| match of_neutron(&path) {
            Some((kind, id)) => engine.delete_tap(kind, id, &Member::admin(caller.clone())),
            None => engine.delete(&engine.path_meant(&path)?, caller.now),
        })
        .await
    }
}
