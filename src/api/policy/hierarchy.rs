//! Many objects in one body: `PATCH /infra`, and `GET /infra` as such a body.
//!
//! An object lies in the body of its parent, wrapped: `{"resource_type": "ChildTier0",
//! "Tier0": {…}, "marked_for_delete": false}`. `ChildResourceReference` leads to an object
//! without saying anything of it. All of it takes effect, or nothing.

use std::collections::BTreeSet;

use axum::http::Method;
use axum::response::Response;
use serde_json::{Map, Value as Json, json};

use super::{Ask, done, json as answer};
use crate::api::body;
use crate::api::error::ApiError;
use crate::api::query::told;
use crate::engine::{BatchRefusal, Change, Object, Reveal, Write};
use crate::model::path::without_locale_service;
use crate::model::{KINDS, Kind, PolicyPath, kind_of_type, kinds_at};

/// The most objects in one body.
const MOST: usize = 5_000;

/// The field of what lies below an object.
const CHILDREN: &str = "children";

/// What leads to an object without saying anything of it.
const REFERENCE: &str = "ChildResourceReference";

/// Answers a request for `/infra`.
pub(super) async fn handle(mut ask: Ask) -> Result<Response, ApiError> {
    if ask.is_get() {
        return read(ask).await;
    }
    if ask.method != Method::PATCH {
        return Err(ApiError::method_not_allowed("GET, PATCH"));
    }
    let checks_revisions = ask.query.take_bool("enforce_revision_check")?.unwrap_or(false);
    ask.query.end()?;
    body::must_be_json(&ask.headers)?;
    let held = body::read(&ask.shared, ask.body).await?;
    let written = ask.shared.write(&ask.user, move |engine, by| {
        let Reader { writes, places, .. } = read_body(held.json()?, checks_revisions)?;
        engine.write_all(writes, by).map_err(|BatchRefusal { at, why }| {
            let error = ApiError::from(why);
            match at.and_then(|at| places.get(at)) {
                Some(Said { place, address }) => error.about(place, Some(address)),
                None => error,
            }
        })
    });
    written.await?;
    Ok(done())
}

/// Reads the writes that a body stands for, parents first.
fn read_body(given: Json, checks_revisions: bool) -> Result<Reader, ApiError> {
    let Json::Object(mut root) = given else { return Err(ApiError::bad_request("The body is not a JSON object.")) };
    if let Some(other) = root.get("resource_type").filter(|found| **found != json!("Infra")) {
        return Err(ApiError::bad_request(format!("The body is of resource_type Infra, not {other}.")));
    }
    let mut reader = Reader { writes: Vec::new(), places: Vec::new(), seen: BTreeSet::new(), checks_revisions };
    reader.children(root.remove(CHILDREN), None, CHILDREN)?;
    Ok(reader)
}

/// The object that a child lies below.
struct Above {
    path: PolicyPath,
    /// Its address, as the body goes: that of a VPN service may name no locale service.
    address: String,
}

/// Where a body says something of an object.
struct Said {
    /// The place in the body: `children[1].Tier0.children[0].LocaleServices`.
    place: String,
    /// The address of the object, as the body goes.
    address: String,
}

/// An object that was read, and what lies below it.
struct Child {
    above: Above,
    place: String,
    children: Option<Json>,
}

struct Reader {
    writes: Vec<Write>,
    /// Of each write, where it stands.
    places: Vec<Said>,
    seen: BTreeSet<PolicyPath>,
    checks_revisions: bool,
}

impl Reader {
    /// Reads the children of the object at `parent`, which stand at `place`; those of `/infra` if
    /// there is none.
    fn children(&mut self, children: Option<Json>, parent: Option<&Above>, place: &str) -> Result<(), ApiError> {
        let children = match children {
            None | Some(Json::Null) => return Ok(()),
            Some(Json::Array(children)) => children,
            Some(_) => return Err(ApiError::bad_request(format!("{place} is not a list."))),
        };
        for (position, child) in children.into_iter().enumerate() {
            let place = format!("{place}[{position}]");
            let Child { above, place, children } =
                self.child(child, parent, &place).map_err(|error| error.about(&place, None))?;
            self.children(children, Some(&above), &format!("{place}.{CHILDREN}"))?;
        }
        Ok(())
    }

