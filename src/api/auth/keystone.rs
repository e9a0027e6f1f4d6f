//! Logins of OpenStack: a password, the secret of an application or another token for a
//! token, which is for a project.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use super::projects::{Project, id_of};
use super::throttle::Guessed;
use super::tokens::Granted;
use super::{ANYBODY, Auth, Identity, Role};
use crate::api::error::ApiError;

/// Who somebody says they are.
pub enum Account<'a> {
    /// A name, with a password.
    Name(&'a str),
    /// The id of a user, with a password.
    Id(&'a str),
}

/// What a token is to be for.
pub enum Scope<'a> {
    /// The first project of the user.
    Default,
    /// No project.
    Unscoped,
    /// The project of this name.
    Name(&'a str),
    /// The project of this id.
    Id(&'a str),
}

impl Auth {
    /// Who has this account and password.
    pub(in crate::api) fn with_password(
        &self,
        account: &Account<'_>,
        password: &str,
        from: IpAddr,
    ) -> Result<Identity, ApiError> {
        let Some(directory) = &self.directory else { return Ok(Identity::new(ANYBODY, Role::Admin)) };
        let everybody = directory.everybody();
        let name = match account {
            Account::Name(name) => name,
            Account::Id(id) => everybody.iter().find(|user| user_id(&user.name) == *id).map_or(*id, |user| &*user.name),
        };
        self.guesses.guarded(from, Guessed::Name(name), Instant::now(), || directory.user(name, password))
    }

    /// The application with this secret: that of an id, or that of a user's by its name.
    pub(in crate::api) fn with_secret(
        &self,
        id: Option<&str>,
        named: Option<(&Account<'_>, &str)>,
        secret: &str,
        from: IpAddr,
    ) -> Result<Identity, ApiError> {
        let Some(directory) = &self.directory else { return Ok(Identity::new(ANYBODY, Role::Admin)) };
        let id = match (id, named) {
            (Some(id), _) => id,
            (None, Some((Account::Name(user), name))) => directory.application_of(user, name).unwrap_or(name),
            (None, Some((Account::Id(id), name))) => {
                let everybody = directory.everybody();
                let user = everybody.iter().find(|user| user_id(&user.name) == *id).map_or(*id, |user| &*user.name);
                directory.application_of(user, name).unwrap_or(name)
            }
            (None, None) => "",
        };
        self.guesses.guarded(from, Guessed::Name(id), Instant::now(), || directory.application(id, secret))
    }

    /// What a token says, if it is good.
    pub(in crate::api) fn token(&self, token: &str) -> Result<Granted, ApiError> {
        self.tokens.read(token)
    }

    /// A token for `identity` that is for what `scope` says; none where they may not.
    pub(in crate::api) fn grant(
        &self,
        identity: Identity,
        scope: &Scope<'_>,
        method: &str,
        until: Option<i64>,
    ) -> Option<Granted> {
        let project: Option<Arc<str>> = match scope {
            Scope::Unscoped => None,
            Scope::Default => Some(identity.project.clone().or_else(|| self.first_of(&identity))?),
            Scope::Name(name) => Some(self.open_to(&identity, self.projects.find(name)?)?),
            Scope::Id(id) => Some(self.open_to(&identity, self.projects.with_id(id)?)?),
        };
        Some(self.tokens.grant(Identity { project, ..identity }, method, until))
    }

    /// The token is good no more.
    pub(in crate::api) fn revoke(&self, granted: &Granted) {
        self.tokens.revoke(granted);
    }

    fn first_of(&self, identity: &Identity) -> Option<Arc<str>> {
        self.projects_of(identity).first().map(|project| project.id.as_str().into())
    }

    fn open_to(&self, identity: &Identity, project: &Project) -> Option<Arc<str>> {
        self.projects_of(identity).contains(&project).then(|| project.id.as_str().into())
    }

    /// The projects that somebody may act for.
    pub(in crate::api) fn projects_of(&self, identity: &Identity) -> Vec<&Project> {
        let own = match (&self.directory, identity.role) {
            (None, _) | (_, Role::Admin | Role::Auditor) => return self.projects.all().iter().collect(),
            (Some(directory), Role::Member) => directory.projects_of(&identity.name).unwrap_or_default(),
        };
        own.iter().filter_map(|id| self.projects.with_id(id)).collect()
    }

    /// The projects that the user of this name may act for.
    pub(in crate::api) fn projects_of_user(&self, name: &str) -> Vec<&Project> {
        let everybody = self.directory.as_ref().map(super::credentials::Directory::everybody).unwrap_or_default();
        let user = everybody.into_iter().find(|user| &*user.name == name);
        user.map(|user| self.projects_of(user)).unwrap_or_default()
    }

    /// All projects.
    pub(in crate::api) fn projects(&self) -> &[Project] {
        self.projects.all()
    }

    /// The project of this id.
    pub(in crate::api) fn project(&self, id: &str) -> Option<&Project> {
        self.projects.with_id(id)
    }

    /// The names of all users.
    pub(in crate::api) fn users(&self) -> Vec<Arc<str>> {
        match &self.directory {
            None => vec![ANYBODY.into()],
            Some(directory) => directory.everybody().into_iter().map(|user| Arc::clone(&user.name)).collect(),
        }
    }
}

/// The id of the user of this name.
pub(in crate::api) fn user_id(name: &str) -> String {
    id_of("user", name)
}

/// The id of a role, a service, or an endpoint.
pub(in crate::api) fn made_id(sort: &str, name: &str) -> String {
    id_of(sort, name)
}

/// The name that Keystone has for a role.
pub(in crate::api) fn role_name(role: Role) -> &'static str {
    match role {
        Role::Admin => "admin",
        Role::Auditor => "reader",
        Role::Member => "member",
    }
}
