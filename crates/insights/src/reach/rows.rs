//! What each command refers to, defines and reaches; the commands that combine, compare and compute rows.

use logmark_diagnostics::{Span, Spanned};

use crate::ast::{
    Accum, AddTotals, Anomaly, AppendCols, AutoRegress, CidrLookup, CountFrequent, Diff, Expand, FieldPath, Fill, FillDown,
    FillMissing, FillTarget, Join, JoinKey, LogCompare, LogGroups, Lookup, LookupKey, LookupMode, LookupOutput, Outlier, Pattern,
    RelevantFields, Selector, Sessionize, Source, TagFilter, Text, Unnest,
};

use super::beyond::{Beyond, Nesting, Window};
use super::field::Referent;
use super::scope::{NodeId, Replaces, Rows, Scope};
use super::uses::{Use, Uses};
use super::walk::{Walker, with_suffix};

/// What is compared or computed over rows is shown.
const COMPARED: Uses = Uses::of(Use::Compared).and(Uses::of(Use::Shown));
const SERIES: Uses = Uses::of(Use::Series).and(Uses::of(Use::Shown));
const EXPANDED: Uses = Uses::of(Use::Expanded);

impl Walker {
    /// What is read, and when.
    pub(super) fn source(&mut self, source: &Source, word: Span) {
        let Source { selectors, start, end } = source;
        self.reaches(Beyond::Source, word);
        for selector in selectors {
            self.selector(selector);
        }
        let start = start.as_ref().map(|start| (start.span, Window::SourceStart));
        let end = end.as_ref().map(|end| (end.span, Window::SourceEnd));
        // They stand in any order.
        let mut points: Vec<_> = start.into_iter().chain(end).collect();
        points.sort_by_key(|(span, _)| span.start);
        for (span, window) in points {
            self.reaches(Beyond::TimeRange(window), span);
        }
    }

    fn selector(&mut self, selector: &Spanned<Selector>) {
        match &selector.node {
            Selector::Group(name) => self.reaches(Beyond::LogGroup { name: name.as_str().to_owned() }, selector.span),
            Selector::LogGroups(LogGroups { name_prefixes, account_identifiers, classes: _ }) => {
                self.reaches(Beyond::LogGroups { prefixes: texts(name_prefixes) }, selector.span);
                if let (Some(first), Some(last)) = (account_identifiers.first(), account_identifiers.last()) {
                    let accounts = texts(account_identifiers);
                    self.reaches(Beyond::OtherAccounts { accounts }, first.span.to(last.span));
                }
            }
            Selector::Tags(filters) => {
                let key = |filter: &Spanned<TagFilter>| {
                    let TagFilter { key, values: _ } = &filter.node;
                    key.node.as_str().to_owned()
                };
                self.reaches(Beyond::LogGroupTags { keys: filters.iter().map(key).collect() }, selector.span);
            }
            Selector::DataSources(names) => self.reaches(Beyond::DataSources { names: texts(names) }, selector.span),
        }
    }

    /// Each of the fields, or all when there is none.
    fn these_or_all(&mut self, scope: &Scope, fields: &[Spanned<FieldPath>], word: Span, uses: Uses) -> Vec<NodeId> {
        if fields.is_empty() { vec![self.refer(scope, Referent::All, word, uses)] } else { self.these(scope, fields, uses) }
    }

    fn these(&mut self, scope: &Scope, fields: &[Spanned<FieldPath>], uses: Uses) -> Vec<NodeId> {
        fields.iter().map(|field| self.field(scope, field, uses)).collect()
    }

    /// Names that a command gives to its columns, which are computed from these.
    fn words(&mut self, scope: &mut Scope, words: &[&str], span: Span, links: Vec<NodeId>) {
        let all = self.several(links);
        for word in words {
            let node = self.define_word(scope, word, span, vec![all]);
            scope.shown.extend(node);
        }
    }

