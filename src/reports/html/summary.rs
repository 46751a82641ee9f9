//! The large numbers above a report, and the notes below it.

use std::fmt::Write as _;

use super::numbers::{self, escaped};
use super::{Page, table};
use crate::reports::measures::Measures;

/// A large number.
struct Tile {
    label: &'static str,
    value: String,
    detail: Option<String>,
    is_bad: bool,
}

impl Tile {
    fn new(label: &'static str, value: String) -> Self {
        Self { label, value, detail: None, is_bad: false }
    }

    fn detail(self, detail: impl Into<Option<String>>) -> Self {
        Self { detail: detail.into(), ..self }
    }
}

/// The numbers of the whole report.
pub(super) fn tiles(page: &Page<'_>) -> String {
    let tiles = match page.report.report {
        "overview" => page.report.rows.first().map_or_else(Vec::new, |row| of_overview(&row.measures, page)),
        "requests" | "slowest" | "parse-health" => Vec::new(),
        "latency-overview" | "latency-series" | "latency-by-route" => of_latency(page),
        _ => of_rows(page),
    };
    if tiles.is_empty() {
        return String::new();
    }
    let items = tiles.iter().fold(String::new(), |mut items, Tile { label, value, detail, is_bad }| {
        let class = if *is_bad { "value bad" } else { "value" };
        let detail = detail.as_ref().map_or_else(String::new, |text| format!("<dd class=\"detail\">{}</dd>", escaped(text)));
        let _ = write!(items, "<div><dt>{label}</dt><dd class=\"{class}\">{}</dd>{detail}</div>", escaped(value));
        items
    });
    format!("<dl class=\"tiles\">{items}</dl>\n")
}

fn of_overview(all: &Measures, page: &Page<'_>) -> Vec<Tile> {
    let mut tiles = Vec::new();
    let requests = all.requests.unwrap_or(0);
    let span = page.report.end.0.saturating_sub(page.report.start.0) as f64 / 1000.0;
    let rate = (span > 0.0).then(|| format!("{} per minute", numbers::decimal(requests as f64 * 60.0 / span)));
    tiles.push(Tile::new("Requests", numbers::count(requests)).detail(rate));
    tiles.extend(errors(all.errors4xx, all.errors5xx, all.requests));
    if let Some(bytes) = all.bytes {
        tiles.push(Tile::new("Transferred", numbers::bytes(bytes)).detail(each(bytes, requests)));
    }
    if let Some(visitors) = all.visitors {
        tiles.push(Tile::new("Visitors", numbers::count(visitors)).detail("address and user agent".to_owned()));
    }
    if let Some(latency) = all.latency.filter(|latency| latency.n > 0) {
        let median = latency.p50.map(|p50| format!("median {}", numbers::duration(p50)));
        if let Some(p95) = latency.p95 {
            tiles.push(Tile::new("Latency, p95", numbers::duration(p95)).detail(median));
        }
    }
    tiles
}

fn each(bytes: u64, requests: u64) -> Option<String> {
    bytes.checked_div(requests).map(|each| format!("{} each", numbers::bytes(each)))
}

/// The error rate and the server errors, over the same requests.
fn errors(client: Option<u64>, server: Option<u64>, requests: Option<u64>) -> Vec<Tile> {
    let (Some(client), Some(server), Some(requests)) = (client, server, requests.filter(|requests| *requests > 0)) else {
        return Vec::new();
    };
    let share = |part: u64| numbers::percent(part as f64 / requests as f64 * 100.0);
    let rate = Tile::new("Client errors", share(client)).detail(format!("{} with 4xx", numbers::count(client)));
    let server_tile = Tile::new("Server errors", share(server)).detail(format!("{} with 5xx", numbers::count(server)));
    vec![rate, Tile { is_bad: server > 0, ..server_tile }]
}

/// Sums of the rows, if the rows are all requests.
fn of_rows(page: &Page<'_>) -> Vec<Tile> {
    let (rows, meta) = (&page.report.rows, &page.report.meta);
    let mut tiles = vec![Tile::new("Requests", numbers::count(meta.matched))];
    let sum = |part: fn(&Measures) -> Option<u64>| total(rows.iter().map(|row| part(&row.measures)));
    let requests = sum(|row| row.requests);
    if !rows.is_empty() && requests == Some(meta.matched) {
        tiles.extend(errors(sum(|row| row.errors4xx), sum(|row| row.errors5xx), requests));
        if let Some(bytes) = sum(|row| row.bytes) {
            tiles.push(Tile::new("Transferred", numbers::bytes(bytes)).detail(each(bytes, meta.matched)));
        }
        let before = total(rows.iter().map(|row| row.measures.previous.as_ref().map_or(Some(0), |row| row.requests)));
        if let Some(before) = before.filter(|_| rows.iter().any(|row| row.measures.delta.is_some())) {
            let change =
                i64::try_from(meta.matched).unwrap_or(i64::MAX).saturating_sub(i64::try_from(before).unwrap_or(i64::MAX));
            tiles.push(Tile::new("Change", numbers::signed(change)).detail(format!("{} before", numbers::count(before))));
        }
        if let Some(amount) = rows.iter().map(|row| row.measures.amount).sum::<Option<f64>>() {
            tiles.push(Tile::new("Amount", table::money(amount, page)));
        }
    }
    tiles
}

/// The sum, if each row has the value.
fn total(mut values: impl Iterator<Item = Option<u64>>) -> Option<u64> {
    values.try_fold(0_u64, |sum, value| Some(sum.saturating_add(value?)))
}

/// The latency of whole responses.
fn of_latency(page: &Page<'_>) -> Vec<Tile> {
    let mut rows = page.report.rows.iter().filter(|row| row.keys.get("phase") == Some("response"));
    let (Some(row), None) = (rows.next(), rows.next()) else { return Vec::new() };
    let Some(latency) = row.measures.latency else { return Vec::new() };
    let tile = |label: &'static str, value: Option<f64>| value.map(|value| Tile::new(label, numbers::duration(value)));
    let mut tiles = vec![Tile::new("Timed requests", numbers::count(latency.n))];
    tiles.extend(tile("Median", latency.p50));
    tiles.extend(tile("p95", latency.p95));
    tiles.extend(tile("p99", latency.p99));
    tiles.extend(tile("Slowest", latency.max));
    tiles
}

/// What a reader should know.
pub(super) fn notes(page: &Page<'_>) -> Vec<String> {
    let meta = &page.report.meta;
    let mut notes = meta.notes.clone();
    if meta.truncated {
        notes.push("More rows exist than are shown.".to_owned());
    }
    if !meta.approximate.is_empty() {
        notes.push(format!("Approximate: {}.", meta.approximate.join(", ")));
    }
    let lines = |count: u64| if count == 1 { "1 line is".to_owned() } else { format!("{} lines are", numbers::count(count)) };
    if let Some(unparsed) = meta.unparsed.filter(|count| *count > 0) {
        notes.push(format!("{} not in the format of the access log.", lines(unparsed)));
    }
    if let Some(skipped) = meta.skipped.filter(|count| *count > 0) {
        notes.push(format!("{} of API Gateway's execution log.", lines(skipped)));
    }
    notes
}
