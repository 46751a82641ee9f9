//! Renders diagnostics with their text: for a terminal, or as JSON.

use std::fmt;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use serde::ser::{Serialize, SerializeSeq, Serializer};

use crate::{Diagnostic, Kind, Span};

/// The errors of one text, for rendering.
///
/// `Display` draws each error under its line, like compilers, without colour. `Serialize` writes a list of
/// `{kind, message, expected, found, hint?, start, end, line, column}`: `start` and `end` in bytes, `line` and `column`
/// from 1, columns in characters.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    name: &'a str,
    source: &'a str,
    diagnostics: &'a [Diagnostic],
}

impl<'a> Report<'a> {
    /// The errors of a text with a name (`query`, `filter`, the name of a file).
    #[must_use]
    pub const fn new(name: &'a str, source: &'a str, diagnostics: &'a [Diagnostic]) -> Self {
        Self { name, source, diagnostics }
    }

    /// The line and the column of the beginning of a span, from 1, the column in characters.
    #[must_use]
    pub fn position(&self, span: Span) -> (usize, usize) {
        let before = self.source.get(..span.start).unwrap_or(self.source);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        (line, column)
    }

    /// The lines around a span, because a long text is not drawn completely: the excerpt, the number of its first line, and the
    /// span in the excerpt.
    fn excerpt(&self, span: Span) -> (String, usize, Span) {
        /// The bytes on either side of an error in a very long line. The renderer draws the part that fits the terminal.
        const AROUND: usize = 50_000;
        let source = self.source;
        let start = source.floor_char_boundary(span.start.min(source.len()));
        let end = source.ceil_char_boundary(span.end.clamp(start, source.len()));
        let from = source[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let to = source[start..].find('\n').map_or(source.len(), |newline| start + newline);
        let from = source.floor_char_boundary(from.max(start.saturating_sub(AROUND)));
        let to = source.ceil_char_boundary(to.min(start + AROUND));
        let line = source[..from].bytes().filter(|byte| *byte == b'\n').count() + 1;
        (source[from..to].to_owned(), line, Span::new(start - from, end.clamp(start, to) - from))
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.diagnostics.iter().enumerate() {
            if index > 0 {
                f.write_str("\n\n")?;
            }
            let (excerpt, line, span) = self.excerpt(diagnostic.span);
            let message = diagnostic.message();
            let snippet = Snippet::source(excerpt).path(self.name).line_start(line);
            let snippet = snippet.annotation(AnnotationKind::Primary.span(span.range()));
            let group = Level::ERROR.primary_title(message).element(snippet);
            let group = match &diagnostic.hint {
                Some(hint) => group.element(Level::HELP.message(hint)),
                None => group,
            };
            f.write_str(&Renderer::plain().render(&[group]))?;
        }
        Ok(())
    }
}

/// One error in JSON.
#[derive(serde::Serialize)]
struct Entry<'a> {
    kind: Kind,
    message: String,
    expected: &'a str,
    found: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    start: usize,
    end: usize,
    line: usize,
    column: usize,
}

impl Serialize for Report<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.diagnostics.len()))?;
        for diagnostic in self.diagnostics {
            let (line, column) = self.position(diagnostic.span);
            let Diagnostic { kind, span, expected, found, hint } = diagnostic;
            list.serialize_element(&Entry {
                kind: *kind,
                message: diagnostic.message(),
                expected,
                found,
                hint: hint.as_deref(),
                start: span.start,
                end: span.end,
                line,
                column,
            })?;
        }
        list.end()
    }
}
