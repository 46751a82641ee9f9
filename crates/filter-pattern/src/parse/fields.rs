//! Patterns for space-delimited messages: `[ip, user, ..., status = 4* && status != 404, bytes]`.
//!
//! - Fields are separated by commas. Nothing between two commas, or at the end, is any one field.
//! - `...` is any number of fields. At most one is allowed.
//! - A condition is written at its own field and repeats its name; it may be in parentheses.

use logmark_diagnostics::{Diagnostic, Kind, Span, Spanned};

use super::condition::Tests;
use super::cursor::is_blank;
use super::selector::is_name;
use super::{Parser, operators};
use crate::ast::{Field, FieldTest, Fields, NamedField, Pattern};

/// Tests of one field.
#[derive(Debug, Default)]
struct FieldTests {
    /// The name in the first test.
    name: Option<Spanned<String>>,
}

impl Tests for FieldTests {
    type Test = FieldTest;

    const CLOSER: char = ']';

    fn test(&mut self, parser: &mut Parser<'_>) -> Option<FieldTest> {
        let start = parser.cursor.at();
        let name = parser.field_name(self.name.as_ref().map(|name| name.node.as_str()))?;
        let own = self.name.get_or_insert_with(|| name.clone());
        parser.cursor.skip_blanks();
        let fault = match (parser.at_operator(), own.node == name.node) {
            (true, true) => None,
            (true, false) => Some(other_field(&own.node, &name)),
            (false, _) => Some(parser.no_field_operator(&own.node, &name)),
        };
        if let Some(fault) = fault {
            parser.report(fault);
            return None;
        }
        let comparison = parser.comparison(Self::CLOSER)?;
        Some(FieldTest { comparison, span: parser.cursor.since(start) })
    }

    fn example(&self) -> String {
        let name = self.name.as_ref().map_or("status", |name| name.node.as_str());
        format!("{name} = 404")
    }
}

fn other_field(own: &str, name: &Spanned<String>) -> Diagnostic {
    let fault = Diagnostic::new(Kind::Value, name.span, format!("`{own}`, the field's own name"), format!("`{}`", name.node));
    let hint = if own.eq_ignore_ascii_case(&name.node) {
        "names of fields are case sensitive"
    } else {
        "write a condition at its own field, after a comma; the conditions of all fields must hold"
    };
    fault.hint(hint)
}

