//! Writes events as the columns that a request chose, in CSV, NDJSON and text.
//!
//! Owns the form of a value in each layout. A missing value and JSON's `null` are empty cells; NDJSON omits missing values and
//! writes `null`. Objects and arrays are JSON on one line.

use super::csv;
use super::text::{self, Lines};
use super::time::CachedSecond;
use crate::columns::{Columns, Source, Token};
use crate::events::{EventRef, Part, TextForm};
use crate::json_string::{Utf8, unescape};

/// Writes events as these columns.
#[derive(Debug)]
pub(super) struct ColumnWriter {
    columns: Columns,
    timestamp: CachedSecond,
    ingestion: CachedSecond,
    /// Buffers for the decoded message and one value.
    message: Vec<u8>,
    value: Vec<u8>,
}

/// A value of an event, before it is written in a layout.
enum Value<'a> {
    Missing,
    Time(&'a [u8]),
    Part(Part<'a>),
    Json(Token<'a>),
}

impl ColumnWriter {
    pub(super) fn new(columns: Columns) -> Self {
        let (timestamp, ingestion) = (CachedSecond::default(), CachedSecond::default());
        Self { columns, timestamp, ingestion, message: Vec::new(), value: Vec::new() }
    }

    /// Frees the memory of a long message.
    pub(super) fn release(&mut self) {
        super::release(&mut self.message);
        super::release(&mut self.value);
    }

    /// The header of CSV.
    pub(super) fn header(&self, out: &mut Vec<u8>) {
        for (index, column) in self.columns.columns.iter().enumerate() {
            separate(index, b',', out);
            csv::csv_cell(&column.spelling, out);
        }
        out.extend_from_slice(b"\r\n");
    }

    pub(super) fn csv(&mut self, event: EventRef<'_>, out: &mut Vec<u8>) {
        self.each(event, |index, _, value, scratch| {
            separate(index, b',', out);
            match value {
                Value::Missing => {}
                Value::Time(time) => out.extend_from_slice(time),
                Value::Part(part) => csv::cell(part, out),
                Value::Json(token) if token.is_number() => csv::number(token.0.as_bytes(), out),
                Value::Json(token) => csv::plain(token.text(scratch), out),
            }
        });
        out.extend_from_slice(b"\r\n");
    }

    pub(super) fn ndjson(&mut self, event: EventRef<'_>, out: &mut Vec<u8>) {
        let mut count = 0;
        out.push(b'{');
        self.each(event, |_, member, value, _| {
            if matches!(value, Value::Missing) {
                return;
            }
            separate(count, b',', out);
            count += 1;
            out.extend_from_slice(member);
            match value {
                Value::Missing => {}
                Value::Json(token) => token.on_one_line(out),
                Value::Time(time) => out.extend([b"\"", time, b"\""].concat()),
                Value::Part(part) => {
                    out.push(b'"');
                    part.write_literal(out);
                    out.push(b'"');
                }
            }
        });
        out.extend_from_slice(b"}\n");
    }

    /// Separates columns by tabs, and writes each event on one line; `lines` says which other characters are escaped.
    pub(super) fn text(&mut self, event: EventRef<'_>, lines: Lines, out: &mut Vec<u8>) {
        self.each(event, |index, _, value, scratch| {
            separate(index, b'\t', out);
            match value {
                Value::Missing => {}
                Value::Time(time) => out.extend_from_slice(time),
                Value::Part(part) => text::cell(text::without_line_end(part.decoded(scratch)), lines, out),
                Value::Json(token) => text::cell(token.text(scratch), lines, out),
            }
        });
        out.push(b'\n');
    }

    /// Calls `write` for each column with its number, its JSON name, its value, and a buffer to decode it.
    fn each(&mut self, event: EventRef<'_>, mut write: impl FnMut(usize, &[u8], Value<'_>, &mut Vec<u8>)) {
        let Self { columns, timestamp, ingestion, message, value: scratch } = self;
        let tokens = if columns.slots > 0 {
            let text = event.message_part().decoded(message);
            columns.paths.pick(std::str::from_utf8(text).unwrap_or_default(), columns.slots)
        } else {
            Vec::new()
        };
        for (index, column) in columns.columns.iter().enumerate() {
            let (first, second);
            let value = match column.source {
                Source::Timestamp => {
                    first = timestamp.written(event.timestamp());
                    Value::Time(&first)
                }
                Source::IngestionTime => match event.ingestion_time() {
                    Some(millis) => {
                        second = ingestion.written(millis);
                        Value::Time(&second)
                    }
                    None => Value::Missing,
                },
                Source::LogStream => Value::Part(event.stream_part()),
                Source::EventId => event.event_id_part().map_or(Value::Missing, Value::Part),
                Source::Message => Value::Part(event.message_part()),
                Source::Path(slot) => tokens.get(slot).copied().flatten().map_or(Value::Missing, Value::Json),
            };
            write(index, &column.member, value, scratch);
        }
    }
}

fn separate(index: usize, separator: u8, out: &mut Vec<u8>) {
    if index > 0 {
        out.push(separator);
    }
}

impl<'a> Part<'a> {
    /// The text of the value, decoded into `scratch` if it has an escape.
    fn decoded(self, scratch: &'a mut Vec<u8>) -> &'a [u8] {
        if self.form == TextForm::Plain || memchr::memchr(b'\\', self.bytes).is_none() {
            return self.bytes;
        }
        scratch.clear();
        unescape::<Utf8>(self.bytes, scratch);
        scratch
    }
}

impl<'m> Token<'m> {
    fn is_number(self) -> bool {
        self.0.starts_with(|first: char| first == '-' || first.is_ascii_digit())
    }

    /// The displayed text: a string without quotes, empty for `null`, and anything else as JSON.
    fn text<'t>(self, scratch: &'t mut Vec<u8>) -> &'t [u8]
    where
        'm: 't,
    {
        if self.0 == "null" {
            return b"";
        }
        if let Some(inside) = self.0.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            return Part { bytes: inside.as_bytes(), form: TextForm::Literal }.decoded(scratch);
        }
        scratch.clear();
        self.on_one_line(scratch);
        scratch
    }

    /// JSON without line ends and tabs, which can only be between its tokens, because strings cannot contain them.
    fn on_one_line(self, out: &mut Vec<u8>) {
        let is_break = |byte: &u8| matches!(byte, b'\n' | b'\r' | b'\t');
        for run in self.0.as_bytes().split(is_break) {
            out.extend_from_slice(run);
        }
    }
}
