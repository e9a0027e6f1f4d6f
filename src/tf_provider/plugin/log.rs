//! Log events as Terraform reads them from stderr: one JSON object a line, in the
//! form of hclog.

use std::env;
use std::fmt;
use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use prost_types::Timestamp;
use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

/// This crate; everybody else's modules may only warn, as they would log what
/// goes over the wire.
const OWN: &str = env!("CARGO_CRATE_NAME");

/// Sends log events to stderr, as far as `TF_LOG_PROVIDER` or `TF_LOG` wants
/// them. Where log events go somewhere already they keep going there.
pub(super) fn install() {
    install_at(level(|key| env::var(key).ok()));
}

/// Sends log events of this level to stderr, and of others' modules no more than warnings.
/// Where log events go somewhere already they keep going there.
pub fn install_at(level: LevelFilter) {
    let others = level.min(LevelFilter::WARN);
    let filter = Targets::new().with_default(others).with_target(OWN, level);
    let _ = tracing_subscriber::registry().with(Lines.with_filter(filter)).try_init();
}

/// What Terraform's own rules make of the environment: an unknown level is the
/// most talkative one.
fn level(variable: impl Fn(&str) -> Option<String>) -> LevelFilter {
    let wanted = ["TF_LOG_PROVIDER", "TF_LOG"].into_iter().filter_map(variable).find(|value| !value.is_empty());
    match wanted.map(|value| value.to_ascii_uppercase()).as_deref() {
        None | Some("OFF") => LevelFilter::OFF,
        Some("ERROR") => LevelFilter::ERROR,
        Some("WARN") => LevelFilter::WARN,
        Some("INFO") => LevelFilter::INFO,
        Some("DEBUG") => LevelFilter::DEBUG,
        Some(_) => LevelFilter::TRACE,
    }
}

/// Writes each event as a line.
struct Lines;

/// The fields of a span, for the events in it.
struct Fields(Map<String, Value>);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Lines {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Map::new();
        attributes.record(&mut Collect(&mut fields));
        span.extensions_mut().insert(Fields(fields));
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(Fields(fields)) = span.extensions_mut().get_mut() {
            values.record(&mut Collect(fields));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Map::new();
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(Fields(of_span)) = span.extensions().get() {
                fields.extend(of_span.clone());
            }
        }
        event.record(&mut Collect(&mut fields));
        let metadata = event.metadata();
        let line = line(*metadata.level(), metadata.target(), SystemTime::now(), fields);
        // There is nobody to tell that a log line is lost.
        let _ = writeln!(std::io::stderr().lock(), "{line}");
    }
}

/// One line. The field `message` becomes hclog's `@message`.
fn line(level: Level, module: &str, at: SystemTime, mut fields: Map<String, Value>) -> Value {
    let message = fields.remove("message").unwrap_or_default();
    fields.insert("@level".into(), json!(level.as_str().to_ascii_lowercase()));
    fields.insert("@message".into(), if message.is_null() { json!("") } else { message });
    fields.insert("@module".into(), json!(module.replace("::", ".")));
    fields.insert("@timestamp".into(), json!(timestamp(at)));
    Value::Object(fields)
}

/// RFC 3339 with exactly six digits of the second, which is all hclog accepts.
fn timestamp(at: SystemTime) -> String {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = Timestamp { seconds: i64::try_from(since.as_secs()).unwrap_or(i64::MAX), nanos: 0 }.to_string();
    format!("{}.{:06}Z", seconds.trim_end_matches('Z'), since.subsec_micros())
}

/// Collects the fields of a span or an event.
struct Collect<'a>(&'a mut Map<String, Value>);

impl Visit for Collect<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), json!(format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), json!(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().to_owned(), json!(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().to_owned(), json!(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), json!(value));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_line_is_what_terraform_parses() {
        let fields = Map::from_iter([("message".to_owned(), json!("done")), ("count".to_owned(), json!(3))]);
        let at = UNIX_EPOCH + Duration::new(1_700_000_000, 120_000_000);
        assert_eq!(
            line(Level::WARN, "a::b", at, fields),
            json!({
                "@level": "warn", "@message": "done", "@module": "a.b",
                "@timestamp": "2023-11-14T22:13:20.120000Z", "count": 3,
            })
        );
    }

    #[test]
    fn timestamps_always_have_microseconds() {
        assert_eq!(timestamp(UNIX_EPOCH), "1970-01-01T00:00:00.000000Z");
        assert_eq!(timestamp(UNIX_EPOCH + Duration::from_nanos(1_999)), "1970-01-01T00:00:00.000001Z");
    }

    #[test]
    fn the_provider_level_goes_before_the_general_one() {
        let with = |provider: &'static str, general: &'static str| {
            level(move |key| Some(if key == "TF_LOG_PROVIDER" { provider } else { general }.to_owned()))
        };
        assert_eq!(with("", ""), LevelFilter::OFF);
        assert_eq!(with("", "info"), LevelFilter::INFO);
        assert_eq!(with("ERROR", "TRACE"), LevelFilter::ERROR);
        assert_eq!(with("OFF", "TRACE"), LevelFilter::OFF);
        assert_eq!(with("JSON", ""), LevelFilter::TRACE);
        assert_eq!(with("everything", ""), LevelFilter::TRACE);
    }
}
