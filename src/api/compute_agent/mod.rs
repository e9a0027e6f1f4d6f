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
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use serde_json::{Value as Json, json};

pub use code::{AgentError, Code};

use super::Shared;
use super::auth::{self, Identity, Role};
use super::query::Query;
use super::server::Peer;
use crate::model::{FLOW_TRACE, Kind, TUNNEL_TRACE};
use parameters::Given;

/// The first parts of its addresses.
pub(super) const ROOTS: [&str; 6] = ["/list", "/start", "/stop", "/data", "/active", "/mirror"];

/// The addresses there are: what is asked, and of what.
pub(super) const ADDRESSES: [&str; 11] = [
    "/list/flow",
    "/start/flow",
    "/stop/flow",
    "/data/flow",
    "/active/flow",
    "/mirror/flow",
    "/start/tunnel",
    "/stop/tunnel",
    "/data/tunnel",
    "/active/tunnel",
    "/mirror/tunnel",
];

/// The header that tells whose a collection is.
pub(super) const ORIGINATOR: &str = "originator";
/// The longest originator.
const LONGEST_ORIGINATOR: usize = 255;

/// The routes.
pub(super) fn routes(shared: &Arc<Shared>) -> Router<Arc<Shared>> {
    let routes = ADDRESSES.into_iter().fold(Router::new(), |routes, address| routes.route(address, any(handle)));
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
                answer(&shared, &user, &parts.method, parts.uri.path(), &parts.headers, query).await
            }
        },
    };
    match answered {
        Ok(document) => written(StatusCode::OK, &document, format),
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
    path: &str,
    headers: &HeaderMap,
    mut query: Query,
) -> Result<Json, AgentError> {
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
    let originator = originator(headers)?;
    match what {
        "list" => {
            let is_active = parameters::truth(&mut query, "active")?.unwrap_or_default();
            query.end()?;
            Ok(shared.read(move |engine, now| Ok(engine.application_flows(is_active, now)?)).await?)
        }
        "active" => {
            query.end()?;
            let own = shared.read(move |engine, now| Ok(engine.collections(kind, originator.as_deref(), now)?));
            Ok(json!({ "flows": own.await? }))
        }
        "start" | "stop" => {
            may_change(user, method, headers)?;
            let given = if what == "start" { Given::all(kind, query)? } else { Given::identity(kind, query)? };
            change(shared, user, what == "start", kind, given, originator).await?;
            Ok(Code::Ok.body(None))
        }
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
                .map_err(AgentError::from)
        }
    }
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
