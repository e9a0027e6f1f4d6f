//! The projects there are, in OpenStack's APIs.

use serde::Serialize;
use uuid::Uuid;

use super::credentials::Credentials;
use crate::engine::taps::DEFAULT_PROJECT;

/// The name of the project that everything is of which says nothing else.
pub(super) const DEFAULT_NAME: &str = "admin";

/// A project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Project {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// The projects there are.
pub(super) struct Projects(Vec<Project>);

impl Default for Projects {
    fn default() -> Self {
        Self(vec![Project { id: DEFAULT_PROJECT.to_owned(), name: DEFAULT_NAME.to_owned() }])
    }
}

/// The id that is made of a name: 32 digits, as Keystone's are.
pub(super) fn id_of(sort: &str, name: &str) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{sort}/{name}").as_bytes()).simple().to_string()
}

impl Projects {
    /// Those that are listed, and those that users and applications name.
    pub fn of(credentials: &Credentials) -> Self {
        let mut projects = Self::default();
        for project in &credentials.projects {
            projects.add(&project.name, project.id.as_deref());
        }
        let of_users = credentials.users.iter().flat_map(|user| &user.projects);
        for name in of_users.chain(credentials.applications.iter().filter_map(|it| it.project.as_ref())) {
            projects.add(name, None);
        }
        projects
    }

    fn add(&mut self, name: &str, id: Option<&str>) {
        if self.0.iter().all(|known| known.name != name) {
            let id = id.map_or_else(|| id_of("project", name), str::to_owned);
            self.0.push(Project { id, name: name.to_owned() });
        }
    }

    /// All of them.
    pub fn all(&self) -> &[Project] {
        &self.0
    }

    /// The one of this name.
    pub fn find(&self, name: &str) -> Option<&Project> {
        self.0.iter().find(|project| project.name == name)
    }

    /// The one of this id.
    pub fn with_id(&self, id: &str) -> Option<&Project> {
        self.0.iter().find(|project| project.id == id)
    }
}
