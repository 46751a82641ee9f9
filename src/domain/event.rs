//! What sources hold and hand out: events, groups, streams, and pages of them.
//!
//! Owns the shapes, but for the events of a page, which have a library of their own: [`logmark_event_page`]. Never says how
//! they are written on the wire (that is `http::encode`).

use logmark_event_page::Events;
use logmark_quota::Reservation;

use super::name::{LogGroupName, LogStreamName};
use super::time::Millis;

/// Where reading goes on in a source: text that only the source understands. It leaves the service sealed in a cursor only.
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
    /// There is nothing more now in the direction read.
    End,
    /// The limit asked for.
    Limit,
    /// The size that one answer may have.
    Bytes,
    /// The work that one call may cost.
    Time,
    /// The source asked for less; what was read so far is whole.
    Throttled,
}

impl StopReason {
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

/// What one call to a source may bring: INVARIANT: everything a source returns is bounded by these.
#[derive(Debug, Clone)]
pub struct PageRequest {
    /// Where to go on; `None`: at the range's beginning (forward) or end (backward).
    pub position: Option<Position>,
    /// Which way.
    pub direction: Direction,
    /// At most so many events, at least 1.
    pub limit: usize,
    /// About so many bytes of messages; a single larger event is still returned.
    pub max_bytes: usize,
    /// How urgently it is read.
    pub priority: Priority,
}

/// How old a page is, and what that means for a client that follows new events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageAge {
    /// Read so recently that a client that follows new events need not read the next page yet.
    Fresh,
    /// Read a while ago: there may be newer events by now.
    Stale,
    /// It can't change any more.
    Immutable,
}

/// One page as a source returned it, in ascending order of time.
#[derive(Debug)]
pub struct EventPage {
    /// The events; may be empty without being the end.
    pub events: Events,
    /// Where newer events are, or will be.
    pub next: Position,
    /// Where older events are; `None` where the source cannot read backwards from here.
    pub previous: Option<Position>,
    /// True when the source knows that there is nothing more now in the direction asked for.
    pub at_end: bool,
    /// How long it holds.
    pub age: PageAge,
    /// The memory that the events take, where the source has reserved it.
    pub memory: Option<Reservation>,
}

/// What is known of a log group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogGroup {
    /// Its name.
    pub name: LogGroupName,
    /// When it was created.
    pub created_at: Option<Millis>,
    /// Days that events are kept; `None`: for ever.
    pub retention_days: Option<u32>,
    /// Bytes stored in all of its streams, as far as the source counts them.
    pub stored_bytes: Option<u64>,
    /// CloudWatch's log class.
    pub class: String,
}

impl LogGroup {
    /// What of it is shown to a caller who sees all of its streams, or some. Figures that count hidden streams are withheld.
    #[must_use]
    pub fn seen(self, all_streams: bool) -> Self {
        Self { stored_bytes: self.stored_bytes.filter(|_| all_streams), ..self }
    }
}

/// What is known of a log stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogStream {
    /// Its name.
    pub name: LogStreamName,
    /// When it was created.
    pub created_at: Option<Millis>,
    /// Timestamp of its oldest event.
    pub first_event_at: Option<Millis>,
    /// Timestamp of its newest event; CloudWatch may be an hour behind with it.
    pub last_event_at: Option<Millis>,
    /// When something was last taken in; CloudWatch may be an hour behind with it.
    pub last_ingestion_at: Option<Millis>,
}

/// One page of a list of groups or streams.
#[derive(Debug, Clone)]
pub struct ListPage<T> {
    /// The items, in the order of the list; may be empty without being the end.
    pub items: Vec<T>,
    /// Where the list goes on; `None`: it is complete.
    pub next: Option<Position>,
}
