//! State from elsewhere: of an older version of the provider, and of objects
//! that Terraform did not create.

use std::sync::Arc;

use serde_json::Value as Json;

use super::fit;
use crate::tf_provider::diagnostics::{Diagnostic, Diagnostics};
use crate::tf_provider::provider::ImportRequest;
use crate::tf_provider::schema::{Block, NestedBlock, Nesting};
use crate::tf_provider::server::proto;
use crate::tf_provider::server::shared::Shared;
use crate::tf_provider::server::wire::diagnostics;
use crate::tf_provider::server::wire::value::Codec;
use crate::tf_provider::value::Type;

/// Brings state from a state file to the current schema.
pub async fn upgrade(
    shared: Arc<Shared>,
    request: proto::upgrade_resource_state::Request,
) -> Result<proto::upgrade_resource_state::Response, Diagnostics> {
    let declared = shared.registry.resource(&request.type_name)?;
    let wire = Codec::new(&request, &declared.ty);
    let current = declared.schema.version;
    if request.version > current {
        let detail = format!(
            "The state of {} has schema version {}, but this version of the provider knows only versions up to \
             {current}. It was written by a newer version of this provider: install that version or a later one.",
            request.type_name, request.version
        );
        return Err(Diagnostic::error("State written by a newer version of the provider", detail).into());
    }
    let raw = request.raw_state.as_ref();
    if raw.is_some_and(|raw| raw.json.is_empty() && !raw.flatmap.is_empty()) {
        let detail = format!(
            "The state of {} is in the form of Terraform 0.11 and earlier. Run `terraform apply` once with \
             Terraform 0.12 to convert it.",
            request.type_name
        );
        return Err(Diagnostic::error("State in an obsolete form", detail).into());
    }
    let json = match raw {
        Some(raw) if !raw.json.is_empty() => wire.parse("state", &raw.json)?,
        _ => Json::Null,
    };
    // The resource sees all of the old state, attributes that are gone included:
    // an upgrade may need them.
    let upgraded = if json.is_null() { json } else { declared.handler.upgrade(request.version, json)? };
    let state = wire.decode_json("state", &conform(&declared.schema.block, upgraded))?;
    let (upgraded_state, told) = fit(declared, &wire, state);
    Ok(proto::upgrade_resource_state::Response { upgraded_state, diagnostics: diagnostics::encode(told) })
}

/// Finds the object that `terraform import` names.
pub async fn import(
    shared: Arc<Shared>,
    request: proto::import_resource_state::Request,
) -> Result<proto::import_resource_state::Response, Diagnostics> {
    let asked = shared.registry.resource(&request.type_name)?;
    if request.id.is_empty() && request.identity.is_some() {
        let detail = format!("{} has no identity: import it by id.", request.type_name);
        return Err(Diagnostic::error("Import by identity not offered", detail).into());
    }
    let found = asked.handler.import(&shared.context(), ImportRequest { id: &request.id }).await?;
    let mut told = Diagnostics::none();
    if found.is_empty() {
        let detail = format!("There is no object {:?} of type {}.", request.id, request.type_name);
        told.push(Diagnostic::error("Nothing to import", detail));
    }
    let mut imported_resources = Vec::new();
    for object in found {
        let declared = shared.registry.resource(&object.type_name)?;
        let wire = Codec::new(&request, &declared.ty);
        let (state, misfits) = fit(declared, &wire, object.state);
        told.extend(misfits);
        imported_resources.push(proto::import_resource_state::ImportedResource {
            type_name: object.type_name,
            state,
            private: wire.encode_private(&object.private)?,
            identity: None,
        });
    }
    Ok(proto::import_resource_state::Response {
        imported_resources,
        diagnostics: diagnostics::encode(told),
        ..Default::default()
    })
}

/// `state` with the attributes and blocks of `block` and no others. What has
/// another shape is left as it is: decoding reports it.
fn conform(block: &Block, state: Json) -> Json {
    let Json::Object(mut old) = state else { return state };
    let mut new = serde_json::Map::new();
    for attribute in &block.attributes {
        let held = old.remove(&attribute.name).unwrap_or(Json::Null);
        new.insert(attribute.name.clone(), conform_type(&attribute.ty, held));
    }
    for nested in &block.blocks {
        let held = old.remove(&nested.name).unwrap_or(Json::Null);
        new.insert(nested.name.clone(), conform_blocks(nested, held));
    }
    Json::Object(new)
}

fn conform_blocks(nested: &NestedBlock, held: Json) -> Json {
    let each = |element| conform(&nested.block, element);
    match (nested.nesting, held) {
        (Nesting::Single, held) => each(held),
        (Nesting::List | Nesting::Set, Json::Null) => Json::Array(Vec::new()),
        (Nesting::Map, Json::Null) => Json::Object(serde_json::Map::new()),
        (_, held) => map_elements(held, each),
    }
}

fn conform_type(ty: &Type, held: Json) -> Json {
    match (ty, held) {
        (Type::Object(attributes), Json::Object(mut old)) => {
            let attribute =
                |(name, ty): (&String, &Type)| (name.clone(), conform_type(ty, old.remove(name).unwrap_or(Json::Null)));
            Json::Object(attributes.iter().map(attribute).collect())
        }
        (Type::List(element) | Type::Set(element) | Type::Map(element), held) => {
            map_elements(held, |held| conform_type(element, held))
        }
        (_, held) => held,
    }
}

fn map_elements(held: Json, each: impl Fn(Json) -> Json) -> Json {
    match held {
        Json::Array(elements) => Json::Array(elements.into_iter().map(each).collect()),
        Json::Object(entries) => Json::Object(entries.into_iter().map(|(key, held)| (key, each(held))).collect()),
        other => other,
    }
}
