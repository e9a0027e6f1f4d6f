//! What a plan tells its apply beside the plan. They are two processes, and
//! Terraform carries private state from one to the other only for deletions. So the
//! plan leaves notes in the backend:
//!
//! - what it deletes, under a random name that travels in the private state of each
//!   deletion;
//! - which objects of the state it creates anew, for the same Terraform, or for one
//!   that was given a saved plan of the same place.
//!
//! Nobody depends on them: where one is missing, operations wait for each other.

use std::time::Instant;

use super::place::{Place, Process, has_saved_plan};
use super::shared::Connection;
use crate::backend::BackendError;
use crate::engine::Object;
use crate::model::PolicyPath;

fn deletions_of(run: &str) -> String {
    format!("deletions/{run}")
}

fn replaced_in(place: Place) -> String {
    format!("replaced/{place}")
}

/// The first line of a note, which tells who made it.
fn signature() -> String {
    let Process { number, started } = Process::parent();
    format!("{number} {started}")
}

impl Connection {
    /// Notes in the backend what other processes want to know of this run, which
    /// ends. Terraform has noted all that it was told before `noted_until`.
    pub async fn farewell(&self, noted_until: Instant) {
        let account = self.claims.account(noted_until);
        if !(account.ended.is_empty() && account.settled.is_empty())
            && let Err(error) = self.backend.reclaim(account.ended, &account.claim, account.settled).await
        {
            tracing::debug!(%error, "claims could not be settled; the next run does it");
        }
        if let Err(error) = self.note_plan().await {
            tracing::warn!(%error, "the plan could not be noted; its parts will wait for each other");
        }
    }

    /// Notes what this run plans.
    async fn note_plan(&self) -> Result<(), BackendError> {
        let deletions = self.run.deletions();
        if !deletions.is_empty() {
            let lines = deletions.iter().map(PolicyPath::to_string).collect();
            self.backend.note(&deletions_of(self.run.id()), lines).await?;
        }
        let replaced = self.run.replaced();
        if !replaced.is_empty() {
            let lines = std::iter::once(signature()).chain(replaced).collect();
            self.backend.note(&replaced_in(Place::of_process()), lines).await?;
        }
        Ok(())
    }

    /// Whether the object at the path of one that is to be created is in Terraform's
    /// state, as far as this run or the plan that it carries out has seen: then it is
    /// replaced.
    pub async fn is_to_be_replaced(&self, existing: &Object) -> Result<bool, BackendError> {
        let (path, unique_id) = (existing.path(), existing.unique_id());
        if !self.run.has_in_state(path) {
            let note = self.backend.noted(&replaced_in(Place::of_process())).await?;
            let is_noted = note.split_first().is_some_and(|(by, replaced)| {
                (*by == signature() || has_saved_plan()) && replaced.iter().any(|noted| noted == unique_id)
            });
            if !is_noted {
                return Ok(false);
            }
            self.run.is_in_state(path.clone());
        }
        self.run.will_replace(unique_id);
        Ok(true)
    }

    /// Whether the plan made by the run `planned` is known to delete `path`.
    pub async fn deletes(&self, planned: &str, path: &PolicyPath) -> Result<bool, BackendError> {
        if !planned.is_empty() && !self.run.carries_out(planned) {
            let noted = self.backend.noted(&deletions_of(planned)).await?;
            self.run.will_carry_out(planned, noted.iter().filter_map(|line| PolicyPath::parse(line).ok()).collect());
        }
        Ok(self.run.deletes(planned, path))
    }

    /// Notes that one of the deletions in the plan made by the run `planned` is
    /// done.
    pub async fn has_deleted_one(&self, planned: &str) {
        if self.run.has_deleted_one(planned)
            && let Err(error) = self.backend.forget(&deletions_of(planned)).await
        {
            tracing::debug!(%error, "the note of the plan stays until it is old");
        }
    }
}
