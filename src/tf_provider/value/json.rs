//! Values as JSON, as they stand in state files.

use serde_json::Value as Json;

use super::error::{Fault, Kind};
use super::{CodecError, CodecProblem, MAX_DEPTH, Number, Type, Value};

/// The value of type `ty` that `json` spells.
///
/// Attributes that an object does not mention are null. A primitive may be spelled
/// as another one that says the same: `"80"` for a number, `"true"` for a bool,
/// `80` for a string.
pub fn from_json(json: &Json, ty: &Type) -> Result<Value, CodecError> {
    Ok(read(json, ty, 0)?)
}

/// `value`, of type `ty`, as JSON. It must be wholly known.
pub fn to_json(value: &Value, ty: &Type) -> Result<Json, CodecError> {
    Ok(write(value, ty, 0)?)
}

fn kind(json: &Json) -> Kind {
    match json {
        Json::Null => Kind::Null,
        Json::Bool(_) => Kind::Bool,
        Json::Number(_) => Kind::Number,
        Json::String(_) => Kind::String,
        Json::Array(_) => Kind::Sequence,
        Json::Object(_) => Kind::Mapping,
    }
}

fn read(json: &Json, ty: &Type, depth: usize) -> Result<Value, Fault> {
    if depth > MAX_DEPTH {
        return Err(CodecProblem::TooDeep.into());
    }
    let below = depth + 1;
    match (ty, json) {
        (_, Json::Null) => Ok(Value::Null),
        (Type::Dynamic, json) => read_dynamic(json, below),
        (Type::Bool, Json::Bool(truth)) => Ok(Value::Bool(*truth)),
        (Type::Bool, Json::String(text)) => match text.as_str() {
            "true" | "1" => Ok(Value::Bool(true)),
            "false" | "0" => Ok(Value::Bool(false)),
            _ => Err(Fault::mismatch(ty, Kind::String)),
        },
        (Type::Number, Json::Number(number)) => Ok(Value::Number(Number::parse(number.as_str())?)),
        (Type::Number, Json::String(text)) => Ok(Value::Number(Number::parse(text)?)),
        (Type::String, Json::String(text)) => Ok(Value::String(text.clone())),
        (Type::String, Json::Number(number)) => Ok(Value::String(number.as_str().to_owned())),
        (Type::String, Json::Bool(truth)) => Ok(Value::String(truth.to_string())),
        (Type::List(element), Json::Array(elements)) => elements
            .iter()
            .enumerate()
            .map(|(index, json)| read(json, element, below).map_err(|fault| fault.index(index)))
            .collect::<Result<_, _>>()
            .map(Value::List),
        (Type::Set(element), Json::Array(elements)) => elements
            .iter()
            .map(|json| read(json, element, below).map_err(Fault::in_set))
            .collect::<Result<_, _>>()
            .map(Value::Set),
        (Type::Tuple(types), Json::Array(elements)) if types.len() == elements.len() => types
            .iter()
            .zip(elements)
            .enumerate()
            .map(|(index, (ty, json))| read(json, ty, below).map_err(|fault| fault.index(index)))
            .collect::<Result<_, _>>()
            .map(Value::List),
        (Type::Tuple(types), Json::Array(elements)) => {
            Err(CodecProblem::TupleLength { expected: types.len(), found: elements.len() }.into())
        }
        (Type::Map(element), Json::Object(entries)) => entries
            .iter()
            .map(|(key, json)| Ok((key.clone(), read(json, element, below).map_err(|fault| fault.key(key))?)))
            .collect::<Result<_, _>>()
            .map(Value::Map),
        (Type::Object(types), Json::Object(attributes)) => {
            if let Some(name) = attributes.keys().find(|name| !types.contains_key(*name)) {
                return Err(CodecProblem::UnknownAttribute(name.clone()).into());
            }
            types
                .iter()
                .map(|(name, ty)| {
                    let json = attributes.get(name).unwrap_or(&Json::Null);
                    Ok((name.clone(), read(json, ty, below).map_err(|fault| fault.attribute(name))?))
                })
                .collect::<Result<_, _>>()
                .map(Value::Map)
        }
        (ty, json) => Err(Fault::mismatch(ty, kind(json))),
    }
}

