//! Schemas as messages.

use std::collections::HashMap;

use crate::tf_provider::function::{Parameter, Signature};
use crate::tf_provider::schema::{Attribute, Block, Mode, NestedBlock, Nesting, Schema};
use crate::tf_provider::server::proto::{self, StringKind, schema::nested_block::NestingMode};
use crate::tf_provider::server::registry::Registry;

/// The answer to `GetSchema`: everything the provider offers.
pub fn catalogue(registry: &Registry) -> proto::get_provider_schema::Response {
    proto::get_provider_schema::Response {
        provider: Some(encode(&registry.provider.schema)),
        resource_schemas: registry.resources.iter().map(|(name, it)| (name.clone(), encode(&it.schema))).collect(),
        data_source_schemas: registry
            .data_sources
            .iter()
            .map(|(name, it)| (name.clone(), encode(&it.schema)))
            .collect(),
        functions: functions(registry),
        server_capabilities: Some(capabilities()),
        ..Default::default()
    }
}

/// The signatures of the functions, by name.
pub fn functions(registry: &Registry) -> HashMap<String, proto::Function> {
    registry.functions.iter().map(|(name, it)| (name.clone(), signature(&it.signature))).collect()
}

/// What this server can do beyond the first version of protocol 5.
pub fn capabilities() -> proto::ServerCapabilities {
    proto::ServerCapabilities {
        plan_destroy: true,
        get_provider_schema_optional: true,
        move_resource_state: false,
        generate_resource_config: false,
    }
}

/// One schema.
pub fn encode(schema: &Schema) -> proto::Schema {
    proto::Schema { version: schema.version, block: Some(block(&schema.block, schema.version)) }
}

fn signature(of: &Signature) -> proto::Function {
    proto::Function {
        parameters: of.parameters.iter().map(parameter).collect(),
        variadic_parameter: of.variadic.as_ref().map(parameter),
        r#return: Some(proto::function::Return { r#type: of.returns.to_json().to_string().into_bytes() }),
        summary: of.summary.clone(),
        description: of.description.clone(),
        description_kind: StringKind::Markdown.into(),
        deprecation_message: String::new(),
    }
}

fn parameter(of: &Parameter) -> proto::function::Parameter {
    proto::function::Parameter {
        name: of.name.clone(),
        r#type: of.ty.to_json().to_string().into_bytes(),
        allow_null_value: of.allows_null,
        allow_unknown_values: of.allows_unknown,
        description: of.description.clone(),
        description_kind: StringKind::Markdown.into(),
    }
}

fn block(of: &Block, version: i64) -> proto::schema::Block {
    proto::schema::Block {
        version,
        attributes: of.attributes.iter().map(attribute).collect(),
        block_types: of.blocks.iter().map(nested).collect(),
        description: of.description.clone(),
        description_kind: StringKind::Markdown.into(),
        deprecated: of.deprecated.is_some(),
        deprecation_message: of.deprecated.clone().unwrap_or_default(),
    }
}

fn attribute(of: &Attribute) -> proto::schema::Attribute {
    proto::schema::Attribute {
        name: of.name.clone(),
        r#type: of.ty.to_json().to_string().into_bytes(),
        description: of.description.clone(),
        required: of.mode == Mode::Required,
        optional: matches!(of.mode, Mode::Optional | Mode::OptionalComputed),
        computed: of.is_computed(),
        sensitive: of.sensitive,
        description_kind: StringKind::Markdown.into(),
        deprecated: of.deprecated.is_some(),
        write_only: of.write_only,
        deprecation_message: of.deprecated.clone().unwrap_or_default(),
    }
}

/// Terraform refuses limits that a nesting mode cannot express: a single block
/// is required or not (both limits 1, or both 0), a map of blocks has no limits.
fn nested(of: &NestedBlock) -> proto::schema::NestedBlock {
    let (nesting, min_items, max_items) = match of.nesting {
        Nesting::Single => {
            let required = i64::from(of.min_items > 0);
            (NestingMode::Single, required, required)
        }
        Nesting::List => (NestingMode::List, of.min_items, of.max_items),
        Nesting::Set => (NestingMode::Set, of.min_items, of.max_items),
        Nesting::Map => (NestingMode::Map, 0, 0),
    };
    proto::schema::NestedBlock {
        type_name: of.name.clone(),
        block: Some(block(&of.block, 0)),
        nesting: nesting.into(),
        min_items,
        max_items,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tf_provider::value::Type;

    #[test]
    fn modes_become_the_flags_terraform_knows() {
        let flags = |of: Attribute| {
            let sent = attribute(&of);
            (sent.required, sent.optional, sent.computed)
        };
        assert_eq!(flags(Attribute::required("a", Type::String, "")), (true, false, false));
        assert_eq!(flags(Attribute::optional("a", Type::String, "")), (false, true, false));
        assert_eq!(flags(Attribute::computed("a", Type::String, "")), (false, false, true));
        assert_eq!(flags(Attribute::optional_computed("a", Type::String, "")), (false, true, true));
    }

    #[test]
    fn types_are_json_and_marks_are_kept() {
        let of = Attribute::optional("psk", Type::list(Type::Number), "The *key*.").sensitive().write_only();
        let sent = attribute(&of.deprecated("Use `key`."));
        assert_eq!(sent.r#type, br#"["list","number"]"#);
        assert!(sent.sensitive && sent.write_only && sent.deprecated);
        assert_eq!(sent.deprecation_message, "Use `key`.");
        assert_eq!(sent.description_kind(), StringKind::Markdown);
    }

    #[test]
    fn limits_are_what_the_nesting_can_express() {
        let sent = |nesting| {
            let sent = nested(&NestedBlock::new("rule", nesting, Block::new("")).items(1, 5));
            (sent.nesting(), sent.min_items, sent.max_items)
        };
        assert_eq!(sent(Nesting::Single), (NestingMode::Single, 1, 1));
        assert_eq!(sent(Nesting::List), (NestingMode::List, 1, 5));
        assert_eq!(sent(Nesting::Set), (NestingMode::Set, 1, 5));
        assert_eq!(sent(Nesting::Map), (NestingMode::Map, 0, 0));
    }
}
