//! The string functions of the language: emptiness, joining, trimming, length, parts, search.
//!
//! Owns their rules for texts that are present; a missing argument gives a missing result unless stated. Positions and lengths
//! count code points, never bytes. `replace` and `regexReplace` are in [`super::replace`]. Rules are from the AWS User Guide,
//! page *Boolean, comparison, numeric, datetime, and other functions*, section *String functions*; a function says where the page
//! is silent.

use std::borrow::Cow;

use super::value::Value;

/// Longest text that a function returns, in bytes: twice the largest event (1 MiB, `PutLogEvents`). A longer result is missing.
pub const LONGEST_TEXT: usize = 2 << 20;

/// Maximum number of parts in the list of `split`.
pub const MOST_PARTS: usize = 10_000;

/// `isempty(f)`: whether the field is missing or the empty text. Shown as 1 and 0.
///
/// ```
/// use logmark_engine::values::strings::is_empty;
/// assert!(is_empty(None) && is_empty(Some("")) && !is_empty(Some(" ")));
/// ```
#[must_use]
pub fn is_empty(text: Option<&str>) -> bool {
    text.is_none_or(str::is_empty)
}

/// `isblank(f)`: whether the field is missing, empty, or white space only. Shown as 1 and 0.
///
/// ```
/// use logmark_engine::values::strings::is_blank;
/// assert!(is_blank(None) && is_blank(Some(" \t\n")) && !is_blank(Some(" x ")));
/// ```
#[must_use]
pub fn is_blank(text: Option<&str>) -> bool {
    text.is_none_or(|text| text.chars().all(char::is_whitespace))
}

/// `concat(a, b, ..)`: the texts joined; `None` beyond [`LONGEST_TEXT`].
///
/// ```
/// use logmark_engine::values::strings::concat;
/// assert_eq!(concat(["put", "-", "403"]).as_deref(), Some("put-403"));
/// ```
#[must_use]
pub fn concat<'t>(texts: impl IntoIterator<Item = &'t str>) -> Option<String> {
    let mut whole = String::new();
    for text in texts {
        if text.len() > LONGEST_TEXT - whole.len() {
            return None;
        }
        whole.push_str(text);
    }
    Some(whole)
}

/// The characters that `trim`, `ltrim` and `rtrim` remove.
///
/// White space by default; a second argument replaces white space with its characters, in any order.
///
/// ```
/// use logmark_engine::values::strings::TrimSet;
///
/// assert_eq!(TrimSet::white_space().trim(" \tready\n"), "ready");
/// let marks = TrimSet::of("-=>");
/// assert_eq!((marks.trim("=>->ready<-="), marks.left("-- ready"), marks.right("ready =>")), ("ready<", " ready", "ready "));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrimSet {
    /// Sorted; `None` for Unicode white space.
    characters: Option<Box<[char]>>,
}

impl TrimSet {
    /// White space.
    #[must_use]
    pub const fn white_space() -> Self {
        Self { characters: None }
    }

    /// The characters of the text.
    #[must_use]
    pub fn of(characters: &str) -> Self {
        let mut sorted: Vec<char> = characters.chars().collect();
        sorted.sort_unstable();
        sorted.dedup();
        Self { characters: Some(sorted.into()) }
    }

    /// `trim(s[, chars])`: both ends.
    #[must_use]
    pub fn trim<'t>(&self, text: &'t str) -> &'t str {
        text.trim_matches(|character| self.has(character))
    }

    /// `ltrim(s[, chars])`: the beginning.
    #[must_use]
    pub fn left<'t>(&self, text: &'t str) -> &'t str {
        text.trim_start_matches(|character| self.has(character))
    }

    /// `rtrim(s[, chars])`: the end.
    #[must_use]
    pub fn right<'t>(&self, text: &'t str) -> &'t str {
        text.trim_end_matches(|character| self.has(character))
    }

    fn has(&self, character: char) -> bool {
        match &self.characters {
            Some(characters) => characters.binary_search(&character).is_ok(),
            None => character.is_whitespace(),
        }
    }
}

/// `strlen(s)`: the number of code points.
///
/// ```
/// assert_eq!(logmark_engine::values::strings::length("grün 😀"), 6);
/// ```
#[must_use]
pub fn length(text: &str) -> i64 {
    i64::try_from(text.chars().count()).unwrap_or(i64::MAX)
}

/// `toupper(s)`, by Unicode without rules of a language; `None` beyond [`LONGEST_TEXT`].
///
/// ```
/// assert_eq!(logmark_engine::values::strings::to_upper("Straße é").as_deref(), Some("STRASSE É"));
/// ```
#[must_use]
pub fn to_upper(text: &str) -> Option<String> {
    Some(text.to_uppercase()).filter(|text| text.len() <= LONGEST_TEXT)
}

