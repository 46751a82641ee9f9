//! A second engine, small and slow: all rows in memory, each command over all of them, each expression by `evaluate` for
//! each row, each aggregate over the values of its group. The engine is tested against it.

use logmark_diagnostics::Spanned;
use logmark_engine::evaluate::evaluate;
use logmark_engine::input::discover;
use logmark_engine::input::memory::MemoryEvent;
use logmark_engine::row::System;
use logmark_engine::values::call::Context;
use logmark_engine::values::value::Value;
use logmark_engine::values::{aggregate, coerce, csv, json, json_path, logfmt, order, parse_glob, parse_regex, regex};
use logmark_insights::ast::{
    Argument, Call, Column, Command, Direction, Expression, FieldPath, Matches, Name, Parse, ParseFormat, Query, Segment, Set,
    Sort, Stats,
};
use logmark_insights::functions::Function;

use super::support::TIMES;

/// The columns and rows of a result; `None` when this interpreter does not know the query.
pub(crate) type Result = Option<(Vec<String>, Vec<Vec<Value>>)>;

#[derive(Debug, Clone)]
struct Row {
    event: Option<MemoryEvent>,
    /// The values of the defined names.
    values: Vec<Value>,
    /// Greater for later events.
    position: i64,
}

/// What a name is.
#[derive(Debug, Clone)]
enum Binding {
    Defined(usize),
    Part(usize, Vec<String>, String),
    OfEvent(String),
}

#[derive(Debug, Default)]
struct Naive {
    rows: Vec<Row>,
    names: Vec<(String, Option<String>)>,
    defaults: Vec<(String, Binding)>,
    added: Vec<(String, Binding)>,
    is_listed: bool,
    is_fixed: bool,
    is_computed: bool,
}

pub(crate) fn run(query: &Query, text: &str, events: &[MemoryEvent]) -> Result {
    let mut events = events.to_vec();
    events.sort_by_key(|event| event.timestamp);
    let mut rows: Vec<Row> =
        (0_i64..).zip(events).map(|(position, event)| Row { event: Some(event), values: Vec::new(), position }).collect();
    rows.reverse();
    let defaults = ["@timestamp", "@message"].map(|name| (name.to_owned(), Binding::OfEvent(name.to_owned())));
    let mut naive = Naive { rows, defaults: defaults.into(), ..Naive::default() };
    for command in &query.commands {
        naive.command(&command.node, text)?;
    }
    naive.rows.truncate(10_000);
    let columns = naive.visible();
    let row = |row: &Row| columns.iter().map(|(_, binding)| naive.value(row, binding)).collect();
    Some((columns.iter().map(|(name, _)| name.clone()).collect(), naive.rows.iter().map(row).collect()))
}

fn steps(path: &FieldPath) -> Vec<String> {
    let step = |segment: &Segment| match segment {
        Segment::Name(name) => name.as_str().to_owned(),
        Segment::Index(index) => index.to_string(),
    };
    std::iter::once(path.head.as_str().to_owned()).chain(path.rest.iter().map(step)).collect()
}

fn plain(text: &str) -> String {
    text.split_whitespace().collect::<String>().to_lowercase()
}

/// Another tree in the place of every part for which there is one.
fn replaced(expression: &Expression, other: &mut dyn FnMut(&Expression) -> Option<Expression>) -> Expression {
    if let Some(other) = other(expression) {
        return other;
    }
    let mut of = |part: &Spanned<Expression>| Spanned::new(replaced(&part.node, other), part.span);
    match expression {
        Expression::Unary(operator, operand) => Expression::Unary(*operator, Box::new(of(operand))),
        Expression::Binary(operator, left, right) => Expression::Binary(*operator, Box::new(of(left)), Box::new(of(right))),
        Expression::And(parts) => Expression::And(parts.iter().map(of).collect()),
        Expression::Or(parts) => Expression::Or(parts.iter().map(of).collect()),
        Expression::Match(operator, value, pattern) => Expression::Match(*operator, Box::new(of(value)), pattern.clone()),
        Expression::In(operator, value, set) => {
            let value = Box::new(of(value));
            let node = match &set.node {
                Set::List(items) => Set::List(items.iter().map(of).collect()),
                Set::Value(inner) => Set::Value(Box::new(replaced(inner, other))),
                Set::Query(query) => Set::Query(query.clone()),
            };
            Expression::In(*operator, value, Spanned::new(node, set.span))
        }
        Expression::Call(call) => {
            let argument = |argument: &Spanned<Argument>| match &argument.node {
                Argument::Expression(inner) => {
                    Spanned::new(Argument::Expression(of(&Spanned::new(inner.clone(), argument.span)).node), argument.span)
                }
                kept => Spanned::new(kept.clone(), argument.span),
            };
            Expression::Call(Call { function: call.function, arguments: call.arguments.iter().map(argument).collect() })
        }
        leaf => leaf.clone(),
    }
}

