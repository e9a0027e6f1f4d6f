//! Resources: checked, read, planned, created, changed, deleted.

use std::sync::Arc;

use super::fit;
use crate::tf_provider::diagnostics::{Diagnostic, Diagnostics};
use crate::tf_provider::plan::propose;
use crate::tf_provider::provider::{
    Applied, CreateRequest, DeleteRequest, PlanRequest, Private, ReadRequest, Resource, UpdateRequest,
};
use crate::tf_provider::server::proto;
use crate::tf_provider::server::registry::Declared;
use crate::tf_provider::server::shape;
use crate::tf_provider::server::shared::Shared;
use crate::tf_provider::server::wire::diagnostics;
use crate::tf_provider::server::wire::value::Codec;
use crate::tf_provider::validate;
use crate::tf_provider::value::Value;

/// Checks a configuration.
pub async fn validate(
    shared: Arc<Shared>,
    request: proto::validate_resource_type_config::Request,
) -> Result<proto::validate_resource_type_config::Response, Diagnostics> {
    let declared = shared.registry.resource(&request.type_name)?;
    let config = Codec::new(&request, &declared.ty).decode("configuration", request.config.as_ref())?;
    let mut told = validate::validate(&declared.schema, &config);
    if !request.client_capabilities.is_some_and(|client| client.write_only_attributes_allowed) {
        told.extend(shape::write_only_given(&declared.schema.block, &config).into_iter().map(|path| {
            let detail = format!("{path} is write-only, which needs Terraform 1.11 or OpenTofu 1.11 at least.");
            // Terraform prints the line it is pointed at, and what is write-only is secret.
            Diagnostic::error("Write-only attribute not supported by this Terraform", detail)
        }));
    }
    if !told.has_errors() {
        told.extend(declared.handler.validate(&shared.context(), &config).await);
    }
    Ok(proto::validate_resource_type_config::Response { diagnostics: diagnostics::encode(told) })
}

/// Reads the object as it is now.
pub async fn read(
    shared: Arc<Shared>,
    request: proto::read_resource::Request,
) -> Result<proto::read_resource::Response, Diagnostics> {
    let declared = shared.registry.resource(&request.type_name)?;
    let wire = Codec::new(&request, &declared.ty);
    let state = wire.decode("state", request.current_state.as_ref())?;
    let private = wire.private(&request.private)?;
    if matches!(state, Value::Null) {
        return Ok(proto::read_resource::Response {
            new_state: Some(wire.encode("state", &Value::Null)?),
            private: request.private,
            ..Default::default()
        });
    }
    let answer = declared.handler.read(&shared.context(), ReadRequest { state: &state, private }).await;
    let mut told = answer.diagnostics;
    if told.has_errors() {
        return Err(told);
    }
    let (new_state, misfits) = fit(declared, &wire, answer.state.unwrap_or(Value::Null));
    told.extend(misfits);
    Ok(proto::read_resource::Response {
        new_state,
        diagnostics: diagnostics::encode(told),
        private: wire.encode_private(&answer.private)?,
        ..Default::default()
    })
}

/// Plans a creation, a change or a deletion.
pub async fn plan(
    shared: Arc<Shared>,
    request: proto::plan_resource_change::Request,
) -> Result<proto::plan_resource_change::Response, Diagnostics> {
    let declared = shared.registry.resource(&request.type_name)?;
    let wire = Codec::new(&request, &declared.ty);
    let cx = shared.context();
    let prior = wire.decode("prior state", request.prior_state.as_ref())?;
    let proposed = wire.decode("proposed state", request.proposed_new_state.as_ref())?;
    let private = wire.private(&request.prior_private)?;
    if matches!(proposed, Value::Null) {
        let (private, told) = declared.handler.plan_delete(&cx, &prior, private).await;
        return Ok(proto::plan_resource_change::Response {
            planned_state: Some(wire.encode("planned state", &Value::Null)?),
            planned_private: wire.encode_private(&private)?,
            diagnostics: diagnostics::encode(told),
            ..Default::default()
        });
    }
    let config = wire.decode("configuration", request.config.as_ref())?;
    let prior = (!matches!(prior, Value::Null)).then_some(&prior);
    let chosen = declared.handler.choose(&config, prior);
    let proposal = propose(&declared.schema, &chosen, prior);
    let mut plan =
        PlanRequest { config: &config, prior, planned: proposal.planned, replace: proposal.replace, private };
    let told = declared.handler.plan(&cx, &mut plan).await;
    if told.has_errors() {
        return Err(told);
    }
    let block = &declared.schema.block;
    let planned = shape::complete(block, shape::without_write_only(block, plan.planned));
    // There is nothing to replace in a creation. Terraform wants no path twice.
    let mut replace = if prior.is_some() { plan.replace } else { Vec::new() };
    replace.sort();
    replace.dedup();
    Ok(proto::plan_resource_change::Response {
        planned_state: Some(wire.encode("planned state", &planned)?),
        requires_replace: replace.iter().map(diagnostics::path).collect(),
        planned_private: wire.encode_private(&plan.private)?,
        diagnostics: diagnostics::encode(told),
        ..Default::default()
    })
}

/// Carries a plan out.
pub async fn apply(
    shared: Arc<Shared>,
    request: proto::apply_resource_change::Request,
) -> Result<proto::apply_resource_change::Response, Diagnostics> {
    let declared = shared.registry.resource(&request.type_name)?;
    let wire = Codec::new(&request, &declared.ty);
    let prior = wire.decode("prior state", request.prior_state.as_ref())?;
    let planned = wire.decode("planned state", request.planned_state.as_ref())?;
    let config = wire.decode("configuration", request.config.as_ref())?;
    let private = wire.private(&request.planned_private)?;
    let (cx, handler) = (shared.context(), &declared.handler);
    let applied = match (&prior, &planned) {
        (Value::Null, Value::Null) => Applied { state: None, private, diagnostics: Diagnostics::none() },
        (state, Value::Null) => {
            let told = handler.delete(&cx, DeleteRequest { state, private }).await;
            // The answer to a refused call is the prior state: the object is still there.
            if told.has_errors() {
                return Err(told);
            }
            Applied { state: None, private: Private::default(), diagnostics: told }
        }
        (Value::Null, planned) => handler.create(&cx, CreateRequest { config: &config, planned, private }).await,
        (prior, planned) => handler.update(&cx, UpdateRequest { config: &config, prior, planned, private }).await,
    };
    if matches!(planned, Value::Null) {
        return Ok(proto::apply_resource_change::Response {
            new_state: Some(wire.encode("state", &Value::Null)?),
            diagnostics: diagnostics::encode(applied.diagnostics),
            ..Default::default()
        });
    }
    changed(declared, &wire, applied)
}

/// The answer after a creation or a change.
fn changed(
    declared: &Declared<dyn Resource>,
    wire: &Codec,
    applied: Applied,
) -> Result<proto::apply_resource_change::Response, Diagnostics> {
    let mut told = applied.diagnostics;
    let Some(state) = applied.state else {
        if !told.has_errors() {
            let detail = "The operation reported success and returned no object. This is a mistake in the provider; \
                          please report it.";
            told.push(Diagnostic::error("The provider returned no object", detail));
        }
        return Err(told);
    };
    let (new_state, misfits) = fit(declared, wire, state);
    told.extend(misfits);
    let private = wire.encode_private(&applied.private).unwrap_or_else(|reason| {
        told.extend(reason);
        Vec::new()
    });
    Ok(proto::apply_resource_change::Response {
        new_state,
        private,
        diagnostics: diagnostics::encode(told),
        ..Default::default()
    })
}
