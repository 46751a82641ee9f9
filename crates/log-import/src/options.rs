//! How an input is read, and what an input is.

use std::fmt;
use std::fs::File;
use std::io::Read;

use jiff::tz::TimeZone;

use crate::chosen::TimestampFormat;
use crate::multiline::Multiline;

/// CloudWatch Logs' bound for one event: 1 MiB.
pub const MAX_LINE_BYTES: usize = 1 << 20;

/// Enough to see what is wrong with a file, few enough for a screen.
pub const DEFAULT_EXAMPLES: usize = 10;

/// How an input is read.
#[derive(Clone, Debug)]
pub struct Options {
    /// One form of time instead of all.
    pub format: Option<TimestampFormat>,
    /// The field of JSON records that holds their time, as a path with dots.
    pub time_field: Option<String>,
    /// The zone of times that are written without one [default: UTC], and the meaning of ambiguous abbreviations.
    pub timezone: Option<TimeZone>,
    /// The year of the first line, for times without a year.
    pub year: Option<i16>,
    /// In milliseconds. No line is much later than this.
    pub now: i64,
    /// What becomes of lines without a time.
    pub missing: Missing,
    /// Which lines are joined to one event; none by default.
    pub multiline: Option<Multiline>,
    /// The most bytes a line may have, without its ending.
    pub max_line: usize,
    /// How many rejected lines `Summary::examples` names.
    pub examples: usize,
}

impl Options {
    /// Everything found out, nothing joined.
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

/// Bytes to read.
pub enum Input<'a> {
    /// Can be read once: standard input.
    Stream(Box<dyn Read + Send + 'a>),
    /// Can be read again, and has a time of its own.
    File {
        /// At its beginning.
        file: File,
        /// When it was last changed, in milliseconds.
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
