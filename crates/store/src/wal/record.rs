//! The format of the log: the header of a file and the framing of records.
//!
//! A file is a header, written and synced before any record, then records end to end:
//!
//! ```text
//! header  magic 8 | salt 8 | crc 4 (over the file's number, magic and salt)
//! record  marker 4 | payload length 4 | crc 4 | kind 1 | payload
//! payload durable_to 8, then for an append:
//!         first sequence 8 | group 8 | stream 8 | ingestion ms 8 | events 4 | (timestamp 8 | length 4 | message)*
//! ```
//!
//! Marker and crc depend on the file's random salt, so that neither bytes of another file nor a forged message can pass as a
//! record. `durable_to` is the synced length of the file when the record was written; `replay` needs it. Does no I/O.

use std::hash::{BuildHasher, Hasher, RandomState};

use crate::codec::Input;
use crate::event::{MAX_BATCH_BYTES, MAX_BATCH_EVENTS, NewEvent};
use crate::ids::{GroupId, StreamId};
use crate::memtable::Batch;

pub(crate) const HEADER_BYTES: usize = 20;
const MAGIC: &[u8; 8] = b"LMWAL\0\0\x01";
const FRAME_BYTES: usize = 13;
const CRC_OFFSET: usize = 8;
const KIND_APPEND: u8 = 1;
const KIND_SEAL: u8 = 2;
const EVENT_FRAME_BYTES: usize = 12;
const MAX_PAYLOAD_BYTES: usize = MAX_BATCH_BYTES + MAX_BATCH_EVENTS * EVENT_FRAME_BYTES + 64;

/// The random value that identifies the records of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Salt(u64);

impl Salt {
    pub(crate) fn random() -> Salt {
        // The marker must not be zero, because unwritten parts of a file often are.
        Salt(RandomState::new().build_hasher().finish() | 1)
    }

    fn marker(self) -> [u8; 4] {
        (self.0 as u32).to_le_bytes()
    }

    fn crc(self, length: u32, kind: u8, payload: &[u8]) -> u32 {
        let mut crc = crc32fast::Hasher::new();
        crc.update(&self.0.to_le_bytes());
        crc.update(&length.to_le_bytes());
        crc.update(&[kind]);
        crc.update(payload);
        crc.finalize()
    }
}

/// A parsed record.
#[derive(Debug)]
pub(crate) struct Record {
    /// The durable length of the file when the record was written.
    pub(crate) durable_to: u64,
    /// The append; `None` for the seal at the end of a properly closed file.
    pub(crate) batch: Option<Batch>,
    /// Bytes of the record in the file.
    pub(crate) length: usize,
}

pub(crate) fn encode_header(number: u64, salt: Salt) -> Vec<u8> {
    let mut header = MAGIC.to_vec();
    header.extend_from_slice(&salt.0.to_le_bytes());
    header.extend_from_slice(&header_crc(number, &header).to_le_bytes());
    header
}

/// The salt of a file, or `None` if the header is incomplete.
pub(crate) fn decode_header(number: u64, file: &[u8]) -> Option<Salt> {
    let (fields, crc) = file.get(..HEADER_BYTES)?.split_at_checked(HEADER_BYTES - 4)?;
    let mut input = Input::new(fields);
    let magic = input.bytes(MAGIC.len())?;
    let salt = Salt(input.u64()?);
    (magic == MAGIC && Input::new(crc).u32()? == header_crc(number, fields)).then_some(salt)
}

fn header_crc(number: u64, fields: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&number.to_le_bytes());
    crc.update(fields);
    crc.finalize()
}

/// Adds the record of an append to `out`.
pub(crate) fn encode_append(out: &mut Vec<u8>, salt: Salt, durable_to: u64, batch: &Batch) {
    encode(out, salt, KIND_APPEND, |out| {
        out.extend_from_slice(&durable_to.to_le_bytes());
        out.extend_from_slice(&batch.first_sequence.to_le_bytes());
        out.extend_from_slice(&batch.group.0.to_le_bytes());
        out.extend_from_slice(&batch.stream.0.to_le_bytes());
        out.extend_from_slice(&batch.ingestion_ms.to_le_bytes());
        out.extend_from_slice(&(batch.events.len() as u32).to_le_bytes());
        for event in &batch.events {
            out.extend_from_slice(&event.timestamp.to_le_bytes());
            out.extend_from_slice(&(event.message.len() as u32).to_le_bytes());
            out.extend_from_slice(event.message.as_bytes());
        }
    });
}

/// Adds the seal: all previous records are durable and none follows.
pub(crate) fn encode_seal(out: &mut Vec<u8>, salt: Salt, durable_to: u64) {
    encode(out, salt, KIND_SEAL, |out| out.extend_from_slice(&durable_to.to_le_bytes()));
}

fn encode(out: &mut Vec<u8>, salt: Salt, kind: u8, payload: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&salt.marker());
    out.extend_from_slice(&[0; FRAME_BYTES - 5]);
    out.push(kind);
    payload(out);
    let length = (out.len() - start - FRAME_BYTES) as u32;
    let crc = salt.crc(length, kind, out.get(start + FRAME_BYTES..).unwrap_or_default());
    let frame = [length.to_le_bytes(), crc.to_le_bytes()].concat();
    if let Some(place) = out.get_mut(start + 4..start + CRC_OFFSET + 4) {
        place.copy_from_slice(&frame);
    }
}

/// The record at the start of `bytes`, or `None` if it is incomplete or damaged.
pub(crate) fn decode(bytes: &[u8], salt: Salt) -> Option<Record> {
    let mut input = Input::new(bytes);
    if input.bytes(4)? != salt.marker() {
        return None;
    }
    let length = input.u32()?;
    let crc = input.u32()?;
    let kind = input.u8()?;
    if length as usize > MAX_PAYLOAD_BYTES {
        return None;
    }
    let payload = input.bytes(length as usize)?;
    if salt.crc(length, kind, payload) != crc {
        return None;
    }
    let mut input = Input::new(payload);
    let durable_to = input.u64()?;
    let batch = match kind {
        KIND_APPEND => Some(decode_batch(&mut input)?),
        KIND_SEAL => None,
        _ => return None,
    };
    input.is_empty().then_some(Record { durable_to, batch, length: FRAME_BYTES + length as usize })
}

fn decode_batch(input: &mut Input<'_>) -> Option<Batch> {
    let first_sequence = input.u64()?;
    let group = GroupId(input.u64()?);
    let stream = StreamId(input.u64()?);
    let ingestion_ms = input.i64()?;
    let count = input.u32()? as usize;
    let mut events = Vec::with_capacity(count.min(MAX_BATCH_EVENTS));
    for _ in 0..count {
        let timestamp = input.i64()?;
        let length = input.u32()? as usize;
        let message = std::str::from_utf8(input.bytes(length)?).ok()?.to_owned();
        events.push(NewEvent { timestamp, message });
    }
    (count > 0).then_some(Batch { group, stream, ingestion_ms, first_sequence, events })
}

/// The next possible start of a record in `bytes`, from `from` on.
pub(crate) fn candidates(bytes: &[u8], from: usize, salt: Salt) -> impl Iterator<Item = usize> + '_ {
    let marker = salt.marker();
    let rest = bytes.get(from..).unwrap_or_default();
    rest.windows(marker.len()).enumerate().filter(move |(_, window)| *window == marker).map(move |(at, _)| from + at)
}
