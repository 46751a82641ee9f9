//! Which charts a report has.
//!
//! Owns the choice by the keys of the rows: values over time, a map of hours, or bars of the rows with the most requests.

use std::collections::BTreeMap;

use jiff::{Timestamp, Unit};

use super::chart::{COLOURS, HeatMap, Series, SeriesChart};
use super::numbers::{self, escaped};
use super::{Page, table};
use crate::reports::measures::Measures;
use crate::reports::report::Row;

/// Bars at most.
const BARS: usize = 10;
/// Labels of the axis of time.
const TICKS: i64 = 6;
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// The charts as HTML.
pub(super) fn charts(page: &Page<'_>) -> Vec<String> {
    let Some(first) = page.report.rows.first() else { return Vec::new() };
    let has = |name: &str| first.keys.0.iter().any(|(known, _)| *known == name);
    match page.report.report {
        "requests" | "slowest" => Vec::new(),
        _ if has("time") && first.measures.requests.is_none() => {
            let mut charts = latencies(page, "95th percentile", |row| row.latency.and_then(|latency| latency.p95));
            charts.extend(latencies(page, "Average", |row| row.latency.and_then(|latency| latency.avg)));
            charts
        }
        _ if has("time") => {
            over_time(page, "Requests", &|row| row.requests.map(|count| count as f64), Gap::Zero, numbers::decimal)
        }
        _ if has("hour") => hours(page).into_iter().collect(),
        _ if page.report.rows.len() > 1 && first.measures.requests.is_some() => bars(page).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// What a period without a row means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gap {
    /// No requests.
    Zero,
    /// No value.
    Nothing,
}

fn latencies(page: &Page<'_>, title: &str, value: fn(&Measures) -> Option<f64>) -> Vec<String> {
    over_time(page, title, &value, Gap::Nothing, numbers::duration)
}

/// A line for each combination of the other keys.
fn over_time(
    page: &Page<'_>,
    title: &str,
    value: &dyn Fn(&Measures) -> Option<f64>,
    gap: Gap,
    shown: fn(f64) -> String,
) -> Vec<String> {
    let (start, end) = (page.report.start.0, page.report.end.0.max(page.report.start.0 + 1));
    let mut found: BTreeMap<String, BTreeMap<i64, f64>> = BTreeMap::new();
    for row in &page.report.rows {
        let time = row.keys.get("time").and_then(|time| time.parse::<Timestamp>().ok());
        if let (Some(time), Some(value)) = (time, value(&row.measures)) {
            found.entry(name_of(row, &["time"])).or_default().insert(time.as_millisecond(), value);
        }
    }
    let mut lines: Vec<(String, BTreeMap<i64, f64>)> = found.into_iter().collect();
    let total = |points: &BTreeMap<i64, f64>| points.values().sum::<f64>();
    lines.sort_by(|(_, one), (_, two)| total(two).total_cmp(&total(one)));
    let left_out = lines.len().saturating_sub(COLOURS);
    lines.truncate(COLOURS);
    if lines.is_empty() {
        return Vec::new();
    }
    let step = step_of(lines.iter().map(|(_, points)| points));
    let place = |time: i64| ((time - start) as f64 / (end - start) as f64).clamp(0.0, 1.0);
    let series = lines.into_iter().map(|(name, points)| Series {
        name,
        runs: runs(&points, step, gap, start.max(0)..end)
            .into_iter()
            .map(|run| run.into_iter().map(|(time, value)| (place(time), value)).collect())
            .collect(),
    });
    let series: Vec<Series> = series.collect();
    let more = if left_out > 0 { format!(", and {left_out} more in the table") } else { String::new() };
    let description = format!(
        "{title} from {} to {}: {} lines{more}. The table has the numbers.",
        page.report.start,
        page.report.end,
        series.len()
    );
    vec![SeriesChart { title: title.to_owned(), description, series, ticks: ticks(page, start, end), shown }.html()]
}

/// The least distance of two points.
fn step_of<'a>(lines: impl Iterator<Item = &'a BTreeMap<i64, f64>>) -> i64 {
    let mut times: Vec<i64> = lines.flat_map(|points| points.keys().copied()).collect();
    times.sort_unstable();
    times.dedup();
    times.windows(2).map(|pair| pair[1] - pair[0]).min().unwrap_or(i64::MAX)
}

