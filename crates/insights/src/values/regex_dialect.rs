//! The dialect of regular expressions: Perl's syntax as Hyperscan and RE2 share it, rewritten for the `regex` crate.
//!
//! Owns the reading of a pattern and every refusal with its place; never runs one. What differs between the crate and
//! Perl is rewritten here: classes and boundaries of ASCII, literal braces, brackets within classes, `\Q..\E`, `\/`.
//! Reads the pattern once, without recursion. Classes in brackets are read by [`super::regex_class`].

use std::collections::HashSet;

use logmark_diagnostics::Span;

use super::regex::{RegexError, RegexFault};
use super::regex_class;

/// Deepest nesting of groups; nobody writes deeper ones, and the engine's own compiler recurses.
const DEEPEST: usize = 50;

/// Most groups that capture: each costs memory in every match.
const MOST_GROUPS: usize = 200;

/// What `$` outside `(?m)` means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LineEnd {
    /// The end, or before a line break that ends the text: Perl and Hyperscan. Lambda's messages end in a line break.
    BeforeLast,
    /// The end only: RE2.
    Strict,
}

/// A pattern that is being read.
pub(super) struct Reader<'p> {
    pattern: &'p str,
    place: usize,
    pub(super) out: String,
}

/// What was read last: whether a repetition may follow.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Nothing,
    Atom,
    Repetition,
}

/// The state around a group that is restored when it closes: whether `(?m)` is on.
struct Scope {
    start: usize,
    multi_line: bool,
}

/// The same expression in the `regex` crate's syntax.
pub(super) fn translate(pattern: &str, line_end: LineEnd) -> Result<String, RegexError> {
    let mut reader = Reader { pattern, place: 0, out: String::with_capacity(pattern.len() + 16) };
    let mut state =
        Translation { line_end, multi_line: false, open: Vec::new(), groups: 0, names: HashSet::new(), last: Last::Nothing };
    while let Some(character) = reader.next() {
        state.step(&mut reader, character)?;
    }
    match state.open.last() {
        Some(scope) => Err(reader.malformed(scope.start, "this group is not closed")),
        None => Ok(reader.out),
    }
}

struct Translation {
    line_end: LineEnd,
    multi_line: bool,
    open: Vec<Scope>,
    groups: usize,
    names: HashSet<String>,
    last: Last,
}

impl Translation {
    fn step(&mut self, reader: &mut Reader<'_>, character: char) -> Result<(), RegexError> {
        let start = reader.place - character.len_utf8();
        match character {
            '\\' => return self.escape(reader, start),
            '(' => return self.open(reader, start),
            ')' => {
                let scope = self.open.pop().ok_or_else(|| reader.malformed(start, "no group is open here"))?;
                self.multi_line = scope.multi_line;
                reader.out.push(')');
                self.last = Last::Atom;
            }
            '[' => {
                regex_class::read(reader, start)?;
                self.last = Last::Atom;
            }
            '|' => {
                reader.out.push('|');
                self.last = Last::Nothing;
            }
            '*' | '+' | '?' => {
                reader.out.push(character);
                return self.repeated(reader, start);
            }
            '{' if self.last != Last::Nothing && counts(reader.rest()).is_some() => {
                let (length, ordered) = counts(reader.rest()).unwrap_or_default();
                if !ordered {
                    return Err(reader.malformed(start, "the counts of this repetition are the wrong way round"));
                }
                reader.out.push('{');
                reader.copy(length);
                return self.repeated(reader, start);
            }
            '^' => self.assertion(reader, "^"),
            '$' => self.line_end(reader),
            '.' => self.atom(reader, "."),
            literal => {
                reader.literal(literal);
                self.last = Last::Atom;
            }
        }
        Ok(())
    }

    fn atom(&mut self, reader: &mut Reader<'_>, written: &str) {
        reader.out.push_str(written);
        self.last = Last::Atom;
    }

    /// Perl lets an assertion be repeated; so does the crate.
    fn assertion(&mut self, reader: &mut Reader<'_>, written: &str) {
        self.atom(reader, written);
    }

    fn line_end(&mut self, reader: &mut Reader<'_>) {
        let before_last = self.line_end == LineEnd::BeforeLast && !self.multi_line;
        // There is no lookahead: the line break is made part of the match, which no capture outside `$` sees.
        self.assertion(reader, if before_last { r"(?:\n?\z)" } else { "$" });
    }

