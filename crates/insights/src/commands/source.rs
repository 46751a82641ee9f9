//! `SOURCE`: the log groups and data sources that a query reads, and the time range.
//!
//! - `SOURCE 'group'`, `SOURCE group`: one log group, in `join`, `appendcols`, `logcompare` and queries after `in`
//! - `SOURCE logGroups(namePrefix: ['p', …], accountIdentifiers: ['a', …], class: ['STANDARD'])`, each once, in any order;
//!   at most 5 prefixes and 20 accounts
//! - `SOURCE logGroupTags([{"key": "k", "values": ["v", …]}, …])`, keys quoted or bare
//! - `SOURCE dataSource(['name.type', …])`, alone or before `logGroups(…)`; at most 10
//! - then optionally `start=-1d`, `end=now`
//! - it is the first command of a query
//!
//! Pages: CWL_QuerySyntax-Source, CWL_QuerySyntax-Join, CWL_QuerySyntax-Logcompare. The text of the first calls the keywords
//! `accountIdentifier` and `logGroupClass`, its examples `accountIdentifiers` and `class`: both are accepted. The page of
//! `StartQuery` mentions tags; third parties document their form.

mod grammar;

use std::fmt;

use logmark_diagnostics::{Kind, Span, Spanned};

use super::{Command, CommandName, CommandRules, RowEffect};
use crate::ast::{Period, Query, Text};
use crate::check::Faults;
use crate::parse::ParseOptions;
use crate::parse::cursor::{Cursor, Parsed};
use crate::parse::option::Options;
use crate::print::{separated, with};
use crate::reach::scope::Scope;
use crate::reach::walk::Walker;
use crate::reach::{Beyond, Window};
use crate::token::TokenKind;
use grammar::{selector, time_point};

/// `SOURCE …`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// At least one. Several select the log groups that all of them select.
    pub selectors: Vec<Spanned<Selector>>,
    /// `start=-1d`: the beginning, in place of that of the query's time range.
    pub start: Option<Spanned<TimePoint>>,
    /// `end=now`: the end, in place of that of the query's time range.
    pub end: Option<Spanned<TimePoint>>,
}

/// Selects log groups or data sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// `'/aws/lambda/x'`, or a bare word: one log group. The grammar does not check that the name is valid.
    Group(Text),
    /// `logGroups(…)`
    LogGroups(LogGroups),
    /// `logGroupTags([{"key":"k","values":["v*"]}])`: at least one.
    Tags(Vec<Spanned<TagFilter>>),
    /// `dataSource(['amazon_vpc.flow'])`: at least one.
    DataSources(Vec<Spanned<Text>>),
}

/// `logGroups(…)`. An empty list is no restriction: `logGroups()` is all log groups of the account, and of all accounts that
/// are linked to it.
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

/// A tag that a log group must have, with any of the values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagFilter {
    /// The tag.
    pub key: Spanned<Text>,
    /// `*` stands for any characters, a leading `!` for "not". None: any value.
    pub values: Vec<Spanned<Text>>,
}

/// A point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimePoint {
    /// `now`
    Now,
    /// `-1d`: a period before now.
    Ago(Period),
    /// `1700000000000`: milliseconds since 1970. The pages do not give the unit; the console writes milliseconds.
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

impl CommandRules for Source {
    fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let mut selectors = vec![selector(cursor)?];
        while cursor.at(TokenKind::Word) && cursor.ahead(1).kind == TokenKind::OpenParenthesis {
            selectors.push(selector(cursor)?);
        }
        let (mut start, mut end) = (None, None);
        let mut options = Options::new(&["start", "end"]);
        while let Some(option) = options.next(cursor)? {
            let point = time_point(cursor)?;
            if option.node == "start" { start = Some(point) } else { end = Some(point) }
        }
        Ok(Self { selectors, start, end })
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.selectors.iter().try_for_each(|selector| write!(f, " {selector}"))?;
        with(f, " start=", self.start.as_ref())?;
        with(f, " end=", self.end.as_ref())
    }

    fn reach(&self, walker: &mut Walker, _scope: &mut Scope, word: Span) {
        let Self { selectors, start, end } = self;
        walker.reaches(Beyond::Source, word);
        for selector in selectors {
            reach_selector(walker, selector);
        }
        let start = start.as_ref().map(|start| (start.span, Window::SourceStart));
        let end = end.as_ref().map(|end| (end.span, Window::SourceEnd));
        // They may be written in either order.
        let mut points: Vec<_> = start.into_iter().chain(end).collect();
        points.sort_by_key(|(span, _)| span.start);
        for (span, window) in points {
            walker.reaches(Beyond::TimeRange(window), span);
        }
    }

    fn rows(&self) -> RowEffect {
        RowEffect::Other
    }

    fn check(query: &Query, _options: ParseOptions, faults: &mut Faults) {
        for command in query.commands.iter().skip(1).filter(|command| command.node.name() == CommandName::Source) {
            let hint = "one `SOURCE` selects all log groups; only the text of a dashboard has one for each log group";
            let expected = "`SOURCE` only at the beginning of the query";
            faults.note(Kind::Syntax, command.span, expected, "`SOURCE` after another command", hint);
        }
        for command in &query.commands {
            if let Command::Source(source) = &command.node {
                source.selectors.iter().for_each(|selector| check_counts(&selector.node, faults));
            }
        }
    }
}

