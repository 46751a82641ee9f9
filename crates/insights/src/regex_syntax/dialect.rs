//! The dialect of regular expressions: Perl's syntax as Hyperscan and RE2 share it, rewritten for the `regex` crate.
//!
//! Parses a pattern and reports every unsupported part at its position. Never runs a pattern. Rewrites the differences between
//! the crate and Perl: ASCII classes and boundaries, literal braces, brackets within classes, `\Q..\E`, `\/`. Reads the pattern
//! once, without recursion. [`super::class`] parses classes in brackets.

use logmark_diagnostics::Span;

use super::class;
use super::reader::Reader;
use super::shape::is_name;
use super::{RegexError, RegexFault};

/// The deepest nesting of groups. Patterns in use are far below it, and the engine's compiler is recursive.
const DEEPEST: usize = 50;

/// Most groups that capture: each costs memory in every match.
const MOST_GROUPS: usize = 200;

/// The meaning of `$` outside `(?m)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineEnd {
    /// The end, or before a line break that ends the text: Perl and Hyperscan. Lambda's messages end in a line break.
    BeforeLast,
    /// The end only: RE2.
    Strict,
}

/// Most copies that counted repetitions may make of their atoms, nested ones multiplied: where the engine's states are
/// many at once, each byte of the text costs as much (RE2 allows 1,000 for one repetition).
const MOST_COPIES: u64 = 1_000;

/// The last element, which decides whether a repetition may follow.
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
    /// The atoms before it in the scope around it.
    atoms: u64,
}

/// An expression in the `regex` crate's syntax, whose groups have no names: the crate knows fewer than the language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Translated {
    /// The expression.
    pub expression: String,
    /// The numbers of the named groups and their names, in their order.
    pub names: Vec<(usize, String)>,
}

/// The same expression in the `regex` crate's syntax.
///
/// # Errors
/// When the pattern is malformed, or needs an engine that backtracks.
pub fn translate(pattern: &str, line_end: LineEnd) -> Result<Translated, RegexError> {
    let mut reader = Reader::new(pattern);
    let mut state = Translation::new(line_end);
    while let Some(character) = reader.next() {
        state.step(&mut reader, character)?;
    }
    match state.open.last() {
        Some(scope) => Err(reader.malformed(scope.start, "this group is not closed")),
        None => Ok(Translated { expression: reader.out, names: state.names }),
    }
}

struct Translation {
    line_end: LineEnd,
    multi_line: bool,
    open: Vec<Scope>,
    groups: usize,
    names: Vec<(usize, String)>,
    last: Last,
    /// The atoms of the innermost open group, each copy counted.
    atoms: u64,
    /// The atoms of the last atom or group alone.
    last_atoms: u64,
    /// The copies made so far.
    copies: u64,
}

impl Translation {
    fn new(line_end: LineEnd) -> Self {
        let (open, names) = (Vec::new(), Vec::new());
        Self { line_end, multi_line: false, open, groups: 0, names, last: Last::Nothing, atoms: 0, last_atoms: 0, copies: 0 }
    }

    fn step(&mut self, reader: &mut Reader<'_>, character: char) -> Result<(), RegexError> {
        let start = reader.position() - character.len_utf8();
        match character {
            '\\' => return self.escape(reader, start),
            '(' => return self.open(reader, start),
            ')' => {
                let scope = self.open.pop().ok_or_else(|| reader.malformed(start, "no group is open here"))?;
                self.multi_line = scope.multi_line;
                reader.out.push(')');
                self.last = Last::Atom;
                self.last_atoms = self.atoms;
                self.atoms += scope.atoms;
            }
            '[' => {
                class::read(reader, start)?;
                self.one();
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
                let (length, least, most) = counts(reader.rest()).unwrap_or_default();
                if least > most {
                    reader.skip(length);
                    return Err(reader.malformed(start, "the bounds of this repetition are reversed"));
                }
                reader.out.push('{');
                reader.copy(length);
                self.repeated(reader, start)?;
                return self.copied(reader, start, if most == u64::MAX { least } else { most });
            }
            '^' => self.assertion(reader, "^"),
            '$' => self.line_end(reader),
            '.' => self.atom(reader, "."),
            literal => {
                reader.literal(literal);
                self.one();
            }
        }
        Ok(())
    }

    fn atom(&mut self, reader: &mut Reader<'_>, written: &str) {
        reader.out.push_str(written);
        self.one();
    }

    /// One atom was read.
    const fn one(&mut self) {
        self.last = Last::Atom;
        self.last_atoms = 1;
        self.atoms += 1;
    }

