//! The seam between the engine and a store: what a query reads, block after block.
//!
//! A [`Source`] opens an [`Input`] for the events that the caller of a query may see; the input gives [`Block`]s. A block
//! lends its events one by one and fills in the fields that the query uses; [`discover`] is the general way, from the
//! message. A columnar store implements the same traits and reads columns instead.
//!
//! The engine never decides which events a caller may see: everything that an input gives is used, nothing else is.

pub mod discover;
mod layout;
mod reader;
mod scan;
mod table;
mod wanted;
pub mod memory;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::error::InputError;
use crate::values::value::Value;

pub use reader::FieldReader;
pub use table::{RowError, Table};
pub use wanted::Wanted;

/// The order of reading events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// From the newest event to the oldest: the order of results without `sort`.
    #[default]
    NewestFirst,
    /// From the oldest event to the newest.
    OldestFirst,
}

/// The log groups to read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Groups {
    /// The groups that the query was started with.
    #[default]
    OfQuery,
    /// The groups that an inner query names. The source returns [`InputError::NotFound`] for a group that its caller may not see.
    Named(Vec<String>),
}

/// One pass over events from the beginning to the end.
#[derive(Debug, Clone)]
pub struct Scan {
    /// The order.
    pub order: Order,
    /// The groups.
    pub groups: Groups,
    /// The time range in milliseconds since the epoch, the end exclusive.
    pub start: i64,
    /// See `start`.
    pub end: i64,
    /// The fields of the events that the query uses, in addition to the system fields.
    pub wanted: Arc<Wanted>,
}

/// A source of events. One source serves one query: it knows which groups and streams that query may see.
pub trait Source: Send + Sync + fmt::Debug {
    /// Opens a scan. All scans of one query see the same snapshot of the events.
    ///
    /// # Errors
    /// When a group does not exist, may not be seen, or cannot be read.
    fn open(&self, scan: &Scan) -> Result<Box<dyn Input>, InputError>;

    /// A lookup table; `None` if no table has this name.
    ///
    /// # Errors
    /// When it cannot be read.
    fn table(&self, name: &str) -> Result<Option<Arc<Table>>, InputError> {
        let _ = name;
        Ok(None)
    }
}

/// The events of one scan, in its order.
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

    /// `@ptr`: a handle by which the source can find the event. Called only for events of the result.
    fn pointer(&self, index: usize) -> String;

    /// Puts the wanted fields of an event at their slots. The reader belongs to the query and remembers the layout of the
    /// previous message.
    fn load(&self, index: usize, fields: &mut FieldReader, values: &mut [Value]) {
        discover::load(&self.message(index), fields, values);
    }
}
