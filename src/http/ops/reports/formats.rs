//! The formats of the log groups of a report.

use crate::auth::permit::Permit;
use crate::domain::query::operations::ReadReport;
use crate::domain::rules::EventRules;
use crate::reports::format::LogFormat;

/// Groups of one format.
#[derive(Debug)]
pub(super) struct FormattedGroups {
    /// The format, without fields that a grant masks.
    pub(super) format: LogFormat,
    /// The groups, by their place in the operation.
    pub(super) groups: Vec<usize>,
}

/// The formats of a report's groups.
pub(super) fn of(permit: &Permit<ReadReport>) -> Vec<FormattedGroups> {
    let rules: Vec<&EventRules> = permit.visibility().iter().filter_map(|visible| visible.rules.as_ref()).collect();
    let is_hidden = |name: &str| rules.iter().any(|rules| rules.hides_field(name));
    let format = LogFormat::json().without(|field| is_hidden(field.name()));
    vec![FormattedGroups { format, groups: (0..permit.op().groups.len()).collect() }]
}
