//! The objects of a collection.

use axum::response::Response;

use super::paging::Paging;
use super::target::Collection;
use super::{Ask, json};
use crate::api::error::ApiError;
use crate::engine::{Refusal, Reveal};

/// Lists a collection.
pub(super) async fn handle(mut ask: Ask, collection: Collection) -> Result<Response, ApiError> {
    if !ask.is_get() {
        return Err(ApiError::method_not_allowed("GET"));
    }
    let Collection { parent, name, kinds } = collection;
    let of = format!("{}/{name}", parent.as_ref().map_or("/infra", |parent| parent.as_str()));
    let paging = Paging::take(&mut ask.query, &of)?;
    // A deletion is over when it is answered, so that nothing is ever marked for it.
    ask.query.take_bool("include_mark_for_delete_objects")?;
    ask.query.end()?;
    let order = paging.order();
    if !kinds.iter().any(|kind| kind.field(order).is_some()) {
        return Err(ApiError::bad_request(format!("sort_by names no field of these objects: {order:?}.")));
    }
    let page = ask.shared.read(move |engine, _| {
        if let Some(parent) = &parent
            && !engine.holds(parent)?
        {
            return Err(Refusal::InvalidPath(parent.to_string()).into());
        }
        let parent = parent.as_ref().map_or("/infra", |parent| parent.as_str());
        paging.page(engine.documents(parent, &name, Reveal::Public)?, &of)
    });
    Ok(json(page.await?))
}
