//! What a query can reach beyond the log groups and the time range that it was started with.

use std::fmt;

use crate::ast::FieldPath;

/// Something that a query reaches beyond its log groups and time range, or reads in an unusual way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Beyond {
    /// `SOURCE`: the query itself selects what it reads. Each selector follows as an entry of its own.
    Source,
    /// `SOURCE 'g'`: one log group. The name may be an ARN, also of another account or Region.
    LogGroup {
        /// The name as written.
        name: String,
    },
    /// `SOURCE logGroups(…)`: every log group with one of the prefixes, also in accounts that are linked to this one.
    LogGroups {
        /// The prefixes; none: all log groups.
        prefixes: Vec<String>,
    },
    /// `SOURCE logGroupTags(…)`: every log group with the tags.
    LogGroupTags {
        /// The keys of the tags.
        keys: Vec<String>,
    },
    /// `SOURCE dataSource(…)`: every log group of the data sources.
    DataSources {
        /// The data sources.
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
    /// `$name(…)`: a saved query of the account, which may contain any command.
    SavedQuery {
        /// The name of the saved query.
        name: String,
    },
    /// Another query, with events of its own.
    OtherQuery(Nesting),
    /// `filterIndex`: only events that the query may read, but possibly fewer than a `filter` finds.
    FieldIndex {
        /// The indexed field.
        field: FieldPath,
    },
    /// `unmask(f)`: values that data protection has masked.
    Unmask,
    /// The tree is nested deeper than [`super::DEEPEST`] and was not analysed further. Parsed queries are never that deep.
    TooDeep,
}

/// Why events outside the time range are read, or may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Window {
    /// `SOURCE … start=-1d`
    SourceStart,
    /// `SOURCE … end=now`
    SourceEnd,
    /// `diff`: an earlier period of the same length.
    Diff,
    /// `logcompare timeshift 7d`: the time range, shifted back.
    LogCompare,
    /// `stats … offset 1h`. The documentation says that it shifts the bins to compare with an earlier period, and not whether
    /// events of that period are read.
    StatsOffset,
}

/// Where another query is nested.
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
    /// The word of the language for it. Stable.
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

    /// Whether it can read data outside the log groups of the query.
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

    /// Whether it can read events outside the time range of the query. Another query counts, because its time range is not
    /// documented.
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
