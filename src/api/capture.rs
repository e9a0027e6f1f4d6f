//! Captures over HTTP: which copies are wanted, and the file, with headers that tell what is
//! missing of it and where that is.

use std::io;

use axum::http::header::InvalidHeaderValue;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::engine::taps::frames;
use crate::engine::{Capture, CaptureOf, CaptureRequest, Moment, Rest};
use crate::model::timestamp::Timestamp;

/// So many copies at most are in one answer.
pub const MOST: usize = 100_000;
/// So many bytes at most has one answer.
pub const MOST_BYTES: u64 = 64 << 20;
/// The header that tells since when copies can be seen.
const SINCE: HeaderName = HeaderName::from_static("capture-since");
/// The header that tells whether the file holds all copies that were asked for.
const COMPLETE: HeaderName = HeaderName::from_static("capture-complete");

/// The parameters that say which copies are wanted.
pub const PARAMETERS: [&str; 4] = ["from", "skip", "to", "count"];

/// A parameter that is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Its name.
    pub parameter: &'static str,
    /// What is wrong with it.
    pub reason: String,
}

/// Which copies are wanted.
#[derive(Clone, Debug)]
pub struct Window {
    from: Option<Moment>,
    skip: u64,
    to: Option<Moment>,
    most: usize,
}

impl Window {
    /// That of these [`PARAMETERS`].
    pub fn of(mut value: impl FnMut(&'static str) -> Option<String>) -> Result<Self, Wrong> {
        let wrong = |parameter, value: &str, what| Wrong { parameter, reason: format!("'{value}' is no {what}") };
        let time = |parameter, value: String| {
            let time = value.parse::<Timestamp>().map(|time| Moment(time.0));
            time.map_err(|_| wrong(parameter, &value, "time"))
        };
        let from = value("from").map(|value| time("from", value)).transpose()?;
        let skip = value("skip").map(|value| value.parse().map_err(|_| wrong("skip", &value, "number"))).transpose()?;
        let to = value("to").map(|value| time("to", value)).transpose()?;
        let count = |value: String| {
            let count = value.parse().ok().filter(|count| (1..=MOST).contains(count));
            count.ok_or_else(|| wrong("count", &value, "number from 1 to 100000"))
        };
        let most = value("count").map(count).transpose()?.unwrap_or(MOST);
        let window = Self { from, skip: skip.unwrap_or_default(), to, most };
        if window.skip > 0 && window.from.is_none() {
            let reason = "only copies of the millisecond of from can be left out".to_owned();
            return Err(Wrong { parameter: "skip", reason });
        }
        Ok(window)
    }

    /// These copies of `of`.
    pub fn request(&self, of: CaptureOf) -> CaptureRequest {
        CaptureRequest { of, from: self.from, skip: self.skip, to: self.to, most: self.most, most_bytes: MOST_BYTES }
    }

    /// That nothing is missing at its beginning, where copies can be seen since `since`.
    fn can_be_seen(&self, since: Moment) -> Result<(), Wrong> {
        let Some(from) = self.from.filter(|from| *from < since) else { return Ok(()) };
        let (from, since) = (Timestamp(from.0), Timestamp(since.0));
        let reason = format!("what happened before {since} cannot be seen any more, and '{from}' is before that");
        Err(Wrong { parameter: "from", reason })
    }

    /// The parameters of what follows where it was cut.
    fn after(&self, rest: Rest, now: Moment) -> String {
        let (from, to) = (Timestamp(rest.from.0), Timestamp(self.to.unwrap_or(now).0));
        format!("from={from}&skip={}&to={to}&count={}", rest.skip, self.most)
    }
}

/// What was found.
pub struct Found {
    file: Vec<u8>,
    since: Moment,
    rest: Option<Rest>,
    now: Moment,
}

impl Found {
    /// The copies of `capture`, which was had at `now`, as a file.
    pub fn of(capture: &Capture, now: Moment) -> io::Result<Self> {
        let mut file = Vec::new();
        frames::write_capture(&capture.topology, &capture.copies, &mut file)?;
        Ok(Self { file, since: capture.since, rest: capture.rest, now })
    }

    /// That nothing is missing of what `window` wants at its beginning.
    pub fn begins(&self, window: &Window) -> Result<(), Wrong> {
        window.can_be_seen(self.since)
    }

    /// The file. Where it was cut, the next one is at `address` with the parameters that say from
    /// where on (RFC 8288); it ends with `?` or `&`.
    pub fn answer(self, window: &Window, address: &str) -> Result<Response, InvalidHeaderValue> {
        let mut headers = vec![
            (header::CONTENT_TYPE, HeaderValue::from_static("application/vnd.tcpdump.pcap")),
            (SINCE, HeaderValue::try_from(Timestamp(self.since.0).to_string())?),
            (COMPLETE, HeaderValue::from_static(if self.rest.is_none() { "true" } else { "false" })),
        ];
        if let Some(rest) = self.rest {
            let next = window.after(rest, self.now);
            headers.push((header::LINK, HeaderValue::try_from(format!("<{address}{next}>; rel=\"next\""))?));
        }
        Ok((StatusCode::OK, headers.into_iter().collect::<HeaderMap>(), self.file).into_response())
    }
}