fn field(name: &str) -> Option<Expression> {
    Some(Expression::Field(FieldPath::field(Name::new(name).ok()?)))
}

impl Naive {
    fn bind(&self, path: &FieldPath) -> Binding {
        let steps = steps(path);
        for taken in (1..=steps.len()).rev() {
            let name = steps[..taken].join(".");
            if let Some(place) = self.names.iter().rposition(|(known, _)| *known == name) {
                let rest = steps[taken..].to_vec();
                return if rest.is_empty() { Binding::Defined(place) } else { Binding::Part(place, rest, path.flat_name()) };
            }
        }
        let text = plain(&steps[0]);
        let is_it = |(name, printed): &(String, Option<String>)| {
            printed.as_ref().is_some_and(|printed| plain(printed) == text || plain(name) == text)
        };
        match self.names.iter().rposition(is_it).filter(|_| steps.len() == 1) {
            Some(place) => Binding::Defined(place),
            None => Binding::OfEvent(path.flat_name()),
        }
    }

    fn value(&self, row: &Row, binding: &Binding) -> Value {
        match binding {
            Binding::Defined(place) => row.values.get(*place).cloned().unwrap_or_default(),
            Binding::Part(place, steps, flat) => match row.values.get(*place) {
                Some(head) if head.is_structure() || self.is_computed => {
                    json_path::lookup(head, steps.iter().map(String::as_str)).cloned().unwrap_or_default()
                }
                _ => of_event(row, flat),
            },
            Binding::OfEvent(flat) => of_event(row, flat),
        }
    }

    fn evaluate(&self, row: &Row, expression: &Spanned<Expression>) -> Option<Value> {
        let known = |part: &Expression| match part {
            Expression::Field(_) => None,
            part if self.is_computed => {
                let text = plain(&part.to_string());
                let is_it = |(name, printed): &&(String, Option<String>)| {
                    printed.as_ref().is_some_and(|printed| plain(printed) == text || plain(name) == text)
                };
                self.names.iter().rev().find(is_it).and_then(|(name, _)| field(name))
            }
            _ => None,
        };
        let expression = Spanned::new(replaced(&expression.node, &mut { known }), expression.span);
        let message = row.event.as_ref().map(|event| event.message.as_str());
        let carried = self.names.iter().rposition(|(name, _)| name == "@timestamp");
        let timestamp = match &row.event {
            Some(event) => Some(event.timestamp),
            None => carried.and_then(|place| coerce::moment(&row.values[place])),
        };
        let carried = self.names.iter().rposition(|(name, _)| name == "@message").filter(|_| row.event.is_none());
        let carried = carried.and_then(|place| coerce::text(&row.values[place]).map(|text| text.into_owned()));
        let context = Context { query: TIMES, timestamp, message: message.or(carried.as_deref()) };
        evaluate(&expression, &|path: &FieldPath| self.value(row, &self.bind(path)), &context).ok()
    }

