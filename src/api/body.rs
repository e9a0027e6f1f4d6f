//! The bodies of requests: strict JSON, and forms.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{StatusCode, header};
use bytes::BytesMut;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body as _, Bytes};
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value as Json};
use tokio::sync::OwnedSemaphorePermit;

use super::Shared;
use super::error::ApiError;

/// The most bytes that a form has, such as that of a login.
const LARGEST_FORM: usize = 16 * 1024;

/// A body waits so long for memory that others have.
const SHARE: std::time::Duration = std::time::Duration::from_secs(1);

/// How deep objects and lists lie within each other; serde's own bound, which keeps the
/// stack small.
const DEEPEST: usize = 127;

/// How many values a body holds at most. One takes a hundred bytes of memory and more, though
/// it may be one character; the 5,000 objects of a hierarchical body have a hundred each.
const MOST_VALUES: usize = 500_000;

/// A body, and its share of the memory for bodies.
pub struct Held {
    bytes: Bytes,
    _share: Option<OwnedSemaphorePermit>,
}

/// Reads the body of a request, as far as the limits allow.
pub async fn read(shared: &Arc<Shared>, body: Body) -> Result<Held, ApiError> {
    let largest = shared.limits.body;
    let announced = body.size_hint();
    if announced.lower() > largest as u64 {
        return Err(too_large(largest));
    }
    if announced.exact() == Some(0) {
        return Ok(Held { bytes: Bytes::new(), _share: None });
    }
    match tokio::time::timeout(shared.limits.body_timeout, shared_out(shared, body, largest)).await {
        Ok(read) => read,
        Err(_) => Err(too_slow(shared.limits.body_timeout.as_secs())),
    }
}

/// Reads a body of which nobody knows yet who sends it. It is small, and takes no share of what
/// others need.
pub async fn read_from_anybody(shared: &Arc<Shared>, body: Body) -> Result<Held, ApiError> {
    let timeout = shared.limits.body_timeout;
    let bytes = tokio::time::timeout(timeout, collected(body, LARGEST_FORM.min(shared.limits.body))).await;
    Ok(Held { bytes: bytes.map_err(|_| too_slow(timeout.as_secs()))??, _share: None })
}

/// Reads a body, and takes shares of the memory as it arrives: who announces much and sends
/// little keeps nobody waiting.
async fn shared_out(shared: &Arc<Shared>, body: Body, largest: usize) -> Result<Held, ApiError> {
    let mut body = Limited::new(body, largest);
    let (mut bytes, mut share) = (BytesMut::new(), None::<OwnedSemaphorePermit>);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| broken_off(error.as_ref(), largest))?;
        let Ok(data) = frame.into_data() else { continue };
        let held = share.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let wanted = (bytes.len() + data.len()).div_ceil(1024).saturating_sub(held);
        let more = Arc::clone(&shared.memory).acquire_many_owned(u32::try_from(wanted).unwrap_or(u32::MAX));
        let more = tokio::time::timeout(SHARE, more).await.map_err(|_| no_room())?.map_err(|_| ApiError::lost())?;
        match &mut share {
            Some(share) => share.merge(more),
            None => share = Some(more),
        }
        bytes.extend_from_slice(&data);
    }
    Ok(Held { bytes: bytes.freeze(), _share: share })
}

/// Reads the form of a request: its fields, in their order.
pub async fn form(shared: &Arc<Shared>, body: Body) -> Result<Vec<(String, String)>, ApiError> {
    let timeout = shared.limits.body_timeout;
    let bytes = tokio::time::timeout(timeout, collected(body, LARGEST_FORM.min(shared.limits.body))).await;
    let bytes = bytes.map_err(|_| too_slow(timeout.as_secs()))??;
    Ok(url::form_urlencoded::parse(&bytes).map(|(name, value)| (name.into(), value.into())).collect())
}

async fn collected(body: Body, largest: usize) -> Result<Bytes, ApiError> {
    match Limited::new(body, largest).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) => Err(broken_off(error.as_ref(), largest)),
    }
}

fn broken_off(error: &(dyn std::error::Error + 'static), largest: usize) -> ApiError {
    if error.is::<LengthLimitError>() || error.to_string().contains("length limit exceeded") {
        return too_large(largest);
    }
    ApiError::bad_request("The body ended before it was complete.").closing()
}

fn no_room() -> ApiError {
    let message = "Other bodies take all the memory there is for them. Try again in a moment.";
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, 98, message).retry_after(1).closing()
}

fn too_large(largest: usize) -> ApiError {
    let message = format!("The body is larger than {largest} bytes.");
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, 413, message).closing()
}

fn too_slow(seconds: u64) -> ApiError {
    let message = format!("The body did not arrive within {seconds} seconds.");
    ApiError::new(StatusCode::REQUEST_TIMEOUT, 408, message).closing()
}

impl Held {
    /// The body as JSON. What two readers could understand differently is refused: names
    /// that occur twice in an object.
    pub fn json(&self) -> Result<Json, ApiError> {
        let read = self.parse();
        read.map_err(|error| ApiError::bad_request(format!("The body is not JSON that can be taken: {error}.")))
    }

