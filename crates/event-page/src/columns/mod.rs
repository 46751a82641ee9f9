//! Chosen columns: the parts of an event that CSV, NDJSON and text show instead of the default.
//!
//! Owns the list of columns. `parse` reads it from a request, `pick` finds the values of its JSON paths in a message, and
//! `write::column_writer` writes them.

mod parse;
mod pick;

use std::fmt;

use crate::json_string;

pub(crate) use pick::{Node, Token};

/// Maximum number of columns.
pub const MAX_COLUMNS: usize = 50;
/// Maximum characters of the whole list, because NDJSON repeats the spellings in every line.
pub const MAX_LENGTH: usize = 1024;
/// Maximum steps of a JSON path.
pub const MAX_STEPS: usize = 20;
/// Maximum nesting of JSON paths: the bytes of a message are written at most this many times, and once more as `message`.
pub const MAX_NESTED: usize = 3;
/// The largest array index in a JSON path.
pub const MAX_INDEX: usize = 99_999;

/// The parts of an event, by their names in `columns`.
const NAMES: [(&str, Source); 5] = [
    ("timestamp", Source::Timestamp),
    ("ingestionTime", Source::IngestionTime),
    ("logStream", Source::LogStream),
    ("eventId", Source::EventId),
    ("message", Source::Message),
];

/// One or more different columns, in the order of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    pub(crate) columns: Vec<Column>,
    /// The JSON paths as one tree.
    pub(crate) paths: Node,
    /// The number of JSON paths.
    pub(crate) slots: usize,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    /// The spelling of the request, which is the cell of the header.
    pub(crate) spelling: String,
    /// The spelling as a JSON member name, with quotes and colon.
    pub(crate) member: Vec<u8>,
    pub(crate) source: Source,
}

/// The part of an event that a column shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Timestamp,
    IngestionTime,
    LogStream,
    EventId,
    Message,
    /// The value with this number in the tree of paths.
    Path(usize),
}

impl Column {
    fn new(spelling: &str, source: Source) -> Self {
        let mut member = b"\"".to_vec();
        json_string::encode(spelling.as_bytes(), &mut member);
        member.extend_from_slice(b"\":");
        Self { spelling: spelling.to_owned(), member, source }
    }
}

/// A fault in a list of columns. The text completes the sentence "`columns` …".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnError {
    /// An empty column, or an empty list.
    Empty,
    /// More than [`MAX_COLUMNS`].
    TooMany(usize),
    /// More than [`MAX_LENGTH`].
    TooLong,
    /// More JSON paths inside one another than [`MAX_NESTED`].
    Nested,
    /// Neither a part of an event nor a JSON path.
    Unknown(String),
    /// The same column twice.
    Twice(String),
    /// A malformed JSON path, and what is wrong with it.
    Path(String, &'static str),
}

/// A spelling for errors: shortened, and without control characters.
struct Echo<'a>(&'a str);

impl fmt::Display for Echo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MAX_ECHO: usize = 100;
        let printable = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
        self.0.chars().take(MAX_ECHO).map(printable).try_for_each(|c| fmt::Write::write_char(f, c))?;
        if self.0.chars().nth(MAX_ECHO).is_some() { f.write_str("…") } else { Ok(()) }
    }
}

impl fmt::Display for ColumnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "has an empty column: separate columns by single commas"),
            Self::TooMany(count) => write!(f, "has {count} columns; the maximum is {MAX_COLUMNS}"),
            Self::TooLong => write!(f, "has more than {MAX_LENGTH} characters"),
            Self::Nested => write!(f, "has more than {MAX_NESTED} JSON paths inside one another"),
            Self::Unknown(column) => {
                let names: Vec<_> = NAMES.iter().map(|(name, _)| format!("`{name}`")).collect();
                let column = Echo(column);
                write!(f, "has the unknown column `{column}`: use {} or a JSON path of the message such as ", names.join(", "))?;
                let is_plain = column.0.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
                if is_plain && !column.0.starts_with('.') { write!(f, "`$.{column}`") } else { write!(f, "`$.status`") }
            }
            Self::Twice(column) => write!(f, "has the column `{}` twice", Echo(column)),
            Self::Path(column, detail) => write!(f, "has the JSON path `{}`, which {detail}", Echo(column)),
        }
    }
}

impl std::error::Error for ColumnError {}
