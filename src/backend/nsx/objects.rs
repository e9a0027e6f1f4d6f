//! Reading and writing one object.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value as Json, json};

use super::host::called;
use super::refusal::{is_being_deleted, is_not_found, is_stale, is_there, of_delete, of_write};
use super::{Nsx, held_elsewhere, wire, without_id};
use crate::backend::collections::Known;
use crate::backend::transport::{Failure, Repeat, Request};
use crate::backend::{BackendError, Notes};
use crate::engine::{Object, Refusal};
use crate::model::reference::secrets;
use crate::model::{Kind, PolicyPath, Tree, kind_of_type, kinds_at};

/// How often a creation is begun anew of which nobody knows what became.
const CREATIONS: u32 = 5;

/// Between two looks at what is being deleted, or was perhaps created.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// For so many looks an object may be on its way out that one is to take the place of.
const PATIENCE: u32 = 60;

impl Nsx {
    /// The object at `path` that the API answered.
    pub(super) fn object(path: &PolicyPath, known: &Known) -> Result<Object, BackendError> {
        wire::read_object(path, &known.raw, known.with_secrets).ok_or_else(|| {
            let kind = known.raw.get("resource_type").and_then(Json::as_str).unwrap_or("without a type");
            Failure::Unsupported(format!("{path} is an object of a type that this provider does not know: {kind}"))
                .into()
        })
    }

    /// Reads the object at `path` alone, and keeps it for others who read it.
    pub(super) async fn read_and_keep(&self, path: &PolicyPath, reveal: bool) -> Result<Option<Object>, BackendError> {
        let Some(known) = self.read_alone(path, reveal, false).await? else { return Ok(None) };
        self.collections.at(without_id(path.as_str())).has_read(path.id(), known.clone()).await;
        Self::object(path, &known).map(Some)
    }

