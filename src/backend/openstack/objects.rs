//! Reading and writing one object of Neutron.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value as Json, json};

use super::neutron::{is_not_found, is_out_of_quota, of_write};
use super::{OpenStack, collection_of, wire};
use crate::backend::collections::Known;
use crate::backend::transport::{Failure, Repeat, Request};
use crate::backend::{BackendError, Notes, neutron};
use crate::engine::{Object, Refusal};
use crate::model::{Kind, PolicyPath, TAP_FLOW, TAP_SERVICE};

/// How often a creation is begun anew of which nobody knows what became.
const CREATIONS: u32 = 5;

/// Between two looks at what was perhaps created, or at a quota.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// For so many looks an object that is being deleted may count for the quota.
const PATIENCE: u32 = 60;

impl OpenStack {
    /// Reads the object at `path` alone, and keeps it for others who read it.
    pub(super) async fn read_and_keep(
        &self,
        kind: &'static Kind,
        path: &PolicyPath,
    ) -> Result<Option<Object>, BackendError> {
        let raw = match self.transport.send(Request::get(path.as_str())).await {
            Ok(reply) => within(kind, reply.document),
            Err(failure) if is_not_found(&failure) => None,
            Err(failure) => return Err(failure.into()),
        };
        let Some(raw) = raw else { return Ok(None) };
        let object = wire::read_object(kind, &raw);
        self.keep(path, raw).await;
        Ok(object)
    }

    async fn keep(&self, path: &PolicyPath, raw: Map<String, Json>) {
        let known = Known { raw: Arc::new(raw), with_secrets: true };
        self.collections.at(collection_of(path)).has_read(path.id(), known).await;
    }

    /// Creates an object in the collection at `address`. Neutron gives it its id.
    ///
    /// Neutron cannot be told to create something once only: a second object of the same name is
    /// as good as the first. So when it is not known what became of an attempt, the objects are
    /// listed: one that was not there before, and is what was to be created, is ours.
    pub(super) async fn create_object(
        &self,
        kind: &'static Kind,
        address: &str,
        fields: &Map<String, Json>,
        claim: &str,
    ) -> Result<Object, BackendError> {
        let body = neutron::to_create(kind, fields);
        let before = self.before(kind, address).await?;
        let (mut attempts, mut looks) = (0, 0);
        let raw = loop {
            attempts += 1;
            let request = Request::post(address, json!({ kind.name: body }));
            let failure = match self.transport.send(request).await {
                Ok(reply) => match within(kind, reply.document) {
                    Some(raw) => break raw,
                    None => Failure::Unsupported(format!("{address} answered without the {} it made.", kind.title)),
                },
                Err(failure) => failure,
            };
            if is_out_of_quota(&failure) && looks < PATIENCE && self.something_goes(kind, address).await? {
                looks += 1;
                self.transport.line().rest(LOOK_AGAIN, &format!("POST {address}")).await?;
                continue;
            }
            if !failure.may_have_taken_effect() {
                return Err(of_write(failure, kind, fields));
            }
            let Ok(there) = self.listed(kind, address, true).await else { return Err(failure.into()) };
            if let Some(ours) = self.take(kind, before, there, &body) {
                break ours;
            }
            if attempts == CREATIONS {
                return Err(failure.into());
            }
            self.transport.line().rest(LOOK_AGAIN * attempts, &format!("POST {address}")).await?;
        };
        let object = wire::read_object(kind, &raw).ok_or_else(|| {
            Failure::Unsupported(format!("{address} answered with something that is no {}.", kind.title))
        })?;
        self.own.lock().unwrap_or_else(PoisonError::into_inner).insert(object.path().id().to_owned());
        self.ledger.claim(vec![object.path().clone()], claim).await?;
        self.keep(object.path(), raw).await;
        Ok(object)
    }

