//! The memory of queries as the operating system reports it, beside the figures of their budgets. A single test, because it
//! measures the whole process; the bench `limits` runs the same at full size.

#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test fails by panicking, and shows its figures")]

#[path = "support/generated.rs"]
mod generated;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use generated::{Generated, process_memory, reset_peak};
use logmark_engine::budget::Budget;
use logmark_engine::control::Env;
use logmark_engine::error::QueryError;
use logmark_engine::plan::{DEFAULT_ROWS, Plan, PlanOptions};
use logmark_engine::run::{Execution, Owner, QueryLimits, QueryStatus, Runner, Step};
use logmark_engine::values::call::QueryTimes;
use logmark_insights::ast::Query;

const TIMES: QueryTimes = QueryTimes { start: 1_710_460_800_000, end: 1_710_547_200_000, now: 1_710_550_800_000 };
/// The memory of one query, and of all queries.
const LIMIT: usize = 24 << 20;
/// Other memory of the process: blocks, the allocator's overhead, threads.
const BESIDE: usize = 24 << 20;
/// About 50 MB: more than the limit.
const EVENTS: u64 = 200_000;

fn plan(text: &str) -> Plan {
    let query = Query::parse(text).unwrap();
    Plan::compile(&query, &PlanOptions { text, times: TIMES, max_rows: DEFAULT_ROWS }).unwrap()
}

/// Runs a query. Returns whether it ended with its rows, and the peak that its budget counted.
fn run(text: &str) -> (bool, usize) {
    let budget = Budget::new(LIMIT);
    let env = Env::new(TIMES, Arc::clone(&budget), Arc::default(), Duration::from_secs(600));
    let mut execution = Execution::new(plan(text), Arc::new(Generated { events: EVENTS, start: TIMES.start }), env);
    let mut peak = 0;
    loop {
        match execution.step() {
            Ok(Step::More) => peak = peak.max(budget.used()),
            Ok(Step::Ended) => return (true, peak),
            Err(QueryError::Memory { limit: LIMIT }) => return (false, peak),
            Err(error) => panic!("{text}: {error}"),
        }
    }
}

/// Queries over more events than fit into their memory, and whether they end with rows.
const QUERIES: [(&str, bool); 12] = [
    ("stats count(*), sum(ms), pct(ms, 99) by status", true),
    ("sort n desc | fields id | limit 1000", true),
    ("stats count_distinct(id)", true),
    ("filter id like /0000$/ | fields @message", true),
    ("stats count(*) by id", false),
    ("stats sum(ms), avg(ms) by id, user", false),
    ("stats pct(n, 50), pct(n + 0.5, 50), pct(n * 3, 10), pct(n * 5, 10), pct(n - 7, 10)", false),
    ("stats values(id)", false),
    ("dedup id, text, user, n", true),
    ("countFrequent id", false),
    ("stats max(text) as t by id | stats count(*) by t", false),
    ("sort id | dedup user", false),
];

#[test]
fn the_process_takes_what_budgets_count_and_little_more() {
    if process_memory("VmRSS").is_none() || !reset_peak() {
        return println!("skipped: this system does not show the memory of a process");
    }
    for (text, ends) in QUERIES {
        let before = process_memory("VmRSS").unwrap();
        assert!(reset_peak());
        let (ended, peak) = run(text);
        let grown = process_memory("VmHWM").unwrap().saturating_sub(before);
        println!("{grown:>10} {peak:>10} {ended:>5} {text}");
        assert_eq!(ended, ends, "{text}");
        assert!(grown <= LIMIT + BESIDE, "{text}: the process has grown by {grown} bytes, the budget counted {peak}");
    }
    many_at_a_time();
}

/// A hundred queries share one limit: each ends with its rows or a named error.
fn many_at_a_time() {
    let before = process_memory("VmRSS").unwrap();
    assert!(reset_peak());
    let runner = Runner::new(2, 2 * LIMIT).unwrap();
    let limits = QueryLimits { memory: LIMIT, ..QueryLimits::default() };
    let source = Arc::new(Generated { events: 2_000, start: TIMES.start });
    let started: Vec<_> = (0..100_usize)
        .map(|number| {
            let (text, _) = QUERIES[number % QUERIES.len()];
            let owner = Owner::new(format!("tenant-{}", number % 7), NonZeroU32::MIN);
            (text, runner.start(&owner, plan(text), source.clone(), limits, || {}))
        })
        .collect();
    for (text, query) in &started {
        match query.wait(Duration::from_secs(300)) {
            QueryStatus::Complete => {}
            QueryStatus::Failed(error) => assert!(matches!(*error, QueryError::Memory { .. }), "{text}: {error}"),
            other => panic!("{text}: {other:?}"),
        }
    }
    let grown = process_memory("VmHWM").unwrap().saturating_sub(before);
    println!("{grown:>10} for 100 queries");
    assert!(grown <= 2 * LIMIT + 100 * (256 << 10) + BESIDE, "{grown}");
    drop(started);
    assert_eq!(runner.memory_used(), 0);
}
