//! The shape of every command at run time: rows are pushed into it, and it pushes rows on.

use std::fmt;

use crate::control::Env;
use crate::error::QueryError;
use crate::input::Source;
use crate::row::Row;

/// Whether more rows are of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Flow {
    /// More rows may change the result.
    Continue,
    /// No further row changes the result: whoever pushes may stop.
    Done,
}

/// One step of a plan. Rows come in order, one at a time.
///
/// An operator that keeps rows stores them by [`Builder::keep_rows`](crate::plan::Builder::keep_rows), and
/// counts their bytes with a [`Reservation`](crate::budget::Reservation).
pub trait Operator: Send + fmt::Debug {
    /// Called once, before the first row. All queries inside this one have ended then.
    ///
    /// # Errors
    /// When something that the operator needs is not there.
    fn open(&mut self, source: &dyn Source, env: &Env) -> Result<(), QueryError> {
        let _ = (source, env);
        Ok(())
    }

    /// Takes a row, changes or keeps it, and pushes it on or not. The caller reuses the row's memory afterwards.
    ///
    /// # Errors
    /// When the query cannot go on.
    fn push(&mut self, row: &mut Row<'_>, next: &mut Next<'_>) -> Result<Flow, QueryError>;

    /// Called once, behind the last row: pushes on what was kept. The steps behind are finished afterwards, by the caller.
    ///
    /// # Errors
    /// As [`Operator::push`].
    fn finish(&mut self, next: &mut Next<'_>) -> Result<(), QueryError> {
        let _ = next;
        Ok(())
    }

    /// A copy of the operator with its state, of which a partial result is made.
    fn fork(&self) -> Box<dyn Operator>;
}

/// The steps behind an operator.
#[derive(Debug)]
pub struct Next<'c> {
    steps: &'c mut [Box<dyn Operator>],
    sink: &'c mut dyn Sink,
    env: &'c Env,
}

/// Where the rows of a plan end.
pub(crate) trait Sink: fmt::Debug {
    /// Takes a row of the result.
    fn take(&mut self, row: &mut Row<'_>, env: &Env) -> Result<Flow, QueryError>;
}

impl<'c> Next<'c> {
    pub(crate) fn new(steps: &'c mut [Box<dyn Operator>], sink: &'c mut dyn Sink, env: &'c Env) -> Self {
        Self { steps, sink, env }
    }

    /// Pushes a row on.
    ///
    /// # Errors
    /// As [`Operator::push`].
    pub fn push(&mut self, row: &mut Row<'_>) -> Result<Flow, QueryError> {
        match self.steps.split_first_mut() {
            None => self.sink.take(row, self.env),
            Some((first, rest)) => first.push(row, &mut Next { steps: rest, sink: &mut *self.sink, env: self.env }),
        }
    }

    /// Pushes rows on, until no further row is of use.
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

    /// What the query may use.
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

/// Makes a row of each item, all else alike, and pushes them on.
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
