//! The commands of the language, one file each.
//!
//! A command's file holds everything that the language defines for it: the part of the tree, the grammar, the printed form, the
//! reach, the effect on rows, and the checks that concern it. [`CommandRules`] is the interface; the macro `commands!` lists all
//! commands and dispatches to it. A new command is a new file here and one entry in the list.

mod column;
mod source;
mod fields;
mod display;
mod filter;
mod filter_index;
mod parse;
mod json;
mod stats;
mod sort;
mod limit;
mod dedup;
mod pattern;
mod diff;
mod anomaly;
mod relevant_fields;
mod expand;
mod unnest;
mod lookup;
mod cidr_lookup;
mod join;
mod append_cols;
mod log_compare;
mod fill_down;
mod fill_missing;
mod add_totals;
mod accum;
mod auto_regress;
mod outlier;
mod sessionize;
mod count_frequent;
mod estimate;
mod saved_query;

use std::fmt;

use logmark_diagnostics::{Span, Spanned};

use crate::ast::{Expression, Query};
use crate::check::Faults;
use crate::parse::ParseOptions;
use crate::parse::cursor::{Cursor, Parsed};
use crate::reach::scope::Scope;
use crate::reach::walk::Walker;

pub use accum::Accum;
pub use add_totals::AddTotals;
pub use anomaly::Anomaly;
pub use append_cols::AppendCols;
pub use auto_regress::AutoRegress;
pub use cidr_lookup::CidrLookup;
pub use column::Column;
pub use count_frequent::CountFrequent;
pub use dedup::Dedup;
pub use diff::{Diff, DiffPeriod};
pub use display::Display;
pub use estimate::Estimate;
pub use expand::Expand;
pub use fields::Fields;
pub use fill_down::{FillDown, FillTarget};
pub use fill_missing::{Fill, FillMissing};
pub use filter::Filter;
pub use filter_index::{FilterIndex, IndexValues};
pub(crate) use join::at_most_one_join;
pub use join::{Join, JoinKey, JoinKind};
pub use json::Json;
pub use limit::{Limit, LimitMode};
pub use log_compare::LogCompare;
pub use lookup::{Lookup, LookupKey, LookupMode, LookupOutput};
pub use outlier::{Outlier, OutlierAction};
pub use parse::{Matches, Parse, ParseFormat};
pub use pattern::Pattern;
pub use relevant_fields::RelevantFields;
pub use saved_query::{SavedQuery, SavedQueryArgument};
pub use sessionize::Sessionize;
pub use sort::{Direction, Sort, SortKey};
pub use source::{LogClass, LogGroups, Selector, Source, TagFilter, TimePoint};
pub use stats::Stats;
pub use unnest::Unnest;

/// What the language defines for one command.
pub(crate) trait CommandRules {
    /// Parses the arguments. The name of the command has been read already.
    fn parse(cursor: &mut Cursor<'_>) -> Parsed<Self>
    where
        Self: Sized;

    /// Prints the arguments, with a blank before them. The name of the command has been printed already.
    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;

    /// Tells the walker which fields the command reads and defines, and what it reaches beyond the log groups and the time
    /// range of the query. `word` is the position of the command's name.
    ///
    /// INVARIANT: takes `self` apart field by field, without `..`, so that a new field of the struct does not compile until
    /// its reach is defined. In doubt the command reaches more.
    fn reach(&self, walker: &mut Walker, scope: &mut Scope, word: Span);

    /// How the rows after the command relate to the rows before it.
    fn rows(&self) -> RowEffect;

    /// The expressions and queries inside the command, in the order of the text. A command that has any must list all.
    fn parts(&self) -> Vec<Part<'_>> {
        Vec::new()
    }

    /// The same parts as [`CommandRules::parts`], to be changed.
    fn parts_mut(&mut self) -> Vec<PartMut<'_>> {
        Vec::new()
    }

    /// The fields that rows have after the command, as far as the text of the query tells.
    fn new_fields(&self) -> NewFields {
        NewFields::Unknown
    }

    /// Checks the rules for this command in one query, without the queries nested in it.
    fn check(_query: &Query, _options: ParseOptions, _faults: &mut Faults)
    where
        Self: Sized,
    {
    }
}

/// How the rows after a command relate to the rows before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowEffect {
    /// One row from each, computed from it and from earlier rows: the first rows stay the first.
    OneToOne,
    /// Some of the rows, possibly in another order. Which rows depends on all of them.
    Subset,
    /// Other rows.
    Other,
}

/// The fields that rows have after a command.
#[derive(Debug)]
pub(crate) enum NewFields {
    /// The fields before the command, and these.
    Added(Vec<String>),
    /// These fields only.
    Only(Vec<String>),
    /// The text of the query does not tell.
    Unknown,
}

