//! Comparisons: an operator and its right side, in JSON and in space-delimited patterns.
//!
//! - Text: in double quotes, or without if it has only letters, digits, `_`, `.` and `*`. The page requires quotes around
//!   characters other than letters, digits and `_`, but shows `123.123.*` and `*.html*` without; no other form is accepted.
//! - `*` at the beginning or end of text stands for any text, also in quotes; elsewhere it is the character.
//! - A number without quotes is a number, in quotes it is text. `<`, `<=`, `>` and `>=` compare only numbers.
//! - `%regex%`, at most two in a pattern, with `=` and `!=`.

use logmark_diagnostics::{Diagnostic, Kind, Span, Spanned};

use super::cursor::is_blank;
use super::numbers::{self, Reading};
use super::{Parser, is_word, words};
use crate::ast::{Comparison, Operand, Operator, Wildcard};
use crate::limits::MAX_REGEXES;

/// Whether this text can be written without quotes and is read as text.
pub(crate) fn is_bare(text: &str) -> bool {
    let allowed = |character: char| is_word(character) || matches!(character, '.' | '*');
    // Dots alone would be read as `...`.
    let meaning = |character: char| is_word(character) || character == '*';
    text.chars().all(allowed) && text.chars().any(meaning) && numbers::read(text) == Reading::NotNumber
}

/// Text with its `*` as written.
pub(crate) fn wildcard(text: &str) -> Wildcard {
    if text == "*" {
        return Wildcard { open_start: true, text: String::new(), open_end: true };
    }
    let (open_start, rest) = text.strip_prefix('*').map_or((false, text), |rest| (true, rest));
    let (open_end, rest) = rest.strip_suffix('*').map_or((false, rest), |rest| (true, rest));
    Wildcard { open_start, text: rest.to_owned(), open_end }
}

impl Operator {
    /// Compares any values for equality, not the order of numbers.
    pub(crate) const fn is_equality(self) -> bool {
        matches!(self, Self::Equal | Self::NotEqual)
    }

    /// The operator as written.
    pub(crate) const fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

impl Parser<'_> {
    /// The next operator and its value. `None`: reported.
    pub(super) fn comparison(&mut self, closer: char) -> Option<Comparison> {
        let operator = self.operator();
        self.cursor.skip_blanks();
        let start = self.cursor.at();
        let operand = self.operand(closer)?;
        let value = Spanned::new(operand, self.cursor.since(start));
        let operator = operator?;
        if !operator.is_equality() && !matches!(value.node, Operand::Number(_)) {
            self.report(self.not_ordered(operator, &value));
            return None;
        }
        Some(Comparison { operator, value })
    }

    fn not_ordered(&self, operator: Operator, value: &Spanned<Operand>) -> Diagnostic {
        let sign = operator.sign();
        let fault = Diagnostic::new(Kind::Value, value.span, format!("a number after `{sign}`"), self.found(value.span));
        let hint = match &value.node {
            Operand::Text(text)
                if matches!(numbers::read(&text.text), Reading::Number(_)) && !text.open_start && !text.open_end =>
            {
                format!("write the number without quotes: `{sign} {}`", text.text)
            }
            Operand::Regex(_) => "regular expressions go with `=` and `!=`".to_owned(),
            _ => format!("`{sign}` compares numbers; compare text with `=` and `!=`"),
        };
        fault.hint(hint)
    }

    fn operand(&mut self, closer: char) -> Option<Operand> {
        let start = self.cursor.at();
        match self.cursor.peek() {
            Some('"') => Some(Operand::Text(wildcard(&self.quoted()?))),
            Some('%') => {
                let regex = self.regex();
                self.regexes += 1;
                if self.regexes > MAX_REGEXES {
                    let span = self.cursor.since(start);
                    let expected = format!("at most {MAX_REGEXES} regular expressions in a pattern");
                    let fault = Diagnostic::new(Kind::Limit, span, expected, self.found(span));
                    self.report(fault.hint("join alternatives in one expression, as in `%a|b%`, or use text with `*`"));
                }
                regex.map(Operand::Regex)
            }
            _ => self.bare(closer),
        }
    }

