//! `sort`, page CWL_QuerySyntax-Sort.
//!
//! - The order is natural: [`value_cmp`]; `desc` is its exact reverse. Without a direction it is ascending.
//! - Rows with equal keys keep their order.
//! - Only as many rows are kept as the result can show, if no command after the `sort` needs the others.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;

use logmark_diagnostics::{Diagnostic, Spanned};
use logmark_insights::ast::{Command, Direction, Sort as SortTree};

use crate::budget::Reservation;
use crate::error::QueryError;
use crate::expression::Compiled;
use crate::operator::{Flow, Next, Operator};
use crate::plan::{Builder, Keep, keeps_rows};
use crate::row::{Row, StoredRow, values_bytes};
use crate::values::order::value_cmp;
use crate::values::value::Value;

pub(super) fn compile(sort: &SortTree, following: &[Spanned<Command>], builder: &mut Builder<'_>) -> Result<(), Diagnostic> {
    let mut keys = Vec::with_capacity(sort.keys.len());
    for key in &sort.keys {
        let is_descending = key.direction == Some(Direction::Descending);
        keys.push((builder.expression(&key.expression)?, is_descending));
    }
    let keep = builder.keep_rows();
    let directions = keys.iter().map(|(_, is_descending)| *is_descending).collect();
    let most = rows_needed(following, builder.options().max_rows);
    builder.add(Sort { keys, directions, most, keep, rows: BinaryHeap::new(), number: 0, memory: Reservation::default() });
    Ok(())
}

/// The number of rows that the commands after a `sort` can use; `None` if unknown.
fn rows_needed(following: &[Spanned<Command>], max_rows: usize) -> Option<usize> {
    let behind = following.iter().find(|command| !keeps_rows(&command.node));
    match behind.map(|command| &command.node) {
        None => Some(max_rows),
        Some(Command::Limit(limit)) => usize::try_from(limit.count.node).ok(),
        Some(_) => None,
    }
}

#[derive(Debug, Clone)]
struct Sort {
    keys: Vec<(Compiled, bool)>,
    directions: Arc<[bool]>,
    /// The most rows to keep.
    most: Option<usize>,
    keep: Keep,
    /// The last row of the order is on top.
    rows: BinaryHeap<Sorted>,
    /// The number of rows so far.
    number: u64,
    memory: Reservation,
}

/// A row and its keys, ordered as in the result.
#[derive(Debug, Clone)]
struct Sorted {
    keys: Vec<Value>,
    directions: Arc<[bool]>,
    number: u64,
    row: StoredRow,
}

impl Sorted {
    fn bytes(&self) -> usize {
        size_of::<Self>() + values_bytes(&self.keys) + self.row.bytes()
    }
}

fn compare_keys(left: &[Value], right: &[Value], directions: &[bool]) -> Ordering {
    for ((left, right), is_descending) in left.iter().zip(right).zip(directions) {
        let order = value_cmp(left, right);
        if order.is_ne() {
            return if *is_descending { order.reverse() } else { order };
        }
    }
    Ordering::Equal
}

impl Ord for Sorted {
    fn cmp(&self, other: &Self) -> Ordering {
        compare_keys(&self.keys, &other.keys, &self.directions).then_with(|| self.number.cmp(&other.number))
    }
}

impl PartialOrd for Sorted {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Sorted {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Sorted {}

impl Operator for Sort {
    fn push(&mut self, row: &mut Row<'_>, next: &mut Next<'_>) -> Result<Flow, QueryError> {
        let env = next.env();
        let keys: Vec<Value> = self.keys.iter().map(|(key, _)| key.value(row, env).into_owned()).collect();
        let is_full = self.most.is_some_and(|most| self.rows.len() >= most);
        let number = self.number;
        self.number += 1;
        if is_full {
            // Among equal keys, the earlier row is kept.
            let is_before = self.rows.peek().is_some_and(|last| compare_keys(&keys, &last.keys, &self.directions).is_lt());
            if !is_before {
                return Ok(if self.most == Some(0) { Flow::Done } else { Flow::Continue });
            }
            if let Some(last) = self.rows.pop() {
                self.memory.shrink(last.bytes());
            }
        }
        let sorted = Sorted { keys, directions: Arc::clone(&self.directions), number, row: self.keep.store(row) };
        self.memory.grow(&env.budget, sorted.bytes())?;
        self.rows.push(sorted);
        Ok(Flow::Continue)
    }

    fn finish(&mut self, next: &mut Next<'_>) -> Result<(), QueryError> {
        // Popped one by one, the last first, so that a cancelled query ends soon.
        let mut reversed = Vec::with_capacity(self.rows.len());
        while let Some(last) = self.rows.pop() {
            next.env().tick()?;
            reversed.push(last);
        }
        next.push_all(std::iter::from_fn(|| {
            let sorted = reversed.pop()?;
            self.memory.shrink(sorted.bytes());
            Some(Row::from(sorted.row))
        }))
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}
