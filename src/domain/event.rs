//! The data of sources: events, groups, streams, and pages of them.
//!
//! Owns these types, except the events of a page, which have a library of their own: [`logmark_event_page`]. `http::encode` writes
//! them.

use logmark_event_page::Events;
use logmark_quota::Reservation;

use super::name::{LogGroupName, LogStreamName};
use super::time::Millis;

/// A position in a source, as a text that only the source understands. It leaves the service sealed in a cursor only.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Position(pub String);

/// Which way a page is read. Events in a page are in ascending order either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Direction {
    /// Towards newer events.
    Forward,
    /// Towards older events.
    Backward,
}

/// Why a page ended (API, `stopReason`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// There are no more events now in the direction of reading.
    End,
    /// The limit of the request.
    Limit,
    /// The largest size of an answer.
    Bytes,
    /// The work allowed for one call.
    Time,
    /// The source allows no more calls now. The events read so far are complete.
    Throttled,
}

impl StopReason {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::End, Self::Limit, Self::Bytes, Self::Time, Self::Throttled];

    /// The word in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::End => "end",
            Self::Limit => "limit",
            Self::Bytes => "bytes",
            Self::Time => "time",
            Self::Throttled => "throttled",
        }
    }
}

/// How urgently a page is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// A request waits for it.
    Requested,
    /// It is read ahead of the client: only with capacity that no other request waits for.
    Prefetch,
}

/// The limits of one call to a source. INVARIANT: they bound everything that a source returns.
#[derive(Debug, Clone)]
pub struct PageRequest {
    /// The position to continue from; `None`: the range's beginning (forward) or end (backward).
    pub position: Option<Position>,
    /// The direction.
    pub direction: Direction,
    /// Events at most; at least 1.
    pub limit: usize,
    /// Bytes of messages at most, approximately. A single larger event is still returned.
    pub max_bytes: usize,
    /// The priority of the call.
    pub priority: Priority,
}

/// The age of a page, for clients that follow new events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageAge {
    /// Read so recently that a client that follows new events need not read the next page yet.
    Fresh,
    /// Read a while ago, so there may be newer events.
    Stale,
    /// The page cannot change any more.
    Immutable,
}

/// One page as a source returned it, in ascending order of time.
#[derive(Debug)]
pub struct EventPage {
    /// The events as the permit shows them; may be empty without being the end.
    pub events: Events,
    /// Events among them that the permit shows in part, and whose messages cannot be masked.
    pub withheld: usize,
    /// The position of newer events, now or in the future.
    pub next: Position,
    /// The position of older events; `None` if the source cannot read backwards from here.
    pub previous: Option<Position>,
    /// Whether the source knows that no more events follow now in the direction.
    pub at_end: bool,
    /// The age.
    pub age: PageAge,
    /// The memory of the events, if the source has reserved it.
    pub memory: Option<Reservation>,
}

/// The properties of a log group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogGroup {
    /// Its name.
    pub name: LogGroupName,
    /// When it was created.
    pub created_at: Option<Millis>,
    /// Days that events are kept; `None`: forever.
    pub retention_days: Option<u32>,
    /// Bytes stored in all of its streams, if the source counts them.
    pub stored_bytes: Option<u64>,
    /// CloudWatch's log class.
    pub class: String,
}

impl LogGroup {
    /// The properties for a caller who can see all of its events as stored, or only a part. Figures that count hidden events
    /// are removed.
    #[must_use]
    pub fn seen(self, whole: bool) -> Self {
        Self { stored_bytes: self.stored_bytes.filter(|_| whole), ..self }
    }
}

/// The properties of a log stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogStream {
    /// Its name.
    pub name: LogStreamName,
    /// When it was created.
    pub created_at: Option<Millis>,
    /// Timestamp of its oldest event.
    pub first_event_at: Option<Millis>,
    /// Timestamp of its newest event. In CloudWatch it may lag by an hour.
    pub last_event_at: Option<Millis>,
    /// When the source last received an event. In CloudWatch it may lag by an hour.
    pub last_ingestion_at: Option<Millis>,
}

impl LogStream {
    /// The properties for a caller who can see all of its events, or only those that match a row rule. Times of hidden events are
    /// removed.
    #[must_use]
    pub fn seen(self, all_rows: bool) -> Self {
        if all_rows { self } else { Self { first_event_at: None, last_event_at: None, last_ingestion_at: None, ..self } }
    }
}

/// One page of a list of groups or streams.
#[derive(Debug, Clone)]
pub struct ListPage<T> {
    /// The items, in the order of the list; may be empty without being the end.
    pub items: Vec<T>,
    /// The position of the next page; `None`: the list is complete.
    pub next: Option<Position>,
}
