//! Throughput of a page from CloudWatch's response to Logmark's response, compared with the usual alternatives in the same run:
//! `cargo bench -p logmark-event-page --bench transcode`.
//!
//! `LOGMARK_BENCH_DATA` names a directory with `web/apache_combined_semicomplete_10k.log`, `auth/auth.log` and
//! `cloudtrail/invictus_stratus_cloudtrail.jsonl`; without it lines are generated. Their messages fill responses of one megabyte
//! (1,000,000 bytes of JSON), which are used in turn, so that branch prediction does not learn one input.
//!
//! GB/s are bytes of the response per second, on one core. `serde_json` is the usual code: typed structs with owned strings for
//! reading, borrowed structs for writing, times by `jiff`. `memcpy` copies the response. Every round allocates its output, as a
//! request does; the best round counts.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement for a person to read")]

#[path = "../tests/agreement/typed.rs"]
#[expect(dead_code, reason = "the tokens are read but not used here")]
mod typed;

use std::fmt::{Display, Write as _};
use std::fs;
use std::hint::black_box;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use bytes::Bytes;
use logmark_event_page::{GroupPage, Layout, StreamPage, Writer};
use serde::Serialize;
use typed::{Event, GroupAnswer, StreamAnswer};

const ROUNDS: usize = 30;
const PAGE: usize = 1_000_000;
const LAYOUTS: [(&str, Layout); 4] =
    [("json", Layout::JsonItems), ("ndjson", Layout::Ndjson), ("csv", Layout::Csv), ("text", Layout::Text)];

fn main() {
    println!("{:<34}{:>8}{:>10}{:>10}{:>8}{:>10}{:>8}", "lines, answer", "to", "GB/s", "serde", "ratio", "memcpy", "ratio");
    for (name, lines) in lines() {
        for (call, pages) in [("GetLogEvents", stream_pages(&lines)), ("FilterLogEvents", group_pages(&lines))] {
            measure(&format!("{name}, {call}"), call, &pages);
        }
    }
}

fn measure(name: &str, call: &str, pages: &[Bytes]) {
    let bytes: usize = pages.iter().map(Bytes::len).sum();
    let speed = |work: &dyn Fn(&Bytes) -> usize| speed(bytes, pages, work);
    let memcpy = speed(&|page| black_box(page.to_vec()).len());
    let scan = |page: &Bytes| match call {
        "GetLogEvents" => StreamPage::read(page.clone()).unwrap().events.in_stream("web-1"),
        _ => GroupPage::read(page.clone()).unwrap().events,
    };
    let parse = |page: &Bytes| match call {
        // No copy of the stream's name: the caller knows it.
        "GetLogEvents" => serde_json::from_slice::<StreamAnswer>(page).unwrap().into_events(""),
        _ => serde_json::from_slice::<GroupAnswer>(page).unwrap().into_events(),
    };
    let row = |to: &str, ours: f64, serde: f64| {
        println!("{name:<34}{to:>8}{ours:>10.2}{serde:>10.2}{:>8.1}{memcpy:>10.2}{:>8.2}", ours / serde, ours / memcpy);
    };
    row("(read)", speed(&|page| black_box(scan(page)).len()), speed(&|page| black_box(parse(page)).len()));
    for (to, layout) in LAYOUTS {
        let ours = speed(&|page| {
            let mut out = Vec::new();
            Writer::new(layout).page(&scan(page), &mut out);
            black_box(out).len()
        });
        let serde = speed(&|page| {
            let mut out = Vec::new();
            by_hand(layout, &parse(page), &mut out);
            black_box(out).len()
        });
        row(to, ours, serde);
    }
}

/// Gigabytes a second.
fn speed(bytes: usize, pages: &[Bytes], work: &dyn Fn(&Bytes) -> usize) -> f64 {
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        for page in pages {
            black_box(work(page));
        }
        best = best.min(begun.elapsed());
    }
    bytes as f64 / best.as_secs_f64() / 1e9
}

// === lines ===

fn lines() -> Vec<(&'static str, Vec<String>)> {
    let folder = std::env::var_os("LOGMARK_BENCH_DATA").map(PathBuf::from);
    let read = |file: &str, made: fn(usize) -> String| match &folder {
        Some(folder) => fs::read_to_string(folder.join(file)).unwrap().lines().map(str::to_owned).collect(),
        None => (0..10_000).map(made).collect::<Vec<_>>(),
    };
    if folder.is_none() {
        println!("LOGMARK_BENCH_DATA is not set: using generated lines");
    }
    let web = read("web/apache_combined_semicomplete_10k.log", |i| format!("192.0.2.{} - - \"GET /orders/{i}\" 200", i % 256));
    let auth = read("auth/auth.log", |i| format!("Nov 20 10:00:00 host sshd[{i}]: Failed password for root from 192.0.2.1"));
    let trail = read("cloudtrail/invictus_stratus_cloudtrail.jsonl", |i| {
        format!("{{\"eventName\":\"AssumeRole\",\"userIdentity\":{{\"type\":\"IAMUser\",\"id\":\"{i}\"}},\"readOnly\":true}}")
    });
    // The data has no such logs: lines of a service in another language, with a fifth of non-ASCII letters.
    let foreign = |line: &String| line.replace("Failed password for", "Ошибка входа: пользователь").replace("from", "с адреса");
    let foreign = auth.iter().map(foreign).collect();
    vec![("web access", web), ("sshd", auth), ("CloudTrail (JSON)", trail), ("sshd in Cyrillic", foreign)]
}

