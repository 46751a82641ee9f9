//! The table of a page: the keys of the rows, and those measures that a row has.

use std::fmt::Write as _;

use super::numbers::{self, escaped};
use super::{Page, chart, labels};
use crate::reports::measures::{Latency, Measures};
use crate::reports::report::Row;

/// A column of measures: its name, and its cell in a row.
struct Column {
    label: &'static str,
    cell: fn(&Measures, &Page<'_>) -> Option<String>,
}

fn latency(measures: &Measures, part: fn(&Latency) -> Option<f64>) -> Option<String> {
    measures.latency.as_ref().and_then(part).map(numbers::duration)
}

/// All columns. Those that are empty in every row are left out.
const COLUMNS: [Column; 20] = [
    Column { label: "Requests", cell: |row, _| row.requests.map(numbers::count) },
    Column { label: "Share", cell: |row, _| row.pct.map(numbers::percent) },
    Column { label: "Before", cell: |row, _| row.previous.as_ref().and_then(|before| before.requests).map(numbers::count) },
    Column { label: "Change", cell: |row, _| row.delta.map(numbers::signed) },
    Column { label: "Change in %", cell: |row, _| row.delta_pct.map(|change| format!("{}%", numbers::decimal(change))) },
    Column { label: "4xx", cell: |row, _| row.errors4xx.map(numbers::count) },
    Column { label: "5xx", cell: |row, _| row.errors5xx.map(numbers::count) },
    Column { label: "Error rate", cell: |row, _| row.error_rate.map(numbers::percent) },
    Column { label: "Bytes", cell: |row, _| row.bytes.map(numbers::bytes) },
    Column { label: "Average", cell: |row, _| latency(row, |latency| latency.avg) },
    Column { label: "p50", cell: |row, _| latency(row, |latency| latency.p50) },
    Column { label: "p90", cell: |row, _| latency(row, |latency| latency.p90) },
    Column { label: "p95", cell: |row, _| latency(row, |latency| latency.p95) },
    Column { label: "p99", cell: |row, _| latency(row, |latency| latency.p99) },
    Column { label: "Slowest", cell: |row, _| latency(row, |latency| latency.max) },
    Column {
        label: "Timed",
        cell: |row, _| row.latency.filter(|latency| latency.avg.is_some()).map(|latency| numbers::count(latency.n)),
    },
    Column { label: "Visitors", cell: |row, _| row.visitors.map(numbers::count) },
    Column { label: "First seen", cell: |row, page| row.first_seen.map(|time| numbers::time(time, &page.zone())) },
    Column { label: "Last seen", cell: |row, page| row.last_seen.map(|time| numbers::time(time, &page.zone())) },
    Column { label: "Amount", cell: |row, page| row.amount.map(|amount| money(amount, page)) },
];

/// `12.25 USD`, with more places for small amounts.
pub(super) fn money(amount: f64, page: &Page<'_>) -> String {
    let text = if amount != 0.0 && amount.abs() < 1.0 { format!("{amount:.6}") } else { format!("{amount:.2}") };
    match &page.report.meta.currency {
        Some(currency) => format!("{text}\u{a0}{currency}"),
        None => text,
    }
}

/// The table, or a sentence if there are no rows.
pub(super) fn html(page: &Page<'_>) -> String {
    let rows = &page.report.rows;
    let Some(first) = rows.first() else {
        return "<section class=\"card\"><h2>No requests</h2><p class=\"none\">No request of this period matches the report and its filters.</p></section>\n".to_owned();
    };
    let names: Vec<&str> = first.keys.0.iter().map(|(name, _)| *name).collect();
    let columns: Vec<&Column> =
        COLUMNS.iter().filter(|column| rows.iter().any(|row| (column.cell)(&row.measures, page).is_some())).collect();
    let has_samples = rows.iter().any(|row| !row.measures.samples.is_empty());
    let mut html = format!(
        "<section class=\"card long\"><div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Table\"><table><caption>{}</caption><thead><tr>",
        caption(page)
    );
    for name in &names {
        let _ = write!(html, "<th scope=\"col\">{}</th>", escaped(&labels::key(name)));
    }
    for column in &columns {
        let _ = write!(html, "<th scope=\"col\" class=\"number\">{}</th>", column.label);
    }
    if has_samples {
        html += "<th scope=\"col\">Examples</th>";
    }
    html += "</tr></thead><tbody>\n";
    let most = rows.iter().filter_map(|row| row.measures.requests).max().unwrap_or(0);
    let shows_bars = rows.len() > 1 && !names.is_empty() && most > 0;
    for row in rows {
        html += &line(page, row, &names, &columns, shows_bars.then_some(most), has_samples);
    }
    html += "</tbody></table></div></section>\n";
    html
}

fn caption(page: &Page<'_>) -> String {
    let count = page.report.rows.len();
    let rows = if count == 1 { "1 row".to_owned() } else { format!("{} rows", numbers::count(count as u64)) };
    let cut = if page.report.meta.truncated { "; more rows exist than are shown" } else { "" };
    format!("{rows}{cut}")
}

fn line(page: &Page<'_>, row: &Row, names: &[&str], columns: &[&Column], most: Option<u64>, has_samples: bool) -> String {
    let mut html = "<tr>".to_owned();
    for name in names {
        match row.keys.get(name) {
            Some(value) => {
                let _ = write!(html, "<td>{}</td>", key_cell(page, name, value));
            }
            None => html += "<td class=\"none\">–</td>",
        }
    }
    for column in columns {
        let cell = (column.cell)(&row.measures, page);
        let bar = most.filter(|_| column.label == "Requests").map(|most| bar_of(&row.measures, most));
        let class = if bar.is_some() { "number bar" } else { "number" };
        let text = cell.map_or_else(|| "–".to_owned(), |cell| escaped(&cell));
        let _ = write!(html, "<td class=\"{class}\">{text}{}</td>", bar.unwrap_or_default());
    }
    if has_samples {
        let samples: String = row.measures.samples.iter().map(|sample| format!("<div>{}</div>", escaped(sample))).collect();
        let _ = write!(html, "<td>{samples}</td>");
    }
    html += "</tr>\n";
    html
}

/// Times are in the zone of the page.
fn key_cell(page: &Page<'_>, name: &str, value: &str) -> String {
    let moment = (name == "time").then(|| value.parse::<jiff::Timestamp>().ok()).flatten();
    match moment {
        Some(moment) => {
            let shown = moment.to_zoned(page.zone()).strftime("%Y-%m-%d %H:%M").to_string();
            format!("<time datetime=\"{}\">{}</time>", escaped(value), escaped(&shown))
        }
        None => escaped(value),
    }
}

/// Successful requests, client errors, server errors.
pub(super) fn bar_of(measures: &Measures, most: u64) -> String {
    let (client, server) = (measures.errors4xx.unwrap_or(0), measures.errors5xx.unwrap_or(0));
    let other = measures.requests.unwrap_or(0).saturating_sub(client).saturating_sub(server);
    chart::bar(&[(other, "ok"), (client, "client"), (server, "server")], most)
}
