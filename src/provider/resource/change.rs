//! Changing objects, merged with what others changed meanwhile.

use serde_json::Value as Json;

use super::{ObjectResource, interrupted, unique_id_in};
use crate::backend::BackendError;
use crate::engine::{Object, Refusal};
use crate::model::PolicyPath;
use crate::model::tree::{Fields, Tree};
use crate::provider::merge::{Merge, merge, with_secrets_cleared};
use crate::provider::messages;
use crate::provider::shared::Connection;
use crate::tf_provider::{Context, Diagnostic, Diagnostics, Path, UpdateRequest, Value};

/// How often a write is tried anew because somebody else wrote in between.
const ATTEMPTS: usize = 10;

/// What became of a change.
enum Change {
    /// It was made; others had changed the fields `foreign` meanwhile.
    Made { object: Object, foreign: Vec<String> },
    /// Others had changed these of its fields; all the time, if there are none.
    Clash(Vec<String>),
    /// There is no such object any more.
    Gone,
    /// The backend did not do it.
    Failed(BackendError),
}

impl ObjectResource {
    /// Changes the object as planned, and returns its state; or says why nothing
    /// was changed.
    pub(super) async fn change_object(
        &self,
        cx: &Context,
        connection: &Connection,
        request: &UpdateRequest<'_>,
    ) -> Result<(Value, Diagnostics), Diagnostics> {
        let title = self.face.kind.title;
        if cx.cancelled.is_cancelled() {
            return Err(interrupted(title));
        }
        self.check_planned(request.config, request.planned)?;
        let (Some(path), Some(base), Some(ours)) =
            (self.path(request.prior), self.fields_of(request.prior), self.fields_of(request.planned))
        else {
            let detail = "The state or the plan holds values that are not known.";
            return Err(Diagnostic::error(format!("The {title} cannot be changed"), detail).into());
        };
        let unique_id_before = unique_id_in(self.face, request.prior);
        let shown_here = self.face.flexible_field(request.planned);
        let which = (unique_id_before, shown_here);
        match self.write_change(cx, connection, &path, which, (&base, &ours)).await {
            Change::Made { object, foreign } => {
                connection.run.stir();
                let mut state = self.state(&object, request.planned);
                // Terraform holds the provider to its plan; what others changed
                // shows in the next one.
                for name in &foreign {
                    state.set(name.as_str(), request.planned.get(name).clone());
                }
                let noted = (!foreign.is_empty()).then(|| merged_with(title, &foreign));
                Ok((state, noted.into_iter().collect()))
            }
            Change::Clash(fields) => Err(clash(title, &path, &fields)),
            Change::Gone => {
                let detail = format!("{path} was deleted after this plan was made. Run terraform plan again.");
                Err(Diagnostic::error(format!("The {title} is gone"), detail).into())
            }
            Change::Failed(error) => Err(messages::of_error(self.face, "changed", &error)),
        }
    }

    /// Writes the planned change onto what there is now.
    async fn write_change(
        &self,
        cx: &Context,
        connection: &Connection,
        path: &PolicyPath,
        (unique_id_before, shown_here): (&str, Option<&str>),
        (base, ours): (&Fields, &Fields),
    ) -> Change {
        let mut events = connection.run.events();
        for _ in 0..ATTEMPTS {
            let current = match connection.backend.get(path).await {
                Ok(Some(current)) if current.kind() == self.face.kind && is_the_same(&current, unique_id_before) => {
                    current
                }
                Ok(_) => return Change::Gone,
                Err(error) => return Change::Failed(error),
            };
            let kind = self.face.kind;
            let hides = current.hides_secrets();
            let theirs = self.declared_beside(&current, base);
            let (fields, foreign) = match merge(kind, shown_here, base, ours, &theirs) {
                Merge::Clean { fields, foreign } => (fields, foreign),
                Merge::Clash(fields) => return Change::Clash(fields),
            };
            let fields = if hides { with_secrets_cleared(kind, fields, base) } else { fields };
            let Json::Object(body) = Tree::Object(fields).to_json() else { return Change::Gone };
            match connection.backend.replace(path, body, current.revision()).await {
                Ok(object) => return Change::Made { object, foreign },
                Err(BackendError::Refused(Refusal::Stale { .. })) => {}
                // What it refers to may be on its way, or about to change.
                Err(BackendError::Refused(Refusal::Dangling { .. } | Refusal::Invalid(_))) if events.next(cx).await => {
                }
                Err(error) => return Change::Failed(error),
            }
        }
        Change::Clash(Vec::new())
    }
}

/// Whether an object is the one with this unique id, and not another that came to
/// its path.
fn is_the_same(object: &Object, unique_id_before: &str) -> bool {
    [object.unique_id(), ""].contains(&unique_id_before)
}

fn merged_with(title: &str, foreign: &[String]) -> Diagnostic {
    let detail = format!(
        "Somebody else changed {} after this plan was made. Those changes were kept; the next plan shows them.",
        foreign.join(", ")
    );
    Diagnostic::warning(format!("The {title} was changed by somebody else as well"), detail)
}

fn clash(title: &str, path: &PolicyPath, fields: &[String]) -> Diagnostics {
    let summary = format!("The {title} was changed by somebody else");
    if fields.is_empty() {
        let detail = format!("{path} is being changed again and again by others. Run terraform plan again.");
        return Diagnostic::error(summary, detail).into();
    }
    let detail = |name: &str| {
        format!(
            "After this plan was made, somebody else set {name} of {path} to another value. Nothing was changed. Run \
             terraform plan again to see what is different now."
        )
    };
    fields.iter().map(|name| Diagnostic::error(summary.clone(), detail(name)).at(Path::attribute(name))).collect()
}
