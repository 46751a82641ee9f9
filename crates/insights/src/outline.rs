//! The outline of a result: its columns and its shape, as far as the text of a query tells them.
//!
//! Owns the rule for each command: which columns it adds, lists or replaces. Engines define values; an engine that computes other
//! columns fails the test of Logmark that compares both.

use crate::ast::{Column, Command, Expression, FieldPath, FillTarget, Lookup, LookupOutput, ParseFormat, Query};
use crate::functions::Function;
use crate::regex_syntax::shape::RegexShape;

/// The most columns of one `autoregress` that are listed. Engines refuse more.
const MAX_LAGS: u32 = 100;

/// The kind of rows that a result has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Each row is an event, with a pointer (`@ptr`) to it.
    Events,
    /// Rows that a command computed, such as the groups of `stats`.
    Table,
    /// Such rows, each for a period of time: the groups of `stats … by bin(5m)`.
    Series,
}

/// The outline of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// The names of the columns in order, without `@ptr`; `None`: the text does not tell them.
    pub columns: Option<Vec<String>>,
    /// The kind of rows; `None`: the text does not tell it.
    pub shape: Option<Shape>,
}

impl Outline {
    /// The outline of a query's result. `text` is the text that was parsed: a column without an alias has its expression as name.
    ///
    /// ```
    /// use logmark_insights::ast::Query;
    /// use logmark_insights::outline::{Outline, Shape};
    ///
    /// let text = "filter status >= 500 | stats count(*) as n by bin(5m)";
    /// let outline = Outline::of(&Query::parse(text).unwrap(), text);
    /// assert_eq!(outline.columns.unwrap(), ["bin(5m)", "n"]);
    /// assert_eq!(outline.shape, Some(Shape::Series));
    /// ```
    #[must_use]
    pub fn of(query: &Query, text: &str) -> Self {
        let mut result = ResultColumns { text, listed: Vec::new(), computed: None, rule: Rule::Default };
        for command in &query.commands {
            if !result.take(&command.node) {
                return Self { columns: None, shape: None };
            }
        }
        let shape = match &result.computed {
            None => Shape::Events,
            Some(rows) if rows.is_series => Shape::Series,
            Some(_) => Shape::Table,
        };
        Self { columns: Some(result.names()), shape: Some(shape) }
    }
}

/// Which columns a result shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// The default columns, and those that commands add.
    Default,
    /// Those of `fields`, and those that commands add.
    Listed,
    /// Those of `display`, and no others.
    Fixed,
}

/// Rows that a command computed.
#[derive(Debug)]
struct ComputedRows {
    columns: Vec<String>,
    is_series: bool,
}

#[derive(Debug)]
struct ResultColumns<'t> {
    text: &'t str,
    /// The columns that commands list or add.
    listed: Vec<String>,
    /// `None`: the rows are events.
    computed: Option<ComputedRows>,
    rule: Rule,
}

