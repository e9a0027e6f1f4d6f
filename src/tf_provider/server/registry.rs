//! The types a provider offers, with their schemas.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::tf_provider::diagnostics::Diagnostic;
use crate::tf_provider::provider::{DataSource, Provider, Resource};
use crate::tf_provider::schema::Schema;
use crate::tf_provider::value::Type;

/// What is wrong with the set of types a provider offers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// Two resource types have the same name.
    #[error("the provider declares the resource type {0:?} twice")]
    DuplicateResource(String),
    /// Two data sources have the same name.
    #[error("the provider declares the data source {0:?} twice")]
    DuplicateDataSource(String),
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
}

impl Registry {
    /// Asks `provider` for its types and their schemas.
    pub fn new(provider: Arc<dyn Provider>) -> Result<Self, RegistryError> {
        let mut resources = BTreeMap::new();
        for handler in provider.resources() {
            let name = handler.type_name().to_owned();
            let schema = handler.schema();
            if resources.insert(name.clone(), Declared::new(handler, schema)).is_some() {
                return Err(RegistryError::DuplicateResource(name));
            }
        }
        let mut data_sources = BTreeMap::new();
        for handler in provider.data_sources() {
            let name = handler.type_name().to_owned();
            let schema = handler.schema();
            if data_sources.insert(name.clone(), Declared::new(handler, schema)).is_some() {
                return Err(RegistryError::DuplicateDataSource(name));
            }
        }
        let schema = provider.schema();
        Ok(Self { provider: Declared::new(provider, schema), resources, data_sources })
    }

    /// The resource type of this name.
    pub fn resource(&self, name: &str) -> Result<&Declared<dyn Resource>, Diagnostic> {
        self.resources.get(name).ok_or_else(|| unknown("resource type", name))
    }

    /// The data source of this name.
    pub fn data_source(&self, name: &str) -> Result<&Declared<dyn DataSource>, Diagnostic> {
        self.data_sources.get(name).ok_or_else(|| unknown("data source", name))
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
