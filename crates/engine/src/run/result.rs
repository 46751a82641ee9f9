//! The rows of a result, and the sinks that collect them.

use std::sync::Arc;

use crate::budget::Reservation;
use crate::control::Env;
use crate::error::QueryError;
use crate::operator::{Flow, Sink};
use crate::plan::Column;
use crate::row::{Access, Row, values_bytes};
use crate::values::value::Value;

/// A row of a result.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResultRow {
    /// The values, in the order of the columns. A result omits missing ones; `Display` of a value is its text.
    pub values: Vec<Value>,
    /// `@ptr`, when the row is an event.
    pub pointer: Option<String>,
}

/// The rows of a result: all rows of a query that has ended, or those so far.
#[derive(Debug, Clone, Default)]
pub struct QueryRows {
    /// The names of the columns.
    pub columns: Arc<[String]>,
    /// The rows, in order.
    pub rows: Arc<Vec<ResultRow>>,
}

/// The handling of rows beyond the maximum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Excess {
    /// They are omitted.
    LeftOut,
    /// The query fails: some of an inner query's rows would give a wrong result.
    Fails,
}

/// Collects rows.
#[derive(Debug)]
pub(super) struct Collector {
    columns: Vec<Access>,
    pointer: Option<Access>,
    most: usize,
    excess: Excess,
    pub(super) rows: Vec<ResultRow>,
    memory: Reservation,
}

impl Collector {
    pub(super) fn new(columns: &[Column], pointer: Option<&Access>, most: usize, excess: Excess) -> Self {
        let columns = columns.iter().map(|column| column.access.clone()).collect();
        Self { columns, pointer: pointer.cloned(), most, excess, rows: Vec::new(), memory: Reservation::default() }
    }

    /// The rows, and the memory that they take.
    pub(super) fn into_rows(self) -> (Vec<ResultRow>, Reservation) {
        (self.rows, self.memory)
    }

    /// An empty collector of the same columns, for a partial result. It starts with the rows so far.
    pub(super) fn fork(&self) -> Self {
        Self {
            columns: self.columns.clone(),
            pointer: self.pointer.clone(),
            most: self.most,
            excess: self.excess,
            rows: self.rows.clone(),
            memory: Reservation::default(),
        }
    }
}

impl Sink for Collector {
    fn take(&mut self, row: &mut Row<'_>, env: &Env) -> Result<Flow, QueryError> {
        env.tick()?;
        if self.rows.len() >= self.most {
            return match self.excess {
                Excess::LeftOut => Ok(Flow::Done),
                Excess::Fails => {
                    let message = format!("a query inside the query has more than {} rows: filter it", self.most);
                    Err(QueryError::Limit { message, span: None })
                }
            };
        }
        let values: Vec<Value> = self.columns.iter().map(|column| row.get(column).into_owned()).collect();
        let pointer = self.pointer.as_ref().and_then(|pointer| row.text(pointer)).map(|pointer| pointer.into_owned());
        let pointer_bytes = pointer.as_ref().map_or(0, String::capacity);
        self.memory.grow(&env.budget, size_of::<ResultRow>() + values_bytes(&values) + pointer_bytes)?;
        self.rows.push(ResultRow { values, pointer });
        let is_full = self.rows.len() >= self.most && self.excess == Excess::LeftOut;
        Ok(if is_full { Flow::Done } else { Flow::Continue })
    }
}
