//! Rows as a table, CSV or NDJSON.
//!
//! Owns the layout of a table: on a terminal it fits the width, and long cells are shortened; elsewhere every cell is whole.

use std::io;

use clap::ValueEnum;
use logmark_event_page::write::csv_cell;

use serde_json::Value;

use super::output::{Output, Style, shortened, terminal_width, width};

/// The least width of a shortened column.
const LEAST_WIDTH: usize = 8;
/// The columns between two cells.
const GAP: &str = "  ";

/// `--format` of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum RowFormat {
    /// Aligned columns; on a terminal within its width
    Table,
    /// RFC 4180 with a header; cells that a spreadsheet would run are neutralised
    Csv,
    /// One array of objects
    Json,
    /// One JSON object a line
    Ndjson,
}

/// A table of texts. A row has as many cells as the header.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) header: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

impl Table {
    /// Writes it in aligned columns. Returns whether a cell was shortened.
    pub(super) fn write(&self, output: &mut Output, wide: bool) -> io::Result<bool> {
        let rows: Vec<Vec<String>> =
            self.rows.iter().map(|row| row.iter().map(|cell| one_line(output, cell)).collect()).collect();
        let is_numeric: Vec<bool> = (0..self.header.len())
            .map(|column| !rows.is_empty() && rows.iter().filter_map(|row| row.get(column)).all(|cell| is_number(cell)))
            .collect();
        self.write_rows(output, wide, &rows, &is_numeric)
    }

    /// Writes it in aligned columns, those of `right` at their right end. Returns whether a cell was shortened.
    pub(super) fn write_aligned(&self, output: &mut Output, wide: bool, right: &[bool]) -> io::Result<bool> {
        let rows: Vec<Vec<String>> =
            self.rows.iter().map(|row| row.iter().map(|cell| one_line(output, cell)).collect()).collect();
        self.write_rows(output, wide, &rows, right)
    }

    fn write_rows(&self, output: &mut Output, wide: bool, rows: &[Vec<String>], is_numeric: &[bool]) -> io::Result<bool> {
        let header: Vec<String> = self.header.iter().map(|cell| one_line(output, cell)).collect();
        let natural: Vec<usize> = (0..header.len())
            .map(|column| {
                let cells = rows.iter().chain([&header]).filter_map(|row| row.get(column));
                cells.map(|cell| width(cell)).max().unwrap_or(0)
            })
            .collect();
        let fitted = match terminal_width().filter(|_| !wide) {
            Some(available) => fit(&natural, available),
            None => natural.clone(),
        };
        line(output, &header, &fitted, is_numeric, Style::Bold)?;
        for row in rows {
            line(output, row, &fitted, is_numeric, Style::Plain)?;
        }
        Ok(fitted != natural)
    }

    /// Writes it as CSV.
    pub(super) fn write_csv(&self, output: &mut Output) -> io::Result<()> {
        for row in [&self.header].into_iter().chain(&self.rows) {
            let mut out = Vec::new();
            for (index, cell) in row.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                // Names such as `@timestamp` stay as every reader of the file looks for them: they are no formulas.
                let is_system_name = std::ptr::eq(row, &self.header) && is_system_name(cell);
                if is_system_name { out.extend_from_slice(cell.as_bytes()) } else { csv_cell(&output.escaped(cell), &mut out) }
            }
            out.extend_from_slice(b"\r\n");
            output.bytes(&out)?;
        }
        Ok(())
    }
}

/// The text of a JSON value in a cell.
pub(super) fn text_of(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// Shrinks the widest columns until all fit into `available`.
fn fit(natural: &[usize], available: usize) -> Vec<usize> {
    let mut fitted = natural.to_vec();
    let gaps = GAP.len() * natural.len().saturating_sub(1);
    let room = available.saturating_sub(gaps);
    while fitted.iter().sum::<usize>() > room {
        let Some(widest) = fitted.iter_mut().filter(|width| **width > LEAST_WIDTH).max() else { break };
        *widest -= 1;
    }
    fitted
}

fn line(output: &mut Output, cells: &[String], widths: &[usize], is_numeric: &[bool], style: Style) -> io::Result<()> {
    let last = cells.len().saturating_sub(1);
    for (index, ((cell, most), is_numeric)) in cells.iter().zip(widths).zip(is_numeric).enumerate() {
        let text = shortened(cell, *most);
        let padding = " ".repeat(most.saturating_sub(width(&text)));
        let (before, after) = if *is_numeric { (padding.as_str(), "") } else { ("", padding.as_str()) };
        output.bytes(before.as_bytes())?;
        output.text(&text, style)?;
        if index < last {
            output.bytes(after.as_bytes())?;
            output.bytes(GAP.as_bytes())?;
        }
    }
    output.bytes(b"\n")
}

/// The cell without line ends and tabs, so that it stays in its place.
fn one_line(output: &Output, cell: &str) -> String {
    output.escaped(cell.trim_end_matches(['\r', '\n'])).replace('\t', " ").replace('\n', "⏎")
}

fn is_number(cell: &str) -> bool {
    !cell.is_empty() && cell.parse::<f64>().is_ok_and(f64::is_finite)
}

fn is_system_name(name: &str) -> bool {
    name.strip_prefix('@').is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"@._".contains(&byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_columns_shrink_first() {
        assert_eq!(fit(&[5, 10], 80), [5, 10]);
        assert_eq!(fit(&[5, 100], 40), [5, 33]);
        assert_eq!(fit(&[50, 60], 42), [20, 20]);
        assert_eq!(fit(&[50, 60], 5), [LEAST_WIDTH, LEAST_WIDTH]);
    }
}
