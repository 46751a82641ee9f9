//! Inputs, and the options for reading them.

use std::fmt;
use std::fs::File;
use std::io::Read;

use jiff::tz::TimeZone;

use crate::chosen::TimestampFormat;
use crate::multiline::Multiline;

/// CloudWatch Logs' limit for one event: 1 MiB.
pub const MAX_LINE_BYTES: usize = 1 << 20;

/// Enough examples to find the problem, few enough for a screen.
pub const DEFAULT_EXAMPLES: usize = 10;

/// The options for reading an input.
#[derive(Clone, Debug)]
pub struct Options {
    /// One time format instead of all.
    pub format: Option<TimestampFormat>,
    /// The field with the time of JSON records, as a path with dots.
    pub time_field: Option<String>,
    /// The zone of times without a zone [default: UTC], and the meaning of ambiguous abbreviations.
    pub timezone: Option<TimeZone>,
    /// The year of the first line, for times without a year.
    pub year: Option<i16>,
    /// In milliseconds. No line is much later than this.
    pub now: i64,
    /// The treatment of lines without a time.
    pub missing: Missing,
    /// Which lines are joined to one event; by default no lines are joined.
    pub multiline: Option<Multiline>,
    /// Maximum bytes of a line, without its ending.
    pub max_line: usize,
    /// Maximum number of rejected lines in `Summary::examples`.
    pub examples: usize,
}

impl Options {
    /// Detects all formats, joins no lines.
    #[must_use]
    pub fn detect(now: i64) -> Self {
        Self {
            format: None,
            time_field: None,
            timezone: None,
            year: None,
            now,
            missing: Missing::Inherit,
            multiline: None,
            max_line: MAX_LINE_BYTES,
            examples: DEFAULT_EXAMPLES,
        }
    }
}

/// The treatment of a line without its own time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Missing {
    /// It gets the time of the previous line; lines before the first time are rejected.
    Inherit,
    /// The same, but lines before the first time get this time, in milliseconds: for files without any times.
    InheritOr(i64),
    /// It is rejected.
    Refuse,
}

/// An input.
pub enum Input<'a> {
    /// An input that can be read once: standard input.
    Stream(Box<dyn Read + Send + 'a>),
    /// A file, which can be read again and has a modification time.
    File {
        /// The file, positioned at its beginning.
        file: File,
        /// The modification time, in milliseconds.
        modified: Option<i64>,
    },
}

impl fmt::Debug for Input<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Stream(_) => "Stream",
            Self::File { .. } => "File",
        })
    }
}
