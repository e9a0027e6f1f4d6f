//! Where objects live: one trait, and the systems behind it.
//!
//! A backend holds whole objects and refuses what its system refuses. What a
//! plan means, merging changes and waiting for others are not its business.
//!
//! | module | what it holds |
//! |---|---|
//! | `embedded` | the embedded engine, over a file |
//! | [`openstack`] | a live OpenStack: taps of its Neutron |
//! | [`netmaster`] | a live NetMaster: packet traces of its SmartTrace |
//! | [`nsx`] | a live NSX, on premises or of VMware Cloud on AWS |
//! | `addresses` | addresses of VPN services without their locale service |
//! | [`compute_agent`] | a live compute agent: probes along the paths of flows |
//! | `collections` | what was read of an endpoint, shared by all who read |
//! | `neutron` | what a request to Neutron says of an object |
//! | `ledger` | what is noted beside the objects of an endpoint |
//! | `transport` | requests to an API over HTTP |
//! | [`settings`] | what a user sets of a live system |
//! | `systems` | several of them beside each other, each with its own objects |

mod addresses;
mod collections;
pub mod compute_agent;
mod embedded;
mod ledger;
pub mod netmaster;
mod neutron;
pub mod nsx;
pub mod openstack;
pub mod settings;
mod systems;
mod transport;

use async_trait::async_trait;
use serde_json::{Map, Value as Json};

pub use compute_agent::ComputeAgent;
pub use embedded::Embedded;
pub use netmaster::NetMaster;
pub use nsx::Nsx;
pub use openstack::OpenStack;
pub use systems::Systems;
pub use transport::Failure;

use crate::engine::store::StoreError;
use crate::engine::taps::Quota;
use crate::engine::traces::TraceQuestion;
use crate::engine::{Answer, Object, Planned, Question, Refusal, TraceAnswer, TraceRequest};
use crate::model::{Kind, PolicyPath, Problem, Tree};

/// Why a backend did not do what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BackendError {
    /// The system refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The operation did not come to an end; whether it took effect is not known.
    #[error("the backend's worker ended before it answered")]
    Lost,
    /// A live endpoint did not do it, or could not be asked.
    #[error(transparent)]
    Endpoint(#[from] Failure),
    /// The provider block names no system that could hold the object.
    #[error("No system is named for {what}. Add `{blocks}` to the provider block.")]
    Nowhere {
        /// What it is one of.
        what: &'static str,
        /// The blocks that would name one.
        blocks: &'static str,
    },
    /// What is noted beside the objects of a live endpoint could not be.
    #[error("the notes in Terraform's data folder cannot be used: {0}")]
    Ledger(StoreError),
}

/// What is noted beside objects: claims on those that a run has created, who has come to know of
/// them, and what a plan tells its apply.
#[async_trait]
pub trait Notes: Send + Sync {
    /// The objects that were created with a claim which has not been settled, and
    /// the claims. A system that cannot note claims has none.
    async fn claims(&self) -> Result<Vec<(PolicyPath, String)>, BackendError>;

    /// Claims the objects at `paths`, as far as there are any.
    async fn claim(&self, paths: Vec<PolicyPath>, claim: &str) -> Result<(), BackendError>;

    /// Puts `claim` in place of the claims on the objects at `paths`, as far as there
    /// are any.
    async fn reclaim(&self, paths: Vec<PolicyPath>, claim: &str) -> Result<(), BackendError>;

    /// Settles the claims on the objects at `paths`, as far as there are any, and
    /// notes who has come to know of them, for [`Notes::keeper`].
    async fn settle(&self, paths: Vec<PolicyPath>, keeper: &str) -> Result<(), BackendError>;

    /// Who has come to know of the object at `path`, as far as that is noted.
    async fn keeper(&self, path: &PolicyPath) -> Result<Option<String>, BackendError>;

    /// Notes `lines` under `name`, for [`Notes::noted`] in another process. A
    /// system that cannot note anything has none.
    async fn note(&self, name: &str, lines: Vec<String>) -> Result<(), BackendError>;

