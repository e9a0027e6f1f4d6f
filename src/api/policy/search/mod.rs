//! Objects by what they hold: `search/query` and `search/dsl`.
//!
//! | module | what it holds |
//! |---|---|
//! | `grammar` | the language of `search/query` |
//! | `dsl` | the language of `search/dsl` |
//! | `reconcile` | what is searched, read anew |
//! | `matching` | whether an object is what a query asks for |

mod dsl;
mod grammar;
mod matching;
pub(in crate::api) mod reconcile;

use std::sync::Arc;

use axum::extract::{Extension, Request, State};
use axum::response::Response;

use super::paging::Paging;
use super::{Ask, json};
use crate::api::Shared;
use crate::api::auth::Identity;
use crate::api::error::ApiError;
use crate::api::query::told;
use crate::model::path::without_locale_service;
use crate::model::{Api, KINDS};

pub use grammar::{Query, QueryError};
pub use matching::{finds, matches};

/// Answers a search: `?query=`.
pub(in crate::api) async fn handle(
    State(shared): State<Arc<Shared>>,
    Extension(user): Extension<Identity>,
    request: Request,
) -> Result<Response, ApiError> {
    let path = request.uri().path().to_owned();
    let mut ask = Ask::of(shared, user, request)?;
    let missing = || ApiError::bad_search("query is missing: what is to be searched for?");
    let text = ask.query.take("query").ok_or_else(missing)?;
    let read = if path.ends_with("/dsl") { dsl::parse(&text) } else { Query::parse(&text) };
    let mut query = read.map_err(|error| ApiError::bad_search(format!("Invalid query {}: {error}.", told(&text))))?;
    let of = format!("{path} {text}");
    let paging = Paging::take(&mut ask.query, &of)?;
    ask.query.end()?;
    let kinds = KINDS.into_iter().filter(|kind| kind.api() == Api::Policy);
    paging.names_fields_of(kinds).map_err(ApiError::bad_search)?;
    let page = ask.shared.read(move |engine, now| {
        engine.remove_expired(now)?;
        query.respell(&mut |text| match without_locale_service(text) {
            Some(_) => engine.full_address(text).map(Some),
            None => Ok(None),
        })?;
        let all = engine.declared()?.all();
        let found = all.into_iter().filter(|shown| finds(&query, shown));
        if paging.is_as_usual() {
            return paging.page_of(Some(&found.collect()), &of);
        }
        paging.page(found.map(|shown| shown.document().clone()).collect(), &of)
    });
    Ok(json(page.await?))
}
