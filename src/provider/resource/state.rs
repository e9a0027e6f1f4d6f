//! Between an object and its state in Terraform.

use super::{ObjectResource, unique_id_in};
use xxhash_rust::xxh3::xxh3_64;

use crate::engine::Object;
use crate::model::field::{Field, Record};
use crate::model::path::id_from_name;
use crate::model::problem::Gravity;
use crate::model::tree::{Fields, Tree};
use crate::model::wording::as_written;
use crate::model::{Api, Kind, PolicyPath, read, reference};
use crate::provider::convert::{declared, respelled, shown, to_value};
use crate::provider::face::{FLEXIBLE, Face, WAIT};
use crate::provider::identify;
use crate::provider::merge::with_secrets_of;
use crate::provider::messages;
use crate::provider::run::STAND_IN;
use crate::provider::shared::Connection;
use crate::tf_provider::{Diagnostic, Diagnostics, PlanRequest, Value};

/// The records whose fields an object of `face` has.
fn records(face: &Face) -> [&'static Record; 2] {
    [face.kind.common(), face.kind.record]
}

/// What a configuration, a plan or a state of `face` declares.
pub fn declared_in(face: &Face, value: &Value) -> Tree {
    let mut tree = declared(&records(face), value);
    if let (Some(name), Tree::Object(fields)) = (face.flexible_field(value), &mut tree) {
        let said = match value.get(name) {
            Value::Unknown(_) => Tree::Unknown,
            said => said.as_str().filter(|said| !said.is_empty()).map_or(Tree::Null, Tree::from),
        };
        fields.insert(name.to_owned(), said);
    }
    tree
}

/// The fields of an object that a user declares.
fn declared_fields(object: &Object) -> Fields {
    without_nulls(object.declared().iter().map(|(name, value)| (name.clone(), Tree::from(value))).collect())
}

/// The fields that are set, at every level.
fn without_nulls(fields: Fields) -> Fields {
    fields.into_iter().filter(|(_, tree)| !tree.is_null()).map(|(name, tree)| (name, stripped(tree))).collect()
}

fn stripped(tree: Tree) -> Tree {
    match tree {
        Tree::Object(fields) => Tree::Object(without_nulls(fields)),
        Tree::List(items) => Tree::List(items.into_iter().map(stripped).collect()),
        tree => tree,
    }
}

/// The same without what is secret in it: a number that is made of it gets into the state.
fn public(kind: &Kind, tree: &Tree) -> Tree {
    fn without(tree: &mut Tree, way: &[&str]) {
        match (tree, way) {
            (Tree::Object(fields), [last]) => drop(fields.remove(*last)),
            (Tree::Object(fields), [first, rest @ ..]) => {
                if let Some(inner) = fields.get_mut(*first) {
                    without(inner, rest);
                }
            }
            _ => {}
        }
    }
    let mut tree = tree.clone();
    reference::secrets(kind).iter().for_each(|(way, _)| without(&mut tree, way));
    tree
}

/// What makes an object what it is, beside its name, as a text to compare.
fn substance(tree: &Tree) -> String {
    let Tree::Object(fields) = tree else { return String::new() };
    let named = |(name, _): &(&String, &Tree)| !matches!(name.as_str(), "id" | "display_name");
    fields.iter().filter(named).fold(String::new(), |text, (name, value)| format!("{text}{name}={value:?};"))
}

