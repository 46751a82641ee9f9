//! The measures of a row, and how rows are merged.

use serde::Serialize;
use serde::ser::Serializer;

use crate::domain::time::Millis;

/// Latencies in milliseconds, of the requests that have a number.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, utoipa::ToSchema)]
#[schema(as = ReportLatency)]
pub struct Latency {
    /// Requests with a number.
    #[schema(example = 120)]
    pub n: u64,
    /// The average.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 41.5)]
    pub avg: Option<f64>,
    /// The median, by nearest rank like all percentiles.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 32.0)]
    pub p50: Option<f64>,
    /// The 90th percentile.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 88.0)]
    pub p90: Option<f64>,
    /// The 95th percentile.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 120.0)]
    pub p95: Option<f64>,
    /// The 99th percentile.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 340.0)]
    pub p99: Option<f64>,
    /// The largest.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 512.0)]
    pub max: Option<f64>,
}

impl Latency {
    /// Both together. Percentiles of two sets do not tell those of their union, so they are absent then.
    fn merged(self, other: Self) -> Self {
        if self.n == 0 {
            return other;
        }
        if other.n == 0 {
            return self;
        }
        let n = self.n + other.n;
        let sum = |one: Self| one.avg.map(|avg| avg * one.n as f64);
        let avg = sum(self).zip(sum(other)).map(|(one, two)| (one + two) / n as f64);
        Self { n, avg, max: most(self.max, other.max, f64::max), ..Self::default() }
    }
}

/// Requests by status class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, utoipa::ToSchema)]
#[schema(as = ReportClasses)]
pub struct Classes {
    /// Status 100–199.
    #[serde(rename = "1xx")]
    #[schema(example = 0)]
    pub informational: u64,
    /// Status 200–299.
    #[serde(rename = "2xx")]
    #[schema(example = 9171)]
    pub success: u64,
    /// Status 300–399.
    #[serde(rename = "3xx")]
    #[schema(example = 609)]
    pub redirect: u64,
    /// Status 400–499.
    #[serde(rename = "4xx")]
    #[schema(example = 217)]
    pub client_error: u64,
    /// Status 500–599.
    #[serde(rename = "5xx")]
    #[schema(example = 3)]
    pub server_error: u64,
}

/// The measures of a row. Those that a report or a log format does not have are absent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ReportMeasures)]
pub struct Measures {
    /// Requests. In `parse-health`, log lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 120)]
    pub requests: Option<u64>,
    /// The percentage of all requests of the report.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 12.5)]
    pub pct: Option<f64>,
    /// Requests with a status of 400–499.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 3)]
    pub errors4xx: Option<u64>,
    /// Requests with a status of 500–599.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 1)]
    pub errors5xx: Option<u64>,
    /// The percentage of this row's requests with a status of 400–599.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 3.3333)]
    pub error_rate: Option<f64>,
    /// Bytes of responses.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 482_113)]
    pub bytes: Option<u64>,
    /// Latencies, of the requests that have a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency: Option<Latency>,
    /// Distinct pairs of address and user agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 17)]
    pub visitors: Option<u64>,
    /// The time of the first request.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "time")]
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-11-20T10:00:00.123Z")]
    pub first_seen: Option<Millis>,
    /// The time of the last request.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "time")]
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-11-20T10:59:59.456Z")]
    pub last_seen: Option<Millis>,
    /// Requests by status class, in `overview`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classes: Option<Classes>,
    /// The amount by the price model of the operator, in `billing`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 12.25)]
    pub amount: Option<f64>,
    /// Examples of lines, in `parse-health`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(example = json!(["(7f1c…) Method completed with status: 200"]))]
    pub samples: Vec<String>,
    /// The measures of the period before, in `compare`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub previous: Option<Box<Measures>>,
    /// Requests more than in the period before, in `compare`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = -12)]
    pub delta: Option<i64>,
    /// The same in percent of the period before; absent if that has no requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = -9.0909)]
    pub delta_pct: Option<f64>,
}

fn time<S: Serializer>(time: &Option<Millis>, serializer: S) -> Result<S::Ok, S::Error> {
    time.serialize(serializer)
}

impl Measures {
    /// Adds another row. `visitors_add`: no visitor can be in both rows.
    pub(super) fn merge(&mut self, other: &Self, visitors_add: bool) {
        let both = |one: Option<u64>, two: Option<u64>| most(one, two, |one, two| one.saturating_add(two));
        self.requests = both(self.requests, other.requests);
        self.errors4xx = both(self.errors4xx, other.errors4xx);
        self.errors5xx = both(self.errors5xx, other.errors5xx);
        self.bytes = both(self.bytes, other.bytes);
        self.latency = most(self.latency, other.latency, Latency::merged);
        self.visitors = if visitors_add { both(self.visitors, other.visitors) } else { None };
        self.first_seen = most(self.first_seen, other.first_seen, Ord::min);
        self.last_seen = most(self.last_seen, other.last_seen, Ord::max);
        self.classes = most(self.classes, other.classes, |one, two| Classes {
            informational: one.informational + two.informational,
            success: one.success + two.success,
            redirect: one.redirect + two.redirect,
            client_error: one.client_error + two.client_error,
            server_error: one.server_error + two.server_error,
        });
    }

