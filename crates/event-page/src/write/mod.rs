//! From pages to bytes, in four layouts.
//!
//! Owns the layouts byte for byte, each in a file of its own, and what the events of a page share: the head of a line is kept
//! from event to event, and only its times are written anew. Never knows what stands around the events.
//!
//! - `time`: a moment as RFC 3339.
//! - `head`: what stands before the parts that differ from event to event.
//! - `json`, `csv`, `text`: the layouts.

mod time;
mod head;
mod json;
mod csv;
mod text;

use crate::events::{EventRef, Events};
use head::Head;

/// How events are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// JSON objects with commas between them: the inside of an array.
    JsonItems,
    /// A JSON object a line.
    Ndjson,
    /// RFC 4180 with a header, and no cell that a spreadsheet would run.
    Csv,
    /// The messages alone, a line each; control characters that could steer a terminal are written as `\xNN`.
    Text,
    /// The messages alone, a line each, exactly as they are.
    RawText,
}

/// Writes page after page.
#[derive(Debug)]
pub struct Writer {
    layout: Layout,
    head: Head,
    /// Between events: nothing before the first.
    separator: &'static [u8],
}

impl Writer {
    /// A writer before its first page.
    #[must_use]
    pub fn new(layout: Layout) -> Self {
        Self { layout, head: Head::default(), separator: b"" }
    }

    /// How it lays events out.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// What stands before the first event.
    pub fn begin(&self, out: &mut Vec<u8>) {
        if self.layout == Layout::Csv {
            out.extend_from_slice(csv::HEADER);
        }
    }

    /// Appends the events of a page.
    pub fn page(&mut self, events: &Events, out: &mut Vec<u8>) {
        out.reserve(events.iter().map(|event| self.about(event)).sum());
        for event in events.iter() {
            self.event(event, out);
        }
    }

    /// Appends one event.
    #[inline]
    fn event(&mut self, event: EventRef<'_>, out: &mut Vec<u8>) {
        match self.layout {
            Layout::JsonItems => {
                out.extend_from_slice(self.separator);
                self.separator = b",";
                json::write(&mut self.head, event, b"\"}", out);
            }
            Layout::Ndjson => json::write(&mut self.head, event, b"\"}\n", out),
            Layout::Csv => csv::write(&mut self.head, event, out),
            Layout::Text => text::write(event, out),
            Layout::RawText => text::write_raw(event, out),
        }
    }

    /// About how long the event becomes: room for it is made for all events of a page at once.
    #[inline]
    fn about(&self, event: EventRef<'_>) -> usize {
        let kept = event.message_part().bytes.len();
        match self.layout {
            Layout::JsonItems | Layout::Ndjson => kept + 240,
            Layout::Csv => kept + 160,
            Layout::Text | Layout::RawText => event.message_length() + 1,
        }
    }
}
