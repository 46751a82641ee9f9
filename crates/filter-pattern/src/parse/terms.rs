//! Patterns of terms: words, phrases in quotes and `%regex%`, each optionally with `?` or `-` before it.
//!
//! - A word without quotes consists of ASCII letters, digits and underscores. CloudWatch refuses other characters with
//!   "Invalid character(s) in term". Points between words are accepted, because patterns in use have them
//!   (`?Runtime.ExitError`); such a term is printed in quotes, as the documentation requires.
//! - Blanks between `-` and a phrase in quotes are allowed, as in older pages: `"ERROR" - "Exiting"`.
//! - Blanks, `""` and `" "` alone match everything. A blank phrase beside other terms has no meaning and is refused.

use logmark_diagnostics::{Diagnostic, Kind, Span};

use super::cursor::is_blank;
use super::{Parser, is_dotted, is_word, words};
use crate::ast::{Pattern, Sign, Term, TermText};

impl Parser<'_> {
    /// The whole text as terms. `None`: reported.
    pub(super) fn terms(&mut self) -> Option<Pattern> {
        if self.cursor.is_end() {
            return Some(Pattern::Everything);
        }
        let mut terms = Vec::new();
        let mut blank_phrases = Vec::new();
        while !self.cursor.is_end() {
            let term = self.term();
            match term {
                Some(Term { sign, text: TermText::Literal(text), span }) if text.trim().is_empty() => {
                    blank_phrases.push((sign, span))
                }
                Some(term) => terms.push(term),
                None => self.skip_run(),
            }
            self.cursor.skip_blanks();
        }
        match (terms.is_empty(), blank_phrases.as_slice()) {
            (true, [(Sign::Required, _)]) => return Some(Pattern::Everything),
            (_, phrases) => phrases.iter().for_each(|(_, span)| self.report(blank_phrase(self.found(*span), *span))),
        }
        (!terms.is_empty()).then_some(Pattern::Terms(terms))
    }

    fn term(&mut self) -> Option<Term> {
        let start = self.cursor.at();
        let sign = self.sign()?;
        let text = match self.cursor.peek() {
            Some('"') => TermText::Literal(self.quoted()?),
            Some('%') => TermText::Regex(self.regex()?),
            _ => return self.word(start, sign),
        };
        if self.cursor.peek().is_some_and(|next| !is_blank(next)) {
            let run = self.run(start);
            self.report(words::no_gap(self.cursor.text(), run, self.cursor.at()));
            return None;
        }
        Some(Term { sign, text, span: self.cursor.since(start) })
    }

    /// The sign of the next term, and moves to its text.
    fn sign(&mut self) -> Option<Sign> {
        let start = self.cursor.at();
        let sign = match self.cursor.peek() {
            Some('-') => Sign::Excluded,
            Some('?') => Sign::Optional,
            _ => return Some(Sign::Required),
        };
        self.cursor.bump();
        match self.cursor.peek() {
            None | Some(' ' | '\t' | '\n' | '\r') => {
                let after = self.cursor.rest().trim_start_matches(is_blank);
                if sign == Sign::Excluded && after.starts_with('"') {
                    self.cursor.skip_blanks();
                    return Some(sign);
                }
                let span = self.cursor.since(start);
                self.report(words::sign_alone(span.of(self.cursor.text()), span, after));
                None
            }
            Some('-' | '?') => {
                let run = self.run(start);
                self.report(words::two_signs(run.of(self.cursor.text()), run));
                None
            }
            Some(_) => Some(sign),
        }
    }

    /// A term without quotes.
    fn word(&mut self, start: usize, sign: Sign) -> Option<Term> {
        let run = self.run(self.cursor.at());
        let text = run.of(self.cursor.text());
        if text.chars().all(is_word) || is_dotted(text) {
            self.cursor.skip_to(run.end);
            return Some(Term { sign, text: TermText::Literal(text.to_owned()), span: self.cursor.since(start) });
        }
        let fault = words::not_a_word(self.cursor.text(), run);
        // Text in wrong quotes is skipped as a whole, so that its words are not reported one by one.
        self.cursor.skip_to(fault.span.end.max(run.end));
        self.report(fault);
        None
    }

    /// From there to the next blank.
    fn run(&self, start: usize) -> Span {
        let text = self.cursor.text();
        let from = self.cursor.at().max(start);
        let rest = text.get(from..).unwrap_or_default();
        Span::new(start, from + rest.find(is_blank).unwrap_or(rest.len()))
    }

    /// Reads on to the next blank, past a text in quotes that begins in the same run.
    fn skip_run(&mut self) {
        self.cursor.take_while(|character| !is_blank(character));
    }
}

fn blank_phrase(found: String, span: Span) -> Diagnostic {
    let fault = Diagnostic::new(Kind::Value, span, "a phrase with more than blanks in it", found);
    fault.hint("a blank phrase alone matches every event; it has no meaning with a sign or other terms")
}
