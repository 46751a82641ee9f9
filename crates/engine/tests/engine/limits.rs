//! Memory, time, cancellation, figures: a query stays within its limits or ends with a named error.

use std::sync::Arc;
use std::time::Duration;

use logmark_engine::budget::Budget;
use logmark_engine::control::{Control, Env, Statistics};
use logmark_engine::error::QueryError;
use logmark_engine::input::memory::{MemoryEvent, MemorySource};
use logmark_engine::plan::{Plan, PlanOptions};
use logmark_engine::run::{Execution, Step};

use super::support::{Outcome, TIMES, event, parsed, planned, rows, run, run_within};

fn numbered(count: i64) -> Vec<MemoryEvent> {
    (0..count)
        .map(|number| event(TIMES.start + number, format!(r#"{{"n":{number},"m":{},"text":"{number:0>50}"}}"#, number % 7)))
        .collect()
}

#[test]
fn state_that_grows_beyond_the_memory_is_a_named_error() {
    for query in [
        "stats count(*) by n",
        "stats pct(n, 50), pct(n + 1, 50)",
        "stats max(text) by n, text",
        "sort n | filter m = 9",
        "dedup n",
        "fields @message",
        "stats count(*) by n | sort n",
    ] {
        let outcome = run_within(query, MemorySource::new(numbered(5_000), 100), 200_000);
        let Outcome::Failed(error) = outcome else { panic!("{query}: {outcome:?}") };
        assert!(matches!(error, QueryError::Memory { limit: 200_000 }), "{query}: {error:?}");
    }
}

#[test]
fn what_fits_runs_within_the_same_memory() {
    for query in ["stats count(*), avg(n), max(text) by m", "sort n desc | limit 20", "filter n < 100", "dedup m | limit 7"] {
        let outcome = run_within(query, MemorySource::new(numbered(5_000), 100), 200_000);
        assert!(matches!(outcome, Outcome::Rows(..)), "{query}: {outcome:?}");
    }
}

#[test]
fn count_distinct_is_estimated_where_memory_ends() {
    let source = || MemorySource::new(numbered(20_000), 1_000);
    assert_eq!(rows("stats count_distinct(text) as n", source()).1, [["20000"]]);
    let Outcome::Rows(result, _) = run_within("stats count_distinct(text) as n", source(), 300_000) else { panic!("failed") };
    let estimate: i64 = result.rows[0].values[0].to_string().parse().unwrap();
    assert!((19_000..21_000).contains(&estimate), "{estimate}");
}

#[test]
fn memory_is_released_when_the_query_ends() {
    let budget = Budget::new(10 << 20);
    let env = Env::new(TIMES, Arc::clone(&budget), Arc::default(), Duration::from_secs(600));
    let plan = planned("stats count(*) by n | sort n | limit 10").unwrap();
    let mut execution = Execution::new(plan, Arc::new(MemorySource::new(numbered(1_000), 100)), env);
    while execution.step().unwrap() == Step::More {}
    let (result, held) = execution.into_result();
    assert_eq!(result.rows.len(), 10);
    assert!(budget.used() > 0 && budget.used() == held.bytes());
    drop(held);
    assert_eq!(budget.used(), 0);
}

#[test]
fn a_query_ends_when_its_time_is_over() {
    let env = Env::new(TIMES, Budget::new(1 << 20), Arc::default(), Duration::ZERO);
    let mut execution = Execution::new(planned("stats count(*)").unwrap(), Arc::new(MemorySource::new(numbered(10), 5)), env);
    let mut ended = execution.step();
    while let Ok(Step::More) = ended {
        ended = execution.step();
    }
    assert!(matches!(ended, Err(QueryError::TimeLimit(_))), "{ended:?}");
}

#[test]
fn a_cancelled_query_stops_within_its_block() {
    let control = Arc::new(Control::default());
    let env = Env::new(TIMES, Budget::new(1 << 30), Arc::clone(&control), Duration::from_secs(600));
    let source = Arc::new(MemorySource::new(numbered(5_000), 1_000));
    let mut execution = Execution::new(planned("stats count(*) by n").unwrap(), source, env);
    assert_eq!(execution.step().unwrap(), Step::More);
    assert_eq!(execution.step().unwrap(), Step::More);
    control.cancel();
    assert!(matches!(execution.step(), Err(QueryError::Cancelled)));
    assert_eq!(control.statistics().records_scanned, 1_000);
}

#[test]
fn the_end_of_a_query_with_much_state_is_work_in_pieces() {
    const EVENTS: i64 = 20_000;
    for query in [
        "stats pct(n, 50)",
        "stats pct(n, 50), pct(n, 95), histogram(n, 10)",
        "stats values(text)",
        "stats topk(3, text)",
        "stats count(*) by n | stats max(n)",
        "sort n | stats count(*)",
        "countFrequent text",
        "outlier n",
        "sort m | sessionize m | stats count(*)",
    ] {
        let control = Arc::new(Control::default());
        let env = Env::new(TIMES, Budget::new(1 << 30), Arc::clone(&control), Duration::from_secs(600));
        let mut execution = Execution::new(planned(query).unwrap(), Arc::new(MemorySource::new(numbered(EVENTS), 1_000)), env);
        // The start, and each block.
        (0..=EVENTS / 1_000).for_each(|_| assert_eq!(execution.step().unwrap(), Step::More, "{query}"));
        let before = execution.checks();
        assert_eq!(execution.step().unwrap(), Step::Ended, "{query}");
        let looks = execution.checks() - before;
        // The engine checks for cancellation at least every 4,096 sorted items, and every 32 rows elsewhere.
        assert!(looks >= EVENTS.unsigned_abs() / 4_096, "{query}: {looks}");
    }
}

#[test]
fn figures_are_those_of_what_was_read() {
    let figures = |query: &str| match run(query, MemorySource::new(numbered(100), 10)) {
        Outcome::Rows(_, statistics) => statistics,
        other => panic!("{query}: {other:?}"),
    };
    let bytes = numbered(100).iter().map(|event| event.message.len() as u64).sum();
    let all = Statistics { records_scanned: 100, records_matched: 100, bytes_scanned: bytes };
    assert_eq!(figures("stats count(*) by m"), all);
    assert_eq!(figures("filter m = 0 | fields n | filter n > 50 | stats count(*)"), Statistics { records_matched: 7, ..all });
    assert_eq!(figures("stats count(*) as c by m | filter c > 14"), all);
    let first = figures("limit 5");
    assert_eq!((first.records_scanned, first.records_matched), (5, 5), "a full result stops reading");
}

#[test]
fn rows_are_bounded_whatever_a_limit_asks_for() {
    let count = |text: &str, max_rows: usize| {
        let plan = Plan::compile(&parsed(text), &PlanOptions { text, times: TIMES, max_rows }).unwrap();
        let env = Env::new(TIMES, Budget::new(1 << 30), Arc::default(), Duration::from_secs(600));
        let mut execution = Execution::new(plan, Arc::new(MemorySource::new(numbered(300), 64)), env);
        while execution.step().unwrap() == Step::More {}
        execution.into_result().0.rows.len()
    };
    assert_eq!(
        (count("limit 200", 50), count("limit 20", 50), count("sort n", 50), count("stats count(*) by n", 50)),
        (50, 20, 50, 50)
    );
}

#[test]
fn partial_results_are_those_of_the_events_so_far() {
    for (query, expected) in [
        ("stats count(*) as n by m | sort m | limit 1", vec![vec!["0", "3"]]),
        ("sort n desc | limit 1 | display n", vec![vec!["99"]]),
        ("fields n | filter n > 97", vec![vec!["99"], vec!["98"]]),
    ] {
        let env = Env::new(TIMES, Budget::new(1 << 30), Arc::default(), Duration::from_secs(600));
        let source = Arc::new(MemorySource::new(numbered(100), 20));
        let mut execution = Execution::new(planned(query).unwrap(), source, env);
        assert_eq!(execution.step().unwrap(), Step::More);
        assert_eq!(execution.step().unwrap(), Step::More);
        let partial = execution.partial().unwrap().unwrap();
        assert_eq!(super::support::shown(&partial).1, expected, "{query}");
        // The result does not change.
        while execution.step().unwrap() == Step::More {}
        let whole = super::support::shown(&execution.into_result().0);
        assert_eq!(whole, rows(query, MemorySource::new(numbered(100), 20)), "{query}");
    }
}

#[test]
fn a_partial_result_that_does_not_fit_does_not_fail_the_query() {
    let started = |memory: usize| {
        let budget = Budget::new(memory);
        let env = Env::new(TIMES, Arc::clone(&budget), Arc::default(), Duration::from_secs(600));
        let source = Arc::new(MemorySource::new(numbered(300), 100));
        let mut execution = Execution::new(planned("sort n | fields @message, text").unwrap(), source, env);
        // The start, and all three blocks.
        (0..4).for_each(|_| assert_eq!(execution.step().unwrap(), Step::More));
        (execution, budget)
    };
    let kept = started(1 << 30).1.used();
    let (mut execution, _) = started(kept + 1_000);
    assert!(execution.partial().unwrap().is_none());
    while execution.step().unwrap() == Step::More {}
    assert_eq!(execution.into_result().0.rows.len(), 300);
}

#[test]
fn many_rows_of_one_event_are_within_the_bounds_too() {
    let list = vec!["1"; 10_000].join(",");
    let events = vec![event(TIMES.start, format!(r#"{{"l":[{list}]}}"#))];
    let query = "fields jsonParse(@message) as b | unnest b.l into x | unnest b.l into y | unnest b.l into z | stats count(*)";
    let control = Arc::new(Control::default());
    let env = Env::new(TIMES, Budget::new(1 << 24), Arc::clone(&control), Duration::from_millis(50));
    let mut execution = Execution::new(planned(query).unwrap(), Arc::new(MemorySource::new(events, 10)), env);
    let mut ended = execution.step();
    while let Ok(Step::More) = ended {
        ended = execution.step();
    }
    assert!(matches!(ended, Err(QueryError::TimeLimit(_))), "{ended:?}");
}
