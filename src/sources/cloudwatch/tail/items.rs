//! Events as the items that a tail gives, each event with the position behind it.

use std::collections::VecDeque;

use logmark_event_page::build::PlainEvent;
use logmark_event_page::{Builder, Events};
use logmark_tail_merge::Viewer;

use super::feed::Event;
use super::position::{Place, Unwanted};
use crate::sources::tail::{MAX_ITEM_BYTES, MAX_ITEM_EVENTS, TailEvents, TailItem, TailPosition};

/// Puts events into items, each with the position behind it. Unwanted events count as delivered, so that a tail that resumes leaves them
/// out too.
pub(super) fn deliver<'a>(
    pending: &mut VecDeque<TailItem>,
    viewer: &mut Viewer,
    unwanted: Option<Unwanted>,
    events: impl IntoIterator<Item = &'a Event>,
) {
    let mut chunk = Chunk::default();
    for seen in events {
        let mark = viewer.delivered(seen.ingestion, seen.fingerprint);
        if unwanted.is_some_and(|unwanted| unwanted.contains(seen.timestamp, seen.ingestion)) {
            continue;
        }
        if chunk.is_full(seen.event.message.len()) {
            pending.push_back(std::mem::take(&mut chunk).finish());
        }
        chunk.push(seen, Place::following(mark, unwanted).to_position());
    }
    if !chunk.positions.is_empty() {
        pending.push_back(chunk.finish());
    }
}

/// Events that become one item.
#[derive(Debug, Default)]
struct Chunk {
    builder: Builder,
    positions: Vec<TailPosition>,
    bytes: usize,
}

impl Chunk {
    fn is_full(&self, more: usize) -> bool {
        let is_empty = self.positions.is_empty();
        !is_empty && (self.positions.len() >= MAX_ITEM_EVENTS || self.bytes + more > MAX_ITEM_BYTES)
    }

    fn push(&mut self, seen: &Event, position: TailPosition) {
        let event = &seen.event;
        let id = event.event_id.as_deref().unwrap_or_default();
        self.bytes += event.message.len();
        let pushed = self.builder.push(PlainEvent {
            timestamp: event.timestamp,
            ingestion_time: Some(event.ingestion),
            stream: &event.stream,
            event_id: event.event_id.is_some().then_some(format_args!("{id}")),
            message: &event.message,
        });
        // An item is far smaller than four gigabytes.
        if pushed.is_ok() {
            self.positions.push(position);
        }
    }

    fn finish(self) -> TailItem {
        TailItem::Events(TailEvents { events: self.builder.finish(), positions: self.positions, memory: None })
    }
}

/// Where the item that begins at `start` ends.
pub(super) fn chunk_end(events: &Events, start: usize) -> usize {
    let mut bytes = 0;
    let lengths = events.range(start..events.len()).map(logmark_event_page::EventRef::message_length);
    let count = lengths.take(MAX_ITEM_EVENTS).take_while(|length| {
        bytes += length;
        bytes <= MAX_ITEM_BYTES
    });
    start + count.count().max(1)
}
