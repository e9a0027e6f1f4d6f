//! Types, and their JSON spelling on the wire.

use std::collections::BTreeMap;

use serde_json::json;

use super::{CodecProblem, MAX_DEPTH};

/// A type of Terraform's type system.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// `bool`
    Bool,
    /// `number`
    Number,
    /// `string`
    String,
    /// `any`: each value brings its own type.
    Dynamic,
    /// `list(T)`
    List(Box<Type>),
    /// `set(T)`
    Set(Box<Type>),
    /// `map(T)`
    Map(Box<Type>),
    /// `object({…})`
    Object(BTreeMap<String, Type>),
    /// `tuple([…])`
    Tuple(Vec<Type>),
}

impl Type {
    /// `list(element)`
    pub fn list(element: Type) -> Self {
        Self::List(Box::new(element))
    }

    /// `set(element)`
    pub fn set(element: Type) -> Self {
        Self::Set(Box::new(element))
    }

    /// `map(element)`
    pub fn map(element: Type) -> Self {
        Self::Map(Box::new(element))
    }

    /// `object({name = type, …})`
    pub fn object<N: Into<String>>(attributes: impl IntoIterator<Item = (N, Type)>) -> Self {
        Self::Object(attributes.into_iter().map(|(name, ty)| (name.into(), ty)).collect())
    }

    /// The JSON spelling of the type in the protocol: `["list","string"]`.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Bool => json!("bool"),
            Self::Number => json!("number"),
            Self::String => json!("string"),
            Self::Dynamic => json!("dynamic"),
            Self::List(element) => json!(["list", element.to_json()]),
            Self::Set(element) => json!(["set", element.to_json()]),
            Self::Map(element) => json!(["map", element.to_json()]),
            Self::Object(attributes) => {
                let attributes: serde_json::Map<_, _> =
                    attributes.iter().map(|(name, ty)| (name.clone(), ty.to_json())).collect();
                json!(["object", attributes])
            }
            Self::Tuple(elements) => json!(["tuple", elements.iter().map(Type::to_json).collect::<Vec<_>>()]),
        }
    }

    /// The type that `json` spells. An object may name optional attributes in a
    /// third element, as Terraform's own type constraints do; a value has them all.
    pub fn from_json(json: &serde_json::Value) -> Result<Self, CodecProblem> {
        Self::nested_from_json(json, 0)
    }

    fn nested_from_json(json: &serde_json::Value, depth: usize) -> Result<Self, CodecProblem> {
        use serde_json::Value as Json;

        if depth > MAX_DEPTH {
            return Err(CodecProblem::TooDeep);
        }
        let nested = |json: &Json| Self::nested_from_json(json, depth + 1);
        let no_type = || CodecProblem::NotAType(json.to_string());
        match json {
            Json::String(name) => match name.as_str() {
                "bool" => Ok(Self::Bool),
                "number" => Ok(Self::Number),
                "string" => Ok(Self::String),
                "dynamic" => Ok(Self::Dynamic),
                _ => Err(no_type()),
            },
            Json::Array(parts) => match (parts.first().and_then(Json::as_str), parts.get(1..).unwrap_or_default()) {
                (Some("list"), [element]) => nested(element).map(Self::list),
                (Some("set"), [element]) => nested(element).map(Self::set),
                (Some("map"), [element]) => nested(element).map(Self::map),
                (Some("object"), [Json::Object(attributes)] | [Json::Object(attributes), Json::Array(_)]) => attributes
                    .iter()
                    .map(|(name, ty)| Ok((name.clone(), nested(ty)?)))
                    .collect::<Result<_, _>>()
                    .map(Self::Object),
                (Some("tuple"), [Json::Array(elements)]) => {
                    elements.iter().map(nested).collect::<Result<_, _>>().map(Self::Tuple)
                }
                _ => Err(no_type()),
            },
            _ => Err(no_type()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::arbitrary::ty;
    use super::*;

    #[test]
    fn spelling() {
        let object = Type::object([("a", Type::Bool), ("b", Type::list(Type::Dynamic))]);
        assert_eq!(object.to_json().to_string(), r#"["object",{"a":"bool","b":["list","dynamic"]}]"#);
        let optional = json!(["object", {"a": "bool", "b": ["list", "dynamic"]}, ["b"]]);
        assert_eq!(Type::from_json(&optional), Ok(object));
        assert_eq!(
            Type::from_json(&json!(["tuple", ["string", ["set", "number"]]])),
            Ok(Type::Tuple(vec![Type::String, Type::set(Type::Number)]))
        );
    }

    #[test]
    fn refusals() {
        for json in [
            json!("int"),
            json!(null),
            json!(3),
            json!({}),
            json!([]),
            json!(["list"]),
            json!(["list", "string", "string"]),
            json!(["object", ["a"]]),
            json!(["tuple", "string"]),
            json!([["list"], "string"]),
        ] {
            assert!(matches!(Type::from_json(&json), Err(CodecProblem::NotAType(_))), "{json}");
        }
        let deep = (0..200).fold(json!("bool"), |inner, _| json!(["list", inner]));
        assert_eq!(Type::from_json(&deep), Err(CodecProblem::TooDeep));
    }

    proptest! {
        #[test]
        fn every_type_survives_its_spelling(ty in ty()) {
            prop_assert_eq!(Type::from_json(&ty.to_json()), Ok(ty));
        }
    }
}