    fn name(&self, column: &Column, text: &str) -> (String, Option<String>) {
        match (&column.alias, &column.expression.node) {
            (Some(alias), _) => (alias.node.flat_name(), None),
            (None, Expression::Field(path)) => (path.flat_name(), None),
            (None, expression) => {
                let written = text.get(column.expression.span.start..column.expression.span.end).unwrap_or_default().trim();
                let printed = expression.to_string();
                (if written.is_empty() { printed.clone() } else { written.to_owned() }, Some(printed))
            }
        }
    }

    /// Gives a name to a new value of each row.
    fn define(&mut self, name: &str, printed: Option<String>, values: Vec<Value>) -> Binding {
        self.names.push((name.to_owned(), printed));
        let count = self.names.len();
        for (row, value) in self.rows.iter_mut().zip(values) {
            row.values.resize(count - 1, Value::Missing);
            row.values.push(value);
        }
        Binding::Defined(count - 1)
    }

    fn show(&mut self, name: &str, binding: Binding) {
        if !self.is_fixed {
            put(&mut self.added, name, binding);
        }
    }

    fn visible(&self) -> Vec<(String, Binding)> {
        let mut columns = if self.is_listed || self.is_fixed { Vec::new() } else { self.defaults.clone() };
        for (name, binding) in &self.added {
            put(&mut columns, name, binding.clone());
        }
        columns
    }

    fn columns(&mut self, columns: &[Column], text: &str) -> Option<Vec<(String, Binding)>> {
        let mut found = Vec::new();
        for column in columns {
            let binding = match (&column.expression.node, &column.alias) {
                (Expression::Field(path), None) => self.bind(path),
                _ => {
                    let values =
                        self.rows.iter().map(|row| self.evaluate(row, &column.expression)).collect::<Option<Vec<_>>>()?;
                    let (name, printed) = self.name(column, text);
                    self.define(&name, printed, values)
                }
            };
            found.push((self.name(column, text).0, binding));
        }
        Some(found)
    }

    fn command(&mut self, command: &Command, text: &str) -> Option<()> {
        match command {
            Command::Fields(fields) => {
                if !self.is_listed && self.is_computed {
                    self.defaults.clear();
                }
                self.is_listed = true;
                for (name, binding) in self.columns(&fields.columns, text)? {
                    self.show(&name, binding);
                }
            }
            Command::Display(display) => {
                let columns = self.columns(&display.columns, text)?;
                (self.is_fixed, self.added) = (true, Vec::new());
                for (name, binding) in columns {
                    put(&mut self.added, &name, binding);
                }
            }
            Command::Filter(filter) => {
                let kept = |row: &Row| self.evaluate(row, &filter.condition).map(|value| coerce::truth(&value));
                let kept: Vec<bool> = self.rows.iter().map(kept).collect::<Option<_>>()?;
                let mut kept = kept.into_iter();
                self.rows.retain(|_| kept.next() == Some(true));
            }
            Command::Limit(limit) => self.rows.truncate(limit.count.node as usize),
            Command::Sort(sort) => self.sort(sort)?,
            Command::Dedup(dedup) => {
                let bindings: Vec<Binding> = dedup.fields.iter().map(|field| self.bind(&field.node)).collect();
                let mut seen: Vec<Vec<String>> = Vec::new();
                let rows = std::mem::take(&mut self.rows);
                for row in rows {
                    let values: Vec<Value> = bindings.iter().map(|binding| self.value(&row, binding)).collect();
                    let is_whole = values.iter().all(|value| !value.is_missing() && !value.is_structure());
                    let key: Vec<String> = values.iter().filter_map(coerce::identity).map(|text| text.into_owned()).collect();
                    if !is_whole || !seen.contains(&key) {
                        self.rows.push(row);
                    }
                    if is_whole {
                        seen.push(key);
                    }
                }
            }
            Command::Parse(parse) => self.parse(parse)?,
            Command::Json(found) => {
                let parts = json_path::parts(found.path.node.as_str())?;
                let texts = self.texts(found.input.as_ref());
                let value = |text: Option<String>| {
                    text.map_or(Value::Missing, |text| json_path::extract(&text, parts.iter().map(String::as_str)))
                };
                let values = texts.into_iter().map(value).collect();
                let name = found.alias.node.flat_name();
                let binding = self.define(&name, None, values);
                self.show(&name, binding);
            }
            Command::Unnest(unnest) => {
                let binding = self.bind(&unnest.field.node);
                let items = |value| match value {
                    Value::List(items) => items,
                    other => vec![other],
                };
                self.multiply(&binding, items, &unnest.alias.node.flat_name(), true);
            }
            Command::Expand(expand) => {
                let binding = self.bind(&expand.field.node);
                let items = |value| match value {
                    Value::List(items) => items,
                    Value::Text(text) => match json::parse(&text) {
                        Value::List(items) => items,
                        _ => vec![Value::Text(text)],
                    },
                    other => vec![other],
                };
                self.multiply(&binding, items, &expand.field.node.flat_name(), false);
            }
            Command::Stats(stats) if stats.offset.is_none() => self.stats(stats, text)?,
            _ => return None,
        }
        Some(())
    }

