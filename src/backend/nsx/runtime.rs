//! Questions about running things, answered by the endpoint.

use std::net::IpAddr;

use serde_json::{Map, Value as Json};

use super::host::called;
use super::refusal::is_not_found;
use super::{Nsx, without_id};
use crate::backend::transport::{Failure, Request};
use crate::backend::{Backend, BackendError};
use crate::engine::bgp::documents::ENFORCEMENT_POINT;
use crate::engine::live_trace::documents::beyond_result;
use crate::engine::{Answer, Moment, Object, Planned, Question};
use crate::model::{BGP_CONFIG, BGP_NEIGHBOR, LOCALE_SERVICE, PolicyPath, TIER_0};

/// Something that is not as it should be is looked at again after so many milliseconds.
const LOOK_AGAIN: i64 = 2_000;

/// The lists of edge nodes: up to NSX 4.1 and on VMware Cloud on AWS the name is misspelt.
const NODES: &str = "edge_node_routes";
const NODES_MISSPELT: &str = "egde_node_routes";

impl Nsx {
    /// Answers `question`. What is only planned, an endpoint knows nothing of, unless it is an
    /// engine.
    pub(super) async fn answer(&self, question: &Question, planned: &[Planned]) -> Result<Answer, BackendError> {
        let subject = question.subject();
        if let Some(what) = told_elsewhere(question) {
            return Err(Failure::Unsupported(what.to_owned()).into());
        }
        // What an endpoint's live trace has seen is not in a world that is rebuilt.
        let is_traced = matches!(question, Question::LiveTraceStatus(_) | Question::LiveTraceResult(_))
            && planned.iter().all(|planned| planned.path != *subject);
        if !planned.is_empty()
            && !is_traced
            && let Some(answer) = Box::pin(self.foreseen(question, planned)).await?
        {
            return Ok(answer);
        }
        if planned.iter().any(|planned| planned.path == *subject) {
            let what = format!(
                "{subject} is created, changed or deleted by this plan, and a live endpoint knows only what is. Let the \
                 data source depend on the resource (depends_on), so that it is read after the apply."
            );
            return Err(Failure::Unsupported(what).into());
        }
        let diagnosis = self.diagnosis(question).await?;
        if let (Question::SessionStatus(_) | Question::NeighborStatus(_), Some(diagnosis)) = (question, &diagnosis) {
            return Ok(diagnosis.clone());
        }
        let address = called(subject);
        let document = match question {
            Question::SessionStatus(_) => self.asked(&format!("{address}/detailed-status")).await?,
            // Told elsewhere.
            Question::TapStatistics(_)
            | Question::FlowPath(_)
            | Question::ApplicationFlows(..)
            | Question::ActiveCollections(..) => None,
            Question::SessionStatistics(_) | Question::FlowStatistics(_) => {
                self.asked(&format!("{address}/statistics")).await?
            }
            Question::ServiceSummary(_) => self.asked(&format!("{address}/summary")).await?,
            Question::LiveTraceStatus(_) => self.asked(&format!("{address}/status")).await?,
            Question::LiveTraceResult(_) => self.asked(&format!("{address}/result")).await?,
            Question::NeighborStatus(path) => self.neighbor_status(path).await?,
            Question::LearnedRoutes(_) => self.routes(&format!("{address}/routes")).await?,
            Question::AdvertisedRoutes(_) => self.routes(&format!("{address}/advertised-routes")).await?,
        };
        let trace_status = match question {
            Question::LiveTraceResult(_) => self.asked(&format!("{address}/status")).await?,
            _ => None,
        };
        let is_settled = match (&document, question) {
            (None, _) => true,
            // A neighbor that is connected may have nothing to say.
            (Some(document), Question::LearnedRoutes(path) | Question::AdvertisedRoutes(path)) => {
                has_routes(document) || self.neighbor_status(path).await?.is_none_or(|status| is_connected(&status))
            }
            (Some(_), Question::LiveTraceResult(_)) => trace_status.as_ref().is_none_or(is_over),
            (Some(document), question) => is_as_it_should_be(question, document),
        };
        let until = match diagnosis {
            Some(diagnosis) => diagnosis.until,
            None => (!is_settled).then(|| Moment(Moment::from_clock().0 + LOOK_AGAIN)),
        };
        let beyond = match &trace_status {
            Some(status) => beyond_result(status),
            None => document.as_ref().map(|document| beyond(question, document)).unwrap_or_default(),
        };
        Ok(Answer { document, beyond, until })
    }

