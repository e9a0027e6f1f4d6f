//! What a plan tells its apply beside the plan, and other processes of the same
//! Terraform. They are several processes, and Terraform carries private state from
//! one to the other only for deletions. So a process that has planned leaves a note
//! in the backend. Its name says for which state and which Terraform it planned, and
//! travels in the private state of each deletion; its lines say
//!
//! - which objects are created, by their paths;
//! - which are deleted, by their paths and unique ids;
//! - which objects of the state are created anew, by their unique ids;
//! - which of the state another resource is to have than had them;
//! - that it was counted what projects get.
//!
//! Nobody depends on it: where it is missing, operations wait for each other.

use super::shared::Connection;
use super::terraform::{Process, StateHome, has_saved_plan, has_siblings};
use crate::backend::BackendError;
use crate::engine::Object;
use crate::model::PolicyPath;
use std::collections::BTreeSet;

/// What a line says of the path or unique id that follows.
mod says {
    pub const CREATES: &str = "creates";
    pub const DELETES: &str = "deletes";
    pub const REPLACES: &str = "replaces";
    pub const HANDS_OVER: &str = "hands-over";
    pub const COUNTED: &str = "counted";
}

/// What a plan makes of objects that are in the state, by their unique ids.
pub struct Noted {
    /// They are created anew.
    replaced: BTreeSet<String>,
    /// Another resource is to have them than had them.
    handed_over: BTreeSet<String>,
    /// It was counted what projects get.
    counted: bool,
}

/// The name of the note of the run `run`, whose plan is for the state of this
/// process.
pub fn name_of(run: &str) -> String {
    format!("{}{run}", names_of_this_terraform())
}

fn names_of_this_state() -> String {
    format!("plans/{}/", StateHome::of_process())
}

/// What the names of all notes begin with that processes of this Terraform leave.
fn names_of_this_terraform() -> String {
    let Process { number, started } = Process::parent();
    format!("{}{number}-{started}/", names_of_this_state())
}

/// What lines say `what` of.
fn said<'a>(lines: &'a [String], what: &str) -> impl Iterator<Item = &'a str> {
    lines.iter().filter_map(|line| line.split_once(' ')).filter(move |(said, _)| *said == what).map(|(_, of)| of)
}

impl Connection {
    /// Notes in the backend what other processes want to know of this run, which
    /// ends. Unless it `was_stopped`, Terraform has noted all that it was told.
    pub async fn farewell(&self, was_stopped: bool) {
        if let Err(error) = self.settle_claims(was_stopped).await {
            tracing::debug!(%error, "claims could not be settled; the next run does it");
        }
        if let Err(error) = self.note_plan().await {
            tracing::warn!(%error, "the plan could not be noted; its parts will wait for each other");
        }
    }

    async fn settle_claims(&self, was_stopped: bool) -> Result<(), BackendError> {
        let account = self.claims.account();
        if !account.ended.is_empty() && !was_stopped {
            self.backend.notes().reclaim(account.ended, &account.claim).await?;
        }
        if !account.settled.is_empty() {
            self.backend.notes().settle(account.settled, &StateHome::of_process().to_string()).await?;
        }
        Ok(())
    }

    /// Notes what this run plans. A run that has carried something out leaves
    /// nothing behind: what its Terraform has planned is done.
    async fn note_plan(&self) -> Result<(), BackendError> {
        if self.run.has_applied() {
            // A sibling may still be at it.
            return if has_siblings() { Ok(()) } else { self.backend.notes().forget(&names_of_this_terraform()).await };
        }
        let planned = self.run.planned();
        let line = |says: &str, of: &str| format!("{says} {of}");
        let mut lines = Vec::new();
        lines.extend(planned.created.iter().map(|path| line(says::CREATES, path.as_str())));
        lines.extend(planned.deleted.iter().map(|(path, unique_id)| format!("{} {unique_id} {path}", says::DELETES)));
        lines.extend(planned.replaced.iter().map(|unique_id| line(says::REPLACES, unique_id)));
        lines.extend(planned.handed_over.iter().map(|unique_id| line(says::HANDS_OVER, unique_id)));
        lines.extend(self.run.has_counted().then(|| line(says::COUNTED, "taps")));
        if lines.is_empty() { Ok(()) } else { self.backend.notes().note(self.run.name(), lines).await }
    }

    /// Looks for a claim on the object at `path`, which is there unexpectedly, unless
    /// one is known.
    pub async fn learn_claims(&self, path: &PolicyPath) -> Result<(), BackendError> {
        if !self.claims.knows(path) {
            self.claims.learn(self.backend.notes().claims().await?);
        }
        Ok(())
    }

