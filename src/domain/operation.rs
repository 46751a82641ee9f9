//! The operations as typed values, without text of the caller.
//!
//! Owns the action and the target of each operation. `auth::policy` decides whether an operation is allowed, and makes the permit that
//! a source requires.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::event::Direction;
use super::filter::EventFilter;
use super::name::{LogGroupName, LogStreamName, SourceName};
use super::time::TimeRange;

/// An action of scopes and grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Read events; implies [`Action::Describe`] of the same groups.
    Read,
    /// Run Logs Insights queries.
    Query,
    /// Follow events live.
    Tail,
    /// List and describe groups and streams.
    Describe,
    /// Change the content of a source. It has no name: neither a token nor the configuration can grant it, only the operator's
    /// own key.
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

    /// Whether permission for `self` includes `wanted`.
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

/// A word that is not an action.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is not an action: use `read`, `query`, `tail` or `describe`")]
pub struct UnknownAction;

impl FromStr for Action {
    type Err = UnknownAction;
    fn from_str(text: &str) -> Result<Self, UnknownAction> {
        Self::ALL.into_iter().find(|action| action.as_str() == text).ok_or(UnknownAction)
    }
}

/// The groups and streams of an operation, for authorization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    /// The groups that the caller can see.
    Groups,
    /// One group, and the streams in it that the caller can see.
    Group(&'a LogGroupName),
    /// These streams of one group. If one is not permitted, the answer is as if it did not exist.
    Streams(&'a LogGroupName, &'a [LogStreamName]),
    /// All of these groups, in one source, and the streams in them that the caller can see.
    Each(&'a [LogGroupName]),
}

/// An operation that needs a permit.
pub trait Operation: Send + Sync + 'static {
    /// Its name in metrics, audit lines and the OpenAPI document (`operationId`).
    const NAME: &'static str;
    /// The action that the caller needs.
    const ACTION: Action;
    /// The action that this value of the operation needs: [`Operation::ACTION`], except for requests of several actions.
    fn action(&self) -> Action {
        Self::ACTION
    }
    /// The groups and streams.
    fn target(&self) -> Target<'_>;
    /// The source of its group; `None`: the first source in which a grant covers the group.
    fn source(&self) -> Option<&SourceName> {
        None
    }
    /// The filter that the caller applies to messages.
    fn filter(&self) -> Option<&EventFilter> {
        None
    }
    /// The range that it newly requests, if it reads events.
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
    /// The range.
    pub range: TimeRange,
    /// The direction of the first page.
    pub direction: Direction,
}

impl Operation for ReadStream {
    const NAME: &'static str = "readStream";
    const ACTION: Action = Action::Read;
    fn target(&self) -> Target<'_> {
        Target::Streams(&self.group, std::slice::from_ref(&self.stream))
    }
}

/// The streams of a group to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum StreamSelection {
    /// All that the caller can see.
    All,
    /// These, at most 100 (FilterLogEvents' own limit).
    Names(Vec<LogStreamName>),
    /// Those with this prefix.
    Prefix(String),
}

impl StreamSelection {
    /// Whether the stream is selected.
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
    /// The caller: the range is used as given, or refused.
    Caller,
    /// The service, by the tenant's limits: a source with a later limit moves it up.
    Service,
}

/// Events of all or chosen streams of one group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadGroup {
    /// The group.
    pub group: LogGroupName,
    /// The streams.
    pub streams: StreamSelection,
    /// The filter of messages; `None`: all events.
    pub filter: Option<EventFilter>,
    /// The range.
    pub range: TimeRange,
    /// Who chose where the range starts.
    pub start_by: StartBy,
    /// The direction of the first page.
    pub direction: Direction,
}

impl Operation for ReadGroup {
    const NAME: &'static str = "readGroup";
    const ACTION: Action = Action::Read;
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

/// Events of a stream or of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// One stream.
    Stream(ReadStream),
    /// All or chosen streams of a group.
    Group(ReadGroup),
}

/// The operation of the event endpoints: a new reading, or one that a cursor resumes.
/// [`crate::auth::permit::Permit::narrow`] turns its permit into one for the stream or the group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadLogs {
    /// The stream or the group.
    pub reading: Reading,
    /// Whether a cursor resumes it. The range of the cursor's request was checked then, and following new events for longer than
    /// the longest range does not make the range longer.
    pub resumed: bool,
    /// The source; `None`: the first that covers it.
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
    fn filter(&self) -> Option<&EventFilter> {
        match &self.reading {
            Reading::Stream(_) => None,
            Reading::Group(op) => op.filter.as_ref(),
        }
    }
    fn range(&self) -> Option<TimeRange> {
        match &self.reading {
            _ if self.resumed => None,
            Reading::Stream(op) => Some(op.range),
            Reading::Group(op) => Some(op.range),
        }
    }
}

/// The groups that the caller can see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListGroups {
    /// Only those with this prefix.
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
    /// The source; `None`: the first that covers it.
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

/// The order of a list of streams.
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
    /// Only those with this prefix; by name only, as in DescribeLogStreams.
    pub prefix: Option<String>,
    /// The order.
    pub order: StreamOrder,
    /// The direction: `Backward` lists the last first.
    pub direction: Direction,
    /// The source; `None`: the first that covers it.
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
