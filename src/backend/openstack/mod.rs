//! A live OpenStack as a backend: the tap services, flows and mirrors of its Neutron, over HTTP.
//!
//! | module | what it holds |
//! |---|---|
//! | [`settings`] | what a user sets of an OpenStack, checked |
//! | [`clouds`] | `clouds.yaml`: how OpenStack's own tools are told of clouds |
//! | `keystone` | who we are: tokens, and where the network service is |
//! | `neutron` | errors, and from them to refusals |
//! | `wire` | between what the API answers and what the model has of it |
//! | `objects` | reading and writing one object |

pub mod clouds;
mod keystone;
mod neutron;
mod objects;
pub mod settings;
#[cfg(test)]
mod tests;
mod wire;

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use serde_json::{Map, Value as Json};
use tokio::sync::OnceCell;

use super::collections::{Collections, Found, Known, Page};
use super::ledger::Ledger;
use super::neutron::rivals;
use super::transport::{Failure, Line, Request, Transport, client};
use super::{Backend, BackendError, Notes};
use crate::engine::taps::Fault;
use crate::engine::{Answer, Object, Planned, Question, Refusal, TraceAnswer, TraceRequest};
use crate::model::tap_mirror::tunnels_of;
use crate::model::{Api, Kind, NEUTRON_KINDS, NeutronStatus, PolicyPath, Problem, TAP_FLOW, Tree, kinds_at};
use keystone::Keystone;
use settings::Settings;

/// The most objects in a page; an API with a lower limit of its own sends fewer.
const PAGE: &str = "1000";

/// The address of taps.
const TAAS: &str = "/v2.0/taas";

/// A live OpenStack.
pub struct OpenStack {
    transport: Transport<Keystone>,
    ledger: Arc<Ledger>,
    collections: Collections,
    /// The ids of the objects that were there before this process created any, by kind.
    before: [OnceCell<HashSet<String>>; KINDS],
    /// The ids of those that it has created.
    own: Mutex<HashSet<String>>,
}

/// How many kinds of objects live there.
const KINDS: usize = 3;

impl OpenStack {
    /// The OpenStack of `settings`. Nothing is asked of it yet.
    ///
    /// # Errors
    /// When the client cannot be built.
    pub fn open(settings: Settings) -> Result<Self, Failure> {
        let client = client(&settings.trust)?;
        let line = Line::new(&neutron::DIALECT, client, settings.retries, settings.cancelled);
        let ledger = Ledger::new(&settings.notes, "openstack", settings.keystone.auth_url.as_str());
        Ok(Self {
            transport: Transport::new(settings.keystone, line),
            ledger: Arc::new(ledger),
            collections: Collections::default(),
            before: Default::default(),
            own: Mutex::default(),
        })
    }

    /// A page of the collection at `address`.
    async fn page(
        &self,
        kind: &Kind,
        address: &str,
        marker: Option<String>,
        despite_stop: bool,
    ) -> Result<Page, Failure> {
        let mut request = Request::get(address).with("limit", PAGE);
        if despite_stop {
            request = request.despite_stop();
        }
        if let Some(marker) = marker {
            request = request.with("marker", marker);
        }
        let mut document = self.transport.send(request).await?.document;
        let name = kind.collection().unwrap_or_default();
        let Some(Json::Array(results)) = document.get_mut(name).map(Json::take) else {
            let what = format!("The list at {address} has no {name}.");
            return Err(Failure::Unsupported(what));
        };
        let results: Vec<_> = results
            .into_iter()
            .filter_map(|result| match result {
                Json::Object(fields) => Some(fields),
                _ => None,
            })
            .collect();
        let links = document.get(format!("{name}_links")).and_then(Json::as_array).into_iter().flatten();
        let goes_on = links.into_iter().any(|link| link["rel"] == "next");
        let last = results.last().and_then(|last| last.get("id")?.as_str()).filter(|_| goes_on);
        let cursor = last.map(str::to_owned);
        Ok(Page { results, total: None, cursor })
    }
}

impl OpenStack {
    /// The project that the port with this UUID is of; none if there is no such port.
    async fn project_of(&self, port: &str) -> Result<Option<String>, BackendError> {
        let address = PolicyPath::of_neutron("ports", port);
        match self.transport.send(Request::get(address.as_str()).with("fields", "project_id")).await {
            Ok(reply) => Ok(reply.document["port"]["project_id"].as_str().map(str::to_owned)),
            Err(failure) if neutron::is_not_found(&failure) => Ok(None),
            Err(failure) => Err(failure.into()),
        }
    }

    /// All taps, to be traced with: those in operation have been so for long, and others begin now.
    pub(super) async fn taps(&self) -> Result<Vec<Planned>, BackendError> {
        let mut taps = Vec::new();
        for kind in NEUTRON_KINDS {
            let all = match self.list(kind, TAAS).await {
                Ok(all) => all,
                // Tap mirrors are an extension of their own.
                Err(BackendError::Endpoint(failure)) if neutron::is_not_found(&failure) => continue,
                Err(error) => return Err(error),
            };
            for object in all {
                let Tree::Object(mut fields) = object.tree() else { continue };
                let status = object.get("status").and_then(Json::as_str);
                if status.is_some_and(|status| NeutronStatus::parse(status).is_none()) {
                    // It is in error.
                    continue;
                }
                if status.is_none_or(|status| status == NeutronStatus::Active.word()) {
                    fields.insert("_create_time".to_owned(), 0.into());
                }
                taps.push(Planned { path: object.path().clone(), declared: Some((kind, Tree::Object(fields))) });
            }
        }
        Ok(taps)
    }
}

