//! What a plan can refuse only by looking around: what the object refers to, and
//! what is already there.

use std::collections::BTreeSet;

use super::state::declared_in;
use super::{ObjectResource, note_deletion};
use uuid::Uuid;

use crate::backend::BackendError;
use crate::engine::Object;
use crate::engine::taps::{Fault, Quota};
use crate::model::hold::{Hold, has_holds, holds};
use crate::model::reference::{ends_fit, must_fit, neutron_references, references};
use crate::model::tap_mirror::tunnels_of;
use crate::model::tree::Tree;
use crate::model::{Api, Kind, PolicyPath, Problem, SEGMENT, SEGMENT_PORT, kinds_at};
use crate::provider::run::{Run, Waited};
use crate::provider::shared::Connection;
use crate::provider::terraform::has_siblings;
use crate::provider::{identify, messages};
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
        if let Some(path) = self.path(planned).filter(|_| must_fit(self.face.kind)) {
            connection.run.will_be(path, tree.clone());
        }
        let referred: Vec<_> = references(self.face.kind, &tree)
            .into_iter()
            .chain(neutron_references(self.face.kind, &tree))
            .filter_map(|reference| Some((PolicyPath::parse(&reference.to).ok()?, reference)))
            .collect();
        // What a flexible object is connected to is a reference of its own.
        let attribute = self.face.parent.as_ref().map(|parent| parent.attribute);
        let attribute = attribute.filter(|_| self.face.flexible_field(planned).is_none());
        let parent = attribute.and_then(|attribute| match planned.get(attribute) {
            Value::String(text) => Some((identify::parent_path(self.face, Some(text))?, attribute)),
            _ => None,
        });
        // A folder such as /infra/routing-config is always there.
        let parent = parent.filter(|(path, _)| kinds_at(path).next().is_some());
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
            } else if !path.is_of_neutron() {
                diagnostics.extend(self.check_fit(cx, connection, &tree, path).await);
            }
        }
        diagnostics
    }

    /// Whether the object at `path`, as it is or as this run makes it, suits this
    /// one.
    async fn check_fit(&self, cx: &Context, connection: &Connection, tree: &Tree, path: &PolicyPath) -> Diagnostics {
        let mut events = connection.run.events();
        loop {
            let problems = match (connection.run.declared(path), connection.backend.get(path).await) {
                (Some(target), _) => kinds_at(path).flat_map(|kind| ends_fit(tree, kind, path, &target)).collect(),
                (None, Ok(Some(target))) => ends_fit(tree, target.kind(), path, &target.tree()),
                (None, Ok(None)) => Vec::new(),
                (None, Err(error)) => return messages::of_error(self.face, "planned", &error),
            };
            // The other one may be about to change.
            if problems.is_empty() || events.next_of_plan(cx).await != Waited::Moved {
                return problems.iter().map(|problem| messages::of_problem(self.face, tree, problem)).collect();
            }
        }
    }

    /// What a plan or a state has for itself, where no other object may have it.
    async fn holds(
        &self,
        connection: &Connection,
        path: &PolicyPath,
        value: &Value,
    ) -> Result<Vec<Hold>, BackendError> {
        if !has_holds(self.face.kind) {
            return Ok(Vec::new());
        }
        let path = connection.backend.meant(path).await?;
        Ok(holds(self.face.kind, &path, &Tree::Object(self.partly_known_fields_of(value))))
    }

    /// Notes what an object that stays as it is has for itself.
    pub(super) async fn note_holds(&self, connection: &Connection, state: &Value) -> Result<(), BackendError> {
        if let Some(path) = self.path(state).filter(|_| has_holds(self.face.kind)) {
            connection.run.will_hold(&path, self.holds(connection, &path, state).await?);
        }
        Ok(())
    }

    /// What the object is to have for itself and another one has, which keeps it: not the one at
    /// `before`, whose place it takes.
    pub(super) async fn check_clashes(
        &self,
        cx: &Context,
        connection: &Connection,
        planned: &Value,
        before: Option<&PolicyPath>,
    ) -> Diagnostics {
        let (kind, path) = (self.face.kind, self.path(planned));
        let path = match kind.api() {
            Api::Policy => path.filter(|_| has_holds(kind)),
            // Its id is made when it is created.
            Api::Neutron => path.or_else(|| {
                let root = PolicyPath::parse(&identify::root(self.face)).ok()?;
                Some(kind.path(&root, &Uuid::new_v4().to_string()))
            }),
        };
        let Some(path) = path else { return Diagnostics::none() };
        let tree = Tree::Object(self.partly_known_fields_of(planned));
        let told = |problems: Vec<Problem>| -> Diagnostics {
            problems.iter().map(|problem| messages::of_problem(self.face, &tree, problem)).collect()
        };
        if let Some(id) = connection.run.will_use_tunnels(&path, &tunnels_of(kind, &tree)) {
            return told(vec![Fault::TapMirrorTunnelConflict(id).problem(kind)]);
        }
        let own = match self.holds(connection, &path, planned).await {
            Ok(own) => own,
            Err(error) => return messages::of_error(self.face, "planned", &error),
        };
        connection.run.will_hold(&path, own.clone());
        let mut events = connection.run.events();
        loop {
            let clashes = match connection.backend.clashes(self.face.kind, &path, &tree).await {
                Ok(clashes) => clashes,
                Err(error) => return messages::of_error(self.face, "planned", &error),
            };
            // What the run makes of the others is known of those it has come to.
            let run = &connection.run;
            let stay = |(other, _): &(PolicyPath, Problem)| {
                *other == path || before != Some(other) && !may_change(kind, other, run)
            };
            // An object of policy paths has its path for itself, tainted or not.
            let may_be_tainted = |(other, _): &(PolicyPath, Problem)| {
                kind.api() == Api::Neutron && *other != path && run.may_be_tainted(other)
            };
            let (doubtful, stayed): (Vec<_>, Vec<_>) = clashes.into_iter().filter(stay).partition(may_be_tainted);
            let stayed: Vec<_> = stayed.into_iter().map(|(_, problem)| problem).collect();
            // Only now: one that the run has come to meanwhile is missing above.
            let problems = run.clashes(&path, &own);
            if !problems.is_empty() {
                return told(problems);
            }
            if stayed.is_empty() && doubtful.is_empty() {
                return Diagnostics::none();
            }
            match events.next_of_plan(cx).await {
                Waited::Moved => {}
                Waited::Crowded => return Diagnostics::none(),
                Waited::InVain if has_siblings() => return Diagnostics::none(),
                Waited::InVain => return told(stayed),
            }
        }
    }

    /// Whether the project of an object of Neutron that is to be created may have another one. What
    /// the run deletes makes room, and goes first, or is waited for.
    pub(super) async fn check_quota(
        &self,
        cx: &Context,
        connection: &Connection,
        config: &Value,
        before: Option<&PolicyPath>,
    ) -> Diagnostics {
        let (kind, run) = (self.face.kind, &connection.run);
        let project = config.get("project_id");
        let quota = match connection.has_been_counted().await {
            Ok(false) if !project.is_unknown() => connection.backend.quota(kind, project.as_str()).await,
            counted => counted.map(|_| None),
        };
        let quota = match quota {
            Ok(Some(quota)) => quota,
            Ok(None) => return Diagnostics::none(),
            Err(error) => return messages::of_error(self.face, "planned", &error),
        };
        run.will_take(kind, &quota.project, before);
        let mut events = run.events();
        loop {
            let (certain, likely) = run.will_have(kind, &quota.project, &quota.holders);
            if certain <= quota.most {
                if likely <= quota.most {
                    return Diagnostics::none();
                }
                match events.next_of_plan(cx).await {
                    Waited::Moved => continue,
                    Waited::InVain if !has_siblings() && !run.may_lose(&quota.holders) => {}
                    _ => return Diagnostics::none(),
                }
            }
            let Quota { project, most, .. } = &quota;
            let mut problem = quota.fault.problem(kind);
            problem.hint = format!("{} Project {project} may have {most}, and would have {likely}.", problem.hint);
            return messages::of_problem(self.face, &Tree::Null, &problem).into();
        }
    }

    /// Whether the object to be created can be. One that is there already must be
    /// in Terraform's state, and is replaced then, or have been left by a run that
    /// was interrupted.
    pub(super) async fn check_creation(
        &self,
        cx: &Context,
        connection: &Connection,
        planned: &Value,
        private: &mut Private,
    ) -> Diagnostics {
        let Some(path) = self.path(planned) else { return Diagnostics::none() };
        if !connection.run.will_create(path.clone(), self.face.kind.name) {
            return declared_twice(&path).into();
        }
        let mut events = connection.run.events();
        loop {
            let existing = match connection.backend.get(&path).await {
                Ok(Some(existing)) => existing,
                Ok(None) => return Diagnostics::none(),
                Err(error) => return messages::of_error(self.face, "planned", &error),
            };
            if existing.is_system_owned() {
                return messages::system_owned(self.face, path.as_str()).at(Path::attribute("id")).into();
            }
            match connection.is_to_be_replaced(&existing).await {
                Ok(true) => {
                    note_deletion(connection, &path, existing.unique_id(), private);
                    return Diagnostics::none();
                }
                Ok(false) => {}
                Err(error) => return messages::of_error(self.face, "planned", &error),
            }
            if let Err(error) = connection.learn_claims(&path).await {
                return messages::of_error(self.face, "planned", &error);
            }
            if connection.claims.may_take(&path) && self.may_be_what_is_wanted(&existing, planned) {
                return Diagnostics::none();
            }
            // Terraform may not have come to the resource that has it in its state.
            let waited = events.next_of_plan(cx).await;
            if waited == Waited::Crowded || waited == Waited::InVain && has_siblings() {
                // Terraform has no room for that, and those who wait hear of it; or
                // another provider block's process does.
                match connection.owns(&existing).await {
                    Ok(true) => return Diagnostics::none(),
                    Ok(false) => {}
                    Err(error) => return messages::of_error(self.face, "planned", &error),
                }
            }
            if waited != Waited::Moved {
                return self.exists(connection, &path).into();
            }
        }
    }

    /// Whether `object` is exactly what `planned` declares, so that creating it
    /// again changes nothing: an earlier run was interrupted after the object was
    /// created and before Terraform could note it.
    pub(super) fn is_what_is_wanted(&self, object: &Object, planned: &Value) -> bool {
        let wanted = self.fields_of(planned);
        object.kind() == self.face.kind && wanted.is_some_and(|wanted| self.declared_beside(object, &wanted) == wanted)
    }

    /// Whether `object` can be what `planned` declares, as far as that is known.
    fn may_be_what_is_wanted(&self, object: &Object, planned: &Value) -> bool {
        let wanted = self.partly_known_fields_of(planned);
        let found = self.declared_beside(object, &wanted);
        let names: BTreeSet<_> = wanted.keys().chain(found.keys()).collect();
        let agrees = |name: &String| match wanted.get(name) {
            Some(wanted) if wanted.has_unknown() => true,
            wanted => wanted == found.get(name),
        };
        object.kind() == self.face.kind && names.into_iter().all(agrees)
    }

    /// What is said of an object in the way of one to be created.
    pub(super) fn exists(&self, connection: &Connection, path: &PolicyPath) -> Diagnostic {
        let detail = if connection.run.has_in_state(path) {
            format!(
                "{path} is in this state already, and no two objects have the same path.\n  - To replace it, let \
                 Terraform delete the old one first: remove create_before_destroy. Or give the new one another id.\n  - \
                 To rename the resource that declares it, add a moved block.\n  - If another resource declares it, give \
                 this one an id of its own."
            )
        } else if connection.claims.may_take(path) {
            format!(
                "An interrupted run of this configuration created {path}, and it is not what is declared now.\n  - To \
                 change it to what is declared, import it: {}\n  - Or choose another id.",
                messages::import_command(self.face, path)
            )
        } else {
            format!(
                "{path} exists already, and no interrupted run of this configuration has left it behind.\n  - To manage it \
                 with Terraform, import it: {}\n  - If somebody else manages it, choose another id.\n  - To \
                 destroy what is in this state nevertheless: terraform destroy -refresh=false",
                messages::import_command(self.face, path)
            )
        };
        Diagnostic::error(format!("The {} exists already", self.face.kind.title), detail).at(Path::attribute("id"))
    }
}

/// Whether the run may yet change that `other` is in the way of an object of `kind`.
fn may_change(kind: &Kind, other: &PolicyPath, run: &Run) -> bool {
    match kind.api() {
        Api::Policy => {
            // A run may know it by its address without the locale service.
            let open = PolicyPath::parse(&other.current_address()).unwrap_or_else(|_| other.clone());
            [other, &open].iter().any(|it| run.knows_holds(it) || run.will_be_deleted(it))
        }
        Api::Neutron => {
            // Whose a port is, it says itself, or its segment does.
            let says_whose = match SEGMENT_PORT.parent(other) {
                Some(segment) => run.changes(other) || run.changes(&segment),
                // By its UUID nobody knows which one it is.
                None => run.changes_any(&[&SEGMENT, &SEGMENT_PORT]),
            };
            says_whose || run.knows_holds(other) || run.will_be_deleted(other)
        }
    }
}

fn declared_twice(path: &PolicyPath) -> Diagnostic {
    let summary = "Two resources declare one object";
    let detail = format!("{path} can be declared once only. Give one of the resources another id.");
    Diagnostic::error(summary, detail).at(Path::attribute("id"))
}
