//! The objects of a collection.

use axum::response::Response;

use super::paging::Paging;
use super::target::Collection;
use super::{Ask, json};
use crate::api::error::ApiError;
use crate::engine::Refusal;
use crate::engine::mirror::{self, Declared};
use crate::model::PolicyPath;

/// Lists a collection.
pub(super) async fn handle(mut ask: Ask, collection: Collection) -> Result<Response, ApiError> {
    if !ask.is_get() {
        return Err(ApiError::method_not_allowed("GET"));
    }
    let Collection { parent, is_folder, name, kinds } = collection;
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
        let look = move |declared: &Declared| paging.page_of(found(declared, parent.as_ref(), is_folder, &name)?, &of);
        ask.shared.declared(look).await?
    } else {
        let page = ask.shared.read(move |engine, _| {
            let declared = engine.declared()?;
            let objects =
                found(&declared, parent.as_ref(), is_folder, &name)?.into_iter().flat_map(mirror::Collection::iter);
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
