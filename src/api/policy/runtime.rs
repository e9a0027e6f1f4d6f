//! What runs: status, statistics, routes.

use axum::http::{HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value as Json;

use super::paging::Paging;
use super::target::Running;
use super::{Ask, done, json};
use crate::api::error::ApiError;
use crate::engine::bgp::documents::{self, Direction, ENFORCEMENT_POINT};
use crate::engine::{Question, Refusal, When};
use crate::model::PolicyPath;

/// Answers a request for something that runs.
pub(super) async fn handle(mut ask: Ask, what: Running) -> Result<Response, ApiError> {
    here(&mut ask)?;
    match what {
        Running::Statistics(session) if ask.method == Method::POST => reset(ask, session).await,
        Running::Routes(neighbor, direction) => routes(ask, neighbor, direction).await,
        Running::Statistics(_) if !ask.is_get() => Err(ApiError::method_not_allowed("GET, POST")),
        _ if !ask.is_get() => Err(ApiError::method_not_allowed("GET")),
        Running::Session(session) => answer(ask, Question::SessionStatus(session)).await,
        Running::Statistics(session) => answer(ask, Question::SessionStatistics(session)).await,
        Running::Flow(flow) => answer(ask, Question::FlowStatistics(flow)).await,
        Running::Summary(service) => answer(ask, Question::ServiceSummary(service)).await,
        Running::Neighbors(bgp) => neighbors(ask, bgp).await,
        Running::SessionDiagnosis(session) => diagnosis(ask, Question::SessionStatus(session)).await,
        Running::NeighborDiagnosis(neighbor) => diagnosis(ask, Question::NeighborStatus(neighbor)).await,
    }
}

/// The one place where declarations take effect, if the request names any; what is cached
/// is as new as what is read.
fn here(ask: &mut Ask) -> Result<(), ApiError> {
    ask.query.take_word("source", &["realtime", "cached"])?;
    match ask.query.take("enforcement_point_path") {
        Some(path) if path != ENFORCEMENT_POINT => Err(Refusal::InvalidPath(path).into()),
        _ => Ok(()),
    }
}

async fn answer(ask: Ask, question: Question) -> Result<Response, ApiError> {
    ask.query.end()?;
    let document = ask.shared.read(move |engine, now| {
        let missing = || Refusal::NotFound(question.subject().clone());
        Ok(engine.ask(&question, &[], now)?.document.ok_or_else(missing)?)
    });
    Ok(json(document.await?.to_string()))
}

/// What the engine knows of a session or a neighbor beyond its status, which is told at the
/// same moment. An NSX has no such answer.
async fn diagnosis(ask: Ask, question: Question) -> Result<Response, ApiError> {
    ask.query.end()?;
    let document = ask.shared.read(move |engine, now| {
        let missing = || Refusal::NotFound(question.subject().clone());
        Ok(engine.ask(&question, &[], now)?.diagnosis(now).ok_or_else(missing)?)
    });
    Ok(json(document.await?.to_string()))
}

/// Sets the statistics of a session to zero.
async fn reset(mut ask: Ask, session: PolicyPath) -> Result<Response, ApiError> {
    if ask.query.take_word("action", &["reset"])?.is_none() {
        return Err(ApiError::bad_request("A POST resets the statistics: add ?action=reset."));
    }
    ask.query.end()?;
    ask.shared.write(&ask.user, move |engine, by| Ok(engine.reset_statistics(&session, by.now)?)).await?;
    Ok(done())
}

/// How all neighbors of a BGP instance are.
async fn neighbors(mut ask: Ask, bgp: PolicyPath) -> Result<Response, ApiError> {
    let of = format!("{bgp}/neighbors/status");
    // Neighbors that were declared; the edges of one gateway exchange nothing here.
    let between_edges =
        ask.query.take_word("bgp_neighbor_type", &["USER", "INTER_SR"])?.is_some_and(|kind| kind == "INTER_SR");
    ask.query.take_bool("include_mark_for_delete_objects")?;
    let paging = Paging::take(&mut ask.query, &of)?;
    ask.query.end()?;
    let page = ask.shared.read(move |engine, now| {
        if !engine.holds(&bgp)? {
            return Err(Refusal::InvalidPath(bgp.to_string()).into());
        }
        let view = engine.view(now, When::Current, &[])?;
        let below = format!("{bgp}/neighbors/");
        let paths = view.topology.neighbors.keys().filter(|path| path.as_str().starts_with(&below) && !between_edges);
        let found = paths.filter_map(|path| view.answer(&Question::NeighborStatus(path.clone())));
        paging.page(found.map(|it| it.to_string().into()).collect(), &of)
    });
    Ok(json(page.await?))
}

/// The routes of a neighbor, as JSON, or as CSV by GET or POST.
async fn routes(mut ask: Ask, neighbor: PolicyPath, direction: Direction) -> Result<Response, ApiError> {
    let is_csv = ask.query.take_word("format", &["csv", "json"])?.is_some_and(|format| format == "csv");
    match ask.method {
        Method::POST if !is_csv => {
            return Err(ApiError::bad_request("A POST gives the routes as CSV: add ?format=csv."));
        }
        Method::POST => {}
        _ if !ask.is_get() => return Err(ApiError::method_not_allowed("GET, POST")),
        _ => {}
    }
    let count = ask.query.take("count").map(|text| text.parse::<usize>());
    let count = count.transpose().map_err(|_| ApiError::bad_request("count is a whole number."))?;
    if is_csv && count.is_some() {
        return Err(ApiError::bad_request("count goes with JSON only."));
    }
    if !is_csv {
        let question = match direction {
            Direction::Learned => Question::LearnedRoutes(neighbor),
            Direction::Advertised => Question::AdvertisedRoutes(neighbor),
        };
        ask.query.end()?;
        let document = ask.shared.read(move |engine, now| {
            let missing = || Refusal::NotFound(question.subject().clone());
            let mut document = engine.ask(&question, &[], now)?.document.ok_or_else(missing)?;
            if let Some(count) = count {
                cut(&mut document, count);
            }
            Ok(document)
        });
        return Ok(json(document.await?.to_string()));
    }
    ask.query.end()?;
    let csv = ask.shared.read(move |engine, now| {
        let view = engine.view(now, When::Current, &[])?;
        let missing = || Refusal::NotFound(neighbor.clone());
        let subject = view.topology.neighbors.get(&neighbor).ok_or_else(missing)?;
        let state = view.neighbors.get(&neighbor).ok_or_else(missing)?;
        Ok(documents::routes_csv(subject, state, view.ribs().neighbors.get(&neighbor), direction))
    });
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("text/csv"))], csv.await?).into_response())
}

/// Keeps the first `count` routes of each edge node.
fn cut(document: &mut Json, count: usize) {
    for result in document["results"].as_array_mut().into_iter().flatten() {
        for name in ["egde_node_routes", "edge_node_routes"] {
            for node in result[name].as_array_mut().into_iter().flatten() {
                if let Some(routes) = node["routes"].as_array_mut() {
                    routes.truncate(count);
                }
            }
        }
    }
}
