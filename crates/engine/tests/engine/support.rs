//! Runs a query over events in memory.

use std::sync::Arc;
use std::time::Duration;

use logmark_diagnostics::Diagnostic;
use logmark_engine::budget::Budget;
use logmark_engine::control::{Control, Env, Statistics};
use logmark_engine::error::QueryError;
use logmark_engine::input::memory::{MemoryEvent, MemorySource};
use logmark_engine::plan::{DEFAULT_ROWS, Plan, PlanOptions};
use logmark_engine::run::{Execution, QueryRows, Step};
use logmark_engine::values::call::QueryTimes;
use logmark_insights::ast::Query;

/// 2024-03-15, the whole day; the query starts one hour later.
pub(crate) const TIMES: QueryTimes = QueryTimes { start: 1_710_460_800_000, end: 1_710_547_200_000, now: 1_710_550_800_000 };

/// The result of a query.
#[derive(Debug)]
pub(crate) enum Outcome {
    Rows(QueryRows, Statistics),
    Refused(Vec<Diagnostic>),
    Failed(QueryError),
}

pub(crate) fn event(timestamp: i64, message: impl Into<String>) -> MemoryEvent {
    MemoryEvent {
        timestamp,
        ingestion_time: timestamp + 500,
        stream: "web-1".into(),
        group: "/shop/api".into(),
        message: message.into(),
        pointer: format!("ptr-{timestamp}"),
    }
}

pub(crate) fn parsed(text: &str) -> Query {
    Query::parse(text).unwrap_or_else(|faults| panic!("{text}: {faults:?}"))
}

pub(crate) fn planned(text: &str) -> Result<Plan, Vec<Diagnostic>> {
    Plan::compile(&parsed(text), &PlanOptions { text, times: TIMES, max_rows: DEFAULT_ROWS })
}

/// Runs a query within a budget of this many bytes.
pub(crate) fn run_within(text: &str, source: MemorySource, memory: usize) -> Outcome {
    let plan = match planned(text) {
        Ok(plan) => plan,
        Err(diagnostics) => return Outcome::Refused(diagnostics),
    };
    let control = Arc::new(Control::default());
    let env = Env::new(TIMES, Budget::new(memory), Arc::clone(&control), Duration::from_secs(600));
    let mut execution = Execution::new(plan, Arc::new(source), env);
    loop {
        match execution.step() {
            Ok(Step::More) => {}
            Ok(Step::Ended) => return Outcome::Rows(execution.into_result().0, control.statistics()),
            Err(error) => return Outcome::Failed(error),
        }
    }
}

pub(crate) fn run(text: &str, source: MemorySource) -> Outcome {
    run_within(text, source, Budget::DEFAULT)
}

/// The rows of a query that succeeds, as results show them: missing values as `~`.
pub(crate) fn rows(text: &str, source: MemorySource) -> (Vec<String>, Vec<Vec<String>>) {
    match run(text, source) {
        Outcome::Rows(result, _) => shown(&result),
        other => panic!("{text}: {other:?}"),
    }
}

pub(crate) fn shown(result: &QueryRows) -> (Vec<String>, Vec<Vec<String>>) {
    let rows = result
        .rows
        .iter()
        .map(|row| row.values.iter().map(|value| if value.is_missing() { "~".to_owned() } else { value.to_string() }).collect());
    (result.columns.to_vec(), rows.collect())
}
