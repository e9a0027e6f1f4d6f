//! The resource of every kind of object, over any backend.
//!
//! | file | what it holds |
//! |---|---|
//! | `state` | between an object and its state |
//! | `surroundings` | what a plan can refuse only by looking around |
//! | `create` | creating, and taking over what an interrupted run created |
//! | `change` | changing, merged with what others changed |
//! | `wait` | what takes its time, and what may be gone when that is over |
//! | `delete` | deleting, with what is in the way and to be deleted as well |

mod change;
mod create;
mod delete;
mod state;
mod surroundings;
mod wait;

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::json;

use super::face::{FLEXIBLE, Face};
use super::shared::{Connection, Shared};
use super::{identify, messages, schema};
use crate::model::path::id_from_name;
use crate::model::reading::problem_of_id;
use crate::model::{Api, PolicyPath, Tree, flow_trace, read};
use crate::tf_provider::{
    Applied, Context, CreateRequest, DeleteRequest, Diagnostic, Diagnostics, ImportRequest, Imported, Path,
    PlanRequest, Private, ReadRequest, ReadResponse, Resource, Schema, UpdateRequest, Value,
};

/// The resource of one kind of object.
pub struct ObjectResource {
    face: &'static Face,
    type_name: String,
    shared: Arc<Shared>,
}

/// Keys of the private state.
mod private {
    /// The name of the note of the plan that a deletion is part of.
    pub const PLAN: &str = "plan";
    /// The path of the object that was planned to stay as it is. Terraform plans what `-replace`
    /// names twice: as it is, and then, with what is kept here, as if nothing were there.
    pub const KEPT: &str = "kept";
}

impl ObjectResource {
    /// The resource of `face`.
    pub fn new(face: &'static Face, shared: Arc<Shared>) -> Self {
        Self { face, type_name: face.type_name(), shared }
    }

    /// The path of the object of a state as Terraform stores it.
    fn path_in(&self, state: &serde_json::Value) -> Option<PolicyPath> {
        let text = |name: &str| state.get(name).and_then(serde_json::Value::as_str);
        match self.face.kind.api() {
            Api::Policy => PolicyPath::parse(text("path")?).ok(),
            Api::Neutron => identify::imported(self.face, text("id")?).ok(),
        }
    }

    /// The object of Neutron that is called `name`, if its kind is one of Neutron's.
    async fn named(&self, connection: &Connection, name: &str) -> Result<Option<PolicyPath>, Diagnostics> {
        if self.face.kind.api() != Api::Neutron {
            return Ok(None);
        }
        let found = identify::named(self.face, connection.backend.as_ref(), None, name).await;
        let found = found.map_err(|error| messages::of_error(self.face, "read", &error))?;
        match &found[..] {
            [] => Ok(None),
            [one] => Ok(Some(one.path().clone())),
            several => {
                let ids: Vec<_> = several.iter().map(|object| object.path().id()).collect();
                let detail = format!("Import one of them by its id:\n  - {}", ids.join("\n  - "));
                let summary = format!("Several {}s are called {name:?}", self.face.kind.title);
                Err(Diagnostic::error(summary, detail).into())
            }
        }
    }

    fn connection(&self) -> Result<Connection, Diagnostics> {
        let connection = self.shared.connection()?;
        connection.run.stir();
        Ok(connection)
    }

    /// What is wrong with the attribute that names the parent.
    fn check_parent(&self, config: &Value) -> Option<Diagnostic> {
        let parent = self.face.parent.as_ref()?;
        let text = config.get(parent.attribute).as_str()?;
        if parent.or_flexible && config.get(FLEXIBLE).is_unknown() {
            return None;
        }
        // What a flexible object is connected to is a field of it, and checked as one.
        if self.face.flexible_field(config).is_some() {
            let is_path = text.is_empty() || PolicyPath::parse(text).is_ok();
            let summary = format!("{text:?} is not such a path");
            let hint = format!("Give {} the path of a gateway, or \"\" for none.", parent.attribute);
            return (!is_path).then(|| Diagnostic::error(summary, hint).at(Path::attribute(parent.attribute)));
        }
        if identify::parent_path(self.face, Some(text)).is_some() {
            return None;
        }
        let hint = format!("Give {} a path like {}.", parent.attribute, identify::example_parents(self.face));
        Some(Diagnostic::error(format!("{text:?} is not such a path"), hint).at(Path::attribute(parent.attribute)))
    }
}

/// What tells the object in a state from others that have had its path. Neutron never gives an id
/// twice.
fn unique_id_in<'s>(face: &Face, state: &'s Value) -> &'s str {
    let attribute = match face.kind.api() {
        Api::Policy => "unique_id",
        Api::Neutron => "id",
    };
    state.get(attribute).as_str().unwrap_or_default()
}

/// Notes that the plan deletes `path`, for good or to create it anew, and lets the
/// deletion know by whose plan.
fn note_deletion(connection: &Connection, path: &PolicyPath, unique_id: &str, private: &mut Private) {
    connection.run.will_delete(path, unique_id);
    private.0.insert(private::PLAN.to_owned(), json!(connection.run.name()));
}

