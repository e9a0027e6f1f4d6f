//! What runs: status, statistics, routes.

use std::net::IpAddr;

use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value as Json;

use super::paging::Paging;
use super::target::Running;
use super::{Ask, done, json};
use crate::api::error::ApiError;
use crate::api::query::told;
use crate::engine::bgp::documents::{self, Direction, ENFORCEMENT_POINT};
use crate::engine::{Engine, Question, Refusal, Reveal, When};
use crate::model::{BGP_CONFIG, PolicyPath};

/// Answers a request for something that runs.
pub(super) async fn handle(mut ask: Ask, what: Running) -> Result<Response, ApiError> {
    here(&mut ask)?;
    // What is cached is as new as what is read. Of routes and resets it is not asked.
    if !matches!(what, Running::Routes(..)) && ask.is_get() {
        ask.query.take_word("source", &["realtime", "cached"])?;
    }
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

/// The one place where declarations take effect, if the request names any.
fn here(ask: &mut Ask) -> Result<(), ApiError> {
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
    let (edge, node) = (ask.query.take("edge_path"), ask.query.take("transport_node_id"));
    if let Some(kind) = ask.query.take("stats_type") {
        let kind = told(&kind);
        let message =
            format!("stats_type cannot be {kind}: there is one kind of statistics of neighbors. Leave it out.");
        return Err(ApiError::bad_request(message));
    }
    let paging = Paging::take(&mut ask.query, &of)?;
    ask.query.end()?;
    let page = ask.shared.read(move |engine, now| {
        if !engine.holds(&bgp)? {
            return Err(Refusal::InvalidPath(bgp.to_string()).into());
        }
        if let Some(edge) = edge {
            is_an_edge_of(engine, &bgp, &edge)?;
        }
        // A gateway runs on one node.
        let own = bgp.gateway().map(|gateway| documents::edge_id(gateway.as_str()));
        if node.is_some() && node != own {
            let message = format!("The transport node {} could not be found.", node.unwrap_or_default());
            return Err(ApiError::new(StatusCode::NOT_FOUND, 600, message));
        }
        let view = engine.view(now, When::Current, &[])?;
        let below = format!("{bgp}/neighbors/");
        let paths = view.topology.neighbors.keys().filter(|path| path.as_str().starts_with(&below) && !between_edges);
        let found = paths.filter_map(|path| view.answer(&Question::NeighborStatus(path.clone())));
        paging.page(found.map(|it| it.to_string().into()).collect(), &of)
    });
    Ok(json(page.await?))
}

/// The edge node at `edge` is one that the gateway of `bgp` runs on, as its locale service
/// says.
fn is_an_edge_of(engine: &Engine, bgp: &PolicyPath, edge: &str) -> Result<(), ApiError> {
    let service = BGP_CONFIG.parent(bgp).map(|service| engine.get(&service, Reveal::Public)).transpose()?;
    let preferred = service.as_ref().and_then(|service| service.get("preferred_edge_paths")?.as_array());
    if preferred.into_iter().flatten().any(|path| path == edge) {
        return Ok(());
    }
    Err(Refusal::InvalidPath(edge.to_owned()).into())
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
    let address = ask.query.take("neighbor_address").map(|text| text.parse::<IpAddr>().map_err(|_| text));
    let address = address
        .transpose()
        .map_err(|text| ApiError::bad_request(format!("neighbor_address is an IP address, not {}.", told(&text))))?;
    if is_csv && count.is_some() {
        return Err(ApiError::bad_request("count goes with JSON only."));
    }
    if !is_csv {
        let of = format!("{neighbor} {direction:?}");
        let paging = Paging::take(&mut ask.query, &of)?;
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
            let wanted = is_the_neighbors(engine, question.subject(), address)?;
            let results = document["results"].as_array().into_iter().flatten().filter(|_| wanted);
            paging.page(results.map(|result| result.to_string().into()).collect(), &of)
        });
        return Ok(json(document.await?));
    }
    ask.query.end()?;
    let csv = ask.shared.read(move |engine, now| {
        let view = engine.view(now, When::Current, &[])?;
        let missing = || Refusal::NotFound(neighbor.clone());
        let subject = view.topology.neighbors.get(&neighbor).ok_or_else(missing)?;
        let state = view.neighbors.get(&neighbor).ok_or_else(missing)?;
        let exchange = view.ribs().neighbors.get(&neighbor);
        let exchange = exchange.filter(|_| address.is_none_or(|address| address == subject.address));
        Ok(documents::routes_csv(subject, state, exchange, direction))
    });
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("text/csv"))], csv.await?).into_response())
}

/// Whether `address`, if one is given, is that of the neighbor at `path`. The API tells the
/// neighbors apart like this that it has found in a range; here a neighbor has one address.
fn is_the_neighbors(engine: &Engine, path: &PolicyPath, address: Option<IpAddr>) -> Result<bool, ApiError> {
    let Some(address) = address else { return Ok(true) };
    let neighbor = engine.get(path, Reveal::Public)?;
    let own = neighbor.get("neighbor_address").and_then(|own| own.as_str()?.parse::<IpAddr>().ok());
    Ok(own == Some(address))
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