    /// What the endpoint tells of the session or the neighbor in question at once, if it is an
    /// engine: the status with what an NSX does not know, and when it is going to change.
    async fn diagnosis(&self, question: &Question) -> Result<Option<Answer>, BackendError> {
        let subject = question.subject();
        if is_told_at_once(question) || !self.is_engine().await? {
            return Ok(None);
        }
        let told = self.asked(&format!("{}/diagnosis", called(subject))).await?;
        Ok(told.and_then(|told| Answer::of_diagnosis(told, Moment::from_clock())))
    }

    /// The routes of a neighbor as the API's CSV, by a question about them; none when there is
    /// nothing to ask about.
    pub async fn routes_csv(&self, question: &Question) -> Result<Option<String>, BackendError> {
        let Some(document) = self.answer(question, &[]).await?.document else { return Ok(None) };
        let what = match question {
            Question::AdvertisedRoutes(_) => "advertised-routes",
            _ => "routes",
        };
        // The API wants to be told the place that it has just told.
        let place = document["results"][0]["enforcement_point_path"].as_str().unwrap_or(ENFORCEMENT_POINT);
        let request = Request::get(format!("{}/{what}", called(question.subject())))
            .with("format", "csv")
            .with("enforcement_point_path", place);
        Ok(Some(self.transport.csv(request, "network").await?))
    }

    /// All BGP neighbors.
    pub async fn bgp_neighbors(&self) -> Result<Vec<Object>, BackendError> {
        let mut neighbors = Vec::new();
        for gateway in self.list(&TIER_0, "/infra").await? {
            for service in self.list(&LOCALE_SERVICE, gateway.path().as_str()).await? {
                let bgp = BGP_CONFIG.path(service.path(), "bgp");
                neighbors.extend(self.list(&BGP_NEIGHBOR, bgp.as_str()).await?);
            }
        }
        Ok(neighbors)
    }

