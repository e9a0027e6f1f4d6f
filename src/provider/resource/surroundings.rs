//! What a plan can refuse only by looking around: what the object refers to, and
//! what is already there.

use std::collections::BTreeSet;

use serde_json::json;

use super::state::{declared_fields, declared_in};
use super::{ObjectResource, note_deletion, private, unique_id};
use crate::engine::Object;
use crate::model::PolicyPath;
use crate::model::reference::{ends_fit, references};
use crate::model::tree::Tree;
use crate::provider::shared::Connection;
use crate::provider::{identify, messages, notes};
use crate::tf_provider::{Context, Diagnostic, Diagnostics, Path, Private, Value};

impl ObjectResource {
    /// What the parent and the objects referred to have to say: that they exist,
    /// or will, and that they suit this object.
    pub(super) async fn check_surroundings(
        &self,
        cx: &Context,
        connection: &Connection,
        planned: &Value,
    ) -> Diagnostics {
        let tree = declared_in(self.face, planned);
        let referred: Vec<_> = references(self.face.kind, &tree)
            .into_iter()
            .filter_map(|reference| Some((PolicyPath::parse(&reference.to).ok()?, reference)))
            .collect();
        let attribute = self.face.parent.as_ref().map(|parent| parent.attribute);
        let parent = attribute.and_then(|attribute| match planned.get(attribute) {
            Value::String(text) => Some((identify::parent_path(self.face, Some(text))?, attribute)),
            _ => None,
        });
        let paths = referred.iter().map(|(path, _)| path).chain(parent.iter().map(|(path, _)| path));
        let missing = match connection.missing(cx, paths.cloned()).await {
            Ok(missing) => missing,
            Err(error) => return messages::of_error(self.face, "planned", &error),
        };
        let mut diagnostics = Diagnostics::none();
        if let Some((path, attribute)) = parent.filter(|(path, _)| missing.contains(path)) {
            diagnostics.push(messages::does_not_exist(path.as_str()).at(Path::attribute(attribute)));
        }
        for (path, reference) in &referred {
            if missing.contains(path) {
                diagnostics.push(messages::dangling(self.face, &reference.from, &reference.to));
            } else {
                diagnostics.extend(self.check_fit(connection, &tree, path).await);
            }
        }
        diagnostics
    }

    /// Whether an object that exists suits this one.
    async fn check_fit(&self, connection: &Connection, tree: &Tree, path: &PolicyPath) -> Diagnostics {
        match connection.backend.get(path).await {
            Ok(Some(target)) => {
                let problems = ends_fit(tree, target.kind(), &target.tree());
                problems.iter().map(|problem| messages::of_problem(self.face, tree, problem)).collect()
            }
            Ok(None) => Diagnostics::none(),
            Err(error) => messages::of_error(self.face, "planned", &error),
        }
    }

    /// Whether the object to be created can be.
    pub(super) async fn check_creation(
        &self,
        connection: &Connection,
        planned: &Value,
        private: &mut Private,
    ) -> Diagnostics {
        let Some(path) = self.path(planned) else { return Diagnostics::none() };
        if !connection.run.will_create(path.clone()) {
            return declared_twice(&path).into();
        }
        match connection.backend.get(&path).await {
            Ok(Some(object)) if object.is_system_owned() => {
                messages::system_owned(self.face, path.as_str()).at(Path::attribute("id")).into()
            }
            Ok(existing) if Self::is_to_be_replaced(connection, &path, existing.as_ref()) => {
                private.0.insert(private::REPLACES.to_owned(), json!(true));
                if let Some(object) = existing {
                    notes::will_replace(unique_id(&object));
                    note_deletion(connection, &path, private);
                }
                Diagnostics::none()
            }
            Ok(Some(object)) if !self.may_be_what_is_wanted(&object, planned) => self.exists(&path).into(),
            Ok(_) => Diagnostics::none(),
            Err(error) => messages::of_error(self.face, "planned", &error),
        }
    }

    /// Whether the object at `path`, if there is one, is in Terraform's state: then
    /// what is created there takes its place.
    fn is_to_be_replaced(connection: &Connection, path: &PolicyPath, existing: Option<&Object>) -> bool {
        connection.run.has_in_state(path) || existing.is_some_and(|object| notes::is_replaced(unique_id(object)))
    }

    /// Whether `object` is exactly what `planned` declares, so that creating it
    /// again changes nothing: an earlier run was interrupted after the object was
    /// created and before Terraform could note it.
    pub(super) fn is_what_is_wanted(&self, object: &Object, planned: &Value) -> bool {
        object.kind() == self.face.kind && self.fields_of(planned) == Some(declared_fields(object))
    }

    /// Whether `object` can be what `planned` declares, as far as that is known.
    fn may_be_what_is_wanted(&self, object: &Object, planned: &Value) -> bool {
        let (wanted, found) = (self.partly_known_fields_of(planned), declared_fields(object));
        let names: BTreeSet<_> = wanted.keys().chain(found.keys()).collect();
        let agrees = |name: &String| match wanted.get(name) {
            Some(wanted) if wanted.has_unknown() => true,
            wanted => wanted == found.get(name),
        };
        object.kind() == self.face.kind && names.into_iter().all(agrees)
    }

    /// What is said of an object in the way of one to be created.
    pub(super) fn exists(&self, path: &PolicyPath) -> Diagnostic {
        let detail = format!(
            "{path} exists already and is not what this configuration declares. To manage it with Terraform, import it: \
             {}\nOtherwise choose another id.",
            messages::import_command(self.face, path)
        );
        Diagnostic::error(format!("The {} exists already", self.face.kind.title), detail).at(Path::attribute("id"))
    }
}

fn declared_twice(path: &PolicyPath) -> Diagnostic {
    let summary = "Two resources declare one object";
    let detail = format!("{path} can be declared once only. Give one of the resources another id.");
    Diagnostic::error(summary, detail).at(Path::attribute("id"))
}