    /// After a repetition: its `?`, and nothing that repeats it again.
    fn repeated(&mut self, reader: &mut Reader<'_>, start: usize) -> Result<(), RegexError> {
        if self.last != Last::Atom {
            return Err(reader.malformed(start, "there is nothing to repeat here"));
        }
        if reader.take('?') {
            reader.out.push('?');
        }
        if reader.rest().starts_with('+') {
            return Err(reader.unsupported(start, reader.place + 1, "the possessive repetition"));
        }
        self.last = Last::Repetition;
        Ok(())
    }

    fn open(&mut self, reader: &mut Reader<'_>, start: usize) -> Result<(), RegexError> {
        if reader.rest().starts_with('*') {
            return Err(reader.unsupported(start, start + 2, "the verb"));
        }
        if !reader.take('?') {
            reader.out.push('(');
            return self.capture(reader, start);
        }
        let rest = reader.rest();
        if rest.starts_with('#') {
            let end = rest.find(')').ok_or_else(|| reader.malformed(start, "this comment is not closed"))?;
            reader.place += end + 1;
            return Ok(());
        }
        for (opening, name) in REFUSED_GROUPS {
            if rest.starts_with(opening) {
                return Err(reader.unsupported(start, start + 2 + opening.len(), name));
            }
        }
        for (opening, closing) in [("P<", '>'), ("<", '>'), ("'", '\'')] {
            if let Some(named) = rest.strip_prefix(opening) {
                reader.place += opening.len();
                return self.named(reader, start, named.find(closing));
            }
        }
        self.flags(reader, start)
    }

    fn named(&mut self, reader: &mut Reader<'_>, start: usize, length: Option<usize>) -> Result<(), RegexError> {
        let length = length.ok_or_else(|| reader.malformed(start, "the name of this group is not closed"))?;
        let name = &reader.rest()[..length];
        let begins = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
        if !begins || !name.chars().all(|each| each.is_ascii_alphanumeric() || each == '_') {
            return Err(reader.malformed(start, "a group's name is letters, digits and `_`, a digit not first"));
        }
        if !self.names.insert(name.to_owned()) {
            let span = Span::new(reader.place, reader.place + length);
            return Err(RegexError { span, fault: RegexFault::DuplicateName(name.to_owned()) });
        }
        reader.out.push_str("(?<");
        reader.copy(length);
        reader.place += 1;
        reader.out.push('>');
        self.capture(reader, start)
    }

    fn capture(&mut self, reader: &Reader<'_>, start: usize) -> Result<(), RegexError> {
        if self.groups == MOST_GROUPS {
            let span = Span::new(start, start + 1);
            return Err(RegexError {
                span,
                fault: RegexFault::TooLarge("there are too many groups; `(?:` opens one that captures nothing"),
            });
        }
        self.groups += 1;
        self.enter(reader, start)
    }

    /// `(?i)`, `(?i-s:`, `(?:`.
    fn flags(&mut self, reader: &mut Reader<'_>, start: usize) -> Result<(), RegexError> {
        let rest = reader.rest();
        let length = rest.find([':', ')']).ok_or_else(|| reader.malformed(start, "this group is not closed"))?;
        let flags = &rest[..length];
        let (on, off) = flags.split_once('-').unwrap_or((flags, ""));
        let group = rest[length..].starts_with(':');
        if (flags.is_empty() && !group)
            || flags.ends_with('-')
            || !on.chars().chain(off.chars()).all(|flag| "imsU".contains(flag))
        {
            return Err(reader.unsupported(start, reader.place + length + 1, "the group"));
        }
        let outer = self.multi_line;
        self.multi_line = (self.multi_line || on.contains('m')) && !off.contains('m');
        reader.out.push_str("(?");
        reader.copy(length + 1);
        if group {
            let inner = self.multi_line;
            self.multi_line = outer;
            self.enter(reader, start)?;
            self.multi_line = inner;
        } else {
            self.last = Last::Nothing;
        }
        Ok(())
    }