impl ResultColumns<'_> {
    /// Applies a command. False: from here the text does not tell the columns.
    fn take(&mut self, command: &Command) -> bool {
        match command {
            Command::Fields(fields) => {
                if self.rule == Rule::Default {
                    self.rule = Rule::Listed;
                }
                fields.columns.iter().for_each(|column| self.add(self.name(column)));
            }
            Command::Display(display) => {
                let mut names = Vec::with_capacity(display.columns.len());
                display.columns.iter().for_each(|column| push(&mut names, self.name(column)));
                (self.listed, self.rule) = (names, Rule::Fixed);
            }
            Command::Stats(stats) => {
                let columns = stats.by.iter().chain(&stats.aggregates).map(|column| self.name(column)).collect();
                let is_series = stats.by.iter().any(|column| is_period(&column.expression.node));
                self.begin_rows(columns, is_series);
            }
            Command::CountFrequent(frequent) => {
                let fields = frequent.fields.iter().map(|field| field.node.flat_name());
                self.begin_rows(fields.chain(["_approxcount".to_owned()]).collect(), false);
            }
            Command::Pattern(_) => self.begin_named(&["@pattern", "@ratio", "@sampleCount", "@severityLabel"]),
            Command::RelevantFields(_) => self.begin_named(&[
                "@fieldName",
                "@relevanceScore",
                "@topRelevanceContributors",
                "@conditionalMedian",
                "@baselineMedian",
            ]),
            Command::Estimate(_) => self.begin_named(&["estimatedBytes"]),
            Command::Parse(parse) => self.add_parsed(&parse.format),
            Command::Json(json) => self.add_path(&json.alias.node),
            Command::Unnest(unnest) => self.add_path(&unnest.alias.node),
            Command::Accum(accum) => self.add_path(&accum.alias.as_ref().unwrap_or(&accum.field).node),
            Command::Sessionize(sessionize) => {
                self.add(sessionize.alias.as_ref().map_or_else(|| "session_id".to_owned(), |alias| alias.node.flat_name()));
            }
            Command::AutoRegress(regress) => {
                let (first, last) = regress.lags.as_ref().map_or((1, 1), |lags| lags.node);
                let base = regress.alias.as_ref().unwrap_or(&regress.field).node.flat_name();
                if last.saturating_sub(first) >= MAX_LAGS {
                    return false;
                }
                for lag in first..=last {
                    let is_alias = regress.alias.is_some() && first == last;
                    self.add(if is_alias { base.clone() } else { format!("{base}_p{lag}") });
                }
            }
            Command::Outlier(outlier) => {
                for field in &outlier.fields {
                    self.add_path(&field.node);
                    if outlier.mark {
                        self.add(format!("{}_outlier", field.node.flat_name()));
                    }
                }
            }
            Command::Lookup(Lookup { outputs, .. }) => self.add_outputs(outputs),
            Command::CidrLookup(lookup) => self.add_outputs(&lookup.outputs),
            Command::FillDown(fill) => {
                // Wildcards select columns that the result has already.
                let visible = if fill.targets.is_empty() { self.names() } else { Vec::new() };
                visible.into_iter().for_each(|name| self.add(name));
                for target in &fill.targets {
                    match &target.node {
                        FillTarget::Field(path) => self.add_path(path),
                        FillTarget::Wildcard(wildcard) => {
                            let like =
                                self.names().into_iter().filter(|name| is_like(name, wildcard.as_str())).collect::<Vec<_>>();
                            like.into_iter().for_each(|name| self.add(name));
                        }
                    }
                }
            }
            Command::AddTotals(totals) => {
                if totals.column {
                    let fields: Vec<String> = match totals.fields.is_empty() {
                        true => self.names().into_iter().filter(|name| !is_system(name)).collect(),
                        false => totals.fields.iter().map(|field| field.node.flat_name()).collect(),
                    };
                    fields.into_iter().for_each(|name| self.add(name));
                }
                if totals.row {
                    self.add(totals.field_name.as_ref().map_or("Total", |name| name.node.as_str()).to_owned());
                }
            }
            Command::AppendCols(append) => match Outline::of(&append.query.node, self.text).columns {
                Some(columns) => columns.into_iter().for_each(|name| self.add(name)),
                None => return false,
            },
            Command::Source(_)
            | Command::Filter(_)
            | Command::FilterIndex(_)
            | Command::Sort(_)
            | Command::Limit(_)
            | Command::Dedup(_)
            | Command::Expand(_)
            | Command::Join(_)
            | Command::FillMissing(_) => {}
            Command::Diff(_) | Command::Anomaly(_) | Command::LogCompare(_) | Command::SavedQuery(_) => return false,
        }
        true
    }

    /// The name of a column: its alias, or its expression as written.
    fn name(&self, column: &Column) -> String {
        if !column.is_unnamed() {
            return column.name();
        }
        let span = column.expression.span;
        let written = self.text.get(span.start..span.end).map(str::trim).filter(|written| !written.is_empty());
        written.map_or_else(|| column.name(), str::to_owned)
    }

    fn add(&mut self, name: String) {
        if self.rule != Rule::Fixed {
            push(&mut self.listed, name);
        }
    }

    fn add_path(&mut self, path: &FieldPath) {
        self.add(path.flat_name());
    }

    fn add_outputs(&mut self, outputs: &[LookupOutput]) {
        for output in outputs {
            self.add_path(&output.alias.as_ref().unwrap_or(&output.column).node);
        }
    }

    fn add_parsed(&mut self, format: &ParseFormat) {
        let aliases = match format {
            ParseFormat::Regex { pattern, aliases, .. } => {
                // A pattern in a tree has a shape.
                let names = RegexShape::of(pattern.node.as_str()).map(|shape| shape.names).unwrap_or_default();
                if !names.is_empty() {
                    return names.into_iter().for_each(|name| self.add(name));
                }
                aliases.as_slice()
            }
            ParseFormat::Glob { aliases, .. } | ParseFormat::Csv { aliases } => aliases.as_slice(),
            ParseFormat::Logfmt { alias } | ParseFormat::Xml { alias, .. } => std::slice::from_ref(alias),
        };
        aliases.iter().for_each(|alias| self.add_path(&alias.node));
    }

    fn begin_named(&mut self, names: &[&str]) {
        self.begin_rows(names.iter().map(|name| (*name).to_owned()).collect(), false);
    }

    fn begin_rows(&mut self, names: Vec<String>, is_series: bool) {
        let mut columns = Vec::with_capacity(names.len());
        names.into_iter().for_each(|name| push(&mut columns, name));
        self.computed = Some(ComputedRows { columns, is_series });
        self.listed.clear();
        self.rule = Rule::Default;
    }

    /// The columns that the result would have if the query ended here.
    fn names(&self) -> Vec<String> {
        let mut names = match (self.rule, &self.computed) {
            (Rule::Default, Some(rows)) => rows.columns.clone(),
            (Rule::Default, None) => vec!["@timestamp".to_owned(), "@message".to_owned()],
            (Rule::Listed | Rule::Fixed, _) => Vec::new(),
        };
        self.listed.iter().for_each(|name| push(&mut names, name.clone()));
        names
    }
}

fn push(names: &mut Vec<String>, name: String) {
    if !names.contains(&name) {
        names.push(name);
    }
}

fn is_system(name: &str) -> bool {
    ["@timestamp", "@message", "@ingestionTime", "@logStream", "@log", "@ptr"].contains(&name)
}

/// Whether a name is like a pattern, whose `*` stands for any characters.
fn is_like(name: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('*');
    let (Some(first), Some(last)) = (parts.next(), parts.next_back()) else { return false };
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    for part in parts {
        let Some(place) = rest.find(part) else { return false };
        rest = rest.get(place + part.len()..).unwrap_or_default();
    }
    rest.ends_with(last)
}

/// Whether the values of an expression are the beginnings of periods: `bin(5m)`, `datefloor(@timestamp, 1h)`.
fn is_period(expression: &Expression) -> bool {
    matches!(expression, Expression::Call(call)
        if matches!(call.function.node, Function::Bin | Function::DateFloor | Function::DateCeil))
}
