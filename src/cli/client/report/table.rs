//! The table of a report: a heading, time series as lines of small bars, then the rows.
//!
//! Owns the columns: the keys, and the measures that a row has.

use std::collections::BTreeMap;
use std::io;

use serde_json::Value;

use super::chart::{self, Characters, Charts};
use super::rows::{Report, Row};
use crate::cli::client::output::{Output, Style, shortened, terminal_width, width};
use crate::cli::client::progress::human_bytes;
use crate::cli::client::table::Table;

/// Columns of a bar beside a number.
const BAR_WIDTH: usize = 16;
/// Columns of a time series: within them, and the rest of the terminal.
const SERIES_WIDTHS: (usize, usize) = (20, 100);
/// Columns of the name of a time series.
const NAME_WIDTH: usize = 28;
/// Time series at most.
const MAX_SERIES: usize = 12;

/// The measures in the order of the table, with their headers.
const MEASURES: [(&str, &str); 20] = [
    ("requests", "requests"),
    ("pct", "%"),
    ("previous.requests", "before"),
    ("delta", "change"),
    ("deltaPct", "change %"),
    ("errors4xx", "4xx"),
    ("errors5xx", "5xx"),
    ("errorRate", "error %"),
    ("bytes", "bytes"),
    ("latency.n", "timed"),
    ("latency.avg", "avg ms"),
    ("latency.p50", "p50 ms"),
    ("latency.p90", "p90 ms"),
    ("latency.p95", "p95 ms"),
    ("latency.p99", "p99 ms"),
    ("latency.max", "max ms"),
    ("visitors", "visitors"),
    ("firstSeen", "first seen"),
    ("lastSeen", "last seen"),
    ("amount", "amount"),
];

/// Writes the report. Returns whether a cell was shortened.
pub(super) fn write(report: &Report, charts: Charts, wide: bool, output: &mut Output) -> io::Result<bool> {
    let characters = charts.characters();
    if characters.is_some() {
        heading(report, output)?;
    }
    if report.rows.is_empty() {
        output.text("no requests", Style::Plain)?;
        output.bytes(b"\n")?;
        return Ok(false);
    }
    if let Some(characters) = characters {
        time_series(report, characters, output)?;
    }
    let (table, right) = table_of(report, characters);
    table.write_aligned(output, wide, &right)
}

fn heading(report: &Report, output: &mut Output) -> io::Result<()> {
    output.text(&report.report, Style::Bold)?;
    let period = report.bin.as_ref().map_or_else(String::new, |bin| format!(" by {bin}"));
    output.text(&format!("  {}  {} to {}{period}\n\n", report.groups.join(" "), report.start, report.end), Style::Dim)
}

/// A line for each series: its name, its values over time, and their sum or maximum.
fn time_series(report: &Report, characters: Characters, output: &mut Output) -> io::Result<()> {
    let mut times: Vec<&str> = report.rows.iter().filter_map(|row| row.key("time")).collect();
    times.sort_unstable();
    times.dedup();
    if times.len() < 2 {
        return Ok(());
    }
    let counts = report.rows.iter().any(|row| row.number("requests").is_some());
    let (measure, join): (&str, fn(f64, f64) -> f64) =
        if counts { ("requests", |one, two| one + two) } else { ("latency.p95", f64::max) };
    let mut lines: BTreeMap<String, BTreeMap<&str, f64>> = BTreeMap::new();
    for row in &report.rows {
        if let (Some(time), Some(value)) = (row.key("time"), row.number(measure)) {
            lines.entry(row.name_without("time")).or_default().insert(time, value);
        }
    }
    let mut lines: Vec<(String, Vec<Option<f64>>)> =
        lines.into_iter().map(|(name, values)| (name, times.iter().map(|time| values.get(time).copied()).collect())).collect();
    let total = |values: &[Option<f64>]| values.iter().flatten().copied().reduce(join).unwrap_or(0.0);
    lines.sort_by(|(_, one), (_, two)| total(two).total_cmp(&total(one)));
    lines.truncate(MAX_SERIES);
    let names = lines.iter().map(|(name, _)| width(&shortened(name, NAME_WIDTH))).max().unwrap_or(0);
    let (least, most) = SERIES_WIDTHS;
    let room = terminal_width().unwrap_or(80).saturating_sub(names + 14).clamp(least, most);
    for (name, values) in &lines {
        let name = shortened(name, NAME_WIDTH);
        if names > 0 {
            output.text(&format!("{name}{}  ", " ".repeat(names - width(&name))), Style::Plain)?;
        }
        output.text(&chart::series(values, room, join, characters), Style::Cyan)?;
        output.text(&format!("  {}\n", shown_number(total(values))), Style::Plain)?;
    }
    output.bytes(b"\n")
}

