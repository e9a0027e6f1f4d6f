//! The types and functions a provider offers, with their schemas and signatures.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::tf_provider::diagnostics::Diagnostic;
use crate::tf_provider::function::{Function, Signature};
use crate::tf_provider::provider::{DataSource, Provider, Resource};
use crate::tf_provider::schema::Schema;
use crate::tf_provider::value::Type;

/// What is wrong with the set of types and functions a provider offers: something is there twice.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// Two resource types have the same name, this one.
    #[error("the provider declares the resource type {0:?} twice")]
    Resource(String),
    /// Two data sources have the same name, this one.
    #[error("the provider declares the data source {0:?} twice")]
    DataSource(String),
    /// Two functions have the same name, this one.
    #[error("the provider declares the function {0:?} twice")]
    Function(String),
}

/// A type with what is asked of its schema all the time.
pub(super) struct Declared<T: ?Sized> {
    /// What carries the calls out.
    pub handler: Arc<T>,
    /// Its schema, built once.
    pub schema: Schema,
    /// The type of its values.
    pub ty: Type,
}

impl<T: ?Sized> Declared<T> {
    fn new(handler: Arc<T>, schema: Schema) -> Self {
        let ty = schema.block.ty();
        Self { handler, schema, ty }
    }
}

/// A function with its signature.
pub(super) struct DeclaredFunction {
    /// What computes it.
    pub handler: Arc<dyn Function>,
    /// What it takes and gives, built once.
    pub signature: Signature,
}

/// Types by name.
pub(super) type Table<T> = BTreeMap<String, Declared<T>>;

/// Everything a provider offers.
pub(super) struct Registry {
    /// The provider's own block.
    pub provider: Declared<dyn Provider>,
    /// The resource types.
    pub resources: Table<dyn Resource>,
    /// The data sources.
    pub data_sources: Table<dyn DataSource>,
    /// The functions.
    pub functions: BTreeMap<String, DeclaredFunction>,
}

impl Registry {
    /// Asks `provider` for its types and their schemas.
    pub fn new(provider: Arc<dyn Provider>) -> Result<Self, RegistryError> {
        let mut resources = BTreeMap::new();
        for handler in provider.resources() {
            let name = handler.type_name().to_owned();
            let schema = handler.schema();
            if resources.insert(name.clone(), Declared::new(handler, schema)).is_some() {
                return Err(RegistryError::Resource(name));
            }
        }
        let mut data_sources = BTreeMap::new();
        for handler in provider.data_sources() {
            let name = handler.type_name().to_owned();
            let schema = handler.schema();
            if data_sources.insert(name.clone(), Declared::new(handler, schema)).is_some() {
                return Err(RegistryError::DataSource(name));
            }
        }
        let mut functions = BTreeMap::new();
        for handler in provider.functions() {
            let name = handler.name().to_owned();
            let signature = handler.signature();
            if functions.insert(name.clone(), DeclaredFunction { handler, signature }).is_some() {
                return Err(RegistryError::Function(name));
            }
        }
        let schema = provider.schema();
        Ok(Self { provider: Declared::new(provider, schema), resources, data_sources, functions })
    }

    /// The resource type of this name.
    pub fn resource(&self, name: &str) -> Result<&Declared<dyn Resource>, Diagnostic> {
        self.resources.get(name).ok_or_else(|| unknown("resource type", name))
    }

    /// The data source of this name.
    pub fn data_source(&self, name: &str) -> Result<&Declared<dyn DataSource>, Diagnostic> {
        self.data_sources.get(name).ok_or_else(|| unknown("data source", name))
    }

    /// The function of this name.
    pub fn function(&self, name: &str) -> Result<&DeclaredFunction, Diagnostic> {
        self.functions.get(name).ok_or_else(|| unknown("function", name))
    }
}

fn unknown(kind: &str, name: &str) -> Diagnostic {
    Diagnostic::error(
        format!("Unknown {kind} {name:?}"),
        format!(
            "This version of the provider has no {kind} named {name:?}. Check the spelling, or install a version of \
             the provider that has it."
        ),
    )
}