    fn child(&mut self, child: Json, parent: Option<&Above>, place: &str) -> Result<Child, ApiError> {
        let Json::Object(mut child) = child else { return Err(ApiError::bad_request("A child is not a JSON object.")) };
        let wrapper = text(&child, "resource_type")?;
        if wrapper == REFERENCE {
            return reference(child, parent, place);
        }
        let named = wrapper.strip_prefix("Child").unwrap_or_default().to_owned();
        let Some(Json::Object(mut fields)) = child.remove(&named).filter(|_| !named.is_empty()) else {
            let message = format!("{wrapper:?} is no wrapper of a child: ChildX holds the object X under the name X.");
            return Err(ApiError::new(axum::http::StatusCode::BAD_REQUEST, 500_165, message));
        };
        let marked = flag(&child, "marked_for_delete")? || flag(&fields, "marked_for_delete")?;
        let declared = text(&fields, "resource_type")?;
        let id = fields.get("id").and_then(Json::as_str).map(str::to_owned);
        let kind = kind_below(&declared, &named, parent)?;
        let above = path_of(kind, parent, id.as_deref())?;
        let children = fields.remove(CHILDREN);
        if !self.checks_revisions {
            fields.remove("_revision");
        }
        let change = if marked { Change::Delete } else { Change::Patch(Json::Object(fields)) };
        if !self.seen.insert(above.path.clone()) {
            return Err(ApiError::bad_request(format!("{} occurs twice in the body.", above.path)));
        }
        if self.seen.len() > MOST {
            return Err(ApiError::bad_request(format!("The body holds more than {MOST} objects.")));
        }
        // By such an address a body takes IPv6, as by none.
        let is_open = without_locale_service(&above.address).is_some();
        let below = parent.filter(|_| is_open).map(|parent| parent.address.clone());
        let place = format!("{place}.{named}");
        self.writes.push(Write { path: above.path.clone(), below, change });
        self.places.push(Said { place: place.clone(), address: above.address.clone() });
        Ok(Child { above, place, children })
    }
}

/// What leads to an object: `target_type` and `id`.
fn reference(mut child: Map<String, Json>, parent: Option<&Above>, place: &str) -> Result<Child, ApiError> {
    let target = text(&child, "target_type")?;
    let kind = kind_below(&target, &target, parent)?;
    let above = path_of(kind, parent, child.get("id").and_then(Json::as_str))?;
    Ok(Child { above, place: place.to_owned(), children: child.remove(CHILDREN) })
}

/// The kind of an object of the type `declared`, wrapped as one of `named`, below
/// `parent`.
fn kind_below(declared: &str, named: &str, parent: Option<&Above>) -> Result<&'static Kind, ApiError> {
    let wrong = |message: String| ApiError::new(axum::http::StatusCode::BAD_REQUEST, 500_165, message);
    let kind =
        kind_of_type(declared).ok_or_else(|| wrong(format!("There are no objects of the type {declared:?}.")))?;
    // Sessions of both types have one wrapper.
    if declared != named && !declared.ends_with(named) {
        return Err(wrong(format!("Invalid Dto type hierarchy: a Child{named} does not hold a {declared}.")));
    }
    let fits = match parent {
        None => at_root(kind, "id").is_some(),
        Some(parent) => below(kind, parent, "id").is_some(),
    };
    let above = parent.map_or("/infra", |parent| &parent.address);
    if fits { Ok(kind) } else { Err(wrong(format!("Invalid Dto type hierarchy: no {declared} lies below {above}."))) }
}

/// The object `id` of `kind` below `parent`, if one can be there. A VPN service lies below its
/// gateway as well, in the locale service that an address without one means.
fn below(kind: &'static Kind, parent: &Above, id: &str) -> Option<Above> {
    let address = match kind.collection() {
        Some(collection) => format!("{}/{collection}/{id}", parent.address),
        None => format!("{}/{}", parent.address, kind.places.first()?.last()?),
    };
    let path = PolicyPath::parse(&address).ok().filter(|path| kind.owns(path))?;
    Some(Above { path, address })
}

/// The object `id` of `kind` below no other: right below `/infra`, or in a folder there, such as
/// `/infra/routing-config`.
fn at_root(kind: &'static Kind, id: &str) -> Option<Above> {
    let mut places = kind.parent_places().map(|place| format!("/{}", place.join("/")));
    let folder = places.find(|place| {
        let is_object = PolicyPath::parse(place).is_ok_and(|path| kinds_at(&path).next().is_some());
        !place.contains('*') && !is_object
    })?;
    let address = format!("{folder}/{}/{id}", kind.collection()?);
    PolicyPath::parse(&address).ok().map(|path| Above { path, address })
}

fn path_of(kind: &'static Kind, parent: Option<&Above>, id: Option<&str>) -> Result<Above, ApiError> {
    let id = match (id, kind.collection()) {
        (Some(id), _) => id,
        (None, None) => "",
        (None, Some(_)) => return Err(ApiError::bad_request(format!("{} has no id.", kind.resource_type))),
    };
    let found = match parent {
        Some(parent) => below(kind, parent, id),
        None => at_root(kind, id),
    };
    let found = found.filter(|found| kinds_at(&found.path).any(|other| other == kind));
    found.ok_or_else(|| ApiError::bad_request(format!("{id:?} is no id that a {} can have.", kind.resource_type)))
}

