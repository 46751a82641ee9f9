//! A position in the text that moves forward. Knows only the blanks of the language.

use logmark_diagnostics::Span;

/// The text and how far it was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

/// Whether a character separates the parts of a pattern.
pub(super) const fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r')
}

/// An ASCII letter, digit or underscore: a character of words without quotes.
pub(crate) const fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

/// Words with points between them: `Runtime.ExitError`. Deployed patterns have them without quotes.
pub(crate) fn is_dotted(text: &str) -> bool {
    text.contains('.') && text.split('.').all(|word| !word.is_empty() && word.chars().all(is_word))
}

impl<'a> Cursor<'a> {
    /// At the beginning.
    pub(super) const fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The whole text.
    pub(super) const fn text(&self) -> &'a str {
        self.text
    }

    /// The position of the next byte.
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    /// The rest of the text.
    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The next character.
    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Everything was read.
    pub(super) fn is_end(&self) -> bool {
        self.at >= self.text.len()
    }

    /// Reads one character.
    pub(super) fn bump(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    /// Consumes this token if it is next.
    pub(super) fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    /// Reads characters for as long as they fit.
    pub(super) fn take_while(&mut self, fits: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|character| !fits(character)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    /// Reads blanks.
    pub(super) fn skip_blanks(&mut self) {
        self.take_while(is_blank);
    }

    /// Reads everything.
    pub(super) const fn skip_all(&mut self) {
        self.at = self.text.len();
    }

    /// Moves to a byte at a character boundary.
    pub(super) const fn skip_to(&mut self, at: usize) {
        self.at = at;
    }

    /// From that byte to here.
    pub(super) const fn since(&self, start: usize) -> Span {
        Span { start, end: self.at }
    }

    /// The next unit for error messages: a run without blanks, or one opening or closing sign; empty at the end.
    pub(super) fn next_run(&self) -> Span {
        let rest = self.rest();
        let mut characters = rest.chars();
        let length = match characters.next() {
            None => 0,
            Some(sign @ ('(' | ')' | '{' | '}' | '[' | ']' | ',' | '"' | '\'' | '%')) => sign.len_utf8(),
            Some(blank) if is_blank(blank) => blank.len_utf8(),
            Some(_) => {
                let ends =
                    |character: char| is_blank(character) || matches!(character, '(' | ')' | '{' | '}' | ']' | ',' | '&' | '|');
                let end = rest.char_indices().skip(1).find(|(_, character)| ends(*character));
                end.map_or(rest.len(), |(index, _)| index)
            }
        };
        Span::new(self.at, self.at + length)
    }
}
