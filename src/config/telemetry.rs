//! `[telemetry]`: log format, log level, and whether there are audit lines.
//!
//! Owns the section's keys and defaults. Never sets up telemetry: [`crate::telemetry`] does.

use std::str::FromStr;

use serde::Deserialize;

use super::values::text_type;

text_type!(
    /// Log levels, for all targets or by target: `info,logmark::sources=debug`.
    LogFilter, check_filter
);

/// `[telemetry]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Telemetry {
    /// `LOGMARK__TELEMETRY__LOG_FORMAT`; json.
    pub log_format: LogFormat,
    /// `LOGMARK__TELEMETRY__LOG_LEVEL`; info.
    pub log_level: LogFilter,
    /// `LOGMARK__TELEMETRY__AUDIT`; true: audit lines are written, to the destination in `[audit]`.
    pub audit: bool,
}

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
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

/// An invalid log filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "is not a log filter: write a level (`error`, `warn`, `info`, `debug`, `trace`, `off`), or `info,logmark::sources=debug`"
)]
pub struct InvalidLogFilter;

/// Stricter than the subscriber, which takes a misspelt level for a target and logs all of its levels.
fn check_filter(text: &str) -> Result<(), InvalidLogFilter> {
    let level = |word: &str| ["error", "warn", "info", "debug", "trace", "off"].contains(&word);
    let target = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "_-:.".contains(c));
    let fits = |part: &str| part.split_once('=').map_or(level(part), |(name, word)| target(name) && level(word));
    if text.split(',').all(fits) { Ok(()) } else { Err(InvalidLogFilter) }
}

impl FromStr for LogFilter {
    type Err = InvalidLogFilter;

    fn from_str(text: &str) -> Result<Self, InvalidLogFilter> {
        check_filter(text).map(|()| Self(text.to_owned()))
    }
}
