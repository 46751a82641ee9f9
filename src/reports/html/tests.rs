//! Pages of reports with hostile and extreme values.

use std::path::Path;

use super::*;
use crate::domain::name::LogGroupName;
use crate::reports::catalogue;
use crate::reports::filters::Filters;
use crate::reports::measures::{Latency, Measures};
use crate::reports::report::{Keys, Meta, Row};

const START: Millis = Millis(1_795_168_800_000);
const HOUR: i64 = 3_600_000;
const HOSTILE: &str = "\"><script>alert('x')</script><img src=x onerror=alert(1)>\u{202e}\u{0}";

fn request(name: &str) -> ReportRequest {
    ReportRequest {
        report: name.to_owned(),
        groups: vec![LogGroupName::try_from("/acme/gateway").unwrap()],
        start: START,
        end: Millis(START.0 + 24 * HOUR),
        bin: None,
        limit: None,
        sort: None,
        zone: None,
        dimension: None,
        class: None,
        compared: None,
        previous_start: None,
        filters: Filters { path: Some(HOSTILE.to_owned()), ignore_bots: true, ..Filters::default() },
    }
}

fn report(name: &str, rows: Vec<Row>) -> Report {
    let request = request(name);
    let matched = rows.iter().filter_map(|row| row.measures.requests).sum();
    let meta = Meta {
        matched,
        notes: vec![HOSTILE.to_owned()],
        queries: vec![HOSTILE.to_owned()],
        truncated: true,
        currency: Some("EUR".to_owned()),
        ..Meta::default()
    };
    Report {
        report: catalogue::find(name).unwrap().name,
        groups: request.groups,
        start: request.start,
        end: request.end,
        bin: Some("1h"),
        rows,
        meta,
        next_cursor: None,
    }
}

fn row(keys: &[(&'static str, Option<&str>)], requests: u64) -> Row {
    let latency = Latency { n: requests, avg: Some(41.5), p50: Some(32.0), p95: Some(1200.0), ..Latency::default() };
    let measures = Measures {
        requests: Some(requests),
        pct: Some(12.5),
        errors4xx: Some(1),
        errors5xx: Some(0),
        error_rate: Some(0.0001),
        bytes: Some(u64::MAX),
        latency: Some(latency),
        first_seen: Some(START),
        samples: vec![HOSTILE.to_owned()],
        amount: Some(0.000_004),
        ..Measures::default()
    };
    Row { keys: Keys(keys.iter().map(|(name, value)| (*name, value.map(str::to_owned))).collect()), measures }
}

fn page(name: &str, rows: Vec<Row>) -> String {
    let (report, request) = (report(name, rows), request(name));
    let definition = catalogue::find(name).unwrap();
    Page { report: &report, definition, request: &request, made_at: START }.html()
}

/// Every start of a tag in the page is one that the page itself writes.
#[track_caller]
fn check_tags(html: &str) {
    const KNOWN: [&str; 42] = [
        "!doctype", "html", "head", "meta", "title", "link", "style", "body", "header", "p", "h1", "h2", "dl", "div", "dt", "dd",
        "time", "main", "section", "svg", "line", "text", "polyline", "polygon", "circle", "rect", "ol", "ul", "li", "span",
        "table", "caption", "thead", "tbody", "tr", "th", "td", "details", "summary", "pre", "footer", "code",
    ];
    for start in html.split('<').skip(1) {
        let name = start.trim_start_matches('/').split([' ', '>', '\n']).next().unwrap();
        assert!(KNOWN.contains(&name), "<{name}");
        let tag = start.split('>').next().unwrap();
        // Without the values of its attributes.
        let attributes: String = tag.split('"').step_by(2).collect();
        assert!(!attributes.contains(" style=") && !attributes.contains(" on"), "<{tag}>");
    }
    assert!(!html.contains("javascript:") && !html.contains('\u{202e}') && !html.contains('\u{0}'));
}

#[test]
fn values_of_strangers_are_escaped_on_every_report() {
    for definition in catalogue::ALL {
        let keys: &[(&'static str, Option<&str>)] = match definition.name {
            "traffic" => &[("time", Some("2026-11-20T12:00:00.000Z")), ("dimension", Some(HOSTILE))],
            "latency-series" => &[("time", Some(HOSTILE)), ("phase", Some(HOSTILE))],
            "hours" => &[("hour", Some("10")), ("weekday", Some("Friday"))],
            _ => &[("path", Some(HOSTILE)), ("customer", None)],
        };
        let html = page(definition.name, vec![row(keys, 10), row(keys, u64::MAX / 4)]);
        check_tags(&html);
        assert!(html.contains("&lt;script&gt;") || definition.name == "hours", "{}", definition.name);
        assert!(html.contains("Bots"), "the filters are shown");
    }
}

#[test]
fn a_report_without_rows_says_so() {
    let html = page("routes", Vec::new());
    check_tags(&html);
    assert!(html.contains("No request of this period matches"), "{html}");
}

#[test]
fn numbers_are_for_readers() {
    let html = page(
        "hosts",
        vec![row(&[("ip", Some("192.0.2.1")), ("country", Some("DE"))], 12_345), row(&[("ip", None), ("country", None)], 5)],
    );
    for text in
        ["12,345", "12.5%", "&lt;0.01%", "18.4 EB", "1.2 s", "0.000004 EUR", "20 Nov 2026, 10:00", "Address", "192.0.2.1 · DE"]
    {
        assert!(html.replace('\u{a0}', " ").contains(text), "{text}\n{html}");
    }
}

#[test]
fn the_digest_is_that_of_the_style_in_the_page() {
    let html = page("status", Vec::new());
    let style = html.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, style.as_bytes());
    assert_eq!(style_digest(), BASE64_STANDARD.encode(digest));
    assert_eq!(html.matches("<style").count(), 1);
}

/// Writes pages with many rows into the folder that `LOGMARK_TEST_PAGES` names, to look at them in a browser.
#[test]
fn pages_with_many_rows_are_complete() {
    let hour = |hour: i64| Millis(START.0 + hour * HOUR).to_string();
    let wave = |n: i64| (((n as f64) / 3.8).sin() * 400.0 + 520.0) as u64;
    let series: Vec<Row> = (0..24)
        .flat_map(|n| {
            let (time, late) = (hour(n), hour(n));
            [
                row(&[("time", Some(&time)), ("dimension", Some("GET /orders/{id}"))], wave(n)),
                row(&[("time", Some(&late)), ("dimension", Some("POST /checkout"))], wave(n + 9) / 3),
            ]
        })
        .collect();
    let week = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    let hours =
        (0..168).map(|n| row(&[("hour", Some(&format!("{:02}", n % 24))), ("weekday", Some(week[n / 24]))], wave(n as i64)));
    let hosts = (1..40).map(|n| row(&[("ip", Some(&format!("192.0.2.{n}"))), ("country", Some("DE"))], 9000 / n + 3));
    let pages =
        [("traffic", series), ("hours", hours.collect()), ("hosts", hosts.collect()), ("overview", vec![row(&[], 12_345)])];
    for (name, rows) in pages {
        let count = rows.len();
        let html = page(name, rows);
        check_tags(&html);
        assert_eq!(html.matches("<tr>").count(), count + 1);
        if let Some(folder) = std::env::var_os("LOGMARK_TEST_PAGES") {
            std::fs::write(Path::new(&folder).join(format!("{name}.html")), html).unwrap();
        }
    }
}
