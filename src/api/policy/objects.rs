//! One object: GET, PUT, PATCH, DELETE.

use axum::http::Method;
use axum::response::Response;

use super::target::Address;
use super::{Ask, done, json};
use crate::api::body;
use crate::api::error::ApiError;
use crate::engine::mirror::Declared;
use crate::engine::{Change, Refusal, Reveal, Write};
use crate::model::{BGP_CONFIG, PolicyPath, kinds_at};

/// The header that lets a request change what is protected against changes.
const ALLOW_OVERWRITE: &str = "x-allow-overwrite";

/// Shows an object.
pub(super) async fn read(mut ask: Ask, path: PolicyPath) -> Result<Response, ApiError> {
    let secrets = ask.query.take_word("action", &["show_sensitive_data"])?.is_some();
    let reveal = ask.reveal(secrets)?;
    ask.query.end()?;
    let document = match reveal {
        Reveal::Public => {
            let look = move |declared: &Declared| {
                let shown = declared.get(&path).ok_or_else(|| Refusal::NotFound(path.clone()))?;
                Ok(shown.document().clone())
            };
            ask.shared.declared(look).await?
        }
        Reveal::Secrets => ask.shared.read(move |engine, _| Ok(engine.document(&path, reveal)?)).await?,
    };
    Ok(json(document))
}

/// Creates, changes or deletes an object.
pub(super) async fn write(mut ask: Ask, address: Address) -> Result<Response, ApiError> {
    let Address { path, below } = address;
    if !matches!(ask.method, Method::PUT | Method::PATCH | Method::DELETE) {
        return Err(ApiError::method_not_allowed("GET, PUT, PATCH, DELETE"));
    }
    if ask.method == Method::DELETE && !may_go(&path) {
        return Err(ApiError::method_not_allowed("GET, PUT, PATCH"));
    }
    overwriting(&ask)?;
    if ask.query.take_bool("override")? == Some(true) {
        let message = "override concerns what a Global Manager has declared, and nothing here was.";
        return Err(ApiError::bad_request(message));
    }
    ask.query.end()?;
    if ask.method == Method::DELETE {
        // What an NSX deletes at this address is what was declared over a Global Manager.
        if kinds_at(&path).any(|kind| *kind == BGP_CONFIG) {
            let message = format!("{path} belongs to what it lies below, and cannot be deleted. Change it instead.");
            return Err(ApiError::bad_request(message));
        }
        let write = Write { path, below: Some(below), change: Change::Delete };
        ask.shared.write(&ask.user, move |engine, by| Ok(engine.write_one(write, by)?)).await?;
        return Ok(done());
    }
    let is_put = ask.method == Method::PUT;
    body::must_be_json(&ask.headers)?;
    let held = body::read(&ask.shared, ask.body).await?;
    let written = ask.shared.write(&ask.user, move |engine, by| {
        let given = held.json()?;
        let change = if is_put { Change::Put(given) } else { Change::Patch(given) };
        Ok(engine.write_one(Write { path, below: Some(below), change }, by)?)
    });
    Ok(match written.await? {
        Some(object) if is_put => json(object.into_json().to_string()),
        _ => done(),
    })
}

/// Whether there is a request that deletes what is at `path`, though it may be refused.
fn may_go(path: &PolicyPath) -> bool {
    kinds_at(path).any(|kind| kind.collection().is_some() || *kind == BGP_CONFIG)
}

/// The header for what is protected. Nothing that users declare here is, so that it is
/// never needed; what the system owns cannot be overwritten with it either.
fn overwriting(ask: &Ask) -> Result<(), ApiError> {
    match ask.headers.get(ALLOW_OVERWRITE).map(|value| value.as_bytes().to_ascii_lowercase()).as_deref() {
        None | Some(b"true" | b"false") => Ok(()),
        Some(_) => Err(ApiError::bad_request("X-Allow-Overwrite is true or false.")),
    }
}
