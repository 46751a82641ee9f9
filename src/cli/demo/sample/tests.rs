//! Properties of the samples: order, repeatability, form, and import with `logmark import`.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::Value;

use super::traffic::TrafficLevel;
use super::{SampleStream, Samples, backlog, streams};
use logmark_log_import::{Input, Missing, Options, read};

/// 2026-11-19T08:30:00Z, a Thursday, and a day later.
const FROM: i64 = 1_795_077_000_000;
const TO: i64 = FROM + 86_400_000;
const SEED: u64 = 42;

fn day(stream: &SampleStream) -> Vec<(i64, String)> {
    backlog(stream, FROM, TO, SEED).collect()
}

#[test]
fn times_ascend_and_stay_within_bounds() {
    for stream in streams(FROM) {
        let events = day(&stream);
        assert!(events.is_sorted_by_key(|(at, _)| *at), "{stream:?}");
        assert!(events.iter().all(|(at, _)| (FROM..TO).contains(at)), "{stream:?}");
        assert!((2_000..6_000).contains(&events.len()), "{stream:?}: {}", events.len());
    }
}

#[test]
fn the_same_seed_says_the_same() {
    for stream in streams(FROM) {
        assert_eq!(day(&stream), day(&stream));
        let other: Vec<_> = backlog(&stream, FROM, TO, SEED + 1).take(50).collect();
        assert_ne!(day(&stream)[..50], other[..]);
    }
    let [first, second, ..] = &streams(FROM)[..] else { panic!("two streams") };
    assert_ne!(day(first), day(second));
}

#[test]
fn live_lines_continue_the_backlog() {
    for stream in streams(FROM) {
        let mut samples = Samples::new(&stream, FROM, SEED);
        let middle = FROM + 40_000_000;
        let mut events = samples.until(middle);
        assert!(events.iter().all(|(at, _)| *at < middle));
        for now in (middle..=TO).step_by(60_000).chain([TO]) {
            events.extend(samples.until(now));
        }
        assert_eq!(events, day(&stream));
    }
}

#[test]
fn steady_traffic_has_no_night() {
    let night = FROM + 18 * 3_600_000;
    for stream in streams(FROM) {
        let mut samples = Samples::new(&stream, FROM, SEED);
        samples.until(night);
        samples.set_traffic_level(TrafficLevel::Steady { mean_gap_ms: 2_000 }, night);
        let events = samples.until(night + 600_000);
        assert!(events.is_sorted_by_key(|(at, _)| *at));
        assert!(events[0].0 < night + 60_000, "{stream:?}");
        assert!((200..450).contains(&events.len()), "{stream:?}: {}", events.len());
    }
}

#[test]
fn a_change_of_traffic_keeps_started_invocations_and_the_order() {
    for stream in streams(FROM) {
        let mut samples = Samples::new(&stream, FROM, SEED);
        let before = samples.by_ref().take(3).collect::<Vec<_>>();
        samples.set_traffic_level(TrafficLevel::Steady { mean_gap_ms: 1 }, FROM);
        let events: Vec<_> = before.into_iter().chain(samples.take(30)).collect();
        assert!(events.is_sorted_by_key(|(at, _)| *at), "{stream:?}");
        let undisturbed: Vec<_> = backlog(&stream, FROM, TO, SEED).take(3).collect();
        assert_eq!(events[..3], undisturbed[..]);
    }
}

#[test]
fn the_day_is_busier_than_the_night() {
    let events = day(&streams(FROM)[0]);
    let hours = |least: i64, greatest: i64| {
        events.iter().filter(|(at, _)| (least..greatest).contains(&(at % 86_400_000 / 3_600_000))).count()
    };
    assert!(hours(12, 16) > 3 * hours(1, 5), "{} {}", hours(12, 16), hours(1, 5));
}

