//! A live NSX, on premises or of VMware Cloud on AWS, as a backend: the policy API over
//! HTTP.
//!
//! | module | what it holds |
//! |---|---|
//! | [`settings`] | what a user sets of an endpoint, checked |
//! | `host` | the address of an endpoint, and of objects below it |
//! | `auth` | who we are: names, sessions, certificates, tokens |
//! | `objects` | reading and writing one object |
//! | `wire` | between what the API answers and what the model has of it |
//! | `refusal` | from errors of the API to refusals |
//! | `runtime` | questions about running things |
//! | `world` | the world of an endpoint, rebuilt in the engine |

mod auth;
mod host;
mod objects;
mod refusal;
mod runtime;
pub mod settings;
#[cfg(test)]
mod tests;
mod wire;
mod world;

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use serde_json::{Map, Value as Json};
use tokio::sync::OnceCell;

pub use world::{Down, Seen};

use super::collections::{Collections, Found, Known, Page};
use super::ledger::Ledger;
use super::transport::{Failure, Line, Request, Transport};
use super::{Backend, BackendError, Notes, addresses};
use crate::engine::{Answer, Object, Planned, Question, TraceAnswer, TraceRequest};
use crate::model::hold::{Hold, Use, clash, holds};
use crate::model::reference::secrets;
use crate::model::{
    BGP_NEIGHBOR, FLOW_TRACE, Kind, LOCALE_SERVICE, PolicyPath, Problem, ROUTE_BASED_SESSION, SEGMENT,
    SIMULATED_DEVICE, SIMULATED_FLOW, SIMULATED_LINK, SIMULATED_PEER, TUNNEL_TRACE, Tree, VPN_SERVICE, kinds_at,
};
use auth::PolicyApi;
use settings::Settings;

/// Of so many objects a run reads the secrets, each with a request of its own; of the rest
/// it is taken that they are as they were. Lists hold none.
const SECRETS_READ: usize = 8;

/// The most objects in a page, as the API has it.
const PAGE: &str = "1000";

/// A live endpoint.
pub struct Nsx {
    transport: Transport<PolicyApi>,
    ledger: Arc<Ledger>,
    collections: Collections,
    secrets_left: AtomicUsize,
    /// Kinds of which the endpoint does not show secrets.
    keeps_secret: Mutex<HashSet<&'static str>>,
    /// Whether the endpoint is an engine, once that was asked.
    is_engine: OnceCell<bool>,
}

impl Nsx {
    /// The endpoint of `settings`. Nothing is asked of it yet.
    ///
    /// # Errors
    /// When the client cannot be built.
    pub fn open(settings: Settings) -> Result<Self, Failure> {
        let client = settings.client()?;
        let ledger = Arc::new(Ledger::new(&settings.notes, "nsx", &settings.endpoint.to_string()));
        let line = Line::new(&refusal::DIALECT, client, settings.retries, settings.cancelled);
        let api = PolicyApi { endpoint: settings.endpoint, scheme: settings.scheme };
        Ok(Self {
            transport: Transport::new(api, line),
            ledger,
            collections: Collections::default(),
            secrets_left: AtomicUsize::new(SECRETS_READ),
            keeps_secret: Mutex::default(),
            is_engine: OnceCell::new(),
        })
    }

    /// How many requests have gone to the endpoint.
    pub fn requests(&self) -> u64 {
        self.transport.line().requests()
    }

    /// Whether the secrets of the object at `path` are to be read now.
    fn is_to_reveal(&self, path: &PolicyPath) -> bool {
        let shown = |kind: &'static Kind| !secrets(kind).is_empty() && !self.keeps_secret(kind);
        let take = |left: usize| left.checked_sub(1);
        kinds_at(path).any(shown) && self.secrets_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }

    fn keeps_secret(&self, kind: &'static Kind) -> bool {
        self.keeps_secret.lock().unwrap_or_else(PoisonError::into_inner).contains(kind.name)
    }

