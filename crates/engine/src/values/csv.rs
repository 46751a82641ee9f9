//! `parse field csv as a, b, c`: the columns of one record.
//!
//! Parses a record of RFC 4180: commas separate columns; a column with commas, quotes or line breaks is in quotes, with two
//! quotes for one. AWS (User Guide, page *parse*) does not document the details, so: a record ends at the first line break
//! outside quotes; white space is kept; a quote that is not closed extends to the end; text after a closing quote is kept
//! unchanged. Does not know the names of columns.

use std::borrow::Cow;

/// The columns of the first record of a text. The empty text has none.
///
/// ```
/// use logmark_engine::values::csv::columns;
///
/// let found: Vec<_> = columns("403,\"cart, \"\"big\"\"\",,eu\n").collect();
/// assert_eq!(found, ["403", "cart, \"big\"", "", "eu"]);
/// ```
#[must_use]
pub fn columns(text: &str) -> Columns<'_> {
    Columns { rest: (!text.is_empty()).then_some(text) }
}

/// See [`columns`].
#[derive(Debug, Clone)]
pub struct Columns<'t> {
    /// The rest after the last comma; `None` after the record.
    rest: Option<&'t str>,
}

impl<'t> Iterator for Columns<'t> {
    type Item = Cow<'t, str>;

    fn next(&mut self) -> Option<Self::Item> {
        let text = self.rest.take()?;
        let (mut column, after) = match text.strip_prefix('"') {
            Some(quoted) => unquote(quoted),
            None => (Cow::Borrowed(""), text),
        };
        let end = after.find([',', '\n']).unwrap_or(after.len());
        self.rest = after[end..].strip_prefix(',');
        let plain = &after[..end];
        // A line break may be two characters.
        let plain = if self.rest.is_none() { plain.strip_suffix('\r').unwrap_or(plain) } else { plain };
        if column.is_empty() {
            return Some(plain.into());
        }
        if !plain.is_empty() {
            column.to_mut().push_str(plain);
        }
        Some(column)
    }
}

/// The column after its opening quote, and the rest after its closing quote.
fn unquote(quoted: &str) -> (Cow<'_, str>, &str) {
    let mut column = Cow::Borrowed("");
    let mut rest = quoted;
    loop {
        let Some((piece, after)) = rest.split_once('"') else {
            return (join(column, rest), "");
        };
        column = join(column, piece);
        match after.strip_prefix('"') {
            Some(after) => {
                column.to_mut().push('"');
                rest = after;
            }
            None => return (column, after),
        }
    }
}

fn join<'t>(column: Cow<'t, str>, piece: &'t str) -> Cow<'t, str> {
    if column.is_empty() { piece.into() } else { column + piece }
}
