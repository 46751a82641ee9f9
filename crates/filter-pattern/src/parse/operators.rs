//! The operators `=`, `!=`, `<`, `<=`, `>`, `>=`, and their equivalents in other languages.

use logmark_diagnostics::{Diagnostic, Kind};

use super::Parser;
use crate::ast::Operator;

pub(super) const EXPECTED: &str = "`=`, `!=`, `<`, `<=`, `>` or `>=`";

const fn is_operator_character(character: char) -> bool {
    matches!(character, '=' | '!' | '<' | '>' | '~')
}

/// Words that other languages compare with.
const FOREIGN: [(&str, &str); 10] = [
    ("like", "for text inside write `= \"*text*\"`"),
    ("in", "for one of several values join conditions with `||`"),
    ("contains", "for text inside write `= \"*text*\"`"),
    ("matches", "for a regular expression write `= %regex%`"),
    ("startswith", "for text at the beginning write `= \"text*\"`"),
    ("endswith", "for text at the end write `= \"*text\"`"),
    ("equals", "write `=`"),
    ("eq", "write `=`"),
    ("is", "write `=`, or `IS TRUE`, `IS FALSE`, `IS NULL` for JSON"),
    ("between", "write two conditions, as in `$.a >= 1 && $.a <= 9`"),
];

/// The hint for a word in place of an operator.
pub(super) fn foreign_hint(word: &str) -> Option<&'static str> {
    FOREIGN.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|(_, hint)| *hint)
}

impl Parser<'_> {
    /// Whether the next token is an operator.
    pub(super) fn at_operator(&self) -> bool {
        self.cursor.peek().is_some_and(is_operator_character)
    }

    /// The next operator. `None`: reported.
    pub(super) fn operator(&mut self) -> Option<Operator> {
        let start = self.cursor.at();
        let written = self.cursor.take_while(is_operator_character);
        let operator = match written {
            "=" => Operator::Equal,
            "!=" => Operator::NotEqual,
            "<" => Operator::Less,
            "<=" => Operator::LessOrEqual,
            ">" => Operator::Greater,
            ">=" => Operator::GreaterOrEqual,
            _ => {
                let hint = match written {
                    "==" | "===" => "equality is one `=`",
                    "!==" | "<>" | "=!" | "!" | "!=!" | "!==!" => "inequality is `!=`",
                    "=~" | "~" | "~=" | "=~~" => "for a regular expression write `= %regex%`",
                    "!~" => "for a regular expression that must not match write `!= %regex%`",
                    "=<" | "<==" => "less or equal is `<=`",
                    "=>" | ">==" | ">>=" => "greater or equal is `>=`",
                    _ => "put a blank after the operator",
                };
                let span = self.cursor.since(start);
                self.report(Diagnostic::new(Kind::UnknownName, span, EXPECTED, self.found(span)).hint(hint));
                return None;
            }
        };
        Some(operator)
    }
}