/// What is said of an object that was to be touched when Terraform was told to
/// stop.
fn interrupted(title: &str) -> Diagnostics {
    let detail = "Terraform was asked to stop. Nothing was done; run the same command again to go on.";
    Diagnostic::error(format!("The {title} was not touched"), detail).into()
}

#[async_trait]
impl Resource for ObjectResource {
    fn type_name(&self) -> &str {
        &self.type_name
    }

    fn schema(&self) -> Schema {
        schema::resource(self.face)
    }

    async fn validate(&self, _cx: &Context, config: &Value) -> Diagnostics {
        let mut diagnostics: Diagnostics = self.check_parent(config).into_iter().collect();
        if let Some(problem) = config.get("id").as_str().and_then(problem_of_id) {
            diagnostics.push(messages::of_problem(self.face, &Tree::Null, &problem).at(Path::attribute("id")));
        }
        let parent = match self.face.parent.as_ref().map(|parent| config.get(parent.attribute)) {
            _ if self.face.flexible_field(config).is_some() => None,
            Some(Value::Unknown(_)) => None,
            Some(Value::String(text)) => Some(text.as_str()),
            _ => self.face.kind.default_parent,
        };
        let declared = state::declared_in(self.face, config);
        let id = config.get("id").as_str();
        let of_another = id.and_then(|id| flow_trace::problem_of_id(self.face.kind, &declared, id));
        diagnostics.extend(
            of_another.map(|problem| messages::of_problem(self.face, &declared, &problem).at(Path::attribute("id"))),
        );
        let reading = read(self.face.kind, &declared, parent);
        diagnostics.extend(reading.problems.iter().map(|problem| messages::of_problem(self.face, &declared, problem)));
        diagnostics
    }

    /// An object stays where it is, and keeps its id; a new one gets one made of its display name. The
    /// display name is the id unless the user gives one.
    fn choose(&self, config: &Value, prior: Option<&Value>) -> Value {
        let mut chosen = config.clone();
        if self.face.kind.api() == Api::Neutron {
            return chosen;
        }
        // A collection has the id that its flow makes.
        if let Some(id) = flow_trace::id(self.face.kind, &state::declared_in(self.face, config)) {
            let id = id.text().map_or(Value::unknown(), Value::from);
            if config.get("id").is_null() {
                chosen.set("id", id);
            }
        } else if config.get("id").is_null() {
            let from_name = || match config.get("display_name") {
                Value::String(name) => id_from_name(name).map_or(Value::unknown(), Value::from),
                _ => Value::unknown(),
            };
            chosen.set("id", prior.map_or_else(from_name, |prior| prior.get("id").clone()));
        }
        if self.face.may_be_flexible() && config.get(FLEXIBLE).is_null() {
            let lies = prior.and_then(|prior| prior.get(FLEXIBLE).as_bool()).unwrap_or_default();
            chosen.set(FLEXIBLE, Value::Bool(lies));
        }
        if config.get("display_name").is_null() {
            chosen.set("display_name", chosen.get("id").clone());
        }
        chosen
    }

    async fn plan(&self, cx: &Context, request: &mut PlanRequest<'_>) -> Diagnostics {
        let connection = match self.connection() {
            Ok(connection) => connection,
            Err(diagnostics) => return diagnostics,
        };
        if let Err(error) = connection.backend.serves(self.face.kind) {
            return messages::of_error(self.face, "planned", &error);
        }
        if let Some(prior) = request.prior {
            // One below a gateway lies elsewhere, once it is connected to another one.
            if let Some(parent) = self.face.parent.as_ref().filter(|parent| parent.or_flexible) {
                let is_moved = prior.get(parent.attribute) != request.planned.get(parent.attribute);
                let at = Path::attribute(parent.attribute);
                if is_moved && self.face.flexible_field(&request.planned).is_none() && !request.replace.contains(&at) {
                    request.replace.push(at);
                }
            }
            if *prior == request.planned {
                if let Err(error) = self.note_holds(&connection, prior).await {
                    return messages::of_error(self.face, "planned", &error);
                }
                self.note_unchanged(&connection, prior);
                if let Some(path) = self.path(prior) {
                    request.private.0.insert(private::KEPT.to_owned(), json!(path.as_str()));
                }
                return Diagnostics::none();
            }
            if prior.get("system_owned").as_bool() == Some(true) {
                return messages::system_owned(self.face, prior.get("path").as_str().unwrap_or_default()).into();
            }
            if self.has_expired(&connection, prior).await {
                // There is nothing left to change.
                let differs = |name: &&str| prior.get(name) != request.planned.get(name);
                let changed = wait::NAMES.into_iter().filter(differs).map(Path::attribute);
                request.replace.extend(changed.collect::<Vec<_>>());
            }
            if let Some(path) = self.path(prior).filter(|_| !request.replace.is_empty()) {
                if self.path_anew(&request.planned).as_ref() != Some(&path) {
                    connection.run.gives_up(&path, unique_id_in(self.face, prior), self.face.kind.name);
                }
                note_deletion(&connection, &path, unique_id_in(self.face, prior), &mut request.private);
            }
        } else if let Some(path) = self.path(&request.planned) {
            let parent = self.face.kind.parent(&path);
            request.planned.set("path", path.as_str());
            request.planned.set("parent_path", parent.as_ref().map_or("/infra", PolicyPath::as_str));
        }
        self.note_planned(&connection, request);
        let mut diagnostics = self.check_surroundings(cx, &connection, &request.planned).await;
        let before = request.private.0.get(private::KEPT).filter(|_| request.prior.is_none());
        let before = before.and_then(|path| PolicyPath::parse(path.as_str()?).ok());
        if request.replace.is_empty() && !diagnostics.has_errors() {
            diagnostics.extend(self.check_clashes(cx, &connection, &request.planned, before.as_ref()).await);
        }
        if request.prior.is_none() && self.face.kind.api() == Api::Neutron && !diagnostics.has_errors() {
            diagnostics.extend(self.check_quota(cx, &connection, request.config, before.as_ref()).await);
        }
        if request.prior.is_none() {
            diagnostics.extend(self.check_creation(cx, &connection, &request.planned, &mut request.private).await);
        }
        diagnostics
    }

