//! The face of a kind of object in Terraform: what its resource and its data
//! source have besides the fields that the model declares.

use crate::model::{Kind, LIVE_TRACE, PolicyPath, Tree};
use crate::tf_provider::Value;

/// The face of a kind of object.
pub struct Face {
    /// The kind.
    pub kind: &'static Kind,
    /// The attribute that names the object it lies below; `None` right below
    /// `/infra`.
    pub parent: Option<Parent>,
    /// The heading it stands under in the documentation.
    pub subcategory: &'static str,
}

/// The attribute that names the object an object lies below.
pub struct Parent {
    /// Its name: `gateway_path`.
    pub attribute: &'static str,
    /// What it is, in Markdown.
    pub doc: &'static str,
    /// Whether objects may lie right below `/infra` instead, if [`FLEXIBLE`] says so. The
    /// attribute is a field of theirs then, which can change, and be empty.
    pub or_flexible: bool,
}

impl Parent {
    /// The attribute `attribute`, which means what `doc` says.
    pub const fn new(attribute: &'static str, doc: &'static str) -> Self {
        Self { attribute, doc, or_flexible: false }
    }

    /// What a flexible object that is `tree` says it is connected to, spelled as `written`
    /// where that means the same; empty where it is connected to nothing.
    pub fn connected(&self, written: &Value, tree: &Tree) -> Value {
        let parse = |text: &str| PolicyPath::parse(text).ok();
        match (tree.get(self.attribute).text(), written.as_str()) {
            (None, _) => Value::from(""),
            (Some(now), Some(before)) if parse(before).is_some() && parse(before) == parse(now) => written.clone(),
            (Some(now), _) => Value::from(now),
        }
    }
}

/// The attribute that puts an object right below `/infra`.
pub const FLEXIBLE: &str = "flexible";

/// The attribute that says whether a creation waits until the object has come to its end.
pub const WAIT: &str = "wait_for_completion";

impl Face {
    /// Whether objects come to an end by themselves, some time after they are created.
    pub fn takes_time(&self) -> bool {
        *self.kind == LIVE_TRACE
    }

    /// Whether objects may lie right below `/infra` although they usually lie below a parent.
    pub fn may_be_flexible(&self) -> bool {
        self.parent.as_ref().is_some_and(|parent| parent.or_flexible)
    }

    /// The attribute that is a field where `value` lies right below `/infra`; none where it
    /// does not, or cannot.
    pub fn flexible_field(&self, value: &Value) -> Option<&'static str> {
        let parent = self.parent.as_ref().filter(|parent| parent.or_flexible)?;
        (value.get(FLEXIBLE).as_bool() == Some(true)).then_some(parent.attribute)
    }

    /// The path of the object `id` right below `/infra`.
    pub fn flexible_path(&self, id: &str) -> Option<PolicyPath> {
        PolicyPath::parse(&format!("/infra/{}/{id}", self.kind.collection()?)).ok()
    }

    /// The name of the resource type and of the data source.
    pub fn type_name(&self) -> String {
        format!("vpn_{}", self.kind.name)
    }
}
