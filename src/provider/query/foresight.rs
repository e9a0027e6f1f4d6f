//! What the rest of a plan declares.
//!
//! While Terraform plans, a data source whose arguments are all known is read before
//! anything is applied. What it is asked about may not exist yet; what the same plan
//! declares is known as far as Terraform has come. It is waited for, because Terraform
//! plans what does not depend on each other in any order.

use std::time::Duration;

use crate::engine::Planned;
use crate::provider::run::Waited;
use crate::provider::shared::Connection;
use crate::provider::terraform::parallelism;
use crate::tf_provider::{Context, Diagnostic, Diagnostics};

/// A plan that has not moved for so long has come as far as it can while a data source
/// is read.
const QUIET: Duration = Duration::from_secs(2);

/// What the rest of a plan declares: the objects it creates, changes and deletes, once it
/// has come as far as it can. None in an apply, where they are what they are.
pub async fn foreseen(cx: &Context, connection: &Connection) -> Result<Vec<Planned>, Diagnostics> {
    let mut events = connection.run.events();
    while !connection.run.has_applied() {
        match events.next_within(cx, QUIET).await {
            Waited::Moved => {}
            Waited::InVain => return Ok(connection.run.planned_objects()),
            // Nothing has been planned that is not there already: as far as can be seen, this
            // is a plan without changes.
            Waited::Crowded if connection.run.is_about_what_exists() => return Ok(Vec::new()),
            Waited::Crowded => return Err(crowded().into()),
        }
    }
    Ok(Vec::new())
}

/// Terraform plans so many things at a time, and all of them are data sources that wait
/// for the rest: an answer without the rest would be a wrong one.
fn crowded() -> Diagnostic {
    let detail = format!(
        "Terraform does {places} things at a time, and so many data sources wait for the rest of the plan, which they are \
         about. Run it with -parallelism={more}, or ask with fewer data sources at once, or give them depends_on, so that \
         they are read after the apply.",
        places = parallelism(),
        more = parallelism() * 10,
    );
    Diagnostic::error("Too many questions about what is being planned", detail)
}