    fn sort(&mut self, sort: &Sort) -> Option<()> {
        let keys = |row: &Row| sort.keys.iter().map(|key| self.evaluate(row, &key.expression)).collect::<Option<Vec<_>>>();
        let mut keyed = self.rows.iter().map(|row| Some((keys(row)?, row.clone()))).collect::<Option<Vec<_>>>()?;
        keyed.sort_by(|(left, _), (right, _)| {
            let each = sort.keys.iter().zip(left.iter().zip(right)).map(|(key, (left, right))| match key.direction {
                Some(Direction::Descending) => order::value_cmp(right, left),
                _ => order::value_cmp(left, right),
            });
            each.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
        });
        self.rows = keyed.into_iter().map(|(_, row)| row).collect();
        Some(())
    }

    fn texts(&self, input: Option<&Spanned<FieldPath>>) -> Vec<Option<String>> {
        let binding = match input {
            Some(field) => self.bind(&field.node),
            None if self.is_computed => self.bind(&FieldPath::field(Name::new("@message").unwrap())),
            None => Binding::OfEvent("@message".to_owned()),
        };
        self.rows.iter().map(|row| coerce::text(&self.value(row, &binding)).map(|text| text.into_owned())).collect()
    }

    fn parse(&mut self, parse: &Parse) -> Option<()> {
        let texts = self.texts(parse.input.as_ref());
        let flat = |aliases: &[Spanned<FieldPath>]| aliases.iter().map(|alias| alias.node.flat_name()).collect::<Vec<_>>();
        let (names, rows): (Vec<String>, Box<dyn Fn(&str) -> Vec<Vec<Value>>>) = match &parse.format {
            ParseFormat::Glob { pattern, aliases } => {
                let glob = parse_glob::Glob::compile(pattern.node.as_str(), aliases.len()).ok()?;
                (
                    flat(aliases),
                    Box::new(move |text| {
                        glob.captures(text).map(|parts| parts.into_iter().map(Value::from).collect()).into_iter().collect()
                    }),
                )
            }
            ParseFormat::Regex { pattern, aliases, matches } => {
                let regex = regex::Regex::compile(pattern.node.as_str()).ok()?;
                let named: Vec<String> = regex.names().map(str::to_owned).collect();
                let names = if named.is_empty() { flat(aliases) } else { named };
                let fields = parse_regex::RegexFields::of_groups(regex).ok()?;
                let is_multi = *matches == Matches::All;
                (
                    names,
                    Box::new(move |text| {
                        let found = if is_multi { fields.all(text).rows } else { fields.first(text).into_iter().collect() };
                        found.into_iter().map(|parts| parts.into_iter().map(Value::from).collect()).collect()
                    }),
                )
            }
            ParseFormat::Logfmt { alias } => {
                (vec![alias.node.flat_name()], Box::new(|text| logfmt::parse(text).map(|map| vec![map]).into_iter().collect()))
            }
            ParseFormat::Csv { aliases } => (
                flat(aliases),
                Box::new(|text| vec![csv::columns(text).map(|column| Value::Text(column.into_owned())).collect()]),
            ),
            ParseFormat::Xml { .. } => return None,
        };
        let (old, mut parts) = (std::mem::take(&mut self.rows), Vec::new());
        for (row, text) in old.into_iter().zip(texts) {
            let found = text.map(|text| rows(&text)).unwrap_or_default();
            let found = if found.is_empty() { vec![Vec::new()] } else { found };
            for values in found {
                self.rows.push(row.clone());
                parts.push(values);
            }
        }
        for (place, name) in names.iter().enumerate() {
            let values = parts.iter().map(|values| values.get(place).cloned().unwrap_or_default()).collect();
            let binding = self.define(name, None, values);
            self.show(name, binding);
        }
        Some(())
    }

