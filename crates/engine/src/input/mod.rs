//! The seam between the engine and a store: what a query reads, block after block.
//!
//! A [`Source`] opens an [`Input`] for the events that the caller of a query may see; the input gives [`Block`]s. A block
//! lends its events one by one and fills in the fields that the query uses; [`discover`] is the general way, from the
//! message. A columnar store implements the same traits and reads columns instead.
//!
//! The engine never decides which events a caller may see: everything that an input gives is used, nothing else is.

pub mod discover;
mod scan;
mod wanted;
pub mod memory;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::error::InputError;
use crate::values::value::Value;

pub use wanted::Wanted;

/// The order in which events are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// From the newest event back: the order of results without `sort`.
    #[default]
    NewestFirst,
    /// From the oldest event on.
    OldestFirst,
}

/// Which log groups are read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Groups {
    /// Those that the query was started with.
    #[default]
    OfQuery,
    /// Those that a query inside the query names. The source answers [`InputError::NotFound`] for one that its caller may not
    /// see.
    Named(Vec<String>),
}

/// One reading of events from the beginning to the end.
#[derive(Debug, Clone)]
pub struct Scan {
    /// In which order.
    pub order: Order,
    /// Of which groups.
    pub groups: Groups,
    /// Of which time: milliseconds since the epoch, the end exclusive.
    pub start: i64,
    /// See `start`.
    pub end: i64,
    /// The fields of the events that the query uses, beside the system fields.
    pub wanted: Arc<Wanted>,
}

/// What a query reads from. One source serves one query: it knows which groups and streams that query may see.
pub trait Source: Send + Sync + fmt::Debug {
    /// Opens a reading. All readings of one query see the events of one moment.
    ///
    /// # Errors
    /// When a group is not there, or may not be seen, or cannot be read.
    fn open(&self, scan: &Scan) -> Result<Box<dyn Input>, InputError>;

    /// A lookup table; `None` if no table has that name.
    ///
    /// # Errors
    /// When it cannot be read.
    fn table(&self, name: &str) -> Result<Option<Arc<Table>>, InputError> {
        let _ = name;
        Ok(None)
    }
}

/// A lookup table: the header of its CSV file, and its rows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The rows; each has as many texts as there are columns.
    pub rows: Vec<Vec<String>>,
}

/// The events of one reading, in its order.
pub trait Input: Send + fmt::Debug {
    /// The next block; `None` at the end. A block is small: at most about a thousand events or 1 MiB, so that queries take
    /// turns and end soon when they are cancelled.
    ///
    /// # Errors
    /// When reading fails. The query then fails as a whole.
    fn next_block(&mut self) -> Result<Option<Box<dyn Block>>, InputError>;
}

/// An event of a block, borrowed from it.
#[derive(Debug, Clone, Default)]
pub struct BlockEvent<'a> {
    /// `@timestamp`, in milliseconds since the epoch.
    pub timestamp: i64,
    /// `@ingestionTime`, in milliseconds since the epoch.
    pub ingestion_time: i64,
    /// `@message`.
    pub message: Cow<'a, str>,
    /// `@logStream`.
    pub stream: &'a str,
    /// `@log`: `account:group` in CloudWatch.
    pub log: &'a str,
}

/// Some events, in the order of the scan. Every index is less than [`Block::len`].
///
/// A store that keeps columns overrides the accessors of single fields.
pub trait Block: Send + fmt::Debug {
    /// The number of events.
    fn len(&self) -> usize;

    /// Whether the block is empty.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The event at an index.
    fn event(&self, index: usize) -> BlockEvent<'_>;

    /// `@timestamp`, in milliseconds since the epoch.
    fn timestamp(&self, index: usize) -> i64 {
        self.event(index).timestamp
    }

    /// `@ingestionTime`, in milliseconds since the epoch.
    fn ingestion_time(&self, index: usize) -> i64 {
        self.event(index).ingestion_time
    }

    /// `@message`.
    fn message(&self, index: usize) -> Cow<'_, str> {
        self.event(index).message
    }

    /// The bytes of the message, for the statistics of the query.
    fn message_bytes(&self, index: usize) -> u64 {
        self.message(index).len() as u64
    }

    /// `@logStream`.
    fn stream(&self, index: usize) -> &str {
        self.event(index).stream
    }

    /// `@log`: `account:group` in CloudWatch.
    fn log(&self, index: usize) -> &str {
        self.event(index).log
    }

    /// `@ptr`: a handle by which the source finds the event again. Called only for events of the result.
    fn pointer(&self, index: usize) -> String;

    /// Writes the wanted fields of an event to their indexes in `values`.
    fn load(&self, index: usize, wanted: &Wanted, values: &mut [Value]) {
        discover::load(&self.message(index), wanted, values);
    }
}
