//! Data sources.

use std::sync::Arc;

use super::fit;
use crate::tf_provider::diagnostics::Diagnostics;
use crate::tf_provider::provider::Found;
use crate::tf_provider::server::proto;
use crate::tf_provider::server::shared::Shared;
use crate::tf_provider::server::wire::diagnostics;
use crate::tf_provider::server::wire::value::Codec;
use crate::tf_provider::validate;

/// Checks a configuration.
pub async fn validate(
    shared: Arc<Shared>,
    request: proto::validate_data_source_config::Request,
) -> Result<proto::validate_data_source_config::Response, Diagnostics> {
    let declared = shared.registry.data_source(&request.type_name)?;
    let config = Codec::new(&request, &declared.ty).decode("configuration", request.config.as_ref())?;
    let mut told = validate::validate(&declared.schema, &config);
    if !told.has_errors() {
        told.extend(declared.handler.validate(&shared.context(), &config).await);
    }
    Ok(proto::validate_data_source_config::Response { diagnostics: diagnostics::encode(told) })
}

/// Reads it.
pub async fn read(
    shared: Arc<Shared>,
    request: proto::read_data_source::Request,
) -> Result<proto::read_data_source::Response, Diagnostics> {
    let declared = shared.registry.data_source(&request.type_name)?;
    let wire = Codec::new(&request, &declared.ty);
    let config = wire.decode("configuration", request.config.as_ref())?;
    let Found { value, warnings: mut told } = declared.handler.read(&shared.context(), &config).await?;
    let (state, of_state) = fit(declared, &wire, value);
    told.extend(of_state);
    Ok(proto::read_data_source::Response { state, diagnostics: diagnostics::encode(told), ..Default::default() })
}
