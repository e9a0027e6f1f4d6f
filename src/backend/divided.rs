//! Two systems beside each other: a live endpoint, and the engine for the objects that are
//! its own.

use async_trait::async_trait;
use serde_json::{Map, Value as Json};

use super::{Backend, BackendError, Embedded, Nsx};
use crate::engine::{Answer, Object, Planned, Question, TraceAnswer, TraceRequest};
use crate::model::{Kind, PolicyPath, Problem, SIMULATED_FLOW, SIMULATED_PEER, Tree};

/// A live endpoint, with simulated peers and flows on the engine.
pub struct Divided {
    endpoint: Nsx,
    engine: Embedded,
}

impl Divided {
    /// `endpoint`, and `engine` for what is the engine's own.
    pub fn new(endpoint: Nsx, engine: Embedded) -> Self {
        Self { endpoint, engine }
    }

    fn at(&self, path: &PolicyPath) -> &dyn Backend {
        if is_simulated(path) { &self.engine } else { &self.endpoint }
    }

    fn of(&self, kind: &Kind) -> &dyn Backend {
        if *kind == SIMULATED_PEER || *kind == SIMULATED_FLOW { &self.engine } else { &self.endpoint }
    }

    /// The two systems, each with those of `paths` that lie there.
    fn parted(&self, paths: Vec<PolicyPath>) -> [(&dyn Backend, Vec<PolicyPath>); 2] {
        let (engines, endpoints) = paths.into_iter().partition(is_simulated);
        [(&self.engine, engines), (&self.endpoint, endpoints)]
    }
}

fn is_simulated(path: &PolicyPath) -> bool {
    SIMULATED_PEER.owns(path) || SIMULATED_FLOW.owns(path)
}

#[async_trait]
impl Backend for Divided {
    fn describe(&self) -> String {
        format!("{}, with what is simulated on {}", self.endpoint.describe(), self.engine.describe())
    }

    async fn get(&self, path: &PolicyPath) -> Result<Option<Object>, BackendError> {
        self.at(path).get(path).await
    }

    async fn reveal(&self, object: Object) -> Result<Object, BackendError> {
        self.of(object.kind()).reveal(object).await
    }

    async fn list(&self, kind: &'static Kind, parent: &str) -> Result<Vec<Object>, BackendError> {
        self.of(kind).list(kind, parent).await
    }

    async fn clashes(
        &self,
        kind: &'static Kind,
        path: &PolicyPath,
        tree: &Tree,
    ) -> Result<Vec<(PolicyPath, Problem)>, BackendError> {
        self.of(kind).clashes(kind, path, tree).await
    }

    async fn create(&self, path: &PolicyPath, fields: Map<String, Json>, claim: &str) -> Result<Object, BackendError> {
        self.at(path).create(path, fields, claim).await
    }

    async fn claims(&self) -> Result<Vec<(PolicyPath, String)>, BackendError> {
        let mut claims = self.endpoint.claims().await?;
        claims.extend(self.engine.claims().await?);
        Ok(claims)
    }

    async fn claim(&self, paths: Vec<PolicyPath>, claim: &str) -> Result<(), BackendError> {
        for (system, paths) in self.parted(paths) {
            if !paths.is_empty() {
                system.claim(paths, claim).await?;
            }
        }
        Ok(())
    }

    async fn reclaim(&self, paths: Vec<PolicyPath>, claim: &str) -> Result<(), BackendError> {
        for (system, paths) in self.parted(paths) {
            if !paths.is_empty() {
                system.reclaim(paths, claim).await?;
            }
        }
        Ok(())
    }

    async fn settle(&self, paths: Vec<PolicyPath>, keeper: &str) -> Result<(), BackendError> {
        for (system, paths) in self.parted(paths) {
            if !paths.is_empty() {
                system.settle(paths, keeper).await?;
            }
        }
        Ok(())
    }

    async fn keeper(&self, path: &PolicyPath) -> Result<Option<String>, BackendError> {
        self.at(path).keeper(path).await
    }

    async fn note(&self, name: &str, lines: Vec<String>) -> Result<(), BackendError> {
        self.endpoint.note(name, lines).await
    }

    async fn noted(&self, name: &str) -> Result<Vec<String>, BackendError> {
        self.endpoint.noted(name).await
    }

    async fn forget(&self, name: &str) -> Result<(), BackendError> {
        self.endpoint.forget(name).await
    }

    async fn ask(&self, question: &Question, planned: &[Planned]) -> Result<Answer, BackendError> {
        self.at(question.subject()).ask(question, planned).await
    }

    async fn trace(&self, request: &TraceRequest, planned: &[Planned]) -> Result<TraceAnswer, BackendError> {
        let is_endpoints = |planned: &&Planned| !is_simulated(&planned.path);
        let planned: Vec<_> = planned.iter().filter(is_endpoints).cloned().collect();
        self.endpoint.trace(request, &planned).await
    }

    async fn replace(
        &self,
        path: &PolicyPath,
        fields: Map<String, Json>,
        revision: i64,
    ) -> Result<Object, BackendError> {
        self.at(path).replace(path, fields, revision).await
    }

    async fn delete(&self, path: &PolicyPath) -> Result<(), BackendError> {
        self.at(path).delete(path).await
    }
}
