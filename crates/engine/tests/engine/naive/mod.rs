//! A second, small and slow engine, against which the engine is tested: all rows in memory, each command over all rows, each
//! expression by `evaluate` for each row, each aggregate over the values of its group.

mod event;
mod parse;
mod series;
mod stats;
mod tree;

use logmark_diagnostics::Spanned;
use logmark_engine::evaluate::evaluate;
use logmark_engine::input::memory::MemoryEvent;
use logmark_engine::values::call::Context;
use logmark_engine::values::value::Value;
use logmark_engine::values::{coerce, json, json_path, order};
use logmark_insights::ast::{Column, Command, Direction, Expression, FieldPath, Name, Query, Sort};

use super::support::TIMES;
use event::of_event;
use tree::{field, plain, replaced, steps};

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

/// The meaning of a name.
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
        // The last row of `addtotals` has no event, unlike the rows before it.
        let carried = self.names.iter().rposition(|(name, _)| name == "@timestamp").filter(|_| self.is_computed);
        let timestamp = match &row.event {
            Some(event) => Some(event.timestamp),
            None => carried.and_then(|place| coerce::moment(&row.values[place])),
        };
        let carried = self.names.iter().rposition(|(name, _)| name == "@message").filter(|_| self.is_computed);
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

    /// Binds a name to a new value of each row.
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
            other => return self.series(other),
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
}

fn put(columns: &mut Vec<(String, Binding)>, name: &str, binding: Binding) {
    match columns.iter_mut().find(|(known, _)| known == name) {
        Some((_, place)) => *place = binding,
        None => columns.push((name.to_owned(), binding)),
    }
}