    /// A page of the collection at `address`. A collection without a parent is empty.
    async fn page(&self, address: &str, cursor: Option<String>) -> Result<Page, Failure> {
        let mut request = Request::get(address).with("page_size", PAGE);
        if let Some(cursor) = cursor {
            request = request.with("cursor", cursor);
        }
        let mut document = match self.transport.send(request).await {
            Ok(reply) => reply.document,
            Err(failure) if refusal::is_nowhere(&failure) => Json::Null,
            Err(failure) => return Err(failure),
        };
        let results = match document.get_mut("results").map(Json::take) {
            Some(Json::Array(results)) => results,
            _ => Vec::new(),
        };
        let objects = results.into_iter().filter_map(|result| match result {
            Json::Object(fields) => Some(fields),
            _ => None,
        });
        let count = document.get("result_count").and_then(Json::as_u64).and_then(|count| usize::try_from(count).ok());
        let cursor = document.get("cursor").and_then(Json::as_str).filter(|cursor| !cursor.is_empty());
        Ok(Page { results: objects.collect(), total: count, cursor: cursor.map(str::to_owned) })
    }

    /// Everything that could clash with `own`, which the object at `path` is to have.
    async fn rivals(&self, path: &PolicyPath, own: &[Hold]) -> Result<Vec<Object>, BackendError> {
        let against: Vec<Use> = own.iter().flat_map(|own| own.used_as.against().iter().copied()).collect();
        let has = |wanted: &[Use]| against.iter().any(|used_as| wanted.contains(used_as));
        let mut rivals = Vec::new();
        if has(&[Use::PeerAddress]) {
            rivals.extend(self.list(&SIMULATED_PEER, "/infra").await?);
        }
        if has(&[Use::SegmentSubnet])
            && let Some(gateway) = SEGMENT.parent(path)
        {
            rivals.extend(self.list(&SEGMENT, gateway.as_str()).await?);
        }
        let parts: Vec<_> = path.parts().take(LOCALE_SERVICE.places[0].len()).collect();
        let Ok(locale_service) = PolicyPath::parse(&format!("/{}", parts.join("/"))) else { return Ok(rivals) };
        if has(&[Use::Neighbor]) {
            rivals.extend(self.list(&BGP_NEIGHBOR, &format!("{locale_service}/bgp")).await?);
        }
        if has(&[Use::TunnelSubnet, Use::TunnelAddress]) {
            for service in self.list(&VPN_SERVICE, locale_service.as_str()).await? {
                rivals.extend(self.list(&ROUTE_BASED_SESSION, service.path().as_str()).await?);
            }
        }
        Ok(rivals)
    }
}

/// The address of the collection in which objects of `kind` lie below `parent`, and the
/// name it is known by here.
fn collection(kind: &Kind, parent: &str) -> Option<(String, String)> {
    let name = kind.collection()?;
    let member = PolicyPath::parse(&format!("{}/{name}/x", parent.trim_end_matches('/'))).ok()?;
    Some((without_id(&host::called(&member)).to_owned(), without_id(member.as_str()).to_owned()))
}

fn without_id(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(collection, _)| collection)
}

/// Who holds objects of `kind`, if an NSX knows nothing of them, and the blocks that name those.
fn held_elsewhere(kind: &Kind) -> Option<(&'static str, &'static str)> {
    if [&SIMULATED_PEER, &SIMULATED_FLOW, &SIMULATED_DEVICE, &SIMULATED_LINK].contains(&kind) {
        Some(("only the embedded engine does", "`embedded {}`"))
    } else if [&FLOW_TRACE, &TUNNEL_TRACE].contains(&kind) {
        Some(("a compute agent does, or the embedded engine", "`compute_agent {}` or `embedded {}`"))
    } else {
        None
    }
}

#[async_trait]
impl Backend for Nsx {
    fn describe(&self) -> String {
        format!("the NSX at {}", self.transport.api().endpoint)
    }

    fn notes(&self) -> &dyn Notes {
        &self.ledger
    }

