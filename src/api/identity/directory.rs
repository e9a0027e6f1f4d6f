//! Projects, users and domains, which are only read.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::tokens::{DOMAIN_ID, DOMAIN_NAME, catalog};
use super::{Ask, KeystoneError};
use crate::api::auth::{Granted, Project, Role, user_id};

/// Answers a request for what is at `path`, below `root`.
pub(super) fn answer(ask: &Ask, root: &str, path: &[&str]) -> Result<Response, KeystoneError> {
    let own = ask.own()?;
    let auth = &ask.shared.auth;
    let at = |path: String| format!("{}{root}/{path}", ask.base);
    let project = |project: &Project| {
        json!({
            "id": project.id,
            "name": project.name,
            "domain_id": DOMAIN_ID,
            "parent_id": DOMAIN_ID,
            "description": "",
            "enabled": true,
            "is_domain": false,
            "options": {},
            "tags": [],
            "links": { "self": at(format!("projects/{}", project.id)) },
        })
    };
    let user = |name: &str| {
        let id = user_id(name);
        let link = at(format!("users/{id}"));
        json!({ "id": id, "name": name, "domain_id": DOMAIN_ID, "enabled": true, "links": { "self": link } })
    };
    let domain = || {
        let link = at(format!("domains/{DOMAIN_ID}"));
        let what = "The one domain there is.";
        json!({ "id": DOMAIN_ID, "name": DOMAIN_NAME, "description": what, "enabled": true, "links": { "self": link } })
    };
    let list = |sort: &str, items: Vec<Value>| {
        let links = json!({ "next": null, "previous": null, "self": at(path.join("/")) });
        let items: Vec<_> = items.into_iter().filter(|item| is_wanted(ask, item)).collect();
        Ok(Json(json!({ sort: items, "links": links })).into_response())
    };
    let own_projects = || auth.projects_of(&own.identity);
    match *path {
        ["auth", "catalog"] => list("catalog", catalog(&ask.base).as_array().cloned().unwrap_or_default()),
        ["auth", "projects"] => list("projects", own_projects().into_iter().map(project).collect()),
        ["auth", "domains"] => list("domains", Vec::new()),
        ["projects"] => {
            reads_everything(&own, "identity:list_projects")?;
            list("projects", auth.projects().iter().map(project).collect())
        }
        ["projects", id] => {
            let found = auth.project(id).ok_or_else(|| KeystoneError::not_found("project", id))?;
            if !own_projects().contains(&found) {
                return Err(KeystoneError::forbidden("identity:get_project"));
            }
            Ok(Json(json!({ "project": project(found) })).into_response())
        }
        ["users"] => {
            reads_everything(&own, "identity:list_users")?;
            list("users", auth.users().iter().map(|name| user(name)).collect())
        }
        ["users", id] => {
            let name = found_user(ask, &own, id, "identity:get_user")?;
            Ok(Json(json!({ "user": user(&name) })).into_response())
        }
        ["users", id, "projects"] => {
            let name = found_user(ask, &own, id, "identity:list_user_projects")?;
            let of = if name == *own.identity.name { own_projects() } else { auth.projects_of_user(&name) };
            list("projects", of.into_iter().map(project).collect())
        }
        ["domains"] => list("domains", vec![domain()]),
        ["domains", DOMAIN_ID] => Ok(Json(json!({ "domain": domain() })).into_response()),
        ["domains", id] => Err(KeystoneError::not_found("domain", id)),
        _ => Err(KeystoneError::no_such_address()),
    }
}

/// The name of the user with this id, whom the caller may be told of.
fn found_user(ask: &Ask, own: &Granted, id: &str, action: &str) -> Result<String, KeystoneError> {
    if user_id(&own.identity.name) == id {
        return Ok(own.identity.name.to_string());
    }
    reads_everything(own, action)?;
    let found = ask.shared.auth.users().into_iter().find(|name| user_id(name) == id);
    found.map(|name| name.to_string()).ok_or_else(|| KeystoneError::not_found("user", id))
}

/// Members are told of what is theirs alone.
fn reads_everything(own: &Granted, action: &str) -> Result<(), KeystoneError> {
    if own.identity.role == Role::Member { Err(KeystoneError::forbidden(action)) } else { Ok(()) }
}

/// Whether the parameters of the request want an item.
fn is_wanted(ask: &Ask, item: &Value) -> bool {
    ask.query.iter().all(|(name, wanted)| match &item[name.as_str()] {
        Value::String(value) => value == wanted,
        Value::Bool(value) => wanted.eq_ignore_ascii_case(if *value { "true" } else { "false" }),
        // What an item does not have does not tell it from others, as in Keystone.
        _ => true,
    })
}
