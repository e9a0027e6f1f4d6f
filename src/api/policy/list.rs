//! The objects of a collection.

use axum::response::Response;

use super::paging::Paging;
use super::target::Collection;
use super::{Ask, json};
use crate::api::error::ApiError;
use crate::engine::Refusal;
use crate::engine::mirror::{self, Declared};
use crate::model::{LOCALE_SERVICE, PolicyPath};

/// Lists a collection.
pub(super) async fn handle(mut ask: Ask, collection: Collection) -> Result<Response, ApiError> {
    if !ask.is_get() {
        return Err(ApiError::method_not_allowed("GET"));
    }
    let Collection { parent, is_folder, is_open, name, kinds } = collection;
    let of = format!("{}/{name}", parent.as_ref().map_or("/infra", |parent| parent.as_str()));
    let paging = Paging::take(&mut ask.query, &of)?;
    // A deletion is over when it is answered, so that nothing is ever marked for it.
    ask.query.take_bool("include_mark_for_delete_objects")?;
    ask.query.end()?;
    paging.names_fields_of(kinds).map_err(ApiError::bad_request)?;
    // The VPN services of a gateway are in all its locale services.
    let gateway = parent.as_ref().filter(|_| is_open).and_then(|parent| LOCALE_SERVICE.parent(parent));
    let page = if paging.is_as_usual() && gateway.is_none() {
        let look = move |declared: &Declared| paging.page_of(found(declared, parent.as_ref(), is_folder, &name)?, &of);
        ask.shared.declared(look).await?
    } else {
        let page = ask.shared.read(move |engine, _| {
            let declared = engine.declared()?;
            let found = match gateway {
                Some(gateway) => found_in_all(&declared, &gateway, &name)?,
                None => found(&declared, parent.as_ref(), is_folder, &name)?.into_iter().collect(),
            };
            let objects = found.into_iter().flat_map(mirror::Collection::iter);
            let documents = objects.map(|shown| shown.document().clone()).collect();
            drop(declared);
            paging.page(documents, &of)
        });
        page.await?
    };
    Ok(json(page))
}

/// The collection, if there is anything in it. One of what does not exist is none.
fn found<'d>(
    declared: &'d Declared,
    parent: Option<&PolicyPath>,
    is_folder: bool,
    name: &str,
) -> Result<Option<&'d mirror::Collection>, Refusal> {
    match parent {
        Some(parent) if !is_folder && declared.get(parent).is_none() => Err(Refusal::InvalidPath(parent.to_string())),
        Some(parent) => Ok(declared.collection(parent.as_str(), name)),
        None => Ok(declared.collection("/infra", name)),
    }
}

/// The collections of this name in all locale services of a gateway.
fn found_in_all<'d>(
    declared: &'d Declared,
    gateway: &PolicyPath,
    name: &str,
) -> Result<Vec<&'d mirror::Collection>, Refusal> {
    if declared.get(gateway).is_none() {
        return Err(Refusal::InvalidPath(gateway.to_string()));
    }
    let homes = declared.collection(gateway.as_str(), LOCALE_SERVICE.collection().unwrap_or_default());
    let homes = homes.into_iter().flat_map(mirror::Collection::iter);
    Ok(homes.filter_map(|home| declared.collection(home.path().as_str(), name)).collect())
}
