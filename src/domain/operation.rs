//! The operations a caller can ask for, as values: typed, complete, and nothing that the caller wrote verbatim.
//!
//! Owns what each operation is about (its action and its target). Never says whether it is allowed: `auth::policy` turns
//! an operation into a `Permit`, and only a permit gets anything out of a source.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::event::Direction;
use super::filter::EventFilter;
use super::name::{LogGroupName, LogStreamName, SourceName};
use super::time::TimeRange;

/// What scopes and grants allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Read events; implies [`Action::Describe`] of the same groups.
    Read,
    /// Run Logs Insights queries.
    Query,
    /// Follow events live.
    Tail,
    /// See that groups and streams exist, and what they are.
    Describe,
    /// Change what a source holds. It has no word: neither a token nor the configuration can give it, only the operator's own key.
    Write,
}

impl Action {
    /// Those that scopes and grants can name, in the order of the documentation.
    pub const ALL: [Self; 4] = [Self::Read, Self::Query, Self::Tail, Self::Describe];

    /// The word in scopes, grants and the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Query => "query",
            Self::Tail => "tail",
            Self::Describe => "describe",
            Self::Write => "write",
        }
    }

    /// Does being allowed `self` allow `wanted`?
    #[must_use]
    pub fn implies(self, wanted: Self) -> bool {
        self == wanted || (self == Self::Read && wanted == Self::Describe)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is no action.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is no action: there are `read`, `query`, `tail` and `describe`")]
pub struct UnknownAction;

impl FromStr for Action {
    type Err = UnknownAction;
    fn from_str(text: &str) -> Result<Self, UnknownAction> {
        Self::ALL.into_iter().find(|action| action.as_str() == text).ok_or(UnknownAction)
    }
}

/// What an operation is about: the part of it that authorization looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    /// Whatever groups the caller may see.
    Groups,
    /// One group, and the streams in it that the caller may see.
    Group(&'a LogGroupName),
    /// These streams of one group: all of them, or the answer is as if one were not there.
    Streams(&'a LogGroupName, &'a [LogStreamName]),
    /// These groups, all of them and in one source; of each the streams that the caller may see.
    Each(&'a [LogGroupName]),
}

/// An operation that needs a permit.
pub trait Operation: Send + Sync + 'static {
    /// Its name in metrics, audit lines and the OpenAPI document (`operationId`).
    const NAME: &'static str;
    /// What the caller must be allowed to do.
    const ACTION: Action;
    /// To what.
    fn target(&self) -> Target<'_>;
    /// In which of the sources its one group is to be; `None`: the first that a grant covers it in.
    fn source(&self) -> Option<&SourceName> {
        None
    }
    /// The stretch of time that it newly asks for, where it reads events.
    fn range(&self) -> Option<TimeRange> {
        None
    }
}

/// Events of one stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadStream {
    /// The group.
    pub group: LogGroupName,
    /// The stream.
    pub stream: LogStreamName,
    /// Which events.
    pub range: TimeRange,
    /// Which way the reading began.
    pub direction: Direction,
}

impl Operation for ReadStream {
    const NAME: &'static str = "readStream";
    const ACTION: Action = Action::Read;
    fn target(&self) -> Target<'_> {
        Target::Streams(&self.group, std::slice::from_ref(&self.stream))
    }
}

/// Which streams of a group are read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum StreamSelection {
    /// All that the caller may see.
    All,
    /// These, at most 100 (FilterLogEvents' own limit).
    Names(Vec<LogStreamName>),
    /// Those that begin so.
    Prefix(String),
}

impl StreamSelection {
    /// Is the stream among them?
    #[must_use]
    pub fn contains(&self, stream: &str) -> bool {
        match self {
            Self::All => true,
            Self::Names(names) => names.iter().any(|name| name.as_str() == stream),
            Self::Prefix(prefix) => stream.starts_with(prefix.as_str()),
        }
    }
}

