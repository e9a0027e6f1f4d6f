//! Deleting objects, with what is in the way and to be deleted as well.

use super::{ObjectResource, interrupted, private, unique_id_in};
use crate::backend::BackendError;
use crate::engine::Refusal;
use crate::model::PolicyPath;
use crate::provider::messages;
use crate::provider::shared::Connection;
use crate::tf_provider::{Context, DeleteRequest, Diagnostic, Diagnostics};

impl ObjectResource {
    /// Deletes the object. One that is gone already, or is of another kind now, is
    /// deleted.
    pub(super) async fn delete_object(
        &self,
        cx: &Context,
        connection: &Connection,
        request: &DeleteRequest<'_>,
    ) -> Diagnostics {
        if cx.cancelled.is_cancelled() {
            return interrupted(self.face.kind.title);
        }
        let Some(path) = self.path(request.state) else { return Diagnostics::none() };
        let planned = request.private.0.get(private::PLAN).and_then(|run| run.as_str()).unwrap_or_default();
        let unique_id_before = unique_id_in(self.face, request.state);
        match connection.backend.get(&path).await {
            Ok(Some(object)) if object.kind() == self.face.kind => {
                let is_another = ![object.unique_id(), ""].contains(&unique_id_before);
                if is_another && connection.claims.is_ours(&path) {
                    // The resource that has the path now has deleted it.
                    connection.has_deleted_one(planned).await;
                    return Diagnostics::none();
                }
                match connection.hands_over(planned, &object).await {
                    // The resource that is to have it finds it by its claim, should this
                    // run be killed before.
                    Ok(true) => return self.hand_over(connection, path).await,
                    Ok(false) => {}
                    Err(error) => return messages::of_error(self.face, "deleted", &error),
                }
                if is_another {
                    return somebody_elses(self.face.kind.title, &path).into();
                }
                if unique_id_before == object.unique_id() && connection.run.took_over(&path) {
                    return kept(self.face.kind.title, &path).into();
                }
                if let Err(error) = delete_with_holders(cx, connection, &path, planned).await {
                    return messages::of_error(self.face, "deleted", &error);
                }
            }
            Ok(_) => {}
            Err(error) => return messages::of_error(self.face, "deleted", &error),
        }
        connection.has_deleted_one(planned).await;
        Diagnostics::none()
    }
}

impl ObjectResource {
    /// Leaves the object at `path` to another resource of this state.
    async fn hand_over(&self, connection: &Connection, path: PolicyPath) -> Diagnostics {
        let claimed = if connection.claims.is_ours(&path) {
            Ok(())
        } else {
            connection.backend.notes().claim(vec![path], &connection.claims.text()).await
        };
        connection.run.stir();
        claimed.map_or_else(|error| messages::of_error(self.face, "deleted", &error), |()| Diagnostics::none())
    }
}

/// Deletes `path`, and before it whatever holds it and is to be deleted by the
/// plan with the note `planned` as well.
pub(super) async fn delete_with_holders(
    cx: &Context,
    connection: &Connection,
    path: &PolicyPath,
    planned: &str,
) -> Result<(), BackendError> {
    let mut open = vec![path.clone()];
    let mut events = connection.run.events();
    while let Some(next) = open.last().cloned() {
        match connection.backend.delete(&next).await {
            Ok(()) | Err(BackendError::Refused(Refusal::NotFound(_))) => {
                connection.run.stir();
                open.pop();
            }
            Err(BackendError::Refused(Refusal::InUse { path: held, by })) => {
                let (mut noted, mut others) = (Vec::new(), Vec::new());
                for holder in by {
                    let is_next = connection.deletes(planned, &holder).await? && !open.contains(&holder);
                    if is_next { noted.push(holder) } else { others.push(holder) }
                }
                if !noted.is_empty() {
                    open.extend(noted);
                } else if !events.next(cx).await {
                    return Err(Refusal::InUse { path: held, by: others }.into());
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// What is said when another object has come to the path of the one to delete.
fn somebody_elses(title: &str, path: &PolicyPath) -> Diagnostic {
    let detail = format!(
        "The object that was to be deleted is gone. Somebody else has created another one at {path}; it was left alone."
    );
    Diagnostic::warning(format!("The {title} was deleted and created anew by somebody else"), detail)
}

/// What is said when the object to delete was taken for the one to take its place.
fn kept(title: &str, path: &PolicyPath) -> Diagnostic {
    let detail = format!(
        "{path} was to be replaced by an object of the same path, and was itself taken for the new one. To replace it, \
         remove create_before_destroy, or give the new one another id."
    );
    Diagnostic::warning(format!("The {title} was not replaced"), detail)
}
