//! Two periods of a report, compared row by row.

use std::collections::HashMap;

use super::catalogue;
use super::definition::{Definition, Shape};
use super::measures::Measures;
use super::report::{Keys, Row};
use super::request::ReportRequest;

/// The report that a request compares.
#[must_use]
pub fn compared(request: &ReportRequest) -> &'static Definition {
    let named = request.compared.as_deref().and_then(catalogue::find);
    named.or_else(|| catalogue::find("overview")).unwrap_or(catalogue::ALL[0])
}

/// Whether two periods of the report can be compared: its rows are groups, not single requests or lines.
#[must_use]
pub fn is_comparable(definition: &Definition) -> bool {
    match definition.shape {
        Shape::Grouped | Shape::PivotOf(_) | Shape::Phases(_) | Shape::Each | Shape::Billing => true,
        Shape::Requests(_) | Shape::Compare | Shape::LineKinds => false,
    }
}

/// The rows with the measures of the period before. A row that one of the periods does not have has no requests there.
#[must_use]
pub fn joined(rows: Vec<Row>, previous: Vec<Row>) -> Vec<Row> {
    let mut before: HashMap<Keys, Measures> = previous.into_iter().map(|row| (row.keys, row.measures)).collect();
    let mut all: Vec<Row> = Vec::new();
    for Row { keys, measures } in rows {
        let previous = before.remove(&keys);
        all.push(Row { keys, measures: with_previous(measures, previous) });
    }
    for (keys, previous) in before {
        let none = Measures { requests: previous.requests.map(|_| 0), ..Measures::default() };
        all.push(Row { keys, measures: with_previous(none, Some(previous)) });
    }
    all
}

fn with_previous(mut measures: Measures, previous: Option<Measures>) -> Measures {
    let previous = previous.unwrap_or_else(|| Measures { requests: measures.requests.map(|_| 0), ..Measures::default() });
    if let Some((now, before)) = measures.requests.zip(previous.requests) {
        let delta = i64::try_from(i128::from(now) - i128::from(before)).unwrap_or(i64::MAX);
        measures.delta = Some(delta);
        measures.delta_pct = (before > 0).then(|| (delta as f64 / before as f64 * 1_000_000.0).round() / 10_000.0);
    }
    measures.previous = Some(Box::new(previous));
    measures
}