/// The kind of the object of Neutron at `path`.
fn kind_at(path: &PolicyPath) -> Result<&'static Kind, Refusal> {
    let kind = kinds_at(path).next().filter(|kind| kind.api() == Api::Neutron);
    kind.ok_or_else(|| Refusal::InvalidPath(path.to_string()))
}

/// The address of the collection that the object at `path` lies in.
fn collection_of(path: &PolicyPath) -> &str {
    path.as_str().rsplit_once('/').map_or(path.as_str(), |(collection, _)| collection)
}

#[async_trait]
impl Backend for OpenStack {
    fn describe(&self) -> String {
        format!("the OpenStack at {}", self.transport.api().auth_url)
    }

    fn notes(&self) -> &dyn Notes {
        &self.ledger
    }

    async fn get(&self, path: &PolicyPath) -> Result<Option<Object>, BackendError> {
        let kind = kind_at(path)?;
        let address = collection_of(path);
        let look =
            self.collections.at(address).look(path.id(), |marker| self.page(kind, address, marker, false)).await?;
        match look {
            Found::Known(known) => Ok(wire::read_object(kind, &known.raw)),
            Found::Absent => Ok(None),
            Found::Alone => self.read_and_keep(kind, path).await,
        }
    }

    async fn exists(&self, path: &PolicyPath) -> Result<bool, BackendError> {
        if kind_at(path).is_ok() {
            return Ok(self.get(path).await?.is_some());
        }
        match self.transport.send(Request::get(path.as_str()).with("fields", "id")).await {
            Ok(_) => Ok(true),
            Err(failure) if neutron::is_not_found(&failure) => Ok(false),
            Err(failure) => Err(failure.into()),
        }
    }

    async fn list(&self, kind: &'static Kind, parent: &str) -> Result<Vec<Object>, BackendError> {
        let address = format!("{}/{}", parent.trim_end_matches('/'), kind.collection().unwrap_or_default());
        let all = self.collections.at(&address).whole(|marker| self.page(kind, &address, marker, false)).await?;
        Ok(all.iter().filter_map(|known: &Known| wire::read_object(kind, &known.raw)).collect())
    }

    async fn clashes(
        &self,
        kind: &'static Kind,
        path: &PolicyPath,
        tree: &Tree,
    ) -> Result<Vec<(PolicyPath, Problem)>, BackendError> {
        let mut clashes = Vec::new();
        if !tunnels_of(kind, tree).is_empty() {
            // Mirrors of projects that one does not see cannot be told of.
            clashes.extend(rivals(kind, path, tree, &self.list(kind, TAAS).await?));
        }
        if let Tree::Text(port) = tree.get("port_id")
            && let Tree::Text(project) = tree.get("project_id")
            && self.get(path).await?.is_none()
            && self.project_of(port).await?.is_some_and(|owner| owner != *project)
        {
            let problem = Fault::PortDoesNotBelongToTenant.problem(kind);
            clashes.push((PolicyPath::of_neutron("ports", port), problem));
        }
        if *kind == TAP_FLOW
            && let Tree::Text(service) = tree.get("tap_service_id")
            && let Tree::Text(project) = tree.get("project_id")
            && self.get(path).await?.is_none()
            && let Some(service) = self.get(&PolicyPath::of_neutron("taas/tap_services", service)).await?
            && service.get("project_id").and_then(Json::as_str).is_some_and(|owner| owner != project)
        {
            clashes.push((path.clone(), Fault::TapServiceNotBelongToTenant.problem(kind)));
        }
        Ok(clashes)
    }

    async fn create(&self, path: &PolicyPath, fields: Map<String, Json>, claim: &str) -> Result<Object, BackendError> {
        self.create_object(kind_at(path)?, collection_of(path), &fields, claim).await
    }

    async fn ask(&self, question: &Question, _: &[Planned]) -> Result<Answer, BackendError> {
        let Question::TapStatistics(path) = question else {
            let what = "OpenStack does not answer this. Add `embedded {}` to the provider block.";
            return Err(Failure::Unsupported(what.to_owned()).into());
        };
        let mut answer = Answer { document: None, beyond: Map::new(), until: None };
        if self.exists(path).await? {
            answer.document = match self.transport.send(Request::get(format!("{path}/statistics"))).await {
                Ok(reply) => Some(reply.document),
                Err(failure) if neutron::is_not_found(&failure) => {
                    let what =
                        "OpenStack does not count what taps copy: only an engine that `serve` has put there does.";
                    return Err(Failure::Unsupported(what.to_owned()).into());
                }
                Err(failure) => return Err(failure.into()),
            };
        }
        Ok(answer)
    }

    async fn trace(&self, _: &TraceRequest, _: &[Planned]) -> Result<TraceAnswer, BackendError> {
        Err(Failure::Unsupported("OpenStack traces no packets. Add `embedded {}` to the provider block.".into()).into())
    }

    async fn replace(&self, path: &PolicyPath, fields: Map<String, Json>, _: i64) -> Result<Object, BackendError> {
        self.change_object(kind_at(path)?, path, &fields).await
    }

    async fn delete(&self, path: &PolicyPath) -> Result<(), BackendError> {
        self.delete_object(path).await
    }
}
