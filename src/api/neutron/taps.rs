//! What taps have copied: how much, and the copies as a capture file. Neutron has no such
//! addresses; they are the engine's own.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::{Ask, NeutronError, answer};
use crate::engine::taps::frames;
use crate::engine::{CaptureOf, CaptureRequest, Moment, Question, Refusal};
use crate::model::timestamp::Timestamp;
use crate::model::{Kind, PolicyPath};

/// So many copies at most are in one answer.
const MOST: usize = 100_000;

/// Answers `…/ID/statistics` and `…/ID/capture?from=&to=&count=`.
pub(super) async fn handle(ask: Ask, kind: &'static Kind, id: &str, what: &str) -> Result<Response, NeutronError> {
    if !ask.is_get() {
        return Err(NeutronError::method_not_allowed(ask.method.as_str(), "GET"));
    }
    let id = id.to_owned();
    if what == "statistics" {
        super::objects::no_parameters(&ask)?;
        let told = ask.by.read(move |engine, by| {
            let path = engine.tap(kind, &id, by)?.path().clone();
            Ok(engine.ask(&Question::TapStatistics(path), &[], by.caller.now)?.document)
        });
        let told = told.await?.ok_or_else(NeutronError::no_such_address)?;
        return Ok(answer(StatusCode::OK, &told));
    }
    let window = Window::of(&ask.query)?;
    let file = ask.by.read(move |engine, by| {
        let path = engine.tap(kind, &id, by)?.path().clone();
        let capture = engine.capture(&window.of_tap(path), by.caller.now)?;
        let mut file = Vec::new();
        frames::write_capture(&capture.topology, &capture.copies, &mut file).map_err(|_| Refusal::InvalidPath(id))?;
        Ok(file)
    });
    let pcap = HeaderValue::from_static("application/vnd.tcpdump.pcap");
    Ok((StatusCode::OK, [(header::CONTENT_TYPE, pcap)], file.await?).into_response())
}

/// Which copies are wanted.
struct Window {
    from: Option<Moment>,
    to: Option<Moment>,
    most: usize,
}

impl Window {
    fn of(query: &[(String, String)]) -> Result<Self, NeutronError> {
        let mut window = Self { from: None, to: None, most: MOST };
        for (name, value) in query {
            let wrong = |what: &str| {
                NeutronError::bad_request(format!("Invalid input for {name}. Reason: '{value}' is no {what}."))
            };
            let time = || value.parse::<Timestamp>().map(|time| Some(Moment(time.0))).map_err(|_| wrong("time"));
            match name.as_str() {
                "from" => window.from = time()?,
                "to" => window.to = time()?,
                "count" => {
                    let count = value.parse().ok().filter(|count| (1..=MOST).contains(count));
                    window.most = count.ok_or_else(|| wrong("number from 1 to 100000"))?;
                }
                _ => return Err(NeutronError::bad_request(format!("There is no parameter '{name}' here."))),
            }
        }
        Ok(window)
    }

    fn of_tap(&self, path: PolicyPath) -> CaptureRequest {
        CaptureRequest { of: CaptureOf::Tap(path), from: self.from, to: self.to, most: self.most }
    }
}
