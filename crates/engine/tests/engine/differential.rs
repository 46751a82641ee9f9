//! Generated queries over generated events: the engine returns the rows of the naive interpreter, for any size of blocks.

use std::sync::atomic::{AtomicU32, Ordering};

use logmark_engine::input::memory::{MemoryEvent, MemorySource};
use logmark_engine::values::value::Value;
use logmark_insights::ast::Query;
use proptest::prelude::{ProptestConfig, Strategy, TestCaseError, prop_assert, prop_assert_eq, proptest};
use proptest::sample::select;
use proptest::test_runner::Config;

use super::support::{Outcome, TIMES, event, run};
use super::{naive, strategy};

fn value() -> impl Strategy<Value = String> {
    select(vec![
        "1",
        "2",
        "10",
        "-3",
        "2.5",
        "1e3",
        "true",
        "false",
        "null",
        "\"1\"",
        "\"10\"",
        "\"x\"",
        "\"node9\"",
        "\"node10\"",
        "\"\"",
        "\"error 7 ms\"",
        "\"k=v n=3\"",
        "\"p,q\"",
        "[1,2]",
        "[]",
        "[{\"b\":1},{\"b\":\"z\"}]",
        "{\"b\":3,\"user\":\"u\"}",
        "{}",
        "\"[3,4]\"",
        "\"2024-03-15 10:00:00.000\"",
        "9223372036854775807",
        "0.1",
    ])
    .prop_map(str::to_owned)
}

fn message() -> impl Strategy<Value = String> {
    let names = select(vec!["a", "b", "user", "kind", "ms", "status_code", "list", "a.b", "@t", "count"]);
    let object = proptest::collection::vec((names, value()), 0..6).prop_map(|members| {
        let members: Vec<String> = members.into_iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}", members.join(","))
    });
    let plain =
        select(vec!["plain", "error 12 ms user=ann", "a=1 b=\"x y\"", "x,y,z", "", "1", "{\"broken\":"]).prop_map(str::to_owned);
    proptest::strategy::Union::new_weighted(vec![(5, object.boxed()), (1, plain.boxed())])
}

fn events() -> impl Strategy<Value = Vec<MemoryEvent>> {
    proptest::collection::vec((0..40_i64, select(vec!["web-1", "web-2"]), message()), 0..25).prop_map(|events| {
        let make = |(number, (minute, stream, message)): (usize, (i64, &str, String))| MemoryEvent {
            stream: stream.into(),
            pointer: format!("p{number}"),
            ..event(TIMES.start + minute * 97_000, message)
        };
        events.into_iter().enumerate().map(make).collect()
    })
}

/// A query of common commands over the fields of the events.
fn query() -> impl Strategy<Value = String> {
    let field = || {
        select(vec![
            "a",
            "b",
            "user",
            "kind",
            "ms",
            "list",
            "a.b",
            "user.b",
            "list.0",
            "list[0].b",
            "@message",
            "@timestamp",
            "@logStream",
            "x",
            "y",
            "n",
        ])
    };
    let expression = move || {
        (field(), field(), select(vec!["1", "10", "\"x\"", "2.5", "true", "null"])).prop_flat_map(|(f, g, c)| {
            select(vec![
                f.to_owned(),
                f.to_owned(),
                format!("{f} + {c}"),
                format!("{f} * {g} - 1"),
                format!("strlen({f})"),
                format!("toupper({f})"),
                format!("coalesce({f}, {g}, {c})"),
                format!("if({f} = 1, {g}, {c})"),
                format!("concat({f}, \"-\", {g})"),
                format!("jsonParse({f})"),
                format!("bin(5m)"),
                format!("datefloor({f}, 1h)"),
                format!("jsonArraySize({f})"),
                format!("{f} in [1, \"x\", 10]"),
                format!("isNumeric({f})"),
            ])
        })
    };
    let condition = move || {
        (field(), field(), select(vec!["=", "!=", "<", ">=", ">"]), select(vec!["1", "10", "\"x\"", "2.5", "true"]))
            .prop_flat_map(|(f, g, o, c)| {
                select(vec![
                    format!("{f} {o} {c}"),
                    format!("{f} {o} {g}"),
                    format!("{f} like /\\d+/ or {g} {o} {c}"),
                    format!("{f} not like \"x\" and ispresent({g})"),
                    format!("not ({f} {o} {c})"),
                    format!("{f} in [1, \"10\", true]"),
                    format!("{f} not in [1, \"x\"]"),
                    format!("1 in {f}"),
                    f.to_owned(),
                ])
            })
    };
    let aggregate = move || {
        (field(), select(vec!["0", "50", "95", "100"])).prop_flat_map(|(f, p)| {
            select(vec![
                "count(*)".to_owned(),
                format!("count({f})"),
                format!("count_distinct({f})"),
                format!("sum({f})"),
                format!("avg({f})"),
                format!("min({f})"),
                format!("max({f})"),
                format!("stddev({f})"),
                format!("pct({f}, {p})"),
                format!("earliest({f})"),
                format!("latest({f})"),
                format!("sortsFirst({f})"),
                format!("sortsLast({f})"),
                format!("sum({f}) / count(*) * 100"),
                format!("max(strlen({f})) as n"),
            ])
        })
    };
    let command = (
        expression(),
        expression(),
        condition(),
        (aggregate(), aggregate(), aggregate()),
        field(),
        field(),
        1..12_u32,
        0..33_u32,
    )
        .prop_map(|(e, e2, c, (g, g2, g3), f, f2, n, kind)| match kind {
            0 => format!("fields {e} as x, {e2}"),
            1 => format!("fields {f}, {f2}"),
            2 => format!("display {f}, {e} as y"),
            3..=6 => format!("filter {c}"),
            7 => format!("parse {f} \"*=*\" as x, y"),
            8 => format!("parse {f} /(?<x>\\w)(?<y>\\d)?/ multi"),
            9 => format!("parse {f} /(\\w+)/ as x"),
            10 => format!("parse {f} csv as x, y"),
            11 => format!("parse {f} logfmt as x"),
            12 => format!("json field={f} \"b\" as y"),
            13 => format!("sort {e} desc, {f}"),
            14 => format!("sort {f}"),
            15 => format!("limit {n}"),
            16 => format!("unnest {f} into x"),
            17 => format!("expand {f}"),
            18 => format!("stats {g}, {g2} by {f}"),
            19 => format!("stats {g} as n, {g2} by {e}, {f} as y"),
            20 => format!("stats {g}, {g2}, {g3}"),
            21 => format!("stats {g} as n, max(@timestamp) as @timestamp by bin(10m), {f}"),
            22 => format!("dedup {f}, {f2}"),
            23 => format!("accum {f} as x"),
            24 => format!("accum {f}"),
            25 => format!("autoregress {f} p=1-{n}"),
            26 => format!("filldown {f} x*"),
            27 => "filldown".to_owned(),
            28 => format!("addtotals row={} col=true {f}, {f2}", n < 6),
            29 => format!("countFrequent {f}, {f2}"),
            30 => format!(
                "outlier action={} param={n} uselower=true mark=true {f} {f2}",
                if n < 6 { "remove" } else { "transform" }
            ),
            31 => format!("sessionize {f}, {f2} maxspan {n}m as x"),
            _ => format!("fields jsonParse({f}) as x"),
        });
    proptest::collection::vec(command, 1..6).prop_map(|commands| commands.join(" | "))
}

