//! Values as msgpack, as they go over the wire.
//!
//! | value | msgpack |
//! |---|---|
//! | null | nil |
//! | unknown | extension 0 (one byte 0); with refinements extension 12, holding a map |
//! | bool, string | bool, str |
//! | number | an integer if it fits `i64`, a float if that is exact, else its decimal text |
//! | list, set, tuple | array |
//! | map, object | map with string keys; an object has all its attributes, by name |
//! | dynamic | array of two: the JSON spelling of the type as bin, and the value |

mod decode;
mod encode;
#[cfg(test)]
mod tests;

use super::{CodecError, Type, Value};

/// The extension that stands for an unknown value with nothing known about it.
const UNKNOWN: i8 = 0;
/// The extension that stands for an unknown value with refinements.
const REFINED: i8 = 12;

/// The keys of the map in a refined unknown value.
mod refinement_key {
    pub(super) const NULL: i64 = 1;
    pub(super) const PREFIX: i64 = 2;
    pub(super) const NUMBER_MIN: i64 = 3;
    pub(super) const NUMBER_MAX: i64 = 4;
    pub(super) const LENGTH_MIN: i64 = 5;
    pub(super) const LENGTH_MAX: i64 = 6;
}

/// The value of type `ty` that `bytes` spell.
pub fn from_msgpack(bytes: &[u8], ty: &Type) -> Result<Value, CodecError> {
    Ok(decode::value(bytes, ty)?)
}

/// `value`, of type `ty`, as msgpack. Attributes that an object does not mention
/// are null.
pub fn to_msgpack(value: &Value, ty: &Type) -> Result<Vec<u8>, CodecError> {
    let mut out = Vec::new();
    encode::value(&mut out, value, ty, 0)?;
    Ok(out)
}
