//! One input, line by line, as events.
//!
//! - A message is exactly the bytes of its line without the line's ending.
//! - A line without a time of its own is an event of its own with the time of the line before it (see [`Missing`]).
//!   Multi-line events are thus not joined: joined lines could not be read back as the lines they were.
//! - Events come in the order of the input; whoever stores them keeps that order among equal times.
//! - A line that cannot be an event is counted and named by file and line ([`Summary`]); reading goes on. Only an input
//!   that cannot be read any further is an [`ImportError`], and the events before it have been handed on by then.
//!
//! Never: opens a file, joins or changes lines, or holds more than one line and the buffers.
//! Next: `lines`, [`super::timestamp`].

use std::fmt;
use std::io::{self, BufRead, Read};

use super::lines::{Line, Lines};
use super::summary::{Reason, Rejection, Summary};
use super::timestamp::Timestamps;
use super::unpack::{BytesRead, UnpackError, unpack};

/// CloudWatch Logs' bound for one event: 1 MiB.
pub const MAX_LINE_BYTES: usize = 1 << 20;

/// Enough to see what is wrong with a file, few enough for a screen.
pub const DEFAULT_EXAMPLES: usize = 10;

/// How an input is read.
#[derive(Clone, Debug)]
pub struct Options {
    /// How a line's time is found.
    pub timestamps: Timestamps,
    /// What becomes of lines without one.
    pub missing: Missing,
    /// The most bytes a line may have, without its ending.
    pub max_line: usize,
    /// How many rejected lines [`Summary::examples`] names.
    pub examples: usize,
}

/// What becomes of a line that has no time of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Missing {
    /// It takes the time of the line before it; lines before the first time are rejected.
    Inherit,
    /// The same, but lines before the first time take this one, in milliseconds: for files without any times.
    InheritOr(i64),
    /// It is rejected.
    Refuse,
}

/// A line that can be stored.
#[derive(Clone, Debug, PartialEq)]
pub struct NewLine {
    /// Milliseconds since 1970, never negative.
    pub timestamp: i64,
    /// The line without its ending; at least one byte.
    pub message: String,
    /// Its number in the input, from 1.
    pub line: u64,
}

/// Why an input cannot be read, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The input itself failed.
    #[error("`{file}` cannot be read: {source}")]
    Read {
        /// The name the input was given.
        file: String,
        /// What the system said.
        source: io::Error,
    },
    /// The input is gzip but breaks off or has wrong checksums.
    #[error("`{file}` is damaged gzip after line {line}: {source}")]
    DamagedGzip {
        /// The name the input was given.
        file: String,
        /// The last line that was read whole.
        line: u64,
        /// What the decoder said.
        source: io::Error,
    },
    /// The input is not text and not gzip.
    #[error("`{file}` is {what}")]
    NotText {
        /// The name the input was given.
        file: String,
        /// What it is instead, and what to do.
        what: String,
    },
}

/// An input being read: an iterator over its events.
///
/// After an error it ends. [`Reading::summary`] counts what was read so far, at any time.
pub struct Reading<'a> {
    file: String,
    lines: Lines<Box<dyn BufRead + Send + 'a>>,
    packed: bool,
    bytes_read: BytesRead,
    options: Options,
    /// The time the next line would inherit.
    last: Option<i64>,
    summary: Summary,
    ended: bool,
}

/// Begins to read `input`; `file` is its name in counts and errors.
///
/// Reads no more than the first bytes, to see whether it is gzip.
///
/// # Errors
///
/// When these bytes cannot be read, or are neither text nor gzip.
pub fn read<'a>(file: &str, input: impl Read + Send + 'a, options: Options) -> Result<Reading<'a>, ImportError> {
    let unpacked = unpack(input).map_err(|error| not_unpacked(file, error))?;
    Ok(Reading {
        file: file.to_owned(),
        lines: Lines::new(unpacked.content, options.max_line),
        packed: unpacked.layers > 0,
        bytes_read: unpacked.bytes_read,
        options,
        last: None,
        summary: Summary::default(),
        ended: false,
    })
}

