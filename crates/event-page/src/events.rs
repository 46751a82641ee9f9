//! The page: one text, and a row for each event with the spans of its parts in the text.
//!
//! Owns the rows and their order. Removing an event does not change the text; [`Events::compact`] copies the text if too much of
//! it is unused.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use crate::json_string;

mod edit;

pub use edit::Edit;

/// A page of events. Cloning it copies rows, but shares the text.
#[derive(Clone)]
pub struct Events {
    /// INVARIANT: every span of a row is inside the text and valid UTF-8; in [`TextForm::Literal`] it is the inside of a JSON
    /// string.
    text: Bytes,
    form: TextForm,
    /// The stream of the events whose rows have no stream.
    stream: Arc<str>,
    rows: Vec<Row>,
}

/// How the text of a page is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextForm {
    /// As the inside of JSON strings, with the escapes of the source.
    Literal,
    /// Plain text.
    Plain,
}

/// The position of a part of an event in the text. Bounded to four gigabytes, which the creator of a span checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    length: u32,
}

impl Span {
    /// A missing part, which differs from an empty one.
    pub(crate) const NONE: Self = Self { start: u32::MAX, length: 0 };

    /// `None` beyond four gigabytes.
    pub(crate) fn new(start: usize, length: usize) -> Option<Self> {
        let end = start.checked_add(length)?;
        u32::try_from(end).ok().filter(|end| *end < u32::MAX)?;
        Some(Self { start: u32::try_from(start).ok()?, length: u32::try_from(length).ok()? })
    }

    #[inline]
    pub(crate) fn of(self, text: &[u8]) -> Option<&[u8]> {
        let start = self.start as usize;
        if self == Self::NONE { None } else { Some(text.get(start..start + self.length as usize).unwrap_or_default()) }
    }
}

/// One event.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    /// Epoch milliseconds.
    pub(crate) timestamp: i64,
    /// Epoch milliseconds.
    pub(crate) ingestion_time: Option<i64>,
    /// The stream; [`Span::NONE`]: the page's stream.
    pub(crate) stream: Span,
    /// The id; [`Span::NONE`] if the source has no ids.
    pub(crate) event_id: Span,
    pub(crate) message: Span,
    /// Bytes of the decoded message: equal to the span's length exactly if it has no escape.
    pub(crate) message_length: u32,
}

impl Default for Events {
    fn default() -> Self {
        Self::new(Bytes::new(), TextForm::Plain, Vec::new())
    }
}

/// Prints the number of events only: messages must not appear in logs.
impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("events", &self.rows.len()).field("bytes", &self.text.len()).finish_non_exhaustive()
    }
}

impl Events {
    pub(crate) fn new(text: Bytes, form: TextForm, rows: Vec<Row>) -> Self {
        Self { text, form, stream: Arc::default(), rows }
    }

    /// The same events, with `stream` for those whose rows have no stream.
    #[must_use]
    pub fn in_stream(self, stream: impl Into<Arc<str>>) -> Self {
        Self { stream: stream.into(), ..self }
    }

    /// The number of events.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Bytes of memory: its text, which clones share, and its rows.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.text.len() + self.rows.capacity() * size_of::<Row>()
    }

    /// Bytes of its rows, which a clone copies.
    #[must_use]
    pub fn row_bytes(&self) -> usize {
        self.rows.len() * size_of::<Row>()
    }

    /// Whether the page is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The event at `index`.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<EventRef<'_>> {
        self.rows.get(index).map(|row| self.page().event(row))
    }

    /// The first event.
    #[must_use]
    pub fn first(&self) -> Option<EventRef<'_>> {
        self.get(0)
    }

    /// The last event.
    #[must_use]
    pub fn last(&self) -> Option<EventRef<'_>> {
        self.rows.last().map(|row| self.page().event(row))
    }

    /// The events in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = EventRef<'_>> + ExactSizeIterator + Clone {
        let page = self.page();
        self.rows.iter().map(move |row| page.event(row))
    }

    /// The events in the range, cut at the end of the page.
    pub fn range(&self, range: Range<usize>) -> impl DoubleEndedIterator<Item = EventRef<'_>> + ExactSizeIterator + Clone {
        let page = self.page();
        let end = range.end.min(self.rows.len());
        self.rows.get(range.start.min(end)..end).unwrap_or_default().iter().map(move |row| page.event(row))
    }

    fn page(&self) -> Page<'_> {
        Page { text: &self.text, form: self.form, stream: &self.stream }
    }

    /// Reverses the order.
    pub fn reverse(&mut self) {
        self.rows.reverse();
    }

    /// Sorts by time, ascending; events of the same time keep their order.
    pub fn sort_by_time(&mut self) {
        if !self.rows.is_sorted_by_key(|row| row.timestamp) {
            self.rows.sort_by_key(|row| row.timestamp);
        }
    }

    /// Keeps only the events in the range, cut at the end of the page.
    pub fn keep(&mut self, range: Range<usize>) {
        self.rows.truncate(range.end);
        self.rows.drain(..range.start.min(self.rows.len()));
    }

    /// Keeps the events for which `keep` returns true.
    pub fn retain(&mut self, mut wanted: impl FnMut(EventRef<'_>) -> bool) {
        let page = Page { text: &self.text, form: self.form, stream: &self.stream };
        self.rows.retain(|row| wanted(page.event(row)));
    }

    /// Frees text that no event uses, if it is more than half of the text, so that the memory of a page is bounded by its
    /// remaining events.
    pub fn compact(&mut self) {
        let parts = |row: &Row| [row.stream, row.event_id, row.message];
        let used: usize = self.rows.iter().flat_map(parts).map(|span| span.length as usize).sum();
        if used >= self.text.len() / 2 {
            return;
        }
        let mut text = Vec::with_capacity(used);
        for row in &mut self.rows {
            for span in [&mut row.stream, &mut row.event_id, &mut row.message] {
                if let Some(part) = span.of(&self.text) {
                    // The new text is not longer than the old one, so its spans fit.
                    *span = Span::new(text.len(), part.len()).unwrap_or(Span::NONE);
                    text.extend_from_slice(part);
                }
            }
        }
        self.text = text.into();
        self.rows.shrink_to_fit();
    }
}

