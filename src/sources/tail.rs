//! The contract of a source that follows new events: live tail.
//!
//! Owns the traits [`Tail`] and [`TailReader`], and the items of a tail. Each method takes the permit for its own operation, as those of
//! [`super::Source`] do. `http::ops::tail` writes the items as Server-Sent Events or NDJSON, and seals the positions.

use std::fmt;

use async_trait::async_trait;
use logmark_event_page::Events;
use logmark_quota::Reservation;

use super::SourceError;
use crate::auth::permit::Permit;
use crate::domain::event::Position;
use crate::domain::operation::Operation;
use crate::domain::tail::{TailGroup, TailStream};
use crate::domain::time::Millis;

/// Maximum bytes of a [`TailPosition`]. Cursors of tails reserve this many, so their length does not depend on the position.
pub const MAX_POSITION_BYTES: usize = 120;
/// Bytes of messages in one item at most, approximately. A single larger event is still given.
pub const MAX_ITEM_BYTES: usize = 16 * 1024;
/// Events in one item at most.
pub const MAX_ITEM_EVENTS: usize = 64;

/// A position in a tail, which only its source understands. It leaves the service sealed in a cursor only.
///
/// INVARIANT: it has at most [`MAX_POSITION_BYTES`] bytes, and a tail that begins at it gives exactly the events that the tail that it
/// is from gave after it, and those that came later: none is lost and none is repeated, over restarts and replicas. What a source cannot
/// give again is a [`TailItem::Gap`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct TailPosition(pub Box<[u8]>);

/// Where a tail begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TailStart {
    /// With the events that arrive from now on.
    Now,
    /// With the stored events of this timestamp and later, ascending by time; then with those that arrive, of any timestamp.
    Time(Millis),
    /// Behind a position of a tail.
    Position(TailPosition),
    /// Behind a position of a page (its `next`): the stored events from there on, ascending by time; then those that arrive.
    Page(Position),
}

/// Events of a tail, in the order of delivery.
#[derive(Debug)]
pub struct TailEvents {
    /// The events. INVARIANT: only those that the permit shows and that the operation's filter accepts.
    pub events: Events,
    /// The position after each event, one for each.
    pub positions: Vec<TailPosition>,
    /// The memory of the events, if the source has reserved it. It is released when the events are written.
    pub memory: Option<Reservation>,
}

/// Why events are missing, or were missing, in a tail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GapReason {
    /// The source gave a sample of the events only.
    Sampled,
    /// The source dropped events on their way.
    Dropped,
    /// The connection to the source was interrupted.
    Interrupted,
    /// This client read too slowly, and its buffer was full.
    SlowReader,
    /// The position is too old for the source to give all events since.
    Expired,
}

impl GapReason {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Sampled, Self::Dropped, Self::Interrupted, Self::SlowReader, Self::Expired];

    /// The word in the API and in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sampled => "sampled",
            Self::Dropped => "dropped",
            Self::Interrupted => "interrupted",
            Self::SlowReader => "slow_reader",
            Self::Expired => "expired",
        }
    }
}

/// A range of time in which the tail is, or was, incomplete.
///
/// INVARIANT: its times depend only on events that the permit shows, and on the state of the source as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TailGap {
    /// The start of the range, by ingestion time where the source has one.
    pub from: Millis,
    /// The end of the range (exclusive).
    pub to: Millis,
    /// The reason.
    pub reason: GapReason,
    /// Whether the missing events are part of this tail by now: they were given before this item. If not, a page of the range has
    /// them.
    pub recovered: bool,
    /// The position after the gap, if it changes where the tail resumes.
    pub position: Option<TailPosition>,
}

/// A state of the tail that its client should know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TailNotice {
    /// Events come by polling, so they arrive some seconds later.
    Polling,
    /// Events come as the source receives them.
    Live,
}

impl TailNotice {
    /// The word in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Polling => "polling",
            Self::Live => "live",
        }
    }
}

/// What a tail gives.
#[derive(Debug)]
pub enum TailItem {
    /// Events.
    Events(TailEvents),
    /// Events are missing, or were missing and have been repaired.
    Gap(TailGap),
    /// The source gives a sample of the events only; the missing ones follow. The number of matching events a second above which it
    /// samples.
    Sampled {
        /// The number.
        above: u32,
    },
    /// The state of the tail has changed.
    Notice(TailNotice),
    /// The position has moved without an event, so that a client that resumes later skips what was looked at in vain. The client is
    /// not told at once: hidden events must not show.
    Moved(TailPosition),
    /// The tail has given all stored events that it was to give, and waits for new ones. Given once.
    CaughtUp,
    /// The source ends the tail as planned. The client resumes with the last position.
    Ended,
}

/// A source that follows new events.
///
/// The contract: a tail gives the events that the permit shows and that the filter accepts, each once, in an order in which positions
/// ascend; late events, with older timestamps, are given when they arrive. A group that does not exist is [`SourceError::NotFound`], a
/// missing stream of an existing group is [`SourceError::StreamNotFound`]; also when they are deleted while they are followed. A position
/// that is not one of this source's is [`SourceError::InvalidPosition`]. What the permit hides changes neither the items nor the
/// positions' lengths.
#[async_trait]
pub trait Tail: Send + Sync + fmt::Debug {
    /// Follows a stream.
    async fn tail_stream(&self, permit: &Permit<TailStream>, from: TailStart) -> Result<Box<dyn TailReader>, SourceError>;

    /// Follows a group.
    async fn tail_group(&self, permit: &Permit<TailGroup>, from: TailStart) -> Result<Box<dyn TailReader>, SourceError>;
}

/// A running tail. Dropping it ends the tail and frees all that it holds.
///
/// INVARIANT: a reader whose `next` is not called holds a bounded amount of memory, and does not slow other readers.
#[async_trait]
pub trait TailReader: Send + fmt::Debug {
    /// The position before the next item. A client that has received nothing else resumes with it.
    fn position(&self) -> TailPosition;

    /// Waits for the next item. The caller polls the future to its end, or drops it together with the reader.
    ///
    /// # Errors
    /// The source's error, after which the tail is over. All items before it were given, so the last position is valid.
    async fn next(&mut self) -> Result<TailItem, SourceError>;
}

/// An operation that follows events, so that callers need not tell the two apart.
#[async_trait]
pub trait FollowEvents: Operation + Clone {
    /// Begins the tail.
    async fn follow(tail: &dyn Tail, permit: &Permit<Self>, from: TailStart) -> Result<Box<dyn TailReader>, SourceError>
    where
        Self: Sized;
}

#[async_trait]
impl FollowEvents for TailStream {
    async fn follow(tail: &dyn Tail, permit: &Permit<Self>, from: TailStart) -> Result<Box<dyn TailReader>, SourceError> {
        tail.tail_stream(permit, from).await
    }
}

#[async_trait]
impl FollowEvents for TailGroup {
    async fn follow(tail: &dyn Tail, permit: &Permit<Self>, from: TailStart) -> Result<Box<dyn TailReader>, SourceError> {
        tail.tail_group(permit, from).await
    }
}