    /// The ids of the objects that were there before this process created any.
    async fn before(&self, kind: &'static Kind, address: &str) -> Result<&HashSet<String>, Failure> {
        let place = match kind {
            kind if *kind == TAP_SERVICE => 0,
            kind if *kind == TAP_FLOW => 1,
            _ => 2,
        };
        let list = || async {
            let all = self.listed(kind, address, false).await?;
            Ok::<_, Failure>(all.iter().filter_map(id).map(str::to_owned).collect())
        };
        self.before[place].get_or_try_init(list).await
    }

    /// The object among those `there` that an attempt has created whose answer was lost. It is
    /// nobody else's in this process from now on.
    fn take(
        &self,
        kind: &Kind,
        before: &HashSet<String>,
        there: Vec<Map<String, Json>>,
        body: &Map<String, Json>,
    ) -> Option<Map<String, Json>> {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = |raw: &Map<String, Json>| id(raw).is_some_and(|id| !before.contains(id) && !own.contains(id));
        let ours = there.into_iter().find(|raw| is_new(raw) && wire::is_what_was_written(kind, raw, body))?;
        own.extend(id(&ours).map(str::to_owned));
        Some(ours)
    }

    /// Whether something of `kind` is being deleted, and counts for the quota until it is gone.
    async fn something_goes(&self, kind: &'static Kind, address: &str) -> Result<bool, Failure> {
        let all = self.listed(kind, address, false).await?;
        Ok(all.iter().any(|raw| raw.get("status").is_some_and(|status| status == "PENDING_DELETE")))
    }

    /// All that is in the collection at `address` now.
    async fn listed(
        &self,
        kind: &'static Kind,
        address: &str,
        despite_stop: bool,
    ) -> Result<Vec<Map<String, Json>>, Failure> {
        let (mut all, mut marker) = (Vec::new(), None);
        loop {
            let page = self.page(kind, address, marker, despite_stop).await?;
            all.extend(page.results);
            marker = page.cursor;
            if marker.is_none() {
                return Ok(all);
            }
        }
    }

    /// Changes what can be changed of the object at `path`.
    pub(super) async fn change_object(
        &self,
        kind: &'static Kind,
        path: &PolicyPath,
        fields: &Map<String, Json>,
    ) -> Result<Object, BackendError> {
        let body = neutron::to_change(kind, fields);
        self.collections.at(collection_of(path)).forget(path.id()).await;
        let request = Request::put(path.as_str(), json!({ kind.name: body }), Repeat::Always);
        let reply = match self.transport.send(request).await {
            Ok(reply) => reply,
            Err(failure) if is_not_found(&failure) => return Err(Refusal::NotFound(path.clone()).into()),
            Err(failure) => return Err(of_write(failure, kind, fields)),
        };
        if let Some(raw) = within(kind, reply.document) {
            let object = wire::read_object(kind, &raw);
            self.keep(path, raw).await;
            if let Some(object) = object {
                return Ok(object);
            }
        }
        let read = self.read_and_keep(kind, path).await?;
        read.ok_or_else(|| Refusal::NotFound(path.clone()).into())
    }

    /// Deletes the object at `path`.
    pub(super) async fn delete_object(&self, path: &PolicyPath) -> Result<(), BackendError> {
        self.collections.at(collection_of(path)).forget(path.id()).await;
        let done = match self.transport.send(Request::delete(path.as_str())).await {
            Ok(_) => Ok(()),
            Err(failure) if is_not_found(&failure) => Err(Refusal::NotFound(path.clone()).into()),
            Err(failure) => return Err(failure.into()),
        };
        self.ledger.forget_object(path).await?;
        done
    }
}

fn id(raw: &Map<String, Json>) -> Option<&str> {
    raw.get("id")?.as_str()
}

/// The object in a document that has it under the name of its kind.
fn within(kind: &Kind, mut document: Json) -> Option<Map<String, Json>> {
    match document.get_mut(kind.name).map(Json::take) {
        Some(Json::Object(raw)) => Some(raw),
        _ => None,
    }
}
