//! What the provider offers, and its own configuration.

use std::sync::Arc;

use crate::tf_provider::diagnostics::Diagnostics;
use crate::tf_provider::server::proto;
use crate::tf_provider::server::shared::Shared;
use crate::tf_provider::server::wire::value::Codec;
use crate::tf_provider::server::wire::{diagnostics, schema};
use crate::tf_provider::validate;

/// The names of everything, without the schemas.
pub async fn metadata(
    shared: Arc<Shared>,
    _: proto::get_metadata::Request,
) -> Result<proto::get_metadata::Response, Diagnostics> {
    use proto::get_metadata::{DataSourceMetadata, FunctionMetadata, ResourceMetadata};
    let registry = &shared.registry;
    Ok(proto::get_metadata::Response {
        server_capabilities: Some(schema::capabilities()),
        resources: registry.resources.keys().map(|name| ResourceMetadata { type_name: name.clone() }).collect(),
        data_sources: registry.data_sources.keys().map(|name| DataSourceMetadata { type_name: name.clone() }).collect(),
        functions: registry.functions.keys().map(|name| FunctionMetadata { name: name.clone() }).collect(),
        ..Default::default()
    })
}

/// The schemas of everything.
pub async fn schemas(
    shared: Arc<Shared>,
    _: proto::get_provider_schema::Request,
) -> Result<proto::get_provider_schema::Response, Diagnostics> {
    Ok(shared.schemas.clone())
}

/// The identities of resource types: none yet.
pub async fn identities(
    _: Arc<Shared>,
    _: proto::get_resource_identity_schemas::Request,
) -> Result<proto::get_resource_identity_schemas::Response, Diagnostics> {
    Ok(proto::get_resource_identity_schemas::Response::default())
}

/// Checks the provider block and hands it back as it is.
pub async fn prepare(
    shared: Arc<Shared>,
    request: proto::prepare_provider_config::Request,
) -> Result<proto::prepare_provider_config::Response, Diagnostics> {
    let provider = &shared.registry.provider;
    let config = Codec::new(&request, &provider.ty).decode("configuration", request.config.as_ref())?;
    let mut told = validate::validate(&provider.schema, &config);
    if !told.has_errors() {
        told.extend(provider.handler.validate(&shared.context(), &config).await);
    }
    Ok(proto::prepare_provider_config::Response {
        prepared_config: request.config,
        diagnostics: diagnostics::encode(told),
    })
}

/// Takes the provider block into use.
pub async fn configure(
    shared: Arc<Shared>,
    request: proto::configure::Request,
) -> Result<proto::configure::Response, Diagnostics> {
    let provider = &shared.registry.provider;
    let config = Codec::new(&request, &provider.ty).decode("configuration", request.config.as_ref())?;
    let told = provider.handler.configure(&shared.context(), &config).await;
    Ok(proto::configure::Response { diagnostics: diagnostics::encode(told) })
}

/// Cancels what runs.
pub async fn stop(shared: Arc<Shared>, _: proto::stop::Request) -> Result<proto::stop::Response, Diagnostics> {
    shared.stop();
    Ok(proto::stop::Response::default())
}
