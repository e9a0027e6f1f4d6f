//! The data source of every kind of object: finds one by id, path or display
//! name.

use std::sync::Arc;

use async_trait::async_trait;

use super::convert::{shown, to_value, without_secrets};
use super::face::{FLEXIBLE, Face};
use super::shared::{Connection, Shared};
use super::{identify, messages, schema};
use crate::engine::{Object, Reveal};
use crate::model::reading::problem_of_id;
use crate::model::{Api, PolicyPath, Tree};
use crate::tf_provider::{Context, DataSource, Diagnostic, Diagnostics, Found, Path, Schema, Value};

/// The data source of one kind of object.
pub struct ObjectDataSource {
    face: &'static Face,
    type_name: String,
    shared: Arc<Shared>,
}

/// The attributes of which one tells which object is meant.
pub fn keys(face: &Face) -> &'static [&'static str] {
    match face.kind.api() {
        Api::Policy => &["id", "path", "display_name"],
        Api::Neutron => &["id", "name"],
    }
}

impl ObjectDataSource {
    /// The data source of `face`.
    pub fn new(face: &'static Face, shared: Arc<Shared>) -> Self {
        Self { face, type_name: face.type_name(), shared }
    }

    /// Where to look for objects by id or name.
    fn parent(&self, config: &Value) -> Result<Option<PolicyPath>, Diagnostics> {
        let Some(parent) = &self.face.parent else { return Ok(None) };
        if self.face.flexible_field(config).is_some() {
            return Ok(None);
        }
        let path = identify::parent_path(self.face, config.get(parent.attribute).as_str());
        path.map(Some).ok_or_else(|| {
            let hint = format!("Give {} a path like {}.", parent.attribute, identify::example_parents(self.face));
            let summary = format!("{} is missing or is not such a path", parent.attribute);
            Diagnostic::error(summary, hint).at(Path::attribute(parent.attribute)).into()
        })
    }

    /// The path that is given, which lies below the parent that is given, if one is.
    fn given_path(&self, config: &Value, text: &str) -> Result<PolicyPath, Diagnostics> {
        if !text.starts_with('/') {
            let examples: Vec<_> = self.face.kind.example_paths().collect();
            let hint = format!("Give it as {}, or use id.", examples.join(" or "));
            return Err(Diagnostic::error(format!("{text:?} is no policy path"), hint)
                .at(Path::attribute("path"))
                .into());
        }
        let path = identify::imported(self.face, text).map_err(|diagnostic| diagnostic.at(Path::attribute("path")))?;
        let Some(parent) = self.face.parent.as_ref().filter(|parent| !config.get(parent.attribute).is_null()) else {
            return Ok(path);
        };
        if self.parent(config)? == self.face.kind.parent(&path) {
            return Ok(path);
        }
        let hint = format!("Leave {} out: path tells where the object lies.", parent.attribute);
        let summary = format!("{path} does not lie below {}", parent.attribute);
        Err(Diagnostic::error(summary, hint).at(Path::attribute(parent.attribute)).into())
    }

    async fn find(&self, connection: &Connection, config: &Value) -> Result<Object, Diagnostics> {
        let failed = |error| messages::of_error(self.face, "read", &error);
        if let Some(text) = config.get("path").as_str() {
            let path = self.given_path(config, text)?;
            return self.known(connection, connection.backend.get(&path).await.map_err(failed)?, "path", text);
        }
        let parent = self.parent(config)?;
        if let Some(id) = config.get("id").as_str() {
            let path = match &parent {
                Some(parent) => self.face.kind.path(parent, id),
                None if self.face.may_be_flexible() => {
                    let wrong =
                        |problem| messages::of_problem(self.face, &Tree::Null, &problem).at(Path::attribute("id"));
                    problem_of_id(id).map_or(Ok(()), |problem| Err(wrong(problem)))?;
                    self.face.flexible_path(id).ok_or_else(|| messages::does_not_exist(id).at(Path::attribute("id")))?
                }
                None => identify::imported(self.face, id).map_err(|diagnostic| diagnostic.at(Path::attribute("id")))?,
            };
            return self.known(connection, connection.backend.get(&path).await.map_err(failed)?, "id", id);
        }
        let by = self.face.kind.name_field();
        let name = config.get(by).as_str().unwrap_or_default();
        let mut named =
            identify::named(self.face, connection.backend.as_ref(), parent.as_ref(), name).await.map_err(failed)?;
        if named.len() > 1 {
            let each = named.iter().map(|object| match self.face.kind.api() {
                Api::Policy => object.path().as_str(),
                Api::Neutron => object.path().id(),
            });
            let others: Vec<_> = keys(self.face).iter().copied().filter(|key| *key != by).collect();
            let detail =
                format!("Tell them apart by {}:\n  - {}", others.join(" or "), each.collect::<Vec<_>>().join("\n  - "));
            let summary = format!("Several objects have the {} {name:?}", words(by));
            return Err(Diagnostic::error(summary, detail).at(Path::attribute(by)).into());
        }
        self.known(connection, named.pop(), by, name)
    }