fn stream_pages(lines: &[String]) -> Vec<Bytes> {
    let event = |page: &mut String, index: usize, line: &String| {
        let at = 1_763_632_800_000 + index * 37;
        let message = serde_json::to_string(line).unwrap();
        write!(page, r#"{{"timestamp":{at},"message":{message},"ingestionTime":{}}}"#, at + 1043).unwrap();
    };
    pages(lines, event, r#"],"nextForwardToken":"f/38630134520184120834509124350923485/s","nextBackwardToken":"b/3/s"}"#)
}

fn group_pages(lines: &[String]) -> Vec<Bytes> {
    let event = |page: &mut String, index: usize, line: &String| {
        let (at, message) = (1_763_632_800_000 + index * 37, serde_json::to_string(line).unwrap());
        let (stream, taken) = (index / 5 % 3, at + 1043);
        write!(page, r#"{{"logStreamName":"web-{stream}","timestamp":{at},"message":{message},"ingestionTime":{taken},"#)
            .unwrap();
        write!(page, r#""eventId":"{:056}"}}"#, 386_301_345_201_841_208_345_u128 * index as u128).unwrap();
    };
    pages(lines, event, r#"],"searchedLogStreams":[],"nextToken":"Bxkq6kVGFtq2y_MoigeqscPOdhXVbhiVtLoAmXb5jCo"}"#)
}

fn pages(lines: &[String], event: impl Fn(&mut String, usize, &String), end: &str) -> Vec<Bytes> {
    let mut pages = Vec::new();
    let mut page = String::from(r#"{"events":["#);
    for (index, line) in lines.iter().enumerate() {
        if page.len() > 11 {
            page.push(',');
        }
        event(&mut page, index, line);
        if page.len() >= PAGE {
            page.push_str(end);
            pages.push(Bytes::from(std::mem::replace(&mut page, String::from(r#"{"events":["#))));
        }
    }
    if pages.is_empty() {
        page.push_str(end);
        pages.push(Bytes::from(page));
    }
    pages
}

// === hand-written JSON ===

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(serialize_with = "print")]
    timestamp: Time,
    #[serde(serialize_with = "print_some", skip_serializing_if = "Option::is_none")]
    ingestion_time: Option<Time>,
    log_stream: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<&'a str>,
    message: &'a str,
}

#[derive(Clone, Copy)]
struct Time(i64);

impl Display for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.3}", jiff::Timestamp::from_millisecond(self.0).unwrap())
    }
}

fn print<S: serde::Serializer>(time: &Time, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(time)
}

fn print_some<S: serde::Serializer>(time: &Option<Time>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&time.unwrap())
}

fn by_hand(layout: Layout, events: &[Event], out: &mut Vec<u8>) {
    for event in events {
        let stream = if event.stream.is_empty() { "web-1" } else { &event.stream };
        match layout {
            Layout::JsonItems | Layout::Ndjson => {
                let body = Body {
                    timestamp: Time(event.timestamp),
                    ingestion_time: event.ingestion_time.map(Time),
                    log_stream: stream,
                    event_id: event.event_id.as_deref(),
                    message: &event.message,
                };
                serde_json::to_writer(&mut *out, &body).unwrap();
                out.push(b'\n');
            }
            Layout::Csv => {
                let time = Time(event.timestamp).to_string();
                let ingestion = event.ingestion_time.map(|time| Time(time).to_string()).unwrap_or_default();
                for cell in [&time, &ingestion, stream, event.event_id.as_deref().unwrap_or("")] {
                    csv_cell(cell, out);
                    out.push(b',');
                }
                csv_cell(&event.message, out);
                out.extend_from_slice(b"\r\n");
            }
            Layout::Text | Layout::RawText => {
                let is_plain = |c: char| !c.is_control() || c == '\t' || c == '\n';
                if event.message.chars().all(is_plain) {
                    out.extend_from_slice(event.message.as_bytes());
                } else {
                    out.extend(event.message.chars().map(|c| if is_plain(c) { c } else { '?' }).collect::<String>().bytes());
                }
                out.push(b'\n');
            }
        }
    }
}

fn csv_cell(text: &str, out: &mut Vec<u8>) {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) {
        out.push(b'\'');
    }
    if !text.contains(['"', ',', '\r', '\n']) {
        return out.extend_from_slice(text.as_bytes());
    }
    out.push(b'"');
    for byte in text.bytes() {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}
