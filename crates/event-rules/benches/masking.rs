//! The cost of a mask for each event, beside parsing the message, removing the members and printing it, in the same run:
//! `cargo bench -p logmark-event-rules --bench masking`. The best of five runs counts.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement for a person to read")]

use std::hint::black_box;
use std::time::Instant;

use logmark_event_rules::{FieldMask, MaskPath, Masked, Replacement};
use serde_json::Value;

const RUNS: usize = 5;
const EVENTS: usize = 20_000;

fn main() {
    let paths: Vec<_> = ["$.card", "$.user.email", "$.items[*].card"].map(|path| MaskPath::parse(path).unwrap()).into();
    let mask = FieldMask::new(&paths, Replacement::default()).unwrap();
    println!("{:<34}{:>12}{:>14}{:>22}{:>8}", "events", "bytes/event", "mask ns/event", "serde_json ns/event", "ratio");
    for (name, events) in [("nothing masked", events(false)), ("three values masked", events(true))] {
        let masked = best(&events, |event| match mask.apply(event) {
            Masked::Changed(text) => text.len(),
            Masked::Unchanged => event.len(),
            Masked::Withheld => 0,
        });
        let parsed = best(&events, |event| removed(event).len());
        let bytes = events.iter().map(String::len).sum::<usize>() / events.len();
        println!("{name:<34}{bytes:>12}{masked:>14.0}{parsed:>22.0}{:>8.1}", parsed / masked);
    }
}

fn events(with_masked: bool) -> Vec<String> {
    let event = |number: usize| {
        let masked = if with_masked { r#","card":"4111 1111 1111 1111""# } else { "" };
        let email = if with_masked { r#","email":"ann@shop.example""# } else { "" };
        format!(
            r#"{{"timestamp":"2026-01-05T08:00:{:02}.000Z","level":"info","message":"order {number} was accepted","took":{}.5{masked},"user":{{"id":{number},"name":"Ann"{email}}},"items":[{{"sku":"A-{number}","count":2}},{{"sku":"B-7","count":1}}],"trace":"6f747a61-51d7-4e3a-9f5a-2f6f1f1c0001"}}"#,
            number % 60,
            number % 300,
        )
    };
    (0..EVENTS).map(event).collect()
}

/// The alternative without a mask that works on the text.
fn removed(event: &str) -> String {
    let mut value: Value = serde_json::from_str(event).unwrap();
    let members = value.as_object_mut().unwrap();
    members.remove("card");
    if let Some(Value::Object(user)) = members.get_mut("user") {
        user.remove("email");
    }
    if let Some(Value::Array(items)) = members.get_mut("items") {
        items.iter_mut().filter_map(Value::as_object_mut).for_each(|item| drop(item.remove("card")));
    }
    value.to_string()
}

/// Nanoseconds per event.
fn best(events: &[String], mut work: impl FnMut(&str) -> usize) -> f64 {
    let run = |work: &mut dyn FnMut(&str) -> usize| {
        let begun = Instant::now();
        for event in events {
            black_box(work(black_box(event)));
        }
        begun.elapsed().as_secs_f64() * 1e9
    };
    (0..RUNS).map(|_| run(&mut work)).fold(f64::INFINITY, f64::min) / f64::from(u32::try_from(events.len()).unwrap())
}
