//! The operators that a plan adds itself: loading fields, counting matches, detaching rows from their blocks.

use std::sync::{Arc, OnceLock};

use crate::error::QueryError;
use crate::input::{FieldReader, Wanted};
use crate::operator::{Flow, Next, Operator};
use crate::row::{Row, Slot, StoredRow, System};

/// Loads the discovered fields that the query uses.
#[derive(Debug, Default)]
pub(super) struct Load {
    /// Set after the whole query is compiled.
    pub(super) wanted: Arc<OnceLock<Arc<Wanted>>>,
    /// One more than the largest slot of a wanted field.
    pub(super) width: Arc<OnceLock<usize>>,
    /// Created for the first row.
    reader: Option<FieldReader>,
}

impl Operator for Load {
    fn push(&mut self, row: &mut Row<'_>, next: &mut Next<'_>) -> Result<Flow, QueryError> {
        let (Some(event), Some(wanted)) = (row.event, self.wanted.get()) else { return next.push(row) };
        if wanted.is_empty() {
            return next.push(row);
        }
        let width = self.width.get().copied().unwrap_or_default();
        if row.values.len() < width {
            row.values.resize_with(width, Default::default);
        }
        let reader = self.reader.get_or_insert_with(|| FieldReader::new(Arc::clone(wanted)));
        event.block.load(event.index, reader, &mut row.values);
        let flow = next.push(row);
        // If an operator has kept values of the row, they are no longer in it.
        reader.reclaim(&mut row.values);
        flow
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(Self { wanted: Arc::clone(&self.wanted), width: Arc::clone(&self.width), reader: None })
    }
}

/// Counts the events that pass the leading filters.
#[derive(Debug, Clone)]
pub(super) struct Matched;

impl Operator for Matched {
    fn push(&mut self, row: &mut Row<'_>, next: &mut Next<'_>) -> Result<Flow, QueryError> {
        next.env().matched();
        next.push(row)
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}

/// How to keep rows: the system fields that later operators use are copied into the row, which may then outlive its block.
#[derive(Debug, Clone, Default)]
pub struct Keep {
    /// Set after the whole query is compiled.
    pub(super) systems: Arc<OnceLock<Vec<(System, Slot)>>>,
}

impl Keep {
    /// Moves the row's values out, to keep them.
    #[must_use]
    pub fn store(&self, row: &mut Row<'_>) -> StoredRow {
        self.detach(row);
        StoredRow { values: std::mem::take(&mut row.values), position: row.position }
    }

    fn detach(&self, row: &mut Row<'_>) {
        if let Some(event) = row.event.take() {
            for (system, slot) in self.systems.get().into_iter().flatten() {
                row.set(*slot, event.value(*system));
            }
        }
    }
}

/// Detaches every row.
#[derive(Debug, Clone)]
pub(super) struct Detach {
    pub(super) keep: Keep,
}

impl Operator for Detach {
    fn push(&mut self, row: &mut Row<'_>, next: &mut Next<'_>) -> Result<Flow, QueryError> {
        self.keep.detach(row);
        next.push(row)
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}
