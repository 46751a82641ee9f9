//! Splits an input into lines.
//!
//! - A line ends with `\n`, or with the end of the input.
//! - If the *first* line of an input ends with `\r\n`, that is the input's line ending, and one `\r` before each `\n` belongs to
//!   the ending. In every other input a `\r` is an ordinary byte of its line and is kept, because programs write carriage returns
//!   in messages.
//! - At most `limit` bytes of a line are kept; the rest of a longer line is skipped.
//!
//! Does not decode, trim or check the contents of a line. See also: `reading`.

use std::io::{self, BufRead};

use memchr::memchr;

/// One line, without its ending.
#[derive(Debug, PartialEq)]
pub(crate) enum Line<'a> {
    Whole(&'a [u8]),
    /// Longer than the limit; has only the first bytes.
    TooLong(&'a [u8]),
}

/// The buffered bytes, read from the input if there are none; empty at its end. A read that a signal interrupts is repeated.
pub(crate) fn fill<R: BufRead>(input: &mut R) -> io::Result<&[u8]> {
    loop {
        match input.fill_buf() {
            Ok([]) => return Ok(&[]),
            // Returns the same bytes without a read; the first borrow cannot leave the loop.
            Ok(_) => return input.fill_buf(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Reads lines, holding at most one line in memory.
pub(crate) struct Lines<R> {
    input: R,
    limit: usize,
    ending: Option<Ending>,
    kept: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq)]
enum Ending {
    LineFeed,
    CarriageReturnLineFeed,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(input: R, limit: usize) -> Self {
        Self { input, limit, ending: None, kept: Vec::new() }
    }

    /// The next line, or `None` after the last. A part of a line before an error is dropped, because it must not count as a line.
    pub(crate) fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        self.kept.clear();
        let mut length: usize = 0;
        let mut last = None;
        loop {
            let available = fill(&mut self.input)?;
            if available.is_empty() {
                return Ok((length > 0).then(|| Self::line(&self.kept, length, self.limit)));
            }
            let end = memchr(b'\n', available);
            let part = &available[..end.unwrap_or(available.len())];
            let room = self.limit.saturating_sub(self.kept.len());
            self.kept.extend_from_slice(&part[..part.len().min(room)]);
            length += part.len();
            last = part.last().copied().or(last);
            let consumed = part.len() + usize::from(end.is_some());
            self.input.consume(consumed);
            if end.is_some() {
                let ending = *self.ending.get_or_insert(match last {
                    Some(b'\r') => Ending::CarriageReturnLineFeed,
                    _ => Ending::LineFeed,
                });
                if ending == Ending::CarriageReturnLineFeed && last == Some(b'\r') {
                    length -= 1;
                }
                return Ok(Some(Self::line(&self.kept, length, self.limit)));
            }
        }
    }

    fn line(kept: &[u8], length: usize, limit: usize) -> Line<'_> {
        if length > limit { Line::TooLong(kept) } else { Line::Whole(&kept[..length]) }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read, repeat};

    use super::{Line, Lines};

    /// Every line as text; a line that is too long ends with `~`.
    fn split(input: impl BufRead, limit: usize) -> Vec<String> {
        let mut lines = Lines::new(input, limit);
        let mut all = Vec::new();
        while let Some(line) = lines.next_line().unwrap() {
            all.push(match line {
                Line::Whole(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                Line::TooLong(bytes) => format!("{}~", String::from_utf8_lossy(bytes)),
            });
        }
        all
    }

    #[test]
    fn lines_by_input() {
        let cases: [(&str, &[&str]); 14] = [
            ("", &[]),
            ("\n", &[""]),
            ("a", &["a"]),
            ("a\n", &["a"]),
            ("a\n\nb", &["a", "", "b"]),
            ("a\r\nb\r\n", &["a", "b"]),
            ("a\r\nb\nc\r\n", &["a", "b", "c"]),
            ("a\r\n\r\n", &["a", ""]),
            ("a\r\nb\r", &["a", "b\r"]),
            ("a\nb\r\n", &["a", "b\r"]),
            ("a\r\r\n", &["a\r"]),
            ("12345\n", &["12345"]),
            ("123456\n7\n", &["12345~", "7"]),
            ("12345\r\n12345\r\n123456\r\n", &["12345", "12345", "12345~"]),
        ];
        for (input, expected) in cases {
            assert_eq!(split(input.as_bytes(), 5), expected, "{input:?}");
            // With a buffer of one byte every boundary is between two reads.
            assert_eq!(split(BufReader::with_capacity(1, input.as_bytes()), 5), expected, "{input:?} byte by byte");
        }
    }

    #[test]
    fn a_line_without_end_is_read_past_in_bounded_memory() {
        let input = BufReader::new(repeat(b'x').take(64 << 20).chain(&b"\nnext\n"[..]));
        let mut lines = Lines::new(input, 1000);
        assert!(matches!(lines.next_line().unwrap(), Some(Line::TooLong(head)) if head.len() == 1000));
        assert_eq!(lines.next_line().unwrap(), Some(Line::Whole(b"next")));
        assert!(lines.kept.capacity() < 10_000);
    }
}