    /// The same, for those who have words of their own.
    pub fn parse(&self) -> Result<Json, String> {
        let mut reader = serde_json::Deserializer::from_slice(&self.bytes);
        let left = Cell::new(MOST_VALUES);
        let strict = Strict { depth: 0, left: &left };
        let read = strict.deserialize(&mut reader).and_then(|json| reader.end().map(|()| json));
        read.map_err(|error| match lookalike(&self.bytes, &error) {
            Some(what) => format!("{error}: {what} stands there, as in text copied from a page or a document"),
            None => error.to_string(),
        })
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

/// Characters that are taken for some of JSON's by people, and by no parser.
const LOOKALIKES: [(char, &str); 7] = [
    ('\u{a0}', "a no-break space (U+00A0)"),
    ('\u{202f}', "a narrow no-break space (U+202F)"),
    ('\u{200b}', "a zero-width space (U+200B)"),
    ('\u{feff}', "a byte order mark (U+FEFF)"),
    ('\u{201c}', "a typographic quotation mark (U+201C)"),
    ('\u{201d}', "a typographic quotation mark (U+201D)"),
    ('\u{2019}', "a typographic apostrophe (U+2019)"),
];

/// What stands where a body could not be read, if it only looks right.
fn lookalike(bytes: &[u8], error: &serde_json::Error) -> Option<&'static str> {
    let begin = match error.line().checked_sub(2) {
        None => 0,
        Some(before) => bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(before)?.0 + 1,
    };
    // The column counts bytes, from 1.
    let rest = bytes.get((begin + error.column()).checked_sub(1)?..)?;
    let stands = |character: char| rest.starts_with(character.encode_utf8(&mut [0; 4]).as_bytes());
    LOOKALIKES.into_iter().find(|(character, _)| stands(*character)).map(|(_, what)| what)
}

/// A body that has another type than JSON is not looked at.
pub fn must_be_json(headers: &axum::http::HeaderMap) -> Result<(), ApiError> {
    let Some(named) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let named = named.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    // What curl and some libraries say when nobody tells them.
    let unsaid = ["application/x-www-form-urlencoded", "text/plain", ""];
    if named == "application/json" || named.ends_with("+json") || unsaid.contains(&named.as_str()) {
        return Ok(());
    }
    let message = format!("The body is {named:?}; the API takes application/json.");
    Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, 415, message))
}

/// The name under which `serde_json` hands over a number as it is written.
const NUMBER: &str = "$serde_json::private::Number";

/// Reads a value in which no object has a name twice.
struct Strict<'a> {
    depth: usize,
    /// How many values more there may be.
    left: &'a Cell<usize>,
}

impl Strict<'_> {
    fn within<E: de::Error>(&self) -> Result<Self, E> {
        if self.depth < DEEPEST {
            Ok(Self { depth: self.depth + 1, ..*self })
        } else {
            Err(E::custom("it is nested too deeply"))
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Json, D::Error> {
        let Some(left) = self.left.get().checked_sub(1) else {
            return Err(de::Error::custom(format_args!("it holds more than {MOST_VALUES} values")));
        };
        self.left.set(left);
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Json, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self.within()?)? {
            list.push(item);
        }
        Ok(Json::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Json, A::Error> {
        let mut object = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            if name == NUMBER {
                let digits: String = fields.next_value()?;
                return digits.parse().map(|number: Number| Json::Number(number)).map_err(de::Error::custom);
            }
            if object.contains_key(&name) {
                return Err(de::Error::custom(format_args!("{name:?} occurs twice in one object")));
            }
            let value = fields.next_value_seed(self.within()?)?;
            object.insert(name, value);
        }
        Ok(Json::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: impl AsRef<[u8]>) -> Result<Json, String> {
        let held = Held { bytes: Bytes::copy_from_slice(text.as_ref()), _share: None };
        held.json().map_err(|error| error.body()["error_message"].to_string())
    }

    #[test]
    fn json_is_read_as_it_is() {
        // Within a text any character is as good as another.
        for text in
            [r#"{"a":[1,-2,3.5,12345678901234567890123,true,null,"x"],"b":{}}"#, "[]", "null", "\"\u{a0}\u{201c}\""]
        {
            assert_eq!(read(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_not_clear_is_refused_with_its_place() {
        for (text, says) in [
            (r#"{"a":1,"a":2}"#, "\\\"a\\\" occurs twice in one object at line 1 column"),
            (r#"{"b":[{"a":1,"a":2}]}"#, "occurs twice"),
            ("{\n \"a\": 1,\n}", "trailing comma at line 3 column 1"),
            ("{} {}", "trailing characters"),
            ("{\u{a0}\"a\": 1}", "line 1 column 2: a no-break space (U+00A0) stands there"),
            ("{\n\u{a0}\u{a0}\"a\": 1}", "line 2 column 1: a no-break space (U+00A0) stands there"),
            ("{\"a\":\n\n \u{201c}x\u{201d}}", "a typographic quotation mark (U+201C) stands there"),
            ("\u{feff}{}", "a byte order mark (U+FEFF) stands there"),
            ("", "EOF"),
        ] {
            let said = read(text).unwrap_err();
            assert!(said.contains(says), "{text}: {said}");
        }
        read("[".repeat(10_000)).unwrap_err();
        read(format!("[{}0]", "0,".repeat(MOST_VALUES - 2))).unwrap();
        let said = read(format!("[{}0]", "0,".repeat(MOST_VALUES - 1))).unwrap_err();
        assert!(said.contains("holds more than 500000 values"), "{said}");
        read(format!("{}1{}", "[".repeat(200), "]".repeat(200))).unwrap_err();
        read(b"{\"a\":\"\xff\"}").unwrap_err();
        read(r#"{"$serde_json::private::Number":"x"}"#).unwrap_err();
    }
}