/// Who chose the start of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartBy {
    /// The caller: it is kept, or refused.
    Caller,
    /// The service, by the tenant's limits: a source that reads less far back moves it up.
    Service,
}

/// Events of all or chosen streams of one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadGroup {
    /// The group.
    pub group: LogGroupName,
    /// Which of its streams.
    pub streams: StreamSelection,
    /// Which events by their messages; `None`: all.
    pub filter: Option<EventFilter>,
    /// Which events by their times.
    pub range: TimeRange,
    /// Who chose where the range starts.
    pub start_by: StartBy,
    /// Which way the reading began.
    pub direction: Direction,
}

impl Operation for ReadGroup {
    const NAME: &'static str = "readGroup";
    const ACTION: Action = Action::Read;
    fn target(&self) -> Target<'_> {
        match &self.streams {
            StreamSelection::Names(names) => Target::Streams(&self.group, names),
            StreamSelection::All | StreamSelection::Prefix(_) => Target::Group(&self.group),
        }
    }
}

/// Events of a stream or of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// One stream.
    Stream(ReadStream),
    /// All or chosen streams of a group.
    Group(ReadGroup),
}

/// What the event endpoints parse into: a reading, begun or gone on with.
/// [`crate::auth::permit::Permit::narrow`] turns a permit for it into one for the operation that it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadLogs {
    /// What is read.
    pub reading: Reading,
    /// It goes on from a cursor, whose request was allowed its range when it was made: a reading that follows new events
    /// for longer than the longest range is not a longer range.
    pub resumed: bool,
    /// In which source; `None`: the first that covers it.
    pub source: Option<SourceName>,
}

impl Operation for ReadLogs {
    const NAME: &'static str = "readLogs";
    const ACTION: Action = Action::Read;
    fn target(&self) -> Target<'_> {
        match &self.reading {
            Reading::Stream(op) => op.target(),
            Reading::Group(op) => op.target(),
        }
    }
    fn source(&self) -> Option<&SourceName> {
        self.source.as_ref()
    }
    fn range(&self) -> Option<TimeRange> {
        match &self.reading {
            _ if self.resumed => None,
            Reading::Stream(op) => Some(op.range),
            Reading::Group(op) => Some(op.range),
        }
    }
}

/// The groups that the caller may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListGroups {
    /// Only those that begin so.
    pub prefix: Option<String>,
}

impl Operation for ListGroups {
    const NAME: &'static str = "listGroups";
    const ACTION: Action = Action::Describe;
    fn target(&self) -> Target<'_> {
        Target::Groups
    }
}

/// One group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescribeGroup {
    /// Its name.
    pub group: LogGroupName,
    /// In which source; `None`: the first that covers it.
    pub source: Option<SourceName>,
}

impl Operation for DescribeGroup {
    const NAME: &'static str = "describeGroup";
    const ACTION: Action = Action::Describe;
    fn target(&self) -> Target<'_> {
        Target::Group(&self.group)
    }
    fn source(&self) -> Option<&SourceName> {
        self.source.as_ref()
    }
}

/// By what a list of streams is ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum StreamOrder {
    /// By name.
    Name,
    /// By the time of the last event.
    LastEvent,
}

/// The streams of one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListStreams {
    /// The group.
    pub group: LogGroupName,
    /// Only those that begin so; by name only, as in DescribeLogStreams.
    pub prefix: Option<String>,
    /// In which order.
    pub order: StreamOrder,
    /// Which way: `Backward` lists the last first.
    pub direction: Direction,
    /// In which source; `None`: the first that covers it.
    pub source: Option<SourceName>,
}

impl Operation for ListStreams {
    const NAME: &'static str = "listStreams";
    const ACTION: Action = Action::Describe;
    fn target(&self) -> Target<'_> {
        Target::Group(&self.group)
    }
    fn source(&self) -> Option<&SourceName> {
        self.source.as_ref()
    }
}
