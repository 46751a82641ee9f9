//! All commands.

use logmark_diagnostics::Spanned;
use logmark_insights::ast::{
    Accum, AddTotals, Anomaly, AppendCols, AutoRegress, CidrLookup, Column, Command, CommandName, CountFrequent, Dedup, Diff,
    DiffPeriod, Direction, Display, Estimate, Expand, Fields, Fill, FillDown, FillMissing, FillTarget, Filter, FilterIndex,
    IndexValues, Join, JoinKey, JoinKind, Json, Limit, LimitMode, Literal, LogClass, LogCompare, LogGroups, Lookup, LookupKey,
    LookupMode, LookupOutput, Matches, Name, Outlier, OutlierAction, Parse, ParseFormat, Pattern, Regex, RelevantFields,
    SavedQuery, SavedQueryArgument, Selector, Sessionize, Sort, SortKey, Stats, TagFilter, Text, Unnest, Wildcard,
};

use super::Maker;
use super::expression::Calls;

impl Maker {
    /// Any command except `SOURCE`; in a query limited to its own events, one that reaches nothing else.
    pub(super) fn command(&mut self) -> Command {
        let reaches = |name: CommandName| {
            matches!(
                name,
                CommandName::FilterIndex
                    | CommandName::Diff
                    | CommandName::Lookup
                    | CommandName::CidrLookup
                    | CommandName::Join
                    | CommandName::AppendCols
                    | CommandName::LogCompare
                    | CommandName::SavedQuery
            )
        };
        let nests = |name| matches!(name, CommandName::Join | CommandName::AppendCols);
        let fits = |name: &CommandName| {
            *name != CommandName::Source && (self.may_reach() || !reaches(*name)) && (self.nesting == 0 || !nests(*name))
        };
        let names: Vec<CommandName> = CommandName::ALL.iter().copied().filter(fits).collect();
        match self.pick(&names) {
            CommandName::Source => unreachable!("it was filtered out"),
            CommandName::Fields => Command::Fields(Fields { columns: self.some(Self::column) }),
            CommandName::Display => Command::Display(Display { columns: self.some(Self::column) }),
            CommandName::Filter => Command::Filter(Filter { condition: self.expression(3) }),
            CommandName::FilterIndex => Command::FilterIndex(self.filter_index()),
            CommandName::Parse => Command::Parse(Parse { input: self.maybe(Self::path), format: self.format() }),
            CommandName::Json => {
                Command::Json(Json { input: self.maybe(Self::path), path: Spanned::made(self.text()), alias: self.alias() })
            }
            CommandName::Stats => Command::Stats(self.stats()),
            CommandName::Sort => Command::Sort(Sort { keys: self.some(Self::sort_key) }),
            CommandName::Limit => Command::Limit(self.limit()),
            CommandName::Dedup => Command::Dedup(Dedup { fields: self.some(Self::path) }),
            CommandName::Pattern => Command::Pattern(Pattern { field: self.path() }),
            CommandName::Diff => Command::Diff(Diff { against: self.maybe(|maker| Spanned::made(maker.pick(&DiffPeriod::ALL))) }),
            CommandName::Anomaly => Command::Anomaly(Anomaly),
            CommandName::RelevantFields => {
                Command::RelevantFields(RelevantFields { fields: self.maybe_some(Self::path), condition: self.expression(2) })
            }
            CommandName::Expand => Command::Expand(Expand { field: self.path() }),
            CommandName::Unnest => Command::Unnest(Unnest { field: self.path(), alias: self.alias() }),
            CommandName::Lookup => Command::Lookup(self.lookup()),
            CommandName::CidrLookup => Command::CidrLookup(self.cidr_lookup()),
            CommandName::Join => Command::Join(self.join()),
            CommandName::AppendCols => Command::AppendCols(AppendCols {
                overrides: self.yes(),
                max: self.maybe(|maker| Spanned::made([1, 500, 100_000][maker.below(3)])),
                query: Spanned::made(self.query(1)),
            }),
            CommandName::LogCompare => Command::LogCompare(LogCompare { timeshift: self.period() }),
            CommandName::FillDown => Command::FillDown(FillDown { targets: self.maybe_some(Self::fill_target) }),
            CommandName::FillMissing => Command::FillMissing(FillMissing {
                fills: self.maybe_some(|maker| Fill { value: maker.literal(), field: maker.path() }),
            }),
            CommandName::AddTotals => Command::AddTotals(AddTotals {
                field_name: self.maybe(|maker| Spanned::made(maker.name())),
                row: !self.yes(),
                column: self.yes(),
                fields: self.maybe_some(Self::path),
            }),
            CommandName::Accum => Command::Accum(Accum { field: self.path(), alias: self.maybe(Self::alias) }),
            CommandName::AutoRegress => Command::AutoRegress(AutoRegress {
                field: self.path(),
                alias: self.maybe(Self::alias),
                lags: self.maybe(|maker| Spanned::made([(1, 1), (2, 2), (1, 4)][maker.below(3)])),
            }),
            CommandName::Outlier => Command::Outlier(self.outlier()),
            CommandName::Sessionize => Command::Sessionize(Sessionize {
                fields: self.some(Self::path),
                max_span: self.maybe(Self::period),
                alias: self.maybe(Self::alias),
            }),
            CommandName::CountFrequent => Command::CountFrequent(CountFrequent { fields: self.some(Self::path) }),
            CommandName::Estimate => Command::Estimate(Estimate),
            CommandName::SavedQuery => Command::SavedQuery(self.saved_query()),
        }
    }

