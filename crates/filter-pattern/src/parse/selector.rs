//! Selectors of JSON properties: `$.name`, `$.a.b[0]`, `$.['na.me']`, `$.list[*]`, `$.*`.
//!
//! - A name has letters, digits, `_` and `-`. Other names are written in `['…']`, with any characters except `'` and `\`.
//! - `[…]` with a number or `*` follows a name or another `[…]`.
//! - One wildcard in a selector, three in a pattern.

use logmark_diagnostics::{Diagnostic, Kind, Spanned, quoted as in_backticks};

use super::cursor::is_blank;
use super::{Parser, is_word};
use crate::ast::{Selector, Step};
use crate::limits::MAX_WILDCARDS;

/// Whether a character is allowed in a name without brackets.
pub(crate) const fn is_name(character: char) -> bool {
    is_word(character) || character == '-'
}

/// Whether a character is allowed in a name in brackets and quotes.
pub(crate) const fn is_bracketed_name(character: char) -> bool {
    !matches!(character, '\'' | '\\')
}

impl Parser<'_> {
    /// The next selector. `None`: reported.
    pub(super) fn selector(&mut self) -> Option<Spanned<Selector>> {
        let start = self.cursor.at();
        if !self.cursor.eat("$") {
            self.report(self.not_a_selector());
            return None;
        }
        if !self.cursor.rest().starts_with('.') {
            let fault = self.fault_here(Kind::Syntax, "`.` and a property's name after `$`");
            let word: String = self.cursor.rest().chars().take_while(|character| is_name(*character)).collect();
            let hint = match self.cursor.peek() {
                Some('[') if self.cursor.rest().starts_with("['") => {
                    "a name in brackets follows a point: `$.['name']`".to_owned()
                }
                Some('[') => "the index of an element follows the name of the array: `$.list[0]`".to_owned(),
                _ if word.is_empty() => "as in `$.status`".to_owned(),
                _ => format!("write `$.{word}`"),
            };
            self.report(fault.hint(hint));
            return None;
        }
        let mut steps = Vec::new();
        loop {
            let step = match self.cursor.peek() {
                Some('.') => self.named_step()?,
                Some('[') => self.indexed_step()?,
                _ => break,
            };
            steps.push(step);
        }
        let span = self.cursor.since(start);
        let wildcards = steps.iter().filter(|step| matches!(step, Step::AnyIndex | Step::AnyName)).count();
        self.wildcards += wildcards;
        let excess = if wildcards > 1 {
            Some(("one wildcard in a selector".to_owned(), "name the other steps, or select elements by their number"))
        } else if wildcards == 1 && self.wildcards > MAX_WILDCARDS {
            Some((
                format!("at most {MAX_WILDCARDS} selectors with a wildcard in a pattern"),
                "name the property or the element's number",
            ))
        } else {
            None
        };
        if let Some((expected, hint)) = excess {
            // The selector is well formed, so the text after it is parsed as usual.
            self.report(Diagnostic::new(Kind::Limit, span, expected, self.found(span)).hint(hint));
        }
        if let Some(next) = self.cursor.peek()
            && !is_blank(next)
            && !matches!(next, '=' | '!' | '<' | '>' | '~' | ')' | '}' | '&' | '|' | '(' | ',')
        {
            self.report(self.odd_name(start));
            return None;
        }
        Some(Spanned::new(Selector { steps }, span))
    }

    /// `.name`, `.['name']`, `.*`
    fn named_step(&mut self) -> Option<Step> {
        let start = self.cursor.at();
        self.cursor.bump();
        if self.cursor.eat("*") {
            return Some(Step::AnyName);
        }
        if self.cursor.rest().starts_with("['") {
            return self.bracketed_name();
        }
        let name = self.cursor.take_while(is_name);
        if !name.is_empty() {
            return Some(Step::Name(name.to_owned()));
        }
        let fault = self.fault_here(Kind::Syntax, "a property's name after `.`");
        let hint = match self.cursor.peek() {
            Some('.') => "recursive descent is not supported; `.*` is any property of one object".to_owned(),
            Some('[') if self.cursor.rest().starts_with("[\"") => {
                let name = self.cursor.rest()[2..].split('"').next().unwrap_or_default();
                format!("write names in brackets in single quotes: {}", in_backticks(&format!(".['{name}']")))
            }
            Some('[') => "the number of an element follows the array's name without a point: `$.list[0]`".to_owned(),
            Some(quote @ ('"' | '\'')) => {
                let name = self.cursor.rest()[1..].split(quote).next().unwrap_or_default();
                let spelling =
                    if !name.is_empty() && name.chars().all(is_name) { format!(".{name}") } else { format!(".['{name}']") };
                format!("write {}", in_backticks(&spelling))
            }
            None | Some(' ' | '\t' | '\n' | '\r' | '}' | ')' | '=' | '!' | '<' | '>') => "as in `$.status`".to_owned(),
            Some(_) => {
                self.report(self.odd_name(start + 1));
                return None;
            }
        };
        self.report(fault.hint(hint));
        None
    }

    /// The next `['name']`.
    fn bracketed_name(&mut self) -> Option<Step> {
        let start = self.cursor.at();
        self.cursor.eat("['");
        let name = self.cursor.take_while(is_bracketed_name);
        if self.cursor.eat("']") {
            if !name.is_empty() {
                return Some(Step::Name(name.to_owned()));
            }
            let span = self.cursor.since(start);
            self.report(Diagnostic::new(Kind::Value, span, "a name between the quotes", "`['']`").hint("as in `$.['na.me']`"));
            return None;
        }
        let mut fault = self.fault_here(Kind::Lexical, "`']` at the end of the name");
        if self.cursor.is_end() {
            fault.span = self.cursor.since(start);
        }
        let hint = match self.cursor.peek() {
            Some('\\') => "names in brackets have no escapes and no backslashes",
            Some('\'') => "a name in brackets has no single quotes in it, and `]` follows its end",
            _ => "as in `$.['na.me']`",
        };
        self.report(fault.hint(hint));
        None
    }

    /// `[3]`, `[*]`
    fn indexed_step(&mut self) -> Option<Step> {
        let start = self.cursor.at();
        self.cursor.bump();
        if self.cursor.eat("*]") {
            return Some(Step::AnyIndex);
        }
        let digits = self.cursor.take_while(|character| character.is_ascii_digit());
        if !digits.is_empty() && self.cursor.eat("]") {
            if let Ok(index) = digits.parse() {
                return Some(Step::Index(index));
            }
            let span = self.cursor.since(start);
            let fault = Diagnostic::new(Kind::Limit, span, format!("an element's number up to {}", u32::MAX), self.found(span));
            self.report(fault.hint("elements are numbered from 0"));
            return None;
        }
        let inside = self.cursor.take_while(|character| !is_blank(character) && !matches!(character, ']' | '}'));
        let closed = self.cursor.eat("]");
        let span = self.cursor.since(start);
        let hint = match inside.chars().next() {
            Some('\'') if digits.is_empty() => format!("a name in brackets follows a point: `.[{inside}]`"),
            Some('"') if digits.is_empty() => {
                format!("write a name in brackets after a point and in single quotes: `.['{}']`", inside.trim_matches('"'))
            }
            Some('-') => "elements are counted from the beginning, from 0".to_owned(),
            Some(':' | ',') => "one element or `[*]`: there are no ranges and no lists".to_owned(),
            Some('?') => "there are no filters in selectors; join conditions with `&&`".to_owned(),
            _ if !closed => "close it with `]`".to_owned(),
            _ => "elements are numbered from 0; `[*]` is any element".to_owned(),
        };
        self.report(Diagnostic::new(Kind::Syntax, span, "`[0]` or `[*]`", self.found(span)).hint(hint));
        None
    }

    /// A name with characters that need brackets; it begins somewhere after that byte.
    fn odd_name(&self, start: usize) -> Diagnostic {
        let text = self.cursor.text();
        let before = text.get(start..self.cursor.at()).unwrap_or_default();
        let begun = before.rfind(['.', ']']).map_or(0, |point| point + 1);
        let ends = |character: char| {
            is_blank(character) || matches!(character, '=' | '!' | '<' | '>' | '.' | '[' | ')' | '}' | '&' | '|')
        };
        let rest = self.cursor.rest();
        let name = format!("{}{}", &before[begun..], &rest[..rest.find(ends).unwrap_or(rest.len())]);
        let name = name.trim_start_matches('$').trim_matches(['"', '\'']).to_owned();
        let fault = self.fault_here(Kind::Lexical, "a name of letters, digits, `_` and `-`");
        if name.is_empty() {
            return fault.hint("write names with other characters in brackets and single quotes: `.['name']`");
        }
        fault.hint(format!("write names with other characters in brackets: {}", in_backticks(&format!(".['{name}']"))))
    }

    fn not_a_selector(&self) -> Diagnostic {
        let fault = self.fault_here(Kind::Syntax, "a condition that begins with a selector like `$.status`");
        let rest = self.cursor.rest();
        let word: String = rest
            .chars()
            .take_while(|character| is_name(*character) || matches!(character, '.' | '[' | ']' | '*' | '@'))
            .collect();
        let before = self.cursor.text().get(..self.cursor.at()).unwrap_or_default().trim_end();
        let hint = match rest.chars().next() {
            Some('}' | '&' | '|') if before.ends_with(['&', '|']) => "`&&` and `||` need a condition on each side".to_owned(),
            Some('0'..='9' | '"' | '%') if before.ends_with(['&', '|']) => {
                "repeat the selector with each value: `$.a = 1 || $.a = 2`".to_owned()
            }
            Some('}') => "to find every JSON message with a property write `{ $.name = * }`".to_owned(),
            Some('!') => "conditions cannot be negated; turn the operator round, as in `!=`".to_owned(),
            Some('"' | '\'') if rest.contains(':') => {
                "this reads like JSON; a pattern holds conditions, like `{ $.level = \"error\" }`".to_owned()
            }
            Some(quote @ ('"' | '\'')) if rest[1..].starts_with('$') => {
                let selector = rest[1..].split(quote).next().unwrap_or_default();
                format!("write selectors without quotes: {}", in_backticks(selector))
            }
            Some('"' | '\'' | '“') => {
                "to search the whole message leave out the braces; write selectors without quotes".to_owned()
            }
            Some('@') => "`@` fields are of Logs Insights; to search the whole message leave out the braces".to_owned(),
            Some('0'..='9') => "write the selector on the left: `$.status >= 400`".to_owned(),
            Some('%') => "a regular expression follows `=` or `!=`; to search the whole message leave out the braces".to_owned(),
            Some('{') => "one pair of braces surrounds the whole pattern; inside, parentheses group".to_owned(),
            Some('.') => format!("selectors begin with `$`: `${}`", word),
            _ if ["not", "exists"].contains(&word.to_ascii_lowercase().as_str()) => {
                "the selector comes first: `$.name NOT EXISTS`".to_owned()
            }
            _ if word.chars().next().is_some_and(is_name) => format!("selectors begin with `$.`: `$.{word}`"),
            _ => "as in `{ $.status = 404 }`".to_owned(),
        };
        fault.hint(hint)
    }
}