    async fn get(&self, path: &PolicyPath) -> Result<Option<Object>, BackendError> {
        if kinds_at(path).next().is_none_or(|kind| kind.collection().is_none()) {
            let known = self.read_alone(path, false, false).await?;
            return known.map_or(Ok(None), |known| Self::object(path, &known).map(Some));
        }
        let collection = self.collections.at(without_id(path.as_str()));
        if let Some(known) = collection.known(path.id()).await.filter(|known| known.with_secrets) {
            return Self::object(path, &known).map(Some);
        }
        if self.is_to_reveal(path) {
            return self.read_and_keep(path, true).await;
        }
        let address = host::called(path);
        let address = without_id(&address);
        match collection.look(path.id(), |cursor| self.page(address, cursor)).await? {
            Found::Known(known) => Self::object(path, &known).map(Some),
            Found::Absent => Ok(None),
            Found::Alone => self.read_and_keep(path, false).await,
        }
    }

    async fn reveal(&self, object: Object) -> Result<Object, BackendError> {
        if !object.hides_secrets() || self.keeps_secret(object.kind()) {
            return Ok(object);
        }
        let found = self.read_and_keep(&object.path().clone(), true).await?;
        Ok(found.unwrap_or(object))
    }

    async fn meant(&self, path: &PolicyPath) -> Result<PolicyPath, BackendError> {
        // By this address it is called as it is.
        if host::called(path) == path.as_str() {
            return Ok(path.clone());
        }
        let Some(gateway) = addresses::open_gateway(path) else { return Ok(path.clone()) };
        let services = self.list(&LOCALE_SERVICE, gateway.as_str()).await?;
        Ok(match &services[..] {
            [only] => addresses::in_locale_service(path, only.path()),
            _ => path.clone(),
        })
    }

    async fn list(&self, kind: &'static Kind, parent: &str) -> Result<Vec<Object>, BackendError> {
        let Some((address, name)) = collection(kind, parent) else { return Ok(Vec::new()) };
        let all = self.collections.at(&name).whole(|cursor| self.page(&address, cursor)).await?;
        let object = |known: &Known| {
            let id = known.raw.get("id")?.as_str()?;
            let path = PolicyPath::parse(&format!("{name}/{id}")).ok()?;
            wire::read_object(&path, &known.raw, known.with_secrets).filter(|object| object.kind() == kind)
        };
        Ok(all.iter().filter_map(object).collect())
    }

    async fn clashes(
        &self,
        kind: &'static Kind,
        path: &PolicyPath,
        tree: &Tree,
    ) -> Result<Vec<(PolicyPath, Problem)>, BackendError> {
        let path = &self.meant(path).await?;
        let own = holds(kind, path, tree);
        if own.is_empty() {
            return Ok(Vec::new());
        }
        let mut clashes = Vec::new();
        for rival in self.rivals(path, &own).await?.iter().filter(|rival| rival.path() != path) {
            for theirs in holds(rival.kind(), rival.path(), &rival.tree()) {
                let found = own.iter().filter_map(|own| clash(own, &theirs, rival.path()));
                clashes.extend(found.map(|problem| (rival.path().clone(), problem)));
            }
        }
        Ok(clashes)
    }

    async fn create(&self, path: &PolicyPath, fields: Map<String, Json>, claim: &str) -> Result<Object, BackendError> {
        self.create_object(path, fields, claim).await
    }

    async fn ask(&self, question: &Question, planned: &[Planned]) -> Result<Answer, BackendError> {
        self.answer(question, planned).await
    }

    async fn trace(&self, request: &TraceRequest, planned: &[Planned]) -> Result<TraceAnswer, BackendError> {
        self.traced(request, planned).await
    }

    async fn replace(
        &self,
        path: &PolicyPath,
        fields: Map<String, Json>,
        revision: i64,
    ) -> Result<Object, BackendError> {
        self.replace_object(path, &fields, revision).await
    }

    async fn delete(&self, path: &PolicyPath) -> Result<(), BackendError> {
        self.delete_object(path).await
    }
}
