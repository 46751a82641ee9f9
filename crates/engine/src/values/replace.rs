//! `replace` and `regexReplace`: every occurrence replaced, the result and the work bounded.
//!
//! Owns the two functions and the writing of replacements. Rules are those of the AWS User Guide, page *Boolean,
//! comparison, numeric, datetime, and other functions*, section *String functions*.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use super::regex::Regex;
use super::strings::LONGEST_TEXT;

/// The matches of one text that are looked for: all in short texts, fewer in long ones.
///
/// Each search may read to the end of the text, so the matches of a hostile expression cost text times matches. Up to
/// 16 KiB nothing is limited; a text of 1 MiB has its first 1,000.
pub(super) const fn most_matches(text: &str) -> usize {
    const READ: usize = 1 << 28;
    const LEAST: usize = 1_000;
    let allowed = READ / if text.is_empty() { 1 } else { text.len() };
    if allowed < LEAST { LEAST } else { allowed }
}

/// `replace(s, searched, replacement)`: every occurrence, from the left, none overlapping; `None` beyond [`LONGEST_TEXT`].
///
/// AWS does not say what an empty searched text does: nothing is replaced.
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

/// The third argument of `regexReplace`, read once: text, and groups of the expression.
///
/// Groups are written `\1` as in RE2, or `$1`, `${1}`, `${name}` as in most others; `\0` and `$0` are the whole match.
/// `$$` is a dollar sign and `\\` a backslash. AWS names RE2 as the engine without saying which form it takes.
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
    /// The place in the replacement, in bytes.
    pub place: Range<usize>,
    /// The group that the expression does not have, as it was written.
    pub group: String,
}

impl Replacement {
    /// Reads a replacement for that expression.
    ///
    /// ```
    /// use logmark_engine::values::{regex::Regex, replace::Replacement};
    ///
    /// let regex = Regex::compile_re2(r"(\w+)@(?<host>\w+)").unwrap();
    /// let replacement = Replacement::compile(r"${host}:\1", &regex).unwrap();
    /// assert_eq!(replacement.apply("ann@home, bob@work", &regex).as_deref(), Some("home:ann, work:bob"));
    /// assert_eq!(Replacement::compile("costs $5", &regex).unwrap_err().to_string(), "there is no group `5`; a dollar sign is written `$$`");
    /// ```
    ///
    /// # Errors
    /// When it names a group that the expression does not have.
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
    /// `None` beyond [`LONGEST_TEXT`], and when a text of more than 16 KiB has more matches than are looked for (at least
    /// 1,000; all of them in shorter texts).
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
            // RE2's expressions never backtrack, so that no search ends early.
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

/// What a `$` or a backslash begins, and its length.
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
        write!(f, "there is no group {}; a dollar sign is written `$$`", logmark_diagnostics::quoted(&self.group))
    }
}

impl std::error::Error for ReplacementError {}
