//! Several systems beside each other: live endpoints, and the engine. Each holds its own
//! objects.

use async_trait::async_trait;
use serde_json::{Map, Value as Json};

use super::{Backend, BackendError, ComputeAgent, Embedded, NetMaster, Notes, Nsx, OpenStack};
use crate::engine::taps::Quota;
use crate::engine::traces::TraceQuestion;
use crate::engine::{Answer, Object, Planned, Question, TraceAnswer, TraceRequest, Unseen};
use crate::model::{
    Api, FLOW_TRACE, Kind, PolicyPath, Problem, SIMULATED_DEVICE, SIMULATED_FLOW, SIMULATED_LINK, SIMULATED_PEER,
    TUNNEL_TRACE, Tree,
};

/// The systems of one provider block.
#[derive(Default)]
pub struct Systems {
    /// A live NSX, for the objects of the policy API.
    pub nsx: Option<Nsx>,
    /// A live OpenStack, for those of Neutron.
    pub openstack: Option<OpenStack>,
    /// A live NetMaster, for packet traces. It holds no objects.
    pub netmaster: Option<NetMaster>,
    /// A live compute agent, for traces of flows.
    pub compute_agent: Option<ComputeAgent>,
    /// The engine, for its own, and for all that no other system is named for.
    pub engine: Option<Embedded>,
}

/// Whose an object is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    Policy,
    Simulation,
    Neutron,
    Agent,
}

/// What is simulated around the SDDC.
static SIMULATED: [&Kind; 4] = [&SIMULATED_PEER, &SIMULATED_FLOW, &SIMULATED_DEVICE, &SIMULATED_LINK];

impl Owner {
    fn of_path(path: &PolicyPath) -> Self {
        if path.is_of_neutron() {
            Self::Neutron
        } else if SIMULATED.iter().any(|kind| kind.owns(path)) {
            Self::Simulation
        } else if path.as_str().starts_with("/infra/flow-traces") || TUNNEL_TRACE.owns(path) {
            Self::Agent
        } else {
            Self::Policy
        }
    }

    fn of_kind(kind: &Kind) -> Self {
        match kind.api() {
            Api::Neutron => Self::Neutron,
            Api::Policy if SIMULATED.contains(&kind) => Self::Simulation,
            Api::Policy if *kind == FLOW_TRACE || *kind == TUNNEL_TRACE => Self::Agent,
            Api::Policy => Self::Policy,
        }
    }

    /// What is said where no system is named.
    fn nowhere(self) -> BackendError {
        let (what, blocks) = match self {
            Self::Policy => ("objects of NSX", "embedded {} or nsx {}"),
            Self::Simulation => ("simulated objects", "embedded {}"),
            Self::Agent => ("traces of flows", "embedded {} or compute_agent {}"),
            Self::Neutron => ("taps", "embedded {} or openstack {}"),
        };
        BackendError::Nowhere { what, blocks }
    }
}

impl Systems {
    fn of(&self, owner: Owner) -> Result<&dyn Backend, BackendError> {
        let nsx = self.nsx.as_ref().map(|nsx| nsx as &dyn Backend);
        let openstack = self.openstack.as_ref().map(|openstack| openstack as &dyn Backend);
        let engine = self.engine.as_ref().map(|engine| engine as &dyn Backend);
        let agent = self.compute_agent.as_ref().map(|agent| agent as &dyn Backend);
        let found = match owner {
            Owner::Policy => nsx.or(engine),
            // An endpoint can be an engine that `serve` has put there.
            Owner::Simulation => engine.or(nsx),
            Owner::Neutron => openstack.or(engine),
            Owner::Agent => agent.or(engine).or(nsx),
        };
        found.ok_or_else(|| owner.nowhere())
    }

    fn at(&self, path: &PolicyPath) -> Result<&dyn Backend, BackendError> {
        self.of(Owner::of_path(path))
    }

    /// All systems, in the order in which they are looked at.
    fn all(&self) -> impl Iterator<Item = &dyn Backend> {
        let nsx = self.nsx.as_ref().map(|nsx| nsx as &dyn Backend);
        let openstack = self.openstack.as_ref().map(|openstack| openstack as &dyn Backend);
        let engine = self.engine.as_ref().map(|engine| engine as &dyn Backend);
        let agent = self.compute_agent.as_ref().map(|agent| agent as &dyn Backend);
        [nsx, openstack, agent, engine].into_iter().flatten()
    }

    /// The one that notes are kept with; none where none holds objects that anything could be
    /// noted of.
    fn first(&self) -> Option<&dyn Backend> {
        self.all().next()
    }

    /// Those of `paths` that are `owner`'s.
    fn part(paths: &[PolicyPath], owner: Owner) -> Vec<PolicyPath> {
        paths.iter().filter(|path| Owner::of_path(path) == owner).cloned().collect()
    }
}

/// Who may own what a list of paths names.
const OWNERS: [Owner; 4] = [Owner::Policy, Owner::Simulation, Owner::Neutron, Owner::Agent];

#[async_trait]
impl Notes for Systems {
    async fn claims(&self) -> Result<Vec<(PolicyPath, String)>, BackendError> {
        let mut claims = Vec::new();
        for system in self.all() {
            claims.extend(system.notes().claims().await?);
        }
        Ok(claims)
    }

    async fn claim(&self, paths: Vec<PolicyPath>, claim: &str) -> Result<(), BackendError> {
        for owner in OWNERS {
            let own = Self::part(&paths, owner);
            if !own.is_empty() {
                self.of(owner)?.notes().claim(own, claim).await?;
            }
        }
        Ok(())
    }

