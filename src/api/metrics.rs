//! What is counted, in the text format of Prometheus.

use std::fmt::Write;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use axum::http::Method;

/// The upper bounds of the buckets of durations, in microseconds.
const BOUNDS: [u64; 12] = [100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 100_000, 500_000, 1_000_000, 5_000_000];

/// The methods that are counted by name; all others are counted together.
const METHODS: [&str; 6] = ["GET", "PUT", "PATCH", "POST", "DELETE", "other"];

/// What the server counts.
#[derive(Default)]
pub struct Metrics {
    /// By method and by the first digit of the status.
    requests: [[AtomicU64; 5]; METHODS.len()],
    buckets: [AtomicU64; BOUNDS.len()],
    microseconds: AtomicU64,
    in_flight: AtomicI64,
    connections: AtomicI64,
    refused_logins: AtomicU64,
    over_rate: AtomicU64,
}

/// Something that is under way until this is dropped.
pub struct UnderWay<'a>(&'a AtomicI64);

impl<'a> UnderWay<'a> {
    fn begin(gauge: &'a AtomicI64) -> Self {
        gauge.fetch_add(1, Ordering::Relaxed);
        Self(gauge)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Metrics {
    /// A request begins.
    pub fn request(&self) -> UnderWay<'_> {
        UnderWay::begin(&self.in_flight)
    }

    /// A connection begins.
    pub fn connection(&self) -> UnderWay<'_> {
        UnderWay::begin(&self.connections)
    }

    /// A request was answered.
    pub fn answered(&self, method: &Method, status: u16, took: Duration) {
        let method = METHODS.iter().position(|name| *name == method.as_str()).unwrap_or(METHODS.len() - 1);
        let class = usize::from(status / 100).clamp(1, 5) - 1;
        self.requests[method][class].fetch_add(1, Ordering::Relaxed);
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        if let Some(bucket) = BOUNDS.iter().position(|bound| took <= *bound) {
            self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        }
        self.microseconds.fetch_add(took, Ordering::Relaxed);
    }

    /// Somebody was not who they said.
    pub fn refused_login(&self) {
        self.refused_logins.fetch_add(1, Ordering::Relaxed);
    }

    /// A user asked too often.
    pub fn over_rate(&self) {
        self.over_rate.fetch_add(1, Ordering::Relaxed);
    }

    /// Everything, as Prometheus reads it.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut family = |name: &str, kind: &str, help: &str, lines: &dyn Fn(&mut String)| {
            // Writing to a text does not fail.
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
            lines(&mut text);
        };
        let simple = |name: &'static str, value: i128| {
            move |text: &mut String| {
                let _ = writeln!(text, "{name} {value}");
            }
        };
        let counter = |value: &AtomicU64| i128::from(value.load(Ordering::Relaxed));
        let gauge = |value: &AtomicI64| i128::from(value.load(Ordering::Relaxed));
        let all = self.requests.iter().flatten().map(counter).sum::<i128>();
        family("vpn_http_requests_total", "counter", "Requests that were answered.", &|text| {
            for (method, classes) in METHODS.iter().zip(&self.requests) {
                for (class, requests) in classes.iter().enumerate() {
                    let requests = requests.load(Ordering::Relaxed);
                    if requests > 0 {
                        let class = class + 1;
                        let labels = format!("method=\"{method}\",status=\"{class}xx\"");
                        let _ = writeln!(text, "vpn_http_requests_total{{{labels}}} {requests}");
                    }
                }
            }
        });
        let name = "vpn_http_request_duration_seconds";
        family(name, "histogram", "How long requests took until they were answered.", &|text| {
            let mut below = 0;
            for (bound, bucket) in BOUNDS.iter().zip(&self.buckets) {
                below += bucket.load(Ordering::Relaxed);
                let _ = writeln!(text, "{name}_bucket{{le=\"{}\"}} {below}", seconds(*bound));
            }
            let sum = seconds(self.microseconds.load(Ordering::Relaxed));
            let _ = writeln!(text, "{name}_bucket{{le=\"+Inf\"}} {all}\n{name}_sum {sum}\n{name}_count {all}");
        });
        let name = "vpn_http_requests_in_flight";
        family(name, "gauge", "Requests that are being answered.", &simple(name, gauge(&self.in_flight)));
        let name = "vpn_http_connections";
        family(name, "gauge", "Open connections.", &simple(name, gauge(&self.connections)));
        let name = "vpn_http_refused_logins_total";
        family(name, "counter", "Requests with wrong credentials.", &simple(name, counter(&self.refused_logins)));
        let name = "vpn_http_over_rate_total";
        family(
            name,
            "counter",
            "Requests beyond the rate of a user or an address.",
            &simple(name, counter(&self.over_rate)),
        );
        text
    }
}

/// Microseconds as seconds, exactly.
fn seconds(microseconds: u64) -> String {
    let text = format!("{}.{:06}", microseconds / 1_000_000, microseconds % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_shown() {
        let metrics = Metrics::default();
        let _request = metrics.request();
        metrics.answered(&Method::GET, 200, Duration::from_micros(300));
        metrics.answered(&Method::GET, 404, Duration::from_secs(10));
        metrics.refused_login();
        let text = metrics.text();
        for line in [
            "vpn_http_requests_total{method=\"GET\",status=\"2xx\"} 1",
            "vpn_http_requests_total{method=\"GET\",status=\"4xx\"} 1",
            "vpn_http_request_duration_seconds_bucket{le=\"0.0005\"} 1",
            "vpn_http_request_duration_seconds_bucket{le=\"0.00025\"} 0",
            "vpn_http_request_duration_seconds_bucket{le=\"+Inf\"} 2",
            "vpn_http_request_duration_seconds_sum 10.0003",
            "vpn_http_requests_in_flight 1",
            "vpn_http_refused_logins_total 1",
        ] {
            assert!(text.lines().any(|said| said == line), "{line} is missing in\n{text}");
        }
    }
}
