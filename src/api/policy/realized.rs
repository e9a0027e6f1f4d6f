//! What became of what was declared. The engine executes a declaration as it takes it, so
//! that whatever exists is realized; whether it works, its status tells.

use axum::http::Method;
use axum::response::Response;
use serde_json::{Value as Json, json};

use super::paging::Paging;
use super::target::Realized;
use super::{Ask, done, json as answer};
use crate::api::error::ApiError;
use crate::engine::bgp::documents::ENFORCEMENT_POINT;
use crate::engine::{Engine, Object, Refusal, Reveal};

/// Answers a request for the state of an object: `?intent_path=`.
pub(super) async fn handle(mut ask: Ask, what: Realized) -> Result<Response, ApiError> {
    let refreshes = what == Realized::Entity;
    match (refreshes, ask.is_get()) {
        (true, _) if ask.method != Method::POST => return Err(ApiError::method_not_allowed("POST")),
        (false, false) => return Err(ApiError::method_not_allowed("GET")),
        _ => {}
    }
    let missing = || ApiError::bad_request("intent_path is missing: give the path of an object.");
    let intent = ask.query.take("intent_path").ok_or_else(missing)?;
    match ask.query.take("site_path") {
        Some(site) if site != SITE => return Err(Refusal::InvalidPath(site).into()),
        _ => {}
    }
    match what {
        Realized::Status => {
            ask.query.take_bool("include_enforced_status")?;
            ask.query.end()?;
            let document = ask.shared.read(move |engine, _| Ok(status(&intended(engine, &intent)?)));
            Ok(answer(document.await?.to_string()))
        }
        // What is asked for is always as new as what was declared.
        Realized::Entity => {
            if ask.query.take_word("action", &["refresh"])?.is_none() {
                return Err(ApiError::bad_request("A POST refreshes the entity: add &action=refresh."));
            }
            ask.query.end()?;
            ask.shared.read(move |engine, _| intended(engine, &intent).map(|_| ())).await?;
            Ok(done())
        }
        Realized::Entities => {
            let of = format!("realized {intent}");
            let paging = Paging::take(&mut ask.query, &of)?;
            ask.query.end()?;
            let page = ask.shared.read(move |engine, _| {
                let entity = entity(&intended(engine, &intent)?);
                paging.page(vec![entity.to_string().into()], &of)
            });
            Ok(answer(page.await?))
        }
    }
}

/// The object with the address `intent`.
fn intended(engine: &Engine, intent: &str) -> Result<Object, ApiError> {
    Ok(engine.get(&engine.path_at(intent)?, Reveal::Public)?)
}

/// The one site there is.
pub(super) const SITE: &str = "/infra/sites/default";

/// `ConsolidatedRealizedStatus` of the API.
fn status(object: &Object) -> Json {
    json!({
        "intent_path": object.path().as_str(),
        "intent_version": object.revision().to_string(),
        "publish_status": "REALIZED",
        "publish_time": object.get("_last_modified_time"),
        "consolidated_status": { "consolidated_status": "SUCCESS" },
        "consolidated_status_per_enforcement_point": [{
            "resource_type": "ConsolidatedStatusNsxT",
            "site_path": SITE,
            "enforcement_point_id": enforcement_point_id(),
            "enforcement_point_path": ENFORCEMENT_POINT,
            "consolidated_status": { "consolidated_status": "SUCCESS" },
        }],
    })
}

/// `GenericPolicyRealizedResource` of the API.
fn entity(object: &Object) -> Json {
    let kind = object.kind();
    json!({
        "resource_type": "GenericPolicyRealizedResource",
        "id": object.path().id(),
        "display_name": object.get("display_name"),
        "path": format!("/infra/realized-state/enforcement-points/{}{}", enforcement_point_id(), &object.path().as_str()["/infra".len()..]),
        "entity_type": format!("Realized{}", kind.resource_type),
        "state": "REALIZED",
        "publish_status": "REALIZED",
        "alarms": [],
        "intent_paths": [object.path().as_str()],
        "intent_reference": [object.path().as_str()],
        "realization_specific_identifier": object.get("realization_id"),
        "realization_api": object.path().as_str(),
        "enforcement_point_path": ENFORCEMENT_POINT,
        "site_path": SITE,
        "extended_attributes": [],
        "_create_time": object.get("_create_time"),
        "_last_modified_time": object.get("_last_modified_time"),
        "_revision": object.revision(),
    })
}

/// The identifier of the one enforcement point.
pub(super) fn enforcement_point_id() -> &'static str {
    ENFORCEMENT_POINT.rsplit('/').next().unwrap_or_default()
}