    /// The lines of all notes whose names begin with `name`.
    async fn noted(&self, name: &str) -> Result<Vec<String>, BackendError>;

    /// Forgets all notes whose names begin with `name`.
    async fn forget(&self, name: &str) -> Result<(), BackendError>;
}

/// A system that holds objects.
#[async_trait]
pub trait Backend: Send + Sync {
    /// What the user knows the system as, for messages.
    fn describe(&self) -> String;

    /// What is noted beside the objects.
    fn notes(&self) -> &dyn Notes;

    /// Whether there is a place for objects of `kind`.
    fn serves(&self, _kind: &Kind) -> Result<(), BackendError> {
        Ok(())
    }

    /// The object at `path`; `None` when there is none. Secrets are included, or the
    /// object says that it [hides](Object::hides_secrets) them.
    async fn get(&self, path: &PolicyPath) -> Result<Option<Object>, BackendError>;

    /// Whether there is an object at `path`: one that [`Backend::get`] reads, or one of Neutron
    /// that others refer to, such as a port.
    async fn exists(&self, path: &PolicyPath) -> Result<bool, BackendError> {
        Ok(self.get(path).await?.is_some())
    }

    /// `object` with the secrets that it hides, as far as the system shows them.
    async fn reveal(&self, object: Object) -> Result<Object, BackendError> {
        Ok(object)
    }

    /// The path by which the system knows what `path` means. A path with the locale service
    /// `default` may be the address of a VPN service that names none: where a gateway has
    /// none called so and one other, it means that one.
    async fn meant(&self, path: &PolicyPath) -> Result<PolicyPath, BackendError> {
        Ok(path.clone())
    }

    /// The objects of `kind` right below `parent` (`/infra` for profiles).
    async fn list(&self, kind: &'static Kind, parent: &str) -> Result<Vec<Object>, BackendError>;

    /// What an object of `kind` at `path` that declares `tree` would have for itself
    /// and others have: these, and what is wrong with it. See
    /// [`hold`](crate::model::hold).
    async fn clashes(
        &self,
        kind: &'static Kind,
        path: &PolicyPath,
        tree: &Tree,
    ) -> Result<Vec<(PolicyPath, Problem)>, BackendError>;

    /// How many objects of `kind` a project may have, which is the own one unless it is named; none
    /// where that is not known before one is refused.
    async fn quota(&self, _kind: &'static Kind, _project: Option<&str>) -> Result<Option<Quota>, BackendError> {
        Ok(None)
    }

    /// Creates the object at `path` with these fields; refuses when there is one.
    /// Returns it with its secrets. In the same step notes `claim` for
    /// [`Notes::claims`].
    async fn create(&self, path: &PolicyPath, fields: Map<String, Json>, claim: &str) -> Result<Object, BackendError>;

    /// Answers a question about something that runs. With something `planned`, the
    /// answer is what it will be once that is declared.
    async fn ask(&self, question: &Question, planned: &[Planned]) -> Result<Answer, BackendError>;

    /// Traces a packet, with what is `planned` declared.
    async fn trace(&self, request: &TraceRequest, planned: &[Planned]) -> Result<TraceAnswer, BackendError>;

    /// The answer to a question about packet traces, as NetMaster's API gives its `data`; `None`
    /// where there is no such trace or packet.
    async fn packets(&self, _question: &TraceQuestion) -> Result<Option<Json>, BackendError> {
        Err(BackendError::Nowhere { what: "packet traces", blocks: "embedded {} or netmaster {}" })
    }

    /// Replaces revision `revision` of the object at `path`; refuses when it is at
    /// another. Returns the object with its secrets.
    async fn replace(
        &self,
        path: &PolicyPath,
        fields: Map<String, Json>,
        revision: i64,
    ) -> Result<Object, BackendError>;

    /// Deletes the object at `path`; refuses while something holds it.
    async fn delete(&self, path: &PolicyPath) -> Result<(), BackendError>;
}
