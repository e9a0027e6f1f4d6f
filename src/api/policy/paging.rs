//! Results page by page, in an order.
//!
//! A cursor says after which result the next page begins, not how many came before: what
//! is created or deleted between two pages makes no other result come twice or never.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json};

use crate::api::error::ApiError;
use crate::api::query::{Query, told};
use crate::engine::Document;
use crate::engine::mirror::{Collection, Place, Shown};
use crate::model::{Kind, PolicyPath};

/// The most results on a page.
const LARGEST: usize = 1_000;

/// By what results are ordered where the request does not say.
const ORDER: &str = "display_name";

/// What a request says of pages.
#[derive(Debug)]
pub(in crate::api) struct Paging {
    cursor: Option<Cursor>,
    size: usize,
    order: String,
    ascending: bool,
    /// The fields to show; none for all.
    fields: Option<BTreeSet<String>>,
}

/// Where a page begins: after the result with this value and this path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Cursor {
    order: String,
    ascending: bool,
    value: Value,
    path: String,
    /// Which results the pages are of.
    of: String,
}

/// What results are ordered by: nothing comes last, numbers before texts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Value {
    Number(f64),
    Text(String),
    Nothing,
}

impl Value {
    fn of(json: Option<&Json>) -> Self {
        match json {
            Some(Json::Number(number)) => number.as_f64().map_or(Self::Nothing, Self::Number),
            Some(Json::String(text)) => Self::Text(text.clone()),
            Some(Json::Bool(truth)) => Self::Text(truth.to_string()),
            _ => Self::Nothing,
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Number(_) => 0,
            Self::Text(_) => 1,
            Self::Nothing => 2,
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(one), Self::Number(other)) => one.total_cmp(other),
            (Self::Text(one), Self::Text(other)) => {
                one.to_lowercase().cmp(&other.to_lowercase()).then_with(|| one.cmp(other))
            }
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

/// A result, and where it stands.
struct Entry {
    value: Value,
    path: String,
    document: Document,
}

/// A result of which it is known where it stands.
trait Placed {
    /// Its JSON.
    fn document(&self) -> &Document;

    /// By what it is ordered, and its path.
    fn place(&self) -> (Value, String);
}

impl Placed for Entry {
    fn document(&self) -> &Document {
        &self.document
    }

    fn place(&self) -> (Value, String) {
        (self.value.clone(), self.path.clone())
    }
}

impl Placed for &Shown {
    fn document(&self) -> &Document {
        Shown::document(self)
    }

    fn place(&self) -> (Value, String) {
        (Value::Text(self.display_name().to_owned()), self.path().to_string())
    }
}

/// What of a result its place follows from, where the order is the usual one.
#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    display_name: Option<String>,
    #[serde(default)]
    path: Option<String>,
}

impl Paging {
    /// What `query` says of the pages of `of`.
    pub fn take(query: &mut Query, of: &str) -> Result<Self, ApiError> {
        let size = match query.take("page_size") {
            None => LARGEST,
            Some(text) => text.parse().ok().filter(|size| *size <= LARGEST).ok_or_else(|| {
                ApiError::bad_request(format!("page_size is a number from 0 to {LARGEST}, not {}.", told(&text)))
            })?,
        };
        let order = query.take("sort_by");
        let ascending = query.take_bool("sort_ascending")?;
        let fields = query.take("included_fields");
        let fields = fields.map(|fields| fields.split(',').map(|field| field.trim().to_owned()).collect());
        let cursor = query.take("cursor").map(|text| Cursor::parse(&text)).transpose()?;
        // The next page goes on as the first one began, whether that is said again or not.
        let (order, ascending) = match &cursor {
            Some(begun) => (order.unwrap_or_else(|| begun.order.clone()), ascending.unwrap_or(begun.ascending)),
            None => (order.unwrap_or_else(|| ORDER.to_owned()), ascending.unwrap_or(true)),
        };
        let paging = Self { cursor, size, order, ascending, fields };
        match &paging.cursor {
            Some(it) if it.order != paging.order || it.ascending != paging.ascending || it.of != of => {
                Err(ApiError::bad_request("The cursor is of another request: begin again without one."))
            }
            _ => Ok(paging),
        }
    }

