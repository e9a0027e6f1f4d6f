//! What the protocol has and this layer does not offer yet. Terraform asks for
//! none of it unless a schema announces it; who asks nevertheless gets a plain
//! answer.

use std::sync::Arc;

use crate::tf_provider::diagnostics::{Diagnostic, Diagnostics};
use crate::tf_provider::server::call::Call;
use crate::tf_provider::server::shared::Shared;

fn refuse<Q: Call>(request: &Q, summary: &str, what: &str) -> Diagnostics {
    let subject = request.subject();
    let detail = format!("This version of the provider offers no {what} {subject:?} ({} was called).", Q::NAME);
    Diagnostic::error(summary, detail).into()
}

/// Anything to do with an ephemeral resource.
pub async fn ephemeral<Q: Call>(_: Arc<Shared>, request: Q) -> Result<Q::Reply, Diagnostics> {
    Err(refuse(&request, "Ephemeral resource not offered", "ephemeral resource"))
}

/// Anything to do with a list resource.
pub async fn list<Q: Call>(_: Arc<Shared>, request: Q) -> Result<Q::Reply, Diagnostics> {
    Err(refuse(&request, "List resource not offered", "list resource"))
}

/// Anything to do with an action.
pub async fn action<Q: Call>(_: Arc<Shared>, request: Q) -> Result<Q::Reply, Diagnostics> {
    Err(refuse(&request, "Action not offered", "action"))
}

/// Anything to do with a resource identity.
pub async fn identity<Q: Call>(_: Arc<Shared>, request: Q) -> Result<Q::Reply, Diagnostics> {
    Err(refuse(&request, "Resource identity not offered", "identity for the resource type"))
}

/// A `moved` block from another type.
pub async fn moved<Q: Call>(_: Arc<Shared>, request: Q) -> Result<Q::Reply, Diagnostics> {
    Err(refuse(&request, "Move not offered", "move of another type's state to the resource type"))
}

/// The configuration for an imported object.
pub async fn generation<Q: Call>(_: Arc<Shared>, request: Q) -> Result<Q::Reply, Diagnostics> {
    Err(refuse(&request, "Configuration generation not offered", "generated configuration for the resource type"))
}
