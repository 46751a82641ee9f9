//! Runs one query: inner queries first, then its own events, block after block.

use std::sync::Arc;

use super::result::{Collector, Excess, QueryRows, ResultRow};
use crate::budget::Reservation;
use crate::control::Env;
use crate::error::QueryError;
use crate::input::{Block, Input, Order, Source};
use crate::operator::{Flow, Next, Operator, finish};
use crate::plan::{Plan, Subquery};
use crate::row::{Event, Row};

/// A larger state gives no partial result, because it would have to be copied.
const MOST_COPIED: usize = 16 << 20;

/// Whether a query has more work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// More work follows.
    More,
    /// The query has ended.
    Ended,
}

/// A running query. It blocks only in its input, and checks the cancel flag between any two rows.
#[derive(Debug)]
pub struct Execution {
    source: Arc<dyn Source>,
    env: Env,
    /// The inner queries that have not run yet, and at the end the query itself.
    waiting: Vec<(Option<Arc<Subquery>>, Plan)>,
    running: Option<Running>,
    columns: Arc<[String]>,
    result: Option<(Vec<ResultRow>, Reservation)>,
    /// The memory of the rows of inner queries.
    inner: Vec<Reservation>,
}

/// The query that reads events now.
#[derive(Debug)]
struct Running {
    /// The destination of its rows, if it is an inner query.
    inner: Option<Arc<Subquery>>,
    input: Box<dyn Input>,
    steps: Vec<Box<dyn Operator>>,
    sink: Collector,
    /// The position of the next event: it grows with time.
    position: i64,
    step: i64,
}

impl Execution {
    /// A query over a source.
    #[must_use]
    pub fn new(plan: Plan, source: Arc<dyn Source>, env: Env) -> Self {
        let columns = plan.columns().map(str::to_owned).collect();
        let mut waiting = Vec::new();
        queue(None, plan, &mut waiting);
        // The last of the list runs first.
        waiting.reverse();
        Self { source, env, waiting, running: None, columns, result: None, inner: Vec::new() }
    }

    /// Does some work: a block of events, or the end of a query.
    ///
    /// # Errors
    /// When the query fails. It has ended then.
    pub fn step(&mut self) -> Result<Step, QueryError> {
        self.env.check()?;
        let Some(running) = &mut self.running else { return self.begin() };
        let block = running.input.next_block()?;
        let flow = match &block {
            Some(block) => running.push(&**block, &self.env)?,
            None => Flow::Done,
        };
        self.env.publish();
        self.env.check()?;
        if flow == Flow::Continue {
            return Ok(Step::More);
        }
        drop(block);
        self.end()
    }

    /// Opens the next query.
    fn begin(&mut self) -> Result<Step, QueryError> {
        let Some((inner, plan)) = self.waiting.pop() else { return Ok(Step::Ended) };
        let mut steps = plan.steps;
        for step in &mut steps {
            step.open(&*self.source, &self.env)?;
        }
        let input = self.source.open(&plan.scan)?;
        let excess = if inner.is_some() { Excess::Fails } else { Excess::LeftOut };
        let sink = Collector::new(&plan.columns, plan.pointer.as_ref(), plan.max_rows, excess);
        let step = match plan.scan.order {
            Order::NewestFirst => -1,
            Order::OldestFirst => 1,
        };
        self.running = Some(Running { inner, input, steps, sink, position: 0, step });
        Ok(Step::More)
    }

    /// Ends the current query.
    fn end(&mut self) -> Result<Step, QueryError> {
        let Some(mut running) = self.running.take() else { return Ok(Step::Ended) };
        finish(&mut running.steps, &mut running.sink, &self.env)?;
        self.env.check()?;
        let (rows, memory) = running.sink.into_rows();
        match running.inner {
            Some(inner) => {
                inner.fill(rows.into_iter().map(|row| row.values).collect());
                self.inner.push(memory);
                Ok(Step::More)
            }
            None => {
                self.result = Some((rows, memory));
                Ok(Step::Ended)
            }
        }
    }

    /// The number of checks of the cancel flag: see [`Env::checks`].
    #[must_use]
    pub fn checks(&self) -> u64 {
        self.env.checks()
    }

    /// The result of a query that has ended, and its memory.
    #[must_use]
    pub fn into_result(self) -> (QueryRows, Reservation) {
        let (rows, memory) = self.result.unwrap_or_default();
        (QueryRows { columns: self.columns, rows: Arc::new(rows) }, memory)
    }

    /// The rows of the result if no further event came; `None` while an inner query runs, and when building them would take too
    /// much memory or exceed another limit that the query itself may still keep.
    ///
    /// # Errors
    /// When the query was cancelled, or its time is over.
    pub fn partial(&self) -> Result<Option<QueryRows>, QueryError> {
        let Some(running) = self.running.as_ref().filter(|running| running.inner.is_none()) else { return Ok(None) };
        if self.env.budget.used() > MOST_COPIED {
            return Ok(None);
        }
        let mut steps: Vec<_> = running.steps.iter().map(|step| step.fork()).collect();
        let mut sink = running.sink.fork();
        match finish(&mut steps, &mut sink, &self.env) {
            Ok(()) => {}
            Err(error @ (QueryError::Cancelled | QueryError::TimeLimit(_))) => return Err(error),
            Err(_) => return Ok(None),
        }
        let (rows, _memory) = sink.into_rows();
        Ok(Some(QueryRows { columns: Arc::clone(&self.columns), rows: Arc::new(rows) }))
    }
}

/// Adds a plan after the plans of its inner queries.
fn queue(inner: Option<Arc<Subquery>>, mut plan: Plan, waiting: &mut Vec<(Option<Arc<Subquery>>, Plan)>) {
    for (subquery, plan) in std::mem::take(&mut plan.subqueries) {
        queue(Some(subquery), plan, waiting);
    }
    waiting.push((inner, plan));
}

impl Running {
    fn push(&mut self, block: &dyn Block, env: &Env) -> Result<Flow, QueryError> {
        let mut row = Row::default();
        for index in 0..block.len() {
            env.tick()?;
            env.scanned(block.message_bytes(index));
            row.values.clear();
            row.event = Some(Event { block, index });
            row.position = self.position;
            self.position += self.step;
            if Next::new(&mut self.steps, &mut self.sink, env).push(&mut row)? == Flow::Done {
                return Ok(Flow::Done);
            }
        }
        Ok(Flow::Continue)
    }
}