fn read_dynamic(json: &Json, depth: usize) -> Result<Value, Fault> {
    let Json::Object(parts) = json else {
        return Err(Fault::mismatch(Kind::Dynamic, kind(json)));
    };
    let (Some(ty), Some(value), 2) = (parts.get("type"), parts.get("value"), parts.len()) else {
        return Err(CodecProblem::NotDynamic.into());
    };
    let ty = Type::from_json(ty)?;
    let value = read(value, &ty, depth)?;
    // "dynamic" adds nothing to a value that brings its own type.
    Ok(if ty == Type::Dynamic { value } else { Value::Dynamic(Box::new((ty, value))) })
}

fn write(value: &Value, ty: &Type, depth: usize) -> Result<Json, Fault> {
    if depth > MAX_DEPTH {
        return Err(CodecProblem::TooDeep.into());
    }
    let below = depth + 1;
    match (ty, value) {
        (_, Value::Null) => Ok(Json::Null),
        (_, Value::Unknown(_)) => Err(CodecProblem::Unknown.into()),
        (Type::Dynamic, Value::Dynamic(typed)) => {
            let (ty, value) = typed.as_ref();
            Ok(serde_json::json!({ "value": write(value, ty, below)?, "type": ty.to_json() }))
        }
        (Type::Bool, Value::Bool(truth)) => Ok(Json::Bool(*truth)),
        (Type::Number, Value::Number(number)) => {
            number.to_string().parse().map(Json::Number).map_err(|_| CodecProblem::Infinite.into())
        }
        (Type::String, Value::String(text)) => Ok(Json::String(text.clone())),
        (Type::List(element), Value::List(elements)) => elements
            .iter()
            .enumerate()
            .map(|(index, value)| write(value, element, below).map_err(|fault| fault.index(index)))
            .collect::<Result<_, _>>()
            .map(Json::Array),
        (Type::Set(element), Value::Set(elements)) => elements
            .iter()
            .map(|value| write(value, element, below).map_err(Fault::in_set))
            .collect::<Result<_, _>>()
            .map(Json::Array),
        (Type::Tuple(types), Value::List(elements)) if types.len() == elements.len() => types
            .iter()
            .zip(elements)
            .enumerate()
            .map(|(index, (ty, value))| write(value, ty, below).map_err(|fault| fault.index(index)))
            .collect::<Result<_, _>>()
            .map(Json::Array),
        (Type::Tuple(types), Value::List(elements)) => {
            Err(CodecProblem::TupleLength { expected: types.len(), found: elements.len() }.into())
        }
        (Type::Map(element), Value::Map(entries)) => entries
            .iter()
            .map(|(key, value)| Ok((key.clone(), write(value, element, below).map_err(|fault| fault.key(key))?)))
            .collect::<Result<_, _>>()
            .map(Json::Object),
        (Type::Object(types), Value::Map(attributes)) => {
            if let Some(name) = attributes.keys().find(|name| !types.contains_key(*name)) {
                return Err(CodecProblem::UnknownAttribute(name.clone()).into());
            }
            types
                .iter()
                .map(|(name, ty)| {
                    let value = attributes.get(name).unwrap_or(&Value::Null);
                    Ok((name.clone(), write(value, ty, below).map_err(|fault| fault.attribute(name))?))
                })
                .collect::<Result<_, _>>()
                .map(Json::Object)
        }
        (ty, value) => Err(Fault::mismatch(ty, value)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::arbitrary::typed_value;
    use super::*;

    fn problem(json: &Json, ty: &Type) -> (String, CodecProblem) {
        let error = from_json(json, ty).unwrap_err();
        (error.path.to_string(), error.problem)
    }

    #[test]
    fn numbers_stay_exact() {
        let long = "123456789012345678901234567890.000000000000000000001";
        let json: Json = serde_json::from_str(long).unwrap();
        let value = from_json(&json, &Type::Number).unwrap();
        assert_eq!(value, Value::Number(Number::parse(long).unwrap()));
        assert_eq!(to_json(&value, &Type::Number).unwrap().to_string(), long);
        let scientific: Json = serde_json::from_str("25E2").unwrap();
        assert_eq!(from_json(&scientific, &Type::Number).unwrap(), Value::from(2500));
    }

    #[test]
    fn primitives_spelled_as_others() {
        assert_eq!(from_json(&json!("80"), &Type::Number), Ok(Value::from(80)));
        assert_eq!(from_json(&json!("true"), &Type::Bool), Ok(Value::from(true)));
        assert_eq!(from_json(&json!("0"), &Type::Bool), Ok(Value::from(false)));
        assert_eq!(from_json(&json!(80), &Type::String), Ok(Value::from("80")));
        assert_eq!(from_json(&json!(true), &Type::String), Ok(Value::from("true")));
        assert!(from_json(&json!("yes"), &Type::Bool).is_err());
        assert!(from_json(&json!(1), &Type::Bool).is_err());
        assert!(from_json(&json!(true), &Type::Number).is_err());
    }

    #[test]
    fn dynamic_values_bring_their_type() {
        let json = json!({"value": ["a"], "type": ["list", "string"]});
        let value = Value::Dynamic(Box::new((Type::list(Type::String), Value::list_of(["a"]))));
        assert_eq!(from_json(&json, &Type::Dynamic).as_ref(), Ok(&value));
        assert_eq!(to_json(&value, &Type::Dynamic), Ok(json));
        assert_eq!(from_json(&Json::Null, &Type::Dynamic), Ok(Value::Null));
        assert_eq!(problem(&json!({"value": 1}), &Type::Dynamic).1, CodecProblem::NotDynamic);
        assert_eq!(problem(&json!({"value": 1, "type": "number", "x": 1}), &Type::Dynamic).1, CodecProblem::NotDynamic);
        let wrapped = |inner: Json, _| json!({"value": inner, "type": "dynamic"});
        assert_eq!(problem(&(0..500).fold(json!(null), wrapped), &Type::Dynamic).1, CodecProblem::TooDeep);
    }

    #[test]
    fn errors_say_where_and_never_what() {
        let ty = Type::object([
            ("rules", Type::list(Type::object([("port", Type::Number)]))),
            ("tags", Type::map(Type::Bool)),
            ("names", Type::set(Type::Number)),
            ("pair", Type::Tuple(vec![Type::Bool, Type::Bool])),
        ]);
        let (path, found) = problem(&json!({"rules": [{"port": 1}, {"port": "hunter2"}]}), &ty);
        assert_eq!(
            (path.as_str(), &found),
            ("rules[1].port", &CodecProblem::Number(super::super::NumberError::Malformed))
        );
        assert_eq!(problem(&json!({"tags": {"a": []}}), &ty).0, r#"tags["a"]"#);
        assert_eq!(problem(&json!({"names": [1, "hunter2"]}), &ty).0, "names");
        assert_eq!(problem(&json!({"pair": [true]}), &ty).1, CodecProblem::TupleLength { expected: 2, found: 1 });
        assert_eq!(problem(&json!({"nope": 1}), &ty), (String::new(), CodecProblem::UnknownAttribute("nope".into())));
        let error = from_json(&json!({"rules": [{"port": "hunter2"}]}), &ty).unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }

    #[test]
    fn absent_attributes_are_null_both_ways() {
        let ty = Type::object([("a", Type::Bool), ("b", Type::String)]);
        let value = Value::object([("a", Value::Null), ("b", Value::from("x"))]);
        assert_eq!(from_json(&json!({"b": "x"}), &ty), Ok(value));
        assert_eq!(to_json(&Value::object([("b", Value::from("x"))]), &ty), Ok(json!({"a": null, "b": "x"})));
    }

    #[test]
    fn what_json_cannot_say() {
        let unknown = to_json(&Value::list_of([Value::unknown()]), &Type::list(Type::Bool)).unwrap_err();
        assert_eq!((unknown.path.to_string().as_str(), unknown.problem), ("[0]", CodecProblem::Unknown));
        let infinite = to_json(&Value::Number(Number::INFINITY), &Type::Number).unwrap_err();
        assert_eq!(infinite.problem, CodecProblem::Infinite);
        let extra = to_json(&Value::object([("x", Value::Null)]), &Type::object::<&str>([])).unwrap_err();
        assert_eq!(extra.problem, CodecProblem::UnknownAttribute("x".into()));
    }

    proptest! {
        #[test]
        fn known_values_survive((ty, value) in typed_value(false)) {
            let text = to_json(&value, &ty).unwrap().to_string();
            let json: Json = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(from_json(&json, &ty).unwrap(), value);
        }
    }
}