/// The rows as texts, and which columns are numbers.
fn table_of(report: &Report, characters: Option<Characters>) -> (Table, Vec<bool>) {
    let names: Vec<&str> =
        report.rows.first().map_or_else(Vec::new, |row| row.keys.iter().map(|(name, _)| name.as_str()).collect());
    let measures: Vec<(&str, &str)> = MEASURES
        .into_iter()
        .filter(|(name, _)| report.rows.iter().any(|row| row.measure(name).is_some_and(|value| !value.is_null())))
        .collect();
    let most = report.rows.iter().filter_map(|row| row.number("requests")).fold(0.0, f64::max);
    let bars = characters.filter(|_| report.rows.len() > 1 && most > 0.0 && !names.is_empty());
    let classes = report.rows.iter().any(|row| row.measure("classes").is_some());
    let (mut header, mut right) = (Vec::new(), Vec::new());
    let mut column = |title: &str, is_right: bool| {
        header.push(title.to_owned());
        right.push(is_right);
    };
    names.iter().for_each(|name| column(name, false));
    for (name, title) in &measures {
        column(title, !matches!(*name, "firstSeen" | "lastSeen"));
        if *name == "requests" && bars.is_some() {
            column("", false);
        }
    }
    if classes {
        ["1xx", "2xx", "3xx", "4xx", "5xx"].iter().for_each(|class| column(class, true));
    }
    let samples = report.rows.iter().any(|row| row.measure("samples").is_some());
    if samples {
        column("example", false);
    }
    let rows = report.rows.iter().map(|row| {
        let mut cells: Vec<String> = names.iter().map(|name| row.key(name).unwrap_or("-").to_owned()).collect();
        for (name, _) in &measures {
            cells.push(cell(row, name, characters.is_some()));
            if let (&"requests", Some(characters)) = (name, bars) {
                cells.push(chart::bar(row.number("requests").unwrap_or(0.0), most, BAR_WIDTH, characters));
            }
        }
        if classes {
            let class = |name: &str| {
                row.measure("classes").and_then(|classes| classes.get(name)).map_or_else(|| "-".to_owned(), Value::to_string)
            };
            cells.extend(["1xx", "2xx", "3xx", "4xx", "5xx"].map(class));
        }
        if samples {
            cells.push(
                row.measure("samples").and_then(|samples| samples.get(0)).and_then(Value::as_str).unwrap_or("-").to_owned(),
            );
        }
        cells
    });
    (Table { header, rows: rows.collect() }, right)
}

/// For people, bytes have a unit; for programs, all numbers are plain.
fn cell(row: &Row, name: &str, for_people: bool) -> String {
    match row.measure(name) {
        None | Some(Value::Null) => "-".to_owned(),
        Some(value) if name == "bytes" && for_people => value.as_u64().map_or_else(|| value.to_string(), human_bytes),
        Some(Value::Number(number)) => match number.as_f64() {
            Some(float) if !number.is_u64() && !number.is_i64() => shown_number(float),
            _ => number.to_string(),
        },
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// At most two decimal places, and six for amounts below one.
fn shown_number(number: f64) -> String {
    let text = if number != 0.0 && number.abs() < 0.01 { format!("{number:.6}") } else { format!("{number:.2}") };
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_few_decimals() {
        assert_eq!([0.0, 1.0, 12.3456, 0.000_004, 100.0].map(shown_number), ["0", "1", "12.35", "0.000004", "100"]);
    }

    #[test]
    fn columns_are_those_that_a_row_has() {
        let report: Report = serde_json::from_str(
            r#"{"report":"status","groups":["/g"],"start":"a","end":"b","rows":[
               {"keys":{"status":"200","statusClass":"2xx"},"requests":90,"pct":90.0,"bytes":2000},
               {"keys":{"status":"404","statusClass":null},"requests":10,"pct":10.0,"latency":{"n":1,"p95":7.25}}]}"#,
        )
        .unwrap();
        let (table, right) = table_of(&report, Some(Characters::Ascii));
        assert_eq!(table.header, ["status", "statusClass", "requests", "", "%", "bytes", "timed", "p95 ms"]);
        assert_eq!(right, [false, false, true, false, true, true, true, true]);
        assert_eq!(table.rows[0], ["200", "2xx", "90", "################", "90", "1.95 KiB", "-", "-"]);
        assert_eq!(table.rows[1], ["404", "-", "10", "##", "10", "-", "1", "7.25"]);
        let (plain, _) = table_of(&report, None);
        assert_eq!(plain.rows[0], ["200", "2xx", "90", "90", "2000", "-", "-"]);
    }
}
