//! The format of a log group's access lines, as a caller sees them.
//!
//! Owns the beginning of queries over such lines. [`logmark_access_log`] has the formats. INVARIANT: a field that a grant masks is one
//! that the format does not have, so no query uses it.

use std::collections::BTreeSet;
use std::sync::Arc;

use logmark_access_log::{Field as LogField, Format, Known, Prelude};
use logmark_event_rules::FieldMask;

use super::fields::Field;
use crate::domain::query::LogQuery;
use crate::domain::query::masked::{MaskedInput, refused_parts};

/// A format.
#[derive(Debug, Clone)]
pub struct LogFormat {
    format: Arc<Format>,
    /// The fields that a grant masks.
    hidden: BTreeSet<&'static str>,
}

/// Lines of API Gateway's execution log, such as `(requestId) Method completed with status: 200`.
pub(super) const EXECUTION_LINE: &str = r"@message like /^\([0-9A-Za-z=_-]+\) /";

impl LogFormat {
    /// The format, for a caller with these masks.
    #[must_use]
    pub fn new(format: Arc<Format>, masks: &[&FieldMask]) -> Self {
        let is_hidden = |field: &LogField| {
            let text = query_of(&format.prelude(&[*field]), &format!("fields {field}"));
            LogQuery::parse(&text).map_or(true, |query| !refused_parts(&query, masks, MaskedInput::Before).is_empty())
        };
        let hidden =
            if masks.is_empty() { BTreeSet::new() } else { format.fields().filter(is_hidden).map(LogField::name).collect() };
        Self { format, hidden }
    }

    /// The format of groups without lines, and of lines that cannot be examined: that of the usage dashboard.
    #[must_use]
    pub fn assumed() -> Option<Arc<Format>> {
        Known::UsageDashboard.format().map(|format| Arc::new(format.clone()))
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.format.name()
    }

    /// Whether the caller sees the field in its lines.
    #[must_use]
    pub fn has(&self, field: Field) -> bool {
        LogField::named(field.name()).is_some_and(|known| self.format.has(known)) && !self.hidden.contains(field.name())
    }

    /// The beginning of a query over access lines alone, after which these fields have their canonical names.
    pub(super) fn access_lines(&self, fields: &[Field]) -> Vec<String> {
        let Prelude { mut commands, is_access } = self.prelude(fields);
        commands.push(format!("filter {is_access}"));
        commands
    }

    /// The beginning of a query over all lines, and the condition of access lines.
    pub(super) fn all_lines(&self) -> Prelude {
        self.format.prelude(&[])
    }

    fn prelude(&self, fields: &[Field]) -> Prelude {
        let fields: Vec<LogField> =
            fields.iter().filter(|field| self.has(**field)).filter_map(|field| LogField::named(field.name())).collect();
        self.format.prelude(&fields)
    }
}

fn query_of(prelude: &Prelude, last: &str) -> String {
    let filter = format!("filter {}", prelude.is_access);
    prelude.commands.iter().map(String::as_str).chain([filter.as_str(), last]).collect::<Vec<_>>().join(" | ")
}