    fn maybe_some<T>(&mut self, one: impl FnMut(&mut Self) -> T) -> Vec<T> {
        if self.yes() { self.some(one) } else { Vec::new() }
    }

    pub(super) fn limit(&mut self) -> Limit {
        let count = Spanned::made([20, 1, 100_000, 10_000][self.below(4)]);
        Limit { count, mode: self.pick(&[LimitMode::First, LimitMode::Any]) }
    }

    fn filter_index(&mut self) -> FilterIndex {
        let field = self.path();
        let values = if self.yes() { IndexValues::In(self.some(Self::literal)) } else { IndexValues::Equal(self.literal()) };
        FilterIndex { field, values: Spanned::made(values) }
    }

    fn format(&mut self) -> ParseFormat {
        let regex = |source| Spanned::made(Regex::new(source).unwrap());
        match self.below(7) {
            0 => {
                let aliases = self.some(Self::alias);
                let pattern = "it's \"*\" ".repeat(aliases.len());
                ParseFormat::Glob { pattern: Spanned::made(Text::new(pattern)), aliases }
            }
            1 => ParseFormat::Regex {
                pattern: regex("user=(?<user>\\w+)(?P<rest>[(?<x>]*)"),
                aliases: Vec::new(),
                matches: self.pick(&[Matches::First, Matches::All]),
            },
            2 | 3 => {
                let aliases = self.some(Self::alias);
                let pattern = regex(&"(\\d+)(?:\\/|x)".repeat(aliases.len()));
                ParseFormat::Regex { pattern, aliases, matches: self.pick(&[Matches::First, Matches::All]) }
            }
            4 => ParseFormat::Logfmt { alias: self.alias() },
            5 => ParseFormat::Xml { path: Spanned::made(self.text()), alias: self.alias() },
            _ => ParseFormat::Csv { aliases: self.some(Self::alias) },
        }
    }

    fn stats(&mut self) -> Stats {
        self.known = self.given.clone();
        let mut aggregates = self.some(|maker| Column { expression: maker.aggregate(), alias: maker.maybe(Self::alias) });
        if self.yes() {
            aggregates.push(Column { expression: self.expression_of(2, Calls::Aggregates), alias: self.maybe(Self::alias) });
        }
        let by = self
            .maybe_some(|maker| Column { expression: maker.expression_of(2, Calls::Groups), alias: maker.maybe(Self::alias) });
        let offset = if self.may_reach() && !by.is_empty() { self.maybe(Self::period) } else { None };
        self.known = None;
        Stats { aggregates, by, offset }
    }

