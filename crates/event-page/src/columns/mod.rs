//! Chosen columns: the parts of an event that CSV, NDJSON and text show instead of the default.
//!
//! Owns the list of columns. `parse` reads it from a request, `pick` finds the values of its JSON paths in a message, and
//! `write::column_writer` writes them.

mod parse;
mod pick;

use std::fmt;

use crate::json_string;

pub(crate) use pick::{Node, Token};

/// Columns that one answer can have at most.
pub const MAX_COLUMNS: usize = 50;
/// Characters of the whole list at most: NDJSON repeats the spellings in every line.
pub const MAX_LENGTH: usize = 1024;
/// Steps that a JSON path can have at most.
pub const MAX_STEPS: usize = 20;
/// JSON paths inside one another at most: so the bytes of a message are written so many times, and once more as `message`.
pub const MAX_NESTED: usize = 3;
/// The largest index of an array that a JSON path can name.
pub const MAX_INDEX: usize = 99_999;

/// The parts of every event, as `columns` names them.
const NAMES: [(&str, Source); 5] = [
    ("timestamp", Source::Timestamp),
    ("ingestionTime", Source::IngestionTime),
    ("logStream", Source::LogStream),
    ("eventId", Source::EventId),
    ("message", Source::Message),
];

/// One or more columns in the order of the request, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    pub(crate) columns: Vec<Column>,
    /// The JSON paths as one tree.
    pub(crate) paths: Node,
    /// How many JSON paths there are.
    pub(crate) slots: usize,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    /// As the request spells it: the header's cell.
    pub(crate) spelling: String,
    /// The spelling as a member's name in JSON, with its quotes and the colon.
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
    /// The value with this number that the tree of paths finds.
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
    /// Nothing between two commas, or nothing at all.
    Empty,
    /// More than [`MAX_COLUMNS`].
    TooMany(usize),
    /// More than [`MAX_LENGTH`].
    TooLong,
    /// More JSON paths inside one another than [`MAX_NESTED`].
    Nested,
    /// Neither a part of an event nor a JSON path.
    Unknown(String),
    /// The same column a second time.
    Twice(String),
    /// A JSON path that can't be read, and what is wrong with it.
    Path(String, &'static str),
}

/// A spelling as errors repeat it: short, and without control characters.
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
            Self::Empty => write!(f, "has an empty column: separate columns by one comma each"),
            Self::TooMany(count) => write!(f, "has {count} columns; {MAX_COLUMNS} are the most"),
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
