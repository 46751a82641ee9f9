//! Builds a page from plain values, for sources that do not return JSON.
//!
//! Copies each part once. The page orders and filters events.

use std::fmt;
use std::io::Write as _;

use crate::events::{Events, Row, Span, TextForm};

/// Collects events.
#[derive(Debug, Default)]
pub struct Builder {
    text: Vec<u8>,
    rows: Vec<Row>,
    /// The stream of the last event, because the next event is often in the same stream.
    stream: Option<Span>,
}

/// An event to add to a page.
#[derive(Debug, Clone, Copy)]
pub struct PlainEvent<'a> {
    /// Epoch milliseconds.
    pub timestamp: i64,
    /// Epoch milliseconds.
    pub ingestion_time: Option<i64>,
    /// The stream of the event.
    pub stream: &'a str,
    /// The id, if the source has one.
    pub event_id: Option<fmt::Arguments<'a>>,
    /// The message.
    pub message: &'a str,
}

/// The texts of a page exceed four gigabytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong;

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a page holds less than four gigabytes")
    }
}

impl std::error::Error for TooLong {}

impl Builder {
    /// A builder with capacity for this many events and bytes of text.
    #[must_use]
    pub fn with_capacity(events: usize, bytes: usize) -> Self {
        Self { text: Vec::with_capacity(bytes), rows: Vec::with_capacity(events), stream: None }
    }

    /// Adds an event.
    ///
    /// # Errors
    /// [`TooLong`]; the events added before are kept.
    pub fn push(&mut self, event: PlainEvent<'_>) -> Result<(), TooLong> {
        let stream = match self.stream {
            Some(last) if last.of(&self.text) == Some(event.stream.as_bytes()) => last,
            _ => self.copy(event.stream)?,
        };
        self.stream = Some(stream);
        let event_id = event.event_id.map_or(Ok(Span::NONE), |id| self.print(id))?;
        let message = self.copy(event.message)?;
        let message_length = u32::try_from(event.message.len()).map_err(|_| TooLong)?;
        let PlainEvent { timestamp, ingestion_time, .. } = event;
        self.rows.push(Row { timestamp, ingestion_time, stream, event_id, message, message_length });
        Ok(())
    }

    /// The page of the added events.
    #[must_use]
    pub fn finish(self) -> Events {
        Events::new(self.text.into(), TextForm::Plain, self.rows)
    }

    fn copy(&mut self, part: &str) -> Result<Span, TooLong> {
        let span = Span::new(self.text.len(), part.len()).ok_or(TooLong)?;
        self.text.extend_from_slice(part.as_bytes());
        Ok(span)
    }

    fn print(&mut self, part: fmt::Arguments<'_>) -> Result<Span, TooLong> {
        let start = self.text.len();
        self.text.write_fmt(part).map_err(|_| TooLong)?;
        Span::new(start, self.text.len() - start).ok_or(TooLong)
    }
}
