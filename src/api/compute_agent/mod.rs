//! The API of a compute agent (seed 004): flows of applications, probes along their paths, and
//! what these find. Every request is a GET.
//!
//! | module | what it holds |
//! |---|---|
//! | `code` | return codes, and how they are carried |
//! | `parameters` | the parameters of a request, by the model |
//! | `python` | answers as literals of Python, as the seed prints them |

mod code;
mod parameters;
mod python;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Extension, Request, State};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use serde_json::{Value as Json, json};

pub use code::{AgentError, Code};

use super::Shared;
use super::auth::{self, Identity, Role};
use super::capture::{Found, PARAMETERS, Window, Wrong};
use super::query::Query;
use super::server::Peer;
use crate::model::{FLOW_TRACE, Kind, TUNNEL_TRACE};
use parameters::Given;

/// The first parts of its addresses.
pub(super) const ROOTS: [&str; 7] = ["/list", "/start", "/stop", "/data", "/active", "/mirror", "/capture"];

/// The addresses there are: what is asked, and of what.
pub(super) const ADDRESSES: [&str; 13] = [
    "/list/flow",
    "/start/flow",
    "/stop/flow",
    "/data/flow",
    "/active/flow",
    "/mirror/flow",
    "/capture/flow",
    "/start/tunnel",
    "/stop/tunnel",
    "/data/tunnel",
    "/active/tunnel",
    "/mirror/tunnel",
    "/capture/tunnel",
];

/// The header that tells whose a collection is.
pub(super) const ORIGINATOR: &str = "originator";
/// The longest originator.
const LONGEST_ORIGINATOR: usize = 255;

/// The routes.
pub(super) fn routes(shared: &Arc<Shared>) -> Router<Arc<Shared>> {
    // What is not there is said in the agent's form as well.
    let below = |root: &str| [root.to_owned(), format!("{root}/"), format!("{root}/{{*rest}}")];
    let addresses = ROOTS.into_iter().flat_map(below);
    let routes = addresses.fold(Router::new(), |routes, address| routes.route(&address, any(handle)));
    routes.layer(from_fn_with_state(Arc::clone(shared), guard))
}

/// Lets a request pass if its user may make it, and notes who that is.
async fn guard(
    State(shared): State<Arc<Shared>>,
    Extension(peer): Extension<Peer>,
    mut request: Request,
    next: Next,
) -> Response {
    let identity = match auth::admit(&shared, &peer, &request) {
        Ok(identity) => identity,
        Err(error) => return AgentError::from(error).into_response(),
    };
    request.extensions_mut().insert(identity.clone());
    let mut response = next.run(request).await;
    response.extensions_mut().insert(identity);
    response
}

/// How an answer is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Python,
}

/// What a request is answered with.
enum Answer {
    Document(Json),
    Capture(Response),
}

impl From<Json> for Answer {
    fn from(document: Json) -> Self {
        Self::Document(document)
    }
}

/// Answers a request.
async fn handle(State(shared): State<Arc<Shared>>, Extension(user): Extension<Identity>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let mut format = Format::Json;
    let answered = match Query::parse(parts.uri.query()) {
        Err(error) => Err(error.into()),
        Ok(mut query) => match query.take_word("format", &["json", "python"]) {
            Err(error) => Err(error.into()),
            Ok(word) => {
                if word.as_deref() == Some("python") {
                    format = Format::Python;
                }
                let asked = parts.uri.path_and_query().map(PathAndQuery::as_str).unwrap_or_default();
                answer(&shared, &user, &parts.method, asked, &parts.headers, query).await
            }
        },
    };
    match answered {
        Ok(Answer::Document(document)) => written(StatusCode::OK, &document, format),
        Ok(Answer::Capture(file)) => file,
        Err(error) => {
            let mut response = written(error.status(), &error.body(), format);
            response.headers_mut().extend(error.headers());
            response
        }
    }
}

fn written(status: StatusCode, document: &Json, format: Format) -> Response {
    let (text, kind) = match format {
        Format::Json => (document.to_string(), "application/json"),
        Format::Python => (python::literal(document), "text/x-python"),
    };
    (status, [(header::CONTENT_TYPE, HeaderValue::from_static(kind))], text).into_response()
}