    /// That objects of one of `kinds` have the field by which results are ordered, and each of
    /// those that are to be shown. What is wrong otherwise: a misspelt field would be one that
    /// nothing has.
    pub fn names_fields_of<'k>(&self, kinds: impl IntoIterator<Item = &'k Kind>) -> Result<(), String> {
        let kinds: Vec<_> = kinds.into_iter().collect();
        let is_field = |name: &str| kinds.iter().any(|kind| kind.field(name).is_some());
        if !is_field(&self.order) {
            return Err(format!("sort_by names no field of these objects: {}.", told(&self.order)));
        }
        match self.fields.iter().flatten().find(|name| !is_field(name)) {
            Some(name) => Err(format!("included_fields names no field of these objects: {}.", told(name))),
            None => Ok(()),
        }
    }

    /// Whether results are wanted in the order that a [`Collection`] has.
    pub fn is_as_usual(&self) -> bool {
        self.order == ORDER
    }

    /// The page of `collection` that was asked for, as the API lists it. `of` says which
    /// results these are.
    pub fn page_of(&self, collection: Option<&Collection>, of: &str) -> Result<Vec<u8>, ApiError> {
        let Some(collection) = collection else { return self.page(Vec::new(), of) };
        let place = self.cursor.as_ref().map(Cursor::place).transpose()?;
        self.written(collection.len(), collection.beyond(place.as_ref(), !self.ascending), of)
    }

    /// The page of `documents`, which have no order yet.
    pub fn page(&self, documents: Vec<Document>, of: &str) -> Result<Vec<u8>, ApiError> {
        let count = documents.len();
        let mut entries = documents.into_iter().map(|it| self.entry(it)).collect::<Result<Vec<_>, _>>()?;
        entries.sort_by(|one, other| self.compare(one, (&other.value, &other.path)));
        if let Some(cursor) = &self.cursor {
            let begin = entries.partition_point(|it| self.compare(it, (&cursor.value, &cursor.path)).is_le());
            entries.drain(..begin);
        }
        self.written(count, entries.into_iter(), of)
    }

    /// The page that begins with the first of `results`; there are `count`, those before
    /// included.
    fn written<R: Placed>(
        &self,
        count: usize,
        mut results: impl Iterator<Item = R>,
        of: &str,
    ) -> Result<Vec<u8>, ApiError> {
        let page: Vec<R> = results.by_ref().take(self.size).collect();
        // A page of no results only counts: a cursor would never come to an end.
        let cursor = page.last().filter(|_| results.next().is_some()).map(|last| {
            let (value, path) = last.place();
            Cursor { order: self.order.clone(), ascending: self.ascending, value, path, of: of.to_owned() }
        });
        let mut text = Vec::with_capacity(page.iter().map(|it| it.document().len() + 1).sum::<usize>() + 1_024);
        text.extend_from_slice(b"{\"results\":[");
        for (position, result) in page.iter().enumerate() {
            if position > 0 {
                text.push(b',');
            }
            text.extend_from_slice(&self.shown(result.document())?);
        }
        text.push(b']');
        let mut rest = String::new();
        // Writing to a text does not fail.
        if self.cursor.is_none() {
            let _ = write!(rest, ",\"result_count\":{count}");
        }
        let _ = write!(rest, ",\"sort_by\":{},\"sort_ascending\":{}", Json::from(self.order.as_str()), self.ascending);
        if let Some(cursor) = cursor {
            let _ = write!(rest, ",\"cursor\":\"{}\"", cursor.text());
        }
        rest.push('}');
        text.extend_from_slice(rest.as_bytes());
        Ok(text)
    }

    fn entry(&self, document: Document) -> Result<Entry, ApiError> {
        let (value, path) = if self.order == ORDER {
            let Head { display_name, path } = serde_json::from_slice(&document).map_err(|_| ApiError::lost())?;
            (display_name.map_or(Value::Nothing, Value::Text), path)
        } else {
            let fields: Map<String, Json> = serde_json::from_slice(&document).map_err(|_| ApiError::lost())?;
            let path = fields.get("path").and_then(Json::as_str).map(str::to_owned);
            (Value::of(fields.get(&self.order)), path)
        };
        Ok(Entry { value, path: path.unwrap_or_default(), document })
    }

