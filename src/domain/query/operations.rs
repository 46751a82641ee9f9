//! The operations on queries, and what sources say of one that runs.
//!
//! Owns the shapes. A [`RunningQuery`] leaves the service sealed only: upstream's id is good for the whole account.

use aws_lc_rs::digest;
use logmark_quota::Reservation;
use serde::{Deserialize, Serialize};

use super::{ColumnHeading, LogQuery};
use crate::domain::event::Position;
use crate::domain::name::{LogGroupName, SourceName};
use crate::domain::operation::{Action, Operation, Target};
use crate::domain::time::{Millis, TimeRange};

/// The most groups of one query (StartQuery).
pub const MAX_GROUPS: usize = 50;
/// Bytes that the groups' names may have together, for they travel in the query's id.
pub const MAX_GROUP_BYTES: usize = 3072;

/// Starts a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartQuery {
    /// What is asked.
    pub query: LogQuery,
    /// Of which groups: at least one, at most [`MAX_GROUPS`], all in one source, each once. Those that queries inside the query
    /// name are the last.
    pub groups: Vec<LogGroupName>,
    /// How many of them, from the first, the query itself reads.
    pub own_groups: usize,
    /// The first moment that is looked at.
    pub start: Millis,
    /// The first moment after the last.
    pub end: Millis,
}

impl StartQuery {
    /// Starts a query over these groups. Those that queries inside it name are authorized with them.
    #[must_use]
    pub fn new(query: LogQuery, mut groups: Vec<LogGroupName>, start: Millis, end: Millis) -> Self {
        let own_groups = groups.len();
        groups.extend(query.nested_groups().iter().filter(|group| !groups.contains(group)).cloned().collect::<Vec<_>>());
        Self { query, groups, own_groups, start, end }
    }
}

impl Operation for StartQuery {
    const NAME: &'static str = "startQuery";
    const ACTION: Action = Action::Query;
    fn target(&self) -> Target<'_> {
        Target::Each(&self.groups)
    }
    fn range(&self) -> Option<TimeRange> {
        Some(TimeRange { start: Some(self.start), end: Some(self.end) })
    }
}

/// What was allowed when a query was started, as one value to compare: of each of its groups, which streams are seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesFingerprint(pub [u8; 16]);

/// A group's name in four bytes. Two names may have the same one: it never replaces a look at the permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupFingerprint([u8; 4]);

impl From<&LogGroupName> for GroupFingerprint {
    fn from(name: &LogGroupName) -> Self {
        let digest = digest::digest(&digest::SHA256, name.as_str().as_bytes());
        Self(*digest.as_ref().first_chunk().unwrap_or(&[0; 4]))
    }
}

/// A query that was started. What its id carries, so that no replica needs to remember it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunningQuery {
    /// Where it runs.
    pub source: SourceName,
    /// The source's own id.
    pub id: String,
    /// Over which groups.
    pub groups: Vec<LogGroupName>,
    /// Under which rules.
    pub rules: RulesFingerprint,
    /// When it was started.
    pub started: Millis,
    /// Headings that come back otherwise than the caller wrote them.
    pub headings: Vec<ColumnHeading>,
}

/// What a query has found so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadQuery {
    /// The query.
    pub query: RunningQuery,
}

impl Operation for ReadQuery {
    const NAME: &'static str = "readQuery";
    const ACTION: Action = Action::Query;
    fn target(&self) -> Target<'_> {
        Target::Each(&self.query.groups)
    }
}

/// Stops a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StopQuery {
    /// The query.
    pub query: RunningQuery,
}

impl Operation for StopQuery {
    const NAME: &'static str = "stopQuery";
    const ACTION: Action = Action::Query;
    fn target(&self) -> Target<'_> {
        Target::Each(&self.query.groups)
    }
}