    fn sort_key(&mut self) -> SortKey {
        let expression = self.expression(2);
        SortKey { expression, direction: self.pick(&[None, Some(Direction::Ascending), Some(Direction::Descending)]) }
    }

    fn table(&mut self) -> Spanned<Name> {
        Spanned::made(Name::new(self.pick(&["users", "net_table", "a-b-c", "T1"])).unwrap())
    }

    fn outputs(&mut self) -> (LookupMode, Vec<LookupOutput>) {
        let mode = self.pick(&[LookupMode::Output, LookupMode::OutputNew]);
        (mode, self.some(|maker| LookupOutput { column: maker.path(), alias: maker.maybe(Self::alias) }))
    }

    fn lookup(&mut self) -> Lookup {
        let table = self.table();
        let keys = self.some(|maker| LookupKey { column: maker.path(), field: maker.maybe(Self::alias) });
        let (mode, outputs) = self.outputs();
        Lookup { table, keys, mode, outputs }
    }

    fn cidr_lookup(&mut self) -> CidrLookup {
        let (table, field, column) = (self.table(), self.path(), self.maybe(Self::alias));
        let (mode, outputs) = self.outputs();
        CidrLookup { table, field, column, mode, outputs }
    }

    fn join(&mut self) -> Join {
        Join {
            kind: self.pick(&[JoinKind::Inner, JoinKind::Left]),
            left: Spanned::made(self.name()),
            right: Spanned::made(self.name()),
            keys: self.some(|maker| JoinKey { first: maker.path(), second: maker.path() }),
            query: Spanned::made(self.query(1)),
        }
    }

    fn fill_target(&mut self) -> Spanned<FillTarget> {
        let wildcard = self.pick(&[None, Some("cpu*"), Some("*"), Some("a.*.b"), Some("@m*"), Some("*_1")]);
        match wildcard {
            Some(wildcard) => Spanned::made(FillTarget::Wildcard(Wildcard::new(wildcard).unwrap())),
            None => self.path().map(FillTarget::Field),
        }
    }

    fn outlier(&mut self) -> Outlier {
        Outlier {
            action: self.pick(&[OutlierAction::Transform, OutlierAction::Remove]),
            param: self.maybe(|maker| Spanned::made(maker.number())),
            use_lower: self.yes(),
            mark: self.yes(),
            fields: self.some(Self::path),
        }
    }

    fn saved_query(&mut self) -> SavedQuery {
        let arguments = self.maybe_some(|maker| {
            let parameter = Spanned::made(Name::new(maker.pick(&["level", "_x", "as"])).unwrap());
            let value = if maker.yes() { Literal::Text(maker.text()) } else { Literal::Number(maker.number()) };
            SavedQueryArgument { parameter, value: Spanned::made(value) }
        });
        SavedQuery { name: Spanned::made(self.name()), arguments }
    }

    pub(super) fn selector(&mut self) -> Selector {
        let texts = |maker: &mut Self| maker.maybe_some(|maker| Spanned::made(maker.plain_text()));
        match self.below(4) {
            0 | 1 => Selector::LogGroups(LogGroups {
                name_prefixes: texts(self),
                account_identifiers: texts(self),
                classes: self.maybe_some(|maker| Spanned::made(maker.pick(&[LogClass::Standard, LogClass::InfrequentAccess]))),
            }),
            2 => Selector::Tags(self.some(|maker| {
                Spanned::made(TagFilter {
                    key: Spanned::made(maker.plain_text()),
                    values: maker.maybe_some(|maker| Spanned::made(maker.plain_text())),
                })
            })),
            _ => Selector::DataSources(self.some(|maker| Spanned::made(maker.plain_text()))),
        }
    }
}