    async fn plan_delete(&self, _cx: &Context, state: &Value, mut private: Private) -> (Private, Diagnostics) {
        let path = self.path(state);
        if let Some(path) = &path
            && state.get("system_owned").as_bool() == Some(true)
        {
            return (private, messages::system_owned(self.face, path.as_str()).into());
        }
        if let (Ok(connection), Some(path)) = (self.connection(), path) {
            connection.run.gives_up(&path, unique_id_in(self.face, state), self.face.kind.name);
            note_deletion(&connection, &path, unique_id_in(self.face, state), &mut private);
        }
        (private, Diagnostics::none())
    }

    async fn create(&self, cx: &Context, request: CreateRequest<'_>) -> Applied {
        let (state, diagnostics) = match self.connection() {
            Ok(connection) => {
                connection.run.applies();
                let (state, mut diagnostics) = self.create_object(cx, &connection, &request).await;
                if let Some(state) = &state {
                    diagnostics.extend(self.wait_for_completion(cx, &connection, state).await);
                }
                (state, diagnostics)
            }
            Err(diagnostics) => (None, diagnostics),
        };
        Applied { state, private: Private::default(), diagnostics }
    }

    async fn read(&self, _cx: &Context, request: ReadRequest<'_>) -> ReadResponse {
        let (state, diagnostics) = match self.connection() {
            Ok(connection) => self.read_object(&connection, request.state).await,
            Err(diagnostics) => (Some(request.state.clone()), diagnostics),
        };
        ReadResponse { state, private: request.private, diagnostics }
    }

    async fn update(&self, cx: &Context, request: UpdateRequest<'_>) -> Applied {
        let changed = match self.connection() {
            Ok(connection) => {
                connection.run.applies();
                self.change_object(cx, &connection, &request).await
            }
            Err(diagnostics) => Err(diagnostics),
        };
        let (state, diagnostics) = changed.unwrap_or_else(|diagnostics| (request.prior.clone(), diagnostics));
        Applied { state: Some(state), private: Private::default(), diagnostics }
    }

    async fn delete(&self, cx: &Context, request: DeleteRequest<'_>) -> Diagnostics {
        match self.connection() {
            Ok(connection) => {
                connection.run.applies();
                self.delete_object(cx, &connection, &request).await
            }
            Err(diagnostics) => diagnostics,
        }
    }

    async fn import(&self, _cx: &Context, request: ImportRequest<'_>) -> Result<Vec<Imported>, Diagnostics> {
        let connection = self.connection()?;
        let title = self.face.kind.title;
        let path = match identify::imported(self.face, request.id) {
            Ok(path) => path,
            Err(refused) => self.named(&connection, request.id).await?.ok_or(refused)?,
        };
        let found = connection.backend.get(&path).await;
        match found.map_err(|error| messages::of_error(self.face, "read", &error))? {
            Some(object) if object.kind() == self.face.kind => {
                let mut state = Value::object([("id", Value::from(path.id()))]);
                if self.face.kind.api() == Api::Policy {
                    state.set("path", path.as_str());
                }
                connection.claims.is_imported(path);
                Ok(vec![Imported { type_name: self.type_name.clone(), state, private: Private::default() }])
            }
            Some(object) => {
                let other = object.kind();
                let detail =
                    format!("{path} is {}. Import it into a resource of type vpn_{}.", other.one(), other.name);
                Err(Diagnostic::error(format!("This is no {title}"), detail).into())
            }
            None => {
                let detail = format!("There is no {title} at {path} in {}.", connection.backend.describe());
                Err(Diagnostic::error(format!("The {title} does not exist"), detail).into())
            }
        }
    }

    fn upgrade(&self, _version: i64, state: serde_json::Value) -> Result<serde_json::Value, Diagnostics> {
        if let Ok(connection) = self.connection()
            && let Some(path) = self.path_in(&state)
        {
            connection.is_in_state(path);
        }
        Ok(state)
    }
}
