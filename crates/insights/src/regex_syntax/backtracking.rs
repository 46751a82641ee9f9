//! Constructs that only a backtracking engine can run, in the syntax of the `fancy-regex` crate.
//!
//! - look-around: `(?=a)`, `(?!a)`, `(?<=a)`, `(?<!a)`
//! - atomic groups and possessive repetitions: `(?>a)`, `a++`, `a{2,5}+`
//! - back-references: `\1`, `\12`, `\k<name>`, `\k'name'`, `\k{name}`, `\g1`, `\g{1}`, `\g{-1}`, `\g{name}`, `(?P=name)`
//! - large repetitions: the engine counts them step by step, but the linear engine would need a state for each
//!
//! Two-digit references follow Java: digits are dropped until a group has the number. Perl's recursion, conditions, branch
//! resets, verbs and code are refused: no page and no query in use has them.

use super::dialect::{Last, Repetition, Translation};
use super::reader::Reader;
use super::{RegexError, RegexFault};
use logmark_diagnostics::Span;

/// Which engine runs the expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Engine {
    /// The `regex` crate: time linear in the text.
    Linear,
    /// The `fancy-regex` crate: backtracks within a limit of steps.
    Backtracking,
}

/// The longest pattern that may backtrack, in bytes: each of its atoms may become a program of its own.
pub(super) const LONGEST_PATTERN: usize = 4_000;

/// Repetitions up to this count, of up to this many atoms, are copied where no backtracking is needed, as in the linear engine.
/// Larger ones are counted by the engine: a step costs time but no memory.
const MOST_COPIED: u64 = 16;

/// The maximum number of steps of counted repetitions in one attempt, nested ones multiplied.
const MOST_COUNTED: u64 = 1_000_000;

/// ASCII `\b`: the crate has only the Unicode one.
pub(super) const WORD_BOUNDARY: &str = r"(?:(?<=[0-9A-Za-z_])(?![0-9A-Za-z_])|(?<![0-9A-Za-z_])(?=[0-9A-Za-z_]))";

/// ASCII `\B`.
pub(super) const NO_WORD_BOUNDARY: &str = r"(?:(?<=[0-9A-Za-z_])(?=[0-9A-Za-z_])|(?<![0-9A-Za-z_])(?![0-9A-Za-z_]))";

/// The characters after `(?` of groups that only this engine runs, and their kind after they close.
const GROUPS: [(&str, Last); 5] =
    [("<=", Last::Assertion), ("<!", Last::Assertion), ("=", Last::Assertion), ("!", Last::Assertion), (">", Last::Atom)];

impl Translation {
    /// Reads a group that the linear engine refuses, after its `(?`. Returns whether there was one.
    pub(super) fn open_backtracking(&mut self, reader: &mut Reader<'_>, start: usize) -> Result<bool, RegexError> {
        if let Some(name) = reader.rest().strip_prefix("P=") {
            let length = name.find(')').ok_or_else(|| reader.malformed(start, "this group is not closed"))?;
            let group = self.named_group(reader, start, &name[..length])?;
            reader.skip("P=".len() + length + ")".len());
            self.refer(reader, start, group);
            return Ok(true);
        }
        let Some((opening, closes_as)) = GROUPS.into_iter().find(|(opening, _)| reader.rest().starts_with(opening)) else {
            return Ok(false);
        };
        reader.skip(opening.len());
        self.enter(reader, start, &format!("(?{opening}"), closes_as)?;
        Ok(true)
    }

    /// A repetition of the last atom, after its `?`.
    pub(super) fn repeated_backtracking(
        &mut self,
        reader: &mut Reader<'_>,
        start: usize,
        written: &str,
        is_lazy: bool,
        repetition: &Repetition,
    ) -> Result<(), RegexError> {
        let is_possessive = !is_lazy && reader.take('+');
        if self.last == Last::Assertion {
            self.repeat_assertion(reader, is_lazy, repetition);
            return Ok(());
        }
        let copies = repetition.copies();
        if repetition.length > 0 && copies.max(self.last_atoms) > MOST_COPIED {
            let steps = self.last_atoms.max(1).saturating_mul(copies);
            self.counted = self.counted.saturating_add(steps);
            self.atoms = self.atoms.saturating_add(steps);
            if self.counted > MOST_COUNTED {
                return Err(Self::too_many_copies(reader, start));
            }
            // The empty look-ahead makes the crate run the atom separately, so that it counts.
            reader.out.insert_str(self.last_start, "(?:");
            reader.out.push_str("(?=))");
        } else if repetition.length > 0 {
            self.copied(reader, start, copies)?;
        }
        reader.out.push_str(written);
        if is_lazy {
            reader.out.push('?');
        }
        if is_possessive {
            reader.out.insert_str(self.last_start, "(?>");
            reader.out.push(')');
        }
        Ok(())
    }

