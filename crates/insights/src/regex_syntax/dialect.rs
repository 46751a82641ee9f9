//! The dialect of regular expressions: Perl's syntax as Hyperscan and RE2 share it, rewritten for the `regex` crate.
//!
//! Parses a pattern and reports every unsupported part at its position. Never runs a pattern. Rewrites the differences between
//! the crate and Perl: ASCII classes and boundaries, literal braces, brackets within classes, `\Q..\E`, `\/`. Reads the pattern
//! once, without recursion. [`super::class`] parses classes in brackets, [`super::groups`] the openings of groups,
//! [`super::backtracking`] the constructs that only a backtracking engine can run.

use logmark_diagnostics::Span;

use super::backtracking::{self, Engine};
use super::class;
use super::reader::Reader;
use super::{RegexError, RegexFault};

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
pub(super) enum Last {
    Nothing,
    Atom,
    /// An atom that matches no characters: a boundary, a look-around.
    Assertion,
    Repetition,
}

/// An open group: what is restored when it closes.
pub(super) struct Scope {
    /// Its position in the pattern.
    pub(super) start: usize,
    /// Its position in the expression.
    pub(super) out_start: usize,
    /// Whether `(?m)` was on around it.
    pub(super) multi_line: bool,
    /// The atoms before it in the scope around it.
    pub(super) atoms: u64,
    /// The kind of the group after it has closed.
    pub(super) closes_as: Last,
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
    translate_for(Engine::Linear, pattern, line_end)
}

/// The same expression in the syntax of the `fancy-regex` crate, look-around, back-references, atomic groups, possessive and
/// large repetitions included.
///
/// # Errors
/// When the pattern is malformed, too large, or of Perl alone.
pub fn translate_backtracking(pattern: &str) -> Result<Translated, RegexError> {
    if pattern.len() > backtracking::LONGEST_PATTERN {
        let fault = RegexFault::TooLarge("an expression that needs backtracking is too long");
        return Err(RegexError { span: Span::new(0, pattern.len()), fault });
    }
    translate_for(Engine::Backtracking, pattern, LineEnd::BeforeLast)
}

fn translate_for(engine: Engine, pattern: &str, line_end: LineEnd) -> Result<Translated, RegexError> {
    let mut reader = Reader::new(pattern);
    let mut state = Translation::new(engine, line_end);
    while let Some(character) = reader.next() {
        state.step(&mut reader, character)?;
    }
    if let Some(scope) = state.open.last() {
        return Err(reader.malformed(scope.start, "this group is not closed"));
    }
    if let Some((span, _)) = state.references.iter().find(|(_, group)| *group > state.groups) {
        return Err(RegexError { span: *span, fault: RegexFault::Malformed("there is no group of that number") });
    }
    Ok(Translated { expression: reader.out, names: state.names })
}

pub(super) struct Translation {
    pub(super) engine: Engine,
    line_end: LineEnd,
    pub(super) multi_line: bool,
    pub(super) open: Vec<Scope>,
    pub(super) groups: usize,
    pub(super) names: Vec<(usize, String)>,
    pub(super) last: Last,
    /// Where the last atom begins in the expression.
    pub(super) last_start: usize,
    /// The atoms of the innermost open group, each copy counted.
    pub(super) atoms: u64,
    /// The atoms of only the last atom or group.
    pub(super) last_atoms: u64,
    /// The copies made so far.
    copies: u64,
    /// The copies that an engine that backtracks counts instead of making them.
    pub(super) counted: u64,
    /// The back-references by number: their places, and their groups, which may follow them.
    pub(super) references: Vec<(Span, usize)>,
}