/// An expression or a query inside a command.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Part<'a> {
    /// An expression that becomes a column of the result.
    Column(&'a Column),
    /// Another expression.
    Expression(&'a Spanned<Expression>),
    /// A query in parentheses.
    Query(&'a Spanned<Query>),
}

/// The same as [`Part`], to be changed.
#[derive(Debug)]
pub(crate) enum PartMut<'a> {
    /// As [`Part::Column`].
    Column(&'a mut Column),
    /// As [`Part::Expression`].
    Expression(&'a mut Spanned<Expression>),
    /// As [`Part::Query`].
    Query(&'a mut Spanned<Query>),
}

/// Declares [`Command`] and [`CommandName`] from one list, and dispatches to [`CommandRules`], so that all of them know every
/// command. An entry is a type and its spellings, the spelling of the documentation first; its comment is an example and a
/// description, which completion shows.
macro_rules! commands {
    ($($(#[doc = $doc:literal])+ $name:ident($spelling:literal $(| $other:literal)*),)*) => {
        /// One command with its arguments.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Command {
            $($(#[doc = $doc])+ $name($name),)*
        }

        /// Which command it is, without its arguments.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum CommandName {
            $($(#[doc = $doc])+ $name,)*
        }

        impl Command {
            /// Which command it is.
            #[must_use]
            pub const fn name(&self) -> CommandName {
                match self { $(Self::$name(_) => CommandName::$name,)* }
            }

            pub(crate) fn rules(&self) -> &dyn CommandRules {
                match self { $(Self::$name(command) => command,)* }
            }

            pub(crate) fn rules_mut(&mut self) -> &mut dyn CommandRules {
                match self { $(Self::$name(command) => command,)* }
            }
        }

        impl CommandName {
            /// All commands.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The command as the documentation spells it.
            #[must_use]
            pub const fn spelling(self) -> &'static str {
                match self { $(Self::$name => $spelling,)* }
            }

            /// All spellings of the command, the documentation's first.
            #[must_use]
            pub const fn spellings(self) -> &'static [&'static str] {
                match self { $(Self::$name => &[$spelling $(, $other)*],)* }
            }

            /// The example and the description: the comment of its entry in the list.
            pub(crate) const fn documentation(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+),)* }
            }

            /// Parses the arguments of this command.
            pub(crate) fn parse_arguments(self, cursor: &mut Cursor<'_>) -> Parsed<Command> {
                Ok(match self { $(Self::$name => Command::$name($name::parse(cursor)?),)* })
            }
        }

        /// Checks the rules for each command in one query, without the queries nested in it.
        pub(crate) fn check_each(query: &Query, options: ParseOptions, faults: &mut Faults) {
            $($name::check(query, options, faults);)*
        }
    };
}

commands! {
    /// `SOURCE logGroups(…)`: the log groups that are read.
    Source("SOURCE"),
    /// `fields a, b + 1 as c`: fields of the result, and new fields.
    Fields("fields"),
    /// `display a, b`: the fields of the result, in place of those of earlier `fields`.
    Display("display"),
    /// `filter c` and `where c`: the events for which a condition holds.
    Filter("filter" | "where"),
    /// `filterIndex f = "v"`: the events that a field index finds.
    FilterIndex("filterIndex"),
    /// `parse f "user=*" as user`: new fields from a text.
    Parse("parse"),
    /// `json field=f "k.sub" as a`: a new field from a text of JSON.
    Json("json"),
    /// `stats count(*) by f`: aggregates of groups.
    Stats("stats"),
    /// `sort f desc`: the order of the result.
    Sort("sort"),
    /// `limit 20`: the maximum number of rows.
    Limit("limit"),
    /// `dedup f`: one row for each value.
    Dedup("dedup"),
    /// `pattern f`: the patterns that texts have in common.
    Pattern("pattern"),
    /// `diff previousDay`: patterns now and in an earlier period.
    Diff("diff"),
    /// `anomaly`: unusual patterns.
    Anomaly("anomaly"),
    /// `relevantfields where c`: the fields that correlate with a condition.
    RelevantFields("relevantfields"),
    /// `expand f`: one row for each element of an array of JSON.
    Expand("expand"),
    /// `unnest f into g`: one row for each element of a list.
    Unnest("unnest"),
    /// `lookup t k as f OUTPUT c`: fields from a lookup table.
    Lookup("lookup"),
    /// `cidrlookup t f OUTPUT c`: fields from a lookup table of networks.
    CidrLookup("cidrlookup"),
    /// `join left=a right=b where a.k=b.k (SOURCE 'g')`: fields from the events of another query.
    Join("join"),
    /// `appendcols ( … )`: the columns of another query, added to the columns of this one.
    AppendCols("appendcols"),
    /// `logcompare timeshift 7d`: this period and an earlier one.
    LogCompare("logcompare"),
    /// `filldown f`: the last value in place of a missing one.
    FillDown("filldown"),
    /// `fillmissing with 0 for f`: rows for periods without rows.
    FillMissing("fillmissing"),
    /// `addtotals`: sums of rows and columns.
    AddTotals("addtotals"),
    /// `accum f`: a running sum.
    Accum("accum"),
    /// `autoregress f p=1-3`: the values of earlier rows.
    AutoRegress("autoregress"),
    /// `outlier f`: values far from the others.
    Outlier("outlier"),
    /// `sessionize f maxspan 30m`: the session that an event belongs to.
    Sessionize("sessionize"),
    /// `countFrequent f`: the most frequent values, counted approximately.
    CountFrequent("countFrequent" | "count_frequent"),
    /// `estimate`: how many bytes the query would read.
    Estimate("estimate"),
    /// `$name(a = "v")`: the commands of a saved query of the account. It has no name of its own but the sign `$`.
    SavedQuery("$"),
}

impl CommandName {
    /// The command with that name, in any case; `None` when the language has no such command.
    #[must_use]
    pub fn find(word: &str) -> Option<Self> {
        let is = |spelling: &str| spelling.eq_ignore_ascii_case(word);
        Self::ALL.iter().copied().find(|name| name.spellings().iter().any(|spelling| is(spelling)))
    }
}

impl fmt::Display for CommandName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.spelling())
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name().spelling())?;
        self.rules().print(f)
    }
}
