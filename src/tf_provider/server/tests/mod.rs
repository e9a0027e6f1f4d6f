//! A tiny provider, and the calls of the protocol against it.

mod applying;
mod calling;
mod planning;
mod reading;
mod refusing;
mod sample;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::proto::provider_client::ProviderClient;
use super::proto::provider_server::ProviderServer;
use super::proto::{self, DynamicValue};
use super::{ProviderService, wire::schema};
use crate::tf_provider::value::{Type, Value, from_msgpack, to_msgpack};

pub(in crate::tf_provider) use sample::Sample;

/// The name of the resource type of [`Sample`].
pub(in crate::tf_provider) const THING: &str = "sample_thing";

/// The name of the function of [`Sample`].
pub(super) const REPEAT: &str = "repeat";

/// A client that talks to the service without a wire between them.
pub(super) type Client = ProviderClient<ProviderServer<ProviderService>>;

pub(super) fn service() -> ProviderService {
    ProviderService::new(Arc::new(Sample), CancellationToken::new()).expect("no type is declared twice")
}

pub(super) fn client() -> Client {
    ProviderClient::new(ProviderServer::new(service()))
}

pub(in crate::tf_provider) fn thing_type() -> Type {
    sample::thing_schema().block.ty()
}

/// A thing as written in a configuration, with these attributes set.
pub(in crate::tf_provider) fn thing(attributes: &[(&str, Value)]) -> Value {
    let mut thing = Value::object(
        ["name", "size", "secret", "id", "serial"]
            .map(|name| (name, Value::Null))
            .into_iter()
            .chain([("rule", Value::List(Vec::new()))]),
    );
    for (name, value) in attributes {
        thing.set(*name, value.clone());
    }
    thing
}

pub(in crate::tf_provider) fn named(name: &str) -> Value {
    thing(&[("name", name.into())])
}

pub(in crate::tf_provider) fn send(value: &Value) -> DynamicValue {
    let msgpack = to_msgpack(value, &thing_type()).expect("fits its type");
    DynamicValue { msgpack, json: Vec::new() }
}

pub(in crate::tf_provider) fn receive(message: Option<&DynamicValue>) -> Value {
    message.map_or(Value::Null, |it| from_msgpack(&it.msgpack, &thing_type()).expect("fits its type"))
}

pub(super) fn capable() -> proto::ClientCapabilities {
    proto::ClientCapabilities { deferral_allowed: false, write_only_attributes_allowed: true }
}

/// The plan of a thing.
pub(super) async fn plan(client: &mut Client, prior: &Value, config: &Value) -> proto::plan_resource_change::Response {
    let request = proto::plan_resource_change::Request {
        type_name: THING.into(),
        prior_state: Some(send(prior)),
        proposed_new_state: Some(send(config)),
        config: Some(send(config)),
        ..Default::default()
    };
    client.plan_resource_change(request).await.expect("answered").into_inner()
}

/// Plans and carries the plan out.
pub(super) async fn apply(
    client: &mut Client,
    prior: &Value,
    config: &Value,
) -> proto::apply_resource_change::Response {
    let plan = plan(client, prior, config).await;
    assert_eq!(plan.diagnostics, []);
    let request = proto::apply_resource_change::Request {
        type_name: THING.into(),
        prior_state: Some(send(prior)),
        planned_state: plan.planned_state,
        config: Some(send(config)),
        planned_private: plan.planned_private,
        ..Default::default()
    };
    client.apply_resource_change(request).await.expect("answered").into_inner()
}

/// The only diagnostic there is.
pub(super) fn only(diagnostics: &[proto::Diagnostic]) -> &proto::Diagnostic {
    assert_eq!(diagnostics.len(), 1, "{diagnostics:?}");
    &diagnostics[0]
}

/// The attribute a diagnostic is about.
pub(super) fn about(diagnostic: &proto::Diagnostic) -> String {
    use proto::attribute_path::step::Selector;
    let steps = diagnostic.attribute.iter().flat_map(|path| &path.steps);
    let names: Vec<_> = steps
        .map(|step| match &step.selector {
            Some(Selector::AttributeName(name) | Selector::ElementKeyString(name)) => name.clone(),
            Some(Selector::ElementKeyInt(index)) => index.to_string(),
            None => "?".to_owned(),
        })
        .collect();
    names.join(".")
}

#[tokio::test]
async fn the_schemas_are_told_with_the_capabilities() {
    let told = client().get_schema(proto::get_provider_schema::Request {}).await.expect("answered").into_inner();
    assert_eq!(told.resource_schemas[THING], schema::encode(&sample::thing_schema()));
    assert_eq!(told.data_source_schemas.keys().collect::<Vec<_>>(), ["sample_lookup"]);
    assert_eq!(told.functions.keys().collect::<Vec<_>>(), [REPEAT]);
    assert!(told.provider.is_some());
    let capabilities = told.server_capabilities.expect("told");
    assert!(capabilities.plan_destroy && capabilities.get_provider_schema_optional);
    assert!(!capabilities.move_resource_state && !capabilities.generate_resource_config);
}

#[tokio::test]
async fn the_metadata_name_what_the_schemas_describe() {
    let told = client().get_metadata(proto::get_metadata::Request {}).await.expect("answered").into_inner();
    assert_eq!(told.resources.iter().map(|it| it.type_name.as_str()).collect::<Vec<_>>(), [THING]);
    assert_eq!(told.data_sources.iter().map(|it| it.type_name.as_str()).collect::<Vec<_>>(), ["sample_lookup"]);
    assert_eq!(told.functions.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), [REPEAT]);
    assert!(told.server_capabilities.is_some());
}