#[deny(clippy::wildcard_enum_match_arm)]
fn reach_selector(walker: &mut Walker, selector: &Spanned<Selector>) {
    match &selector.node {
        Selector::Group(name) => walker.reaches(Beyond::LogGroup { name: name.as_str().to_owned() }, selector.span),
        Selector::LogGroups(LogGroups { name_prefixes, account_identifiers, classes: _ }) => {
            walker.reaches(Beyond::LogGroups { prefixes: texts(name_prefixes) }, selector.span);
            if let (Some(first), Some(last)) = (account_identifiers.first(), account_identifiers.last()) {
                let accounts = texts(account_identifiers);
                walker.reaches(Beyond::OtherAccounts { accounts }, first.span.to(last.span));
            }
        }
        Selector::Tags(filters) => {
            let key = |filter: &Spanned<TagFilter>| {
                let TagFilter { key, values: _ } = &filter.node;
                key.node.as_str().to_owned()
            };
            walker.reaches(Beyond::LogGroupTags { keys: filters.iter().map(key).collect() }, selector.span);
        }
        Selector::DataSources(names) => walker.reaches(Beyond::DataSources { names: texts(names) }, selector.span),
    }
}

fn texts(texts: &[Spanned<Text>]) -> Vec<String> {
    texts.iter().map(|text| text.node.as_str().to_owned()).collect()
}

/// At most 5 prefixes, 20 accounts, 10 data sources. Page: CWL_QuerySyntax-Source.
fn check_counts(selector: &Selector, faults: &mut Faults) {
    match selector {
        Selector::LogGroups(groups) => {
            at_most(5, &groups.name_prefixes, "prefixes", faults);
            at_most(20, &groups.account_identifiers, "accounts", faults);
        }
        Selector::DataSources(sources) => at_most(10, sources, "data sources", faults),
        Selector::Group(_) | Selector::Tags(_) => {}
    }
}

fn at_most<T>(most: usize, list: &[Spanned<T>], what: &str, faults: &mut Faults) {
    if let (Some(first), Some(last)) = (list.get(most), list.last()) {
        faults.note(Kind::Limit, first.span.to(last.span), format!("at most {most} {what}"), list.len().to_string(), "");
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Group(group) => group.fmt(f),
            Self::LogGroups(groups) => write!(f, "logGroups({groups})"),
            Self::Tags(tags) => {
                f.write_str("logGroupTags([")?;
                separated(f, tags, ", ")?;
                f.write_str("])")
            }
            Self::DataSources(sources) => {
                f.write_str("dataSource([")?;
                separated(f, sources, ", ")?;
                f.write_str("])")
            }
        }
    }
}

impl fmt::Display for LogGroups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let classes: Vec<Text> = self.classes.iter().map(|class| Text::new(class.node.spelling())).collect();
        let texts = |list: &[Spanned<Text>]| list.iter().map(|text| text.node.clone()).collect::<Vec<_>>();
        let lists = [
            ("namePrefix", texts(&self.name_prefixes)),
            ("accountIdentifiers", texts(&self.account_identifiers)),
            ("class", classes),
        ];
        let mut separator = "";
        for (key, list) in lists.iter().filter(|(_, list)| !list.is_empty()) {
            write!(f, "{separator}{key}: [")?;
            separated(f, list, ", ")?;
            f.write_str("]")?;
            separator = ", ";
        }
        Ok(())
    }
}

impl fmt::Display for TagFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{\"key\": {}", self.key)?;
        if !self.values.is_empty() {
            f.write_str(", \"values\": [")?;
            separated(f, &self.values, ", ")?;
            f.write_str("]")?;
        }
        f.write_str("}")
    }
}

impl fmt::Display for TimePoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Now => f.write_str("now"),
            Self::Ago(period) => write!(f, "-{period}"),
            Self::Epoch(number) => number.fmt(f),
        }
    }
}