impl Translation {
    const fn new(engine: Engine, line_end: LineEnd) -> Self {
        Self {
            engine,
            line_end,
            multi_line: false,
            open: Vec::new(),
            groups: 0,
            names: Vec::new(),
            last: Last::Nothing,
            last_start: 0,
            atoms: 0,
            last_atoms: 0,
            copies: 0,
            counted: 0,
            references: Vec::new(),
        }
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
                self.last = scope.closes_as;
                self.last_start = scope.out_start;
                self.last_atoms = self.atoms;
                self.atoms += scope.atoms;
            }
            '[' => {
                self.last_start = reader.out.len();
                class::read(reader, start)?;
                self.one();
            }
            '|' => {
                reader.out.push('|');
                self.last = Last::Nothing;
            }
            '*' | '+' | '?' => {
                let (least, most) = if character == '?' { (0, 1) } else { (u64::from(character == '+'), u64::MAX) };
                return self.repeated(reader, start, &Repetition { least, most, length: 0 });
            }
            '{' if self.last != Last::Nothing && counts(reader.rest()).is_some() => {
                let repetition = counts(reader.rest()).unwrap_or_default();
                if repetition.least > repetition.most {
                    reader.skip(repetition.length);
                    return Err(reader.malformed(start, "the bounds of this repetition are reversed"));
                }
                return self.repeated(reader, start, &repetition);
            }
            '^' => self.assertion(reader, "^", "^"),
            '$' => self.line_end(reader),
            '.' => self.atom(reader, "."),
            literal => {
                self.last_start = reader.out.len();
                reader.literal(literal);
                self.one();
            }
        }
        Ok(())
    }

    pub(super) fn atom(&mut self, reader: &mut Reader<'_>, written: &str) {
        self.last_start = reader.out.len();
        reader.out.push_str(written);
        self.one();
    }

    /// One atom was read.
    const fn one(&mut self) {
        self.last = Last::Atom;
        self.last_atoms = 1;
        self.atoms += 1;
    }

    /// The last atom occurs this many times.
    pub(super) fn copied(&mut self, reader: &Reader<'_>, start: usize, times: u64) -> Result<(), RegexError> {
        let copies = self.last_atoms.saturating_mul(times.saturating_sub(1));
        self.copies = self.copies.saturating_add(copies);
        self.atoms = self.atoms.saturating_add(copies);
        if self.copies > MOST_COPIES { Err(Self::too_many_copies(reader, start)) } else { Ok(()) }
    }

    pub(super) fn too_many_copies(reader: &Reader<'_>, start: usize) -> RegexError {
        let span = reader.span(start, reader.position());
        RegexError { span, fault: RegexFault::TooLarge("the repetitions are too many: lower their counts") }
    }

    /// Perl lets an assertion be repeated; so does the crate.
    fn assertion(&mut self, reader: &mut Reader<'_>, linear: &str, backtracking: &str) {
        self.atom(reader, if self.engine == Engine::Linear { linear } else { backtracking });
        self.last = Last::Assertion;
    }

    fn line_end(&mut self, reader: &mut Reader<'_>) {
        if self.multi_line {
            self.assertion(reader, "$", "$");
        } else if self.line_end == LineEnd::BeforeLast {
            self.before_last_line_end(reader);
        } else {
            self.assertion(reader, "$", r"\z");
        }
    }

    /// There is no look-ahead for the crate: the line break is made part of the match, which no capture outside `$` sees.
    fn before_last_line_end(&mut self, reader: &mut Reader<'_>) {
        self.assertion(reader, r"(?:\n?\z)", r"(?=\n?\z)");
    }

    /// A repetition of the last atom, whose first character was read, with its `?`, and nothing that repeats it again.
    fn repeated(&mut self, reader: &mut Reader<'_>, start: usize, repetition: &Repetition) -> Result<(), RegexError> {
        let written = reader.position() - 1;
        reader.skip(repetition.length);
        if !matches!(self.last, Last::Atom | Last::Assertion) {
            return Err(reader.malformed(start, "there is nothing to repeat here"));
        }
        let written = &reader.pattern()[written..reader.position()];
        let is_lazy = reader.take('?');
        if self.engine == Engine::Backtracking {
            self.repeated_backtracking(reader, start, written, is_lazy, repetition)?;
        } else {
            reader.out.push_str(written);
            if is_lazy {
                reader.out.push('?');
            }
            if reader.rest().starts_with('+') {
                return Err(reader.unsupported(start, reader.position() + 1, "the possessive repetition"));
            }
            if repetition.length > 0 {
                self.copied(reader, start, repetition.copies())?;
            }
        }
        self.last = Last::Repetition;
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
                let written = if escaped == 'A' { r"\A" } else { r"\z" };
                self.assertion(reader, written, written);
            }
            'Z' => {
                reader.skip(1);
                self.before_last_line_end(reader);
            }
            'b' | 'B' => {
                reader.skip(1);
                match escaped {
                    'b' => self.assertion(reader, r"(?-u:\b)", backtracking::WORD_BOUNDARY),
                    _ => self.assertion(reader, r"(?-u:\B)", backtracking::NO_WORD_BOUNDARY),
                }
            }
            'Q' => {
                let literal = rest[1..].split(r"\E").next().unwrap_or_default();
                for each in literal.chars() {
                    self.last_start = reader.out.len();
                    reader.literal(each);
                }
                reader.skip(1 + literal.len() + 2);
                self.atoms += literal.len() as u64;
                if !literal.is_empty() {
                    self.one();
                }
            }
            // Without its beginning it ends nothing, as in Perl.
            'E' => reader.skip(1),
            '1'..='9' | 'k' | 'g' if self.engine == Engine::Backtracking => return self.reference(reader, start),
            '1'..='9' | 'k' | 'g' => return Err(reader.unsupported(start, start + 2, "the backreference")),
            _ => {
                self.last_start = reader.out.len();
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

/// How often an atom is repeated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Repetition {
    pub(super) least: u64,
    /// [`u64::MAX`] for no bound.
    pub(super) most: u64,
    /// The bytes of the counts with the closing brace; 0 for `*`, `+` and `?`.
    pub(super) length: usize,
}

impl Repetition {
    /// How many copies of the atom it needs.
    pub(super) const fn copies(&self) -> u64 {
        if self.most == u64::MAX { self.least } else { self.most }
    }
}

/// `2}`, `2,}`, `2,5}` at the beginning. Anything else begins with a literal brace.
fn counts(rest: &str) -> Option<Repetition> {
    let inner = rest.split('}').next().filter(|inner| inner.len() < rest.len())?;
    let (least, most) = inner.split_once(',').unwrap_or((inner, inner));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if least.is_empty() || !digits(least) || !digits(most) {
        return None;
    }
    // A number that does not fit is too large in any case.
    let number = |text: &str| text.parse::<u64>().unwrap_or(u64::MAX - 1);
    let most = if most.is_empty() { u64::MAX } else { number(most) };
    Some(Repetition { least: number(least), most, length: inner.len() + 1 })
}
