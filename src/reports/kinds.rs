//! Log lines by kind: for `meta` of every report, and the rows of `parse-health`.

use std::collections::BTreeMap;

use super::measures::Measures;
use super::report::{Keys, Meta, Row};
use super::rows::QueryRow;
use crate::domain::query::operations::Row as Raw;

/// Examples of each kind at most.
const SAMPLES: usize = 3;
/// Characters of an example at most.
const SAMPLE_CHARACTERS: usize = 300;

/// Lines by kind.
#[derive(Debug, Clone, Copy, Default)]
pub struct LineCounts {
    access: u64,
    execution: u64,
    other: u64,
}

impl LineCounts {
    /// Adds the rows of [`super::query_text::line_kinds`].
    pub fn add(&mut self, rows: &[Raw]) {
        for row in rows.iter().map(QueryRow) {
            let count = row.count("requests").unwrap_or(0);
            match row.text("kind") {
                Some("access") => self.access += count,
                Some("execution") => self.execution += count,
                _ => self.other += count,
            }
        }
    }

    /// All lines.
    #[must_use]
    pub fn scanned(&self) -> u64 {
        self.access + self.execution + self.other
    }

    /// Writes the counts.
    pub fn write(&self, meta: &mut Meta) {
        meta.scanned = Some(self.scanned());
        meta.unparsed = Some(self.other);
        meta.skipped = Some(self.execution);
    }
}

/// The rows of `parse-health`.
#[derive(Debug, Default)]
pub struct Kinds(BTreeMap<String, Measures>);

impl Kinds {
    /// Adds the rows of [`super::query_text::line_kinds`].
    pub fn add(&mut self, rows: &[Raw]) {
        for row in rows.iter().map(QueryRow) {
            let kind = row.text("kind").unwrap_or("unparsed").to_owned();
            self.0.entry(kind).or_default().merge(&row.measures(), false);
        }
    }

    /// Adds the rows of [`super::query_text::line_samples`].
    pub fn add_samples(&mut self, rows: &[Raw]) {
        for row in rows.iter().map(QueryRow) {
            let (Some(kind), Some(line)) = (row.text("kind"), row.text("@message")) else { continue };
            let Some(measures) = self.0.get_mut(kind).filter(|measures| measures.samples.len() < SAMPLES) else { continue };
            let mut sample: String = line.chars().take(SAMPLE_CHARACTERS).collect();
            if line.chars().nth(SAMPLE_CHARACTERS).is_some() {
                sample.push('…');
            }
            measures.samples.push(sample);
        }
    }

    /// The rows, the most frequent kind first.
    #[must_use]
    pub fn into_rows(self) -> Vec<Row> {
        let total = self.0.values().filter_map(|measures| measures.requests).sum();
        let row = |(kind, measures): (String, Measures)| Row {
            keys: Keys(vec![("kind", Some(kind))]),
            measures: measures.with_rates(total),
        };
        let mut rows: Vec<Row> = self.0.into_iter().map(row).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.measures.requests));
        rows
    }
}
