//! `parse`, page CWL_QuerySyntax-Parse.
//!
//! - A text is taken apart by a glob, a regular expression, or as logfmt, CSV or XML; without a field it is `@message`.
//! - A row whose text is of another form stays, without the new fields.
//! - A column of CSV that the text does not have is missing; columns behind the last alias are left out.
//! - `multi` gives a row for each match, or one row without the new fields if nothing matches.

use logmark_diagnostics::{Diagnostic, Kind, Span, Spanned};
use logmark_insights::ast::{FieldPath, Matches, Parse as ParseTree, ParseFormat};

use crate::error::QueryError;
use crate::operator::{Flow, Next, Operator, push_each};
use crate::plan::Builder;
use crate::row::{Access, Row, Slot, System};
use crate::values::parse_glob::Glob;
use crate::values::parse_regex::{GroupBuffer, RegexFields};
use crate::values::parse_xml::XmlPath;
use crate::values::regex::Regex;
use crate::values::value::Value;
use crate::values::{csv, logfmt};

/// The text that a command parses: the field, or `@message`.
pub(super) fn input(field: Option<&Spanned<FieldPath>>, builder: &mut Builder<'_>) -> Access {
    match field {
        Some(field) => builder.access(&field.node),
        None => builder.system_access(System::Message),
    }
}

pub(super) fn compile(parse: &ParseTree, builder: &mut Builder<'_>) -> Result<(), Diagnostic> {
    let input = input(parse.input.as_ref(), builder);
    let flat = |aliases: &[Spanned<FieldPath>]| aliases.iter().map(|alias| alias.node.flat_name()).collect::<Vec<_>>();
    let (format, names) = match &parse.format {
        ParseFormat::Glob { pattern, aliases } => {
            let glob = Glob::compile(pattern.node.as_str(), aliases.len());
            let fault = |error| Diagnostic::new(Kind::Arity, pattern.span, "as many `*` as names", format!("{error}"));
            (Format::Glob(glob.map_err(fault)?), flat(aliases))
        }
        ParseFormat::Regex { pattern, aliases, matches } => {
            let regex = Regex::compile(pattern.node.as_str()).map_err(|error| error.diagnostic(pattern.span.start + 1))?;
            let named: Vec<String> = regex.names().map(str::to_owned).collect();
            let names = if named.is_empty() { flat(aliases) } else { named };
            let fault = |_| Diagnostic::new(Kind::Value, pattern.span, "a group, which becomes a field", "none");
            let fields = RegexFields::of_groups(regex).map_err(fault)?;
            let format = match matches {
                Matches::First => Format::Regex(Box::new(fields)),
                Matches::All => Format::EachMatch(Box::new(fields)),
            };
            (format, names)
        }
        ParseFormat::Logfmt { alias } => (Format::Logfmt, vec![alias.node.flat_name()]),
        ParseFormat::Csv { aliases } => (Format::Csv, flat(aliases)),
        ParseFormat::Xml { path, alias } => {
            let read = XmlPath::parse(path.node.as_str()).map_err(|error| {
                // A path with escapes differs from the text of the query, so positions in it are not positions in the query.
                let as_written = path.span.end - path.span.start == path.node.as_str().len() + 2;
                let begin = path.span.start + 1;
                let span = Span::new(begin + error.place.start, begin + error.place.end);
                let span = if as_written && error.place.start < error.place.end { span } else { path.span };
                Diagnostic::new(Kind::Unsupported, span, error.expected, "another form of XPath")
                    .hint("this service runs steps such as '/event/level', '//item[2]/@id' and '//item[@id=\"7\"]'")
            })?;
            (Format::Xml(read), vec![alias.node.flat_name()])
        }
    };
    let mut slots = Vec::with_capacity(names.len());
    for name in names {
        let slot = builder.define(name.as_str());
        builder.show(name, Access::Slot(slot));
        slots.push(slot);
    }
    builder.add(Parse { input, format, slots, groups: GroupBuffer::default(), texts: Vec::new() });
    Ok(())
}

#[derive(Debug, Clone)]
struct Parse {
    input: Access,
    format: Format,
    slots: Vec<Slot>,
    groups: GroupBuffer,
    /// The values of the groups for the row. Their buffers are returned after the row, for the next one.
    texts: Vec<Value>,
}

