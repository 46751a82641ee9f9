//! Takes the packing off an input: gzip, as many members and layers as there are, and a byte order mark.
//!
//! - What an input is, its first bytes say; its name is never asked.
//! - A gzip file may hold several members (log rotation appends them) and its content may be gzip again
//!   (Firehose compresses subscription records that are compressed already), up to `MAX_LAYERS` deep.
//! - Other packings and UTF-16 are recognised only to be refused by name, instead of being taken for very odd lines.
//! - A UTF-8 byte order mark is the file's signature and no part of its first line.
//!
//! Never: holds more than a buffer of the input. Next: `lines`.

use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;

/// Real files have one layer or two; the bound keeps a file made of nothing but layers from nesting readers for ever.
const MAX_LAYERS: usize = 4;

/// Enough for the longest signature below (bzip2's seven bytes).
const HEAD_BYTES: usize = 8;

/// Large enough that reading from a disk costs few calls, small beside the longest line.
const BUFFER_BYTES: usize = 128 * 1024;

/// How many bytes of the input, still packed, have been read so far. Clones count together, from any thread.
#[derive(Clone, Debug, Default)]
pub struct BytesRead(Arc<AtomicU64>);

impl BytesRead {
    /// Bytes of the input as it was given, so comparable to the length of the file.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// An input with its packing taken off.
pub(super) struct Unpacked<'a> {
    pub(super) content: Box<dyn BufRead + Send + 'a>,
    /// How many layers of gzip there were; 0 for plain text.
    pub(super) layers: usize,
    pub(super) bytes_read: BytesRead,
}

/// Why an input is not read at all.
#[derive(Debug, thiserror::Error)]
pub(super) enum UnpackError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("{0}")]
    Foreign(&'static str),
    #[error("gzip within gzip, more than {MAX_LAYERS} deep")]
    TooDeep,
}

/// Looks at the first bytes and takes off what they announce, until they announce nothing more.
pub(super) fn unpack<'a>(input: impl Read + Send + 'a) -> Result<Unpacked<'a>, UnpackError> {
    let bytes_read = BytesRead::default();
    let counted = Counted { inner: input, count: bytes_read.clone() };
    let mut content: Box<dyn BufRead + Send + 'a> = Box::new(BufReader::with_capacity(BUFFER_BYTES, counted));
    for layers in 0..=MAX_LAYERS {
        let mut head = Vec::with_capacity(HEAD_BYTES);
        content.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut head)?;
        let signature = Signature::of(&head);
        if signature == Signature::ByteOrderMark {
            head.drain(..UTF8_MARK.len());
        }
        let whole = Cursor::new(head).chain(content);
        content = match signature {
            Signature::Gzip => Box::new(BufReader::with_capacity(BUFFER_BYTES, MultiGzDecoder::new(whole))),
            Signature::Foreign(what) => return Err(UnpackError::Foreign(what)),
            Signature::Plain | Signature::ByteOrderMark => {
                return Ok(Unpacked { content: Box::new(whole), layers, bytes_read });
            }
        };
    }
    Err(UnpackError::TooDeep)
}

const UTF8_MARK: &[u8] = b"\xEF\xBB\xBF";

#[derive(Clone, Copy, Debug, PartialEq)]
enum Signature {
    Plain,
    ByteOrderMark,
    Gzip,
    Foreign(&'static str),
}

impl Signature {
    fn of(head: &[u8]) -> Self {
        const KNOWN: [(&[u8], Signature); 8] = [
            (UTF8_MARK, Signature::ByteOrderMark),
            (b"\x1F\x8B\x08", Signature::Gzip),
            (b"\x28\xB5\x2F\xFD", Signature::Foreign("packed with zstd, unpack it first")),
            (b"\xFD7zXZ\x00", Signature::Foreign("packed with xz, unpack it first")),
            (b"PK\x03\x04", Signature::Foreign("a zip archive, unpack it first")),
            (b"\xFF\xFE", Signature::Foreign("UTF-16 text, convert it to UTF-8 first")),
            (b"\xFE\xFF", Signature::Foreign("UTF-16 text, convert it to UTF-8 first")),
            (b"PAR1", Signature::Foreign("a Parquet file, which has no lines")),
        ];
        let bzip2 = head.starts_with(b"BZh") && head.get(4..7) == Some(b"1AY");
        if bzip2 {
            return Self::Foreign("packed with bzip2, unpack it first");
        }
        KNOWN.iter().find(|(magic, _)| head.starts_with(magic)).map_or(Self::Plain, |(_, signature)| *signature)
    }
}

struct Counted<R> {
    inner: R,
    count: BytesRead,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count.0.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::{UnpackError, unpack};

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn content(packed: &[u8]) -> Result<(Vec<u8>, usize), UnpackError> {
        let mut unpacked = unpack(packed)?;
        let mut bytes = Vec::new();
        unpacked.content.read_to_end(&mut bytes)?;
        assert_eq!(unpacked.bytes_read.get(), packed.len() as u64);
        Ok((bytes, unpacked.layers))
    }

    #[test]
    fn first_bytes_decide_what_is_taken_off() {
        let members = [gzip(b"one\n"), gzip(b""), gzip(b"two\n")].concat();
        let cases: [(&str, Vec<u8>, &[u8], usize); 7] = [
            ("nothing", vec![], b"", 0),
            ("plain", b"a\nb".to_vec(), b"a\nb", 0),
            ("byte order mark", b"\xEF\xBB\xBFa\n".to_vec(), b"a\n", 0),
            ("gzip", gzip(b"a\n"), b"a\n", 1),
            ("members", members.clone(), b"one\ntwo\n", 1),
            ("gzip in gzip", gzip(&members), b"one\ntwo\n", 2),
            ("byte order mark in gzip", gzip(b"\xEF\xBB\xBFa"), b"a", 1),
        ];
        for (name, packed, expected, layers) in cases {
            assert_eq!(content(&packed).unwrap(), (expected.to_vec(), layers), "{name}");
        }
    }

    #[test]
    fn foreign_packings_are_refused_by_name() {
        for (head, name) in [
            (&b"\x28\xB5\x2F\xFD...."[..], "zstd"),
            (b"\xFD7zXZ\x00..", "xz"),
            (b"BZh91AY&SY", "bzip2"),
            (b"PK\x03\x04....", "zip"),
            (b"\xFF\xFEa\x00", "UTF-16"),
        ] {
            let error = content(head).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn layers_are_bounded() {
        let mut packed = b"a\n".to_vec();
        for _ in 0..5 {
            packed = gzip(&packed);
        }
        assert!(matches!(content(&packed), Err(UnpackError::TooDeep)));
    }

    #[test]
    fn a_cut_gzip_is_an_error_and_no_shorter_file() {
        let packed = gzip(&b"a line of some length\n".repeat(100));
        assert!(matches!(content(&packed[..packed.len() - 9]), Err(UnpackError::Io(_))));
    }
}
