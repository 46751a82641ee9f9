//! Single requests: the rows of `requests` and `slowest`, and the pages of `requests`.

use serde::{Deserialize, Serialize};

use super::agents::Agents;
use super::definition::RequestOrder;
use super::enrich::ReportEnrichment;
use super::fields;
use super::plan::Plan;
use super::report::Row;
use super::request::ReportRequest;
use super::rows::{QueryRow, single_request};
use crate::domain::query::operations::Row as Raw;
use crate::domain::time::Millis;

/// Where a page ended: all requests after this time, and some of this time, are passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passed {
    /// The time of the last request.
    pub last: Millis,
    /// Requests of this time that were passed.
    pub count: usize,
}

/// A page.
#[derive(Debug)]
pub struct Page {
    /// The rows.
    pub rows: Vec<Row>,
    /// Where it ended; `None`: there are no more.
    pub next: Option<Passed>,
}

/// The requests in a query's rows that match the filters on enriched values.
#[must_use]
pub fn rows(raw: &[Raw], plan: &Plan, request: &ReportRequest, additions: &ReportEnrichment) -> Vec<(Millis, Row)> {
    let (filters, mut agents) = (&request.filters, Agents::default());
    let mut is_admitted = |row: QueryRow<'_>| {
        let (plan, customer) = row.customer(additions).unwrap_or_default();
        let mut is_bot = || row.text(fields::USER_AGENT.name()).is_some_and(|text| agents.get(text).is_bot);
        let is_bot = filters.ignore_bots && is_bot();
        filters.admits(plan.as_deref(), customer.as_deref(), is_bot)
    };
    raw.iter().filter(|raw| is_admitted(QueryRow(raw))).map(|raw| single_request(raw, plan, additions)).collect()
}

/// The page behind what was passed.
#[must_use]
pub fn page(mut found: Vec<(Millis, Row)>, order: RequestOrder, limit: usize, passed: Option<Passed>) -> Page {
    // The rows of each query are in order; those of several queries are joined by a stable sort.
    match order {
        RequestOrder::Newest => found.sort_by_key(|(time, _)| std::cmp::Reverse(*time)),
        RequestOrder::Slowest => {
            let latency = |row: &Row| row.measures.value("latency.max").unwrap_or(0.0);
            found.sort_by(|(_, one), (_, two)| latency(two).total_cmp(&latency(one)));
        }
    }
    let skipped = passed.map_or(0, |passed| found.iter().take_while(|(time, _)| *time == passed.last).take(passed.count).count());
    let has_more = found.len() > skipped + limit;
    let rows: Vec<(Millis, Row)> = found.into_iter().skip(skipped).take(limit).collect();
    let next = rows.last().filter(|_| has_more).map(|(last, _)| {
        let here = rows.iter().rev().take_while(|(time, _)| time == last).count();
        let before = passed.filter(|passed| passed.last == *last).map_or(0, |passed| passed.count);
        Passed { last: *last, count: here + before }
    });
    Page { rows: rows.into_iter().map(|(_, row)| row).collect(), next }
}
