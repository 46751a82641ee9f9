//! Parses a pattern into its tree, or into errors.
//!
//! Hand-written, in one pass, with backtracking of at most one word. After an error, parsing continues at the next suitable
//! position, so that all errors of a text are reported at once. The work is bounded: texts longer than [`MAX_CHARACTERS`] are
//! refused before they are read, and parentheses nest at most [`MAX_DEPTH`] deep.

mod cursor;
mod terms;
mod words;
mod quoted;
pub(crate) mod regex;
pub(crate) mod condition;
mod json;
pub(crate) mod selector;
mod fields;
pub(crate) mod value;
mod operators;
pub(crate) mod numbers;
mod foreign;

use logmark_diagnostics::{Diagnostic, Kind, Span, quoted as in_backticks};

use self::cursor::Cursor;
pub(crate) use self::cursor::{is_dotted, is_word};
use crate::ast::Pattern;
#[cfg(doc)]
use crate::limits::MAX_DEPTH;
use crate::limits::{MAX_CHARACTERS, MAX_FAULTS};

/// The tree of a text.
///
/// # Errors
///
/// At least one error, in the order of the text.
pub(crate) fn parse(text: &str) -> Result<Pattern, Vec<Diagnostic>> {
    // Reads only up to the limit.
    if let Some((limit, _)) = text.char_indices().nth(MAX_CHARACTERS) {
        let span = Span::new(limit, text.len());
        let fault = Diagnostic::new(Kind::Limit, span, format!("at most {MAX_CHARACTERS} characters"), "more");
        return Err(vec![fault.hint("combine fewer conditions, or search for less text and narrow the time range instead")]);
    }
    let mut parser = Parser::new(text);
    parser.cursor.skip_blanks();
    let pattern = match parser.cursor.peek() {
        Some('{') => parser.json(),
        Some('[') => parser.fields(),
        _ => parser.terms(),
    };
    match pattern {
        Some(pattern) if parser.faults.is_empty() => Ok(pattern),
        _ => Err(parser.into_faults()),
    }
}

/// The state of the parser.
#[derive(Debug)]
struct Parser<'a> {
    cursor: Cursor<'a>,
    faults: Vec<Diagnostic>,
    /// No further error is worth a report: the nesting is too deep, or the errors are too many.
    given_up: bool,
    /// Regular expressions so far.
    regexes: usize,
    /// Selectors with a wildcard so far.
    wildcards: usize,
}

impl<'a> Parser<'a> {
    const fn new(text: &'a str) -> Self {
        Self { cursor: Cursor::new(text), faults: Vec::new(), given_up: false, regexes: 0, wildcards: 0 }
    }

    fn report(&mut self, fault: Diagnostic) {
        // A second missing part at the same position is a consequence of the first.
        let consequence = |last: &Diagnostic| {
            last.span == fault.span || (fault.span.start >= self.cursor.text().len() && last.span.end >= fault.span.end)
        };
        if self.given_up || self.faults.last().is_some_and(consequence) {
            return;
        }
        self.faults.push(fault);
        if self.faults.len() >= MAX_FAULTS {
            self.give_up();
        }
    }

    /// Reads on to the end, and reports no more.
    const fn give_up(&mut self) {
        self.given_up = true;
        self.cursor.skip_all();
    }

    /// The text at that position, for a message.
    fn found(&self, span: Span) -> String {
        match span.of(self.cursor.text()) {
            "" => "the end of the pattern".to_owned(),
            blanks if blanks.chars().all(cursor::is_blank) => "a blank".to_owned(),
            text => in_backticks(text),
        }
    }

    /// A fault at the next run of characters.
    fn fault_here(&self, kind: Kind, expected: impl Into<String>) -> Diagnostic {
        let span = self.cursor.next_run();
        Diagnostic::new(kind, span, expected, self.found(span))
    }

    /// The column of a byte, from 1, in characters: patterns are one line as a rule.
    fn column(&self, at: usize) -> usize {
        self.cursor.text().get(..at).unwrap_or_default().chars().count() + 1
    }

    /// Reports text after the end of a pattern in `{}` or `[]`.
    fn expect_end(&mut self, form: &str) {
        self.cursor.skip_blanks();
        if self.cursor.is_end() {
            return;
        }
        let start = self.cursor.at();
        // White space that is not a blank of the language (a vertical tab) is reported when there is nothing else.
        let end = self.cursor.text().trim_end().len();
        let span = Span::new(start, if end > start { end } else { self.cursor.text().len() });
        let rest = span.of(self.cursor.text());
        let hint = match form {
            "]" => "a pattern in `[ ]` cannot have other parts; to find text in square brackets put it in double quotes",
            _ if rest.starts_with('}') => "one pair of braces surrounds the whole pattern; inside, parentheses group",
            _ if rest.starts_with('|') && !rest.starts_with("||") => {
                "filter patterns have no pipes and no commands; those are of Logs Insights queries"
            }
            _ if rest.starts_with(['|', '&']) => "conditions are joined inside the braces: `{ $.a = 1 && $.b = 2 }`",
            _ => "a pattern in `{ }` cannot have other parts; to search JSON and text write one condition for each property",
        };
        let expected = format!("the end of the pattern after `{form}`");
        self.report(Diagnostic::new(Kind::Syntax, span, expected, in_backticks(rest)).hint(hint));
    }

    /// The errors in the order of the text; at least one.
    fn into_faults(self) -> Vec<Diagnostic> {
        let text = self.cursor.text();
        let mut faults = self.faults;
        if let Some(fault) = foreign::recognise(text, &faults) {
            return vec![fault];
        }
        if faults.is_empty() {
            let span = Span::new(0, text.len());
            faults.push(Diagnostic::new(Kind::Syntax, span, "a filter pattern", in_backticks(text)));
        }
        faults.sort_by_key(|fault| fault.span);
        faults
    }
}
