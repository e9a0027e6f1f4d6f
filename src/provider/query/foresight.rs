//! What the rest of a plan declares.
//!
//! While Terraform plans, a data source whose arguments are all known is read before
//! anything is applied. What it is asked about may not exist yet; what the same plan
//! declares is known as far as Terraform has come. It is waited for, because Terraform
//! plans what does not depend on each other in any order.

use std::time::Duration;

use crate::engine::Planned;
use crate::provider::shared::Connection;
use crate::tf_provider::Context;

/// A plan that has not moved for so long has come as far as it can while a data source
/// is read.
const QUIET: Duration = Duration::from_millis(400);

/// What the rest of a plan declares.
pub struct Foresight {
    /// The objects it creates, changes and deletes. None in an apply, where they are
    /// what they are.
    pub planned: Vec<Planned>,
}

impl Foresight {
    /// What is planned, once the plan has come as far as it can.
    pub async fn of(cx: &Context, connection: &Connection) -> Self {
        let mut events = connection.run.events();
        while !connection.run.has_applied() && events.next_within(cx, QUIET).await {}
        let planned = if connection.run.has_applied() { Vec::new() } else { connection.run.planned_objects() };
        Self { planned }
    }
}
