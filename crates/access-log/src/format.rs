//! Formats: what lines look like, compiled once.

use std::borrow::Cow;

use crate::field::Field;
use crate::json::{Members, NotJson};
use crate::layout::{Encoding, Layout};
use crate::line::{Line, is_execution};
use crate::record::{MISSING, Places, Record, Values};
use crate::sequence::{Check, Match, Part, Sequence};
use crate::template::{Template, TemplateErrors};
use crate::{compile, web, xml};

/// A compiled format of access-log lines.
///
/// ```
/// use logmark_access_log::{Field, Format, Line};
///
/// let template = r#"$context.identity.sourceIp [$context.requestTime] "$context.httpMethod $context.path" $context.status $context.requestId"#;
/// let format = Format::from_template(template).unwrap();
/// let line = r#"203.0.113.7 [17/May/2015:10:05:03 +0000] "GET /pets" 200 abe3ddf0"#;
/// let Line::Access(record) = format.parse(line) else { panic!("not an access line") };
/// assert_eq!(record.status(), Some(200));
/// assert_eq!(record.text(Field::Path).as_deref(), Some("/pets"));
/// assert_eq!(record.time(), Some(1_431_857_103_000));
/// assert_eq!(format.write(&record.values()), line);
/// ```
#[derive(Debug, Clone)]
pub struct Format {
    pub(crate) name: Cow<'static, str>,
    pub(crate) layout: Layout,
    /// Literals and values, for writing.
    pub(crate) parts: Vec<Part>,
    pub(crate) shape: Shape,
    pub(crate) warnings: Vec<String>,
}

/// How lines are read.
#[derive(Debug, Clone)]
pub(crate) enum Shape {
    /// Literals and values.
    Sequence(Sequence),
    /// JSON objects.
    Json(Box<JsonShape>),
}

/// How JSON lines are read.
#[derive(Debug, Clone)]
pub(crate) struct JsonShape {
    /// Lines as API Gateway writes them, with strings that need no escapes: the fast path.
    pub(crate) plain: Option<Sequence>,
    /// Any JSON with these members.
    pub(crate) members: Members,
    /// Lines that are not JSON, by the literals of the template.
    pub(crate) by_literals: Option<Sequence>,
    /// Where values are, for queries.
    pub(crate) leaves: Vec<LeafPath>,
    /// Whether missing values make a line invalid JSON, because a variable is not in quotes.
    pub(crate) has_bare_variable: bool,
}

/// A value of a JSON object.
#[derive(Debug, Clone)]
pub(crate) struct LeafPath {
    /// The keys from the object to the value.
    pub(crate) path: Vec<String>,
    pub(crate) value: LeafValue,
}

/// What is at a path.
#[derive(Debug, Clone)]
pub(crate) enum LeafValue {
    /// A value.
    Slot(usize),
    /// Several values and literals.
    Composed(Sequence),
}

impl Format {
    /// Compiles API Gateway's own template of access logs, in any of its forms: CLF, JSON, XML, CSV or custom text.
    ///
    /// # Errors
    /// If API Gateway refuses the template, or lines of it cannot be read: all errors, with their places.
    pub fn from_template(template: &str) -> Result<Self, TemplateErrors> {
        compile::template("template".into(), Template::read(template)?)
    }

    /// The name: of a known format as the configuration writes it, or `template`, or `json`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Settings of the template that are valid, but probably not meant.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Whether lines are JSON objects.
    #[must_use]
    pub fn is_json(&self) -> bool {
        matches!(self.shape, Shape::Json(_))
    }

    /// The fields that lines of this format have, in the order of [`Field::ALL`].
    pub fn fields(&self) -> impl Iterator<Item = Field> {
        self.layout.fields()
    }

    /// Whether lines have a field.
    #[must_use]
    pub fn has(&self, field: Field) -> bool {
        self.layout.source(field).is_some()
    }

    /// Those of some fields that lines do not have.
    #[must_use]
    pub fn missing(&self, fields: &[Field]) -> Vec<Field> {
        fields.iter().copied().filter(|field| !self.has(*field)).collect()
    }

    /// Reads a line; a line end is not a part of it.
    #[must_use]
    pub fn parse<'f, 'l>(&'f self, line: &'l str) -> Line<'f, 'l> {
        let line = line.trim_end_matches(['\n', '\r']);
        match line.as_bytes().first() {
            Some(b'#') if !self.begins_with('#') => return Line::Header,
            Some(b'(') if !self.begins_with('(') && is_execution(line) => return Line::Execution,
            _ => {}
        }
        match &self.shape {
            Shape::Sequence(sequence) => {
                let mut places = self.no_places();
                match sequence.find(line, &mut places) {
                    Match::Full => Line::Access(self.record(line, places, false)),
                    Match::Cut => Line::Truncated,
                    Match::No => Line::Unparsed,
                }
            }
            Shape::Json(json) => self.parse_json(json, line),
        }
    }

