//! The values in a row of a query.

use super::definition::Key;
use super::enrich::ReportEnrichment;
use super::fields::{self, Field};
use super::measures::{Classes, Latency, Measures};
use super::plan::Plan;
use super::report::{Keys, Row};
use crate::domain::query::operations::Row as Raw;
use crate::domain::time::Millis;

/// A row.
#[derive(Debug, Clone, Copy)]
pub(super) struct QueryRow<'a>(pub(super) &'a Raw);

impl<'a> QueryRow<'a> {
    /// The value of a column; `None`: it is missing, or `-`, which access logs have for a missing value.
    pub(super) fn text(self, name: &str) -> Option<&'a str> {
        let found = self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        found.filter(|value| !value.is_empty() && *value != "-")
    }

    /// A number. CloudWatch prints large ones with an exponent.
    pub(super) fn number(self, name: &str) -> Option<f64> {
        self.text(name)?.parse().ok().filter(|number: &f64| number.is_finite())
    }

    /// A number of things.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast saturates")]
    pub(super) fn count(self, name: &str) -> Option<u64> {
        self.number(name).map(|number| number.round() as u64)
    }

    #[expect(clippy::cast_possible_truncation, reason = "a cast saturates")]
    fn time(self, name: &str) -> Option<Millis> {
        self.number(name).map(|number| Millis(number.round() as i64))
    }

    /// The usage plan and the customer of its API key: the name of the key, else its id.
    pub(super) fn customer(self, additions: &ReportEnrichment) -> Option<(Option<String>, Option<String>)> {
        let key = self.text(fields::API_KEY_ID.name())?;
        let part = |field: Field| self.text(field.name()).unwrap_or("");
        let plan = additions.plan_name(part(fields::API_ID), part(fields::STAGE), key);
        Some((plan.map(str::to_owned), Some(additions.customer_name(key).unwrap_or(key).to_owned())))
    }

    /// The latency with this index.
    pub(super) fn latency(self, index: usize) -> Option<Latency> {
        let number = |name: &str| self.number(&format!("{name}{index}"));
        Some(Latency {
            n: self.count(&format!("n{index}"))?,
            avg: number("avg"),
            p50: number("p50_"),
            p90: number("p90_"),
            p95: number("p95_"),
            p99: number("p99_"),
            max: number("max"),
        })
    }

    /// All measures that the row has.
    pub(super) fn measures(self) -> Measures {
        let classes = self.count("status2xx").map(|success| Classes {
            informational: self.count("status1xx").unwrap_or(0),
            success,
            redirect: self.count("status3xx").unwrap_or(0),
            client_error: self.count("errors4xx").unwrap_or(0),
            server_error: self.count("errors5xx").unwrap_or(0),
        });
        Measures {
            requests: self.count("requests"),
            errors4xx: self.count("errors4xx"),
            errors5xx: self.count("errors5xx"),
            bytes: self.count("bytes"),
            latency: self.latency(0).filter(|latency| latency.n > 0),
            visitors: self.count("visitors"),
            first_seen: self.time("firstSeen"),
            last_seen: self.time("lastSeen"),
            classes,
            ..Measures::default()
        }
    }
}

/// A single request as a row: its fields are keys.
pub(super) fn single_request(raw: &Raw, plan: &Plan, additions: &ReportEnrichment) -> (Millis, Row) {
    let row = QueryRow(raw);
    let time = row.time("time").unwrap_or(Millis(0));
    let text = |name: &str| row.text(name).map(str::to_owned);
    let keys = plan.keys.iter().map(|key| {
        let value = match key {
            Key::Time => Some(super::bins::print_time(time, &plan.zone)),
            Key::Plan => row.customer(additions).and_then(|(plan, _)| plan),
            key => text(key.name(Some(&plan.format))),
        };
        (key.name(Some(&plan.format)), value)
    });
    let latency = row.number(fields::RESPONSE_LATENCY.name());
    let latency = latency.map(|latency| Latency { n: 1, avg: Some(latency), max: Some(latency), ..Latency::default() });
    let measures = Measures { bytes: row.count(fields::RESPONSE_LENGTH.name()), latency, ..Measures::default() };
    (time, Row { keys: Keys(keys.collect()), measures })
}
