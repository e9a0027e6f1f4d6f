//! The traits a provider implements.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::diagnostics::{Diagnostic, Diagnostics};
use super::function::Function;
use super::schema::Schema;
use super::value::Value;

/// What every operation is given besides its values.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// Cancelled when Terraform sends Stop (the user pressed Ctrl-C): finish or
    /// undo the step at hand, start nothing new, and return what exists.
    pub cancelled: CancellationToken,
}

/// A provider: its own configuration and what it offers.
#[async_trait]
pub trait Provider: Send + Sync + 'static {
    /// The schema of the provider block.
    fn schema(&self) -> Schema;

    /// The resource types.
    fn resources(&self) -> Vec<Arc<dyn Resource>>;

    /// The data sources.
    fn data_sources(&self) -> Vec<Arc<dyn DataSource>>;

    /// The functions. They are called on a provider that is not configured, too.
    fn functions(&self) -> Vec<Arc<dyn Function>> {
        Vec::new()
    }

    /// Checks the provider block beyond its schema. Values may be unknown.
    async fn validate(&self, _cx: &Context, _config: &Value) -> Diagnostics {
        Diagnostics::none()
    }

    /// Takes the provider block into use. Values may be unknown while planning.
    async fn configure(&self, cx: &Context, config: &Value) -> Diagnostics;

    /// Terraform is done with this process. Unless it `was_stopped`, it has taken
    /// note of the result of every operation. After a Stop that is not sure: who presses
    /// Ctrl-C twice does not let it write its state. Not called when the process ends
    /// in any other way. Terraform waits for two seconds at most.
    async fn dismissed(&self, _was_stopped: bool) {}
}

/// State that only the provider sees, kept by Terraform beside the visible one.
/// Its values are JSON; keys are the provider's own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Private(pub BTreeMap<String, serde_json::Value>);

/// A resource type. Values are objects with the attributes and blocks of
/// [`Resource::schema`].
///
/// Every operation may return an error diagnostic instead of, or in addition to,
/// its result; what a failed operation left behind must still be returned.
#[async_trait]
pub trait Resource: Send + Sync + 'static {
    /// The type name with the provider's prefix: `vpn_ike_profile`.
    fn type_name(&self) -> &str;

    /// Attributes and blocks. `schema().version` counts incompatible changes.
    fn schema(&self) -> Schema;

    /// Checks a configuration beyond its schema. Values may be unknown.
    async fn validate(&self, _cx: &Context, _config: &Value) -> Diagnostics {
        Diagnostics::none()
    }

    /// Chooses values for attributes that the configuration leaves to the
    /// provider, before anything else is planned: the result is planned as if the
    /// user had written it. An attribute may be given a value only if it is null
    /// in `config` and computed in the schema.
    fn choose(&self, config: &Value, _prior: Option<&Value>) -> Value {
        config.clone()
    }

    /// Completes a plan to create or update: everything the schema can say
    /// (defaults, kept values, unknowns, replacements) has been applied already.
    async fn plan(&self, _cx: &Context, _request: &mut PlanRequest<'_>) -> Diagnostics {
        Diagnostics::none()
    }

    /// Completes a plan to delete. Returns the private state for the deletion.
    async fn plan_delete(&self, _cx: &Context, _state: &Value, private: Private) -> (Private, Diagnostics) {
        (private, Diagnostics::none())
    }

    /// Creates the object that was planned.
    async fn create(&self, cx: &Context, request: CreateRequest<'_>) -> Applied;

    /// Reads the object as it is now.
    async fn read(&self, cx: &Context, request: ReadRequest<'_>) -> ReadResponse;

    /// Changes the object as planned.
    async fn update(&self, cx: &Context, request: UpdateRequest<'_>) -> Applied;

    /// Deletes the object. Without an error the object is gone.
    async fn delete(&self, cx: &Context, request: DeleteRequest<'_>) -> Diagnostics;

    /// Finds the object that `terraform import` names.
    async fn import(&self, _cx: &Context, request: ImportRequest<'_>) -> Result<Vec<Imported>, Diagnostics> {
        Err(Diagnostic::error(
            "Import is not supported",
            format!("Objects of type {} cannot be imported (asked for {:?}).", self.type_name(), request.id),
        )
        .into())
    }

    /// Brings state of an older schema version, as JSON, to the current one. It
    /// is also called for the current version: then it must return it as it is,
    /// less what the schema no longer has.
    fn upgrade(&self, _version: i64, state: serde_json::Value) -> Result<serde_json::Value, Diagnostics> {
        Ok(state)
    }
}

/// A data source.
#[async_trait]
pub trait DataSource: Send + Sync + 'static {
    /// The type name with the provider's prefix: `vpn_ike_profile`.
    fn type_name(&self) -> &str;

    /// Attributes and blocks.
    fn schema(&self) -> Schema;

    /// Checks a configuration beyond its schema. Values may be unknown.
    async fn validate(&self, _cx: &Context, _config: &Value) -> Diagnostics {
        Diagnostics::none()
    }

    /// Reads it. All of `config` is known.
    async fn read(&self, cx: &Context, config: &Value) -> Result<Found, Diagnostics>;
}

/// What a data source has read.
pub struct Found {
    /// It.
    pub value: Value,
    /// What is to be said of it.
    pub warnings: Diagnostics,
}

impl From<Value> for Found {
    fn from(value: Value) -> Self {
        Self { value, warnings: Diagnostics::none() }
    }
}

/// A plan to create or update, for [`Resource::plan`] to complete.
pub struct PlanRequest<'a> {
    /// What the user wrote; values may be unknown.
    pub config: &'a Value,
    /// The state before; `None` when the object is to be created.
    pub prior: Option<&'a Value>,
    /// The state to come, to be changed in place. Only computed attributes may be
    /// set to something that is neither the configuration nor the prior value.
    pub planned: Value,
    /// Attributes that, being changed, make Terraform replace the object.
    pub replace: Vec<super::path::Path>,
    /// Private state for the operation that carries the plan out.
    pub private: Private,
}

/// The arguments of [`Resource::create`].
pub struct CreateRequest<'a> {
    /// What the user wrote, all known.
    pub config: &'a Value,
    /// The planned state; attributes the provider fills in are unknown.
    pub planned: &'a Value,
    /// Private state from the plan.
    pub private: Private,
}

