//! The head of an event: two times and the stream.
//!
//! Keeps the head from one event to the next: it is copied whole, and the milliseconds are written over the copy, so that no
//! just-written byte is read (store forwarding stalls). The layout decides the text between the parts.

use super::time::{CachedSecond, FRACTION, LENGTH, split};
use crate::events::{EventRef, Part, TextForm};

/// The head of the event written last.
#[derive(Debug, Default)]
pub(super) struct EventHead {
    timestamp: CachedSecond,
    ingestion: CachedSecond,
    text: Vec<u8>,
    /// The times and stream of the text; `None` before the first event.
    shape: Option<HeadShape>,
}

/// What the text depends on, except times.
#[derive(Debug)]
struct HeadShape {
    stream: Vec<u8>,
    form: TextForm,
    has_id: bool,
    timestamp_at: usize,
    ingestion_at: Option<usize>,
}

/// Writes the parts of a head.
pub(super) trait Parts {
    /// The part before the timestamp.
    const BEFORE: &'static [u8];
    /// The part between the two times.
    const INGESTION: &'static [u8];
    /// The part after the times, with the stream.
    fn rest(event: EventRef<'_>, out: &mut Vec<u8>);
}

impl EventHead {
    /// Writes the head of the event.
    #[inline]
    pub(super) fn write<P: Parts>(&mut self, event: EventRef<'_>, out: &mut Vec<u8>) {
        let part = event.stream_part();
        let fits = self.shape.as_ref().is_some_and(|shape| shape.fits(event, part));
        if !fits {
            self.renew::<P>(event, part);
        }
        let Some(shape) = &self.shape else { return };
        let start = out.len();
        let (second, fraction) = split(event.timestamp());
        if let Some(time) = self.timestamp.renewed(second) {
            put(&mut self.text, shape.timestamp_at, time);
        }
        if let (Some(at), Some(millis)) = (shape.ingestion_at, event.ingestion_time()) {
            let (second, taken) = split(millis);
            if let Some(time) = self.ingestion.renewed(second) {
                put(&mut self.text, at, time);
            }
            out.extend_from_slice(&self.text);
            put(out, start + at + FRACTION, &taken);
        } else {
            out.extend_from_slice(&self.text);
        }
        put(out, start + shape.timestamp_at + FRACTION, &fraction);
    }

    fn renew<P: Parts>(&mut self, event: EventRef<'_>, part: Part<'_>) {
        let text = &mut self.text;
        text.clear();
        let mut time = |before: &[u8], second: &CachedSecond| {
            text.extend_from_slice(before);
            text.extend_from_slice(second.text());
            text.len() - LENGTH
        };
        let timestamp_at = time(P::BEFORE, &self.timestamp);
        let ingestion_at = event.ingestion_time().map(|_| time(P::INGESTION, &self.ingestion));
        P::rest(event, text);
        let mut stream = self.shape.take().map(|shape| shape.stream).unwrap_or_default();
        stream.clear();
        stream.extend_from_slice(part.bytes);
        let has_id = event.event_id_part().is_some();
        self.shape = Some(HeadShape { stream, form: part.form, has_id, timestamp_at, ingestion_at });
    }
}

impl HeadShape {
    #[inline]
    fn fits(&self, event: EventRef<'_>, part: Part<'_>) -> bool {
        self.ingestion_at.is_some() == event.ingestion_time().is_some()
            && self.has_id == event.event_id_part().is_some()
            && self.form == part.form
            && self.stream == part.bytes
    }
}

#[inline]
fn put<const N: usize>(text: &mut [u8], at: usize, part: &[u8; N]) {
    if let Some(place) = text.get_mut(at..).and_then(|rest| rest.first_chunk_mut()) {
        *place = *part;
    }
}
