//! The shape of a regular expression: its groups and their names, for any engine.
//!
//! CloudWatch evaluates look-around, back-references, atomic groups and large repetitions, so queries that use them are sent to
//! it. Only two facts are needed here: that brackets are balanced, so that the expression ends where it seems to end, and which
//! groups become fields. [`translate`](super::translate) decides whether a linear-time engine can run the expression.
//!
//! Reads Perl's syntax once, without recursion. Never compiles.

use logmark_diagnostics::Span;

use super::{RegexError, RegexFault};

/// The characters after `(?` that begin a named group, and the character that ends the name.
const NAMED: [(&str, char); 3] = [("P<", '>'), ("<", '>'), ("'", '\'')];

/// The groups of a regular expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RegexShape {
    /// How many groups capture, named or not.
    pub(crate) groups: usize,
    /// The names of the named groups, in the order of the text.
    pub(crate) names: Vec<String>,
}

impl RegexShape {
    /// The shape of the pattern between the slashes.
    ///
    /// # Errors
    /// When a bracket is not closed, or closes nothing; when a name is not valid for a field, or occurs twice.
    pub(crate) fn of(pattern: &str) -> Result<Self, RegexError> {
        let mut reader = Reader { pattern, position: 0 };
        let mut shape = Self { groups: 0, names: Vec::new() };
        let mut open = Vec::new();
        while let Some(character) = reader.next() {
            let start = reader.position - character.len_utf8();
            match character {
                '\\' => reader.escape(),
                '[' => reader.class(start)?,
                '(' => open.extend(shape.group(&mut reader, start)?.then_some(start)),
                ')' => {
                    open.pop().ok_or_else(|| reader.malformed(start, "no group is open here"))?;
                }
                _ => {}
            }
        }
        match open.last() {
            Some(start) => Err(reader.malformed(*start, "this group is not closed")),
            None => Ok(shape),
        }
    }

    /// Reads the beginning of a group after its `(`. Returns whether a `)` closes it later.
    fn group(&mut self, reader: &mut Reader<'_>, start: usize) -> Result<bool, RegexError> {
        if reader.rest().starts_with('*') {
            // A verb, such as `(*UCP)`.
            return Ok(true);
        }
        let Some(special) = reader.rest().strip_prefix('?') else {
            self.groups += 1;
            return Ok(true);
        };
        if special.starts_with('#') {
            let end = special.find(')').ok_or_else(|| reader.malformed(start, "this comment is not closed"))?;
            reader.position += '?'.len_utf8() + end + ')'.len_utf8();
            return Ok(false);
        }
        if special.starts_with('(') && !special.starts_with("(?") {
            // The condition of `(?(1)a|b)`.
            let end = special.find(')').ok_or_else(|| reader.malformed(start, "this condition is not closed"))?;
            reader.position += '?'.len_utf8() + end + ')'.len_utf8();
            return Ok(true);
        }
        let is_look_behind = special.starts_with("<=") || special.starts_with("<!");
        let named = NAMED.iter().find_map(|(opening, closing)| Some((special.strip_prefix(opening)?, opening.len(), *closing)));
        match named.filter(|_| !is_look_behind) {
            Some((rest, opening, closing)) => {
                reader.position += '?'.len_utf8() + opening;
                self.name(reader, start, rest.find(closing))?;
            }
            // Flags, look-around, atomic groups, conditions, recursion: none of them captures.
            None => reader.position += '?'.len_utf8(),
        }
        Ok(true)
    }

    /// Reads the name of a group, which has that many bytes.
    fn name(&mut self, reader: &mut Reader<'_>, start: usize, length: Option<usize>) -> Result<(), RegexError> {
        let length = length.ok_or_else(|| reader.malformed(start, "the name of this group is not closed"))?;
        let from = reader.position;
        let name = reader.rest().get(..length).unwrap_or_default();
        reader.position += length + 1;
        if !is_name(name) {
            let what = "the name of a group consists of letters, digits, `_`, `@` and `.`, and does not begin with a digit";
            return Err(reader.malformed(start, what));
        }
        if self.names.iter().any(|known| known == name) {
            let span = Span::new(from, from + length);
            return Err(RegexError { span, fault: RegexFault::DuplicateName(name.to_owned()) });
        }
        self.groups += 1;
        self.names.push(name.to_owned());
        Ok(())
    }
}

