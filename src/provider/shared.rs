//! What all resources and data sources of one provider process share: the
//! backend, once the provider is configured, and the run.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};

use super::claims::Claims;
use super::run::{Run, Waited};
use super::terraform::has_siblings;
use crate::backend::{Backend, BackendError};
use crate::model::PolicyPath;
use crate::tf_provider::{Context, Diagnostic, Diagnostics};

/// What is shared.
#[derive(Default)]
pub struct Shared {
    connection: RwLock<Option<Connection>>,
}

/// A backend in use.
#[derive(Clone)]
pub struct Connection {
    /// Where objects live.
    pub backend: Arc<dyn Backend>,
    /// What this run of Terraform is about to do.
    pub run: Arc<Run>,
    /// Objects that Terraform may not know of.
    pub claims: Arc<Claims>,
}

impl Shared {
    /// Takes a backend into use, and begins a run. A process that Terraform did
    /// not start itself sees one run after the other, each with a backend of its
    /// own: the latest one counts.
    pub async fn connect(&self, backend: Arc<dyn Backend>) -> Result<(), BackendError> {
        if let Ok(before) = self.connection() {
            before.farewell(false).await;
        }
        let claims = Arc::new(Claims::of_process(backend.notes().claims().await?));
        let connection = Connection { backend, run: Arc::new(Run::new()), claims };
        *self.connection.write().unwrap_or_else(PoisonError::into_inner) = Some(connection);
        Ok(())
    }

    /// The backend in use.
    pub fn connection(&self) -> Result<Connection, Diagnostics> {
        self.connection.read().unwrap_or_else(PoisonError::into_inner).clone().ok_or_else(|| {
            let detail = "Terraform asked for an object before it configured the provider, or after that failed.";
            Diagnostic::error("The provider is not configured", detail).into()
        })
    }
}

impl Connection {
    /// Notes that the object at `path` is in Terraform's state.
    pub fn is_in_state(&self, path: PolicyPath) {
        self.claims.is_in_state(&path);
        self.run.is_in_state(path);
    }

    /// Those of `paths` at which there is no object, and none is going to be
    /// created by this run. What the run is about to do is not all known from the
    /// start, so paths that are not known yet are waited for as long as the run
    /// goes on.
    pub async fn missing(
        &self,
        cx: &Context,
        paths: impl IntoIterator<Item = PolicyPath>,
    ) -> Result<BTreeSet<PolicyPath>, BackendError> {
        let mut missing: BTreeSet<_> = paths.into_iter().collect();
        let mut events = self.run.events();
        loop {
            for path in missing.clone() {
                if self.run.creates(&path) || self.backend.exists(&path).await? {
                    missing.remove(&path);
                }
            }
            if missing.is_empty() || events.next_of_plan(cx).await != Waited::Moved {
                // Another provider block's process may have planned to create them, or
                // be about to.
                let planned = self.planned_elsewhere(&missing).await?;
                missing.retain(|path| !planned.contains(path));
                return Ok(if has_siblings() { BTreeSet::new() } else { missing });
            }
        }
    }
}
