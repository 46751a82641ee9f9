//! The rows of a query: CSV with a header, and NDJSON.
//!
//! Owns the form of a row. A row has columns and values, and can lack some of the columns.

use logmark_event_page::write::csv_cell;
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::domain::query::operations::Row;

/// A row as a JSON object, with its columns in order. If a column is there twice, the first one is used.
#[derive(Debug)]
pub struct RowBody<'a>(pub &'a Row);

impl Serialize for RowBody<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (index, (name, value)) in self.0.iter().enumerate() {
            if !self.0.iter().take(index).any(|(known, _)| known == name) {
                map.serialize_entry(name, value)?;
            }
        }
        map.end()
    }
}

/// All columns of the rows, in the order of their first occurrence.
#[must_use]
pub fn columns(rows: &[Row]) -> Vec<&str> {
    let mut seen = std::collections::HashSet::new();
    rows.iter().flatten().map(|(name, _)| name.as_str()).filter(|name| seen.insert(*name)).collect()
}

/// The rows as NDJSON.
#[must_use]
pub fn ndjson(rows: &[Row]) -> Vec<u8> {
    let mut out = Vec::new();
    for row in rows {
        // Writing strings to memory cannot fail.
        let _infallible = serde_json::to_writer(&mut out, &RowBody(row));
        out.push(b'\n');
    }
    out
}

/// The rows as CSV, RFC 4180 with a header, and no cell that a spreadsheet would run.
#[must_use]
pub fn csv(rows: &[Row]) -> Vec<u8> {
    let columns = columns(rows);
    let mut out = Vec::new();
    // Without rows the columns are not known.
    if columns.is_empty() {
        return out;
    }
    line(
        columns.iter().copied(),
        |name, out| if is_system_name(name) { out.extend(name.bytes()) } else { csv_cell(name, out) },
        &mut out,
    );
    for row in rows {
        let value = |name: &&str| row.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str());
        line(columns.iter().map(value), csv_cell, &mut out);
    }
    out
}

/// `@timestamp` and the like, which every reader of the file looks for as they are.
fn is_system_name(name: &str) -> bool {
    name.strip_prefix('@').is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"@._".contains(&byte)))
}

fn line<'a>(cells: impl Iterator<Item = &'a str>, write: impl Fn(&str, &mut Vec<u8>), out: &mut Vec<u8>) {
    for (index, text) in cells.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(text, out);
    }
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(columns: &[(&str, &str)]) -> Row {
        columns.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn rows_lack_columns_and_cells_run_nothing() {
        let rows = [
            row(&[("@timestamp", "2026-11-20 10:00:00.000"), ("=a", "1,2")]),
            row(&[("b", "=1+1"), ("@timestamp", "x"), ("b", "twice")]),
        ];
        assert_eq!(columns(&rows), ["@timestamp", "=a", "b"]);
        let text = String::from_utf8(csv(&rows)).unwrap();
        assert_eq!(text, "@timestamp,'=a,b\r\n2026-11-20 10:00:00.000,\"1,2\",\r\nx,,'=1+1\r\n");
        assert_eq!(csv(&[]), b"");
        let text = String::from_utf8(ndjson(&rows)).unwrap();
        assert_eq!(text, "{\"@timestamp\":\"2026-11-20 10:00:00.000\",\"=a\":\"1,2\"}\n{\"b\":\"=1+1\",\"@timestamp\":\"x\"}\n");
    }
}