    /// Counts the copies of a repeated atom.
    fn copied(&mut self, reader: &Reader<'_>, start: usize, times: u64) -> Result<(), RegexError> {
        let copies = self.last_atoms.saturating_mul(times.saturating_sub(1));
        self.copies = self.copies.saturating_add(copies);
        self.atoms = self.atoms.saturating_add(copies);
        if self.copies > MOST_COPIES {
            let span = reader.span(start, reader.position());
            return Err(RegexError { span, fault: RegexFault::TooLarge("the repetitions are too many: lower their counts") });
        }
        Ok(())
    }

    /// Perl lets an assertion be repeated; so does the crate.
    fn assertion(&mut self, reader: &mut Reader<'_>, written: &str) {
        self.atom(reader, written);
    }

    fn line_end(&mut self, reader: &mut Reader<'_>) {
        let before_last = self.line_end == LineEnd::BeforeLast && !self.multi_line;
        // The crate has no lookahead, so the line break becomes part of the match. No capture outside `$` contains it.
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
            return Err(reader.unsupported(start, reader.position() + 1, "the possessive repetition"));
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
            reader.skip(end + 1);
            return Ok(());
        }
        for (opening, name) in REFUSED_GROUPS {
            if rest.starts_with(opening) {
                return Err(reader.unsupported(start, start + 2 + opening.len(), name));
            }
        }
        for (opening, closing) in [("P<", '>'), ("<", '>'), ("'", '\'')] {
            if let Some(named) = rest.strip_prefix(opening) {
                reader.skip(opening.len());
                return self.named(reader, start, named.find(closing));
            }
        }
        self.flags(reader, start)
    }

    fn named(&mut self, reader: &mut Reader<'_>, start: usize, length: Option<usize>) -> Result<(), RegexError> {
        let length = length.ok_or_else(|| reader.malformed(start, "the name of this group is not closed"))?;
        let name = &reader.rest()[..length];
        if !is_name(name) {
            reader.skip(length + 1);
            let what = "the name of a group consists of letters, digits, `_`, `@` and `.`, and does not begin with a digit";
            return Err(reader.malformed(start, what));
        }
        // At most as many as there may be groups.
        if self.names.iter().any(|(_, known)| known == name) {
            let span = Span::new(reader.position(), reader.position() + length);
            return Err(RegexError { span, fault: RegexFault::DuplicateName(name.to_owned()) });
        }
        self.names.push((self.groups + 1, name.to_owned()));
        reader.out.push('(');
        reader.skip(length + 1);
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
            return Err(reader.unsupported(start, reader.position() + length + 1, "the group"));
        }
        let letters = flags.replace('-', "");
        if letters.chars().enumerate().any(|(position, flag)| letters[..position].contains(flag)) {
            return Err(reader.malformed(start, "a flag is given twice"));
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
        debug_assert!(reader.position() > start);
        self.open.push(Scope { start, multi_line: self.multi_line, atoms: std::mem::take(&mut self.atoms) });
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
                reader.skip(1);
                self.assertion(reader, if escaped == 'A' { r"\A" } else { r"\z" });
            }
            'Z' => {
                reader.skip(1);
                self.assertion(reader, r"(?:\n?\z)");
            }
            'b' | 'B' => {
                reader.skip(1);
                self.assertion(reader, if escaped == 'b' { r"(?-u:\b)" } else { r"(?-u:\B)" });
            }
            'Q' => {
                let literal = rest[1..].split(r"\E").next().unwrap_or_default();
                literal.chars().for_each(|each| reader.literal(each));
                reader.skip(1 + literal.len() + 2);
                self.atoms += literal.len() as u64;
                if !literal.is_empty() {
                    self.one();
                }
            }
            // Without its beginning it ends nothing, as in Perl.
            'E' => reader.skip(1),
            '1'..='9' | 'k' | 'g' => return Err(reader.unsupported(start, start + 2, "the backreference")),
            _ => {
                match class::escape(reader, start)? {
                    class::Escaped::Character(character) => reader.literal(character),
                    class::Escaped::Class(class) => reader.out.push_str(&class),
                }
                self.one();
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

/// The length of `2}`, `2,}`, `2,5}` at the beginning, and the counts. Anything else begins with a literal brace.
fn counts(rest: &str) -> Option<(usize, u64, u64)> {
    let inner = rest.split('}').next().filter(|inner| inner.len() < rest.len())?;
    let (least, most) = inner.split_once(',').unwrap_or((inner, inner));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if least.is_empty() || !digits(least) || !digits(most) {
        return None;
    }
    // A number that does not fit is too large in any case.
    let number = |text: &str| text.parse::<u64>().unwrap_or(u64::MAX - 1);
    Some((inner.len() + 1, number(least), if most.is_empty() { u64::MAX } else { number(most) }))
}
