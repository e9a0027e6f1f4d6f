//! What taps have copied: how much, and the copies as a capture file. Neutron has no such
//! addresses; they are the engine's own.

use axum::http::StatusCode;
use axum::response::Response;

use super::{Ask, NeutronError, answer};
use crate::api::capture::{Found, PARAMETERS, Window, Wrong};
use crate::engine::{CaptureOf, Question};
use crate::model::Kind;

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
    let window = window(&ask.query)?;
    let asked = window.clone();
    let found = ask.by.read(move |engine, by| {
        let path = engine.tap(kind, &id, by)?.path().clone();
        let now = by.caller.now;
        let capture = engine.capture(&asked.request(CaptureOf::Tap(path)), now)?;
        Ok(Found::of(&capture, now))
    });
    let found = found.await?.map_err(|error| unwritten(&error))?;
    found.begins(&window).map_err(|wrong| refused(&wrong))?;
    found.answer(&window, &format!("{}?", ask.url)).map_err(|_| NeutronError::no_such_address())
}

/// That the copies cannot be written as a file.
fn unwritten(error: &std::io::Error) -> NeutronError {
    let message = format!("The copies cannot be written as a capture file: {error}.");
    NeutronError::new(StatusCode::INTERNAL_SERVER_ERROR, "HTTPInternalServerError", message)
}

fn window(query: &[(String, String)]) -> Result<Window, NeutronError> {
    if let Some((name, _)) = query.iter().find(|(name, _)| !PARAMETERS.contains(&name.as_str())) {
        return Err(NeutronError::bad_request(format!("There is no parameter '{name}' here.")));
    }
    let value = |wanted| query.iter().rfind(|(name, _)| name == wanted).map(|(_, value)| value.clone());
    Window::of(value).map_err(|wrong| refused(&wrong))
}

fn refused(wrong: &Wrong) -> NeutronError {
    NeutronError::bad_request(format!("Invalid input for {}. Reason: {}.", wrong.parameter, wrong.reason))
}
