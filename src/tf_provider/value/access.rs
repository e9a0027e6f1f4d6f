//! Making values, and looking into them.

use std::collections::BTreeMap;

use crate::tf_provider::path::{Path, Step};

use super::{Number, Refinement, Value, ValueSet};

static NULL: Value = Value::Null;
static UNKNOWN: Value = Value::Unknown(None);

impl Value {
    /// Not known until apply, and nothing known about it.
    pub fn unknown() -> Self {
        Self::Unknown(None)
    }

    /// Not known until apply, but something is known about it already.
    pub fn refined(refinement: Refinement) -> Self {
        Self::Unknown(Some(Box::new(refinement)))
    }

    /// An object with these attributes.
    pub fn object<N: Into<String>>(attributes: impl IntoIterator<Item = (N, Value)>) -> Self {
        Self::Map(attributes.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }

    /// A list of these elements.
    pub fn list_of<V: Into<Value>>(elements: impl IntoIterator<Item = V>) -> Self {
        Self::List(elements.into_iter().map(Into::into).collect())
    }

    /// A set of these elements.
    pub fn set_of<V: Into<Value>>(elements: impl IntoIterator<Item = V>) -> Self {
        Self::Set(elements.into_iter().map(Into::into).collect())
    }

    /// The value itself where a dynamic one is wrapped in its type.
    pub fn inner(&self) -> &Value {
        let mut value = self;
        while let Self::Dynamic(typed) = value {
            value = &typed.1;
        }
        value
    }

    /// Whether it is not set.
    pub fn is_null(&self) -> bool {
        matches!(self.inner(), Self::Null)
    }

    /// Whether it is itself unknown. A known list may still hold unknown elements:
    /// see [`Value::is_wholly_known`].
    pub fn is_unknown(&self) -> bool {
        matches!(self.inner(), Self::Unknown(_))
    }

    /// Whether neither it nor anything in it is unknown.
    pub fn is_wholly_known(&self) -> bool {
        match self {
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) => true,
            Self::Unknown(_) => false,
            Self::List(elements) => elements.iter().all(Self::is_wholly_known),
            Self::Set(elements) => elements.iter().all(Self::is_wholly_known),
            Self::Map(entries) => entries.values().all(Self::is_wholly_known),
            Self::Dynamic(typed) => typed.1.is_wholly_known(),
        }
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self.inner() {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The truth value, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self.inner() {
            Self::Bool(truth) => Some(*truth),
            _ => None,
        }
    }

    /// The number, if it is one.
    pub fn as_number(&self) -> Option<&Number> {
        match self.inner() {
            Self::Number(number) => Some(number),
            _ => None,
        }
    }

    /// The number as an integer, if it is one and fits.
    pub fn as_i64(&self) -> Option<i64> {
        self.as_number().and_then(Number::as_i64)
    }

    /// The elements, if it is a list or a tuple.
    pub fn as_list(&self) -> Option<&[Value]> {
        match self.inner() {
            Self::List(elements) => Some(elements),
            _ => None,
        }
    }

    /// The elements, if it is a set.
    pub fn as_set(&self) -> Option<&ValueSet> {
        match self.inner() {
            Self::Set(elements) => Some(elements),
            _ => None,
        }
    }

    /// The entries, if it is a map or an object.
    pub fn as_map(&self) -> Option<&BTreeMap<String, Value>> {
        match self.inner() {
            Self::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The elements of a list, a tuple or a set; none for anything else.
    pub fn elements(&self) -> std::slice::Iter<'_, Value> {
        match self.inner() {
            Self::List(elements) => elements.iter(),
            Self::Set(elements) => elements.iter(),
            _ => [].iter(),
        }
    }

    /// The attribute or entry `name`: null when there is none, unknown when the
    /// object itself is unknown.
    pub fn get(&self, name: &str) -> &Value {
        match self.inner() {
            Self::Map(entries) => entries.get(name).unwrap_or(&NULL),
            Self::Unknown(_) => &UNKNOWN,
            _ => &NULL,
        }
    }

    /// The attribute or entry `name`, to change it in place.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        match self {
            Self::Map(entries) => entries.get_mut(name),
            Self::Dynamic(typed) => typed.1.get_mut(name),
            _ => None,
        }
    }

