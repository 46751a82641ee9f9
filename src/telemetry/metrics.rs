//! Metrics for Prometheus, described in docs/monitoring.md.
//!
//! Owns their names and labels. All metrics use the same labels: `operation` is an `operationId` (or `docs`, `problems`, `unmatched`),
//! `status` an HTTP status code, `code` a problem code, `source` and `issuer` a name from the configuration, `call` an operation
//! of AWS, `outcome` the result of such a call, `listener` `public` or `admin`. INVARIANT: no label holds a tenant, a group or a text
//! of a request, so the number of values is bounded.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::StatusCode;
use metrics::{Counter, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use metrics_process::Collector;

use super::handles::Handles;
use crate::domain::time::Millis;

/// Bounds of the histograms, in seconds.
const SECONDS: [f64; 14] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// The recorder of the process. All services of a process share it.
static RECORDER: OnceLock<Option<Recorder>> = OnceLock::new();

/// Whether the recorder is installed. Handles made before count nothing.
pub(super) fn is_installed() -> bool {
    RECORDER.get().is_some()
}

#[derive(Clone)]
struct Recorder {
    handle: PrometheusHandle,
    process: Collector,
}

/// Reads the metrics.
#[derive(Clone)]
pub struct Metrics(Option<Recorder>);

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

impl Metrics {
    /// Installs the recorder of the process, if it is not installed.
    #[must_use]
    pub fn install() -> Self {
        Self(RECORDER.get_or_init(Self::begin).clone())
    }

    fn begin() -> Option<Recorder> {
        let handle = PrometheusBuilder::new().set_buckets(&SECONDS).ok()?.install_recorder().ok()?;
        describe();
        let process = Collector::default();
        process.describe();
        gauge!("logmark_build_info", "version" => env!("CARGO_PKG_VERSION"), "features" => features()).set(1.0);
        // Counters exist from the start, so that a rate includes their first increment.
        for listener in ["public", "admin"] {
            connections(listener, 0);
            for limit in ["total", "address"] {
                counter!("logmark_connections_refused_total", "listener" => listener, "limit" => limit).increment(0);
                counter!("logmark_http_requests_refused_total", "listener" => listener, "limit" => limit).increment(0);
            }
        }
        for reason in LineLoss::ALL {
            log_lines_lost(reason, 0);
        }
        Some(Recorder { handle, process })
    }

    /// The metrics in Prometheus' text format.
    #[must_use]
    pub fn render(&self) -> String {
        let Some(Recorder { handle, process }) = &self.0 else { return String::new() };
        process.collect();
        handle.render()
    }

    /// Drains the samples collected since the last scrape. Call it every few seconds.
    pub fn upkeep(&self) {
        if let Some(recorder) = &self.0 {
            recorder.handle.run_upkeep();
        }
    }
}

fn describe() {
    describe_gauge!("logmark_build_info", "Always 1; the labels name the version and the features of the build");
    describe_counter!("logmark_http_requests_total", "Requests answered, by operation and status code");
    describe_counter!(
        "logmark_http_requests_refused_total",
        "Requests refused at a limit of concurrent requests, by listener and limit"
    );
    describe_histogram!(
        "logmark_http_request_duration_seconds",
        Unit::Seconds,
        "Time from the headers of a request to the headers of its response, by operation"
    );
    describe_counter!("logmark_http_problems_total", "Error responses, by operation and problem code");
    describe_counter!("logmark_events_returned_total", "Log events sent to clients, by operation");
    describe_counter!(
        "logmark_events_returned_bytes_total",
        Unit::Bytes,
        "Bytes of log events sent to clients before compression, by operation"
    );
    describe_counter!("logmark_limit_refusals_total", "Requests refused at a limit of their tenant, by limit");
    describe_counter!("logmark_budget_bytes_total", Unit::Bytes, "Bytes that tenants have used of a daily budget, by budget");
    describe_gauge!("logmark_limit_store_up", "1 if the store of shared limits answers, 0 if the local share applies");
    describe_counter!(
        "logmark_limit_local_decisions_total",
        "Decisions about limits made with the local share, because the store of shared limits did not answer"
    );
    describe_gauge!("logmark_tails", "Open live tails");
    describe_counter!("logmark_tails_opened_total", "Live tails opened");
    describe_counter!(
        "logmark_tail_gaps_total",
        "Gaps that clients of live tails were told of, by reason, and whether the missing events were found"
    );
    describe_counter!("logmark_upstream_calls_total", "Calls to a source, retries included, by source, call and outcome");
    describe_histogram!(
        "logmark_upstream_call_duration_seconds",
        Unit::Seconds,
        "Time of one call to a source, by source and call"
    );
    describe_counter!(
        "logmark_upstream_calls_saved_total",
        "Calls to a source saved by the cache or by an identical call in flight"
    );
    describe_gauge!(
        "logmark_issuer_keys",
        "Keys that verify tokens of the issuer; with 0, requests with its tokens fail with 503"
    );
    describe_gauge!("logmark_issuer_key_failures", "Failed attempts to read the issuer's keys since the last success");
    describe_gauge!("logmark_config_generation", "Configurations applied since the start; 1 is that of the start");
    describe_gauge!("logmark_config_tenants", "Tenants of the configuration with a section or a file of their own");
    describe_gauge!(
        "logmark_config_last_reload_success_timestamp_seconds",
        Unit::Seconds,
        "When the configuration in use was applied, in seconds since 1970"
    );
    describe_gauge!(
        "logmark_config_last_reload_successful",
        "0 while a changed configuration is refused and the former one is in use"
    );
    describe_counter!("logmark_config_reloads_total", "Reads of the configuration since the start, by outcome");
    describe_gauge!("logmark_connections", "Open connections, by listener");
    describe_counter!("logmark_connections_refused_total", "Connections closed at a limit, by listener and limit");
    describe_counter!("logmark_log_lines_lost_total", "Log lines that were not written, by reason");
    describe_counter!("logmark_audit_lines_total", "Audit lines");
    describe_counter!(
        "logmark_audit_write_failures_total",
        "Failed attempts to write audit lines; while they fail, lines are kept and requests are refused"
    );
}

/// The features of the build, separated by commas.
fn features() -> String {
    [("local", cfg!(feature = "local")), ("lambda", cfg!(feature = "lambda")), ("redis", cfg!(feature = "redis"))]
        .into_iter()
        .filter_map(|(name, is_there)| is_there.then_some(name))
        .collect::<Vec<_>>()
        .join(",")
}

/// Counts a request.
pub fn request(operation: &'static str, status: StatusCode, elapsed: Duration) {
    static HANDLES: Handles<(&str, StatusCode), (Counter, Histogram)> = Handles::new();
    let (requests, duration) = HANDLES.get((operation, status), |_| {
        (
            counter!("logmark_http_requests_total", "operation" => operation, "status" => status.as_str().to_owned()),
            histogram!("logmark_http_request_duration_seconds", "operation" => operation),
        )
    });
    requests.increment(1);
    duration.record(elapsed.as_secs_f64());
}

/// Counts an error by its code.
pub fn problem(operation: &'static str, code: &'static str) {
    counter!("logmark_http_problems_total", "operation" => operation, "code" => code).increment(1);
}

/// Counts events and bytes sent.
pub fn events_returned(operation: &'static str, events: u64, bytes: u64) {
    static HANDLES: Handles<&str, (Counter, Counter)> = Handles::new();
    let (returned, returned_bytes) = HANDLES.get(operation, |_| {
        (
            counter!("logmark_events_returned_total", "operation" => operation),
            counter!("logmark_events_returned_bytes_total", "operation" => operation),
        )
    });
    returned.increment(events);
    returned_bytes.increment(bytes);
}

/// Counts a live tail that was opened.
pub fn tail_opened() {
    counter!("logmark_tails_opened_total").increment(1);
    gauge!("logmark_tails").increment(1.0);
}

/// Counts a live tail that has ended.
pub fn tail_closed() {
    gauge!("logmark_tails").decrement(1.0);
}

/// Counts a refusal at a limit of a tenant, by the limit.
pub fn limit_refused(limit: &'static str) {
    counter!("logmark_limit_refusals_total", "limit" => limit).increment(1);
}

/// Counts bytes that tenants have used of a daily budget.
pub fn budget_used(budget: &'static str, bytes: u64) {
    counter!("logmark_budget_bytes_total", "budget" => budget).increment(bytes);
}

/// Creates the metrics of limits, so that a rate includes their first increment.
pub fn limits_begin(limits: impl IntoIterator<Item = &'static str>, budgets: impl IntoIterator<Item = &'static str>) {
    limits.into_iter().for_each(|limit| counter!("logmark_limit_refusals_total", "limit" => limit).increment(0));
    budgets.into_iter().for_each(|budget| budget_used(budget, 0));
}

/// Records whether the configured store of limits answers.
pub fn limit_store(is_up: bool) {
    gauge!("logmark_limit_store_up").set(if is_up { 1.0 } else { 0.0 });
}

/// Counts a decision that was made with the local share, since the store did not answer.
pub fn limit_store_missed() {
    counter!("logmark_limit_local_decisions_total").increment(1);
}

/// Creates the metrics of live tails, so that a rate includes their first increment.
pub fn tails_begin(reasons: impl IntoIterator<Item = &'static str>) {
    gauge!("logmark_tails").set(0.0);
    counter!("logmark_tails_opened_total").increment(0);
    for reason in reasons {
        for outcome in ["recovered", "lost"] {
            counter!("logmark_tail_gaps_total", "reason" => reason, "outcome" => outcome).increment(0);
        }
    }
}

/// Counts a gap in a live tail, by its reason, and whether the missing events were found.
pub fn tail_gap(reason: &'static str, recovered: bool) {
    let outcome = if recovered { "recovered" } else { "lost" };
    counter!("logmark_tail_gaps_total", "reason" => reason, "outcome" => outcome).increment(1);
}

/// Counts a connection closed at a limit.
pub fn connection_refused(listener: &'static str, limit: &'static str) {
    counter!("logmark_connections_refused_total", "listener" => listener, "limit" => limit).increment(1);
}

/// Counts a request refused at a limit of the listener, before it was read.
pub fn request_refused(listener: &'static str, limit: &'static str) {
    counter!("logmark_http_requests_refused_total", "listener" => listener, "limit" => limit).increment(1);
}

/// Records how many connections of a listener are open.
pub fn connections(listener: &'static str, open: usize) {
    gauge!("logmark_connections", "listener" => listener).set(open as f64);
}

/// Counts a call to a source by outcome.
pub fn upstream_call(source: &Arc<str>, call: &'static str, outcome: &'static str, elapsed: Duration) {
    static HANDLES: Handles<(Arc<str>, &str, &str), (Counter, Histogram)> = Handles::new();
    let (calls, duration) = HANDLES.get((Arc::clone(source), call, outcome), |(source, ..)| {
        (
            counter!("logmark_upstream_calls_total", "source" => Arc::clone(source), "call" => call, "outcome" => outcome),
            histogram!("logmark_upstream_call_duration_seconds", "source" => Arc::clone(source), "call" => call),
        )
    });
    calls.increment(1);
    duration.record(elapsed.as_secs_f64());
}

/// Creates the counters of a source, so that a rate includes their first increment.
pub fn upstream_begins(source: &Arc<str>, calls: impl IntoIterator<Item = &'static str>) {
    for call in calls {
        counter!("logmark_upstream_calls_total", "source" => Arc::clone(source), "call" => call, "outcome" => "ok").increment(0);
        for reason in ["cache_hit", "coalesced"] {
            counter!("logmark_upstream_calls_saved_total", "source" => Arc::clone(source), "call" => call, "reason" => reason)
                .increment(0);
        }
    }
}

/// Counts a call to a source that was saved by the cache or by an identical call in flight.
pub fn upstream_saved(source: &Arc<str>, call: &'static str, reason: &'static str) {
    static HANDLES: Handles<(Arc<str>, &str, &str), Counter> = Handles::new();
    let saved = HANDLES.get((Arc::clone(source), call, reason), |(source, ..)| {
        counter!("logmark_upstream_calls_saved_total", "source" => Arc::clone(source), "call" => call, "reason" => reason)
    });
    saved.increment(1);
}

/// Why log lines are lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineLoss {
    /// The queue of lines is full: standard error is not read fast enough.
    QueueFull,
    /// Writing to standard error failed.
    WriteFailed,
}