    /// Reads the object at `path` alone, with its secrets if they are wanted and shown.
    pub(super) async fn read_alone(
        &self,
        path: &PolicyPath,
        reveal: bool,
        despite_stop: bool,
    ) -> Result<Option<Known>, Failure> {
        let plain = || {
            let request = Request::get(called(path));
            if despite_stop { request.despite_stop() } else { request }
        };
        let mut is_kept_secret = reveal;
        if reveal {
            match self.transport.send(plain().with("action", "show_sensitive_data")).await {
                Ok(reply) => return Ok(known(reply.document, true)),
                Err(Failure::Refused(error)) if matches!(error.status, 400 | 403 | 404 | 405) => {
                    tracing::debug!(%path, %error, "secrets are not shown");
                    // Of what is not there nothing can be shown.
                    is_kept_secret = error.status != 404;
                }
                Err(failure) => return Err(failure),
            }
        }
        match self.transport.send(plain()).await {
            Ok(reply) => {
                let known = known(reply.document, false);
                if let Some(known) = known.as_ref().filter(|_| is_kept_secret)
                    && let Some(kind) = wire::kind_of(path, &known.raw)
                {
                    self.keeps_secret.lock().unwrap_or_else(PoisonError::into_inner).insert(kind.name);
                }
                Ok(known)
            }
            Err(failure) if is_not_found(&failure) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Creates the object at `path`, unless there is one.
    pub(super) async fn create_object(
        &self,
        path: &PolicyPath,
        fields: Map<String, Json>,
        claim: &str,
    ) -> Result<Object, BackendError> {
        let kind = kind_to_write(path, &fields)?;
        // What a list says of it may be old.
        if self.read_alone(path, false, false).await?.is_some() {
            self.collections.at(without_id(path.as_str())).forget(path.id()).await;
            return Err(Refusal::Exists(path.clone()).into());
        }
        let body = wire::to_create(kind, path, fields);
        // Before it is created: a run that is killed in between leaves a claim on nothing,
        // rather than an object that nobody claims.
        self.ledger.claim(vec![path.clone()], claim).await?;
        let collection = self.collections.at(without_id(path.as_str()));
        collection.forget(path.id()).await;
        match self.put_anew(kind, path, &body).await {
            Ok(known) => {
                collection.has_read(path.id(), known.clone()).await;
                Self::object(path, &known)
            }
            Err(error) => {
                if !matches!(&error, BackendError::Endpoint(failure) if failure.may_have_taken_effect()) {
                    self.ledger.forget_object(path).await?;
                }
                Err(error)
            }
        }
    }

    /// Creates an object that is not there. When it is not known what became of an attempt,
    /// the endpoint is asked before another one is made.
    async fn put_anew(
        &self,
        kind: &'static Kind,
        path: &PolicyPath,
        body: &Map<String, Json>,
    ) -> Result<Known, BackendError> {
        let hidden = wire::secrets_in(kind, body);
        let (mut attempts, mut looks, mut is_unsure) = (0, 0, false);
        loop {
            attempts += 1;
            let request = put(path, body);
            let failure = match self.transport.send(request).await {
                Ok(reply) => return self.written(path, reply.document).await,
                Err(failure) => failure.without(&hidden),
            };
            if is_being_deleted(&failure) && looks < PATIENCE {
                looks += 1;
                self.transport.line().rest(LOOK_AGAIN, &format!("PUT {path}")).await?;
                continue;
            }
            is_unsure |= failure.may_have_taken_effect();
            let says_there_is_one = failure.api_error().is_some_and(is_there);
            if says_there_is_one && !is_unsure {
                return Err(match self.read_alone(path, false, true).await {
                    Ok(None) => failure.into(),
                    _ => Refusal::Exists(path.clone()).into(),
                });
            }
            if !is_unsure {
                return Err(self.said_of_creation(failure, kind, path, body).await);
            }
            match self.read_alone(path, false, true).await {
                Ok(Some(known)) if wire::is_what_was_written(kind, &known.raw, body) => return Ok(known),
                Ok(Some(_)) => return Err(Refusal::Exists(path.clone()).into()),
                Ok(None) if failure.may_have_taken_effect() && attempts < CREATIONS => {
                    self.transport.line().rest(LOOK_AGAIN * attempts, &format!("PUT {path}")).await?;
                }
                Ok(None) => return Err(self.said_of_creation(failure, kind, path, body).await),
                Err(_) => return Err(failure.into()),
            }
        }
    }

    /// What it means that `failure` answered an attempt to create an object.
    async fn said_of_creation(
        &self,
        failure: Failure,
        kind: &Kind,
        path: &PolicyPath,
        body: &Map<String, Json>,
    ) -> BackendError {
        if let Some((who, blocks)) = held_elsewhere(kind)
            && matches!(self.is_engine().await, Ok(false))
        {
            let what = format!(
                "The endpoint holds no {}s: {who}. Add {blocks} to the provider block. ({failure})",
                kind.title
            );
            return Failure::Unsupported(what).into();
        }
        of_write(failure, kind, path, &Tree::from(&Json::Object(body.clone())))
    }

    /// The object that was written, as the API answered it; read anew where it did not.
    async fn written(&self, path: &PolicyPath, document: Json) -> Result<Known, BackendError> {
        if let Some(known) = known(document, false) {
            return Ok(known);
        }
        let read = self.read_alone(path, false, true).await?;
        read.ok_or_else(|| Refusal::NotFound(path.clone()).into())
    }

    /// Replaces revision `revision` of the object at `path`.
    pub(super) async fn replace_object(
        &self,
        path: &PolicyPath,
        fields: &Map<String, Json>,
        revision: i64,
    ) -> Result<Object, BackendError> {
        let collection = self.collections.at(without_id(path.as_str()));
        let kept = collection.known(path.id()).await.filter(|known| revision_of(&known.raw) == Some(revision));
        let before = match kept {
            Some(known) => Some(known),
            None => self.read_alone(path, false, false).await?,
        };
        let Some(before) = before else { return Err(Refusal::NotFound(path.clone()).into()) };
        let found = revision_of(&before.raw).unwrap_or_default();
        let stale = |found| BackendError::from(Refusal::Stale { path: path.clone(), found, sent: revision });
        if found != revision {
            collection.has_read(path.id(), before).await;
            return Err(stale(found));
        }
        let Some(kind) = wire::kind_of(path, &before.raw) else {
            return Err(Refusal::InvalidPath(path.to_string()).into());
        };
        let mut body = wire::to_replace(kind, &before.raw, fields);
        body.insert("_revision".to_owned(), json!(revision));
        let hidden = wire::secrets_in(kind, &body);
        collection.forget(path.id()).await;
        let request = put(path, &body);
        let failure = match self.transport.send(request).await {
            Ok(reply) => {
                let known = self.written(path, reply.document).await?;
                collection.has_read(path.id(), known.clone()).await;
                return Self::object(path, &known);
            }
            Err(failure) => failure.without(&hidden),
        };
        let was_unsure = failure.api_error().is_some_and(|error| error.was_unsure) || failure.may_have_taken_effect();
        let is_stale = failure.api_error().is_some_and(is_stale);
        if !was_unsure && !is_stale {
            let tree = Tree::from(&Json::Object(body));
            return Err(match of_write(failure, kind, path, &tree) {
                BackendError::Refused(Refusal::InvalidPath(named)) if named == path.as_str() => {
                    Refusal::NotFound(path.clone()).into()
                }
                error => error,
            });
        }
        // An attempt whose answer was lost may be what made the revision another one.
        let Ok(now) = self.read_alone(path, false, true).await else { return Err(failure.into()) };
        let Some(now) = now else { return Err(Refusal::NotFound(path.clone()).into()) };
        collection.has_read(path.id(), now.clone()).await;
        let found = revision_of(&now.raw).unwrap_or_default();
        if was_unsure && found != revision && wire::is_what_was_written(kind, &now.raw, &body) {
            return Self::object(path, &now);
        }
        Err(if found == revision { failure.into() } else { stale(found) })
    }

    /// Deletes the object at `path`, unless something holds it.
    pub(super) async fn delete_object(&self, path: &PolicyPath) -> Result<(), BackendError> {
        let collection = self.collections.at(without_id(path.as_str()));
        collection.forget(path.id()).await;
        let done = self.transport.send(Request::delete(called(path))).await;
        // A list that was read meanwhile may have it still.
        collection.forget(path.id()).await;
        let done = done.map(drop).map_err(|failure| of_delete(failure, path));
        if matches!(&done, Ok(()) | Err(BackendError::Refused(Refusal::NotFound(_)))) {
            self.ledger.forget_object(path).await?;
        }
        done
    }
}

/// Writes `body` at `path`. With a revision it can be sent again: the second time it is
/// refused.
fn put(path: &PolicyPath, body: &Map<String, Json>) -> Request {
    let repeat = if body.contains_key("_revision") { Repeat::Always } else { Repeat::IfWithoutEffect };
    Request::put(wire::written_at(path, body), Json::Object(body.clone()), repeat)
}

/// The object that the API answered; none when it is on its way out.
fn known(document: Json, asked_for_secrets: bool) -> Option<Known> {
    let Json::Object(raw) = document else { return None };
    if raw.get("marked_for_delete") == Some(&Json::Bool(true)) {
        return None;
    }
    let kind = raw.get("resource_type").and_then(Json::as_str).and_then(kind_of_type);
    // Without a secret in it, it may be that there is none, or that this kind's are not shown.
    let needs_none = raw.get("authentication_mode").is_some_and(|mode| mode == "CERTIFICATE");
    let with_secrets = asked_for_secrets
        && kind.is_some_and(|kind| secrets(kind).is_empty() || needs_none || wire::shows_a_secret(kind, &raw));
    Some(Known { raw: Arc::new(raw), with_secrets })
}

fn revision_of(raw: &Map<String, Json>) -> Option<i64> {
    raw.get("_revision")?.as_i64()
}

/// The kind of the object to write: its path tells, or its type does.
fn kind_to_write(path: &PolicyPath, fields: &Map<String, Json>) -> Result<&'static Kind, Refusal> {
    wire::kind_of(path, fields)
        .filter(|kind| kinds_at(path).any(|one| one == *kind))
        .ok_or_else(|| Refusal::InvalidPath(path.to_string()))
}