fn text(object: &Map<String, Json>, name: &str) -> Result<String, ApiError> {
    let found = object.get(name).and_then(Json::as_str).map(str::to_owned);
    found.ok_or_else(|| ApiError::bad_request(format!("{name} is missing, or is no text.")))
}

fn flag(object: &Map<String, Json>, name: &str) -> Result<bool, ApiError> {
    match object.get(name) {
        None | Some(Json::Null) => Ok(false),
        Some(Json::Bool(flag)) => Ok(*flag),
        Some(_) => Err(ApiError::bad_request(format!("{name} is not true or false."))),
    }
}

/// `GET /infra`: by itself it has no children. `type_filter` names the types to show,
/// `filter` does so as `Type-…`; `base_path` shows what lies below one object.
async fn read(mut ask: Ask) -> Result<Response, ApiError> {
    let filter = ask.query.take("filter");
    let types = ask.query.take("type_filter");
    let base = ask.query.take("base_path");
    ask.query.end()?;
    let filter = match filter.as_deref().map(|filter| filter.strip_prefix("Type-").ok_or(filter)) {
        None => None,
        Some(Ok(types)) => Some(types.to_owned()),
        Some(Err(other)) => {
            return Err(ApiError::bad_request(format!("filter begins with Type-, not {}.", told(other))));
        }
    };
    let base = base.filter(|base| base != "/infra");
    let wanted = types.or(filter).map(|types| wanted(&types)).transpose()?;
    let document = ask.shared.read(move |engine, _| {
        let base = base.map(|base| engine.path_at(&base)).transpose()?;
        let objects = if wanted.is_some() || base.is_some() { engine.all(Reveal::Public)? } else { Vec::new() };
        if let Some(base) = &base
            && !engine.holds(base)?
        {
            return Err(crate::engine::Refusal::NotFound(base.clone()).into());
        }
        Ok(tree(objects, wanted.as_deref(), base.as_ref()))
    });
    Ok(answer(document.await?.to_string()))
}

/// The types of a filter: `Tier0|Segment` or `Tier0;Segment`.
fn wanted(text: &str) -> Result<Vec<&'static str>, ApiError> {
    let mut types = Vec::new();
    for name in text.split(['|', ';', ',']).map(str::trim).filter(|name| !name.is_empty()) {
        let name = name.strip_prefix("Child").unwrap_or(name);
        let before = types.len();
        // Sessions of both types have one name as well.
        let is_it = |kind: &&&Kind| kind.resource_type == name || kind.wrapped_as() == name;
        types.extend(KINDS.iter().filter(is_it).map(|kind| kind.resource_type));
        if types.len() == before {
            return Err(ApiError::bad_request(format!("There are no objects of the type {}.", told(name))));
        }
    }
    Ok(types)
}

/// The objects as one body: those of the types that are wanted, below `base`, and what
/// they lie below.
fn tree(objects: Vec<Object>, wanted: Option<&[&str]>, base: Option<&PolicyPath>) -> Json {
    let below = |path: &str| base.is_none_or(|base| path == base.as_str() || path.starts_with(&format!("{base}/")));
    let shown: BTreeSet<PolicyPath> = objects
        .iter()
        .filter(|it| below(it.path().as_str()) && wanted.is_none_or(|types| types.contains(&it.kind().resource_type)))
        .flat_map(|it| {
            let parents = std::iter::successors(Some(it.path().clone()), |path| {
                kinds_at(path).next().and_then(|kind| kind.parent_object(path))
            });
            parents.collect::<Vec<_>>()
        })
        .collect();
    // Those further down come first, and are put into what they lie below.
    let mut open: Vec<(PolicyPath, Vec<Json>)> = Vec::new();
    let mut roots = Vec::new();
    for object in objects.into_iter().rev().filter(|it| shown.contains(it.path())) {
        let (path, kind) = (object.path().clone(), object.kind());
        let mut body = object.into_json();
        if let Some(at) = open.iter().position(|(parent, _)| *parent == path) {
            let (_, mut children) = open.swap_remove(at);
            children.reverse();
            body[CHILDREN] = Json::Array(children);
        }
        let name = kind.wrapped_as();
        let mut child = json!({ "resource_type": format!("Child{name}"), "marked_for_delete": false });
        child[name] = body;
        match kind.parent_object(&path) {
            None => roots.push(child),
            Some(parent) => match open.iter_mut().find(|(other, _)| *other == parent) {
                Some((_, children)) => children.push(child),
                None => open.push((parent, vec![child])),
            },
        }
    }
    roots.reverse();
    let mut infra = json!({
        "resource_type": "Infra",
        "id": "infra",
        "display_name": "infra",
        "path": "/infra",
        "relative_path": "infra",
        "marked_for_delete": false,
        "_system_owned": false,
    });
    if !roots.is_empty() {
        infra[CHILDREN] = Json::Array(roots);
    }
    infra
}
