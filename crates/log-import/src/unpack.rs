//! Unpacks an input: gzip, zstd, bzip2, xz, with several members and layers, and a byte order mark.
//!
//! - The first bytes determine the packing; the name is ignored.
//! - A packed file may have several members (log rotation appends them), and its content may be packed again (Firehose compresses
//!   subscription records that are already compressed), up to `MAX_LAYERS` layers.
//! - Zero bytes after the last gzip member are padding (tapes, block devices) and end the file.
//! - Archives, columnar files and UTF-16 are detected and refused by name, so that they are not imported as lines.
//! - A UTF-8 byte order mark is the file's signature and not part of its first line.
//! - Decoders are bounded: a zstd window of 128 MiB (the default of `zstd -d`), an xz dictionary of 256 MiB.
//!
//! Holds at most one buffer of the input. See also: `lines`.

use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bzip2::bufread::MultiBzDecoder;
use flate2::bufread::GzDecoder;
use lzma_rust2::XzReader;

/// Real files have one or two layers; the bound stops hostile files with many layers.
const MAX_LAYERS: usize = 4;

/// Enough for the longest signature below (bzip2's seven bytes).
const HEAD_BYTES: usize = 8;

/// Large enough for few system calls, small compared with the longest line.
const BUFFER_BYTES: usize = 128 * 1024;

/// `xz -9` needs 65 MiB; a hostile file may ask for more.
const XZ_MEMORY_KIB: u32 = 256 * 1024;

/// 2^27 bytes, the maximum of `zstd -d` without `--long`.
const ZSTD_WINDOW_LOG: u32 = 27;

/// The number of packed bytes read so far. Clones share the counter, from any thread.
#[derive(Clone, Debug, Default)]
pub struct BytesRead(Arc<AtomicU64>);

impl BytesRead {
    /// Bytes of the packed input, comparable to the length of the file.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// An unpacked input.
pub(crate) struct Unpacked<'a> {
    pub(crate) content: Box<dyn BufRead + Send + 'a>,
    /// The outermost packing; `None` for plain text.
    pub(crate) packing: Option<Packing>,
    pub(crate) bytes_read: BytesRead,
}

/// Why an input is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnpackError {
    #[error("{error}")]
    Io { packing: Option<Packing>, error: io::Error },
    #[error("{0}")]
    Foreign(&'static str),
    #[error("packed in more than {MAX_LAYERS} layers")]
    TooDeep,
}

/// Removes one layer at a time, by the first bytes, until no packing is left.
pub(crate) fn unpack<'a>(input: impl Read + Send + 'a) -> Result<Unpacked<'a>, UnpackError> {
    let bytes_read = BytesRead::default();
    let counted = Counted { inner: input, count: bytes_read.clone() };
    let mut content: Box<dyn BufRead + Send + 'a> = Box::new(BufReader::with_capacity(BUFFER_BYTES, counted));
    let mut outermost = None;
    for _ in 0..=MAX_LAYERS {
        let failed = |error| UnpackError::Io { packing: outermost, error };
        let mut head = Vec::with_capacity(HEAD_BYTES);
        content.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut head).map_err(failed)?;
        let signature = Signature::of(&head);
        if signature == Signature::ByteOrderMark {
            head.drain(..UTF8_MARK.len());
        }
        let whole = Cursor::new(head).chain(content);
        content = match signature {
            Signature::Packed(packing) => {
                let decoder = packing.decoder(Box::new(whole)).map_err(failed)?;
                outermost = outermost.or(Some(packing));
                Box::new(BufReader::with_capacity(BUFFER_BYTES, decoder))
            }
            Signature::Foreign(what) => return Err(UnpackError::Foreign(what)),
            Signature::Plain | Signature::ByteOrderMark => {
                return Ok(Unpacked { content: Box::new(whole), packing: outermost, bytes_read });
            }
        };
    }
    Err(UnpackError::TooDeep)
}

const UTF8_MARK: &[u8] = b"\xEF\xBB\xBF";

/// A supported packing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Packing {
    Gzip,
    Zstd,
    Bzip2,
    Xz,
}

impl Packing {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
        }
    }

    fn decoder<'a>(self, packed: Box<dyn BufRead + Send + 'a>) -> io::Result<Box<dyn Read + Send + 'a>> {
        Ok(match self {
            Self::Gzip => Box::new(Members { decoder: Some(GzDecoder::new(packed)) }),
            Self::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(packed)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG)?;
                Box::new(decoder)
            }
            Self::Bzip2 => Box::new(MultiBzDecoder::new(packed)),
            Self::Xz => Box::new(XzReader::new_mem_limit(packed, true, XZ_MEMORY_KIB)),
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Signature {
    Plain,
    ByteOrderMark,
    Packed(Packing),
    Foreign(&'static str),
}

impl Signature {
    fn of(head: &[u8]) -> Self {
        const KNOWN: [(&[u8], Signature); 8] = [
            (UTF8_MARK, Signature::ByteOrderMark),
            (b"\x1F\x8B\x08", Signature::Packed(Packing::Gzip)),
            (b"\x28\xB5\x2F\xFD", Signature::Packed(Packing::Zstd)),
            (b"\xFD7zXZ\x00", Signature::Packed(Packing::Xz)),
            (b"PK\x03\x04", Signature::Foreign("a zip archive, unpack it first")),
            (b"\xFF\xFE", Signature::Foreign("UTF-16 text, convert it to UTF-8 first")),
            (b"\xFE\xFF", Signature::Foreign("UTF-16 text, convert it to UTF-8 first")),
            (b"PAR1", Signature::Foreign("a Parquet file, which has no lines")),
        ];
        let bzip2 = head.starts_with(b"BZh") && head.get(4..7) == Some(b"1AY");
        if bzip2 {
            return Self::Packed(Packing::Bzip2);
        }
        KNOWN.iter().find(|(magic, _)| head.starts_with(magic)).map_or(Self::Plain, |(_, signature)| *signature)
    }
}

/// Reads gzip members, and the zeros that may follow them.
struct Members<R> {
    decoder: Option<GzDecoder<R>>,
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(decoder) = &mut self.decoder {
            let read = decoder.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            let Some(mut rest) = self.decoder.take().map(GzDecoder::into_inner) else { break };
            if !is_at_end(&mut rest)? {
                self.decoder = Some(GzDecoder::new(rest));
            }
        }
        Ok(0)
    }
}