fn is_near(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Double(left), Value::Double(right)) => (left - right).abs() <= 1e-9 * left.abs().max(right.abs()).max(1e-9),
        // Rounding: one way to compute a mean of whole numbers may give a whole number, another one a number near it.
        _ => left == right || left.to_string() == right.to_string(),
    }
}

/// The number of cases, and of those with rows.
#[derive(Debug, Default)]
struct Coverage {
    ran: AtomicU32,
    with_rows: AtomicU32,
}

fn agree(query: &Query, text: &str, events: &[MemoryEvent], coverage: &Coverage) -> Result<(), TestCaseError> {
    for block in [1, 4, 1_000] {
        let (result, _) = match run(text, MemorySource::new(events.to_vec(), block)) {
            Outcome::Rows(result, statistics) => (result, statistics),
            Outcome::Refused(_) => return Ok(()),
            Outcome::Failed(error) => return Err(TestCaseError::fail(format!("{text}: {error:?}"))),
        };
        let Some((columns, rows)) = naive::run(query, text, events) else { return Ok(()) };
        prop_assert_eq!(&*result.columns, &columns, "{}", text);
        let got: Vec<&Vec<Value>> = result.rows.iter().map(|row| &row.values).collect();
        let is_equal = got.len() == rows.len()
            && got.iter().zip(&rows).all(|(got, row)| got.len() == row.len() && got.iter().zip(row).all(|(l, r)| is_near(l, r)));
        prop_assert!(is_equal, "{text}\nblocks of {block}\nengine {got:?}\nnaive  {rows:?}");
        if block == 1 {
            coverage.ran.fetch_add(1, Ordering::Relaxed);
            coverage.with_rows.fetch_add(u32::from(!rows.is_empty()), Ordering::Relaxed);
        }
    }
    Ok(())
}

fn config(cases: u32) -> Config {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

#[test]
fn queries_of_common_commands_agree() {
    let coverage = Coverage::default();
    proptest!(config(3_000), |(text in query(), events in events())| {
        if let Ok(query) = Query::parse(&text) {
            agree(&query, &text, &events, &coverage)?;
        }
    });
    let (ran, with_rows) = (coverage.ran.into_inner(), coverage.with_rows.into_inner());
    println!("{ran} {with_rows}");
    assert!(ran > 1_500 && with_rows > 1_000, "{ran} ran, {with_rows} with rows");
}

#[test]
fn queries_of_the_whole_language_agree() {
    let coverage = Coverage::default();
    proptest!(config(3_000), |(query in strategy::query_within(strategy::Within::ItsOwnEvents), events in events())| {
        let text = query.to_text().unwrap();
        if let Ok(query) = Query::parse(&text) {
            agree(&query, &text, &events, &coverage)?;
        }
    });
    let (ran, with_rows) = (coverage.ran.into_inner(), coverage.with_rows.into_inner());
    println!("{ran} {with_rows}");
    assert!(ran > 300 && with_rows > 100, "{ran} ran, {with_rows} with rows");
}
