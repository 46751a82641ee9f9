//! The load: wrk on persistent connections, and its figures.
//!
//! Owns the script that makes wrk send a request and print its figures. An answer other than 200 ends the bench.

use std::process::Command;

/// The repeated request.
pub(crate) struct Request {
    pub(crate) url: String,
    pub(crate) method: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

/// The figures of one run of wrk; times in microseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured {
    pub(crate) per_second: f64,
    pub(crate) requests: f64,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    /// CPU time of the gateway during the run.
    pub(crate) cpu_seconds: f64,
}

impl Measured {
    /// Microseconds of CPU time per request.
    pub(crate) fn cpu_micros(&self) -> f64 {
        self.cpu_seconds * 1e6 / self.requests
    }
}

pub(crate) fn median(measured: &[Measured], of: impl Fn(&Measured) -> f64) -> f64 {
    let mut values: Vec<f64> = measured.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The median of the differences between `these` and `those` in the same round.
pub(crate) fn added(these: &[Measured], those: &[Measured], of: impl Fn(&Measured) -> f64) -> f64 {
    let mut values: Vec<f64> = these.iter().zip(those).map(|(this, that)| of(this) - of(that)).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// One run, on one thread.
pub(crate) fn wrk(request: &Request, connections: u64, seconds: u64) -> Measured {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("request.lua");
    let headers: String =
        request.headers.iter().map(|(name, value)| format!("wrk.headers[\"{name}\"] = \"{value}\"\n")).collect();
    let text = format!(
        "wrk.method = \"{}\"\n{headers}{}\
        function done(summary, latency, requests)\n  local errors = summary.errors\n  \
        io.write(string.format(\"figures %d %d %d %d %d\\n\", summary.requests, summary.duration, latency:percentile(50), \
        latency:percentile(99), errors.connect + errors.read + errors.write + errors.status + errors.timeout))\nend\n",
        request.method,
        if request.body.is_empty() { String::new() } else { format!("wrk.body = [[{}]]\n", request.body) },
    );
    std::fs::write(&script, text).unwrap();
    let mut command = Command::new("wrk");
    command.args(["-t1", &format!("-c{connections}"), &format!("-d{seconds}s"), "-s"]).arg(&script).arg(&request.url);
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let figures = told.lines().find_map(|line| line.strip_prefix("figures ")).unwrap_or_else(|| panic!("wrk says {told}"));
    let figures: Vec<f64> = figures.split(' ').map(|figure| figure.parse().unwrap()).collect();
    let [requests, micros, p50, p99, errors] = figures[..] else { panic!("wrk says {told}") };
    assert!(errors == 0.0 && requests > 0.0, "{} of {requests} requests to {} failed", errors, request.url);
    Measured { per_second: requests / micros * 1e6, requests, p50, p99, cpu_seconds: 0.0 }
}
