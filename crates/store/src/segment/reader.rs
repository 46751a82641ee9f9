//! Reads a segment file, and checks its header, its footer, its index and each block.
//!
//! INVARIANT: no length is used before its checksum was verified. Does not cache decoded blocks. See also `read::segment_source`.

use std::cell::RefCell;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use zstd::bulk::Decompressor;

use super::block::DecodedBlock;
use super::index::{BlockInfo, Index};
use super::{FOOTER_BYTES, HEADER_BYTES, MAGIC, header};
use crate::codec::Input;
use crate::disk::Disk;
use crate::error::StorageError;

/// An open segment with its index in memory.
#[derive(Debug)]
pub(crate) struct SegmentFile {
    path: PathBuf,
    file: File,
    pub(crate) index: Index,
}

impl SegmentFile {
    /// Opens a segment with `bytes` bytes by the manifest.
    pub(crate) fn open(disk: &Disk, path: &Path, number: u64, bytes: u64) -> Result<SegmentFile, StorageError> {
        let file = disk.open_to_read(path)?;
        let corrupt = |offset, what| StorageError::corrupt(path, offset, what);
        let footer_offset = bytes.checked_sub(FOOTER_BYTES as u64).ok_or_else(|| corrupt(0, "it is too short"))?;
        let read = |offset, length| read_at(&file, path, offset, length);
        if read(0, HEADER_BYTES)? != header(number) {
            return Err(corrupt(0, "the header is not this segment's"));
        }
        let (offset, length, crc) = decode_footer(&read(footer_offset, FOOTER_BYTES)?, number)
            .filter(|(offset, length, _)| offset.checked_add(*length) == Some(footer_offset))
            .ok_or_else(|| corrupt(footer_offset, "the footer is not this segment's"))?;
        let index = read(offset, length as usize)?;
        if crc32fast::hash(&index) != crc {
            return Err(corrupt(offset, "the checksum of the index differs"));
        }
        let index = Index::decode(&index).ok_or_else(|| corrupt(offset, "the index can't be read"))?;
        Ok(SegmentFile { path: path.to_owned(), file, index })
    }

    /// Reads and checks a block of the index.
    pub(crate) fn block(&self, info: &BlockInfo) -> Result<DecodedBlock, StorageError> {
        let compressed = read_at(&self.file, &self.path, info.offset, info.length as usize)?;
        if crc32fast::hash(&compressed) != info.crc {
            return Err(self.damaged(info, "the checksum of the block differs"));
        }
        let bytes = decompress(&compressed, info.uncompressed as usize)
            .map_err(|_| self.damaged(info, "the block can't be decompressed"))?;
        DecodedBlock::decode(bytes, &info.streams).ok_or_else(|| self.damaged(info, "the block's events can't be read"))
    }

    pub(crate) fn damaged(&self, info: &BlockInfo, what: &'static str) -> StorageError {
        StorageError::corrupt(&self.path, info.offset, what)
    }
}

pub(super) fn footer(number: u64, index_offset: u64, index: &[u8]) -> Vec<u8> {
    let mut footer = index_offset.to_le_bytes().to_vec();
    footer.extend_from_slice(&(index.len() as u64).to_le_bytes());
    footer.extend_from_slice(&crc32fast::hash(index).to_le_bytes());
    footer.extend_from_slice(&footer_crc(&footer, number).to_le_bytes());
    footer.extend_from_slice(MAGIC);
    footer
}

/// Offset, length and checksum of the index.
fn decode_footer(footer: &[u8], number: u64) -> Option<(u64, u64, u32)> {
    let mut input = Input::new(footer);
    let fields = (input.u64()?, input.u64()?, input.u32()?);
    let crc = input.u32()?;
    let whole = crc == footer_crc(footer.get(..20)?, number) && input.bytes(MAGIC.len())? == MAGIC;
    whole.then_some(fields)
}

fn footer_crc(fields: &[u8], number: u64) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(fields);
    crc.update(&header(number));
    crc.finalize()
}

fn decompress(compressed: &[u8], length: usize) -> std::io::Result<Vec<u8>> {
    thread_local! {
        // Creating a context costs more than decompressing a small block, so each reading thread keeps one of about 150 KiB.
        static CONTEXT: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
    }
    CONTEXT.with_borrow_mut(|context| {
        let context = match context {
            Some(context) => context,
            None => context.insert(Decompressor::new()?),
        };
        context.decompress(compressed, length)
    })
}

fn read_at(file: &File, path: &Path, offset: u64, length: usize) -> Result<Vec<u8>, StorageError> {
    let mut bytes = vec![0; length];
    file.read_exact_at(&mut bytes, offset).map_err(|error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => StorageError::corrupt(path, offset, "the file ends too early"),
        _ => StorageError::io("read", path)(error),
    })?;
    Ok(bytes)
}