impl ObjectResource {
    /// The path of the parent that a value names, as it was written.
    pub(super) fn parent_text<'a>(&self, value: &'a Value) -> Option<&'a str> {
        value.get(self.face.parent.as_ref()?.attribute).as_str()
    }

    /// The path of the object that a value stands for: its `path`, or else its
    /// parent and its id.
    pub(super) fn path(&self, value: &Value) -> Option<PolicyPath> {
        if let Some(path) = value.get("path").as_str() {
            return PolicyPath::parse(path).ok();
        }
        let id = value.get("id").as_str()?;
        if self.face.flexible_field(value).is_some() {
            return self.face.flexible_path(id);
        }
        match &self.face.parent {
            _ if self.face.may_be_flexible() && value.get(FLEXIBLE).is_unknown() => None,
            None => identify::imported(self.face, id).ok(),
            Some(parent) if value.get(parent.attribute).is_unknown() => None,
            Some(_) => Some(self.face.kind.path(&identify::parent_path(self.face, self.parent_text(value))?, id)),
        }
    }

    /// The path at which what is planned is going to be created.
    pub(super) fn path_anew(&self, planned: &Value) -> Option<PolicyPath> {
        let mut located = planned.clone();
        located.set("path", Value::Null);
        self.path(&located)
    }

    /// Notes what is planned, for those who ask what it will be like.
    pub(super) fn note_planned(&self, connection: &Connection, request: &PlanRequest<'_>) {
        let (run, kind) = (&connection.run, self.face.kind);
        let tree = Tree::Object(self.partly_known_fields_of(&request.planned));
        match (self.path_anew(&request.planned), self.path(&request.planned)) {
            // What replaces an object may come to lie elsewhere, and one of Neutron always does; then
            // it is planned once more, as a creation.
            (anew, Some(path))
                if request.replace.is_empty() || kind.api() == Api::Policy && anew.as_ref() == Some(&path) =>
            {
                run.plans(path, kind, tree);
            }
            (_, Some(_)) => {}
            // Terraform replaces what has not changed (-replace): it is as it was.
            (_, None) if request.prior.is_none() && run.has_seen_unchanged(kind, &substance(&tree)) => {}
            (_, None) => {
                let number = xxh3_64(substance(&public(kind, &tree)).as_bytes()) & 0xffff_ffff;
                let Some((path, has_parent)) = self.stand_in(&request.planned, number) else { return };
                run.plans(path, kind, if has_parent { tree } else { Tree::Unknown });
            }
        }
    }

    /// Notes that the object of `state` is planned to stay as it is.
    pub(super) fn note_unchanged(&self, connection: &Connection, state: &Value) {
        let tree = Tree::Object(self.partly_known_fields_of(state));
        connection.run.sees_unchanged(self.face.kind, self.path(state), substance(&tree));
    }

    /// Where what is planned is taken to be created while its id, or its parent, is known
    /// at apply only: a path that no other object has. The flag tells whether its parent
    /// is known.
    fn stand_in(&self, planned: &Value, number: u64) -> Option<(PolicyPath, bool)> {
        // With its name, if it has one, people know it again.
        let name = planned.get(self.face.kind.name_field()).as_str().and_then(id_from_name);
        let stand_in = name.map_or_else(String::new, |name| format!("{name}-")) + &format!("{number:08x}");
        let id = planned.get("id").as_str().map_or_else(|| format!("{STAND_IN}{stand_in}"), str::to_owned);
        let mut named = planned.clone();
        named.set("id", id.as_str());
        if let Some(path) = self.path_anew(&named) {
            return Some((path, true));
        }
        let path = self.face.kind.example_paths().next()?.replace("/ID", &format!("/{STAND_IN}{number:08x}"));
        let (below, _) = path.rsplit_once('/')?;
        // An id of Neutron is a UUID, which this is not; such an object has no parent to be unknown.
        let is_of_neutron = self.face.kind.api() == Api::Neutron;
        Some((PolicyPath::parse(&format!("{below}/{id}")).ok()?, is_of_neutron))
    }

    /// What a plan or a state declares, in its one spelling, without what only the
    /// system sets; `None` when it is not all known.
    pub(super) fn fields_of(&self, value: &Value) -> Option<Fields> {
        let is_known = !declared_in(self.face, value).has_unknown();
        is_known.then(|| self.partly_known_fields_of(value))
    }

    /// The same, with what is not known in it.
    pub(super) fn partly_known_fields_of(&self, value: &Value) -> Fields {
        let Tree::Object(mut fields) = read(self.face.kind, &declared_in(self.face, value), None).tree else {
            return Fields::new();
        };
        fields.retain(|name, _| self.face.kind.field(name).is_some_and(Field::is_configurable));
        without_nulls(fields)
    }

    /// What is wrong with a plan of which some values became known only now. The
    /// configuration tells by which address the parent is called: the plan may
    /// keep another spelling.
    pub(super) fn check_planned(&self, config: &Value, planned: &Value) -> Result<(), Diagnostics> {
        let declared = declared_in(self.face, planned);
        let parent = self.parent_text(config).or(self.parent_text(planned));
        let parent = if self.face.flexible_field(planned).is_some() { None } else { parent };
        let reading = read(self.face.kind, &declared, parent);
        if reading.is_accepted() {
            return Ok(());
        }
        let refused = reading.problems.iter().filter(|problem| problem.gravity == Gravity::Refused);
        Err(refused.map(|problem| messages::of_problem(self.face, &declared, problem)).collect())
    }

    /// The state of `object`, in the spelling of `before` wherever that means the
    /// same.
    pub(super) fn state(&self, object: &Object, before: &Value) -> Value {
        let (tree, path) = (self.tree_of(object, before), object.path());
        let mut state = Value::object([("id", Value::from(path.id()))]);
        if let Some(parent) = &self.face.parent {
            let actual = self.face.kind.parent(path);
            let written = before.get(parent.attribute);
            let meant = written.as_str().and_then(|text| identify::parent_path(self.face, Some(text)));
            let same = meant.is_some() && meant == actual;
            state.set(
                parent.attribute,
                match &actual {
                    Some(_) if same => written.clone(),
                    Some(actual) => Value::from(actual.as_str()),
                    None => parent.connected(written, &tree),
                },
            );
            if parent.or_flexible {
                state.set(FLEXIBLE, Value::Bool(actual.is_none()));
            }
        }
        if self.face.takes_time() {
            let waits = before.get(WAIT).as_bool().unwrap_or_default();
            state.set(WAIT, Value::Bool(waits));
        }
        for field in records(self.face).into_iter().flat_map(shown) {
            let now = to_value(&field.shape, tree.get(field.name));
            state.set(field.hcl_name(), respelled(&field.shape, before.get(field.hcl_name()), now));
        }
        state
    }

    /// The document that `object` is, in the words of `before`. Secrets that it hides are taken
    /// to be those of `before`.
    fn tree_of(&self, object: &Object, before: &Value) -> Tree {
        match (object.tree(), declared_in(self.face, before)) {
            (Tree::Object(fields), Tree::Object(known)) => {
                let fields = as_written(self.face.kind, fields, &known);
                let hides = object.hides_secrets();
                Tree::Object(if hides { with_secrets_of(self.face.kind, fields, &known) } else { fields })
            }
            (tree, _) => tree,
        }
    }

    /// The fields that `object` declares, in the words of `wanted`, with its secrets in place
    /// of those that the object hides.
    pub(super) fn declared_beside(&self, object: &Object, wanted: &Fields) -> Fields {
        let declared = as_written(self.face.kind, declared_fields(object), wanted);
        if object.hides_secrets() { with_secrets_of(self.face.kind, declared, wanted) } else { declared }
    }

    /// The state of the object as it is now; `None` when it is gone.
    pub(super) async fn read_object(&self, connection: &Connection, state: &Value) -> (Option<Value>, Diagnostics) {
        let Some(path) = self.path(state) else {
            let detail =
                "The state holds neither a path nor an id. Remove it with `terraform state rm` and import it anew.";
            return (Some(state.clone()), Diagnostic::error("The state names no object", detail).into());
        };
        let found = match connection.backend.get(&path).await {
            // After an import nobody knows the secrets yet.
            Ok(Some(object)) if unique_id_in(self.face, state).is_empty() => {
                connection.backend.reveal(object).await.map(Some)
            }
            found => found,
        };
        match found {
            Ok(Some(object)) if object.kind() == self.face.kind => {
                connection.is_in_state(path);
                (Some(self.state(&object, state)), Diagnostics::none())
            }
            Ok(None) if self.may_have_expired(state) => {
                connection.is_in_state(path);
                (Some(state.clone()), Diagnostics::none())
            }
            Ok(_) => (None, Diagnostics::none()),
            Err(error) => (Some(state.clone()), messages::of_error(self.face, "read", &error)),
        }
    }
}