async fn answer(
    shared: &Arc<Shared>,
    user: &Identity,
    method: &Method,
    address: &str,
    headers: &HeaderMap,
    mut query: Query,
) -> Result<Answer, AgentError> {
    let path = address.split_once('?').map_or(address, |(path, _)| path);
    if !ADDRESSES.contains(&path) {
        return Err(AgentError::no_such_address());
    }
    if !matches!(*method, Method::GET | Method::HEAD) {
        return Err(AgentError::method_not_allowed());
    }
    let (what, kind) = match path.trim_start_matches('/').split_once('/') {
        Some((what, "flow")) => (what, &FLOW_TRACE),
        Some((what, _)) => (what, &TUNNEL_TRACE),
        None => return Err(AgentError::no_such_address()),
    };
    if user.role == Role::Member {
        let why = format!("User {} has the role member, which is for the APIs of OpenStack alone.", user.name);
        return Err(AgentError::unauthorized(why));
    }
    if what == "list" {
        // They are nobody's: there is no originator.
        let is_active = parameters::truth(&mut query, "active")?.unwrap_or_default();
        query.end()?;
        return Ok(shared.read(move |engine, now| Ok(engine.application_flows(is_active, now)?)).await?.into());
    }
    let originator = originator(headers)?;
    match what {
        "active" => {
            query.end()?;
            let own = shared.read(move |engine, now| Ok(engine.collections(kind, originator.as_deref(), now)?));
            Ok(json!({ "flows": own.await? }).into())
        }
        "start" | "stop" => {
            may_change(user, method, headers)?;
            let given = if what == "start" { Given::all(kind, query)? } else { Given::identity(kind, query)? };
            change(shared, user, what == "start", kind, given, originator).await?;
            Ok(Code::Ok.body(None).into())
        }
        "capture" => captured(shared, kind, address, originator, query).await.map(Answer::Capture),
        _ => {
            let given = Given::identity(kind, query)?.into_fields();
            let is_mirror = what == "mirror";
            shared
                .read(move |engine, now| {
                    let originator = originator.as_deref();
                    Ok(if is_mirror {
                        engine.mirrored(kind, &given, originator, now).map(
                            |counted| json!({ "packets": counted.packets, "bytes": counted.bytes, "lost": counted.lost }),
                        )
                    } else {
                        engine.collected(kind, &given, originator, now)
                    })
                })
                .await?
                .map(Answer::Document)
                .map_err(AgentError::from)
        }
    }
}

/// The copies that a mirrored collection has had made, as a capture file. An agent has no such
/// address; it is the engine's own.
async fn captured(
    shared: &Arc<Shared>,
    kind: &'static Kind,
    address: &str,
    originator: Option<String>,
    mut query: Query,
) -> Result<Response, AgentError> {
    let refused = |wrong: Wrong| AgentError::fail(format!("{}: {}.", wrong.parameter, wrong.reason));
    let window = Window::of(|name| query.take(name)).map_err(refused)?;
    let given = Given::identity(kind, query)?.into_fields();
    let asked = window.clone();
    let found = shared.read(move |engine, now| {
        let capture = engine.mirror_captured(kind, &given, originator.as_deref(), |of| asked.request(of), now);
        Ok(capture.map(|capture| Found::of(&capture, now)))
    });
    let cannot_be_written = || AgentError::fail("The capture cannot be written.");
    let found = found.await??.map_err(|_| cannot_be_written())?;
    found.begins(&window).map_err(refused)?;
    found.answer(&window, &without_window(address)).map_err(|_| cannot_be_written())
}

/// The address of a request with the parameters that name a collection alone, to be followed by
/// others.
fn without_window(address: &str) -> String {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let is_of_window = |pair: &&str| PARAMETERS.contains(&pair.split('=').next().unwrap_or_default());
    let kept = query.split('&').filter(|pair| !pair.is_empty() && !is_of_window(pair));
    kept.fold(format!("{path}?"), |address, pair| format!("{address}{pair}&"))
}

async fn change(
    shared: &Arc<Shared>,
    user: &Identity,
    starts: bool,
    kind: &'static Kind,
    given: Given,
    originator: Option<String>,
) -> Result<(), AgentError> {
    let given = given.into_fields();
    let done = shared.write(user, move |engine, by| {
        let originator = originator.as_deref();
        Ok(if starts {
            engine.start_collection(kind, given, originator, by)
        } else {
            engine.stop_collection(kind, &given, originator, by.now)
        })
    });
    Ok(done.await??)
}

/// Whether the user may start and stop collections by this request. A GET that changes
/// something could be made by a page of somebody else's in the user's browser, which says so.
fn may_change(user: &Identity, method: &Method, headers: &HeaderMap) -> Result<(), AgentError> {
    if *method != Method::GET {
        return Err(AgentError::method_not_allowed());
    }
    if user.role == Role::Auditor {
        return Err(AgentError::unauthorized(auth::may_not(user).message().to_owned()));
    }
    match headers.get("sec-fetch-site").map(HeaderValue::as_bytes) {
        None | Some(b"none" | b"same-origin") => Ok(()),
        Some(_) => Err(AgentError::unauthorized("The request comes from a page of another site.".to_owned())),
    }
}

/// Whose collections a request is about.
fn originator(headers: &HeaderMap) -> Result<Option<String>, AgentError> {
    let mut all = headers.get_all(ORIGINATOR).iter();
    let Some(first) = all.next() else { return Ok(None) };
    let wrong = || AgentError::fail(format!("Originator is one text of 1 to {LONGEST_ORIGINATOR} characters."));
    if all.next().is_some() {
        return Err(wrong());
    }
    let text = std::str::from_utf8(first.as_bytes()).map_err(|_| wrong())?.trim();
    let fits = !text.is_empty() && text.chars().count() <= LONGEST_ORIGINATOR;
    if fits { Ok(Some(text.to_owned())) } else { Err(wrong()) }
}
