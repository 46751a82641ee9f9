//! The supported part of `XPath`, parsed.

use super::XmlPathError;

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    /// After `//`: descendants are included.
    pub(super) descends: bool,
    /// The nodes that the step selects.
    pub(super) test: Test,
    /// The conditions, in order.
    pub(super) conditions: Vec<Condition>,
}

/// The nodes that a step selects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Test {
    /// `.`
    Itself,
    /// `text()`
    Text,
    /// `name`, `*`
    Element(Name),
    /// `@name`, `@*`
    Attribute(Name),
}

/// A name in a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Name {
    /// `*`
    Any,
    /// `name`, with any prefix.
    Local(String),
    /// `prefix:name`
    Prefixed(String, String),
}

/// A condition between `[` and `]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Condition {
    /// `[2]`, counted from 1.
    Position(usize),
    /// `[last()]`
    Last,
    /// `[name]`, `[@name='value']`
    Has(Test, Option<String>),
}

impl Name {
    /// Whether it matches a node with this local name and prefix.
    pub(super) fn is(&self, local: &str, prefix: Option<&str>) -> bool {
        match self {
            Self::Any => true,
            Self::Local(name) => name == local,
            Self::Prefixed(before, name) => name == local && prefix == Some(before),
        }
    }
}

/// Reads a path.
pub(super) fn read(written: &str) -> Result<Vec<Step>, XmlPathError> {
    let mut reader = Reader { written, place: written.len() - written.trim_start().len(), end: written.trim_end().len() };
    let mut steps = Vec::new();
    let mut descends = false;
    if reader.take("//") {
        descends = true;
    } else {
        // A path without it also begins at the root.
        reader.take("/");
    }
    loop {
        let test = reader.test()?;
        let mut conditions = Vec::new();
        while reader.take("[") {
            conditions.push(reader.condition()?);
        }
        let is_element = matches!(test, Test::Element(_) | Test::Itself);
        steps.push(Step { descends, test, conditions });
        if reader.rest().is_empty() {
            return Ok(steps);
        }
        if !is_element {
            return Err(reader.expected("the end of the path"));
        }
        descends = reader.take("//");
        if !descends && !reader.take("/") {
            return Err(reader.expected("`/`, `//`, `[` or the end of the path"));
        }
    }
}

struct Reader<'w> {
    written: &'w str,
    /// The next byte.
    place: usize,
    /// The end of the path.
    end: usize,
}

impl<'w> Reader<'w> {
    fn rest(&self) -> &'w str {
        self.written.get(self.place..self.end).unwrap_or_default()
    }

    fn take(&mut self, wanted: &str) -> bool {
        let found = self.rest().starts_with(wanted);
        if found {
            self.place += wanted.len();
        }
        found
    }

    fn skip_blanks(&mut self) {
        self.place += self.rest().len() - self.rest().trim_start().len();
    }

    fn expected(&self, expected: &'static str) -> XmlPathError {
        let width = self.rest().chars().next().map_or(0, char::len_utf8);
        XmlPathError { place: self.place..self.place + width, expected }
    }

    fn test(&mut self) -> Result<Test, XmlPathError> {
        if self.take("@") {
            return self.name().map(Test::Attribute);
        }
        if self.take("text()") {
            return Ok(Test::Text);
        }
        let is_dot = self.rest().starts_with('.') && !self.rest().starts_with("..");
        if is_dot && self.take(".") {
            return Ok(Test::Itself);
        }
        self.name().map(Test::Element)
    }

    fn name(&mut self) -> Result<Name, XmlPathError> {
        if self.take("*") {
            return Ok(Name::Any);
        }
        let first = self.part()?;
        let is_axis = self.rest().starts_with("::");
        let name = if !is_axis && self.take(":") { Name::Prefixed(first, self.part()?) } else { Name::Local(first) };
        match self.rest().chars().next() {
            Some('(' | ':') => Err(self.expected("the end of a name: functions and axes are not supported")),
            _ => Ok(name),
        }
    }

    /// A name without a prefix.
    fn part(&mut self) -> Result<String, XmlPathError> {
        const EXPECTED: &str = "a name, `*`, `@` or `text()`";
        let rest = self.rest();
        let is_part = |character: char| character.is_alphanumeric() || "_-.".contains(character);
        let length = rest.find(|character| !is_part(character)).unwrap_or(rest.len());
        if !rest.starts_with(|first: char| first.is_alphabetic() || first == '_') {
            return Err(self.expected(EXPECTED));
        }
        self.place += length;
        Ok(rest[..length].to_owned())
    }

    /// A condition whose `[` was read, with its `]`.
    fn condition(&mut self) -> Result<Condition, XmlPathError> {
        const EXPECTED: &str = "a condition such as `[2]`, `[last()]`, `[name]` or `[@name='text']`";
        self.skip_blanks();
        let rest = self.rest();
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let condition = if digits > 0 {
            let position = rest[..digits].parse().ok().filter(|position| *position > 0);
            let position = position.ok_or_else(|| self.expected("a position from 1"))?;
            self.place += digits;
            Condition::Position(position)
        } else if self.take("last()") {
            Condition::Last
        } else {
            let test = self.test()?;
            self.skip_blanks();
            let value = if self.take("=") { Some(self.literal()?) } else { None };
            Condition::Has(test, value)
        };
        self.skip_blanks();
        if self.take("]") { Ok(condition) } else { Err(self.expected(EXPECTED)) }
    }

    /// `'text'`, `"text"`
    fn literal(&mut self) -> Result<String, XmlPathError> {
        self.skip_blanks();
        let rest = self.rest();
        let quote = rest.chars().next().filter(|quote| matches!(quote, '\'' | '"'));
        let text = quote.and_then(|quote| rest[1..].split_once(quote)).map(|(text, _)| text);
        let text = text.ok_or_else(|| self.expected("a text in quotes"))?;
        self.place += text.len() + 2;
        Ok(text.to_owned())
    }
}