    fn parse_json<'f, 'l>(&'f self, json: &JsonShape, line: &'l str) -> Line<'f, 'l> {
        let mut places = self.no_places();
        if json.plain.as_ref().is_some_and(|plain| plain.find(line, &mut places) == Match::Full) {
            return if self.is_marked(line, &places) { Line::Access(self.record(line, places, false)) } else { Line::Unparsed };
        }
        let mut places = self.no_places();
        match json.members.find(line, &mut places) {
            Ok(()) if self.is_marked(line, &places) => return Line::Access(self.record(line, places, false)),
            Ok(()) => return Line::Unparsed,
            Err(NotJson::Cut) => return Line::Truncated,
            Err(NotJson::Other) => {}
        }
        let mut places = self.no_places();
        let by_literals = json.by_literals.as_ref().map(|sequence| sequence.find(line, &mut places));
        match by_literals {
            Some(Match::Full) if self.is_marked(line, &places) => Line::Access(self.record(line, places, true)),
            Some(Match::Cut) => Line::Truncated,
            _ => Line::Unparsed,
        }
    }

    /// Whether the value that every access line has is there: the status, or else an identifier of the request.
    fn is_marked(&self, line: &str, places: &Places) -> bool {
        let value = |field: Field| {
            let crate::layout::Source::Slot(slot) = self.layout.source(field)? else { return Some("") };
            let (start, end) = places.get(slot).copied().flatten()?;
            line.get(start..end)
        };
        match self.marker() {
            Some(Field::Status) => value(Field::Status).is_some_and(|status| Check::Status.holds(status)),
            Some(field) => value(field).is_some(),
            None => places.iter().any(Option::is_some),
        }
    }

    /// The field that tells an access line from other JSON.
    pub(crate) fn marker(&self) -> Option<Field> {
        [Field::Status, Field::RequestId, Field::ExtendedRequestId].into_iter().find(|field| self.has(*field))
    }

    /// Writes a line with some values, as API Gateway does; `-` for what is missing.
    #[must_use]
    pub fn write(&self, values: &Values) -> String {
        let mut line = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(text) => line.push_str(text),
                Part::Value { slot, .. } => self.write_value(*slot, values, &mut line),
            }
        }
        line
    }

    fn write_value(&self, number: usize, values: &Values, line: &mut String) {
        let Some(slot) = self.layout.slots.get(number) else { return };
        let field = slot.variable.field().or_else(|| Field::named(slot.variable.name()));
        let plain = match field {
            Some(field) => values.fields.get(&field),
            None => values.variables.get(slot.variable.name()),
        };
        let value = plain.map(|text| Cow::Borrowed(text.as_str())).or_else(|| web::computed(slot.variable.name(), values));
        let value = value.unwrap_or(Cow::Borrowed(MISSING)).replace(['\n', '\r'], " ");
        match slot.encoding {
            Encoding::Plain => line.push_str(&value),
            Encoding::Json if slot.variable.is_quoted() && value == MISSING => line.push_str(MISSING),
            Encoding::Json if slot.variable.is_quoted() => line.push_str(&json_string(&value)),
            Encoding::Json => line.push_str(json_string(&value).trim_start_matches('"').strip_suffix('"').unwrap_or_default()),
            Encoding::Quoted => line.push_str(&quoted(&value)),
            Encoding::Xml => line.push_str(&xml::escaped(&value)),
        }
    }

    fn no_places(&self) -> Places {
        smallvec::smallvec![None; self.layout.slots.len()]
    }

    fn record<'f, 'l>(&'f self, line: &'l str, places: Places, is_repaired: bool) -> Record<'f, 'l> {
        Record { layout: &self.layout, line, places, is_json: self.is_json(), is_repaired }
    }

    fn begins_with(&self, sign: char) -> bool {
        matches!(self.parts.first(), Some(Part::Literal(text)) if text.starts_with(sign))
    }
}

fn json_string(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// A text in quotes with a backslash before each quote and each backslash that does not escape a quote or a backslash.
fn quoted(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some('"' | '\\')) => {
                written.push(c);
                written.extend(chars.next());
            }
            ('\\', None) | ('"', _) => {
                written.push('\\');
                written.push(c);
            }
            _ => written.push(c),
        }
    }
    written
}
