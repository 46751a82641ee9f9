//! Figures for Prometheus. Labels are operations, status classes and codes of ours: never a tenant, a group or a text.

use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

use http::StatusCode;
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// Bounds of the request time's histogram, in seconds.
const SECONDS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

/// The process's one recorder: figures are counted for the process, however many services it runs.
static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Where the figures are read.
#[derive(Clone)]
pub struct Metrics(Option<PrometheusHandle>);

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

impl Metrics {
    /// Begins counting for the whole process, if nobody has begun.
    #[must_use]
    pub fn install() -> Self {
        Self(RECORDER.get_or_init(Self::begin).clone())
    }

    fn begin() -> Option<PrometheusHandle> {
        let handle = PrometheusBuilder::new().set_buckets(&SECONDS).ok()?.install_recorder().ok()?;
        describe_counter!("logmark_requests_total", "Requests by operation and status class");
        describe_histogram!("logmark_request_seconds", Unit::Seconds, "Time from a request's head to its answer's head");
        describe_counter!("logmark_problems_total", "Errors answered, by code");
        describe_counter!("logmark_events_returned_total", "Log events sent to callers, by operation");
        describe_counter!("logmark_bytes_returned_total", Unit::Bytes, "Bytes of events sent, before compression, by operation");
        describe_counter!("logmark_upstream_saved_total", "Calls to a source that were not needed, by what there was instead");
        describe_gauge!("logmark_connections", "Open connections, by listener: public or admin");
        describe_counter!("logmark_connections_refused_total", "Connections closed at a limit, by limit");
        Some(handle)
    }

    /// The figures in Prometheus' text format.
    #[must_use]
    pub fn render(&self) -> String {
        self.0.as_ref().map(PrometheusHandle::render).unwrap_or_default()
    }

    /// Lets go of what piles up between two readings; to be called every few seconds.
    pub fn upkeep(&self) {
        if let Some(handle) = &self.0 {
            handle.run_upkeep();
        }
    }
}

/// Counts a request.
pub fn request(operation: &'static str, status: StatusCode, elapsed: Duration) {
    let class = match status.as_u16() / 100 {
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    };
    counter!("logmark_requests_total", "operation" => operation, "status" => class).increment(1);
    histogram!("logmark_request_seconds", "operation" => operation).record(elapsed.as_secs_f64());
}

/// Counts an error by its code.
pub fn problem(code: &'static str) {
    counter!("logmark_problems_total", "code" => code).increment(1);
}

/// Counts events and bytes sent.
pub fn events_returned(operation: &'static str, events: u64, bytes: u64) {
    counter!("logmark_events_returned_total", "operation" => operation).increment(events);
    counter!("logmark_bytes_returned_total", "operation" => operation).increment(bytes);
}

/// Counts a connection closed at a limit.
pub fn connection_refused(limit: &'static str) {
    counter!("logmark_connections_refused_total", "limit" => limit).increment(1);
}

/// Says how many connections of a listener are open.
pub fn connections(listener: &'static str, open: usize) {
    gauge!("logmark_connections", "listener" => listener).set(open as f64);
}

/// Counts a call to a source and its outcome.
pub fn upstream_call(target: &'static str, outcome: &'static str, elapsed: Duration) {
    counter!("logmark_upstream_calls_total", "target" => target, "outcome" => outcome).increment(1);
    histogram!("logmark_upstream_seconds", "target" => target).record(elapsed.as_secs_f64());
}

/// Counts a call to a source that was not needed, because its answer was kept or somebody waited for it already.
pub fn upstream_saved(target: &'static str, by: &'static str) {
    counter!("logmark_upstream_saved_total", "target" => target, "by" => by).increment(1);
}