/// The points in runs without a gap.
fn runs(points: &BTreeMap<i64, f64>, step: i64, gap: Gap, range: std::ops::Range<i64>) -> Vec<Vec<(i64, f64)>> {
    let mut runs: Vec<Vec<(i64, f64)>> = vec![Vec::new()];
    let mut before: Option<i64> = (gap == Gap::Zero && step < i64::MAX).then(|| range.start.saturating_sub(step));
    // Periods of months differ in length.
    let is_gap = |from: i64, to: i64| step < i64::MAX && to - from > step + step / 2;
    for (time, value) in points {
        if let Some(last) = before
            && is_gap(last, *time)
        {
            match gap {
                Gap::Zero => {
                    let run = runs.last_mut();
                    if let Some(run) = run {
                        run.push(((last + step).max(range.start), 0.0));
                        run.push((*time - step, 0.0));
                    }
                }
                Gap::Nothing => runs.push(Vec::new()),
            }
        }
        if let Some(run) = runs.last_mut() {
            run.push((*time, *value));
        }
        before = Some(*time);
    }
    if let (Gap::Zero, Some(last), Some(run)) = (gap, before, runs.last_mut())
        && is_gap(last, range.end)
    {
        run.push((last + step, 0.0));
        run.push((range.end, 0.0));
    }
    runs.retain(|run| !run.is_empty());
    runs
}

/// Labels inside of the range.
fn ticks(page: &Page<'_>, start: i64, end: i64) -> Vec<(f64, String)> {
    const DAY: i64 = 24 * 3600 * 1000;
    let (form, unit) = match end - start {
        long if long > 300 * DAY => ("%b %Y", Unit::Day),
        long if long > 2 * DAY => ("%-d %b", Unit::Day),
        long if long > DAY / 2 => ("%-d %b %H:%M", Unit::Hour),
        long if long > DAY / 48 => ("%H:%M", Unit::Minute),
        _ => ("%H:%M:%S", Unit::Second),
    };
    let range = (end - start) as f64;
    let mut ticks: Vec<(f64, String)> = Vec::new();
    for index in 0..TICKS {
        let near = start + (range * (index as f64 + 0.5) / TICKS as f64) as i64;
        let Ok(time) = Timestamp::from_millisecond(near) else { continue };
        let Ok(time) = time.to_zoned(page.zone()).round(unit) else { continue };
        let place = (time.timestamp().as_millisecond() - start) as f64 / range;
        let label = time.strftime(form).to_string();
        if (0.0..=1.0).contains(&place) && ticks.last().is_none_or(|(_, last)| *last != label) {
            ticks.push((place, label));
        }
    }
    ticks
}

/// The hours of a day for each weekday, or for all days.
fn hours(page: &Page<'_>) -> Option<String> {
    let mut values: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
    for row in &page.report.rows {
        let hour = row.keys.get("hour")?.get(..2)?.parse::<usize>().ok().filter(|hour| *hour < 24)?;
        let day = row.keys.get("weekday").map_or(Some(0), weekday)?;
        let cells = values.entry(day).or_insert_with(|| vec![0; 24]);
        cells[hour] += row.measures.requests.unwrap_or(0);
    }
    let has_days = page.report.rows.iter().any(|row| row.keys.get("weekday").is_some());
    let name = |day: usize| if has_days { capital(WEEKDAYS[day].get(..3).unwrap_or_default()) } else { "All".to_owned() };
    let (rows, values): (Vec<String>, Vec<Vec<u64>>) = if has_days {
        (0..7).map(|day| (name(day), values.remove(&day).unwrap_or_else(|| vec![0; 24]))).unzip()
    } else {
        values.into_iter().map(|(day, cells)| (name(day), cells)).unzip()
    };
    let columns = (0..24).map(|hour| format!("{hour:02}")).collect();
    let description = "Requests by hour of the day and weekday; darker cells have more. The table has the numbers.".to_owned();
    Some(HeatMap { title: format!("Requests by hour, {}", page.zone_name()), description, columns, rows, values }.html())
}

