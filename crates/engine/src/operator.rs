//! The interface of every command at run time: it receives rows and pushes rows to the next operator.

use std::fmt;

use crate::control::Env;
use crate::error::QueryError;
use crate::input::Source;
use crate::row::Row;

/// Whether more rows are needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Flow {
    /// More rows may change the result.
    Continue,
    /// No further row changes the result: the caller may stop.
    Done,
}

/// One step of a plan. Rows arrive in order, one at a time.
///
/// An operator that keeps rows stores them by [`Builder::keep_rows`](crate::plan::Builder::keep_rows), and counts their bytes
/// with a [`Reservation`](crate::budget::Reservation).
pub trait Operator: Send + fmt::Debug {
    /// Called once, before the first row, after all inner queries have ended.
    ///
    /// # Errors
    /// When a resource of the operator is missing.
    fn open(&mut self, source: &dyn Source, env: &Env) -> Result<(), QueryError> {
        let _ = (source, env);
        Ok(())
    }

    /// Receives a row, changes or keeps it, and pushes it or not. The caller reuses the row's memory afterwards.
    ///
    /// # Errors
    /// When the query must end.
    fn push(&mut self, row: &mut Row<'_>, next: &mut Next<'_>) -> Result<Flow, QueryError>;

    /// Called once, after the last row: pushes the kept rows. The caller finishes the following steps afterwards.
    ///
    /// # Errors
    /// As [`Operator::push`].
    fn finish(&mut self, next: &mut Next<'_>) -> Result<(), QueryError> {
        let _ = next;
        Ok(())
    }

    /// A copy of the operator with its state, for a partial result.
    fn fork(&self) -> Box<dyn Operator>;
}

/// The steps after an operator.
#[derive(Debug)]
pub struct Next<'c> {
    steps: &'c mut [Box<dyn Operator>],
    sink: &'c mut dyn Sink,
    env: &'c Env,
}

/// The end of a plan's rows.
pub(crate) trait Sink: fmt::Debug {
    /// Receives a row of the result.
    fn take(&mut self, row: &mut Row<'_>, env: &Env) -> Result<Flow, QueryError>;
}

impl<'c> Next<'c> {
    pub(crate) fn new(steps: &'c mut [Box<dyn Operator>], sink: &'c mut dyn Sink, env: &'c Env) -> Self {
        Self { steps, sink, env }
    }

    /// Pushes a row to the next step.
    ///
    /// # Errors
    /// As [`Operator::push`].
    pub fn push(&mut self, row: &mut Row<'_>) -> Result<Flow, QueryError> {
        match self.steps.split_first_mut() {
            None => self.sink.take(row, self.env),
            Some((first, rest)) => first.push(row, &mut Next { steps: rest, sink: &mut *self.sink, env: self.env }),
        }
    }

    /// Pushes rows until no further row is needed.
    ///
    /// # Errors
    /// As [`Operator::push`].
    pub fn push_all<'r>(&mut self, rows: impl IntoIterator<Item = Row<'r>>) -> Result<(), QueryError> {
        for mut row in rows {
            self.env.tick()?;
            if self.push(&mut row)? == Flow::Done {
                break;
            }
        }
        Ok(())
    }

    /// The query's environment.
    #[must_use]
    pub fn env(&self) -> &'c Env {
        self.env
    }
}

/// Finishes all steps, one after the other.
pub(crate) fn finish(steps: &mut [Box<dyn Operator>], sink: &mut dyn Sink, env: &Env) -> Result<(), QueryError> {
    for index in 0..steps.len() {
        if let Some((step, rest)) = steps.get_mut(index..).and_then(<[_]>::split_first_mut) {
            step.finish(&mut Next::new(rest, sink, env))?;
        }
    }
    Ok(())
}

/// Pushes one row for each item, which differ only in that item.
///
/// # Errors
/// As [`Operator::push`].
pub fn push_each<T>(
    row: &mut Row<'_>,
    items: Vec<T>,
    set: impl Fn(&mut Row<'_>, T),
    next: &mut Next<'_>,
) -> Result<Flow, QueryError> {
    let mut items = items.into_iter();
    while let Some(item) = items.next() {
        next.env().tick()?;
        if items.len() == 0 {
            set(row, item);
            return next.push(row);
        }
        let mut copy = row.copy();
        set(&mut copy, item);
        if next.push(&mut copy)? == Flow::Done {
            return Ok(Flow::Done);
        }
    }
    Ok(Flow::Continue)
}
