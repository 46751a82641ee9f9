//! The commands of a Logs Insights query that turn events into rows with canonical fields.
//!
//! After a prelude each canonical field has its value or is missing (`-` is missing), and rows that are not access lines are
//! gone: the rows are those of [`Format::parse`]. JSON lines use discovered fields; other lines are split by a regular
//! expression, which consists of the same classes of characters as the parser.
//!
//! Not the same, by design: lines that are not valid JSON though their template is (the parser reads some of them by the places
//! of the literals), and the escapes inside of quoted values, which a query shows as written.

mod json;
mod lines;

use crate::field::Field;
use crate::format::{Format, Shape};
use crate::layout::{RequestPart, Source};

impl Format {
    /// The commands for all fields of the format, without a `|` at either end.
    ///
    /// ```
    /// use logmark_access_log::Known;
    ///
    /// let format = Known::UsageDashboard.format().unwrap();
    /// assert!(format.query_prelude().starts_with("filter status >= 100 and status <= 999 or status = \"-\" | fields "));
    /// ```
    #[must_use]
    pub fn query_prelude(&self) -> String {
        self.query_prelude_of(&self.fields().collect::<Vec<_>>())
    }

    /// The commands for some fields. Those that the format does not have are missing in all rows, so a report that needs them is
    /// refused before. Few fields make a faster query, and one that reads no masked field without need.
    #[must_use]
    pub fn query_prelude_of(&self, fields: &[Field]) -> String {
        let mut fields: Vec<Field> = fields.iter().copied().filter(|field| self.has(*field)).collect();
        fields.sort_unstable();
        fields.dedup();
        let commands = match &self.shape {
            Shape::Json(json) if !json.has_bare_variable => json::commands(self, json, &fields),
            Shape::Json(_) => lines::commands(self, &crate::compile::quoted_strings(&self.parts), &fields),
            Shape::Sequence(sequence) => lines::commands(self, sequence, &fields),
        };
        commands.join(" | ")
    }
}

/// The field of a query that has the text of a value.
trait Names {
    /// `None` if the query cannot name it.
    fn name(&self, slot: usize) -> Option<String>;
}

/// The last commands: canonical names for the values.
fn canonical(format: &Format, fields: &[Field], names: &dyn Names) -> Vec<String> {
    let mut commands = Vec::new();
    let mut columns = Vec::new();
    for field in fields {
        let Some(source) = format.layout.source(*field) else { continue };
        if let Some((command, expression)) = expression(format, source, names) {
            // The parts of a request share one command.
            if let Some(command) = command.filter(|command| !commands.contains(command)) {
                commands.push(command);
            }
            columns.push(format!("{expression} as {field}"));
        }
    }
    if !columns.is_empty() {
        commands.push(format!("fields {}", columns.join(", ")));
    }
    commands
}

/// A command that is necessary before, and the value of a source.
fn expression(format: &Format, source: Source, names: &dyn Names) -> Option<(Option<String>, String)> {
    let name = |slot: usize| names.name(slot);
    Some(match source {
        Source::Slot(slot) => {
            let name = name(slot)?;
            let is_quoted = format.layout.slots.get(slot).is_some_and(|slot| slot.variable.is_quoted()) && !format.is_json();
            let quoted = || format!(r#"case({name} != "-" and {name} != "\"-\"", trim({name}, "\""))"#);
            (None, if is_quoted { quoted() } else { format!("case({name} != \"-\", {name})") })
        }
        Source::Request(slot, part) => {
            let pattern = r"^(?<lm_method>[A-Z-]+) (?<lm_path>[^\n]+) (?<lm_protocol>HTTP\/[0-9.]+)$";
            let part = match part {
                RequestPart::Method => "lm_method",
                RequestPart::Path => "lm_path",
                RequestPart::Protocol => "lm_protocol",
            };
            (Some(format!("parse {} /{pattern}/", name(slot)?)), part.to_owned())
        }
        Source::Peer(slot) => {
            let pattern = r"^\[?(?<lm_peer>[^\[\]]*)\]?:[^:]*$";
            (Some(format!("parse {} /{pattern}/", name(slot)?)), "lm_peer".to_owned())
        }
        Source::Millis(slot) => {
            let name = name(slot)?;
            (None, format!("case({name} >= 0, {name} * 1000)"))
        }
        Source::MillisSum([a, b, c]) => {
            let (a, b, c) = (name(a)?, name(b)?, name(c)?);
            (None, format!("case({a} >= 0 and {b} >= 0 and {c} >= 0, ({a} + {b} + {c}) * 1000)"))
        }
        Source::DateAndTime(date, time) => (None, format!("concat({}, \" \", {})", name(date)?, name(time)?)),
        Source::Percent(slot) => {
            let name = name(slot)?;
            (None, format!("case({name} != \"-\", urldecode({name}))"))
        }
    })
}

/// The slots that a source needs.
fn slots(source: Source) -> Vec<usize> {
    match source {
        Source::Slot(slot) | Source::Request(slot, _) | Source::Peer(slot) | Source::Millis(slot) | Source::Percent(slot) => {
            vec![slot]
        }
        Source::MillisSum(slots) => slots.to_vec(),
        Source::DateAndTime(date, time) => vec![date, time],
    }
}

/// The condition of a status, or of `-` in its place.
fn is_status(name: &str) -> String {
    format!("{name} >= 100 and {name} <= 999 or {name} = \"-\"")
}
