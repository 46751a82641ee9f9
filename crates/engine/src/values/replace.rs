//! `replace` and `regexReplace`, with bounded results and work.
//!
//! Owns the two functions and the syntax of replacements. Rules are from the AWS User Guide, page *Boolean, comparison, numeric,
//! datetime, and other functions*, section *String functions*.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use super::regex::Regex;
use super::strings::LONGEST_TEXT;

/// The maximum number of matches in a text: unlimited in short texts, fewer in long ones.
///
/// Each search may read to the end of the text, so a hostile expression costs length times matches. Texts up to 16 KiB have no
/// limit; a text of 1 MiB has 1,000 matches.
pub(super) const fn most_matches(text: &str) -> usize {
    const READ: usize = 1 << 28;
    const LEAST: usize = 1_000;
    let allowed = READ / if text.is_empty() { 1 } else { text.len() };
    if allowed < LEAST { LEAST } else { allowed }
}

/// `replace(s, searched, replacement)`: every occurrence, from the left, none overlapping; `None` beyond [`LONGEST_TEXT`].
///
/// If `searched` is empty, nothing is replaced; AWS does not say.
///
/// ```
/// use logmark_engine::values::replace::replace;
///
/// assert_eq!(replace("a.b.c", ".", "::").as_deref(), Some("a::b::c"));
/// assert_eq!(replace("abc", "", "-").as_deref(), Some("abc"));
/// ```
#[must_use]
pub fn replace<'t>(text: &'t str, searched: &str, replacement: &str) -> Option<Cow<'t, str>> {
    if searched.is_empty() || !text.contains(searched) {
        return Some(text.into());
    }
    let mut result = String::with_capacity(text.len());
    let mut done = 0;
    for (place, _) in text.match_indices(searched) {
        append(&mut result, &text[done..place])?;
        append(&mut result, replacement)?;
        done = place + searched.len();
    }
    append(&mut result, &text[done..])?;
    Some(result.into())
}

fn append(result: &mut String, text: &str) -> Option<()> {
    if text.len() > LONGEST_TEXT - result.len() {
        return None;
    }
    result.push_str(text);
    Some(())
}

/// The third argument of `regexReplace`, parsed: text, and groups of the expression.
///
/// Groups are written `\1` as in RE2, or `$1`, `${1}`, `${name}` as in most others; `\0` and `$0` are the whole match. `$$` is a
/// dollar sign and `\\` a backslash. AWS names RE2 as the engine but does not say which form it uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Group(usize),
}

/// What is wrong with a replacement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplacementError {
    /// The position in the replacement, in bytes.
    pub place: Range<usize>,
    /// The unknown group, as written.
    pub group: String,
}

impl Replacement {
    /// Parses a replacement for the expression.
    ///
    /// ```
    /// use logmark_engine::values::{regex::Regex, replace::Replacement};
    ///
    /// let regex = Regex::compile_re2(r"(\w+)@(?<host>\w+)").unwrap();
    /// let replacement = Replacement::compile(r"${host}:\1", &regex).unwrap();
    /// assert_eq!(replacement.apply("ann@home, bob@work", &regex).as_deref(), Some("home:ann, work:bob"));
    /// assert_eq!(Replacement::compile("costs $5", &regex).unwrap_err().to_string(), "the pattern has no group `5`; write a dollar sign as `$$`");
    /// ```
    ///
    /// # Errors
    /// If it names a group that the expression does not have.
    pub fn compile(written: &str, regex: &Regex) -> Result<Self, ReplacementError> {
        let mut pieces = Vec::new();
        let mut text = String::new();
        let mut place = 0;
        while let Some(character) = written[place..].chars().next() {
            let rest = &written[place + character.len_utf8()..];
            let (length, piece) = match character {
                '\\' if rest.starts_with('\\') => (2, Piece::Text("\\".to_owned())),
                '$' if rest.starts_with('$') => (2, Piece::Text("$".to_owned())),
                '\\' | '$' => group(written, place, character == '$', regex)?,
                _ => (character.len_utf8(), Piece::Text(character.to_string())),
            };
            match piece {
                Piece::Text(more) => text.push_str(&more),
                Piece::Group(_) => {
                    pieces.push(Piece::Text(std::mem::take(&mut text)));
                    pieces.push(piece);
                }
            }
            place += length;
        }
        pieces.push(Piece::Text(text));
        Ok(Self { pieces })
    }

    /// `regexReplace(s, expression, replacement)`: every match, from the left.
    ///
    /// `None` beyond [`LONGEST_TEXT`], and if a text of more than 16 KiB has more matches than its limit (at least 1,000).
    #[must_use]
    pub fn apply<'t>(&self, text: &'t str, regex: &Regex) -> Option<Cow<'t, str>> {
        let most = most_matches(text);
        let mut result = String::new();
        let mut done = 0;
        let mut replaced = false;
        for (count, found) in regex.matches(text).enumerate() {
            if count == most {
                return None;
            }
            // RE2's expressions never backtrack, so no search reaches a limit.
            let found = found.ok()?;
            let whole = found.range(0)?;
            append(&mut result, &text[done..whole.start])?;
            for piece in &self.pieces {
                match piece {
                    Piece::Text(piece) => append(&mut result, piece)?,
                    Piece::Group(group) => append(&mut result, found.get(*group).unwrap_or_default())?,
                }
            }
            done = whole.end;
            replaced = true;
        }
        if !replaced {
            return Some(text.into());
        }
        append(&mut result, &text[done..])?;
        Some(result.into())
    }
}

/// The piece that begins with a `$` or a backslash, and its length.
fn group(written: &str, start: usize, dollar: bool, regex: &Regex) -> Result<(usize, Piece), ReplacementError> {
    let rest = &written[start + 1..];
    let known = |number: usize| number <= regex.groups();
    let error = |length: usize, group: &str| ReplacementError { place: start..start + length, group: group.to_owned() };
    let braced = rest.strip_prefix('{').filter(|_| dollar).and_then(|rest| rest.split_once('}'));
    if let Some((name, _)) = braced {
        let length = name.len() + 3;
        let number = match name.parse::<usize>() {
            Ok(number) => Some(number).filter(|number| known(*number)),
            Err(_) => regex.named_groups().find(|(_, each)| *each == name).map(|(number, _)| number),
        };
        return number.map(|number| (length, Piece::Group(number))).ok_or_else(|| error(length, name));
    }
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 {
        return Ok((1, Piece::Text(written[start..=start].to_owned())));
    }
    // RE2's `\1` has one digit; `$12` is group 12 when there is one, else group 1 before a `2`.
    let longest = if dollar { digits.min(4) } else { 1 };
    let found = (1..=longest)
        .rev()
        .find_map(|length| rest[..length].parse().ok().filter(|number| known(*number)).map(|number| (length, number)));
    found.map(|(length, number)| (length + 1, Piece::Group(number))).ok_or_else(|| error(2, &rest[..1]))
}

impl fmt::Display for ReplacementError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the pattern has no group {}; write a dollar sign as `$$`", logmark_diagnostics::quoted(&self.group))
    }
}

impl std::error::Error for ReplacementError {}