    async fn reclaim(&self, paths: Vec<PolicyPath>, claim: &str) -> Result<(), BackendError> {
        for owner in OWNERS {
            let own = Self::part(&paths, owner);
            if !own.is_empty() {
                self.of(owner)?.notes().reclaim(own, claim).await?;
            }
        }
        Ok(())
    }

    async fn settle(&self, paths: Vec<PolicyPath>, keeper: &str) -> Result<(), BackendError> {
        for owner in OWNERS {
            let own = Self::part(&paths, owner);
            if !own.is_empty() {
                self.of(owner)?.notes().settle(own, keeper).await?;
            }
        }
        Ok(())
    }

    async fn keeper(&self, path: &PolicyPath) -> Result<Option<String>, BackendError> {
        self.at(path)?.notes().keeper(path).await
    }

    async fn note(&self, name: &str, lines: Vec<String>) -> Result<(), BackendError> {
        match self.first() {
            Some(first) => first.notes().note(name, lines).await,
            None => Ok(()),
        }
    }

    async fn noted(&self, name: &str) -> Result<Vec<String>, BackendError> {
        match self.first() {
            Some(first) => first.notes().noted(name).await,
            None => Ok(Vec::new()),
        }
    }

    async fn forget(&self, name: &str) -> Result<(), BackendError> {
        match self.first() {
            Some(first) => first.notes().forget(name).await,
            None => Ok(()),
        }
    }
}

#[async_trait]
impl Backend for Systems {
    fn describe(&self) -> String {
        let all: Vec<_> =
            self.netmaster.iter().map(NetMaster::describe).chain(self.all().map(Backend::describe)).collect();
        all.join(" and ")
    }

    fn serves(&self, kind: &Kind) -> Result<(), BackendError> {
        self.of(Owner::of_kind(kind)).map(drop)
    }

    fn notes(&self) -> &dyn Notes {
        self
    }

    async fn get(&self, path: &PolicyPath) -> Result<Option<Object>, BackendError> {
        self.at(path)?.get(path).await
    }

    async fn exists(&self, path: &PolicyPath) -> Result<bool, BackendError> {
        self.at(path)?.exists(path).await
    }

    async fn reveal(&self, object: Object) -> Result<Object, BackendError> {
        self.of(Owner::of_kind(object.kind()))?.reveal(object).await
    }

    async fn meant(&self, path: &PolicyPath) -> Result<PolicyPath, BackendError> {
        self.at(path)?.meant(path).await
    }

    async fn list(&self, kind: &'static Kind, parent: &str) -> Result<Vec<Object>, BackendError> {
        self.of(Owner::of_kind(kind))?.list(kind, parent).await
    }

    async fn clashes(
        &self,
        kind: &'static Kind,
        path: &PolicyPath,
        tree: &Tree,
    ) -> Result<Vec<(PolicyPath, Problem)>, BackendError> {
        self.of(Owner::of_kind(kind))?.clashes(kind, path, tree).await
    }

    async fn quota(&self, kind: &'static Kind, project: Option<&str>) -> Result<Option<Quota>, BackendError> {
        self.of(Owner::of_kind(kind))?.quota(kind, project).await
    }

    async fn create(&self, path: &PolicyPath, fields: Map<String, Json>, claim: &str) -> Result<Object, BackendError> {
        self.at(path)?.create(path, fields, claim).await
    }

    async fn ask(&self, question: &Question, planned: &[Planned]) -> Result<Answer, BackendError> {
        self.at(question.subject())?.ask(question, planned).await
    }

    async fn trace(&self, request: &TraceRequest, planned: &[Planned]) -> Result<TraceAnswer, BackendError> {
        let system = self.of(Owner::Policy)?;
        // Packets are copied by the taps of OpenStack, wherever the ports are. What else lives elsewhere
        // is not known there.
        let lives_there = |planned: &&Planned| {
            let is_copied_by = self.openstack.is_some() && planned.path.is_of_neutron();
            let theirs = self.at(&planned.path).map(|theirs| std::ptr::addr_eq(theirs, system));
            is_copied_by || theirs.unwrap_or_default()
        };
        // A packet finds its way without them.
        let (mut declared, unseen) = match &self.openstack {
            Some(openstack) => match openstack.taps().await {
                Ok(taps) => (taps, None),
                Err(error) => (Vec::new(), Some(Unseen::Taps(error.to_string()))),
            },
            None => Default::default(),
        };
        declared.extend(planned.iter().filter(lives_there).cloned());
        let mut answer = system.trace(request, &declared).await?;
        answer.unseen.extend(unseen);
        Ok(answer)
    }

    async fn packets(&self, question: &TraceQuestion) -> Result<Option<Json>, BackendError> {
        match (&self.netmaster, &self.engine) {
            (Some(netmaster), _) => netmaster.packets(question).await,
            (None, Some(engine)) => engine.packets(question).await,
            (None, None) => Err(BackendError::Nowhere { what: "packet traces", blocks: "embedded {} or netmaster {}" }),
        }
    }

    async fn replace(
        &self,
        path: &PolicyPath,
        fields: Map<String, Json>,
        revision: i64,
    ) -> Result<Object, BackendError> {
        self.at(path)?.replace(path, fields, revision).await
    }

    async fn delete(&self, path: &PolicyPath) -> Result<(), BackendError> {
        self.at(path)?.delete(path).await
    }
}
