//! `SOURCE`: which log groups and data sources a query reads, and when. Page: CWL_QuerySyntax-Source.

use logmark_diagnostics::Spanned;

use super::{Period, Text};

/// `SOURCE …`. At least one selector; what several of them mean together is what all of them select.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// What is read.
    pub selectors: Vec<Spanned<Selector>>,
    /// `start=-1d`: from when, in place of the time range that the query is started with.
    pub start: Option<Spanned<TimePoint>>,
    /// `end=now`: until when.
    pub end: Option<Spanned<TimePoint>>,
}

/// One part of what is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// `'/aws/lambda/x'`, or a bare word: one log group. Whether it can name one is not asked here.
    Group(Text),
    /// `logGroups(…)`
    LogGroups(LogGroups),
    /// `logGroupTags([{"key":"k","values":["v*"]}])`: at least one.
    Tags(Vec<Spanned<TagFilter>>),
    /// `dataSource(['amazon_vpc.flow'])`: at least one.
    DataSources(Vec<Spanned<Text>>),
}

/// `logGroups(…)`. An empty list means that nothing was said: `logGroups()` is all log groups of the account, and of all
/// accounts that are linked to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogGroups {
    /// `namePrefix:['/aws/']`: at most 5.
    pub name_prefixes: Vec<Spanned<Text>>,
    /// `accountIdentifiers:['111122223333']`: at most 20.
    pub account_identifiers: Vec<Spanned<Text>>,
    /// `class:['STANDARD']`
    pub classes: Vec<Spanned<LogClass>>,
}

/// A class of log groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LogClass {
    /// `STANDARD`
    Standard,
    /// `INFREQUENT_ACCESS`
    InfrequentAccess,
}

/// A tag that a log group must have, and its values: any of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagFilter {
    /// The tag.
    pub key: Spanned<Text>,
    /// `*` stands for any characters, a leading `!` for "not"; none: any value.
    pub values: Vec<Spanned<Text>>,
}

/// A moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimePoint {
    /// `now`
    Now,
    /// `-1d`: so long before now.
    Ago(Period),
    /// `1700000000000`: since 1970. The pages do not say in which unit; what the console writes for the command line is
    /// milliseconds.
    Epoch(u64),
}

impl LogClass {
    /// The class as it is written.
    #[must_use]
    pub const fn spelling(self) -> &'static str {
        match self {
            Self::Standard => "STANDARD",
            Self::InfrequentAccess => "INFREQUENT_ACCESS",
        }
    }
}
