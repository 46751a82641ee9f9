//! The output of events: text, CSV and NDJSON.
//!
//! An event comes as a JSON object with the requested columns. Owns the form of a line for people: time, stream, message.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io;

use clap::ValueEnum;
use logmark_event_page::write::csv_cell;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::columns;
use super::failure::ClientError;
use super::level::Level;
use super::output::{Output, Style};

/// Digits of a number that a spreadsheet keeps.
const EXACT_DIGITS: usize = 15;
/// The columns of CSV without `--columns`, as the service writes them.
const CSV_COLUMNS: [&str; 5] = ["timestamp", "ingestionTime", "logStream", "eventId", "message"];

/// `--format` of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum EventFormat {
    /// Time, stream and message; with --columns, the columns separated by tabs
    Text,
    /// RFC 4180 with a header; cells that a spreadsheet would run are neutralised
    Csv,
    /// One JSON object a line
    Ndjson,
}

/// Writes events.
#[derive(Debug)]
pub(super) struct EventWriter {
    pub(super) output: Output,
    format: EventFormat,
    /// The chosen columns.
    columns: Option<Vec<String>>,
    /// Events of several streams: their names are shown.
    shows_stream: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    #[serde(borrow)]
    timestamp: Cow<'a, str>,
    #[serde(borrow, default)]
    log_stream: Cow<'a, str>,
    #[serde(borrow)]
    message: Cow<'a, str>,
}

impl EventWriter {
    pub(super) fn new(output: Output, format: EventFormat, columns: Option<&str>, shows_stream: bool) -> Self {
        Self { output, format, columns: columns.map(columns::split), shows_stream }
    }

    /// Writes what comes before the first event.
    pub(super) fn begin(&mut self) -> Result<(), ClientError> {
        if self.format != EventFormat::Csv {
            return Ok(());
        }
        let names = self.csv_columns();
        let mut line = Vec::new();
        for (index, name) in names.iter().enumerate() {
            separate(index, b',', &mut line);
            csv_cell(name, &mut line);
        }
        line.extend_from_slice(b"\r\n");
        Ok(self.output.bytes(&line)?)
    }

    fn csv_columns(&self) -> Vec<String> {
        self.columns.clone().unwrap_or_else(|| CSV_COLUMNS.map(str::to_owned).to_vec())
    }

    /// Writes one event, a line of NDJSON.
    pub(super) fn write(&mut self, line: &[u8]) -> Result<(), ClientError> {
        let line = std::str::from_utf8(line).map_err(unexpected)?;
        match self.format {
            EventFormat::Ndjson => Ok(self.output.json(line)?),
            EventFormat::Csv => self.csv(line),
            EventFormat::Text if self.columns.is_some() => self.cells(line),
            EventFormat::Text => {
                let event: Event<'_> = serde_json::from_str(line).map_err(unexpected)?;
                Ok(self.text(&event)?)
            }
        }
    }

    fn text(&mut self, event: &Event<'_>) -> io::Result<()> {
        self.output.text(&event.timestamp, Style::Dim)?;
        self.output.bytes(b" ")?;
        if self.shows_stream {
            self.output.text(&event.log_stream, Style::Cyan)?;
            self.output.bytes(b" ")?;
        }
        let style = if self.output.has_color { Style::of_level(Level::of(&event.message)) } else { Style::Plain };
        self.output.text(event.message.trim_end_matches(['\r', '\n']), style)?;
        self.output.bytes(b"\n")
    }

    fn csv(&mut self, line: &str) -> Result<(), ClientError> {
        let values: HashMap<String, &RawValue> = serde_json::from_str(line).map_err(unexpected)?;
        let mut out = Vec::new();
        for (index, name) in self.csv_columns().iter().enumerate() {
            separate(index, b',', &mut out);
            match values.get(name).map(|raw| raw.get()) {
                None | Some("null") => {}
                Some(number) if is_plain_number(number) => out.extend_from_slice(number.as_bytes()),
                Some(json) => csv_cell(&self.output.escaped(&text_of(json)?), &mut out),
            }
        }
        out.extend_from_slice(b"\r\n");
        Ok(self.output.bytes(&out)?)
    }

    fn cells(&mut self, line: &str) -> Result<(), ClientError> {
        let values: HashMap<String, &RawValue> = serde_json::from_str(line).map_err(unexpected)?;
        let columns = self.columns.clone().unwrap_or_default();
        for (index, name) in columns.iter().enumerate() {
            if index > 0 {
                self.output.bytes(b"\t")?;
            }
            let Some(raw) = values.get(name) else { continue };
            let text = text_of(raw.get())?;
            let style = if name == "timestamp" { Style::Dim } else { Style::Plain };
            // Each event is one line, and each tab ends a column.
            self.output.text(&text.trim_end_matches(['\r', '\n']).replace('\t', "\\t").replace('\n', "\\n"), style)?;
        }
        Ok(self.output.bytes(b"\n")?)
    }
}

/// The text of a JSON string, or the JSON of another value.
fn text_of(json: &str) -> Result<String, ClientError> {
    if json.starts_with('"') { serde_json::from_str(json).map_err(unexpected) } else { Ok(json.to_owned()) }
}

fn is_plain_number(json: &str) -> bool {
    json.starts_with(|first: char| first == '-' || first.is_ascii_digit())
        && json.bytes().filter(u8::is_ascii_digit).count() <= EXACT_DIGITS
}

fn separate(index: usize, separator: u8, out: &mut Vec<u8>) {
    if index > 0 {
        out.push(separator);
    }
}

fn unexpected(error: impl std::fmt::Display) -> ClientError {
    ClientError::unexpected("the service sent an event that is not valid", error)
}
