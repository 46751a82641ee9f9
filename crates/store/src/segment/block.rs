//! The contents of a block: events of one group in order, with numbers and messages separated so that both compress well.
//!
//! ```text
//! length of the numbers 4 | numbers: per event six varints | messages end to end
//! ```
//!
//! The numbers are differences to the event before (timestamp, sequence, ingestion time), the index of the stream in the block's
//! list, the difference to the ordinal of the stream's previous event, and the message's length. `reader` does I/O and checks
//! checksums.

use std::ops::Range;

use crate::codec::{Input, add_difference, difference, put_varint};
use crate::event::Position;
use crate::ids::StreamId;
use crate::memtable::Entry;

/// Builds a block.
#[derive(Debug, Default)]
pub(crate) struct BlockBuilder {
    numbers: Vec<u8>,
    messages: Vec<u8>,
    streams: Vec<StreamId>,
    first: Option<Position>,
    last: Option<Position>,
    last_ingestion: i64,
    /// The last ordinal of each stream of the list.
    last_ordinals: Vec<u64>,
}

/// A block's uncompressed bytes and its index entry.
#[derive(Debug)]
pub(crate) struct BuiltBlock {
    pub(crate) bytes: Vec<u8>,
    pub(crate) streams: Vec<StreamId>,
    pub(crate) first: Position,
    pub(crate) last: Position,
}

impl BlockBuilder {
    /// Adds an event; events come in ascending order.
    pub(crate) fn push(&mut self, position: Position, entry: &Entry) {
        let previous = self.last.unwrap_or(Position::start_of(0));
        let place = self.streams.iter().rposition(|stream| *stream == entry.stream).unwrap_or_else(|| {
            self.streams.push(entry.stream);
            self.last_ordinals.push(0);
            self.streams.len() - 1
        });
        let timestamps = (position.timestamp().cast_unsigned(), previous.timestamp().cast_unsigned());
        let ingestions = (entry.ingestion_ms.cast_unsigned(), self.last_ingestion.cast_unsigned());
        put_varint(&mut self.numbers, difference(timestamps.0, timestamps.1));
        put_varint(&mut self.numbers, difference(position.sequence(), previous.sequence()));
        put_varint(&mut self.numbers, difference(ingestions.0, ingestions.1));
        put_varint(&mut self.numbers, place as u64);
        if let Some(last) = self.last_ordinals.get_mut(place) {
            put_varint(&mut self.numbers, difference(entry.ordinal, *last));
            *last = entry.ordinal;
        }
        put_varint(&mut self.numbers, entry.message.len() as u64);
        self.messages.extend_from_slice(entry.message.as_bytes());
        self.first.get_or_insert(position);
        self.last = Some(position);
        self.last_ingestion = entry.ingestion_ms;
    }

    /// Uncompressed bytes so far.
    pub(crate) fn bytes(&self) -> usize {
        4 + self.numbers.len() + self.messages.len()
    }

    /// The block, or `None` if it is empty. The builder is empty afterwards.
    pub(crate) fn take(&mut self) -> Option<BuiltBlock> {
        let built = std::mem::take(self);
        let (first, last) = (built.first?, built.last?);
        let length = (built.numbers.len() as u32).to_le_bytes();
        let bytes = [length.as_slice(), &built.numbers, &built.messages].concat();
        Some(BuiltBlock { bytes, streams: built.streams, first, last })
    }
}

/// A block in memory, uncompressed.
#[derive(Debug)]
pub(crate) struct DecodedBlock {
    /// The messages end to end.
    text: String,
    pub(crate) events: Vec<BlockEvent>,
}

/// An event of a decoded block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlockEvent {
    pub(crate) position: Position,
    pub(crate) stream: StreamId,
    pub(crate) ingestion_ms: i64,
    pub(crate) ordinal: u64,
    /// Where its message begins and ends in the block's text.
    message: (usize, usize),
}

impl BlockEvent {
    pub(crate) fn message(&self) -> Range<usize> {
        self.message.0..self.message.1
    }
}

impl DecodedBlock {
    /// Parses an uncompressed block; `None` if it is malformed.
    pub(crate) fn decode(mut bytes: Vec<u8>, streams: &[StreamId]) -> Option<DecodedBlock> {
        let mut input = Input::new(&bytes);
        let length = input.u32()? as usize;
        let mut numbers = Input::new(input.bytes(length)?);
        let mut events: Vec<BlockEvent> = Vec::new();
        let mut ordinals = vec![0; streams.len()];
        let (mut timestamp, mut sequence, mut ingestion, mut start) = (0, 0, 0, 0_usize);
        while !numbers.is_empty() {
            timestamp = add_difference(timestamp, numbers.varint()?);
            sequence = add_difference(sequence, numbers.varint()?);
            ingestion = add_difference(ingestion, numbers.varint()?);
            let place = usize::try_from(numbers.varint()?).ok()?;
            let (stream, ordinal) = (*streams.get(place)?, ordinals.get_mut(place)?);
            *ordinal = add_difference(*ordinal, numbers.varint()?);
            let end = start.checked_add(usize::try_from(numbers.varint()?).ok()?)?;
            events.push(BlockEvent {
                position: Position::new(timestamp.cast_signed(), sequence),
                stream,
                ingestion_ms: ingestion.cast_signed(),
                ordinal: *ordinal,
                message: (start, end),
            });
            start = end;
        }
        // Checked once, so that a message is a slice of it.
        let text = String::from_utf8(bytes.split_off(4 + length)).ok()?;
        (start == text.len()).then_some(DecodedBlock { text, events })
    }

    /// Its approximate memory.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.text.capacity() + self.events.capacity() * size_of::<BlockEvent>() + size_of::<DecodedBlock>()
    }

    /// The message in this range; `None` if an event of this block has no such range.
    pub(crate) fn text(&self, range: Range<usize>) -> Option<&str> {
        self.text.get(range)
    }
}
