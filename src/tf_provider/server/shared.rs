//! What all calls share: the types on offer, and what may cancel an operation.

use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use super::proto;
use super::registry::{Registry, RegistryError};
use super::wire::schema;
use crate::tf_provider::provider::{Context, Provider};

/// What all calls share.
pub(super) struct Shared {
    /// The types on offer.
    pub registry: Registry,
    /// The answer to `GetSchema`, built once.
    pub schemas: proto::get_provider_schema::Response,
    shutdown: CancellationToken,
    running: Mutex<CancellationToken>,
}

impl Shared {
    /// What the calls of `provider` share; `shutdown` cancels all operations.
    pub fn new(provider: Arc<dyn Provider>, shutdown: CancellationToken) -> Result<Self, RegistryError> {
        let registry = Registry::new(provider)?;
        let schemas = schema::catalogue(&registry);
        let running = Mutex::new(shutdown.child_token());
        Ok(Self { registry, schemas, shutdown, running })
    }

    /// The context for an operation that begins now.
    pub fn context(&self) -> Context {
        Context { cancelled: self.running.lock().unwrap_or_else(PoisonError::into_inner).clone() }
    }

    /// Cancels the operations that run now. Those that begin later are not
    /// concerned: a provider that stays alive serves the next run as well.
    pub fn stop(&self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *running, self.shutdown.child_token()).cancel();
    }
}
