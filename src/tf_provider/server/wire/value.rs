//! Values and private state as messages.

use std::fmt::Display;

use crate::tf_provider::diagnostics::{Diagnostic, Diagnostics};
use crate::tf_provider::path::Path;
use crate::tf_provider::provider::Private;
use crate::tf_provider::server::call::Call;
use crate::tf_provider::server::proto::DynamicValue;
use crate::tf_provider::value::{Type, Value, from_json, from_msgpack, to_msgpack};

/// Reads and writes the values of one call, and says which call it was when that
/// fails.
pub struct Codec<'a> {
    call: &'static str,
    subject: &'a str,
    ty: &'a Type,
}

impl<'a> Codec<'a> {
    /// For the values of `request`, which are of type `ty`.
    pub fn new<Q: Call>(request: &'a Q, ty: &'a Type) -> Self {
        Self { call: Q::NAME, subject: request.subject(), ty }
    }

    /// The value in `message`; null when there is no message.
    pub fn decode(&self, what: &str, message: Option<&DynamicValue>) -> Result<Value, Diagnostics> {
        let Some(message) = message else { return Ok(Value::Null) };
        if !message.msgpack.is_empty() {
            return from_msgpack(&message.msgpack, self.ty).map_err(|error| self.unreadable(what, &error));
        }
        if message.json.is_empty() {
            return Ok(Value::Null);
        }
        let json = self.parse(what, &message.json)?;
        self.decode_json(what, &json)
    }

    /// The JSON document in `bytes`.
    pub fn parse(&self, what: &str, bytes: &[u8]) -> Result<serde_json::Value, Diagnostics> {
        serde_json::from_slice(bytes).map_err(|error| self.unreadable(what, &error))
    }

    /// The value that `json` spells.
    pub fn decode_json(&self, what: &str, json: &serde_json::Value) -> Result<Value, Diagnostics> {
        from_json(json, self.ty).map_err(|error| self.unreadable(what, &error))
    }

    /// `value` as a message.
    pub fn encode(&self, what: &str, value: &Value) -> Result<DynamicValue, Diagnostics> {
        to_msgpack(value, self.ty)
            .map(|msgpack| DynamicValue { msgpack, json: Vec::new() })
            .map_err(|error| self.unwritable(what, &error))
    }

    /// `value` as a message, even if some of its attributes cannot be written:
    /// these become null, and an error names each. Losing an attribute is bad,
    /// losing track of an object that exists is worse.
    pub fn salvage(&self, what: &str, value: &Value) -> (Option<DynamicValue>, Diagnostics) {
        let failure = match self.encode(what, value) {
            Ok(message) => return (Some(message), Diagnostics::none()),
            Err(failure) => failure,
        };
        let (Value::Map(given), Type::Object(attributes)) = (value, self.ty) else { return (None, failure) };
        let mut told = Diagnostics::none();
        let mut kept = std::collections::BTreeMap::new();
        for (name, ty) in attributes {
            let attribute = given.get(name).unwrap_or(&Value::Null);
            let attribute = match to_msgpack(attribute, ty) {
                Ok(_) => attribute.clone(),
                Err(error) => {
                    told.extend(self.unwritable(what, &error).into_iter().map(|it| it.at(Path::attribute(name))));
                    Value::Null
                }
            };
            kept.insert(name.clone(), attribute);
        }
        if told.is_empty() {
            told = failure;
        }
        (self.encode(what, &Value::Map(kept)).ok(), told)
    }

    /// The private state in `bytes`.
    pub fn private(&self, bytes: &[u8]) -> Result<Private, Diagnostics> {
        if bytes.is_empty() {
            return Ok(Private::default());
        }
        serde_json::from_slice(bytes).map(Private).map_err(|error| self.unreadable("private state", &error))
    }

    /// `private` as bytes.
    pub fn encode_private(&self, private: &Private) -> Result<Vec<u8>, Diagnostics> {
        if private.0.is_empty() {
            return Ok(Vec::new());
        }
        serde_json::to_vec(&private.0).map_err(|error| self.unwritable("private state", &error))
    }

    fn unreadable(&self, what: &str, error: &dyn Display) -> Diagnostics {
        let Self { call, subject, .. } = self;
        let of = if subject.is_empty() { "the provider" } else { subject };
        let detail = format!("{call} was given a {what} of {of} that cannot be read: {error}.");
        Diagnostic::error(format!("Unreadable {what}"), detail).into()
    }

    fn unwritable(&self, what: &str, error: &dyn Display) -> Diagnostics {
        let Self { call, subject, .. } = self;
        let of = if subject.is_empty() { "the provider" } else { subject };
        let detail = format!(
            "{call} made a {what} of {of} that does not fit its schema: {error}. This is a mistake in the provider; \
             please report it."
        );
        Diagnostic::error(format!("The provider made an invalid {what}"), detail).into()
    }
}