    fn compare(&self, one: &Entry, (value, path): (&Value, &str)) -> Ordering {
        let order = one.value.compare(value).then_with(|| one.path.as_str().cmp(path));
        if self.ascending { order } else { order.reverse() }
    }

    /// The fields of a result that were asked for.
    fn shown<'d>(&self, document: &'d Document) -> Result<Cow<'d, [u8]>, ApiError> {
        let Some(wanted) = &self.fields else { return Ok(Cow::Borrowed(document)) };
        let fields: std::collections::BTreeMap<String, &RawValue> =
            serde_json::from_slice(document).map_err(|_| ApiError::lost())?;
        let shown: std::collections::BTreeMap<_, _> =
            fields.into_iter().filter(|(name, _)| wanted.contains(name)).collect();
        serde_json::to_vec(&shown).map(Cow::Owned).map_err(|_| ApiError::lost())
    }
}

impl Cursor {
    fn parse(text: &str) -> Result<Self, ApiError> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok();
        let cursor = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        cursor.ok_or_else(Self::foreign)
    }

    fn foreign() -> ApiError {
        ApiError::bad_request("The cursor is none that this API has given.")
    }

    /// The place in a [`Collection`] after which the page begins.
    fn place(&self) -> Result<Place, ApiError> {
        match (&self.value, PolicyPath::parse(&self.path)) {
            (Value::Text(name), Ok(path)) => Ok(Place::of(name, path)),
            _ => Err(Self::foreign()),
        }
    }

    fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn documents(names: &[&str]) -> Vec<Document> {
        let document =
            |name: &&str| json!({ "display_name": name, "path": format!("/infra/x/{name}"), "n": name.len() });
        names.iter().map(|name| document(name).to_string().into()).collect()
    }

    fn page(query: &str, names: &[&str]) -> Json {
        let mut query = Query::parse(Some(query)).unwrap();
        let paging = Paging::take(&mut query, "x").unwrap();
        query.end().unwrap();
        serde_json::from_slice(&paging.page(documents(names), "x").unwrap()).unwrap()
    }

    fn names(page: &Json) -> Vec<&str> {
        page["results"].as_array().unwrap().iter().map(|it| it["display_name"].as_str().unwrap()).collect()
    }

    #[test]
    fn pages_go_on_after_the_last_result_whatever_happens_between() {
        let first = page("page_size=2", &["b", "A", "c", "d"]);
        assert_eq!(names(&first), ["A", "b"]);
        assert_eq!(first["result_count"], 4);
        let cursor = first["cursor"].as_str().unwrap();
        // One was deleted, and one was created before.
        let second = page(&format!("page_size=2&cursor={cursor}"), &["aa", "A", "c", "d", "e"]);
        assert_eq!(names(&second), ["c", "d"]);
        assert_eq!(second.get("result_count"), None);
        let cursor = second["cursor"].as_str().unwrap();
        let third = page(&format!("page_size=2&cursor={cursor}"), &["A", "c", "d", "e"]);
        assert_eq!(names(&third), ["e"]);
        assert_eq!(third.get("cursor"), None);
    }

    #[test]
    fn results_have_the_order_and_the_fields_that_were_asked_for() {
        let found = page("sort_by=n&sort_ascending=false&included_fields=display_name", &["a", "ccc", "bb"]);
        assert_eq!(names(&found), ["ccc", "bb", "a"]);
        assert_eq!(found["results"][0], json!({ "display_name": "ccc" }));
        assert_eq!((&found["sort_by"], &found["sort_ascending"]), (&json!("n"), &json!(false)));
    }

    #[test]
    fn a_page_of_nothing_only_counts() {
        let found = page("page_size=0", &["a"]);
        assert_eq!((names(&found).len(), &found["result_count"], found.get("cursor")), (0, &json!(1), None));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let first = page("page_size=1", &["a", "b"]);
        let cursor = first["cursor"].as_str().unwrap();
        for text in [
            "page_size=1001".to_owned(),
            "page_size=-1".to_owned(),
            "cursor=x".to_owned(),
            format!("cursor={cursor}&sort_by=n"),
        ] {
            Paging::take(&mut Query::parse(Some(&text)).unwrap(), "x").unwrap_err();
        }
        Paging::take(&mut Query::parse(Some(&format!("cursor={cursor}"))).unwrap(), "y").unwrap_err();
    }
}
