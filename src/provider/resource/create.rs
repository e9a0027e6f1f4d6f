//! Creating objects, and taking over those an interrupted run created.

use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::state::declared_in;
use super::{ObjectResource, interrupted, private, unique_id};
use crate::backend::BackendError;
use crate::engine::{Object, Refusal};
use crate::model::PolicyPath;
use crate::provider::shared::Connection;
use crate::provider::{messages, notes};
use crate::tf_provider::{Context, CreateRequest, Diagnostic, Diagnostics, Path, Value};

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
        let claim = request.planned.get("id").is_unknown().then(|| connection.claims.text());
        if claim.is_some()
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
            let refused = match connection.backend.create(&path, body.clone(), claim.as_deref()).await {
                Ok(object) => {
                    if claim.is_some() {
                        connection.claims.has_created(path);
                    }
                    connection.run.stir();
                    return (Some(self.state(&object, request.planned)), Diagnostics::none());
                }
                Err(BackendError::Refused(Refusal::Exists(_))) => {
                    match self.meet(connection, &path, request).await {
                        Meeting::Gone => continue,
                        Meeting::IsIt(state, diagnostics) => return (Some(state), diagnostics),
                        // What it replaces may be on its way out.
                        Meeting::IsReplaced(diagnostics) => diagnostics,
                        Meeting::IsInTheWay(diagnostics) => return (None, diagnostics),
                    }
                }
                // What it refers to may be on its way in.
                Err(error @ BackendError::Refused(Refusal::Dangling { .. } | Refusal::InvalidPath(_))) => {
                    messages::of_error(self.face, "created", &error)
                }
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
        planned.set("path", Value::Null);
        let path = self.path(&planned)?;
        match declared_in(self.face, &planned).to_json() {
            Json::Object(mut body) => {
                body.insert("resource_type".to_owned(), json!(self.face.kind.resource_type));
                Some((path, body))
            }
            _ => None,
        }
    }

    /// Looks at the object that exists where one is to be created.
    async fn meet(&self, connection: &Connection, path: &PolicyPath, request: &CreateRequest<'_>) -> Meeting {
        let existing = match connection.backend.get(path).await {
            Ok(Some(existing)) => existing,
            Ok(None) => return Meeting::Gone,
            Err(error) => return Meeting::IsInTheWay(messages::of_error(self.face, "created", &error)),
        };
        if request.private.0.contains_key(private::REPLACES) || notes::is_replaced(unique_id(&existing)) {
            return Meeting::IsReplaced(self.cannot_replace(path).into());
        }
        if !self.is_what_is_wanted(&existing, request.planned) {
            return Meeting::IsInTheWay(self.exists(path).into());
        }
        let (state, diagnostics) = self.take_over(connection, &existing, request.planned);
        Meeting::IsIt(state, diagnostics)
    }

    /// Takes an object that exists for created.
    fn take_over(&self, connection: &Connection, existing: &Object, planned: &Value) -> (Value, Diagnostics) {
        let path = existing.path();
        connection.run.has_taken_over(path.clone());
        let detail = format!(
            "{path} already was exactly as declared here, as after a run that was interrupted. It is now in this state."
        );
        let warning = Diagnostic::warning(format!("The {} existed already", self.face.kind.title), detail);
        (self.state(existing, planned), warning.into())
    }

    /// Takes an object over that an interrupted run created under a random
    /// identifier, if it is what was planned.
    async fn find_left(&self, connection: &Connection, planned: &Value) -> Option<(Value, Diagnostics)> {
        for path in connection.claims.left() {
            let wanted = with_id(planned, path.id());
            let mut located = wanted.clone();
            located.set("path", Value::Null);
            if self.path(&located).as_ref() != Some(&path) {
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

    fn cannot_replace(&self, path: &PolicyPath) -> Diagnostic {
        let detail = format!(
            "{path} is in this state already, and no two objects have the same path.\n  - To replace it, let Terraform \
             delete the old one first: remove create_before_destroy. Or give the new one another id.\n  - To rename the \
             resource that declares it, add a moved block.\n  - If another resource declares it, give this one an id \
             of its own."
        );
        Diagnostic::error(format!("The {} exists already", self.face.kind.title), detail).at(Path::attribute("id"))
    }
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
    /// It is exactly what was to be created: an interrupted run did.
    IsIt(Value, Diagnostics),
    /// It is in Terraform's state, and to be deleted.
    IsReplaced(Diagnostics),
    /// It is somebody else's.
    IsInTheWay(Diagnostics),
}
