//! What a plan tells its apply beside the plan. They are two processes, and
//! Terraform carries private state from one to the other only for deletions. So the
//! plan leaves notes in the backend:
//!
//! - what it deletes, under a random name that travels in the private state of each
//!   deletion;
//! - which objects of the state it creates anew, and for which of them the resource
//!   that had it is another one, for the same Terraform, or for one that was given a
//!   saved plan of the same place.
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

/// What begins the line of an object that another resource creates anew than had it.
const HANDED_OVER: &str = "handed-over";

/// What becomes of an object that is in the way of one to be created.
#[derive(PartialEq, Eq)]
enum Fate {
    /// Nothing that is known of.
    Stays,
    /// It is created anew.
    IsReplaced,
    /// Another resource creates it anew; so this run planned.
    IsHandedOver { by: String },
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
        if let Err(error) = self.settle_claims(noted_until).await {
            tracing::debug!(%error, "claims could not be settled; the next run does it");
        }
        if let Err(error) = self.note_plan().await {
            tracing::warn!(%error, "the plan could not be noted; its parts will wait for each other");
        }
    }

    async fn settle_claims(&self, noted_until: Instant) -> Result<(), BackendError> {
        let account = self.claims.account(noted_until);
        if !account.ended.is_empty() {
            self.backend.reclaim(account.ended, &account.claim).await?;
        }
        if !account.settled.is_empty() {
            self.backend.settle(account.settled, &Place::of_process().to_string()).await?;
        }
        Ok(())
    }

    /// Notes what this run plans.
    async fn note_plan(&self) -> Result<(), BackendError> {
        let deletions = self.run.deletions();
        if !deletions.is_empty() {
            let lines = deletions.iter().map(PolicyPath::to_string).collect();
            self.backend.note(&deletions_of(self.run.id()), lines).await?;
        }
        let (replaced, handed_over) = (self.run.replaced(), self.run.handed_over());
        if !(replaced.is_empty() && handed_over.is_empty()) {
            let mut lines = vec![signature(), self.run.id().to_owned()];
            lines.extend(handed_over.iter().map(|unique_id| format!("{HANDED_OVER} {unique_id}")));
            lines.extend(replaced);
            self.backend.note(&replaced_in(Place::of_process()), lines).await?;
        }
        Ok(())
    }

    /// What the plan that this run carries out makes of `existing`, which is at the
    /// path of an object that it creates.
    async fn noted_fate(&self, existing: &Object) -> Result<Fate, BackendError> {
        let note = self.backend.noted(&replaced_in(Place::of_process())).await?;
        let [by, run, lines @ ..] = &note[..] else { return Ok(Fate::Stays) };
        if *by != signature() && !has_saved_plan() {
            return Ok(Fate::Stays);
        }
        let unique_id = existing.unique_id();
        let fate = |line: &String| match line.split_once(' ') {
            Some((HANDED_OVER, id)) if id == unique_id => Some(Fate::IsHandedOver { by: run.clone() }),
            None if line == unique_id => Some(Fate::IsReplaced),
            _ => None,
        };
        Ok(lines.iter().find_map(fate).unwrap_or(Fate::Stays))
    }

    /// Whether the object at the path of one that is to be created is in Terraform's
    /// state, as far as this run or the plan that it carries out has seen: then it is
    /// replaced.
    pub async fn is_to_be_replaced(&self, existing: &Object) -> Result<bool, BackendError> {
        if !self.run.has_in_state(existing.path()) {
            if self.noted_fate(existing).await? == Fate::Stays {
                return Ok(false);
            }
            self.run.is_in_state(existing.path().clone());
        }
        self.run.will_replace(existing.unique_id());
        Ok(true)
    }

    /// The run that planned to create the object `existing` anew, by another resource
    /// than had it.
    pub async fn is_handed_over(&self, existing: &Object) -> Result<Option<String>, BackendError> {
        Ok(match self.noted_fate(existing).await? {
            Fate::IsHandedOver { by } => Some(by),
            _ => None,
        })
    }

    /// Whether it is noted that this place has the object in its state, or created
    /// it.
    pub async fn owns(&self, existing: &Object) -> Result<bool, BackendError> {
        let path = existing.path();
        Ok(self.claims.is_of_this_place(path)
            || self.backend.keeper(path).await? == Some(Place::of_process().to_string()))
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
