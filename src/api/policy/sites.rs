//! Where what is declared takes effect: one site, with one enforcement point.

use axum::response::Response;
use serde_json::{Value as Json, json};

use super::paging::Paging;
use super::realized::{SITE, enforcement_point_id};
use super::{Ask, json as answer};
use crate::api::error::ApiError;
use crate::engine::bgp::documents::ENFORCEMENT_POINT;

/// Answers a request for what lies below `/infra/sites`.
pub(super) fn handle(mut ask: Ask, place: &[String]) -> Result<Response, ApiError> {
    let place: Vec<_> = place.iter().map(String::as_str).collect();
    let (document, is_list) = match place[..] {
        [] => (site(), true),
        ["default"] => (site(), false),
        ["default", "enforcement-points"] => (enforcement_point(), true),
        ["default", "enforcement-points", id] if id == enforcement_point_id() => (enforcement_point(), false),
        _ => return Err(ApiError::no_such_address(&format!("/infra/sites/{}", place.join("/")))),
    };
    if !ask.is_get() {
        return Err(ApiError::method_not_allowed("GET"));
    }
    if !is_list {
        ask.query.end()?;
        return Ok(answer(document.to_string()));
    }
    let of = place.join("/");
    let paging = Paging::take(&mut ask.query, &of)?;
    ask.query.take_bool("include_mark_for_delete_objects")?;
    ask.query.end()?;
    Ok(answer(paging.page(vec![document.to_string().into()], &of)?))
}

fn site() -> Json {
    of_the_system("Site", SITE, "/infra")
}

fn enforcement_point() -> Json {
    of_the_system("EnforcementPoint", ENFORCEMENT_POINT, SITE)
}

fn of_the_system(resource_type: &str, path: &str, parent: &str) -> Json {
    let id = path.rsplit('/').next().unwrap_or_default();
    json!({
        "resource_type": resource_type,
        "id": id,
        "display_name": id,
        "path": path,
        "relative_path": id,
        "parent_path": parent,
        "marked_for_delete": false,
        "_system_owned": true,
        "_protection": "NOT_PROTECTED",
        "_revision": 0,
    })
}
