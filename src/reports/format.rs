//! The format of a log group's access lines, as far as a report's query depends on it.
//!
//! Owns the commands at the beginning of a query, after which the fields have their canonical names, and the condition that a line is
//! an access line. Never reads a line.

use std::collections::BTreeSet;

use super::fields::{self, Field};

/// A format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFormat {
    /// Its name, for messages.
    name: String,
    fields: BTreeSet<Field>,
    /// Commands, each followed by `|` except for the last; empty if the source discovers the fields.
    prelude: String,
    /// The condition of access lines.
    is_access: String,
}

/// A status code makes a JSON line an access line: other JSON lines of a group have no status, or a word as their status.
const JSON_ACCESS: &str = "status like /^[1-5][0-9][0-9]$/";
/// Lines of API Gateway's execution log, such as `(requestId) Method completed with status: 200`.
pub(super) const EXECUTION_LINE: &str = r"@message like /^\([0-9A-Za-z=_-]+\) /";

impl LogFormat {
    /// JSON with the names of the usage dashboard's format. The source discovers the fields.
    #[must_use]
    pub fn json() -> Self {
        Self {
            name: "json".to_owned(),
            fields: fields::ALL.iter().copied().collect(),
            prelude: String::new(),
            is_access: JSON_ACCESS.to_owned(),
        }
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether its lines have the field.
    #[must_use]
    pub fn has(&self, field: Field) -> bool {
        self.fields.contains(&field)
    }

    /// The same format without fields, such as those that a grant masks.
    #[must_use]
    pub fn without(mut self, hidden: impl Fn(Field) -> bool) -> Self {
        self.fields.retain(|field| !hidden(*field));
        self
    }

    /// The beginning of a query over access lines alone.
    pub(super) fn access_lines(&self) -> Vec<String> {
        let filter = format!("filter {}", self.is_access);
        self.all_lines().into_iter().chain([filter]).collect()
    }

    /// The beginning of a query over all lines.
    pub(super) fn all_lines(&self) -> Vec<String> {
        Some(self.prelude.clone()).filter(|prelude| !prelude.is_empty()).into_iter().collect()
    }

    /// The condition of access lines, after [`LogFormat::all_lines`].
    pub(super) fn is_access(&self) -> &str {
        &self.is_access
    }
}