    /// Computes the percentages: `pct` of these requests, and the error rate over the same rows.
    pub(super) fn with_rates(mut self, of: u64) -> Self {
        if let Some(requests) = self.requests {
            self.pct = ratio(requests, of);
            let errors = self.errors4xx.zip(self.errors5xx).map(|(client, server)| client + server);
            self.error_rate = errors.and_then(|errors| ratio(errors, requests));
        }
        self
    }

    /// The measures as the cells of a table: their names, with the parts of `latency` and the like, and their values.
    #[must_use]
    pub fn cells(&self) -> Vec<(String, String)> {
        let mut cells: Vec<(String, String)> = Vec::new();
        let mut add = |name: &str, value: Option<String>| cells.extend(value.map(|value| (name.to_owned(), value)));
        for name in SORTABLE.into_iter().filter(|name| !["amount", "delta", "deltaPct"].contains(name)) {
            let is_time = ["firstSeen", "lastSeen"].contains(&name);
            add(
                name,
                if is_time {
                    self.time(name).map(|time| time.to_string())
                } else {
                    self.value(name).map(|value| value.to_string())
                },
            );
        }
        if let Some(Classes { informational, success, redirect, client_error, server_error }) = self.classes {
            let classes =
                [("1xx", informational), ("2xx", success), ("3xx", redirect), ("4xx", client_error), ("5xx", server_error)];
            classes.into_iter().for_each(|(name, count)| add(&format!("classes.{name}"), Some(count.to_string())));
        }
        for name in ["amount", "delta", "deltaPct"] {
            add(name, self.value(name).map(|value| value.to_string()));
        }
        add("samples", Some(self.samples.join("\n")).filter(|samples| !samples.is_empty()));
        if let Some(previous) = &self.previous {
            previous.cells().into_iter().for_each(|(name, value)| add(&format!("previous.{name}"), Some(value)));
        }
        cells
    }

    fn time(&self, name: &str) -> Option<Millis> {
        if name == "firstSeen" { self.first_seen } else { self.last_seen }
    }

    /// The value of a measure by its name, to sort by.
    pub(super) fn value(&self, name: &str) -> Option<f64> {
        let latency = |part: fn(&Latency) -> Option<f64>| self.latency.as_ref().and_then(part);
        match name {
            "requests" => self.requests.map(|count| count as f64),
            "pct" => self.pct,
            "errors4xx" => self.errors4xx.map(|count| count as f64),
            "errors5xx" => self.errors5xx.map(|count| count as f64),
            "errorRate" => self.error_rate,
            "bytes" => self.bytes.map(|count| count as f64),
            "visitors" => self.visitors.map(|count| count as f64),
            "firstSeen" => self.first_seen.map(|time| time.0 as f64),
            "lastSeen" => self.last_seen.map(|time| time.0 as f64),
            "amount" => self.amount,
            "delta" => self.delta.map(|delta| delta as f64),
            "deltaPct" => self.delta_pct,
            "latency" | "latency.avg" => latency(|latency| latency.avg),
            "latency.n" => latency(|latency| Some(latency.n as f64)),
            "latency.p50" => latency(|latency| latency.p50),
            "latency.p90" => latency(|latency| latency.p90),
            "latency.p95" => latency(|latency| latency.p95),
            "latency.p99" => latency(|latency| latency.p99),
            "latency.max" => latency(|latency| latency.max),
            _ => None,
        }
    }
}

/// Both values combined, or the one that is there.
fn most<T>(one: Option<T>, two: Option<T>, combine: impl Fn(T, T) -> T) -> Option<T> {
    match (one, two) {
        (Some(one), Some(two)) => Some(combine(one, two)),
        (one, two) => one.or(two),
    }
}

/// The percentage, to four decimal places; `None` of nothing.
pub(super) fn ratio(part: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| (part as f64 / of as f64 * 1_000_000.0).round() / 10_000.0)
}

/// The names of measures that rows can be sorted by.
pub const SORTABLE: [&str; 19] = [
    "requests",
    "pct",
    "errors4xx",
    "errors5xx",
    "errorRate",
    "bytes",
    "visitors",
    "firstSeen",
    "lastSeen",
    "amount",
    "delta",
    "deltaPct",
    "latency.n",
    "latency.avg",
    "latency.p50",
    "latency.p90",
    "latency.p95",
    "latency.p99",
    "latency.max",
];
