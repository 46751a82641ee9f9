//! `pattern`, pages CWL_QuerySyntax-Pattern and `CWL_AnalyzeLogData_Patterns`.
//!
//! - Groups texts of the same structure. `@pattern` is their text with dynamic tokens `<Kind-n>`, numbered from 1. The kinds
//!   are `Time`, `IP`, `ID`, `Number`, and `Token` for words that differ.
//! - `@sampleCount` is the number of events, `@ratio` their share of all events, `@severityLabel` the level in the text: Error,
//!   Warning, Info or Debug.
//! - The pattern with the most events comes first.
//! - CloudWatch does not document its method. Here times, addresses, identifiers and numbers are always dynamic. Texts with
//!   the same punctuation, the same levels and at least half of their words in common form one pattern.
//! - Only the first [`LONGEST`] bytes of a text are used.

mod cluster;
mod tokens;

use std::cmp::Reverse;

use logmark_diagnostics::Diagnostic;
use logmark_insights::ast::Pattern as PatternTree;

use crate::budget::Reservation;
use crate::collections::sort_in_pieces;
use crate::error::QueryError;
use crate::operator::{Flow, Next, Operator};
use crate::plan::Builder;
use crate::row::{Access, Row, Slot};
use crate::values::value::Value;
use cluster::{Clusters, Found};

/// The bytes of a text that are used.
const LONGEST: usize = 4 << 10;

const COLUMNS: [&str; 4] = ["@pattern", "@ratio", "@sampleCount", "@severityLabel"];

pub(super) fn compile(pattern: &PatternTree, builder: &mut Builder<'_>) -> Result<(), Diagnostic> {
    let field = builder.access(&pattern.field.node);
    let slots = builder.begin_rows(COLUMNS.map(|name| (name.to_owned(), None)));
    builder.add(Pattern { field, slots, clusters: Clusters::default(), rows: 0, memory: Reservation::default() });
    Ok(())
}

#[derive(Debug, Clone)]
struct Pattern {
    field: Access,
    slots: Vec<Slot>,
    clusters: Clusters,
    /// The number of rows, with or without a text.
    rows: u64,
    memory: Reservation,
}

impl Operator for Pattern {
    fn push(&mut self, row: &mut Row<'_>, next: &mut Next<'_>) -> Result<Flow, QueryError> {
        self.rows += 1;
        if let Some(text) = row.text(&self.field) {
            let text = &text[..text.floor_char_boundary(LONGEST)];
            let bytes = self.clusters.add(text);
            if bytes > 0 {
                self.memory.grow(&next.env().budget, bytes)?;
            }
        }
        Ok(Flow::Continue)
    }

    #[expect(clippy::cast_precision_loss, reason = "a share of four shown decimals")]
    fn finish(&mut self, next: &mut Next<'_>) -> Result<(), QueryError> {
        let env = next.env();
        let mut found = Vec::new();
        for pattern in std::mem::take(&mut self.clusters).into_patterns() {
            env.tick()?;
            found.push(pattern);
        }
        let order = |left: &Found, right: &Found| (Reverse(left.count), &left.text).cmp(&(Reverse(right.count), &right.text));
        let found = sort_in_pieces(found, order, || env.check())?;
        let rows = (0..).zip(found).map(|(position, pattern)| {
            let values = [
                Value::Text(pattern.text),
                Value::double(pattern.count as f64 / self.rows as f64),
                Value::Integer(i64::try_from(pattern.count).unwrap_or(i64::MAX)),
                pattern.severity.map(|severity| severity.label()).into(),
            ];
            Row::new(position, &self.slots, values)
        });
        next.push_all(rows)?;
        self.memory = Reservation::default();
        Ok(())
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}
