//! A row rule's condition selects the same events in the engine as the rule's matcher does.
//!
//! Events that the documentation of `query_condition` allows to be hidden must not be shown when the rule does not match them.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

mod random;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use logmark_engine::input::memory::{MemoryEvent, MemorySource};
use logmark_engine::plan::{DEFAULT_ROWS, Plan, PlanOptions};
use logmark_engine::run::{Owner, QueryLimits, QueryStatus, Runner};
use logmark_engine::values::call::QueryTimes;
use logmark_engine::values::value::Value;
use logmark_event_rules::query_condition;
use logmark_filter_pattern::{FilterPattern, Matcher};
use logmark_insights::ast::{Expression, Query};
use random::Random;

const MESSAGES: usize = 30;

/// Queries on some messages.
struct Engine {
    runner: Runner,
    owner: Owner,
}

impl Engine {
    fn new() -> Self {
        Self { runner: Runner::new(2, 256 << 20).unwrap(), owner: Owner::new("acme", NonZeroU32::MIN) }
    }

    /// Whether the condition holds for each message.
    fn selects(&self, condition: &Expression, messages: &[String]) -> Vec<bool> {
        let event = |(number, message): (usize, &String)| MemoryEvent {
            timestamp: i64::try_from(number).unwrap(),
            ingestion_time: 0,
            stream: "s".into(),
            group: "g".into(),
            message: message.clone(),
            pointer: number.to_string(),
        };
        let source = Arc::new(MemorySource::new(messages.iter().enumerate().map(event).collect(), 1_000));
        let text = format!("filter {condition} | fields @timestamp");
        let query = Query::parse(&text).unwrap_or_else(|faults| panic!("{text}\n{faults:?}"));
        let times = QueryTimes { start: 0, end: 1_000, now: 1_000 };
        let plan = Plan::compile(&query, &PlanOptions { text: &text, times, max_rows: DEFAULT_ROWS }).unwrap();
        let handle = self.runner.start(&self.owner, plan, source, QueryLimits::default(), || {});
        assert!(matches!(handle.wait(Duration::from_secs(60)), QueryStatus::Complete), "{text}");
        let mut selected = vec![false; messages.len()];
        for row in handle.rows().rows.iter() {
            let Value::Timestamp(number) = row.values[0] else { panic!("no number: {:?}", row.values) };
            selected[usize::try_from(number).unwrap()] = true;
        }
        selected
    }
}

#[test]
fn a_condition_selects_the_events_that_its_rule_matches() {
    let rules = std::env::var("LOGMARK_EQUIVALENCE_RULES").ok().and_then(|rules| rules.parse().ok()).unwrap_or(400);
    let engine = Engine::new();
    let (mut shown, mut unmatched, mut hidden, mut refused) = (0, 0, 0, 0);
    for seed in 0..rules {
        let mut random = Random::new(seed);
        let tree = random.rule();
        let Ok(rule) = FilterPattern::try_from(tree) else { continue };
        let messages: Vec<String> = (0..MESSAGES).map(|_| random.message()).collect();
        let Ok(condition) = query_condition(&rule) else {
            refused += 1;
            continue;
        };
        let matcher = Matcher::new(&rule).unwrap();
        for (message, selected) in messages.iter().zip(engine.selects(&condition, &messages)) {
            match (matcher.matches(message), selected) {
                (true, true) => shown += 1,
                (false, false) => unmatched += 1,
                (true, false) if random::may_be_hidden(message) => hidden += 1,
                (matched, _) => {
                    panic!("seed {seed}: the rule {matched}, the condition {selected}\n{rule}\n{message:?}\n{condition}")
                }
            }
        }
    }
    println!("{shown} shown, {unmatched} not matched, {hidden} hidden although matched, {refused} rules refused");
    assert!(shown > rules && unmatched > rules && refused < rules / 2, "shown {shown}, unmatched {unmatched}, refused {refused}");
    assert!(hidden * 20 < shown, "hidden {hidden} of {shown}");
}