/// From Monday on, by a name such as `Monday`, `mon`, or a number from 1.
fn weekday(name: &str) -> Option<usize> {
    let lower = name.to_ascii_lowercase();
    let by_name = WEEKDAYS.iter().position(|day| lower.len() >= 3 && day.starts_with(&lower));
    by_name.or_else(|| lower.parse::<usize>().ok()?.checked_sub(1).filter(|day| *day < 7))
}

fn capital(word: &str) -> String {
    let mut characters = word.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

/// Bars of the rows with the most requests.
fn bars(page: &Page<'_>) -> Option<String> {
    let mut rows: Vec<&Row> = page.report.rows.iter().filter(|row| row.measures.requests.is_some()).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.measures.requests));
    let most = rows.first()?.measures.requests?;
    let is_cut = rows.len() > BARS;
    rows.truncate(BARS);
    let mut html = format!("<h2>{}</h2><ol class=\"bars\">", if is_cut { format!("Top {BARS}") } else { "Requests".to_owned() });
    for row in rows {
        let requests = row.measures.requests.unwrap_or(0);
        let share = row
            .measures
            .pct
            .map_or_else(String::new, |share| format!(" <span class=\"share\">{}</span>", escaped(&numbers::percent(share))));
        let name = escaped(&name_of(row, &[]));
        html += &format!(
            "<li><span class=\"name\" title=\"{name}\">{name}</span><span class=\"value\">{}{share}</span>{}</li>",
            numbers::count(requests),
            table::bar_of(&row.measures, most)
        );
    }
    html += "</ol>";
    if page
        .report
        .rows
        .iter()
        .any(|row| row.measures.errors4xx.is_some_and(|count| count > 0) || row.measures.errors5xx.is_some_and(|count| count > 0))
    {
        html += &colours();
    }
    Some(html)
}

/// What the colours of bars mean.
fn colours() -> String {
    let item = |class: &str, name: &str| {
        format!(
            "<li><svg aria-hidden=\"true\" viewBox=\"0 0 12 12\"><rect class=\"{class}\" width=\"12\" height=\"12\" rx=\"3\"/></svg>{name}</li>"
        )
    };
    format!("<ul class=\"legend\">{}{}{}</ul>", item("ok", "Below 400"), item("client", "4xx"), item("server", "5xx"))
}

/// The values of the keys.
fn name_of(row: &Row, without: &[&str]) -> String {
    let values = row.keys.0.iter().filter(|(name, _)| !without.contains(name));
    let mut text = String::new();
    let mut join = "";
    for (name, value) in values {
        text += join;
        text += value.as_deref().unwrap_or("–");
        // A method belongs to its path.
        join = if *name == "httpMethod" { " " } else { " · " };
    }
    if text.is_empty() { "Requests".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_without_requests_are_zero_and_those_without_a_latency_a_gap() {
        let points: BTreeMap<i64, f64> = [(20, 5.0), (30, 6.0), (60, 7.0)].into();
        let zeros = runs(&points, 10, Gap::Zero, 0..100);
        assert_eq!(
            zeros,
            [vec![(0, 0.0), (10, 0.0), (20, 5.0), (30, 6.0), (40, 0.0), (50, 0.0), (60, 7.0), (70, 0.0), (100, 0.0)]]
        );
        assert_eq!(runs(&points, 10, Gap::Nothing, 0..100), [vec![(20, 5.0), (30, 6.0)], vec![(60, 7.0)]]);
        assert_eq!(runs(&[(20, 5.0)].into(), i64::MAX, Gap::Zero, 0..100), [vec![(20, 5.0)]]);
    }

    #[test]
    fn weekdays_have_several_spellings() {
        assert_eq!(
            ["Monday", "sun", "7", "1", "0", "x", ""].map(weekday),
            [Some(0), Some(6), Some(6), Some(0), None, None, None]
        );
    }
}
