//! What all calls share: the types on offer, and what may cancel an operation.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
    running: Mutex<Running>,
}

/// What may be stopped, and whether anything was.
struct Running {
    operations: CancellationToken,
    was_stopped: bool,
}

impl Shared {
    /// What the calls of `provider` share; `shutdown` cancels all operations.
    pub fn new(provider: Arc<dyn Provider>, shutdown: CancellationToken) -> Result<Self, RegistryError> {
        let registry = Registry::new(provider)?;
        let schemas = schema::catalogue(&registry);
        let running = Mutex::new(Running { operations: shutdown.child_token(), was_stopped: false });
        Ok(Self { registry, schemas, shutdown, running })
    }

    /// The context for an operation that begins now.
    pub fn context(&self) -> Context {
        Context { cancelled: self.running().operations.clone() }
    }

    /// Cancels the operations that run now. Those that begin later are not
    /// concerned: a provider that stays alive serves the next run as well.
    pub fn stop(&self) {
        let stopped = Running { operations: self.shutdown.child_token(), was_stopped: true };
        std::mem::replace(&mut *self.running(), stopped).operations.cancel();
    }

    /// Whether Terraform has ever said Stop.
    pub fn was_stopped(&self) -> bool {
        self.running().was_stopped
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