/// Whether a name is valid for a group, which becomes a field: queries in use have groups `@kind` and `user.id`.
pub(crate) fn is_name(name: &str) -> bool {
    let first = name.trim_start_matches('@').starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    let known = name.chars().all(|each| each.is_ascii_alphanumeric() || "_@.".contains(each));
    first && known && name.split('.').all(|step| !step.is_empty())
}

struct Reader<'p> {
    pattern: &'p str,
    /// The next byte; between characters.
    position: usize,
}

impl<'p> Reader<'p> {
    fn next(&mut self) -> Option<char> {
        let character = self.rest().chars().next()?;
        self.position += character.len_utf8();
        Some(character)
    }

    fn rest(&self) -> &'p str {
        self.pattern.get(self.position..).unwrap_or_default()
    }

    /// Skips the escaped characters after a `\`: one character, or all characters from `\Q` to `\E`.
    fn escape(&mut self) {
        if self.next() == Some('Q') {
            let length = self.rest().find("\\E").map_or(self.rest().len(), |end| end + "\\E".len());
            self.position += length;
        }
    }

    /// Skips a class after its `[`. A `]` at its beginning is one of its characters.
    fn class(&mut self, start: usize) -> Result<(), RegexError> {
        if self.rest().starts_with('^') {
            self.position += 1;
        }
        let mut is_first = true;
        while let Some(character) = self.next() {
            match character {
                ']' if !is_first => return Ok(()),
                '\\' => self.escape(),
                // `[:alpha:]`
                '[' if self.rest().starts_with(':') => {
                    if let Some(end) = self.rest().find(":]") {
                        self.position += end + ":]".len();
                    }
                }
                _ => {}
            }
            is_first = false;
        }
        Err(self.malformed(start, "this class is not closed"))
    }

    /// At least one character, between characters.
    fn malformed(&self, start: usize, what: &'static str) -> RegexError {
        let end = self.position.max(start + 1).min(self.pattern.len());
        let span = Span::new(start, self.pattern.ceil_char_boundary(end));
        RegexError { span, fault: RegexFault::Malformed(what) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_told_from_what_only_looks_like_one() {
        for (pattern, groups, names) in [
            (r"(a)(?:b)(?=c)(?!d)(?<=e)(?<!f)(?>g)(?i)(?i-s:h)(?#(i)(*UCP)(?|(j)|(k))", 3, vec![]),
            (r"(?<=user=)(?<user>\w+) (?P<a.b>x)(?'@c'y)", 3, vec!["user", "a.b", "@c"]),
            (r"(?<q>a)\1\k<q>(?P=q)(?&q)(?(1)b|c)", 1, vec!["q"]),
            (r"\(a\)[(](?<x>[)\]]+)[]()]\Q(((\E", 1, vec!["x"]),
            (r"[[:alpha:](](a{1,5000})++", 1, vec![]),
            (r"[^](]\\(b)", 1, vec![]),
        ] {
            let shape = RegexShape::of(pattern).unwrap();
            assert_eq!((shape.groups, shape.names), (groups, names.into_iter().map(str::to_owned).collect()), "{pattern}");
        }
    }

    #[test]
    fn what_is_not_balanced_or_not_named_is_refused_at_its_place() {
        for (pattern, start, end) in [
            ("a(b", 1, 3),
            ("a)", 1, 2),
            ("x[a", 1, 3),
            ("[]", 0, 2),
            ("[(?<a>", 0, 6),
            ("(?<a", 0, 3),
            ("(?<a b>c)", 0, 7),
            ("(?<a>b)(?<a>c)", 10, 11),
            ("(?#a", 0, 1),
            ("é(?=b", 2, 6),
            ("(?<=a", 0, 5),
        ] {
            assert_eq!(RegexShape::of(pattern).unwrap_err().span, Span::new(start, end), "{pattern}");
        }
    }
}
