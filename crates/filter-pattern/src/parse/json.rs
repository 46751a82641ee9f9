//! Patterns for JSON messages: `{ $.status >= 500 && ($.path = "/pay*" || $.user IS NULL) }`.
//!
//! Keywords are written in capitals, as everywhere on AWS's pages: filter patterns are case sensitive. `IS NOT` and
//! `EXISTS` alone "currently aren't supported".

use logmark_diagnostics::{Diagnostic, Kind};

use super::condition::Tests;
use super::{Parser, is_word, operators};
use crate::ast::{JsonPredicate, JsonTest, Pattern};

/// Tests of properties.
#[derive(Debug)]
struct JsonTests;

impl Tests for JsonTests {
    type Test = JsonTest;

    const CLOSER: char = '}';

    fn test(&mut self, parser: &mut Parser<'_>) -> Option<JsonTest> {
        let start = parser.cursor.at();
        let selector = parser.selector()?;
        parser.cursor.skip_blanks();
        let predicate = match parser.at_operator() {
            true => JsonPredicate::Compare(parser.comparison(Self::CLOSER)?),
            false => parser.keywords(selector.span.of(parser.cursor.text()))?,
        };
        Some(JsonTest { selector, predicate, span: parser.cursor.since(start) })
    }

    fn example(&self) -> String {
        "$.status = 404".to_owned()
    }
}

impl Parser<'_> {
    /// The pattern after the next `{`. `None`: reported.
    pub(super) fn json(&mut self) -> Option<Pattern> {
        let start = self.cursor.at();
        self.cursor.eat("{");
        let condition = self.condition(&mut JsonTests, 0);
        self.cursor.skip_blanks();
        if self.cursor.eat("}") {
            self.expect_end("}");
            return condition.map(Pattern::Json);
        }
        if self.cursor.is_end() {
            let fault = self.fault_here(Kind::Syntax, "`}`");
            self.report(fault.hint(format!("it closes the `{{` at column {}", self.column(start))));
        } else {
            let fault = self.fault_here(Kind::Syntax, "`}`");
            self.report(fault.hint("no parenthesis is open here"));
        }
        None
    }

    /// `IS TRUE`, `IS FALSE`, `IS NULL` or `NOT EXISTS`. `None`: reported.
    fn keywords(&mut self, selector: &str) -> Option<JsonPredicate> {
        let start = self.cursor.at();
        let first = self.cursor.take_while(is_word);
        let after_first = self.cursor;
        self.cursor.skip_blanks();
        let second = self.cursor.take_while(is_word);
        let predicate = match (first, second) {
            ("IS", "TRUE") => Some(JsonPredicate::IsTrue),
            ("IS", "FALSE") => Some(JsonPredicate::IsFalse),
            ("IS", "NULL") => Some(JsonPredicate::IsNull),
            ("NOT", "EXISTS") => Some(JsonPredicate::NotExists),
            _ => None,
        };
        if predicate.is_some() {
            return predicate;
        }
        let (kind, hint) = match (first.to_ascii_uppercase().as_str(), second.to_ascii_uppercase().as_str()) {
            ("IS", "NOT") => {
                let third = self.cursor;
                self.cursor.skip_blanks();
                let value = self.cursor.take_while(is_word).to_ascii_uppercase();
                let hint = match value.as_str() {
                    "TRUE" => format!("`IS NOT` is not supported; write `{selector} IS FALSE`"),
                    "FALSE" => format!("`IS NOT` is not supported; write `{selector} IS TRUE`"),
                    "NULL" => format!("`IS NOT` is not supported; `{selector} = *` holds for any text or number"),
                    _ => {
                        self.cursor = third;
                        "`IS NOT` is not supported; `!=` compares text and numbers".to_owned()
                    }
                };
                (Kind::Unsupported, hint)
            }
            ("IS", "TRUE" | "FALSE" | "NULL") | ("NOT", "EXISTS") => {
                let capitals = format!("{first} {second}").to_ascii_uppercase();
                (Kind::UnknownName, format!("keywords are written in capitals: `{selector} {capitals}`"))
            }
            ("EXISTS", _) => {
                self.cursor = after_first;
                (Kind::Unsupported, format!("`EXISTS` is not supported; `{selector} = *` holds for any text or number"))
            }
            (_, "IN" | "LIKE") if first.eq_ignore_ascii_case("not") => (
                Kind::UnknownName,
                "for text that is not inside write `!= \"*text*\"`; join several conditions with `&&`".to_owned(),
            ),
            ("IS", "") => {
                self.cursor = after_first;
                (Kind::Syntax, "`IS` takes only `TRUE`, `FALSE` and `NULL`; compare other values with `=`".to_owned())
            }
            ("IS", _) => (Kind::Syntax, "`IS` takes only `TRUE`, `FALSE` and `NULL`; compare other values with `=`".to_owned()),
            ("NOT", _) => (Kind::Syntax, format!("write `{selector} NOT EXISTS`, or compare with `!=`")),
            ("", _) => {
                self.cursor = after_first;
                (Kind::Syntax, self.no_operator(selector))
            }
            _ => {
                self.cursor = after_first;
                match operators::foreign_hint(first) {
                    Some(hint) => (Kind::UnknownName, hint.to_owned()),
                    None => (Kind::Syntax, format!("as in `{selector} = \"{first}\"`")),
                }
            }
        };
        let span = match first {
            "" => self.cursor.next_run(),
            _ => self.cursor.since(start),
        };
        let expected = "an operator like `=`, or `IS TRUE`, `IS FALSE`, `IS NULL`, `NOT EXISTS`";
        self.report(Diagnostic::new(kind, span, expected, self.found(span)).hint(hint));
        None
    }

    /// The hint for a missing operator without a word in its place.
    fn no_operator(&self, selector: &str) -> String {
        match self.cursor.peek() {
            Some(':') => "conditions compare with `=`, not `:`".to_owned(),
            Some('(') => "there are no functions in filter patterns".to_owned(),
            Some('"' | '%' | '0'..='9') => format!("put an operator before the value: `{selector} = …`"),
            Some('.' | '[') => "a selector has no blanks in it".to_owned(),
            _ => format!("for any text or number write `{selector} = *`"),
        }
    }
}
