//! The beginnings of groups: capturing groups with and without a name, flags, and refused constructs.
//!
//! Owns the bounds of groups. How one ends is in [`super::dialect`].

use logmark_diagnostics::Span;

use super::backtracking::Engine;
use super::dialect::{Last, Scope, Translation};
use super::reader::Reader;
use super::shape::is_name;
use super::{RegexError, RegexFault};

/// Deepest nesting of groups. Real patterns are less deep, and the engine's compiler recurses.
const DEEPEST: usize = 50;

/// Most groups that capture: each costs memory in every match.
const MOST_GROUPS: usize = 200;

impl Translation {
    pub(super) fn open(&mut self, reader: &mut Reader<'_>, start: usize) -> Result<(), RegexError> {
        if reader.rest().starts_with('*') {
            return Err(reader.unsupported(start, start + 2, "the verb"));
        }
        if !reader.take('?') {
            return self.capture(reader, start);
        }
        let rest = reader.rest();
        if rest.starts_with('#') {
            let end = rest.find(')').ok_or_else(|| reader.malformed(start, "this comment is not closed"))?;
            reader.skip(end + 1);
            return Ok(());
        }
        if self.engine == Engine::Backtracking && self.open_backtracking(reader, start)? {
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
        reader.skip(length + 1);
        self.capture(reader, start)
    }

    fn capture(&mut self, reader: &mut Reader<'_>, start: usize) -> Result<(), RegexError> {
        if self.groups == MOST_GROUPS {
            let span = Span::new(start, start + 1);
            return Err(RegexError {
                span,
                fault: RegexFault::TooLarge("there are too many groups; `(?:` opens one that captures nothing"),
            });
        }
        self.groups += 1;
        self.enter(reader, start, "(", Last::Atom)
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
        if letters.chars().enumerate().any(|(place, flag)| letters[..place].contains(flag)) {
            return Err(reader.malformed(start, "a flag is given twice"));
        }
        let outer = self.multi_line;
        self.multi_line = (self.multi_line || on.contains('m')) && !off.contains('m');
        let opening = format!("(?{}", &rest[..=length]);
        reader.skip(length + 1);
        if group {
            let inner = self.multi_line;
            self.multi_line = outer;
            self.enter(reader, start, &opening, Last::Atom)?;
            self.multi_line = inner;
        } else {
            reader.out.push_str(&opening);
            self.last = Last::Nothing;
        }
        Ok(())
    }

    /// Opens a group whose beginning was read.
    pub(super) fn enter(
        &mut self,
        reader: &mut Reader<'_>,
        start: usize,
        opening: &str,
        closes_as: Last,
    ) -> Result<(), RegexError> {
        if self.open.len() == DEEPEST {
            let span = Span::new(start, start + 1);
            return Err(RegexError { span, fault: RegexFault::TooLarge("groups are nested too deep") });
        }
        debug_assert!(reader.position() > start);
        let (out_start, atoms) = (reader.out.len(), std::mem::take(&mut self.atoms));
        self.open.push(Scope { start, out_start, multi_line: self.multi_line, atoms, closes_as });
        reader.out.push_str(opening);
        self.last = Last::Nothing;
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
