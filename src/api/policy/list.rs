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
    let order = paging.order();
    if !kinds.iter().any(|kind| kind.field(order).is_some()) {
        return Err(ApiError::bad_request(format!("sort_by names no field of these objects: {order:?}.")));
    }
    let page = if paging.is_as_usual() {
        let look = move |declared: &Declared| {
            paging.page_of(found(declared, parent.as_ref(), is_folder, is_open, &name)?, &of)
        };
        ask.shared.declared(look).await?
    } else {
        let page = ask.shared.read(move |engine, _| {
            let declared = engine.declared()?;
            let objects = found(&declared, parent.as_ref(), is_folder, is_open, &name)?
                .into_iter()
                .flat_map(mirror::Collection::iter);
            let documents = objects.map(|shown| shown.document().clone()).collect();
            drop(declared);
            paging.page(documents, &of)
        });
        page.await?
    };
    Ok(json(page))
}

/// The collection, if there is anything in it. One of what does not exist is none, but for a
/// gateway that has no locale service yet, and so no VPN services.
fn found<'d>(
    declared: &'d Declared,
    parent: Option<&PolicyPath>,
    is_folder: bool,
    is_open: bool,
    name: &str,
) -> Result<Option<&'d mirror::Collection>, Refusal> {
    let Some(parent) = parent else { return Ok(declared.collection("/infra", name)) };
    if is_folder || declared.get(parent).is_some() {
        return Ok(declared.collection(parent.as_str(), name));
    }
    let gateway = LOCALE_SERVICE.parent(parent).filter(|_| is_open);
    match gateway.and_then(|gateway| declared.get(&gateway)) {
        Some(_) => Ok(None),
        None => Err(Refusal::InvalidPath(parent.to_string())),
    }
}