    /// Sets the attribute or entry `name`. What was no object or map before is an
    /// object with this one attribute afterwards.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        match self {
            Self::Map(entries) => {
                entries.insert(name.into(), value.into());
            }
            _ => *self = Self::object([(name, value.into())]),
        }
    }

    /// The value at the end of `path`: null when the path leads nowhere, unknown
    /// when it leads into something unknown.
    pub fn at(&self, path: &Path) -> &Value {
        path.steps().iter().fold(self, |value, step| match (step, value.inner()) {
            (Step::Attribute(name) | Step::Key(name), inner) => inner.get(name),
            (Step::Index(index), Self::List(elements)) => {
                usize::try_from(*index).ok().and_then(|index| elements.get(index)).unwrap_or(&NULL)
            }
            (Step::Index(_), Self::Unknown(_)) => &UNKNOWN,
            (Step::Index(_), _) => &NULL,
        })
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Self::Number(value.into())
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Number(value.into())
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Number(value.into())
    }
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Self::Number(value.into())
    }
}

impl From<Number> for Value {
    fn from(value: Number) -> Self {
        Self::Number(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::String(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::String(value)
    }
}

impl From<Vec<Value>> for Value {
    fn from(elements: Vec<Value>) -> Self {
        Self::List(elements)
    }
}

impl From<ValueSet> for Value {
    fn from(elements: ValueSet) -> Self {
        Self::Set(elements)
    }
}

impl From<BTreeMap<String, Value>> for Value {
    fn from(entries: BTreeMap<String, Value>) -> Self {
        Self::Map(entries)
    }
}

/// `None` is null.
impl<V: Into<Value>> From<Option<V>> for Value {
    fn from(value: Option<V>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Type;
    use super::*;

    fn sample() -> Value {
        Value::object([
            ("name", Value::from("a")),
            ("rule", Value::list_of([Value::object([("port", Value::from(80))])])),
            ("tags", Value::object([("k", Value::from(true))])),
            ("later", Value::unknown()),
            ("any", Value::Dynamic(Box::new((Type::String, Value::from("typed"))))),
        ])
    }

    #[test]
    fn reading() {
        let value = sample();
        assert_eq!(value.get("name").as_str(), Some("a"));
        assert!(value.get("absent").is_null());
        assert!(value.get("later").get("anything").is_unknown());
        assert_eq!(value.get("any").as_str(), Some("typed"));
        assert_eq!(value.get("rule").elements().count(), 1);
        assert_eq!(value.get("name").elements().count(), 0);
        assert!(!value.is_unknown());
        assert!(!value.is_wholly_known());
        assert_eq!(Value::from(None::<&str>), Value::Null);
    }

    #[test]
    fn paths() {
        let value = sample();
        let rule = Path::attribute("rule");
        assert_eq!(value.at(&rule.index(0).child("port")).as_i64(), Some(80));
        assert!(value.at(&rule.index(1).child("port")).is_null());
        assert_eq!(value.at(&Path::attribute("tags").then(Step::Key("k".into()))).as_bool(), Some(true));
        assert!(value.at(&Path::attribute("later").index(3).child("x")).is_unknown());
        assert!(value.at(&Path::attribute("name").index(0)).is_null());
        assert_eq!(value.at(&Path::root()), &value);
    }

    #[test]
    fn writing() {
        let mut value = Value::Null;
        value.set("name", "a");
        value.set("count", 3);
        if let Some(name) = value.get_mut("name") {
            *name = Value::from("b");
        }
        assert_eq!(value, Value::object([("name", Value::from("b")), ("count", Value::from(3))]));
        assert_eq!(value.get_mut("absent"), None);
    }
}
