//! The embedded engine as a backend.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::{Backend, BackendError, Notes, neutron};
use crate::engine::prefix_filter::PrefixMatch;
use crate::engine::store::StoreError;
use crate::engine::taps::Member;
use crate::engine::{
    Answer, Caller, Engine, Moment, Object, Planned, Question, Refusal, Reveal, TraceAnswer, TraceRequest,
};
use crate::model::{Api, Kind, LIVE_TRACE, PolicyPath, Problem, SEGMENT, SEGMENT_PORT, Tree, kinds_at};

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
    engine.get(path, Reveal::Secrets)
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
        self.run(move |engine, _| engine.claim(&paths, &claim)).await
    }

    async fn reclaim(&self, paths: Vec<PolicyPath>, claim: &str) -> Result<(), BackendError> {
        let claim = claim.to_owned();
        self.run(move |engine, _| engine.reclaim(&paths, &claim)).await
    }

    async fn settle(&self, paths: Vec<PolicyPath>, keeper: &str) -> Result<(), BackendError> {
        let keeper = keeper.to_owned();
        self.run(move |engine, _| engine.settle(&paths, &keeper)).await
    }

    async fn keeper(&self, path: &PolicyPath) -> Result<Option<String>, BackendError> {
        let path = path.clone();
        self.run(move |engine, _| engine.keeper(&path)).await
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

    async fn list(&self, kind: &'static Kind, parent: &str) -> Result<Vec<Object>, BackendError> {
        let parent = parent.to_owned();
        self.run(move |engine, caller| match kind.api() {
            Api::Policy => {
                if *kind == LIVE_TRACE {
                    engine.remove_expired(caller.now)?;
                }
                engine.list(kind, &parent, Reveal::Secrets)
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
            Api::Policy => engine.clashes(kind, &path, &tree),
            Api::Neutron => {
                let member = Member::admin(caller.clone());
                let mut clashes = neutron::rivals(kind, &path, &tree, &engine.taps(kind, &member)?);
                if !tree.has_unknown()
                    && let Json::Object(fields) = tree.to_json()
                    && engine.tap(kind, path.id(), &member).is_err()
                    && let Err(Refusal::Neutron(fault)) =
                        engine.may_create_tap(kind, &neutron::to_create(kind, &fields), &member)
                {
                    clashes.push((path, fault.problem(kind)));
                }
                Ok(clashes)
            }
        })
        .await
    }

    async fn create(&self, path: &PolicyPath, fields: Map<String, Json>, claim: &str) -> Result<Object, BackendError> {
        let (path, claim) = (path.clone(), claim.to_owned());
        self.run(move |engine, caller| {
            if let Some((kind, id)) = of_neutron(&path) {
                let id = Uuid::parse_str(id).map_err(|_| Refusal::InvalidPath(path.to_string()))?;
                let fields = neutron::to_create(kind, &fields);
                return engine.create_tap_as(kind, id, fields, &Member::admin(caller.clone()), Some(&claim));
            }
            engine.create_claimed(&path, Json::Object(fields), caller, &claim)?;
            engine.get(&path, Reveal::Secrets)
        })
        .await
    }

    async fn ask(&self, question: &Question, planned: &[Planned]) -> Result<Answer, BackendError> {
        let (question, planned) = (question.clone(), planned.to_vec());
        self.run(move |engine, caller| {
            if LIVE_TRACE.owns(question.subject()) {
                engine.remove_expired(caller.now)?;
            }
            engine.ask(&question, &planned, caller.now)
        })
        .await
    }

    async fn trace(&self, request: &TraceRequest, planned: &[Planned]) -> Result<TraceAnswer, BackendError> {
        let (request, planned) = (request.clone(), planned.to_vec());
        self.run(move |engine, caller| engine.trace(&request, &planned, caller.now)).await
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
            engine.put(&path, Json::Object(fields), caller)?;
            engine.get(&path, Reveal::Secrets)
        })
        .await
    }

    async fn delete(&self, path: &PolicyPath) -> Result<(), BackendError> {
        let path = path.clone();
        self.run(move |engine, caller| match of_neutron(&path) {
            Some((kind, id)) => engine.delete_tap(kind, id, &Member::admin(caller.clone())),
            None => engine.delete(&path, caller.now),
        })
        .await
    }
}
