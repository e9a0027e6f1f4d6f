//! The engine over HTTP, for clients that know the systems it stands in for.
//!
//! | module | what it holds |
//! |---|---|
//! | [`server`] | connections: TLS, limits, and the end of them |
//! | [`auth`] | who asks, and what they may |
//! | [`policy`] | the policy API of NSX: objects, hierarchies, runtime, search |
//! | [`manager`] | the manager API of NSX, as far as live traces need it |
//! | [`neutron`] | the network API of OpenStack: networks, subnets, ports, and taps |
//! | [`netmaster`] | packet traces, as NetMaster SmartTrace shows them |
//! | [`compute_agent`] | the API of a compute agent: probes along the paths of flows |
//! | [`identity`] | the identity API of OpenStack, by which its clients log in |
//! | `versions` | which versions of OpenStack's APIs there are |
//! | `host` | the URL by which a client has found the server |
//! | `dialect` | which API an address is of, and errors in its form |
//! | `node` | the version and the health of the node |
//! | `error` | errors as NSX writes them |
//! | `capture` | captures: which copies are wanted, and the file |
//! | `query` | the parameters of a request's URL |
//! | `body` | the bodies of requests: strict JSON, forms |
//! | `address` | the parts of a request's path |
//! | `access_log` | one line of JSON for each request |
//! | `metrics` | what is counted, as Prometheus reads it |
//! | `router` | which handler answers which address |
//! | `openapi` | the description of the API, made of the model |
//!
//! Each system has a module of its own and answers in its own form. All share the server,
//! its limits, and the users. The engine reads and writes files, so it is called on
//! threads that may wait; what it has in memory is looked at right away.

pub mod auth;
pub mod compute_agent;
pub mod identity;
pub mod manager;
pub mod netmaster;
pub mod neutron;
pub mod openapi;
pub mod policy;
pub mod server;

mod access_log;
mod address;
mod body;
mod capture;
mod dialect;
mod error;
mod host;
mod metrics;
mod node;
mod query;
mod router;
mod versions;

use std::sync::Arc;

use tokio::sync::Semaphore;

pub use auth::{Auth, Credentials, Role};
pub use server::{Limits, Server, ServerError, Tls, TlsError};

use self::error::ApiError;
use crate::engine::mirror::Declared;
use crate::engine::{Caller, Engine, Moment};

/// How many readers the engine's store serves at once without opening its file anew.
const READERS: usize = 4;

/// What all handlers share.
pub struct Shared {
    engine: Engine,
    auth: Auth,
    limits: Limits,
    metrics: metrics::Metrics,
    readers: Semaphore,
    /// Of the bodies that are held at once, in KiB.
    memory: Arc<Semaphore>,
}

impl Shared {
    /// The engine behind `auth`, within `limits`.
    pub fn new(engine: Engine, auth: Auth, limits: Limits) -> Self {
        let memory = Arc::new(Semaphore::new(limits.memory_in_kib()));
        Self { engine, auth, limits, metrics: metrics::Metrics::default(), readers: Semaphore::new(READERS), memory }
    }

    /// Has the engine read what it holds before somebody asks for it. Should that fail, who
    /// asks is told.
    fn read_ahead(self: &Arc<Self>) {
        let shared = Arc::clone(self);
        tokio::task::spawn_blocking(move || {
            let _ = shared.engine.declared();
            let _ = shared.engine.runtime(Moment::from_clock());
        });
    }

    /// Lets the engine answer, on a thread that may wait.
    async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Engine, Moment) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let _turn = self.readers.acquire().await.map_err(|_| ApiError::lost())?;
        let shared = Arc::clone(self);
        tokio::task::spawn_blocking(move || work(&shared.engine, Moment::from_clock()))
            .await
            .map_err(|_| ApiError::lost())?
    }

    /// Looks at what is declared: right away if all of it is in memory, as it nearly always
    /// is, and on a thread that may wait if not. Writers wait for `look`, so it is short.
    async fn declared<T: Send + 'static>(
        self: &Arc<Self>,
        look: impl FnOnce(&Declared) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        if let Some(declared) = self.engine.declared_at_once() {
            return look(&declared);
        }
        self.read(move |engine, _| look(&*engine.declared()?)).await
    }

    /// Lets the engine change something for `user`, on a thread that may wait.
    async fn write<T: Send + 'static>(
        self: &Arc<Self>,
        user: &auth::Identity,
        work: impl FnOnce(&Engine, &Caller) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let shared = Arc::clone(self);
        let caller = Caller { user: user.name.to_string(), now: Moment::from_clock() };
        tokio::task::spawn_blocking(move || work(&shared.engine, &caller)).await.map_err(|_| ApiError::lost())?
    }
}
