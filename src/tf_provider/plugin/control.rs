//! The services beside the provider's: shutdown and health.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use self::health::health_server::{Health, HealthServer};
use self::health::{HealthCheckRequest, HealthCheckResponse, health_check_response::ServingStatus};
use self::plugin::Empty;
use self::plugin::grpc_controller_server::{GrpcController, GrpcControllerServer};
use crate::tf_provider::server::ProviderService;

/// The messages and the service of `proto/grpc_controller.proto`, as generated.
pub(super) mod plugin {
    #![allow(
        dead_code,
        missing_docs,
        clippy::all,
        clippy::pedantic,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic
    )]
    tonic::include_proto!("plugin");
}

/// The messages and the service of `proto/health.proto`, as generated.
pub(super) mod health {
    #![allow(
        dead_code,
        missing_docs,
        clippy::all,
        clippy::pedantic,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic
    )]
    tonic::include_proto!("grpc.health.v1");
}

/// How long the provider may take to tidy up; after two seconds Terraform kills.
const FAREWELL: Duration = Duration::from_secs(1);

/// The name under which Terraform asks for the health of a plugin.
const PLUGIN: &str = "plugin";

/// What Terraform calls when it is done with the process.
pub(super) fn shutdown_service(
    service: ProviderService,
    shutdown: CancellationToken,
) -> GrpcControllerServer<impl GrpcController> {
    GrpcControllerServer::new(Controller { service, shutdown })
}

/// What Terraform calls to see whether the process still answers.
pub(super) fn health_service() -> HealthServer<impl Health> {
    HealthServer::new(Healthy)
}

struct Controller {
    service: ProviderService,
    shutdown: CancellationToken,
}

#[tonic::async_trait]
impl GrpcController for Controller {
    async fn shutdown(&self, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        if tokio::time::timeout(FAREWELL, self.service.dismissed()).await.is_err() {
            tracing::warn!("the provider was not done when it had to end");
        }
        // The server lets calls that run, this one included, come to their end.
        self.shutdown.cancel();
        Ok(Response::new(Empty {}))
    }
}

struct Healthy;

#[tonic::async_trait]
impl Health for Healthy {
    async fn check(&self, request: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        match request.into_inner().service.as_str() {
            "" | PLUGIN => Ok(Response::new(HealthCheckResponse { status: ServingStatus::Serving.into() })),
            other => Err(Status::not_found(format!("there is no service {other:?} here"))),
        }
    }
}
