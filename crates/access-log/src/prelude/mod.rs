//! The commands of a Logs Insights query that turn events into rows with canonical fields.
//!
//! After the commands each canonical field of the format has its text, and [`Prelude::is_access`] holds for the lines that
//! [`Format::parse`] reads. JSON lines use discovered fields; other lines are split by a regular expression, which consists of
//! the same classes of characters as the parser. A missing value stays the text `-`, in all formats: numeric functions ignore
//! it, and conditions and groups compare with it. So no field has to be defined again, and a discovered field stays a column
//! of the store.
//!
//! Not the same, by design: lines that are not valid JSON though their template is (the parser reads some of them by the places
//! of the literals), and the escapes inside of quoted values, which a query shows as written.

mod json;
mod lines;

use crate::field::Field;
use crate::format::{Format, Shape};
use crate::layout::{Encoding, Source};
use crate::xml::ENTITIES;

/// The beginning of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prelude {
    /// Commands after which the canonical fields exist; they keep all rows. May be empty.
    pub commands: Vec<String>,
    /// The condition of access lines, behind the commands.
    pub is_access: String,
}

impl Format {
    /// The beginning of a query over some fields. Those that the format does not have are missing in all rows, so a report that
    /// needs them is refused before. Few fields make a faster query, and one that reads no masked field without need.
    ///
    /// ```
    /// use logmark_access_log::{Field, Known};
    ///
    /// let prelude = Known::RestJson.format().unwrap().prelude(&[Field::Status, Field::IdentityUser]);
    /// assert_eq!(prelude.commands, ["fields user as identityUser"]);
    /// assert_eq!(prelude.is_access, r#"(status >= 100 and status <= 999 or status = "-")"#);
    /// ```
    #[must_use]
    pub fn prelude(&self, fields: &[Field]) -> Prelude {
        let mut fields: Vec<Field> = fields.iter().copied().filter(|field| self.has(*field)).collect();
        fields.extend(self.marker());
        fields.sort_unstable();
        fields.dedup();
        match &self.shape {
            Shape::Json(json) if !json.has_bare_variable => json::prelude(self, json, &fields),
            Shape::Json(_) => lines::prelude(self, &crate::compile::quoted_strings(&self.parts), &fields),
            Shape::Sequence(sequence) => lines::prelude(self, sequence, &fields),
        }
    }

    /// The commands for all fields of the format and a filter for its access lines, without a `|` at either end.
    #[must_use]
    pub fn query_prelude(&self) -> String {
        self.query_prelude_of(&self.fields().collect::<Vec<_>>())
    }

    /// The commands for some fields and a filter for access lines.
    #[must_use]
    pub fn query_prelude_of(&self, fields: &[Field]) -> String {
        let Prelude { mut commands, is_access } = self.prelude(fields);
        commands.push(format!("filter {is_access}"));
        commands.join(" | ")
    }
}

/// The name of a value that is the value of a field without a computation.
fn canonical(format: &Format, slot: usize, fields: &[Field]) -> Option<Field> {
    let is_plain = |slot: usize| {
        format.layout.slots.get(slot).is_some_and(|slot| !slot.variable.is_quoted() && slot.encoding != Encoding::Xml)
    };
    fields.iter().copied().find(|field| format.layout.source(*field) == Some(Source::Slot(slot)) && is_plain(slot))
}

/// The name of a value in a query: its field, or one that no field has.
fn name(format: &Format, slot: usize, fields: &[Field]) -> String {
    canonical(format, slot, fields).map_or_else(|| format!("lm_{slot}"), |field| field.name().to_owned())
}

/// The commands for the fields that are computed from values.
fn computed(format: &Format, fields: &[Field]) -> Vec<String> {
    let mut commands = Vec::new();
    let mut columns = Vec::new();
    for field in fields {
        match format.layout.source(*field) {
            // All parts of a request come from one command.
            Some(Source::Request(slot, _)) => commands.push(request(&name(format, slot, fields), fields)),
            Some(Source::Peer(slot)) => commands.push(peer(&name(format, slot, fields), *field)),
            Some(source) => {
                columns.extend(expression(format, source, fields).map(|expression| format!("{expression} as {field}")))
            }
            None => {}
        }
    }
    commands.dedup();
    if !columns.is_empty() {
        commands.push(format!("fields {}", columns.join(", ")));
    }
    commands
}

/// Splits a request line.
fn request(name: &str, fields: &[Field]) -> String {
    let group =
        |field: Field, class: &str| if fields.contains(&field) { format!("(?<{field}>{class})") } else { class.to_owned() };
    let (method, path) = (group(Field::HttpMethod, "[A-Z-]+"), group(Field::Path, r"[^\n]+"));
    let protocol = group(Field::Protocol, r"HTTP\/[0-9.]+");
    format!("parse {name} /^{method} {path} {protocol}$/")
}

/// The address of `address:port`.
fn peer(name: &str, field: Field) -> String {
    format!(r"parse {name} /^\[?(?<{field}>[^\[\]]*)\]?:[^:]*$/")
}

/// The value of a source that is not a value itself.
fn expression(format: &Format, source: Source, fields: &[Field]) -> Option<String> {
    let name = |slot: usize| name(format, slot, fields);
    match source {
        Source::Slot(slot) if canonical(format, slot, fields).is_some() => None,
        Source::Slot(slot) if format.layout.slots.get(slot).is_some_and(|slot| slot.encoding == Encoding::Xml) => {
            let replaced =
                |text: String, (entity, sign): &(&str, char)| format!("replace({text}, \"{entity}\", {})", literal(*sign));
            Some(ENTITIES.iter().fold(name(slot), replaced))
        }
        Source::Slot(slot) => Some(format!(r#"trim({}, "\"")"#, name(slot))),
        Source::Request(..) | Source::Peer(_) => None,
        Source::Millis(slot) => Some(format!("case({0} >= 0, {0} * 1000)", name(slot))),
        Source::MillisSum([a, b, c]) => {
            let (a, b, c) = (name(a), name(b), name(c));
            Some(format!("case({a} >= 0 and {b} >= 0 and {c} >= 0, ({a} + {b} + {c}) * 1000)"))
        }
        Source::DateAndTime(date, time) => Some(format!("concat({}, \" \", {})", name(date), name(time))),
        Source::Percent(slot) => Some(format!("urldecode({})", name(slot))),
    }
}

/// A character as a text of a query.
fn literal(sign: char) -> String {
    if sign == '"' { "'\"'".to_owned() } else { format!("\"{sign}\"") }
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
    format!("({name} >= 100 and {name} <= 999 or {name} = \"-\")")
}