/// Which fields the events of a group have. The names are content: whoever may query the group may know them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescribeFields {
    /// The group.
    pub group: LogGroupName,
    /// The middle of the minutes that are looked at; `None`: the last ones.
    pub around: Option<Millis>,
}

impl Operation for DescribeFields {
    const NAME: &'static str = "describeFields";
    const ACTION: Action = Action::Query;
    fn target(&self) -> Target<'_> {
        Target::Group(&self.group)
    }
}

/// One event by the pointer that a query's row holds. What the pointer carries: a reference to the event, and nothing that
/// grows with the query. Which group and stream the event is in, the event itself says; the source compares that with the
/// permit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadRecord {
    /// Where it is.
    pub source: SourceName,
    /// The tenant's grants when the pointer was made. Under other grants no source is asked.
    pub grants: RulesFingerprint,
    /// The groups of the query, at most [`MAX_GROUPS`]: the event is in one of them.
    pub groups: Vec<GroupFingerprint>,
    /// The source's own pointer.
    pub pointer: String,
}

impl Operation for ReadRecord {
    const NAME: &'static str = "readRecord";
    const ACTION: Action = Action::Query;
    fn target(&self) -> Target<'_> {
        Target::Groups
    }
}

/// Where a query stands, in CloudWatch's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "CloudWatch's own words")]
pub enum QueryStatus {
    Scheduled,
    Running,
    Complete,
    Failed,
    Cancelled,
    Timeout,
    Unknown,
}

impl QueryStatus {
    /// Will nothing change any more?
    #[must_use]
    pub fn has_ended(self) -> bool {
        match self {
            Self::Scheduled | Self::Running | Self::Unknown => false,
            Self::Complete | Self::Failed | Self::Cancelled | Self::Timeout => true,
        }
    }

    /// CloudWatch's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "Scheduled",
            Self::Running => "Running",
            Self::Complete => "Complete",
            Self::Failed => "Failed",
            Self::Cancelled => "Cancelled",
            Self::Timeout => "Timeout",
            Self::Unknown => "Unknown",
        }
    }
}

/// How much a query looked at.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Statistics {
    /// Events that fit.
    pub records_matched: f64,
    /// Events looked at.
    pub records_scanned: f64,
    /// Bytes looked at: what is paid for.
    pub bytes_scanned: f64,
}

/// A row: columns and values, in order.
pub type Row = Vec<(String, String)>;

/// A page of what a query has found.
#[derive(Debug)]
pub struct QueryPage {
    /// Where it stands.
    pub status: QueryStatus,
    /// The rows; some of them while it runs. A value of `@ptr` is the source's own pointer, and never leaves as it is.
    pub rows: Vec<Row>,
    /// How much it looked at, as far as the source says.
    pub statistics: Option<Statistics>,
    /// US dollars, when the price is known.
    pub estimated_cost: Option<f64>,
    /// Where the rows go on; `None`: these are all that there are so far.
    pub next: Option<Position>,
    /// The memory that the rows take, about, where the source has reserved it.
    pub memory: Option<Reservation>,
    /// Why it failed, in words for its caller, as far as the source says.
    pub failure: Option<String>,
}

impl QueryPage {
    /// The memory that the rows take, about.
    #[must_use]
    pub fn row_bytes(&self) -> u64 {
        /// Of a column's value besides its texts: two strings, and what the allocator adds.
        const CELL_BYTES: usize = 2 * (size_of::<String>() + 16);
        let cells = self.rows.iter().flatten();
        cells.map(|(name, value)| (name.capacity() + value.capacity() + CELL_BYTES) as u64).sum()
    }
}

/// A field that events have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldShare {
    /// Its name.
    pub name: String,
    /// In how many of a hundred events.
    pub percent: u32,
}

/// One event, whole, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundRecord {
    /// Its group.
    pub group: LogGroupName,
    /// Its fields.
    pub record: Record,
}

/// The fields of an event by name.
pub type Record = std::collections::BTreeMap<String, String>;
