//! The page: one text, and a row for each event that says where in the text its parts are.
//!
//! Owns the rows and the order they stand in. Never changes the text: leaving an event out leaves its bytes where they are,
//! until [`Events::compact`] finds that too many are held for nothing.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use crate::json_string;

/// Events in an order, as a source gave them. Cloning it copies rows, never text.
#[derive(Clone)]
pub struct Events {
    /// INVARIANT: every span of a row lies inside and is UTF-8; in [`TextForm::Literal`] it is the inside of a JSON string.
    text: Bytes,
    form: TextForm,
    /// The stream of those events whose rows name none.
    stream: Arc<str>,
    rows: Vec<Row>,
}

/// How a page's text stands for what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextForm {
    /// As the inside of JSON strings, escapes as they came.
    Literal,
    /// As it is.
    Plain,
}

/// Where a part of an event is in the text. Bounded to four gigabytes, which whoever makes spans checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    start: u32,
    length: u32,
}

impl Span {
    /// No part at all, as opposed to an empty one.
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
    /// [`Span::NONE`]: the page's stream.
    pub(crate) stream: Span,
    /// [`Span::NONE`]: it has none.
    pub(crate) event_id: Span,
    pub(crate) message: Span,
    /// Bytes of the message decoded: the span's length exactly when there is no escape in it.
    pub(crate) message_length: u32,
}

impl Default for Events {
    fn default() -> Self {
        Self::new(Bytes::new(), TextForm::Plain, Vec::new())
    }
}

/// Says how many events there are: messages do not belong in anybody's log.
impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("events", &self.rows.len()).field("bytes", &self.text.len()).finish_non_exhaustive()
    }
}

impl Events {
    pub(crate) fn new(text: Bytes, form: TextForm, rows: Vec<Row>) -> Self {
        Self { text, form, stream: Arc::default(), rows }
    }

    /// The same events, in that stream where the text does not name their streams.
    #[must_use]
    pub fn in_stream(self, stream: impl Into<Arc<str>>) -> Self {
        Self { stream: stream.into(), ..self }
    }

    /// How many events.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Bytes of memory that it holds: its text, which clones share, and its rows.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.text.len() + self.rows.capacity() * size_of::<Row>()
    }

    /// Bytes of its rows: what a clone takes besides.
    #[must_use]
    pub fn row_bytes(&self) -> usize {
        self.rows.len() * size_of::<Row>()
    }

    /// Is there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The event at that place.
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

    /// The events from first to last.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = EventRef<'_>> + ExactSizeIterator + Clone {
        let page = self.page();
        self.rows.iter().map(move |row| page.event(row))
    }

    /// The events in that range; those of it that there are not are left out.
    pub fn range(&self, range: Range<usize>) -> impl DoubleEndedIterator<Item = EventRef<'_>> + ExactSizeIterator + Clone {
        let page = self.page();
        let end = range.end.min(self.rows.len());
        self.rows.get(range.start.min(end)..end).unwrap_or_default().iter().map(move |row| page.event(row))
    }

    fn page(&self) -> Page<'_> {
        Page { text: &self.text, form: self.form, stream: &self.stream }
    }

    /// Turns the order round.
    pub fn reverse(&mut self) {
        self.rows.reverse();
    }

    /// Sorts by time, ascending; those at one time keep their order.
    pub fn sort_by_time(&mut self) {
        if !self.rows.is_sorted_by_key(|row| row.timestamp) {
            self.rows.sort_by_key(|row| row.timestamp);
        }
    }

    /// Keeps the events in that range alone; a range beyond the end ends there.
    pub fn keep(&mut self, range: Range<usize>) {
        self.rows.truncate(range.end);
        self.rows.drain(..range.start.min(self.rows.len()));
    }

    /// Keeps the events that are wanted.
    pub fn retain(&mut self, mut wanted: impl FnMut(EventRef<'_>) -> bool) {
        let page = Page { text: &self.text, form: self.form, stream: &self.stream };
        self.rows.retain(|row| wanted(page.event(row)));
    }

    /// Lets go of text that no event needs, when that is more than half of it: so what a page holds is bounded by what it
    /// shows, whatever was left out of it.
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
                    // What is not longer than the old text has a span when that had one.
                    *span = Span::new(text.len(), part.len()).unwrap_or(Span::NONE);
                    text.extend_from_slice(part);
                }
            }
        }
        self.text = text.into();
        self.rows.shrink_to_fit();
    }
}

/// What the rows of a page refer to.
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

/// Leaves the message out: messages do not belong in anybody's log.
impl fmt::Debug for EventRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventRef").field("timestamp", &self.row.timestamp).finish_non_exhaustive()
    }
}

impl<'a> EventRef<'a> {
    /// When it happened, by whoever wrote it: epoch milliseconds.
    #[must_use]
    #[inline]
    pub fn timestamp(self) -> i64 {
        self.row.timestamp
    }

    /// When the source took it in: epoch milliseconds.
    #[must_use]
    #[inline]
    pub fn ingestion_time(self) -> Option<i64> {
        self.row.ingestion_time
    }

    /// The stream it is in.
    #[must_use]
    pub fn stream(self) -> Cow<'a, str> {
        self.stream_part().to_text()
    }

    /// The id that the source gives it, where it gives one.
    #[must_use]
    pub fn event_id(self) -> Option<Cow<'a, str>> {
        self.event_id_part().map(Part::to_text)
    }

    /// The message, exactly.
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

    /// The message as it is, where it holds no escape: then it may stand inside a JSON string too if the page's text may.
    #[inline]
    pub(crate) fn has_escapes(self) -> bool {
        self.row.message_length != self.row.message.length
    }
}

/// A part of an event in the form that it is kept in.
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
