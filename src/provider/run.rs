//! What one run of Terraform is about to do.
//!
//! Terraform asks for one resource at a time, in an order that only references
//! between resources constrain. Some things want to be known across them: that a
//! path which does not exist yet will be created by the same run, and that an
//! object which is in the way of a deletion will be deleted as well.
//!
//! A plan and its apply are two processes. What a plan will delete is noted (see
//! `notes`) under a random name, and that name travels with the plan in each
//! deletion's private state. Nothing of a plan travels to the creation that it
//! plans: that the object which is in the way of a creation is the one to be
//! replaced is therefore noted under the object's own unique id.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::notes;
use crate::model::PolicyPath;
use crate::tf_provider::Context;

/// After so long without any other request of the run, nothing more is expected
/// of it.
const QUIET: Duration = Duration::from_secs(2);

/// How long to gather what happens before looking at it.
const PAUSE: Duration = Duration::from_millis(20);

/// What this run of Terraform is about to do.
pub struct Run {
    id: Uuid,
    known: Mutex<Known>,
    events: watch::Sender<u64>,
}

#[derive(Default)]
struct Known {
    created: BTreeSet<PolicyPath>,
    in_state: BTreeSet<PolicyPath>,
    taken_over: BTreeSet<PolicyPath>,
    applied: BTreeMap<Uuid, Deletions>,
}

/// What a plan that is being applied deletes.
struct Deletions {
    noted: BTreeSet<PolicyPath>,
    done: usize,
}

/// What happens in a run from the moment this was made.
pub struct Events(watch::Receiver<u64>);

impl Events {
    /// Waits for something to happen, unless something has since the last time.
    /// `false` when it has been quiet for so long that nothing is to be expected,
    /// or when Terraform was told to stop.
    pub async fn next(&mut self, cx: &Context) -> bool {
        let happened = tokio::select! {
            () = cx.cancelled.cancelled() => return false,
            changed = timeout(QUIET, self.0.changed()) => matches!(changed, Ok(Ok(()))),
        };
        if happened {
            // Many things happen at once: look again when some have.
            sleep(PAUSE).await;
        }
        happened
    }
}

impl Run {
    /// A run of which nothing is known yet.
    pub fn new() -> Self {
        Self { id: Uuid::new_v4(), known: Mutex::default(), events: watch::Sender::new(0) }
    }

    /// The name of the run, to travel with what it plans.
    pub fn id(&self) -> String {
        self.id.to_string()
    }

    /// Notes that something happened, for those who wait.
    pub fn stir(&self) {
        self.events.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// What happens in the run from now on. To wait for a condition, take this
    /// first, and then look whether the condition holds.
    pub fn events(&self) -> Events {
        Events(self.events.subscribe())
    }

    /// Notes that the run creates `path`. `false` when that has been noted before:
    /// two resources declare one object.
    pub fn will_create(&self, path: PolicyPath) -> bool {
        let is_new = self.known().created.insert(path);
        self.stir();
        is_new
    }

    /// Whether the run is known to create `path`.
    pub fn creates(&self, path: &PolicyPath) -> bool {
        self.known().created.contains(path)
    }

    /// Notes that `path` is in Terraform's state.
    pub fn is_in_state(&self, path: PolicyPath) {
        self.known().in_state.insert(path);
    }

    /// Whether `path` is known to be in Terraform's state.
    pub fn has_in_state(&self, path: &PolicyPath) -> bool {
        self.known().in_state.contains(path)
    }

    /// Notes that the object at `path`, which existed, was taken for created.
    pub fn has_taken_over(&self, path: PolicyPath) {
        self.known().taken_over.insert(path);
    }

    /// Whether this run took the object at `path` for created.
    pub fn took_over(&self, path: &PolicyPath) -> bool {
        self.known().taken_over.contains(path)
    }

    /// Notes, for the process that applies the plan, that it deletes `path`.
    pub fn will_delete(&self, path: &PolicyPath) {
        notes::will_delete(&self.id, path);
    }

    /// Whether the plan made by the run `planned` is known to delete `path`.
    pub fn deletes(&self, planned: &str, path: &PolicyPath) -> bool {
        self.with_deletions(planned, |_, deletions| deletions.noted.contains(path)).unwrap_or_default()
    }

    /// Notes that one of the deletions in the plan made by the run `planned` is
    /// done.
    pub fn has_deleted_one(&self, planned: &str) {
        self.with_deletions(planned, |id, deletions| {
            deletions.done += 1;
            if deletions.done >= deletions.noted.len() {
                notes::forget_deletions(id);
            }
        });
        self.stir();
    }

    fn with_deletions<T>(&self, planned: &str, what: impl FnOnce(&Uuid, &mut Deletions) -> T) -> Option<T> {
        let id = planned.parse().ok()?;
        let mut known = self.known();
        let deletions = known.applied.entry(id).or_insert_with(|| Deletions { noted: notes::deletions(&id), done: 0 });
        Some(what(&id, deletions))
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
