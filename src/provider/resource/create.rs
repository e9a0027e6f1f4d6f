//! Creating objects, and taking over those an interrupted run created.

use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::delete::delete_with_holders;
use super::state::declared_in;
use super::{ObjectResource, interrupted};
use crate::backend::BackendError;
use crate::engine::{Object, Refusal};
use crate::model::{Api, Nature, PolicyPath, Problem, Tree};
use crate::provider::messages;
use crate::provider::shared::Connection;
use crate::tf_provider::{Context, CreateRequest, Diagnostic, Diagnostics, Value};

impl ObjectResource {
    /// Creates the object that was planned. Returns its state if there is one now.
    pub(super) async fn create_object(
        &self,
        cx: &Context,
        connection: &Connection,
        request: &CreateRequest<'_>,
    ) -> (Option<Value>, Diagnostics) {
        if let Err(refused) = self.check_planned(request.config, request.planned) {
            return (None, refused);
        }
        if request.planned.get("id").is_unknown()
            && let Some((state, diagnostics)) = self.find_left(connection, request.planned).await
        {
            return (Some(state), diagnostics);
        }
        let Some((path, body)) = self.to_create(request.planned) else {
            let detail = "The object's parent or its id is not known.";
            return (None, Diagnostic::error("The path is not known", detail).into());
        };
        let mut events = connection.run.events();
        loop {
            if cx.cancelled.is_cancelled() {
                return (None, interrupted(self.face.kind.title));
            }
            let refused = match connection.backend.create(&path, body.clone(), &connection.claims.text()).await {
                Ok(object) => {
                    // Neutron itself says by which id it is known.
                    connection.claims.has_created(object.path().clone());
                    connection.run.stir();
                    return (Some(self.state(&object, request.planned)), Diagnostics::none());
                }
                Err(BackendError::Refused(Refusal::Exists(_))) => {
                    match self.meet(connection, &path, request.planned).await {
                        Ok(Meeting::Gone) => continue,
                        Ok(Meeting::IsIt(state, diagnostics)) => return (Some(state), diagnostics),
                        // What it replaces may be on its way out.
                        Ok(Meeting::IsReplaced) => self.exists(connection, &path).into(),
                        Ok(Meeting::IsInTheWay) => return (None, self.exists(connection, &path).into()),
                        Err(error) => return (None, messages::of_error(self.face, "created", &error)),
                    }
                }
                Err(BackendError::Refused(Refusal::Invalid(problems)))
                    if is_taken(&problems) && self.make_room(cx, connection, &path, request.planned).await =>
                {
                    continue;
                }
                // What it refers to may be on its way in, or about to change.
                Err(
                    error @ BackendError::Refused(
                        Refusal::Dangling { .. } | Refusal::InvalidPath(_) | Refusal::Invalid(_) | Refusal::Neutron(_),
                    ),
                ) => messages::of_error(self.face, "created", &error),
                Err(error) => return (None, messages::of_error(self.face, "created", &error)),
            };
            if !events.next(cx).await {
                return (None, refused);
            }
        }
    }

    /// Where the object is to be created, and what is to be sent.
    fn to_create(&self, planned: &Value) -> Option<(PolicyPath, Map<String, Json>)> {
        let mut planned = planned.clone();
        if planned.get("id").is_unknown() {
            planned = with_id(&planned, &Uuid::new_v4().to_string());
        }
        let path = self.path_anew(&planned)?;
        match declared_in(self.face, &planned).to_json() {
            Json::Object(mut body) => {
                if self.face.kind.api() == Api::Policy {
                    body.insert("resource_type".to_owned(), json!(self.face.kind.resource_type));
                }
                Some((path, body))
            }
            _ => None,
        }
    }