/// The text and default stream that rows refer to.
#[derive(Clone, Copy)]
struct Page<'a> {
    text: &'a [u8],
    form: TextForm,
    stream: &'a str,
}

impl<'a> Page<'a> {
    #[inline]
    fn event(self, row: &'a Row) -> EventRef<'a> {
        EventRef { page: self, row }
    }
}

/// One event of a page.
#[derive(Clone, Copy)]
pub struct EventRef<'a> {
    page: Page<'a>,
    row: &'a Row,
}

/// Omits the message: messages must not appear in logs.
impl fmt::Debug for EventRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventRef").field("timestamp", &self.row.timestamp).finish_non_exhaustive()
    }
}

impl<'a> EventRef<'a> {
    /// The time of the event, from its writer, in epoch milliseconds.
    #[must_use]
    #[inline]
    pub fn timestamp(self) -> i64 {
        self.row.timestamp
    }

    /// The ingestion time, in epoch milliseconds.
    #[must_use]
    #[inline]
    pub fn ingestion_time(self) -> Option<i64> {
        self.row.ingestion_time
    }

    /// The stream of the event.
    #[must_use]
    pub fn stream(self) -> Cow<'a, str> {
        self.stream_part().to_text()
    }

    /// The id, if the source has one.
    #[must_use]
    pub fn event_id(self) -> Option<Cow<'a, str>> {
        self.event_id_part().map(Part::to_text)
    }

    /// The message, unchanged.
    #[must_use]
    pub fn message(self) -> Cow<'a, str> {
        self.message_part().to_text()
    }

    /// Bytes of the message, without decoding it.
    #[must_use]
    #[inline]
    pub fn message_length(self) -> usize {
        self.row.message_length as usize
    }

    #[inline]
    pub(crate) fn stream_part(self) -> Part<'a> {
        match self.row.stream.of(self.page.text) {
            Some(bytes) => Part { bytes, form: self.page.form },
            None => Part { bytes: self.page.stream.as_bytes(), form: TextForm::Plain },
        }
    }

    #[inline]
    pub(crate) fn event_id_part(self) -> Option<Part<'a>> {
        self.row.event_id.of(self.page.text).map(|bytes| Part { bytes, form: self.page.form })
    }

    #[inline]
    pub(crate) fn message_part(self) -> Part<'a> {
        Part { bytes: self.row.message.of(self.page.text).unwrap_or_default(), form: self.page.form }
    }

    /// The message without copying, if it has no escape. It then also fits inside a JSON string if the page's text is literal.
    #[inline]
    pub(crate) fn has_escapes(self) -> bool {
        self.row.message_length != self.row.message.length
    }
}

/// A part of an event as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) form: TextForm,
}

impl<'a> Part<'a> {
    fn to_text(self) -> Cow<'a, str> {
        if self.form == TextForm::Literal && memchr::memchr(b'\\', self.bytes).is_some() {
            return Cow::Owned(json_string::decode(self.bytes));
        }
        Cow::Borrowed(std::str::from_utf8(self.bytes).unwrap_or_default())
    }

    /// Writes it as the inside of a JSON string.
    #[inline]
    pub(crate) fn write_literal(self, out: &mut Vec<u8>) {
        match self.form {
            TextForm::Literal => out.extend_from_slice(self.bytes),
            TextForm::Plain => json_string::encode(self.bytes, out),
        }
    }
}
