//! Live traces: their status, what they have seen, the packets they have captured, and
//! beginning anew.

use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value as Json;

use super::paging::Paging;
use super::{Ask, json};
use crate::api::error::ApiError;
use crate::engine::bgp::documents::ENFORCEMENT_POINT;
use crate::engine::live_trace::Direction;
use crate::engine::live_trace::documents::status;
use crate::engine::live_trace::observation::Form;
use crate::engine::{Question, Refusal, When};
use crate::model::{LIVE_TRACE, PolicyPath};

/// Something about live traces.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum LiveTraces {
    /// `/infra/livetraces/statuses`
    Statuses,
    /// `/infra/livetraces/ID/status`
    Status(PolicyPath),
    /// `/infra/livetraces/ID/result`
    Result(PolicyPath),
    /// `/infra/livetraces/ID/pktcap`; the engine's own
    Capture(PolicyPath),
}

/// Where live traces lie.
const COLLECTION: &str = "/infra/livetraces";

/// What the address `text` names of live traces, beside them and their list.
pub(super) fn find(text: &str) -> Option<LiveTraces> {
    let (subject, what) = text.rsplit_once('/')?;
    if subject == COLLECTION && what == "statuses" {
        return Some(LiveTraces::Statuses);
    }
    let path = || PolicyPath::parse(subject).ok().filter(|path| LIVE_TRACE.owns(path));
    match what {
        "status" => path().map(LiveTraces::Status),
        "result" => path().map(LiveTraces::Result),
        "pktcap" => path().map(LiveTraces::Capture),
        _ => None,
    }
}

/// Whether an answer at the address `text` may show live traces: those that are over are
/// removed first.
pub(super) fn may_show(text: &str) -> bool {
    text == "/infra" || text.starts_with(COLLECTION)
}

/// The one place where declarations take effect, if the request names any.
fn here(ask: &mut Ask) -> Result<(), ApiError> {
    match ask.query.take("enforcement_point_path") {
        Some(path) if path != ENFORCEMENT_POINT => Err(Refusal::InvalidPath(path).into()),
        _ => Ok(()),
    }
}

/// Answers a request about live traces.
pub(super) async fn handle(mut ask: Ask, what: LiveTraces) -> Result<Response, ApiError> {
    if !ask.is_get() {
        return Err(ApiError::method_not_allowed("GET"));
    }
    here(&mut ask)?;
    match what {
        LiveTraces::Statuses => statuses(ask).await,
        LiveTraces::Status(path) => answer(ask, Question::LiveTraceStatus(path)).await,
        LiveTraces::Result(path) => answer(ask, Question::LiveTraceResult(path)).await,
        LiveTraces::Capture(path) => capture(ask, path).await,
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

async fn statuses(mut ask: Ask) -> Result<Response, ApiError> {
    let of = format!("{COLLECTION}/statuses");
    let paging = Paging::take(&mut ask.query, &of)?;
    ask.query.end()?;
    let page = ask.shared.read(move |engine, now| {
        let view = engine.view(now, When::Current, &[])?;
        let all = view.topology.live_traces.keys().filter_map(|path| status(&view, path, Form::Policy));
        paging.page(all.map(|status| status.to_string().into()).collect(), &of)
    });
    Ok(json(page.await?))
}

/// The packets of one direction as a capture file.
async fn capture(mut ask: Ask, path: PolicyPath) -> Result<Response, ApiError> {
    let words = Direction::BOTH.map(Direction::word);
    let direction = ask.query.take_word("direction", &words)?.and_then(|word| Direction::parse(&word));
    ask.query.end()?;
    let file = ask.shared.read(move |engine, now| {
        let direction = direction.unwrap_or(Direction::Forward);
        let file = engine.live_trace_capture(&path, direction, now)?;
        let nothing = || {
            let message =
                format!("The live trace {path} has captured no packets of the direction {}.", direction.word());
            ApiError::new(StatusCode::NOT_FOUND, 600, message)
        };
        file.ok_or_else(nothing)
    });
    let pcap = HeaderValue::from_static("application/vnd.tcpdump.pcap");
    Ok((StatusCode::OK, [(header::CONTENT_TYPE, pcap)], file.await?).into_response())
}

/// Begins a live trace anew: `POST …/ID?action=restart`.
pub(super) async fn restart(mut ask: Ask, path: PolicyPath) -> Result<Response, ApiError> {
    if ask.query.take_word("action", &["restart"])?.is_none() {
        return Err(ApiError::bad_request("A POST begins the live trace anew: add ?action=restart."));
    }
    here(&mut ask)?;
    ask.query.end()?;
    let object = ask.shared.write(&ask.user, move |engine, by| Ok(engine.restart_live_trace(&path, by.now)?)).await?;
    let document: Json = object.into_json();
    Ok(json(document.to_string()))
}

/// Whether a request begins the live trace at `path` anew.
pub(super) fn is_restart(ask: &Ask, path: &PolicyPath) -> bool {
    ask.method == Method::POST && LIVE_TRACE.owns(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_about_live_traces_is_told_from_them() {
        let path = PolicyPath::parse("/infra/livetraces/a").unwrap();
        assert_eq!(find("/infra/livetraces/statuses"), Some(LiveTraces::Statuses));
        assert_eq!(find("/infra/livetraces/a/status"), Some(LiveTraces::Status(path.clone())));
        assert_eq!(find("/infra/livetraces/a/result"), Some(LiveTraces::Result(path.clone())));
        assert_eq!(find("/infra/livetraces/a/pktcap"), Some(LiveTraces::Capture(path)));
        for other in
            ["/infra/livetraces/a", "/infra/livetraces", "/infra/livetraces/a/b/status", "/infra/segments/a/status"]
        {
            assert_eq!(find(other), None, "{other}");
        }
    }
}
