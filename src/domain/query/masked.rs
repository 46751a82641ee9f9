//! The parts of a query that use masked fields, or whole messages that cannot be masked before the query reads them.
//!
//! Owns that list. It works on the query's reach, which is complete for every command, never on its text.

use logmark_diagnostics::{Diagnostic, Kind, Span};
use logmark_event_rules::FieldMask;
use logmark_insights::ast::FieldPath;
use logmark_insights::reach::{Reach, Reference, Referent, Use};

use super::LogQuery;
use super::forbidden::plain_columns;
use crate::domain::rules::is_system_field;

/// What a query reads under a mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaskedInput {
    /// Events whose messages are masked already. The source masks them before the query reads them.
    Before,
    /// Events as stored. Messages are masked in the rows, so the query may only show them.
    After,
}

/// The message of an event.
const MESSAGE: &str = "@message";
/// The pointer to an event, whose record is masked.
const POINTER: &str = "@ptr";

/// Every part of the query that the masks forbid, with its position.
#[must_use]
pub fn refused_parts(query: &LogQuery, masks: &[&FieldMask], input: MaskedInput) -> Vec<Diagnostic> {
    if masks.is_empty() {
        return Vec::new();
    }
    let reach = Reach::of(query.tree());
    let columns = plain_columns(query.tree());
    let mut found: Vec<Diagnostic> = Vec::new();
    for reference in reach.references() {
        if let Referent::Field(path) = &reference.what
            && let Some(fault) = masked_field(path, reference.span, masks)
        {
            found.push(fault);
        } else if input == MaskedInput::After && reads_message(reference, &columns) {
            let expected = "`@message` as a column of its own in `fields` or `display`";
            let fault = Diagnostic::new(Kind::Unsupported, reference.span, expected, "another use of whole messages");
            found.push(
                fault.hint(format!("your grant masks fields such as `{}` in messages: use other fields", first_path(masks))),
            );
        }
    }
    // An event that a `parse` does not match keeps its own field of the name.
    found.extend(reach.names().filter_map(|name| masked_field(&name.name, name.span, masks)));
    found.sort_by_key(|fault| (fault.span.start, fault.span.end));
    found.dedup();
    found
}

fn masked_field(path: &FieldPath, span: Span, masks: &[&FieldMask]) -> Option<Diagnostic> {
    if is_system_field(path.head.as_str()) {
        return None;
    }
    let masked = masks.iter().find_map(|mask| mask.touches_path(path))?;
    let found = format!("`{}`", path.flat_name());
    Some(
        Diagnostic::new(Kind::Unsupported, span, "a field that is not masked", found)
            .hint(format!("your grant masks `{masked}`")),
    )
}

/// Whether the reference reads whole messages in another way than to show them.
fn reads_message(reference: &Reference, columns: &[Span]) -> bool {
    if !reference.what.is_whole_event() {
        return false;
    }
    let is_plain = match &reference.what {
        Referent::Field(path) => [MESSAGE, POINTER].iter().any(|name| path.flat_name().eq_ignore_ascii_case(name)),
        Referent::Like(_) | Referent::All => false,
    };
    // A query without columns shows the message: such a reference has no text.
    let is_shown = columns.contains(&reference.span) || reference.span.start == reference.span.end;
    let only_shown = Use::ALL.into_iter().all(|way| way == Use::Shown || !reference.uses.contains(way));
    !(is_plain && is_shown && only_shown)
}

fn first_path(masks: &[&FieldMask]) -> String {
    masks.iter().find_map(|mask| mask.paths().first()).map(ToString::to_string).unwrap_or_default()
}