#[derive(Debug, Clone)]
enum Format {
    Glob(Glob),
    Regex(Box<RegexFields>),
    EachMatch(Box<RegexFields>),
    Logfmt,
    Csv,
    Xml(XmlPath),
}

impl Parse {
    /// The rows of new values of a text: one, or any number with `multi`.
    fn values(&self, text: &str) -> Result<Vec<Vec<Value>>, QueryError> {
        let texts = |parts: Vec<Option<&str>>| parts.into_iter().map(Value::from).collect::<Vec<_>>();
        let row = match &self.format {
            Format::Glob(glob) => glob.captures(text).map(|parts| parts.into_iter().map(Value::from).collect()),
            Format::Regex(regex) => regex.first(text)?.map(texts),
            Format::Logfmt => logfmt::parse(text).map(|map| vec![map]),
            Format::Xml(path) => path.find(text).map(|found| vec![found.into()]),
            Format::Csv => {
                Some(csv::columns(text).take(self.slots.len()).map(|column| Value::Text(column.into_owned())).collect())
            }
            Format::EachMatch(regex) => {
                let found = regex.all(text)?;
                if !found.complete {
                    let message = "`parse … multi` has too many matches in one text: use a longer expression".to_owned();
                    return Err(QueryError::Limit { message, span: None });
                }
                return Ok(found.rows.into_iter().map(texts).collect());
            }
        };
        Ok(row.into_iter().collect())
    }

    /// The first match of an expression, without an allocation for each row.
    fn push_first(&mut self, row: &mut Row<'_>, next: &mut Next<'_>) -> Result<Flow, QueryError> {
        let Format::Regex(regex) = &self.format else { return Err(QueryError::Bug("another format")) };
        self.texts.resize_with(self.slots.len(), Value::default);
        let is_found = match row.text(&self.input) {
            Some(text) => {
                let is_found = regex.first_into(&text, &mut self.groups)?;
                for (value, range) in self.texts.iter_mut().zip(self.groups.ranges()) {
                    write(value, range.clone().and_then(|range| text.get(range)));
                }
                is_found
            }
            None => false,
        };
        if !is_found {
            self.set(row, Vec::new());
            return next.push(row);
        }
        self.swap(row);
        let flow = next.push(row);
        // If an operator has kept values of the row, they are no longer in it.
        self.swap(row);
        flow
    }

    /// Swaps the texts and the values at their slots in a row. Slots of the same name have the value of the last group.
    fn swap(&mut self, row: &mut Row<'_>) {
        for (slot, value) in self.slots.iter().zip(&mut self.texts) {
            if row.values.len() <= slot.index() {
                row.values.resize_with(slot.index() + 1, Value::default);
            }
            if let Some(place) = row.values.get_mut(slot.index()) {
                std::mem::swap(place, value);
            }
        }
    }

    fn set(&self, row: &mut Row<'_>, values: Vec<Value>) {
        let values = values.into_iter().chain(std::iter::repeat(Value::Missing));
        for (slot, value) in self.slots.iter().zip(values) {
            row.set(*slot, value);
        }
    }
}

/// Longer texts are not kept for the next row.
const LONGEST_KEPT: usize = 4 << 10;

/// Turns a text into a value, in the buffer of the previous text.
fn write(value: &mut Value, text: Option<&str>) {
    match (value, text) {
        (Value::Text(buffer), Some(text)) if buffer.capacity() <= LONGEST_KEPT => {
            buffer.clear();
            buffer.push_str(text);
        }
        (value, text) => *value = text.into(),
    }
}

impl Operator for Parse {
    fn push(&mut self, row: &mut Row<'_>, next: &mut Next<'_>) -> Result<Flow, QueryError> {
        if matches!(self.format, Format::Regex(_)) {
            return self.push_first(row, next);
        }
        let found = match row.text(&self.input) {
            Some(text) => self.values(&text)?,
            None => Vec::new(),
        };
        if found.is_empty() {
            self.set(row, Vec::new());
            return next.push(row);
        }
        push_each(row, found, |row, values| self.set(row, values), next)
    }

    fn fork(&self) -> Box<dyn Operator> {
        Box::new(self.clone())
    }
}