impl LineLoss {
    const ALL: [Self; 2] = [Self::QueueFull, Self::WriteFailed];

    fn as_str(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::WriteFailed => "write_failed",
        }
    }
}

/// Creates the metrics of audit lines, so that a rate includes their first increment.
pub fn audit_begins() {
    audit_lines(0);
    counter!("logmark_audit_write_failures_total").increment(0);
}

/// Counts audit lines.
pub fn audit_lines(lines: u64) {
    counter!("logmark_audit_lines_total").increment(lines);
}

/// Counts a failed attempt to write audit lines.
pub fn audit_failure() {
    counter!("logmark_audit_write_failures_total").increment(1);
}

/// Counts log lines that are lost.
pub fn log_lines_lost(reason: LineLoss, lines: u64) {
    counter!("logmark_log_lines_lost_total", "reason" => reason.as_str()).increment(lines);
}

/// The outcome of reading the configuration again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfigReload {
    /// It is in use.
    Applied,
    /// It equals the one in use.
    Unchanged,
    /// It has errors, and the former one stays in use.
    Refused,
}

impl ConfigReload {
    const ALL: [Self; 3] = [Self::Applied, Self::Unchanged, Self::Refused];

    fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Unchanged => "unchanged",
            Self::Refused => "refused",
        }
    }
}

