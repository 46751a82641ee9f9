//! Records of RFC 4180 with their lines.
//!
//! Owns the form of a file: commas between columns, quotes around a column with commas, quotes or line breaks, two quotes for one. Empty
//! lines are left out. A file that others may read differently is refused.

/// A record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    /// Its first line, from 1.
    pub(super) line: usize,
    pub(super) cells: Vec<String>,
}

/// Why the rest of a text cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub(super) struct InvalidRecord {
    /// The line of the record, from 1.
    pub(super) line: usize,
    what: &'static str,
}

/// The records of a text. After an error there are no more.
pub(super) fn records(text: &str) -> impl Iterator<Item = Result<Record, InvalidRecord>> {
    let (mut rest, mut line) = (text, 1);
    std::iter::from_fn(move || {
        while let Some(after) = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix('\n')) {
            rest = after;
            line += 1;
        }
        if rest.is_empty() {
            return None;
        }
        let begin = line;
        match record(rest) {
            Ok((cells, after)) => {
                let read = rest.get(..rest.len() - after.len()).unwrap_or(rest);
                line += read.matches('\n').count();
                rest = after;
                Some(Ok(Record { line: begin, cells }))
            }
            Err(what) => {
                rest = "";
                Some(Err(InvalidRecord { line: begin, what }))
            }
        }
    })
}

/// The cells of the first record, and the text after it.
fn record(mut text: &str) -> Result<(Vec<String>, &str), &'static str> {
    let mut cells = Vec::new();
    loop {
        let (cell, after) = match text.strip_prefix('"') {
            Some(quoted) => unquoted(quoted)?,
            None => {
                let end = text.find([',', '\n']).unwrap_or(text.len());
                let (cell, after) = text.split_at(end);
                let cell = if after.starts_with(',') { cell } else { cell.strip_suffix('\r').unwrap_or(cell) };
                (cell.to_owned(), after)
            }
        };
        cells.push(cell);
        if let Some(after) = after.strip_prefix(',') {
            text = after;
            continue;
        }
        let end = after.strip_prefix("\r\n").or_else(|| after.strip_prefix('\n'));
        return match end {
            Some(rest) => Ok((cells, rest)),
            None if after.is_empty() => Ok((cells, "")),
            None => Err("has text after a closing quote"),
        };
    }
}

/// The cell after its opening quote, and the text after its closing quote.
fn unquoted(text: &str) -> Result<(String, &str), &'static str> {
    let (mut cell, mut rest) = (String::new(), text);
    loop {
        let (piece, after) = rest.split_once('"').ok_or("the quote is not closed")?;
        cell.push_str(piece);
        match after.strip_prefix('"') {
            Some(after) => {
                cell.push('"');
                rest = after;
            }
            None => return Ok((cell, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_have_their_lines() {
        let read: Vec<_> = records("a,b\r\n\r\n\"x\n\"\"y\",\n\nlast,").collect::<Result<_, _>>().unwrap();
        let found: Vec<_> = read.iter().map(|record| (record.line, record.cells.join("|"))).collect();
        assert_eq!(found, [(1, "a|b".to_owned()), (3, "x\n\"y|".to_owned()), (6, "last|".to_owned())]);
    }
}
