//! One object, or many: GET, POST, PUT, DELETE.

use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value as Json, json};

use super::{Ask, Asking, NeutronError, answer, list, plural};
use crate::api::body;
use crate::engine::networks::{Attributes, Target};
use crate::engine::taps::Fault;
use crate::model::Kind;

/// Answers a request for the objects of `kind`: lists them, or creates some.
pub(super) async fn collection(ask: Ask, kind: &'static Kind) -> Result<Response, NeutronError> {
    if ask.is_get() {
        let listing = list::Listing::of(kind, &ask.query)?;
        let Ask { by, url, .. } = ask;
        let page = by.read(move |engine, by| Ok(listing.page(listing.found(engine, by)?, &url))).await?;
        return Ok(answer(StatusCode::OK, &page));
    }
    if ask.method != Method::POST {
        return Err(NeutronError::method_not_allowed(ask.method.as_str(), "GET, POST"));
    }
    no_parameters(&ask)?;
    ask.by.may(&format!("create_{}", kind.name))?;
    let (by, body) = read(ask).await?;
    let several = body.contains_key(plural(kind));
    let objects = wanted(kind, body)?;
    let made = by.write(move |engine, by| engine.create_in_neutron(kind, objects, by)).await?;
    let mut made = made.into_iter().map(Json::Object);
    let shown =
        if several { json!({ plural(kind): made.collect::<Vec<_>>() }) } else { json!({ kind.name: made.next() }) };
    Ok(answer(StatusCode::CREATED, &shown))
}

/// Answers a request for the object of `kind` with this id.
pub(super) async fn item(ask: Ask, kind: &'static Kind, id: &str) -> Result<Response, NeutronError> {
    let revision = revision(&ask.headers, kind)?;
    let of = Target { kind, id: id.to_owned(), revision };
    match ask.method {
        Method::GET | Method::HEAD => {
            let fields = list::fields(&ask.query)?;
            let found = ask.by.read(move |engine, by| engine.neutron_object(kind, &of.id, by)).await?;
            Ok(answer(StatusCode::OK, &json!({ kind.name: list::only(found, &fields) })))
        }
        Method::PUT => {
            no_parameters(&ask)?;
            ask.by.may(&format!("update_{}", kind.name))?;
            let (by, mut body) = read(ask).await?;
            let given = attributes(kind, body.remove(kind.name))?;
            nothing_else(&body)?;
            let changed = by.write(move |engine, by| engine.update_in_neutron(&of, &given, by)).await?;
            Ok(answer(StatusCode::OK, &json!({ kind.name: changed })))
        }
        Method::DELETE => {
            no_parameters(&ask)?;
            ask.by.may(&format!("delete_{}", kind.name))?;
            ask.by.write(move |engine, by| engine.delete_in_neutron(&of, by)).await?;
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        ref other => Err(NeutronError::method_not_allowed(other.as_str(), "GET, PUT, DELETE")),
    }
}

/// The revision that a request wants the object to be at: `If-Match: revision_number=N`, quoted
/// or not. Other tags are no business of Neutron's.
fn revision(headers: &HeaderMap, kind: &'static Kind) -> Result<Option<i64>, NeutronError> {
    let refused = |resource: &str, message: &str| {
        NeutronError::new(StatusCode::BAD_REQUEST, "BadRequest", format!("Bad {resource} request: {message}."))
    };
    let mut wanted = None;
    for tag in headers.get_all(header::IF_MATCH).iter().filter_map(|value| value.to_str().ok()).flat_map(tags) {
        let Some(number) = tag.strip_prefix("revision_number=") else { continue };
        if wanted.is_some() {
            return Err(refused("if-match", "Multiple revision_number etags are not supported."));
        }
        let number = number.trim().parse::<i64>();
        let form = "Revision number etag must be in the format of revision_number=<int>";
        wanted = Some(number.map_err(|_| refused("if-match", form))?);
    }
    if wanted.is_some() && kind.field("revision_number").is_none() {
        return Err(refused(plural(kind), "Revision matching not supported for this resource"));
    }
    Ok(wanted)
}

/// The tags of a header: those in quotes, weak ones left out; without quotes the whole is one.
fn tags(value: &str) -> Vec<&str> {
    if !value.contains('"') {
        return vec![value.trim()];
    }
    let mut between = value.split('"');
    let mut tags = Vec::new();
    while let (Some(before), Some(tag)) = (between.next(), between.next()) {
        if !before.trim_end().ends_with("W/") {
            tags.push(tag);
        }
    }
    tags
}

/// What changes something has no parameters.
pub(super) fn no_parameters(ask: &Ask) -> Result<(), NeutronError> {
    match ask.query.first() {
        Some((name, _)) => Err(NeutronError::bad_request(format!("There is no parameter '{name}' of {}", ask.method))),
        None => Ok(()),
    }
}

/// The body of a request, and whoever makes it.
pub(super) async fn read(ask: Ask) -> Result<(Asking, Map<String, Json>), NeutronError> {
    let Ask { by, headers, body, .. } = ask;
    body::must_be_json(&headers)?;
    let held = body::read(&by.shared, body).await?;
    let required = || NeutronError::bad_request("Resource body required");
    if held.is_empty() {
        return Err(required());
    }
    let malformed = |reason: String| {
        let message = format!("Malformed request body: {reason}.");
        NeutronError::new(StatusCode::BAD_REQUEST, "MalformedRequestBody", message)
    };
    match held.parse() {
        Ok(Json::Object(body)) if body.is_empty() => Err(required()),
        Ok(Json::Object(body)) => Ok((by, body)),
        Ok(_) => Err(malformed("it is not an object".to_owned())),
        Err(reason) => Err(malformed(reason)),
    }
}

/// The attributes of an object in a body.
fn attributes(kind: &Kind, object: Option<Json>) -> Result<Attributes, NeutronError> {
    match object {
        Some(Json::Object(attributes)) => Ok(attributes),
        Some(Json::Null) | None => {
            Err(NeutronError::bad_request(format!("Unable to find '{}' in request body", kind.name)))
        }
        Some(_) => Err(NeutronError::bad_request(format!("Object '{}' contains invalid data", kind.name))),
    }
}

/// The objects that a body wants to be created: one, or several.
fn wanted(kind: &Kind, mut body: Map<String, Json>) -> Result<Vec<Attributes>, NeutronError> {
    let objects = match body.remove(plural(kind)) {
        None => vec![attributes(kind, body.remove(kind.name))?],
        Some(Json::Array(objects)) if objects.is_empty() => {
            return Err(NeutronError::bad_request("Resources required"));
        }
        Some(Json::Array(objects)) => {
            objects.into_iter().map(|object| attributes(kind, Some(object))).collect::<Result<_, _>>()?
        }
        Some(_) => {
            return Err(NeutronError::bad_request(format!("Object '{}' contains invalid data", plural(kind))));
        }
    };
    nothing_else(&body)?;
    Ok(objects)
}

fn nothing_else(rest: &Map<String, Json>) -> Result<(), NeutronError> {
    let stray: Vec<_> = rest.keys().cloned().collect();
    if stray.is_empty() { Ok(()) } else { Err(Fault::Unrecognized(stray).into()) }
}