/// Cases that random rules rarely contain.
#[test]
fn unusual_events_are_selected_as_the_rule_matches_them() {
    let deep = |depth: usize| format!(r#"{{"tenant":"acme","x":{}1{}}}"#, "[".repeat(depth), "]".repeat(depth));
    let wide =
        format!(r#"{{{}"tenant":"acme"}}"#, (0..300).map(|number| format!(r#""f{number}":{{"a":[1,2]}},"#)).collect::<String>());
    let messages = [
        r#"{"tenant":"acme"}"#,
        r#" { "tenant" : "acme" } "#,
        r#"{"tenant":"ac\u006de"}"#,
        r#"{"t\u0065nant":"acme"}"#,
        r#"{"tenant":"globex","tenant":"acme"}"#,
        r#"{"tenant":"acme","tenant":"globex"}"#,
        r#"{"tenant":"acme","tenant":null}"#,
        r#"{"tenant":"acme","tenant":{"tenant":"acme"}}"#,
        r#"{"tenant":"acme","t\u0065nant":[]}"#,
        r#"{"x":{"tenant":"acme"}}"#,
        r#"{"tenant":"globex","x":{"tenant":"acme"}}"#,
        r#"{"x":"\"tenant\":\"acme\""}"#,
        r#"{"x":",\"tenant\":\"acme\"","y":1}"#,
        r#"{"x,":"tenant","y":"acme"}"#,
        r#"{"tenant":"acme ","a":1}"#,
        r#"{"tenant":"Acme"}"#,
        r#"{"tenant":["acme"]}"#,
        r#"[{"tenant":"acme"}]"#,
        r#"{"tenant":"acme"}{}"#,
        r#"{"tenant":"acme"} x"#,
        r#"x {"tenant":"acme"}"#,
        r#"{"tenant":"acme""#,
        r#"{"tenant":"acme","x":}"#,
        r#"{"tenant":"acme" "x":1}"#,
        r#"{"tenant":"acme",}"#,
        r#"{"x":[1,],"tenant":"acme"}"#,
        r#"{"x":"\ud800","tenant":"acme"}"#,
        r#"{"x":"\ud83d\ude00","tenant":"acme"}"#,
        r#"{"x":1e999,"tenant":"acme"}"#,
        "START RequestId: 6f747a61-51d7-4e3a-9f5a-2f6f1f1c0001 Version: 1",
        "2026-01-05T08:00:00.000Z\t6f747a61-51d7-4e3a-9f5a-2f6f1f1c0001\tINFO\t{\"tenant\":\"acme\"}\n",
        "{\"tenant\":\"acme\"}\n",
        r#"{"tenant.":"acme","":{"tenant":"acme"}}"#,
        r#"{"a":5}"#,
        r#"{"a":"5"}"#,
        r#"{"a":5.0}"#,
        r#"{"a":"5."}"#,
        r#"{"a":"\u0035."}"#,
        r#"{"a":".5e1"}"#,
        r#"{"a":50e-1}"#,
        r#"{"a":true}"#,
        r#"{"a":null}"#,
        r#"{"a":[5]}"#,
        r#"{"a":6,"a":5}"#,
        r#"{"a":5,"a":null}"#,
        r#"{"a":5,"a":{}}"#,
        r#"{"a":9007199254740993}"#,
        r#"{"a":123456789012345678901234567890}"#,
        r#"{"a":{"b":5}}"#,
        r#"{"a.b":5}"#,
        r#"{"a":{"b":"x"},"a":{"c":1}}"#,
        r#"{"a":{"b":1,"b":"x"}}"#,
        r#"{"a":"","b":""}"#,
        "{}",
        " ",
        "",
        r#"{"a":{}}"#,
        r#"{"a":{"b":{}}}"#,
        r#"{"b":[{"c":"x"},{"c":"y","c":1}]}"#,
        r#"{"b":{"0":{"c":"x"}}}"#,
        r#"{"b":[[],{"c":"x","d":[1]}]}"#,
        &wide,
        &deep(7),
        &deep(120),
        &deep(125),
        &deep(126),
        &deep(127),
        &deep(128),
        &deep(400),
    ];
    let messages: Vec<String> = messages.into_iter().map(str::to_owned).collect();
    let engine = Engine::new();
    for rule in [
        r#"{ $.tenant = "acme" }"#,
        r#"{ $.tenant != "acme" }"#,
        r#"{ $.tenant = "ac*" }"#,
        r#"{ $.tenant = "*me" }"#,
        r#"{ $.tenant = "*cm*" }"#,
        "{ $.tenant = * }",
        "{ $.tenant != * }",
        "{ $.tenant NOT EXISTS }",
        "{ $.x IS NULL || $.tenant IS NULL }",
        "{ $.a = 5 }",
        "{ $.a != 5 }",
        "{ $.a < 6 }",
        "{ $.a >= 5.5 }",
        "{ $.a > -1 }",
        "{ $.a = \"5\" }",
        "{ $.a = \"5*\" }",
        "{ $.a != \"*5\" }",
        "{ $.a = \"\" }",
        "{ $.a IS TRUE }",
        "{ $.a.b = 5 }",
        "{ $.a.b != 5 }",
        "{ $.a.b = x }",
        "{ $.a.b NOT EXISTS }",
        "{ $.a.b != y }",
        "{ $.b[*].c = x }",
        "{ $.b[1].c = x }",
        "{ $.b[0].c = * }",
        "{ $.* = acme }",
        "{ $.a.* = x }",
        "{ $.['a.b'] = 5* }",
        "acme",
        "-acme",
        "?x ?y",
        "%^\\{.*\\}$%",
        "%\\s%",
        "\"\\\"tenant\\\":\"",
        "",
    ] {
        let rule = FilterPattern::parse(rule).unwrap();
        let (condition, matcher) = (query_condition(&rule).unwrap(), Matcher::new(&rule).unwrap());
        for (message, selected) in messages.iter().zip(engine.selects(&condition, &messages)) {
            let matched = matcher.matches(message);
            if matched && !selected && random::may_be_hidden(message) {
                continue;
            }
            assert_eq!(selected, matched, "{rule} on {message:?}\n{condition}");
        }
    }
}
