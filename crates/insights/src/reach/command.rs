//! What each command refers to, defines and reaches; the commands that select, filter and group.

use logmark_diagnostics::{Span, Spanned};

use crate::ast::{
    Column, Command, Dedup, Display, Expression, FieldPath, Fields, Filter, FilterIndex, IndexValues, Json, Limit, Literal,
    Matches, Parse, ParseFormat, Regex, SavedQuery, SavedQueryArgument, Sort, SortKey, Stats,
};

use crate::regex_syntax::shape::RegexShape;

use super::beyond::{Beyond, Window};
use super::field::Referent;
use super::graph::word_span;
use super::scope::{NodeId, Replaces, Rows, Scope};
use super::uses::{Use, Uses};
use super::walk::Walker;

impl Walker {
    /// Walks one command.
    pub(super) fn command(&mut self, scope: &mut Scope, command: &Spanned<Command>) {
        let word = word_span(command.span, command.node.name().spelling());
        match &command.node {
            Command::Source(source) => self.source(source, word),
            Command::Fields(fields) => self.fields(scope, fields),
            Command::Display(display) => self.display(scope, display),
            Command::Filter(filter) => self.filter(scope, filter),
            Command::FilterIndex(index) => self.filter_index(scope, index, word),
            Command::Parse(parse) => self.parse(scope, parse, word),
            Command::Json(json) => self.json(scope, json, word),
            Command::Stats(stats) => self.stats(scope, stats),
            Command::Sort(sort) => self.sort(scope, sort),
            Command::Limit(Limit { count: _, mode: _ }) => {}
            Command::Dedup(dedup) => self.dedup(scope, dedup),
            Command::Pattern(pattern) => self.pattern(scope, pattern, word),
            Command::Diff(diff) => self.diff(scope, diff, word),
            Command::Anomaly(anomaly) => self.anomaly(scope, *anomaly, word),
            Command::RelevantFields(relevant) => self.relevant_fields(scope, relevant, word),
            Command::Expand(expand) => self.expand(scope, expand),
            Command::Unnest(unnest) => self.unnest(scope, unnest),
            Command::Lookup(lookup) => self.lookup(scope, lookup, word),
            Command::CidrLookup(lookup) => self.cidr_lookup(scope, lookup, word),
            Command::Join(join) => self.join_command(scope, join, word),
            Command::AppendCols(append) => self.append_cols(scope, append, word),
            Command::LogCompare(compare) => self.log_compare(scope, compare, word),
            Command::FillDown(fill) => self.fill_down(scope, fill, word),
            Command::FillMissing(fill) => self.fill_missing(scope, fill),
            Command::AddTotals(totals) => self.add_totals(scope, totals, word),
            Command::Accum(accum) => self.accum(scope, accum),
            Command::AutoRegress(regress) => self.auto_regress(scope, regress),
            Command::Outlier(outlier) => self.outlier(scope, outlier),
            Command::Sessionize(sessionize) => self.sessionize(scope, sessionize, word),
            Command::CountFrequent(count) => self.count_frequent(scope, count, word),
            Command::Estimate(crate::ast::Estimate) => scope.rows = Rows::Computed,
            Command::SavedQuery(saved) => self.saved_query(scope, saved),
        }
    }

    fn fields(&mut self, scope: &mut Scope, fields: &Fields) {
        let Fields { columns } = fields;
        scope.says_what_is_shown = true;
        self.columns(scope, columns, Uses::NONE);
    }

    fn display(&mut self, scope: &mut Scope, display: &Display) {
        let Display { columns } = display;
        scope.says_what_is_shown = true;
        // Documented: the last `display` alone says what is shown.
        scope.shown.clear();
        self.columns(scope, columns, Uses::NONE);
    }

    /// Columns, which are shown unless a later command says otherwise.
    fn columns(&mut self, scope: &mut Scope, columns: &[Column], uses: Uses) {
        for column in columns {
            let Column { expression, alias } = column;
            let found = self.value(scope, &expression.node, expression.span, uses);
            scope.shown.extend(&found);
            let node = match (alias, &expression.node) {
                (Some(alias), _) => self.define(scope, alias, found, Replaces::Wholly),
                (None, Expression::Field(_)) => continue,
                (
                    None,
                    Expression::Text(_)
                    | Expression::Number(_)
                    | Expression::Boolean(_)
                    | Expression::Null
                    | Expression::Unary(..)
                    | Expression::Binary(..)
                    | Expression::And(_)
                    | Expression::Or(_)
                    | Expression::Match(..)
                    | Expression::In(..)
                    | Expression::Call(_),
                ) => self.define_unnamed(scope, found),
            };
            scope.shown.push(node);
        }
    }

    fn filter(&mut self, scope: &mut Scope, filter: &Filter) {
        let Filter { condition } = filter;
        self.value(scope, &condition.node, condition.span, Uses::of(Use::Filtered));
    }

