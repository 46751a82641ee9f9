//! Text in double quotes: `\"` is a quote and `\\` a backslash; every other character is itself.
//!
//! AWS documents no other escapes, so they are refused.

use logmark_diagnostics::{Diagnostic, Kind, Span, quoted as in_backticks};

use super::Parser;

impl Parser<'_> {
    /// The text between the next double quote and its end. `None`: reported.
    pub(super) fn quoted(&mut self) -> Option<String> {
        let start = self.cursor.at();
        self.cursor.eat("\"");
        let mut text = String::new();
        let mut sound = true;
        loop {
            let at = self.cursor.at();
            match self.cursor.bump() {
                Some('"') => return sound.then_some(text),
                Some('\\') => match self.cursor.bump() {
                    Some(escaped @ ('"' | '\\')) => text.push(escaped),
                    Some(other) => {
                        let span = self.cursor.since(at);
                        self.report(unknown_escape(span, other));
                        sound = false;
                    }
                    None => break,
                },
                Some(other) => text.push(other),
                None => break,
            }
        }
        let span = self.cursor.since(start);
        let hint = if span.of(self.cursor.text()).ends_with("\\\"") {
            "`\\\"` is a quote inside the text; a text that ends in a backslash ends in `\\\\\"`"
        } else {
            "close the text with `\"`; a quote inside it is written `\\\"`"
        };
        self.report(Diagnostic::new(Kind::Lexical, span, "`\"` at the end of the text", "the end of the pattern").hint(hint));
        None
    }
}

fn unknown_escape(span: Span, escaped: char) -> Diagnostic {
    let found = in_backticks(&format!("\\{escaped}"));
    let hint = match escaped {
        'n' | 't' | 'r' => {
            format!("only quotes and backslashes are escaped; `%\\x{:02X}%` finds that character", control(escaped))
        }
        _ => format!("for a backslash write `\\\\{escaped}`"),
    };
    Diagnostic::new(Kind::Lexical, span, "`\\\"` or `\\\\`", found).hint(hint)
}

const fn control(letter: char) -> u8 {
    match letter {
        'n' => b'\n',
        't' => b'\t',
        _ => b'\r',
    }
}