    fn multiply(&mut self, binding: &Binding, items: impl Fn(Value) -> Vec<Value>, name: &str, is_shown: bool) {
        let (old, mut values) = (std::mem::take(&mut self.rows), Vec::new());
        for row in old {
            for item in items(self.value(&row, binding)) {
                self.rows.push(row.clone());
                values.push(item);
            }
        }
        let binding = self.define(name, None, values);
        if is_shown {
            self.show(name, binding);
        } else {
            let columns = self.added.iter_mut().chain(self.defaults.iter_mut().filter(|_| self.is_computed));
            columns.filter(|(known, _)| known == name).for_each(|(_, place)| *place = binding.clone());
        }
    }

    fn stats(&mut self, stats: &Stats, text: &str) -> Option<()> {
        let by: Vec<(String, Option<String>)> = stats.by.iter().map(|column| self.name(column, text)).collect();
        let mut keys: Vec<Vec<Value>> = vec![Vec::new(); self.rows.len()];
        for column in &stats.by {
            let values = self.rows.iter().map(|row| self.evaluate(row, &column.expression)).collect::<Option<Vec<_>>>()?;
            keys.iter_mut().zip(&values).for_each(|(key, value)| key.push(value.clone()));
            if let Some(alias) = &column.alias {
                self.define(&alias.node.flat_name(), None, values);
            }
        }
        let identity =
            |key: &[Value]| key.iter().map(|value| coerce::identity(value).map(|text| text.into_owned())).collect::<Vec<_>>();
        let mut groups: Vec<(Vec<Value>, Vec<Row>)> = Vec::new();
        for (row, key) in self.rows.iter().zip(keys) {
            match groups.iter_mut().find(|(known, _)| identity(known) == identity(&key)) {
                Some((_, rows)) => rows.push(row.clone()),
                None => groups.push((key, vec![row.clone()])),
            }
        }
        if groups.is_empty() && by.is_empty() {
            groups.push((Vec::new(), Vec::new()));
        }
        let mut names = by;
        names.extend(stats.aggregates.iter().map(|column| self.name(column, text)));
        let mut rows = Vec::new();
        for (position, (key, members)) in (0_i64..).zip(groups) {
            let mut group = Self { is_computed: true, names: names[..key.len()].to_vec(), ..Self::default() };
            let mut row = Row { event: None, values: key, position };
            for column in &stats.aggregates {
                let mut computed: Vec<Value> = Vec::new();
                let mut failed = false;
                let expression = replaced(&column.expression.node, &mut |part| match part {
                    Expression::Call(call) if call.function.node.is_aggregate() => {
                        match self.aggregate(call, &members) {
                            Some(value) => computed.push(value),
                            None => failed = true,
                        }
                        field(&format!("aggregate#{}", computed.len()))
                    }
                    _ => None,
                });
                if failed {
                    return None;
                }
                let mut inner = Self { is_computed: true, names: group.names.clone(), ..Self::default() };
                let mut with = row.clone();
                for (number, value) in computed.into_iter().enumerate() {
                    inner.names.push((format!("aggregate#{}", number + 1), None));
                    with.values.push(value);
                }
                row.values.push(inner.evaluate(&with, &Spanned::new(expression, column.expression.span))?);
                group.names.push(names[row.values.len() - 1].clone());
            }
            rows.push(row);
        }
        let mut defaults: Vec<(String, Binding)> = Vec::new();
        for (place, (name, _)) in names.iter().enumerate() {
            put(&mut defaults, name, Binding::Defined(place));
        }
        *self = Self { rows, names, defaults, is_computed: true, ..Self::default() };
        Some(())
    }

