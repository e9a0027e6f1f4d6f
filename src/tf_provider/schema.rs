//! Schemas: what the attributes and blocks of a resource, a data source or the
//! provider are, and how each behaves in a plan.

use std::fmt;
use std::sync::Arc;

use super::diagnostics::Diagnostics;
use super::path::Path;
use super::value::{Type, Value};

/// A block and the version of its shape.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    /// Counts incompatible changes; state of an older version is upgraded.
    pub version: i64,
    /// The outermost block.
    pub block: Block,
}

/// A block: attributes, and blocks within.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// In the order the documentation shows them.
    pub attributes: Vec<Attribute>,
    /// In the order the documentation shows them.
    pub blocks: Vec<NestedBlock>,
    /// What it is, in Markdown.
    pub description: String,
    /// Set when it should no longer be used: what to use instead.
    pub deprecated: Option<String>,
}

/// Who may set an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The user must.
    Required,
    /// The user may; unset is null.
    Optional,
    /// The user may; unset is up to the provider.
    OptionalComputed,
    /// Only the provider.
    Computed,
}

/// Computes the default of an attribute from the configuration of the block it
/// stands in; `None` leaves the attribute to the provider.
pub type DefaultFn = Arc<dyn Fn(&Value) -> Option<Value> + Send + Sync>;

/// Checks a known, non-null value; reports under the given path.
pub type Validator = Arc<dyn Fn(&Value, &Path) -> Diagnostics + Send + Sync>;

/// Whether two known values mean the same although they are spelled differently.
pub type SameFn = Arc<dyn Fn(&Value, &Value) -> bool + Send + Sync>;

/// Whether a change from the first to the second value makes Terraform replace the
/// object.
pub type ReplaceFn = Arc<dyn Fn(&Value, &Value) -> bool + Send + Sync>;

/// Whether a changed attribute makes Terraform replace the object.
#[derive(Clone, Default)]
pub enum Replace {
    /// It is changed in place.
    #[default]
    Never,
    /// The object is replaced.
    Always,
    /// The object is replaced if this says so of the prior and the planned value.
    When(ReplaceFn),
}

/// An attribute of a block.
#[derive(Clone)]
pub struct Attribute {
    /// The name, `snake_case`.
    pub name: String,
    /// The type of its values.
    pub ty: Type,
    /// Who may set it.
    pub mode: Mode,
    /// What it is, in Markdown.
    pub description: String,
    /// Whether Terraform hides its value.
    pub sensitive: bool,
    /// Whether its value is in no plan and no state.
    pub write_only: bool,
    /// Set when it should no longer be used: what to use instead.
    pub deprecated: Option<String>,
    /// What an unset attribute becomes in a plan.
    pub default: Option<DefaultFn>,
    /// What a value must satisfy beyond its type.
    pub validators: Vec<Validator>,
    /// When two spellings of a value are the same, the plan keeps the prior one.
    pub same: Option<SameFn>,
    /// A computed value is expected to stay as it is when other attributes change.
    pub keep_prior: bool,
    /// Whether a change makes Terraform replace the object.
    pub replace: Replace,
}

/// How many blocks of a type there may be, and what order means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nesting {
    /// At most one.
    Single,
    /// Any number; order matters.
    List,
    /// Any number; order does not matter.
    Set,
    /// Any number, each with a label of its own.
    Map,
}

/// A block type within a block.
#[derive(Clone)]
pub struct NestedBlock {
    /// The name, `snake_case`, in the singular.
    pub name: String,
    /// How many there may be.
    pub nesting: Nesting,
    /// Its contents.
    pub block: Block,
    /// Whether there must be one. The provider says so of one that Terraform does not miss.
    pub is_required: bool,
    /// The fewest allowed; 0 for any.
    pub min_items: i64,
    /// The most allowed; 0 for any.
    pub max_items: i64,
    /// For a set: the attribute that tells one element from another, so that the
    /// computed values of an element are kept when it changes.
    pub key: Option<String>,
    /// Whether a change makes Terraform replace the object.
    pub replace: Replace,
}

impl Block {
    /// A block with this description and nothing in it yet.
    pub fn new(description: impl Into<String>) -> Self {
        Self { description: description.into(), ..Self::default() }
    }

    /// Adds an attribute.
    #[must_use]
    pub fn with(mut self, attribute: Attribute) -> Self {
        self.attributes.push(attribute);
        self
    }

    /// Adds a block type.
    #[must_use]
    pub fn with_block(mut self, block: NestedBlock) -> Self {
        self.blocks.push(block);
        self
    }

    /// The attribute of this name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// The block type of this name.
    pub fn nested(&self, name: &str) -> Option<&NestedBlock> {
        self.blocks.iter().find(|block| block.name == name)
    }

    /// The object type of the values of this block.
    pub fn ty(&self) -> Type {
        let attributes = self.attributes.iter().map(|attribute| (attribute.name.clone(), attribute.ty.clone()));
        let blocks = self.blocks.iter().map(|block| (block.name.clone(), block.ty()));
        Type::Object(attributes.chain(blocks).collect())
    }
}

