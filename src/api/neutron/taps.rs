//! What taps have copied: how much, and the copies as a capture file. Neutron has no such
//! addresses; they are the engine's own.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::{Ask, NeutronError, answer};
use crate::engine::taps::frames;
use crate::engine::{Capture, CaptureOf, CaptureRequest, Moment, Question, Rest};
use crate::model::timestamp::Timestamp;
use crate::model::{Kind, PolicyPath};

/// So many copies at most are in one answer.
pub(in crate::api) const MOST: usize = 100_000;
/// So many bytes at most has one answer.
pub(in crate::api) const MOST_BYTES: u64 = 64 << 20;
/// The header that tells since when copies can be seen.
const SINCE: HeaderName = HeaderName::from_static("capture-since");
/// The header that tells whether the file holds all copies that were asked for.
const COMPLETE: HeaderName = HeaderName::from_static("capture-complete");

/// Answers `…/ID/statistics` and `…/ID/capture?from=&skip=&to=&count=`.
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
    let asked = window.clone();
    let found = ask.by.read(move |engine, by| {
        let path = engine.tap(kind, &id, by)?.path().clone();
        let capture = engine.capture(&asked.of_tap(path), by.caller.now)?;
        let mut file = Vec::new();
        let written = frames::write_capture(&capture.topology, &capture.copies, &mut file);
        let Capture { since, rest, .. } = capture;
        Ok(written.map(|_| Found { file, since, rest, now: by.caller.now }))
    });
    let found = found.await?.map_err(|error| unwritten(&error))?;
    window.can_be_seen(found.since)?;
    found.answer(&window, &ask.url)
}

/// That the copies cannot be written as a file.
fn unwritten(error: &std::io::Error) -> NeutronError {
    let message = format!("The copies cannot be written as a capture file: {error}.");
    NeutronError::new(StatusCode::INTERNAL_SERVER_ERROR, "HTTPInternalServerError", message)
}

/// What was found.
struct Found {
    file: Vec<u8>,
    since: Moment,
    rest: Option<Rest>,
    now: Moment,
}

impl Found {
    /// The file, with headers that tell what is missing of it and where that is (RFC 8288).
    fn answer(self, window: &Window, url: &str) -> Result<Response, NeutronError> {
        let value = |text: String| HeaderValue::try_from(text).map_err(|_| NeutronError::no_such_address());
        let mut headers = vec![
            (header::CONTENT_TYPE, HeaderValue::from_static("application/vnd.tcpdump.pcap")),
            (SINCE, value(Timestamp(self.since.0).to_string())?),
            (COMPLETE, HeaderValue::from_static(if self.rest.is_none() { "true" } else { "false" })),
        ];
        if let Some(rest) = self.rest {
            let next = window.after(rest, self.now);
            headers.push((header::LINK, value(format!("<{url}?{next}>; rel=\"next\""))?));
        }
        Ok((StatusCode::OK, headers.into_iter().collect::<HeaderMap>(), self.file).into_response())
    }
}

/// Which copies are wanted.
#[derive(Clone)]
struct Window {
    from: Option<Moment>,
    skip: u64,
    to: Option<Moment>,
    most: usize,
}

impl Window {
    fn of(query: &[(String, String)]) -> Result<Self, NeutronError> {
        let mut window = Self { from: None, skip: 0, to: None, most: MOST };
        for (name, value) in query {
            let wrong = |what: &str| {
                NeutronError::bad_request(format!("Invalid input for {name}. Reason: '{value}' is no {what}."))
            };
            let time = || value.parse::<Timestamp>().map(|time| Some(Moment(time.0))).map_err(|_| wrong("time"));
            match name.as_str() {
                "from" => window.from = time()?,
                "skip" => window.skip = value.parse().map_err(|_| wrong("number"))?,
                "to" => window.to = time()?,
                "count" => {
                    let count = value.parse().ok().filter(|count| (1..=MOST).contains(count));
                    window.most = count.ok_or_else(|| wrong("number from 1 to 100000"))?;
                }
                _ => return Err(NeutronError::bad_request(format!("There is no parameter '{name}' here."))),
            }
        }
        if window.skip > 0 && window.from.is_none() {
            let why = "only copies of the millisecond of from can be left out";
            return Err(NeutronError::bad_request(format!("Invalid input for skip. Reason: {why}.")));
        }
        Ok(window)
    }

    /// That nothing is missing at its beginning, where copies can be seen since `since`.
    fn can_be_seen(&self, since: Moment) -> Result<(), NeutronError> {
        let Some(from) = self.from.filter(|from| *from < since) else { return Ok(()) };
        let (from, since) = (Timestamp(from.0), Timestamp(since.0));
        Err(NeutronError::bad_request(format!(
            "Invalid input for from. Reason: what happened before {since} cannot be seen any more, and '{from}' is \
             before that."
        )))
    }

    /// The parameters of what follows where it was cut.
    fn after(&self, rest: Rest, now: Moment) -> String {
        let (from, to) = (Timestamp(rest.from.0), Timestamp(self.to.unwrap_or(now).0));
        format!("from={from}&skip={}&to={to}&count={}", rest.skip, self.most)
    }

    fn of_tap(&self, path: PolicyPath) -> CaptureRequest {
        CaptureRequest {
            of: CaptureOf::Tap(path),
            from: self.from,
            skip: self.skip,
            to: self.to,
            most: self.most,
            most_bytes: MOST_BYTES,
        }
    }
}
