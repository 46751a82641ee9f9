//! The index of a segment: the offset, range and streams of each block, in the order of the blocks.
//!
//! ```text
//! per block: group 8 | offset 8 | length 4 | uncompressed length 4 | crc 4 | first (8, 8) | last (8, 8)
//!            | streams 4 | stream 8 ...
//! ```
//!
//! Does not read blocks. See also `reader`.

use std::ops::Range;

use crate::codec::Input;
use crate::event::Position;
use crate::ids::{GroupId, StreamId};

/// The index entry of one block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BlockInfo {
    pub(crate) group: GroupId,
    pub(crate) offset: u64,
    pub(crate) length: u32,
    pub(crate) uncompressed: u32,
    pub(crate) crc: u32,
    pub(crate) first: Position,
    pub(crate) last: Position,
    pub(crate) streams: Vec<StreamId>,
}

/// The blocks of a segment, ascending by group and position.
#[derive(Debug, Default)]
pub(crate) struct Index {
    pub(crate) blocks: Vec<BlockInfo>,
}

impl Index {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for block in &self.blocks {
            out.extend_from_slice(&block.group.0.to_le_bytes());
            out.extend_from_slice(&block.offset.to_le_bytes());
            for number in [block.length, block.uncompressed, block.crc] {
                out.extend_from_slice(&number.to_le_bytes());
            }
            for position in [block.first, block.last] {
                out.extend_from_slice(&position.timestamp().to_le_bytes());
                out.extend_from_slice(&position.sequence().to_le_bytes());
            }
            out.extend_from_slice(&(block.streams.len() as u32).to_le_bytes());
            for stream in &block.streams {
                out.extend_from_slice(&stream.0.to_le_bytes());
            }
        }
        out
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Index> {
        let mut input = Input::new(bytes);
        let mut blocks = Vec::new();
        while !input.is_empty() {
            blocks.push(decode_block(&mut input)?);
        }
        Some(Index { blocks })
    }

    /// The blocks of a group that may have events in `range`.
    pub(crate) fn overlapping(&self, group: GroupId, range: &Range<Position>) -> Range<usize> {
        let start = self.blocks.partition_point(|block| (block.group, block.last) < (group, range.start));
        let end = self.blocks.partition_point(|block| (block.group, block.first) < (group, range.end));
        start..end.max(start)
    }

    /// Its approximate memory.
    pub(crate) fn memory_bytes(&self) -> usize {
        let streams: usize = self.blocks.iter().map(|block| block.streams.capacity()).sum();
        self.blocks.capacity() * size_of::<BlockInfo>() + streams * size_of::<StreamId>()
    }
}

fn decode_block(input: &mut Input<'_>) -> Option<BlockInfo> {
    let group = GroupId(input.u64()?);
    let offset = input.u64()?;
    let (length, uncompressed, crc) = (input.u32()?, input.u32()?, input.u32()?);
    let first = Position::new(input.i64()?, input.u64()?);
    let last = Position::new(input.i64()?, input.u64()?);
    let count = input.u32()? as usize;
    let mut list = Input::new(input.bytes(count.checked_mul(8)?)?);
    let mut streams = Vec::with_capacity(count);
    while let Some(stream) = list.u64() {
        streams.push(StreamId(stream));
    }
    Some(BlockInfo { group, offset, length, uncompressed, crc, first, last, streams })
}
