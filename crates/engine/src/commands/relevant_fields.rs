//! `relevantfields`, page CWL_QuerySyntax-RelevantFields.
//!
//! - Compares the events that match the condition with all others, field by field: the listed fields, else the columns at
//!   that point and all discovered fields.
//! - `@relevanceScore`, from 0 to 1: the Kolmogorov–Smirnov statistic if all values are numbers, else the bias-corrected
//!   Cramér's V, which is 0 for a field of unique identifiers. The page does not name a measure.
//! - `@conditionalMedian`, `@baselineMedian`: for numbers, the medians of the matching and of the other events.
//! - `@topRelevanceContributors`: for other values, the three whose shares differ most, with both shares.
//! - Sorted by score in descending order, equal scores by name.

mod score;

use std::cmp::Ordering;
use std::collections::HashMap;

use logmark_diagnostics::Diagnostic;
use logmark_insights::ast::RelevantFields as RelevantFieldsTree;

use super::key::ENTRY;
use crate::budget::Reservation;
use crate::error::QueryError;
use crate::expression::Compiled;
use crate::input::discover;
use crate::operator::{Flow, Next, Operator};
use crate::plan::Builder;
use crate::row::{Access, Row, Slot, System};
use crate::values::coerce;
use crate::values::value::Value;
use score::{Counts, Score};

const COLUMNS: [&str; 5] =
    ["@fieldName", "@relevanceScore", "@topRelevanceContributors", "@conditionalMedian", "@baselineMedian"];

/// Most compared fields, as many as CloudWatch discovers in a log group.
const MOST_FIELDS: usize = 1_000;

pub(super) fn compile(relevant: &RelevantFieldsTree, builder: &mut Builder<'_>) -> Result<(), Diagnostic> {
    let condition = builder.expression(&relevant.condition)?;
    let mut columns: Vec<(String, Access)> = Vec::new();
    for field in &relevant.fields {
        let name = field.node.flat_name();
        if columns.iter().all(|(known, _)| *known != name) {
            columns.push((name, builder.access(&field.node)));
        }
    }
    let discovers = relevant.fields.is_empty();
    if discovers {
        let visible = builder.columns().into_iter().filter(|column| System::find(&column.name).is_none());
        columns.extend(visible.map(|column| (column.name, column.access)));
    }
    let message = if discovers { builder.system_access(System::Message) } else { Access::Missing };
    let slots = builder.begin_rows(COLUMNS.map(|name| (name.to_owned(), None)));
    let fields = HashMap::new();
    builder.add(RelevantFields {
        condition,
        columns,
        message,
        slots,
        fields,
        counts: Counts::default(),
        memory: Reservation::default(),
    });
    Ok(())
}

#[derive(Debug, Clone)]
struct RelevantFields {
    condition: Compiled,
    /// The named fields and their places.
    columns: Vec<(String, Access)>,
    /// The message whose fields are discovered.
    message: Access,
    slots: Vec<Slot>,
    /// For each field and each of its values, the number of events on each side.
    fields: HashMap<Box<str>, HashMap<Box<str>, Counts>>,
    /// All events of each side.
    counts: Counts,
    memory: Reservation,
}

impl RelevantFields {
    /// Counts a value; returns the growth in bytes.
    fn count(&mut self, field: &str, value: &Value, side: usize) -> usize {
        let Some(identity) = coerce::identity(value).filter(|_| !value.is_structure()) else { return 0 };
        let mut bytes = 0;
        if !self.fields.contains_key(field) {
            if self.fields.len() == MOST_FIELDS {
                return 0;
            }
            bytes += field.len() + ENTRY + size_of::<HashMap<Box<str>, Counts>>();
            self.fields.insert(field.into(), HashMap::new());
        }
        let Some(values) = self.fields.get_mut(field) else { return bytes };
        match values.get_mut(&*identity) {
            Some(counts) => counts.add(side),
            None => {
                bytes += identity.len() + ENTRY + size_of::<Counts>();
                let mut counts = Counts::default();
                counts.add(side);
                values.insert(identity.as_ref().into(), counts);
            }
        }
        bytes
    }
}

impl Operator for RelevantFields {
    fn push(&mut self, row: &mut Row<'_>, next: &mut Next<'_>) -> Result<Flow, QueryError> {
        let side = usize::from(!self.condition.holds(row, next.env()));
        self.counts.add(side);
        let mut bytes = 0;
        let columns = std::mem::take(&mut self.columns);
        for (name, access) in &columns {
            bytes += self.count(name, &row.get(access), side);
        }
        let found = row.text(&self.message).map(|message| discover::all(&message));
        for (name, value) in found.into_iter().flatten() {
            if columns.iter().all(|(known, _)| *known != name) {
                bytes += self.count(&name, &value, side);
            }
        }
        self.columns = columns;
        if bytes > 0 {
            self.memory.grow(&next.env().budget, bytes)?;
        }
        Ok(Flow::Continue)
    }

    fn finish(&mut self, next: &mut Next<'_>) -> Result<(), QueryError> {
        let mut scores: Vec<(Box<str>, Score)> = Vec::with_capacity(self.fields.len());
        for (name, values) in std::mem::take(&mut self.fields) {
            next.env().check()?;
            scores.push((name, Score::of(values, self.counts, next.env())?));
        }
        scores.sort_unstable_by(|(name, score), (other, than)| {
            than.relevance.partial_cmp(&score.relevance).unwrap_or(Ordering::Equal).then_with(|| name.cmp(other))
        });
        let rows = (0..).zip(scores).map(|(position, (name, score))| {
            let values = [
                Value::from(&*name),
                Value::double(score.relevance),
                score.contributors.into(),
                score.medians[0].clone(),
                score.medians[1].clone(),
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