    fn filter_index(&mut self, scope: &Scope, index: &FilterIndex, word: Span) {
        let FilterIndex { field, values } = index;
        self.reaches(Beyond::FieldIndex { field: field.node.clone() }, word);
        self.field(scope, field, Uses::of(Use::Filtered));
        match &values.node {
            IndexValues::Equal(value) => constant(value),
            IndexValues::In(values) => values.iter().for_each(constant),
        }
    }

    /// What a command takes apart: the field, or `@message`.
    fn input(&mut self, scope: &Scope, input: Option<&Spanned<FieldPath>>, word: Span) -> NodeId {
        let uses = Uses::of(Use::Parsed);
        match input {
            Some(field) => self.field(scope, field, uses),
            None => self.system_field(scope, "@message", word, uses),
        }
    }

    fn parse(&mut self, scope: &mut Scope, parse: &Parse, word: Span) {
        let Parse { input, format } = parse;
        let input = self.input(scope, input.as_ref(), word);
        match format {
            ParseFormat::Glob { pattern: _, aliases } | ParseFormat::Csv { aliases } => self.parsed(scope, aliases, input),
            ParseFormat::Regex { pattern, aliases, matches } => {
                self.parsed(scope, aliases, input);
                self.parsed(scope, &groups(pattern), input);
                match matches {
                    Matches::First | Matches::All => {}
                }
            }
            ParseFormat::Logfmt { alias } | ParseFormat::Xml { path: _, alias } => {
                self.parsed(scope, std::slice::from_ref(alias), input)
            }
        }
    }

    /// New names, for what was taken out of a text. Events whose text is otherwise keep what they had.
    fn parsed(&mut self, scope: &mut Scope, names: &[Spanned<FieldPath>], input: NodeId) {
        for name in names {
            let node = self.define(scope, name, vec![input], Replaces::InSomeRows);
            scope.shown.push(node);
        }
    }

    fn json(&mut self, scope: &mut Scope, json: &Json, word: Span) {
        let Json { input, path: _, alias } = json;
        let input = self.input(scope, input.as_ref(), word);
        self.parsed(scope, std::slice::from_ref(alias), input);
    }

    fn stats(&mut self, scope: &mut Scope, stats: &Stats) {
        let Stats { aggregates, by, offset } = stats;
        // The rows that were shown before are gone.
        scope.shown.clear();
        scope.rows = Rows::Computed;
        self.columns(scope, aggregates, Uses::of(Use::Aggregated));
        for column in by {
            let place = scope.shown.len();
            self.columns(scope, std::slice::from_ref(column), Uses::of(Use::Grouped));
            let Column { expression, alias } = column;
            // After `by f`, `f` is the name of a column.
            if let (Expression::Field(path), None, Some(node)) = (&expression.node, alias, scope.shown.get(place).copied()) {
                self.define(scope, &Spanned::new(path.clone(), expression.span), vec![node], Replaces::Wholly);
            }
        }
        // And with them the names that were defined before.
        scope.certain_from = scope.command;
        if let Some(offset) = offset {
            self.reaches(Beyond::TimeRange(Window::StatsOffset), offset.span);
        }
    }

    fn sort(&mut self, scope: &mut Scope, sort: &Sort) {
        let Sort { keys } = sort;
        for key in keys {
            let SortKey { expression, direction: _ } = key;
            self.value(scope, &expression.node, expression.span, Uses::of(Use::Sorted));
        }
    }

    fn dedup(&mut self, scope: &Scope, dedup: &Dedup) {
        let Dedup { fields } = dedup;
        for field in fields {
            self.field(scope, field, Uses::of(Use::Deduplicated));
        }
    }

    fn saved_query(&mut self, scope: &mut Scope, saved: &SavedQuery) {
        let SavedQuery { name, arguments } = saved;
        self.reaches(Beyond::SavedQuery { name: name.node.as_str().to_owned() }, name.span);
        for argument in arguments {
            let SavedQueryArgument { parameter: _, value } = argument;
            constant(value);
        }
        // It can read, show and define everything.
        let everything = Use::ALL.into_iter().fold(Uses::NONE, |all, one| all.and(Uses::of(one)));
        self.refer(scope, Referent::All, name.span, everything);
        scope.certain_from = scope.command + 1;
    }
}

/// A constant refers to nothing.
fn constant(value: &Spanned<Literal>) {
    match &value.node {
        Literal::Text(_) | Literal::Number(_) | Literal::Negative(_) | Literal::Boolean(_) => {}
    }
}

/// The names of the groups of a regular expression. One whose groups cannot be told was built by a program, and gives nothing:
/// its names then count as fields of the events.
fn groups(pattern: &Spanned<Regex>) -> Vec<Spanned<FieldPath>> {
    let Ok(shape) = RegexShape::of(pattern.node.as_str()) else { return Vec::new() };
    let names = shape.names.iter().filter_map(|name| crate::ast::Name::new(name.as_str()).ok());
    names.map(|name| Spanned::new(FieldPath::field(name), pattern.span)).collect()
}
