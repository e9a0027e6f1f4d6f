//! Objects that take their time: live traces, which end, and may be removed after that.

use std::time::Duration;

use tokio::time::sleep;

use super::ObjectResource;
use crate::engine::{Moment, Question};
use crate::model::result::OperationState;
use crate::model::{PolicyPath, Tree};
use crate::provider::convert::to_tree;
use crate::provider::face::WAIT;
use crate::provider::shared::Connection;
use crate::tf_provider::{Context, Diagnostic, Diagnostics, Value};

/// Between two looks at what does not say when it changes.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

impl ObjectResource {
    /// Waits until the object that was created as `state` has come to its end, if that is
    /// wanted.
    pub(super) async fn wait_for_completion(
        &self,
        cx: &Context,
        connection: &Connection,
        state: &Value,
    ) -> Diagnostics {
        if !self.face.takes_time() || state.get(WAIT).as_bool() != Some(true) {
            return Diagnostics::none();
        }
        let Some(path) = self.path(state) else { return Diagnostics::none() };
        let question = Question::LiveTraceStatus(path.clone());
        loop {
            let answer = match connection.backend.ask(&question, &[]).await {
                Ok(answer) => answer,
                Err(error) => return unseen(&path, &error.to_string()).into(),
            };
            let goes_on = |status: &serde_json::Value| status["operation_state"] == OperationState::InProgress.word();
            let Some(until) = answer.until.filter(|_| answer.document.as_ref().is_some_and(goes_on)) else {
                return Diagnostics::none();
            };
            let left = u64::try_from(until.0.saturating_sub(Moment::from_clock().0)).unwrap_or(0);
            tokio::select! {
                () = cx.cancelled.cancelled() => return Diagnostics::none(),
                () = sleep(Duration::from_millis(left + 1).min(LOOK_AGAIN)) => {}
            }
        }
    }

    /// Whether the object of `state` may be gone because its time is over: that is no reason to
    /// create it again.
    pub(super) fn may_have_expired(&self, state: &Value) -> bool {
        let declared = to_tree(self.face.kind.record, state);
        self.face.takes_time() && *declared.get("is_transient") == Tree::Bool(true)
    }
}

/// The attributes that can be changed in place.
pub(super) const NAMES: [&str; 5] = ["display_name", "description", "tag", "is_transient", WAIT];

impl ObjectResource {
    /// Whether the object of `state` is gone because its time is over.
    pub(super) async fn has_expired(&self, connection: &Connection, state: &Value) -> bool {
        let Some(path) = self.path(state).filter(|_| self.may_have_expired(state)) else { return false };
        matches!(connection.backend.get(&path).await, Ok(None))
    }
}

/// The object is there, and nobody knows how far it is.
fn unseen(path: &PolicyPath, why: &str) -> Diagnostic {
    let detail = format!("{path} was created. How far it is cannot be told: {why}");
    Diagnostic::warning("The live trace was not waited for", detail)
}
