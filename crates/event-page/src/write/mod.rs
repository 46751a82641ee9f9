//! Writes pages as bytes.
//!
//! Owns the bytes of the layouts, each in its own file, and the shared head of events, of which only the times are written again.
//! Does not know the text around the events.
//!
//! - `time`: times as RFC 3339.
//! - `event_head`: the shared head of events.
//! - `json`, `csv`, `text`: the layouts.
//! - `column_writer`: the columns that a request chose, in CSV, NDJSON and text.

mod time;
mod event_head;
mod json;
mod csv;
mod text;
mod column_writer;

pub use csv::csv_cell;
pub use text::{is_unsafe, safe_text};

use crate::columns::Columns;
use crate::events::{EventRef, Events};
use column_writer::ColumnWriter;
use event_head::EventHead;
use text::Lines;

/// The layout of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// JSON objects separated by commas: the inside of an array.
    JsonItems,
    /// One JSON object per line.
    Ndjson,
    /// RFC 4180 with a header, without cells that a spreadsheet would execute or round.
    Csv,
    /// Only the messages, one per line. Characters that could control a terminal, or hide or reorder text, are written as `\xNN`
    /// or `\uNNNN`.
    Text,
    /// Only the messages, one per line, unchanged.
    RawText,
}

/// Maximum bytes of a decoding buffer that are kept for the next part.
const MAX_KEPT_SCRATCH: usize = 16 * 1024;

fn release(scratch: &mut Vec<u8>) {
    scratch.clear();
    scratch.shrink_to(MAX_KEPT_SCRATCH);
}

/// Writes pages, one after another.
#[derive(Debug)]
pub struct Writer {
    layout: Layout,
    event_head: EventHead,
    /// The separator between events, empty before the first.
    separator: &'static [u8],
    /// The chosen columns; `None` for the layout's default.
    column_writer: Option<ColumnWriter>,
    /// Whether CSV begins with a byte order mark.
    byte_order_mark: bool,
    /// Buffer to decode a message.
    scratch: Vec<u8>,
}

/// U+FEFF in UTF-8, by which Excel recognises UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl Writer {
    /// A writer before its first page.
    #[must_use]
    pub fn new(layout: Layout) -> Self {
        let (column_writer, byte_order_mark, scratch) = (None, false, Vec::new());
        Self { layout, event_head: EventHead::default(), separator: b"", column_writer, byte_order_mark, scratch }
    }

    /// Writes these columns instead of the layout's default. JSON items have no columns and do not change.
    #[must_use]
    pub fn with_columns(self, columns: Option<Columns>) -> Self {
        Self { column_writer: columns.filter(|_| self.layout != Layout::JsonItems).map(ColumnWriter::new), ..self }
    }

    /// Begins CSV with a byte order mark.
    #[must_use]
    pub fn with_byte_order_mark(self) -> Self {
        Self { byte_order_mark: true, ..self }
    }

    /// The layout.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// The text before the first event.
    pub fn begin(&self, out: &mut Vec<u8>) {
        if self.layout != Layout::Csv {
            return;
        }
        if self.byte_order_mark {
            out.extend_from_slice(BYTE_ORDER_MARK);
        }
        match &self.column_writer {
            Some(column_writer) => column_writer.header(out),
            None => out.extend_from_slice(csv::HEADER),
        }
    }

    /// Appends the events of a page.
    pub fn page(&mut self, events: &Events, out: &mut Vec<u8>) {
        out.reserve(events.iter().map(|event| self.estimate(event)).sum());
        for event in events.iter() {
            self.event(event, out);
        }
    }

    /// Appends events of a page from index `from`, at least one, until the page ends or about `bytes` were appended; returns the
    /// index after the last one.
    pub fn part(&mut self, events: &Events, from: usize, bytes: usize, out: &mut Vec<u8>) -> usize {
        let full = out.len().saturating_add(bytes);
        let mut place = from;
        for event in events.range(from..events.len()) {
            self.event(event, out);
            place += 1;
            if out.len() >= full {
                break;
            }
        }
        self.release();
        place
    }

    /// Frees the decoding memory of a long message, because a slow client keeps the writer for long.
    fn release(&mut self) {
        release(&mut self.scratch);
        if let Some(column_writer) = &mut self.column_writer {
            column_writer.release();
        }
    }

    /// Appends one event.
    #[inline]
    fn event(&mut self, event: EventRef<'_>, out: &mut Vec<u8>) {
        if let Some(column_writer) = &mut self.column_writer {
            return match self.layout {
                Layout::Ndjson | Layout::JsonItems => column_writer.ndjson(event, out),
                Layout::Csv => column_writer.csv(event, out),
                Layout::Text => column_writer.text(event, Lines::Safe, out),
                Layout::RawText => column_writer.text(event, Lines::Raw, out),
            };
        }
        match self.layout {
            Layout::JsonItems => {
                out.extend_from_slice(self.separator);
                self.separator = b",";
                json::write(&mut self.event_head, event, b"\"}", out);
            }
            Layout::Ndjson => json::write(&mut self.event_head, event, b"\"}\n", out),
            Layout::Csv => csv::write(&mut self.event_head, event, out),
            Layout::Text => text::write(event, &mut self.scratch, out),
            Layout::RawText => text::write_raw(event, out),
        }
    }

    /// The approximate length of the written event, so that memory for a page is reserved once.
    #[inline]
    fn estimate(&self, event: EventRef<'_>) -> usize {
        let kept = event.message_part().bytes.len();
        match self.layout {
            Layout::JsonItems | Layout::Ndjson => kept + 240,
            Layout::Csv => kept + 160,
            Layout::Text | Layout::RawText => event.message_length() + 1,
        }
    }
}
