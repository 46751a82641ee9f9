//! Reads bytes as lines: unpacks, distinguishes arrays of records from lines, and looks ahead.
//!
//! See also: `unpack`, `lines`, `array`.

use std::collections::VecDeque;
use std::io::{self, BufRead, Cursor, Read};

use crate::array::{self, Elements};
use crate::lines::{Line, Lines};
use crate::unpack::{BytesRead, Packing, UnpackError, unpack};

/// The number of first lines from which the format is detected.
const AHEAD_LINES: usize = 1000;
const AHEAD_BYTES: usize = 1 << 20;

/// Enough to see the first record of an array.
const HEAD_BYTES: u64 = 64 * 1024;

/// Returns lines, after the first lines were examined.
pub(crate) struct Intake<'a> {
    content: Content<'a>,
    ahead: VecDeque<(Vec<u8>, bool)>,
    /// The error that ended the look-ahead.
    failure: Option<io::Error>,
    is_at_end: bool,
}

enum Content<'a> {
    Lines(Lines<Box<dyn BufRead + Send + 'a>>),
    Array(Elements<Box<dyn BufRead + Send + 'a>>),
}

/// An opened input.
pub(crate) struct Opened<'a> {
    pub(crate) intake: Intake<'a>,
    pub(crate) packing: Option<Packing>,
    pub(crate) bytes_read: BytesRead,
}

pub(crate) fn open<'a>(input: impl Read + Send + 'a, max_line: usize) -> Result<Opened<'a>, UnpackError> {
    let mut unpacked = unpack(input)?;
    let mut head = Vec::new();
    let read = unpacked.content.by_ref().take(HEAD_BYTES).read_to_end(&mut head);
    let is_array = array::is_array(&head);
    let rest: Box<dyn BufRead + Send + 'a> = match read {
        Ok(_) => unpacked.content,
        Err(error) => Box::new(io::BufReader::new(Failing(Some(error)))),
    };
    let whole: Box<dyn BufRead + Send + 'a> = Box::new(Cursor::new(head).chain(rest));
    let content =
        if is_array { Content::Array(Elements::new(whole, max_line)) } else { Content::Lines(Lines::new(whole, max_line)) };
    let intake = Intake { content, ahead: VecDeque::new(), failure: None, is_at_end: false };
    Ok(Opened { intake, packing: unpacked.packing, bytes_read: unpacked.bytes_read })
}

/// Returns an error that a wrapped reader reported before the bytes that precede it.
struct Failing(Option<io::Error>);

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

impl Intake<'_> {
    /// Reads the first lines for [`Self::ahead`].
    pub(crate) fn look_ahead(&mut self) {
        let mut bytes = 0;
        while self.ahead.len() < AHEAD_LINES && bytes < AHEAD_BYTES && !self.is_at_end {
            let mut line = Vec::new();
            match self.content.next_into(&mut line) {
                Ok(Some(too_long)) => {
                    bytes += line.len();
                    self.ahead.push_back((line, too_long));
                }
                Ok(None) => self.is_at_end = true,
                Err(error) => {
                    self.failure = Some(error);
                    self.is_at_end = true;
                }
            }
        }
    }

    pub(crate) fn ahead(&self) -> impl Iterator<Item = &[u8]> + Clone {
        self.ahead.iter().map(|(line, _)| line.as_slice())
    }

    /// Whether the look-ahead has the whole input.
    pub(crate) fn is_all_ahead(&self) -> bool {
        self.is_at_end
    }

    pub(crate) fn is_array(&self) -> bool {
        matches!(self.content, Content::Array(_))
    }

    /// Reads the next line into the buffer and returns whether it was too long; `None` at the end.
    pub(crate) fn next_into(&mut self, buffer: &mut Vec<u8>) -> io::Result<Option<bool>> {
        if let Some((line, too_long)) = self.ahead.pop_front() {
            *buffer = line;
            return Ok(Some(too_long));
        }
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        if self.is_at_end { Ok(None) } else { self.content.next_into(buffer) }
    }
}

impl Content<'_> {
    fn next_into(&mut self, buffer: &mut Vec<u8>) -> io::Result<Option<bool>> {
        let line = match self {
            Self::Lines(lines) => lines.next_line()?,
            Self::Array(elements) => elements.next_line()?,
        };
        buffer.clear();
        Ok(line.map(|line| {
            let (bytes, too_long) = match line {
                Line::Whole(bytes) => (bytes, false),
                Line::TooLong(bytes) => (bytes, true),
            };
            buffer.extend_from_slice(bytes);
            too_long
        }))
    }
}
