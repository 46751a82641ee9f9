//! The limits of queries at full size: over 1 GB of events within 256 MiB, a hundred at a time within 512 MB, hostile ones.
//!
//! Prints for each query its result, the peak that its budget counted, and the growth of the process at its peak. The test
//! `memory` asserts the same for fewer events.
//!
//! `cargo bench -p logmark-engine --bench limits [-- <millions of events>]`

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and fails by panicking")]

#[path = "../tests/support/generated.rs"]
mod generated;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use generated::{Generated, process_memory, reset_peak};
use logmark_engine::budget::Budget;
use logmark_engine::control::{Control, Env};
use logmark_engine::plan::{DEFAULT_ROWS, Plan, PlanOptions};
use logmark_engine::run::{Execution, Owner, QueryLimits, QueryStatus, Runner, Step};
use logmark_engine::values::call::QueryTimes;
use logmark_insights::ast::Query;

const TIMES: QueryTimes = QueryTimes { start: 1_710_460_800_000, end: 1_710_547_200_000, now: 1_710_550_800_000 };
/// The memory that a local source gives to all of its queries together.
const ALL: usize = 320 << 20;

const QUERIES: [&str; 16] = [
    "stats count(*), sum(ms), pct(ms, 99) by status",
    "stats count(*) as c by user | sort c desc | limit 20",
    "stats count_distinct(id)",
    "stats pct(n, 50)",
    "sort n desc | fields id | limit 1000",
    "filter id like /00000$/ | fields @message",
    "pattern text",
    "stats count(*) by id",
    "stats sum(ms), avg(ms) by id, user",
    "stats values(id)",
    "dedup id",
    "countFrequent id",
    "sort id | dedup id",
    "stats max(text) as t by id | stats count(*) by t",
    "pattern id",
    "fields jsonParse(@message) as j | stats values(j.id), topk(10, j.text) by j.user",
];

fn plan(text: &str) -> Plan {
    let query = Query::parse(text).unwrap();
    Plan::compile(&query, &PlanOptions { text, times: TIMES, max_rows: DEFAULT_ROWS }).unwrap()
}

const fn mib(bytes: usize) -> usize {
    bytes >> 20
}

/// The growth of the process while something runs, in MiB.
fn growth(work: impl FnOnce()) -> usize {
    let before = process_memory("VmRSS").unwrap_or_default();
    reset_peak();
    work();
    mib(process_memory("VmHWM").unwrap_or_default().saturating_sub(before))
}

fn one(text: &str, events: u64) {
    let budget = Budget::new(Budget::DEFAULT);
    let control = Arc::new(Control::default());
    let (mut peak, mut ended, mut longest) = (0, String::new(), Duration::ZERO);
    let begun = Instant::now();
    let grown = growth(|| {
        let env = Env::new(TIMES, Arc::clone(&budget), Arc::clone(&control), Duration::from_secs(3_600));
        let source = Arc::new(Generated { events, start: TIMES.start });
        let mut execution = Execution::new(plan(text), source, env);
        loop {
            let step = execution.step();
            peak = peak.max(budget.used());
            match step {
                Ok(Step::More) => {}
                Ok(Step::Ended) => break ended.push_str("complete"),
                Err(error) => break ended = error.to_string().chars().take(40).collect(),
            }
        }
        let before = Instant::now();
        drop(execution);
        longest = before.elapsed();
    });
    let megabytes = control.statistics().bytes_scanned / 1_000_000;
    println!(
        "{:>6} MB {:>5.1} s {:>5} MiB {grown:>5} MiB {:>4} ms  {ended:40} {text}",
        megabytes,
        begun.elapsed().as_secs_f64(),
        mib(peak),
        longest.as_millis(),
    );
}

fn hundred(events: u64) {
    let runner = Runner::new(2, ALL).unwrap();
    let source = Arc::new(Generated { events, start: TIMES.start });
    let (mut complete, mut failed) = (0, 0);
    let grown = growth(|| {
        let start = |number: usize| {
            let owner = Owner::new(format!("tenant-{}", number % 10), NonZeroU32::MIN);
            runner.start(&owner, plan(QUERIES[number % QUERIES.len()]), source.clone(), QueryLimits::default(), || {})
        };
        let queries: Vec<_> = (0..100).map(start).collect();
        for query in &queries {
            match query.wait(Duration::from_secs(3_600)) {
                QueryStatus::Complete => complete += 1,
                _ => failed += 1,
            }
        }
    });
    println!("100 queries at a time: {complete} complete, {failed} at the limit of memory, the process grew by {grown} MiB");
}

fn main() {
    let millions: u64 = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(4);
    println!("   read     time  budget   process  release");
    QUERIES.into_iter().for_each(|text| one(text, millions * 1_000_000));
    hundred(millions * 20_000);
}