/// The arguments of [`Resource::update`].
pub struct UpdateRequest<'a> {
    /// What the user wrote, all known.
    pub config: &'a Value,
    /// The state the plan was made from.
    pub prior: &'a Value,
    /// The planned state; attributes the provider fills in are unknown.
    pub planned: &'a Value,
    /// Private state from the plan.
    pub private: Private,
}

/// The arguments of [`Resource::delete`].
pub struct DeleteRequest<'a> {
    /// The state of the object to delete.
    pub state: &'a Value,
    /// Private state from the plan.
    pub private: Private,
}

/// The arguments of [`Resource::read`].
pub struct ReadRequest<'a> {
    /// The state as Terraform has it. After an import it may hold little more
    /// than what the import set.
    pub state: &'a Value,
    /// Private state.
    pub private: Private,
}

/// The result of [`Resource::read`].
pub struct ReadResponse {
    /// The object as it is; `None` when it is gone.
    pub state: Option<Value>,
    /// Private state to keep.
    pub private: Private,
    /// What there is to say.
    pub diagnostics: Diagnostics,
}

/// The result of [`Resource::create`] and [`Resource::update`].
pub struct Applied {
    /// The object as it is now. With an error: what there is of it, `None` when
    /// nothing was created. For an update that failed before it changed anything:
    /// the prior state.
    pub state: Option<Value>,
    /// Private state to keep.
    pub private: Private,
    /// What there is to say.
    pub diagnostics: Diagnostics,
}

/// The arguments of [`Resource::import`].
pub struct ImportRequest<'a> {
    /// What the user named.
    pub id: &'a str,
}

/// An object found by [`Resource::import`]. Terraform reads it next.
pub struct Imported {
    /// The resource type; usually the one that was asked.
    pub type_name: String,
    /// Enough of the state for [`Resource::read`] to find the object.
    pub state: Value,
    /// Private state to keep.
    pub private: Private,
}