    /// Repeating an assertion does not change its result. The crate refuses to repeat it, so the repetition is dropped.
    fn repeat_assertion(&self, reader: &mut Reader<'_>, is_lazy: bool, repetition: &Repetition) {
        if repetition.least > 0 {
            return;
        }
        if is_lazy || repetition.most == 0 {
            reader.out.insert_str(self.last_start, "(?:|");
            reader.out.push(')');
        } else {
            reader.out.insert_str(self.last_start, "(?:");
            reader.out.push_str("|)");
        }
    }

    /// A back-reference, after its backslash.
    pub(super) fn reference(&mut self, reader: &mut Reader<'_>, start: usize) -> Result<(), RegexError> {
        let rest = reader.rest();
        if rest.starts_with(|first: char| first.is_ascii_digit()) {
            let number = self.number(reader);
            return self.refer_by_number(reader, start, Some(number));
        }
        let (kind, after) = rest.split_at(1);
        let is_named = kind == "k";
        reader.skip(kind.len());
        let closing = match after.chars().next() {
            Some('{') => '}',
            Some('<') => '>',
            Some('\'') => '\'',
            Some('1'..='9') if !is_named => {
                let number = self.number(reader);
                return self.refer_by_number(reader, start, Some(number));
            }
            _ => return Err(reader.malformed(start, "the group of this back-reference is missing")),
        };
        let name = after[1..].split(closing).next().filter(|name| name.len() + 1 < after.len());
        let name = name.ok_or_else(|| reader.malformed(start, "this back-reference is not closed"))?;
        let digits = name.strip_prefix('-').unwrap_or(name);
        if is_named || digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            let group = self.named_group(reader, start, name)?;
            reader.skip(name.len() + 2);
            self.refer(reader, start, group);
            return Ok(());
        }
        let number = digits.parse().ok();
        let backwards = |number: usize| (self.groups + 1).checked_sub(number);
        let group = if digits.len() < name.len() { number.and_then(backwards) } else { number };
        reader.skip(name.len() + 2);
        self.refer_by_number(reader, start, group)
    }

    /// Reads the number of a group: digits are dropped until there are as many groups, or one digit is left.
    fn number(&self, reader: &mut Reader<'_>) -> usize {
        let rest = reader.rest();
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count().min(3);
        let number = |length: usize| rest[..length].parse::<usize>().unwrap_or_default();
        let length = (2..=digits).rev().find(|length| number(*length) <= self.groups).unwrap_or(1);
        reader.skip(length);
        number(length)
    }

    fn refer_by_number(&mut self, reader: &mut Reader<'_>, start: usize, group: Option<usize>) -> Result<(), RegexError> {
        let group = group.filter(|group| *group > 0);
        let group = group.ok_or_else(|| reader.malformed(start, "there is no group of that number"))?;
        self.refer(reader, start, group);
        Ok(())
    }

    /// The number of a group that was opened before.
    fn named_group(&self, reader: &Reader<'_>, start: usize, name: &str) -> Result<usize, RegexError> {
        let found = self.names.iter().find(|(_, known)| known == name).map(|(group, _)| *group);
        found.ok_or_else(|| {
            let end = reader.position() + name.len() + 2;
            let fault = RegexFault::Malformed("no group of that name precedes this back-reference");
            RegexError { span: reader.span(start, end), fault }
        })
    }

    fn refer(&mut self, reader: &mut Reader<'_>, start: usize, group: usize) {
        self.references.push((Span::new(start, reader.position().max(start + 1)), group));
        self.atom(reader, &format!(r"(?:\{group})"));
    }
}
