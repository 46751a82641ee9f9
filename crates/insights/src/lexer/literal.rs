//! Tokens with a beginning and an end, and numbers.
//!
//! CloudWatch does not document the meaning of `\` between quotes. Here `\` before a quote makes the quote part of the text,
//! `\\` is one `\`, and `\n`, `\r`, `\t` have their usual meaning; before any other character `\` is itself, so that `"\d"`
//! is `\d`.
//!
//! If a text ended at another position for CloudWatch, commands could be hidden in it. Literals whose end is ambiguous are
//! therefore refused: `\'` between `'` (no query in use has it; `\"` between `"` is in use); `\\` at the end of a literal when
//! its closing character occurs again later; a name in backticks that ends in `\`; and a line break in a literal after one
//! with a `#`, because no page says that a comment cannot begin between quotes.

use logmark_diagnostics::{Diagnostic, Kind, Span, quoted};

use super::{Lexer, is_name};
use crate::token::TokenKind;

impl Lexer<'_> {
    /// `"text"`
    pub(super) fn text(&mut self, quote: char) {
        match self.closed_by(quote, 1) {
            Some(length) if quote == '\'' && self.rest()[..length - 1].contains("\\'") => {
                self.doubtful(length, "put a text with `'` in it between `\"`");
            }
            Some(length) if self.may_go_on(quote, length) => {
                self.doubtful(length, "write `like /…[\\\\]$/`, or put the other texts in the other kind of quotes");
            }
            Some(length) => self.literal(TokenKind::Text, length),
            None => self.unfinished(
                "the text",
                &format!("`{quote}`"),
                "a text ends at the next quote of the same kind; `\\` before a quote makes it part of the text",
            ),
        }
    }

    /// `/re/`
    pub(super) fn regex(&mut self) {
        match self.closed_by('/', 1) {
            Some(2) => {
                let span = Span::new(self.position, self.position + 2);
                let fault = Diagnostic::new(Kind::Lexical, span, "a regular expression between `/` and `/`", "none");
                self.fault(fault.hint("a comment begins with `#`; to match anything, leave the condition out"));
                self.push(TokenKind::Bad, 2);
            }
            Some(length) if self.may_go_on('/', length) => self.doubtful(length, "write `[\\\\]` for the last `\\\\`"),
            Some(length) => self.literal(TokenKind::Regex, length),
            None if self.rest().starts_with("//") || self.source[..self.position].ends_with('/') => {
                self.unfinished("the regular expression", "`/`", "a comment begins with `#`");
            }
            None => self.unfinished(
                "the regular expression",
                "`/`",
                "a regular expression is written between `/` and `/`; write `\\/` for a `/` inside it",
            ),
        }
    }

    /// `` `name` ``, ``@`name` ``
    pub(super) fn quoted_name(&mut self) {
        let at = self.rest().len() - self.rest().trim_start_matches('@').len();
        let inside = self.rest().get(at + 1..).unwrap_or_default();
        let Some(length) = inside.find(['`', '\n']).filter(|end| inside[*end..].starts_with('`')) else {
            return self.unfinished("the name", "a backtick", "a name ends at the next backtick, on the same line");
        };
        let whole = at + length + 2;
        let span = Span::new(self.position, self.position + whole);
        let is_empty = inside[..length].trim_start_matches('@').is_empty();
        let control = inside[..length].chars().any(char::is_control);
        if inside[..length].ends_with('\\') {
            return self.doubtful(whole, "a name that ends in `\\` cannot be written");
        }
        if is_empty || control {
            let found = if is_empty { "nothing".to_owned() } else { quoted(span.of(self.source)) };
            self.fault(Diagnostic::new(Kind::Lexical, span, "a name between the backticks", found));
            return self.push(TokenKind::Bad, whole);
        }
        self.number_sign |= inside[..length].contains('#');
        self.push(TokenKind::QuotedName, whole);
    }

    /// `stats`, `@message`
    pub(super) fn name(&mut self) {
        let length = self.rest().find(|character| !is_name(character)).unwrap_or(self.rest().len());
        self.push(TokenKind::Word, length);
    }

    /// `200`, `0.5`, `1e3`, or digits followed by letters.
    pub(super) fn number(&mut self) {
        let rest = self.rest().as_bytes();
        let digits = |from: usize| rest.iter().skip(from).take_while(|byte| byte.is_ascii_digit()).count();
        let mut length = digits(0);
        if rest.get(length) == Some(&b'.') && digits(length + 1) > 0 {
            length += 1 + digits(length + 1);
        }
        if matches!(rest.get(length), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(rest.get(length + 1), Some(b'+' | b'-')));
            let exponent = digits(length + 1 + sign);
            length += if exponent > 0 { 1 + sign + exponent } else { 0 };
        }
        let word = self.rest().find(|character| !is_name(character)).unwrap_or(self.rest().len());
        if word > length { self.push(TokenKind::NumberWord, word) } else { self.push(TokenKind::Number, length) }
    }

    /// The length of the literal at this position, to the closing character without `\` before it; `None` without such a character.
    fn closed_by(&mut self, close: char, from: usize) -> Option<usize> {
        if self.unclosed.contains(&close) {
            return None;
        }
        let mut escaped = false;
        for (offset, character) in self.rest().char_indices().skip(from) {
            if character == close && !escaped {
                return Some(offset + close.len_utf8());
            }
            escaped = character == '\\' && !escaped;
        }
        // INVARIANT: the character after an escaped `close` is not escaped, as after a `close` that begins a literal. So if no
        // `close` ends this literal, none ends a literal that begins later.
        self.unclosed.push(close);
        None
    }

    /// A text or a regular expression of that length. A reader that takes a `#` in a literal for a comment would end the comment
    /// at a line break in a later literal, and read the rest of that literal as commands.
    fn literal(&mut self, kind: TokenKind, length: usize) {
        let literal = &self.rest()[..length];
        if self.number_sign && literal.contains(['\n', '\r']) {
            return self.doubtful(length, "a literal after one with a `#` cannot contain a line break: write `\\n`");
        }
        self.number_sign |= literal.contains('#');
        self.push(kind, length);
    }

    /// Whether a reader that knows `\` before `close` but not `\\` would end the literal at a later `close`: the literal ends in
    /// an escaped `\`, and another `close` follows.
    fn may_go_on(&self, close: char, length: usize) -> bool {
        let (literal, behind) = self.rest().split_at(length);
        literal[..length - close.len_utf8()].ends_with('\\') && behind.contains(close)
    }

    /// A literal whose end for CloudWatch is not known.
    fn doubtful(&mut self, length: usize, hint: &str) {
        let span = Span::new(self.position, self.position + length);
        let found = quoted(span.of(self.source));
        self.fault(Diagnostic::new(Kind::Lexical, span, "a literal with an unambiguous end", found).hint(hint));
        self.push(TokenKind::Bad, length);
    }

    /// A literal without an end. It is skipped to the end of its line, so that the lines after it are still parsed.
    fn unfinished(&mut self, what: &str, close: &str, hint: &str) {
        let line = self.rest().find('\n').unwrap_or(self.rest().len());
        let length = self.rest()[..line].trim_end().len();
        let span = Span::new(self.position, self.position + length);
        let fault = Diagnostic::new(Kind::Lexical, span, format!("{close} at the end of {what}"), "none");
        self.fault(fault.hint(hint));
        self.push(TokenKind::Bad, length);
    }
}

/// The characters of a text, without quotes and escapes.
pub(crate) fn decode_text(written: &str) -> String {
    let inside = written.get(1..written.len().saturating_sub(1)).unwrap_or_default();
    let mut text = String::with_capacity(inside.len());
    let mut characters = inside.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            text.push(character);
            continue;
        }
        match characters.next() {
            Some('n') => text.push('\n'),
            Some('r') => text.push('\r'),
            Some('t') => text.push('\t'),
            Some(literal @ ('\\' | '"' | '\'')) => text.push(literal),
            Some(other) => text.extend(['\\', other]),
            None => text.push('\\'),
        }
    }
    text
}
