//! Standard output: colours, and characters that could steer a terminal.
//!
//! Owns the writer of data. INVARIANT: unless the user chose `--raw`, no control character of a message reaches the output, on a
//! terminal and in a pipe.

use std::borrow::Cow;
use std::io::{self, BufWriter, IsTerminal as _, Stdout, Write};

use clap::ValueEnum;
use logmark_event_page::write::safe_text;
use unicode_width::UnicodeWidthStr as _;

use super::DisplayArgs;
use super::level::Level;

/// Bytes that are collected before they are written.
const BUFFER: usize = 64 * 1024;

/// `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// A colour or weight of the terminal (ECMA-48 SGR).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Bold,
    Dim,
    Red,
    Yellow,
    Cyan,
}

impl Style {
    fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Bold => "\x1b[1m",
            Self::Dim => "\x1b[2m",
            Self::Red => "\x1b[31m",
            Self::Yellow => "\x1b[33m",
            Self::Cyan => "\x1b[36m",
        }
    }

    /// The style of a message.
    pub(super) fn of_level(level: Option<Level>) -> Self {
        match level {
            Some(Level::Error) => Self::Red,
            Some(Level::Warning) => Self::Yellow,
            Some(Level::Debug) => Self::Dim,
            Some(Level::Info) | None => Self::Plain,
        }
    }
}

/// Writes data.
#[derive(Debug)]
pub(super) struct Output {
    out: BufWriter<Stdout>,

    pub(super) has_color: bool,
    raw: bool,
}

impl Output {
    pub(super) fn new(args: &DisplayArgs) -> Self {
        let is_terminal = io::stdout().is_terminal();
        let given = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let wanted = is_terminal && given("NO_COLOR").is_none() && given("TERM").is_none_or(|term| term != "dumb");
        let has_color = match args.color {
            Color::Auto => wanted,
            Color::Always => true,
            Color::Never => false,
        };
        Self { out: BufWriter::with_capacity(BUFFER, io::stdout()), has_color, raw: args.raw }
    }

    /// Writes bytes as they are.
    pub(super) fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)
    }

    /// A text of the service with its control characters escaped, unless the user wants them. Tabs and newlines stay.
    pub(super) fn escaped<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.raw { Cow::Borrowed(text) } else { safe_text(text) }
    }

    /// Writes a text of the service.
    pub(super) fn text(&mut self, text: &str, style: Style) -> io::Result<()> {
        let styled = self.has_color && style != Style::Plain;
        if styled {
            self.out.write_all(style.code().as_bytes())?;
        }
        let escaped = self.escaped(text);
        self.out.write_all(escaped.as_bytes())?;
        if styled {
            self.out.write_all(b"\x1b[0m")?;
        }
        Ok(())
    }

    /// Writes JSON of the service as one line. JSON escapes most control characters, and the others get their escape here, so the
    /// line has the same meaning.
    pub(super) fn json(&mut self, json: &str) -> io::Result<()> {
        let is_special = |character: char| is_control(character) && character != '\t';
        if self.raw || !json.contains(is_special) {
            self.out.write_all(json.as_bytes())?;
        } else {
            for character in json.chars() {
                if is_special(character) {
                    write!(self.out, "\\u{:04x}", u32::from(character))?;
                } else {
                    write!(self.out, "{character}")?;
                }
            }
        }
        self.out.write_all(b"\n")
    }

    /// Passes everything on.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Control characters, and characters that reorder the text around them.
fn is_control(character: char) -> bool {
    character.is_control() || logmark_event_page::write::is_unsafe(character)
}

/// A text of another machine for an error message: on one line, escaped.
pub(super) fn safe(text: &str) -> String {
    text.chars()
        .map(|character| if is_control(character) { character.escape_default().to_string() } else { character.to_string() })
        .collect()
}

/// The columns that the text takes on a terminal.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// The text within `most` columns, its end replaced by `…`.
pub(super) fn shortened(text: &str, most: usize) -> String {
    if width(text) <= most {
        return text.to_owned();
    }
    let mut short = String::new();
    let mut used = 0;
    for character in text.chars() {
        let columns = width(character.encode_utf8(&mut [0; 4]));
        if used + columns + 1 > most {
            break;
        }
        used += columns;
        short.push(character);
    }
    short.push('…');
    short
}

/// The columns of the terminal; `None`: standard output is not one.
pub(super) fn terminal_width() -> Option<usize> {
    io::stdout().is_terminal().then(|| terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_shortened_by_the_columns_that_they_take() {
        assert_eq!(shortened("abc", 3), "abc");
        assert_eq!(shortened("abcd", 3), "ab…");
        assert_eq!(shortened("日本語", 4), "日…");
        assert_eq!(width(&shortened("日本語", 4)), 3);
    }

    #[test]
    fn foreign_texts_stay_on_one_line() {
        assert_eq!(safe("a\x1b[2J\nb\u{202e}\u{9b}"), "a\\u{1b}[2J\\nb\\u{202e}\\u{9b}");
    }
}
