//! Prints the tree of a query.
//!
//! The text is on one line, except for line breaks inside regular expressions and texts. Parsed again it gives the same tree.
//! Keywords have the case of the documentation, operators have blanks around them, parentheses are printed only where the tree
//! needs them, and default values are left out. Numbers, regular expressions and texts are printed as written: CloudWatch
//! documents no escapes, so no other spelling is safe. The file of a command prints its arguments.
//!
//! A printed query can be longer than the parsed text, because of added blanks, and longer than CloudWatch accepts.
//! [`Query::to_text`] then leaves out the blanks that separate nothing, and refuses a text that is still too long. `Display`
//! does not check the length. [`Query::to_kept_text`] keeps the original text of a rewritten query.

mod name;
mod expression;
mod kept;

use std::fmt;

use crate::ast::Query;
use crate::parse::MAX_LENGTH;

pub use kept::NotKept;

/// The printed query has more than [`MAX_LENGTH`] characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong {
    /// The number of characters.
    pub length: usize,
}

impl Query {
    /// The query as a text that CloudWatch accepts.
    ///
    /// # Errors
    ///
    /// [`TooLong`] when the text has more than [`MAX_LENGTH`] characters, needless blanks not counted.
    pub fn to_text(&self) -> Result<String, TooLong> {
        let mut text = self.to_string();
        if text.chars().count() > MAX_LENGTH
            && let Some(printed) = Self::parse_printed(&text)
        {
            text = kept::compacted(&printed, &text);
        }
        let length = text.chars().count();
        if length > MAX_LENGTH { Err(TooLong { length }) } else { Ok(text) }
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        separated(f, &self.commands, " | ")
    }
}

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the query has {} characters, {MAX_LENGTH} are allowed", self.length)
    }
}

impl std::error::Error for TooLong {}

/// The elements of a list, with a separator between them.
pub(crate) fn separated<T: fmt::Display>(f: &mut fmt::Formatter<'_>, list: &[T], separator: &str) -> fmt::Result {
    for (index, one) in list.iter().enumerate() {
        if index > 0 {
            f.write_str(separator)?;
        }
        one.fmt(f)?;
    }
    Ok(())
}

/// A word and a list between commas; nothing when the list is empty.
pub(crate) fn after<T: fmt::Display>(f: &mut fmt::Formatter<'_>, word: &str, list: &[T]) -> fmt::Result {
    if list.is_empty() {
        return Ok(());
    }
    f.write_str(word)?;
    separated(f, list, ", ")
}

/// A word and a value; nothing when there is no value.
pub(crate) fn with<T: fmt::Display>(f: &mut fmt::Formatter<'_>, word: &str, value: Option<&T>) -> fmt::Result {
    value.map_or(Ok(()), |value| write!(f, "{word}{value}"))
}