    /// Which of `paths` other processes of this Terraform, which have ended, planned
    /// to create.
    pub async fn planned_elsewhere(&self, paths: &BTreeSet<PolicyPath>) -> Result<BTreeSet<PolicyPath>, BackendError> {
        let lines = self.backend.notes().noted(&names_of_this_terraform()).await?;
        let created = said(&lines, says::CREATES).filter_map(|path| PolicyPath::parse(path).ok());
        Ok(created.filter(|path| paths.contains(path)).collect())
    }

    /// The notes on the plan that this run may be carrying out: of the same
    /// Terraform, or of any for this state when it was given a saved plan.
    async fn notes_on_this_plan(&self) -> Result<Vec<String>, BackendError> {
        let names = if has_saved_plan() { names_of_this_state() } else { names_of_this_terraform() };
        self.backend.notes().noted(&names).await
    }

    /// What the plan that this run may be carrying out makes of objects that are in the
    /// state. Plans are noted before they are carried out, so it is looked up once.
    async fn noted(&self) -> Result<&Noted, BackendError> {
        let look_up = async || {
            let lines = self.notes_on_this_plan().await?;
            let all = |what| said(&lines, what).map(str::to_owned).collect();
            let counted = said(&lines, says::COUNTED).next().is_some();
            Ok(Noted { replaced: all(says::REPLACES), handed_over: all(says::HANDS_OVER), counted })
        };
        self.run.noted.get_or_try_init(look_up).await
    }

    /// Whether this run carries out a plan that has counted what projects get.
    pub async fn has_been_counted(&self) -> Result<bool, BackendError> {
        Ok(self.run.has_applied() || has_saved_plan() || self.noted().await?.counted)
    }

    /// Whether the object at the path of one that is to be created is in Terraform's
    /// state, as far as this run or the plan that it carries out has seen: then it is
    /// replaced.
    pub async fn is_to_be_replaced(&self, existing: &Object) -> Result<bool, BackendError> {
        if !self.run.has_in_state(existing.path()) {
            let noted = self.noted().await?;
            if ![&noted.replaced, &noted.handed_over].iter().any(|noted| noted.contains(existing.unique_id())) {
                return Ok(false);
            }
            self.run.is_in_state(existing.path().clone());
        }
        self.run.will_replace(existing.unique_id());
        Ok(true)
    }

    /// Whether it was planned that another resource of the same type is to have the
    /// object `existing` than had it.
    pub async fn is_handed_over(&self, existing: &Object) -> Result<bool, BackendError> {
        Ok(self.noted().await?.handed_over.contains(existing.unique_id()))
    }

    /// Whether it is noted that the state of this run has the object, or that it was
    /// created for it.
    pub async fn owns(&self, existing: &Object) -> Result<bool, BackendError> {
        let path = existing.path();
        Ok(self.claims.is_for_this_state(path)
            || self.backend.notes().keeper(path).await? == Some(StateHome::of_process().to_string()))
    }

    /// Whether the plan with the note `planned` is known to delete the object at
    /// `path`, and not another that has come there since. Without a name, the plan
    /// that this run may be carrying out is meant.
    pub async fn deletes(&self, planned: &str, path: &PolicyPath) -> Result<bool, BackendError> {
        self.look_up_deletions(planned).await?;
        let existing = self.backend.get(path).await?;
        Ok(existing.is_some_and(|existing| self.run.deletes(planned, &existing)))
    }

    /// Whether the plan with the note `planned`, and no other, leaves `object`, which
    /// is to be deleted, to another resource.
    pub async fn hands_over(&self, planned: &str, object: &Object) -> Result<bool, BackendError> {
        self.look_up_deletions(planned).await?;
        Ok(self.run.hands_over(planned, object))
    }

    async fn look_up_deletions(&self, planned: &str) -> Result<(), BackendError> {
        if !self.run.carries_out(planned) {
            let lines = if planned.is_empty() {
                self.notes_on_this_plan().await?
            } else {
                self.backend.notes().noted(planned).await?
            };
            let noted = said(&lines, says::DELETES).filter_map(|noted| {
                let (unique_id, path) = noted.split_once(' ')?;
                Some((PolicyPath::parse(path).ok()?, unique_id.to_owned()))
            });
            let handed_over = said(&lines, says::HANDS_OVER).map(str::to_owned);
            self.run.will_carry_out(planned, noted.collect(), handed_over.collect());
        }
        Ok(())
    }

    /// Notes that one of the deletions in the plan with the note `planned` is done.
    pub async fn has_deleted_one(&self, planned: &str) {
        if self.run.has_deleted_one(planned)
            && let Err(error) = self.backend.notes().forget(planned).await
        {
            tracing::debug!(%error, "the note of the plan stays until it is old");
        }
    }
}
