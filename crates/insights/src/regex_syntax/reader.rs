//! Reads a pattern and collects its translation for the engine.
//!
//! Owns the position in the pattern, literal characters, and the positions of errors. Knows no syntax.

use logmark_diagnostics::Span;

use super::{RegexError, RegexFault};

/// A pattern that is being read.
pub(super) struct Reader<'p> {
    pattern: &'p str,
    /// The next byte; between characters.
    position: usize,
    /// The expression so far.
    pub(super) out: String,
}

impl<'p> Reader<'p> {
    pub(super) fn new(pattern: &'p str) -> Self {
        Self { pattern, position: 0, out: String::with_capacity(pattern.len() + 16) }
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let character = self.rest().chars().next()?;
        self.position += character.len_utf8();
        Some(character)
    }

    pub(super) fn take(&mut self, wanted: char) -> bool {
        let found = self.rest().starts_with(wanted);
        if found {
            self.position += wanted.len_utf8();
        }
        found
    }

    pub(super) fn rest(&self) -> &'p str {
        self.pattern.get(self.position..).unwrap_or_default()
    }

    pub(super) const fn pattern(&self) -> &'p str {
        self.pattern
    }

    pub(super) const fn position(&self) -> usize {
        self.position
    }

    pub(super) fn skip(&mut self, bytes: usize) {
        self.position = (self.position + bytes).min(self.pattern.len());
    }

    /// The next bytes as they are.
    pub(super) fn copy(&mut self, bytes: usize) {
        let written = &self.rest()[..bytes];
        self.out.push_str(written);
        self.position += bytes;
    }

    /// One character that means itself, within brackets and outside.
    pub(super) fn literal(&mut self, character: char) {
        if character.is_ascii_punctuation() {
            self.out.push('\\');
        }
        match character {
            // The crate knows no escaped `<` and `>`, which are boundaries of words there.
            '<' | '>' => {
                self.out.pop();
                self.out.push(character);
            }
            _ => self.out.push(character),
        }
    }

    pub(super) fn malformed(&self, start: usize, what: &'static str) -> RegexError {
        RegexError { span: self.span(start, self.position), fault: RegexFault::Malformed(what) }
    }

    pub(super) fn unsupported(&self, start: usize, end: usize, name: &'static str) -> RegexError {
        let span = self.span(start, end);
        RegexError { span, fault: RegexFault::Unsupported(name, span.of(self.pattern).to_owned()) }
    }

    /// At least one character, within the pattern, between characters.
    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        let end = end.max(start + 1).min(self.pattern.len());
        Span::new(start, self.pattern.ceil_char_boundary(end))
    }
}