/// Counts a read of the configuration.
pub fn config_reload(outcome: ConfigReload) {
    counter!("logmark_config_reloads_total", "outcome" => outcome.as_str()).increment(1);
    gauge!("logmark_config_last_reload_successful").set(if outcome == ConfigReload::Refused { 0.0 } else { 1.0 });
}

/// Creates the metrics of the configuration, so that a rate includes their first increment.
pub fn config_begins() {
    for outcome in ConfigReload::ALL {
        counter!("logmark_config_reloads_total", "outcome" => outcome.as_str()).increment(0);
    }
    gauge!("logmark_config_last_reload_successful").set(1.0);
}

/// Records the configuration in use.
pub fn config_applied(generation: u64, at: Millis, tenants: usize) {
    gauge!("logmark_config_generation").set(generation as f64);
    gauge!("logmark_config_tenants").set(tenants as f64);
    gauge!("logmark_config_last_reload_success_timestamp_seconds").set(at.0 as f64 / 1000.0);
}

/// Records the number of keys of an issuer, and the failed attempts to read them since the last success.
pub fn issuer_keys(issuer: &str, keys: usize, failures: u32) {
    gauge!("logmark_issuer_keys", "issuer" => issuer.to_owned()).set(keys as f64);
    gauge!("logmark_issuer_key_failures", "issuer" => issuer.to_owned()).set(f64::from(failures));
}
