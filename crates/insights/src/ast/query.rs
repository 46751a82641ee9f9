//! A query, and the list of all commands.

use logmark_diagnostics::Spanned;

use super::{
    Accum, AddTotals, Anomaly, AppendCols, AutoRegress, CidrLookup, CountFrequent, Dedup, Diff, Display, Estimate, Expand,
    Fields, FillDown, FillMissing, Filter, FilterIndex, Join, Json, Limit, Literal, LogCompare, Lookup, Name, Outlier, Parse,
    Pattern, RelevantFields, Sessionize, Sort, Source, Stats, Unnest,
};

/// A whole query, or the query inside a `join`, an `appendcols` or an `in ( … )`: its commands, at least one, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The commands between the pipes. [`Command::Source`] stands first or nowhere.
    pub commands: Vec<Spanned<Command>>,
}

/// Declares [`Command`] and [`CommandName`] from one list, so that neither can miss a command of the other.
macro_rules! commands {
    ($($(#[$doc:meta])* $name:ident($spelling:literal $(| $other:literal)*),)*) => {
        /// One command with its arguments.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Command {
            $($(#[$doc])* $name($name),)*
        }

        /// Which command it is, without its arguments.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum CommandName {
            $($(#[$doc])* $name,)*
        }

        impl Command {
            /// Which command it is.
            #[must_use]
            pub const fn name(&self) -> CommandName {
                match self { $(Self::$name(_) => CommandName::$name,)* }
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
        }
    };
}

commands! {
    /// `SOURCE logGroups(…)`: which log groups are read.
    Source("SOURCE"),
    /// `fields a, b + 1 as c`: fields of the result, and new ones.
    Fields("fields"),
    /// `display a, b`: the fields of the result, whatever `fields` said before.
    Display("display"),
    /// `filter c` and `where c`: the events for which it holds.
    Filter("filter" | "where"),
    /// `filterIndex f = "v"`: only the groups and events that a field index names.
    FilterIndex("filterIndex"),
    /// `parse f "user=*" as user`: new fields out of a text.
    Parse("parse"),
    /// `json field=f "k.sub" as a`: a new field out of a text of JSON.
    Json("json"),
    /// `stats count(*) by f`: aggregates of groups.
    Stats("stats"),
    /// `sort f desc`: the order of the result.
    Sort("sort"),
    /// `limit 20`: so many rows and no more.
    Limit("limit"),
    /// `dedup f`: one row for each value.
    Dedup("dedup"),
    /// `pattern f`: what texts have in common.
    Pattern("pattern"),
    /// `diff previousDay`: patterns now and in an earlier period.
    Diff("diff"),
    /// `anomaly`: unusual patterns.
    Anomaly("anomaly"),
    /// `relevantfields where c`: the fields that go with a condition.
    RelevantFields("relevantfields"),
    /// `expand f`: one row for each element of an array of JSON.
    Expand("expand"),
    /// `unnest f into g`: one row for each element of a list.
    Unnest("unnest"),
    /// `lookup t k as f OUTPUT c`: fields out of a lookup table.
    Lookup("lookup"),
    /// `cidrlookup t f OUTPUT c`: fields out of a lookup table of networks.
    CidrLookup("cidrlookup"),
    /// `join left=a right=b where a.k=b.k (SOURCE 'g')`: fields out of the events of another query.
    Join("join"),
    /// `appendcols ( … )`: the columns of another query beside those of this one.
    AppendCols("appendcols"),
    /// `logcompare timeshift 7d`: this period and an earlier one.
    LogCompare("logcompare"),
    /// `filldown f`: the last value where there is none.
    FillDown("filldown"),
    /// `fillmissing with 0 for f`: rows for the periods that have none.
    FillMissing("fillmissing"),
    /// `addtotals`: sums of rows and columns.
    AddTotals("addtotals"),
    /// `accum f`: a running sum.
    Accum("accum"),
    /// `autoregress f p=1-3`: the values of earlier rows.
    AutoRegress("autoregress"),
    /// `outlier f`: values far from the others.
    Outlier("outlier"),
    /// `sessionize f maxspan 30m`: which session an event belongs to.
    Sessionize("sessionize"),
    /// `countFrequent f`: the commonest values, counted approximately.
    CountFrequent("countFrequent" | "count_frequent"),
    /// `estimate`: how many bytes the query would read.
    Estimate("estimate"),
    /// `$name(a = "v")`: the commands of a saved query of the account, whatever they are. No word begins it.
    SavedQuery("$"),
}

/// `$ErrorsByLevel(level = "WARN")`: the commands of a query that somebody saved in the account, put in by CloudWatch.
///
/// Page: CWL_Insights-Saving-Queries. What the saved query does cannot be known from the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedQuery {
    /// The name that it was saved under.
    pub name: Spanned<Name>,
    /// The values of its parameters.
    pub arguments: Vec<SavedQueryArgument>,
}

/// `level = "WARN"`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedQueryArgument {
    /// The parameter: begins with a letter or `_`.
    pub parameter: Spanned<Name>,
    /// Its value: text or a number.
    pub value: Spanned<Literal>,
}

impl CommandName {
    /// The command of that name, in any case; `None` when the language has none such.
    #[must_use]
    pub fn find(word: &str) -> Option<Self> {
        let is = |spelling: &str| spelling.eq_ignore_ascii_case(word);
        Self::ALL.iter().copied().find(|name| name.spellings().iter().any(|spelling| is(spelling)))
    }
}

impl std::fmt::Display for CommandName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.spelling())
    }
}