    /// A value without quotes.
    fn bare(&mut self, closer: char) -> Option<Operand> {
        let start = self.cursor.at();
        let ends = |character: char| {
            is_blank(character)
                || matches!(character, ')' | '&' | '|')
                || character == closer
                || (closer == ']' && character == ',')
        };
        let word = self.cursor.take_while(|character| !ends(character));
        let span = self.cursor.since(start);
        if word.is_empty() {
            let fault = self.fault_here(Kind::Syntax, "a value after the operator");
            self.report(fault.hint("for no text write `\"\"`, for any value `*`"));
            return None;
        }
        match numbers::read(word) {
            Reading::Number(number) => return Some(Operand::Number(number)),
            Reading::Malformed => {
                let fault = Diagnostic::new(Kind::Value, span, "a number like `5` or `0.5`", self.found(span));
                self.report(
                    fault.hint(format!("write digits on both sides of the point; for the text write {}", words::in_quotes(word))),
                );
                return None;
            }
            Reading::OutOfRange => {
                let fault = Diagnostic::new(Kind::Value, span, "a number that a 64-bit float holds", self.found(span));
                self.report(fault.hint(format!("for the text write {}", words::in_quotes(word))));
                return None;
            }
            Reading::NotNumber if is_bare(word) => return Some(Operand::Text(wildcard(word))),
            Reading::NotNumber => {}
        }
        let fault = self.not_bare(span, closer);
        self.cursor.skip_to(fault.span.end.max(span.end));
        self.report(fault);
        None
    }

    fn not_bare(&self, span: Span, closer: char) -> Diagnostic {
        let text = self.cursor.text();
        let word = span.of(text);
        let first = word.chars().next().unwrap_or_default();
        // The text up to the closing quote, and the position after it.
        let closed = |quote: char| {
            let from = span.start + first.len_utf8();
            let end = text.get(from..)?.find(quote)? + from;
            Some((text.get(from..end)?, Span::new(span.start, end + quote.len_utf8())))
        };
        let partner = match first {
            '\'' | '`' | '/' => Some(first),
            '“' | '”' | '„' => Some('”'),
            '‘' | '’' => Some('’'),
            _ => None,
        };
        let expected = "text in double quotes, a number or a `%regex%`";
        let fault = |span, hint| Diagnostic::new(Kind::Lexical, span, expected, self.found(span)).hint(hint);
        if let Some((inside, whole)) = partner.and_then(closed) {
            let hint = match first {
                '/' if inside.is_empty() || whole.end < span.end => {
                    format!("put other characters in double quotes: {}", words::in_quotes(word))
                }
                '/' => format!("write a regular expression between percent signs: `%{inside}%`"),
                '\'' | '`' => format!("write text in double quotes: {}", words::in_quotes(inside)),
                _ => format!("these are typographic quotes; write {}", words::in_quotes(inside)),
            };
            let whole = if first == '/' { span } else { whole };
            return fault(whole, hint);
        }
        if closer == '}' && (word.ends_with([',', ';'])) {
            let last = Span::new(span.end - 1, span.end);
            return Diagnostic::new(Kind::Syntax, last, "`&&`, `||` or `}`", self.found(last))
                .hint("conditions are joined with `&&` or `||`");
        }
        let listed = if first == '(' { text.get(span.start..).and_then(|rest| rest.find(')')) } else { None };
        let span = listed.map_or(span, |end| Span::new(span.start, span.start + end + 1));
        let fault = |hint| Diagnostic::new(Kind::Lexical, span, expected, self.found(span)).hint(hint);
        let hint = match first {
            '$' if word.starts_with("$.") => "a property is compared with a value, not with another property".to_owned(),
            '(' => "one value follows the operator; for several values repeat the condition and join with `||`".to_owned(),
            '[' if closer == '}' => {
                "a property is compared with one value; for one of several join conditions with `||`".to_owned()
            }
            '=' | '<' | '>' | '!' => {
                format!("write one operator before the value; for the text write {}", words::in_quotes(word))
            }
            '0'..='9' if word.trim_start_matches(|digit: char| digit.is_ascii_digit() || digit == '.') == "%" => {
                "numbers have no unit: leave out `%`".to_owned()
            }
            '-' | '+' | '.' | '0'..='9' if word.contains(',') => "numbers have no separators".to_owned(),
            _ => format!("put other characters in double quotes: {}", words::in_quotes(word)),
        };
        fault(hint)
    }
}
