//! The table of calls. Each runs in a task of its own, so that a panic stays in
//! it, and so that a change once begun is finished even if nobody waits for it.

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use tokio_stream::Once;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};
use tracing::Instrument;

use super::call::Call;
use super::calls::{data_source, function, lifecycle, offer, state, unoffered};
use super::proto::{self, provider_server::Provider as Protocol};
use super::registry::RegistryError;
use super::shared::Shared;
use crate::tf_provider::diagnostics::{Diagnostic, Diagnostics};
use crate::tf_provider::provider::Provider;

/// The service Terraform talks to.
#[derive(Clone)]
pub struct ProviderService {
    shared: Arc<Shared>,
}

impl ProviderService {
    /// Serves `provider`; `shutdown` cancels all of its operations.
    pub fn new(provider: Arc<dyn Provider>, shutdown: CancellationToken) -> Result<Self, RegistryError> {
        Ok(Self { shared: Arc::new(Shared::new(provider, shutdown)?) })
    }

    /// Tells the provider that Terraform is done with it.
    pub async fn dismissed(&self) {
        self.shared.registry.provider.handler.dismissed(self.shared.was_stopped()).await;
    }

    /// Carries `request` out with `operation`.
    async fn run<Q, F, R>(&self, request: Q, operation: F) -> Q::Reply
    where
        Q: Call,
        F: FnOnce(Arc<Shared>, Q) -> R + Send + 'static,
        R: Future<Output = Result<Q::Reply, Diagnostics>> + Send + 'static,
    {
        let mut fallback = request.fallback();
        let subject = request.subject().to_owned();
        let begun = Instant::now();
        let span = tracing::debug_span!("call", tf_rpc = Q::NAME, tf_type = subject);
        let outcome = tokio::spawn(operation(Arc::clone(&self.shared), request).instrument(span.clone())).await;
        let _entered = span.enter();
        let elapsed_us = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        match outcome {
            Ok(Ok(reply)) => {
                tracing::debug!(elapsed_us, "answered");
                return reply;
            }
            Ok(Err(reason)) => {
                tracing::debug!(elapsed_us, "refused");
                Q::refuse(&mut fallback, reason);
            }
            Err(failure) => {
                tracing::error!(elapsed_us, panic = failure.is_panic(), "broke off");
                Q::refuse(&mut fallback, broke_off(Q::NAME, &subject).into());
            }
        }
        fallback
    }
}

fn broke_off(call: &str, subject: &str) -> Diagnostic {
    let about = if subject.is_empty() { String::new() } else { format!(" of {subject}") };
    Diagnostic::error(
        "The provider failed unexpectedly",
        format!(
            "{call}{about} broke off because of a mistake in the provider. What it had already done was not undone \
             and may not be recorded. The provider's log (TF_LOG_PROVIDER=ERROR) names the place in its source; \
             please report it."
        ),
    )
}

/// The service, from one line per call: its method, its messages, what does it.
macro_rules! protocol {
    ($($method:ident $message:ident by $operation:path;)*) => {
        #[tonic::async_trait]
        impl Protocol for ProviderService {
            type ListResourceStream = Once<Result<proto::list_resource::Event, Status>>;
            type InvokeActionStream = Once<Result<proto::invoke_action::Event, Status>>;

            $(async fn $method(
                &self,
                request: Request<proto::$message::Request>,
            ) -> Result<Response<proto::$message::Response>, Status> {
                Ok(Response::new(self.run(request.into_inner(), $operation).await))
            })*

            async fn list_resource(
                &self,
                request: Request<proto::list_resource::Request>,
            ) -> Result<Response<Self::ListResourceStream>, Status> {
                let event = self.run(request.into_inner(), unoffered::list).await;
                Ok(Response::new(tokio_stream::once(Ok(event))))
            }

            async fn invoke_action(
                &self,
                request: Request<proto::invoke_action::Request>,
            ) -> Result<Response<Self::InvokeActionStream>, Status> {
                let event = self.run(request.into_inner(), unoffered::action).await;
                Ok(Response::new(tokio_stream::once(Ok(event))))
            }
        }
    };
}

protocol! {
    get_metadata get_metadata by offer::metadata;
    get_schema get_provider_schema by offer::schemas;
    get_functions get_functions by function::signatures;
    get_resource_identity_schemas get_resource_identity_schemas by offer::identities;
    prepare_provider_config prepare_provider_config by offer::prepare;
    configure configure by offer::configure;
    stop stop by offer::stop;
    validate_resource_type_config validate_resource_type_config by lifecycle::validate;
    read_resource read_resource by lifecycle::read;
    plan_resource_change plan_resource_change by lifecycle::plan;
    apply_resource_change apply_resource_change by lifecycle::apply;
    upgrade_resource_state upgrade_resource_state by state::upgrade;
    import_resource_state import_resource_state by state::import;
    validate_data_source_config validate_data_source_config by data_source::validate;
    read_data_source read_data_source by data_source::read;
    upgrade_resource_identity upgrade_resource_identity by unoffered::identity;
    move_resource_state move_resource_state by unoffered::moved;
    generate_resource_config generate_resource_config by unoffered::generation;
    validate_ephemeral_resource_config validate_ephemeral_resource_config by unoffered::ephemeral;
    open_ephemeral_resource open_ephemeral_resource by unoffered::ephemeral;
    renew_ephemeral_resource renew_ephemeral_resource by unoffered::ephemeral;
    close_ephemeral_resource close_ephemeral_resource by unoffered::ephemeral;
    validate_list_resource_config validate_list_resource_config by unoffered::list;
    call_function call_function by function::call;
    plan_action plan_action by unoffered::action;
    validate_action_config validate_action_config by unoffered::action;
}