    pub(super) fn pattern(&mut self, scope: &mut Scope, pattern: &Pattern, word: Span) {
        let Pattern { field } = pattern;
        let node = self.field(scope, field, COMPARED);
        // CloudWatch adds samples of the events to the documented columns: rows of `pattern` are known to have `@logSamples`
        // with a `logEvent` in each, whatever field is compared.
        let message = self.system_field(scope, "@message", word, COMPARED);
        let documented = ["@pattern", "@ratio", "@sampleCount", "@severityLabel"];
        let added = ["@logSamples", "@tokens", "@regexString", "@relatedPattern", "@PatternId", "@visualization"];
        self.words(scope, &documented, word, vec![node]);
        self.words(scope, &added, word, vec![node, message]);
        scope.rows = Rows::Computed;
    }

    pub(super) fn diff(&mut self, scope: &mut Scope, diff: &Diff, word: Span) {
        let Diff { against: _ } = diff;
        self.reaches(Beyond::TimeRange(Window::Diff), word);
        self.refer(scope, Referent::All, word, COMPARED);
    }

    pub(super) fn anomaly(&mut self, scope: &Scope, anomaly: Anomaly, word: Span) {
        let Anomaly = anomaly;
        self.refer(scope, Referent::All, word, COMPARED);
    }

    pub(super) fn relevant_fields(&mut self, scope: &mut Scope, relevant: &RelevantFields, word: Span) {
        let RelevantFields { fields, condition } = relevant;
        let mut found = self.these_or_all(scope, fields, word, COMPARED);
        found.extend(self.value(scope, &condition.node, condition.span, COMPARED.and(Uses::of(Use::Filtered))));
        let names = ["@fieldName", "@relevanceScore", "@topRelevanceContributors", "@conditionalMedian", "@baselineMedian"];
        self.words(scope, &names, word, found);
        scope.rows = Rows::Computed;
    }

    pub(super) fn log_compare(&mut self, scope: &mut Scope, compare: &LogCompare, word: Span) {
        let LogCompare { timeshift: _ } = compare;
        self.reaches(Beyond::TimeRange(Window::LogCompare), word);
        self.refer(scope, Referent::All, word, COMPARED);
    }

    pub(super) fn expand(&mut self, scope: &Scope, expand: &Expand) {
        let Expand { field } = expand;
        self.field(scope, field, EXPANDED);
    }

    pub(super) fn unnest(&mut self, scope: &mut Scope, unnest: &Unnest) {
        let Unnest { field, alias } = unnest;
        let node = self.field(scope, field, EXPANDED);
        let node = self.define(scope, alias, vec![node], Replaces::InSomeRows);
        scope.shown.push(node);
    }

    pub(super) fn lookup(&mut self, scope: &mut Scope, lookup: &Lookup, word: Span) {
        let Lookup { table, keys, mode, outputs } = lookup;
        self.reaches(Beyond::Lookup { table: table.node.as_str().to_owned() }, word);
        let uses = Uses::of(Use::LookedUp);
        let mut found = Vec::new();
        for key in keys {
            let LookupKey { column, field } = key;
            self.table_column(scope, column, uses);
            found.push(self.field(scope, field.as_ref().unwrap_or(column), uses));
        }
        self.outputs(scope, *mode, outputs, found);
    }

    pub(super) fn cidr_lookup(&mut self, scope: &mut Scope, lookup: &CidrLookup, word: Span) {
        let CidrLookup { table, field, column, mode, outputs } = lookup;
        self.reaches(Beyond::CidrLookup { table: table.node.as_str().to_owned() }, word);
        let uses = Uses::of(Use::LookedUp);
        let found = self.field(scope, field, uses);
        if let Some(column) = column {
            self.table_column(scope, column, uses);
        }
        self.outputs(scope, *mode, outputs, vec![found]);
    }

    fn outputs(&mut self, scope: &mut Scope, mode: LookupMode, outputs: &[LookupOutput], keys: Vec<NodeId>) {
        let keys = self.several(keys);
        for output in outputs {
            let LookupOutput { column, alias } = output;
            let mut links = vec![keys, self.table_column(scope, column, Uses::of(Use::LookedUp))];
            let name = alias.as_ref().unwrap_or(column);
            match mode {
                LookupMode::Output => {}
                // What the event has already stays.
                LookupMode::OutputNew => links.push(self.field(scope, name, Uses::NONE)),
            }
            let node = self.define(scope, name, links, Replaces::InSomeRows);
            scope.shown.push(node);
        }
    }

