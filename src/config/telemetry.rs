//! `[telemetry]`: what the service writes about itself.
//!
//! Owns the section's keys and defaults. Never sets anything up. Look next at [`super::issuer`].

use std::str::FromStr;

use super::reader::{Field, Table};
use super::values::text_type;

text_type!(
    /// What is logged: levels, for all or for parts, such as `info,logmark::sources=debug`.
    LogFilter
);

/// `[telemetry]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telemetry {
    /// `LOGMARK__TELEMETRY__LOG_FORMAT`; json.
    pub log_format: LogFormat,
    /// `LOGMARK__TELEMETRY__LOG_LEVEL`; info.
    pub log_level: LogFilter,
    /// `LOGMARK__TELEMETRY__AUDIT`; true: a line for each decision about access.
    pub audit: bool,
}

/// How a line of the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object per line, for machines.
    Json,
    /// Text, for a person at a terminal.
    Text,
}

impl LogFormat {
    /// The word in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Text => "text",
        }
    }
}

impl Default for Telemetry {
    fn default() -> Self {
        Self { log_format: LogFormat::Json, log_level: LogFilter("info".to_owned()), audit: true }
    }
}

/// Reads the section.
pub(super) fn read(table: &Table<'_>) -> Telemetry {
    let default = Telemetry::default();
    Telemetry {
        log_format: table.or("log_format", default.log_format, log_format),
        log_level: table.or("log_level", default.log_level, |field| field.parsed(LogFilter::from_str)),
        audit: table.or("audit", default.audit, Field::truth),
    }
}

fn log_format(field: &Field<'_>) -> Option<LogFormat> {
    field.parsed(|text| match text {
        "json" => Ok(LogFormat::Json),
        "text" => Ok(LogFormat::Text),
        _ => Err("is no format: there are `json` and `text`"),
    })
}

/// Not a filter of levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no filter: write a level (`error`, `warn`, `info`, `debug`, `trace`, `off`), or `info,logmark::sources=debug`")]
pub struct InvalidLogFilter;

impl FromStr for LogFilter {
    type Err = InvalidLogFilter;

    /// Stricter than the subscriber, for which a misspelt level is the name of a target with everything switched on.
    fn from_str(text: &str) -> Result<Self, InvalidLogFilter> {
        let level = |word: &str| ["error", "warn", "info", "debug", "trace", "off"].contains(&word);
        let target = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "_-:.".contains(c));
        let fits = |part: &str| part.split_once('=').map_or(level(part), |(name, word)| target(name) && level(word));
        if text.split(',').all(fits) { Ok(Self(text.to_owned())) } else { Err(InvalidLogFilter) }
    }
}
