//! Functions.

use std::sync::Arc;

use crate::tf_provider::diagnostics::Diagnostics;
use crate::tf_provider::function::{FunctionError, Parameter, Signature};
use crate::tf_provider::server::proto::{self, DynamicValue, call_function};
use crate::tf_provider::server::shared::Shared;
use crate::tf_provider::server::wire::schema;
use crate::tf_provider::server::wire::value::Codec;
use crate::tf_provider::value::Value;

/// The signatures of all of them.
pub async fn signatures(
    shared: Arc<Shared>,
    _: proto::get_functions::Request,
) -> Result<proto::get_functions::Response, Diagnostics> {
    Ok(proto::get_functions::Response { functions: schema::functions(&shared.registry), ..Default::default() })
}

/// Calls one. Whether the provider is configured makes no difference.
pub async fn call(
    shared: Arc<Shared>,
    request: call_function::Request,
) -> Result<call_function::Response, Diagnostics> {
    let declared = shared.registry.function(&request.name)?;
    let outcome = arguments(&declared.signature, &request).and_then(|arguments| match arguments {
        Some(arguments) => declared.handler.call(&arguments),
        None => Ok(Value::unknown()),
    });
    let answer = match outcome {
        Ok(answer) => Codec::new(&request, &declared.signature.returns).encode("answer", &answer)?,
        Err(error) => return Ok(refused(error)),
    };
    Ok(call_function::Response { result: Some(answer), error: None })
}

fn refused(error: FunctionError) -> call_function::Response {
    let function_argument = error.argument.and_then(|position| i64::try_from(position).ok());
    call_function::Response { result: None, error: Some(proto::FunctionError { text: error.text, function_argument }) }
}

/// The arguments of a call; none where one is unknown that the function wants to know.
fn arguments(signature: &Signature, request: &call_function::Request) -> Result<Option<Vec<Value>>, FunctionError> {
    let (given, wanted) = (request.arguments.len(), signature.parameters.len());
    if given < wanted || (given > wanted && signature.variadic.is_none()) {
        let at_least = if signature.variadic.is_some() { "at least " } else { "" };
        let text = format!("{} takes {at_least}{wanted} arguments and was given {given}", request.name);
        return Err(FunctionError::new(text));
    }
    let mut values = Vec::with_capacity(given);
    let mut is_known = true;
    for (position, message) in request.arguments.iter().enumerate() {
        let Some(parameter) = signature.parameter(position) else { continue };
        let value = argument(parameter, request, message).map_err(|text| FunctionError::at(position, text))?;
        is_known &= parameter.allows_unknown || value.is_wholly_known();
        values.push(value);
    }
    Ok(is_known.then_some(values))
}

fn argument(parameter: &Parameter, request: &call_function::Request, message: &DynamicValue) -> Result<Value, String> {
    let name = &parameter.name;
    let value = Codec::new(request, &parameter.ty).decode(name, Some(message)).map_err(|told| {
        let details: Vec<_> = told.into_iter().map(|it| it.detail).collect();
        details.join(" ").trim_end_matches('.').to_owned()
    })?;
    if value.is_null() && !parameter.allows_null {
        return Err(format!("{name} must not be null"));
    }
    Ok(value)
}