    fn enter(&mut self, reader: &Reader<'_>, start: usize) -> Result<(), RegexError> {
        if self.open.len() == DEEPEST {
            let span = Span::new(start, start + 1);
            return Err(RegexError { span, fault: RegexFault::TooLarge("groups are nested too deep") });
        }
        debug_assert!(reader.place > start);
        self.open.push(Scope { start, multi_line: self.multi_line });
        self.last = Last::Nothing;
        Ok(())
    }

    fn escape(&mut self, reader: &mut Reader<'_>, start: usize) -> Result<(), RegexError> {
        let rest = reader.rest();
        let Some(escaped) = rest.chars().next() else {
            return Err(reader.malformed(start, "the backslash escapes nothing"));
        };
        match escaped {
            'A' | 'z' => {
                reader.place += 1;
                self.assertion(reader, if escaped == 'A' { r"\A" } else { r"\z" });
            }
            'Z' => {
                reader.place += 1;
                self.assertion(reader, r"(?:\n?\z)");
            }
            'b' | 'B' => {
                reader.place += 1;
                self.assertion(reader, if escaped == 'b' { r"(?-u:\b)" } else { r"(?-u:\B)" });
            }
            'Q' => {
                let literal = rest[1..].split(r"\E").next().unwrap_or_default();
                literal.chars().for_each(|each| reader.literal(each));
                reader.place = (reader.place + 1 + literal.len() + 2).min(reader.pattern.len());
                self.last = if literal.is_empty() { self.last } else { Last::Atom };
            }
            // Without its beginning it ends nothing, as in Perl.
            'E' => reader.place += 1,
            '1'..='9' | 'k' | 'g' => return Err(reader.unsupported(start, start + 2, "the backreference")),
            _ => {
                match regex_class::escape(reader, start)? {
                    regex_class::Escaped::Character(character) => reader.literal(character),
                    regex_class::Escaped::Class(class) => reader.out.push_str(&class),
                }
                self.last = Last::Atom;
            }
        }
        Ok(())
    }
}

/// How groups begin that need backtracking or are of Perl alone; longer beginnings first.
const REFUSED_GROUPS: [(&str, &str); 16] = [
    ("<=", "lookaround"),
    ("<!", "lookaround"),
    ("=", "lookaround"),
    ("!", "lookaround"),
    (">", "the atomic group"),
    ("|", "the branch reset"),
    ("(", "the condition"),
    ("P=", "the backreference"),
    ("P>", "the recursion"),
    ("R", "the recursion"),
    ("&", "the recursion"),
    ("+", "the recursion"),
    ("0", "the recursion"),
    ("1", "the recursion"),
    ("2", "the recursion"),
    ("{", "the code"),
];

/// The length of `2}`, `2,}`, `2,5}` at the beginning, and whether the counts are in order. Anything else is a literal brace.
fn counts(rest: &str) -> Option<(usize, bool)> {
    let inner = rest.split('}').next().filter(|inner| inner.len() < rest.len())?;
    let (least, most) = inner.split_once(',').map_or((inner, None), |(least, most)| (least, Some(most)));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if least.is_empty() || !digits(least) || !most.is_none_or(digits) {
        return None;
    }
    let number = |text: &str| text.parse::<u32>().unwrap_or(u32::MAX);
    let ordered = most.is_none_or(|most| most.is_empty() || number(least) <= number(most));
    Some((inner.len() + 1, ordered))
}

impl<'p> Reader<'p> {
    pub(super) fn next(&mut self) -> Option<char> {
        let character = self.rest().chars().next()?;
        self.place += character.len_utf8();
        Some(character)
    }

    pub(super) fn take(&mut self, wanted: char) -> bool {
        let found = self.rest().starts_with(wanted);
        if found {
            self.place += wanted.len_utf8();
        }
        found
    }

    pub(super) fn rest(&self) -> &'p str {
        self.pattern.get(self.place..).unwrap_or_default()
    }

    pub(super) const fn pattern(&self) -> &'p str {
        self.pattern
    }

    pub(super) const fn place(&self) -> usize {
        self.place
    }

    pub(super) fn skip(&mut self, bytes: usize) {
        self.place += bytes;
    }

    /// The next bytes as they are.
    pub(super) fn copy(&mut self, bytes: usize) {
        let written = &self.rest()[..bytes];
        self.out.push_str(written);
        self.place += bytes;
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
        RegexError { span: self.span(start, self.place), fault: RegexFault::Malformed(what) }
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