    /// Looks at the object that exists where one is to be created.
    async fn meet(&self, connection: &Connection, path: &PolicyPath, planned: &Value) -> Result<Meeting, BackendError> {
        let Some(existing) = connection.backend.get(path).await? else { return Ok(Meeting::Gone) };
        if connection.is_handed_over(&existing).await? {
            return self.take_on(connection, &existing, planned).await;
        }
        if connection.is_to_be_replaced(&existing).await? {
            return Ok(Meeting::IsReplaced);
        }
        connection.learn_claims(path).await?;
        if self.is_what_is_wanted(&existing, planned) && connection.claims.take(path) {
            let (state, diagnostics) = self.take_over(connection, &existing, planned);
            return Ok(Meeting::IsIt(state, diagnostics));
        }
        Ok(Meeting::IsInTheWay)
    }

    /// Makes an object that another resource had what is planned. It stays in use all
    /// the while.
    async fn take_on(
        &self,
        connection: &Connection,
        existing: &Object,
        planned: &Value,
    ) -> Result<Meeting, BackendError> {
        let Some((path, body)) = self.to_create(planned) else { return Ok(Meeting::IsInTheWay) };
        match connection.backend.replace(&path, body, existing.revision()).await {
            Ok(object) => {
                connection.run.has_taken_over(path.clone());
                connection.claims.has_created(path);
                connection.run.stir();
                Ok(Meeting::IsIt(self.state(&object, planned), Diagnostics::none()))
            }
            Err(BackendError::Refused(Refusal::Stale { .. } | Refusal::NotFound(_))) => Ok(Meeting::Gone),
            Err(error) => Err(error),
        }
    }

    /// Deletes those who have what the object at `path` is to have for itself, as far
    /// as the plan deletes them: their turn may come only when this one is done. Says
    /// whether there was any.
    async fn make_room(&self, cx: &Context, connection: &Connection, path: &PolicyPath, planned: &Value) -> bool {
        let tree = Tree::Object(self.partly_known_fields_of(planned));
        let clashes = connection.backend.clashes(self.face.kind, path, &tree).await.unwrap_or_default();
        let mut has_room = false;
        for (other, _) in clashes {
            has_room |= connection.deletes("", &other).await.unwrap_or_default()
                && delete_with_holders(cx, connection, &other, "").await.is_ok();
        }
        has_room
    }

    /// Takes an object that exists for created.
    fn take_over(&self, connection: &Connection, existing: &Object, planned: &Value) -> (Value, Diagnostics) {
        let path = existing.path();
        connection.run.has_taken_over(path.clone());
        let detail =
            format!("An earlier run, which was interrupted, created {path} as declared here. It is now in this state.");
        let warning = Diagnostic::warning(format!("The {} existed already", self.face.kind.title), detail);
        (self.state(existing, planned), warning.into())
    }

    /// Takes an object over that an interrupted run created under a random
    /// identifier, if it is what was planned.
    async fn find_left(&self, connection: &Connection, planned: &Value) -> Option<(Value, Diagnostics)> {
        for path in connection.claims.left() {
            let wanted = with_id(planned, path.id());
            if self.path_anew(&wanted).as_ref() != Some(&path) {
                continue;
            }
            if let Ok(Some(existing)) = connection.backend.get(&path).await
                && self.is_what_is_wanted(&existing, &wanted)
                && connection.claims.take(&path)
            {
                return Some(self.take_over(connection, &existing, planned));
            }
        }
        None
    }
}

/// Whether the first thing that is wrong is that another object has something.
fn is_taken(problems: &[Problem]) -> bool {
    problems.first().is_some_and(|problem| problem.nature == Nature::Taken)
}

/// `planned` with an id, which is also the display name unless there is one.
fn with_id(planned: &Value, id: &str) -> Value {
    let mut planned = planned.clone();
    planned.set("id", id);
    if planned.get("display_name").is_unknown() {
        planned.set("display_name", id);
    }
    planned
}

/// What an object that exists is to one that is to be created at its path.
enum Meeting {
    /// It is gone by now.
    Gone,
    /// An interrupted run has created exactly what was to be created.
    IsIt(Value, Diagnostics),
    /// It is in Terraform's state, and to be deleted.
    IsReplaced,
    /// It is somebody else's.
    IsInTheWay,
}
