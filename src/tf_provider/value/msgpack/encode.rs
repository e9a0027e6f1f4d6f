//! Writing msgpack.

use std::collections::BTreeMap;

use rmp::encode;

use crate::tf_provider::value::error::Fault;
use crate::tf_provider::value::{CodecProblem, MAX_DEPTH, Number, Refinement, Type, Value};

use super::{REFINED, UNKNOWN, refinement_key};

/// Writing into memory does not fail; a failure would be for want of room.
fn done<T, E>(result: Result<T, E>) -> Result<(), Fault> {
    result.map(|_| ()).map_err(|_| CodecProblem::NoRoom.into())
}

fn length(count: usize) -> Result<u32, Fault> {
    u32::try_from(count).map_err(|_| CodecProblem::TooLong(count).into())
}

fn array(out: &mut Vec<u8>, count: usize) -> Result<(), Fault> {
    let count = length(count)?;
    done(encode::write_array_len(out, count))
}

fn map(out: &mut Vec<u8>, count: usize) -> Result<(), Fault> {
    let count = length(count)?;
    done(encode::write_map_len(out, count))
}

fn text(out: &mut Vec<u8>, text: &str) -> Result<(), Fault> {
    length(text.len())?;
    done(encode::write_str(out, text))
}

fn integer(out: &mut Vec<u8>, value: i64) -> Result<(), Fault> {
    done(encode::write_sint(out, value))
}

/// Appends `value`, of type `ty`, to `out`.
pub(super) fn value(out: &mut Vec<u8>, value: &Value, ty: &Type, depth: usize) -> Result<(), Fault> {
    if depth > MAX_DEPTH {
        return Err(CodecProblem::TooDeep.into());
    }
    let below = depth + 1;
    match (ty, value) {
        (_, Value::Null) => done(encode::write_nil(out)),
        (_, Value::Unknown(refinement)) => unknown(out, refinement.as_deref(), ty),
        (Type::Dynamic, Value::Dynamic(typed)) => {
            let (ty, inner) = typed.as_ref();
            array(out, 2)?;
            let spelling = ty.to_json().to_string();
            length(spelling.len())?;
            done(encode::write_bin(out, spelling.as_bytes()))?;
            self::value(out, inner, ty, below)
        }
        (Type::Bool, Value::Bool(truth)) => done(encode::write_bool(out, *truth)),
        (Type::Number, Value::Number(number)) => self::number(out, number),
        (Type::String, Value::String(string)) => text(out, string),
        (Type::List(element), Value::List(elements)) => {
            array(out, elements.len())?;
            elements.iter().enumerate().try_for_each(|(index, inner)| {
                self::value(out, inner, element, below).map_err(|fault| fault.index(index))
            })
        }
        (Type::Set(element), Value::Set(elements)) => {
            array(out, elements.len())?;
            elements.iter().try_for_each(|inner| self::value(out, inner, element, below).map_err(Fault::in_set))
        }
        (Type::Tuple(types), Value::List(elements)) => {
            if types.len() != elements.len() {
                return Err(CodecProblem::TupleLength { expected: types.len(), found: elements.len() }.into());
            }
            array(out, elements.len())?;
            types.iter().zip(elements).enumerate().try_for_each(|(index, (ty, inner))| {
                self::value(out, inner, ty, below).map_err(|fault| fault.index(index))
            })
        }
        (Type::Map(element), Value::Map(entries)) => {
            map(out, entries.len())?;
            entries.iter().try_for_each(|(key, inner)| {
                text(out, key)?;
                self::value(out, inner, element, below).map_err(|fault| fault.key(key))
            })
        }
        (Type::Object(types), Value::Map(attributes)) => object(out, attributes, types, below),
        (ty, value) => Err(Fault::mismatch(ty, value)),
    }
}

fn object(
    out: &mut Vec<u8>,
    attributes: &BTreeMap<String, Value>,
    types: &BTreeMap<String, Type>,
    depth: usize,
) -> Result<(), Fault> {
    if let Some(name) = attributes.keys().find(|name| !types.contains_key(*name)) {
        return Err(CodecProblem::UnknownAttribute(name.clone()).into());
    }
    map(out, types.len())?;
    types.iter().try_for_each(|(name, ty)| {
        text(out, name)?;
        let attribute = attributes.get(name).unwrap_or(&Value::Null);
        value(out, attribute, ty, depth).map_err(|fault| fault.attribute(name))
    })
}

fn number(out: &mut Vec<u8>, number: &Number) -> Result<(), Fault> {
    if let Some(int) = number.as_i64() {
        integer(out, int)
    } else if let Some(float) = number.as_exact_f64() {
        done(encode::write_f64(out, float))
    } else {
        text(out, &number.to_string())
    }
}

/// An unknown value. What cannot be said of a value of type `ty` is left out:
/// Terraform refuses, say, a prefix of a number.
fn unknown(out: &mut Vec<u8>, refinement: Option<&Refinement>, ty: &Type) -> Result<(), Fault> {
    let mut body = Vec::new();
    let mut count = 0;
    if let Some(refinement) = refinement.filter(|_| *ty != Type::Dynamic) {
        count = refinements(&mut body, refinement, ty)?;
    }
    if count == 0 {
        done(encode::write_ext_meta(out, 1, UNKNOWN))?;
        out.push(0);
        return Ok(());
    }
    let mut head = Vec::new();
    map(&mut head, count)?;
    done(encode::write_ext_meta(out, length(head.len() + body.len())?, REFINED))?;
    out.extend(head);
    out.extend(body);
    Ok(())
}

/// Appends the entries of the refinement map; returns how many.
fn refinements(out: &mut Vec<u8>, refinement: &Refinement, ty: &Type) -> Result<usize, Fault> {
    let mut count = 0;
    let mut key = |out: &mut Vec<u8>, key| {
        count += 1;
        integer(out, key)
    };
    if let Some(null) = refinement.null {
        key(out, refinement_key::NULL)?;
        done(encode::write_bool(out, null))?;
    }
    match ty {
        Type::String => {
            if let Some(prefix) = &refinement.prefix {
                key(out, refinement_key::PREFIX)?;
                text(out, prefix)?;
            }
        }
        Type::Number => {
            let bounds = [
                (refinement_key::NUMBER_MIN, &refinement.number_min),
                (refinement_key::NUMBER_MAX, &refinement.number_max),
            ];
            for (code, bound) in bounds {
                if let Some((bound, inclusive)) = bound {
                    key(out, code)?;
                    array(out, 2)?;
                    number(out, bound)?;
                    done(encode::write_bool(out, *inclusive))?;
                }
            }
        }
        Type::List(_) | Type::Set(_) | Type::Map(_) => {
            let bounds = [
                (refinement_key::LENGTH_MIN, refinement.length_min),
                (refinement_key::LENGTH_MAX, refinement.length_max),
            ];
            for (code, bound) in bounds {
                if let Some(bound) = bound {
                    key(out, code)?;
                    integer(out, bound)?;
                }
            }
        }
        Type::Bool | Type::Dynamic | Type::Object(_) | Type::Tuple(_) => {}
    }
    Ok(count)
}