/// Skips zeros. Returns whether the rest has only zeros.
fn is_at_end(rest: &mut impl BufRead) -> io::Result<bool> {
    loop {
        let available = rest.fill_buf()?;
        if available.is_empty() {
            return Ok(true);
        }
        let zeros = available.iter().take_while(|byte| **byte == 0).count();
        if zeros < available.len() {
            rest.consume(zeros);
            return Ok(false);
        }
        rest.consume(zeros);
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

    use super::{Packing, UnpackError, unpack};

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn bzip2(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// `printf 'a\n' | xz`
    const XZ: &[u8] = b"\xFD\x37\x7A\x58\x5A\x00\x00\x04\xE6\xD6\xB4\x46\x02\x00\x21\x01\x16\x00\x00\x00\x74\x2F\xE5\xA3\x01\x00\x01\x61\x0A\x00\x00\x00\x13\x47\x3F\xB8\x93\x9D\x45\xD4\x00\x01\x1A\x02\xDC\x2E\xA5\x7E\x1F\xB6\xF3\x7D\x01\x00\x00\x00\x00\x04\x59\x5A";

    fn content(packed: &[u8]) -> Result<(Vec<u8>, Option<&'static str>), UnpackError> {
        let mut unpacked = unpack(packed)?;
        let mut bytes = Vec::new();
        unpacked.content.read_to_end(&mut bytes).map_err(|error| UnpackError::Io { packing: unpacked.packing, error })?;
        assert_eq!(unpacked.bytes_read.get(), packed.len() as u64);
        Ok((bytes, unpacked.packing.map(Packing::name)))
    }

    #[test]
    fn first_bytes_decide_what_is_taken_off() {
        let members = [gzip(b"one\n"), gzip(b""), gzip(b"two\n")].concat();
        let zstd = |bytes: &[u8]| zstd::encode_all(bytes, 1).unwrap();
        let gz = Some("gzip");
        /// A name, the packed bytes, their content, and the text of the error.
        type Case<'a> = (&'a str, Vec<u8>, &'a [u8], Option<&'a str>);
        let cases: [Case<'_>; 14] = [
            ("nothing", vec![], b"", None),
            ("plain", b"a\nb".to_vec(), b"a\nb", None),
            ("byte order mark", b"\xEF\xBB\xBFa\n".to_vec(), b"a\n", None),
            ("gzip", gzip(b"a\n"), b"a\n", gz),
            ("members", members.clone(), b"one\ntwo\n", gz),
            ("gzip in gzip", gzip(&members), b"one\ntwo\n", gz),
            ("byte order mark in gzip", gzip(b"\xEF\xBB\xBFa"), b"a", gz),
            ("padded gzip", [members.clone(), vec![0; 300_000]].concat(), b"one\ntwo\n", gz),
            ("padding between members", [gzip(b"one\n"), vec![0; 512], gzip(b"two\n")].concat(), b"one\ntwo\n", gz),
            ("zstd", zstd(b"a\n"), b"a\n", Some("zstd")),
            ("zstd frames", [zstd(b"one\n"), zstd(b"two\n")].concat(), b"one\ntwo\n", Some("zstd")),
            ("bzip2", bzip2(b"a\n"), b"a\n", Some("bzip2")),
            ("bzip2 streams", [bzip2(b"one\n"), bzip2(b"two\n")].concat(), b"one\ntwo\n", Some("bzip2")),
            ("xz", XZ.to_vec(), b"a\n", Some("xz")),
        ];
        for (name, packed, expected, packing) in cases {
            assert_eq!(content(&packed).unwrap(), (expected.to_vec(), packing), "{name}");
        }
        let streams = [XZ, XZ].concat();
        assert_eq!(content(&streams).unwrap().0, b"a\na\n");
    }

    #[test]
    fn foreign_packings_are_refused_by_name() {
        for (head, name) in [(&b"PK\x03\x04...."[..], "zip"), (b"\xFF\xFEa\x00", "UTF-16")] {
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
    fn a_cut_file_is_an_error_and_not_a_shorter_file() {
        let packed = gzip(&b"a line of some length\n".repeat(100));
        assert!(matches!(content(&packed[..packed.len() - 9]), Err(UnpackError::Io { .. })));
        let padded_with_other_bytes = [packed, vec![0, 0, 1]].concat();
        assert!(matches!(content(&padded_with_other_bytes), Err(UnpackError::Io { .. })));
        for packed in [zstd::encode_all(&b"some text\n".repeat(100)[..], 1).unwrap(), bzip2(&b"text\n".repeat(100)), XZ.to_vec()]
        {
            assert!(matches!(content(&packed[..packed.len() - 5]), Err(UnpackError::Io { .. })));
        }
    }
}