#[test]
fn groups_belong_to_two_tenants() {
    let groups: Vec<_> = streams(FROM).into_iter().map(|stream| (stream.group, stream.stream)).collect();
    assert!(groups.contains(&("/acme/lambda/checkout", "2026/11/19/[$LATEST]0f3c9d1e7a5b4c2f8e6d1b0a9c7e5f31".to_owned())));
    for group in ["/acme/api", "/acme/java/orders", "/globex/api", "/globex/lambda/invoices", "/shared/gateway"] {
        assert!(groups.iter().any(|(name, _)| *name == group), "{group}");
    }
    let shared = streams(FROM).pop().unwrap();
    let mut tenants = BTreeMap::<_, usize>::new();
    for (_, line) in day(&shared) {
        let line: Value = serde_json::from_str(&line).unwrap();
        *tenants.entry(line["tenant"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    assert_eq!(tenants.keys().collect::<Vec<_>>(), ["acme", "globex"]);
}

#[test]
fn access_lines_are_json_in_the_consoles_order_with_a_believable_mix() {
    let events = day(&streams(FROM)[0]);
    let mut classes = BTreeMap::<_, usize>::new();
    for (at, line) in &events {
        assert!(line.starts_with(r#"{"requestId":""#), "{line}");
        let fields: Value = serde_json::from_str(line).unwrap();
        assert!(fields.as_object().unwrap().values().all(Value::is_string), "{line}");
        let ip: IpAddr = fields["ip"].as_str().unwrap().parse().unwrap();
        let documentation = match ip {
            IpAddr::V4(ip) => ip.is_documentation(),
            IpAddr::V6(ip) => ip.segments()[..2] == [0x2001, 0xdb8],
        };
        assert!(documentation, "{ip}");
        let mut reading = read("line", Input::Stream(Box::new(line.as_bytes())), Options::detect(*at)).unwrap();
        let seconds = reading.next().unwrap().unwrap().timestamp;
        assert_eq!(seconds, at - at % 1000);
        *classes.entry(fields["status"].as_str().unwrap()[..1].to_owned()).or_default() += 1;
    }
    let per_mille = |class: &str| classes.get(class).copied().unwrap_or(0) * 1000 / events.len();
    assert!(per_mille("2") > 820, "{classes:?}");
    assert!((20..120).contains(&per_mille("4")), "{classes:?}");
    assert!((3..40).contains(&per_mille("5")), "{classes:?}");
}

#[test]
fn lambda_invocations_are_whole() {
    for stream in streams(FROM).iter().filter(|stream| stream.group.contains("lambda")) {
        let events = day(stream);
        let count = |start: &str| events.iter().filter(|(_, line)| line.starts_with(start)).count();
        let (starts, reports) = (count("START RequestId: "), count("REPORT RequestId: "));
        assert!(starts - reports <= 1 && starts > 400, "{starts} {reports}");
        for part in ["INIT_START", "Init Duration: ", "Task timed out", "ERROR", "Status: timeout"] {
            assert!(events.iter().any(|(_, line)| line.contains(part)), "{part}");
        }
        for (_, line) in events.iter().filter(|(_, line)| line.starts_with('{')) {
            assert!(serde_json::from_str::<Value>(line).unwrap()["level"].is_string(), "{line}");
        }
    }
}

#[test]
fn exceptions_are_one_event_of_many_lines() {
    let orders = streams(FROM).into_iter().find(|stream| stream.group == "/acme/java/orders").unwrap();
    let traces = day(&orders).iter().filter(|(_, message)| message.contains("\n\tat ")).count();
    assert!((10..300).contains(&traces), "{traces}");
}

#[test]
fn import_reads_every_line_back() {
    for stream in streams(FROM) {
        let events = day(&stream);
        assert!(events.iter().all(|(_, message)| !message.is_empty() && message.len() < 3_000));
        let text = events.iter().map(|(_, message)| format!("{message}\n")).collect::<String>();
        let expected = events.iter().flat_map(|(at, message)| message.split('\n').map(move |line| (*at, line)));
        let options = Options { missing: Missing::InheritOr(FROM), ..Options::detect(TO) };
        let mut reading = read(stream.group, Input::Stream(Box::new(text.as_bytes())), options).unwrap();
        let lines: Vec<_> = reading.by_ref().map(Result::unwrap).collect();
        assert_eq!(reading.summary().rejected, 0);
        assert_eq!(lines.len(), expected.clone().count());
        for (line, (at, text)) in lines.iter().zip(expected) {
            assert_eq!(line.message, text);
            // Lambda's own lines have no time and inherit the one before, which may be older by an idle period.
            let inherits = ["START", "END", "REPORT", "INIT_START"].iter().any(|start| text.starts_with(start));
            assert!(inherits || (0..1000).contains(&(at - line.timestamp)), "{text}: {at} {}", line.timestamp);
        }
    }
}
