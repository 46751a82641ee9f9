//! The operations on queries, and the results that sources return.
//!
//! Owns these types. INVARIANT: a [`RunningQuery`] leaves the service sealed only, since upstream's id is valid for the whole account.

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
/// Bytes of all groups' names together, at most. The query id contains them.
pub const MAX_GROUP_BYTES: usize = 3072;

/// Starts a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartQuery {
    /// The query.
    pub query: LogQuery,
    /// Of which groups: at least one, at most [`MAX_GROUPS`], all in one source, each once. Those that queries inside the query
    /// name are the last.
    pub groups: Vec<LogGroupName>,
    /// How many of them, from the first, the query itself reads.
    pub own_groups: usize,
    /// The start of the range.
    pub start: Millis,
    /// The end of the range (exclusive).
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

/// Computes a report of access logs. It runs queries over its groups, so it needs the same permission as [`StartQuery`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadReport {
    /// The groups: at least one, at most [`MAX_GROUPS`], all in one source, each once.
    pub groups: Vec<LogGroupName>,
    /// The start of the range.
    pub start: Millis,
    /// The end of the range (exclusive).
    pub end: Millis,
}

impl Operation for ReadReport {
    const NAME: &'static str = "readReport";
    const ACTION: Action = Action::Query;
    fn target(&self) -> Target<'_> {
        Target::Each(&self.groups)
    }
    fn range(&self) -> Option<TimeRange> {
        Some(TimeRange { start: Some(self.start), end: Some(self.end) })
    }
}

/// A fingerprint of the permission under which a query was started: the visible streams of each of its groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RulesFingerprint(pub [u8; 16]);

/// Checks a query without starting it. It needs the same permission as [`StartQuery`], so it tells nothing that starting would not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckQuery {
    /// The query; `None`: the text is not one that its source can be given.
    pub query: Option<LogQuery>,
    /// The groups, as in [`StartQuery`].
    pub groups: Vec<LogGroupName>,
    /// How many of them, from the first, the query itself reads.
    pub own_groups: usize,
    /// The start of the range.
    pub start: Millis,
    /// The end of the range (exclusive).
    pub end: Millis,
}

impl CheckQuery {
    /// Checks a query over these groups, and those that queries inside it name.
    #[must_use]
    pub fn new(query: Option<LogQuery>, groups: Vec<LogGroupName>, start: Millis, end: Millis) -> Self {
        match query {
            None => Self { query, own_groups: groups.len(), groups, start, end },
            Some(query) => {
                let StartQuery { query, groups, own_groups, start, end } = StartQuery::new(query, groups, start, end);
                Self { query: Some(query), groups, own_groups, start, end }
            }
        }
    }

    /// The operation that starts the query.
    pub(crate) fn start_query(&self) -> Option<StartQuery> {
        let Self { query, groups, own_groups, start, end } = self.clone();
        query.map(|query| StartQuery { query, groups, own_groups, start, end })
    }
}

impl Operation for CheckQuery {
    const NAME: &'static str = "checkQuery";
    const ACTION: Action = Action::Query;
    fn target(&self) -> Target<'_> {
        Target::Each(&self.groups)
    }
    fn range(&self) -> Option<TimeRange> {
        Some(TimeRange { start: Some(self.start), end: Some(self.end) })
    }
}

/// The data that a query would scan: all of its groups in its range, or of what the caller may see in them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ScanEstimate {
    /// The bytes of the events in the range.
    Exact(u64),
    /// The bytes that the groups have in all, so the most that a query can scan.
    Stored(u64),
    /// Not known, or only known together with events that the caller may not see.
    Unknown,
}

impl ScanEstimate {
    /// The bytes.
    #[must_use]
    pub fn bytes(self) -> Option<u64> {
        match self {
            Self::Exact(bytes) | Self::Stored(bytes) => Some(bytes),
            Self::Unknown => None,
        }
    }
}

/// A fingerprint of a group's name in four bytes. Two names can have the same one, so it never replaces the permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupFingerprint([u8; 4]);

impl From<&LogGroupName> for GroupFingerprint {
    fn from(name: &LogGroupName) -> Self {
        let digest = digest::digest(&digest::SHA256, name.as_str().as_bytes());
        Self(*digest.as_ref().first_chunk().unwrap_or(&[0; 4]))
    }
}

/// A started query. Its id contains all of this, so that every replica can open it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunningQuery {
    /// The source that runs it.
    pub source: SourceName,
    /// The source's own id.
    pub id: String,
    /// Its groups.
    pub groups: Vec<LogGroupName>,
    /// The fingerprint of the permission.
    pub rules: RulesFingerprint,
    /// When it was started.
    pub started: Millis,
    /// Headings that upstream prints differently from the caller's text.
    pub headings: Vec<ColumnHeading>,
}

/// Reads the rows that a query has found so far.
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

/// Lists the fields of a group's events. Their names are content of the logs, so it needs the action `query`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescribeFields {
    /// The group.
    pub group: LogGroupName,
    /// The middle of the minutes that are searched; `None`: the last minutes.
    pub around: Option<Millis>,
}

impl Operation for DescribeFields {
    const NAME: &'static str = "describeFields";
    const ACTION: Action = Action::Query;
    fn target(&self) -> Target<'_> {
        Target::Group(&self.group)
    }
}

/// Reads one event by the pointer in a query's row. The sealed pointer contains all of this, and its size does not depend on the query.
/// The event itself names its group and stream, and the source compares them with the permit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadRecord {
    /// The source of the event.
    pub source: SourceName,
    /// The fingerprint of the tenant's grants when the pointer was made. With other grants no source is called.
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

/// The status of a query, as in CloudWatch.
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
    /// Whether the status is final.
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

/// The data that a query scanned.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Statistics {
    /// Events that matched.
    pub records_matched: f64,
    /// Events scanned.
    pub records_scanned: f64,
    /// Bytes scanned, which AWS charges for.
    pub bytes_scanned: f64,
}

/// A row: columns and values, in order.
pub type Row = Vec<(String, String)>;

/// A page of a query's rows.
#[derive(Debug)]
pub struct QueryPage {
    /// The status.
    pub status: QueryStatus,
    /// The rows; only some of them while the query runs. A value of `@ptr` is the source's own pointer, and leaves the service sealed
    /// only.
    pub rows: Vec<Row>,
    /// The scanned data, if the source tells.
    pub statistics: Option<Statistics>,
    /// US dollars, if the price is known.
    pub estimated_cost: Option<f64>,
    /// The position of the next rows; `None`: these are all rows so far.
    pub next: Option<Position>,
    /// The approximate memory of the rows, if the source has reserved it.
    pub memory: Option<Reservation>,
    /// Why it failed, as a text for the caller, if the source tells.
    pub failure: Option<String>,
}

impl QueryPage {
    /// The approximate memory of the rows, in bytes.
    #[must_use]
    pub fn row_bytes(&self) -> u64 {
        /// Bytes of a cell besides its texts: two strings with their overhead in the allocator.
        const CELL_BYTES: usize = 2 * (size_of::<String>() + 16);
        let cells = self.rows.iter().flatten();
        cells.map(|(name, value)| (name.capacity() + value.capacity() + CELL_BYTES) as u64).sum()
    }
}

/// A field of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldShare {
    /// Its name.
    pub name: String,
    /// The percentage of events that have it.
    pub percent: u32,
}

/// One event with all of its fields, and its group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundRecord {
    /// Its group.
    pub group: LogGroupName,
    /// Its fields.
    pub record: Record,
}

/// The fields of an event by name.
pub type Record = std::collections::BTreeMap<String, String>;