    pub(super) fn join_command(&mut self, scope: &mut Scope, join: &Join, word: Span) {
        let Join { kind: _, left, right, keys, query } = join;
        self.reaches(Beyond::OtherQuery(Nesting::Join), word);
        self.beside(scope, query, Some((&left.node, &right.node)));
        for key in keys {
            let JoinKey { first, second } = key;
            self.field(scope, first, Uses::of(Use::Joined));
            self.field(scope, second, Uses::of(Use::Joined));
        }
    }

    pub(super) fn append_cols(&mut self, scope: &mut Scope, append: &AppendCols, word: Span) {
        let AppendCols { overrides: _, max: _, query } = append;
        self.reaches(Beyond::OtherQuery(Nesting::AppendCols), word);
        self.beside(scope, query, None);
    }

    pub(super) fn fill_down(&mut self, scope: &Scope, fill: &FillDown, word: Span) {
        let FillDown { targets } = fill;
        // After a `join` the columns are called `side.name`: which of them a wildcard finds cannot be told from it.
        let sides = scope.beside.iter().any(|beside| beside.sides.is_some());
        let wildcard = targets.iter().any(|target| matches!(target.node, FillTarget::Wildcard(_)));
        if targets.is_empty() || sides && wildcard {
            self.refer(scope, Referent::All, word, SERIES);
        }
        for target in targets {
            let what = match &target.node {
                FillTarget::Field(field) => Referent::Field(field.clone()),
                FillTarget::Wildcard(wildcard) => Referent::Like(wildcard.clone()),
            };
            self.refer(scope, what, target.span, SERIES);
        }
    }

    pub(super) fn fill_missing(&mut self, scope: &Scope, fill: &FillMissing) {
        let FillMissing { fills } = fill;
        for fill in fills {
            let Fill { value: _, field } = fill;
            self.field(scope, field, SERIES);
        }
    }

    pub(super) fn add_totals(&mut self, scope: &mut Scope, totals: &AddTotals, word: Span) {
        let AddTotals { field_name, row: _, column: _, fields } = totals;
        let found = self.these_or_all(scope, fields, word, SERIES);
        let (name, span) = field_name.as_ref().map_or(("Total", word), |name| (name.node.as_str(), name.span));
        self.words(scope, &[name], span, found);
    }

    pub(super) fn accum(&mut self, scope: &mut Scope, accum: &Accum) {
        let Accum { field, alias } = accum;
        let node = self.field(scope, field, SERIES);
        if let Some(alias) = alias {
            self.define(scope, alias, vec![node], Replaces::InSomeRows);
        }
    }

    pub(super) fn auto_regress(&mut self, scope: &mut Scope, regress: &AutoRegress) {
        let AutoRegress { field, alias, lags: _ } = regress;
        let node = self.field(scope, field, SERIES);
        let base = alias.as_ref().unwrap_or(field);
        if let Some(alias) = alias {
            self.define(scope, alias, vec![node], Replaces::InSomeRows);
        }
        scope.numbered.push((with_suffix(&base.node, "_p"), node));
    }

    pub(super) fn outlier(&mut self, scope: &Scope, outlier: &Outlier) {
        let Outlier { action: _, param: _, use_lower: _, mark: _, fields } = outlier;
        self.these(scope, fields, SERIES);
    }

    pub(super) fn sessionize(&mut self, scope: &mut Scope, sessionize: &Sessionize, word: Span) {
        let Sessionize { fields, max_span: _, alias } = sessionize;
        let mut found = self.these(scope, fields, SERIES);
        found.push(self.system_field(scope, "@timestamp", word, SERIES));
        match alias {
            Some(alias) => {
                self.define(scope, alias, found, Replaces::InSomeRows);
            }
            None => self.words(scope, &["session_id"], word, found),
        }
    }

    pub(super) fn count_frequent(&mut self, scope: &mut Scope, count: &CountFrequent, word: Span) {
        let CountFrequent { fields } = count;
        let found = self.these(scope, fields, Uses::of(Use::Aggregated).and(Uses::of(Use::Shown)));
        self.words(scope, &["_approxcount"], word, found);
        scope.rows = Rows::Computed;
    }
}

fn texts(texts: &[Spanned<Text>]) -> Vec<String> {
    texts.iter().map(|text| text.node.as_str().to_owned()).collect()
}
