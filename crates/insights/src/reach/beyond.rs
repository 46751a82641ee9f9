//! What a query can touch beyond the log groups and the time range that it was started with.

use std::fmt;

use crate::ast::FieldPath;

/// One thing that a query touches beyond what it was started with, or reads in another way than a plain query does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Beyond {
    /// `SOURCE`: the query says itself what it reads. Its parts follow, each as a thing of its own.
    Source,
    /// `SOURCE 'g'`: one log group. The name may be an ARN, of another account or Region too.
    LogGroup {
        /// As it was written.
        name: String,
    },
    /// `SOURCE logGroups(…)`: every log group whose name begins so, also in accounts that are linked to this one.
    LogGroups {
        /// The beginnings; none: all log groups.
        prefixes: Vec<String>,
    },
    /// `SOURCE logGroupTags(…)`: every log group with those tags.
    LogGroupTags {
        /// The keys of the tags.
        keys: Vec<String>,
    },
    /// `SOURCE dataSource(…)`: every log group of those sources of data.
    DataSources {
        /// The sources of data.
        names: Vec<String>,
    },
    /// `accountIdentifiers:[…]`: log groups of these accounts.
    OtherAccounts {
        /// The accounts.
        accounts: Vec<String>,
    },
    /// Events outside the time range.
    TimeRange(Window),
    /// `lookup t …`: a table of the account, which belongs to no log group.
    Lookup {
        /// The table.
        table: String,
    },
    /// `cidrlookup t …`: a table of the account.
    CidrLookup {
        /// The table.
        table: String,
    },
    /// `$name(…)`: a saved query of the account, which can do everything.
    SavedQuery {
        /// The name that it was saved under.
        name: String,
    },
    /// Another query, with events of its own.
    OtherQuery(Nesting),
    /// `filterIndex`: no other events than the query may read, but fewer than a `filter` would find.
    FieldIndex {
        /// The indexed field.
        field: FieldPath,
    },
    /// `unmask(f)`: what data protection has masked.
    Unmask,
    /// The tree is nested deeper than [`super::DEEPEST`], and nobody looked at what is down there. No parsed query is so.
    TooDeep,
}

/// Why events outside the time range are read, or may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Window {
    /// `SOURCE … start=-1d`
    SourceStart,
    /// `SOURCE … end=now`
    SourceEnd,
    /// `diff`: a period of the same length, before.
    Diff,
    /// `logcompare timeshift 7d`: the time range, so much earlier.
    LogCompare,
    /// `stats … offset 1h`. The documentation says that it shifts the bins, and that one compares with an earlier period
    /// by it; whether events of that period are read it does not say.
    StatsOffset,
}

/// Where another query stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Nesting {
    /// `join … (…)`
    Join,
    /// `appendcols (…)`
    AppendCols,
    /// `in (…)`
    In,
}

impl Beyond {
    /// The word of the language that it stands for; stable.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Source | Self::LogGroup { name: _ } => "SOURCE",
            Self::LogGroups { prefixes: _ } => "logGroups",
            Self::LogGroupTags { keys: _ } => "logGroupTags",
            Self::DataSources { names: _ } => "dataSource",
            Self::OtherAccounts { accounts: _ } => "accountIdentifiers",
            Self::TimeRange(Window::SourceStart) => "start",
            Self::TimeRange(Window::SourceEnd) => "end",
            Self::TimeRange(Window::Diff) => "diff",
            Self::TimeRange(Window::LogCompare) => "logcompare",
            Self::TimeRange(Window::StatsOffset) => "offset",
            Self::Lookup { table: _ } => "lookup",
            Self::CidrLookup { table: _ } => "cidrlookup",
            Self::SavedQuery { name: _ } => "$",
            Self::OtherQuery(Nesting::Join) => "join",
            Self::OtherQuery(Nesting::AppendCols) => "appendcols",
            Self::OtherQuery(Nesting::In) => "in",
            Self::FieldIndex { field: _ } => "filterIndex",
            Self::Unmask => "unmask",
            Self::TooDeep => "nesting",
        }
    }

    /// Whether data can be read that is not in the log groups of the query.
    #[must_use]
    pub const fn leaves_its_groups(&self) -> bool {
        match self {
            Self::Source
            | Self::LogGroup { name: _ }
            | Self::LogGroups { prefixes: _ }
            | Self::LogGroupTags { keys: _ }
            | Self::DataSources { names: _ }
            | Self::OtherAccounts { accounts: _ }
            | Self::Lookup { table: _ }
            | Self::CidrLookup { table: _ }
            | Self::SavedQuery { name: _ }
            | Self::OtherQuery(Nesting::Join | Nesting::AppendCols | Nesting::In)
            | Self::TooDeep => true,
            Self::TimeRange(_) | Self::FieldIndex { field: _ } | Self::Unmask => false,
        }
    }

    /// Whether events can be read that are not in the time range of the query. Another query counts: which time range it has
    /// is not documented.
    #[must_use]
    pub const fn leaves_its_time_range(&self) -> bool {
        match self {
            Self::TimeRange(_) | Self::SavedQuery { name: _ } | Self::OtherQuery(_) | Self::TooDeep => true,
            Self::Source
            | Self::LogGroup { name: _ }
            | Self::LogGroups { prefixes: _ }
            | Self::LogGroupTags { keys: _ }
            | Self::DataSources { names: _ }
            | Self::OtherAccounts { accounts: _ }
            | Self::Lookup { table: _ }
            | Self::CidrLookup { table: _ }
            | Self::FieldIndex { field: _ }
            | Self::Unmask => false,
        }
    }
}

impl fmt::Display for Beyond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.word();
        match self {
            Self::Source => write!(f, "`{word}` says which log groups are read"),
            Self::LogGroup { name } => write!(f, "`{word}` names the log group `{name}`"),
            Self::LogGroups { prefixes } if prefixes.is_empty() => write!(f, "`{word}` reads all log groups"),
            Self::LogGroups { prefixes } => {
                write!(f, "`{word}` reads the log groups that begin with `{}`", prefixes.join("`, `"))
            }
            Self::LogGroupTags { keys } => write!(f, "`{word}` reads the log groups with the tag `{}`", keys.join("`, `")),
            Self::DataSources { names } => write!(f, "`{word}` reads the data source `{}`", names.join("`, `")),
            Self::OtherAccounts { accounts } => write!(f, "`{word}` reads the account `{}`", accounts.join("`, `")),
            Self::TimeRange(Window::SourceStart | Window::SourceEnd) => write!(f, "`{word}` changes the time range"),
            Self::TimeRange(Window::Diff | Window::LogCompare) => write!(f, "`{word}` reads an earlier period too"),
            Self::TimeRange(Window::StatsOffset) => write!(f, "`{word}` may read an earlier period"),
            Self::Lookup { table } | Self::CidrLookup { table } => write!(f, "`{word}` reads the lookup table `{table}`"),
            Self::SavedQuery { name } => write!(f, "`{word}` runs the saved query `{name}`"),
            Self::OtherQuery(_) => write!(f, "`{word}` runs another query"),
            Self::FieldIndex { field } => write!(f, "`{word}` reads only events with the index `{}`", field.flat_name()),
            Self::Unmask => write!(f, "`{word}` shows values that data protection has masked"),
            Self::TooDeep => f.write_str("the query is nested too deep to be analysed"),
        }
    }
}