    fn aggregate(&self, call: &Call, rows: &[Row]) -> Option<Value> {
        let argument = call.arguments.first().and_then(|argument| match &argument.node {
            Argument::Expression(expression) => Some(Spanned::new(expression.clone(), argument.span)),
            _ => None,
        });
        let Some(argument) = argument else { return Some(Value::from(rows.len() as i64)) };
        let values = rows.iter().map(|row| self.evaluate(row, &argument)).collect::<Option<Vec<_>>>()?;
        // In the order of time, which `earliest` and `latest` want.
        let timed = || {
            let mut timed: Vec<(i64, i64, Value)> = Vec::new();
            for (row, value) in rows.iter().zip(&values) {
                let moment = match &row.event {
                    Some(event) => event.timestamp,
                    None => coerce::moment(&self.value(row, &self.bind(&FieldPath::field(Name::new("@timestamp").ok()?))))?,
                };
                timed.push((moment, row.position, value.clone()));
            }
            timed.sort_by_key(|(moment, position, _)| (*moment, *position));
            Some(timed.into_iter().map(|(moment, _, value)| (moment, value)).collect::<Vec<_>>())
        };
        Some(match call.function.node {
            Function::Count | Function::CountOverTime => aggregate::count(&values),
            Function::CountDistinct => aggregate::count_distinct(&values),
            Function::Sum | Function::SumOverTime => aggregate::sum(&values),
            Function::Avg => aggregate::avg(&values),
            Function::StdDev => aggregate::stddev(&values),
            Function::Min => aggregate::min(&values),
            Function::Max => aggregate::max(&values),
            Function::SortsFirst => aggregate::sorts_first(&values),
            Function::SortsLast => aggregate::sorts_last(&values),
            Function::Earliest => aggregate::earliest(&timed()?),
            Function::Latest => aggregate::latest(&timed()?),
            Function::Pct => match &call.arguments.get(1)?.node {
                Argument::Expression(Expression::Number(percent)) => aggregate::pct(&values, percent.value()),
                _ => return None,
            },
            _ => return None,
        })
    }
}

fn put(columns: &mut Vec<(String, Binding)>, name: &str, binding: Binding) {
    match columns.iter_mut().find(|(known, _)| known == name) {
        Some((_, place)) => *place = binding,
        None => columns.push((name.to_owned(), binding)),
    }
}

fn of_event(row: &Row, flat: &str) -> Value {
    let Some(event) = &row.event else { return Value::Missing };
    match System::find(flat) {
        Some(System::Timestamp) => Value::Timestamp(event.timestamp),
        Some(System::IngestionTime) => Value::Timestamp(event.ingestion_time),
        Some(System::Message) => event.message.as_str().into(),
        Some(System::Stream) => event.stream.as_ref().into(),
        Some(System::Log) => event.group.as_ref().into(),
        Some(System::Pointer) => event.pointer.as_str().into(),
        None => {
            let fields = discover::all(&event.message);
            if let Some((_, value)) = fields.iter().rev().find(|(name, _)| name == flat) {
                return value.clone();
            }
            let is_around = fields.iter().any(|(name, _)| name.strip_prefix(flat).is_some_and(|rest| rest.starts_with('.')));
            if is_around { structure(&json::parse(&event.message), flat).unwrap_or_default() } else { Value::Missing }
        }
    }
}

/// The map or list with that flat name.
fn structure(value: &Value, flat: &str) -> Option<Value> {
    let entries: Vec<(String, &Value)> = match value {
        Value::Map(entries) => entries.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::List(items) => items.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect(),
        _ => return None,
    };
    entries.into_iter().find_map(|(key, value)| match flat.strip_prefix(&key)? {
        "" => value.is_structure().then(|| value.clone()),
        rest => structure(value, rest.strip_prefix('.')?),
    })
}