impl NestedBlock {
    /// Blocks `name` with this nesting and contents, any number of them.
    pub fn new(name: impl Into<String>, nesting: Nesting, block: Block) -> Self {
        let name = name.into();
        Self {
            name,
            nesting,
            block,
            is_required: false,
            min_items: 0,
            max_items: 0,
            key: None,
            replace: Replace::Never,
        }
    }

    /// The same with at least `min` and at most `max` of them (0: no limit).
    #[must_use]
    pub fn items(self, min: i64, max: i64) -> Self {
        Self { min_items: min, max_items: max, ..self }
    }

    /// The same with elements told apart by the attribute `key`.
    #[must_use]
    pub fn keyed(self, key: impl Into<String>) -> Self {
        Self { key: Some(key.into()), ..self }
    }

    /// The type of the value that holds all blocks of this type.
    pub fn ty(&self) -> Type {
        let element = self.block.ty();
        match self.nesting {
            Nesting::Single => element,
            Nesting::List => Type::List(Box::new(element)),
            Nesting::Set => Type::Set(Box::new(element)),
            Nesting::Map => Type::Map(Box::new(element)),
        }
    }
}

impl Attribute {
    /// An attribute with this name, type and mode, and nothing special about it.
    pub fn new(name: impl Into<String>, ty: Type, mode: Mode, description: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ty,
            mode,
            description: description.into(),
            sensitive: false,
            write_only: false,
            deprecated: None,
            default: None,
            validators: Vec::new(),
            same: None,
            keep_prior: false,
            replace: Replace::Never,
        }
    }

    /// An attribute the user must set.
    pub fn required(name: impl Into<String>, ty: Type, description: impl Into<String>) -> Self {
        Self::new(name, ty, Mode::Required, description)
    }

    /// An attribute the user may set.
    pub fn optional(name: impl Into<String>, ty: Type, description: impl Into<String>) -> Self {
        Self::new(name, ty, Mode::Optional, description)
    }

    /// An attribute only the provider sets.
    pub fn computed(name: impl Into<String>, ty: Type, description: impl Into<String>) -> Self {
        Self::new(name, ty, Mode::Computed, description)
    }

    /// An attribute the user may set and the provider sets otherwise.
    pub fn optional_computed(name: impl Into<String>, ty: Type, description: impl Into<String>) -> Self {
        Self::new(name, ty, Mode::OptionalComputed, description)
    }

    /// Hidden by Terraform.
    #[must_use]
    pub fn sensitive(self) -> Self {
        Self { sensitive: true, ..self }
    }

    /// In no plan and no state.
    #[must_use]
    pub fn write_only(self) -> Self {
        Self { write_only: true, ..self }
    }

    /// No longer to be used; `instead` says what is.
    #[must_use]
    pub fn deprecated(self, instead: impl Into<String>) -> Self {
        Self { deprecated: Some(instead.into()), ..self }
    }

    /// Unset becomes `value`; the attribute becomes optional and computed.
    #[must_use]
    pub fn default_value(self, value: Value) -> Self {
        self.default_with(move |_| Some(value.clone()))
    }

    /// Unset becomes what `default` makes of the block it stands in.
    #[must_use]
    pub fn default_with(self, default: impl Fn(&Value) -> Option<Value> + Send + Sync + 'static) -> Self {
        Self { mode: Mode::OptionalComputed, default: Some(Arc::new(default)), ..self }
    }

    /// Checked by `validator` as well.
    #[must_use]
    pub fn validated(mut self, validator: impl Fn(&Value, &Path) -> Diagnostics + Send + Sync + 'static) -> Self {
        self.validators.push(Arc::new(validator));
        self
    }

    /// Two values of which `same` says so are no change.
    #[must_use]
    pub fn same_when(self, same: impl Fn(&Value, &Value) -> bool + Send + Sync + 'static) -> Self {
        Self { same: Some(Arc::new(same)), ..self }
    }

    /// A computed value is expected to stay when other attributes change.
    #[must_use]
    pub fn keep_prior(self) -> Self {
        Self { keep_prior: true, ..self }
    }

    /// A change makes Terraform replace the object.
    #[must_use]
    pub fn replaces(self) -> Self {
        Self { replace: Replace::Always, ..self }
    }

    /// Whether the user may set it.
    pub fn is_configurable(&self) -> bool {
        self.mode != Mode::Computed
    }

    /// Whether the provider may choose its value.
    pub fn is_computed(&self) -> bool {
        matches!(self.mode, Mode::Computed | Mode::OptionalComputed)
    }
}

impl fmt::Debug for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attribute")
            .field("name", &self.name)
            .field("ty", &self.ty)
            .field("mode", &self.mode)
            .field("sensitive", &self.sensitive)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for NestedBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NestedBlock")
            .field("name", &self.name)
            .field("nesting", &self.nesting)
            .field("block", &self.block)
            .finish_non_exhaustive()
    }
}