    fn known(
        &self,
        connection: &Connection,
        found: Option<Object>,
        by: &str,
        value: &str,
    ) -> Result<Object, Diagnostics> {
        let title = self.face.kind.title;
        found.filter(|object| object.kind() == self.face.kind).ok_or_else(|| {
            let detail = format!("There is no {title} with the {by} {value:?} in {}.", connection.backend.describe());
            Diagnostic::error(format!("The {title} does not exist"), detail).at(Path::attribute(by)).into()
        })
    }
}

#[async_trait]
impl DataSource for ObjectDataSource {
    fn type_name(&self) -> &str {
        &self.type_name
    }

    fn schema(&self) -> Schema {
        schema::data_source(self.face)
    }

    async fn validate(&self, _cx: &Context, config: &Value) -> Diagnostics {
        check_keys(self.face, config)
    }

    async fn read(&self, _cx: &Context, config: &Value) -> Result<Found, Diagnostics> {
        let refused = check_keys(self.face, config);
        if refused.has_errors() {
            return Err(refused);
        }
        let connection = self.shared.connection()?;
        let object = self.find(&connection, config).await?;
        let lies_flexibly = self.face.kind.parent(object.path()).is_none();
        if self.face.may_be_flexible() && config.get(FLEXIBLE).as_bool().is_some_and(|said| said != lies_flexibly) {
            let detail = format!("{} tells where the object lies: leave {FLEXIBLE} out.", object.path());
            return Err(Diagnostic::error("The object lies elsewhere", detail).at(Path::attribute(FLEXIBLE)).into());
        }
        let tree = object.clone().seen(Reveal::Public).tree();
        let mut found = Value::object([("id", Value::from(object.path().id()))]);
        if let Some(parent) = &self.face.parent {
            let given = config.get(parent.attribute);
            let actual = self.face.kind.parent(object.path());
            found.set(
                parent.attribute,
                match &actual {
                    None => parent.connected(given, &tree),
                    Some(actual) if given.is_null() => Value::from(actual.as_str()),
                    Some(_) => given.clone(),
                },
            );
            if parent.or_flexible {
                found.set(FLEXIBLE, Value::Bool(actual.is_none()));
            }
        }
        for field in shown(self.face.kind.common()).chain(shown(self.face.kind.record)).filter(|field| !field.secret) {
            let value = to_value(&field.shape, tree.get(field.name));
            found.set(schema::result_name(field), without_secrets(&field.shape, value));
        }
        if let Some(path) = config.get("path").as_str() {
            found.set("path", path);
        }
        Ok(found.into())
    }
}

/// The name of an attribute as words: `display name`.
fn words(attribute: &str) -> String {
    attribute.replace('_', " ")
}

/// Whether the keys tell which object is meant; one that is not known yet may turn
/// out to be unset.
fn check_keys(face: &Face, config: &Value) -> Diagnostics {
    let keys = keys(face);
    let set: Vec<_> = keys.iter().copied().filter(|key| config.get(key).as_str().is_some()).collect();
    let one_of = one_of(keys);
    match set[..] {
        [_] => Diagnostics::none(),
        [] if keys.iter().any(|key| config.get(key).is_unknown()) => Diagnostics::none(),
        [] => Diagnostic::error("Which object is meant is not said", format!("Set one of {one_of}.")).into(),
        [_, second, ..] => {
            let summary = format!("{} are set", set.join(" and "));
            let detail = format!("Set only one of {one_of}.");
            Diagnostic::error(summary, detail).at(Path::attribute(second)).into()
        }
    }
}

/// `id, path and display_name`.
pub fn one_of(keys: &[&str]) -> String {
    match keys {
        [others @ .., last] => format!("{} and {last}", others.join(", ")),
        [] => String::new(),
    }
}
