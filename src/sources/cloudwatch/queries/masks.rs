//! Masks in what CloudWatch returns for queries: rows and records.
//!
//! CloudWatch reads events as stored. The query could only show whole messages (see [`crate::domain::query::masked`]), so the
//! message of a row is the only cell with masked fields.

use logmark_event_rules::Masked;

use crate::domain::query::operations::{Record, Row};
use crate::domain::rules::{Admission, EventRules, EventView, Visibility, is_system_field};
use crate::sources::SourceError;

const MESSAGE: &str = "@message";
const STREAM: &str = "@logStream";

/// Masks the messages of rows, and removes rows whose messages cannot be masked.
pub(super) fn apply(rows: &mut Vec<Row>, visible: &[Visibility]) {
    let rules: Vec<&EventRules> = visible.iter().filter_map(|visible| visible.rules.as_ref()).collect();
    if !rules.iter().any(|rules| rules.masks_fields()) {
        return;
    }
    // With the same rules for each group, a row need not tell its group.
    let same = rules.first().filter(|first| rules.len() == visible.len() && rules.iter().all(|rules| rules == *first));
    rows.retain_mut(|row| {
        let exact = same.and_then(|rules| exact_view(rules, row));
        let Some((_, message)) = row.iter_mut().find(|(name, _)| name == MESSAGE) else { return true };
        let view = exact.unwrap_or_else(|| all_masks(&rules, message));
        match view {
            EventView::Unchanged => true,
            EventView::Masked(masked) => {
                *message = masked;
                true
            }
            EventView::Hidden | EventView::Withheld => false,
        }
    });
}

/// How the event of the row is shown, if the row tells all that the rules need.
fn exact_view(rules: &EventRules, row: &Row) -> Option<EventView> {
    let cell = |wanted| row.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    let needs_stream = rules.clauses().iter().any(|clause| clause.streams.is_some());
    let stream = if needs_stream { cell(STREAM)? } else { "" };
    Some(rules.view(stream, cell(MESSAGE)?))
}

/// The message with every mask, for a row that does not tell which grant shows its event.
fn all_masks(rules: &[&EventRules], message: &str) -> EventView {
    let mut masked = None;
    for mask in rules.iter().flat_map(|rules| rules.masks()) {
        match mask.fields().apply(masked.as_deref().unwrap_or(message)) {
            Masked::Unchanged => {}
            Masked::Changed(message) => masked = Some(message),
            Masked::Withheld => return EventView::Withheld,
        }
    }
    masked.map_or(EventView::Unchanged, EventView::Masked)
}

/// Masks a record: its message, and the fields found in it.
///
/// # Errors
/// [`SourceError::NotFound`] if the rules hide the event, or its message cannot be masked.
pub(super) fn apply_to_record(record: &mut Record, rules: &EventRules) -> Result<(), SourceError> {
    let (Some(message), Some(stream)) = (record.get(MESSAGE), record.get(STREAM)) else { return Err(SourceError::NotFound) };
    let mask = match rules.decide(stream, message) {
        Admission::Hidden => return Err(SourceError::NotFound),
        Admission::Whole => return Ok(()),
        Admission::Masked(mask) => mask,
    };
    match mask.fields().apply(message) {
        Masked::Withheld => return Err(SourceError::NotFound),
        Masked::Unchanged => {}
        Masked::Changed(masked) => _ = record.insert(MESSAGE.to_owned(), masked),
    }
    record.retain(|name, _| is_system_field(name) || mask.fields().touches_field(name).is_none());
    Ok(())
}