impl Reading<'_> {
    /// What became of the lines so far.
    #[must_use]
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// The final counts.
    #[must_use]
    pub fn into_summary(self) -> Summary {
        self.summary
    }

    /// How much of the input has been read, to be watched while reading.
    #[must_use]
    pub fn bytes_read(&self) -> BytesRead {
        self.bytes_read.clone()
    }

    fn judge(&mut self) -> io::Result<Judged> {
        let Some(line) = self.lines.next_line()? else {
            return Ok(Judged::End);
        };
        self.summary.lines += 1;
        let (bytes, too_long) = match line {
            Line::Whole(bytes) => (bytes, false),
            Line::TooLong(head) => (head, true),
        };
        if bytes.is_empty() && !too_long {
            self.summary.empty += 1;
            return Ok(Judged::Empty);
        }
        let own = self.options.timestamps.find(bytes);
        // A rejected line's time still counts for the lines that continue it.
        let before = self.last;
        self.last = own.or(before);
        if too_long {
            return Ok(Judged::Rejected(Reason::TooLong { limit: self.options.max_line }));
        }
        let message = match std::str::from_utf8(bytes) {
            Ok(message) => message,
            Err(error) => return Ok(Judged::Rejected(Reason::NotUtf8 { at: error.valid_up_to() + 1 })),
        };
        let message = message.to_owned();
        let Some(timestamp) = self.settle(own, before) else {
            return Ok(Judged::Rejected(Reason::NoTimestamp));
        };
        self.summary.events += 1;
        Ok(Judged::Event(NewLine { timestamp, message, line: self.summary.lines }))
    }

    /// The time of a line from its own and the one before it.
    fn settle(&mut self, own: Option<i64>, before: Option<i64>) -> Option<i64> {
        match (own, self.options.missing, before) {
            (Some(own), _, _) => Some(own),
            (None, Missing::Inherit | Missing::InheritOr(_), Some(before)) => {
                self.summary.inherited += 1;
                Some(before)
            }
            (None, Missing::InheritOr(assumed), None) => {
                self.summary.assumed += 1;
                Some(assumed)
            }
            (None, Missing::Refuse, _) | (None, Missing::Inherit, None) => None,
        }
    }

    fn reject(&mut self, reason: Reason) {
        self.summary.rejected += 1;
        if self.summary.examples.len() < self.options.examples {
            self.summary.examples.push(Rejection { file: self.file.clone(), line: self.summary.lines, reason });
        }
    }

    fn broken(&self, source: io::Error) -> ImportError {
        let file = self.file.clone();
        if self.packed && is_damage(&source) {
            ImportError::DamagedGzip { file, line: self.summary.lines, source }
        } else {
            ImportError::Read { file, source }
        }
    }
}

enum Judged {
    Event(NewLine),
    Empty,
    Rejected(Reason),
    End,
}

impl Iterator for Reading<'_> {
    type Item = Result<NewLine, ImportError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            match self.judge() {
                Ok(Judged::Event(line)) => return Some(Ok(line)),
                Ok(Judged::Empty) => {}
                Ok(Judged::Rejected(reason)) => self.reject(reason),
                Ok(Judged::End) => self.ended = true,
                Err(error) => {
                    self.ended = true;
                    return Some(Err(self.broken(error)));
                }
            }
        }
        None
    }
}

impl fmt::Debug for Reading<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Reading").field("file", &self.file).field("summary", &self.summary).finish_non_exhaustive()
    }
}

fn not_unpacked(file: &str, error: UnpackError) -> ImportError {
    let file = file.to_owned();
    match error {
        UnpackError::Io(source) if is_damage(&source) => ImportError::DamagedGzip { file, line: 0, source },
        UnpackError::Io(source) => ImportError::Read { file, source },
        UnpackError::Foreign(_) | UnpackError::TooDeep => ImportError::NotText { file, what: error.to_string() },
    }
}

/// The kinds the gzip decoder reports; a disk or a pipe reports others.
fn is_damage(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof)
}

#[cfg(test)]
mod real_data;
#[cfg(test)]
mod tests;
