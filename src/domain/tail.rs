//! The operations of live tail: new events of a stream or of a group, as they arrive.
//!
//! Owns the operations and their action, [`Action::Tail`]. `auth::policy` makes the permits, and [`crate::sources::tail`] is the contract of
//! the sources that follow events.

use super::filter::EventFilter;
use super::name::{LogGroupName, LogStreamName, SourceName};
use super::operation::{Action, Operation, ReadLogs, StreamSelection, Target};
use super::time::{Millis, TimeRange};

/// New events of one stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TailStream {
    /// The group.
    pub group: LogGroupName,
    /// The stream.
    pub stream: LogStreamName,
}

impl Operation for TailStream {
    const NAME: &'static str = "tailStream";
    const ACTION: Action = Action::Tail;
    fn target(&self) -> Target<'_> {
        Target::Streams(&self.group, std::slice::from_ref(&self.stream))
    }
}

/// New events of all or chosen streams of one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TailGroup {
    /// The group.
    pub group: LogGroupName,
    /// The streams.
    pub streams: StreamSelection,
    /// The filter of messages; `None`: all events.
    pub filter: Option<EventFilter>,
}

impl Operation for TailGroup {
    const NAME: &'static str = "tailGroup";
    const ACTION: Action = Action::Tail;
    fn filter(&self) -> Option<&EventFilter> {
        self.filter.as_ref()
    }
    fn target(&self) -> Target<'_> {
        match &self.streams {
            StreamSelection::Names(names) => Target::Streams(&self.group, names),
            StreamSelection::All | StreamSelection::Prefix(_) => Target::Group(&self.group),
        }
    }
}

/// New events of a stream or of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tailing {
    /// One stream.
    Stream(TailStream),
    /// All or chosen streams of a group.
    Group(TailGroup),
}

/// The operation of the event endpoints with `follow=true`. [`crate::auth::permit::Permit::narrow`] turns its permit into one for the
/// stream or the group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TailLogs {
    /// The stream or the group.
    pub tailing: Tailing,
    /// The source; `None`: the first that covers it.
    pub source: Option<SourceName>,
    /// The start of the history that the request asks for before new events; `None` without a history, or when a cursor resumes
    /// it.
    pub history: Option<Millis>,
}

impl Operation for TailLogs {
    const NAME: &'static str = "tailLogs";
    const ACTION: Action = Action::Tail;
    fn target(&self) -> Target<'_> {
        match &self.tailing {
            Tailing::Stream(op) => op.target(),
            Tailing::Group(op) => op.target(),
        }
    }
    fn source(&self) -> Option<&SourceName> {
        self.source.as_ref()
    }
    fn filter(&self) -> Option<&EventFilter> {
        match &self.tailing {
            Tailing::Stream(_) => None,
            Tailing::Group(op) => op.filter.as_ref(),
        }
    }
    fn range(&self) -> Option<TimeRange> {
        self.history.map(|start| TimeRange { start: Some(start), end: None })
    }
}

/// A request of the event endpoints: stored events, or new ones as they arrive. Its action is that of its variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventsOperation {
    /// Stored events.
    Read(ReadLogs),
    /// New events.
    Tail(TailLogs),
}

impl Operation for EventsOperation {
    const NAME: &'static str = ReadLogs::NAME;
    const ACTION: Action = Action::Read;
    fn action(&self) -> Action {
        match self {
            Self::Read(_) => ReadLogs::ACTION,
            Self::Tail(_) => TailLogs::ACTION,
        }
    }
    fn target(&self) -> Target<'_> {
        match self {
            Self::Read(op) => op.target(),
            Self::Tail(op) => op.target(),
        }
    }
    fn source(&self) -> Option<&SourceName> {
        match self {
            Self::Read(op) => op.source(),
            Self::Tail(op) => op.source(),
        }
    }
    fn filter(&self) -> Option<&EventFilter> {
        match self {
            Self::Read(op) => op.filter(),
            Self::Tail(op) => op.filter(),
        }
    }
    fn range(&self) -> Option<TimeRange> {
        match self {
            Self::Read(op) => op.range(),
            Self::Tail(op) => op.range(),
        }
    }
}
