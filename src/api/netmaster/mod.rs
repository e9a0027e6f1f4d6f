//! NetMaster SmartTrace, the packet traces of z/OS (seed 001; facts: "NetMaster SmartTrace").
//!
//! | module | what it holds |
//! |---|---|
//! | `error` | errors, in the envelope of answers |
//! | `list` | the list of traces: which, in which order, which part |
//! | `download` | a trace as a capture file |
//! | `packet` | one packet in detail |
//!
//! Who may read from an NSX may read here. There is nothing that writes: traces are kept by
//! `packets import`.

mod download;
mod error;
mod list;
mod packet;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Extension, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use percent_encoding::percent_decode_str;
use serde_json::{Value as Json, json};

pub use error::NetMasterError;

use super::Shared;
use super::auth;
use super::server::Peer;
use crate::engine::traces::{Head, TraceId, TraceQuestion, documents, id};
use crate::engine::{Engine, Moment, Refusal};

/// Where the API begins.
pub(super) const ROOT: &str = "/api/v1/tcpip";

/// The routes.
pub(super) fn routes(shared: &Arc<Shared>) -> Router<Arc<Shared>> {
    Router::new().route("/api/v1/tcpip/{*rest}", any(handle)).layer(from_fn_with_state(Arc::clone(shared), guard))
}

/// Lets a request pass if its user may make it, and notes who that is.
async fn guard(
    State(shared): State<Arc<Shared>>,
    Extension(peer): Extension<Peer>,
    request: Request,
    next: Next,
) -> Response {
    match auth::admit_to_nsx(&shared, &peer, &request) {
        Err(error) => NetMasterError::from(error).into_response(),
        Ok(identity) => {
            let mut response = next.run(request).await;
            response.extensions_mut().insert(identity);
            response
        }
    }
}

/// An answer in its envelope.
fn enveloped(data: &Json) -> Json {
    json!({ "apiVersion": "v1", "data": data, "swaggerVersion": "2.0", "time": Moment::from_clock().0 })
}

/// An answer of JSON.
fn answer(data: &Json) -> Response {
    let json = HeaderValue::from_static("application/json");
    (StatusCode::OK, [(header::CONTENT_TYPE, json)], enveloped(data).to_string()).into_response()
}

/// Answers a request.
async fn handle(State(shared): State<Arc<Shared>>, request: Request) -> Result<Response, NetMasterError> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Err(NetMasterError::method_not_allowed());
    }
    let path = path(request.uri().path())?;
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let [region, "smart", place @ ..] = &path[..] else { return Err(NetMasterError::no_such_address()) };
    let region = id::name(region).map_err(|error| NetMasterError::bad_request(error.to_string()))?;
    let query = list::parameters(request.uri().query())?;
    if !matches!(place, ["trace" | "saved"]) {
        list::no_parameters(&query)?;
    }
    match place {
        ["trace"] => list::traces(&shared, region, &query).await,
        ["saved"] => list::saved(&shared, region, &query).await,
        ["trace", trace] => {
            let trace = by_id(&shared, region, trace).await?;
            Ok(answer(&documents::details(&trace)))
        }
        ["trace", trace, "packets", number] => {
            let number = packet::number(number)?;
            // An id that cannot be one is told from one that there is not.
            let id = parsed(trace)?;
            let question = TraceQuestion::Packet { region: Some(region), trace: id.to_string(), number };
            let found = read(&shared, move |engine, now| engine.ask_of_packets(&question, now)).await?;
            found
                .map(|data| answer(&data))
                .ok_or_else(|| NetMasterError::no_such(&format!("packet {number} of {trace}")))
        }
        ["trace", trace, "download"] => {
            let trace = by_id(&shared, region, trace).await?;
            Ok(download::of(&shared, trace))
        }
        ["saved", saved, "download"] => {
            let trace = by_saved_id(&shared, region, saved).await?;
            Ok(download::of(&shared, trace))
        }
        ["saved", saved, "packets", number, "details", form @ ("formatted" | "raw")] => {
            let number = packet::number(number)?;
            let trace = by_saved_id(&shared, region, saved).await?;
            let show = if *form == "raw" { packet::raw } else { packet::formatted };
            let found = read(&shared, move |engine, _| engine.packet_of(&trace, number, show)).await?;
            found
                .map(|data| answer(&data))
                .ok_or_else(|| NetMasterError::no_such(&format!("packet {number} of {saved}")))
        }
        _ => Err(NetMasterError::no_such_address()),
    }
}

/// The parts of the path below the root, decoded. One slash at the end is none.
fn path(path: &str) -> Result<Vec<String>, NetMasterError> {
    let rest = path.strip_prefix(ROOT).unwrap_or_default();
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let decoded = |part: &str| {
        let part = percent_decode_str(part).decode_utf8().map_err(|_| NetMasterError::no_such_address())?;
        let is_one = !part.is_empty() && !part.contains('/') && !part.chars().any(char::is_control);
        if is_one { Ok(part.into_owned()) } else { Err(NetMasterError::no_such_address()) }
    };
    rest.split('/').skip(1).map(decoded).collect()
}

/// Lets the engine look something up.
async fn read<T: Send + 'static>(
    shared: &Arc<Shared>,
    work: impl FnOnce(&Engine, Moment) -> Result<T, Refusal> + Send + 'static,
) -> Result<T, NetMasterError> {
    Ok(shared.read(move |engine, now| work(engine, now).map_err(Into::into)).await?)
}

fn parsed(text: &str) -> Result<TraceId, NetMasterError> {
    text.parse().map_err(|error: id::NoTraceId| NetMasterError::bad_request(error.to_string()))
}

async fn by_id(shared: &Arc<Shared>, region: String, text: &str) -> Result<Head, NetMasterError> {
    let id = parsed(text)?;
    let found = read(shared, move |engine, now| engine.packet_trace(&region, &id, now)).await?;
    found.ok_or_else(|| NetMasterError::no_such(&format!("trace {text}")))
}

/// A saved trace: definition and generation tell it.
async fn by_saved_id(shared: &Arc<Shared>, region: String, text: &str) -> Result<Head, NetMasterError> {
    let traces = read(shared, move |engine, now| engine.packet_traces(&region, now)).await?;
    let found = traces.into_iter().find(|trace| trace.is_saved() && documents::saved_id(&trace.id) == text);
    found.ok_or_else(|| NetMasterError::no_such(&format!("saved trace {text}")))
}
