//! How far an object is, by the clock: nothing runs that would tell.

use serde_json::{Map, Value as Json};

use crate::engine::Moment;
use crate::model::{NeutronStatus, Tree};

/// Milliseconds until the agent has set up what was created, and taken down what was
/// deleted: the seconds between its rounds (`taas_agent_periodic_interval` of
/// tap-as-a-service, 5 unless it is set).
pub const AGENT_INTERVAL: i64 = 5_000;

/// The field of a stored object that tells when it was deleted, if it is being undone.
pub(super) const DELETED: &str = "_delete_time";
/// The field of a stored object that tells when it is gone.
pub(super) const END: &str = "_end_time";

/// When an object came and when it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    created: Moment,
    deleted: Option<Moment>,
    end: Option<Moment>,
}

impl Life {
    /// That of a document.
    pub fn of(tree: &Tree) -> Self {
        let moment = |field| tree.get(field).int().map(Moment);
        Self { created: moment("_create_time").unwrap_or(Moment(0)), deleted: moment(DELETED), end: moment(END) }
    }

    pub(super) fn of_fields(fields: &Map<String, Json>) -> Self {
        let moment = |field| fields.get(field).and_then(Json::as_i64).map(Moment);
        Self { created: moment("_create_time").unwrap_or(Moment(0)), deleted: moment(DELETED), end: moment(END) }
    }

    /// How far it is at `now`; none when it is gone.
    pub fn status(&self, now: Moment) -> Option<NeutronStatus> {
        if self.end.is_some_and(|end| end <= now) {
            None
        } else if self.deleted.is_some_and(|deleted| deleted <= now) {
            Some(NeutronStatus::PendingDelete)
        } else if now.0 - self.created.0 >= AGENT_INTERVAL {
            Some(NeutronStatus::Active)
        } else {
            Some(NeutronStatus::Down)
        }
    }

    /// Whether it is in operation at `now`.
    pub fn is_active(&self, now: Moment) -> bool {
        self.status(now) == Some(NeutronStatus::Active)
    }

    /// When it was created.
    pub fn created(&self) -> Moment {
        self.created
    }

    /// When it is gone, if it is known to go.
    pub fn end(&self) -> Option<Moment> {
        self.end
    }

    /// When it changes by itself next, after `now`.
    pub fn next_change(&self, now: Moment) -> Option<Moment> {
        let active = Moment(self.created.0.saturating_add(AGENT_INTERVAL));
        [Some(active), self.deleted, self.end].into_iter().flatten().filter(|at| *at > now).min()
    }
}