/// `tolower(s)`, by Unicode without rules of a language; `None` beyond [`LONGEST_TEXT`].
///
/// ```
/// assert_eq!(logmark_engine::values::strings::to_lower("GET É").as_deref(), Some("get é"));
/// ```
#[must_use]
pub fn to_lower(text: &str) -> Option<String> {
    Some(text.to_lowercase()).filter(|text| text.len() <= LONGEST_TEXT)
}

/// `substr(s, start[, length])`: from code point `start` (the first is 0) to the end, or `length` code points.
///
/// AWS does not say what happens out of range: a start at or after the end gives the empty text, a length beyond the end gives
/// the rest, and a negative start or length gives a missing value.
///
/// ```
/// use logmark_engine::values::strings::substring;
///
/// assert_eq!(substring("GET /cart", 4, None), Some("/cart"));
/// assert_eq!(substring("GET /cart", 5, Some(2)), Some("ca"));
/// assert_eq!((substring("été", 3, None), substring("été", 1, Some(9)), substring("été", -1, None)), (Some(""), Some("té"), None));
/// ```
#[must_use]
pub fn substring(text: &str, start: i64, length: Option<i64>) -> Option<&str> {
    let start = usize::try_from(start).ok()?;
    let rest = text.get(after(text, start)..)?;
    match length {
        Some(length) => rest.get(..after(rest, usize::try_from(length).ok()?)),
        None => Some(rest),
    }
}

/// The byte offset after `count` code points, or the end.
fn after(text: &str, code_points: usize) -> usize {
    text.char_indices().nth(code_points).map_or(text.len(), |(place, _)| place)
}

/// `strcontains(s, x)`: whether the text contains `x`; every text contains the empty text.
///
/// ```
/// assert!(logmark_engine::values::strings::contains("disk full", "full"));
/// ```
#[must_use]
pub fn contains(text: &str, searched: &str) -> bool {
    text.contains(searched)
}

/// `strcontains(s, x, true)`: the same, case-insensitive by Unicode's lower case.
///
/// ```
/// assert!(logmark_engine::values::strings::contains_ignoring_case("Disk FULL", "full"));
/// ```
#[must_use]
pub fn contains_ignoring_case(text: &str, searched: &str) -> bool {
    lower(text).contains(&*lower(searched))
}

fn lower(text: &str) -> Cow<'_, str> {
    let changes = !text.is_ascii() || text.bytes().any(|byte| byte.is_ascii_uppercase());
    if changes { text.to_lowercase().into() } else { text.into() }
}

/// `startsWith(s, x)`, case-sensitive.
///
/// ```
/// assert!(logmark_engine::values::strings::starts_with("/aws/lambda/cart", "/aws/"));
/// ```
#[must_use]
pub fn starts_with(text: &str, beginning: &str) -> bool {
    text.starts_with(beginning)
}

/// `endsWith(s, x)`, case-sensitive.
///
/// ```
/// assert!(!logmark_engine::values::strings::ends_with("report.CSV", ".csv"));
/// ```
#[must_use]
pub fn ends_with(text: &str, end: &str) -> bool {
    text.ends_with(end)
}

/// `split(s, separator)`: the parts between separators, empty ones too; the separator is plain text, not a regular expression.
///
/// If the separator is empty, the text is one part; AWS does not say.
///
/// ```
/// let parts: Vec<&str> = logmark_engine::values::strings::split("a,,b", ",").collect();
/// assert_eq!(parts, ["a", "", "b"]);
/// ```
pub fn split<'t>(text: &'t str, separator: &str) -> impl Iterator<Item = &'t str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let whole = rest?;
        let cut = if separator.is_empty() { None } else { whole.split_once(separator) };
        let (part, after) = cut.map_or((whole, None), |(part, after)| (part, Some(after)));
        rest = after;
        Some(part)
    })
}

/// `split(s, separator)` as a list; [`Value::Missing`] beyond [`MOST_PARTS`].
///
/// ```
/// use logmark_engine::values::{strings::split_list, value::Value};
/// assert_eq!(split_list("a/b", "/"), Value::List(vec![Value::Text("a".into()), Value::Text("b".into())]));
/// ```
#[must_use]
pub fn split_list(text: &str, separator: &str) -> Value {
    let parts: Vec<Value> = split(text, separator).take(MOST_PARTS + 1).map(|part| Value::Text(part.to_owned())).collect();
    if parts.len() > MOST_PARTS { Value::Missing } else { Value::List(parts) }
}
