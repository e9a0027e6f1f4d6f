//! Status, statistics and routes, as the API answers.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value as Json;
use tokio::time::{Instant, sleep};

use super::agent;
use super::foresight::foreseen;
use super::{Ask, Told, path_in};
use crate::backend::BackendError;
use crate::engine::{Answer, Moment, Planned, Question};
use crate::model::result::{
    ACTIVE_FLOWS, APPLICATION_FLOWS, BGP_NEIGHBOR_STATUS, BGP_ROUTES, FLOW_PATH, FLOW_STATISTICS, LIVE_TRACE_RESULT,
    Query, RouteDirection, SESSION_STATISTICS, SESSION_STATUS, TAP_STATISTICS,
};
use crate::model::{PolicyPath, Tree};
use crate::provider::shared::Connection;
use crate::tf_provider::{Context, Diagnostic, Diagnostics, Path};

/// A query about something that runs.
pub struct Running {
    /// What is asked and answered.
    query: &'static Query,
    /// The inputs of which one names what is asked about.
    subjects: &'static [&'static str],
    /// The question.
    question: fn(PolicyPath, &Tree) -> Question,
    /// Where in the API's answer that of the data source is.
    answer: fn(&Json) -> Json,
    /// Why what is asked about may be gone though nobody has deleted it; none: it is not.
    vanishes: Option<&'static str>,
}

/// The queries.
pub static ALL: [Running; 10] = [
    Running {
        query: &SESSION_STATUS,
        subjects: &["session_path"],
        question: |path, _| Question::SessionStatus(path),
        answer: |document| document["results"][0].clone(),
        vanishes: None,
    },
    Running {
        query: &SESSION_STATISTICS,
        subjects: &["session_path"],
        question: |path, _| Question::SessionStatistics(path),
        answer: |document| document["results"][0].clone(),
        vanishes: None,
    },
    Running {
        query: &BGP_NEIGHBOR_STATUS,
        subjects: &["neighbor_path"],
        question: |path, _| Question::NeighborStatus(path),
        answer: Json::clone,
        vanishes: None,
    },
    Running {
        query: &BGP_ROUTES,
        subjects: &["neighbor_path"],
        question: |path, input| match input.get("direction").text().and_then(RouteDirection::parse) {
            Some(RouteDirection::Advertised) => Question::AdvertisedRoutes(path),
            _ => Question::LearnedRoutes(path),
        },
        answer: |document| {
            let result = &document["results"][0];
            let mut node = result["edge_node_routes"][0].clone();
            if let Some(node) = node.as_object_mut() {
                node.insert("enforcement_point_path".to_owned(), result["enforcement_point_path"].clone());
            }
            node
        },
        vanishes: None,
    },
    Running {
        query: &FLOW_STATISTICS,
        subjects: &["flow_path"],
        question: |path, _| Question::FlowStatistics(path),
        answer: Json::clone,
        vanishes: None,
    },
    Running {
        query: &TAP_STATISTICS,
        subjects: &["tap_service_id", "tap_flow_id", "tap_mirror_id"],
        question: |path, _| Question::TapStatistics(path),
        answer: Json::clone,
        vanishes: None,
    },
    Running {
        query: &LIVE_TRACE_RESULT,
        subjects: &["live_trace_path"],
        question: |path, _| Question::LiveTraceResult(path),
        answer: Json::clone,
        vanishes: Some("a transient live trace is removed an hour after it has ended"),
    },
    Running {
        query: &FLOW_PATH,
        subjects: &["trace_path"],
        question: |path, _| Question::FlowPath(path),
        answer: agent::path,
        vanishes: None,
    },
    Running {
        query: &APPLICATION_FLOWS,
        subjects: &[],
        question: |path, input| Question::ApplicationFlows(path, input.get("active").bool().unwrap_or_default()),
        answer: agent::listed,
        vanishes: None,
    },
    Running {
        query: &ACTIVE_FLOWS,
        subjects: &[],
        question: |path, input| Question::ActiveCollections(path, input.get("originator").text().map(str::to_owned)),
        answer: agent::active,
        vanishes: None,
    },
];

/// Where the collections of a compute agent are.
const COLLECTIONS: &str = "/infra/flow-traces";

/// Between two looks at what does not say when it changes.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

impl Running {
    /// The answer, once what is under way is over, if that is before `deadline`.
    async fn wait_for_answer(
        cx: &Context,
        connection: &Connection,
        question: &Question,
        planned: &[Planned],
        deadline: Instant,
    ) -> Result<Answer, BackendError> {
        loop {
            let answer = connection.backend.ask(question, planned).await?;
            let Some(until) = answer.until else { return Ok(answer) };
            let left = u64::try_from(until.0.saturating_sub(Moment::from_clock().0)).unwrap_or(0);
            let pause = Duration::from_millis(left + 1).max(Duration::from_millis(1));
            if Instant::now() + pause > deadline {
                return Ok(answer);
            }
            tokio::select! {
                () = cx.cancelled.cancelled() => return Ok(answer),
                () = sleep(pause.min(LOOK_AGAIN)) => {}
            }
        }
    }
}

#[async_trait]
impl Ask for Running {
    fn query(&self) -> &'static Query {
        self.query
    }

    async fn answer(&self, cx: &Context, connection: &Connection, input: &Tree) -> Result<Told, Diagnostics> {
        let named = |subject: &&'static str| Some((*subject, path_in(self.query, input, subject)?));
        // What is asked of an agent as a whole is asked where its collections are.
        let whole = || PolicyPath::parse(COLLECTIONS).ok().filter(|_| self.subjects.is_empty()).map(|path| ("", path));
        let Some((subject, path)) = self.subjects.iter().find_map(named).or_else(whole) else {
            let at = self.subjects.first().map_or_else(Path::root, |subject| Path::attribute(*subject));
            return Err(Diagnostic::error("This is no policy path", "Give the path of an object.").at(at).into());
        };
        let planned = foreseen(cx, connection).await?;
        let wait = input.get("wait_seconds").int().and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or(0);
        let deadline = Instant::now() + Duration::from_secs(wait);
        let question = (self.question)(path.clone(), input);
        let answer = Self::wait_for_answer(cx, connection, &question, &planned, deadline).await;
        let answer = answer.map_err(|error| Diagnostic::error("The answer cannot be had", error.to_string()))?;
        let Some(document) = answer.document else {
            let what = format!("There is nothing at {path} to ask about");
            let detail = format!("It does not exist in {}.", connection.backend.describe());
            if let Some(reason) = self.vanishes {
                let detail = format!("{detail} All of the answer is null. It may have been there: {reason}.");
                let warning = Diagnostic::warning(what, detail).at(Path::attribute(subject));
                return Ok(Told { answer: Tree::Null, warnings: warning.into() });
            }
            return Err(Diagnostic::error(what, detail).at(Path::attribute(subject)).into());
        };
        let mut fields = (self.answer)(&document);
        if let Some(fields) = fields.as_object_mut() {
            fields.extend(answer.beyond);
        }
        Ok(Tree::from(&fields).into())
    }
}