    /// The document at `address`; none when there is nothing to ask about.
    pub(super) async fn asked(&self, address: &str) -> Result<Option<Json>, Failure> {
        match self.transport.send(Request::get(address)).await {
            Ok(reply) => Ok(Some(reply.document).filter(|document| !document.is_null())),
            Err(failure) if is_not_found(&failure) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// All entries of the list at `address`.
    async fn entries(&self, address: &str) -> Result<Option<Vec<Json>>, Failure> {
        let (mut entries, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let request = match cursor.take() {
                Some(cursor) => Request::get(address).with("cursor", cursor),
                None => Request::get(address),
            };
            let mut document = match self.transport.send(request).await {
                Ok(reply) => reply.document,
                Err(failure) if is_not_found(&failure) => return Ok(None),
                Err(failure) => return Err(failure),
            };
            if let Some(Json::Array(results)) = document.get_mut("results").map(Json::take) {
                entries.extend(results);
            }
            cursor = document.get("cursor").and_then(Json::as_str).filter(|next| !next.is_empty()).map(str::to_owned);
            if cursor.is_none() {
                return Ok(Some(entries));
            }
        }
    }

    /// The entry of the neighbor at `path` among the states of all neighbors. Of several
    /// edges, one that is connected speaks for it.
    async fn neighbor_status(&self, path: &PolicyPath) -> Result<Option<Json>, BackendError> {
        let Some(neighbor) = self.get(path).await? else { return Ok(None) };
        let address = |entry: &Json| entry["neighbor_address"].as_str()?.parse::<IpAddr>().ok();
        let wanted = neighbor.get("neighbor_address").and_then(|text| text.as_str()?.parse::<IpAddr>().ok());
        let all = self.entries(&format!("{}/status", without_id(&called(path)))).await?.unwrap_or_default();
        let mut own: Vec<_> =
            all.into_iter().filter(|entry| address(entry).is_some() && address(entry) == wanted).collect();
        own.sort_by_key(|entry| entry["connection_state"] != "ESTABLISHED");
        Ok(own.into_iter().next())
    }

    /// The routes at `address`, with the list of edge nodes by its right name.
    async fn routes(&self, address: &str) -> Result<Option<Json>, Failure> {
        let Some(mut results) = self.entries(address).await? else { return Ok(None) };
        for result in results.iter_mut().filter_map(Json::as_object_mut) {
            if !result.contains_key(NODES)
                && let Some(nodes) = result.get(NODES_MISSPELT).cloned()
            {
                result.insert(NODES.to_owned(), nodes);
            }
        }
        Ok(Some(serde_json::json!({ "result_count": results.len(), "results": results })))
    }
}

/// Whether the answer about a session says that it is up.
pub(super) fn is_up(document: &Json) -> bool {
    let results = document["results"].as_array().map(Vec::as_slice).unwrap_or_default();
    results.iter().any(|result| result["runtime_status"] == "UP")
}

/// What the engine would tell beyond the API, as far as the answer holds it.
fn beyond(question: &Question, document: &Json) -> Map<String, Json> {
    let Question::SessionStatus(_) = question else { return Map::new() };
    let reason = document["results"][0]["ike_status"]["fail_reason"].clone();
    Map::from_iter([("reason".to_owned(), reason)])
}

/// Whether nothing better is to be waited for.
fn is_as_it_should_be(question: &Question, document: &Json) -> bool {
    match question {
        Question::SessionStatus(_) => is_up(document),
        Question::SessionStatistics(_) => {
            let results = document["results"].as_array().map(Vec::as_slice).unwrap_or_default();
            results.iter().any(|result| result["ike_status"]["ike_session_state"] == "UP")
        }
        Question::NeighborStatus(_) => is_connected(document),
        Question::LearnedRoutes(_) | Question::AdvertisedRoutes(_) => has_routes(document),
        Question::LiveTraceStatus(_) => is_over(document),
        Question::LiveTraceResult(_)
        | Question::FlowStatistics(_)
        | Question::TapStatistics(_)
        | Question::ServiceSummary(_)
        | Question::FlowPath(_)
        | Question::ApplicationFlows(..)
        | Question::ActiveCollections(..) => true,
    }
}

/// Who answers `question`, if it is not for an NSX.
fn told_elsewhere(question: &Question) -> Option<&'static str> {
    match question {
        Question::TapStatistics(_) => Some("Taps are Neutron's: an NSX has none."),
        Question::FlowPath(_) | Question::ApplicationFlows(..) | Question::ActiveCollections(..) => Some(
            "An NSX collects no flows: a compute agent does, or the embedded engine. Add `compute_agent {}` or \
             `embedded {}` to the provider block.",
        ),
        _ => None,
    }
}

/// Whether there is nothing beyond the answer itself that an engine could tell.
fn is_told_at_once(question: &Question) -> bool {
    matches!(
        question,
        Question::FlowStatistics(_)
            | Question::ServiceSummary(_)
            | Question::LiveTraceStatus(_)
            | Question::LiveTraceResult(_)
    )
}

/// Whether a live trace has ended, by its status.
fn is_over(status: &Json) -> bool {
    status["operation_state"] != "IN_PROGRESS"
}

fn is_connected(status: &Json) -> bool {
    status["connection_state"] == "ESTABLISHED"
}

fn has_routes(document: &Json) -> bool {
    let results = document["results"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut nodes = results.iter().flat_map(|result| result[NODES].as_array().into_iter().flatten());
    nodes.any(|node| node["routes"].as_array().is_some_and(|routes| !routes.is_empty()))
}