impl Parser<'_> {
    /// The pattern after the next `[`. `None`: reported.
    pub(super) fn fields(&mut self) -> Option<Pattern> {
        let start = self.cursor.at();
        self.cursor.eat("[");
        let mut fields = Vec::new();
        loop {
            self.cursor.skip_blanks();
            if let Some(field) = self.field() {
                fields.push(field);
            } else {
                self.recover_field();
            }
            self.cursor.skip_blanks();
            if !self.cursor.eat(",") {
                break;
            }
        }
        if !self.cursor.eat("]") {
            let fault = self.fault_here(Kind::Syntax, "`]`");
            let hint = match self.cursor.peek() {
                None => format!("it closes the `[` at column {}", self.column(start)),
                Some(_) => "no parenthesis is open here".to_owned(),
            };
            self.report(fault.hint(hint));
            return None;
        }
        let span = self.cursor.since(start);
        // `[]` has no field: in AWS's API reference it matches every event (TestMetricFilter).
        if matches!(fields.as_slice(), [Field::Empty(_)]) {
            fields.clear();
        }
        let ellipses = fields.iter().filter_map(|field| if let Field::Ellipsis(span) = field { Some(*span) } else { None });
        if let Some(second) = ellipses.clone().nth(1) {
            let fault = Diagnostic::new(Kind::Syntax, second, "one `...` in a pattern", "a second one");
            self.report(fault.hint("name the fields, or leave them empty between commas"));
        }
        self.expect_end("]");
        Some(Pattern::Fields(Fields { fields, span }))
    }

    /// One field. `None`: reported.
    fn field(&mut self) -> Option<Field> {
        let start = self.cursor.at();
        match self.cursor.peek() {
            Some(',' | ']') => return Some(Field::Empty(Span::at(start))),
            Some('.') => return self.ellipsis(),
            Some('(') | None => {}
            Some(_) => {
                let before = self.cursor;
                let name = self.field_name(None)?;
                self.cursor.skip_blanks();
                if matches!(self.cursor.peek(), None | Some(',' | ']')) {
                    return Some(Field::Named(NamedField { name, condition: None }));
                }
                self.cursor = before;
            }
        }
        if self.cursor.is_end() {
            let fault = self.fault_here(Kind::Syntax, "a field's name or `]`");
            self.report(fault.hint("as in `[ip, user, ..., status = 404]`"));
            return None;
        }
        let mut tests = FieldTests::default();
        let condition = self.condition(&mut tests, 0)?;
        tests.name.map(|name| Field::Named(NamedField { name, condition: Some(condition) }))
    }

    fn ellipsis(&mut self) -> Option<Field> {
        let start = self.cursor.at();
        let dots = self.cursor.take_while(|character| character == '.');
        let span = self.cursor.since(start);
        let next = self.cursor.peek();
        if dots == "..." && next.is_none_or(|next| is_blank(next) || matches!(next, ',' | ']')) {
            return Some(Field::Ellipsis(span));
        }
        let span = Span::new(start, self.cursor.next_run().end.max(span.end));
        let hint = match dots {
            "..." => "`...` has no name and no condition; put a comma after it",
            _ => "any number of fields is three dots",
        };
        self.report(Diagnostic::new(Kind::Syntax, span, "`...`", self.found(span)).hint(hint));
        None
    }

    /// A field's name; the name that the condition has so far makes a better hint. `None`: reported.
    fn field_name(&mut self, own: Option<&str>) -> Option<Spanned<String>> {
        let start = self.cursor.at();
        let name = self.cursor.take_while(is_name);
        let next = self.cursor.peek();
        let ended =
            next.is_none_or(|next| is_blank(next) || matches!(next, ',' | ']' | ')' | '=' | '!' | '<' | '>' | '~' | '&' | '|'));
        if !name.is_empty() && ended && !name.starts_with('-') {
            return Some(Spanned::new(name.to_owned(), self.cursor.since(start)));
        }
        let bare = self
            .cursor
            .take_while(|character| !is_blank(character) && !matches!(character, ',' | ']' | ')' | '=' | '<' | '>' | '&' | '|'));
        let span = self.cursor.since(start);
        let text = span.of(self.cursor.text());
        let hint = match (own, text.chars().next()) {
            (Some(own), _) if self.cursor.rest().starts_with([',', ']']) => format!("repeat the field's name: `{own} = {text}`"),
            (_, Some('$')) => format!("fields are named without `$`: `{}`", text.trim_start_matches(['$', '.'])),
            (_, Some('"' | '\'')) => {
                format!("a value follows a name and an operator: `name = \"{}\"`", text.trim_matches(['"', '\'']))
            }
            (_, Some('%')) => format!("a regular expression follows a name and an operator: `name = {text}`"),
            (_, Some('*')) => {
                "a field that may be anything has a name, or nothing between its commas; `...` is any number of fields".to_owned()
            }
            (_, Some('…')) => "any number of fields is three dots: `...`".to_owned(),
            (_, Some('!')) => "conditions cannot be negated; turn the operator round, as in `!=`".to_owned(),
            (_, Some('{' | '[')) => format!(
                "a pattern in `[ ]` holds names of fields; to look for the text write {}",
                super::words::in_quotes(self.cursor.text().trim())
            ),
            (_, Some('=' | '<' | '>') | None) => "write the name of the field before the operator: `status = 404`".to_owned(),
            _ if bare.ends_with(';') => "fields are separated by commas".to_owned(),
            _ if bare.starts_with(':') => "conditions compare with `=`, not `:`".to_owned(),
            _ => {
                let plain: String =
                    text.chars().map(|character| if super::is_word(character) { character } else { '_' }).collect();
                let plain = super::words::shortened(&plain);
                format!("names are free to choose: `{plain}`; to look for text in square brackets put the whole in double quotes")
            }
        };
        let found = if span.start == span.end { self.cursor.next_run() } else { span };
        let fault = Diagnostic::new(Kind::Lexical, found, "a field's name of letters, digits, `_` and `-`", self.found(found));
        self.report(fault.hint(hint));
        None
    }

    /// A name is followed by no operator.
    fn no_field_operator(&self, own: &str, name: &Spanned<String>) -> Diagnostic {
        let run = self.cursor.next_run();
        let word = run.of(self.cursor.text());
        let hint = match word {
            _ if own != name.node => format!("repeat the field's name with each value: `{own} = {}`", name.node),
            "IS" | "NOT" | "EXISTS" => "`IS` and `NOT EXISTS` go with properties of JSON only".to_owned(),
            ":" => "conditions compare with `=`, not `:`".to_owned(),
            "" | "," | "]" | ")" | "&&" | "||" | "&" | "|" => {
                format!("in a condition repeat the field's name with each value: `{} = 404`", name.node)
            }
            _ => operators::foreign_hint(word).map_or_else(|| "fields are separated by commas".to_owned(), str::to_owned),
        };
        let run = if run.start == run.end || matches!(word, "," | "]") { name.span } else { run };
        let expected = format!("{} after the field's name", operators::EXPECTED);
        Diagnostic::new(Kind::Syntax, run, expected, self.found(run)).hint(hint)
    }

    /// Reads on to the next comma or the end of the pattern.
    fn recover_field(&mut self) {
        loop {
            self.recover(']');
            if self.cursor.is_end() || self.cursor.rest().starts_with([',', ']']) {
                return;
            }
            self.cursor.bump();
        }
    }
}
